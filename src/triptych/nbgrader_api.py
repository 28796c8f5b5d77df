"""nbgrader's own API on a course folder, with the course's `nbgrader_config.py`."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import sqlite3
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbgrader.api
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import or_
from sqlalchemy.exc import DatabaseError, SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from triptych.model.course import Course, CourseError
from triptych.model.roster import Person

# nbgrader's models warn about their session at every new submission; there is nothing to fix here
warnings.filterwarnings("ignore", category=SAWarning)
# nbgrader opens the gradebook many times for each submission; a kept engine keeps its translated queries
nbgrader.api.create_engine = functools.cache(nbgrader.api.create_engine)


#: What nbgrader stores of a student beside the id.
PERSONAL = ("first_name", "last_name", "email", "lms_user_id")
#: The last line of a traceback, unless it only points to another one.
ERROR = re.compile(r"\s*[\w.]*(?:Error|Exception|Entry|Mismatch)\w*: (?!.*traceback)")


def _put_programs_on_path() -> None:
    """Puts this environment's programs first on PATH: nbgrader calls `alembic` by name when it creates a gradebook."""
    programs, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if path.split(os.pathsep)[0] != programs:
        os.environ["PATH"] = f"{programs}{os.pathsep}{path}"


def config_of(course: Course) -> Config:
    """The configuration that `nbgrader` itself reads in the course folder.

    Raises:
        CourseError: `nbgrader_config.py` is missing or does not run.
    """
    path = course.root / "nbgrader_config.py"
    if not path.is_file():
        raise CourseError(f"{path} is missing: restore it, it makes a folder a course for nbgrader.")
    try:
        return PyFileConfigLoader(path.name, path=str(course.root)).load_config()
    except Exception as error:
        raise CourseError(f"{path} does not run ({type(error).__name__}: {error}): fix it first.") from error


def nbgrader_api(course: Course, **overrides: dict[str, Any]) -> NbGraderAPI:
    """nbgrader's API on a course folder.

    Args:
        course: The course.
        overrides: Traits to set over the configuration, by class: `CourseDirectory={…}`.

    Raises:
        CourseError: As `config_of`.
    """
    _put_programs_on_path()
    config = config_of(course)
    config.CourseDirectory.root = str(course.root)
    for section, traits in overrides.items():
        config[section].update(traits)
    api = NbGraderAPI(CourseDirectory(config=config), config=config, log_level="ERROR")
    # each call returns nbgrader's messages; they need not go to the terminal too
    api.log.propagate = False
    api.log.addHandler(logging.NullHandler())
    return api


def gradebook(course: Course, kind: type[Gradebook] = Gradebook) -> Gradebook:
    """Opens the course's gradebook; use it in a `with` block.

    Args:
        course: The course.
        kind: The class of the gradebook.

    Raises:
        CourseError: As `config_of`; or the gradebook cannot be opened.
    """
    _put_programs_on_path()
    directory = CourseDirectory(config=config_of(course), root=str(course.root))
    try:
        return kind(directory.db_url, directory.course_id)
    except DatabaseError as error:
        reason = f"{error.orig}"
        raise CourseError(
            f"The gradebook of {course.root} cannot be opened ({reason}): restore it, for example from .triptych/."
        ) from error


def given_by_hand(book: Gradebook) -> Iterator[tuple[str, str, str, str, Any]]:
    """The scores and comments that a person has given.

    Yields:
        Student, chapter, cell, nbgrader's name of what was given (such as "manual_score"), and its value.
    """
    for kind, names in ((Grade, ("manual_score", "extra_credit")), (Comment, ("manual_comment",))):
        columns = [getattr(kind, name) for name in names]
        query = book.db.query(SubmittedAssignment.student_id, Assignment.name, BaseCell.name, *columns)
        query = query.select_from(kind).join(kind.cell).join(kind.notebook)
        query = query.join(SubmittedNotebook.assignment).join(SubmittedAssignment.assignment)
        query = query.filter(or_(*(column.isnot(None) for column in columns)))
        for student, chapter, cell, *values in query.order_by(BaseCell.name):
            for name, value in zip(names, values, strict=True):
                if value not in (None, ""):
                    yield student, chapter, cell, name, value


def enrol(course: Course, people: Iterable[Person]) -> tuple[int, int]:
    """Enters students into the gradebook, so that it also lists those who submit nothing.

    What a person's line leaves empty stays as it is in the gradebook. Instructors are not entered.

    Returns:
        The number of new students and of those whose data has changed.
    """
    new = changed = 0
    with gradebook(course) as book:
        known = {student.id: student for student in book.students}
        for person in people:
            given = {name: value for name in PERSONAL if (value := getattr(person, name))}
            if person.role != "student":
                continue
            if person.user not in known:
                new += 1
            elif any(getattr(known[person.user], name) != value for name, value in given.items()):
                changed += 1
            else:
                continue
            book.update_or_create_student(person.user, **given)
    return new, changed


def students(course: Course) -> list[Person]:
    """The students in the gradebook."""
    with gradebook(course) as book:
        return [
            Person(str(student.id), **{name: getattr(student, name) or "" for name in PERSONAL})
            for student in book.students
        ]


def has_gradebook(course: Course) -> bool:
    """Whether the course has a gradebook already, which opening it would create. Raises CourseError as `config_of`."""
    url = str(config_of(course).CourseDirectory.get("db_url", f"sqlite:///{course.root / 'gradebook.db'}"))
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///").partition("?")[0]).is_file()


def back_up(course: Course, name: str) -> None:
    """Copies the gradebook to a file in `.triptych/`, through SQLite's own backup. Other databases are not copied."""
    path = course.root / "gradebook.db"
    if path.is_file():
        (course.root / ".triptych").mkdir(exist_ok=True)
        with (
            contextlib.closing(sqlite3.connect(path)) as book,
            contextlib.closing(sqlite3.connect(course.root / ".triptych" / name)) as copy,
        ):
            book.backup(copy)


def succeed(result: dict[str, Any], action: str) -> None:
    """Checks the result of an API call.

    Args:
        result: What the call returned.
        action: What it was for, for the message: "nbgrader could not …".

    Raises:
        CourseError: The call failed; with the first error in what nbgrader said, the cause of the others.
    """
    if not result["success"]:
        lines = f"{result.get('log') or ''}\n{result.get('error') or ''}".strip().splitlines()
        errors = [line for line in lines if ERROR.match(line)] or [line for line in lines if "[ERROR]" in line] or lines
        raise CourseError(f"nbgrader could not {action}: {errors[0].strip() if errors else 'no reason given'}")


__all__ = [
    "Assignment",
    "BaseCell",
    "Comment",
    "Grade",
    "GradeCell",
    "Gradebook",
    "MissingEntry",
    "Notebook",
    "SolutionCell",
    "SourceCell",
    "SubmittedAssignment",
    "SubmittedNotebook",
    "TaskCell",
    "back_up",
    "config_of",
    "enrol",
    "given_by_hand",
    "gradebook",
    "has_gradebook",
    "nbgrader_api",
    "students",
    "succeed",
]
