"""The only writer of the gradebook: scores and feedback of one submission after the other."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.utils import capture_log, temp_attrs

from triptych.files import remove
from triptych.grade.dispatch.job import NO_ARRIVAL, Job, Outcome
from triptych.grade.record import GRADED, NOT_GRADED, CellScore, Record, Result
from triptych.grade.results.converters import PreparedAutograde
from triptych.grade.results.export import is_pending
from triptych.grade.results.feedback import messages
from triptych.model.chapter import read_chapter
from triptych.model.course import Course
from triptych.nbgrader_api import MissingEntry, gradebook, nbgrader_api


class Writer:
    """Passes prepared submissions to nbgrader, one at a time, and reads their scores.

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

    def write(self, job: Job, outcome: Outcome, fingerprint: str = "", files: str = "") -> Result:
        """Enters a prepared submission into gradebook, record and log. One that is not graded loses earlier scores.

        Args:
            job: the submission.
            outcome: what its worker reported.
            fingerprint: recorded unless the next run has to try again in any case.
            files: a fingerprint of the submission's files.
        """
        start = time.monotonic()
        by_hand = self._scores_by_hand(job, outcome) if outcome.ready else {}
        reason = self._autograde(job) if outcome.ready else outcome.reason
        retry = bool(reason) if outcome.ready else outcome.again
        if reason:
            self._remove_scores(job)
            result = Result(job.student, job.chapter, NOT_GRADED, reason)
        else:
            result = self._read_scores(job)
            result = replace(result, messages=self._read_messages(job, result))
            kept = [name for name, content in by_hand.items() if content != outcome.content]
            if kept:
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
        """Runs nbgrader's Autograde and GenerateFeedback. Returns the reason if one of them failed, otherwise ""."""
        api = nbgrader_api(
            self.course,
            CourseDirectory={"submitted_directory": str(Path(job.work) / "staged")},
            PreparedAutograde={
                "executed_folder": str(Path(job.work) / "executed"), "force": True, "create_student": True,
            },
        )  # fmt: skip
        with temp_attrs(api.coursedir, assignment_id=job.chapter, student_id=job.student):
            result = capture_log(PreparedAutograde(coursedir=api.coursedir, parent=api))
        if result["success"]:
            result = api.generate_feedback(job.chapter, job.student, force=True)
        if result["success"]:
            return ""
        text = f"{result.get('error', '')}{result.get('log', '')}"
        if "KeyboardInterrupt" in text:  # nbgrader catches it like any other error
            raise KeyboardInterrupt
        errors = [line.strip()[:200] for line in text.strip().splitlines() if "Error" in line]
        return f"nbgrader failed ({errors[-1] if errors else 'no reason given'})"

    def _scores_by_hand(self, job: Job, outcome: Outcome) -> dict[str, str]:
        """The cells with a manual score, with the content for which it was given, as far as that is known.

        Also removes the time of arrival of an earlier submission, which nbgrader keeps if there is no new one.
        """
        before = self.before.get((job.student, job.chapter))
        found = {}
        with gradebook(self.course) as book, contextlib.suppress(MissingEntry):
            submission = book.find_submission(job.chapter, job.student)
            if not (Path(job.work) / "staged" / job.student / job.chapter / "timestamp.txt").is_file():
                submission.timestamp = None
                book.db.commit()
            for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
                if grade.manual_score is None:
                    continue
                content = (before.content if before else "") or outcome.content
                if grade.needs_manual_grade and before:  # nobody has looked at it since nbgrader graded it again
                    content = before.by_hand.get(grade.name, content)
                found[str(grade.name)] = content
        return found

    def _read_scores(self, job: Job) -> Result:
        with gradebook(self.course) as book:
            submission = book.find_submission(job.chapter, job.student)
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            pending = {grade.name: float(grade.max_score) for grade in grades if is_pending(grade)}
            notes = [f"{sum(pending.values()):g} points to be graded by hand"] if pending else []
            if submission.assignment.duedate and not submission.timestamp:
                notes.append(NO_ARRIVAL)
            return Result(
                job.student,
                job.chapter,
                GRADED,
                score=float(submission.score),
                max_score=float(submission.max_score),
                late=bool(submission.timestamp and submission.total_seconds_late > 0),
                penalty=float(submission.late_submission_penalty or 0.0),
                cells={grade.name: CellScore(float(grade.score or 0.0), float(grade.max_score)) for grade in grades},
                pending=pending,
                notes=notes,
            )

    def _read_messages(self, job: Job, result: Result) -> dict[str, str]:
        """What the feedback says about failed tests, for the report."""
        path = self.course.root / "autograded" / job.student / job.chapter / f"{job.chapter}.ipynb"
        return messages(read_chapter(path), result.cells)

    def _remove_scores(self, job: Job) -> None:
        """Removes scores and feedback of an earlier submission."""
        if "/" in job.student or job.student.startswith("."):
            return
        for step in ("autograded", "feedback"):
            remove(self.course.root / step / job.student / job.chapter)
        with gradebook(self.course) as book, contextlib.suppress(MissingEntry):
            book.remove_submission(job.chapter, job.student)
