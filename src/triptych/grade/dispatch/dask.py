"""Submissions worked on by the workers of a Dask scheduler (`dask_worker.py` is what those run).

Bytes and text travel, both ways. What comes back is looked at before the gradebook's side sees it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import shutil
import time
import uuid
from collections import Counter, deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triptych.grade.dispatch import dask_worker
from triptych.grade.dispatch.archive import BadArchive, course_part, name_of_part, pack, unpack_outcome
from triptych.grade.dispatch.dask_worker import GIVEN_UP, TRIES, UNABLE
from triptych.grade.dispatch.job import Job, Outcome, failed
from triptych.grade.dispatch.order import LOOK_EVERY, Key, Order, name_of
from triptych.grade.execute import compile_cache
from triptych.grade.submission.intake import RejectedSubmission, collect
from triptych.model.course import CourseError

CONNECT_SECONDS = 10.0
#: Seconds until an answer that is there must have come over; seconds between two looks at the workers.
FETCH_SECONDS, COUNT_EVERY = 120.0, 2.0
FETCHERS = 4
#: A submission that has never been begun is sent anew so often, whatever becomes of the workers it waits for.
MOST_TIMES = 20
#: What is handed out ahead: submissions at the least, submissions a thread, and bytes at the most.
LEAST_AHEAD, AHEAD, MOST_AHEAD_BYTES = 50, 3, 200_000_000
LOUD = ("distributed", "tornado")
KEPT = "What was graded is kept, and the same command goes on from there."


def prepared(order: Order, address: str) -> Generator[tuple[Job, Outcome]]:
    """Has submissions worked on by the workers of the scheduler at `address`, and yields what each says as it ends.

    A submission whose worker dies is given to another one, twice at the most. Raises CourseError when
    no scheduler answers, when a worker is not as it must be, and when the scheduler is lost.
    """
    with _connected(address, order.course.root / ".triptych" / "workers.log") as client:
        yield from _Run(order, client, address).results()


@contextlib.contextmanager
def _connected(address: str, log: Path) -> Iterator[Any]:
    """A client of the scheduler; what Dask itself has to say goes to `log`, not over the progress bar."""
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise CourseError(
            "--scheduler needs Dask, which is not installed here: pip install 'triptych[cluster]'."
        ) from error
    # submissions are larger than the graphs that Dask warns of
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}), _logged(log):
        try:
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="triptych-grade")
        except Exception as error:  # from sockets, TLS and the address's text, each with its own
            said = str(error).strip().splitlines() or [type(error).__name__]
            tls = " For tls:// Dask's own configuration must name the certificates." if "tls" in address else ""
            raise CourseError(
                f"No Dask scheduler answers at {address} ({said[0][:200].rstrip('.')}): start one, or give the "
                f"address that it prints, like tcp://host:8786.{tls}"
            ) from error
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=2)


@contextlib.contextmanager
def _logged(log: Path) -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in list(logging.root.manager.loggerDict) if name.startswith(LOUD)]
    before = [(logger, logger.handlers) for logger in loggers if logger.handlers]
    handler = logging.FileHandler(log, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    for logger, _ in before:
        logger.handlers = [handler]
    try:
        yield
    finally:
        for logger, handlers in before:
            logger.handlers = handlers
        handler.close()


@dataclass
class _Sent:
    """A submission on its way: its number in this run, the names of its files, and how often it was sent."""

    key: Key
    number: int
    files: frozenset[str] = frozenset()
    size: int = 0
    times: int = 0


class _Run:
    """One run of grading on a cluster."""

    def __init__(self, order: Order, client: Any, address: str) -> None:
        self._order, self._client, self._address = order, client, address
        #: names this run on the scheduler
        self._id = f"triptych-{uuid.uuid4().hex}"
        self._many = Counter(chapter for _, chapter in order.todo)
        self._waiting = deque(_Sent(key, number) for number, key in enumerate(order.todo, 1))
        self._pending: dict[Any, _Sent] = {}
        self._parts: dict[str, Any] = {}
        #: how often a submission was begun and not ended, by topic: as workers say it
        self._begun: Counter[str] = Counter()
        #: answers, or why there is none. Fetched at once: they are lost with the worker that has them
        self._back: queue.SimpleQueue[tuple[Any, object]] = queue.SimpleQueue()
        self._fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch")
        self._workers: dict[str, int] = {}
        self._counted = 0.0

    def results(self) -> Iterator[tuple[Job, Outcome]]:
        self._client.subscribe_topic(self._id, self._note)
        try:
            while self._waiting or self._pending:
                self._count_workers()
                yield from self._send()
                for sent, outcome in self._look():
                    yield self._job(sent), outcome
                    shutil.rmtree(self._work(sent), ignore_errors=True)
        finally:
            self._take_back()

    def _note(self, event: tuple[float, dict[str, Any]]) -> None:
        self._begun[event[1]["topic"]] += event[1]["begun"]

    def _topic(self, sent: _Sent) -> str:
        return f"{self._id}-{sent.number}"

    def _work(self, sent: _Sent) -> Path:
        return self._order.work / str(sent.number)

    def _job(self, sent: _Sent) -> Job:
        return Job(str(self._order.course.root), *sent.key, str(self._work(sent)), self._order.sandbox)

    # --- workers ---------------------------------------------------------------------------------

    def _count_workers(self) -> None:
        """Who is there. Raises CourseError when the scheduler is not."""
        now = time.monotonic()
        if now - self._counted < COUNT_EVERY:
            return
        try:
            self._workers = dict(self._client.nthreads())
        except Exception as error:
            raise self._lost() from error
        self._counted = now

    def _lost(self) -> CourseError:
        return CourseError(f"The Dask scheduler at {self._address} does not answer any more: start it again. {KEPT}")

    # --- there -----------------------------------------------------------------------------------

    def _send(self) -> Iterator[tuple[Job, Outcome]]:
        """Hands out as many submissions as the cluster can hold; yields those that cannot be sent."""
        most = max(LEAST_AHEAD, AHEAD * sum(self._workers.values()))
        size = sum(sent.size for sent in self._pending.values())
        while self._waiting and len(self._pending) < most and (size < MOST_AHEAD_BYTES or not self._pending):
            sent = self._waiting.popleft()
            try:
                files = collect(self._order.course.submitted, *sent.key, self._order.limits)
            except RejectedSubmission as refusal:
                yield self._job(sent), Outcome(False, str(refusal))
                continue
            except OSError as error:
                yield self._job(sent), failed(error, str(self._order.course.submitted / sent.key[0]))
                continue
            archive = pack(files)
            sent.files, sent.size, sent.times = frozenset(files), len(archive), sent.times + 1
            size += sent.size
            future = self._submit(sent, archive)
            self._pending[future] = sent
            self._watch(future)

    def _submit(self, sent: _Sent, archive: bytes) -> Any:
        (student, chapter), order = sent.key, self._order
        if chapter not in self._parts:
            part = course_part(order.course, chapter)
            key = f"triptych-course-{name_of_part(part)}"
            self._parts[chapter] = self._client.submit(dask_worker.kept, part, key=key)
        told = {
            "student": student,
            "chapter": chapter,
            "sandbox": order.sandbox,
            "limits": asdict(order.limits),
            "fill": compile_cache.worth_compiling(
                order.course, chapter, self._many[chapter] // max(len(self._workers), 1)
            ),
            "run": self._id,
            "topic": self._topic(sent),
        }
        wanted = json.dumps(dask_worker.about())
        # one group of keys, so that Dask keeps them back until a worker is free
        name = (self._id, sent.number, sent.times)
        return self._client.submit(dask_worker.work, wanted, self._parts[chapter], archive, json.dumps(told), key=name)

    # --- back ------------------------------------------------------------------------------------

    def _watch(self, future: Any) -> None:
        def fetch(done: Any) -> None:
            with contextlib.suppress(RuntimeError):  # nobody fetches any more
                self._fetchers.submit(self._fetch, done)

        future.add_done_callback(fetch)

    def _fetch(self, future: Any) -> None:
        """Runs in a thread, while others are written into the gradebook."""
        answer: object
        try:
            answer = future.result(timeout=FETCH_SECONDS)
        except BaseException as error:
            if not future.done():  # its worker went before the answer had come over: Dask makes it anew
                self._watch(future)
                return
            answer = error
        self._back.put((future, answer))

    def _look(self) -> Iterator[tuple[_Sent, Outcome]]:
        """Waits a moment, tells who is being worked on, and gives what has come back."""
        if not self._pending:
            return
        back = []
        with contextlib.suppress(queue.Empty):
            back.append(self._back.get(timeout=LOOK_EVERY))
            while True:
                back.append(self._back.get_nowait())
        if self._workers:
            begun = [name_of(*sent.key) for sent in self._pending.values() if self._begun[self._topic(sent)] > 0]
            self._order.listener.running(begun)
        else:
            self._order.listener.waiting(f"waiting for workers at {self._address}")
        for future, answer in back:
            sent = self._pending.pop(future)
            outcome = self._fault(answer, sent) if isinstance(answer, BaseException) else self._outcome(answer, sent)
            if outcome is None:
                self._waiting.append(sent)
            else:
                yield sent, outcome

    def _outcome(self, answer: object, sent: _Sent) -> Outcome:
        """What a worker says of a submission. Raises CourseError when it can work on none."""
        if answer == GIVEN_UP:
            return _given_up()
        if isinstance(answer, str) and answer.startswith(UNABLE):
            raise CourseError(f"{answer.removeprefix(UNABLE)} {KEPT}")
        try:
            return unpack_outcome(answer, self._work(sent), *sent.key, set(sent.files), self._order.limits)
        except BadArchive as error:
            return Outcome(False, f"what its worker sent back cannot be used ({error}): grade it again", again=True)

    def _fault(self, error: BaseException, sent: _Sent) -> Outcome | None:
        """What it means that Dask has no answer; None when it is to be sent again.

        Raises CourseError when there would be none for any submission.
        """
        from distributed import CancelledError, KilledWorker

        if isinstance(error, KilledWorker):
            return self._once_more(sent)
        if isinstance(error, CancelledError):
            if self._client.status != "running":
                raise self._lost() from error
            return self._once_more(sent)
        on_arrival = "deserialization of the task graph" in str(error)
        if isinstance(error, (ImportError, AttributeError)) or on_arrival:
            who = f"The scheduler at {self._address}" if on_arrival else f"A worker of {self._address}"
            raise CourseError(
                f"{who} lacks this version of triptych: install there what is installed here. {KEPT}"
            ) from error
        return failed(error, "the workers' logs")

    def _once_more(self, sent: _Sent) -> Outcome | None:
        """Dask has given up on it, perhaps for what others have done to its workers before anybody had begun."""
        return None if self._begun[self._topic(sent)] < TRIES and sent.times < MOST_TIMES else _given_up()

    def _take_back(self) -> None:
        """Leaves nothing of ours on the cluster: workers stop what they are at."""
        with contextlib.suppress(Exception):
            self._client.unsubscribe_topic(self._id)
        if self._client.status == "running":
            with contextlib.suppress(Exception):
                self._client.cancel(list(self._pending))
        self._fetchers.shutdown(wait=False, cancel_futures=True)


def _given_up() -> Outcome:
    said = f"{TRIES} workers died while they had it: see their logs, and grade it by itself"
    return Outcome(False, said, again=True)
