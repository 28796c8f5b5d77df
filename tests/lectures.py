"""Runs a chapter's code cells from top to bottom in one namespace, with the instructor's answers.

The tests of a chapter's numbers read them from that namespace and from the printed text.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triptych.model.chapter import read_chapter
from triptych.model.course import Course

COURSE = Course(Path(__file__).resolve().parents[1])


@dataclass(frozen=True)
class Lecture:
    """The result of running a chapter: its namespace, and the printed text by cell id."""

    names: dict[str, Any]
    printed: dict[str, str]

    def lines(self, cell: str) -> list[str]:
        """Returns the lines that a cell printed."""
        return self.printed[cell].splitlines()

    def numbers(self, cell: str) -> list[float]:
        """Returns the numbers that a cell printed."""
        return numbers(self.printed[cell])


def numbers(text: str) -> list[float]:
    """Returns the numbers in a text, with or without commas between thousands."""
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?", re.sub(r"(?<=\d),(?=\d{3}\b)", "", text))]


@functools.cache
def run_lecture(chapter_id: str) -> Lecture:
    """Runs all code cells of a chapter, with the instructor's answers, from top to bottom."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    path = COURSE.notebook(chapter_id)
    names: dict[str, Any] = {"__name__": "__main__"}
    printed: dict[str, str] = {}
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        for cell in read_chapter(path).cells:
            if not cell.is_code:
                continue
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                _run(cell.code, f"<cell {cell.id}>", names)
            printed[cell.id] = out.getvalue()
            plt.close("all")
    finally:
        os.chdir(before)
    return Lecture(names, printed)


def _run(code: str, file: str, names: dict[str, Any]) -> None:
    """Runs a cell and prints the value of its last line, as a notebook shows it."""
    body = ast.parse(code).body
    last = body[-1:] if body and isinstance(body[-1], ast.Expr) else []
    exec(compile(ast.Module(body[: len(body) - len(last)], []), file, "exec"), names)
    exec(compile(ast.Interactive(last), file, "single"), names)
