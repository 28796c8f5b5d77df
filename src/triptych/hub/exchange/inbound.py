"""Checks the folders in the exchange's `inbound/`: the author and the arrival of each submission, as the disk has them.

Imports neither nbgrader nor nbformat, which take seconds, so that `triptych hub status` is quick.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.files import IGNORED, RejectedSubmission


@dataclass(frozen=True)
class Submission:
    """An acceptable folder in `inbound/`; `arrived` is the last time that anything in it changed."""

    student: str
    folder: Path
    arrived: datetime


def validate_folder(folder: Path, student: str, limits: Limits) -> Submission:
    """Checks a folder in `inbound/`.

    Args:
        folder: the folder.
        student: the name that the folder's own name claims.
        limits: the number of files and of bytes that a submission may have.

    Raises:
        RejectedSubmission: the folder is not a submission of this student's.
    """
    descriptor = open_folder(folder)
    try:
        status = os.fstat(descriptor)
        owner, newest_ns = status.st_uid, status.st_ctime_ns
        if _user_name(owner) != student:
            raise RejectedSubmission(f"it is named after {student} and belongs to {_user_name(owner)}")
        for file in walk(descriptor, owner, limits):
            newest_ns = max(newest_ns, file.status.st_ctime_ns)
    finally:
        os.close(descriptor)
    return Submission(student, folder, datetime.fromtimestamp(newest_ns / 1e9, UTC))


def arrivals(inbound: Path, students: Collection[str]) -> dict[tuple[str, str], datetime]:
    """The arrival of each student's last submission by (student, chapter), without those that collecting rejects."""
    latest: dict[tuple[str, str], datetime] = {}
    for folder in inbound.iterdir() if inbound.is_dir() else ():
        parts = folder.name.rsplit("+", 3)
        if len(parts) < 3 or parts[0] not in students:
            continue
        try:
            arrived = validate_folder(folder, parts[0], Limits()).arrived
        except (RejectedSubmission, OSError):
            continue
        key = (parts[0], parts[1])
        latest[key] = max(latest.get(key, arrived), arrived)
    return latest


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the unknown user {uid}"


def open_folder(path: Path | str, parent: int | None = None) -> int:
    """Opens a folder; a link is not followed.

    Args:
        path: the folder, relative to `parent` if that is given.
        parent: the descriptor of an open folder.

    Returns:
        The folder's descriptor, which the caller closes.

    Raises:
        RejectedSubmission: there is no readable folder.
    """
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        raise RejectedSubmission(
            f"{_printable(Path(path).name)} is not a readable folder ({error.strerror})"
        ) from error


@dataclass(frozen=True)
class InboundFile:
    """A regular file of a submission; `folder` is the descriptor of the folder that holds it, valid during the walk."""

    place: Path
    name: str
    folder: int
    status: os.stat_result


def walk(folder: int, owner: int, limits: Limits) -> Iterator[InboundFile]:
    """The regular files of a submission, whose owner may change it meanwhile.

    Goes from descriptor to descriptor, unlike `files.walk`, so that a folder replaced by a link is not followed.

    Args:
        folder: the descriptor of the submission's folder.
        owner: the user id that everything in it must belong to.
        limits: the number of files and folders and of bytes that it may have.

    Raises:
        RejectedSubmission: the folder holds anything but folders and regular files of the owner's, or too much.
    """
    count = total_bytes = 0
    pending: list[tuple[Path, int]] = [(Path(), os.dup(folder))]
    try:
        while pending:
            place, descriptor = pending.pop()
            try:
                for name in sorted(os.listdir(descriptor)):  # noqa: PTH208  # of a descriptor
                    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                    _require_plain(place / name, status, owner)
                    count, total_bytes = count + 1, total_bytes + status.st_size
                    if count > limits.files:
                        raise RejectedSubmission(f"it holds more than {limits.files} files")
                    if total_bytes > limits.folder_bytes:
                        raise RejectedSubmission(f"it holds more than {limits.folder_bytes // 10**6} MB")
                    if not stat.S_ISDIR(status.st_mode):
                        yield InboundFile(place, name, descriptor, status)
                    elif name not in IGNORED:
                        pending.append((place / name, open_folder(name, descriptor)))
            finally:
                os.close(descriptor)
    finally:
        for _, descriptor in pending:
            os.close(descriptor)


def _require_plain(path: Path, status: os.stat_result, owner: int) -> None:
    """Rejects everything but a folder or a regular file with one name: a hard link may be another user's file."""
    mode = status.st_mode
    if status.st_uid != owner:
        problem = f"belongs to {_user_name(status.st_uid)}"
    elif stat.S_ISLNK(mode):
        problem = "is a link"
    elif not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        problem = "is a device, socket or pipe"
    elif stat.S_ISREG(mode) and status.st_nlink != 1:
        problem = "is a hard link"
    else:
        return
    raise RejectedSubmission(f"{_printable(path)} in it {problem}")


def _printable(path: Path | str) -> str:
    return ascii(str(path))[:80]
