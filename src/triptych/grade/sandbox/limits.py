"""Limits on one submission, in one place for the sandbox, the connection and the documentation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits on one submission. Seconds are wall time unless the name says otherwise."""

    # intake
    notebook_bytes: int = 10_000_000
    folder_bytes: int = 50_000_000
    files: int = 200
    folder_depth: int = 250
    notebook_cells: int = 1_000
    json_depth: int = 100
    # time
    call_seconds: float = 10.0
    test_seconds: float = 30.0
    cell_seconds: float = 30.0
    notebook_seconds: float = 300.0
    # the sandbox: processor time, address space and file size of each process, the rest of all processes together
    cpu_seconds: int = 300
    address_space_bytes: int = 6_000_000_000
    memory_bytes: int = 3_000_000_000
    processes: int = 128
    file_bytes: int = 100_000_000
    output_bytes: int = 1_000_000
    # the connection between test cells and the sandbox
    message_bytes: int = 64_000_000
    message_depth: int = 50
    callbacks: int = 1_000_000
    # one test cell, in the grader's process: what the sandbox may send, and what the process may take for it
    received_bytes: int = 256_000_000
    test_cpu_seconds: float = 60.0
    test_memory_bytes: int = 384_000_000
    #: test cells of one submission that may end their process; the rest is then not run
    killed_tests: int = 3
