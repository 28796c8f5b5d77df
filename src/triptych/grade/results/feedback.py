"""What a student gets back: own cells, each behaviour with its verdict and sentence, no hidden test.

nbgrader's GenerateFeedback makes the page; this preprocessor gives it something safe to show. It
shows text and PNG pictures alone, so nothing that a student's code has put out can be a script.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import resources as package_resources
from pathlib import Path
from typing import Any, ClassVar

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from triptych.grade.submission.rebuild import EXTRA
from triptych.model.cell_names import assertion_messages
from triptych.model.chapter import Role, exercise_of, headings, hidden_lines, role_of, stub, visible_source

ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # both sets: \x9b begins a terminal code too
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
MESSAGE_LENGTH, TEXT_LENGTH, PICTURE_LENGTH = 300, 10_000, 2_000_000
#: A hidden line shorter than this says nothing (`)`, `else:`) and stands in students' code too.
TELLING = 12
NOT_YET = "This behaviour does not hold yet."


@dataclass(frozen=True)
class Output:
    """One output, as text or as the base64 text of a PNG picture."""

    text: str = ""
    png: str = ""
    error: bool = False


@dataclass(frozen=True)
class Shown:
    """A cell of the student's."""

    source: str
    code: bool
    outputs: list[Output]
    comment: str = ""


@dataclass(frozen=True)
class Behaviour:
    """What a test cell decided."""

    id: str
    title: str
    score: float
    points: float
    message: str = ""
    trace: str = ""
    visible: str = ""

    @property
    def passed(self) -> bool:
        return self.score >= self.points


@dataclass
class Section:
    """An exercise: the student's cells and what its tests decided."""

    id: str
    heading: str
    cells: list[Shown] = field(default_factory=list)
    behaviours: list[Behaviour] = field(default_factory=list)

    @property
    def score(self) -> float:
        return sum(b.score for b in self.behaviours)

    @property
    def points(self) -> float:
        return sum(b.points for b in self.behaviours)


class FeedbackView(NbGraderPreprocessor):  # type: ignore[misc]
    """Puts the feedback's sections into the resources and takes everything else out of the notebook."""

    templates: ClassVar[str] = str(Path(str(package_resources.files("triptych.data"))) / "templates")

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        resources["feedback"] = {
            "title": next((h for cell in nb.cells for h in headings(cell.source)), resources["nbgrader"]["notebook"]),
            "sections": sections(nb),
        }
        nb.cells = []
        return nb, resources


def sections(notebook: NotebookNode) -> list[Section]:
    """The exercises of an autograded notebook, in order; what stands before the first goes first."""
    secrets = secret_lines(notebook)
    exercises = [c.metadata.nbgrader.grade_id for c in notebook.cells if role_of(c) is Role.SOLUTION]
    titles = _titles(notebook, exercises)
    found = [Section("", "Your own cells")]
    by_id: dict[str, Section] = {}
    for cell in notebook.cells:
        role = role_of(cell)
        if role is Role.SOLUTION:
            section = Section(cell.id, titles[cell.id])
            found.append(section)
            by_id[cell.id] = section
            section.cells.append(_shown(cell, secrets))
        elif role is Role.TEST:
            owner = by_id.get(exercise_of(cell.id, by_id) or "", found[-1])
            owner.behaviours.append(behaviour(cell, secrets))
        elif _is_extra(cell):
            found[-1].cells.append(_shown(cell, secrets))
    return [section for section in found if section.cells or section.behaviours]


def secret_lines(notebook: NotebookNode) -> frozenset[str]:
    """The lines of hidden tests that would give something away: long enough, and shown nowhere else."""
    hidden: set[str] = set()
    shown: list[str] = []
    for cell in notebook.cells:
        role = role_of(cell)
        if role is Role.TEST:
            hidden |= {line.strip() for line in hidden_lines(cell.source)}
        if role in (Role.TEST, Role.SETUP, Role.STUDENT_SIDE) or (role is Role.LECTURE and not _is_extra(cell)):
            shown.append(visible_source(cell.source))
        elif role is Role.SOLUTION:  # what a student has written is no news to them
            shown.append(stub(cell.source))
    text = "\n".join(shown)
    return frozenset(line for line in hidden if len(line) >= TELLING and line not in text)


