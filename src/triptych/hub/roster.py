"""The roster of a hub: its users, of whom one is the instructor. `triptych.model.roster` describes the file."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from triptych.model.course import CourseError
from triptych.model.roster import COLUMNS, Person, read_people

#: Names that useradd accepts everywhere and that need no quoting in a path or an address.
USER = re.compile(r"[a-z][a-z0-9-]{0,30}")
RULE = "lower-case letters, digits and -, at most 31 characters, beginning with a letter"


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
    return make_roster(read_people(path, USER, RULE), str(path))


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
        CourseError: there is not exactly one instructor, or there are no students.
    """
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


__all__ = ["Person", "Roster", "as_csv", "make_roster", "read_roster"]
