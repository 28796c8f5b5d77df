"""Control groups: one limit on the memory and the processes of a whole sandbox.

Version 2 where a folder with the controllers is writable (a systemd user scope, a container that
delegates), version 1 where it is still mounted and we are root. Where neither is so, `open_group`
gives None, and the sandbox's own watch is what is left.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")

#: Files of a group to write, and whether one may be missing.
Settings = tuple[tuple[str, bool], ...]
_V2: Settings = (("memory.max", False), ("memory.swap.max", True), ("pids.max", False))
_V1_MEMORY: Settings = (("memory.limit_in_bytes", False), ("memory.memsw.limit_in_bytes", True))
_V1_PIDS: Settings = (("pids.max", False),)


@dataclass(frozen=True)
class Group:
    """One control group (in version 1, one folder a controller)."""

    folders: tuple[Path, ...]

    def enter(self, process: int) -> None:
        """Takes a process in; what it forks from then on is in it, too. Raises OSError."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(process))

    def remove(self, seconds: float = 2.0) -> None:
        """Ends what is left in it and takes it away. Leaves an empty folder behind rather than raise."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                (folder / "cgroup.kill").write_text("1")
        until = time.monotonic() + seconds
        for folder in self.folders:
            while True:
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    if time.monotonic() > until:
                        break
                    time.sleep(0.01)


def open_group(memory: int, processes: int, member: int) -> Group | None:
    """A new group with limits (bytes, number of processes and threads) that holds the process `member`.

    None where that cannot be.
    """
    parents = _parents()
    if parents is None:
        return None
    name = f"triptych-{os.getpid()}-{secrets.token_hex(4)}"
    folders: list[Path] = []
    try:
        for parent, settings in parents:
            _sweep(parent)
            folder = parent / name
            folder.mkdir()
            folders.append(folder)
            for setting, optional in settings:
                number = processes if setting == "pids.max" else 0 if "swap" in setting else memory
                if not optional or (folder / setting).exists():
                    (folder / setting).write_text(str(number))
        Group(tuple(folders)).enter(member)
    except OSError:
        Group(tuple(folders)).remove()
        return None
    return Group(tuple(folders))


def _sweep(parent: Path) -> None:
    """Takes away empty groups of graders that were killed."""
    for folder in parent.glob("triptych-*-*"):
        owner = folder.name.split("-")[1]
        if not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


def where() -> str:
    """Words for a person: which control groups there are to use, or none."""
    parents = _parents()
    if parents is None:
        return "none that this process may write to"
    return f"version {2 if len(parents) == 1 else 1}, {', '.join(str(parent) for parent, _ in parents)}"


@functools.cache
def _parents() -> list[tuple[Path, Settings]] | None:
    return find_parents(ROOT, Path("/proc/self/cgroup").read_text() if ROOT.is_dir() else "")


def find_parents(root: Path, membership: str) -> list[tuple[Path, Settings]] | None:
    """Folders below which groups can be made, with the settings to write; None when there are none.

    `root` is where control groups are mounted, `membership` the text of /proc/self/cgroup.
    """
    own = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path.lstrip("/")
    unified = root / own.get("", "")
    # A group that holds processes cannot hand controllers on, so it is often the one above that can.
    for candidate in (unified, unified.parent):
        handed_on = candidate / "cgroup.subtree_control"
        if candidate.is_relative_to(root) and handed_on.is_file():
            handed = set(handed_on.read_text().split())
            may_enter = os.access(candidate / "cgroup.procs", os.W_OK)
            if {"memory", "pids"} <= handed and may_enter and os.access(candidate, os.W_OK):
                return [(candidate, _V2)]
    memory, pids = root / "memory" / own.get("memory", ""), root / "pids" / own.get("pids", "")
    there = (memory / "memory.limit_in_bytes").is_file() and (pids / "cgroup.procs").is_file()
    if there and os.access(memory, os.W_OK) and os.access(pids, os.W_OK):
        return [(memory, _V1_MEMORY), (pids, _V1_PIDS)]
    return None
