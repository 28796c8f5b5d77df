"""Accounts for what lies in `submitted/` outside `submitted/<student>/<chapter>/`, where nothing else looks."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from triptych.files import Entry, walk
from triptych.text import one_line

#: What operating systems, archives and editors leave behind. Hidden files are left out, too.
LITTER = frozenset({".ipynb_checkpoints", "__pycache__", "__MACOSX", ".git", "Thumbs.db", "desktop.ini"})
#: How the working folder of `triptych collect` begins. It is in `submitted/`, so that folders are moved and not copied.
COLLECTING = ".collecting-"
#: Entries of a folder that are looked at.
MAX_ENTRIES = 1000
NUMBER = re.compile(r"(?:\D*[ _-])?0*(\d+)")


@dataclass(frozen=True)
class Finding:
    """A file or folder in `submitted/` that a person should look at.

    Attributes:
        path: where it is, relative to `submitted/`, to show.
        problem: what is wrong and how to fix it.
        student: whose it seems to be; empty if that cannot be told.
        chapter: the chapter for which it seems to be; empty if that cannot be told.
        location: the path itself.
        used: whether it is graded all the same.
    """

    path: str
    problem: str
    student: str
    chapter: str
    location: Path
    used: bool = False

    def __str__(self) -> str:
        return f"submitted/{self.path} {self.problem}"


def survey(submitted: Path, chapters: Sequence[str], roster: Collection[str] = ()) -> list[Finding]:
    """What lies below `submitted/` and is not the folder of a student's submission for a chapter.

    Nothing is opened, and no link is followed.

    Args:
        submitted: the folder of all submissions.
        chapters: the names of all chapters of the course.
        roster: names of the students of the class, if they are known.
    """
    if not submitted.is_dir():
        return []
    return list(_Survey(submitted, chapters, roster).findings())


def chapter_of(name: str, chapters: Sequence[str], *, by_number: bool = False) -> str:
    """The chapter that a name stands for in other letters, with other signs or, if so asked, a number; or nothing."""
    stem = re.sub(r"(?i)\.ipynb$|[ _-]*\(\d+\)|[ _-]*copy\d*(?=\.|$)", "", name)
    folded = _folded(stem)
    for chapter in chapters:
        if folded == _folded(chapter):
            return chapter
    if by_number and (match := NUMBER.fullmatch(stem)):
        return next((chapter for chapter in chapters if int(chapter[:2]) == int(match[1][:9])), "")
    return ""


class _Survey:
    def __init__(self, submitted: Path, chapters: Sequence[str], roster: Collection[str]) -> None:
        self._submitted, self._chapters, self._roster = submitted, chapters, roster

    def findings(self) -> Iterator[Finding]:
        for entry in _entries(self._submitted):
            chapter = self._chapter_of(entry.name)
            if not _is_folder(entry):
                if entry.is_symlink() and any(os.path.lexists(entry / chapter) for chapter in self._chapters):
                    continue  # rejected as a submission
                yield self._found(
                    entry, f"is in no student's folder: {self._move('STUDENT', chapter)}", chapter=chapter
                )
            elif chapter and not any((entry / chapter).exists() for chapter in self._chapters):
                yield from self._in_chapter(entry, chapter)
            else:
                yield from self._in_student(entry)

    def _in_chapter(self, folder: Path, chapter: str) -> Iterator[Finding]:
        """A folder that has a chapter's name where a student's should be."""
        for entry in _entries(folder):
            if not _is_folder(entry):
                yield self._found(entry, f"is in no student's folder: {self._move('STUDENT', chapter)}", "", chapter)
            elif _has_files(entry):
                problem = "has chapter and student in the wrong order"
                yield self._found(entry, f"{problem}: {self._move(entry.name, chapter)}", entry.name, chapter)

    def _in_student(self, folder: Path) -> Iterator[Finding]:
        student = folder.name
        if student.startswith("."):
            if student.startswith(COLLECTING):
                yield self._found(folder, "is left from a run that was stopped: run `triptych collect` again")
            elif _has_files(folder):
                yield self._found(folder, "is hidden: rename it to the student's name")
            return
        if self._roster and student not in self._roster and _has_files(folder):
            hint = difflib.get_close_matches(student, self._roster, n=1)
            problem = "belongs to nobody on the roster" + (f" (did you mean {one_line(hint[0], 80)}?)" if hint else "")
            yield self._found(folder, f"{problem}: rename it, or add the student", student, used=True)
        for entry in _entries(folder):
            if entry.name in self._chapters:
                continue
            chapter = self._chapter_of(entry.name, by_number=True)
            if not _is_folder(entry):
                yield self._found(entry, f"is in no chapter's folder: {self._move(student, chapter)}", student, chapter)
            elif _has_files(entry):
                chapter = chapter or self._chapter_inside(entry)
                problem = f"is not the folder of a chapter: {self._move(student, chapter)}"
                yield self._found(entry, problem, student, chapter)

    def _chapter_of(self, name: str, *, by_number: bool = False) -> str:
        return chapter_of(name, self._chapters, by_number=by_number)

    def _chapter_inside(self, folder: Path) -> str:
        names = (entry.path.name for entry in _below(folder))
        return next((chapter for name in names if (chapter := self._chapter_of(name))), "")

    def _move(self, student: str, chapter: str) -> str:
        return f"move it to submitted/{one_line(student, 80)}/{chapter or 'CHAPTER'}/"

    def _found(self, path: Path, problem: str, student: str = "", chapter: str = "", *, used: bool = False) -> Finding:
        shown = one_line(str(path.relative_to(self._submitted)), 160)
        return Finding(f"{shown}/" if _is_folder(path) else shown, problem, student, chapter, path, used)


def _entries(folder: Path) -> list[Path]:
    """The entries of a folder without litter and hidden files, in order."""
    try:
        with os.scandir(folder) as scanned:
            names = sorted(entry.name for entry in scanned)
    except OSError:
        return []
    paths = (folder / name for name in names if name not in LITTER)
    return [path for path in paths if not path.name.startswith(".") or _is_folder(path)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _has_files(folder: Path) -> bool:
    return any(not entry.is_folder and not entry.path.name.startswith(".") for entry in _below(folder))


def _below(folder: Path) -> Iterator[Entry]:
    """The first entries below a folder, as far as they can be listed."""
    with contextlib.suppress(OSError):  # a path that is longer than the system accepts
        yield from itertools.islice(walk(folder, skip=LITTER, onerror=lambda _: None), MAX_ENTRIES)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


__all__ = ["COLLECTING", "LITTER", "Finding", "chapter_of", "survey"]
