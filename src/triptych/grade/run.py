"""A grading run over a class: many workers prepare submissions, one writer enters them into the gradebook."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from triptych.build.release import release_chapter
from triptych.build.takeover import planned_change
from triptych.fingerprint import fingerprint as fingerprint_of
from triptych.grade.dispatch import local
from triptych.grade.dispatch.batch import Batch, Executor, Key, Listener
from triptych.grade.dispatch.job import Job, Outcome
from triptych.grade.execute.seeds import VARIABLE, new_seed
from triptych.grade.fingerprint import SubmissionFingerprints
from triptych.grade.record import Record, Result
from triptych.grade.results.writer import Writer
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.intake import submissions
from triptych.grade.submission.places import Finding, survey
from triptych.lock import course_lock
from triptych.model.course import Course, CourseError
from triptych.model.sound import require_sound
from triptych.nbgrader_api import (
    Assignment,
    MissingEntry,
    SubmittedAssignment,
    back_up,
    given_by_hand,
    gradebook,
    has_gradebook,
)
from triptych.text import one_line


def grade(
    course: Course,
    chapters: Sequence[str],
    students: Sequence[str] = (),
    *,
    jobs: int = 0,
    scheduler: str = "",
    sandbox: str = "bwrap",
    limits: Limits | None = None,
    force: bool = False,
    listener: Listener | None = None,
    executor: Executor | None = None,
) -> list[Result]:
    """Grades submissions and writes gradebook, feedback and record.

    A submission whose fingerprint has not changed since its last result keeps that result.

    Args:
        course: The course.
        chapters: Names of the chapters to grade.
        students: Names of the students to grade; empty for all who handed something in.
        jobs: Number of submissions to work on at a time; 0 stands for one per core.
        scheduler: Address of a Dask scheduler whose workers prepare the submissions, instead of local processes.
        sandbox: "bwrap", or "none" for trusted submissions.
        limits: What a submission may use.
        force: Whether to grade unchanged submissions too.
        listener: Receives progress.
        executor: Prepares the submissions, instead of local processes or a scheduler.

    Returns:
        The results of all submissions, those of unchanged ones first.

    Raises:
        CourseError: The course is not ready or another run is grading it; never because of a submission.
    """
    limits, listener = limits or Limits(), listener or Listener()
    with course_lock(course), tempfile.TemporaryDirectory(prefix="triptych-grade-") as scratch:
        for chapter in chapters:
            _release_if_changed(course, chapter, listener)
        record = Record(course)
        record.shorten()
        misplaced = _misplaced(course, chapters, students)
        keys = [key for key in submissions(course.submitted, list(chapters), list(students)) if key not in misplaced]
        calculator = SubmissionFingerprints(course, sandbox, limits)
        fingerprints = _fingerprints(course, keys, calculator)
        fingerprints |= {key: fingerprint_of(texts=[reason]) for key, reason in misplaced.items()}
        results = [] if force else _unchanged(course, record, fingerprints)
        unchanged = {(result.student, result.chapter) for result in results}
        todo = sorted((key for key in keys if key not in unchanged), key=lambda key: (key[1], key[0]))
        lost = [key for key in misplaced if key not in unchanged]
        listener.started(len(todo) + len(lost), len(unchanged))
        if todo or lost:
            back_up(course, "gradebook.before.db")
        with contextlib.closing(Writer(course, sandbox, record)) as writer:
            for key in lost:
                job = Job(str(course.root), *key, "", sandbox)
                results.append(writer.write(job, Outcome(False, misplaced[key]), fingerprints[key]))
                listener.finished(results[-1])
            if todo:
                files = {key: calculator.files[key] for key in todo}
                seeds = _seeds(files, writer.before)
                batch = Batch(course, todo, Path(scratch), sandbox, limits, listener, seeds=seeds)
                local_batch = partial(local.prepare_batch, processes=jobs)
                executor = executor or (_cluster(scheduler) if scheduler else local_batch)
                with contextlib.closing(executor(batch)) as prepared:
                    for job, outcome in prepared:
                        key = (job.student, job.chapter)
                        result = writer.write(job, outcome, fingerprints[key], files[key])
                        results.append(result)
                        listener.finished(result)
        return results


def plan(
    course: Course,
    chapters: Sequence[str],
    students: Sequence[str] = (),
    *,
    sandbox: str = "bwrap",
    force: bool = False,
) -> list[str]:
    """What `grade` would do, in words: changes of chapters with whom they concern, and the submissions to grade.

    Raises:
        CourseError: The course is not ready.
    """
    lines: list[str] = []
    again = set()
    for chapter in chapters:
        _require_release(course, chapter)
        if change := planned_change(course, chapter):
            lines += change.lines()
            again.add(chapter)
    misplaced = _misplaced(course, chapters, students)
    keys = [key for key in submissions(course.submitted, list(chapters), list(students)) if key not in misplaced]
    same: set[Key] = set()
    if not force and has_gradebook(course):
        fingerprints = _fingerprints(course, keys, SubmissionFingerprints(course, sandbox, Limits()))
        results = _unchanged(course, Record(course), fingerprints)
        same = {(result.student, result.chapter) for result in results if result.chapter not in again}
    lines += [
        f"{chapter}  {one_line(student, 80)}: would be graded"
        for student, chapter in keys
        if (student, chapter) not in same
    ]
    return lines + [f"{key[1]}  {one_line(key[0], 80)}: {reason}" for key, reason in misplaced.items()]


def _misplaced(course: Course, chapters: Sequence[str], students: Sequence[str]) -> dict[Key, str]:
    """The submissions that are only in a wrong place, with the reason for which they are not graded."""
    found: dict[Key, list[str]] = defaultdict(list)
    for finding in survey(course.submitted, list(course.plans)):
        key = (finding.student, finding.chapter)
        is_there = os.path.lexists(course.submitted / finding.student / finding.chapter)
        if finding.student and finding.chapter in chapters and not is_there:
            found[key].append(str(finding))
    return {key: "; ".join(reasons) for key, reasons in found.items() if not students or key[0] in students}


def _cluster(address: str) -> Executor:
    """The executor for a Dask scheduler. Raises CourseError if Dask is not installed."""
    if importlib.util.find_spec("distributed") is None:
        raise CourseError("--scheduler needs Dask, which is not installed: run pip install 'triptych[cluster]'.")
    from triptych.grade.dispatch import dask

    return partial(dask.prepare_batch, address=address)


def _fingerprints(course: Course, keys: Sequence[Key], fingerprints: SubmissionFingerprints) -> dict[Key, str]:
    """The fingerprint of each submission."""
    due: dict[str, datetime | None] = {}
    with gradebook(course) as book:
        for chapter in {chapter for _, chapter in keys}:
            with contextlib.suppress(MissingEntry):
                due[chapter] = book.find_assignment(chapter).duedate
        by_hand: dict[Key, list[str]] = defaultdict(list)
        for student, chapter, *given in given_by_hand(book):
            by_hand[student, chapter].append(str(given))
    return {key: fingerprints.of(*key, due.get(key[1]), by_hand[key]) for key in keys}


def _seeds(files: Mapping[Key, str], before: Mapping[Key, Result]) -> dict[Key, str]:
    """The seed of each submission's random draws: this run's, or the one that the same files had before.

    Files that have changed may contain draws that the student has seen, so they get others.
    """
    seed, is_given = new_seed(), bool(os.environ.get(VARIABLE))
    seeds = dict.fromkeys(files, seed)
    for key, result in before.items():
        if result.seed and result.files == files.get(key) and not is_given:
            seeds[key] = result.seed
    return seeds


def _unchanged(course: Course, record: Record, fingerprints: dict[Key, str]) -> list[Result]:
    """Results of earlier runs that are up to date, and whose gradebook entry and feedback exist."""
    recorded = record.results()
    with gradebook(course) as book:
        query = book.db.query(SubmittedAssignment.student_id, Assignment.name).join(SubmittedAssignment.assignment)
        entered = {tuple(row) for row in query} if recorded else set()
    unchanged = []
    for key, fingerprint in fingerprints.items():
        result = recorded.get(key)
        if result is None or result.fingerprint != fingerprint:
            continue
        page = course.root / "feedback" / key[0] / key[1] / f"{key[1]}.html"
        if result.score is None or (key in entered and page.is_file()):
            unchanged.append(result)
    return unchanged


def as_json(results: Sequence[Result], not_used: Sequence[Finding] = ()) -> dict[str, Any]:
    """The results in the documented schema (docs/instructors/grading.md)."""
    keys = ("student", "chapter", "status", "reason", "score", "max_score", "cells")
    rows = [asdict(result) for result in sorted(results, key=lambda r: (r.student, r.chapter))]
    places = ("path", "student", "chapter", "problem")
    return {
        "submissions": [{key: row[key] for key in keys} for row in rows],
        "not_used": [{key: getattr(finding, key) for key in places} for finding in not_used if not finding.used],
    }


def _release_if_changed(course: Course, chapter: str, listener: Listener) -> None:
    """Releases a chapter again if the gradebook has other cells or points than its source.

    Raises CourseError if the chapter has not been built.
    """
    _require_release(course, chapter)
    change = planned_change(course, chapter)
    if change is None or change:
        release_chapter(course, chapter, lock=False)
        if change:
            listener.changed(list(change.lines()))


def _require_release(course: Course, chapter: str) -> None:
    if not (course.release / chapter / f"{chapter}.ipynb").is_file():
        raise CourseError(f"release/{chapter} is missing: run `triptych build {chapter}` first.")
    require_sound(course.notebook(chapter))
