"""A clock for deadlines that slows down while the machine is overloaded.

A right answer must not fail because of other work on the machine: with twice as many running threads as cores, each
thread gets half a core, and a second of this clock takes two. A submission that starts threads slows only its own
clock, at most MAX_SLOWDOWN-fold.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

MAX_SLOWDOWN = 8.0
LOAD_INTERVAL_SECONDS = 0.05


def runnable_threads() -> int:
    """The number of threads on this machine that run or wait for a core; 0 if unknown."""
    try:
        return int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].split("/")[0])
    except (OSError, ValueError, IndexError):
        return 0


class FairClock:
    """A callable like `time.monotonic`, which runs slower while there are more running threads than cores.

    Args:
        clock: the time in seconds.
        load: the number of running threads on this machine.
        cores: the number of cores; by default those that this process may use.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        load: Callable[[], int] = runnable_threads,
        cores: int | None = None,
    ) -> None:
        self._clock, self._load = clock, load
        self._cores = cores or len(os.sched_getaffinity(0))
        self._lock = threading.Lock()
        self._last_load_check = self._fair_time_then = self._last = clock()
        self._pace = 1.0

    def __call__(self) -> float:
        """The time in seconds. It never decreases."""
        with self._lock:
            now = self._clock()
            elapsed = now - self._last_load_check
            if elapsed >= LOAD_INTERVAL_SECONDS:
                self._pace = min(1.0, max(1 / MAX_SLOWDOWN, self._cores / max(self._load(), 1)))
                self._fair_time_then = max(self._last, self._fair_time_then + elapsed * self._pace)
                self._last_load_check, elapsed = now, 0.0
            self._last = max(self._last, self._fair_time_then + elapsed * self._pace)
            return self._last


#: The clock of this process: all deadlines of submissions are times of this clock.
fair_time = FairClock()
