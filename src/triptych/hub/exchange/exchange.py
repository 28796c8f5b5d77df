"""The strict exchange: nbgrader's own, where the disk decides who handed in what and when.

Stock nbgrader believes the name of a folder in `inbound/` and the text of a file in it, and everyone may
write both. Here
- a submission is the person's whose Unix account owns the folder and everything in it;
- it arrived when it was last changed: the inode's change time, which no tool of its owner's can set back,
  so work that is edited in the exchange after the deadline is late;
- links, devices, sockets and pipes are refused, and nothing is followed on the way.

Set in `nbgrader_config.py` as `c.ExchangeFactory.collect = StrictCollect` and so on; `nbgrader collect`, the
formgrader's Collect button and `triptych hub collect` then all do this.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback, ExchangeSubmit
from traitlets import Integer

from triptych.hub.exchange.inbound import Limits, RejectedSubmission, Submission, open_folder, validate_folder, walk

#: The exchange's own files in a submission.
TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"
SECRET_TEXT = re.compile(r"[0-9a-f]{32,128}")


def copy(submission: Submission, target: Path, limits: Limits) -> None:
    """Copies the submission's files to the new folder `target`. Raises RejectedSubmission when it has changed meanwhile."""
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    descriptor = open_folder(submission.folder.name, None, submission.folder)
    try:
        owner = os.fstat(descriptor).st_uid
        partial.mkdir(parents=True)
        for place, name, where, _ in walk(descriptor, owner, limits):
            (partial / place).mkdir(parents=True, exist_ok=True)
            _copy_file(name, where, partial / place / name, owner)
        secret = partial / SECRET
        text = secret.read_text(errors="replace").strip() if secret.is_file() else ""
        # without one nbgrader would stop releasing feedback, and everybody else's with it
        secret.write_text(text if SECRET_TEXT.fullmatch(text) else secrets.token_hex(64))
        (partial / TIMESTAMP).write_text(as_text(submission.arrived))
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)
    try:
        if validate_folder(submission.folder, submission.student, limits).arrived != submission.arrived:
            raise RejectedSubmission("it was changed while it was being collected: collect again")
    except RejectedSubmission:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def as_text(moment: datetime) -> str:
    """A moment as nbgrader writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def _copy_file(name: str, where: int, target: Path, owner: int) -> None:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
    except OSError as error:
        raise RejectedSubmission(f"{ascii(name)[:80]} in it cannot be read ({error.strerror})") from error
    with os.fdopen(descriptor, "rb") as source:
        status = os.fstat(source.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid != owner or status.st_nlink != 1:
            raise RejectedSubmission(f"{ascii(name)[:80]} in it was exchanged while it was being collected")
        with target.open("wb") as copied:
            # what it held when it was looked at: a file that grows does not fill the disk
            shutil.copyfileobj(_Bounded(source, status.st_size), copied)


class _Bounded:
    """A file's first bytes."""

    def __init__(self, file: Any, left: int) -> None:
        self.file, self.left = file, left

    def read(self, size: int = 1 << 16) -> bytes:
        data = bytes(self.file.read(min(size, self.left)))
        self.left -= len(data)
        return data


# --- nbgrader's plugins --------------------------------------------------------------------------


