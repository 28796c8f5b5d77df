"""Takes a changed chapter over into a gradebook that has submissions to it, which nbgrader itself refuses.

Cells that were added, removed or renamed in the source are added, removed and renamed in the gradebook, for the chapter
and for each submission. Scores and comments by hand stay with their cells.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution, is_task

from triptych.build.student_text import write_student_text
from triptych.model.chapter import read_chapter, released_source
from triptych.model.course import Course
from triptych.nbgrader_api import (
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    TaskCell,
    given_by_hand,
    gradebook,
    has_gradebook,
)
from triptych.text import one_line

#: How similar the texts of a removed and an added cell are when it is the same cell under another name.
SAME_CELL = 0.85
#: Words for nbgrader's names of scores.
BY_HAND = {"manual_score": "manual score", "extra_credit": "manual extra credit"}


def _is_entered(cell: NotebookNode) -> bool:
    return bool(is_grade(cell) or is_solution(cell) or is_locked(cell) or is_task(cell))


#: The gradebook's tables of cells, with a test of whether a cell of a notebook has an entry in it.
TABLES = {GradeCell: is_grade, SolutionCell: is_solution, TaskCell: is_task, SourceCell: _is_entered}


@dataclass(frozen=True)
class _Cell:
    """A cell as the gradebook describes it."""

    name: str
    tables: frozenset[Any]
    cell_type: str
    source: str
    points: float | None
    locked: bool


@dataclass
class Change:
    """How a chapter's source differs from the gradebook.

    Attributes:
        chapter: the chapter's name.
        added: names of new cells.
        removed: names of cells that are gone.
        renamed: new names by old ones.
        points: old and new points by (new) name.
        texts: names of test and locked cells whose text has changed.
        submissions: number of submissions in the gradebook.
        students: what is kept and lost of the scores and comments by hand, by student.
    """

    chapter: str
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    submissions: int = 0
    students: dict[str, list[str]] = field(default_factory=dict)

    @property
    def has_other_cells(self) -> bool:
        """Whether cells were added, removed or renamed, which nbgrader refuses for a chapter with submissions."""
        return bool(self.added or self.removed or self.renamed)

    def __bool__(self) -> bool:
        return bool(self.has_other_cells or self.points or self.texts)

    def lines(self) -> Iterator[str]:
        """The change in words: the chapter, then each student of whom something by hand is concerned."""
        parts = [
            f"{' and '.join(names)} {verb}"
            for names, verb in ((self.added, "added"), (self.removed, "removed"))
            if names
        ]
        parts += [f"{old} renamed to {new}" for old, new in self.renamed.items()]
        parts += [f"points of {name} {old:g} → {new:g}" for name, (old, new) in self.points.items()]
        parts += [f"text of {' and '.join(self.texts)} changed"] if self.texts else []
        again = f"; its {self.submissions} submissions are graded again" if self.submissions else ""
        yield f"{self.chapter}: {', '.join(parts) or 'no change'}{again if parts else ''}"
        for student, what in sorted(self.students.items()):
            yield f"  {one_line(student, 80)}: {'; '.join(what)}"


def planned_change(course: Course, chapter: str) -> Change | None:
    """How the source of a chapter differs from the gradebook; None if the gradebook does not have the chapter."""
    if not has_gradebook(course):
        return None
    with gradebook(course) as book:
        try:
            notebook = book.find_notebook(chapter, chapter)
        except MissingEntry:
            return None
        if change := _compare(notebook, chapter, _cells_of_source(course, chapter)):
            for student, text in _by_hand(book, change):
                change.students.setdefault(student, []).append(text)
        return change


def take_over(course: Course, chapter: str) -> None:
    """Adds, removes and renames the cells of a chapter in the gradebook, all of them or none."""
    new = _cells_of_source(course, chapter)
    with gradebook(course) as book:
        notebook = book.find_notebook(chapter, chapter)
        change = _compare(notebook, chapter, new)
        with book.db.no_autoflush:
            _rename(notebook, change.renamed)
            _remove(book.db, notebook, new)
            _add(book.db, notebook, new)
        book.db.commit()


def _cells_of_source(course: Course, chapter: str) -> dict[str, _Cell]:
    cells = {}
    path = course.notebook(chapter)
    notebook = read_chapter(path).notebook
    write_student_text(notebook, path.parent)  # what nbgrader enters
    for cell in notebook.cells:
        if tables := frozenset(table for table, has in TABLES.items() if has(cell)):
            fields = cell.metadata.nbgrader
            name, points = str(fields["grade_id"]), fields.get("points")
            source = released_source(cell) if SolutionCell in tables else cell.source
            graded = tables & {GradeCell, TaskCell}
            cells[name] = _Cell(
                name, tables, cell.cell_type, source, float(points or 0) if graded else None, is_locked(cell)
            )
    return cells


def _entries(notebook: Notebook) -> Iterator[Any]:
    for entries in (notebook.grade_cells, notebook.solution_cells, notebook.task_cells, notebook.source_cells):
        yield from list(entries)


def _cells_of_gradebook(notebook: Notebook) -> dict[str, _Cell]:
    by_name: dict[str, dict[Any, Any]] = {}
    for entry in _entries(notebook):
        by_name.setdefault(entry.name, {})[type(entry)] = entry
    cells = {}
    for name, entries in by_name.items():
        source, graded = entries.get(SourceCell), entries.get(GradeCell) or entries.get(TaskCell)
        cells[name] = _Cell(
            name,
            frozenset(entries),
            str(source.cell_type if source else graded.cell_type if graded else "code"),
            str(source.source or "") if source else "",
            float(graded.max_score) if graded else None,
            bool(source and source.locked),
        )
    return cells


def _compare(notebook: Notebook, chapter: str, new: Mapping[str, _Cell]) -> Change:
    old = _cells_of_gradebook(notebook)
    change = Change(chapter, submissions=len(notebook.submissions))
    change.renamed = _renamed(old, new)
    change.added = [name for name in new if name not in old and name not in change.renamed.values()]
    change.removed = [name for name in old if name not in new and name not in change.renamed]
    # a cell that has become another kind of cell has new entries in the gradebook
    for name in old.keys() & new.keys():
        if old[name].tables != new[name].tables:
            change.added.append(name)
            change.removed.append(name)
    for name, cell in old.items():
        after = new.get(change.renamed.get(name, name))
        if after is None:
            continue
        if cell.points is not None and after.points is not None and cell.points != after.points:
            change.points[after.name] = (cell.points, after.points)
        if after.locked and cell.source != after.source:
            change.texts.append(after.name)
    return change


def _by_hand(book: Gradebook, change: Change) -> Iterator[tuple[str, str]]:
    """What is kept and lost of the scores and comments by hand: student and words."""
    for student, chapter, cell, kind, value in given_by_hand(book):
        if chapter != change.chapter:
            continue
        is_comment = kind == "manual_comment"
        text = f"comment “{one_line(value, 60)}”" if is_comment else f"{BY_HAND[kind]} {value:g}"
        name = change.renamed.get(cell, cell)
        if cell in change.removed:
            yield student, f"loses the {text} of {cell}"
        elif name != cell:
            yield student, f"keeps the {text} of {cell}, now {name}"
        elif name in change.points:
            yield student, f"keeps the {text} of {name}, now of {change.points[name][1]:g} points"
        else:
            yield student, f"keeps the {text} of {name}"


def _renamed(old: Mapping[str, _Cell], new: Mapping[str, _Cell]) -> dict[str, str]:
    """New names by old ones, of cells whose text tells that they are the same."""
    gone = [cell for cell in old.values() if cell.name not in new]
    fresh = [cell for cell in new.values() if cell.name not in old]
    pairs = sorted(
        (
            (_similarity(before, after), before.name, after.name)
            for before in gone
            for after in fresh
            if (before.tables, before.cell_type) == (after.tables, after.cell_type)
        ),
        reverse=True,
    )
    renamed: dict[str, str] = {}
    for similarity, before, after in pairs:
        if similarity >= SAME_CELL and before not in renamed and after not in renamed.values():
            renamed[before] = after
    return renamed


def _similarity(before: _Cell, after: _Cell) -> float:
    # names of the exercise occur in its tests, and change with it
    text = before.source.replace(before.name, after.name)
    one, other = (re.findall(r"\w+|[^\w\s]", source) for source in (text, after.source))
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def _rename(notebook: Notebook, names: Mapping[str, str]) -> None:
    for entry in _entries(notebook):
        entry.name = names.get(entry.name, entry.name)


def _remove(db: Any, notebook: Notebook, new: Mapping[str, _Cell]) -> None:
    for entry in _entries(notebook):
        if entry.name in new and type(entry) in new[entry.name].tables:
            continue
        if not isinstance(entry, SourceCell):
            for row in [*entry.grades, *entry.comments]:
                db.delete(row)
        db.delete(entry)
    db.flush()
    db.expire(notebook)


def _add(db: Any, notebook: Notebook, new: Mapping[str, _Cell]) -> None:
    there = {(type(entry), entry.name) for entry in _entries(notebook)}
    for cell in new.values():
        for table in cell.tables:
            if (table, cell.name) in there:
                continue
            graded = {"max_score": cell.points, "cell_type": cell.cell_type} if table in (GradeCell, TaskCell) else {}
            text = {"cell_type": cell.cell_type, "source": cell.source, "locked": cell.locked}
            entry = table(name=cell.name, notebook=notebook, **(text if table is SourceCell else graded))
            db.add(entry)
            for submission in notebook.submissions:
                if graded:
                    by_hand = table is TaskCell or SolutionCell in cell.tables
                    db.add(Grade(cell=entry, notebook=submission, needs_manual_grade=by_hand))
                if table in (SolutionCell, TaskCell):
                    db.add(Comment(cell=entry, notebook=submission))
    db.flush()


__all__ = ["Change", "planned_change", "take_over"]
