"""The strict exchange: nbgrader's own, but author and time of a submission are read from the disk.

nbgrader believes the name of a folder in `inbound/` and the text of a file in it, and everyone may write both. Here
- a submission belongs to the Unix account that owns the folder and everything in it;
- it arrived when it was last changed, by the inode's change time. Its owner's tools cannot set that time back, so work
  that is edited in the exchange after the deadline is late;
- links, devices, sockets and pipes are rejected and never followed.

`hub up` sets `c.ExchangeFactory.collect = StrictCollect` and so on in what servers on the hub read. Then `nbgrader
collect`, the formgrader's Collect button and `triptych hub collect` give the same results.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback, ExchangeSubmit
from traitlets import Integer

from triptych.files import remove
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.files import RejectedSubmission
from triptych.hub.exchange.inbound import InboundFile, Submission, open_folder, validate_folder, walk

#: The exchange's own files in a submission.
TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"
SECRET_TEXT = re.compile(r"[0-9a-f]{32,128}")


def copy_submission(submission: Submission, target: Path, limits: Limits) -> None:
    """Copies a submission's files.

    Args:
        submission: the result of `validate_folder`.
        target: the folder to create or replace.
        limits: the number of files and of bytes that a submission may have.

    Raises:
        RejectedSubmission: the submission has changed since it was validated; `target` is unchanged.
        OSError: a file cannot be written; `target` is unchanged.
    """
    partial = target.with_name(f".{target.name}.partial")
    remove(partial)
    try:
        _copy_files(submission, partial, limits)
        secret = partial / SECRET
        text = secret.read_text(errors="replace").strip() if secret.is_file() else ""
        # without a secret nbgrader would stop releasing feedback to everyone
        secret.write_text(text if SECRET_TEXT.fullmatch(text) else secrets.token_hex(64))
        (partial / TIMESTAMP).write_text(as_text(submission.arrived))
        if validate_folder(submission.folder, submission.student, limits).arrived != submission.arrived:
            raise RejectedSubmission("it was changed while it was being collected: collect again")
        remove(target)
        partial.rename(target)
    finally:
        remove(partial)


def _copy_files(submission: Submission, target: Path, limits: Limits) -> None:
    descriptor = open_folder(submission.folder)
    try:
        target.mkdir(parents=True)
        for file in walk(descriptor, os.fstat(descriptor).st_uid, limits):
            content = read_file(file)
            (target / file.place).mkdir(parents=True, exist_ok=True)
            (target / file.place / file.name).write_bytes(content)
    finally:
        os.close(descriptor)


def read_file(file: InboundFile) -> bytes:
    """The content of a submission's file, no longer than it was during the walk, so that a growing file is bounded.

    Raises:
        RejectedSubmission: it cannot be read, or is no longer the file that the walk found.
    """
    name = ascii(file.name)[:80]
    try:
        descriptor = os.open(file.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=file.folder)
    except OSError as error:
        raise RejectedSubmission(f"{name} in it cannot be read ({error.strerror})") from error
    with os.fdopen(descriptor, "rb") as source:
        status = os.fstat(source.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid != file.status.st_uid or status.st_nlink != 1:
            raise RejectedSubmission(f"{name} in it was replaced while it was being collected")
        return source.read(file.status.st_size)


def as_text(time: datetime) -> str:
    """A time in the format of nbgrader's timestamps."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")


# --- nbgrader's plugins --------------------------------------------------------------------------


class StrictCollect(ExchangeCollect):  # type: ignore[misc]
    """Collects submissions with their owners and arrival times as the disk has them.

    Replaces two methods: nbgrader's `init_src` takes names and times from folder names, and its `copy_files` follows
    links.
    """

    max_files = Integer(Limits.files, help="the largest number of files in a submission").tag(config=True)
    max_bytes = Integer(Limits.folder_bytes, help="the largest size of a submission in bytes").tag(config=True)

    @property
    def limits(self) -> Limits:
        return Limits(files=self.max_files, folder_bytes=self.max_bytes)

    def init_src(self) -> None:
        if self.coursedir.course_id == "":
            self.fail("No course id specified. Re-run with --course flag.")
        self.course_path = os.path.join(self.root, self.coursedir.course_id)  # noqa: PTH118  # nbgrader's attributes
        self.inbound_path = os.path.join(self.course_path, "inbound")  # noqa: PTH118
        try:
            folders = sorted(Path(self.inbound_path).iterdir())
        except OSError as error:
            self.fail(f"{self.inbound_path} cannot be read ({error.strerror}).")
        self.src_records = list(self._newest(self._accepted(folders)))

    def _accepted(self, folders: list[Path]) -> Iterator[Submission]:
        only = self.coursedir.student_id
        for folder in folders:
            parts = folder.name.rsplit("+", 3)
            if len(parts) < 3 or parts[1] != self.coursedir.assignment_id or only not in ("", "*", parts[0]):
                continue
            try:
                yield validate_folder(folder, parts[0], self.limits)
            except (RejectedSubmission, OSError) as error:  # it may vanish meanwhile
                self._log_rejected(folder.name, error)

    def _log_rejected(self, name: str, error: Exception) -> None:
        reason = f"it cannot be read or copied ({error.strerror})" if isinstance(error, OSError) else error
        self.log.error("Rejected: %s: %s.", ascii(name), reason)

    def _newest(self, submissions: Iterator[Submission]) -> Iterator[dict[str, Any]]:
        """One record for each student: the last submission; with --before-duedate the last in time, if there is one."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as book:
            try:
                self.duedate = book.find_assignment(self.coursedir.assignment_id).duedate
            except MissingEntry:
                self.duedate = None
        by_student: dict[str, list[Submission]] = {}
        for submission in submissions:
            by_student.setdefault(submission.student, []).append(submission)
        for student, candidates in sorted(by_student.items()):
            if self.before_duedate and self.duedate is not None:
                due = self.duedate.replace(tzinfo=UTC)
                candidates = [s for s in candidates if s.arrived <= due] or candidates  # noqa: PLW2901
            last = max(candidates, key=lambda submission: submission.arrived)
            yield {
                "username": student,
                "filename": last.folder.name,
                "timestamp": last.arrived.replace(tzinfo=None),  # nbgrader's times are UTC without a time zone
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
                collected = self.coursedir.get_existing_timestamp(str(target))
                newer = collected is None or arrived > collected
                if not (self.update and newer) and not (self.before_duedate and arrived != collected):
                    self.log.info("No newer submission to collect: %s %s", student, assignment)
                    continue
            try:
                copy_submission(record["submission"], target, self.limits)
            except (RejectedSubmission, OSError) as error:  # a path may be too long
                self._log_rejected(record["filename"], error)
                continue
            late = "" if self.duedate is None or arrived <= self.duedate else f", late by {arrived - self.duedate}"
            arrival = as_text(record["submission"].arrived)
            self.log.info("Collected: %s %s, arrived %s%s", student, assignment, arrival, late)


class ClosedSubmit(ExchangeSubmit):  # type: ignore[misc]
    """Closes a submission to others. nbgrader leaves its folder writable for everyone who learns its name."""

    def copy_files(self) -> None:
        super().copy_files()
        Path(self.inbound_path, self.assignment_filename).chmod(0o755)


class ReadableFeedback(ExchangeReleaseFeedback):  # type: ignore[misc]
    """Makes feedback readable for students. nbgrader copies the permissions of the instructor's closed files.

    The folder cannot be listed, and the name of a page follows from the secret of its submission.
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
