"""What nbgrader's Autograde is given in `nbgrader_config.py`: rebuild, then execute.

Thin over `submission.rebuild` and `execute.run`, so that `nbgrader autograde`, the formgrader's button and
`triptych grade` come to the same marks.
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
    """The course folder of the converter that a preprocessor works for."""
    return Course(Path(preprocessor.parent.parent.coursedir.root))


class RebuildFromRelease(NbGraderPreprocessor):  # type: ignore[misc]
    """Makes the submission anew from the released notebook and the student's own text."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        course, chapter = _course(self), resources["nbgrader"]["assignment"]
        path = course.release / chapter / f"{resources['nbgrader']['notebook']}.ipynb"
        if not path.is_file():
            raise CourseError(f"{path} is missing: run `triptych build {chapter}` first.")
        release = nbformat.read(path, as_version=4)
        return rebuild(release, nb), resources


class ExecuteSubmission(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs the rebuilt notebook, or takes the run that a worker of `triptych grade` has made of it."""

    executed_folder = Unicode("", help="where workers put executed notebooks: <student>/<chapter>.ipynb").tag(
        config=True
    )
    sandbox = Unicode("bwrap", help="the sandbox that students' code runs in: bwrap or none").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        marks = resources["nbgrader"]
        if self.executed_folder:
            path = Path(self.executed_folder) / marks["student"] / f"{marks['assignment']}.ipynb"
            executed = nbformat.read(path, as_version=4)
        else:
            course = _course(self)
            chapter = read_chapter(course.notebook(marks["assignment"]))
            folder = Path(self.parent.parent.coursedir.format_path("autograded", marks["student"], marks["assignment"]))
            with tempfile.TemporaryDirectory(prefix="triptych-") as scratch:
                copy_tree(folder, Path(scratch))
                executed = execute(nb, chapter, Path(scratch), limits=Limits(), sandbox=self.sandbox)
        outputs = {cell.id: cell for cell in executed.cells if cell.cell_type == "code"}
        for cell in nb.cells:
            if cell.cell_type == "code" and cell.id in outputs and role_of(cell) is not Role.NOTES:
                cell.outputs = outputs[cell.id].outputs
                cell.execution_count = outputs[cell.id].execution_count
        return nb, resources
