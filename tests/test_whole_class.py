"""A class of 60 with every kind of bad input, graded, changed in mid-term and graded again: nobody is lost anywhere."""

from __future__ import annotations

import copy
import csv
import re
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, PROJECT, answer, cell, edit, scratch, shortened, submit
from hostile_cases import FOLDER, read_case, right_answers, write_submission
from nbformat import NotebookNode
from needs import needs_sandbox
from typer.testing import CliRunner

from triptych.build.release import release_chapter
from triptych.cli import app
from triptych.demo import Answers
from triptych.files import remove
from triptych.grade.record import GRADED, NOT_GRADED
from triptych.grade.results.class_list import NOT_SUBMITTED
from triptych.grade.results.lms import CanvasExport, MoodleExport
from triptych.model.course import Course
from triptych.nbgrader_api import gradebook

pytestmark = [pytest.mark.slow, needs_sandbox]

#: Points of the tests before and after the change in mid-term.
FULL, FULL_LATER = 5.0, 7.0
SIZE = 60
BANK = Answers(PROJECT)
EXERCISES = ("mul_jvp", "sum_jvp", "div_jvp")

Make = Callable[[Course, str], object]


def bank(kind: str, number: int = 0) -> dict[str, str]:
    """Answers of the bank to all exercises, as the sample class chooses them."""
    return {exercise: getattr(BANK, kind)(FORWARD, exercise, n + number) for n, exercise in enumerate(EXERCISES)}


def right(course: Course) -> NotebookNode:
    return answer(course, FORWARD, bank("right"))


def strip_ids(notebook: NotebookNode) -> NotebookNode:
    for number, node in enumerate(notebook.cells):
        node.id, node.metadata = f"new{number}", {}
    return notebook


def with_cell(notebook: NotebookNode, node: NotebookNode, place: int = 0) -> NotebookNode:
    notebook.cells.insert(place, node)
    return notebook


def write(path: Path, content: str | bytes | NotebookNode) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = nbformat.writes(content) if isinstance(content, NotebookNode) else content
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def beside(**files: Callable[[Course], NotebookNode]) -> Make:
    """A submission of the untouched notebook and of others beside it."""

    def make(course: Course, student: str) -> None:
        folder = submit(course, student, answer(course, FORWARD, {})).parent
        for name, notebook in files.items():
            write(folder / f"{name}.ipynb", notebook(course))

    return make


def at(place: str) -> Make:
    """Right answers in a place below `submitted/`."""
    return lambda course, student: write(course.submitted / place.format(student), right(course))


def arrived(text: str) -> Make:
    """Right answers with a time of arrival."""
    return lambda course, student: submit(course, student, right(course)).with_name("timestamp.txt").write_text(text)


def raw(content: bytes) -> Make:
    return lambda course, student: write(course.submitted / student / FORWARD / f"{FORWARD}.ipynb", content)


def case(name: str) -> Make:
    """A case of tests/hostile."""
    return lambda course, student: write_submission(
        read_case(FOLDER / f"{name}.py"), course, FORWARD, student, "s01", {}
    )


def unknown(course: Course, student: str) -> None:
    submit(course, student, nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("def f(x):\n    return x")]))


def essay(course: Course, student: str) -> None:
    texts = {**bank("right"), "essay": "In my own words.", "sketch": "y = 7"}
    submit(course, student, with_cell(answer(course, FORWARD, texts), nbformat.v4.new_markdown_cell("A drawing."), -1))


def syntax_error(course: Course, student: str) -> None:
    submit(course, student, answer(course, FORWARD, {**bank("right"), "mul_jvp": "def mul_jvp(x1, dx1 x2, dx2):\n  return 1"}))  # fmt: skip


def exits(course: Course, student: str) -> None:
    submit(course, student, with_cell(right(course), nbformat.v4.new_code_cell("exit()")))


@dataclass(frozen=True)
class Expected:
    """The status of a submission, its part of the full points or nothing of that sort, and words of its remarks."""

    status: str = GRADED
    part: float | None = 1.0
    words: str = ""


