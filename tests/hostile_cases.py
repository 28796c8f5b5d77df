"""Reads the hostile and broken submissions in `tests/hostile/` and lays them out in a scratch course.

A case is one file: a TOML head that says the verdict, a few words, then cells in percent format:

- `# %% answer EXERCISE`: the text of a solution cell
- `# %% extra`: a cell at the end; `extra first`, `extra before ID`, `extra after ID`: a cell elsewhere
- `# %% file NAME`: a file beside the notebook
- `# %% make`: Python that writes the submission, for what no cell can say. Runs here, with `notebook`
  (answers and extra cells are in it), `folder`, `chapter`, `course`, `honest` (another student) and
  `save(notebook, name=…)`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from triptych.model.chapter import Role, read_chapter
from triptych.model.course import Course

FOLDER = Path(__file__).parent / "hostile"
KINDS = ("cheat", "leak", "harm", "broken", "honest")


@dataclass(frozen=True)
class Case:
    """One submission and the verdict that it must get."""

    name: str
    title: str
    kind: str
    #: "graded" or "not_graded"
    status: str = "graded"
    #: points, or "full"
    score: float | str | None = None
    #: marks of single test cells, where the sum does not say enough
    cells: Mapping[str, float] = field(default_factory=dict)
    #: a part of the reason why it is not graded
    reason: str | None = None
    #: what stands in the solution cells that the case does not answer: the stub, or right answers
    others: str = "stub"
    #: the name of the student's folder, where it matters
    student: str | None = None
    #: what neither feedback nor outputs may show
    must_not_appear: tuple[str, ...] = ()
    #: "root" for what only root can make
    needs: str = ""
    parts: tuple[tuple[str, str], ...] = ()


def read_case(path: Path) -> Case:
    """A case from its file. Raises ValueError when it is not as this module's head says."""
    text = path.read_text(encoding="utf-8")
    match = re.match(r"# /// case\n((?:# .*\n)+?)# ///\n", text)
    if match is None:
        raise ValueError(f"{path} does not begin with a head, # /// case … # ///")
    head = tomllib.loads("".join(line[2:] for line in match[1].splitlines(keepends=True)))
    head["must_not_appear"] = tuple(head.get("must_not_appear", ()))
    pieces = re.split(r"(?m)^# %% (.+)\n", text[match.end() :])
    titles, texts = pieces[1::2], pieces[2::2]
    for title in titles:
        if not re.fullmatch(r"make|answer \w+|file .+|extra( first| (before|after) [\w-]+)?", title):
            raise ValueError(f"{path} has a cell that is none: {title}")
    case = Case(name=path.stem, parts=tuple(zip(titles, (t.strip("\n") for t in texts), strict=True)), **head)
    graded = case.status == "graded"
    if case.kind not in KINDS or graded != (case.score is not None) or graded == (case.reason is not None):
        raise ValueError(f"{path}: a graded case has a score, one that is not has a reason, each has a kind")
    return case


def all_cases() -> list[Case]:
    return [read_case(path) for path in sorted(FOLDER.glob("*.py"))]


def right_answers(course: Course, chapter: str) -> dict[str, str]:
    return {cell.grade_id: cell.source for cell in read_chapter(course.notebook(chapter)).with_role(Role.SOLUTION)}


def filled_in(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def lay_out(case: Case, course: Course, chapter: str, student: str, honest: str, values: Mapping[str, str]) -> Path:
    """Makes the case's submission in `course.submitted`; returns its folder."""
    notebook = nbformat.read(course.release / chapter / f"{chapter}.ipynb", as_version=4)
    if case.others == "right":
        answer(notebook, right_answers(course, chapter))
    folder = course.submitted / student / chapter
    folder.mkdir(parents=True)
    make = None
    for title, raw in case.parts:
        kind, _, where = title.partition(" ")
        text = filled_in(raw, values)
        if kind == "make":
            make = text
        elif kind == "answer":
            answer(notebook, {where: text})
        elif kind == "file":
            (folder / where).parent.mkdir(parents=True, exist_ok=True)
            (folder / where).write_text(text + "\n", encoding="utf-8")
        else:
            notebook.cells.insert(_place(notebook, where), nbformat.v4.new_code_cell(text))

    def save(notebook: NotebookNode, name: str = f"{chapter}.ipynb") -> None:
        (folder / name).write_text(json.dumps(notebook), encoding="utf-8")

    if make is None:
        save(notebook)
    else:
        names = {"notebook": notebook, "folder": folder, "chapter": chapter, "course": course, "honest": honest}
        exec(compile(make, f"<make {case.name}>", "exec"), {"save": save, **names})
    return folder


def answer(notebook: NotebookNode, texts: Mapping[str, str]) -> None:
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    for exercise, text in texts.items():
        cells[exercise].source = text


def _place(notebook: NotebookNode, where: str) -> int:
    if not where:
        return len(notebook.cells)
    if where == "first":
        return 0
    side, _, id_ = where.partition(" ")
    return next(n for n, c in enumerate(notebook.cells) if c.id == id_) + (side == "after")
