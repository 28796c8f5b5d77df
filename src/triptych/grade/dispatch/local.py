"""Grading on this machine, in worker processes."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from triptych.files import remove
from triptych.grade.dispatch.batch import REPORT_INTERVAL_S, Batch, display_name
from triptych.grade.dispatch.job import Job, Outcome, hard_timeout_s
from triptych.grade.dispatch.pool import WorkerPool, compile_chapter, next_try, outcome_of, run_job
from triptych.grade.execute import compile_cache


def prepare_batch(batch: Batch, processes: int = 0) -> Generator[tuple[Job, Outcome]]:
    """Prepares submissions in worker processes of this machine.

    A chapter for which compiling in advance is worth it is compiled before its submissions are begun.

    Args:
        batch: The submissions.
        processes: Number of worker processes; 0 stands for one per core.

    Yields:
        Each submission with its outcome, as it ends.
    """
    course, limits = batch.course, batch.limits
    log = course.root / ".triptych" / "workers.log"
    log.parent.mkdir(exist_ok=True)
    pool = WorkerPool(
        min(processes or os.cpu_count() or 1, len(batch.keys)), course.root / ".triptych" / "references", log
    )
    timeout_s = hard_timeout_s(limits)
    counts = Counter(chapter for _, chapter in batch.keys)
    #: submissions that wait for their chapter to be compiled
    waiting: dict[str, list[Job]] = {
        chapter: [] for chapter in counts if compile_cache.should_warm(course, chapter, counts[chapter])
    }
    #: a chapter's name while it is compiled, or a submission
    pending: dict[Future[Any], Job | str] = {}
    try:
        for chapter in waiting:
            args = [str(course.root), chapter, batch.sandbox, counts[chapter]]
            pending[pool.schedule(compile_chapter, args, timeout_s)] = chapter
        for job in batch.jobs():
            if job.chapter in waiting:
                waiting[job.chapter].append(job)
            else:
                pending[pool.schedule(run_job, [job, limits], timeout_s)] = job
        while pending:
            done, _ = wait(pending, timeout=REPORT_INTERVAL_S, return_when=FIRST_COMPLETED)
            batch.listener.running([_display_name(task) for future, task in pending.items() if future.running()])
            for future in done:
                task = pending.pop(future)
                if isinstance(task, Job) and (again := next_try(task, future, limits)):
                    pending[pool.schedule(run_job, [again, limits], timeout_s)] = again
                elif isinstance(task, Job):
                    yield task, outcome_of(future, limits, str(log))
                    with contextlib.suppress(OSError):
                        remove(Path(task.work))
                else:  # compiled; if that failed, its submissions compile for themselves
                    for job in waiting[task]:
                        pending[pool.schedule(run_job, [job, limits], timeout_s)] = job
    finally:
        pool.close()


def _display_name(task: Job | str) -> str:
    return display_name(task) if isinstance(task, Job) else f"compiling {task[:2]}"
