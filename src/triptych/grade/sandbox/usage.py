"""What a folder, and a process with its descendants, take. For watches that look again and again."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path


def folder_bytes(folder: Path) -> int:
    """Bytes that files and folders below `folder` take on disk; nothing of them is opened."""
    total = 0
    for above, folders, names in os.walk(folder):
        total += 4096 * len(folders)
        for name in names:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(above, name))  # noqa: PTH118 - names may be anything
                total += max(512 * status.st_blocks, 512)
    return total


def memory_of(pid: int, enough: int) -> int:
    """Bytes that a process and its descendants hold, pages that they share counted once.

    The exact count is slow and is made only when the rough one is above `enough`.
    """
    family, todo = [], [pid]
    while todo:
        family.append(todo.pop())
        for children in Path(f"/proc/{family[-1]}/task").glob("*/children"):
            with contextlib.suppress(OSError, ValueError):
                todo += map(int, children.read_text().split())
    rough = sum(_kilobytes(member, "status", ("VmRSS", "VmSwap")) for member in family)
    if 1024 * rough <= enough:
        return 1024 * rough
    return 1024 * sum(
        _kilobytes(member, "smaps_rollup", ("Pss", "SwapPss")) or _kilobytes(member, "status", ("VmRSS",))
        for member in family
    )


def _kilobytes(pid: int, file: str, fields: tuple[str, ...]) -> int:
    try:
        text = Path(f"/proc/{pid}/{file}").read_text()
    except OSError:
        return 0
    return sum(int(n) for field, n in re.findall(r"(?m)^(\w+):\s+(\d+) kB", text) if field in fields)
