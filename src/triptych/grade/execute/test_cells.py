"""What all submissions to a chapter share: its setup cells, run once, and its test cells, compiled."""

from __future__ import annotations

import ast
import contextlib
import copy
import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from triptych.model.cell_names import bound_names
from triptych.model.chapter import BEGIN_HIDDEN, END_HIDDEN, Cell, Chapter, Role

PRINTED_CHARACTERS = 100_000
KEPT = 16  # chapters
MUTABLE = (list, dict, set, np.ndarray)


class SetupError(RuntimeError):
    """A chapter's setup cell fails on the grader's side: one sentence."""


class _Printed(threading.local):
    """What test cells print, for each thread: sys.stdout belongs to all of them."""

    text: list[str] | None = None
    size = 0


_printed = _Printed()


def _print(
    *values: object, sep: str | None = " ", end: str | None = "\n", file: Any = None, flush: bool = False
) -> None:
    """`print` of setup and test cells."""
    if file is not None:
        print(*values, sep=sep, end=end, file=file, flush=flush)
        return
    text = (" " if sep is None else sep).join(map(str, values)) + ("\n" if end is None else end)
    if _printed.text is not None and _printed.size < PRINTED_CHARACTERS:
        _printed.size += len(text)
        _printed.text.append(text[:PRINTED_CHARACTERS])


@contextlib.contextmanager
def printed() -> Iterator[list[str]]:
    """Collects what cells print in the block, in this thread."""
    before = _printed.text, _printed.size
    text: list[str] = []
    _printed.text, _printed.size = text, 0
    try:
        yield text
    finally:
        _printed.text, _printed.size = before


@dataclass(frozen=True)
class TestCell:
    """A test cell as the source chapter has it. `names` come from solution and student-side cells."""

    __test__ = False  # pytest need not look into it

    id: str
    source: str
    code: CodeType
    names: tuple[str, ...]

    @property
    def filename(self) -> str:
        return self.code.co_filename

    def visible_assertion(self, line: int) -> str:
        """The assertion that `line` belongs to, when students may see all of it; else nothing."""
        lines = self.source.split("\n")
        hidden, inside = set(), False
        for number, text in enumerate(lines, 1):
            if text.strip() == BEGIN_HIDDEN:
                inside = True
            if inside:
                hidden.add(number)
            if text.strip() == END_HIDDEN:
                inside = False
        for node in ast.walk(ast.parse(self.source)):
            if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or node.lineno):
                span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                return "" if hidden & set(span) else "\n".join(lines[n - 1] for n in span)
        return ""


class ChapterTests:
    """Setup cells' namespace and compiled test cells of a source chapter.

    Raises SetupError. Use `references` to make it once for many submissions.
    """

    def __init__(self, chapter: Chapter) -> None:
        self._base: dict[str, Any] = {"__name__": "__main__", "print": _print}
        with _beside(chapter.path.parent):
            for cell in chapter.with_role(Role.SETUP):
                try:
                    exec(compile(cell.source, f"<setup {cell.id}>", "exec"), self._base)  # noqa: S102 - the course's own
                except Exception as error:
                    said = f"{type(error).__name__}: {error}"
                    raise SetupError(
                        f"Setup cell {cell.id!r} of {chapter.id} fails where tests run ({said}): fix it in source/."
                    ) from error
        self.answered = _bound(chapter.with_role(Role.SOLUTION, Role.STUDENT_SIDE))
        self.sources = {cell.id: cell.source for cell in chapter.with_role(Role.SETUP, Role.STUDENT_SIDE)}
        self.tests = {
            cell.grade_id: _test_cell(cell, self.answered) for cell in chapter.with_role(Role.TEST) if cell.is_code
        }

    @property
    def setup(self) -> Mapping[str, Any]:
        """What setup cells define. Not to be changed."""
        return self._base

    def namespace(self) -> dict[str, Any]:
        """A fresh copy for one test cell: whatever it or a submission changes, the next one does not see."""
        return {
            name: copy.deepcopy(value) if type(value) in MUTABLE and name != "__builtins__" else value
            for name, value in self._base.items()
        }

    @property
    def shared(self) -> frozenset[int]:
        """Ids of the setup cells' own lists, dicts and arrays, which no submission may change."""
        return frozenset(id(value) for value in self._base.values() if type(value) in MUTABLE)


_kept: dict[str, ChapterTests] = {}
_lock = threading.RLock()


def references(chapter: Chapter) -> ChapterTests:
    """The chapter's ChapterTests, made once for the same cells in the same place. Raises SetupError."""
    parts = [str(chapter.path), *(f"{cell.id}\0{cell.role}\0{cell.source}" for cell in chapter.cells)]
    key = hashlib.sha256("\0\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    with _lock:
        if key not in _kept:
            while len(_kept) >= KEPT:
                del _kept[next(iter(_kept))]
            _kept[key] = ChapterTests(chapter)
        return _kept[key]


def forget_references() -> None:
    """Lets go of all that `references` keeps."""
    with _lock:
        _kept.clear()


def _test_cell(cell: Cell, answered: set[str]) -> TestCell:
    tree = ast.parse(cell.source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    code = compile(cell.source, f"<test {cell.grade_id}>", "exec")
    return TestCell(cell.grade_id, cell.source, code, tuple(sorted(used & answered)))


def _bound(cells: Iterator[Cell]) -> set[str]:
    names: set[str] = set()
    for cell in cells:
        with contextlib.suppress(SyntaxError):  # cell magics: nothing that a test could use
            names |= bound_names(cell.source)
    return names


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[None]:
    """Runs the block in the notebook's folder, where its cells expect their files."""
    with _lock:
        before = Path.cwd()
        if folder.is_dir():
            os.chdir(folder)
        try:
            with printed():
                yield
        finally:
            os.chdir(before)
