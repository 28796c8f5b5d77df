"""What the tests of clusters put into Dask workers. In a module that workers can load quickly."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin


class Deadly(WorkerPlugin):  # type: ignore[misc]
    """Workers die of eve's submissions, at once and without a word."""

    def setup(self, worker: Any) -> None:
        from triptych.grade.dispatch import dask_worker

        run = dask_worker._run

        def deadly(task: dict[str, Any], here: Any, seconds: float) -> dict[str, Any]:
            if task["job"]["student"] == "eve":
                os.kill(os.getpid(), signal.SIGKILL)
            return run(task, here, seconds)

        dask_worker._run = deadly


def busy(dask_worker: Any) -> int:
    """How many threads of a worker are at a task, wanted or not."""
    return len(dask_worker.active_threads)


def found_in(folder: str, text: str) -> list[str]:
    """Files below a folder that hold a text."""
    found = []
    for above, _, names in os.walk(folder):
        for name in names:
            try:
                if text.encode() in (Path(above) / name).read_bytes():
                    found.append(name)
            except OSError:
                pass
    return found
