"""The layout of a course folder, and the course's contract, `source/course.toml`."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

#: Names that a message lists; the others are counted.
LISTED_NAMES = 12
CHAPTER_ID = re.compile(r"\d\d_\w+")


class CourseError(Exception):
    """A problem that a person has to fix. The message is the problem, the place and the fix."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: a question with the nearest known name, or a list of all."""
    known = list(known)
    if close := difflib.get_close_matches(name, known, n=1, cutoff=0.4):
        return f"did you mean {close[0]}?"
    more = f" and {len(known) - LISTED_NAMES} more" if len(known) > LISTED_NAMES else ""
    return f"known are {', '.join(known[:LISTED_NAMES])}{more}." if known else "none exists yet."


@dataclass(frozen=True)
class ExercisePlan:
    """The contract's entry for an exercise.

    Attributes:
        id: the exercise's id.
        points: the points of all its test cells together.
        minutes: the time that a student should plan.
        core: whether it is on the core path, which the workshop follows.
        bonus: whether its points come on top of the course's.
        parts: points of groups of test cells, by the beginning of the cells' ids.
        workshop: minutes that the workshop gives it; all of `minutes` if None.
    """

    id: str
    points: float
    minutes: int
    core: bool = False
    bonus: bool = False
    parts: Mapping[str, float] = field(default_factory=dict)
    workshop: float | None = None


#: The type of each option's value in the contract, and its name in messages.
OPTIONS: dict[str, tuple[Any, str]] = {
    "title": (str, "a text in quotes"),
    "about": (str, "a text in quotes"),
    "language": (str, 'a text in quotes, as in "en"'),
    "address": (str, "the course's public address in quotes"),
    "hub": (str, "the address of the course's hub in quotes"),
    "reading": (str, "a path in the course folder, or an address, in quotes"),
    "part": (str, "a text in quotes"),
    "talk": (dict, "a table [talk] with event, speaker, date"),
    "event": (str, "a text in quotes"),
    "speaker": (str, "a text in quotes"),
    "date": (str, "a text in quotes"),
    "goals": (list, "a list of texts"),
    "points": (int | float, "a number"),
    "minutes": (int, "a whole number"),
    "slide": (int | float, "a number of minutes"),
    "core": (bool, "true or false"),
    "bonus": (bool, "true or false"),
    "by_hand": (bool, "true or false"),
    "own_fit": (bool, "true or false"),
    "parts": (dict, "a table of points, as in { name = 2 }"),
    "workshop": (int | float | dict, "minutes, or a table of them by slide"),
    "exercises": (dict, "a line exercises.ID = { … } for each"),
    "chapters": (dict, "a table [chapters.NAME] for each"),
}


@dataclass(frozen=True)
class Talk:
    """Who gives a talk, where and when, for title slides. All are optional."""

    speaker: str = ""
    event: str = ""
    date: str = ""

    def __str__(self) -> str:
        return " · ".join(filter(None, [self.speaker, self.event, self.date]))


@dataclass(frozen=True)
class WorkshopPlan:
    """The contract's entry for the workshop: its minutes, and the minutes of a `slide` without a plan of its own.

    `goals` is what its audience will learn, as in a chapter.
    """

    title: str
    about: str
    minutes: int
    slide: float
    goals: Sequence[str] = ()


@dataclass(frozen=True)
class ChapterPlan:
    """The contract's entry for a chapter.

    Attributes:
        id: the chapter's id.
        title: its title.
        exercises: its exercises by id, in order.
        by_hand: whether JAX's derivative transforms are disabled while answers are graded.
        own_fit: whether pyhf's fits are disabled while answers are graded.
        workshop: minutes that the workshop gives to lecture slides, by the id of the cell that begins the slide.
        part: what the workshop says where this chapter begins; if empty, what the chapter is about.
    """

    id: str
    title: str
    exercises: Mapping[str, ExercisePlan]
    by_hand: bool = False
    workshop: Mapping[str, float] = field(default_factory=dict)
    own_fit: bool = False
    part: str = ""

    @property
    def points(self) -> float:
        """The points of the exercises that are not bonus exercises."""
        return sum(e.points for e in self.exercises.values() if not e.bonus)

    @property
    def bonus_points(self) -> float:
        return sum(e.points for e in self.exercises.values() if e.bonus)

    @property
    def number(self) -> int:
        return int(self.id.split("_")[0])


