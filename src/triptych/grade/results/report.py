"""The results of a class per student, exercise and test cell: tables for the terminal, and one HTML page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from pathlib import Path
from statistics import fmean, median
from typing import TypeVar

import jinja2
from rich.table import Column, Table

from triptych.files import replacing
from triptych.grade.record import GRADED, CellScore, Record, Result
from triptych.grade.results.export import counted_score, grade_rows, write_csv
from triptych.grade.results.unused import findings, write_findings
from triptych.model.chapter import Role, exercise_of, read_chapter
from triptych.model.course import ChapterPlan, Course, CourseError
from triptych.nbgrader_api import gradebook

Value = TypeVar("Value")
SLOWEST = 5


@dataclass(frozen=True)
class TestStatistics:
    """How often a test cell failed."""

    id: str
    title: str
    failed: int
    total: int


@dataclass(frozen=True)
class ExerciseStatistics:
    """The numbers of submissions with full, partial and no score for an exercise."""

    id: str
    points: float
    full: int
    partial: int
    none: int
    #: median time of its test cells; None if no run measured it
    seconds: float | None
    tests: list[TestStatistics]


@dataclass(frozen=True)
class ChapterStatistics:
    """The results of a chapter, by student, and its exercises."""

    id: str
    title: str
    max_score: float
    results: list[Result]
    exercises: list[ExerciseStatistics]

    @property
    def graded(self) -> list[Result]:
        return [result for result in self.results if result.status == GRADED]

    @property
    def mean(self) -> float:
        """The mean score of the graded submissions, of which there is at least one."""
        return fmean(counted_score(result.score or 0.0, result.penalty) for result in self.graded)


def class_statistics(course: Course, chapters: Sequence[str]) -> list[ChapterStatistics]:
    """The newest results of each chapter that has any, from the record of `triptych grade`.

    Raises:
        CourseError: there are no results, or the record is damaged.
    """
    results = defaultdict(list)
    for (_, chapter), result in sorted(Record(course).results().items()):
        results[chapter].append(result)
    statistics = [_chapter_statistics(course, chapter, results[chapter]) for chapter in chapters if results[chapter]]
    if not statistics:
        raise CourseError(f"Nothing has been graded in {course.root} yet: run `triptych grade` first.")
    return statistics


def _chapter_statistics(course: Course, chapter: str, results: list[Result]) -> ChapterStatistics:
    plan = course.plans[chapter]
    titles = {cell.grade_id: cell.title for cell in read_chapter(course.notebook(chapter)).with_role(Role.TEST)}
    graded = [result for result in results if result.status == GRADED]
    exercises = [_exercise_statistics(exercise, plan, titles, graded) for exercise in plan.exercises]
    return ChapterStatistics(chapter, plan.title, plan.points + plan.bonus_points, results, exercises)


def _exercise_statistics(
    exercise: str, plan: ChapterPlan, titles: Mapping[str, str], graded: list[Result]
) -> ExerciseStatistics:
    def own(by_test: Mapping[str, Value]) -> dict[str, Value]:
        return {test: value for test, value in by_test.items() if exercise_of(test, plan.exercises) == exercise}

    def judged(result: Result) -> dict[str, CellScore]:
        return {cell: score for cell, score in own(result.cells).items() if cell not in result.pending}

    levels: Counter[str] = Counter()
    passed = defaultdict(list)
    for result in graded:
        if not (cells := judged(result)):
            continue
        levels[_level(list(cells.values()))] += 1
        for test, cell in cells.items():
            passed[test].append(cell.score >= cell.max_score)
    times = [sum(own(result.tests).values()) for result in graded if result.tests]
    return ExerciseStatistics(
        exercise,
        plan.exercises[exercise].points,
        levels["full"],
        levels["partial"],
        levels["none"],
        median(times) if times else None,
        [TestStatistics(test, titles.get(test, test), p.count(False), len(p)) for test, p in passed.items()],
    )


def _level(cells: list[CellScore]) -> str:
    score = sum(cell.score for cell in cells)
    if cells and score >= sum(cell.max_score for cell in cells):
        return "full"
    return "partial" if score > 0 else "none"


def tables(statistics: Sequence[ChapterStatistics]) -> list[Table]:
    """The report for a terminal: for each chapter its students and its exercises, then the slowest tests."""
    number = partial(Column, justify="right")
    result = []
    for chapter in statistics:
        title = f"{chapter.id}: {len(chapter.graded)} of {len(chapter.results)} graded"
        students = Table("student", number("score"), number("of"), "", title=title, title_justify="left")
        for line in map(result_line, chapter.results):
            students.add_row(*line)
        numbers = [number(name) for name in ("full", "partly", "none", "s")]
        exercises = Table("exercise", *numbers, "most often not yet", title_justify="left")
        exercises.title = f"{chapter.id}: exercises"
        for exercise in chapter.exercises:
            worst = max(exercise.tests, key=lambda test: test.failed, default=None)
            hint = f"{worst.id} ({worst.failed})" if worst and worst.failed else ""
            counts = map(str, (exercise.full, exercise.partial, exercise.none))
            seconds = "" if exercise.seconds is None else f"{exercise.seconds:.1f}"
            exercises.add_row(exercise.id, *counts, seconds, hint)
        result += [students, exercises]
    times = [
        (exercise.seconds, f"{chapter.id[:2]} {exercise.id}")
        for chapter in statistics
        for exercise in chapter.exercises
        if exercise.seconds is not None
    ]
    if times:
        slowest = Table("exercise", "median seconds", title="slowest tests", title_justify="left")
        for median_s, name in sorted(times, reverse=True)[:SLOWEST]:
            slowest.add_row(name, f"{median_s:.1f}")
        result.append(slowest)
    return result


def result_line(result: Result) -> tuple[str, str, str, str]:
    """A result as a row of a table: student, score, maximum score, remark."""
    student = result.student if result.student.isprintable() else ascii(result.student)
    if result.score is None:
        return student, "–", "", f"not graded: {result.reason}"
    remarks = ["late"] if result.late else []
    if result.penalty:
        remarks.append(f"{result.penalty:g} points off")
    if result.sandbox == "none":
        remarks.append("no sandbox")
    remarks += result.notes
    return student, f"{counted_score(result.score, result.penalty):g}", f"{result.max_score:g}", ", ".join(remarks)


def write_report(course: Course, chapters: Sequence[str]) -> list[Path]:
    """Writes `report.html` and `grades.csv` into the course folder.

    Returns:
        The paths of both files, and of the list of files that were not used, if there are any.

    Raises:
        CourseError: nothing has been graded, or the record is damaged.
    """
    found = findings(course)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = resources.files("triptych.data").joinpath("templates/report.html.j2").read_text(encoding="utf-8")
    page = environment.from_string(template).render(
        title=course.title,
        chapters=class_statistics(course, chapters),
        time=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        result_line=result_line,
        findings=found,
    )
    report, grades = course.root / "report.html", course.root / "grades.csv"
    with replacing(report) as file:
        file.write_text(page, encoding="utf-8")
    with gradebook(course) as book, replacing(grades) as file:
        write_csv(file, grade_rows(book, course, book.students, book.assignments))
    not_used = write_findings(course, found)
    return [report, grades, *([not_used] if not_used else [])]
