"""Lecture cells run whatever the answers: with open and wrong ones, a cell shows the course's own run."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from courses import FORWARD, PROJECT, cell, edit, scratch, shortened
from nbclient import NotebookClient
from nbformat import NotebookNode
from test_grading import hidden_texts, leaks, own_solution_lines
from traitlets.config import Config

from triptych.build.recording import record, recording_path
from triptych.check.bank import read_bank
from triptych.check.fix import course_tools
from triptych.check.rules import check_chapter
from triptych.model.chapter import RECORDING, STUB, Chapter, Role, code_of, read_chapter, role_of

# --- the magic ---------------------------------------------------------------------------------------

OPEN = "def double(x):\n    raise NotImplementedError()"
RIGHT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return 3 * x"
#: Passes the visible test alone.
PARTLY_RIGHT = "def double(x):\n    return {3: 6}[x]"
BODY = "y = double(4)\nprint(y)\ny + 1"
RECORDED = "8 in the course's run"
BECAUSE = "Shown: the course’s own run, because "


class Kernel:
    """The shared setup cell in an IPython shell of its own, and what it shows."""

    def __init__(self, capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        self._capture = capture
        self.shell = InteractiveShell()
        monkeypatch.setattr("IPython.get_ipython", lambda: self.shell)
        self.run(course_tools())

    def run(self, source: str) -> str:
        """What a cell prints, without IPython's prompts."""
        self.result = self.shell.run_cell(source)
        return self._capture.readouterr().out.replace("Out[0]: ", "").strip()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    test = "x = 3\nprint('tested')\nassert double(x) == 6, 'Twice three is six.'"
    outputs = [{"data": {"text/plain": RECORDED}, "metadata": {}}]
    bodies = {BODY: outputs, "z = double(4)": []}
    recording = {
        "answers": ["double"],
        "cells": {hashlib.sha256(body.encode()).hexdigest(): shown for body, shown in bodies.items()},
        "tests": {"double": [test]},
    }
    (tmp_path / RECORDING).write_text(json.dumps(recording))
    return tmp_path


