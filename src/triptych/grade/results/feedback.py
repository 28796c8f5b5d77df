"""Feedback pages: a student's own cells, and the score and message of each test cell, without hidden tests.

nbgrader's GenerateFeedback calls the exporter here, which renders `feedback.html.j2`; the preprocessor supplies its
content. That is text and PNG pictures only, so no output of a student's code can become a script.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources as package_resources
from pathlib import Path
from typing import Any

import jinja2
from nbconvert.exporters import Exporter
from nbconvert.filters import Highlight2HTML
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from triptych.grade.record import CellScore
from triptych.grade.results.export import is_pending
from triptych.grade.submission.rebuild import defined_names, is_extra
from triptych.model.cell_names import assertion_messages
from triptych.model.chapter import (
    STUB,
    Cell,
    Chapter,
    Role,
    chapter_from,
    exercise_of,
    headings,
    hidden_lines,
    is_answer,
    stub,
    visible_source,
)
from triptych.nbgrader_api import Gradebook
from triptych.text import plain

BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
#: Numbers of characters, and of outputs of a cell, that a page shows.
MESSAGE_LENGTH, TEXT_LENGTH, PICTURE_LENGTH, OUTPUTS = 300, 10_000, 2_000_000, 50
#: Shorter lines of hidden tests (`)`, `else:`) give nothing away and occur in students' code as well.
SECRET_LENGTH = 12
NOT_YET = "This behaviour does not hold yet."
#: What the report says of the tests of an exercise that was not begun.
LEFT_OPEN = "Left open."
#: The comment that nbgrader itself gives to an unchanged answer.
NO_COMMENT = "No response."
#: The end of a trace that leads to the stub of an answer.
STUB_FRAME = re.compile(r"in (\w+): raise NotImplementedError")
BY_HAND = "Your instructor set this score by hand."
UNANSWERED = "This was left open."
#: The line in the message of a SyntaxError, and the marked line in a traceback.
SYNTAX_LINE = re.compile(r" \([^()]*, line (\d+)\)$")
CELL_LINE = re.compile(r"^-+> (\d+) ", re.MULTILINE)


@dataclass(frozen=True)
class Output:
    """An output of a cell: text, or a PNG picture in base64."""

    text: str = ""
    png: str = ""
    is_error: bool = False


@dataclass(frozen=True)
class StudentCell:
    """A solution cell or an extra cell, with the instructor's comment on it."""

    source: str
    is_code: bool
    outputs: list[Output]
    comment: str

    @property
    def is_stub(self) -> bool:
        """Whether it still has the line that stands for the answer."""
        return self.is_code and STUB.split("\n")[-1] in self.source

    @property
    def html(self) -> str:
        """The source of a code cell, escaped and with its syntax marked."""
        page = str(Highlight2HTML(pygments_lexer="python3")(self.source))  # type: ignore[no-untyped-call]
        return page.replace("<pre>", '<pre tabindex="0">', 1)  # it scrolls, so the keyboard must reach it


@dataclass(frozen=True)
class TestResult:
    """The score of a test cell. The message, and the trace through the student's code, explain a failure."""

    id: str
    title: str
    score: float
    points: float
    message: str = ""
    trace: str = ""
    #: whether the score was set by hand, or waits for that
    by_hand: bool = False
    pending: bool = False

    @property
    def passed(self) -> bool:
        return self.score >= self.points and not self.pending

    @property
    def verdict(self) -> str:
        if self.pending:
            return "… to be graded"
        if self.by_hand:
            return "✎ graded by hand"
        return "✓ passed" if self.passed else "✗ not yet"


@dataclass
class Section:
    """An exercise: the student's cells and the results of its test cells."""

    id: str
    heading: str
    cells: list[StudentCell] = field(default_factory=list)
    tests: list[TestResult] = field(default_factory=list)

    @property
    def score(self) -> float:
        return sum(test.score for test in self.tests)

    @property
    def points(self) -> float:
        return sum(test.points for test in self.tests)

    @property
    def is_open(self) -> bool:
        """Whether nothing was answered: the stub is still there, and each test met one."""
        return (
            any(cell.is_stub for cell in self.cells)
            and bool(self.tests)
            and all(STUB_FRAME.search(test.trace) for test in self.tests)
        )


