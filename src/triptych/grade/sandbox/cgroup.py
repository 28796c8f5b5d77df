"""Control groups: one limit on the memory and the number of processes of a whole sandbox.

Version 2 where a writable group hands on the controllers (a systemd user scope, a container with delegation),
version 1 where it is mounted and the grader is root. Elsewhere `open_group` returns None, and `zygote.Child` watches
the memory itself.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import signal
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")

#: Files of a group that hold limits, and whether a file may be missing.
Settings = tuple[tuple[str, bool], ...]
_V2: Settings = (("memory.max", False), ("memory.swap.max", True), ("pids.max", False))
_V1_MEMORY: Settings = (("memory.limit_in_bytes", False), ("memory.memsw.limit_in_bytes", True))
_V1_PIDS: Settings = (("pids.max", False),)


@dataclass(frozen=True)
class Group:
    """One control group: one folder, in version 1 one for each controller."""

    folders: tuple[Path, ...]

    @property
    def processes(self) -> set[int]:
        """Process ids of its members."""
        members: set[int] = set()
        for folder in self.folders:
            with contextlib.suppress(OSError):
                members |= {int(line) for line in (folder / "cgroup.procs").read_text().split()}
        return members - {0}  # one that this PID namespace does not show

    def add(self, pid: int) -> None:
        """Moves a process into the group; its future children become members too.

        Raises:
            OSError: The group cannot be written to, or there is no such process.
        """
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def remove(self, timeout_s: float = 2.0) -> None:
        """Kills its members and removes it. After `timeout_s` an empty folder may be left."""
        end = time.monotonic() + timeout_s
        while True:
            for pid in self.processes:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            for folder in self.folders:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            if not any(folder.exists() for folder in self.folders) or time.monotonic() > end:
                return
            time.sleep(0.01)


def open_group(memory_bytes: int, processes: int, member: int) -> Group | None:
    """Creates a group with limits and moves one process into it.

    Args:
        memory_bytes: limit on the memory of all members, without swap.
        processes: limit on the number of processes and threads.
        member: id of the process.

    Returns:
        The group, or None where control groups cannot be written.
    """
    parents = _parents()
    if parents is None:
        return None
    name = f"triptych-{os.getpid()}-{secrets.token_hex(4)}"
    group = Group(tuple(parent / name for parent, _ in parents))
    try:
        for (parent, settings), folder in zip(parents, group.folders, strict=True):
            _sweep(parent)
            folder.mkdir()
            for setting, optional in settings:
                limit = processes if setting == "pids.max" else 0 if "swap" in setting else memory_bytes
                if not optional or (folder / setting).exists():
                    (folder / setting).write_text(str(limit))
        group.add(member)
    except OSError:
        group.remove()
        return None
    return group


def _sweep(parent: Path) -> None:
    """Removes empty groups of graders that were killed."""
    for folder in parent.glob("triptych-*-*"):
        if not Path("/proc", folder.name.split("-")[1]).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


def describe() -> str:
    """A phrase for `triptych doctor`: the control groups that this process can use."""
    parents = _parents()
    if parents is None:
        return "none that this process may write to"
    return f"version {2 if len(parents) == 1 else 1}, {', '.join(str(parent) for parent, _ in parents)}"


@functools.cache
def _parents() -> list[tuple[Path, Settings]] | None:
    return find_parents(ROOT, Path("/proc/self/cgroup").read_text() if ROOT.is_dir() else "")


def find_parents(root: Path, membership: str) -> list[tuple[Path, Settings]] | None:
    """Finds the groups in which this process may create others.

    Args:
        root: where control groups are mounted.
        membership: the text of /proc/self/cgroup.

    Returns:
        Each such group (two in version 1) with the limits to write; None if there is none.
    """
    own = own_groups(membership)
    unified = root / own.get("", "")
    # a group with members cannot hand on controllers, so it is often its parent that does
    for candidate in (unified, unified.parent):
        control = candidate / "cgroup.subtree_control"
        if candidate.is_relative_to(root) and control.is_file():
            writable = os.access(candidate / "cgroup.procs", os.W_OK) and os.access(candidate, os.W_OK)
            if {"memory", "pids"} <= set(control.read_text().split()) and writable:
                return [(candidate, _V2)]
    memory, pids = root / "memory" / own.get("memory", ""), root / "pids" / own.get("pids", "")
    exist = (memory / "memory.limit_in_bytes").is_file() and (pids / "cgroup.procs").is_file()
    if exist and os.access(memory, os.W_OK) and os.access(pids, os.W_OK):
        return [(memory, _V1_MEMORY), (pids, _V1_PIDS)]
    return None


def own_groups(membership: str) -> dict[str, str]:
    """The group of this process by controller, relative to the mount; version 2 under the empty name.

    Args:
        membership: the text of /proc/self/cgroup.
    """
    groups: dict[str, str] = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        groups |= dict.fromkeys(controllers.split(","), path.lstrip("/"))
    return groups
