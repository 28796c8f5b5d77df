"""A class graded: worked on in processes or on a cluster, one writer of the gradebook, a line for each student."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import or_

from triptych.build.release import release_chapter
from triptych.grade.dispatch import dask, pool
from triptych.grade.dispatch.order import Executor, Key, Listener, Order
from triptych.grade.fingerprint import Digests
from triptych.grade.lock import course_lock
from triptych.grade.record import Record, Result
from triptych.grade.results.writer import Writer
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.intake import submissions
from triptych.model.chapter import read_chapter
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import Comment, Grade, MissingEntry, SubmittedAssignment, gradebook, one_engine


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
    """Grades what lies in `submitted/` and writes gradebook, feedback and record.

    jobs: submissions at a time (0: as many as there are cores). scheduler: the address of a Dask
    scheduler, whose workers work on submissions then. executor: prepares the submissions instead of
    local processes or a scheduler. A submission of which nothing has changed since
    its last result (itself, chapter, deadline, machinery) keeps that, unless `force`.
    Raises CourseError when the course itself is not ready; never because of a submission.
    """
    limits, listener = limits or Limits(), listener or Listener()
    with course_lock(course), one_engine(), tempfile.TemporaryDirectory(prefix="triptych-grade-") as scratch:
        work = Path(scratch)
        for chapter in chapters:
            _prepare(course, chapter)
        record = Record(course)
        record.shorten()  # takes away a line that was cut off, too
        keys = list(submissions(course.submitted, list(chapters), list(students)))
        digests = _digests(course, keys, sandbox, limits)
        results = [] if force else _standing(course, record, digests)
        unchanged = {(result.student, result.chapter) for result in results}
        todo = sorted((key for key in keys if key not in unchanged), key=lambda key: (key[1], key[0]))
        listener.started(len(todo), len(unchanged))
        if todo:
            _back_up(course)
            writer = Writer(course, sandbox, record)
            order = Order(course, todo, work, sandbox, limits, listener)
            if executor is None:
                local = partial(pool.prepared, jobs=jobs)
                executor = partial(dask.prepared, address=scheduler) if scheduler else local
            with contextlib.closing(executor(order)) as prepared:
                for job, outcome in prepared:
                    result = writer.write(job, outcome, digests[job.student, job.chapter])
                    results.append(result)
                    listener.finished(result)
        return results


# --- what need not be graded again ---------------------------------------------------------------


def _digests(course: Course, keys: Sequence[Key], sandbox: str, limits: Limits) -> dict[Key, str]:
    """What decides on each submission's marks and feedback, as one number each."""
    digests = Digests(course, sandbox, limits)
    due: dict[str, datetime | None] = {}
    by_hand: dict[Key, list[str]] = defaultdict(list)
    with gradebook(course) as book:
        for chapter in {chapter for _, chapter in keys}:
            with contextlib.suppress(MissingEntry):
                due[chapter] = book.find_assignment(chapter).duedate
        given = book.db.query(Grade).filter(or_(Grade.manual_score.isnot(None), Grade.extra_credit.isnot(None)))
        said = book.db.query(Comment).filter(Comment.manual_comment.isnot(None))
        for entry, values in [
            *((grade, (grade.manual_score, grade.extra_credit)) for grade in given),
            *((comment, comment.manual_comment) for comment in said),
        ]:
            submission = entry.notebook.assignment
            by_hand[submission.student_id, submission.name].append(f"{entry.name} {values}")
    return {key: digests.of(*key, due.get(key[1]), sorted(by_hand[key])) for key in keys}


def _standing(course: Course, record: Record, digests: dict[Key, str]) -> list[Result]:
    """Results of earlier runs that still hold, and of which gradebook and feedback are there."""
    known = record.results()
    with gradebook(course) as book:
        booked = {(s.student_id, s.name) for s in book.db.query(SubmittedAssignment).all()} if known else set()
    standing = []
    for key, digest in digests.items():
        result = known.get(key)
        if result is None or not result.digest or result.digest != digest:
            continue
        page = course.root / "feedback" / key[0] / key[1] / f"{key[1]}.html"
        if result.score is None or (key in booked and page.is_file()):
            standing.append(result)
    return standing


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The results in the documented schema (docs/instructors.md)."""
    keys = ("student", "chapter", "status", "reason", "score", "max_score", "cells")
    rows = [asdict(result) for result in sorted(results, key=lambda r: (r.student, r.chapter))]
    return {"submissions": [{key: row[key] for key in keys} for row in rows]}


# --- what must hold before a run -----------------------------------------------------------------


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
