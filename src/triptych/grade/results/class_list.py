"""Every student of the class and the state of each chapter, from gradebook, record and `submitted/`."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from triptych.grade.record import GRADED, NOT_GRADED, CellScore, Record, Result
from triptych.grade.submission.intake import submissions
from triptych.model.course import Course
from triptych.nbgrader_api import (
    Assignment,
    Grade,
    Gradebook,
    GradeCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)

NOT_SUBMITTED = "not_submitted"
WAITING = "not graded yet: run `triptych grade`"

Key = tuple[str, str]


@dataclass(frozen=True)
class Student:
    """A student, with what the gradebook has about them."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""
    in_gradebook: bool = False

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Standing:
    """How a student stands in a chapter.

    Attributes:
        student: The student's id.
        chapter: The chapter's id.
        status: `GRADED`, `NOT_GRADED` or `NOT_SUBMITTED`.
        reason: Why it was not graded.
        score: Points, without `penalty`; None if it was not graded.
        penalty: Points taken off for being late.
        max_score: Points that it could have.
        submitted: The time of arrival; None if there is none.
        due: The student's deadline, with an extension; None if there is none.
        pending: Points that wait for a person.
        cells: Points by graded cell, without those that wait for a person.
        messages: What feedback says about failed test cells.
        sandbox: "bwrap" or "none".
        tests: Seconds by test cell.
        notes: What a person should know about it.
        file: The notebook that was graded, relative to the submission's folder.
    """

    student: str
    chapter: str
    status: str
    reason: str = ""
    score: float | None = None
    penalty: float = 0.0
    max_score: float = 0.0
    submitted: datetime | None = None
    due: datetime | None = None
    pending: float = 0.0
    cells: Mapping[str, CellScore] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    sandbox: str = ""
    tests: Mapping[str, float] = field(default_factory=dict)
    notes: Sequence[str] = ()
    file: str = ""

    @property
    def is_graded(self) -> bool:
        return self.status == GRADED

    @property
    def points(self) -> float | None:
        """The score less the penalty for late submission, never below 0; None if it was not graded."""
        return None if self.score is None else counted_score(self.score, self.penalty)

    @property
    def lateness(self) -> timedelta:
        """How long after the deadline it arrived; zero if it was in time or the time is unknown."""
        if self.submitted is None or self.due is None:
            return timedelta()
        return max(timedelta(), self.submitted - self.due)


@dataclass(frozen=True)
class ClassList:
    """All students by id, the chapters' deadlines, and the standings that differ from "nothing was submitted"."""

    students: Mapping[str, Student]
    chapters: Mapping[str, datetime | None]
    standings: Mapping[Key, Standing]

    def standing(self, student: str, chapter: str) -> Standing:
        default = Standing(student, chapter, NOT_SUBMITTED, due=self.chapters.get(chapter))
        return self.standings.get((student, chapter), default)


def counted_score(score: float, penalty: float | None) -> float:
    """A score less the penalty for late submission, never below 0."""
    return max(0.0, float(score) - float(penalty or 0.0))


def read_class(course: Course, book: Gradebook) -> ClassList:
    """Reads who is in the class and how they stand. Scores are the gradebook's, with those given by hand.

    Args:
        course: The course folder.
        book: Its open gradebook.

    Raises:
        CourseError: The record is damaged.
    """
    chapters = {assignment.name: _utc(assignment.duedate) for assignment in book.assignments}
    results = Record(course).results()
    standings = {key: _from_result(result) for key, result in results.items()}
    for key in submissions(course.submitted, list(course.plans), []):
        standings.setdefault(key, Standing(*key, NOT_GRADED, WAITING))
    standings |= _graded(book, results)
    order = [*course.plans, *sorted({chapter for _, chapter in standings} | chapters.keys())]
    known = {chapter: chapters.get(chapter) for chapter in dict.fromkeys(order)}
    return ClassList(_students(course, book, standings), known, standings)


def _from_result(result: Result) -> Standing:
    """The standing of a submission that is not in the gradebook."""
    reason = WAITING if result.status == GRADED else result.reason
    return Standing(result.student, result.chapter, NOT_GRADED, reason, sandbox=result.sandbox)


def _graded(book: Gradebook, results: Mapping[Key, Result]) -> dict[Key, Standing]:
    """The standings of all submissions in the gradebook, with few queries: a class may have thousands."""
    cells: dict[str, tuple[str, float]] = {}
    for type_ in (GradeCell, TaskCell):
        cells |= {id_: (name, score) for id_, name, score in book.db.query(type_.id, type_.name, type_.max_score)}
    scores: dict[str, dict[str, CellScore]] = defaultdict(dict)
    pending: dict[str, float] = defaultdict(float)
    columns = (Grade.cell_id, Grade.auto_score, Grade.manual_score, Grade.score)
    grades = book.db.query(SubmittedNotebook.assignment_id, *columns)
    for submission, cell, auto, manual, score in grades.join(Grade, Grade.notebook_id == SubmittedNotebook.id):
        name, max_score = cells[cell]
        if auto is None and manual is None:
            pending[submission] += float(max_score or 0.0)
        else:
            scores[submission][name] = CellScore(float(score or 0.0), float(max_score or 0.0))
    penalties: dict[str, float] = defaultdict(float)
    for submission, penalty in book.db.query(
        SubmittedNotebook.assignment_id, SubmittedNotebook.late_submission_penalty
    ):
        penalties[submission] += float(penalty or 0.0)
    submitted: Iterable[Any] = book.db.query(
        SubmittedAssignment.id,
        SubmittedAssignment.student_id,
        Assignment.name,
        SubmittedAssignment.timestamp,
        SubmittedAssignment.extension,
        Assignment.duedate,
    ).join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
    standings = {}
    for id_, student, chapter, timestamp, extension, due in submitted:
        result = results.get((student, chapter))
        standings[student, chapter] = Standing(
            student,
            chapter,
            GRADED,
            score=sum(cell.score for cell in scores[id_].values()),
            penalty=penalties[id_],
            max_score=sum(cell.max_score for cell in scores[id_].values()) + pending[id_],
            submitted=_utc(timestamp),
            due=_utc(due + (extension or timedelta()) if due else None),
            pending=pending[id_],
            cells=scores[id_],
            messages=result.messages if result else {},
            sandbox=result.sandbox if result else "",
            tests=result.tests if result else {},
            notes=result.notes if result else (),
            file=result.file if result else "",
        )
    return standings


def _students(course: Course, book: Gradebook, standings: Iterable[Key]) -> dict[str, Student]:
    students = {student: Student(student) for student, _ in standings}
    if course.submitted.is_dir():
        for entry in os.scandir(course.submitted):
            # a chapter's name one level too high is no student
            if entry.is_dir(follow_symlinks=False) and entry.name[0] != "." and entry.name not in course.plans:
                students.setdefault(entry.name, Student(entry.name))
    for row in book.students:
        students[row.id] = Student(
            row.id, row.first_name or "", row.last_name or "", row.email or "", row.lms_user_id or "", in_gradebook=True
        )
    return dict(sorted(students.items()))


def _utc(moment: datetime | None) -> datetime | None:
    """A time of nbgrader's, which is in UTC without saying so."""
    return None if moment is None else moment.replace(tzinfo=UTC)
