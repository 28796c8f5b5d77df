"""One submission in a worker process: intake, rebuild, execution.

Writes the rebuilt and the executed notebook below the job's folder. A fault in here costs one submission; the process
that writes the gradebook never opens a notebook that a student wrote.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import multiprocessing
import os
import resource
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import jax
from nbformat import NotebookNode

from triptych.files import remove, walk
from triptych.grade.dispatch.job import GRACE_S, NO_ARRIVAL, RUNNING_TEST, STUCK, Job, Outcome
from triptych.grade.execute import compile_cache
from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.run import Timings, execute
from triptych.grade.execute.test_cells import CHAPTER_TESTS
from triptych.grade.guest import jax_cache
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import keep_at_most
from triptych.grade.submission import arrival
from triptych.grade.submission.choose import choose
from triptych.grade.submission.files import copy_tree
from triptych.grade.submission.intake import RejectedSubmission, copy_files
from triptych.grade.submission.rebuild import content_of, rebuild
from triptych.model.chapter import Chapter, read_chapter
from triptych.model.course import Course

PR_SET_PDEATHSIG = 1
#: How far the memory of a worker may grow before JAX's caches are emptied, and its size without them.
CACHE_BYTES, SIZE_BYTES = 100_000_000, 150_000_000


class Worker:
    """What a worker process keeps from one submission to the next: what those to one chapter share.

    There is one per process, `this_worker`. It works on one submission at a time.
    """

    def __init__(self) -> None:
        self._chapter = ""
        self._size_bytes = SIZE_BYTES
        self._compiled: Path | None = None
        #: course, chapter and `compile_first` for which `_compiled` was determined
        self._compiled_for: tuple[str, str, bool] | None = None

    def run(self, job: Job, limits: Limits) -> Outcome:
        """Prepares a submission; see `prepare`. Ends the process if the submission does not end in time."""
        try:
            self.keep_only(job.chapter)
            compiled = self._compiled_folder(job)
            with _time_limit(limits.notebook_seconds + GRACE_S):
                return prepare(job, limits, compiled, before_test=self.release_programs)
        finally:
            trim()
            self.release_programs()
            self._size_bytes = min(self._size_bytes, max(private_bytes(), SIZE_BYTES))

    def release_programs(self) -> None:
        """Empties JAX's caches when this process has grown. Results of `reference` stay: they are plain values."""
        if private_bytes() > self._size_bytes + CACHE_BYTES:
            jax_cache.clear()
            trim()
            self._size_bytes = max(private_bytes(), SIZE_BYTES)

    def keep_only(self, chapter: str) -> None:
        """Drops what this process keeps for another chapter.

        Its zygote is dropped when `chapter` needs another (see `zygote.keep_at_most`).
        """
        if self._chapter not in ("", chapter):
            CHAPTER_TESTS.clear()
            jax_cache.clear()
            trim()
            self._size_bytes = SIZE_BYTES
        self._chapter = chapter

    def _compiled_folder(self, job: Job) -> Path | None:
        """The folder of programs compiled for a chapter, if there is one. Compiling is tried once."""
        key = (job.course, job.chapter, job.compile_first)
        if key != self._compiled_for:
            self._compiled_for = key
            if job.compile_first:
                with contextlib.suppress(Exception):  # submissions then compile for themselves
                    compile_chapter(job.course, job.chapter, job.sandbox, compile_cache.MIN_SUBMISSIONS)
            self._compiled = compile_cache.compiled(Course(Path(job.course)), job.chapter)
        return self._compiled


@functools.cache
def this_worker() -> Worker:
    """The state of this process."""
    return Worker()


def start(references: str, log: str = "") -> None:
    """Prepares a process for submissions.

    Args:
        references: Folder for what JAX compiles for test cells.
        log: File for everything that is printed; without it, that goes where this process writes its errors.
    """
    if multiprocessing.parent_process() is not None:
        # by the kernel, because a thread could not end a process whose C code holds the interpreter's lock
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
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
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {jax_cache.EMITTERS}".strip()
    jax_cache.share_lowering_context()


def run(job: Job, limits: Limits) -> Outcome:
    """`Worker.run` in this process."""
    return this_worker().run(job, limits)


