"""Reads the hostile and broken submissions in `tests/hostile/` and writes them into a scratch course.

A case is one file: a TOML header with the expected result, a comment, then cells in percent format:

- `# %% answer EXERCISE`: the text of a solution cell
- `# %% extra`: an extra cell at the end; `extra first`, `extra before ID`, `extra after ID`: an extra cell elsewhere
- `# %% file NAME`: a file beside the notebook
- `# %% make`: Python code, run by the tests, that writes the submission if cells are not enough. Its names are
  `notebook` (with answers and extra cells), `folder`, `chapter`, `course`, `honest` (another student) and
  `save(notebook, name=…)`.
"""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from triptych.model.chapter import Role, read_chapter
from triptych.model.course import Course

FOLDER = Path(__file__).parent / "hostile"
KINDS = ("cheat", "leak", "harm", "broken", "honest")


@dataclass(frozen=True)
class Case:
    """A submission and its expected result."""

    name: str
    title: str
    kind: str
    #: "graded" or "not_graded"
    status: str = "graded"
    #: points, or "full"
    score: float | str | None = None
    #: scores of single test cells, where the sum is not enough
    cells: Mapping[str, float] = field(default_factory=dict)
    #: part of the reason if it is not graded
    reason: str | None = None
    #: content of the other solution cells: "stub" or "right" (answers)
    others: str = "stub"
    #: the name of the student's folder, where it matters
    student: str | None = None
    #: texts that neither feedback nor outputs may contain
    must_not_appear: tuple[str, ...] = ()
    #: "root" for a case that only root can make
    needs: str = ""
    #: how many students submit it
    copies: int = 1
    parts: tuple[tuple[str, str], ...] = ()


def read_case(path: Path) -> Case:
    """Reads a case. Raises ValueError if the file does not follow the format above."""
    text = path.read_text(encoding="utf-8")
    match = re.match(r"# /// case\n((?:# .*\n)+?)# ///\n", text)
    if match is None:
        raise ValueError(f"{path} does not begin with a header, # /// case … # ///")
    header = tomllib.loads("".join(line[2:] for line in match[1].splitlines(keepends=True)))
    header["must_not_appear"] = tuple(header.get("must_not_appear", ()))
    pieces = re.split(r"(?m)^# %% (.+)\n", text[match.end() :])
    titles, texts = pieces[1::2], pieces[2::2]
    for title in titles:
        if not re.fullmatch(r"make|answer \w+|file .+|extra( first| (before|after) [\w-]+)?", title):
            raise ValueError(f"{path} has an unknown cell: {title}")
    parts = tuple(zip(titles, (text.strip("\n") for text in texts), strict=True))
    case = Case(name=path.stem, parts=parts, **header)
    graded = case.status == "graded"
    if case.kind not in KINDS or graded != (case.score is not None) or graded == (case.reason is not None):
        raise ValueError(f"{path}: a graded case has a score, one that is not has a reason, each has a kind")
    return case


def all_cases() -> Iterator[Case]:
    """All cases in the order of their names; those with several copies are numbered."""
    for case in map(read_case, sorted(FOLDER.glob("*.py"))):
        if case.copies == 1:
            yield case
        else:
            for number in range(1, case.copies + 1):
                yield replace(case, name=f"{case.name}_{number}", title=f"{case.title} ({number})")


def right_answers(course: Course, chapter: str) -> dict[str, str]:
    """The instructor's solutions by exercise."""
    return {cell.grade_id: cell.source for cell in read_chapter(course.notebook(chapter)).with_role(Role.SOLUTION)}


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """`text` with `@NAME@` replaced by values."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def write_submission(
    case: Case, course: Course, chapter: str, student: str, honest: str, values: Mapping[str, str]
) -> Path:
    """Writes the case's submission and returns its folder.

    Args:
        case: the case.
        course: a course with a released chapter.
        chapter: the chapter that is submitted.
        student: the student who submits it.
        honest: the name of another student.
        values: replacements for `fill_in`.
    """
    notebook = nbformat.read(course.release / chapter / f"{chapter}.ipynb", as_version=4)
    if case.others == "right":
        answer(notebook, right_answers(course, chapter))
    folder = course.submitted / student / chapter
    folder.mkdir(parents=True)

    def save(notebook: NotebookNode, name: str = f"{chapter}.ipynb") -> None:
        (folder / name).write_text(json.dumps(notebook), encoding="utf-8")

    make = "save(notebook)"
    for title, template in case.parts:
        kind, _, place = title.partition(" ")
        text = fill_in(template, values)
        if kind == "make":
            make = text
        elif kind == "answer":
            answer(notebook, {place: text})
        elif kind == "file":
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text + "\n", encoding="utf-8")
        else:
            notebook.cells.insert(_index(notebook, place), nbformat.v4.new_code_cell(text))
    names = {"notebook": notebook, "folder": folder, "chapter": chapter, "course": course, "honest": honest}
    with contextlib.chdir("."):
        exec(compile(make, f"<make {case.name}>", "exec"), {"save": save, **names})
    return folder


def answer(notebook: NotebookNode, texts: Mapping[str, str]) -> None:
    """Replaces the text of solution cells by exercise."""
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    for exercise, text in texts.items():
        cells[exercise].source = text


def _index(notebook: NotebookNode, place: str) -> int:
    if place in ("", "first"):
        return 0 if place else len(notebook.cells)
    side, _, id_ = place.partition(" ")
    return next(n for n, c in enumerate(notebook.cells) if c.id == id_) + (side == "after")
