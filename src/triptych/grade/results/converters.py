"""nbgrader's Autograde for submissions that a worker has rebuilt and executed.

It does what `nbgrader autograde` does with the same configuration, and reads and validates each notebook only once.
"""

from __future__ import annotations

import nbformat
from nbgrader.converters import Autograde
from traitlets import Unicode


class PreparedAutograde(Autograde):  # type: ignore[misc]
    """Autograde without rebuilding and execution."""

    executed_folder = Unicode("", help="folder of executed notebooks: <student>/<chapter>.ipynb").tag(config=True)

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """As nbgrader's own, without the validation that `preprocessors.validate_before_copying` adds."""
        Autograde.init_assignment.__wrapped__(self, assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Runs the configured preprocessors on the executed notebook, in one pass instead of two."""
        resources = self.init_single_notebook_resources(notebook_filename)
        identity = resources["nbgrader"]
        exporter = self.exporter_class(parent=self, config=self.config)
        for preprocessor in [*self.sanitize_preprocessors, *self.autograde_preprocessors]:
            if not getattr(preprocessor, "done_by_worker", False):
                exporter.register_preprocessor(preprocessor)
        path = f"{self.executed_folder}/{identity['student']}/{identity['assignment']}.ipynb"
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        self.write_single_notebook(*exporter.from_notebook_node(notebook, resources))


__all__ = ["PreparedAutograde"]
