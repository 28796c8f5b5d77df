"""What a person grades: answers and tasks that wait for it, and manual scores that stay."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from courses import FORWARD, answer, cell, edit, scratch, shortened, submit
from in_process import in_process
from nbformat import NotebookNode

from triptych.build.answer_key import lecture_view
from triptych.build.release import release_chapter
from triptych.grade.record import Result
from triptych.grade.results.report import write_report
from triptych.grade.results.statistics import class_statistics
from triptych.grade.results.terminal import result_line
from triptych.grade.run import grade
from triptych.model.course import Course
from triptych.nbgrader_api import gradebook

RIGHT = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2"
ANSWERS = {"mul_jvp": RIGHT, "essay": "My own words.", "sketch": "my_own = 7"}
SECRET = "The model answer."


def add_manual_cells(notebook: NotebookNode) -> None:
    """A Markdown answer, a code answer and a task, of 4, 5 and 6 points."""
    shortened(notebook, "mul_jvp")
    common = {"locked": False, "schema_version": 3, "solution": True, "grade": True, "task": False}
    for new, fields in (
        (nbformat.v4.new_markdown_cell(SECRET, id="essay"), {"points": 4}),
        (nbformat.v4.new_code_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", id="sketch"), {"points": 5}),
        (nbformat.v4.new_markdown_cell("Draw it.", id="task"), {"points": 6, "locked": True, "solution": False, "grade": False, "task": True}),
    ):  # fmt: skip
        new.metadata.nbgrader = {**common, "grade_id": new.id, **fields}
        notebook.cells.append(new)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = scratch(tmp_path_factory.mktemp("manual") / "course")
    edit(course.notebook(FORWARD), add_manual_cells)
    release_chapter(course, FORWARD)
    return course.root


@pytest.fixture
def course(released: Path, tmp_path: Path) -> Course:
    return Course(shutil.copytree(released, tmp_path / "course", symlinks=True))


def run(course: Course) -> dict[str, Result]:
    return {r.student: r for r in grade(course, [FORWARD], sandbox="none", executor=in_process)}


def set_scores(course: Course, **scores: float) -> None:
    """Sets ada's scores as the formgrader does."""
    with gradebook(course) as book:
        for entry in book.find_submission(FORWARD, "ada").notebooks[0].grades:
            if entry.name in scores:
                entry.manual_score, entry.needs_manual_grade = scores[entry.name], False
        book.db.commit()


def row(course: Course) -> dict[str, str]:
    _, grades = write_report(course, [FORWARD])
    with grades.open(encoding="utf-8") as file:
        return next(row for row in csv.DictReader(file) if row["student_id"] == "ada")


def feedback(course: Course) -> str:
    return (course.root / "feedback" / "ada" / FORWARD / f"{FORWARD}.html").read_text(encoding="utf-8")


def submit_with_task(course: Course) -> Path:
    notebook = answer(course, FORWARD, ANSWERS)
    notebook.cells.append(nbformat.v4.new_markdown_cell("My drawing."))
    return submit(course, "ada", notebook)


