"""Feedback shows the message of a failed test word for word, and nothing that was computed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import nbformat
import pytest

from triptych.grade.results import feedback
from triptych.grade.results.feedback import (
    BY_HAND,
    LEFT_OPEN,
    NOT_YET,
    Arrival,
    Output,
    Section,
    StudentCell,
    clean,
    explain_test,
    messages,
    sections,
    where_to_start,
)
from triptych.model.chapter import Cell, chapter_from

SOURCE = """# The product rule.
### BEGIN HIDDEN TESTS
expected = secret_reference(3)
assert result == expected, "Think of the product rule."
### END HIDDEN TESTS"""
SECRETS = frozenset({"expected = secret_reference(3)"})


def failed(name: str, message: str, *trace: str, source: str = SOURCE) -> Cell:
    error = nbformat.v4.new_output("error", ename=name, evalue=message, traceback=list(trace))
    nbgrader = {"grade": True, "grade_id": "mul_jvp_rule", "points": 1, "score": 0}
    node = nbformat.v4.new_code_cell(source, id="mul_jvp_rule", outputs=[error], metadata={"nbgrader": nbgrader})
    return chapter_from(nbformat.v4.new_notebook(cells=[node]), Path("chapter.ipynb")).cells[0]


def test_a_literal_assertion_message_is_shown() -> None:
    result = explain_test(failed("AssertionError", "Think of the product rule."), SECRETS)
    assert (result.title, result.message, result.passed) == ("The product rule.", "Think of the product rule.", False)


@pytest.mark.parametrize("message", ["expected 42.5", "Think of the product rule. 42.5", ""])
def test_a_computed_message_is_not_shown(message: str) -> None:
    result = explain_test(failed("AssertionError", message, "assert 42.5"), SECRETS)
    assert (result.message, result.trace) == (NOT_YET, "")


def test_an_error_of_the_students_code_is_shown_without_lines_of_the_test() -> None:
    result = explain_test(failed("TypeError", "no", "In[3], line 2", "  expected = secret_reference(3)"), SECRETS)
    assert result.message == "TypeError: no"
    assert "In[3], line 2" in result.trace and "secret_reference" not in result.trace


def own_cell(source: str, name: str, message: str, *trace: str) -> Cell:
    error = nbformat.v4.new_output("error", ename=name, evalue=message, traceback=list(trace))
    metadata = {"nbgrader": {"solution": True, "grade_id": "mul_jvp"}}
    node = nbformat.v4.new_code_cell(source, id="mul_jvp", outputs=[error], metadata=metadata)
    return chapter_from(nbformat.v4.new_notebook(cells=[node]), Path("chapter.ipynb")).cells[0]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (
            own_cell("def mul_jvp(x:\n    1", "SyntaxError", "'(' was never closed (1234.py, line 1)"),
            "Your cell mul_jvp, line 1, does not run: SyntaxError: '(' was never closed",
        ),
        (
            own_cell("x = 1 / 0\ndef mul_jvp(x):\n    1", "ZeroDivisionError", "division by zero", "----> 1 x = 1 / 0"),
            "Your cell mul_jvp, line 1, does not run: ZeroDivisionError: division by zero",
        ),
        (
            own_cell("def other(x:\n    1", "SyntaxError", "no (1.py, line 1)"),
            "NameError: name 'mul_jvp' is not defined",
        ),
    ],
)
def test_a_missing_name_is_explained_by_the_cell_that_should_define_it(cell: Cell, message: str) -> None:
    test = failed("NameError", "name 'mul_jvp' is not defined")
    assert explain_test(test, SECRETS, [cell]).message == message


def test_a_score_by_hand_reads_truthfully() -> None:
    passing = failed("AssertionError", "Think of the product rule.")
    passing.node.metadata.nbgrader.by_hand = True
    assert explain_test(passing, SECRETS).message == f"{BY_HAND} The test says: Think of the product rule."
    passing.node.outputs = []
    result = explain_test(passing, SECRETS)
    assert (result.message, result.verdict) == (f"{BY_HAND} The test itself passed.", "✎ graded by hand")


@pytest.mark.parametrize(
    ("source", "title"),
    [
        (SOURCE, "The product rule."),
        ("# The product rule,\n# also for arrays.\nx = 1\n# not this", "The product rule, also for arrays."),
        ("### BEGIN HIDDEN TESTS\n# secret\n### END HIDDEN TESTS\n# Shown.", "Shown."),
        ("x = 1", "mul jvp rule"),
    ],
)
def test_the_title_of_a_test_cell_is_its_first_comment_or_its_id(source: str, title: str) -> None:
    assert failed("ValueError", "", source=source).title == title


