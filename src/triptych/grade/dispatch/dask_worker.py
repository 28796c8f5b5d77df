"""What a Dask worker does for a submission. Scheduler and workers import this module; it imports little.

The Dask worker unpacks and packs, and hands the submission to a process of its own (`subprocess_worker`), in
which the student's code gets its sandbox. It goes on whatever becomes of that.
"""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from triptych.grade.dispatch.archive import extract, name_of_part, pack_outcome, unpack
from triptych.grade.dispatch.job import STUCK, Job, Outcome, died, late, longest
from triptych.grade.dispatch.subprocess_worker import Ended, SubprocessWorker
from triptych.grade.fingerprint import machinery
from triptych.grade.sandbox.bubblewrap import SYSTEM_FOLDERS, environment_folders
from triptych.grade.sandbox.limits import Limits

#: How often a submission is begun: the first time, and twice more when its worker has died.
TRIES = 3
#: A submission's answer is an archive; what a worker says instead begins with one of these.
UNABLE, GIVEN_UP = "unable: ", "given up"
MOST_PART = 1_000_000_000


@functools.cache
def about() -> dict[str, str]:
    """What grader and workers must have in common for equal marks."""
    import platform

    return {"Python": ".".join(platform.python_version_tuple()[:2]), **machinery()}


def difference(wanted: dict[str, str], found: dict[str, str]) -> str:
    """The first things in which a worker is not as the grader, or nothing."""
    names = [name for name in wanted if found.get(name) != wanted[name]]
    told = [f"{name} {found.get(name, 'none')} instead of {wanted[name]}" for name in names]
    return ", ".join(told[:3])


def kept(part: bytes) -> bytes:
    """A course part, as a task of its own: Dask hands it on between workers, and makes it anew when it is lost."""
    return part


def work(wanted: str, part: bytes, submission: bytes, told: str) -> bytes | str:
    """Works on one submission and gives its outcome as an archive; or says, in words, why this worker cannot.

    wanted: what `about` must say, as JSON. part, submission: archives. told: JSON with student, chapter,
    sandbox, limits, whether it is worth it to compile first, and the topics on which to say that it begins.
    """
    order, here = json.loads(told), _Here()
    if differs := difference(json.loads(wanted), about()):
        return here.unable(f"has {differs}: install on workers what is installed here")
    if exposed := _exposed(here.folder):
        return here.unable(f"keeps its files below {exposed}, which sandboxes show: give it another --local-directory")
    if not here.begin(order["run"], order["topic"]):
        return GIVEN_UP
    try:
        return _work(here, part, submission, order)
    finally:
        here.end(order["run"], order["topic"])


def _work(here: _Here, part: bytes, submission: bytes, order: dict[str, Any]) -> bytes | str:
    student, chapter, limits = order["student"], order["chapter"], Limits(**order["limits"])
    course = _unpacked(part, here.folder)
    with _folder(here.folder) as folder:
        submitted, made = folder / "submitted", folder / "work"
        made.mkdir()
        most = limits.folder_bytes + limits.notebook_bytes + 1
        extract(unpack(submission, lambda _: True, most), submitted / student / chapter)
        job = Job(str(course), student, chapter, str(made), order["sandbox"], submitted=str(submitted))
        task = {"job": asdict(job), "limits": asdict(limits), "fill": order["fill"]}
        where = f"the log of the worker on {socket.gethostname()}"
        try:
            answer = _run(task, here, longest(limits))
        except Ended as end:
            stuck = end.code is None or end.code == STUCK
            outcome = late(limits) if stuck else died(end.code, where)
        else:
            if "unable" in answer:
                return here.unable(f"can make no sandboxes ({str(answer['unable']).rstrip('.')})")
            outcome = Outcome(**answer["outcome"])
        return pack_outcome(outcome, made, student, chapter)


# --- processes for submissions --------------------------------------------------------------------

#: Those that have nothing to do: as many as there are threads of the Dask worker, at the most.
_idle: list[SubprocessWorker] = []
_lock = threading.Lock()


def _run(task: dict[str, Any], here: _Here, seconds: float) -> dict[str, Any]:
    """The answer of a process that is there or made now. Raises Ended."""
    while True:
        with _lock:
            subprocess_worker = _idle.pop() if _idle else None
        if subprocess_worker is not None and not subprocess_worker.alive:
            subprocess_worker.close()
            continue
        fresh = subprocess_worker is None
        if subprocess_worker is None:
            subprocess_worker = SubprocessWorker(here.folder / "references")
        try:
            answer = subprocess_worker.run(task, seconds, here.unwanted)
        except Ended as end:
            if end.code == 0 and not fresh:
                continue  # it had just ended, since it had nothing to do
            raise
        with _lock:
            _idle.append(subprocess_worker)
        return answer


# --- where we are ---------------------------------------------------------------------------------


class _Here:
    """The Dask worker and the task that this thread runs."""

    def __init__(self) -> None:
        from distributed import get_worker

        self._worker: Any = get_worker()
        self._key = self._worker.get_current_task()
        self.folder = Path(self._worker.local_directory).resolve() / "triptych"
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def begin(self, run: str, topic: str) -> bool:
        """Says to the scheduler that work begins, unless it has begun too often; whether it does.

        The scheduler knows it before anything is done, and when all is lost here: what workers die of
        must not take ever more of them with it, whatever Dask's own configuration says.
        """
        from distributed.utils import sync

        async def say() -> bool:
            scheduler = self._worker.scheduler
            if sum(message["begun"] for _, message in await scheduler.events(topic=topic)) >= TRIES:
                return False
            message = {"topic": topic, "begun": 1, "worker": self._worker.address}
            await scheduler.log_event(topic=[run, topic], msg=message)
            return True

        return bool(sync(self._worker.loop, say))

    def end(self, run: str, topic: str) -> None:
        """Says that work has ended, and this worker lives: if its answer is lost, the submission is not to blame."""
        self._worker.log_event([run, topic], {"topic": topic, "begun": -1})

    def unable(self, why: str) -> str:
        return f"{UNABLE}The worker at {self._worker.address} {why}."

    def unwanted(self) -> bool:
        """Whether the grader has taken the task back."""
        task = self._worker.state.tasks.get(self._key)
        return task is None or task.state == "cancelled"


def _exposed(folder: Path) -> str:
    """The folder that sandboxes show in which `folder` lies, if there is one."""
    shown = [Path("/usr"), *map(Path, SYSTEM_FOLDERS), *environment_folders()]
    return next((str(path) for path in shown if folder.is_relative_to(path.resolve())), "")


def _unpacked(part: bytes, folder: Path) -> Path:
    """The course folder that a part makes, unpacked once a worker."""
    target = folder / name_of_part(part)
    with _lock:
        if not target.is_dir():
            with _folder(folder) as fresh:
                extract(unpack(part, _of_a_course, MOST_PART), fresh / "course")
                (fresh / "course").rename(target)
    return target


def _of_a_course(name: str) -> bool:
    return name.startswith(("source/", "release/"))


@contextlib.contextmanager
def _folder(above: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="job-", dir=above))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["GIVEN_UP", "TRIES", "UNABLE", "about", "difference", "kept", "work"]
