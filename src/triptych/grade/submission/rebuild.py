"""Rebuilds a submission from the released notebook and the student's own text.

A submission contributes two things: the text of its solution cells, and its extra cells. Types, tags, points, order,
locked text and all other metadata come from the release, so nothing that a submission claims about itself counts.
"""

from __future__ import annotations

import copy
import itertools
from collections import defaultdict
from collections.abc import Container
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.model.chapter import Role, role_of

#: The ids of extra cells begin with this.
EXTRA = "extra-"


def rebuild(release: NotebookNode, submission: NotebookNode) -> NotebookNode:
    """The notebook to grade.

    Args:
        release: the student version. A solution cell that the submission lacks stays a stub.
        submission: as read by `intake.read_notebook`.
    """
    notebook = copy.deepcopy(release)
    released = {cell.id: cell for cell in notebook.cells}
    answers: dict[str, str] = {}
    extras: dict[str, list[NotebookNode]] = defaultdict(list)
    seen: set[str] = set()
    anchor = ""  # the last released cell before an extra one
    for cell in submission.cells:
        id_ = _released_id(cell, released)
        original = released.get(id_)
        if original is not None and id_ not in seen:
            seen.add(id_)
            anchor = id_
            if role_of(original) is Role.SOLUTION:
                answers[id_] = cell.source
        elif original is not None and cell.source == original.source:
            continue  # an unchanged copy of a released cell is not the student's own
        elif cell.source.strip():
            extras[anchor].append(cell)
    numbers = itertools.count(1)
    cells = [_extra_cell(extra, next(numbers)) for extra in extras[""]]
    for cell in notebook.cells:
        if cell.id in answers:
            cell.source = answers[cell.id]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cells += [cell, *(_extra_cell(extra, next(numbers)) for extra in extras[cell.id])]
    notebook.cells = cells
    return notebook


def _released_id(cell: NotebookNode, released: Container[str]) -> str:
    """The id of the released cell that this is, from nbgrader's id, which older formats keep, or the cell's own."""
    metadata: Any = cell.get("metadata", {}).get("nbgrader")
    grade_id = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return next((id_ for id_ in (grade_id, cell.get("id")) if isinstance(id_, str) and id_ in released), "")


def _extra_cell(cell: NotebookNode, number: int) -> NotebookNode:
    """A student's own cell with text and type only, under an id that no released cell has."""
    id_ = f"{EXTRA}{number}"
    if cell.cell_type == "code":
        return nbformat.v4.new_code_cell(cell.source, id=id_)
    return nbformat.v4.new_markdown_cell(cell.source, id=id_)


def is_extra(cell: NotebookNode) -> bool:
    """Whether a cell of a rebuilt notebook is one that the student added."""
    return str(cell.id).startswith(EXTRA)
