"""New entries in `source/course.toml`; its comments and its order are kept."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import tomlkit
from tomlkit.items import Table

from triptych.model.course import ChapterPlan, Course, CourseError, ExercisePlan


def with_chapter(course: Course, plan: ChapterPlan) -> str:
    """The text of course.toml with a chapter at its end. Raises CourseError if it cannot be added."""

    def change(chapters: Any) -> None:
        chapters[plan.id] = entry

    entry = tomlkit.table()
    entry["title"] = plan.title
    if plan.by_hand:
        entry["by_hand"] = True
    for exercise in plan.exercises.values():
        _append(entry, exercise)
    expected = copy.deepcopy(course.contract)
    expected["chapters"][plan.id] = tomllib.loads(tomlkit.dumps(entry))
    return _changed(course, change, expected)


def with_exercise(course: Course, chapter: str, plan: ExercisePlan) -> str:
    """The text of course.toml with an exercise at the end of a chapter. Raises CourseError if it cannot be added."""
    expected = copy.deepcopy(course.contract)
    expected["chapters"][chapter]["exercises"][plan.id] = tomllib.loads(_line(plan))[plan.id]
    return _changed(course, lambda chapters: _append(chapters[chapter], plan), expected)


def _line(plan: ExercisePlan) -> str:
    bonus = ", bonus = true" if plan.bonus else ""
    return f"{plan.id} = {{ points = {plan.points:g}, minutes = {plan.minutes}{bonus} }}\n"


def _append(chapter: Table, plan: ExercisePlan) -> None:
    chapter.append(tomlkit.key(["exercises", plan.id]), tomlkit.parse(_line(plan))[plan.id])


def _changed(course: Course, change: Callable[[Any], None], expected: object) -> str:
    """The contract's text after `change` of its chapters; it must parse as expected and keep every line."""
    path = course.source / "course.toml"
    before = path.read_text(encoding="utf-8").rstrip("\n") + "\n"
    document = tomlkit.parse(before)
    try:
        change(document["chapters"])
        after = tomlkit.dumps(document)
        lines = iter(after.splitlines())
        sound = tomllib.loads(after) == expected and all(line in lines for line in before.splitlines())
    except (tomlkit.exceptions.TOMLKitError, tomllib.TOMLDecodeError, KeyError, TypeError):
        sound = False
    if not sound:
        raise CourseError(
            f"{path} has chapters that are not tables [chapters.NAME] with lines exercises.ID = {{ … }}, "
            "so nothing was made. Write them in that form first."
        )
    return after
