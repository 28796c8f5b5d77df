"""Grading a submission on a Dask worker.

The submission runs in a pool of processes that the Dask worker keeps, so that one that hangs or crashes does not
end the Dask worker. Light to import: schedulers load this module too.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import platform
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from multiprocessing import current_process
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from distributed import WorkerPlugin, get_worker
from distributed.utils import sync

from triptych.grade.dispatch.job import GRACE_S, Job, Outcome, died, hard_timeout_s, late
from triptych.grade.dispatch.pool import WorkerPool, next_try, outcome_of, run_job
from triptych.grade.dispatch.transfer import result_of, write_files
from triptych.grade.fingerprint import software
from triptych.grade.sandbox.bubblewrap import SYSTEM_FOLDERS, environment_folders
from triptych.grade.sandbox.limits import Limits

#: How often a submission is begun: once, and twice more if its worker has died.
TRIES = 3
#: What a message of a worker begins with, instead of a result.
UNABLE, GIVEN_UP = "unable: ", "given up"
#: Seconds without a submission after which the pool ends, to free its memory.
IDLE_TIMEOUT_S = 600.0
#: Seconds between two checks whether a submission is still wanted.
POLL_INTERVAL_S = 0.5


@functools.cache
def installed() -> dict[str, str]:
    """The software that grader and workers must have in common for equal scores, with versions."""
    return {"Python": ".".join(platform.python_version_tuple()[:2]), **software()}


def hold(course: dict[str, bytes]) -> dict[str, bytes]:
    """Holds a course's files as a task, so that Dask passes them between workers and restores lost ones."""
    return course


def grade_submission(
    course: dict[str, bytes], submission: dict[str, bytes], request: dict[str, Any]
) -> dict[str, Any] | str:
    """Grades one submission.

    Args:
        course: What is needed of the course, see `transfer.course_files`.
        submission: The submission's files.
        request: Plain data: `student`, `chapter`, `sandbox`, `limits`, `compile_first`, `seed`; `course`, a name for
            the course's files; `software`, as the grader has it; `run` and `topic`, the scheduler's topics for events
            of the run and of the submission.

    Returns:
        `transfer.result_of` the submission, or a message that begins with `UNABLE` or `GIVEN_UP`.
    """
    plugin = _plugin()
    if reason := plugin.find_problem(request["software"]):
        return plugin.unable(reason)
    if not plugin.begin(request["run"], request["topic"]):
        return GIVEN_UP
    try:
        return plugin.grade(course, submission, request)
    finally:
        plugin.end(request["run"], request["topic"])


def _plugin() -> GradingPlugin:
    """The plugin of the Dask worker that runs this task; the first task adds it."""
    worker = get_worker()

    async def add() -> None:  # on the worker's event loop, so that one thread at a time is in here
        if GradingPlugin.name not in worker.plugins:
            await worker.plugin_add(GradingPlugin(worker), name=GradingPlugin.name)

    sync(worker.loop, add)
    plugin = worker.plugins[GradingPlugin.name]
    assert isinstance(plugin, GradingPlugin)
    return plugin


