"""The results of a class in numbers: by chapter, exercise and behaviour."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median

from triptych.grade.record import NOT_GRADED, CellScore
from triptych.grade.results.class_list import WAITING, ClassList, Standing, Student, read_class
from triptych.grade.results.feedback import LEFT_OPEN, NOT_YET
from triptych.model.chapter import Role, exercise_of, read_chapter
from triptych.model.course import ChapterPlan, Course, CourseError
from triptych.nbgrader_api import gradebook

BINS = 10


@dataclass(frozen=True)
class TestStatistics:
    """How often a test cell failed.

    Attributes:
        id: The test cell's id.
        title: The behaviour that it tests.
        exercise: The exercise's id.
        failed: The students whose answer failed.
        left_open: The number of students who left the exercise open.
        total: The number of graded submissions.
        message: What the feedback of most of them says.
        said: How many of them it says that to.
    """

    id: str
    title: str
    exercise: str
    failed: Sequence[str]
    left_open: int
    total: int
    message: str = ""
    said: int = 0


@dataclass(frozen=True)
class ExerciseStatistics:
    """The numbers of submissions with all, some and none of an exercise's points, and of those that left it open."""

    id: str
    points: float
    full: int
    partial: int
    none: int
    open: int
    #: median time of its test cells; None if no run measured it
    seconds: float | None
    #: the most frequent failures first
    tests: Sequence[TestStatistics]

    @property
    def failing(self) -> list[TestStatistics]:
        return [test for test in self.tests if test.failed]


@dataclass(frozen=True)
class ChapterStatistics:
    """The results of a chapter."""

    plan: ChapterPlan
    #: of every student, also of those who submitted nothing
    standings: Sequence[Standing]
    exercises: Sequence[ExerciseStatistics]

    @property
    def id(self) -> str:
        return self.plan.id

    @property
    def title(self) -> str:
        return self.plan.title

    @cached_property
    def graded(self) -> list[Standing]:
        return [standing for standing in self.standings if standing.is_graded]

    @cached_property
    def not_graded(self) -> list[Standing]:
        return [standing for standing in self.standings if standing.status == NOT_GRADED]

    @property
    def missing(self) -> int:
        """The number of students who submitted nothing."""
        return len(self.standings) - len(self.graded) - len(self.not_graded)

    @property
    def late(self) -> int:
        return sum(bool(standing.lateness) for standing in self.graded)

    @property
    def to_mark(self) -> int:
        return sum(bool(standing.pending) for standing in self.graded)

    @cached_property
    def scores(self) -> list[float]:
        return [standing.points or 0.0 for standing in self.graded]

    @property
    def mean(self) -> float:
        """The mean score of the graded submissions, of which there is at least one."""
        return fmean(self.scores)

    @property
    def median(self) -> float:
        """The median score of the graded submissions, of which there is at least one."""
        return median(self.scores)

    @property
    def failing(self) -> list[TestStatistics]:
        """The behaviours that failed, the most frequent first."""
        tests = (test for exercise in self.exercises for test in exercise.failing)
        return sorted(tests, key=lambda test: -len(test.failed))


@dataclass(frozen=True)
class ClassStatistics:
    """The results of a class: its students, and the chapters to which somebody has submitted something."""

    class_list: ClassList
    chapters: Sequence[ChapterStatistics]

    @property
    def students(self) -> list[Student]:
        return list(self.class_list.students.values())

    @property
    def max_score(self) -> float:
        """The points of all chapters, without those of bonus exercises."""
        return sum(chapter.plan.points for chapter in self.chapters)

    def of(self, student: str) -> list[Standing]:
        """A student's standings, in the order of the chapters."""
        return [self.class_list.standing(student, chapter.id) for chapter in self.chapters]

    @cached_property
    def totals(self) -> dict[str, float]:
        """The points of each student who has a graded submission."""
        totals = {}
        for student in self.class_list.students:
            if points := [s.points for s in self.of(student) if s.points is not None]:
                totals[student] = sum(points)
        return totals

    @cached_property
    def reasons(self) -> list[tuple[str, list[Standing]]]:
        """The submissions that are not graded, by reason, the most frequent first."""
        return _grouped((s.reason, s) for chapter in self.chapters for s in chapter.not_graded)

    @cached_property
    def notes(self) -> list[tuple[str, list[Standing]]]:
        """The graded submissions of which a person should know something, by that, the most frequent first."""
        return _grouped((note, s) for chapter in self.chapters for s in chapter.graded for note in s.notes)

    @property
    def mean(self) -> float:
        """The mean of the totals, of which there is at least one."""
        return fmean(self.totals.values())

    @property
    def median(self) -> float:
        """The median of the totals, of which there is at least one."""
        return median(self.totals.values())


