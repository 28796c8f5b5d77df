"""The failing visible tests of a student's notebook, in words.

`python -m triptych.hub.singleuser.validate_notebook NOTEBOOK` prints one JSON object in the form that nbgrader's
Validate button understands. A separate process, because running a notebook takes seconds in which the user's server has
other requests to answer. Lecture cells that no answer needs, such as plots, are skipped; they take most of the time.
"""

from __future__ import annotations

import html
import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.model.cell_names import assertion_messages, bound_names, free_names
from triptych.model.chapter import Cell, Chapter, Role, chapter_from, exercise_of, role_of
from triptych.text import plain

#: Time limits for an answer or a test, and for any other cell: imports on a busy machine may take longer.
CELL_TIMEOUT_S = 10
OTHER_TIMEOUT_S = 60
#: The error that nbclient leaves in a cell that exceeded its time limit.
TIMEOUT_ERROR = "CellTimeoutError"
UNWRITTEN = "NotImplementedError"
#: Errors longer than this are cut.
MAX_CHARACTERS = 2000
#: The line of a traceback that IPython marks with an arrow.
MARKED_LINE = re.compile(r"^-+>\s*\d+\s?(.*)$")


def cells_to_run(chapter: Chapter) -> set[int]:
    """The indices of the code cells to run: all except lecture cells that define nothing which the others use."""
    code = [cell for cell in chapter.cells if cell.is_code]
    # a cell that the student added has the role of a lecture cell, too, but is not locked
    running = {cell.index for cell in code if cell.role is not Role.LECTURE or not cell.nbgrader.get("locked")}
    defined, used = {}, {}
    for cell in code:
        try:
            defined[cell.index], used[cell.index] = bound_names(cell.code), free_names(cell.code)
        except SyntaxError:  # a magic or a mistake: its purpose cannot be known
            running.add(cell.index)
    while True:
        names = set().union(*(used.get(index, set()) for index in running))
        added = {cell.index for cell in code if cell.index not in running and defined[cell.index] & names}
        if not added:
            return running
        running |= added


# --- errors in words -------------------------------------------------------------------------------


def _error(cell: Cell) -> NotebookNode | None:
    return next((output for output in cell.node.get("outputs", []) if output.output_type == "error"), None)


def _sentence(error: NotebookNode, test: str = "") -> str:
    """An error as one sentence, with the student's line if the error occurred in a cell of theirs."""
    if error.ename == UNWRITTEN:
        return "not written yet"
    if error.ename == "AssertionError" and error.evalue in assertion_messages(test):
        return str(error.evalue)
    if error.ename in (TIMEOUT_ERROR, "KeyboardInterrupt"):  # only the time limit interrupts this kernel
        return f"it did not finish within {CELL_TIMEOUT_S} s: is there an endless loop?"
    text = plain(f"{error.ename}: {error.evalue}" if error.evalue else str(error.ename), MAX_CHARACTERS)
    line = _student_line(error.get("traceback", []), test)
    return text + (f"\n    at: {line}" if line else "")


def _student_line(traceback: Sequence[str], test: str) -> str:
    """The innermost line of the notebook that an error went through, empty if it is a line of the test."""
    innermost = ""
    for frame in map(plain, traceback):
        if frame.startswith(("Cell In", "Input In", "  Cell In", "  File <tokenize>")):
            for line in frame.splitlines():
                if match := MARKED_LINE.match(line.strip()):
                    innermost = match.group(1).strip()
    return innermost if innermost not in test else ""


# --- the button's dialog ----------------------------------------------------------------------------


