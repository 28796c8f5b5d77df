"""Which visible tests fail, in words for a student: `python -m triptych.hub.singleuser.validate_notebook NOTEBOOK`.

Prints one JSON object as nbgrader's Validate button understands it. In a process of its own: running a
notebook takes seconds, in which the person's server has others' requests to answer.

Lecture cells that no answer needs are left out (plots, demonstrations): that is most of the time.
"""

from __future__ import annotations

import html
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.model.cell_names import assertion_messages, bound_names, free_names
from triptych.model.chapter import Cell, Chapter, Role, chapter_from, exercise_of, role_of

#: Seconds for one answer or test; an endless loop ends here. Imports on a busy machine may take longer.
CELL_SECONDS = 10
OTHER_SECONDS = 60
ANSI = re.compile(r"\x1b\[[0-9;]*m")
TOO_LONG = "CellTimeoutError"


def needed(chapter: Chapter) -> set[int]:
    """Indices of the code cells to run: all but lecture cells that bind nothing which the others use."""
    code = [cell for cell in chapter.cells if cell.is_code]
    running = {cell.index for cell in code if not _is_lecture(cell)}
    binds, uses = {}, {}
    for cell in code:
        try:
            binds[cell.index], uses[cell.index] = bound_names(cell.source), free_names(cell.source)
        except SyntaxError:  # a magic, or a slip: no telling what it is for
            running.add(cell.index)
    while True:
        wanted = set().union(*(uses.get(index, set()) for index in running))
        more = {cell.index for cell in code if cell.index not in running and binds[cell.index] & wanted}
        if not more:
            return running
        running |= more


def _is_lecture(cell: Cell) -> bool:
    """A cell of the chapter's own that shows something; not a cell that the student has added."""
    return cell.role is Role.LECTURE and bool(cell.nbgrader.get("locked"))


@dataclass(frozen=True)
class Failure:
    """A test cell that fails: what it is about, and why in one sentence."""

    behaviour: str
    why: str
    unwritten: bool = False


def failures(chapter: Chapter) -> dict[str, list[Failure]]:
    """The failing visible tests of an executed notebook, by exercise, in the notebook's order."""
    solutions = [cell.grade_id for cell in chapter.with_role(Role.SOLUTION)]
    broken = {
        cell.grade_id: error for cell in chapter.with_role(Role.SOLUTION) if (error := _error(cell.node)) is not None
    }
    found: dict[str, list[Failure]] = {}
    for cell in chapter.with_role(Role.TEST):
        exercise = exercise_of(cell.grade_id, solutions) or cell.grade_id
        error = _error(cell.node)
        if error is None:
            continue
        if exercise in broken:  # the test then complains of a name that is missing
            why = f"your cell {exercise} does not run: {_sentence(broken[exercise], '')}"
            found[exercise] = [Failure("", why)]
            continue
        found.setdefault(exercise, []).append(
            Failure(cell.title, _sentence(error, cell.source), error.ename == "NotImplementedError")
        )
    return found


def _error(node: NotebookNode) -> NotebookNode | None:
    return next((output for output in node.get("outputs", []) if output.output_type == "error"), None)


def _sentence(error: NotebookNode, test: str) -> str:
    """An error in one sentence; with the student's line, when it is in a cell of theirs."""
    if error.ename == "NotImplementedError":
        return "not written yet"
    if error.ename == "AssertionError" and error.evalue in assertion_messages(test):
        return str(error.evalue)
    if error.ename in (TOO_LONG, "KeyboardInterrupt"):  # nobody but the time limit interrupts this kernel
        return f"it did not end within {CELL_SECONDS} s: is there a loop without an end?"
    text = f"{error.ename}: {error.evalue}" if error.evalue else str(error.ename)
    line = _line(error.get("traceback", []), test)
    return text + (f"\n    at: {line}" if line else "")


def _line(traceback: Sequence[str], test: str) -> str:
    """The innermost line of the notebook that an error went through, as text."""
    arrow = re.compile(r"^-+>\s*\d+\s?(.*)$")
    found = ""
    for frame in traceback:
        plain = ANSI.sub("", frame)
        if not plain.startswith(("Cell In", "Input In", "  Cell In", "  File <tokenize>")):
            continue
        for line in plain.splitlines():
            if match := arrow.match(line.strip()):
                found = match.group(1).strip()
    return found if found and found not in test else ""


