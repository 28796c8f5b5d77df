"""Grades as Canvas and Moodle import them: plugins for `nbgrader export --exporter`.

One row per student, one column per chapter, named like the chapter. The score of a chapter that is not handed in
or not graded is an empty cell and never 0: a person decides on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from triptych.grade.results.export import TableExport, counted_score, escape_formula
from triptych.model.course import Course


class CanvasExport(TableExport):
    """Canvas: its own five columns, a row with the points of each chapter, then the students.

    Canvas finds a student by `ID` (its own number, nbgrader's `lms_user_id`), by `SIS Login ID` (nbgrader's student
    id), or by name, in this order; a chapter by the assignment of the same name.
    """

    default_name = "canvas.csv"

    def rows(self, book: Gradebook, students: Sequence[Any], chapters: Sequence[Any]) -> Iterable[Sequence[object]]:
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(chapter.name for chapter in chapters)]
        yield ["    Points Possible", "", "", "", "", *(f"{_points_possible(chapter):g}" for chapter in chapters)]
        for student in students:
            name = ", ".join(part for part in (student.last_name, student.first_name) if part) or student.id
            yield _row([name, student.lms_user_id, "", student.id, ""], book, student, chapters)


class MoodleExport(TableExport):
    """Moodle: columns of any name, which the teacher maps to users and grade items during the import.

    Moodle finds users by `Username` (nbgrader's student id), `ID number` (`lms_user_id`) or `Email address`.
    """

    default_name = "moodle.csv"

    def rows(self, book: Gradebook, students: Sequence[Any], chapters: Sequence[Any]) -> Iterable[Sequence[object]]:
        yield ["First name", "Last name", "Username", "ID number", "Email address", *(c.name for c in chapters)]
        for student in students:
            person = [student.first_name, student.last_name, student.id, student.lms_user_id, student.email]
            yield _row(person, book, student, chapters)


def _row(person: Sequence[str | None], book: Gradebook, student: Any, chapters: Sequence[Any]) -> list[str]:
    """The columns about the student, then the scores."""
    return [*(escape_formula(text or "") for text in person), *(_score(book, student, chapter) for chapter in chapters)]


def _score(book: Gradebook, student: Any, chapter: Any) -> str:
    """A score with two decimals, as both systems show it; empty if there is no graded submission."""
    try:
        submission = book.find_submission(chapter.name, student.id)
    except MissingEntry:
        return ""
    return f"{counted_score(submission.score, submission.late_submission_penalty):.2f}"


def _points_possible(chapter: Any) -> float:
    """The points of a chapter without its bonus exercises, so that the systems count those as a bonus."""
    plan = Course.find().plans.get(chapter.name)
    return float(chapter.max_score) - (plan.bonus_points if plan else 0.0)
