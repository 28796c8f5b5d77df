"""Fingerprints of submissions: whether one has to be graded again."""

from __future__ import annotations

import functools
import hashlib
import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from triptych import __version__
from triptych.files import walk
from triptych.fingerprint import fingerprint, version_of
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.files import open_file
from triptych.model.course import Course

#: Libraries whose version may change a score.
LIBRARIES = ("ipykernel", "jax", "jaxlib", "nbgrader", "numpy", "pyhf", "scipy", "sympy")
#: Bytes of a submission's files that are read; files beyond that are told apart by size and time.
READ_LIMIT_BYTES = 20_000_000


class SubmissionFingerprints:
    """Fingerprints of submissions to chapters as they are now.

    Attributes:
        files: Those of the files alone, by student and chapter, of each submission that `of` was called for.
    """

    def __init__(self, course: Course, sandbox: str, limits: Limits) -> None:
        self.files: dict[tuple[str, str], str] = {}
        self._course = course
        self._common = f"{sorted(software().items())} {sandbox} {sorted(asdict(limits).items())}"
        self._chapters: dict[str, str] = {}

    def of(self, student: str, chapter: str, due: datetime | None, by_hand: Sequence[str]) -> str:
        """The fingerprint of a submission.

        It changes with the submission, the chapter's source and release, the deadline, the limits and the software.

        Args:
            student: The student's name.
            chapter: The chapter's name.
            due: The chapter's deadline.
            by_hand: Scores and comments given in the formgrader, which feedback shows.
        """
        if chapter not in self._chapters:
            folders = (self._course.source / chapter, self._course.release / chapter)
            entries = (line for folder in folders for line in _describe(folder))
            self._chapters[chapter] = fingerprint(texts=[self._common, *entries])
        files = fingerprint(texts=_describe(self._course.submitted / student / chapter))
        self.files[student, chapter] = files
        return fingerprint(texts=[self._chapters[chapter], str(due), *by_hand, files])


def _describe(folder: Path) -> Iterator[str]:
    """A line for every entry below a folder. Links are not followed, devices not opened."""
    if folder.is_symlink() or not folder.is_dir():
        yield f"{folder.name} is not a folder"
        return
    left = READ_LIMIT_BYTES
    errors: list[OSError] = []
    for entry in walk(folder, onerror=errors.append):
        name, status = str(entry.relative), entry.status
        try:
            if entry.is_link:
                content = str(entry.path.readlink())
            elif not entry.is_file:
                content = ""
            elif status.st_size > left:
                content = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
            else:
                left -= status.st_size
                with open_file(folder, entry.relative) as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            content = f"error {error.errno}"
        yield f"{name!r} {stat.S_IFMT(status.st_mode)} {content!r}"
    yield from (f"error {error.errno}" for error in errors)


@functools.cache
def software() -> dict[str, str]:
    """Versions of the software that decides scores: this package, with a fingerprint of its code, and libraries."""
    package = Path(__file__).resolve().parents[1]
    # the hub's files have another place in a wheel, and do not influence scores
    parts = [path for path in sorted(package.iterdir()) if path.name not in ("hub", "__pycache__")]
    return {"triptych": f"{__version__} ({fingerprint(*parts)[:12]})", **{name: version_of(name) for name in LIBRARIES}}