def _grouped(pairs: Iterable[tuple[str, Standing]]) -> list[tuple[str, list[Standing]]]:
    groups: dict[str, list[Standing]] = defaultdict(list)
    for text, standing in pairs:
        groups[text].append(standing)
    return sorted(groups.items(), key=lambda pair: -len(pair[1]))


def class_statistics(course: Course, chapters: Sequence[str]) -> ClassStatistics:
    """The results of the chapters to which anything has been submitted.

    Raises:
        CourseError: There are no results, or the record is damaged.
    """
    with gradebook(course) as book:
        class_list = read_class(course, book)
    begun = {chapter for _, chapter in class_list.standings}
    if all(s.reason == WAITING for s in class_list.standings.values() if s.chapter in chapters):
        raise CourseError(f"Nothing has been graded in {course.root} yet: run `triptych grade` first.")
    return ClassStatistics(class_list, [_chapter_statistics(course, class_list, c) for c in chapters if c in begun])


def _chapter_statistics(course: Course, class_list: ClassList, chapter: str) -> ChapterStatistics:
    plan = course.plans[chapter]
    cells = {cell.grade_id: cell.title for cell in read_chapter(course.notebook(chapter)).with_role(Role.TEST)}
    standings = [class_list.standing(student, chapter) for student in class_list.students]
    graded = [standing for standing in standings if standing.is_graded]
    tests = dict.fromkeys([*cells, *(test for standing in graded for test in standing.cells)])
    owner = {test: exercise_of(test, plan.exercises) for test in tests}
    exercises = []
    for exercise in plan.exercises:
        own = [test for test in owner if owner[test] == exercise]
        levels = Counter(level(standing, own) for standing in graded)
        behaviours = [_test_statistics(test, cells.get(test, test), exercise, graded) for test in own]
        times = [sum(standing.tests.get(test, 0.0) for test in own) for standing in graded if standing.tests]
        exercises.append(
            ExerciseStatistics(
                exercise,
                plan.exercises[exercise].points,
                levels["full"],
                levels["partial"],
                levels["none"],
                levels["open"],
                median(times) if times else None,
                sorted(behaviours, key=lambda test: -len(test.failed)),
            )
        )
    return ChapterStatistics(plan, standings, exercises)


def _test_statistics(test: str, title: str, exercise: str, graded: Iterable[Standing]) -> TestStatistics:
    with_test = [standing for standing in graded if test in standing.cells]
    lost = [standing for standing in with_test if not _has_all(standing.cells[test])]
    failed = [standing for standing in lost if standing.messages.get(test) != LEFT_OPEN]
    said = Counter(standing.messages[test] for standing in failed if test in standing.messages)
    del said[NOT_YET]
    message, times = said.most_common(1)[0] if said else ("", 0)
    names = [standing.student for standing in failed]
    return TestStatistics(test, title, exercise, names, len(lost) - len(failed), len(with_test), message, times)


def _has_all(cell: CellScore) -> bool:
    return cell.score >= cell.max_score


def level(standing: Standing, tests: Iterable[str]) -> str:
    """How an exercise was answered: "full", "partial", "none" or "open"."""
    cells = {test: standing.cells[test] for test in tests if test in standing.cells}
    if cells and all(map(_has_all, cells.values())):
        return "full"
    if any(cell.score > 0 for cell in cells.values()):
        return "partial"
    is_open = bool(cells) and all(standing.messages.get(test) == LEFT_OPEN for test in cells)
    return "open" if is_open else "none"


def histogram(scores: Iterable[float], most: float) -> list[int]:
    """The numbers of scores in tenths of the most that can be had; the last tenth includes all of it."""
    bins = [0] * BINS
    for score in scores:
        bins[min(BINS - 1, int(BINS * score / most)) if most else 0] += 1
    return bins


def by_exercise(standing: Standing, plan: ChapterPlan) -> Mapping[str, list[str]]:
    """The test cells of a graded submission by exercise, in the chapter's order."""
    cells: dict[str, list[str]] = defaultdict(list)
    for test in standing.cells:
        if exercise := exercise_of(test, plan.exercises):
            cells[exercise].append(test)
    return {exercise: cells[exercise] for exercise in plan.exercises if exercise in cells}