@dataclass(frozen=True)
class Course:
    """A course folder: nbgrader's layout, with the sources and their contract in `source/`."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """The course that contains the folder `start`, by default the working folder.

        Raises:
            CourseError: neither the folder nor one above it contains `source/course.toml`.
        """
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "source" / "course.toml").is_file():
                return cls(folder)
        for folder in (start, *start.parents):
            if (folder / "nbgrader_config.py").is_file():
                raise CourseError(
                    f"{folder} has nbgrader_config.py but no source/course.toml, so it is no course of triptych. That "
                    "needs source/course.toml with the points of each exercise, a notebook source/NAME/NAME.ipynb for "
                    "each chapter, and triptych's own nbgrader_config.py: see docs/instructors/index.md."
                )
        raise CourseError(
            f"{start} is not in a course folder (no source/course.toml here or above). "
            "Change to the folder that contains source/, or name it with --course."
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
        """The module that tests the statements and figures of a chapter."""
        return self.root / "tests" / "chapters" / f"test_{chapter}.py"

    @cached_property
    def contract(self) -> dict[str, Any]:
        """The content of course.toml. Raises CourseError if it cannot be read."""
        path = self.source / "course.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise CourseError(f"{path} cannot be read as TOML ({error}). Fix it first.") from error

    @property
    def title(self) -> str:
        return str(self.contract.get("title", "Course"))

    @property
    def language(self) -> str:
        return str(self.contract.get("language", "en"))

    @property
    def address(self) -> str:
        """The course's public address, for example of its repository; empty if it has none."""
        return str(self.contract.get("address", "")).rstrip("/")

    @property
    def hub(self) -> str:
        """The address of the course's JupyterHub; empty if it has none."""
        return str(self.contract.get("hub", ""))

    @property
    def reading(self) -> str:
        """The reading list: a path in the course folder or an address; empty if there is none."""
        return str(self.contract.get("reading", ""))

    @cached_property
    def talk(self) -> Talk:
        """The talk that the contract names. Raises CourseError if its entry is malformed."""
        entry = self.contract.get("talk", {})
        self._validate("talk", entry, {"speaker", "event", "date"}, set())
        return Talk(**entry)

    @cached_property
    def plans(self) -> dict[str, ChapterPlan]:
        """The chapters in the contract, in its order. Raises CourseError if an entry is malformed."""
        plans = {}
        optional = {"title", "language", "workshop", "address", "hub", "reading", "talk"}
        self._validate("", self.contract, optional, {"chapters"})
        for chapter, entry in self.contract["chapters"].items():
            where = f"chapters.{chapter}"
            if not CHAPTER_ID.fullmatch(chapter):
                path = self.source / "course.toml"
                raise CourseError(f"[{where}] in {path} is not a chapter's name. Begin it with two digits and _.")
            self._validate(where, entry, {"by_hand", "own_fit", "part", "workshop"}, {"title", "exercises"})
            exercises = {}
            for exercise, plan in entry["exercises"].items():
                optional = {"core", "bonus", "parts", "workshop"}
                self._validate(f"{where}.exercises.{exercise}", plan, optional, {"points", "minutes"})
                exercises[exercise] = ExercisePlan(id=exercise, **plan)
            more = {option: entry[option] for option in ("by_hand", "own_fit", "part", "workshop") if option in entry}
            plans[chapter] = ChapterPlan(chapter, entry["title"], exercises, **more)
        return plans

    def _validate(self, where: str, entry: object, optional: set[str], required: set[str]) -> None:
        """Raises CourseError if an entry of the contract lacks an option, has an unknown one or a wrong value."""
        path = self.source / "course.toml"
        place = f"[{where}] in {path}" if where else f"{path}"
        if not isinstance(entry, Mapping):
            raise CourseError(f"{place} is {entry!r}, which is not a table. Write it as {{ option = value, … }}.")
        for option, value in entry.items():
            if option not in optional | required:
                hint = nearest(option, sorted(optional | required))
                raise CourseError(f"{place} has an unknown option {option!r}: {hint}")
            type_, type_name = OPTIONS[option]
            if not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool):
                raise CourseError(f"{place} has {option} = {value!r}. Write {type_name}.")
        for option in sorted(required - entry.keys()):
            raise CourseError(f"{place} has no {option}. Add it, {OPTIONS[option][1]}.")

    @cached_property
    def workshop(self) -> WorkshopPlan:
        """The plan of the workshop. Raises CourseError if the contract has none."""
        plan = self.contract.get("workshop", {})
        self._validate("workshop", plan, {"goals"}, {"title", "about", "minutes", "slide"})
        return WorkshopPlan(**plan)

    def notebook(self, chapter: str) -> Path:
        """The source notebook of a chapter."""
        return self.source / chapter / f"{chapter}.ipynb"

    @property
    def chapters(self) -> list[str]:
        """Ids of the chapters whose source notebook exists, in the contract's order."""
        return [chapter for chapter in self.plans if self.notebook(chapter).is_file()]

    def choose(self, names: Sequence[str]) -> list[str]:
        """The ids of chapters that a person has named.

        Args:
            names: ids or numbers (`05_forward_mode`, `05`, `5`); none for all chapters.

        Returns:
            The ids in the order of `names`, each once.

        Raises:
            CourseError: a name is unknown.
        """
        if not names:
            return self.chapters
        chosen = []
        for name in names:
            bare = name.strip().rstrip("/")
            matches = [c for c in self.chapters if c == bare or (bare.isdecimal() and int(c[:2]) == int(bare))]
            if not matches:
                raise CourseError(f"No chapter {name!r} in {self.source}: {nearest(bare, self.chapters)}")
            chosen += matches
        return list(dict.fromkeys(chosen))

    def require_students(self, names: Iterable[str], also: Iterable[str] = ()) -> None:
        """Raises CourseError if a student in `names` has no folder in `submitted/` and is not in `also`."""
        folders = {p.name for p in self.submitted.glob("[!.]*")} if self.submitted.is_dir() else set()
        known = sorted(folders | set(also) - {""})
        for name in names:
            if name not in known:
                raise CourseError(f"No student {name!r} in {self.submitted}: {nearest(name, known)}")
