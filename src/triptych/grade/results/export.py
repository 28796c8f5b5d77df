"""nbgrader's CSV export, safe in spreadsheets and with a status where nbgrader's own exporter writes a score of 0."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin

from triptych.grade.results.class_list import ClassList, Student, read_class
from triptych.model.course import Course

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score", "status", "reason", "file", "to_grade", "notes",
)  # fmt: skip


class TableExport(ExportPlugin):  # type: ignore[misc]
    """An exporter that writes a CSV table of the chosen students and chapters, or of all of them."""

    default_name = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        class_list = read_class(Course.find(), gradebook)
        students = [s for s in class_list.students.values() if not self.student or s.id in map(str, self.student)]
        chapters = [a for a in gradebook.assignments if not self.assignment or a.name in map(str, self.assignment)]
        target = Path(self.to or self.default_name)
        write_csv(target, self.rows(class_list, students, chapters))
        self.log.info("Exported %d students and %d chapters to %s", len(students), len(chapters), target)

    def rows(
        self, class_list: ClassList, students: Sequence[Student], chapters: Sequence[Any]
    ) -> Iterable[Sequence[object]]:
        """The rows of the table, the header first.

        Args:
            class_list: everybody's standing.
            students: the students to export.
            chapters: nbgrader's assignments to export.
        """
        raise NotImplementedError


class StatusExport(TableExport):
    """`nbgrader export` with more columns: status (graded, not_graded, not_submitted), reason, file,
    to_grade (points that wait for a person) and notes.

    The score of a submission that is not graded stays empty: a person decides on it.
    """

    def rows(
        self, class_list: ClassList, students: Sequence[Student], chapters: Sequence[Any]
    ) -> Iterable[Sequence[object]]:
        return grade_rows(class_list, students, chapters)


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Writes rows as CSV."""
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        csv.writer(file).writerows(rows)


def grade_rows(
    class_list: ClassList, students: Iterable[Student], chapters: Sequence[Any]
) -> Iterable[Sequence[object]]:
    """The header, then a row for each chapter and student; see `TableExport.rows` for the arguments."""
    yield COLUMNS
    students = list(students)
    for chapter in chapters:
        name, due, max_score = chapter.name, chapter.duedate, chapter.max_score
        for student in students:
            standing = class_list.standing(student.id, name)
            row: dict[str, object] = {"assignment": name, "duedate": due, "max_score": max_score}
            row["student_id"] = escape_formula(student.id)
            for column in ("last_name", "first_name", "email"):
                row[column] = escape_formula(getattr(student, column))
            row |= {"status": standing.status, "reason": escape_formula(standing.reason)}
            if standing.submitted is not None:
                row["timestamp"] = standing.submitted.replace(tzinfo=None)  # as nbgrader writes it, in UTC
            if standing.is_graded:
                row |= {
                    "raw_score": standing.score,
                    "late_submission_penalty": standing.penalty,
                    "score": standing.points,
                }
                row["to_grade"] = standing.pending or None
                row |= {"file": escape_formula(standing.file), "notes": escape_formula("; ".join(standing.notes))}
            yield [row.get(column) for column in COLUMNS]


def is_pending(grade: Any) -> bool:
    """Whether an entry of the gradebook waits for a person: it has neither an automatic nor a manual score."""
    return grade.manual_score is None and grade.auto_score is None


def escape_formula(text: str) -> str:
    """Text that a spreadsheet does not evaluate: a name like `=1+1` is prefixed with a quote."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
