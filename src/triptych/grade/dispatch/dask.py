"""Grading on the workers of a Dask scheduler, which run `dask_worker`. Needs Dask.

Bytes and text travel, both ways. What workers return is validated before it reaches the gradebook.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dask
from distributed import CancelledError, Client, KilledWorker

from triptych.files import remove
from triptych.fingerprint import fingerprint
from triptych.grade.dispatch import dask_worker
from triptych.grade.dispatch.batch import REPORT_INTERVAL_S, Batch, display_name
from triptych.grade.dispatch.dask_worker import GIVEN_UP, TRIES, UNABLE
from triptych.grade.dispatch.job import Job, Outcome, failed
from triptych.grade.dispatch.transfer import BadResult, course_files, read_result
from triptych.grade.execute import compile_cache
from triptych.grade.submission.intake import RejectedSubmission, collect
from triptych.model.course import CourseError

CONNECT_TIMEOUT_S = 10.0
FETCH_TIMEOUT_S = 60.0
#: Seconds between two counts of the workers.
COUNT_INTERVAL_S = 2.0
#: How often a submission is sent that no worker has begun: Dask gives it up when the workers that it waits for die.
MAX_SENT = 20
#: Submissions sent ahead: at least so many, so many per thread of the workers, and at most so many bytes.
MIN_AHEAD, AHEAD_PER_THREAD, MAX_AHEAD_BYTES = 50, 3, 200_000_000
RESUME = "What was graded is kept, and the same command continues from there."


def prepare_batch(batch: Batch, address: str) -> Generator[tuple[Job, Outcome]]:
    """Prepares submissions on the workers of a scheduler.

    A submission whose worker dies goes to another one, twice at the most.

    Args:
        batch: The submissions.
        address: The scheduler's address, such as tcp://host:8786.

    Yields:
        Each submission with its outcome, as it ends.

    Raises:
        CourseError: No scheduler answers, the scheduler is lost, or a worker cannot grade.
    """
    # submissions are larger than the graphs that Dask warns of
    config = {"distributed.admin.large-graph-warning-threshold": "1GB"}
    log = batch.course.root / ".triptych" / "workers.log"
    with dask.config.set(config), _log_to(log), _connect(address) as client:
        yield from _ClusterRun(batch, client, address).outcomes()


@contextlib.contextmanager
def _connect(address: str) -> Iterator[Client]:
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False, name="triptych-grade")
    except Exception as error:  # all kinds, from sockets, TLS and the address
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200].rstrip(".")
        tls = " For tls:// Dask's own configuration must name the certificates." if "tls" in address else ""
        raise CourseError(
            f"No Dask scheduler answers at {address} ({reason}): start one, or give the address that it prints, "
            f"such as tcp://host:8786.{tls}"
        ) from error
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=2)


@contextlib.contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Writes Dask's log messages to a file instead of the terminal, where the progress bar is."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith(("distributed", "tornado"))]
    handlers = {logger: logger.handlers for logger in map(logging.getLogger, names) if logger.handlers}
    to_file = logging.FileHandler(path, encoding="utf-8", delay=True)
    to_file.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    for logger in handlers:
        logger.handlers = [to_file]
    try:
        yield
    finally:
        for logger, before in handlers.items():
            logger.handlers = before
        to_file.close()


@dataclass
class _Task:
    """A submission of this run, the scheduler's topic for its events, and what was sent of it."""

    job: Job
    topic: str
    files: frozenset[str] = frozenset()
    size_bytes: int = 0
    times_sent: int = 0