NOT = Expected(NOT_GRADED, None)
#: What is handed in, by student; the number is that of the kind of input in the issue.
INPUTS: dict[str, tuple[Make, Expected]] = {
    "1-deep": (case("folders_1500_deep"), Expected(NOT_GRADED, None, "levels deep")),
    "3-no-ids": (lambda course, s: submit(course, s, strip_ids(right(course))), Expected(words="recognised by")),
    "3-copy": (beside(answers=right), Expected(words="answers.ipynb")),
    "3-two-copies": (
        beside(one=right, two=lambda course: answer(course, FORWARD, bank("wrong"))),
        Expected(NOT_GRADED, None, "submit only one"),
    ),
    "3-unknown": (unknown, Expected(NOT_GRADED, None, "none of its cells is recognised")),
    "3-renamed": (at("{}/" + f"{FORWARD}/{FORWARD} (1).ipynb"), Expected(NOT_GRADED, None, "is missing")),
    "4-by-hand": (essay, Expected(words="15 points to be graded by hand")),
    "5-no-chapter": (at("{}/" + f"{FORWARD}.ipynb"), Expected(NOT_GRADED, None, "in no chapter's folder")),
    "5-letters": (at("{}/05_Forward_Mode/x.ipynb"), Expected(NOT_GRADED, None, "not the folder of a chapter")),
    "5-number": (at("{}/5/x.ipynb"), Expected(NOT_GRADED, None, "not the folder of a chapter")),
    "5-swapped": (at(f"{FORWARD}/{{}}/{FORWARD}.ipynb"), Expected(NOT_GRADED, None, "wrong order")),
    "6-exit": (exits, Expected()),
    "6-exit-after": (case("exit_after_the_cell"), Expected()),
    "7-offset": (arrived("2026-10-01 13:30:00 +0200"), Expected()),
    "7-unclear": (arrived("12/01/2026"), Expected(words="no time of arrival")),
    "7-late": (arrived("Fri, 2 Oct 2026 14:30:00 +0200"), Expected()),
    "8-format-4.2": (case("honest_older_format"), Expected()),
    "11-syntax": (syntax_error, Expected(part=None)),
    "12-manual": (lambda course, s: submit(course, s, right(course)), Expected(part=None, words="manual scores")),
    "13-picture": (case("binary_file"), Expected(NOT_GRADED, None, "picture")),
    "13-pdf": (raw(b"%PDF-1.7\n" + bytes(range(256))), Expected(NOT_GRADED, None, "PDF")),
    "13-page": (raw(b"<!DOCTYPE html><html><body>05_forward_mode</body></html>"), NOT),
    "13-truncated": (raw(b'{"cells": [{"cell_type": "code", "source": "x'), NOT),
    "13-empty": (raw(b""), NOT),
    "13-utf-16": (case("utf_16"), Expected()),
    "13-format-3": (case("nbformat_3"), Expected()),
    "13-no-notebook": (case("missing_notebook"), Expected(NOT_GRADED, None, "missing")),
    "untouched": (lambda course, s: submit(course, s, answer(course, FORWARD, {})), Expected(part=0.0)),
    **{f"absent{number}": (lambda *_: None, Expected(NOT_SUBMITTED, None)) for number in range(3)},
}
KINDS = {"right": 1.0, "other_right": 1.0, "half": None, "wrong": None}


def with_bank(number: int) -> tuple[Make, Expected]:
    kind = list(KINDS)[number % len(KINDS)]
    return lambda course, s: submit(course, s, answer(course, FORWARD, bank(kind, number))), Expected(part=KINDS[kind])


CLASS = INPUTS | {f"s{number:02}": with_bank(number) for number in range(SIZE - len(INPUTS))}
#: Not on the roster.
STRANGER = "stranger"


def add_cells(notebook: NotebookNode) -> None:
    """Three exercises, three cells that a person grades, and a region whose end nbgrader takes."""
    shortened(notebook, *EXERCISES)
    test = cell(notebook, "sum_jvp_random_tangents")
    test.source = test.source.replace("### END HIDDEN TESTS", "# END HIDDEN TESTS")
    common = {"locked": False, "schema_version": 3, "solution": True, "grade": True, "task": False}
    for new, fields in (
        (nbformat.v4.new_markdown_cell("A model answer.", id="essay"), {"points": 4}),
        (nbformat.v4.new_code_cell("### BEGIN SOLUTION\ny = 1\n### END SOLUTION", id="sketch"), {"points": 5}),
        (nbformat.v4.new_markdown_cell("Draw it.", id="task"), {"points": 6, "locked": True, "solution": False, "grade": False, "task": True}),
    ):  # fmt: skip
        new.metadata.nbgrader = {**common, "grade_id": new.id, **fields}
        notebook.cells.append(new)


