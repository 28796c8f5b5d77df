"""Several files written as one: all of them or none."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from triptych.files import replacing, write_whole
from triptych.model.course import CourseError


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Writes files in their order, with the folders above them.

    Every file is first written beside its place. After an error or an interrupt, the previous state is restored.

    Args:
        contents: the content of each file.

    Raises:
        CourseError: a file cannot be written.
    """
    previous = {path: path.read_bytes() if path.is_file() else None for path in contents}
    new_folders = {folder for path in contents for folder in path.parents if not folder.exists()}
    try:
        with contextlib.ExitStack() as replacements:
            # left in reverse order, so that the last file is replaced last
            for path, content in reversed(list(contents.items())):
                replacements.enter_context(replacing(path)).write_bytes(content)
    except BaseException as error:
        _restore(previous, new_folders)
        if isinstance(error, OSError):
            place = error.filename or next(iter(contents)).parent
            reason = error.strerror or error
            raise CourseError(
                f"{place} cannot be written ({reason}), so nothing was made. "
                "Check permissions and free space, then try again."
            ) from error
        raise


def _restore(previous: Mapping[Path, bytes | None], new_folders: set[Path]) -> None:
    for path, content in previous.items():
        with contextlib.suppress(OSError):
            if content is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != content:
                write_whole(path, content)
    for folder in sorted(new_folders, reverse=True):  # subfolders first
        with contextlib.suppress(OSError):
            folder.rmdir()


__all__ = ["write_all"]
