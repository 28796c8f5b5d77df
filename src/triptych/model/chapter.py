"""A source notebook as exercises and cells with roles.

The only module that reads roles, and what is disabled while answers are graded, from metadata.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.model.cell_names import imported_packages

BEGIN_HIDDEN = "### BEGIN HIDDEN TESTS"
END_HIDDEN = "### END HIDDEN TESTS"
BEGIN_SOLUTION = "### BEGIN SOLUTION"
END_SOLUTION = "### END SOLUTION"

#: The magic that a lecture cell begins with if it needs answers. The ids of their exercises follow.
BUILDS_ON = "%%builds_on"
#: The file beside the notebook with what such cells show in the course's own run.
RECORDING = "recorded.json"

#: The tag of a lecture cell that grading does not run, as it calls what is disabled there.
UNGRADED = "ungraded"

#: The id of the setup cell that all chapters share.
TOOLS_ID = "course-tools"

#: What nbgrader puts in the place of a solution region.
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"

SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")


class Role(StrEnum):
    """The purpose of a cell, which decides where it runs and who sees it."""

    LECTURE = "lecture"
    SETUP = "setup"
    STUDENT_SIDE = "student-side"
    SOLUTION = "solution"
    TEST = "test"
    NOTES = "notes"
    READING = "reading"


#: The roles that a tag of the same name gives to a cell, by the cell's type.
TAGGED = {"code": (Role.SETUP, Role.STUDENT_SIDE), "markdown": (Role.READING,)}


class RegionError(ValueError):
    """A BEGIN marker without its END, or the reverse."""


@dataclass(frozen=True)
class Cell:
    """A cell with its role; `node` is the notebook's own cell."""

    index: int
    role: Role
    node: NotebookNode

    @property
    def id(self) -> str:
        return str(self.node.get("id", ""))

    @property
    def source(self) -> str:
        return str(self.node.source)

    @property
    def code(self) -> str:
        """The source without the line `%%builds_on`."""
        return code_of(self.source)

    @property
    def builds_on(self) -> list[str]:
        """The ids of the exercises on the line `%%builds_on`."""
        return [] if self.code == self.source else self.source.partition("\n")[0].split()[1:]

    @property
    def is_code(self) -> bool:
        return bool(self.node.cell_type == "code")

    @property
    def nbgrader(self) -> dict[str, Any]:
        return dict(self.node.metadata.get("nbgrader", {}))

    @property
    def grade_id(self) -> str:
        return str(self.nbgrader.get("grade_id", ""))

    @property
    def points(self) -> float:
        """The points of a test cell, or of one that a person grades."""
        return float(self.nbgrader.get("points") or 0) if self.role is Role.TEST or self.is_manual else 0.0

    @property
    def is_manual(self) -> bool:
        """Whether a person grades it: an answer with points of its own, or a task."""
        return bool(self.nbgrader.get("task") or (self.nbgrader.get("grade") and self.nbgrader.get("solution")))

    @property
    def title(self) -> str:
        """What a test cell checks: the comment that its visible part begins with, otherwise its id in words."""
        lines = visible_source(self.source).split("\n")
        comment = " ".join(line.lstrip("# ").rstrip() for line in takewhile(lambda line: line.startswith("#"), lines))
        return comment.strip() or (self.grade_id or self.id).replace("_", " ")

    @property
    def tags(self) -> list[str]:
        return list(self.node.metadata.get("tags", []))

    @property
    def slide_type(self) -> str:
        return str(self.node.metadata.get("slideshow", {}).get("slide_type", ""))


@dataclass(frozen=True)
class Exercise:
    """A solution cell with the test cells that judge it."""

    id: str
    solution: Cell
    tests: tuple[Cell, ...]

    @property
    def points(self) -> float:
        return self.solution.points + sum(test.points for test in self.tests)


@dataclass(frozen=True)
class Chapter:
    """A chapter's notebook, read once."""

    id: str
    path: Path
    notebook: NotebookNode
    cells: tuple[Cell, ...]

    def with_role(self, *roles: Role) -> Iterator[Cell]:
        """The cells that have one of the roles, in the notebook's order."""
        return (cell for cell in self.cells if cell.role in roles)

    @property
    def by_hand(self) -> bool:
        """Whether JAX's derivative transforms are disabled while answers to this chapter are graded.

        `triptych check` keeps it equal to `by_hand` in course.toml.
        """
        return self._flag("by_hand")

    @property
    def own_fit(self) -> bool:
        """Whether pyhf's fits are disabled while answers to this chapter are graded. Kept equal as `by_hand` is."""
        return self._flag("own_fit")

    def _flag(self, name: str) -> bool:
        return bool(self.notebook.metadata.get("triptych", {}).get(name, False))

    @cached_property
    def packages(self) -> frozenset[str]:
        """The packages of which its cells import modules, apart from test cells."""
        found = set[str]()
        for cell in self.cells:
            if cell.is_code and cell.role != Role.TEST:
                with contextlib.suppress(SyntaxError):  # a cell with a magic
                    found |= imported_packages(cell.code)
        return frozenset(found)

    @property
    def exercises(self) -> dict[str, Exercise]:
        """The exercises by id, in the notebook's order."""
        solutions = {cell.grade_id: cell for cell in self.with_role(Role.SOLUTION)}
        tests: dict[str, list[Cell]] = {exercise: [] for exercise in solutions}
        for cell in self.with_role(Role.TEST):
            owner = exercise_of(cell.grade_id, solutions)
            if owner is not None:
                tests[owner].append(cell)
        return {e: Exercise(e, solution, tuple(tests[e])) for e, solution in solutions.items()}


