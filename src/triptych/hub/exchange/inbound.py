"""Is a folder in the exchange's `inbound/` a submission, whose, and since when? What the disk says decides.

Without nbgrader, so that `triptych hub status` can look without waiting for it.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

IGNORED = {".ipynb_checkpoints", "__pycache__"}


class RejectedSubmission(Exception):
    """Why a folder in the exchange is no submission."""


@dataclass(frozen=True)
class Submission:
    """A folder in `inbound/` that may be taken: whose it is, and when it was last changed."""

    student: str
    folder: Path
    arrived: datetime


@dataclass(frozen=True)
class Limits:
    """What is copied at most, so that one folder cannot fill the instructor's disk."""

    files: int = 200
    bytes: int = 50_000_000


def validate_folder(folder: Path, student: str, limits: Limits) -> Submission:
    """Is this folder in `inbound/` a submission of `student`? Raises RejectedSubmission."""
    descriptor = open_folder(folder.name, None, folder)
    try:
        owner = os.fstat(descriptor).st_uid
        if _name_of(owner) != student:
            raise RejectedSubmission(f"it says {student} and belongs to {_name_of(owner)}")
        newest = os.fstat(descriptor).st_ctime_ns
        for _, _, _, status in walk(descriptor, owner, limits):
            newest = max(newest, status.st_ctime_ns)
    finally:
        os.close(descriptor)
    return Submission(student, folder, datetime.fromtimestamp(newest / 1e9, UTC))


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"the unknown user {user}"


def open_folder(name: str, parent: int | None, path: Path | None = None) -> int:
    try:
        return os.open(path or name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        raise RejectedSubmission(f"{ascii(name)[:80]} is no folder that can be read ({error.strerror})") from error


def walk(folder: int, owner: int, limits: Limits) -> Iterator[tuple[Path, str, int, os.stat_result]]:
    """The regular files below an open folder: place in it, name, open folder that holds it, status.

    Everything in it must be `owner`'s, folders and regular files, no more than the limits. Raises RejectedSubmission.
    """
    count = total = 0
    pending: list[tuple[Path, int]] = [(Path(), os.dup(folder))]
    try:
        while pending:
            place, where = pending.pop()
            try:
                for name in sorted(os.listdir(where)):  # noqa: PTH208  # of a descriptor
                    status = os.stat(name, dir_fd=where, follow_symlinks=False)
                    _require_plain(place / name, status, owner)
                    count, total = count + 1, total + status.st_size
                    if count > limits.files:
                        raise RejectedSubmission(f"it holds more than {limits.files} files")
                    if total > limits.bytes:
                        raise RejectedSubmission(f"it holds more than {limits.bytes // 10**6} MB")
                    if not stat.S_ISDIR(status.st_mode):
                        yield place, name, where, status
                    elif name not in IGNORED:
                        pending.append((place / name, open_folder(name, where)))
            finally:
                os.close(where)
    finally:
        for _, left in pending:
            os.close(left)


def _require_plain(path: Path, status: os.stat_result, owner: int) -> None:
    """A folder, or a regular file with one name only: a second (hard) link may be somebody else's file."""
    shown = ascii(str(path))[:80]
    if status.st_uid != owner:
        raise RejectedSubmission(f"{shown} in it belongs to {_name_of(status.st_uid)}")
    if stat.S_ISLNK(status.st_mode):
        raise RejectedSubmission(f"{shown} in it is a link")
    if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
        raise RejectedSubmission(f"{shown} in it is a device, socket or pipe")
    if stat.S_ISREG(status.st_mode) and status.st_nlink != 1:
        raise RejectedSubmission(f"{shown} in it is a hard link")
