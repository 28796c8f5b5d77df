"""Where things are in a course folder, and what the course promises (`source/course.toml`).

This module and `chapter` import nothing else of triptych.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

#: Names that a sentence lists; the rest is counted.
MANY = 12
CHAPTER_ID = re.compile(r"\d\d_\w+")


class CourseError(Exception):
    """Something a person has to put right: one sentence with what, where and fix."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known one, or all of them."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    if near:
        return f"did you mean {near[0]}?"
    some = ", ".join(known[:MANY]) + (f" and {len(known) - MANY} more" if len(known) > MANY else "")
    return f"known are {some}." if known else "there is none yet."


@dataclass(frozen=True)
class ExercisePlan:
    """What the course promises of one exercise.

    `parts` splits the points over groups of test cells whose ids begin with the part's name;
    an exercise without parts is one part of its own name. `workshop` is the time that the workshop
    gives it, in minutes; all of `minutes` when it says nothing.
    """

    id: str
    points: float
    minutes: int
    core: bool = False
    bonus: bool = False
    parts: Mapping[str, float] = field(default_factory=dict)
    workshop: float | None = None


#: What kind of value each option of the contract has, and how to say so.
OPTIONS: dict[str, tuple[Any, str]] = {
    "title": (str, "a text in quotes"),
    "about": (str, "a text in quotes"),
    "language": (str, 'a text in quotes, as in "en"'),
    "points": (int | float, "a number"),
    "minutes": (int, "a whole number"),
    "slide": (int | float, "a number of minutes"),
    "core": (bool, "true or false"),
    "bonus": (bool, "true or false"),
    "by_hand": (bool, "true or false"),
    "parts": (dict, "a table of points, as in { name = 2 }"),
    "workshop": (int | float | dict, "minutes, or a table of them by slide"),
    "exercises": (dict, "a line exercises.ID = { … } for each"),
    "chapters": (dict, "a table [chapters.NAME] for each"),
}


@dataclass(frozen=True)
class WorkshopPlan:
    """What the course promises of its workshop; minutes, also of a slide that has no plan of its own."""

    title: str
    about: str
    minutes: int
    slide: float


@dataclass(frozen=True)
class ChapterPlan:
    """A chapter as the course promises it, with its exercises in order."""

    id: str
    title: str
    exercises: Mapping[str, ExercisePlan]
    #: answers must not use JAX's own derivatives; where submissions are graded they are not there
    by_hand: bool = False
    #: minutes that the workshop gives to lecture slides, by the id of the cell that begins them
    workshop: Mapping[str, float] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """Points of the chapter without its bonus exercises."""
        return sum(e.points for e in self.exercises.values() if not e.bonus)

    @property
    def bonus_points(self) -> float:
        return sum(e.points for e in self.exercises.values() if e.bonus)

    @property
    def number(self) -> int:
        return int(self.id.split("_")[0])


