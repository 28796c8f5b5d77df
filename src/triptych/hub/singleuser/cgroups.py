"""Control groups: one limit on memory, processor time and processes of everything that one person runs.

Version 2 where it is mounted whole, version 1 where it is still in use. Root's business; where control
groups cannot be written (an unprivileged container), `Groups.why_not` says so.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CONTROLLERS = ("memory", "pids", "cpu")
#: Microseconds in which processor time is counted.
PERIOD = 100_000


@dataclass(frozen=True)
class Group:
    """One person's group (in version 1, one folder a controller)."""

    folders: tuple[Path, ...]

    @property
    def entrances(self) -> list[str]:
        """Files to which a process writes 0 to get in, children and all."""
        return [str(folder / "cgroup.procs") for folder in self.folders]

    @property
    def processes(self) -> set[int]:
        found: set[int] = set()
        for folder in self.folders:
            with contextlib.suppress(OSError):
                found |= {int(line) for line in (folder / "cgroup.procs").read_text().split()}
        return found

    def memory(self) -> int | None:
        """Bytes in use."""
        for name in ("memory.current", "memory.usage_in_bytes"):
            for folder in self.folders:
                with contextlib.suppress(OSError, ValueError):
                    return int((folder / name).read_text())
        return None

    def remove(self, seconds: float = 5.0) -> None:
        """Ends what is left in it (a daemon that left its session too) and takes it away."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for process in self.processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            left = False
            for folder in self.folders:
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    continue
                except OSError:
                    left = True
            if not left:
                return
            time.sleep(0.02)


@dataclass
class Groups:
    """The groups of one hub, below a group of its own name."""

    name: str
    root: Path = ROOT
    membership: str | None = None
    why_not: str = field(default="", init=False)

    def group(self, user: str) -> Group:
        """Where the group of `user` is, made or not."""
        return Group(tuple(parent / self.name / f"user-{user}" for parent in self._parents()))

    def open(self, user: str, *, memory: int, cpus: float, processes: int) -> Group | None:
        """Makes the group of `user`: bytes, processors, number of processes and threads. None where that cannot be."""
        group = self.group(user)
        try:
            group.remove()
            for folder in group.folders:
                self._hand_down(folder.parent)
                folder.mkdir()
                self._limit(folder, memory, cpus, processes)
        except OSError as error:
            self.why_not = f"{error.filename}: {error.strerror}"
            return None
        if not group.folders:
            self.why_not = f"no control groups in {self.root}"
            return None
        return group

    def remove(self) -> None:
        """Takes the hub's own group away, with those of people in it."""
        for parent in self._parents():
            base = parent / self.name
            for folder in base.glob("user-*"):
                Group((folder,)).remove()
            with contextlib.suppress(OSError):
                base.rmdir()

    # the two versions

    def _parents(self) -> list[Path]:
        if (self.root / "cgroup.controllers").is_file():
            return [self.root]
        own: dict[str, str] = {}
        text = Path("/proc/self/cgroup").read_text() if self.membership is None else self.membership
        for line in text.splitlines():
            _, controllers, path = line.split(":", 2)
            for controller in controllers.split(","):
                own[controller] = path.lstrip("/")
        found = [self.root / name / own.get(name, "") for name in CONTROLLERS]
        return [folder for folder in found if (folder / "cgroup.procs").is_file()]

    def _hand_down(self, base: Path) -> None:
        """Version 2 wants a controller named in every group above the one that uses it."""
        base.mkdir(exist_ok=True)
        for folder in (base.parent, base):
            switch = folder / "cgroup.subtree_control"
            if switch.is_file() and not set(CONTROLLERS) <= set(switch.read_text().split()):
                switch.write_text(" ".join(f"+{name}" for name in CONTROLLERS))

    @staticmethod
    def _limit(folder: Path, memory: int, cpus: float, processes: int) -> None:
        for name, value in (
            ("memory.max", str(memory)),
            ("memory.swap.max", "0"),
            ("memory.limit_in_bytes", str(memory)),
            ("pids.max", str(processes)),
            ("cpu.max", f"{int(cpus * PERIOD)} {PERIOD}"),
            ("cpu.cfs_period_us", str(PERIOD)),
            ("cpu.cfs_quota_us", str(int(cpus * PERIOD))),
        ):
            if (folder / name).exists():
                (folder / name).write_text(value)
