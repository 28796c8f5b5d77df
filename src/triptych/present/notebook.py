"""The notebook of a live deck: made from the student version, and saved with what was typed during the lecture."""

from __future__ import annotations

import html
import itertools
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.build.answer_key import answer_key
from triptych.build.deck_cells import PREDICT
from triptych.build.fonts import font_faces
from triptych.model.cell_options import LOCATION, options_of, without_options
from triptych.model.chapter import Chapter, Role, code_of, headings, read_chapter, without_markers
from triptych.model.course import Course, CourseError, nearest
from triptych.model.slides import EXERCISE, is_picture, slide_type
from triptych.present.ipython_extension import CELLS, LOG

#: Roles of cells whose outputs may be shown before anything has run.
SHOWN_ROLES = (Role.LECTURE, Role.SETUP, Role.STUDENT_SIDE)


@dataclass(frozen=True)
class PresentOptions:
    """Which chapter is presented, and how.

    Attributes:
        chapter: the chapter's name.
        solutions: put the answers into the exercises' cells.
        outputs: show every output from the start.
        classic: use classic RISE on nbclassic.
        dark: use dark colours.
        slide: the number of the slide to begin at; 0 for the first.
        cell: the id of a cell on the slide to begin at, instead of `slide`.
        save_to: the file to which the notebook is saved at the end.
        port: the port to listen at; 0 for any free one.
    """

    chapter: str
    solutions: bool = False
    outputs: bool = False
    classic: bool = False
    dark: bool = False
    slide: int = 0
    cell: str = ""
    save_to: Path | None = None
    port: int = 0


def make_copy(course: Course, options: PresentOptions, folder: Path) -> tuple[Path, int]:
    """Writes `folder/<chapter>` with the notebook to present, its files, and the cells for the kernel's extension.

    Returns:
        The path of the notebook, and the index of the cell to begin at.

    Raises:
        CourseError: the student version is missing or older than its source, the answer key fails, or there is no such
            slide or cell.
    """
    release = course.release / options.chapter
    student_file = release / f"{options.chapter}.ipynb"
    if not student_file.is_file():
        raise CourseError(f"{student_file} is missing: make it with `triptych build {options.chapter}`.")
    source = read_chapter(course.notebook(options.chapter))
    student = nbformat.read(student_file, as_version=4)
    if [cell.id for cell in source.cells if cell.is_code] != [c.id for c in student.cells if c.cell_type == "code"]:
        raise CourseError(f"{student_file} has other cells than its source: run `triptych build {options.chapter}`.")
    key = {cell.id: cell for cell in answer_key(course, options.chapter).cells}
    notebook = live_notebook(course, options, source, student, key)
    first = _first_cell(options, notebook)
    target = folder / options.chapter / student_file.name
    shutil.copytree(release, target.parent, ignore=shutil.ignore_patterns(".*", student_file.name))
    style = target.parent / "rise.css"
    style.write_text(f"{font_faces(course.slides)}\n{style.read_text(encoding='utf-8')}", encoding="utf-8")
    nbformat.write(notebook, target)
    sources = {cell.id: cell.source for cell in notebook.cells}
    cells = [
        {
            "id": cell.id,
            "role": cell.role.value,
            "slide_source": sources[cell.id],
            "key_source": _without_markers(key[cell.id].source),
        }
        for cell in source.cells
        if cell.is_code and cell.role is not Role.TEST
    ]
    (target.parent / CELLS).write_text(json.dumps(cells), encoding="utf-8")
    return target, first


def live_notebook(
    course: Course, options: PresentOptions, source: Chapter, student: NotebookNode, key: dict[str, NotebookNode]
) -> NotebookNode:
    """The source with the stubs and tests of the student version, and the outputs shown before anything has run.

    Code can be edited in every cell, and the cells of all exercises are on slides. A cell whose code is hidden shows
    its output, since nobody can see that there is something to run.

    Args:
        course: the course.
        options: what to present.
        source: the chapter's source.
        student: the student version of the same source.
        key: the cells of the answer key by id.
    """
    plan = course.plans[options.chapter]
    cells = {cell.id: cell for cell in student.cells}
    notebook = nbformat.from_dict({**student, "cells": []})
    for cell in source.cells:
        if not cell.is_code:
            cell.node.metadata |= {"editable": False, "deletable": False}  # protected from an accidental key
            notebook.cells.append(cell.node)
            continue
        node = cells[cell.id]
        text = cell.source if cell.role in SHOWN_ROLES else node.source
        node.source = without_options(code_of(text))  # the kernel's extension fills in answers
        for name in ("editable", "deletable"):  # nbgrader's
            node.metadata.pop(name, None)
        hidden = bool(node.metadata.get("jupyter", {}).get("source_hidden"))
        if cell.role in SHOWN_ROLES and (hidden or options.outputs):
            node.outputs = key[cell.id].outputs
        if cell.role is Role.SOLUTION and options.solutions:
            node.source = _without_markers(key[cell.id].source)
        if cell.role is Role.SOLUTION and cell.slide_type == "skip":
            node.metadata["slideshow"] = {"slide_type": "-"}
            notebook.cells.insert(_heading(notebook, cell.grade_id) + 1, node)
        else:
            notebook.cells.append(node)
    _add_classes(notebook, source, key)
    footer = html.escape(f"{course.title} · {plan.number} {plan.title}")
    notebook.metadata["rise"] = {**notebook.metadata.get("rise", {}), **rise_settings(footer, dark=options.dark)}
    return notebook


