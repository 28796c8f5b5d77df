"""The preprocessors of nbgrader's Autograde that `nbgrader_config.py` names: rebuild, then execute.

Thin layers over `submission.rebuild` and `execute.run`, so that `nbgrader autograde`, the formgrader's button and
`triptych grade` give the same scores.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from triptych.grade.execute.run import execute
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.files import copy_tree
from triptych.grade.submission.rebuild import rebuild
from triptych.model.chapter import Role, read_chapter, role_of
from triptych.model.course import Course, CourseError


def _course(preprocessor: NbGraderPreprocessor) -> Course:
    """The course folder of the converter that runs a preprocessor."""
    return Course(Path(preprocessor.parent.parent.coursedir.root))


class RebuildFromRelease(NbGraderPreprocessor):  # type: ignore[misc]
    """Rebuilds a submission from the released notebook and the text of its solution cells."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Returns the rebuilt notebook. Raises CourseError if the chapter has not been built."""
        course, chapter = _course(self), resources["nbgrader"]["assignment"]
        path = course.release / chapter / f"{resources['nbgrader']['notebook']}.ipynb"
        if not path.is_file():
            raise CourseError(f"{path} is missing: run `triptych build {chapter}` first.")
        return rebuild(nbformat.read(path, as_version=4), nb), resources


class ExecuteSubmission(NbGraderPreprocessor):  # type: ignore[misc]
    """Executes a rebuilt notebook, or takes the outputs from a worker of `triptych grade`."""

    executed_folder = Unicode("", help="folder of executed notebooks: <student>/<chapter>.ipynb").tag(config=True)
    sandbox = Unicode("bwrap", help="the sandbox for students' code: bwrap or none").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Returns the notebook with outputs. Raises as `execute.run.execute` does."""
        student, chapter = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        if self.executed_folder:
            executed = nbformat.read(Path(self.executed_folder) / student / f"{chapter}.ipynb", as_version=4)
        else:
            folder = Path(self.parent.parent.coursedir.format_path("autograded", student, chapter))
            with tempfile.TemporaryDirectory(prefix="triptych-") as scratch:
                copy_tree(folder, Path(scratch))
                source = read_chapter(_course(self).notebook(chapter))
                executed = execute(nb, source, Path(scratch), limits=Limits(), sandbox=self.sandbox)
        executed_cells = {cell.id: cell for cell in executed.cells if cell.cell_type == "code"}
        for cell in nb.cells:
            if cell.cell_type == "code" and cell.id in executed_cells and role_of(cell) is not Role.NOTES:
                cell.outputs = executed_cells[cell.id].outputs
                cell.execution_count = executed_cells[cell.id].execution_count
        return nb, resources
