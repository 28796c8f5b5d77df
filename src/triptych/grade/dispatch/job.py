"""What a worker is told of a submission, and what it says. Imports little: Dask workers and schedulers import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from triptych.grade.execute.clock import MAX_SLOWDOWN
from triptych.grade.sandbox.limits import Limits

#: Beyond a notebook's own deadline a worker gets this long to write its result; in seconds.
GRACE = 60.0
#: Exit code of a worker that has ended itself.
STUCK = 9


@dataclass(frozen=True)
class Job:
    """What a worker is told. All paths are the grader's own."""

    course: str
    student: str
    chapter: str
    work: str
    sandbox: str
    #: a folder of programs that JAX has compiled before; none when empty
    compiled: str = ""
    #: where submissions lie; the course's own folder for them when empty
    submitted: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a worker says: refused with the reason, or ready with where the time went (seconds)."""

    ready: bool
    reason: str = ""
    seconds: float = 0.0
    #: not the submission's fault: to be tried in the next run, whatever has changed
    again: bool = False
    phases: Mapping[str, float] = field(default_factory=dict)
    #: seconds by test cell
    tests: Mapping[str, float] = field(default_factory=dict)


def longest(limits: Limits) -> float:
    """Seconds of wall time after which a worker process has not ended itself, as it should have, and is ended."""
    return MAX_SLOWDOWN * (limits.notebook_seconds + 2 * GRACE)


def late(limits: Limits) -> Outcome:
    """What becomes of a submission that does not end."""
    return Outcome(False, f"it did not end within {limits.notebook_seconds + GRACE:.0f} s", again=True)


def died(code: int | None, log: str) -> Outcome:
    """What becomes of a submission whose worker process has ended; `log` says where to look."""
    said = f"its worker process died (exit code {code}): grade it again; see {log}"
    return Outcome(False, said, again=True)


def failed(error: BaseException, log: str) -> Outcome:
    """What becomes of a submission when the grader or the course has a fault."""
    said = f"the grader could not run it ({type(error).__name__}: {str(error)[:200]}); see {log}"
    return Outcome(False, said, again=True)
