"""Scratch courses for the tests: the project's sources in temporary folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from triptych.build.release import copy_course
from triptych.check.references import BIBLIOGRAPHY
from triptych.model.chapter import Role, role_of
from triptych.model.course import Course

PROJECT = Course(Path(__file__).resolve().parents[1])
FORWARD = "05_forward_mode"


def scratch(target: Path, chapters: Sequence[str] = (FORWARD,)) -> Course:
    """A course with some chapters, their answers in the bank, and the slides' theme."""
    copy_course(PROJECT, target, list(chapters))
    shutil.copyfile(PROJECT.source / BIBLIOGRAPHY, target / "source" / BIBLIOGRAPHY)
    for part in ("template", "theme", "interactive", "vendor"):
        if (PROJECT.slides / part).is_dir():
            (target / "slides").mkdir(exist_ok=True)
            (target / "slides" / part).symlink_to(PROJECT.slides / part)
    for chapter in chapters:
        shutil.copytree(PROJECT.answers / chapter, target / "tests" / "answers" / chapter)
    return Course(target)


def edit(path: Path, change: Callable[[NotebookNode], object]) -> None:
    """Changes a notebook in place, without nbformat's own repairs."""
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def shortened(notebook: NotebookNode, *exercises: str) -> None:
    """Removes all cells but some exercises and the cells that they need, to grade in seconds. Breaks the rules."""
    notebook.cells = [
        cell
        for cell in notebook.cells
        if role_of(cell) in (Role.SETUP, Role.STUDENT_SIDE)
        or any(
            cell.id in (exercise, f"exercise-{exercise}") or cell.id.startswith(f"{exercise}_")
            for exercise in exercises
        )
    ]


def cell(notebook: NotebookNode, id_: str) -> NotebookNode:
    """The cell with an id."""
    return next(c for c in notebook.cells if c.id == id_)


def answer(course: Course, chapter: str, texts: dict[str, str]) -> NotebookNode:
    """The released notebook with `texts` in its solution cells, by exercise."""
    notebook = nbformat.read(course.release / chapter / f"{chapter}.ipynb", as_version=4)
    for id_, text in texts.items():
        cell(notebook, id_).source = text
    return notebook


def submit(course: Course, student: str, notebook: NotebookNode, chapter: str = FORWARD) -> Path:
    """Writes a submission and returns the path of its notebook."""
    path = course.submitted / student / chapter / f"{chapter}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path
