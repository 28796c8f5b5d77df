"""Rebuilding a submission keeps the text of solution cells and extra cells, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode

from triptych.grade.submission.rebuild import is_extra, rebuild

SETUP, TEST = "import numpy as np", "assert mul_jvp"


def code(source: str, **metadata: object) -> NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def release(answer: str = "raise NotImplementedError()") -> NotebookNode:
    notebook = nbformat.v4.new_notebook()
    for id_, source, more in (
        ("setup", SETUP, {}),
        ("mul_jvp", answer, {"solution": True, "locked": False}),
        ("mul_jvp_values", TEST, {"grade": True, "points": 2}),
    ):
        locked = {"grade": False, "locked": True, "schema_version": 3, "solution": False, "task": False}
        cell = code(source, nbgrader=locked | {"grade_id": id_} | more)
        cell.id = id_
        notebook.cells.append(cell)
    return notebook


def submission() -> NotebookNode:
    return release("ANSWER")


def test_everything_but_the_answer_comes_from_the_release() -> None:
    changed = submission()
    changed.metadata.kernelspec = {"name": "evil"}
    changed.cells[0].source = "import os"
    changed.cells[2].source = "pass"
    changed.cells[2].metadata.tags = ["skip-execution"]
    changed.cells[2].metadata.nbgrader.points = 99
    changed.cells[1].metadata.nbgrader.schema_version = 99
    changed.cells[1].cell_type = "markdown"
    assert rebuild(release(), changed) == release("ANSWER")


def test_extra_cells_keep_their_places_and_only_their_text() -> None:
    extended = submission()
    extended.cells.insert(1, code("helper = 1", tags=["skip-execution"], nbgrader={"points": 9}))
    extended.cells.append(nbformat.v4.new_markdown_cell("my notes"))
    extended.cells.insert(0, code("first = 1"))
    rebuilt = rebuild(release(), extended)
    assert [c.source for c in rebuilt.cells] == ["first = 1", SETUP, "helper = 1", "ANSWER", TEST, "my notes"]
    assert len({c.id for c in rebuilt.cells}) == len(rebuilt.cells)
    assert [c.metadata for c in rebuilt.cells if is_extra(c)] == [{}] * 3
    nbformat.validate(rebuilt)
    assert rebuild(release(), rebuilt) == rebuilt


def reorder_and_copy(notebook: NotebookNode) -> None:
    notebook.cells = [notebook.cells[2], copy.deepcopy(notebook.cells[2]), notebook.cells[1]]


def add_second_answer(notebook: NotebookNode) -> None:
    second = copy.deepcopy(notebook.cells[1])
    second.source = "BETTER"
    notebook.cells.insert(2, second)


def lose_cell_ids(notebook: NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells):
        cell.id = f"random{number}"


@pytest.mark.parametrize(
    ("change", "answers"),
    [
        (reorder_and_copy, ["ANSWER"]),
        (add_second_answer, ["ANSWER", "BETTER"]),  # both run, in the order that the student saw
        (lose_cell_ids, ["ANSWER"]),  # nbgrader's ids remain in older formats
        (lambda notebook: notebook.cells.pop(1), ["raise NotImplementedError()"]),
    ],
)
def test_cells_may_be_moved_copied_or_deleted(change: Callable[[NotebookNode], object], answers: list[str]) -> None:
    changed = submission()
    change(changed)
    assert [c.source for c in rebuild(release(), changed).cells] == [SETUP, *answers, TEST]


def test_the_arguments_are_not_changed() -> None:
    released, submitted = release(), submission()
    rebuild(released, submitted)
    assert (released, submitted) == (release(), submission())