def compile_chapter(course: str, chapter: str, sandbox: str, submissions: int) -> None:
    """Compiles what submissions to a chapter share, worth it for so many submissions."""
    worker = this_worker()
    worker.keep_only(chapter)
    compile_cache.warm(
        Course(Path(course)),
        chapter,
        sandbox=sandbox,
        submissions=submissions,
        on_test=lambda _: worker.release_programs(),
    )


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Ends this process with exit code `STUCK` if the block takes longer, whether Python or a library blocks it."""
    done = threading.Event()

    def watch() -> None:
        end = fair_time() + seconds
        while not done.wait(1.0):
            if fair_time() > end:
                os._exit(STUCK)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def prepare(
    job: Job,
    limits: Limits,
    compiled: Path | None = None,
    execute: Callable[..., NotebookNode] = execute,
    before_test: Callable[[], object] = lambda: None,
) -> Outcome:
    """Reads, rebuilds and executes one submission.

    Writes `staged/<student>/<chapter>/` and `executed/<student>/<chapter>.ipynb` below `job.work`.

    Args:
        job: The submission.
        limits: What it may use.
        compiled: Folder of programs that JAX has compiled before.
        execute: Runs its cells.
        before_test: Called before each test cell.
    """
    start = time.monotonic()
    course, work = Course(Path(job.course)), Path(job.work)
    submitted = Path(job.submitted) if job.submitted else course.submitted
    staged = work / "staged" / job.student / job.chapter
    staged.mkdir(parents=True)
    try:
        release = _chapter(course.release / job.chapter / f"{job.chapter}.ipynb").notebook
        submission = choose(submitted, job.student, job.chapter, release, limits)
        submission = replace(submission, files=_without_clashes(submission.files, course.release / job.chapter))
        copy_files(submission, submitted / job.student / job.chapter, staged, limits)
    except RejectedSubmission as rejection:
        return Outcome(False, str(rejection), time.monotonic() - start)
    name = f"{job.chapter}.ipynb"
    chapter = _chapter(course.notebook(job.chapter))
    notes = [*submission.notes, *_normalise_timestamp(staged)]
    # from the release, never from the source: what a submission lacks is a stub, not the answer
    notebook = rebuild(release, submission.notebook, submission.matches)
    _write(notebook, staged / name)

    def on_test(test_id: str) -> None:
        (work / RUNNING_TEST).write_text(test_id)
        before_test()

    with tempfile.TemporaryDirectory(prefix="triptych-") as scratch:
        folder = Path(scratch) / "work"
        folder.mkdir()
        copy_tree(staged, folder)
        copy_tree(course.release / job.chapter, folder)  # figures and style: the course's own win
        timings = Timings()
        executed = execute(
            notebook,
            chapter,
            folder,
            limits=limits,
            sandbox=job.sandbox,
            compiled=compiled,
            timings=timings,
            failed_tests=job.failed_tests,
            on_test=on_test,
            seed=job.seed,
        )
    target = work / "executed" / job.student / name
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(executed, target)
    return Outcome(
        True,
        "",
        time.monotonic() - start,
        phases=timings.phases,
        tests=timings.tests,
        notes=notes,
        content=content_of(submission.notebook),
        file=str(submission.name),
    )


def _chapter(path: Path) -> Chapter:
    """A notebook of the course, read again only if its file has changed. It may not be changed."""
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=2)  # a chapter's source and release
def _read(path: Path, _time: int, _size: int) -> Chapter:
    return read_chapter(path)


def _write(notebook: NotebookNode, path: Path) -> None:
    """Writes a notebook. What it has from the course and from the submission has been validated."""
    path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


def _without_clashes(files: Sequence[Path], release: Path) -> tuple[Path, ...]:
    """`files` without those that have a folder's name in the release, or a file's name as their folder."""
    released = [entry.relative for entry in walk(release) if entry.is_file]
    return tuple(
        file for file in files if not any(file in other.parents or other in file.parents for other in released)
    )


def _normalise_timestamp(folder: Path) -> list[str]:
    """Writes the time of arrival in nbgrader's form; removes one that cannot be read, and says so."""
    path = folder / arrival.FILE
    try:
        moment = arrival.arrival_of(folder)
    except FileNotFoundError:
        return []
    remove(path)
    if moment is None:
        return [f"{NO_ARRIVAL}: {arrival.FILE} cannot be read"]
    path.write_text(moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC"), encoding="utf-8")
    return []


def trim() -> None:
    """Returns free memory to the system, which the C library keeps: 100 MB after a chapter's setup cells."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if malloc_trim is not None:
        malloc_trim(0)


def private_bytes() -> int:
    """The memory of this process that it shares with no file."""
    _, resident, shared, *_ = map(int, Path("/proc/self/statm").read_text(encoding="ascii").split())
    return (resident - shared) * resource.getpagesize()
