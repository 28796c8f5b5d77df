"""How much a submission may take. One place, so that sandbox, wall and documentation agree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits on one submission; seconds are wall time, sizes are bytes."""

    # intake
    notebook_bytes: int = 10_000_000
    folder_bytes: int = 50_000_000
    files: int = 200
    notebook_cells: int = 1_000
    json_depth: int = 100
    # time
    call_seconds: float = 10.0
    test_seconds: float = 30.0
    cell_seconds: float = 30.0
    notebook_seconds: float = 300.0
    # the sandbox
    cpu_seconds: int = 300
    address_space: int = 6_000_000_000
    memory: int = 3_000_000_000
    processes: int = 128
    file_bytes: int = 100_000_000
    output_bytes: int = 1_000_000
    # the wall
    message_bytes: int = 64_000_000
    message_depth: int = 50
    callbacks: int = 1_000_000
