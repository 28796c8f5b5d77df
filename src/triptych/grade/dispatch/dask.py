"""Grading on the workers of a Dask scheduler, which run `dask_worker`. Needs Dask.

Bytes and text travel, both ways. What workers return is validated before it reaches the gradebook.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections import Counter, deque
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
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
MAX_TIMES_SENT = 20
#: Submissions on the cluster at a time, and their bytes.
MAX_SENT, MAX_SENT_BYTES = 500, 200_000_000
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
    """A submission of this run, and what was sent of it."""

    job: Job
    #: names its events on the scheduler
    topic: str
    files: frozenset[str] = frozenset()
    size_bytes: int = 0
    times_sent: int = 0
    future: Any = None


class _ClusterRun:
    """One run of grading on a cluster."""

    def __init__(self, batch: Batch, client: Client, address: str) -> None:
        self._batch, self._client, self._address = batch, client, address
        #: names this run on the scheduler
        self._id = f"triptych-{uuid.uuid4().hex}"
        self._counts = Counter(chapter for _, chapter in batch.keys)
        self._waiting = deque(_Task(job, f"{self._id}-{n}") for n, job in enumerate(batch.jobs(), 1))
        #: results as they arrive, each awaited by a thread: Dask loses them with the worker that has them
        self._sent: dict[Future[object], _Task] = {}
        self._threads = ThreadPoolExecutor(MAX_SENT, thread_name_prefix="fetch")
        self._courses: dict[str, tuple[str, Any]] = {}
        #: how often a submission was begun and not ended, by topic: as workers report it
        self._begun: Counter[str] = Counter()
        self._workers = 0
        self._last_count = -COUNT_INTERVAL_S

    def outcomes(self) -> Iterator[tuple[Job, Outcome]]:
        """Yields each submission with its outcome, as it ends. Raises CourseError as `prepare_batch` does."""
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
        """Updates the number of workers. Raises CourseError if the scheduler is lost."""
        if time.monotonic() - self._last_count < COUNT_INTERVAL_S:
            return
        try:
            self._workers = len(self._client.nthreads())
        except Exception as error:
            raise self._lost_scheduler() from error
        self._last_count = time.monotonic()

    def _lost_scheduler(self) -> CourseError:
        return CourseError(f"The Dask scheduler at {self._address} does not answer any more: start it again. {RESUME}")

    # --- sending ----------------------------------------------------------------------------------

    def _send(self) -> Iterator[tuple[Job, Outcome]]:
        """Sends submissions, as many as may be on the cluster at a time; yields those that cannot be sent."""
        size_bytes = sum(task.size_bytes for task in self._sent.values())
        while self._waiting and len(self._sent) < MAX_SENT and size_bytes < MAX_SENT_BYTES:
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
            task.future = self._submit(task, files)
            self._sent[self._threads.submit(self._fetch, task.future)] = task

    def _submit(self, task: _Task, files: dict[str, bytes]) -> Any:
        batch, course, chapter = self._batch, self._batch.course, task.job.chapter
        if chapter not in self._courses:
            version = fingerprint(course.source / "course.toml", course.source / chapter, course.release / chapter)
            held = self._client.submit(
                dask_worker.hold, course_files(course, chapter), key=f"triptych-course-{version}"
            )
            self._courses[chapter] = (version, held)
        version, held = self._courses[chapter]
        per_worker = self._counts[chapter] // max(self._workers, 1)
        request = {
            "student": task.job.student,
            "chapter": chapter,
            "course": version,
            "sandbox": batch.sandbox,
            "limits": asdict(batch.limits),
            "seed": task.job.seed,
            "compile_first": compile_cache.worth_compiling(course, chapter, per_worker),
            "software": dask_worker.installed(),
            "run": self._id,
            "topic": task.topic,
        }
        # the keys of a run form a group, so that Dask keeps them back until a worker is free
        key = (self._id, task.topic, task.times_sent)
        return self._client.submit(dask_worker.grade_submission, held, files, request, key=key)

    # --- receiving --------------------------------------------------------------------------------

    def _fetch(self, future: Any) -> object:
        """Awaits a result, in a thread. Dask repeats a submission whose result is lost with its worker."""
        while True:
            try:
                return future.result(timeout=FETCH_TIMEOUT_S)
            except TimeoutError:
                if future.done() or self._client.status != "running":
                    raise

    def _receive(self) -> Iterator[tuple[_Task, Outcome]]:
        """Waits a moment, reports progress, and yields the outcomes that have arrived."""
        done, _ = wait(self._sent, timeout=REPORT_INTERVAL_S, return_when=FIRST_COMPLETED)
        if self._workers:
            running = [display_name(task.job) for task in self._sent.values() if self._begun[task.topic] > 0]
            self._batch.listener.running(running)
        else:
            self._batch.listener.waiting(f"waiting for workers at {self._address}")
        for fetched in done:
            task = self._sent.pop(fetched)
            error = fetched.exception()
            outcome = self._read(fetched.result(), task) if error is None else self._explain(error, task)
            if outcome is None:
                self._waiting.append(task)
            else:
                yield task, outcome

    def _read(self, result: object, task: _Task) -> Outcome:
        """The outcome in a worker's result. Raises CourseError if the worker cannot grade."""
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

        Raises CourseError if no submission could be graded.
        """
        if isinstance(error, CancelledError) and self._client.status != "running":
            raise self._lost_scheduler() from error
        if isinstance(error, (KilledWorker, CancelledError)):
            # workers died, perhaps because of other submissions and before this one was begun
            return None if self._begun[task.topic] < TRIES and task.times_sent < MAX_TIMES_SENT else _given_up()
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
                self._client.cancel([task.future for task in self._sent.values()])
        self._threads.shutdown(wait=False, cancel_futures=True)


def _given_up() -> Outcome:
    return Outcome(False, f"{TRIES} workers died while they had it: see their logs, and grade it by itself", again=True)
