"""An executor for `grade()` that runs submissions in the test's own process.

Bookkeeping (gradebook, record, feedback, report) does not depend on where cells run. The tests' own answers need no
sandbox, no worker process and no kernel.
"""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Generator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from triptych.grade.dispatch.batch import Batch, display_name
from triptych.grade.dispatch.job import Job, Outcome
from triptych.grade.dispatch.worker import prepare
from triptych.model.chapter import Chapter, Role, code_of, role_of


def in_process(batch: Batch) -> Generator[tuple[Job, Outcome]]:
    """Prepares the submissions of a batch one after the other, in this process."""
    for job in batch.jobs():
        batch.listener.running([display_name(job)])
        yield job, prepare(job, batch.limits, execute=execute)


def execute(notebook: NotebookNode, chapter: Chapter, files: Path, **_: Any) -> NotebookNode:
    """Runs a rebuilt submission with the course's test cells, all in one namespace."""
    executed = copy.deepcopy(notebook)
    tests = {cell.grade_id: cell.source for cell in chapter.with_role(Role.TEST)}
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.chdir(files):
        for cell in executed.cells:
            if cell.cell_type == "code":
                is_test = role_of(cell) is Role.TEST
                cell.outputs = _outputs(
                    tests[cell.metadata.nbgrader.grade_id] if is_test else code_of(cell.source), names
                )
    return executed


def _outputs(source: str, names: dict[str, Any]) -> list[NotebookNode]:
    printed = io.StringIO()
    error = None
    with contextlib.redirect_stdout(printed):
        try:
            exec(source, names)
        except Exception as raised:
            error = raised
    outputs = [new_output("stream", name="stdout", text=printed.getvalue())] if printed.getvalue() else []
    if error is not None:
        name = type(error).__name__
        outputs.append(new_output("error", ename=name, evalue=str(error), traceback=[f"{name}: {error}"]))
    return outputs