def test_headings_of_extra_cells_do_not_become_titles() -> None:
    solution = {"nbgrader": {"solution": True, "grade_id": "mul_jvp"}}
    cells = [
        nbformat.v4.new_markdown_cell("# `mul_jvp` is mine", id="extra-1"),
        nbformat.v4.new_markdown_cell("## Exercise: `mul_jvp` ●", id="heading"),
        nbformat.v4.new_code_cell("x = 1", id="mul_jvp", metadata=solution),
    ]
    own, exercise = sections(chapter_from(nbformat.v4.new_notebook(cells=cells), Path("chapter.ipynb")))
    assert (own.heading, exercise.heading) == ("Your own cells", "mul_jvp")
    assert [cell.source for cell in own.cells + exercise.cells] == ["# `mul_jvp` is mine", "x = 1"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\x9bc\x07\x00d\n", "ab�c��d\n"),
        ("\x1b]0;title\x07 \u202eabc \ud800", "�]0;title� �abc �"),
        ("10 %\r20 %\r\nz.\u00a0B. 🧑\u200d💻 ẋ", "10 %\n20 %\nz.\u00a0B. 🧑\u200d💻 ẋ"),
    ],
)
def test_text_is_shown_without_control_characters(text: str, shown: str) -> None:
    assert clean(text) == shown


def exercise(id_: str, answer: str, *errors: str) -> list[nbformat.NotebookNode]:
    """A solution cell and a test cell, which ended with an error whose trace is given; without one it passed."""
    metadata = {"nbgrader": {"solution": True, "grade_id": id_}}
    test = failed("NotImplementedError" if "NotImplemented" in "".join(errors) else "TypeError", "", *errors).node
    test.id = test.metadata.nbgrader.grade_id = f"{id_}_rule"
    if not errors:
        test.outputs, test.metadata.nbgrader.score = [], 1
    return [nbformat.v4.new_code_cell(answer, id=id_, metadata=metadata), test]


STUB_ANSWER = "def g(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
AT_STUB = "In[2], line 3, in g: raise NotImplementedError()"


def test_an_exercise_that_is_left_open_is_said_to_be_open_once() -> None:
    cells = [*exercise("g", STUB_ANSWER, AT_STUB), *exercise("h", "def h(x):\n    return g(x)", AT_STUB)]
    chapter = chapter_from(nbformat.v4.new_notebook(cells=cells), Path("chapter.ipynb"))
    untouched, built_on_it = sections(chapter)
    assert untouched.is_open and not built_on_it.is_open
    assert built_on_it.tests[0].message == "g is still open."
    assert messages(chapter, {}) == {"g_rule": LEFT_OPEN, "h_rule": "g is still open."}


@pytest.mark.parametrize(
    ("cells", "begin"),
    [
        ([*exercise("g", STUB_ANSWER, AT_STUB), *exercise("h", "def h(x): x()", "In[3]")], "h_rule"),
        ([*exercise("h", "def h(x): x"), *exercise("g", STUB_ANSWER, AT_STUB)], "g"),
        (exercise("h", "def h(x): x"), ""),
    ],
)
def test_feedback_says_where_to_go_on(cells: list[nbformat.NotebookNode], begin: str) -> None:
    start = where_to_start(sections(chapter_from(nbformat.v4.new_notebook(cells=cells), Path("chapter.ipynb"))))
    part, test = start or (None, None)
    assert begin == (test.id if test else part.id if part else "")


def test_code_is_highlighted_and_escaped() -> None:
    html = StudentCell('x = "</pre><script>alert(1)</script>"', True, [], "").html
    assert "<script>" not in html and html.count("</pre>") == 1 and 'class="s2"' in html


@pytest.mark.parametrize(
    ("minutes", "words"), [(0.1, "1 min"), (59, "59 min"), (61, "1 h 1 min"), (1440, "1 day"), (3000, "2 days 2 h")]
)
def test_lateness_is_given_in_two_units(minutes: float, words: str) -> None:
    due = datetime(2026, 10, 1, 12)
    assert Arrival(due + timedelta(minutes=minutes), due).late == words
    assert Arrival(due, due).late == Arrival(None, due).late == Arrival(due, None).late == ""


def test_everything_on_the_page_is_escaped() -> None:
    bad = "<script>alert(1)</script>"
    cells = [StudentCell(bad, True, [Output(bad), Output(bad, is_error=True)], bad), StudentCell(bad, False, [], bad)]
    tests = [feedback.TestResult("t", bad, 0.0, 1.0, bad, bad), feedback.TestResult("u", bad, 1.0, 1.0)]
    part = Section("f", bad, cells, tests)
    view = {"title": bad, "sections": [part], "arrival": Arrival(None, None), "start": (part, tests[0]), "style": ""}
    graded = {"student": bad, "score": 1.0, "max_score": 2.0, "late_penalty": None}
    page = feedback._template().render(resources={"feedback": view, "nbgrader": graded})
    assert "<script" not in page and page.count("alert") >= 12
