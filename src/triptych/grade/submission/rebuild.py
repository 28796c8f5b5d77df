"""Rebuilds a submission from the released notebook and the student's own text.

A submission contributes two things: the text of its solution cells, and its extra cells. Types, tags, points, order,
locked text and all other metadata come from the release, so nothing that a submission claims about itself counts.

A solution cell is recognised by its id. Where a program has removed the ids, it is recognised by the names that its
stub defines, or by its place if the stub defines none.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.fingerprint import fingerprint
from triptych.model.chapter import is_answer

#: The ids of extra cells begin with this.
EXTRA = "extra-"
#: What replaces a stub whose names another cell defines, because the stub would redefine them.
ELSEWHERE = "# answered in another cell"
#: A definition at the beginning of a line. Not parsed: the text may have a syntax error, or be made to break a parser.
DEFINITION = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)


@dataclass(frozen=True)
class Matches:
    """The released cells that the cells of a submission are.

    Attributes:
        ids: for each cell of the submission the id of the released cell, "" for a cell of the student's own.
        found: solution cells that the submission has.
        without_id: those of them that were recognised without their ids.
        elsewhere: solution cells that the submission lacks, but whose names another cell of the student defines.
        missing: the other solution cells.
        changed: whether the student has written anything, or there are cells of an earlier release.
        has_answers: whether a solution cell is answered.
        has_code: whether there is code in cells of the student's own.
    """

    ids: list[str]
    found: list[str]
    without_id: list[str]
    elsewhere: list[str]
    missing: list[str]
    changed: bool
    has_answers: bool
    has_code: bool

    @property
    def is_lost(self) -> bool:
        """Whether there is code of the student's and none of it is recognised as an answer."""
        return self.has_code and not self.found and not self.elsewhere


def match(release: NotebookNode, submission: NotebookNode) -> Matches:
    """Finds the released cells in a submission, as read by `intake.read_notebook`."""
    released = {cell.id: cell for cell in release.cells}
    ids = [_released_id(cell, released) for cell in submission.cells]
    known = set(ids)
    unknown = [number for number, cell in enumerate(submission.cells) if not ids[number] and cell.source.strip()]

    texts: dict[str, list[str]] = defaultdict(list)
    for cell in release.cells:
        if cell.id not in known:
            texts[_folded(cell.source)].append(cell.id)
    for number in unknown:
        if same := texts[_folded(submission.cells[number].source)]:
            ids[number] = same.pop(0)

    solutions = [cell.id for cell in release.cells if is_answer(cell)]
    stubs = {id_: defined_names(released[id_].source) for id_ in solutions}
    absent = [id_ for id_ in solutions if id_ not in ids]
    by_names = []
    for number in unknown:
        names = defined_names(submission.cells[number].source)
        best = max(absent, key=lambda id_: len(stubs[id_] & names), default="")
        if not ids[number] and best and stubs[best] & names:
            ids[number] = best
            absent.remove(best)
            by_names.append(best)
    following = dict(itertools.pairwise(released))
    last = ""
    for number, cell in enumerate(submission.cells):
        place = following.get(last, "")
        is_open = place in absent and not stubs[place] and cell.cell_type == released[place].cell_type
        if is_open and not ids[number] and cell.source.strip():
            ids[number] = place
            absent.remove(place)
            by_names.append(place)
        last = ids[number] or last

    own = [
        cell
        for cell, id_ in zip(submission.cells, ids, strict=True)
        if cell.source.strip() and (not id_ or _folded(cell.source) != _folded(released[id_].source))
    ]
    defined = set().union(*(defined_names(cell.source) for cell in own if cell.cell_type == "code"))
    elsewhere = [id_ for id_ in absent if stubs[id_] & defined]
    answered = [
        id_
        for cell, id_ in zip(submission.cells, ids, strict=True)
        if id_ in stubs and _folded(cell.source) != _folded(released[id_].source)
    ]
    extra = [
        cell
        for cell, id_ in zip(submission.cells, ids, strict=True)
        if not id_ and cell.cell_type == "code" and _has_code(cell.source)
    ]
    return Matches(
        ids=ids,
        found=[id_ for id_ in solutions if id_ in ids],
        without_id=by_names,
        elsewhere=elsewhere,
        missing=[id_ for id_ in absent if id_ not in elsewhere],
        changed=bool(answered or extra),
        has_answers=bool(answered or elsewhere),
        has_code=bool(extra),
    )