# --- what the button shows -----------------------------------------------------------------------


def answer(chapter: Chapter) -> dict[str, Any]:
    """What nbgrader's button understands: nothing when all is well, else `failed` with source and error."""
    found = failures(chapter)
    tests: dict[str, int] = {}
    solutions = [cell.grade_id for cell in chapter.with_role(Role.SOLUTION)]
    for cell in chapter.with_role(Role.TEST):
        owner = exercise_of(cell.grade_id, solutions) or cell.grade_id
        tests[owner] = tests.get(owner, 0) + 1
    untouched = [exercise for exercise, those in found.items() if all(f.unwritten for f in those)]
    shown = []
    for exercise, those in found.items():
        if exercise in untouched:
            continue
        head = f"{exercise}: {_count(len(those), tests[exercise])}" if those[0].behaviour else exercise
        shown.append(_entry(head, "\n".join(_lines(those))))
    if untouched:
        shown.append(
            _entry(
                f"not written yet: {len(untouched)} of {len(tests)} exercises",
                "\n".join(f"  {exercise}" for exercise in untouched),
            )
        )
    return {"failed": shown} if shown else {}


def _count(failing: int, of: int) -> str:
    return "its visible test fails" if of == 1 else f"{failing} of its {of} visible tests fail"


def _lines(those: Sequence[Failure]) -> Iterator[str]:
    for failure in those:
        if failure.behaviour:
            yield f"✗ {failure.behaviour}"
            yield f"  {failure.why}"
        else:
            yield f"✗ {failure.why}"


def _entry(head: str, text: str) -> dict[str, str]:
    # the button shows `error` as HTML and `source` as text
    return {"source": head, "error": html.escape(text), "raw_error": text}


def changed(chapter: Chapter) -> list[Cell]:
    """Locked cells whose text is not as it was released: results would not say what grading will."""
    from nbgrader.utils import compute_checksum

    return [
        cell
        for cell in chapter.cells
        if cell.nbgrader.get("locked") or cell.nbgrader.get("grade")
        if cell.nbgrader.get("checksum") and compute_checksum(cell.node) != cell.nbgrader["checksum"]
    ]


# --- running --------------------------------------------------------------------------------------


def run(notebook: NotebookNode, folder: Path) -> None:
    """Runs a notebook's cells in a kernel of its own, in place; errors stay where they happen."""
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    # On sockets in a closed folder, as all kernels here (SERVER_COMMON in lay.py says why).
    with tempfile.TemporaryDirectory(prefix="tt-") as closed:
        manager = AsyncKernelManager(
            kernel_name="python3", transport="ipc", connection_file=str(Path(closed) / "kernel.json")
        )
        NotebookClient(
            notebook,
            km=manager,
            timeout_func=_seconds,
            interrupt_on_timeout=True,
            allow_errors=True,
            resources={"metadata": {"path": str(folder)}},
            error_on_timeout={"ename": TOO_LONG, "evalue": "", "traceback": [], "output_type": "error"},
            store_widget_state=False,
            record_timing=False,
        ).execute()


def _seconds(cell: NotebookNode) -> int:
    return CELL_SECONDS if role_of(cell) in (Role.TEST, Role.SOLUTION) else OTHER_SECONDS


def validate(path: Path) -> dict[str, Any]:
    """Runs what must be run of a notebook and says which visible tests fail."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    chapter = chapter_from(notebook, path)
    if edited := changed(chapter):
        return {"changed": [{"source": cell.source.strip()} for cell in edited]}
    keep = needed(chapter)
    part = nbformat.from_dict({**notebook, "cells": [notebook.cells[index] for index in sorted(keep)]})
    run(part, path.parent)
    return answer(chapter_from(part, path))


def main() -> None:
    os.environ["NBGRADER_VALIDATING"] = "1"
    os.environ.setdefault("MPLBACKEND", "agg")
    said = json.dumps(validate(Path(sys.argv[1])))
    sys.stdout.write(said + "\n")


if __name__ == "__main__":
    main()
