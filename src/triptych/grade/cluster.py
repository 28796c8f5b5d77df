"""Submissions worked on by the workers of a Dask scheduler (`remote.py` is what those run).

Bytes and text travel, both ways. What comes back is looked at before the gradebook's side sees it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
import uuid
from collections import Counter, deque
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triptych.course import CourseError
from triptych.grade import compiled, remote
from triptych.grade.intake import Refused, collect
from triptych.grade.job import Job, Outcome, failed
from triptych.grade.order import LOOK_EVERY, Key, Order, name_of
from triptych.grade.parcel import BadParcel, course_part, name_of_part, pack, unpack_outcome
from triptych.grade.remote import GIVEN_UP, TRIES, UNABLE

CONNECT_SECONDS = 10.0
#: Seconds until an answer that is there must have come over; seconds between two looks at the workers.
FETCH_SECONDS, COUNT_EVERY = 120.0, 2.0
#: What is handed out ahead: submissions at the least, submissions a thread, and bytes at the most.
LEAST_AHEAD, AHEAD, MOST_AHEAD_BYTES = 50, 3, 200_000_000
KEPT = "What was graded is kept, and the same command goes on from there."


def prepared(order: Order, address: str) -> Generator[tuple[Job, Outcome]]:
    """Has submissions worked on by the workers of the scheduler at `address`, and yields what each says as it ends.

    A submission whose worker dies is given to another one, twice at the most. Raises CourseError when
    no scheduler answers, when a worker is not as it must be, and when the scheduler is lost.
    """
    with _connected(address) as client:
        yield from _Run(order, client, address).results()


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise CourseError(
            "--scheduler needs Dask, which is not installed here: pip install 'triptych[cluster]'."
        ) from error
    # submissions are larger than the graphs that Dask warns of
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}):
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
        #: what workers say when they begin, by topic
        self._begun: Counter[str] = Counter()
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

    def _note(self, event: tuple[float, dict[str, str]]) -> None:
        self._begun[event[1]["topic"]] += 1

    def _topic(self, sent: _Sent) -> str:
        return f"{self._id}-{sent.number}"

    def _work(self, sent: _Sent) -> Path:
        return self._order.work / str(sent.number)

    def _job(self, sent: _Sent) -> Job:
        return Job(str(self._order.course.root), *sent.key, str(self._work(sent)), self._order.box)

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
        return CourseError(f"The Dask scheduler at {self._address} does not answer any more. {KEPT}")

    # --- there -----------------------------------------------------------------------------------

    def _send(self) -> Iterator[tuple[Job, Outcome]]:
        """Hands out as many submissions as the cluster can hold; yields those that cannot be sent."""
        most = max(LEAST_AHEAD, AHEAD * sum(self._workers.values()))
        size = sum(sent.size for sent in self._pending.values())
        while self._waiting and len(self._pending) < most and (size < MOST_AHEAD_BYTES or not self._pending):
            sent = self._waiting.popleft()
            try:
                files = collect(self._order.course.submitted, *sent.key, self._order.limits)
            except Refused as refusal:
                yield self._job(sent), Outcome(False, str(refusal))
                continue
            except OSError as error:
                yield self._job(sent), failed(error, str(self._order.course.submitted / sent.key[0]))
                continue
            parcel = pack(files)
            sent.files, sent.size, sent.times = frozenset(files), len(parcel), sent.times + 1
            size += sent.size
            self._pending[self._submit(sent, parcel)] = sent

    def _submit(self, sent: _Sent, parcel: bytes) -> Any:
        (student, chapter), order = sent.key, self._order
        if chapter not in self._parts:
            part = course_part(order.course, chapter)
            key = f"triptych-course-{name_of_part(part)}"
            self._parts[chapter] = self._client.submit(remote.kept, part, key=key)
        told = {
            "student": student,
            "chapter": chapter,
            "box": order.box,
            "limits": asdict(order.limits),
            "fill": compiled.pays(order.course, chapter, self._many[chapter] // max(len(self._workers), 1)),
            "run": self._id,
            "topic": self._topic(sent),
        }
        wanted = json.dumps(remote.about())
        # one group of keys, so that Dask keeps them back until a worker is free
        name = (self._id, sent.number, sent.times)
        return self._client.submit(remote.work, wanted, self._parts[chapter], parcel, json.dumps(told), key=name)

    # --- back ------------------------------------------------------------------------------------

    def _look(self) -> Iterator[tuple[_Sent, Outcome]]:
        """Waits a moment, tells who is being worked on, and gives what has come back."""
        from distributed import CancelledError, wait

        if not self._pending:
            return
        with self._client.as_current(), contextlib.suppress(TimeoutError, CancelledError):
            wait(list(self._pending), timeout=LOOK_EVERY, return_when="FIRST_COMPLETED")
        if self._workers:
            at_work = [sent for future, sent in self._pending.items() if not future.done()]
            begun = [name_of(*sent.key) for sent in at_work if self._begun[self._topic(sent)]]
            self._order.listener.running(begun)
        else:
            self._order.listener.waiting(f"waiting for workers at {self._address}")
        for future in [future for future in self._pending if future.done()]:
            sent = self._pending[future]
            outcome = self._outcome(future, sent)
            if future.done():
                del self._pending[future]
                if outcome is None:
                    self._waiting.append(sent)
                else:
                    yield sent, outcome

    def _outcome(self, future: Any, sent: _Sent) -> Outcome | None:
        """What became of a submission; None when it is to be sent again, or (not done any more) waited for."""
        if future.cancelled():
            if self._client.status != "running":
                raise self._lost()
            return self._once_more(sent, "the cluster has dropped it")
        if future.status == "error":
            return self._fault(future.exception(timeout=FETCH_SECONDS), sent)
        try:
            said = future.result(timeout=FETCH_SECONDS)
        except Exception:  # its worker went before the answer had come over
            return self._once_more(sent, "the answer of its worker could not be fetched")
        if said == GIVEN_UP:
            return _given_up()
        if isinstance(said, str) and said.startswith(UNABLE):
            raise CourseError(f"{said.removeprefix(UNABLE)} {KEPT}")
        try:
            return unpack_outcome(said, self._work(sent), *sent.key, set(sent.files), self._order.limits)
        except BadParcel as error:
            return Outcome(False, f"what its worker sent back cannot be used ({error}): grade it again", again=True)

    def _fault(self, error: BaseException | None, sent: _Sent) -> Outcome | None:
        """What it means that Dask could not run it. Raises CourseError when it cannot run any."""
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            return self._once_more(sent, "")
        on_arrival = "deserialization of the task graph" in str(error)
        if isinstance(error, (ImportError, AttributeError)) or on_arrival:
            who = f"The scheduler at {self._address}" if on_arrival else f"A worker of {self._address}"
            said = f"{who} lacks this version of triptych: install there what is installed here. {KEPT}"
            raise CourseError(said) from error
        return failed(error or RuntimeError("no reason given"), "the workers' logs")

    def _once_more(self, sent: _Sent, why: str) -> Outcome | None:
        """Dask has given up on it, perhaps before anybody has begun."""
        if self._begun[self._topic(sent)] < TRIES and sent.times < TRIES:
            return None
        return Outcome(False, f"{why}: grade it again", again=True) if why else _given_up()

    def _take_back(self) -> None:
        """Leaves nothing of ours on the cluster: workers stop what they are at."""
        with contextlib.suppress(Exception):
            self._client.unsubscribe_topic(self._id)
        if self._client.status == "running":
            with contextlib.suppress(Exception):
                self._client.cancel(list(self._pending))


def _given_up() -> Outcome:
    said = f"{TRIES} workers died while they had it: see their logs, and grade it by itself"
    return Outcome(False, said, again=True)
