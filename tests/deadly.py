"""Functions of the cluster tests that run in Dask workers, in a module that is light to load."""

from __future__ import annotations

import contextlib
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
    """The number of threads of a worker that run a task, also a cancelled one."""
    return len(dask_worker.active_threads)


def found_in(folder: str, text: str) -> list[str]:
    """Names of the files below a folder that contain a text."""
    names = []
    for above, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                if text.encode() in (Path(above) / name).read_bytes():
                    names.append(name)
    return names
