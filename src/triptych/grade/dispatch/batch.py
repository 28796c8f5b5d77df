"""A run's work list and its progress listener, the same for local processes and for a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from triptych.grade.dispatch.job import Job, Outcome
from triptych.grade.record import Result
from triptych.grade.sandbox.limits import Limits
from triptych.model.course import Course

#: A submission, as (student, chapter).
Key = tuple[str, str]
#: Seconds between two progress reports.
REPORT_INTERVAL_S = 0.5


class Listener:
    """Receives the progress of a run. Override the methods of interest."""

    def started(self, total: int, unchanged: int) -> None:
        """The run has `total` submissions to grade; `unchanged` ones keep the result of an earlier run."""

    def changed(self, lines: Sequence[str]) -> None:
        """A chapter's changes have been taken over into the gradebook; they are described in `lines`."""

    def running(self, names: Sequence[str]) -> None:
        """Names of the submissions that are being graded."""

    def waiting(self, reason: str) -> None:
        """Nothing can be graded at the moment. Called repeatedly while that is so."""

    def finished(self, result: Result) -> None:
        """A submission has its result."""


@dataclass(frozen=True)
class Batch:
    """Submissions to prepare for the gradebook.

    Attributes:
        course: The course.
        keys: The submissions, in the order in which they are begun.
        work: An empty folder; each submission gets a folder of its own below it.
        sandbox: "bwrap" or "none".
        limits: What a submission may use.
        listener: Receives progress.
        submitted: Folder of all submissions; empty for the one in the course folder.
        seeds: Seeds of random draws by submission.
    """

    course: Course
    keys: Sequence[Key]
    work: Path
    sandbox: str
    limits: Limits
    listener: Listener
    submitted: str = ""
    seeds: Mapping[Key, str] = field(default_factory=dict)

    def jobs(self) -> list[Job]:
        """A job for each submission."""
        return [
            Job(
                str(self.course.root),
                *key,
                str(self.work / str(number)),
                self.sandbox,
                self.submitted,
                seed=self.seeds.get(key, ""),
            )
            for number, key in enumerate(self.keys, 1)
        ]


#: Prepares the submissions of a batch and yields each with its outcome, in any order.
Executor = Callable[[Batch], Generator[tuple[Job, Outcome]]]


def display_name(job: Job) -> str:
    """A short name for a progress bar."""
    return f"{job.student} {job.chapter[:2]}"
