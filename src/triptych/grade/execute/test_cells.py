"""What all submissions to a chapter share: its setup cells, run once, and its test cells, compiled."""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import CodeType
from typing import Any

from triptych.fingerprint import fingerprint
from triptych.grade.execute.reference import REFERENCE, References
from triptych.grade.guest.codec import MUTABLE
from triptych.model.cell_names import assertions, bound_names, reads
from triptych.model.chapter import TOOLS_ID, Cell, Chapter, Role, visible_source

PRINTED_CHARACTERS = 100_000


class SetupError(RuntimeError):
    """A setup cell of a chapter fails on the grader's side."""


# --- printing ------------------------------------------------------------------------------------


class _BoundedText(io.StringIO):
    """A text file that drops what is written to it after PRINTED_CHARACTERS."""

    def write(self, text: str, /) -> int:
        if self.tell() <= PRINTED_CHARACTERS:
            super().write(text[: PRINTED_CHARACTERS + 1])
        return len(text)


# For each thread, because `sys.stdout` belongs to all of them.
_printed: ContextVar[_BoundedText | None] = ContextVar("printed", default=None)


def _print(*values: object, file: Any = None, **options: Any) -> None:
    """`print` for setup and test cells."""
    print(*values, file=(_printed.get() or _BoundedText()) if file is None else file, **options)


@contextlib.contextmanager
def captured_prints() -> Iterator[io.StringIO]:
    """Collects what setup and test cells print in the block, in this thread."""
    text = _BoundedText()
    token = _printed.set(text)
    try:
        yield text
    finally:
        _printed.reset(token)


# --- test cells ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class TestCell:
    """A test cell of the source chapter.

    Attributes:
        id: its nbgrader id.
        source: its text, with hidden regions.
        code: the compiled text.
        names: the names that it uses from solution and student-side cells.
    """

    __test__ = False  # not a class of tests for pytest

    id: str
    source: str
    code: CodeType
    names: tuple[str, ...]

    def visible_assertion(self, line: int) -> str:
        """The text of the assertion at a line if students can see all of it in the release, otherwise nothing."""
        for statement in assertions(self.source):
            last = statement.end_lineno or statement.lineno
            if statement.lineno <= line <= last:
                text = "\n".join(self.source.split("\n")[statement.lineno - 1 : last])
                return text if f"\n{text}\n" in f"\n{visible_source(self.source)}\n" else ""
        return ""


class ChapterTests:
    """The namespace of a chapter's setup cells, and its compiled test cells.

    Making it changes the working folder of the process for a moment: use `CHAPTER_TESTS`.

    Args:
        chapter: the source chapter.

    Attributes:
        id: the chapter's id.
        setup: what setup cells define; not to be changed.
        shared: ids of lists, dicts, sets and arrays in `setup`, which no submission may change.
        student_side: the text of the course's cells that run in the student's kernel, by cell id.
        answers: the names that solution cells define.
        read: the names that the course's own functions read when a test calls them in the student's process.
        tests: the test cells by nbgrader id.

    Raises:
        SetupError: a setup cell fails.
    """

    def __init__(self, chapter: Chapter) -> None:
        self.id = chapter.id
        self.setup: Mapping[str, Any] = _run_setup(chapter)
        self.shared = frozenset(id(value) for value in self.setup.values() if type(value) in MUTABLE)
        self.student_side = {cell.id: cell.source for cell in chapter.with_role(Role.SETUP, Role.STUDENT_SIDE)}
        self.answers = _bound_names(chapter.with_role(Role.SOLUTION))
        answered = self.answers | _bound_names(chapter.with_role(Role.STUDENT_SIDE))
        self.tests = {
            cell.grade_id: _test_cell(cell, answered) for cell in chapter.with_role(Role.TEST) if cell.is_code
        }
        self.read = _read_names(chapter) - self.answers

    def namespace(self) -> dict[str, Any]:
        """A copy of the setup namespace for one test cell, so that its changes do not reach the next."""
        return {
            name: copy.deepcopy(value) if type(value) in MUTABLE and name != "__builtins__" else value
            for name, value in self.setup.items()
        }


def _run_setup(chapter: Chapter) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__", "print": _print}
    folder = chapter.path.parent  # setup cells find their files beside the notebook
    with contextlib.chdir(folder) if folder.is_dir() else contextlib.nullcontext():
        for cell in chapter.with_role(Role.SETUP):
            try:
                exec(compile(cell.source, f"<setup {cell.id}>", "exec"), namespace)  # noqa: S102 - the course's own
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                raise SetupError(
                    f"Setup cell {cell.id!r} of {chapter.id} fails where tests run ({reason}): fix it in source/."
                ) from error
    code = getattr(namespace.get(REFERENCE), "__code__", None)
    if code is not None and code.co_filename == f"<setup {TOOLS_ID}>":
        del namespace[REFERENCE]  # or another function could get its id, and so its name
        namespace[REFERENCE] = References(namespace)
    return namespace


def _test_cell(cell: Cell, answered: set[str]) -> TestCell:
    used = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
    code = compile(cell.source, f"<test {cell.grade_id}>", "exec")
    return TestCell(cell.grade_id, cell.source, code, tuple(sorted(used & answered)))


def _read_names(chapter: Chapter) -> set[str]:
    """The course's names that its student-side cells and the objects in its tests read, directly or through others."""
    definitions: dict[str, set[str]] = {}
    for cell in chapter.with_role(Role.SETUP, Role.STUDENT_SIDE):
        with contextlib.suppress(SyntaxError):
            for name, read in reads(cell.source).items():
                definitions[name] = definitions.get(name, set()) | read
    tests = [ast.parse(cell.source) for cell in chapter.with_role(Role.TEST) if cell.is_code]
    used = {node.id for test in tests for node in ast.walk(test) if isinstance(node, ast.Name)}
    found: set[str] = set()
    new = (used | _bound_names(chapter.with_role(Role.STUDENT_SIDE))) & definitions.keys()
    while new:
        new = set().union(*(definitions[name] for name in new)) & definitions.keys() - found
        found |= new
    return found


def _bound_names(cells: Iterator[Cell]) -> set[str]:
    names: set[str] = set()
    for cell in cells:
        with contextlib.suppress(SyntaxError):  # text, and cell magics, define nothing that a test could use
            names |= bound_names(cell.source) if cell.is_code else set()
    return names


class ChapterTestsCache:
    """Keeps the ChapterTests of the last chapters, because setup cells may run for seconds.

    Args:
        max_chapters: how many to keep.
    """

    def __init__(self, max_chapters: int = 16) -> None:
        self._max_chapters = max_chapters
        self._tests: dict[str, ChapterTests] = {}
        self._lock = threading.RLock()

    def get(self, chapter: Chapter) -> ChapterTests:
        """The chapter's ChapterTests; the same object for the same cells in the same place. Raises SetupError."""
        texts = [str(chapter.path), *(f"{cell.id}\0{cell.role}\0{cell.source}" for cell in chapter.cells)]
        key = fingerprint(texts=texts)
        with self._lock:
            if key not in self._tests:
                while len(self._tests) >= self._max_chapters:
                    del self._tests[next(iter(self._tests))]
                self._tests[key] = ChapterTests(chapter)
            return self._tests[key]

    def clear(self) -> None:
        """Releases the memory of all chapters."""
        with self._lock:
            self._tests.clear()


#: The cache of this process. A worker clears it before it grades another chapter.
CHAPTER_TESTS = ChapterTestsCache()
