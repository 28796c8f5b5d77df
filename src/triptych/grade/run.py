"""A class graded: a process for each submission, one writer of the gradebook, a line for each student."""

from __future__ import annotations

import contextlib
import fcntl
import json
import multiprocessing
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from triptych.build.release import release_chapter
from triptych.chapter import read_chapter
from triptych.course import Course, CourseError
from triptych.grade import worker
from triptych.grade.clock import LONGEST
from triptych.grade.intake import submissions
from triptych.grade.limits import Limits
from triptych.grade.worker import GRACE, STUCK, Job, Outcome
from triptych.nbgrader_api import MissingEntry, gradebook, nbgrader_api

GRADED, NOT_GRADED = "graded", "not_graded"


@dataclass(frozen=True)
class CellScore:
    score: float
    max_score: float


@dataclass(frozen=True)
class Result:
    """What became of one submission. `score` is None when it was not graded."""

    student: str
    chapter: str
    status: str
    reason: str = ""
    score: float | None = None
    max_score: float | None = None
    late: bool = False
    cells: dict[str, CellScore] = field(default_factory=dict)
    seconds: float = 0.0
    box: str = ""


Listener = Callable[[Result], None]


def grade(
    course: Course,
    chapters: Sequence[str],
    students: Sequence[str] = (),
    *,
    jobs: int = 0,
    box: str = "bwrap",
    limits: Limits | None = None,
    started: Callable[[int], None] = lambda total: None,
    finished: Listener = lambda result: None,
) -> list[Result]:
    """Grades what lies in `submitted/` and writes gradebook, feedback and record.

    jobs: submissions at a time (0: as many as there are cores). started and finished are told of
    the number of submissions and of each result as it comes. Raises CourseError when the course
    itself is not ready; never because of a submission.
    """
    limits = limits or Limits()
    with _alone(course), tempfile.TemporaryDirectory(prefix="triptych-grade-") as scratch:
        work = Path(scratch)
        for chapter in chapters:
            _prepare(course, chapter)
        todo = list(submissions(course.submitted, list(chapters), list(students)))
        started(len(todo))
        _back_up(course)
        writer = Writer(course, work, box)
        results = []
        for job, outcome in _prepared(course, todo, work, jobs or os.cpu_count() or 1, box, limits):
            result = writer.write(job, outcome)
            results.append(result)
            finished(result)
        return results


# --- workers -------------------------------------------------------------------------------------


def _prepared(
    course: Course, todo: list[tuple[str, str]], work: Path, jobs: int, box: str, limits: Limits
) -> Iterator[tuple[Job, Outcome]]:
    """Runs submissions in worker processes, `jobs` at a time, and yields what each says as it ends.

    A worker keeps what submissions share (imports, setup cells, compiled references); a learner's
    code runs in a kernel of its own. A worker that dies or hangs costs its submission alone.
    """
    log = course.root / ".triptych" / "workers.log"
    # spawned, not forked: a worker must not inherit the gradebook's connections or JAX's threads
    pool = ProcessPool(
        max_workers=min(jobs, max(len(todo), 1)),
        initializer=worker.begin,
        initargs=[str(log)],
        context=multiprocessing.get_context("spawn"),
    )
    pending: dict[Future[Outcome], Job] = {}
    try:
        for number, (student, chapter) in enumerate(todo):
            job = Job(str(course.root), student, chapter, str(work / str(number)), box)
            Path(job.work).mkdir()
            pending[
                pool.schedule(worker.run, [job, limits], timeout=LONGEST * (limits.notebook_seconds + 2 * GRACE))
            ] = job
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                job = pending.pop(future)
                yield job, _outcome(future, limits, log)
                shutil.rmtree(job.work, ignore_errors=True)
        pool.close()
    finally:
        pool.stop()
        pool.join()


def _outcome(future: Future[Outcome], limits: Limits, log: Path) -> Outcome:
    """What a worker said, or what became of it."""
    late = f"it did not end within {limits.notebook_seconds + GRACE:.0f} s"
    try:
        return future.result()
    except TimeoutError:
        return Outcome(False, late)
    except ProcessExpired as death:
        if death.exitcode == STUCK:
            return Outcome(False, late)
        return Outcome(False, f"its worker process died (exit code {death.exitcode}): grade it again; see {log}")
    except Exception as error:  # a fault of the grader or of the course; other submissions go on
        return Outcome(False, f"the grader could not run it ({type(error).__name__}: {str(error)[:200]}); see {log}")


