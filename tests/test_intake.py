"""Reading submissions: content of `submitted/` that is accepted, and content that is rejected with a reason."""

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

from triptych.files import walk
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.files import copy_tree
from triptych.grade.submission.intake import (
    RejectedSubmission,
    Submission,
    read_notebook,
    read_submission,
    submissions,
)
from triptych.grade.submission.rebuild import rebuild

CHAPTER = "05_forward_mode"
LIMITS = Limits(notebook_bytes=200_000, folder_bytes=400_000, files=5, notebook_cells=20)


def notebook(*sources: str) -> str:
    return nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "submitted" / "ada" / CHAPTER
    path.mkdir(parents=True)
    (path / f"{CHAPTER}.ipynb").write_text(notebook("x = 1"), encoding="utf-8")
    return path


def read(folder: Path, student: str = "ada") -> Submission:
    return read_submission(folder.parents[1], student, CHAPTER, LIMITS)


def test_a_submission_is_read_with_its_files(folder: Path) -> None:
    (folder / "helper.py").write_text("y = 2")
    (folder / ".profile").write_text("evil")
    for number in range(2 * LIMITS.files):
        (folder / ".ipynb_checkpoints").mkdir(exist_ok=True)
        (folder / ".ipynb_checkpoints" / f"{number}.py").write_text("z")
    submission = read(folder)
    assert [c.source for c in submission.notebook.cells] == ["x = 1"]
    assert submission.files == (Path("helper.py"),)


def test_only_regular_files_that_are_not_notebooks_are_copied(folder: Path, tmp_path: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "table.csv").write_text("1,2")
    Path(os.fsdecode(bytes(folder) + b"/\xff")).touch()
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    copy_tree(folder, tmp_path / "copy")
    assert {str(entry.relative) for entry in walk(tmp_path / "copy")} == {"data", "data/table.csv", "\udcff"}


def link(path: Path) -> None:
    target = path.rename(path.with_name("elsewhere" + path.suffix))
    path.symlink_to(target)


def make_socket(folder: Path) -> None:
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")


def make_deep_folders(folder: Path) -> None:
    """Folders whose path is longer than the system accepts."""
    os.chdir(folder)
    for _ in range(20):
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)


def content(text: str | bytes) -> Callable[[Path], object]:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda folder: (folder / f"{CHAPTER}.ipynb").write_bytes(data)


