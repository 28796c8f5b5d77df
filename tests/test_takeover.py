"""A chapter that changes in mid-term: the gradebook follows, and what was given by hand stays."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from courses import FORWARD, answer, cell, edit, scratch, shortened, submit
from in_process import in_process
from nbformat import NotebookNode
from sqlalchemy import Engine, event

from triptych.build import release
from triptych.build.release import release_chapter
from triptych.build.takeover import planned_change
from triptych.grade.run import grade, plan
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook

ANSWERS = {
    "mul_jvp": "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2",
    "sum_jvp": "def sum_jvp(x, dx):\n    return sum(x), sum(dx)",
}
Scores = dict[str, tuple[float | None, float | None, float]]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two exercises, graded for ada and emmy; ada has a manual score and a comment for each exercise."""
    course = scratch(tmp_path_factory.mktemp("change") / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp", "sum_jvp"))
    release_chapter(course, FORWARD)
    for student in ("ada", "emmy"):
        submit(course, student, answer(course, FORWARD, ANSWERS))
    run(course)
    with gradebook(course) as book:
        notebook = book.find_submission(FORWARD, "ada").notebooks[0]
        for entry in notebook.grades:
            entry.manual_score, entry.needs_manual_grade = 0.5, False
        for entry in notebook.comments:
            entry.manual_comment = f"on {entry.name}"
        book.db.commit()
    return course.root


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Course:
    return Course(shutil.copytree(graded, tmp_path / "course", symlinks=True))


def run(course: Course) -> dict[str, Any]:
    return {r.student: r for r in grade(course, [FORWARD], sandbox="none", executor=in_process)}


def scores(course: Course, student: str = "ada") -> Scores:
    """Automatic and manual score and points by test cell."""
    with gradebook(course) as book:
        grades = book.find_submission(FORWARD, student).notebooks[0].grades
        return {g.name: (g.auto_score, g.manual_score, g.max_score) for g in grades}


def comments(course: Course) -> dict[str, str]:
    with gradebook(course) as book:
        return {c.name: c.manual_comment for c in book.find_submission(FORWARD, "ada").notebooks[0].comments}


def cells_of_tests(notebook: NotebookNode, exercise: str) -> list[NotebookNode]:
    return [c for c in notebook.cells if c.id.startswith(f"{exercise}_")]


def add_test(notebook: NotebookNode) -> None:
    new = copy.deepcopy(cells_of_tests(notebook, "mul_jvp")[0])
    new.id = new.metadata.nbgrader.grade_id = "mul_jvp_zero"
    new.source = "### BEGIN HIDDEN TESTS\nassert mul_jvp(0, 0, 0, 0)[0] == 0, 'zero'\n### END HIDDEN TESTS"
    new.metadata.nbgrader.points = 3
    notebook.cells.append(new)


def rename_test(notebook: NotebookNode) -> None:
    test = cells_of_tests(notebook, "mul_jvp")[0]
    test.id = test.metadata.nbgrader.grade_id = "mul_jvp_another"


def remove_test(notebook: NotebookNode) -> None:
    notebook.cells.remove(cells_of_tests(notebook, "mul_jvp")[0])


def remove_exercise(notebook: NotebookNode) -> None:
    notebook.cells = [c for c in notebook.cells if c.id != "sum_jvp" and not c.id.startswith("sum_jvp_")]


def change_points(notebook: NotebookNode) -> None:
    cells_of_tests(notebook, "mul_jvp")[0].metadata.nbgrader.points = 7


CHANGES: dict[str, tuple[Callable[[NotebookNode], None], Callable[[Scores, str], Scores], str]] = {
    "a test is added": (add_test, lambda s, _: s | {"mul_jvp_zero": (3, None, 3)}, "mul_jvp_zero added"),
    "a test is renamed": (
        rename_test,
        lambda s, t: {"mul_jvp_another" if name == t else name: value for name, value in s.items()},
        "renamed to mul_jvp_another",
    ),
    "a test is removed": (remove_test, lambda s, t: {name: v for name, v in s.items() if name != t}, "removed"),
    "an exercise is removed": (
        remove_exercise,
        lambda s, _: {name: v for name, v in s.items() if not name.startswith("sum_jvp")},
        "ada: .*loses the comment “on sum_jvp” of sum_jvp",
    ),
    "points change": (
        change_points,
        lambda s, t: s | {t: (7, s[t][1], 7)},
        "keeps the manual score 0.5 of .*, now of 7 points",
    ),
}


@pytest.mark.parametrize(("name", "by_build"), [("a test is added", False), *((name, True) for name in CHANGES)])
def test_a_change_is_taken_over_score_by_score(name: str, by_build: bool, course: Course) -> None:
    change, expected, line = CHANGES[name]
    test = cells_of_tests(nbformat.read(course.notebook(FORWARD), as_version=4), "mul_jvp")[0].id
    before, before_emmy, said = scores(course), scores(course, "emmy"), comments(course)
    assert {manual for _, manual, _ in before.values()} == {0.5}
    edit(course.notebook(FORWARD), change)
    planned = plan(course, [FORWARD], sandbox="none")
    assert any(f"{FORWARD}  emmy: would be graded" in text for text in planned)
    assert re.search(line, "\n".join(planned)), planned
    assert scores(course) == before  # the plan changes nothing
    if by_build:
        release_chapter(course, FORWARD)
    results = run(course)
    assert scores(course) == expected(before, test)
    emmy = {name: (auto, None, points) for name, (auto, _, points) in expected(before_emmy, test).items()}
    assert scores(course, "emmy") == emmy
    remaining = {c: text for c, text in said.items() if "exercise" not in name or c != "sum_jvp"}
    assert comments(course) == remaining
    assert results["ada"].score == sum(0.5 if m is not None else a for a, m, _ in scores(course).values())
    assert not planned_change(course, FORWARD)
    assert all(result.unchanged for result in run(course).values())


def test_a_chapter_that_has_not_changed_has_no_change(tmp_path: Path) -> None:
    """All of it, since its student version has other text and fewer cells than its source."""
    course = scratch(tmp_path / "course")
    release_chapter(course, FORWARD)
    change = planned_change(course, FORWARD)
    assert change is not None and not change, list(change.lines())


def test_a_student_s_first_submission_after_a_change_is_graded(course: Course) -> None:
    edit(course.notebook(FORWARD), add_test)
    submit(course, "mary", answer(course, FORWARD, {}))
    results = run(course)
    assert results["mary"].score == 0 and results["mary"].max_score == results["ada"].max_score


def test_a_failing_build_leaves_release_and_gradebook(course: Course) -> None:
    before, page = scores(course), (course.release / FORWARD / f"{FORWARD}.ipynb").read_bytes()

    def spoil(notebook: NotebookNode) -> None:
        add_test(notebook)
        twice = copy.deepcopy(cell(notebook, "mul_jvp_zero"))
        twice.id = "another"
        notebook.cells.append(twice)

    edit(course.notebook(FORWARD), spoil)
    with pytest.raises(CourseError, match=r"nbgrader could not make the student version of .*mul_jvp_zero"):
        release_chapter(course, FORWARD)
    assert scores(course) == before
    assert (course.release / FORWARD / f"{FORWARD}.ipynb").read_bytes() == page


def test_a_build_while_others_grade_does_not_change_the_gradebook(course: Course) -> None:
    edit(course.notebook(FORWARD), add_test)
    with release.course_lock(course), pytest.raises(CourseError, match="another run"):
        release_chapter(course, FORWARD)


def statements(call: Callable[[], object]) -> int:
    """The number of SQL statements that a call executes."""
    count = 0

    def add(*_: object) -> None:
        nonlocal count
        count += 1

    event.listen(Engine, "before_cursor_execute", add)
    try:
        call()
    finally:
        event.remove(Engine, "before_cursor_execute", add)
    return count


def test_an_unchanged_class_costs_no_statement_per_student(course: Course) -> None:
    run(course)  # with the scores by hand
    few = statements(lambda: run(course))
    for student in ("blaise", "grace", "mary"):
        submit(course, student, answer(course, FORWARD, ANSWERS))
    assert statements(lambda: run(course)) > few > 0
    assert statements(lambda: run(course)) == few
