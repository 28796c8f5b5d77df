"""nbgrader's CSV export, made honest: quoted, and with a status where stock writes a silent 0."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from triptych.grade.record import GRADED, NOT_GRADED, Record
from triptych.model.course import Course

COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
    "status",
    "reason",
)


class StatusExport(ExportPlugin):  # type: ignore[misc]
    """`nbgrader export` with two more columns: status (graded, not_graded, not_submitted) and reason.

    The score of what is not graded stays empty: a person decides what it is worth.
    """

    def export(self, gradebook: Gradebook) -> None:
        write_grades(gradebook, Path(self.to or "grades.csv"), Course.find(), list(self.student), list(self.assignment))


def write_grades(
    book: Gradebook, target: Path, course: Course, students: list[str] | None = None, chapters: list[str] | None = None
) -> None:
    """Writes one line for each student and chapter to `target`."""
    record = {(r["student"], r["chapter"]): r for r in Record(course).read()}
    with target.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for assignment in book.assignments:
            for student in book.students:
                if (students and student.id not in students) or (chapters and assignment.name not in chapters):
                    continue
                entry = record.get((student.id, assignment.name), {})
                rows.writerow(_row(book, assignment, student, entry))


def _row(book: Gradebook, assignment: Any, student: Any, entry: dict[str, Any]) -> dict[str, Any]:
    row = {
        "assignment": assignment.name,
        "duedate": assignment.duedate or "",
        "student_id": inert(student.id),
        "last_name": inert(student.last_name or ""),
        "first_name": inert(student.first_name or ""),
        "email": inert(student.email or ""),
        "max_score": assignment.max_score,
    }
    try:
        submission = book.find_submission(assignment.name, student.id)
    except MissingEntry:
        refused = entry.get("status") == NOT_GRADED
        return row | {
            "status": NOT_GRADED if refused else "not_submitted",
            "reason": inert(entry.get("reason", "")) if refused else "",
        }
    return row | {
        "timestamp": submission.timestamp or "",
        "raw_score": submission.score,
        "late_submission_penalty": submission.late_submission_penalty or 0.0,
        "score": counted_score(submission),
        "status": GRADED,
    }


def counted_score(submission: Any) -> float:
    """What a submission counts: its score less the penalty for being late, never below 0."""
    return max(0.0, submission.score - (submission.late_submission_penalty or 0.0))


def inert(text: str) -> str:
    """Text that a spreadsheet takes for text: a student's name must not become a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