class GradingPlugin(WorkerPlugin):
    """The state of a Dask worker: its folder, and the pool of processes in which submissions run.

    There is one per Dask worker, and it ends with it.
    """

    name = "triptych"

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._folder = Path(worker.local_directory).resolve() / "triptych"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._lock = threading.Lock()
        self._pool: WorkerPool | None = None
        self._users = 0
        self._idle = threading.Timer(0, lambda: None)

    async def teardown(self, worker: Any) -> None:
        """Ends the pool; Dask calls this when the worker ends."""
        self._idle.cancel()
        if self._pool is not None:
            await asyncio.to_thread(self._pool.close)

    # --- what this worker can do ------------------------------------------------------------------

    def find_problem(self, software: dict[str, str]) -> str:
        """Why this worker cannot grade, in words that follow "The worker …"; empty if it can.

        Args:
            software: What the grader has installed.
        """
        if differences := difference(software, installed()):
            return f"has {differences}: install on workers what is installed here"
        if folder := shown_in_sandbox(self._folder):
            return f"keeps its files below {folder}, which sandboxes show: give it another --local-directory"
        if current_process().daemon:
            return "may not start processes: start it with DASK_DISTRIBUTED__WORKER__DAEMON=False in its environment"
        return ""

    def unable(self, reason: str) -> str:
        return f"{UNABLE}The worker at {self._worker.address} {reason}."

    # --- tries, as events on the scheduler --------------------------------------------------------

    def begin(self, run: str, topic: str) -> bool:
        """Reports that a submission is begun. False if that has happened too often.

        The scheduler knows it before anything else is done: a submission that kills its workers must not kill ever
        more of them, for any value of Dask's `allowed-failures`.
        """

        async def report() -> bool:
            scheduler = self._worker.scheduler
            if sum(message["begun"] for _, message in await scheduler.events(topic=topic)) >= TRIES:
                return False
            message = {"topic": topic, "begun": 1, "worker": self._worker.address}
            await scheduler.log_event(topic=[run, topic], msg=message)
            return True

        return bool(sync(self._worker.loop, report))

    def end(self, run: str, topic: str) -> None:
        """Reports that this worker has survived a submission. If its result is lost, the submission is not at fault."""
        self._worker.log_event([run, topic], {"topic": topic, "begun": -1})

    # --- one submission ---------------------------------------------------------------------------

    def grade(
        self, course: dict[str, bytes], submission: dict[str, bytes], request: dict[str, Any]
    ) -> dict[str, Any] | str:
        """Grades one submission; see `grade_submission`. None of its files is left."""
        student, chapter, limits = request["student"], request["chapter"], Limits(**request["limits"])
        root = self._folder / request["course"]
        with self._lock:
            if not root.is_dir():  # the first submission to this chapter
                with TemporaryDirectory(dir=self._folder) as folder:
                    write_files(course, Path(folder, "course"))
                    Path(folder, "course").rename(root)
        with TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as folder:
            write_files(submission, Path(folder, "submitted", student, chapter))
            job = Job(
                course=str(root),
                student=student,
                chapter=chapter,
                work=f"{folder}/work",
                sandbox=request["sandbox"],
                submitted=f"{folder}/submitted",
                compile_first=request["compile_first"],
                seed=request["seed"],
            )
            outcome = self.run(run_if_sandboxed, job, limits)
            if isinstance(outcome, str):
                return self.unable(f"cannot make sandboxes ({outcome.rstrip('.')})")
            return result_of(outcome, job)

    def run(self, function: Callable[[Job, Limits], Outcome | str], job: Job, limits: Limits) -> Outcome | str:
        """Calls a function for a job in a process of the pool.

        The process is killed if it takes too long, or if the grader no longer wants the result.
        """
        log = f"the log of the worker on {socket.gethostname()}"
        timeout_s = hard_timeout_s(limits)
        task = self._worker.get_current_task()
        with self._use_pool() as pool:
            future: Future[Any] = pool.schedule(function, [job, limits], timeout_s)
            # the pool has its own timeout, but cannot keep it if a process dies while it holds the pool's lock
            deadline = time.monotonic() + timeout_s + GRACE_S
            while not wait([future], timeout=POLL_INTERVAL_S).done:
                if not pool.active or not self._wants(task):
                    future.cancel()
                    return died(None, log)
                if time.monotonic() > deadline:
                    pool.close()
                    return late(limits)
        if again := next_try(job, future, limits):
            return self.run(function, again, limits)
        return outcome_of(future, limits, log)

    def _wants(self, key: Any) -> bool:
        """Whether the grader still wants the result of a task."""
        task = self._worker.state.tasks.get(key)
        return task is not None and task.state != "cancelled"

    @contextlib.contextmanager
    def _use_pool(self) -> Iterator[WorkerPool]:
        """The pool, with a process for each thread of the Dask worker; it ends when nothing has used it for a while."""
        with self._lock:
            self._idle.cancel()
            if self._pool is not None and not self._pool.active:  # its idle processes died
                self._pool.close()
                self._pool = None
            pool = self._pool = self._pool or WorkerPool(self._worker.state.nthreads, self._folder / "references")
            self._users += 1
        try:
            yield pool
        finally:
            with self._lock:
                self._users -= 1
                self._idle.cancel()
                self._idle = threading.Timer(IDLE_TIMEOUT_S, self._close_if_idle)
                self._idle.daemon = True
                self._idle.start()

    def _close_if_idle(self) -> None:
        with self._lock:
            if not self._users and self._pool is not None:
                self._pool.close()
                self._pool = None


def run_if_sandboxed(job: Job, limits: Limits) -> Outcome | str:
    """`run_job`, or the reason why this machine cannot make sandboxes. Runs in a process of the pool."""
    from triptych.grade.sandbox.sandbox import find_problem

    return (find_problem() if job.sandbox != "none" else None) or run_job(job, limits)


def difference(expected: dict[str, str], versions: dict[str, str]) -> str:
    """The first three differences between the software of a worker and that of the grader."""
    names = [name for name in expected if versions.get(name) != expected[name]]
    return ", ".join(f"{name} {versions.get(name, 'none')} instead of {expected[name]}" for name in names[:3])


def shown_in_sandbox(folder: Path) -> str:
    """The folder above `folder` that sandboxes show to students' code; empty if there is none."""
    shown = [Path("/usr"), *map(Path, SYSTEM_FOLDERS), *environment_folders()]
    return next((str(path) for path in shown if folder.is_relative_to(path.resolve())), "")
