"""Scratch courses for the tests: the project's sources in a folder of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from triptych.build.release import copy_course
from triptych.model.chapter import Role, role_of
from triptych.model.course import Course

PROJECT = Course(Path(__file__).resolve().parents[1])
FORWARD = "05_forward_mode"


def scratch(target: Path, chapters: Sequence[str] = (FORWARD,)) -> Course:
    """A course with some chapters, the look, and the bank."""
    copy_course(PROJECT, target, list(chapters))
    for part in ("template", "theme", "vendor"):
        if (PROJECT.slides / part).is_dir():
            (target / "slides").mkdir(exist_ok=True)
            (target / "slides" / part).symlink_to(PROJECT.slides / part)
    for chapter in chapters:
        shutil.copytree(PROJECT.answers / chapter, target / "tests" / "answers" / chapter)
    return Course(target)


def edit(path: Path, change: Callable[[NotebookNode], object]) -> None:
    """Changes a notebook in place; written as it is, without nbformat's own repairs."""
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def shortened(notebook: NotebookNode, *exercises: str) -> None:
    """Leaves some exercises and what they need, so that it is graded in a moment: the rules do not matter then."""
    notebook.cells = [
        cell
        for cell in notebook.cells
        if role_of(cell) in (Role.SETUP, Role.STUDENT_SIDE)
        or any(cell.id == exercise or cell.id.startswith(f"{exercise}_") for exercise in exercises)
    ]


def cell(notebook: NotebookNode, id_: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.id == id_)


def answer(course: Course, chapter: str, texts: dict[str, str]) -> NotebookNode:
    """The released notebook with `texts` in its solution cells; the source when nothing is released yet."""
    released = course.release / chapter / f"{chapter}.ipynb"
    notebook = nbformat.read(released, as_version=4)
    for id_, text in texts.items():
        cell(notebook, id_).source = text
    return notebook


def submit(course: Course, student: str, notebook: NotebookNode, chapter: str = FORWARD) -> Path:
    folder = course.submitted / student / chapter
    folder.mkdir(parents=True)
    path = folder / f"{chapter}.ipynb"
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path