@dataclass(frozen=True)
class Arrival:
    """When a submission arrived, and when it was due."""

    submitted: datetime | None
    due: datetime | None

    @property
    def late(self) -> str:
        """How late it was, in words; empty if it was not."""
        if self.submitted is None or self.due is None or self.submitted <= self.due:
            return ""
        return duration(self.submitted - self.due)


class FeedbackView(NbGraderPreprocessor):  # type: ignore[misc]
    """Replaces the cells of an autograded notebook by the template's data, `resources["feedback"]`."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        _mark_manual_scores(nb, resources["nbgrader"])
        chapter = chapter_from(nb, Path(resources["nbgrader"]["notebook"]))
        title = next(iter(_chapter_headings(chapter)), chapter.id)
        parts = sections(chapter)
        graded = resources["nbgrader"]
        with Gradebook(graded["db_url"]) as book:
            submission = book.find_submission(graded["assignment"], graded["student"])
            arrival = Arrival(submission.timestamp, submission.duedate)
        resources["feedback"] = {"title": title, "sections": parts, "arrival": arrival, "start": where_to_start(parts)}
        resources["feedback"]["style"] = page_style()
        nb.cells = []
        return nb, resources


class FeedbackExporter(Exporter):
    """Writes the page. nbconvert's own exporter of pages loads its template, and parses the result, for each one."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: Any = None, **kwargs: Any
    ) -> tuple[str, MutableMapping[str, Any]]:
        """Returns the page of a notebook, and the resources."""
        _, resources = super().from_notebook_node(nb, resources, **kwargs)
        return render(resources), resources


def render(resources: Any) -> str:
    """The page of what `FeedbackView` has put into the resources."""
    return _template().render(resources=resources)


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates = package_resources.files("triptych.data") / "templates"
    return environment.from_string(templates.joinpath("feedback.html.j2").read_text(encoding="utf-8"))


def _mark_manual_scores(nb: NotebookNode, identity: Any) -> None:
    """Notes in the metadata of graded cells which scores were set by hand and which wait for that."""
    with Gradebook(identity["db_url"]) as book:
        for cell in nb.cells:
            fields = cell.metadata.get("nbgrader", {})
            if fields.get("grade") or fields.get("task"):
                place = (identity["notebook"], identity["assignment"], identity["student"])
                grade = book.find_grade(fields["grade_id"], *place)
                fields.by_hand, fields.pending = grade.manual_score is not None, is_pending(grade)


def sections(chapter: Chapter) -> list[Section]:
    """The exercises of an autograded chapter in order, after a section for extra cells before the first exercise."""
    secrets, chapter_headings = secret_lines(chapter), _chapter_headings(chapter)
    all_sections = [Section("", "Your own cells")]
    exercises: dict[str, Section] = {}
    broken = [c for c in chapter.cells if (is_answer(c.node) or is_extra(c.node)) and _first_error(c) is not None]
    for cell in chapter.cells:
        if cell.role is Role.SOLUTION:
            section = Section(cell.grade_id, _exercise_title(cell.grade_id, chapter_headings))
            exercises[cell.grade_id] = section
            all_sections.append(section)
        elif cell.is_manual:  # a task, answered in the cells after it
            all_sections.append(Section(cell.grade_id, _exercise_title(cell.grade_id, chapter_headings)))
        if cell.role is Role.TEST:
            section = exercises.get(exercise_of(cell.grade_id, exercises) or "", all_sections[-1])
            section.tests.append(explain_test(cell, secrets, broken))
        elif cell.role is Role.SOLUTION or cell.is_manual or is_extra(cell.node):
            all_sections[-1].cells.append(_student_cell(cell, secrets))
        if cell.is_manual:
            all_sections[-1].tests.append(_manual_result(cell))
    return [section for section in all_sections if section.cells or section.tests]


