"""New entries in `source/course.toml`, with its comments and its order as they were."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable

import tomlkit
from tomlkit.items import Table

from triptych.model.course import ChapterPlan, Course, CourseError, ExercisePlan


def with_chapter(course: Course, plan: ChapterPlan) -> str:
    """The text of course.toml with a chapter at its end. Raises CourseError."""
    entry = tomlkit.table()
    entry["title"] = plan.title
    if plan.by_hand:
        entry["by_hand"] = True
    for exercise in plan.exercises.values():
        _add(entry, exercise)

    def change(document: tomlkit.TOMLDocument) -> None:
        document["chapters"][plan.id] = entry

    wanted = copy.deepcopy(course.contract)
    wanted["chapters"][plan.id] = tomllib.loads(tomlkit.dumps(entry))
    return _changed(course, change, wanted)


def with_exercise(course: Course, chapter: str, plan: ExercisePlan) -> str:
    """The text of course.toml with one exercise more, the last of its chapter. Raises CourseError."""

    def change(document: tomlkit.TOMLDocument) -> None:
        _add(document["chapters"][chapter], plan)

    wanted = copy.deepcopy(course.contract)
    wanted["chapters"][chapter]["exercises"][plan.id] = tomllib.loads(_line(plan))[plan.id]
    return _changed(course, change, wanted)


def _line(plan: ExercisePlan) -> str:
    bonus = ", bonus = true" if plan.bonus else ""
    return f"{plan.id} = {{ points = {plan.points:g}, minutes = {plan.minutes}{bonus} }}"


def _add(chapter: Table, plan: ExercisePlan) -> None:
    values = tomlkit.parse(_line(plan) + "\n")[plan.id]
    chapter.append(tomlkit.key(["exercises", plan.id]), values)


def _changed(course: Course, change: Callable[[tomlkit.TOMLDocument], None], wanted: object) -> str:
    """The changed text, when it says what is wanted and still has every line that it had."""
    path = course.source / "course.toml"
    before = path.read_text(encoding="utf-8").rstrip("\n") + "\n"
    document = tomlkit.parse(before)
    try:
        change(document)
        after = tomlkit.dumps(document)
        kept = iter(after.splitlines())
        sound = tomllib.loads(after) == wanted and all(line in kept for line in before.splitlines())
    except (tomlkit.exceptions.TOMLKitError, tomllib.TOMLDecodeError, KeyError, TypeError):
        sound = False
    if not sound:
        raise CourseError(
            f"{path} has its chapters in another form than tables [chapters.NAME] with lines exercises.ID = {{ … }}, "
            "so nothing was made: write them like that first."
        )
    return after