def _is_extra(cell: NotebookNode) -> bool:
    return str(cell.id).startswith(f"{EXTRA}-")


def behaviour(cell: NotebookNode, secrets: frozenset[str]) -> Behaviour:
    """The verdict of a test cell with the one sentence that its assertion carries."""
    marks = cell.metadata.nbgrader
    visible = visible_source(cell.source)
    comments = [line.lstrip("# ").strip() for line in visible.split("\n") if line.startswith("#")]
    title = comments[0] if comments else str(cell.id).replace("_", " ")
    message, trace = "", ""
    score = float(marks.get("score") or 0.0)
    error = next((o for o in cell.outputs if o.output_type == "error"), None)
    if score < float(marks.points):
        message, trace = _explained(error, cell.source, secrets) if error is not None else (NOT_YET, "")
    return Behaviour(str(cell.id), title, score, float(marks.points), message, trace, visible)


def _explained(error: NotebookNode, source: str, secrets: frozenset[str]) -> tuple[str, str]:
    name, said = str(error.get("ename", "")), str(error.get("evalue", ""))
    if name == "AssertionError":
        # Only what stands in the test's source word for word: a computed message may hold expected values.
        return (said if said in assertion_messages(source) else NOT_YET), ""
    first = clean(said, secrets).strip().split("\n")[0][:MESSAGE_LENGTH]
    # without the test's own frames; what is left are lines of the student's cells
    trace = clean("\n".join(map(str, error.get("traceback", []))), secrets)
    return f"{clean(name, secrets)[:60]}: {first}".rstrip(": "), trace[-TEXT_LENGTH:]


def _titles(notebook: NotebookNode, exercises: list[str]) -> dict[str, str]:
    titles = {e: e for e in exercises}
    for cell in notebook.cells:
        for heading in headings(cell.source) if cell.cell_type == "markdown" and role_of(cell) is Role.LECTURE else []:
            for e in exercises:
                if f"`{e}`" in heading and not _is_extra(cell):
                    titles[e] = heading.replace("`", "").replace("●", "").replace("Exercise:", "").strip()
    return titles


def _shown(cell: NotebookNode, secrets: frozenset[str]) -> Shown:
    comment = str(cell.metadata.get("nbgrader", {}).get("comment") or "")
    outputs = [_output(o, secrets) for o in cell.get("outputs", [])][:50]
    source = clean(cell.source, frozenset())[:TEXT_LENGTH]
    return Shown(source, cell.cell_type == "code", [o for o in outputs if o.text or o.png], comment)


def _output(output: NotebookNode, secrets: frozenset[str]) -> Output:
    if output.output_type == "stream":
        return Output(text=clean(str(output.get("text", "")), secrets)[:TEXT_LENGTH])
    if output.output_type == "error":
        trace = "\n".join(map(str, output.get("traceback", []))) or f"{output.get('ename')}: {output.get('evalue')}"
        return Output(text=clean(trace, secrets)[-TEXT_LENGTH:], error=True)
    data = output.get("data", {})
    png = data.get("image/png")
    if isinstance(png, str) and len(png) <= PICTURE_LENGTH and BASE64.fullmatch(png):
        return Output(png="".join(png.split()))
    text = data.get("text/plain", "")
    return Output(text=clean(text, secrets)[:TEXT_LENGTH] if isinstance(text, str) else "")


def clean(text: str, secrets: frozenset[str]) -> str:
    """Text without terminal codes, control characters, and lines that hold a line of a hidden test."""
    text = CONTROL.sub("", ANSI.sub("", text.replace("\r\n", "\n")))
    if not secrets:
        return text
    return "\n".join(line for line in text.split("\n") if not any(secret in line for secret in secrets))
