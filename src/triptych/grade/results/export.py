"""nbgrader's CSV export, safe in spreadsheets and with a status where nbgrader's own exporter writes a score of 0."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from triptych.grade.record import GRADED, NOT_GRADED, Record
from triptych.model.course import Course

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score", "status", "reason", "file", "to_grade", "notes",
)  # fmt: skip


class TableExport(ExportPlugin):  # type: ignore[misc]
    """An exporter that writes a CSV table of the chosen students and chapters, or of all of them."""

    default_name = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        students = [s for s in gradebook.students if not self.student or s.id in map(str, self.student)]
        chapters = [a for a in gradebook.assignments if not self.assignment or a.name in map(str, self.assignment)]
        target = Path(self.to or self.default_name)
        write_csv(target, self.rows(gradebook, students, chapters))
        self.log.info("Exported %d students and %d chapters to %s", len(students), len(chapters), target)

    def rows(self, book: Gradebook, students: Sequence[Any], chapters: Sequence[Any]) -> Iterable[Sequence[object]]:
        """The rows of the table, the header first.

        Args:
            book: the open gradebook.
            students: nbgrader's students to export.
            chapters: nbgrader's assignments to export.
        """
        raise NotImplementedError


class StatusExport(TableExport):
    """`nbgrader export` with more columns: status (graded, not_graded, not_submitted), reason, file,
    to_grade (points that wait for a person) and notes.

    The score of a submission that is not graded stays empty: a person decides on it.
    """

    def rows(self, book: Gradebook, students: Sequence[Any], chapters: Sequence[Any]) -> Iterable[Sequence[object]]:
        return grade_rows(book, Course.find(), students, chapters)


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Writes rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def grade_rows(
    book: Gradebook, course: Course, students: Sequence[Any], chapters: Sequence[Any]
) -> Iterable[Sequence[object]]:
    """The header, then a row for each chapter and student; see `TableExport.rows` for the arguments."""
    results = Record(course).results()
    yield COLUMNS
    for chapter in chapters:
        for student in students:
            row = {"assignment": chapter.name, "duedate": chapter.duedate, "max_score": chapter.max_score}
            row["student_id"] = escape_formula(student.id)
            for name in ("last_name", "first_name", "email"):
                row[name] = escape_formula(getattr(student, name) or "")
            try:
                submission = book.find_submission(chapter.name, student.id)
            except MissingEntry:
                result = results.get((student.id, chapter.name))
                if result is not None and result.status == NOT_GRADED:
                    row |= {"status": NOT_GRADED, "reason": escape_formula(result.reason)}
                else:
                    row["status"] = "not_submitted"
            else:
                row |= {
                    "timestamp": submission.timestamp,
                    "raw_score": submission.score,
                    "late_submission_penalty": submission.late_submission_penalty or 0.0,
                    "score": counted_score(submission.score, submission.late_submission_penalty),
                    "status": GRADED,
                }
                pending = sum(g.max_score for n in submission.notebooks for g in n.grades if is_pending(g))
                row["to_grade"] = pending or None
                if (result := results.get((student.id, chapter.name))) is not None:
                    row |= {"file": escape_formula(result.file), "notes": escape_formula("; ".join(result.notes))}
            yield [row.get(column) for column in COLUMNS]


def is_pending(grade: Any) -> bool:
    """Whether an entry of the gradebook waits for a person: it has neither an automatic nor a manual score."""
    return grade.manual_score is None and grade.auto_score is None


def counted_score(score: float, penalty: float | None) -> float:
    """A score less the penalty for late submission, never below 0."""
    return max(0.0, float(score) - float(penalty or 0.0))


def escape_formula(text: str) -> str:
    """Text that a spreadsheet does not evaluate: a name like `=1+1` is prefixed with a quote."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
