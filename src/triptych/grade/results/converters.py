"""nbgrader's Autograde and GenerateFeedback for submissions that a worker has rebuilt and executed.

They do what `nbgrader autograde` and `nbgrader generate_feedback` do with the same configuration, with one notebook in
memory, which is read and validated once.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import BaseConverter

from triptych.grade.results.feedback import render
from triptych.grade.results.shared_gradebook import SharedGradebook


class PreparedAutograde(Autograde):  # type: ignore[misc]
    """Autograde without rebuilding and execution."""

    book: SharedGradebook
    #: the path of the executed notebook
    executed: Path
    #: what the preprocessors have made of it
    notebook: NotebookNode

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """As nbgrader's own, without the validation that `preprocessors.validate_before_copying` adds."""
        Autograde.init_assignment.__wrapped__(self, assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Runs the configured preprocessors on the executed notebook, in one pass instead of two."""
        for preprocessor in [*self.sanitize_preprocessors, *self.autograde_preprocessors]:
            if not getattr(preprocessor, "done_by_worker", False):
                self.exporter.register_preprocessor(preprocessor)
        self.notebook = nbformat.reader.reads(self.executed.read_text("utf-8"))
        resources = _resources(self, notebook_filename)
        for preprocessor in self.exporter._preprocessors:
            with self.book.step(preprocessor):
                self.notebook, resources = preprocessor(self.notebook, resources)
        nbformat.validate(self.notebook, relax_add_props=True)
        self.write_single_notebook(nbformat.v4.writes(self.notebook) + "\n", resources)


class PreparedFeedback(GenerateFeedback):  # type: ignore[misc]
    """GenerateFeedback of a notebook in memory, which it changes. For `FeedbackExporter` alone."""

    notebook: NotebookNode

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Runs the configured preprocessors, and writes the page."""
        resources = _resources(self, notebook_filename)
        for preprocessor in self.exporter._preprocessors:
            self.notebook, resources = preprocessor(self.notebook, resources)
        self.write_single_notebook(render(resources), resources)


def _resources(converter: BaseConverter, name: str) -> ResourcesDict:
    """What nbconvert's exporters give to preprocessors for the notebook of this name."""
    path = Path(name)
    return ResourcesDict(
        **converter.init_single_notebook_resources(name),
        metadata=ResourcesDict(name=path.stem, path=str(path.parent)),
        output_extension=converter.exporter.file_extension,
    )


__all__ = ["PreparedAutograde", "PreparedFeedback"]
