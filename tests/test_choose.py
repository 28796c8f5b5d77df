"""Answers are found in notebooks that have lost their ids, and in copies beside the untouched notebook."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.choose import choose
from triptych.grade.submission.files import RejectedSubmission
from triptych.grade.submission.rebuild import ELSEWHERE, match, rebuild

CHAPTER = "05_forward_mode"
STUBS = {
    "mul_jvp": "def mul_jvp(a, b):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
    "dual": "class Dual:\n    # YOUR CODE HERE\n    raise NotImplementedError()",
    "functions": "def sin(x):\n    raise NotImplementedError()\n\ndef cos(x):\n    raise NotImplementedError()",
}
MUL, DUAL, SIN, COS = (
    "def mul_jvp(a, b):\n    return a * b",
    "class Dual:\n    pass",
    "def sin(x):\n    return 1",
    "def cos(x):\n    return 2",
)
FUNCTIONS = f"{SIN}\n\n{COS}"


def code(source: str, id_: str = "", **fields: object) -> NotebookNode:
    cell = nbformat.v4.new_code_cell(source)
    if id_:
        cell.id, cell.metadata.nbgrader = id_, {"grade_id": id_, **fields}
    return cell


@pytest.fixture
def release() -> NotebookNode:
    cells = [code("import numpy as np", "setup", locked=True)]
    for id_, stub in STUBS.items():
        cells += [
            nbformat.v4.new_markdown_cell(f"# {id_}"),
            code(stub, id_, solution=True),
            code(f"assert {id_}", f"{id_}_values", grade=True, points=1),
        ]
    return nbformat.v4.new_notebook(cells=cells)


def strip(notebook: NotebookNode) -> NotebookNode:
    """The notebook as a program leaves it that knows neither ids nor nbgrader's metadata."""
    stripped = copy.deepcopy(notebook)
    for number, cell in enumerate(stripped.cells):
        cell.id, cell.metadata = f"new{number}", {}
    return stripped


def write(release: NotebookNode, *answers: str) -> NotebookNode:
    """The release with answers in the place of its stubs, without ids; more answers follow the last."""
    notebook = strip(release)
    places = [number for number, cell in enumerate(release.cells) if cell.metadata.get("nbgrader", {}).get("solution")]
    for place, text in zip(places, answers, strict=False):
        notebook.cells[place].source = text
    notebook.cells += [code(text) for text in answers[len(places) :]]
    return notebook


def texts(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells]


def test_answers_without_ids_are_recognised_by_what_they_define(release: NotebookNode) -> None:
    rebuilt = rebuild(release, write(release, MUL, DUAL, FUNCTIONS))
    assert [cell.source for cell in rebuilt.cells if cell.id in STUBS] == [MUL, DUAL, FUNCTIONS]
    assert len(rebuilt.cells) == len(release.cells)  # lecture, setup and test cells are not there twice


def test_answers_without_ids_in_another_order_are_recognised(release: NotebookNode) -> None:
    rebuilt = rebuild(release, write(release, FUNCTIONS, MUL, DUAL))
    assert [cell.source for cell in rebuilt.cells if cell.id in STUBS] == [MUL, DUAL, FUNCTIONS]


def test_an_answer_in_two_cells_and_two_in_one(release: NotebookNode) -> None:
    rebuilt = rebuild(release, write(release, f"{MUL}\n\n{DUAL}", SIN, COS))
    namespace: dict[str, object] = {}
    for cell in rebuilt.cells:
        if "assert" not in cell.source and "numpy" not in cell.source and cell.cell_type == "code":
            exec(cell.source, namespace)
    assert namespace["mul_jvp"](2, 3) == 6  # type: ignore[operator]
    assert (namespace["sin"](0), namespace["cos"](0)) == (1, 2)  # type: ignore[operator]
    assert ELSEWHERE in texts(rebuilt)
    assert rebuild(release, rebuilt) == rebuilt


def test_a_deleted_answer_that_is_elsewhere_is_not_replaced_by_the_stub(release: NotebookNode) -> None:
    submission = copy.deepcopy(release)
    submission.cells[2] = code(f"# mine\n{MUL}")  # a new cell in the place of the deleted one
    assert f"# mine\n{MUL}" in texts(rebuild(release, submission))
    assert STUBS["mul_jvp"] not in texts(rebuild(release, submission))


def test_an_answer_that_defines_nothing_is_recognised_by_its_place(release: NotebookNode) -> None:
    for cell in release.cells:
        if cell.id == "dual":
            cell.source = "# YOUR CODE HERE\nraise NotImplementedError()"
    submission = write(release, MUL, "print('my answer')", FUNCTIONS)
    assert match(release, submission).found == list(STUBS)