def _add_classes(notebook: NotebookNode, source: Chapter, key: dict[str, NotebookNode]) -> None:
    """Marks cells for two columns, and questions. lab.js and classic.js make classes of this metadata for rise.css.

    As on static decks, the picture that follows stands beside code that has no output of its own.
    """
    places = {cell.id: options_of(cell.node).get(LOCATION, "") for cell in source.cells if cell.is_code}
    cells = [cell for cell in notebook.cells if slide_type(cell) not in ("notes", "skip")]
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith(PREDICT):
            cell.metadata["class"] = "predict"
    for code, picture in itertools.pairwise([*cells, nbformat.v4.new_raw_cell()]):
        if "column" not in places.get(code.id, ""):
            continue
        if is_picture(picture) and not key[code.id].get("outputs"):
            code.metadata["class"], picture.metadata["class"] = "code-left", "picture-right"
        else:
            code.metadata["class"] = "output-right"


def _heading(notebook: NotebookNode, exercise: str) -> int:
    """The index of the last Markdown cell with the heading of an exercise, or of the last cell without one."""
    for index, cell in reversed(list(enumerate(notebook.cells))):
        if cell.cell_type == "markdown" and any(
            (match := EXERCISE.match(title)) and match[1] == exercise for title in headings(cell.source)
        ):
            return index
    return len(notebook.cells) - 1


def rise_settings(footer: str, *, dark: bool = False) -> dict[str, Any]:
    """RISE's settings for a live deck, in addition to those in every notebook."""
    return {
        "auto_select": "none",  # lab.js and classic.js select cells
        "footer": footer,
        "margin": 0,
        "scroll": False,  # rise.css makes long slides scroll; with RISE's own setting, every slide is smaller
        "slideNumber": "c/t",
        "theme": "black" if dark else "white",
    }


def _without_markers(source: str) -> str:
    return without_markers(source)


def _first_cell(options: PresentOptions, notebook: NotebookNode) -> int:
    """The index of the cell to begin at. Raises CourseError if there is no such slide or cell."""
    if options.cell:
        ids = [cell.id for cell in notebook.cells]
        if options.cell not in ids:
            raise CourseError(f"{options.chapter} has no cell {options.cell!r}: {nearest(options.cell, ids)}")
        return ids.index(options.cell)
    if options.slide:
        types = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in notebook.cells]
        starts = [i for i, slide_type in enumerate(types) if slide_type in ("slide", "subslide")]
        if not 1 <= options.slide <= len(starts):
            raise CourseError(f"{options.chapter} has no slide {options.slide}: it has slides 1 to {len(starts)}.")
        return starts[options.slide - 1]
    return 0


def check_save_path(course: Course, target: Path | None) -> None:
    """Raises CourseError if the notebook cannot or must not be saved to `target`; None is always fine."""
    if target is None:
        return
    path = target.resolve()
    for folder in (course.source, course.release):
        if path.is_relative_to(folder.resolve()):
            raise CourseError(f"{target} lies in {folder}, which belongs to the course: name a file elsewhere.")
    if target.suffix != ".ipynb":
        raise CourseError(f"{target} is not named like a notebook: give --save-to a name that ends in .ipynb.")
    if target.exists():
        raise CourseError(f"{target} exists and is not overwritten: name another file with --save-to, or move it away.")
    if not path.parent.is_dir():
        raise CourseError(f"{target} cannot be written, {path.parent} is no folder: make it, or name another.")


def save(copy: Path, target: Path) -> None:
    """Writes the live deck's notebook to `target`, as last saved and with the sources that were run since.

    Raises:
        CourseError: `target` exists or cannot be written. The copy is not changed.
    """
    try:
        text = nbformat.writes(with_log(copy), version=4)
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CourseError(
            f"{target} cannot be written ({error.strerror}): the notebook of the live deck is {copy}."
        ) from error


def with_log(copy: Path) -> NotebookNode:
    """The notebook with the sources that were run after it was last saved.

    A cell that the speaker has added and not saved follows the cell that was run before it.
    """
    notebook = nbformat.read(copy, as_version=4)
    log = copy.with_name(LOG)
    previous = ""
    for line in log.read_text(encoding="utf-8").splitlines() if log.is_file() else ():
        entry = json.loads(line)
        ids = [cell.id for cell in notebook.cells]
        if entry["id"] not in ids:
            cell = nbformat.v4.new_code_cell(entry["source"], id=entry["id"])
            notebook.cells.insert(ids.index(previous) + 1 if previous in ids else len(ids), cell)
        elif entry["time"] > copy.stat().st_mtime:
            notebook.cells[ids.index(entry["id"])].source = entry["source"]
        previous = entry["id"]
    return notebook