@pytest.fixture
def kernel(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(capsys, monkeypatch)


def test_answer_that_passes_runs_the_cell(kernel: Kernel) -> None:
    kernel.run(RIGHT)
    assert kernel.run(f"%%builds_on double\n{BODY}") == "8\n9"
    assert kernel.shell.user_ns["y"] == 8 and "x" not in kernel.shell.user_ns


@pytest.mark.parametrize("answer", [OPEN, WRONG, "", "double = None"], ids=["open", "wrong", "missing", "None"])
def test_answer_that_fails_shows_the_recording(kernel: Kernel, answer: str) -> None:
    kernel.run(answer)
    reason = f"{BECAUSE}your `double` is open or does not pass its visible tests yet."
    assert kernel.run(f"%%builds_on double\n{BODY}") == f"{reason}\n{RECORDED}"
    assert kernel.result.success and "y" not in kernel.shell.user_ns


def test_cell_that_fails_shows_the_recording(kernel: Kernel) -> None:
    kernel.run(PARTLY_RIGHT)
    expected = f"{BECAUSE}with your answers this cell ends in KeyError: 4.\n{RECORDED}"
    assert kernel.run(f"%%builds_on double\n{BODY}") == expected
    assert kernel.result.success


def test_cell_without_outputs_is_reported(kernel: Kernel) -> None:
    kernel.run(OPEN)
    assert kernel.run("%%builds_on double\nz = double(4)").startswith("Not run, because your `double` is open")


def test_corrected_answer_and_helper_count_at_once(kernel: Kernel) -> None:
    kernel.run("factor = 3\ndef double(x):\n    return factor * x")
    assert kernel.run(f"%%builds_on double\n{BODY}").startswith(BECAUSE)
    kernel.run("factor = 2")
    assert kernel.run(f"%%builds_on double\n{BODY}") == "8\n9"
    kernel.run(WRONG)
    assert kernel.run(f"%%builds_on double\n{BODY}").startswith(BECAUSE)


def test_tests_run_again_only_for_another_answer(kernel: Kernel) -> None:
    kernel.run("calls = []\ndef double(x):\n    calls.append(x)\n    return 2 * x")
    for _ in range(3):
        assert kernel.run(f"%%builds_on double\n{BODY}") == "8\n9"
    assert kernel.shell.user_ns["calls"] == [3, 4, 4, 4]


def test_endless_answer_is_interrupted_once(kernel: Kernel) -> None:
    kernel.run("calls = []\ndef double(x):\n    calls.append(x)\n    raise KeyboardInterrupt")
    for _ in range(3):
        assert kernel.run(f"%%builds_on double\n{BODY}").startswith(f"{BECAUSE}your `double` is open")
    assert kernel.shell.user_ns["calls"] == [3]


def test_changed_cell_runs_as_it_is(kernel: Kernel) -> None:
    kernel.run(WRONG)
    assert kernel.run(f"%%builds_on double\n{BODY} + 1") == "12\n14"
    kernel.run("%%builds_on double\n1 / 0")
    assert isinstance(kernel.result.error_in_exec, ZeroDivisionError)


def test_without_a_recording_the_cell_runs(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / RECORDING).unlink()
    kernel = Kernel(capsys, monkeypatch)
    kernel.run(WRONG)
    assert kernel.run(f"%%builds_on double\n{BODY}") == "12\n13"
    kernel.run(OPEN)
    kernel.run(f"%%builds_on double\n{BODY}")
    assert isinstance(kernel.result.error_in_exec, NotImplementedError)


# --- the course --------------------------------------------------------------------------------------


def of_chapters(chapters: list[str]) -> pytest.MarkDecorator:
    """One test per chapter: the forward mode in every run, the others in the slow tier."""
    marks = {chapter: () if chapter == FORWARD else (pytest.mark.slow,) for chapter in chapters}
    return pytest.mark.parametrize("chapter_id", [pytest.param(c, marks=marks[c]) for c in chapters])


def answers(chapter: Chapter, kind: str) -> dict[str, str]:
    """An answer of a kind to each exercise: `open`, `none`, which returns None, `wrong` from the bank, or `right`."""
    release = nbformat.read(PROJECT.release / chapter.id / f"{chapter.id}.ipynb", as_version=4)
    stubs = {c.id: c.source for c in release.cells if role_of(c) is Role.SOLUTION}
    banks = {id_: read_bank(PROJECT.answers, chapter.id, id_) for id_ in stubs}
    return {
        "open": stubs,
        "none": {id_: source.replace(STUB.split("\n")[1], "return None") for id_, source in stubs.items()},
        "wrong": {id_: next(a.source for a in bank if not a.right) for id_, bank in banks.items()},
        "right": {id_: exercise.solution.source for id_, exercise in chapter.exercises.items()},
    }[kind]


def run(chapter: Chapter, texts: dict[str, str], folder: Path) -> NotebookNode:
    """Runs all cells of the student version with these answers, as a student does who goes on after errors."""
    shutil.copytree(PROJECT.release / chapter.id, folder, dirs_exist_ok=True)
    notebook = nbformat.read(folder / f"{chapter.id}.ipynb", as_version=4)
    for id_, text in texts.items():
        cell(notebook, id_).source = text
    with tempfile.TemporaryDirectory() as sockets:
        transport = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
        NotebookClient(
            notebook,
            timeout=60,
            interrupt_on_timeout=True,  # a student stops a test that does not end
            kernel_name="python3",
            allow_errors=True,
            config=transport,
        ).execute(cwd=str(folder))
    return notebook


@pytest.mark.parametrize("kind", ["open", "none", "wrong", "right"])
@of_chapters(PROJECT.chapters)
def test_lecture_cells_run_with_any_answers(chapter_id: str, kind: str, tmp_path: Path) -> None:
    chapter = read_chapter(PROJECT.notebook(chapter_id))
    executed = run(chapter, answers(chapter, kind), tmp_path)
    roles = {c.id: c.role for c in chapter.cells}
    outputs = {c.id: c.outputs for c in executed.cells if c.cell_type == "code" and roles[c.id] is not Role.TEST}
    errors = {id_: o.evalue for id_, shown in outputs.items() for o in shown if o.output_type == "error"}
    assert errors == {}
    fallbacks = {id_ for id_, shown in outputs.items() if any(is_fallback(output) for output in shown)}
    building = {c.id for c in chapter.cells if c.builds_on}
    assert fallbacks == {"open": building, "none": building, "right": set()}.get(kind, fallbacks & building)


def is_fallback(output: NotebookNode) -> bool:
    return output.output_type == "stream" and output.text.startswith((BECAUSE, "Not run, because "))


@pytest.mark.parametrize("chapter_id", PROJECT.chapters)
def test_recordings_have_no_solution_and_no_hidden_test(chapter_id: str) -> None:
    for folder in (PROJECT.source, PROJECT.release):
        path = folder / chapter_id / RECORDING
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert bool(text) == any(c.builds_on for c in read_chapter(PROJECT.notebook(chapter_id)).cells)
        assert leaks(text, hidden_texts(chapter_id) | own_solution_lines(chapter_id)) == []


# --- recordings --------------------------------------------------------------------------------------

PLOT = "%%builds_on mul_jvp\n#| fig-alt: A line from 0 to 6, drawn in blue.\nplt.plot([0, mul_jvp(2, 3, 0, 2)[1]])\nprint('drawn')\nplt.show()"


def test_recording_is_made_again_for_changed_code(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")

    def change(source: str) -> Any:
        return lambda notebook: cell(notebook, "your-engine-at-work-a-loop-code").update(source=source)

    def recording_violations() -> list[str]:
        return [v.message for v in check_chapter(course, FORWARD) if v.rule == "recording"]

    path = recording_path(course, FORWARD)
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp", "your-engine-at-work-a-loop-code"))
    edit(course.notebook(FORWARD), change(code_of(PLOT)))
    assert record(course, FORWARD) == path and not path.exists()  # no cell needs one
    assert record(course, FORWARD) is None and recording_violations() == []
    edit(course.notebook(FORWARD), change(PLOT))
    assert recording_violations() == ["needs a current recorded.json beside it; run `triptych record 5`"]
    assert record(course, FORWARD) == path and recording_violations() == []
    recording = json.loads(path.read_text(encoding="utf-8"))
    ((figure, text),) = [sorted(outputs, key=lambda o: sorted(o["data"])) for outputs in recording["cells"].values()]
    assert "<svg" in figure["data"]["image/svg+xml"] and text == {"data": {"text/plain": "drawn"}}
    assert list(recording["tests"]) == ["mul_jvp"] and recording["answers"] == ["mul_jvp"]
    for old, new in (("'drawn'", "'seen'"), ("return", "return  ")):
        edit(
            course.notebook(FORWARD),
            lambda nb, o=old, n=new: [c.update(source=c.source.replace(o, n)) for c in nb.cells],
        )
        assert recording_violations()
        assert record(course, FORWARD) == path and recording_violations() == []
        assert record(course, FORWARD) is None
    path.write_text("no JSON")
    assert recording_violations()