def cells(value: object) -> Callable[[Path], object]:
    return content(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": value}))


REJECTED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "missing": ("is missing", lambda f: (f / f"{CHAPTER}.ipynb").unlink()),
    "renamed": ("found mine.ipynb", lambda f: (f / f"{CHAPTER}.ipynb").rename(f / "mine.ipynb")),
    "renamed to a name that is not text": ("found �.ipynb", lambda f: (f / f"{CHAPTER}.ipynb").rename(os.fsdecode(bytes(f) + b"/\xff.ipynb"))),
    "empty": ("is empty", content("")),
    "cut off": ("not valid JSON", content(notebook("x")[:40])),
    "binary": ("not valid JSON", content(b"\x00\xff\xfe" * 99)),
    "archive": ("is a ZIP archive or an Office document, not a notebook: submit", content(b"PK\x03\x04" + b"\0" * 99)),
    "pdf": ("is a PDF", content(b"%PDF-1.7 ...")),
    "web page": ("is a web page", content("\n<!DOCTYPE html><html>")),
    "program": ("is text, not a notebook", content("import numpy as np\nx = 1\n")),
    "conflict": ("conflict markers of git", content('{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> b\n]}')),
    "no notebook": ("not a Jupyter notebook", content("[1, 2]")),
    "format 5": ("has format 5", content('{"nbformat": 5, "cells": []}')),
    "no cells": ("malformed", cells(3)),
    "cell of no type": ("malformed", cells([{"cell_type": "x", "source": ""}])),
    "source is a number": ("malformed", cells([{"cell_type": "code", "source": 7, "metadata": {}}])),
    "deep": ("nested too deeply", content('{"nbformat": 4, "x": ' + "[" * 300 + "]" * 300 + "}")),
    "very deep": ("not valid JSON", content('{"nbformat": 4, "x": ' + "[" * 90_000 + "]" * 90_000 + "}")),
    "huge": ("larger than", content(notebook("x" * 300_000))),
    "many cells": ("more than 20 cells", content(notebook(*"x" * 30))),
    "many files": ("more than 5 files", lambda f: [(f / f"{i}.txt").write_text("") for i in range(9)]),
    "large folder": ("larger than", lambda f: (f / "big.bin").write_bytes(bytes(500_000))),
    "deep folders": ("cannot be read", make_deep_folders),
    "linked notebook": ("is a link", lambda f: link(f / f"{CHAPTER}.ipynb")),
    "linked folder": ("is a link", link),
    "linked file": ("is a link", lambda f: (f / "passwd").symlink_to("/etc/passwd")),
    "hidden link": ("is a link", lambda f: (f / ".hidden").symlink_to("/etc/passwd")),
    "linked directory inside": ("is a link", lambda f: (f / "etc").symlink_to("/etc")),
    "fifo": ("not a regular file", lambda f: os.mkfifo(f / "pipe")),
    "socket": ("not a regular file", make_socket),
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
def test_invalid_submissions_are_rejected_with_the_reason(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason, spoil = REJECTED[name]
    monkeypatch.chdir(folder)
    spoil(folder)
    with pytest.raises(RejectedSubmission, match=reason) as error:
        read(folder)
    str(error.value).encode("utf-8")


@pytest.mark.parametrize("student", ["..", "a/b", "*", "a[b]", "x\ny", ".hidden", "", "a" * 99, "-rf", "a..b"])
def test_invalid_names_of_students_are_rejected(folder: Path, student: str) -> None:
    with pytest.raises(RejectedSubmission, match="student id"):
        read(folder, student)


@pytest.mark.parametrize("student", ["ada", "Ada Lovelace", "müller", "x@y.org", "o'hara", "李"])
def test_names_of_people_are_accepted(folder: Path, student: str) -> None:
    if student != "ada":
        folder.parent.rename(folder.parents[1] / student)
    assert read(folder.parents[1] / student / CHAPTER, student).notebook.cells


def test_a_missing_folder_is_rejected(folder: Path) -> None:
    with pytest.raises(RejectedSubmission, match="nothing was submitted"):
        read(folder, "emmy")


def with_minor_version(minor: int) -> str:
    node = json.loads(notebook("x = 1"))
    del node["cells"][0]["id"]
    return json.dumps(node | {"nbformat_minor": minor})


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
    "format 4.0": with_minor_version(0),
    "format 4.4": with_minor_version(4),
    "format 4.99": with_minor_version(99),
    "byte order mark": "\ufeff" + notebook("x = 1"),
    "malformed outputs": json.dumps(json.loads(notebook("x = 1")) | {"cells": [json.loads(notebook("x = 1"))["cells"][0] | {"outputs": [7, {"a": None}]}]}),
    "half a surrogate pair": notebook("x = 1").replace("x = 1", 'x = 1#\\\\ud800'.replace("\\\\", "\\")),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_BUT_FINE)
def test_odd_but_honest_notebooks_are_read(name: str, folder: Path) -> None:
    (folder / f"{CHAPTER}.ipynb").write_text(ODD_BUT_FINE[name], encoding="utf-8")
    result = read(folder).notebook
    assert result.cells[0].source.startswith("x = 1")
    assert result.cells[0].outputs == []
    nbformat.writes(result).encode("utf-8")


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
def test_any_content_is_either_read_or_rejected(tmp_path: Path, content: object) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    try:
        result = read_notebook(path, LIMITS)
    except RejectedSubmission:
        return
    release = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", id="a-cell")])
    nbformat.writes(rebuild(release, result)).encode("utf-8")


def test_submissions_are_listed_in_order(tmp_path: Path) -> None:
    for student in ("emmy", "ada", ".cache"):
        (tmp_path / student / CHAPTER).mkdir(parents=True)
    assert list(submissions(tmp_path, [CHAPTER, "06"], [])) == [("ada", CHAPTER), ("emmy", CHAPTER)]
    assert list(submissions(tmp_path, [CHAPTER], ["carl"])) == [("carl", CHAPTER)]
    assert list(submissions(tmp_path / "none", [CHAPTER], [])) == []
