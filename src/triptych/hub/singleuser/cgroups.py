"""Control groups of the hub: one limit on the memory, processor time and processes of everything that a user runs.

Version 2 if it is mounted, otherwise version 1. Only root can create groups, and not everywhere: an unprivileged
container has none.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from triptych.grade.sandbox.cgroup import ROOT, Group, own_groups

CONTROLLERS = ("memory", "pids", "cpu")
#: The microseconds in which processor time is counted.
PERIOD_US = 100_000
#: The time limit for killing a user's processes.
REMOVE_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class UserGroup(Group):
    """The control group of one user (in version 1, one folder for each controller)."""

    @property
    def memory_bytes(self) -> int | None:
        """The memory in use, None if the group does not exist."""
        for name in ("memory.current", "memory.usage_in_bytes"):
            for folder in self.folders:
                with contextlib.suppress(OSError, ValueError):
                    return int((folder / name).read_text())
        return None


@dataclass(frozen=True)
class Groups:
    """The control groups of a hub's users, below a group of the hub's.

    Args:
        name: the name of the hub's group.
        root: the place where control groups are mounted.
        membership: the text of /proc/self/cgroup, which is read if it is None.
    """

    name: str
    root: Path = ROOT
    membership: str | None = None

    def group(self, user: str) -> UserGroup:
        """The group of `user`, which need not exist."""
        return UserGroup(tuple(parent / self.name / f"user-{user}" for parent in self._parents()))

    def create(self, user: str, *, memory_bytes: int, cpus: float, processes: int) -> UserGroup:
        """Creates the group of `user`, in place of an older one.

        Args:
            user: the account.
            memory_bytes: the limit on memory.
            cpus: the limit on processor time, in processors.
            processes: the limit on the number of processes and threads.

        Raises:
            OSError: control groups cannot be created on this machine.
        """
        group = self.group(user)
        if not group.folders:
            raise OSError(f"no control groups in {self.root}")
        group.remove(REMOVE_TIMEOUT_S)
        limits = {
            "memory.max": str(memory_bytes),
            "memory.swap.max": "0",
            "memory.limit_in_bytes": str(memory_bytes),
            "pids.max": str(processes),
            "cpu.max": f"{int(cpus * PERIOD_US)} {PERIOD_US}",
            "cpu.cfs_period_us": str(PERIOD_US),
            "cpu.cfs_quota_us": str(int(cpus * PERIOD_US)),
        }
        for folder in group.folders:
            _enable_controllers(folder.parent)
            folder.mkdir()
            for name, value in limits.items():
                if (folder / name).exists():
                    (folder / name).write_text(value)
        return group

    def remove(self) -> None:
        """Removes the hub's group with those of its users."""
        for parent in self._parents():
            base = parent / self.name
            for folder in base.glob("user-*"):
                Group((folder,)).remove(REMOVE_TIMEOUT_S)
            with contextlib.suppress(OSError):
                base.rmdir()

    def _parents(self) -> list[Path]:
        """The folders that the hub's group lies in: one for each controller in version 1."""
        if (self.root / "cgroup.controllers").is_file():
            return [self.root]
        membership = Path("/proc/self/cgroup").read_text() if self.membership is None else self.membership
        own = own_groups(membership)
        folders = [self.root / controller / own.get(controller, "") for controller in CONTROLLERS]
        return [folder for folder in folders if (folder / "cgroup.procs").is_file()]


def _enable_controllers(group: Path) -> None:
    """Version 2 requires controllers to be enabled in every group above the one that uses them."""
    group.mkdir(exist_ok=True)
    for folder in (group.parent, group):
        switch = folder / "cgroup.subtree_control"
        if switch.is_file() and not set(CONTROLLERS) <= set(switch.read_text().split()):
            switch.write_text(" ".join(f"+{name}" for name in CONTROLLERS))


__all__ = ["Groups", "UserGroup"]