def where_to_start(parts: list[Section]) -> tuple[Section, TestResult | None] | None:
    """Where to go on: the first behaviour that fails, otherwise the first exercise left open."""
    tests = ((part, test) for part in parts if not part.is_open for test in part.tests)
    failed = ((part, test) for part, test in tests if not (test.passed or test.by_hand or test.pending))
    return next(failed, None) or next(((part, None) for part in parts if part.is_open), None)


def messages(chapter: Chapter, scores: Mapping[str, CellScore]) -> dict[str, str]:
    """What feedback says about the failed test cells of an autograded chapter, by their ids.

    Writes `scores` into the chapter's cells.
    """
    tests = {cell.grade_id: cell for cell in chapter.with_role(Role.TEST)}
    for test in tests.keys() & scores.keys():
        tests[test].node.metadata.nbgrader["score"] = scores[test].score
    return {
        test.id: LEFT_OPEN if part.is_open else test.message
        for part in sections(chapter)
        for test in part.tests
        if test.id in tests and not test.passed
    }


def duration(time: timedelta) -> str:
    """A length of time in words, to two units: "2 days 3 h"."""
    minutes = max(1, round(time.total_seconds() / 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = [f"{days} day{'s' if days > 1 else ''}" if days else "", f"{hours} h" if hours else ""]
    return " ".join(filter(None, [*units, f"{minutes} min" if minutes and not days else ""]))


@functools.cache
def page_style() -> str:
    """The style sheet that feedback pages and the report share."""
    return (package_resources.files("triptych.data") / "templates" / "page.css").read_text(encoding="utf-8")


def secret_lines(chapter: Chapter) -> frozenset[str]:
    """The lines of hidden tests that no feedback may show: long ones that students cannot read elsewhere."""
    course = [
        cell for cell in chapter.cells if cell.role not in (Role.NOTES, Role.SOLUTION) and not is_extra(cell.node)
    ]
    tests = tuple(cell.source for cell in course if cell.role is Role.TEST)
    # students may read the stub and their own answer, not the instructor's
    answers = "\n".join(stub(cell.source) for cell in chapter.with_role(Role.SOLUTION))
    secrets = _hidden_in_course(tests, tuple(cell.source for cell in course))
    return frozenset(line for line in secrets if line not in answers)


@functools.lru_cache(maxsize=1)
def _hidden_in_course(tests: tuple[str, ...], sources: tuple[str, ...]) -> frozenset[str]:
    """The long lines of hidden tests that the cells of a chapter do not show, which is the same for each student."""
    hidden = {line.strip() for source in tests for line in hidden_lines(source)}
    text = "\n".join(visible_source(source) for source in sources)
    return frozenset(line for line in hidden if len(line) >= SECRET_LENGTH and line not in text)


def _manual_result(cell: Cell) -> TestResult:
    by_hand, pending = bool(cell.nbgrader.get("by_hand")), bool(cell.nbgrader.get("pending"))
    message = "" if by_hand or pending else UNANSWERED
    score = float(cell.nbgrader.get("score") or 0.0)
    return TestResult(cell.grade_id, "Your own answer", score, cell.points, message, by_hand=by_hand, pending=pending)


def explain_test(cell: Cell, secrets: frozenset[str], broken: Sequence[Cell] = ()) -> TestResult:
    """The result of an autograded test cell.

    Args:
        cell: a test cell with its outputs, and its score in nbgrader's metadata.
        secrets: lines that must not be shown.
        broken: the student's cells that ended with an error.
    """
    score, by_hand = float(cell.nbgrader.get("score") or 0.0), bool(cell.nbgrader.get("by_hand"))
    message, trace = "", ""
    if score < cell.points or by_hand:
        error = _first_error(cell)
        if error is not None:
            message, trace = _explain_error(error, cell.source, secrets)
            if error.get("ename") == "NameError":
                names = set(re.findall(r"'(\w+)'", str(error.get("evalue", ""))))
                causes = [cause for cause in broken if names & defined_names(cause.source)]
                message, trace = (_cause(causes[0], secrets), "") if causes else (message, trace)
        elif not by_hand:
            message = NOT_YET
    if by_hand:
        message = f"{BY_HAND} {f'The test says: {message}' if message else 'The test itself passed.'}"
    return TestResult(cell.grade_id, cell.title, score, cell.points, message, trace, by_hand)


def _first_error(cell: Cell) -> NotebookNode | None:
    return next((output for output in cell.node.get("outputs", []) if output.output_type == "error"), None)


def _cause(cell: Cell, secrets: frozenset[str]) -> str:
    """Why a student's cell has not defined its names: the error that ended it, with its line."""
    error = _first_error(cell) or NotebookNode()
    name, text = clean(str(error.get("ename", "")), secrets)[:60], clean(str(error.get("evalue", "")), secrets)
    text = text.strip().split("\n")[0][:MESSAGE_LENGTH]
    if match := SYNTAX_LINE.search(text):
        text, line = text[: match.start()], match[1]
    else:
        lines = CELL_LINE.findall(clean("\n".join(map(str, error.get("traceback", []))), secrets))
        line = lines[0] if lines else ""
    place = f", line {line}," if line else ""
    return f"Your cell {'' if is_extra(cell.node) else cell.grade_id}{place} does not run: {name}: {text}".rstrip(": ")


def _explain_error(error: NotebookNode, source: str, secrets: frozenset[str]) -> tuple[str, str]:
    name, text = str(error.get("ename", "")), str(error.get("evalue", ""))
    if name == "AssertionError":
        # Only messages that are literals in the test's source: a computed one may contain expected values.
        return (text if text in assertion_messages(source) else NOT_YET), ""
    first_line = clean(text, secrets).strip().split("\n")[0][:MESSAGE_LENGTH]
    # the traceback has no frames of the test itself; the rest are lines of the student's cells
    trace = clean("\n".join(map(str, error.get("traceback", []))), secrets)
    if name == "NotImplementedError" and (frames := STUB_FRAME.findall(trace)):
        return f"{frames[-1]} is still open.", trace[-TEXT_LENGTH:]
    return f"{clean(name, secrets)[:60]}: {first_line}".rstrip(": "), trace[-TEXT_LENGTH:]


def _chapter_headings(chapter: Chapter) -> list[str]:
    cells = [cell for cell in chapter.with_role(Role.LECTURE) if not cell.is_code and not is_extra(cell.node)]
    return [heading for cell in cells for heading in headings(cell.source)]


def _exercise_title(exercise: str, chapter_headings: list[str]) -> str:
    heading = next((heading for heading in chapter_headings if f"`{exercise}`" in heading), exercise)
    return heading.replace("`", "").replace("●", "").replace("Exercise:", "").strip()


def _student_cell(cell: Cell, secrets: frozenset[str]) -> StudentCell:
    outputs = [_output(output, secrets) for output in cell.node.get("outputs", [])[:OUTPUTS]]
    return StudentCell(
        source=clean(cell.source)[:TEXT_LENGTH],
        is_code=cell.is_code,
        outputs=[output for output in outputs if output.text or output.png],
        comment=comment if (comment := str(cell.nbgrader.get("comment") or "")) != NO_COMMENT else "",
    )


def _output(output: NotebookNode, secrets: frozenset[str]) -> Output:
    if output.output_type == "stream":
        return Output(text=clean(str(output.get("text", "")), secrets)[:TEXT_LENGTH])
    if output.output_type == "error":
        trace = "\n".join(map(str, output.get("traceback", []))) or f"{output.get('ename')}: {output.get('evalue')}"
        return Output(text=clean(trace, secrets)[-TEXT_LENGTH:], is_error=True)
    data = output.get("data", {})
    png = data.get("image/png")
    if isinstance(png, str) and len(png) <= PICTURE_LENGTH and BASE64.fullmatch(png):
        return Output(png="".join(png.split()))
    text = data.get("text/plain", "")
    return Output(text=clean(text, secrets)[:TEXT_LENGTH] if isinstance(text, str) else "")


def clean(text: str, secrets: frozenset[str] = frozenset()) -> str:
    """Plain text without the lines that contain one of `secrets`. A carriage return begins a new line."""
    lines = plain(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    return "\n".join(line for line in lines if not any(secret in line for secret in secrets))
