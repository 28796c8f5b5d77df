"""Takes everything that a course folder knows of one student out of it.

What lies elsewhere (a hub's accounts and exchange, backups, a learning management system) is named in
docs/instructors.md, and is for its own administrators to delete.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import text

from triptych.grade.lock import course_lock
from triptych.grade.record import Record
from triptych.grade.results.report import statistics, write_report
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import Gradebook, MissingEntry, config_of, gradebook

#: Folders with one of each student's.
FOLDERS = ("submitted", "autograded", "feedback")
#: Tables of results that the commands of docs/instructors.md write beside the report.
EXPORTS = ("canvas.csv", "moodle.csv", "results.json")


@dataclass(frozen=True)
class StoredData:
    """Something the course folder holds of a student, and how to take it away."""

    where: str
    what: str
    remove: Callable[[], None]


def forget(course: Course, student: str, *, really: bool) -> list[StoredData]:
    """What the course folder holds of `student`; with `really`, it is gone afterwards.

    Raises CourseError when nothing is known of such a student, or while a class is being graded.
    Stopped half-way, it goes on when called again: each part is taken away by itself.
    """
    if not student or "/" in student or student.startswith("."):
        raise CourseError(f"{student!r} cannot be a student's name: give the name of a folder in submitted/.")
    with course_lock(course):
        found = list(traces(course, student))
        if not found:
            near = difflib.get_close_matches(student, sorted(known(course)), n=1)
            hint = f"did you mean {near[0]}?" if near else "`triptych report` lists who is known."
            raise CourseError(f"{course.root} holds nothing of {student!r}: {hint}")
        if really:
            for trace in found:
                trace.remove()
    return found


def known(course: Course) -> set[str]:
    """The names of everyone the course folder holds anything of."""
    names = {str(row["student"]) for row in Record(course).read()}
    for part in FOLDERS:
        if (course.root / part).is_dir():
            names |= {path.name for path in (course.root / part).iterdir() if path.is_dir()}
    with gradebook(course) as book:
        return names | {str(student.id) for student in book.students}


def traces(course: Course, student: str) -> Iterator[StoredData]:
    """Everything of a student, in the order in which it is best taken away: results before their causes."""
    yield from _in_gradebook(lambda: gradebook(course), student, "gradebook")
    before = course.root / ".triptych" / "gradebook.before.db"
    if before.is_file():
        url, name = f"sqlite:///{before}", str(config_of(course).CourseDirectory.get("course_id", ""))
        yield from _in_gradebook(lambda: Gradebook(url, name), student, str(before.relative_to(course.root)))
    for part in FOLDERS:
        folder = course.root / part / student
        if folder.is_symlink() or folder.exists():
            files = sum(path.is_file() for path in folder.rglob("*")) if folder.is_dir() else 1
            yield StoredData(f"{part}/{student}", f"{files} files", partial(_remove, folder))
    yield from _in_record(course, student)
    yield from _in_logs(course, student)
    yield from _in_tables(course, student)


def _in_gradebook(opened: Callable[[], Gradebook], student: str, where: str) -> Iterator[StoredData]:
    with opened() as book:
        try:
            count = len(book.find_student(student).submissions)
        except MissingEntry:
            return

    def remove() -> None:
        with opened() as book:
            book.remove_student(student)
            if book.engine.dialect.name == "sqlite":
                with book.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("VACUUM"))  # a deleted row's bytes stay in the file until then

    yield StoredData(where, f"name, address, marks and comments of {count} submissions", remove)


def _in_record(course: Course, student: str) -> Iterator[StoredData]:
    path = Record(course).path
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    kept = [line for line in lines if not _is_about(line, student)]
    if len(kept) < len(lines):
        where = str(path.relative_to(course.root))
        yield StoredData(where, f"{len(lines) - len(kept)} results", lambda: _replace(path, kept))


def _is_about(line: str, student: str) -> bool:
    try:
        return bool(json.loads(line)["student"] == student)
    except (ValueError, TypeError, KeyError):
        return False  # damaged, or cut off by the end of a run: `grade` deals with those


def _in_logs(course: Course, student: str) -> Iterator[StoredData]:
    log = course.root / ".triptych" / "grade.log"
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.is_file() else []
    kept = [line for line in lines if f" {student!r}: " not in line]
    if len(kept) < len(lines):
        where = str(log.relative_to(course.root))
        yield StoredData(where, f"{len(lines) - len(kept)} lines", lambda: _replace(log, kept))
    # what workers and libraries have said, in no form that could be sorted by student
    workers = course.root / ".triptych" / "workers.log"
    if _names(workers, student):
        yield StoredData(str(workers.relative_to(course.root)), "the whole log", workers.unlink)


def _in_tables(course: Course, student: str) -> Iterator[StoredData]:
    """The report and its table are made anew; exports with the student in them go."""
    pages = [course.root / "report.html", course.root / "grades.csv"]
    naming = [path.name for path in pages if _names(path, student)]
    if naming:
        yield StoredData(" and ".join(naming), "made anew without them", lambda: _report_again(course, pages))
    for path in (course.root / name for name in EXPORTS):
        if _names(path, student):
            yield StoredData(path.name, "deleted: export it again", path.unlink)


def _names(path: Path, student: str) -> bool:
    """Whether a text file has the student's name in it, as a word."""
    if not path.is_file():
        return False
    return bool(re.search(rf"(?<!\w){re.escape(student)}(?!\w)", path.read_text(encoding="utf-8", errors="replace")))


def _report_again(course: Course, pages: list[Path]) -> None:
    if statistics(course, list(course.plans)):
        write_report(course, list(course.plans))
    else:  # they were the only one
        for path in pages:
            path.unlink(missing_ok=True)


def _replace(path: Path, lines: list[str]) -> None:
    """The file with these lines alone; whole at every moment."""
    partial = path.with_suffix(".part")
    partial.write_text("".join(lines), encoding="utf-8")
    partial.replace(path)


def _remove(path: Path) -> None:
    """A file or folder and all in it, also what nbgrader has made read-only; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path)