class _ClusterRun:
    """One run of grading on a cluster."""

    def __init__(self, batch: Batch, client: Client, address: str) -> None:
        self._batch, self._client, self._address = batch, client, address
        #: names this run on the scheduler
        self._id = f"triptych-{uuid.uuid4().hex}"
        self._counts = Counter(chapter for _, chapter in batch.keys)
        self._waiting = deque(_Task(job, f"{self._id}-{n}") for n, job in enumerate(batch.jobs(), 1))
        self._sent: dict[Any, _Task] = {}
        self._courses: dict[str, tuple[str, Any]] = {}
        #: how often a submission was begun and not ended, by topic: as workers report it
        self._begun: Counter[str] = Counter()
        #: results or errors by future, fetched at once: they are lost with the worker that has them
        self._results: queue.SimpleQueue[tuple[Any, object]] = queue.SimpleQueue()
        self._threads: dict[str, int] = {}
        self._last_count = -COUNT_INTERVAL_S

    def outcomes(self) -> Iterator[tuple[Job, Outcome]]:
        self._client.subscribe_topic(self._id, self._count_begun)
        try:
            while self._waiting or self._sent:
                self._count_workers()
                yield from self._send()
                for task, outcome in self._receive():
                    yield task.job, outcome
                    with contextlib.suppress(OSError):
                        remove(Path(task.job.work))
        finally:
            self._withdraw()

    def _count_begun(self, event: tuple[float, dict[str, Any]]) -> None:
        self._begun[event[1]["topic"]] += event[1]["begun"]

    def _count_workers(self) -> None:
        """Updates the threads of each worker. Raises CourseError when the scheduler is lost."""
        if time.monotonic() - self._last_count < COUNT_INTERVAL_S:
            return
        try:
            self._threads = dict(self._client.nthreads())
        except Exception as error:
            raise self._lost_scheduler() from error
        self._last_count = time.monotonic()

    def _lost_scheduler(self) -> CourseError:
        return CourseError(f"The Dask scheduler at {self._address} does not answer any more: start it again. {RESUME}")

    # --- sending ----------------------------------------------------------------------------------

    def _send(self) -> Iterator[tuple[Job, Outcome]]:
        """Sends as many submissions as the cluster can hold; yields those that cannot be sent."""
        limit = max(MIN_AHEAD, AHEAD_PER_THREAD * sum(self._threads.values()))
        size_bytes = sum(task.size_bytes for task in self._sent.values())
        while self._waiting and len(self._sent) < limit and (size_bytes < MAX_AHEAD_BYTES or not self._sent):
            task = self._waiting.popleft()
            job, submitted = task.job, self._batch.course.submitted
            try:
                files = collect(submitted, job.student, job.chapter, self._batch.limits)
            except RejectedSubmission as rejection:
                yield job, Outcome(False, str(rejection))
                continue
            except OSError as error:
                yield job, failed(error, str(submitted / job.student))
                continue
            task.files, task.size_bytes = frozenset(files), sum(map(len, files.values()))
            task.times_sent += 1
            size_bytes += task.size_bytes
            future = self._submit(task, files)
            self._sent[future] = task
            future.add_done_callback(self._fetch)

    def _submit(self, task: _Task, files: dict[str, bytes]) -> Any:
        batch, course, chapter = self._batch, self._batch.course, task.job.chapter
        if chapter not in self._courses:
            version = fingerprint(course.source / "course.toml", course.source / chapter, course.release / chapter)
            held = self._client.submit(
                dask_worker.hold, course_files(course, chapter), key=f"triptych-course-{version}"
            )
            self._courses[chapter] = (version, held)
        version, held = self._courses[chapter]
        per_worker = self._counts[chapter] // max(len(self._threads), 1)
        request = {
            "student": task.job.student,
            "chapter": chapter,
            "course": version,
            "sandbox": batch.sandbox,
            "limits": asdict(batch.limits),
            "compile_first": compile_cache.worth_compiling(course, chapter, per_worker),
            "software": dask_worker.installed(),
            "run": self._id,
            "topic": task.topic,
        }
        # the keys of a run form a group, so that Dask keeps them back until a worker is free
        key = (self._id, task.topic, task.times_sent)
        return self._client.submit(dask_worker.grade_submission, held, files, request, key=key)

    # --- receiving --------------------------------------------------------------------------------

    def _fetch(self, future: Any) -> None:
        """Fetches the result of a future that is done. Dask calls this in a thread of its own."""
        result: object
        try:
            result = future.result(timeout=FETCH_TIMEOUT_S)
        except BaseException as error:
            if future.status not in (
                "error",
                "cancelled",
            ):  # its worker died before the result arrived: Dask repeats it
                future.add_done_callback(self._fetch)
                return
            result = error
        self._results.put((future, result))

    def _receive(self) -> Iterator[tuple[_Task, Outcome]]:
        """Waits a moment, reports progress, and yields the outcomes that have arrived."""
        results = []
        if self._sent:
            with contextlib.suppress(queue.Empty):
                results.append(self._results.get(timeout=REPORT_INTERVAL_S))
                while True:
                    results.append(self._results.get_nowait())
        if self._threads:
            running = [display_name(task.job) for task in self._sent.values() if self._begun[task.topic] > 0]
            self._batch.listener.running(running)
        else:
            self._batch.listener.waiting(f"waiting for workers at {self._address}")
        for future, result in results:
            task = self._sent.pop(future)
            outcome = self._explain(result, task) if isinstance(result, BaseException) else self._read(result, task)
            if outcome is None:
                self._waiting.append(task)
            else:
                yield task, outcome

    def _read(self, result: object, task: _Task) -> Outcome:
        """The outcome in a worker's result. Raises CourseError when the worker cannot grade."""
        if result == GIVEN_UP:
            return _given_up()
        if isinstance(result, str) and result.startswith(UNABLE):
            raise CourseError(f"{result.removeprefix(UNABLE)} {RESUME}")
        try:
            return read_result(result, task.job, task.files, self._batch.limits)
        except BadResult as error:
            return Outcome(False, f"what its worker sent back cannot be used ({error}): grade it again", again=True)

    def _explain(self, error: BaseException, task: _Task) -> Outcome | None:
        """The outcome of a submission for which Dask has an error; None if it is to be sent again.

        Raises CourseError when no submission could be graded.
        """
        if isinstance(error, CancelledError) and self._client.status != "running":
            raise self._lost_scheduler() from error
        if isinstance(error, (KilledWorker, CancelledError)):
            # workers died, perhaps because of other submissions and before this one was begun
            return None if self._begun[task.topic] < TRIES and task.times_sent < MAX_SENT else _given_up()
        on_arrival = "deserialization of the task graph" in str(error)
        if on_arrival or isinstance(error, (ImportError, AttributeError)):
            place = f"The scheduler at {self._address}" if on_arrival else f"A worker of {self._address}"
            raise CourseError(
                f"{place} lacks this version of triptych: install there what is installed here. {RESUME}"
            ) from error
        return failed(error, "the workers' logs")

    def _withdraw(self) -> None:
        """Cancels what is left of this run on the cluster: workers stop working on it."""
        with contextlib.suppress(Exception):
            self._client.unsubscribe_topic(self._id)
        if self._client.status == "running":
            with contextlib.suppress(Exception):
                self._client.cancel(list(self._sent))


def _given_up() -> Outcome:
    return Outcome(False, f"{TRIES} workers died while they had it: see their logs, and grade it by itself", again=True)
