"""The list of files in `submitted/` that are not graded, for the terminal, the report and `not_used.csv`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from triptych.files import replacing
from triptych.grade.results.export import escape_formula, write_csv
from triptych.grade.submission.places import Finding, survey
from triptych.model.course import Course
from triptych.nbgrader_api import gradebook

FILE = "not_used.csv"


def findings(course: Course) -> list[Finding]:
    """What lies in `submitted/` in a wrong place, or belongs to nobody on the roster.

    The roster is the gradebook's students of whom it has more than the id, which grading enters, too.
    """
    with gradebook(course) as book:
        known = [s for s in book.students if s.first_name or s.last_name or s.email or s.lms_user_id]
        roster = {str(student.id) for student in known}
    return survey(course.submitted, list(course.plans), roster)


def write_findings(course: Course, found: Sequence[Finding]) -> Path | None:
    """Writes `not_used.csv` and returns its path, or removes it if there is nothing to say."""
    path = course.root / FILE
    if not found:
        path.unlink(missing_ok=True)
        return None
    rows = [[f"submitted/{f.path}", f.student, f.chapter, "yes" if f.used else "no", f.problem] for f in found]
    with replacing(path) as file:
        header = ["path", "student", "chapter", "graded", "problem"]
        write_csv(file, [header, *([escape_formula(text) for text in row] for row in rows)])
    return path


__all__ = ["FILE", "findings", "write_findings"]
