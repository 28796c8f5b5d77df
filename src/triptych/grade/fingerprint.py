"""Whether a submission has to be graded again: one number over everything that decides on its marks."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from triptych import __version__
from triptych.grade.sandbox.limits import Limits
from triptych.model.course import Course

#: Libraries whose version may change a mark.
LIBRARIES = ("ipykernel", "jax", "jaxlib", "nbgrader", "numpy", "pyhf", "scipy", "sympy")
#: Of a submission's files no more than this is read: larger ones are told apart by size and time.
READ_BYTES = 20_000_000


class Digests:
    """Digests of submissions to chapters as they are now."""

    def __init__(self, course: Course, sandbox: str, limits: Limits) -> None:
        self._course = course
        self._common = f"{sorted(machinery().items())} {sandbox} {sorted(asdict(limits).items())}"
        self._chapters: dict[str, str] = {}

    def of(self, student: str, chapter: str, due: datetime | None, by_hand: Sequence[str]) -> str:
        """Changes with the submission, the chapter's source and release, its deadline, and the machinery.

        by_hand: marks and comments that somebody has given in the formgrader, which feedback shows.
        """
        if chapter not in self._chapters:
            parts = [self._common]
            for folder in (self._course.source / chapter, self._course.release / chapter):
                parts += _described(folder)
            self._chapters[chapter] = _hash(parts)
        submission = _described(self._course.submitted / student / chapter)
        return _hash([self._chapters[chapter], str(due), *by_hand, *submission])


def _described(folder: Path) -> Iterator[str]:
    """Every entry below a folder by kind and content. Links are not followed, devices not opened."""
    if folder.is_symlink() or not folder.is_dir():
        yield f"{folder.name} is no folder"
        return
    left = READ_BYTES
    for above, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*names, *folders]):
            path = os.path.join(above, name)  # noqa: PTH118 - names may be no text
            try:
                status = os.lstat(path)
                said = f"{os.path.relpath(path, folder)!r} {stat.S_IFMT(status.st_mode)}"
                if stat.S_ISLNK(status.st_mode):
                    said += f" {os.readlink(path)!r}"  # noqa: PTH115
                elif stat.S_ISREG(status.st_mode):
                    said += f" {status.st_size}"
                    if status.st_size <= left:
                        left -= status.st_size
                        said += " " + _content(path)
                    else:
                        said += f" {status.st_mtime_ns}"
            except OSError as error:
                said = f"{name!r} {error.errno}"
            yield said


def _content(path: str) -> str:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def machinery() -> dict[str, str]:
    """What marks depend on beside course and submission: this package's own code, by a digest, and libraries."""
    package = Path(__file__).resolve().parents[1]
    # the hub's part is laid out differently in a wheel, and has no part in a mark
    files = [path for path in sorted(package.rglob("*.py")) if path.relative_to(package).parts[0] != "hub"]
    code = _hash([f"{path.relative_to(package)} {_content(str(path))}" for path in files])
    found = {"triptych": f"{__version__} ({code[:12]})"}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "none"
    return found


def _hash(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
