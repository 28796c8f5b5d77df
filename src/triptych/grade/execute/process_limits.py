"""Limits that the kernel enforces on the process that runs test cells.

Values from a sandbox are built in this process. A value that takes too much memory raises MemoryError; one that keeps
a C function busy holds the interpreter's lock, so that no thread of Python could end it: the kernel ends the process,
and the pool of workers goes on with the next test cell in another one.
"""

from __future__ import annotations

import contextlib
import re
import resource
import signal
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def process_limits(cpu_seconds: float, memory_bytes: int) -> Iterator[None]:
    """Limits what this process takes in the block.

    Args:
        cpu_seconds: processor time of all its threads. Beyond it the kernel ends the process with SIGPROF.
        memory_bytes: how much its writable memory may grow. Beyond it allocations fail.
    """
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _data_bytes() + memory_bytes
    allowed = limit if before[1] == resource.RLIM_INFINITY else min(limit, before[1])
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
        signal.setitimer(signal.ITIMER_PROF, 0)


def _data_bytes() -> int:
    """The writable memory of this process that counts for RLIMIT_DATA."""
    line = re.search(r"VmData:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return 1024 * int(line[1]) if line else 0


__all__ = ["process_limits"]
