"""Grades as Canvas and Moodle import them: plugins for `nbgrader export --exporter`.

One row per student, one column per chapter, named like the chapter. The score of a chapter that is not handed in
or not graded is an empty cell and never 0: a person decides on it. A chapter of which nothing is graded is left out,
since Canvas deletes the scores of an empty column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from triptych.grade.results.class_list import ClassList, Student
from triptych.grade.results.export import TableExport, escape_formula
from triptych.model.course import Course


class CanvasExport(TableExport):
    """Canvas: its own five columns, a row with the points of each chapter, then the students.

    Canvas finds a student by `ID` (its own number, nbgrader's `lms_user_id`), by `SIS Login ID` (nbgrader's student
    id), or by name, in this order; a chapter by the assignment of the same name.
    """

    default_name = "canvas.csv"

    def rows(
        self, class_list: ClassList, students: Sequence[Student], chapters: Sequence[Any]
    ) -> Iterable[Sequence[object]]:
        chapters = _graded(class_list, students, chapters)
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(chapter.name for chapter in chapters)]
        yield ["    Points Possible", "", "", "", "", *(f"{_points_possible(chapter):g}" for chapter in chapters)]
        for student in filter(_is_known, students):
            name = ", ".join(part for part in (student.last_name, student.first_name) if part) or student.id
            yield _row([name, student.lms_user_id, "", student.id, ""], class_list, student, chapters)


class MoodleExport(TableExport):
    """Moodle: columns of any name, which the teacher maps to users and grade items during the import.

    Moodle finds users by `Username` (nbgrader's student id), `ID number` (`lms_user_id`) or `Email address`.
    """

    default_name = "moodle.csv"

    def rows(
        self, class_list: ClassList, students: Sequence[Student], chapters: Sequence[Any]
    ) -> Iterable[Sequence[object]]:
        chapters = _graded(class_list, students, chapters)
        yield ["First name", "Last name", "Username", "ID number", "Email address", *(c.name for c in chapters)]
        for student in filter(_is_known, students):
            person = [student.first_name, student.last_name, student.id, student.lms_user_id, student.email]
            yield _row(person, class_list, student, chapters)


def _row(person: Sequence[str], class_list: ClassList, student: Student, chapters: Sequence[Any]) -> list[str]:
    """The columns about the student, then the scores."""
    points = [class_list.standing(student.id, chapter.name).points for chapter in chapters]
    # two decimals, as both systems show them; empty if there is no graded submission
    return [*map(escape_formula, person), *("" if p is None else f"{p:.2f}" for p in points)]


def _graded(class_list: ClassList, students: Sequence[Student], chapters: Sequence[Any]) -> list[Any]:
    """The chapters of which something is graded."""
    return [c for c in chapters if any(class_list.standing(s.id, c.name).is_graded for s in students)]


def _is_known(student: Student) -> bool:
    """Whether the gradebook has the student. The systems need not know of others, who have no scores."""
    return student.in_gradebook


def _points_possible(chapter: Any) -> float:
    """The points of a chapter without its bonus exercises, so that the systems count those as a bonus."""
    plan = Course.find().plans.get(chapter.name)
    return float(chapter.max_score) - (plan.bonus_points if plan else 0.0)
