"""Files of submissions, opened and copied without following links. Imports little: the hub's exchange imports it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from triptych.files import walk

#: Folders that Jupyter and Python leave behind; no part of a submission.
IGNORED = frozenset({".ipynb_checkpoints", "__pycache__"})


class RejectedSubmission(Exception):
    """A submission that cannot be accepted. The message is the reason, for student and instructor."""


def open_file(path: Path) -> BinaryIO:
    """Opens a file that a student may have replaced: a link raises OSError, a pipe does not block."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def copy_file(source: Path, target: Path) -> None:
    """Copies the content of a regular file. Folders above `target` are created.

    Raises:
        OSError: `source` is a link or cannot be read.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_file(source) as file, target.open("wb") as copy:
        shutil.copyfileobj(file, copy)


def copy_tree(folder: Path, target: Path) -> None:
    """Copies the regular files below `folder`, except notebooks, into `target`."""
    for entry in walk(folder):
        if entry.is_file and entry.path.suffix != ".ipynb":
            copy_file(entry.path, target / entry.relative)


__all__ = ["IGNORED", "RejectedSubmission", "copy_file", "copy_tree", "open_file"]
