"""A notebook run whole in one kernel, tests and all, as stock nbgrader does.

For answers that are the course's own and for comparison: no wall, no box.
"""

from __future__ import annotations

import copy
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from triptych.chapter import Chapter
from triptych.grade.limits import Limits


def execute(
    notebook: NotebookNode, chapter: Chapter, files: Path, *, limits: Limits | None = None, box: str = "none"
) -> NotebookNode:
    """A copy of `notebook` with outputs. What raises in a cell is that cell's output."""
    limits = limits or Limits()
    notebook = copy.deepcopy(notebook)
    client = NotebookClient(
        notebook,
        timeout=int(limits.cell_seconds),
        allow_errors=True,
        interrupt_on_timeout=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(files)}},
        shutdown_kernel="immediate",
    )
    try:
        client.execute()
    except (DeadKernelError, CellTimeoutError) as error:
        for cell in notebook.cells:
            if cell.cell_type == "code" and cell.execution_count is None:
                cell.outputs = [
                    NotebookNode(output_type="error", ename=type(error).__name__, evalue="the kernel died", traceback=[])
                ]
    return notebook
