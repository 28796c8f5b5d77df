"""What a worker receives and returns for a submission. Light to import: Dask workers and schedulers load it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from triptych.grade.execute.clock import MAX_SLOWDOWN
from triptych.grade.sandbox.limits import Limits

#: Seconds that a worker has beyond the notebook's time limit to write its result.
GRACE_S = 60.0
#: Exit code of a worker that has ended itself because its submission did not end.
STUCK = 9
#: The beginning of a note on a submission of which it is not known whether it is late.
NO_ARRIVAL = "no time of arrival"
#: File in a job's work folder with the id of the test cell that runs.
RUNNING_TEST = "running-test"


@dataclass(frozen=True)
class Job:
    """A submission to prepare. Paths are those of the machine on which the worker runs.

    Attributes:
        course: The course folder.
        student: The student's name.
        chapter: The chapter's name.
        work: Folder for the results; it need not exist.
        sandbox: "bwrap" or "none".
        submitted: Folder of all submissions; empty for the one in the course folder.
        failed_tests: Test cells that ended the worker processes in which they ran; they fail.
        compile_first: Whether the worker compiles what submissions to the chapter share, unless that has been done.
        seed: The seed of the test cells' random draws, a secret; without it each test cell draws its own numbers.
    """

    course: str
    student: str
    chapter: str
    work: str
    sandbox: str
    submitted: str = ""
    compile_first: bool = False
    failed_tests: tuple[str, ...] = ()
    seed: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a worker returns for a submission.

    Attributes:
        ready: Whether the submission can be entered into the gradebook.
        reason: Why it cannot.
        seconds: Time spent on it.
        again: Whether the next run tries it again even if nothing has changed: the submission is not at fault.
        phases: Seconds by phase.
        tests: Seconds by test cell.
        notes: What a person should know about the submission.
        file: The notebook that was read, relative to the submission's folder.
        content: A fingerprint of the submitted notebook's text.
    """

    ready: bool
    reason: str = ""
    seconds: float = 0.0
    again: bool = False
    phases: Mapping[str, float] = field(default_factory=dict)
    tests: Mapping[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    file: str = ""
    content: str = ""


def hard_timeout_s(limits: Limits) -> float:
    """Seconds of wall time after which a worker that has not ended itself, as it should have, is killed."""
    return MAX_SLOWDOWN * (limits.notebook_seconds + 2 * GRACE_S)


def late(limits: Limits) -> Outcome:
    """The outcome of a submission that did not end in time."""
    return Outcome(False, f"it did not end within {limits.notebook_seconds + GRACE_S:.0f} s", again=True)


def died(code: int | None, log: str) -> Outcome:
    """The outcome of a submission whose worker process died; `log` names the place to look."""
    return Outcome(False, f"its worker process died (exit code {code}): grade it again; see {log}", again=True)


def failed(error: BaseException, log: str) -> Outcome:
    """The outcome of a submission on which the grader failed; `log` names the place to look."""
    reason = f"the grader could not run it ({type(error).__name__}: {str(error)[:200]}); see {log}"
    return Outcome(False, reason, again=True)
