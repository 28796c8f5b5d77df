"""What is to be worked on, and who is told how that goes on: the same for processes and for a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from triptych.grade.dispatch.job import Job, Outcome
from triptych.grade.record import Result
from triptych.grade.sandbox.limits import Limits
from triptych.model.course import Course

#: A submission, as (student, chapter).
Key = tuple[str, str]
LOOK_EVERY = 0.5  # seconds between two looks at who is being graded


class Listener:
    """Is told how a run goes on. Override what is of interest."""

    def started(self, total: int, unchanged: int) -> None:
        """There are `total` submissions to grade, and `unchanged` that stand from an earlier run."""

    def running(self, names: Sequence[str]) -> None:
        """What is being worked on just now."""

    def waiting(self, why: str) -> None:
        """Nothing can be worked on just now. Is told again and again while that is so."""

    def finished(self, result: Result) -> None:
        """One more has ended."""


@dataclass(frozen=True)
class Order:
    """Submissions to prepare for the gradebook. Each gets a folder of its own below `work`."""

    course: Course
    todo: Sequence[Key]
    work: Path
    sandbox: str
    limits: Limits
    listener: Listener


#: Prepares the submissions of an order and yields each with its outcome, in any order.
Executor = Callable[[Order], Generator[tuple[Job, Outcome]]]


def name_of(student: str, chapter: str) -> str:
    """A submission in a few letters, for a bar."""
    return f"{student} {chapter[:2]}"
