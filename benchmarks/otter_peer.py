"""Converts submissions for Otter-Grader, which runs without containers.

Each test cell of a chapter becomes a test file with one case that runs the cell's text, including hidden lines. In a
submission `grader.check("<test cell>")` replaces the cell, so that Otter runs the same cells in the same order as
nbgrader.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat

from triptych.model.chapter import Role, read_chapter
from triptych.model.course import Course

_CASE = """\
>>> import contextlib, io
>>> with contextlib.redirect_stdout(io.StringIO()):
...     exec({text!r})
"""


def write_tests(course: Course, chapter: str, folder: Path) -> list[str]:
    """Writes `tests/` and copies the other files of a chapter to `folder`. Returns the names of the copied files."""
    tests = folder / "tests"
    tests.mkdir(parents=True)
    for cell in read_chapter(course.notebook(chapter)).with_role(Role.TEST):
        case = {"code": _CASE.format(text=cell.source), "hidden": True, "locked": False}
        points = cell.node.metadata.nbgrader.points
        suites = [{"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}]
        test = {"name": cell.grade_id, "points": points, "suites": suites}
        (tests / f"{cell.grade_id}.py").write_text(f"OK_FORMAT = True\n\ntest = {test!r}\n", encoding="utf-8")
    files = [path for path in sorted((course.release / chapter).iterdir()) if path.is_file()]
    return [shutil.copy(path, folder / path.name).name for path in files if path.suffix != ".ipynb"]


def write_submission(path: Path, target: Path) -> None:
    """Writes the submission `path` in the form that Otter grades to `target`."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        metadata = cell.metadata.get("nbgrader", {})
        if metadata.get("grade"):
            cell.source = f"grader.check({metadata['grade_id']!r})"
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.insert(0, nbformat.v4.new_code_cell("import otter\ngrader = otter.Notebook()"))
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, target)


def score_of(results: Path) -> float:
    """Returns the sum of the points in Otter's `results.json`."""
    return sum(float(test.get("score", 0.0)) for test in json.loads(results.read_text())["tests"])
