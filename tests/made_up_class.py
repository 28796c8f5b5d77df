"""A class of any size in a gradebook and a record, without any notebook: for the report and the exports.

`python tests/made_up_class.py FOLDER STUDENTS` makes one with all chapters, to look at.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from courses import PROJECT, scratch
from nbgrader.api import Student

from triptych.grade.record import GRADED, NOT_GRADED, CellScore, Record, Result
from triptych.grade.results.feedback import LEFT_OPEN
from triptych.model.cell_names import assertion_messages
from triptych.model.chapter import Role, exercise_of, read_chapter
from triptych.model.course import Course
from triptych.nbgrader_api import Grade, Gradebook, SubmittedAssignment, SubmittedNotebook, gradebook

DUE = datetime(2026, 10, 1, 12)
#: Names that students chose themselves: a script, bidirectional controls, another script, a formula, a path, a long one.
STRANGE = ("<script>alert(1)</script>", "ab\u202egpj.exe", "שרה", "=1+1", "a'b\"c&d", "x" * 120)
NO_JSON = "the notebook is not valid JSON: open it in JupyterLab, save it and submit again"
FIRST = [
    "Ada",
    "Emmy",
    "Carl",
    "Blaise",
    "Joseph",
    "Sofia",
    "Isaac",
    "Mary",
    "Leonhard",
    "Maryam",
    "Srinivasa",
    "Sophie",
    "David",
    "Grace",
    "Alan",
    "Katherine",
]
LAST = [
    "Noether",
    "Gauß",
    "Ramanujan",
    "Kovalevskaya",
    "Euler",
    "Germain",
    "Hilbert",
    "Hopper",
    "Turing",
    "Johnson",
    "Mirzakhani",
    "Poincaré",
]


def make(root: Path, students: int, chapters: list[str], strange: tuple[str, ...] = STRANGE) -> Course:
    """A course whose chapters are in the gradebook, with students who submitted most of them."""
    course = scratch(root, chapters)
    rng = random.Random(students)
    names = [*strange, *(f"s{number:04}" for number in range(1, students + 1 - len(strange)))]
    results = []
    with gradebook(course) as book:
        for number, chapter in enumerate(chapters):
            _add_chapter(book, course, chapter, DUE + timedelta(weeks=number))
        # in bulk: nbgrader's own calls take minutes for thousands of submissions
        entries: list[Any] = []
        for name in names:
            first, last = rng.choice(FIRST), rng.choice(LAST)
            email = f"{first}.{last}@example.org".lower()
            entries.append(Student(id=name, first_name=first, last_name=last, email=email))
            skill, diligence = rng.gauss(1.2, 1.1), rng.random() ** 0.3
            for number, chapter in enumerate(chapters):
                if rng.random() > diligence - 0.02 * number:
                    continue
                if rng.random() < 0.02:
                    results.append(Result(name, chapter, NOT_GRADED, NO_JSON))
                else:
                    results.append(_submission(book, course, name, chapter, skill - 0.12 * number, rng, entries))
        book.db.bulk_save_objects(entries)
        book.db.commit()
    (course.root / ".triptych").mkdir(exist_ok=True)
    lines = (json.dumps(asdict(result)) + "\n" for result in results)
    Record(course).path.write_text("".join(lines), encoding="utf-8")
    return course


_CHAPTERS: dict[str, tuple[dict[str, float], dict[str, list[str]], dict[str, str]]] = {}


def _chapter(course: Course, chapter: str) -> tuple[dict[str, float], dict[str, list[str]], dict[str, str]]:
    """Points, sentences and exercise of each test cell."""
    if chapter not in _CHAPTERS:
        cells = list(read_chapter(PROJECT.notebook(chapter)).with_role(Role.TEST))
        exercises = course.plans[chapter].exercises
        _CHAPTERS[chapter] = (
            {cell.grade_id: cell.points for cell in cells},
            {cell.grade_id: sorted(assertion_messages(cell.source)) for cell in cells},
            {cell.grade_id: exercise_of(cell.grade_id, exercises) or "" for cell in cells},
        )
    return _CHAPTERS[chapter]


def _add_chapter(book: Gradebook, course: Course, chapter: str, due: datetime) -> None:
    book.add_assignment(chapter, duedate=due)
    book.add_notebook(chapter, chapter)
    for test, points in _chapter(course, chapter)[0].items():
        book.add_grade_cell(test, chapter, chapter, max_score=points, cell_type="code")


def _submission(
    book: Gradebook, course: Course, student: str, chapter: str, skill: float, rng: random.Random, entries: list[Any]
) -> Result:
    points, sentences, owner = _chapter(course, chapter)
    assignment = book.find_assignment(chapter)
    id_ = f"{student} {chapter}"
    late = rng.random() < 0.06
    arrived = assignment.duedate + timedelta(hours=rng.uniform(1, 60) if late else -rng.uniform(0, 90))
    notebook = SubmittedNotebook(id=id_, assignment_id=id_, notebook_id=assignment.notebooks[0].id)
    entries += [
        SubmittedAssignment(id=id_, assignment_id=assignment.id, student_id=student, timestamp=arrived),
        notebook,
    ]
    cells, messages = {}, {}
    left_open = {exercise for exercise in sorted(set(owner.values())) if rng.random() < 0.1 - 0.05 * skill}
    for cell in assignment.notebooks[0].grade_cells:
        test = cell.name
        hardness = random.Random(test).gauss(0, 0.9)
        is_right = owner[test] not in left_open and skill + rng.gauss(0, 1) > hardness
        score = points[test] if is_right else 0.0
        entries.append(Grade(notebook_id=id_, cell_id=cell.id, auto_score=score, needs_manual_grade=False))
        cells[test] = CellScore(score, points[test])
        if owner[test] in left_open:
            messages[test] = LEFT_OPEN
        elif not is_right:
            messages[test] = rng.choice(sentences[test] or ["TypeError: unsupported operand type(s)"])
    total = sum(cell.score for cell in cells.values())
    most = sum(points.values())
    return Result(student, chapter, GRADED, score=total, max_score=most, late=late, cells=cells, messages=messages)


if __name__ == "__main__":
    from triptych.grade.results.report import write_report

    course = make(Path(sys.argv[1]), int(sys.argv[2]), list(PROJECT.chapters))
    print(*write_report(course, list(PROJECT.chapters)))
