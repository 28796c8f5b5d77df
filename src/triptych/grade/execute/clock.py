"""A clock for deadlines that goes slower while the machine is overloaded.

A right answer must not fail because somebody else's work was in the way: with twice as many running
threads as there are cores, everyone gets half a core, and a second of this clock takes two. A
submission that starts threads of its own slows its own clock alone, and no more than LONGEST-fold.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

LONGEST = 8.0
#: How often the load is looked at, in seconds.
EVERY = 0.05


def runnable() -> int:
    """How many threads of the machine run or wait for a core, this one among them; 0 when unknown."""
    try:
        return int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].split("/")[0])
    except (OSError, ValueError, IndexError):
        return 0


class FairClock:
    """Call it for the time in seconds: as `time.monotonic`, or slower while cores are short."""

    def __init__(
        self,
        wall: Callable[[], float] = time.monotonic,
        load: Callable[[], int] = runnable,
        cores: int | None = None,
    ) -> None:
        self._wall, self._load = wall, load
        self._cores = cores or len(os.sched_getaffinity(0))
        self._lock = threading.Lock()
        self._looked = wall()
        self._time = self._last = self._looked
        self._pace = 1.0

    def __call__(self) -> float:
        with self._lock:
            now = self._wall()
            passed = now - self._looked
            if passed >= EVERY:
                self._pace = min(1.0, max(1 / LONGEST, self._cores / max(self._load(), 1)))
                self._time = max(self._last, self._time + passed * self._pace)
                self._looked, passed = now, 0.0
            self._last = max(self._last, self._time + passed * self._pace)
            return self._last


#: One for the process: deadlines of all its submissions are told by it.
fair_time = FairClock()
