"""Submissions worked on in processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from triptych.grade.dispatch import worker
from triptych.grade.dispatch.job import STUCK, Job, Outcome, died, failed, late, longest
from triptych.grade.dispatch.order import LOOK_EVERY, Key, Order, name_of
from triptych.grade.execute import compile_cache
from triptych.grade.sandbox.limits import Limits


def prepared(order: Order, jobs: int) -> Generator[tuple[Job, Outcome]]:
    """Runs submissions in worker processes, `jobs` at a time (0: one a core), and yields what each says as it ends.

    A worker keeps what submissions share (warm processes, setup cells, compiled references); a
    student's code runs in a process of its own. A worker that dies or hangs costs its submission alone.
    """
    course, todo, sandbox, limits = order.course, order.todo, order.sandbox, order.limits
    log = course.root / ".triptych" / "workers.log"
    # spawned, not forked: a worker must not inherit the gradebook's connections or JAX's threads
    pool = ProcessPool(
        max_workers=min(jobs or os.cpu_count() or 1, len(todo)),
        initializer=worker.begin,
        initargs=[str(log), str(course.root / ".triptych" / "references")],
        context=multiprocessing.get_context("spawn"),
    )
    seconds = longest(limits)
    pending: dict[Future[Any], Job | str] = {}
    number = 0

    def schedule(keys: Sequence[Key]) -> None:
        nonlocal number
        programs = {chapter: compile_cache.compiled(course, chapter) for chapter in {chapter for _, chapter in keys}}
        for student, chapter in keys:
            number += 1
            folder = programs[chapter]
            job = Job(str(course.root), student, chapter, str(order.work / str(number)), sandbox, str(folder or ""))
            Path(job.work).mkdir()
            pending[pool.schedule(worker.run, [job, limits], timeout=seconds)] = job

    try:
        many = Counter(chapter for _, chapter in todo)
        first = [chapter for chapter in many if compile_cache.should_warm(course, chapter, many[chapter])]
        for chapter in first:
            told = [str(course.root), chapter, sandbox, many[chapter]]
            pending[pool.schedule(worker.compile_chapter, told, timeout=seconds)] = chapter
        schedule([key for key in todo if key[1] not in first])
        while pending:
            done, _ = wait(pending, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
            order.listener.running([_name(job) for future, job in pending.items() if future.running()])
            for future in done:
                job = pending.pop(future)
                if isinstance(job, str):  # the chapter's programs are there, or must do without
                    schedule([key for key in todo if key[1] == job])
                    continue
                yield job, _outcome(future, limits, str(log))
                shutil.rmtree(job.work, ignore_errors=True)
        pool.close()
    finally:
        pool.stop()
        pool.join()


def _name(job: Job | str) -> str:
    return f"what all share of {job[:2]}" if isinstance(job, str) else name_of(job.student, job.chapter)


def _outcome(future: Future[Outcome], limits: Limits, log: str) -> Outcome:
    """What a worker said, or what became of it."""
    try:
        return future.result()
    except TimeoutError:
        return late(limits)
    except ProcessExpired as death:
        return late(limits) if death.exitcode == STUCK else died(death.exitcode, log)
    except Exception as error:  # a fault of the grader or of the course; other submissions go on
        return failed(error, log)
