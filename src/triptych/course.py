"""Where things are in a course folder, and what the course promises (`source/course.toml`).

This module and `chapter.py` know nothing of the rest of the package.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any


class CourseError(Exception):
    """Something a person has to put right: one sentence with what, where and cure."""


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

    def folder(self, name: str) -> Path:
        return self.root / name

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

    @cached_property
    def contract(self) -> dict[str, Any]:
        path = self.source / "course.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise CourseError(f"{path} cannot be read as TOML ({error}): mend it first.") from error

    @property
    def title(self) -> str:
        return str(self.contract.get("title", "Course"))

    @property
    def language(self) -> str:
        return str(self.contract.get("language", "en"))

    @cached_property
    def plans(self) -> dict[str, ChapterPlan]:
        """The chapters that the contract names, in its order."""
        path = self.source / "course.toml"
        plans = {}
        try:
            for chapter, entry in self.contract["chapters"].items():
                exercises = {
                    exercise: ExercisePlan(id=exercise, **plan) for exercise, plan in entry["exercises"].items()
                }
                by_hand, workshop = bool(entry.get("by_hand", False)), entry.get("workshop", {})
                plans[chapter] = ChapterPlan(chapter, entry["title"], exercises, by_hand, workshop)
        except (KeyError, TypeError, AttributeError) as error:
            raise CourseError(f"{path} lacks or misspells a field ({error}): compare with its head.") from error
        return plans

    @cached_property
    def workshop(self) -> WorkshopPlan:
        """The plan of the workshop. Raises CourseError when the contract has none."""
        try:
            return WorkshopPlan(**self.contract["workshop"])
        except (KeyError, TypeError) as error:
            path = self.source / "course.toml"
            raise CourseError(f"{path} lacks or misspells a field of [workshop] ({error}): mend it first.") from error

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
                near = difflib.get_close_matches(bare, self.chapters, n=1, cutoff=0.4)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(self.chapters) or 'none yet'}."
                raise CourseError(f"No chapter {name!r} in {self.source}: {hint}")
            chosen += match
        return list(dict.fromkeys(chosen))
