"""The slides of a notebook, and the plan of the workshop."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, PROJECT, cell, edit, scratch
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from triptych.check.fix import fix_chapter
from triptych.check.rules import check_chapter, check_course
from triptych.model.course import Course, CourseError, ExercisePlan
from triptych.model.slides import plan_text, slides_of
from triptych.model.workshop import SLACK, clock, core_chapters, parts_of


def typed(cell_: NotebookNode, slide_type: str, **metadata: object) -> NotebookNode:
    cell_.metadata.update({"slideshow": {"slide_type": slide_type}, **metadata})
    return cell_


def text(source: str, slide_type: str = "slide") -> NotebookNode:
    return typed(new_markdown_cell(source), slide_type)


def sources() -> dict[str, NotebookNode]:
    return {chapter: nbformat.read(PROJECT.notebook(chapter), as_version=4) for chapter in PROJECT.chapters}


def test_core_path_continues_on_subslides_without_a_heading() -> None:
    cells = [
        text("# Title"),
        text("## ● One"),
        typed(new_code_cell("x = 1"), "subslide"),
        text("## Two", "subslide"),
        typed(new_code_cell("x = 2"), "subslide"),
        text("## ● Three", "subslide"),
        typed(new_code_cell("x = 3"), "slide"),
    ]
    core = [slide.core for slide in slides_of(new_notebook(cells=cells))]
    assert core == [False, True, True, False, False, True, False]


def test_recap_on_the_core_path_is_a_recap() -> None:
    titles = ["# T", "## ● Recap: all", "## Recap", "## Recaps no"]
    slides = slides_of(new_notebook(cells=[text(title) for title in titles]))
    assert ["recap" in slide.looks for slide in slides] == [False, True, True, True]
    assert [slide.core for slide in slides] == [False, True, False, False]


@pytest.mark.parametrize(
    ("cells", "empty"),
    [
        ([typed(new_code_cell("plot()"), "slide", jupyter={"source_hidden": True})], True),
        ([typed(new_code_cell("plot()"), "slide", tags=["hide-input"])], True),
        ([typed(new_code_cell(""), "slide"), typed(new_raw_cell("A note."), "notes")], True),
        ([text("<!-- later -->")], True),
        ([typed(new_code_cell("plot()"), "slide")], False),
        ([typed(new_code_cell("p()", outputs=[new_output("stream", text="1")]), "slide", tags=["hide-input"])], False),
        ([typed(new_code_cell("plot()"), "slide", tags=["hide-input"]), text("Words.", "-")], False),
    ],
    ids=["hidden_live", "hidden_tag", "blank_with_note", "comment", "code", "output", "words"],
)
def test_slide_that_shows_nothing_is_empty(cells: list[NotebookNode], empty: bool) -> None:
    (slide,) = slides_of(new_notebook(cells=cells))
    assert slide.empty is empty


def test_plan_text_has_points_and_minutes() -> None:
    assert plan_text(ExercisePlan("e", 1, 2)) == "1 point · 2 minutes"
    assert plan_text(ExercisePlan("e", 3, 15, bonus=True)) == "3 bonus points · 15 minutes"
    assert plan_text(ExercisePlan("e", 2.5, 30), 10) == "2.5 points · 10 of 30 minutes"
    assert plan_text(ExercisePlan("e", 2, 30), 30) == "2 points · 30 minutes"


# ---- Rules about slides -------------------------------------------------------------------------


def violations(course: Course) -> list[str]:
    return [str(violation) for violation in check_chapter(course, FORWARD)]


def change_contract(course: Course, old: str, new: str) -> Course:
    toml = course.source / "course.toml"
    text = toml.read_text(encoding="utf-8")
    assert old in text
    toml.write_text(text.replace(old, new), encoding="utf-8")
    return Course(course.root)


def test_exercise_with_another_plan_than_its_contract_is_reported_and_fixed(tmp_path: Path) -> None:
    plan = "mul_jvp = { points = 2, minutes = "
    course = change_contract(scratch(tmp_path / "course"), f"{plan}4", f"{plan}7")
    (violation,) = violations(course)
    assert "mul_jvp" in violation and "**2 points · 7 minutes**" in violation
    assert fix_chapter(course, FORWARD)
    assert violations(course) == []
    assert "**2 points · 7 minutes.** The" in course.notebook(FORWARD).read_text(encoding="utf-8")


def test_heading_that_skips_a_level_is_reported(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    edit(course.notebook(FORWARD), lambda nb: cell(nb, "dual-numbers").update(source="#### ● Dual numbers\n\nText."))
    (violation,) = violations(course)
    assert "dual-numbers" in violation and "level 4 after one of level 2" in violation


# ---- The workshop's plan ------------------------------------------------------------------------


def test_workshop_takes_the_promised_time() -> None:
    parts = parts_of(PROJECT, sources())
    total = sum(part.seconds for part in parts) / 60 + 2 * PROJECT.workshop.slide
    assert abs(total - PROJECT.workshop.minutes) <= SLACK
    assert PROJECT.workshop.minutes == 90
    assert [part.chapter for part in parts] == core_chapters(PROJECT)


def test_workshop_has_exactly_the_core_exercises() -> None:
    shown = [(part.chapter, exercise) for part in parts_of(PROJECT, sources()) for exercise in part.exercises]
    core = [(c, e.id) for c, plan in PROJECT.plans.items() for e in plan.exercises.values() if e.core]
    assert sorted(shown) == sorted(core)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("slide = 1.5", "slide = 3", r"take \d{3} minutes, source/course.toml promises 90"),
        ("downhill-with-jax-grad = 2", "uphill-with-jax-grad = 2", "'uphill-with-jax-grad' of 01_finite_differences"),
        ("downhill-with-jax-grad = 2", "exercise-forward_difference = 1", "begins no lecture slide"),
        ("minutes = 90\n", "", "has no minutes"),
    ],
    ids=["too_long", "unknown_slide", "exercise_twice", "no_minutes"],
)
def test_plan_that_does_not_fit_is_an_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "source").mkdir()
    shutil.copy(PROJECT.source / "course.toml", tmp_path / "source")
    course = change_contract(Course(tmp_path), old, new)
    with pytest.raises(CourseError, match=message):
        parts_of(course, sources())


def test_check_reports_a_plan_that_does_not_fit(tmp_path: Path) -> None:
    course = change_contract(scratch(tmp_path / "course", PROJECT.chapters), "slide = 1.5", "slide = 0.2")
    (violation,) = check_course(course, PROJECT.chapters)
    assert violation.rule == "workshop" and "promises 90" in violation.message


def test_clock() -> None:
    assert [clock(seconds) for seconds in (0, 59, 60, 3600, 5400)] == ["0:00", "0:00", "0:01", "1:00", "1:30"]
