"""The process that a Dask worker keeps for submissions: it is told jobs, a line each, and answers in lines.

A process of its own, for a submission that holds it up ends with it, and the Dask worker goes on. Not
one of multiprocessing's: those may not be had by a Dask worker, which may be one itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from triptych.grade.dispatch.job import Job, failed
from triptych.grade.sandbox.limits import Limits

#: Seconds without a job after which the process ends, and gives its memory back.
IDLE_SECONDS = 600.0
START = "import sys; from triptych.grade.dispatch.subprocess_worker import serve; serve(int(sys.argv[1]), sys.argv[2])"
CHUNK = 1 << 16


class Ended(Exception):
    """The process has ended before it answered; `code` as subprocess gives it, None when it had to be ended."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class SubprocessWorker:
    """The process as a Dask worker holds it. Its environment's errors go where ours go.

    references: folder for what JAX compiles for tests.
    """

    def __init__(self, references: Path) -> None:
        self._link, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            # found where this very file is, whatever the worker's own path is
            path = os.pathsep.join([str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH", "")])
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", START, str(number), str(references)],
                env={**os.environ, "PYTHONPATH": path.rstrip(os.pathsep)},
                stdin=subprocess.DEVNULL,
                pass_fds=[number],
                start_new_session=True,  # Ctrl+C is for the Dask worker, which then ends us
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def run(self, task: dict[str, Any], seconds: float, unwanted: Callable[[], bool]) -> dict[str, Any]:
        """The answer to a task. Raises Ended when there is none, is none within `seconds`, or when it is `unwanted`."""
        until = time.monotonic() + seconds
        answer = b""
        with selectors.DefaultSelector() as selector, contextlib.suppress(OSError):
            self._link.sendall(json.dumps(task).encode() + b"\n")
            selector.register(self._link, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                if time.monotonic() > until or unwanted():
                    self.close()
                    raise Ended(None)
                if selector.select(0.5):
                    chunk = self._link.recv(CHUNK)
                    if not chunk:
                        break
                    answer += chunk
        if not answer.endswith(b"\n"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            code = self._process.poll()
            self.close()
            raise Ended(code)
        return json.loads(answer)

    def close(self) -> None:
        """Ends the process, and with it the sandboxes that it has made."""
        self._link.close()
        try:
            self._process.wait(3)  # it sees that nobody is there any more, and tidies up
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


# --- in the process itself ------------------------------------------------------------------------


def serve(number: int, references: str) -> None:
    """Answers until the other end is closed, or nothing is asked for a long time."""
    from triptych.grade.dispatch import worker

    link = socket.socket(fileno=number)
    tasks: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=[link, tasks], daemon=True).start()
    worker.begin("", references)
    while True:
        try:
            task = json.loads(tasks.get(timeout=IDLE_SECONDS))
        except queue.Empty:
            return
        answer = json.dumps(_answer(task)).encode() + b"\n"
        with contextlib.suppress(OSError):  # nobody is there any more: `_listen` sees it, too
            link.sendall(answer)


def _listen(link: socket.socket, tasks: queue.Queue[bytes]) -> None:
    """Hands on what is asked; ends the process when nobody is there any more, whatever it is at."""
    with link.makefile("rb") as lines:
        for line in lines:
            tasks.put(line)
    threading.Timer(2.0, os._exit, [0]).start()  # what holds the other threads up must not hold this one
    zygote = sys.modules.get("triptych.grade.sandbox.zygote")  # where it has come so far
    with contextlib.suppress(Exception):
        if zygote is not None:
            zygote.close_zygotes()
    os._exit(0)


#: Chapters for which it was tried to compile what all share.
_filled: set[tuple[str, str]] = set()


def _answer(task: dict[str, Any]) -> dict[str, Any]:
    """{"outcome": …}, or {"unable": why} when this machine can make no sandboxes."""
    from triptych.grade.dispatch import worker
    from triptych.grade.execute import compile_cache
    from triptych.grade.sandbox.sandbox import find_problem
    from triptych.model.course import Course

    job, limits = Job(**task["job"]), Limits(**task["limits"])
    if job.sandbox != "none" and (reason := find_problem()):
        return {"unable": reason}
    try:
        if task["fill"] and (job.course, job.chapter) not in _filled:
            _filled.add((job.course, job.chapter))
            with contextlib.suppress(Exception):  # submissions must do without
                worker.compile_chapter(job.course, job.chapter, job.sandbox)
        folder = compile_cache.compiled(Course(Path(job.course)), job.chapter)
        outcome = worker.run(Job(**{**task["job"], "compiled": str(folder or "")}), limits)
    except Exception as error:
        outcome = failed(error, f"the log of the worker on {socket.gethostname()}")
    return {"outcome": asdict(outcome)}