def defined_names(source: str) -> set[str]:
    """The functions, classes and variables that a cell defines at the beginning of a line."""
    return {name for names in DEFINITION.findall(source) for name in names if name}


def rebuild(release: NotebookNode, submission: NotebookNode, matches: Matches | None = None) -> NotebookNode:
    """The notebook to grade. It shares the metadata of `release`, which may not be changed.

    Args:
        release: the student version. A solution cell that the submission lacks stays a stub.
        submission: as read by `intake.read_notebook`.
        matches: what `match` has found, if that is known.
    """
    notebook = copy_cells(release)
    released = {cell.id: cell for cell in notebook.cells}
    matches = matches or match(release, submission)
    answers = dict.fromkeys(matches.elsewhere, ELSEWHERE)
    extras: dict[str, list[NotebookNode]] = defaultdict(list)
    seen: set[str] = set()
    anchor = ""  # the last released cell before an extra one
    for cell, id_ in zip(submission.cells, matches.ids, strict=True):
        original = released.get(id_)
        if original is not None and id_ not in seen:
            seen.add(id_)
            anchor = id_
            if is_answer(original):
                answers[id_] = cell.source
        elif original is not None and cell.source == original.source:
            continue  # an unchanged copy of a released cell is not the student's own
        elif cell.source.strip():
            extras[anchor].append(cell)
    numbers = itertools.count(1)
    cells = [_extra_cell(extra, next(numbers)) for extra in extras[""]]
    for cell in notebook.cells:
        if cell.id in answers:
            cell.source = answers[cell.id]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cells += [cell, *(_extra_cell(extra, next(numbers)) for extra in extras[cell.id])]
    notebook.cells = cells
    return notebook


def copy_cells(notebook: NotebookNode) -> NotebookNode:
    """A copy of a notebook in which texts and outputs can be replaced. It shares all metadata."""
    return NotebookNode(notebook, cells=[NotebookNode(cell) for cell in notebook.cells])


def answers_of(release: NotebookNode, submission: NotebookNode) -> dict[str, str]:
    """The texts of the solution cells that a submission has, by id, to compare two submissions."""
    pairs = zip(match(release, submission).ids, submission.cells, strict=True)
    solutions = {cell.id for cell in release.cells if is_answer(cell)}
    return {id_: _folded(cell.source) for id_, cell in pairs if id_ in solutions}


def content_of(notebook: NotebookNode) -> str:
    """A fingerprint of a submitted notebook's text, which stays when its chapter changes."""
    return fingerprint(texts=[_folded(cell.source) for cell in notebook.cells])


def _released_id(cell: NotebookNode, released: Container[str]) -> str:
    """The id of the released cell that this is, from nbgrader's id, which older formats keep, or the cell's own."""
    metadata: Any = cell.get("metadata", {}).get("nbgrader")
    grade_id = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return next((id_ for id_ in (grade_id, cell.get("id")) if isinstance(id_, str) and id_ in released), "")


def _folded(source: str) -> str:
    """A text without what editors change in it: kinds of line ends, blanks at their ends, blank lines around it."""
    return "\n".join(_lines(source)).strip()


def _lines(source: str) -> Iterator[str]:
    return (line.rstrip() for line in source.replace("\r\n", "\n").split("\n"))


def _has_code(source: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in source.split("\n"))


def _extra_cell(cell: NotebookNode, number: int) -> NotebookNode:
    """A student's own cell with text and type only, under an id that no released cell has."""
    id_ = f"{EXTRA}{number}"
    if cell.cell_type == "code":
        return nbformat.v4.new_code_cell(cell.source, id=id_)
    return nbformat.v4.new_markdown_cell(cell.source, id=id_)


def is_extra(cell: NotebookNode) -> bool:
    """Whether a cell of a rebuilt notebook is one that the student added."""
    return str(cell.id).startswith(EXTRA)
