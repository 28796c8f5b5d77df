"""The files beside a notebook."""

from __future__ import annotations

import shutil
from pathlib import Path


def copy_tree(folder: Path, target: Path) -> None:
    """The regular files below `folder` that are no notebooks, copied to `target`."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".ipynb":
            copy = target / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