def answer(chapter: Chapter) -> dict[str, Any]:
    """The reply to nbgrader's button for an executed notebook: empty if all visible tests pass, otherwise `failed`."""
    solutions = {cell.grade_id: cell for cell in chapter.with_role(Role.SOLUTION)}
    tests: dict[str, list[Cell]] = {}
    for cell in chapter.with_role(Role.TEST):
        tests.setdefault(exercise_of(cell.grade_id, solutions) or cell.grade_id, []).append(cell)
    entries: list[dict[str, str]] = []
    unwritten: list[str] = []
    for exercise, cells in tests.items():
        failing = [(cell, error) for cell in cells if (error := _error(cell)) is not None]
        if not failing:
            continue
        solution_error = _error(solutions[exercise]) if exercise in solutions else None
        if solution_error is not None:  # the tests then only complain about missing names
            entries.append(entry(exercise, [f"✗ your cell {exercise} does not run: {_sentence(solution_error)}"]))
        elif all(error.ename == UNWRITTEN for _, error in failing):
            unwritten.append(exercise)
        else:
            number = (
                f"{len(failing)} of its {len(cells)} visible tests fail" if len(cells) > 1 else "its visible test fails"
            )
            lines = [f"✗ {cell.title}\n  {_sentence(error, cell.source)}" for cell, error in failing]
            entries.append(entry(f"{exercise}: {number}", lines))
    if unwritten:
        heading = f"not written yet: {len(unwritten)} of {len(tests)} exercises"
        entries.append(entry(heading, [f"  {exercise}" for exercise in unwritten]))
    return {"failed": entries} if entries else {}


def points(chapter: Chapter) -> list[float]:
    """The points of the test cells of an executed notebook that raised no error, and those of all."""
    worth = [(float(cell.nbgrader.get("points", 0)), _error(cell)) for cell in chapter.with_role(Role.TEST)]
    return [sum(value for value, error in worth if error is None), sum(value for value, _ in worth)]


def entry(heading: str, lines: Sequence[str]) -> dict[str, str]:
    """A part of the dialog, which shows `source` as text and `error` as HTML."""
    text = "\n".join(lines)
    return {"source": heading, "error": html.escape(text), "raw_error": text}


def changed_cells(chapter: Chapter) -> list[Cell]:
    """The locked cells whose text differs from the release, so that these tests would not predict the score."""
    from nbgrader.utils import compute_checksum

    return [
        cell
        for cell in chapter.cells
        if cell.nbgrader.get("locked") or cell.nbgrader.get("grade")
        if cell.nbgrader.get("checksum") and compute_checksum(cell.node) != cell.nbgrader["checksum"]
    ]


# --- running ----------------------------------------------------------------------------------------


def run(notebook: NotebookNode, folder: Path) -> None:
    """Runs a notebook's cells in a new kernel, in place; errors stay in the cells' outputs.

    Args:
        notebook: the notebook.
        folder: the kernel's working folder.
    """
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    # sockets in a closed folder, like all kernels on the hub (SERVER_COMMON in admin/files.py)
    with tempfile.TemporaryDirectory(prefix="tt-") as closed:
        manager = AsyncKernelManager(
            kernel_name="python3", transport="ipc", connection_file=str(Path(closed) / "kernel.json")
        )
        NotebookClient(
            notebook,
            km=manager,
            timeout_func=_timeout_s,
            interrupt_on_timeout=True,
            allow_errors=True,
            resources={"metadata": {"path": str(folder)}},
            error_on_timeout={"ename": TIMEOUT_ERROR, "evalue": "", "traceback": [], "output_type": "error"},
            store_widget_state=False,
            record_timing=False,
        ).execute()


def _timeout_s(cell: NotebookNode) -> int:
    return CELL_TIMEOUT_S if role_of(cell) in (Role.TEST, Role.SOLUTION) else OTHER_TIMEOUT_S


def validate(path: Path) -> dict[str, Any]:
    """Runs the necessary cells of a notebook; the file is not changed.

    Returns:
        The reply to nbgrader's button: `changed` test cells, otherwise `answer`'s reply, and in `points` the points
        of the tests whose visible part passes, and those of all.
    """
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    chapter = chapter_from(notebook, path)
    if changed := changed_cells(chapter):
        return {"changed": [{"source": cell.source.strip()} for cell in changed]}
    cells = [notebook.cells[index] for index in sorted(cells_to_run(chapter))]
    part = nbformat.from_dict({**notebook, "cells": cells})
    run(part, path.parent)
    done = chapter_from(part, path)
    return {**answer(done), "points": points(done)}


def main() -> None:
    os.environ["NBGRADER_VALIDATING"] = "1"
    os.environ.setdefault("MPLBACKEND", "agg")
    reply = json.dumps(validate(Path(sys.argv[1])))
    sys.stdout.write(reply + "\n")


if __name__ == "__main__":
    main()
