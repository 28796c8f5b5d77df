"""What a class knows: per student, per exercise, per behaviour; in the terminal and as one page."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from statistics import median
from typing import Any

import jinja2
from rich.table import Table

from triptych.grade.record import GRADED, Record
from triptych.grade.results.export import write_grades
from triptych.model.chapter import exercise_of, read_chapter, visible_source
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook


@dataclass(frozen=True)
class BehaviourStatistics:
    """How often one test cell failed. `titles` come from the test cell's first comment."""

    id: str
    title: str
    failed: int
    of: int

    @property
    def share(self) -> float:
        return self.failed / self.of if self.of else 0.0


@dataclass
class ExerciseStatistics:
    """Full, partial and no points of an exercise over a class."""

    id: str
    points: float
    full: int = 0
    partial: int = 0
    none: int = 0
    #: median time that its tests took, in seconds; nan when nobody measured
    seconds: float = math.nan
    behaviours: list[BehaviourStatistics] = field(default_factory=list)

    @property
    def of(self) -> int:
        return self.full + self.partial + self.none


@dataclass
class ChapterStatistics:
    id: str
    title: str
    max_score: float
    rows: list[dict[str, Any]]
    exercises: list[ExerciseStatistics]

    @property
    def graded(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["status"] == GRADED]

    @property
    def mean(self) -> float:
        scores = [counted(row) for row in self.graded]
        return sum(scores) / len(scores) if scores else math.nan


def statistics(course: Course, chapters: Sequence[str]) -> list[ChapterStatistics]:
    """The newest results of each chapter that has any, from the record of `triptych grade`."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in Record(course).read():
        rows[row["chapter"]].append(row)
    return [_chapter(course, c, sorted(rows[c], key=lambda r: r["student"])) for c in chapters if rows[c]]


def _chapter(course: Course, chapter: str, rows: list[dict[str, Any]]) -> ChapterStatistics:
    plan = course.plans[chapter]
    titles = {}
    for exercise in read_chapter(course.notebook(chapter)).exercises.values():
        for test in exercise.tests:
            comments = [line for line in visible_source(test.source).split("\n") if line.startswith("#")]
            titles[test.id] = comments[0].lstrip("# ").strip() if comments else test.id
    graded = [row["cells"] for row in rows if row["status"] == GRADED]
    times = [row["tests"] for row in rows if row["status"] == GRADED and row.get("tests")]
    exercises = []
    for id_, exercise_plan in plan.exercises.items():
        found = ExerciseStatistics(id_, exercise_plan.points)
        tests: dict[str, list[bool]] = defaultdict(list)
        for cells in graded:
            own = {t: c for t, c in cells.items() if exercise_of(t, plan.exercises) == id_}
            score, best = sum(c["score"] for c in own.values()), sum(c["max_score"] for c in own.values())
            if own and score >= best:
                found.full += 1
            elif score > 0:
                found.partial += 1
            else:
                found.none += 1
            for test, cell in own.items():
                tests[test].append(cell["score"] >= cell["max_score"])
        took = [sum(t for test, t in one.items() if exercise_of(test, plan.exercises) == id_) for one in times]
        found.seconds = median(took) if took else math.nan
        found.behaviours = [
            BehaviourStatistics(t, titles.get(t, t), passed.count(False), len(passed)) for t, passed in tests.items()
        ]
        exercises.append(found)
    return ChapterStatistics(chapter, plan.title, plan.points + plan.bonus_points, rows, exercises)


def require(found: Sequence[ChapterStatistics], course: Course) -> None:
    if not found:
        raise CourseError(f"Nothing has been graded in {course.root} yet: run `triptych grade` first.")


def tables(found: Sequence[ChapterStatistics]) -> list[Table]:
    """The report for a terminal: a line a student, then a line an exercise, for each chapter."""
    made = []
    for chapter in found:
        students = Table(
            title=f"{chapter.id}: {len(chapter.graded)} of {len(chapter.rows)} graded", title_justify="left"
        )
        students.add_column("student")
        students.add_column("score", justify="right")
        students.add_column("of", justify="right")
        students.add_column("")
        for row in chapter.rows:
            students.add_row(*line_of(row))
        made.append(students)
        exercises = Table(title=f"{chapter.id}: exercises", title_justify="left")
        for name, side in (
            ("exercise", "left"),
            ("full", "right"),
            ("partly", "right"),
            ("none", "right"),
            ("s", "right"),
        ):
            exercises.add_column(name, justify=side)  # type: ignore[arg-type]
        exercises.add_column("most often not yet")
        for exercise in chapter.exercises:
            worst = max(exercise.behaviours, key=lambda b: b.failed, default=None)
            hint = f"{worst.id} ({worst.failed})" if worst and worst.failed else ""
            counts = map(str, (exercise.full, exercise.partial, exercise.none))
            exercises.add_row(exercise.id, *counts, seconds_of(exercise), hint)
        made.append(exercises)
    if longest := slowest(found):
        made.append(Table("exercise", "median seconds", title="slowest tests", title_justify="left"))
        for name, seconds in longest:
            made[-1].add_row(name, seconds)
    return made


def seconds_of(exercise: ExerciseStatistics) -> str:
    """The time of an exercise's tests, for a table."""
    return "" if math.isnan(exercise.seconds) else f"{exercise.seconds:.1f}"


def slowest(found: Sequence[ChapterStatistics], count: int = 5) -> list[tuple[str, str]]:
    """The exercises whose tests take longest, by chapter and id, with their seconds."""
    timed = [(chapter, e) for chapter in found for e in chapter.exercises if not math.isnan(e.seconds)]
    timed.sort(key=lambda pair: -pair[1].seconds)
    return [(f"{chapter.id[:2]} {exercise.id}", seconds_of(exercise)) for chapter, exercise in timed[:count]]


def line_of(row: dict[str, Any]) -> tuple[str, str, str, str]:
    """A result as a line: student, score, of, remark."""
    student = row["student"] if row["student"].isprintable() else ascii(row["student"])
    if row["status"] != GRADED:
        return student, "–", "", f"not graded: {row['reason']}"
    remarks = ["late"] if row.get("late") else []
    if penalty := row.get("penalty"):
        remarks.append(f"{penalty:g} points off")
    if row.get("sandbox") == "none":
        remarks.append("no sandbox")
    return student, f"{counted(row):g}", f"{row['max_score']:g}", ", ".join(remarks)


def counted(row: dict[str, Any]) -> float:
    """What a graded submission counts: its score less the penalty for being late, as the exports have it."""
    return max(0.0, float(row["score"]) - float(row.get("penalty", 0.0)))


def write_report(course: Course, chapters: Sequence[str]) -> list[Path]:
    """Writes `report.html` and `grades.csv` into the course folder."""
    found = statistics(course, chapters)
    require(found, course)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = resources.files("triptych.data").joinpath("templates/report.html.j2").read_text(encoding="utf-8")
    page = environment.from_string(template).render(
        title=course.title, chapters=found, made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), line_of=line_of
    )
    report, grades = course.root / "report.html", course.root / "grades.csv"
    report.write_text(page, encoding="utf-8")
    with gradebook(course) as book:
        write_grades(book, grades, course)
    return [report, grades]
