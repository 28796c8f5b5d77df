"""The one place that writes the gradebook: marks and feedback of one submission after the other."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from triptych.grade.dispatch.job import Job, Outcome
from triptych.grade.record import GRADED, NOT_GRADED, CellScore, Record, Result
from triptych.model.course import Course
from triptych.nbgrader_api import MissingEntry, gradebook, nbgrader_api


class Writer:
    """Hands prepared submissions to nbgrader, one at a time, and reads the marks back."""

    def __init__(self, course: Course, work: Path, sandbox: str, record: Record) -> None:
        self.course = course
        self.work = work
        self.sandbox = sandbox
        self.record = record
        self._log = course.root / ".triptych" / "grade.log"

    def write(self, job: Job, outcome: Outcome, fingerprint: str = "") -> Result:
        """Marks and feedback for a prepared submission; a refused one leaves no old marks behind.

        fingerprint: what the result depends on, kept with it unless it is to be tried again in any case.
        """
        start = time.monotonic()
        reason = outcome.reason
        again = outcome.again
        if outcome.ready:
            reason = self._autograde(job)
            again = bool(reason)
        result = Result(job.student, job.chapter, NOT_GRADED, reason)
        if reason:
            self._forget(job)
        else:
            result = self._marks(job)
        seconds = time.monotonic() - start
        result = replace(
            result,
            seconds=outcome.seconds + seconds,
            phases={**outcome.phases, "gradebook": seconds},
            tests=dict(outcome.tests),
            sandbox=self.sandbox,
            fingerprint="" if again else fingerprint,
        )
        self.record.add(result)
        self._tell(result)
        return result

    def _tell(self, result: Result) -> None:
        """A line for each submission: who, what came of it, where the seconds went."""
        spent = " ".join(f"{phase} {seconds:.2f}" for phase, seconds in result.phases.items())
        mark = f"{result.score:g} of {result.max_score:g}" if result.score is not None else repr(result.reason)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{now} {result.chapter} {result.student!r}: {mark}; seconds: {spent}\n")

    def _autograde(self, job: Job) -> str:
        """Runs nbgrader's Autograde and GenerateFeedback; the reason why not, or nothing."""
        api = nbgrader_api(
            self.course,
            CourseDirectory={"submitted_directory": str(Path(job.work) / "staged")},
            ExecuteSubmission={"executed_folder": str(Path(job.work) / "executed")},
        )
        for said in (
            api.autograde(job.chapter, job.student, force=True, create=True),
            api.generate_feedback(job.chapter, job.student, force=True),
        ):
            if not said["success"]:
                text = str(said.get("error", "")) + str(said.get("log", ""))
                if "KeyboardInterrupt" in text:  # nbgrader catches it with everything else
                    raise KeyboardInterrupt
                last = [line for line in text.strip().splitlines() if "Error" in line][-1:]
                return f"nbgrader could not take it ({last[0].strip()[:200] if last else 'no reason given'})"
        return ""

    def _marks(self, job: Job) -> Result:
        with gradebook(self.course) as book:
            submission = book.find_submission(job.chapter, job.student)
            cells = {
                grade.name: CellScore(float(grade.score or 0.0), float(grade.max_score))
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            late = bool(submission.timestamp and submission.total_seconds_late > 0)
            return Result(
                job.student,
                job.chapter,
                GRADED,
                score=float(submission.score),
                max_score=float(submission.max_score),
                late=late,
                penalty=float(submission.late_submission_penalty or 0.0),
                cells=cells,
            )

    def _forget(self, job: Job) -> None:
        """A submission that is not graded has no marks, not those of an earlier one."""
        if "/" in job.student or job.student.startswith("."):
            return
        for step in ("autograded", "feedback"):
            folder = self.course.root / step / job.student / job.chapter
            if folder.is_dir() and not folder.is_symlink():
                for path in folder.rglob("*"):
                    path.chmod(0o755 if path.is_dir() else 0o644)  # nbgrader writes read-only files
                shutil.rmtree(folder)
        with gradebook(self.course) as book, contextlib.suppress(MissingEntry):
            book.remove_submission(job.chapter, job.student)
