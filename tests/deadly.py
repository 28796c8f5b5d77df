"""Functions of the cluster tests that run in Dask workers, in a module that is light to load."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin

from triptych.grade.dispatch.job import STUCK


class Deadly(WorkerPlugin):  # type: ignore[misc]
    """Workers are killed as soon as they begin eve's submission."""

    def setup(self, worker: Any) -> None:
        from triptych.grade.dispatch.dask_worker import GradingPlugin

        run = GradingPlugin.run

        def deadly(plugin: Any, function: Any, job: Any, limits: Any) -> Any:
            if job.student == "eve":
                os.kill(os.getpid(), signal.SIGKILL)
            return run(plugin, function, job, limits)

        GradingPlugin.run = deadly  # type: ignore[method-assign]


def end_stuck(*_: object) -> None:
    """Ends its process as the grader's own time limit does."""
    os._exit(STUCK)


def crash(*_: object) -> None:
    """Ends its process as an error in a library does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(*_: object) -> None:
    """Does not end."""
    time.sleep(3600)


def process_id(*_: object) -> int:
    return os.getpid()


def busy(dask_worker: Any) -> int:
    """How many threads of a worker run a task, wanted or not."""
    return len(dask_worker.active_threads)


def found_in(folder: str, text: str) -> list[str]:
    """Files below a folder that hold a text."""
    names = []
    for path in Path(folder).rglob("*"):
        try:
            if path.is_file() and text.encode() in path.read_bytes():
                names.append(path.name)
        except OSError:
            pass
    return names
