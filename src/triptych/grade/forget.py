"""Finds and deletes everything that a course folder holds of one student.

docs/instructors/privacy.md lists other places (a hub's accounts and exchange, backups, a learning management system);
their own administrators delete there.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import text

from triptych.files import remove, replacing, walk
from triptych.grade.record import Record
from triptych.grade.results.report import write_report
from triptych.grade.submission.places import survey
from triptych.lock import course_lock
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import Gradebook, MissingEntry, config_of, gradebook

#: Folders with a folder per student.
FOLDERS = ("submitted", "autograded", "feedback")
#: Tables of results that the commands in docs/instructors/privacy.md write beside the report.
EXPORTS = ("canvas.csv", "moodle.csv", "results.json", "not_used.csv")


@dataclass(frozen=True)
class StoredData:
    """Data of a student in a course folder: where it is, a description of it, and a function that deletes it."""

    place: str
    content: str
    delete: Callable[[], None]


def forget(course: Course, student: str, *, really: bool) -> list[StoredData]:
    """Lists the data that a course folder holds of a student.

    Args:
        course: the course folder.
        student: the name of the student's folder in `submitted/`.
        really: delete the data. Each item is deleted independently, so an interrupted call can be repeated.

    Returns:
        The data, in the order of deletion.

    Raises:
        CourseError: there is no data of such a student, or a class is being graded.
    """
    if not student or "/" in student or student.startswith("."):
        raise CourseError(f"{student!r} cannot be a student's name: give the name of a folder in submitted/.")
    with course_lock(course):
        stored = list(find_data(course, student))
        if not stored:
            similar = difflib.get_close_matches(student, sorted(known_students(course)), n=1)
            hint = f"did you mean {similar[0]}?" if similar else "`triptych report` lists who is known."
            raise CourseError(f"{course.root} holds nothing of {student!r}: {hint}")
        if really:
            for item in stored:
                item.delete()
    return stored


def known_students(course: Course) -> set[str]:
    """The names of all students of whom the course folder holds data."""
    names = {student for student, _ in Record(course).results()}
    for part in FOLDERS:
        if (course.root / part).is_dir():
            names |= {path.name for path in (course.root / part).iterdir() if path.is_dir()}
    with gradebook(course) as book:
        return names | {str(student.id) for student in book.students}


def find_data(course: Course, student: str) -> Iterator[StoredData]:
    """The data of a student, in the order of deletion: results before what they were made from."""
    yield from _in_gradebook(lambda: gradebook(course), student, "gradebook")
    course_id = str(config_of(course).CourseDirectory.get("course_id", ""))
    for backup in sorted((course.root / ".triptych").glob("gradebook.*.db")):
        copy = partial(Gradebook, f"sqlite:///{backup}", course_id)
        yield from _in_gradebook(copy, student, str(backup.relative_to(course.root)))
    for part in FOLDERS:
        folder = course.root / part / student
        if folder.is_symlink() or folder.exists():
            yield StoredData(f"{part}/{student}", _count_files(folder), partial(remove, folder))
    for finding in survey(course.submitted, list(course.plans)):
        if finding.student == student and course.submitted / student not in (
            finding.location,
            *finding.location.parents,
        ):
            yield StoredData(f"submitted/{finding.path}", "in a wrong place", partial(remove, finding.location))
    yield from _in_lines(course, Record(course).path, "results", lambda line: _is_result_of(line, student))
    log = course.root / ".triptych" / "grade.log"
    yield from _in_lines(course, log, "lines", lambda line: f" {student!r}: " in line)
    worker_log = course.root / ".triptych" / "workers.log"
    if _mentions(worker_log, student):  # messages of libraries, which cannot be assigned to a student
        yield StoredData(str(worker_log.relative_to(course.root)), "the whole log", worker_log.unlink)
    pages = [course.root / "report.html", course.root / "grades.csv"]
    if names := [path.name for path in pages if _mentions(path, student)]:
        yield StoredData(" and ".join(names), "written again without the student", partial(_update, course, pages))
    for path in (course.root / name for name in EXPORTS):
        if _mentions(path, student):
            yield StoredData(path.name, "deleted: export it again", path.unlink)


def _in_gradebook(open_book: Callable[[], Gradebook], student: str, place: str) -> Iterator[StoredData]:
    with open_book() as book:
        try:
            count = len(book.find_student(student).submissions)
        except MissingEntry:
            return

    def delete() -> None:
        with open_book() as book:
            book.remove_student(student)
            if book.engine.dialect.name == "sqlite":
                with book.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("VACUUM"))  # until then the bytes of a deleted row stay in the file

    yield StoredData(place, f"name, address, scores and comments of {count} submissions", delete)


def _count_files(path: Path) -> str:
    if path.is_symlink() or not path.is_dir():
        return "1 files"
    try:
        return f"{sum(entry.is_file for entry in walk(path))} files"
    except OSError as error:
        return f"a folder that cannot be listed completely ({error.strerror})"


def _in_lines(course: Course, path: Path, unit: str, is_about: Callable[[str], bool]) -> Iterator[StoredData]:
    """The lines of a text file that are about the student."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    others = [line for line in lines if not is_about(line)]

    def delete() -> None:
        with replacing(path) as partial_file:
            partial_file.write_text("".join(others), encoding="utf-8")

    if len(others) < len(lines):
        yield StoredData(str(path.relative_to(course.root)), f"{len(lines) - len(others)} {unit}", delete)


def _is_result_of(line: str, student: str) -> bool:
    try:
        return bool(json.loads(line)["student"] == student)
    except (ValueError, TypeError, KeyError):
        return False  # a damaged line, which `triptych grade` reports


def _mentions(path: Path, student: str) -> bool:
    """Whether the student's name occurs in a text file, as a word and not as a part of an address."""
    if not path.is_file():
        return False
    word = rf"(?<!\w)(?<!\w[.@-]){re.escape(student)}(?![.@-]?\w)"
    return bool(re.search(word, path.read_text(encoding="utf-8", errors="replace")))


def _update(course: Course, pages: list[Path]) -> None:
    """Writes the report and its table again, or deletes them if there are no other results."""
    if any(chapter in course.plans for _, chapter in Record(course).results()):
        write_report(course, list(course.plans))
    else:
        for path in pages:
            path.unlink(missing_ok=True)
