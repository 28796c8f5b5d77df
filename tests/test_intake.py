"""What `submitted/` may hold, and what is refused with which sentence."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.intake import RejectedSubmission, read_notebook, read_submission, submissions

CHAPTER = "05_forward_mode"
LIMITS = Limits(notebook_bytes=200_000, folder_bytes=400_000, files=5, notebook_cells=20)


def notebook(*sources: str) -> str:
    return nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "submitted" / "ada" / CHAPTER
    made.mkdir(parents=True)
    (made / f"{CHAPTER}.ipynb").write_text(notebook("x = 1"), encoding="utf-8")
    return made


def take(folder: Path, student: str = "ada"):
    return read_submission(folder.parents[1], student, CHAPTER, LIMITS)


def test_a_plain_submission_is_taken_with_its_files(folder: Path) -> None:
    (folder / "helper.py").write_text("y = 2")
    (folder / ".profile").write_text("evil")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "old.py").write_text("z")
    taken = take(folder)
    assert [c.source for c in taken.notebook.cells] == ["x = 1"]
    assert taken.files == (Path("helper.py"),)


def link_notebook(folder: Path) -> None:
    path = folder / f"{CHAPTER}.ipynb"
    other = folder.parent / "other.ipynb"
    path.rename(other)
    path.symlink_to(other)


def link_folder(folder: Path) -> None:
    other = folder.parent / "elsewhere"
    folder.rename(other)
    folder.symlink_to(other)


def unix_socket(folder: Path) -> None:
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("sock")


BAD: dict[str, tuple[str, Callable[[Path], object]]] = {
    "missing": ("is missing", lambda f: (f / f"{CHAPTER}.ipynb").unlink()),
    "renamed": ("found mine.ipynb", lambda f: (f / f"{CHAPTER}.ipynb").rename(f / "mine.ipynb")),
    "empty": ("is empty", lambda f: (f / f"{CHAPTER}.ipynb").write_text("")),
    "cut off": ("not valid JSON", lambda f: (f / f"{CHAPTER}.ipynb").write_text(notebook("x")[:40])),
    "binary": ("not valid JSON", lambda f: (f / f"{CHAPTER}.ipynb").write_bytes(b"\x00\xff\xfe" * 99)),
    "no notebook": ("no Jupyter notebook", lambda f: (f / f"{CHAPTER}.ipynb").write_text("[1, 2]")),
    "format 5": ("has format 5", lambda f: (f / f"{CHAPTER}.ipynb").write_text('{"nbformat": 5, "cells": []}')),
    "no cells": ("not as a notebook's", lambda f: (f / f"{CHAPTER}.ipynb").write_text('{"nbformat": 4, "metadata": {}, "cells": 3}')),
    "cell of no type": ("not as a notebook's", lambda f: (f / f"{CHAPTER}.ipynb").write_text('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "x", "source": ""}]}')),
    "source is a number": ("not as a notebook's", lambda f: (f / f"{CHAPTER}.ipynb").write_text('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": 7, "metadata": {}}]}')),
    "deep": ("nested too deeply", lambda f: (f / f"{CHAPTER}.ipynb").write_text('{"nbformat": 4, "x": ' + "[" * 300 + "]" * 300 + "}")),
    "very deep": ("not valid JSON", lambda f: (f / f"{CHAPTER}.ipynb").write_text('{"nbformat": 4, "x": ' + "[" * 90_000 + "]" * 90_000 + "}")),
    "huge": ("larger than", lambda f: (f / f"{CHAPTER}.ipynb").write_text(notebook("x" * 300_000))),
    "many cells": ("more than 20 cells", lambda f: (f / f"{CHAPTER}.ipynb").write_text(notebook(*"x" * 30))),
    "many files": ("more than 5 files", lambda f: [(f / f"{i}.txt").write_text("") for i in range(9)]),
    "large folder": ("larger than", lambda f: (f / "big.bin").write_bytes(bytes(500_000))),
    "linked notebook": ("is a link", link_notebook),
    "linked folder": ("is a link", link_folder),
    "linked file": ("is a link", lambda f: (f / "passwd").symlink_to("/etc/passwd")),
    "hidden link": ("is a link", lambda f: (f / ".hidden").symlink_to("/etc/passwd")),
    "linked directory inside": ("is a link", lambda f: (f / "etc").symlink_to("/etc")),
    "fifo": ("not a regular file", lambda f: os.mkfifo(f / "pipe")),
    "socket": ("not a regular file", unix_socket),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_refused_with_a_sentence(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says, spoil = BAD[name]
    monkeypatch.chdir(folder)
    spoil(folder)
    with pytest.raises(RejectedSubmission, match=says):
        take(folder)


@pytest.mark.parametrize("student", ["..", "a/b", "*", "a[b]", "x\ny", ".hidden", "", "a" * 99, "-rf", "a..b"])
def test_odd_names_are_refused(folder: Path, student: str) -> None:
    with pytest.raises(RejectedSubmission, match="student id"):
        take(folder, student)


@pytest.mark.parametrize("student", ["ada", "Ada Lovelace", "müller", "x@y.org", "o'hara", "李"])
def test_names_of_people_are_taken(folder: Path, student: str) -> None:
    if student != "ada":
        folder.parent.rename(folder.parents[1] / student)
    assert take(folder.parents[1] / student / CHAPTER, student).notebook.cells


def test_nothing_submitted(folder: Path) -> None:
    with pytest.raises(RejectedSubmission, match="nothing was submitted"):
        take(folder, "emmy")


def older(minor: int) -> str:
    content = json.loads(notebook("x = 1"))
    content["nbformat_minor"] = minor
    for cell in content["cells"]:
        cell.pop("id")
    return json.dumps(content)


FORMAT_3 = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": ""},
    "worksheets": [
        {"cells": [{"cell_type": "code", "collapsed": False, "input": ["x = 1"], "language": "python", "metadata": {}, "outputs": []}], "metadata": {}}
    ],
}  # fmt: skip
ODD_BUT_FINE = {
    "format 3": json.dumps(FORMAT_3),
    "format 4.0": older(0),
    "format 4.4": older(4),
    "format 4.99": older(99),
    "byte order mark": "\ufeff" + notebook("x = 1"),
    "malformed outputs": json.dumps(json.loads(notebook("x = 1")) | {"cells": [json.loads(notebook("x = 1"))["cells"][0] | {"outputs": [7, {"a": None}]}]}),
    "half a surrogate pair": notebook("x = 1").replace("x = 1", 'x = 1#\\\\ud800'.replace("\\\\", "\\")),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_BUT_FINE)
def test_odd_but_honest_notebooks_are_taken(name: str, folder: Path) -> None:
    (folder / f"{CHAPTER}.ipynb").write_text(ODD_BUT_FINE[name], encoding="utf-8")
    taken = take(folder).notebook
    assert taken.cells[0].source.startswith("x = 1")
    assert taken.cells[0].outputs == []
    nbformat.writes(taken).encode("utf-8")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading", "x"]) | JSON,
        "source": st.text(max_size=9) | st.lists(st.text(max_size=5), max_size=3) | JSON,
        "input": JSON,
        "metadata": JSON,
        "outputs": JSON,
        "id": JSON,
        "level": JSON,
    },
)
NOTEBOOKS = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": st.sampled_from([2, 3, 4, 5]) | JSON,
        "nbformat_minor": JSON,
        "metadata": JSON,
        "cells": st.lists(CELLS, max_size=4) | JSON,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELLS, max_size=3)}), max_size=2) | JSON,
    },
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NOTEBOOKS | JSON)
def test_no_content_does_anything_but_be_taken_or_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    try:
        taken = read_notebook(path, LIMITS)
    except RejectedSubmission:
        return
    from triptych.grade.submission.rebuild import rebuild

    release = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", id="a-cell")])
    nbformat.writes(rebuild(release, taken)).encode("utf-8")


def test_folders_are_found_in_order(tmp_path: Path) -> None:
    for student in ("emmy", "ada", ".cache"):
        (tmp_path / student / CHAPTER).mkdir(parents=True)
    assert list(submissions(tmp_path, [CHAPTER, "06"], [])) == [("ada", CHAPTER), ("emmy", CHAPTER)]
    assert list(submissions(tmp_path, [CHAPTER], ["carl"])) == [("carl", CHAPTER)]
    assert list(submissions(tmp_path / "none", [CHAPTER], [])) == []