class StrictCollect(ExchangeCollect):  # type: ignore[misc]
    """Takes what its owner handed in, as it is on disk, with the time at which it arrived.

    In a class of its own because stock `init_src` takes names and times from folders' names, and stock
    `copy_files` follows links.
    """

    max_files = Integer(Limits.files, help="files in a submission, at most").tag(config=True)
    max_bytes = Integer(Limits.bytes, help="bytes in a submission, at most").tag(config=True)

    @property
    def limits(self) -> Limits:
        return Limits(self.max_files, self.max_bytes)

    def init_src(self) -> None:
        if self.coursedir.course_id == "":
            self.fail("No course id specified. Re-run with --course flag.")
        self.course_path = os.path.join(self.root, self.coursedir.course_id)  # noqa: PTH118  # nbgrader's attributes
        self.inbound_path = os.path.join(self.course_path, "inbound")  # noqa: PTH118
        inbound = Path(self.inbound_path)
        try:
            folders = sorted(inbound.iterdir())
        except OSError as error:
            self.fail(f"{inbound} cannot be read ({error.strerror}).")
        self.src_records = list(self._newest(self._accepted(folders)))

    def _accepted(self, folders: list[Path]) -> Iterator[Submission]:
        wanted = self.coursedir.student_id if self.coursedir.student_id not in ("", "*") else None
        for folder in folders:
            parts = folder.name.rsplit("+", 3)
            if len(parts) < 3 or parts[1] != self.coursedir.assignment_id or (wanted and parts[0] != wanted):
                continue
            try:
                yield validate_folder(folder, parts[0], self.limits)
            except RejectedSubmission as reason:
                self.log.error("RejectedSubmission: %s: %s.", ascii(folder.name), reason)
            except OSError as error:  # it may vanish while one looks
                self.log.error("RejectedSubmission: %s: it cannot be read (%s).", ascii(folder.name), error.strerror)

    def _newest(self, found: Iterator[Submission]) -> Iterator[dict[str, Any]]:
        """One submission a student: the last; with --before-duedate the last in time, if there is one."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as book:
            try:
                self.duedate = book.find_assignment(self.coursedir.assignment_id).duedate
            except MissingEntry:
                self.duedate = None
        mine: dict[str, list[Submission]] = {}
        for submission in found:
            mine.setdefault(submission.student, []).append(submission)
        for student in sorted(mine):
            chosen = sorted(mine[student], key=lambda s: s.arrived)
            if self.before_duedate and self.duedate is not None:
                due = self.duedate.replace(tzinfo=UTC)
                chosen = [s for s in chosen if s.arrived <= due] or chosen
            last = chosen[-1]
            yield {
                "username": student,
                "filename": last.folder.name,
                "timestamp": last.arrived.replace(tzinfo=None),  # nbgrader's times are UTC without saying so
                "submission": last,
            }

    def copy_files(self) -> None:
        assignment = self.coursedir.assignment_id
        if not self.src_records:
            self.log.warning("No submissions of '%s' for course '%s' to collect", assignment, self.coursedir.course_id)
        for record in self.src_records:
            student, arrived = record["username"], record["timestamp"]
            target = Path(self.coursedir.format_path(self.coursedir.submitted_directory, student, assignment))
            if target.is_dir():
                kept = self.coursedir.get_existing_timestamp(str(target))
                newer = kept is None or arrived > kept
                if not (self.update and newer) and not (self.before_duedate and arrived != kept):
                    self.log.info("No newer submission to collect: %s %s", student, assignment)
                    continue
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                copy(record["submission"], target, self.limits)
            except RejectedSubmission as reason:
                self.log.error("RejectedSubmission: %s: %s.", ascii(record["filename"]), reason)
                continue
            late = "" if self.duedate is None or arrived <= self.duedate else f", late by {arrived - self.duedate}"
            self.log.info("Collected: %s %s, arrived %s%s", student, assignment, as_text(_aware(arrived)), late)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


class ClosedSubmit(ExchangeSubmit):  # type: ignore[misc]
    """Closes the submission to others. Stock leaves the folder writable for everyone who learns its name."""

    def copy_files(self) -> None:
        super().copy_files()
        Path(self.inbound_path, self.assignment_filename).chmod(0o755)


class ReadableFeedback(ExchangeReleaseFeedback):  # type: ignore[misc]
    """Feedback that its reader may read: stock copies the page's mode, and the instructor's are closed.

    The folder cannot be listed, and a page's name follows from the secret that came with the submission.
    """

    def copy_files(self) -> None:
        before = os.umask(0o022)
        try:
            super().copy_files()
        finally:
            os.umask(before)
        for page in Path(self.dest_path).glob("*.html"):
            if page.stat().st_mode & 0o777 != 0o644:
                page.chmod(0o644)


__all__ = ["ClosedSubmit", "Limits", "ReadableFeedback", "RejectedSubmission", "StrictCollect", "validate_folder"]
