"""The parts of nbgrader's Autograde that `nbgrader_config.py` names: validate, rebuild, execute.

Thin layers over `submission`, `dispatch` and `execute`, so that `nbgrader autograde`, the formgrader's button and
`triptych grade` accept the same submissions and give the same scores.
"""

from __future__ import annotations

import contextlib
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from triptych.grade.dispatch.batch import Batch, Listener
from triptych.grade.dispatch.local import prepare_batch
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.arrival import arrival_of
from triptych.grade.submission.choose import Chosen, choose
from triptych.grade.submission.intake import RejectedSubmission
from triptych.grade.submission.rebuild import rebuild
from triptych.model.chapter import Role, role_of
from triptych.model.course import Course, CourseError


def _course(preprocessor: NbGraderPreprocessor) -> Course:
    """The course folder of the converter that runs a preprocessor."""
    return Course(Path(preprocessor.parent.parent.coursedir.root))


def _submitted(converter: Autograde, student: str, chapter: str) -> Path:
    """The folder of all submissions, as the converter is configured."""
    coursedir = converter.coursedir
    return Path(coursedir.format_path(coursedir.submitted_directory, student, chapter)).parents[1]


def _read(converter: Autograde, student: str, chapter: str) -> tuple[NotebookNode, Chosen]:
    """The released notebook and a submission.

    Raises:
        CourseError: the chapter has not been built.
        RejectedSubmission: the submission cannot be graded.
    """
    path = Path(converter.coursedir.root) / "release" / chapter / f"{chapter}.ipynb"
    if not path.is_file():
        raise CourseError(f"{path} is missing: run `triptych build {chapter}` first.")
    release = nbformat.read(path, as_version=4)
    return release, choose(_submitted(converter, student, chapter), student, chapter, release, Limits())


def validate_before_copying() -> None:
    """Makes nbgrader's Autograde validate a submission before it copies the files, because it follows links.

    nbgrader has no hook that can refuse a submission, so a method of its converter is replaced. So is the method that
    reads the time of arrival, which takes some time zones for others.
    """
    init_assignment = Autograde.init_assignment

    def validated(self: Autograde, assignment_id: str, student_id: str) -> None:
        try:
            _read(self, student_id, assignment_id)
        except RejectedSubmission as rejection:
            raise NbGraderException(f"{student_id}, {assignment_id}: not graded: {rejection}") from rejection
        init_assignment(self, assignment_id, student_id)

    def existing_timestamp(_: CourseDirectory, folder: str) -> datetime | None:
        try:
            moment = arrival_of(Path(folder))
        except OSError:
            return None
        return moment.replace(tzinfo=None) if moment else None

    CourseDirectory.get_existing_timestamp = existing_timestamp
    if not hasattr(init_assignment, "__wrapped__"):  # the configuration may be loaded again
        validated.__wrapped__ = init_assignment  # type: ignore[attr-defined]
        Autograde.init_assignment = validated


class RebuildFromRelease(NbGraderPreprocessor):  # type: ignore[misc]
    """Rebuilds a submission from the released notebook and the text of its solution cells."""

    done_by_worker = True

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Returns the rebuilt notebook. Raises CourseError if the chapter has not been built."""
        student, chapter = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        release, submission = _read(self.parent.parent, student, chapter)
        return rebuild(release, submission.notebook), resources


class ExecuteSubmission(NbGraderPreprocessor):  # type: ignore[misc]
    """Takes the outputs of a submission from a worker that is started for it."""

    done_by_worker = True
    sandbox = Unicode("bwrap", help="the sandbox for students' code: bwrap or none").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Returns the notebook with outputs. Raises NbGraderException if the submission is not graded."""
        student, chapter = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        executed = self._execute(student, chapter)
        executed_cells = {cell.id: cell for cell in executed.cells if cell.cell_type == "code"}
        for cell in nb.cells:
            if cell.cell_type == "code" and cell.id in executed_cells and role_of(cell) is not Role.NOTES:
                cell.outputs = executed_cells[cell.id].outputs
                cell.execution_count = executed_cells[cell.id].execution_count
        return nb, resources

    def _execute(self, student: str, chapter: str) -> NotebookNode:
        """Executes a submission in a worker process that ends with it."""
        submitted = _submitted(self.parent.parent, student, chapter)
        with tempfile.TemporaryDirectory(prefix="triptych-grade-") as work:
            course, limits = _course(self), Limits()
            batch = Batch(course, [(student, chapter)], Path(work), self.sandbox, limits, Listener(), str(submitted))
            with contextlib.closing(prepare_batch(batch, processes=1)) as prepared:
                job, outcome = next(prepared)
                if not outcome.ready:
                    raise NbGraderException(f"{student}, {chapter}: not graded: {outcome.reason}")
                return nbformat.read(Path(job.work) / "executed" / student / f"{chapter}.ipynb", as_version=4)
