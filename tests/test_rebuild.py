"""A submission is made anew: nothing but solution text and extra cells gets through."""

from __future__ import annotations

import copy

import nbformat
from nbformat import NotebookNode

from triptych.grade.submission.rebuild import rebuild

MARKS = {"grade": False, "locked": True, "schema_version": 3, "solution": False, "task": False}


def release() -> NotebookNode:
    def cell(id_: str, source: str, **marks: object) -> NotebookNode:
        metadata = {"nbgrader": MARKS | {"grade_id": id_} | marks}
        return nbformat.v4.new_code_cell(source, id=id_, metadata=metadata)

    return nbformat.v4.new_notebook(
        cells=[
            cell("setup", "import numpy as np"),
            cell("mul_jvp", "raise NotImplementedError()", solution=True, locked=False),
            cell("mul_jvp_values", "assert mul_jvp", grade=True, points=2),
        ]
    )


def sources(notebook: NotebookNode) -> list[str]:
    return [c.source for c in notebook.cells]


def submission() -> NotebookNode:
    made = copy.deepcopy(release())
    made.cells[1].source = "ANSWER"
    return made


def test_answer_is_taken_and_everything_else_is_the_releases() -> None:
    made = submission()
    made.metadata.kernelspec = {"name": "evil"}
    made.cells[0].source = "import os"
    made.cells[2].source = "pass"
    made.cells[2].metadata.tags = ["skip-execution"]
    made.cells[2].metadata.nbgrader.points = 99
    made.cells[1].metadata.nbgrader.schema_version = 99
    made.cells[1].cell_type = "markdown"
    expected = release()
    expected.cells[1].source = "ANSWER"
    assert rebuild(release(), made) == expected


def test_extra_cells_stay_where_they_were_with_their_text_alone() -> None:
    made = submission()
    extra = nbformat.v4.new_code_cell("helper = 1", metadata={"tags": ["skip-execution"], "nbgrader": {"points": 9}})
    made.cells.insert(1, extra)
    made.cells.append(nbformat.v4.new_markdown_cell("my notes"))
    made.cells.insert(0, nbformat.v4.new_code_cell("first = 1"))
    built = rebuild(release(), made)
    assert sources(built) == ["first = 1", "import numpy as np", "helper = 1", "ANSWER", "assert mul_jvp", "my notes"]
    ids = [c.id for c in built.cells]
    assert len(set(ids)) == len(ids)
    assert all(not c.metadata for c in built.cells if c.id.startswith("extra-"))
    nbformat.validate(built)


def test_deleted_reordered_and_copied_cells() -> None:
    made = submission()
    made.cells = [made.cells[2], copy.deepcopy(made.cells[2]), made.cells[1]]
    assert sources(rebuild(release(), made)) == ["import numpy as np", "ANSWER", "assert mul_jvp"]


def test_a_second_solution_cell_runs_after_the_first_as_it_does_for_the_learner() -> None:
    made = submission()
    second = copy.deepcopy(made.cells[1])
    second.source = "BETTER"
    made.cells.insert(2, second)
    assert sources(rebuild(release(), made)) == ["import numpy as np", "ANSWER", "BETTER", "assert mul_jvp"]


def test_missing_solution_leaves_the_stub() -> None:
    made = submission()
    del made.cells[1]
    assert rebuild(release(), made) == release()


def test_cells_are_known_by_nbgraders_id_when_an_old_format_has_lost_their_own() -> None:
    made = submission()
    for number, cell in enumerate(made.cells):
        cell.id = f"random{number}"
    assert sources(rebuild(release(), made))[1] == "ANSWER"


def test_rebuilding_twice_changes_nothing() -> None:
    made = submission()
    made.cells.append(nbformat.v4.new_code_cell("extra = 1"))
    once = rebuild(release(), made)
    assert rebuild(release(), once) == once


def test_neither_argument_is_changed() -> None:
    one, two = release(), submission()
    rebuild(one, two)
    assert (one, two) == (release(), submission())
