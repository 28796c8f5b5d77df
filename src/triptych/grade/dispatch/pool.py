"""Worker processes for submissions, as local grading and Dask workers use them.

Light to import: the worker processes alone load JAX.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from triptych.files import remove
from triptych.grade.dispatch.job import RUNNING_TEST, STUCK, Job, Outcome, died, failed, late
from triptych.grade.sandbox.limits import Limits


class WorkerPool:
    """Worker processes that work on one submission at a time.

    A process keeps what submissions share: the zygote, setup cells, compiled test cells. A submission that hangs or
    crashes ends its process alone, and the pool starts another.
    """

    def __init__(self, processes: int, references: Path, log: Path | None = None) -> None:
        """Starts no process yet.

        Args:
            processes: Number of processes.
            references: Folder for what JAX compiles for test cells.
            log: File for the output of the processes; without it, they write where this process writes its errors.
        """
        # spawned, not forked: a worker must not inherit the gradebook's connections or the threads of this process
        self._pool = ProcessPool(
            max_workers=processes,
            initializer=_start,
            initargs=[str(references), str(log or "")],
            context=multiprocessing.get_context("spawn"),
        )

    @property
    def active(self) -> bool:
        """Whether the pool takes work: it has neither been closed nor lost all its processes."""
        return bool(self._pool.active)

    def schedule(self, function: Callable[..., Any], args: Sequence[Any], timeout_s: float) -> Future[Any]:
        """Has a process call a function. Cancelling the future ends the process that runs it.

        Args:
            function: A function of a module, such as `run_job`.
            args: Its arguments.
            timeout_s: Seconds after which its process is killed.
        """
        return self._pool.schedule(function, args, timeout=timeout_s)

    def close(self) -> None:
        """Ends the processes and the sandboxes that they have made."""
        self._pool.stop()
        self._pool.join()


def run_job(job: Job, limits: Limits) -> Outcome:
    """Prepares a submission, in a process of a pool."""
    from triptych.grade.dispatch import worker

    return worker.run(job, limits)


def compile_chapter(course: str, chapter: str, sandbox: str, submissions: int) -> None:
    """Compiles what submissions to a chapter share, in a process of a pool."""
    from triptych.grade.dispatch import worker

    worker.compile_chapter(course, chapter, sandbox, submissions)


def outcome_of(future: Future[Outcome], limits: Limits, log: str) -> Outcome:
    """The outcome of a finished `run_job`, also if its process has died.

    Args:
        future: From `WorkerPool.schedule`.
        limits: The submission's limits.
        log: Where to look for more, as a part of a sentence.
    """
    try:
        return future.result()
    except TimeoutError:
        return late(limits)
    except ProcessExpired as death:
        return late(limits) if death.exitcode == STUCK else died(death.exitcode, log)
    except Exception as error:  # a fault of the grader or of the course; other submissions go on
        return failed(error, log)


def next_try(job: Job, future: Future[Any], limits: Limits) -> Job | None:
    """The job without the test cell that ended its process, if that was the reason why `run_job` has failed.

    Args:
        job: The submission.
        future: From `WorkerPool.schedule`, done.
        limits: The submission's limits.
    """
    if future.cancelled() or not isinstance(future.exception(), ProcessExpired):
        return None
    try:
        test = (Path(job.work) / RUNNING_TEST).read_text(encoding="utf-8")
        remove(Path(job.work))
    except OSError:
        return None
    if len(job.failed_tests) >= limits.killed_tests or test in job.failed_tests:
        return None
    return replace(job, failed_tests=(*job.failed_tests, test))


def _start(references: str, log: str) -> None:
    from triptych.grade.dispatch import worker

    worker.start(references, log)