def test_hostile_text_is_matched_as_text(release: NotebookNode) -> None:
    nested = "(" * 50_000 + ")" * 50_000
    submission = write(release, f"{MUL}\n{nested}", DUAL, FUNCTIONS)
    assert match(release, submission).without_id == list(STUBS)


# --- the folder ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "submitted" / "ada" / CHAPTER
    path.mkdir(parents=True)
    return path


def put(folder: Path, **notebooks: NotebookNode | str) -> None:
    for name, content in notebooks.items():
        text = content if isinstance(content, str) else nbformat.writes(content)
        (folder / f"{CHAPTER if name == 'main' else name}.ipynb").write_text(text, encoding="utf-8")


def answered(release: NotebookNode, text: str = MUL) -> NotebookNode:
    notebook = copy.deepcopy(release)
    notebook.cells[2].source = text
    return notebook


CASES: dict[str, tuple[Callable[[NotebookNode], dict[str, NotebookNode | str]], str, str]] = {
    "alone": (lambda r: {"main": answered(r)}, f"{CHAPTER}.ipynb", ""),
    "untouched": (lambda r: {"main": r}, f"{CHAPTER}.ipynb", ""),
    "untouched beside a copy": (lambda r: {"main": r, "copy": answered(r)}, "copy.ipynb", "graded: copy.ipynb"),
    "broken beside a copy": (lambda r: {"main": "{", "copy": answered(r)}, "copy.ipynb", "cannot be read"),
    "beside an untouched copy": (lambda r: {"main": answered(r), "copy": r}, f"{CHAPTER}.ipynb", ""),
    "beside the same": (lambda r: {"main": answered(r), "copy": answered(r)}, f"{CHAPTER}.ipynb", ""),
    "beside other answers": (
        lambda r: {"main": answered(r), "copy": answered(r, f"{MUL} + 1")},
        f"{CHAPTER}.ipynb",
        "not graded: copy.ipynb, with other answers",
    ),
    "beside a broken one": (lambda r: {"main": answered(r), "copy": "{"}, f"{CHAPTER}.ipynb", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_the_notebook_with_answers_is_graded(name: str, release: NotebookNode, folder: Path) -> None:
    make, file, note = CASES[name]
    put(folder, **make(release))
    chosen = choose(folder.parents[1], "ada", CHAPTER, release, Limits())
    assert str(chosen.name) == file
    assert note in "; ".join(chosen.notes) and bool(chosen.notes) == bool(note)


REJECTED: dict[str, tuple[Callable[[NotebookNode], dict[str, NotebookNode | str]], str]] = {
    "two copies": (
        lambda r: {"main": r, "copy": answered(r), "other": answered(r, f"{MUL} + 1")},
        "several notebooks have answers",
    ),
    "broken alone": (lambda r: {"main": "{"}, "not valid JSON"),
    "another chapter": (
        lambda r: {"main": nbformat.v4.new_notebook(cells=[code("def other():\n    return 1", "other")])},
        "none of its cells is recognised",
    ),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_doubtful_submission_is_not_graded(name: str, release: NotebookNode, folder: Path) -> None:
    make, reason = REJECTED[name]
    put(folder, **make(release))
    with pytest.raises(RejectedSubmission, match=reason):
        choose(folder.parents[1], "ada", CHAPTER, release, Limits())


def test_a_missing_answer_is_said(release: NotebookNode, folder: Path) -> None:
    notebook = answered(release)
    del notebook.cells[5]
    put(folder, main=notebook)
    assert choose(folder.parents[1], "ada", CHAPTER, release, Limits()).notes == ("no answer found for dual",)


def test_tests_of_an_earlier_release_are_no_answers(release: NotebookNode, folder: Path) -> None:
    old = copy.deepcopy(release)
    old.cells.append(code("assert mul_jvp(0, 0) == 0", "mul_jvp_removed", grade=True, points=1))
    put(folder, main=old, **{"an untouched copy": old, "mine": answered(old)})
    chosen = choose(folder.parents[1], "ada", CHAPTER, release, Limits())
    assert chosen.name == Path("mine.ipynb")


def test_notebooks_that_are_not_looked_at_are_named(release: NotebookNode, folder: Path) -> None:
    put(folder, main=release, **{f"copy{number:02}": release for number in range(11)})
    notes = choose(folder.parents[1], "ada", CHAPTER, release, Limits()).notes
    assert notes == ("not looked at, because there are many notebooks: copy10.ipynb",)