def change(notebook: NotebookNode) -> None:
    """The change in mid-term: a test is renamed, one is removed, and one is added."""
    renamed = cell(notebook, "mul_jvp_arrays")
    renamed.id = renamed.metadata.nbgrader.grade_id = "mul_jvp_of_arrays"
    notebook.cells.remove(cell(notebook, "div_jvp_numerator"))
    place = notebook.cells.index(cell(notebook, "sum_jvp_random_tangents")) + 1
    new = copy.deepcopy(notebook.cells[place - 1])
    new.id = new.metadata.nbgrader.grade_id = "sum_jvp_zero"
    new.metadata.nbgrader.points = 3
    new.source = "### BEGIN HIDDEN TESTS\nassert sum_jvp(0, 0, 0, 0)[0] == 0, 'zero'\n### END HIDDEN TESTS"
    notebook.cells.insert(place, new)


@dataclass
class Outcome:
    """The course after both runs, and what was printed."""

    course: Course
    printed: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, *arguments: str) -> None:
        result = CliRunner().invoke(app, [*arguments, "--course", str(self.course.root)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        self.printed[name] = result.output

    def table(self, name: str) -> list[list[str]]:
        with (self.course.root / name).open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    def grades(self) -> dict[str, dict[str, str]]:
        head, *rows = self.table("grades.csv")
        return {row[head.index("student_id")]: dict(zip(head, row, strict=True)) for row in rows}

    def scores(self, student: str) -> dict[str, tuple[float | None, float | None]]:
        with gradebook(self.course) as book:
            grades = book.find_submission(FORWARD, student).notebooks[0].grades
            return {grade.name: (grade.auto_score, grade.manual_score) for grade in grades}


def write_roster(path: Path) -> None:
    """A class list as a spreadsheet writes it: semicolons, Windows' letters, blanks, empty lines."""
    lines = ["Nachname;Vorname ;Benutzername;E-Mail-Adresse", ";;;"]
    lines += [f"Müller;Zoë {number};  {name} ;{name}@example.org" for number, name in enumerate(CLASS)]
    path.write_bytes("\r\n".join([*lines, "", ";;;", ""]).encode("cp1252"))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    course = scratch(tmp_path_factory.mktemp("sixty") / "course")
    edit(course.notebook(FORWARD), add_cells)
    assert set(right_answers(course, FORWARD)) == {*EXERCISES, "essay", "sketch"}
    release_chapter(course, FORWARD)
    with gradebook(course) as book:
        book.update_or_create_assignment(FORWARD, duedate="2026-10-01 12:00:00 UTC")
    outcome = Outcome(course)
    write_roster(course.root / "roster.csv")
    outcome.run("roster", "roster", "import", str(course.root / "roster.csv"))
    for student, (make, _) in CLASS.items():
        make(course, student)
    raw(b"")(course, STRANGER)
    write(course.submitted / "lost.ipynb", right(course))
    outcome.run("first", "grade")

    with gradebook(course) as book:
        notebook = book.find_submission(FORWARD, "12-manual").notebooks[0]
        for entry in notebook.grades:
            if entry.name in ("mul_jvp_arrays", "sum_jvp_random_tangents"):
                entry.manual_score, entry.needs_manual_grade = {"m": 0.5, "s": 0.0}[entry.name[0]], False
        next(c for c in notebook.comments if c.name == "mul_jvp").manual_comment = "Well done."
        book.db.commit()
    path = course.submitted / "12-manual" / FORWARD / f"{FORWARD}.ipynb"
    write(path, with_cell(right(course), nbformat.v4.new_code_cell("z = 1")))
    edit(course.notebook(FORWARD), change)
    outcome.run("second", "grade")
    outcome.run("report", "report")
    for exporter in (CanvasExport(), MoodleExport()):
        with chdir(course.root), gradebook(course) as book:
            exporter.export(book)
    yield outcome
    remove(course.submitted)  # pytest's own removal recurses


def test_the_roster_of_a_spreadsheet_is_imported(outcome: Outcome) -> None:
    assert len(CLASS) == SIZE
    assert f"{SIZE} students in" in outcome.printed["roster"] and f"{SIZE} new" in outcome.printed["roster"]


def test_every_student_is_in_every_output(outcome: Outcome) -> None:
    everybody = {*CLASS, STRANGER}
    submitted = {name for name, (_, expected) in CLASS.items() if expected.status != NOT_SUBMITTED} | {STRANGER}
    named = {line.partition("  ")[2].partition(": ")[0] for line in outcome.printed["first"].splitlines()}
    assert submitted <= named
    # what is unchanged is not printed again, but what is in a wrong place is listed
    assert submitted <= set(re.findall(r"[\w.-]+", outcome.printed["second"]))
    assert everybody <= set(outcome.printed["report"].split())
    page = unescape((outcome.course.root / "report.html").read_text(encoding="utf-8"))
    assert everybody <= set(re.findall(r"[\w.-]+", re.sub(r"<[^>]*>", " ", page)))
    assert set(outcome.grades()) == everybody
    # learning management systems know the class
    assert {row[3] for row in outcome.table("canvas.csv")[2:]} == set(CLASS)
    assert {row[2] for row in outcome.table("moodle.csv")[1:]} == set(CLASS)


def test_every_result_is_as_expected(outcome: Outcome) -> None:
    grades = outcome.grades()
    canvas = {row[3]: row[5] for row in outcome.table("canvas.csv")[2:]}
    moodle = {row[2]: row[5] for row in outcome.table("moodle.csv")[1:]}
    for student, (_, expected) in CLASS.items():
        row = grades[student]
        assert row["status"] == expected.status, (student, row)
        assert expected.words in row["reason"] + row["notes"], (student, row)
        assert bool(row["reason"]) == (expected.status == NOT_GRADED), (student, row)
        if expected.part is not None:
            assert float(row["score"]) == expected.part * FULL_LATER, (student, row)
        assert (canvas[student], moodle[student]) == ((f"{float(row['score']):.2f}",) * 2 if row["score"] else ("", ""))
    assert {student for student, row in grades.items() if row["status"] == GRADED and not float(row["score"])} <= {
        "untouched",
        *(name for name in CLASS if name.startswith("s")),
    }
    assert grades["7-offset"]["timestamp"] == "2026-10-01 11:30:00"
    assert "late" in outcome.printed["second"].split("7-late: ")[1].split("\n")[0]
    assert float(grades["4-by-hand"]["to_grade"]) == 15


def test_files_that_belong_to_nobody_are_listed(outcome: Outcome) -> None:
    assert "submitted/lost.ipynb is in no student's folder" in outcome.printed["report"]
    listed = {row[0] for row in outcome.table("not_used.csv")[1:]}
    assert {"submitted/lost.ipynb", "submitted/5-no-chapter/05_forward_mode.ipynb"} <= listed


def test_the_change_is_carried_through_score_by_score(outcome: Outcome) -> None:
    assert "mul_jvp_arrays renamed to mul_jvp_of_arrays" in outcome.printed["second"]
    tests = {"mul_jvp_random_tangents": 1, "mul_jvp_of_arrays": 1, "sum_jvp_random_tangents": 1, "sum_jvp_zero": 3}
    automatic = tests | {"div_jvp_both_tangents": 1}
    by_hand = {"mul_jvp_of_arrays": 0.5, "sum_jvp_random_tangents": 0.0}
    scores = outcome.scores("12-manual")
    assert {name: scores[name] for name in automatic} == {n: (p, by_hand.get(n)) for n, p in automatic.items()}
    assert float(outcome.grades()["12-manual"]["score"]) == FULL_LATER - 1.5
    assert {name for name in outcome.scores("s00") if name in automatic} == set(automatic)
    assert "div_jvp_numerator" not in outcome.scores("s00")
    page = (outcome.course.root / "feedback" / "12-manual" / FORWARD / f"{FORWARD}.html").read_text(encoding="utf-8")
    assert "Well done." in page and "set this score by hand" in page
    syntax = (outcome.course.root / "feedback" / "11-syntax" / FORWARD / f"{FORWARD}.html").read_text(encoding="utf-8")
    assert "Your cell mul_jvp, line 1, does not run: SyntaxError" in syntax
