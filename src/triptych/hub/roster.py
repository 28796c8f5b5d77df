"""The roster: the users of a hub, one line each.

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

#: Names that useradd accepts everywhere and that need no quoting in a path or an address.
USER = re.compile(r"[a-z][a-z0-9-]{0,30}")
ROLES = ("student", "instructor")
COLUMNS = ("user", "role", "first_name", "last_name", "email")


@dataclass(frozen=True)
class Person:
    """A line of the roster; `user` is the Unix account and the login name."""

    user: str
    role: str = "student"
    first_name: str = ""
    last_name: str = ""
    email: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Roster:
    """The instructor and the students of a hub."""

    instructor: Person
    students: tuple[Person, ...]

    @property
    def everyone(self) -> tuple[Person, ...]:
        return (self.instructor, *self.students)


def read_roster(path: Path) -> Roster:
    """Reads a roster from a CSV file.

    Raises:
        CourseError: the file cannot be read or a line is wrong; the message names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            if "user" not in (rows.fieldnames or ()):
                raise CourseError(f"{path} has no column 'user' in its first line: begin it with {','.join(COLUMNS)}.")
            people = [_person(row, f"{path}, line {rows.line_num}") for row in rows if any(row.values())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read as a CSV table ({error}): name another one with --roster.") from error
    return make_roster(people, str(path))


def as_csv(roster: Roster) -> str:
    """The text of a CSV file that `read_roster` reads as the same roster."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS)
    rows.writeheader()
    rows.writerows(vars(person) for person in roster.everyone)
    return text.getvalue()


def make_roster(people: list[Person], source: str = "the roster") -> Roster:
    """Divides people into the instructor and the students.

    Args:
        people: everyone on the roster.
        source: the name of the roster in messages.

    Raises:
        CourseError: a user occurs twice, there is not exactly one instructor, or there are no students.
    """
    users = [person.user for person in people]
    if duplicates := sorted({user for user in users if users.count(user) > 1}):
        raise CourseError(f"{source} names {duplicates[0]} twice: give each person one line.")
    instructors = [person for person in people if person.role == "instructor"]
    students = tuple(person for person in people if person.role == "student")
    if len(instructors) != 1:
        raise CourseError(
            f"{source} has {len(instructors)} lines with the role instructor: give exactly one, who owns the course "
            "folder (several graders: docs/hub/scale.md)."
        )
    if not students:
        raise CourseError(f"{source} has no students: add a line for each.")
    return Roster(instructors[0], students)


def _person(row: dict[str, str | None], place: str) -> Person:
    values = {key: (row.get(key) or "").strip() for key in COLUMNS}
    values["role"] = values["role"] or "student"
    if not USER.fullmatch(values["user"]):
        raise CourseError(
            f"{place}: {values['user']!r} cannot be a user name (lower-case letters, digits and -, at most 31 "
            "characters, beginning with a letter): choose another."
        )
    if values["role"] not in ROLES:
        raise CourseError(f"{place}: the role {values['role']!r} is unknown: give student or instructor.")
    return Person(**values)
