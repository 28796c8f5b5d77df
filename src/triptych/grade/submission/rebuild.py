"""A submission made anew: the released notebook, with the student's own text in it.

Of a submission two things are taken: the text of its solution cells, and its extra cells. Types,
tags, points, order, locked text and all other metadata come from the release, so nothing that a
submission says about itself has any weight.
"""

from __future__ import annotations

import copy
from collections.abc import Container
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.model.chapter import Role, role_of

EXTRA = "extra"


def rebuild(release: NotebookNode, submission: NotebookNode) -> NotebookNode:
    """The notebook to be graded.

    release: the student version; what the submission lacks stays as it is there, a stub.
    submission: as read by `intake.read_notebook`.
    """
    notebook = copy.deepcopy(release)
    known = {cell.id: cell for cell in notebook.cells}
    texts: dict[str, str] = {}
    extras: dict[str, list[NotebookNode]] = {}
    seen: set[str] = set()
    anchor = ""
    for cell in submission.cells:
        id_ = _identity(cell, known)
        original = known.get(id_)
        if original is not None and id_ not in seen:
            seen.add(id_)
            anchor = id_
            if role_of(original) is Role.SOLUTION:
                texts[id_] = cell.source
        elif original is not None and cell.source == original.source:
            continue  # a copy of a released cell, as copy and paste makes them: nothing of the student's
        elif cell.source.strip():
            extras.setdefault(anchor, []).append(cell)
    cells = _extra_cells(extras.get("", []), 0)
    for cell in notebook.cells:
        if cell.id in texts:
            cell.source = texts[cell.id]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cells.append(cell)
        cells += _extra_cells(extras.get(cell.id, []), sum(_is_extra(c) for c in cells))
    notebook.cells = cells
    return notebook


def _identity(cell: NotebookNode, known: Container[str]) -> str:
    """Which released cell this is: by nbgrader's id, which survives older formats, else by the cell's own."""
    marks: Any = cell.get("metadata", {}).get("nbgrader")
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    for id_ in (grade_id, cell.get("id")):
        if isinstance(id_, str) and id_ in known:
            return id_
    return ""


def _extra_cells(cells: list[NotebookNode], already: int) -> list[NotebookNode]:
    """The student's own cells with text and type alone, under ids that no released cell has."""
    made = []
    for number, cell in enumerate(cells, already + 1):
        id_ = f"{EXTRA}-{number}"
        if cell.cell_type == "code":
            made.append(nbformat.v4.new_code_cell(cell.source, id=id_))
        else:
            made.append(nbformat.v4.new_markdown_cell(cell.source, id=id_))
    return made


def _is_extra(cell: NotebookNode) -> bool:
    return str(cell.id).startswith(f"{EXTRA}-")
