"""The same submissions for Otter-Grader, which is run without containers.

Each test cell of a chapter becomes a test file with one case that runs the cell's text, hidden lines
included; in a submission `grader.check("<test cell>")` stands in its place. So Otter runs the same
cells in the same order as nbgrader does.
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
    """Writes `tests/` and the further files that the chapter's notebook needs to `folder`; returns their names."""
    tests = folder / "tests"
    tests.mkdir(parents=True)
    for cell in read_chapter(course.notebook(chapter)).with_role(Role.TEST):
        case = {"code": _CASE.format(text=cell.source), "hidden": True, "locked": False}
        points = cell.node.metadata.nbgrader.points
        suites = [{"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}]
        said = {"name": cell.grade_id, "points": points, "suites": suites}
        (tests / f"{cell.grade_id}.py").write_text(f"OK_FORMAT = True\n\ntest = {said!r}\n", encoding="utf-8")
    others = [path for path in sorted((course.release / chapter).iterdir()) if path.is_file()]
    return [shutil.copy(path, folder / path.name).name for path in others if path.suffix != ".ipynb"]


def write_submission(path: Path, target: Path) -> None:
    """Writes what Otter is given in place of the submission `path`."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade"):
            cell.source = f"grader.check({marks['grade_id']!r})"
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.insert(0, nbformat.v4.new_code_cell("import otter\ngrader = otter.Notebook()"))
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, target)


def marks_of(results: Path) -> float:
    """The sum of the points in Otter's `results.json`."""
    return sum(float(test.get("score", 0.0)) for test in json.loads(results.read_text())["tests"])
