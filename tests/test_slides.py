"""What belongs to which slide, and the plan of the workshop."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from courses import PROJECT, cell, edit, scratch
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from triptych.check.fix import fix_chapter
from triptych.check.rules import check_chapter, check_course
from triptych.model.course import Course, CourseError, ExercisePlan
from triptych.model.slides import plan_text, slides_of
from triptych.model.workshop import SLACK, clock, core_chapters, parts_of

CHAPTER = "05_forward_mode"


def typed(cell_: NotebookNode, slide_type: str, **metadata: object) -> NotebookNode:
    cell_.metadata.update({"slideshow": {"slide_type": slide_type}, **metadata})
    return cell_


def text(source: str, slide_type: str = "slide") -> NotebookNode:
    return typed(new_markdown_cell(source), slide_type)


def sources() -> dict[str, NotebookNode]:
    return {chapter: nbformat.read(PROJECT.notebook(chapter), as_version=4) for chapter in PROJECT.chapters}


def test_the_core_path_goes_on_below_without_a_heading() -> None:
    cells = [
        text("# Title"),
        text("## ● One"),
        typed(new_code_cell("x = 1"), "subslide"),
        text("## Two", "subslide"),
        typed(new_code_cell("x = 2"), "subslide"),
        text("## ● Three", "subslide"),
        typed(new_code_cell("x = 3"), "slide"),
    ]
    assert [slide.core for slide in slides_of(new_notebook(cells=cells))] == [
        False,
        True,
        True,
        False,
        False,
        True,
        False,
    ]


def test_a_recap_on_the_core_path_is_a_recap() -> None:
    slides = slides_of(
        new_notebook(cells=[text("# T"), text("## ● Recap: all"), text("## Recap"), text("## Recaps no")])
    )
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
def test_a_slide_that_shows_nothing_is_empty(cells: list[NotebookNode], empty: bool) -> None:
    (slide,) = slides_of(new_notebook(cells=cells))
    assert slide.empty is empty


def test_plan_in_words() -> None:
    assert plan_text(ExercisePlan("e", 1, 2)) == "1 point · 2 minutes"
    assert plan_text(ExercisePlan("e", 3, 15, bonus=True)) == "3 bonus points · 15 minutes"
    assert plan_text(ExercisePlan("e", 2.5, 30), 10) == "2.5 points · 10 of 30 minutes"
    assert plan_text(ExercisePlan("e", 2, 30), 30) == "2 points · 30 minutes"


# ---- What check says and fixes ------------------------------------------------------------------


def test_an_exercise_that_promises_something_else_is_found_and_mended(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    toml = course.source / "course.toml"
    toml.write_text(
        toml.read_text().replace("mul_jvp = { points = 2, minutes = 4", "mul_jvp = { points = 2, minutes = 7")
    )
    course = Course(course.root)
    said = [str(violation) for violation in check_chapter(course, CHAPTER)]
    assert len(said) == 1 and "mul_jvp" in said[0] and "**2 points · 7 minutes**" in said[0]
    assert fix_chapter(course, CHAPTER)
    assert check_chapter(course, CHAPTER) == []
    assert "**2 points · 7 minutes.** The product" in course.notebook(CHAPTER).read_text(encoding="utf-8")


def test_a_heading_that_skips_a_level_is_found(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    edit(course.notebook(CHAPTER), lambda nb: cell(nb, "dual-numbers").update(source="#### ● Dual numbers\n\nText."))
    said = [str(violation) for violation in check_chapter(course, CHAPTER)]
    assert len(said) == 1 and "dual-numbers" in said[0] and "level 4 after one of level 2" in said[0]


# ---- The workshop's plan ------------------------------------------------------------------------


def test_the_workshop_takes_what_it_promises() -> None:
    parts = parts_of(PROJECT, sources())
    total = sum(part.seconds for part in parts) / 60 + PROJECT.workshop.slide
    assert abs(total - PROJECT.workshop.minutes) <= SLACK
    assert PROJECT.workshop.minutes == 90
    assert [part.chapter for part in parts] == core_chapters(PROJECT)


def test_the_workshop_has_every_core_exercise_and_no_other() -> None:
    shown = [(part.chapter, exercise) for part in parts_of(PROJECT, sources()) for exercise in part.exercises]
    core = [(c, e.id) for c, plan in PROJECT.plans.items() for e in plan.exercises.values() if e.core]
    assert sorted(shown) == sorted(core)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("slide = 0.75", "slide = 2", r"take \d{3} minutes, source/course.toml promises 90"),
        ("recap = 1", "recap = 1", ""),
        ("why-derivatives = 1", "why-derivative = 1", "'why-derivative' of 01_finite_differences"),
        ("why-derivatives = 1", "exercise-forward_difference = 1", "begins no lecture slide"),
        ("minutes = 90\n", "", "has no minutes"),
    ],
    ids=["too_long", "as_it_is", "unknown_slide", "exercise_twice", "no_minutes"],
)
def test_a_plan_that_does_not_fit_is_said(tmp_path: Path, old: str, new: str, says: str) -> None:
    (tmp_path / "source").mkdir()
    toml = (PROJECT.source / "course.toml").read_text(encoding="utf-8")
    (tmp_path / "source" / "course.toml").write_text(toml.replace(old, new), encoding="utf-8")
    if not says:
        assert parts_of(Course(tmp_path), sources())
        return
    assert old in toml
    with pytest.raises(CourseError, match=says):
        parts_of(Course(tmp_path), sources())


def test_check_reports_a_plan_that_does_not_fit(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course", PROJECT.chapters)
    toml = course.source / "course.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("slide = 0.75", "slide = 0.2"), encoding="utf-8")
    (violation,) = check_course(Course(course.root), PROJECT.chapters)
    assert violation.rule == "workshop" and "promises 90" in violation.message


def test_clock() -> None:
    assert [clock(seconds) for seconds in (0, 59, 60, 3600, 5400)] == ["0:00", "0:00", "0:01", "1:00", "1:30"]
