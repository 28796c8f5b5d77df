"""Measures a command with everything that it starts, orphans too: wall time, CPU time, memory."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Measured:
    """What a command took. Seconds; bytes; memory is the largest sum of proportional set sizes seen."""

    wall: float
    cpu: float
    memory: int
    returncode: int
    output: str


def run(command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None, watch: float = 0) -> Measured:
    """Runs `command` to its end. `watch`: seconds between two looks at its memory (0: never)."""
    # in a process of its own, which orphans are given to: only what is waited for is counted
    line = [sys.executable, __file__, str(watch), *command]
    told = subprocess.run(
        line, cwd=cwd, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True, check=True
    )
    return Measured(**json.loads(told.stdout.splitlines()[-1]))


def _main(watch: float, command: Sequence[str]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    start = time.monotonic()
    largest = 0
    done = threading.Event()

    def look() -> None:
        nonlocal largest
        while not done.wait(watch):
            largest = max(largest, sum(_memory(process) for process in family(os.getpid())[1:]))

    if watch:
        threading.Thread(target=look, daemon=True).start()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
    wall = time.monotonic() - start
    done.set()
    for left in family(os.getpid())[1:]:
        os.kill(left, signal.SIGKILL)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    used = os.times()
    cpu = used.children_user + used.children_system
    print(json.dumps({"wall": wall, "cpu": cpu, "memory": largest, "returncode": process.returncode, "output": output}))


def family(root: int) -> list[int]:
    """A process and all its descendants."""
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        for children in Path(f"/proc/{found[-1]}/task").glob("*/children"):
            try:
                todo += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def _memory(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


if __name__ == "__main__":
    _main(float(sys.argv[1]), sys.argv[2:])
