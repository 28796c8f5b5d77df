"""The only writer of the gradebook: scores and feedback of one submission after the other."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.utils import capture_log

from triptych.files import remove
from triptych.grade.dispatch.job import NO_ARRIVAL, Job, Outcome
from triptych.grade.record import GRADED, NOT_GRADED, CellScore, Record, Result
from triptych.grade.results.converters import PreparedAutograde, PreparedFeedback
from triptych.grade.results.export import is_pending
from triptych.grade.results.feedback import FeedbackExporter, messages
from triptych.grade.results.shared_gradebook import SharedGradebook
from triptych.model.chapter import chapter_from
from triptych.model.course import Course
from triptych.nbgrader_api import MissingEntry, gradebook, nbgrader_api

LEFT_OUT = "left out by student_id_exclude in nbgrader_config.py"


class Writer:
    """Passes prepared submissions to nbgrader, one at a time, and reads their scores. Call `close` at the end.

    Args:
        course: the course folder.
        sandbox: the sandbox that ran the submissions, for the record: "bwrap" or "none".
        record: receives the results.

    Attributes:
        before: the newest results of earlier runs, by student and chapter.
    """

    def __init__(self, course: Course, sandbox: str, record: Record) -> None:
        self.course = course
        self.sandbox = sandbox
        self.record = record
        self.before = record.results()
        self._log = course.root / ".triptych" / "grade.log"
        self._api = nbgrader_api(course)
        self._book: SharedGradebook = gradebook(course, SharedGradebook)
        self._autograding = PreparedAutograde(coursedir=self._api.coursedir, parent=self._api)
        self._autograding.force = self._autograding.create_student = True
        self._page = PreparedFeedback(coursedir=self._api.coursedir, parent=self._api)
        self._page.force = True
        self._autograding.book = self._book

    def close(self) -> None:
        """Closes the gradebook."""
        self._book.end()

    def write(self, job: Job, outcome: Outcome, fingerprint: str = "", files: str = "") -> Result:
        """Enters a prepared submission into gradebook, record and log. One that is not graded loses earlier scores.

        nbgrader does not touch the students in `student_id_exclude`; their submissions are listed as not graded.

        Args:
            job: the submission.
            outcome: what its worker reported.
            fingerprint: recorded unless the next run has to try again in any case.
            files: a fingerprint of the submission's files.
        """
        start = time.monotonic()
        by_hand: dict[str, str] = {}
        left_out = job.student in self._api.coursedir.student_id_exclude.split(",")
        reason, retry = (LEFT_OUT, True) if left_out else (outcome.reason, outcome.again)
        with self._book.shared():
            if outcome.ready and not left_out:
                by_hand = self._scores_by_hand(job, outcome)
                reason = self._autograde(job)
                if not reason:
                    result = self._read_scores(job)
                    reason = self._write_feedback(job)
                retry = bool(reason)
            if reason and not left_out:
                self._remove_scores(job)
        if reason:
            result = Result(job.student, job.chapter, NOT_GRADED, reason)
        kept = [name for name, content in by_hand.items() if content != outcome.content]
        if kept and not reason:
            result.notes.append(f"with manual scores of an earlier submission: {', '.join(kept)}")
        seconds = time.monotonic() - start
        result = replace(
            result,
            seconds=outcome.seconds + seconds,
            phases={**outcome.phases, "gradebook": seconds},
            tests=dict(outcome.tests),
            notes=list(dict.fromkeys([*outcome.notes, *result.notes])),
            file=outcome.file,
            content=outcome.content,
            seed=job.seed,
            files=files,
            by_hand=by_hand,
            sandbox=self.sandbox,
            fingerprint="" if retry else fingerprint,
        )
        self.record.add(result)
        self._append_to_log(result)
        return result

    def _append_to_log(self, result: Result) -> None:
        times = " ".join(f"{phase} {seconds:.2f}" for phase, seconds in result.phases.items())
        score = f"{result.score:g} of {result.max_score:g}" if result.score is not None else repr(result.reason)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{now} {result.chapter} {result.student!r}: {score}; seconds: {times}\n")

    def _autograde(self, job: Job) -> str:
        """Runs nbgrader's Autograde. Returns the reason if it failed, otherwise ""."""
        self._autograding.executed = Path(job.work) / "executed" / job.student / f"{job.chapter}.ipynb"
        return self._convert(self._autograding, job)

    def _write_feedback(self, job: Job) -> str:
        """Runs nbgrader's GenerateFeedback. Returns the reason if it failed, otherwise ""."""
        if self._page.exporter_class is not FeedbackExporter:
            return _reason(self._api.generate_feedback(job.chapter, job.student, force=True))
        self._page.notebook = self._autograding.notebook
        return self._convert(self._page, job)

    def _convert(self, converter: PreparedAutograde | PreparedFeedback, job: Job) -> str:
        folder = self._api.coursedir
        folder.assignment_id, folder.student_id = job.chapter, job.student
        folder.submitted_directory = str(Path(job.work) / "staged")
        return _reason(capture_log(converter))

    def _scores_by_hand(self, job: Job, outcome: Outcome) -> dict[str, str]:
        """The cells with a manual score, with the content for which it was given, as far as that is known.

        Also removes the time of arrival of an earlier submission, which nbgrader keeps if there is no new one.
        """
        before = self.before.get((job.student, job.chapter))
        found = {}
        with contextlib.suppress(MissingEntry):
            submission = self._book.find_submission(job.chapter, job.student)
            if not (Path(job.work) / "staged" / job.student / job.chapter / "timestamp.txt").is_file():
                submission.timestamp = None
                self._book.db.commit()
            for grade in self._book.grades(job.chapter, job.student):
                if grade.manual_score is None:
                    continue
                content = (before.content if before else "") or outcome.content
                if grade.needs_manual_grade and before:  # nobody has looked at it since nbgrader graded it again
                    content = before.by_hand.get(grade.name, content)
                found[str(grade.name)] = content
        return found

    def _read_scores(self, job: Job) -> Result:
        submission = self._book.find_submission(job.chapter, job.student)
        grades = self._book.grades(job.chapter, job.student)
        pending = {grade.name: float(grade.max_score) for grade in grades if is_pending(grade)}
        notes = [f"{sum(pending.values()):g} points to be graded by hand"] if pending else []
        if submission.assignment.duedate and not submission.timestamp:
            notes.append(NO_ARRIVAL)
        cells = {grade.name: CellScore(float(grade.score or 0.0), float(grade.max_score)) for grade in grades}
        return Result(
            job.student,
            job.chapter,
            GRADED,
            score=float(submission.score),
            max_score=float(submission.max_score),
            late=bool(submission.timestamp and submission.total_seconds_late > 0),
            penalty=float(submission.late_submission_penalty or 0.0),
            cells=cells,
            messages=messages(chapter_from(self._autograding.notebook, Path(job.chapter)), cells),
            pending=pending,
            notes=notes,
        )

    def _remove_scores(self, job: Job) -> None:
        """Removes scores and feedback of an earlier submission."""
        if "/" in job.student or job.student.startswith("."):
            return
        for step in ("autograded", "feedback"):
            remove(self.course.root / step / job.student / job.chapter)
        with contextlib.suppress(MissingEntry):
            self._book.remove_submission(job.chapter, job.student)


def _reason(result: Mapping[str, Any]) -> str:
    """Why a call of nbgrader failed, "" if it did not."""
    if result["success"]:
        return ""
    text = f"{result.get('error', '')}{result.get('log', '')}"
    if "KeyboardInterrupt" in text:  # nbgrader catches it like any other error
        raise KeyboardInterrupt
    errors = [line.strip()[:200] for line in text.strip().splitlines() if "Error" in line]
    return f"nbgrader failed ({errors[-1] if errors else 'no reason given'})"