# --- the one writer ------------------------------------------------------------------------------


class Writer:
    """Hands prepared submissions to nbgrader, one at a time, and reads the marks back."""

    def __init__(self, course: Course, work: Path, box: str) -> None:
        self.course = course
        self.work = work
        self.box = box
        self.record = Record(course)

    def write(self, job: Job, outcome: Outcome) -> Result:
        """Marks and feedback for a prepared submission; a refused one leaves no old marks behind."""
        reason = outcome.reason
        if outcome.ready:
            reason = self._autograde(job)
        if reason:
            self._forget(job)
            result = Result(job.student, job.chapter, NOT_GRADED, reason, seconds=outcome.seconds, box=self.box)
        else:
            result = self._marks(job, outcome)
        self.record.add(result)
        return result

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

    def _marks(self, job: Job, outcome: Outcome) -> Result:
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
                cells=cells,
                seconds=outcome.seconds,
                box=self.box,
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


class Record:
    """What became of every submission, kept beside the gradebook: the gradebook has no place for “not graded”."""

    def __init__(self, course: Course) -> None:
        self.path = course.root / ".triptych" / "record.json"

    def read(self) -> list[dict[str, Any]]:
        """The newest result of every submission, in no particular order."""
        try:
            return list(json.loads(self.path.read_text(encoding="utf-8")).values())
        except FileNotFoundError:
            return []
        except ValueError as error:
            raise CourseError(f"{self.path} is damaged ({error}): delete it and grade again.") from error

    def add(self, result: Result) -> None:
        """Enters a result; the file is whole at every moment."""
        kept = {f"{r['student']}/{r['chapter']}": r for r in self.read()}
        entry = asdict(result) | {"graded_at": datetime.now(UTC).isoformat(timespec="seconds")}
        kept[f"{result.student}/{result.chapter}"] = entry
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".part")
        partial.write_text(json.dumps(kept, indent=1, sort_keys=True), encoding="utf-8")
        partial.replace(self.path)


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The results in the documented schema (docs/instructors.md)."""
    keys = ("student", "chapter", "status", "reason", "score", "max_score", "cells")
    rows = [asdict(result) for result in sorted(results, key=lambda r: (r.student, r.chapter))]
    return {"submissions": [{key: row[key] for key in keys} for row in rows]}


# --- what must hold before a run -----------------------------------------------------------------


@contextlib.contextmanager
def _alone(course: Course) -> Iterator[None]:
    """One run at a time: two writers of one gradebook would undo each other."""
    folder = course.root / ".triptych"
    folder.mkdir(exist_ok=True)
    with (folder / "grade.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CourseError(f"{course.root} is being graded by another run: wait for its end.") from error
        yield


def _prepare(course: Course, chapter: str) -> None:
    """Release and gradebook must know the chapter as its source is now."""
    source = course.notebook(chapter)
    if not (course.release / chapter / f"{chapter}.ipynb").is_file():
        raise CourseError(f"release/{chapter} is missing: run `triptych build {chapter}` first.")
    truth = {
        c.grade_id: c.source for c in read_chapter(source).cells if c.nbgrader.get("grade") or c.nbgrader.get("locked")
    }
    with gradebook(course) as book:
        try:
            kept = {c.name: c.source for c in book.find_notebook(chapter, chapter).source_cells}
        except MissingEntry:
            kept = {}
    if any(kept.get(name) != text for name, text in truth.items()):
        release_chapter(course, chapter)


def _back_up(course: Course) -> None:
    """A copy of the gradebook as it is before the run, through SQLite's own backup."""
    path = course.root / "gradebook.db"
    if path.is_file():
        with (
            contextlib.closing(sqlite3.connect(path)) as book,
            contextlib.closing(sqlite3.connect(course.root / ".triptych" / "gradebook.before.db")) as copy,
        ):
            book.backup(copy)
