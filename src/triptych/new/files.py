"""Several files written as one: all of them, or none."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from triptych.model.course import CourseError


def put_in_place(files: Mapping[Path, bytes]) -> None:
    """Writes the files, in their order, and makes the folders they lie in.

    All are written beside their places first. When anything fails, or somebody stops it, what was there
    before is there again. Raises CourseError when a file cannot be written.
    """
    before = {path: path.read_bytes() if path.is_file() else None for path in files}
    folders: list[Path] = []
    try:
        for path, content in files.items():
            for folder in reversed([p for p in path.parents if not p.exists()]):
                folder.mkdir()
                folders.append(folder)
            _partial(path).write_bytes(content)
        for path in files:
            _partial(path).replace(path)
    except BaseException as error:
        _undo(before, folders)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise CourseError(
                f"{error.filename or path} cannot be written ({reason}), so nothing was made: "
                "see to rights and space there, then try again."
            ) from error
        raise


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _undo(before: Mapping[Path, bytes | None], folders: list[Path]) -> None:
    for path, content in before.items():
        with contextlib.suppress(OSError):
            _partial(path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            if content is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != content:
                path.write_bytes(content)
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()
