"""One submission in a worker process: intake, rebuild, execution.

Writes the rebuilt and the executed notebook below the job's folder. What breaks in here breaks
one submission; the process that writes the gradebook never opens a notebook that a student made.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import parse_utc

from triptych.grade.dispatch.job import GRACE, STUCK, Job, Outcome
from triptych.grade.dispatch.memory import drop_other_chapters, trim
from triptych.grade.execute import compile_cache
from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.run import Timings, execute
from triptych.grade.guest.jax_cache import EMITTERS
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import keep_at_most
from triptych.grade.submission.files import copy_tree
from triptych.grade.submission.intake import RejectedSubmission, copy_files, read_submission
from triptych.grade.submission.rebuild import rebuild
from triptych.model.chapter import read_chapter
from triptych.model.course import Course


def begin(log: str, references: str) -> None:
    """Prepares a worker process: what libraries say goes to `log`, not over the progress bar.

    Without `log` all of it goes where errors go. What JAX compiles for tests on the grader's side is
    kept in the folder `references`.
    """
    import jax

    if log:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 2)
        os.close(descriptor)
    os.dup2(2, 1)
    keep_at_most(1)
    os.environ["MPLBACKEND"] = "agg"  # setup cells on the grader's side have no screen
    jax.config.update("jax_compilation_cache_dir", references)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_disable_most_optimizations", True)
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {EMITTERS}".strip()


def run(job: Job, limits: Limits) -> Outcome:
    """Prepares one submission for nbgrader below `job.work`: `staged/<student>/<chapter>/` and
    `executed/<student>/<chapter>.ipynb`."""
    # whatever holds this process up, in Python or below, ends with it; the pool starts another
    done = threading.Event()
    threading.Thread(target=_end_when_late, args=[done, limits.notebook_seconds + GRACE], daemon=True).start()
    try:
        drop_other_chapters(job.chapter)
        return prepare(job, limits)
    finally:
        done.set()
        trim()


def _end_when_late(done: threading.Event, seconds: float) -> None:
    end = fair_time() + seconds
    while not done.wait(1.0):
        if fair_time() > end:
            os._exit(STUCK)


def prepare(job: Job, limits: Limits, execute: Callable[..., NotebookNode] = execute) -> Outcome:
    """Intake, rebuild and execution of one submission. `execute` runs its cells."""
    start = time.monotonic()
    course, work = Course(Path(job.course)), Path(job.work)
    submitted = Path(job.submitted) if job.submitted else course.submitted
    try:
        submission = read_submission(submitted, job.student, job.chapter, limits)
    except RejectedSubmission as refusal:
        return Outcome(False, str(refusal), time.monotonic() - start)
    name = f"{job.chapter}.ipynb"
    release = nbformat.read(course.release / job.chapter / name, as_version=4)
    chapter = read_chapter(course.notebook(job.chapter))

    staged = work / "staged" / job.student / job.chapter
    staged.mkdir(parents=True)
    copy_files(submission, submitted / job.student / job.chapter, staged)
    _keep_only_a_valid_timestamp(staged / "timestamp.txt")
    # from the release, never from the source: what a submission lacks is a stub, not the answer
    notebook = rebuild(release, submission.notebook)
    nbformat.write(notebook, staged / name)

    with tempfile.TemporaryDirectory(prefix="triptych-") as scratch:
        folder = Path(scratch) / "work"
        folder.mkdir()
        copy_tree(staged, folder)
        copy_tree(course.release / job.chapter, folder)  # figures and style: the course's own win
        programs = Path(job.compiled) if job.compiled else None
        timings = Timings()
        executed = execute(
            notebook, chapter, folder, limits=limits, sandbox=job.sandbox, compiled=programs, timings=timings
        )
    target = work / "executed" / job.student / name
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(executed, target)
    return Outcome(True, "", time.monotonic() - start, phases=timings.phases, tests=timings.tests)


def compile_chapter(course: str, chapter: str, sandbox: str, submissions: int = compile_cache.MIN_SUBMISSIONS) -> None:
    """Makes what JAX compiles for a chapter ready for so many submissions."""
    drop_other_chapters(chapter)
    compile_cache.warm(Course(Path(course)), chapter, sandbox=sandbox, submissions=submissions)


def _keep_only_a_valid_timestamp(path: Path) -> None:
    """nbgrader parses this file and ends the submission when it cannot; without it there is no lateness."""
    try:
        parse_utc(path.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        pass
    except (ValueError, OverflowError, UnicodeDecodeError):
        path.unlink()
