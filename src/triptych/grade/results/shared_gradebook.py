"""One session with the gradebook for all submissions of a run.

nbgrader opens a gradebook in every step of a submission, and reads and commits each score by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from nbconvert.utils.base import NbConvertBase
from nbgrader.api import Base
from nbgrader.converters import autograde
from nbgrader.preprocessors import getgrades, latesubmissions, overwritecells, overwritekernelspec, saveautogrades
from sqlalchemy.orm import Session, contains_eager, undefer

from triptych.grade.results import feedback
from triptych.nbgrader_api import (
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
)

#: The modules that open a gradebook for a submission, by this name.
MODULES: tuple[Any, ...] = (
    autograde, feedback, getgrades, latesubmissions, overwritecells, overwritekernelspec, saveautogrades,
)  # fmt: skip


class _Session(Session):
    """A session that commits nothing while it is held. What has been found stays in `info` until the next commit."""

    held = False

    def commit(self) -> None:
        if not self.held:
            self.info.clear()
            super().commit()

    def rollback(self) -> None:
        self.info.clear()
        super().rollback()


class SharedGradebook(Gradebook):  # type: ignore[misc]
    """A gradebook that stays open when nbgrader's steps close it, and reads a submission's entries all at once."""

    db: Any

    def __init__(self, db_url: str, course_id: str) -> None:
        super().__init__(db_url, course_id)
        self.db.remove()
        self.db = _Session(self.engine)

    def close(self) -> None:
        """Does nothing: nbgrader calls it after each step."""

    def end(self) -> None:
        """Ends the session."""
        self.db.close()
        self.engine.dispose()

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Has nbgrader use this gradebook instead of opening another."""
        before = [(module, module.Gradebook) for module in MODULES]
        for module in MODULES:
            module.Gradebook = lambda *_: self
        try:
            yield
        finally:
            for module, gradebook in before:
                module.Gradebook = gradebook
            self.db.rollback()

    @contextlib.contextmanager
    def step(self, preprocessor: NbConvertBase) -> Iterator[None]:
        """A step of a submission. What it does not commit is dropped, as when it closes a gradebook of its own.

        nbgrader's own SaveAutoGrades commits each score; here all are committed at the end, or none after an exception.
        """
        self.db.held = type(preprocessor) is saveautogrades.SaveAutoGrades
        try:
            yield
        except BaseException:
            self.db.rollback()
            raise
        finally:
            held, self.db.held = self.db.held, False
        if held:
            self.db.commit()
        else:
            self.db.rollback()

    def grades(self, assignment: str, student: str) -> list[Any]:
        """The entries of all graded cells of a submission."""
        notebooks = self.find_submission(assignment, student).notebooks
        return [grade for notebook in notebooks for grade in self._entries(Grade, notebook).values()]

    def find_submission(self, assignment: str, student: str) -> Any:
        """As nbgrader's own. The database is asked once until the next commit."""
        if (SubmittedAssignment, assignment, student) not in self.db.info:
            self.db.info[SubmittedAssignment, assignment, student] = super().find_submission(assignment, student)
        return self.db.info[SubmittedAssignment, assignment, student]

    def find_submission_notebook(self, notebook: str, assignment: str, student: str) -> Any:
        """As nbgrader's own. The database is asked once until the next commit."""
        key = (SubmittedNotebook, notebook, assignment, student)
        if key not in self.db.info:
            self.db.info[key] = super().find_submission_notebook(notebook, assignment, student)
        return self.db.info[key]

    def find_notebook(self, name: str, assignment: str) -> Any:
        """As nbgrader's own. The database is asked once until the next commit."""
        if (name, assignment) not in self.db.info:
            self.db.info[name, assignment] = super().find_notebook(name, assignment)
        return self.db.info[name, assignment]

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """As nbgrader's own."""
        owner = self.find_submission_notebook(notebook, assignment, student)
        return self._entries(Grade, owner).get(grade_cell) or super().find_grade(
            grade_cell, notebook, assignment, student
        )

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """As nbgrader's own."""
        owner = self.find_submission_notebook(notebook, assignment, student)
        return self._entries(Comment, owner).get(solution_cell) or super().find_comment(
            solution_cell, notebook, assignment, student
        )

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """As nbgrader's own."""
        cells = self._entries(SourceCell, self.find_notebook(notebook, assignment))
        return cells.get(name) or super().find_source_cell(name, notebook, assignment)

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """As nbgrader's own."""
        cells = self._entries(GradeCell, self.find_notebook(notebook, assignment))
        return cells.get(name) or super().find_graded_cell(name, notebook, assignment)

    def _entries(self, kind: type[Base], notebook: Any) -> dict[str, Any]:
        """A notebook's entries of a kind, by name.

        If a task and another cell have one name, the other cell's entry is in it, which nbgrader finds as well.
        """
        key = (kind, notebook.id)
        if key not in self.db.info:
            query = self.db.query(kind).filter(kind.notebook_id == notebook.id)
            if kind in (Grade, Comment):
                query = query.join(kind.cell).options(contains_eager(kind.cell))
            if kind is Grade:
                query = query.options(undefer(Grade.max_score))
            entries = query.all()
            if kind in (Grade, Comment):
                entries.sort(key=lambda entry: entry.cell.type != "TaskCell")
            self.db.info[key] = {entry.name: entry for entry in entries}
        return self.db.info[key]


__all__ = ["SharedGradebook"]