def test_manual_answers_are_kept_flagged_and_counted(course: Course) -> None:
    submit_with_task(course)
    submit(course, "emmy", answer(course, FORWARD, {}))
    results = run(course)
    assert results["ada"].score == 2 and results["ada"].max_score == 17
    assert results["ada"].pending == {"essay": 4, "sketch": 5, "task": 6}
    assert "15 points to be graded by hand" in results["ada"].notes
    assert results["emmy"].pending == {"task": 6}  # what is untouched has 0 points, as nbgrader gives them
    autograded = nbformat.read(course.root / "autograded" / "ada" / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    assert [cell(autograded, id_).source for id_ in ("essay", "sketch", "task")] == [
        "My own words.",
        "my_own = 7",
        "Draw it.",
    ]
    assert autograded.cells[-1].source == "My drawing."
    with gradebook(course) as book:
        notebook: Any = book.find_submission(FORWARD, "ada").notebooks[0]
        assert notebook.needs_manual_grade
        assert {g.name for g in notebook.grades if g.needs_manual_grade} == {"essay", "sketch", "task"}
    page = feedback(course)
    assert page.count("… to be graded") == 3 and "15 of the points are still to be graded" in page
    assert "My own words." in page and "My drawing." in page and SECRET not in page
    assert row(course)["to_grade"] == "15.0"
    set_scores(course, essay=3, sketch=0, task=6)
    result = run(course)["ada"]
    assert (result.score, result.pending) == (11, {})
    assert "to be graded" not in feedback(course) and row(course)["to_grade"] == ""
    assert class_statistics(course, [FORWARD]).chapters[0].mean == (11 + 0) / 2


def test_the_release_and_the_lecture_hold_no_model_answer(course: Course) -> None:
    text = (course.release / FORWARD / f"{FORWARD}.ipynb").read_text(encoding="utf-8")
    assert SECRET not in text and "YOUR ANSWER HERE" in text
    shown = lecture_view(nbformat.read(course.notebook(FORWARD), as_version=4))
    assert SECRET not in nbformat.writes(shown)
    nbformat.validate(shown)


def test_manual_scores_of_an_earlier_submission_are_named_until_they_are_confirmed(course: Course) -> None:
    path = submit_with_task(course)
    test = next(name for name in run(course)["ada"].cells if name.startswith("mul_jvp_"))
    set_scores(course, **{test: 0.0})
    first = run(course)["ada"]
    assert not any("earlier" in note for note in first.notes)
    assert "set this score by hand. The test itself passed." in feedback(course)
    path.write_text(path.read_text(encoding="utf-8").replace("dx1 * x2", "x2 * dx1"), encoding="utf-8")
    second = run(course)["ada"]
    assert f"with manual scores of an earlier submission: {test}" in second.notes
    assert "earlier submission" in row(course)["notes"]
    again = {r.student: r for r in grade(course, [FORWARD], sandbox="none", executor=in_process, force=True)}["ada"]
    assert any("earlier" in note for note in again.notes)
    set_scores(course, **{test: 0.5})
    assert not any("earlier" in note for note in run(course)["ada"].notes)


def test_a_test_removed_from_the_chapter_does_not_make_a_submission_an_earlier_one(course: Course) -> None:
    submit(course, "ada", answer(course, FORWARD, ANSWERS))
    tests = [name for name in run(course)["ada"].cells if name.startswith("mul_jvp_")]
    set_scores(course, **{tests[0]: 0.5})
    run(course)
    edit(course.notebook(FORWARD), lambda notebook: notebook.cells.remove(cell(notebook, tests[1])))
    release_chapter(course, FORWARD)
    result = run(course)["ada"]
    assert tests[1] not in result.cells and result.cells[tests[0]].score == 0.5
    assert not any("earlier" in note for note in result.notes)


def test_a_time_of_arrival_is_read_or_its_absence_is_said(course: Course) -> None:
    with gradebook(course) as book:
        book.update_or_create_assignment(FORWARD, duedate="2026-10-01 11:00:00 UTC")
    times = {"ada": "2026-10-01 13:30:00 +0200", "emmy": "2026-10-01T12:30:00+02:00", "mary": "yesterday", "carl": None}
    for student, text in times.items():
        path = submit(course, student, answer(course, FORWARD, {}))
        if text:
            path.with_name("timestamp.txt").write_text(text)
    results = run(course)
    assert {student: result.late for student, result in results.items()} == dict.fromkeys(times, False) | {"ada": True}
    missing = {student for student, result in results.items() if any("no time of arrival" in n for n in result.notes)}
    assert missing == {"mary", "carl"}
    assert "no time of arrival" not in result_line(results["carl"])[-1], "the end of the run says how many"
    assert row(course)["timestamp"] == "2026-10-01 11:30:00"
    (course.submitted / "ada" / FORWARD / "timestamp.txt").unlink()
    result = run(course)["ada"]  # the time of the earlier submission does not remain
    assert not result.late and "no time of arrival" in result.notes
