"""The results of a class, and of one student, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from triptych.grade.dispatch.job import NO_ARRIVAL
from triptych.grade.record import Result
from triptych.grade.results.class_list import NOT_SUBMITTED, Standing, counted_score
from triptych.grade.results.feedback import LEFT_OPEN, NOT_YET, duration
from triptych.grade.results.statistics import ChapterStatistics, ClassStatistics, by_exercise, histogram
from triptych.model.chapter import Role, read_chapter
from triptych.model.course import ChapterPlan, Course, CourseError, nearest
from triptych.text import one_line

SLOWEST, MOST_FAILED = 5, 10
#: A class with more students is not listed; report.html lists it.
LISTED_STUDENTS = 100
NAME_LENGTH = 40
BLOCKS = " ▁▂▃▄▅▆▇█"

_number = partial(Column, justify="right")


def _table(title: str, *columns: str | Column) -> Table:
    return Table(*columns, title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def tables(results: ClassStatistics) -> list[RenderableType]:
    """The report: the chapters, who is not graded, what failed most often, the students, and the slowest tests."""
    parts = [_chapter_table(results), _not_graded(results), _failure_table(results)]
    if len(results.students) <= LISTED_STUDENTS:
        parts.append(_student_table(results))
    parts.append(_slowest(results))
    return [part for part in parts if part is not None]


def _chapter_table(results: ClassStatistics) -> Table:
    numbers = [_number(name) for name in ("graded", "not", "missing", "late", "median", "of")]
    columns = [Column("chapter", no_wrap=True), *numbers, Column("scores", no_wrap=True)]
    table = _table(f"{len(results.students)} students", *columns)
    for chapter in results.chapters:
        middle = f"{chapter.median:g}" if chapter.graded else "–"
        counts = map(str, (len(chapter.graded), len(chapter.not_graded), chapter.missing, chapter.late))
        table.add_row(chapter.id, *counts, middle, f"{chapter.plan.points:g}", _spark(chapter))
    return table


def _spark(chapter: ChapterStatistics) -> str:
    bins = histogram(chapter.scores, chapter.plan.points)
    most = max(bins)
    return "".join(BLOCKS[-(-(len(BLOCKS) - 1) * count // most)] for count in bins) if most else ""


def _not_graded(results: ClassStatistics) -> Table | None:
    if not results.reasons:
        return None
    table = _table("not graded (student, chapter)", "reason", "submissions")
    numbers = {chapter.id: chapter.plan.number for chapter in results.chapters}
    for reason, standings in results.reasons:
        named = [f"{one_line(s.student, NAME_LENGTH)} {numbers[s.chapter]}" for s in standings[:LISTED_STUDENTS]]
        more = len(standings) - len(named)
        table.add_row(Text(one_line(reason)), Text(", ".join(named) + (f" and {more} more" if more else "")))
    return table


def _failure_table(results: ClassStatistics) -> Table | None:
    table = _table("failed most often, without open exercises", _number("failed"), "behaviour", "exercise")
    tests = [(test, chapter.plan.number) for chapter in results.chapters for test in chapter.failing]
    for test, number in sorted(tests, key=lambda pair: -len(pair[0].failed))[:MOST_FAILED]:
        table.add_row(f"{len(test.failed)} of {test.total}", Text(test.title), f"{number} {test.exercise}")
    return table if table.row_count else None


def _student_table(results: ClassStatistics) -> Table:
    columns = [_number(str(chapter.plan.number)) for chapter in results.chapters]
    title = "points by chapter (! not graded, – missing, L late, * to be marked by hand)"
    table = _table(title, "student", *columns, _number("total"))
    for student in results.students:
        total = results.totals.get(student.id)
        row = [Text(short(standing)) for standing in results.of(student.id)]
        table.add_row(_name(student.id), *row, "–" if total is None else f"{total:g}")
    return table


def short(standing: Standing) -> str:
    """A standing in a few characters: its points with marks, or a sign for none."""
    if standing.points is None:
        return "–" if standing.status == NOT_SUBMITTED else "!"
    return f"{'L ' if standing.lateness else ''}{standing.points:g}{'*' if standing.pending else ''}"


def _slowest(results: ClassStatistics) -> Table | None:
    exercises = [(chapter, exercise) for chapter in results.chapters for exercise in chapter.exercises]
    times = [(e.seconds, f"{c.plan.number} {e.id}") for c, e in exercises if e.seconds is not None]
    table = _table("slowest tests", "exercise", _number("median seconds"))
    for seconds, name in sorted(times, reverse=True)[:SLOWEST]:
        table.add_row(name, f"{seconds:.1f}")
    return table if times else None


def _name(student: str) -> Text:
    return Text(one_line(student, NAME_LENGTH))


def student_report(course: Course, results: ClassStatistics, student: str) -> RenderableType:
    """A student's results over all chapters, with the sentences of what fails.

    Raises:
        CourseError: The class has no such student.
    """
    known = results.class_list.students
    if student not in known:
        raise CourseError(f"No student {student!r} in {course.root}: {nearest(student, known)}")
    person, total = known[student], results.totals.get(student)
    details = " · ".join(filter(None, map(one_line, (person.full_name, person.email))))
    heading = Text.assemble((one_line(student), "bold"), f"  {details}" if details else "")
    points = "nothing is graded" if total is None else f"{total:g} of {results.max_score:g} points"
    parts: list[RenderableType] = [heading, Text(points)]
    for chapter, standing in zip(results.chapters, results.of(student), strict=True):
        parts += ["", Text.assemble((f"{chapter.id}: ", "bold"), _summary(standing, chapter.plan))]
        if standing.is_graded:
            titles = {c.grade_id: c.title for c in read_chapter(course.notebook(chapter.id)).with_role(Role.TEST)}
            parts += _exercises(standing, chapter.plan, titles)
    return Group(*parts)


def _summary(standing: Standing, plan: ChapterPlan) -> Text:
    if standing.points is None:
        reason = "nothing submitted" if standing.status == NOT_SUBMITTED else f"not graded: {one_line(standing.reason)}"
        return Text(reason, style="yellow")
    return Text(f"{standing.points:g} of {plan.points:g}{''.join(f', {remark}' for remark in remarks(standing))}")


def remarks(standing: Standing) -> list[str]:
    """What is special about a graded submission, in words."""
    late, found = standing.lateness, []
    if late:
        found.append(f"{duration(late)} late")
    if standing.penalty:
        found.append(f"{standing.penalty:g} points off")
    if standing.sandbox == "none":
        found.append("no sandbox")
    return [*found, *map(one_line, standing.notes)]


def _exercises(standing: Standing, plan: ChapterPlan, titles: dict[str, str]) -> Iterator[RenderableType]:
    for exercise, tests in by_exercise(standing, plan).items():
        cells = [standing.cells[test] for test in tests]
        score, most = sum(cell.score for cell in cells), sum(cell.max_score for cell in cells)
        failed = [test for test, cell in zip(tests, cells, strict=True) if cell.score < cell.max_score]
        is_open = bool(failed) and all(standing.messages.get(test) == LEFT_OPEN for test in failed)
        mark, style = ("○", "dim") if is_open else ("✗", "red") if failed else ("✓", "green")
        note = "  left open" if is_open else ""
        yield Padding(
            Text.assemble((f"{mark} ", style), f"{exercise}  {score:g} of {most:g}{note}"), (0, 0, 0, 2), expand=False
        )
        yield from (_sentence(standing, test, titles) for test in ([] if is_open else failed))


def _sentence(standing: Standing, test: str, titles: dict[str, str]) -> RenderableType:
    message = standing.messages.get(test, NOT_YET)
    return Padding(
        Text(titles.get(test, test) if message == NOT_YET else one_line(message)), (0, 0, 0, 6), expand=False
    )


def result_line(result: Result) -> tuple[str, str, str, str]:
    """A result as a row of a table: student, score, maximum score, remark."""
    student = result.student if result.student.isprintable() else ascii(result.student)
    if result.score is None:
        return student, "–", "", f"not graded: {result.reason}"
    found = ["late"] if result.late else []
    if result.penalty:
        found.append(f"{result.penalty:g} points off")
    if result.sandbox == "none":
        found.append("no sandbox")
    found += [note for note in result.notes if note != NO_ARRIVAL]  # often all of them: the run's end says how many
    return student, f"{counted_score(result.score, result.penalty):g}", f"{result.max_score:g}", ", ".join(found)
