"""A chapter whose own answers do not get full points where submissions run is not built."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, cell, edit, scratch, shortened
from nbformat import NotebookNode
from needs import needs_sandbox
from typer.testing import CliRunner

from triptych.cli import app
from triptych.grade.own_answers import require_full_points, unproven
from triptych.model.course import Course, CourseError


@pytest.fixture
def course(tmp_path: Path) -> Course:
    course = scratch(tmp_path / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    return course


def break_answer(notebook: NotebookNode) -> None:
    answer = cell(notebook, "mul_jvp")
    answer.source = answer.source.replace("dx1 * x2 + x1 * dx2", "dx1 * x2")


@needs_sandbox
def test_a_chapter_is_refused_until_its_answers_get_full_points(course: Course) -> None:
    right = nbformat.read(course.notebook(FORWARD), as_version=4)
    edit(course.notebook(FORWARD), break_answer)
    with pytest.raises(
        CourseError,
        match=f"{FORWARD}, test cell mul_jvp_arrays: .*{FORWARD}, test cell mul_jvp_random_tangents: AssertionError",
    ):
        require_full_points(course, [FORWARD])
    assert unproven(course, [FORWARD]) == [FORWARD]
    nbformat.write(right, course.notebook(FORWARD))
    ran: list[int] = []
    require_full_points(course, [FORWARD], lambda: ran.append(1))
    require_full_points(course, [FORWARD], lambda: ran.append(1))
    assert len(ran) == 1 and unproven(course, [FORWARD]) == []


def test_without_a_sandbox_the_reason_is_said(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triptych.grade.sandbox.sandbox.find_problem", lambda: "bwrap is missing.")
    monkeypatch.setattr("triptych.cli.build_all", lambda *_, **__: None)
    result = CliRunner().invoke(app, ["build", "--course", str(course.root)])
    assert "own answers not run, because sandboxes do not work here (bwrap is missing)" in result.output


def test_a_course_of_nbgrader_is_told_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").touch()
    with pytest.raises(CourseError, match=r"but no source/course.toml, so it is no course of triptych. That needs"):
        Course.find(tmp_path)
