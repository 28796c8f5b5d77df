"""Disk space that a folder takes, and memory that a process takes with its descendants."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path


def folder_bytes(folder: Path) -> int:
    """Bytes that files and folders below `folder` take on disk, without opening any of them.

    Entries that vanish meanwhile do not count: this watches a folder that a student's code writes to.
    """
    total = 0
    for above, folders, names in os.walk(folder):
        total += 4096 * len(folders)
        for name in names:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(above, name))  # noqa: PTH118 - names need not be text
                total += max(512 * status.st_blocks, 512)
    return total


def memory_bytes(pid: int, exact_above: int) -> int:
    """Bytes of memory that a process and its descendants hold, with pages that they share counted once.

    Args:
        pid: the process.
        exact_above: a rough count, which is too high where pages are shared, is good enough up to this many bytes;
            the exact one is slow.
    """
    family, waiting = [], [pid]
    while waiting:
        family.append(waiting.pop())
        for children in Path(f"/proc/{family[-1]}/task").glob("*/children"):
            with contextlib.suppress(OSError, ValueError):
                waiting += map(int, children.read_text().split())
    rough = sum(_field_bytes(member, "status", "VmRSS", "VmSwap") for member in family)
    if rough <= exact_above:
        return rough
    return sum(
        _field_bytes(member, "smaps_rollup", "Pss", "SwapPss") or _field_bytes(member, "status", "VmRSS")
        for member in family
    )


def _field_bytes(pid: int, file: str, *fields: str) -> int:
    try:
        text = Path(f"/proc/{pid}/{file}").read_text()
    except OSError:
        return 0
    return sum(1024 * int(kib) for field, kib in re.findall(r"(?m)^(\w+):\s+(\d+) kB", text) if field in fields)