def role_of(node: NotebookNode) -> Role:
    """The role of a cell according to its metadata (see the table of roles in docs/developers/architecture.md)."""
    fields = node.metadata.get("nbgrader", {})
    tags = node.metadata.get("tags", [])
    if node.cell_type == "raw":
        return Role.NOTES
    if fields.get("solution"):  # with points, a person grades it
        return Role.SOLUTION
    if fields.get("grade"):
        return Role.TEST
    return next((role for role in TAGGED.get(node.cell_type, ()) if role in tags), Role.LECTURE)


def is_answer(node: NotebookNode) -> bool:
    """Whether a student writes into a cell: a solution cell, or a task that is not locked."""
    fields = node.metadata.get("nbgrader", {})
    return role_of(node) is Role.SOLUTION or bool(fields.get("task") and not fields.get("locked"))


def exercise_of(test_id: str, exercises: Iterable[str]) -> str | None:
    """The exercise that a test cell belongs to: the longest id that its own id extends by `_…`, None without one.

    With the longest, `dual_functions_sin` belongs to `dual_functions` and not to `dual`.
    """
    owners = [e for e in exercises if test_id == e or test_id.startswith(f"{e}_")]
    return max(owners, key=len, default=None)


def read_chapter(path: Path) -> Chapter:
    """Reads a source notebook.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is not JSON.
        nbformat.ValidationError: the file is not a notebook.
    """
    return chapter_from(nbformat.read(path, as_version=4), path)


def chapter_from(notebook: NotebookNode, path: Path) -> Chapter:
    """The chapter of a notebook that has been read from `path`, which gives the chapter its id."""
    cells = tuple(Cell(i, role_of(node), node) for i, node in enumerate(notebook.cells))
    return Chapter(path.stem, path, notebook, cells)


def code_of(source: str) -> str:
    """The source of a code cell without the line `%%builds_on`."""
    first, _, rest = source.partition("\n")
    return rest if first.split()[:1] == [BUILDS_ON] else source


def is_marker(line: str, marker: str) -> bool:
    """Whether a line is the marker of a region for nbgrader, which looks for its words alone."""
    return marker.removeprefix("### ") in line


def without_markers(source: str) -> str:
    """A solution cell without the markers of its region."""
    markers = (BEGIN_SOLUTION, END_SOLUTION)
    return "\n".join(line for line in source.split("\n") if not any(is_marker(line, marker) for marker in markers))


def split_region(source: str, begin: str, end: str) -> tuple[list[str], list[str]]:
    """Splits a cell at the lines `begin` and `end`.

    Returns:
        The lines outside and the lines inside the regions, both without the markers.

    Raises:
        RegionError: the markers are not in pairs.
    """
    outside: list[str] = []
    inside: list[str] = []
    is_open = False
    for line in source.split("\n"):
        if is_marker(line, begin):
            if is_open:
                raise RegionError(f"has {begin!r} twice without {end!r} between them")
            is_open = True
        elif is_marker(line, end):
            if not is_open:
                raise RegionError(f"has {end!r} before any {begin!r}")
            is_open = False
        else:
            (inside if is_open else outside).append(line)
    if is_open:
        raise RegionError(f"has {begin!r} without {end!r}")
    return outside, inside


def visible_source(source: str) -> str:
    """A test cell as a student may see it."""
    outside, _ = split_region(source, BEGIN_HIDDEN, END_HIDDEN)
    return "\n".join(outside).strip("\n")


def hidden_lines(source: str) -> list[str]:
    """The lines of a test cell's hidden regions."""
    return split_region(source, BEGIN_HIDDEN, END_HIDDEN)[1]


def solution_lines(source: str) -> list[str]:
    """The lines of a solution cell's solution regions."""
    return split_region(source, BEGIN_SOLUTION, END_SOLUTION)[1]


def stub(source: str) -> str:
    """A solution cell as nbgrader releases it."""
    lines: list[str] = []
    inside = False
    for line in source.split("\n"):
        if is_marker(line, BEGIN_SOLUTION):
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + stub_line for stub_line in STUB.split("\n")]
        elif is_marker(line, END_SOLUTION):
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def released_source(node: NotebookNode) -> str:
    """A solution cell as nbgrader releases it: without a solution region all of its text is the solution."""
    if any(is_marker(line, BEGIN_SOLUTION) for line in node.source.split("\n")):
        return stub(node.source)
    return STUB if node.cell_type == "code" else TEXT_STUB


def answer_text(source: str) -> str:
    """The answer in a solution cell as a slide shows it: without markers, docstrings and blank lines at its ends."""
    lines = without_markers(source).split("\n")
    documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, documented) and ast.get_docstring(node) is not None and len(node.body) > 1:
            text = node.body[0]
            for number in range(text.lineno - 1, text.end_lineno or text.lineno):
                lines[number] = ""
    return re.sub(r"\n\s*\n(?=[ \t])", "\n", "\n".join(lines)).strip("\n")


def headings(source: str) -> list[str]:
    """The Markdown headings (ATX) of a cell without their `#`. Code fences are ignored."""
    return [heading for _, heading in _headings(source)]


def heading_levels(source: str) -> list[int]:
    """The levels of a cell's Markdown headings, 1 to 6."""
    return [level for level, _ in _headings(source)]


def _headings(source: str) -> list[tuple[int, str]]:
    source = re.sub(r"(?ms)^```.*?^```", "", source)
    return [(len(hashes), text.strip()) for hashes, text in re.findall(r"(?m)^(#{1,6})\s+(.*?)\s*#*\s*$", source)]
