"""Files of submissions, opened and copied without following links. Imports little: the hub's exchange imports it."""

from __future__ import annotations

import errno
import os
import stat
import sys
from io import BufferedReader
from pathlib import Path

from triptych.files import remove, walk

#: Folders that Jupyter and Python leave behind; no part of a submission.
IGNORED = frozenset({".ipynb_checkpoints", "__pycache__"})


class RejectedSubmission(Exception):
    """A submission that cannot be accepted. The message is the reason, for student and instructor."""


def open_file(folder: Path, name: Path, *, trusted: bool = False) -> BufferedReader:
    """Opens a regular file below a folder that a student may change meanwhile.

    Goes from descriptor to descriptor, so that neither a link nor a folder replaced by one is followed. A file with a
    second name, a hard link, may be another person's file, which the student cannot read but the grader can.

    Args:
        folder: the folder.
        name: the file, relative to it.
        trusted: whether the file may have other names.

    Raises:
        OSError: there is no such file, a part of `name` is a link, or the file has other names.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    for part in name.parts:
        above = descriptor
        try:
            descriptor = os.open(part, flags | (0 if part == name.parts[-1] else os.O_DIRECTORY), dir_fd=above)
        finally:
            os.close(above)
    file = os.fdopen(descriptor, "rb")
    status = os.fstat(descriptor)
    problem = "not a regular file" if not stat.S_ISREG(status.st_mode) else ""
    if not problem and status.st_nlink != 1 and not trusted:
        problem = "a hard link, not a file of its own"
    if problem:
        file.close()
        raise OSError(errno.EINVAL, problem, str(name))
    return file


def copy_file(folder: Path, name: Path, target: Path, limit_bytes: int, *, trusted: bool = False) -> int:
    """Copies a regular file below `folder` to `target`. What is at `target`, or a file above it, is replaced.

    Returns:
        The number of bytes.

    Raises:
        OSError: the file cannot be opened, see `open_file`, or is longer than `limit_bytes`.
    """
    for above in (*reversed(target.parents), target):
        if above.is_symlink() or (above == target and above.is_dir()) or (above != target and above.is_file()):
            remove(above)
    target.parent.mkdir(parents=True, exist_ok=True)
    left = limit_bytes
    with open_file(folder, name, trusted=trusted) as file, target.open("wb") as copy:
        while chunk := file.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise OSError(errno.EFBIG, "it has grown", str(name))
            copy.write(chunk)
    return limit_bytes - left


def copy_tree(folder: Path, target: Path) -> None:
    """Copies the regular files below a folder that no student can change, except notebooks, into `target`."""
    for entry in walk(folder):
        if entry.is_file and entry.path.suffix != ".ipynb":
            copy_file(folder, entry.relative, target / entry.relative, sys.maxsize, trusted=True)


__all__ = ["IGNORED", "RejectedSubmission", "copy_file", "copy_tree", "open_file"]
