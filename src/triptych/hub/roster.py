"""The roster: who takes part, one line a person.

user,role,first_name,last_name,email
noether,instructor,Emmy,Noether,
ada,student,Ada,Lovelace,ada@example.org
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from triptych.model.course import CourseError

#: What useradd takes everywhere, and what needs no quoting in a path or an address.
USER = re.compile(r"[a-z][a-z0-9-]{0,30}")
ROLES = ("student", "instructor")
COLUMNS = ("user", "role", "first_name", "last_name", "email")


@dataclass(frozen=True)
class Person:
    """Someone on the roster; `user` is the Unix account and the name to log in with."""

    user: str
    role: str = "student"
    first_name: str = ""
    last_name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Roster:
    instructor: Person
    students: tuple[Person, ...]

    @property
    def everyone(self) -> tuple[Person, ...]:
        return (self.instructor, *self.students)


def read_roster(path: Path) -> Roster:
    """Raises CourseError that names the line and what is wrong with it."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            if missing := {"user"} - set(rows.fieldnames or ()):
                raise CourseError(
                    f"{path} has no column {missing.pop()!r} in its first line: begin it with {','.join(COLUMNS)}."
                )
            people = [_person(row, f"{path}, line {rows.line_num}") for row in rows if any(row.values())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read as a CSV table ({error}): name another one with --roster.") from error
    return make_roster(people, str(path))


def as_csv(roster: Roster) -> str:
    """The roster as `read_roster` reads it."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS)
    rows.writeheader()
    rows.writerows(vars(person) for person in roster.everyone)
    return text.getvalue()


def make_roster(people: list[Person], where: str = "the roster") -> Roster:
    names = [person.user for person in people]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CourseError(f"{where} names {twice[0]} twice: give each person one line.")
    instructors = [person for person in people if person.role == "instructor"]
    students = tuple(person for person in people if person.role == "student")
    if len(instructors) != 1:
        raise CourseError(
            f"{where} has {len(instructors)} lines with the role instructor: exactly one person owns the course folder "
            "(several graders: docs/hub-at-scale.md)."
        )
    if not students:
        raise CourseError(f"{where} has no students: add a line for each.")
    return Roster(instructors[0], students)


def _person(row: dict[str, str | None], where: str) -> Person:
    values = {key: (row.get(key) or "").strip() for key in COLUMNS}
    values["role"] = values["role"] or "student"
    if not USER.fullmatch(values["user"]):
        raise CourseError(
            f"{where}: {values['user']!r} cannot be a user name (small letters, digits and -, at most 31, "
            "a letter first): choose another."
        )
    if values["role"] not in ROLES:
        raise CourseError(f"{where}: the role {values['role']!r} is unknown: give student or instructor.")
    return Person(**values)