@dataclass(frozen=True)
class Course:
    """A course folder: nbgrader's layout with the sources and their contract in `source/`."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """The course that `start` (default: the working folder) lies in.

        Raises CourseError when neither it nor a folder above holds `source/course.toml`.
        """
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "source" / "course.toml").is_file():
                return cls(folder)
        raise CourseError(
            f"{start} is not in a course folder (no source/course.toml here or above): "
            "go to the folder that holds nbgrader_config.py, or name it with --course."
        )

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def release(self) -> Path:
        return self.root / "release"

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def slides(self) -> Path:
        return self.root / "slides"

    @property
    def submitted(self) -> Path:
        return self.root / "submitted"

    @property
    def answers(self) -> Path:
        """The bank of right and wrong answers."""
        return self.root / "tests" / "answers"

    def chapter_tests(self, chapter: str) -> Path:
        """The module that tests what a chapter says and shows."""
        return self.root / "tests" / "chapters" / f"test_{chapter}.py"

    @cached_property
    def contract(self) -> dict[str, Any]:
        path = self.source / "course.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise CourseError(f"{path} cannot be read as TOML ({error}): fix it first.") from error

    @property
    def title(self) -> str:
        return str(self.contract.get("title", "Course"))

    @property
    def language(self) -> str:
        return str(self.contract.get("language", "en"))

    @cached_property
    def plans(self) -> dict[str, ChapterPlan]:
        """The chapters that the contract names, in its order. Raises CourseError."""
        plans = {}
        self._sound("", self.contract, {"title", "language", "workshop"}, {"chapters"})
        for chapter, entry in self.contract["chapters"].items():
            where = f"chapters.{chapter}"
            if not CHAPTER_ID.fullmatch(chapter):
                path = self.source / "course.toml"
                raise CourseError(f"[{where}] in {path} names no chapter: begin its name with two digits and _.")
            self._sound(where, entry, {"by_hand", "workshop"}, {"title", "exercises"})
            exercises = {}
            for exercise, plan in entry["exercises"].items():
                options = {"core", "bonus", "parts", "workshop"}
                self._sound(f"{where}.exercises.{exercise}", plan, options, {"points", "minutes"})
                exercises[exercise] = ExercisePlan(id=exercise, **plan)
            by_hand, workshop = entry.get("by_hand", False), entry.get("workshop", {})
            plans[chapter] = ChapterPlan(chapter, entry["title"], exercises, by_hand, workshop)
        return plans

    def _sound(self, where: str, entry: object, optional: set[str], required: set[str]) -> None:
        """Raises CourseError when an entry of the contract lacks an option, has an unknown one, or a wrong value."""
        path = self.source / "course.toml"
        place = f"[{where}] in {path}" if where else f"{path}"
        if not isinstance(entry, Mapping):
            raise CourseError(f"{place} is {entry!r}, which is no table: write it as {{ option = value, … }}.")
        for option, value in entry.items():
            if option not in optional | required:
                hint = nearest(option, sorted(optional | required))
                raise CourseError(f"{place} has an unknown option {option!r}: {hint}")
            kind, wanted = OPTIONS[option]
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise CourseError(f"{place} gives {option} as {value!r}: write {wanted}.")
        for option in sorted(required - entry.keys()):
            raise CourseError(f"{place} does not say {option}: give it {OPTIONS[option][1]}.")

    @cached_property
    def workshop(self) -> WorkshopPlan:
        """The plan of the workshop. Raises CourseError when the contract has none."""
        plan = self.contract.get("workshop", {})
        self._sound("workshop", plan, set(), {"title", "about", "minutes", "slide"})
        return WorkshopPlan(**plan)

    def notebook(self, chapter: str) -> Path:
        """The source notebook of a chapter."""
        return self.source / chapter / f"{chapter}.ipynb"

    @property
    def chapters(self) -> list[str]:
        """Ids of the chapters whose source notebook exists, in the contract's order."""
        return [chapter for chapter in self.plans if self.notebook(chapter).is_file()]

    def choose(self, names: Sequence[str]) -> list[str]:
        """The chapters asked for; all of them when none is named.

        A number (`5`, `05`) names a chapter too. Raises CourseError for an unknown name, with the
        nearest known one.
        """
        if not names:
            return self.chapters
        chosen = []
        for name in names:
            bare = name.strip().rstrip("/")
            match = [c for c in self.chapters if c == bare or (bare.isdecimal() and int(c[:2]) == int(bare))]
            if not match:
                raise CourseError(f"No chapter {name!r} in {self.source}: {nearest(bare, self.chapters)}")
            chosen += match
        return list(dict.fromkeys(chosen))

    def require_students(self, names: Iterable[str]) -> None:
        """Raises CourseError when somebody named has nothing in `submitted/`, with the nearest who has."""
        known = sorted(p.name for p in self.submitted.glob("[!.]*")) if self.submitted.is_dir() else []
        for name in names:
            if name not in known:
                raise CourseError(f"No student {name!r} in {self.submitted}: {nearest(name, known)}")
