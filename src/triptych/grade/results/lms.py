"""Grades as the gradebooks of Canvas and Moodle import them: plugins for `nbgrader export --exporter`.

One line a student, one column a chapter, named as the chapter is. A score that does not exist (not
handed in, not graded) is an empty cell and never a 0: a person decides what it is worth.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from triptych.grade.results.export import counted_score, inert
from triptych.model.course import Course


class LmsExport(ExportPlugin):  # type: ignore[misc]
    """What both formats share: who and what is exported, and where to."""

    default_name = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        students = [s for s in gradebook.students if not self.student or s.id in map(str, self.student)]
        chapters = [a for a in gradebook.assignments if not self.assignment or a.name in map(str, self.assignment)]
        target = Path(self.to or self.default_name)
        with target.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(self.lines(gradebook, students, chapters))
        self.log.info("Exported %d students and %d chapters to %s", len(students), len(chapters), target)

    def lines(self, book: Gradebook, students: list[Any], chapters: list[Any]) -> Iterable[list[str]]:
        """The table, its head first."""
        raise NotImplementedError


class CanvasExport(LmsExport):
    """Canvas: its own five columns, a line with the points, then the students.

    Canvas finds a student by `ID` (its own number, nbgrader's `lms_user_id`), by `SIS Login ID`
    (nbgrader's student id), or by name, in this order; a chapter by the assignment of the same name.
    """

    default_name = "canvas.csv"

    def lines(self, book: Gradebook, students: list[Any], chapters: list[Any]) -> Iterable[list[str]]:
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(chapter.name for chapter in chapters)]
        yield ["    Points Possible", "", "", "", "", *(f"{points_possible(chapter):g}" for chapter in chapters)]
        for student in students:
            name = ", ".join(part for part in (student.last_name, student.first_name) if part) or student.id
            who = [name, student.lms_user_id or "", "", student.id, ""]
            yield [*map(inert, who), *(score(book, student, chapter) for chapter in chapters)]


class MoodleExport(LmsExport):
    """Moodle: columns of any name, which the teacher maps to users and grade items while importing.

    Users can be found by any of `Username` (nbgrader's student id), `ID number` (`lms_user_id`) and
    `Email address`.
    """

    default_name = "moodle.csv"

    def lines(self, book: Gradebook, students: list[Any], chapters: list[Any]) -> Iterable[list[str]]:
        yield ["First name", "Last name", "Username", "ID number", "Email address", *(c.name for c in chapters)]
        for student in students:
            who = [student.first_name, student.last_name, student.id, student.lms_user_id, student.email]
            yield [*(inert(text or "") for text in who), *(score(book, student, chapter) for chapter in chapters)]


def score(book: Gradebook, student: Any, chapter: Any) -> str:
    """A score with two decimals, as both gradebooks show it; empty when there is none."""
    try:
        return f"{counted_score(book.find_submission(chapter.name, student.id)):.2f}"
    except MissingEntry:
        return ""


def points_possible(chapter: Any) -> float:
    """What a chapter is worth without its bonus exercises, which then count as bonus."""
    plan = Course.find().plans.get(chapter.name)
    return float(chapter.max_score) - (plan.bonus_points if plan else 0.0)
