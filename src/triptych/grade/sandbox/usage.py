"""Memory that a process takes with its descendants."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path


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
