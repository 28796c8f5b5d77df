"""Measures the wall time, CPU time and memory of a command and all its descendants.

A control group counts CPU time, because the times of child processes do not include those in other namespaces.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
FIX = "Run it as root, or in a scope: systemd-run --user --scope -p Delegate=yes make bench"


@dataclass(frozen=True)
class Measurement:
    """The cost and the result of a command. Pages shared by processes count once in `memory_bytes`, the maximum."""

    wall_s: float
    cpu_s: float
    memory_bytes: int
    returncode: int
    output: str


def run(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None, interval_s: float = 0
) -> Measurement:
    """Runs a command to its end and measures it.

    Args:
        command: The program and its arguments.
        cwd: The working directory.
        environment: Variables to add to the environment.
        interval_s: Seconds between two measurements of memory; 0 measures none.

    Returns:
        The measurement.
    """
    group = _parent() / f"triptych-bench-{os.getpid()}-{time.monotonic_ns()}"
    group.mkdir()
    script = 'echo $$ > "$0" && exec "$@"'
    line = ["/bin/sh", "-c", script, str(group / "cgroup.procs"), *command]
    done = threading.Event()
    memory_bytes = 0

    def watch_memory(root: int) -> None:
        nonlocal memory_bytes
        while not done.wait(interval_s):
            memory_bytes = max(memory_bytes, sum(map(_memory_bytes, process_tree(root))))

    start = time.monotonic()
    with subprocess.Popen(
        line,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        if interval_s:
            threading.Thread(target=watch_memory, args=[process.pid], daemon=True).start()
        assert process.stdout is not None
        output = process.stdout.read()
    wall_s = time.monotonic() - start
    done.set()
    cpu_s = _cpu_s(group)
    for _ in range(100):  # the last processes of the group may still be ending
        with contextlib.suppress(OSError):
            group.rmdir()
            break
        time.sleep(0.05)
    return Measurement(wall_s, cpu_s, memory_bytes, process.returncode, output)


def _parent() -> Path:
    """Returns a folder in which control groups that count CPU time can be created."""
    version_1 = GROUPS / "cpuacct"
    if os.access(version_1, os.W_OK):
        return version_1
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            own = GROUPS / line[3:].lstrip("/")
            for folder in (own.parent, own):
                if (folder / "cgroup.procs").is_file() and os.access(folder / "cgroup.procs", os.W_OK):
                    return folder
    raise SystemExit(f"CPU time cannot be measured without a control group. {FIX}")


def _cpu_s(group: Path) -> float:
    if (group / "cpuacct.usage").is_file():
        return int((group / "cpuacct.usage").read_text()) / 1e9
    fields = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(fields["usage_usec"]) / 1e6


def process_tree(root: int) -> list[int]:
    """Returns the ids of a process and all its descendants."""
    processes, pending = [], [root]
    while pending:
        processes.append(pending.pop())
        for children in Path(f"/proc/{processes[-1]}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                pending += map(int, children.read_text().split())
    return processes


def _memory_bytes(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
