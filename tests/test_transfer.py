"""What a worker of a cluster may return: the submission's own files, two notebooks, and an outcome of numbers and text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from courses import FORWARD, PROJECT

from triptych.grade.dispatch import transfer
from triptych.grade.dispatch.job import Job, Outcome
from triptych.grade.dispatch.transfer import EXECUTED, STAGED, BadResult
from triptych.grade.sandbox.limits import Limits

NAME = f"{FORWARD}.ipynb"
NOTEBOOK = (PROJECT.release / FORWARD / NAME).read_bytes()
OTHER = json.dumps({**json.loads(NOTEBOOK), "cells": json.loads(NOTEBOOK)["cells"][:-1]}).encode()
OUTCOME = {
    "ready": False,
    "reason": "x",
    "seconds": 1.0,
    "again": False,
    "phases": {"sandbox": 1.0},
    "tests": {},
    "notes": ["n"],
    "file": "a.ipynb",
    "content": "c",
}
FILES = {STAGED + NAME: NOTEBOOK, STAGED + "own/a b.py": b"1", EXECUTED: NOTEBOOK}
RESULT = {"outcome": OUTCOME | {"ready": True, "reason": ""}, "files": FILES}


def read(result: object, work: Path) -> Outcome:
    job = Job(str(PROJECT.root), "ada", FORWARD, str(work), "none")
    return transfer.read_result(result, job, {NAME, "own/a b.py", "own.py"}, Limits())


def test_a_result_arrives_as_it_was(tmp_path: Path) -> None:
    assert read(RESULT, tmp_path) == Outcome(True, "", 1.0, False, {"sandbox": 1.0}, {}, ["n"], "a.ipynb", "c")
    assert (tmp_path / "executed" / "ada" / NAME).read_bytes() == NOTEBOOK
    staged = tmp_path / "staged" / "ada" / FORWARD
    assert (staged / NAME).read_bytes() == NOTEBOOK and (staged / "own" / "a b.py").read_bytes() == b"1"
    # what has been written is what a worker returns
    job = Job(str(PROJECT.root), "ada", FORWARD, str(tmp_path), "none")
    assert transfer.result_of(Outcome(True, "", 1.0, False, {"sandbox": 1.0}, {}, ["n"], "a.ipynb", "c"), job) == RESULT


def test_the_size_of_a_result_is_limited() -> None:
    files = {EXECUTED: b"12", STAGED + "own.py": b"3"}
    assert transfer.check_files(files, {"own.py"}, 3) == files
    with pytest.raises(BadResult, match="larger"):
        transfer.check_files(files, {"own.py"}, 2)


def without(name: str) -> dict[str, bytes]:
    return {file: content for file, content in FILES.items() if file != name}


@pytest.mark.parametrize(
    "files",
    [
        *(FILES | {name: b"1"} for name in ("../up", "/etc/passwd", "a/../../b", "a//b", ".", "", "else.txt", "own.py")),
        *(FILES | {STAGED + name: b"1"} for name in ("nbgrader_config.py", "../own.py", "/own.py", "./own.py", "")),
        *(FILES | {STAGED + "own.py": content} for content in ("1", None, [b"1"], bytearray(b"1"))),
        FILES | {1: b"1"}, [], None,
        FILES | {EXECUTED: OTHER}, FILES | {EXECUTED: b'{"nbformat": 4}'}, FILES | {EXECUTED: b"\xff"},
        without(EXECUTED), without(STAGED + NAME),
    ],
)  # fmt: skip
def test_only_the_submission_s_own_files_and_two_equal_notebooks_are_accepted(tmp_path: Path, files: object) -> None:
    with pytest.raises(BadResult):
        read(RESULT | {"files": files}, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("result", [None, b"x", [], {}, {"outcome": OUTCOME}, RESULT | {"more": 1}], ids=str)
def test_anything_else_is_refused(tmp_path: Path, result: object) -> None:
    with pytest.raises(BadResult):
        read(result, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"ready": 1}, {"reason": None}, {"seconds": float("nan")}, {"seconds": -1}, {"seconds": True},
        {"phases": []}, {"phases": {"sandbox": "1"}}, {"phases": {1: 1.0}}, {"phases": {"sandbox": -0.1}}, {"tests": {"t": float("inf")}},
        {"reason": ""}, {"ready": True}, {"again": None}, {"notes": [1]}, {"notes": "n"}, {"file": None}, {"seconds": 10**400}, {"tests": {str(n): 0.0 for n in range(20_000)}},
        {"tests": {"t" * 3000: 1.0}}, {"more": 1},
    ],
)  # fmt: skip
def test_an_outcome_is_numbers_and_text(change: dict[str, Any]) -> None:
    assert transfer.read_outcome(OUTCOME) == Outcome(
        False, "x", 1.0, False, {"sandbox": 1.0}, {}, ["n"], "a.ipynb", "c"
    )
    assert len(transfer.read_outcome(OUTCOME | {"reason": "x" * 3000}).reason) == 2000
    with pytest.raises(BadResult):
        transfer.read_outcome(OUTCOME | change)


@pytest.mark.parametrize("name", OUTCOME)
def test_an_outcome_has_all_fields(name: str) -> None:
    with pytest.raises(BadResult):
        transfer.read_outcome({field: value for field, value in OUTCOME.items() if field != name})
