"""What a failing test may say to a student: its sentence word for word, and nothing that was computed."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode

from triptych.grade.results.feedback import NOT_YET, behaviour, clean

SOURCE = """# The product rule.
### BEGIN HIDDEN TESTS
expected = secret_reference(3)
assert result == expected, "Think of the product rule."
### END HIDDEN TESTS"""
SECRETS = frozenset({"expected = secret_reference(3)"})


def failed(name: str, said: str, *trace: str) -> NotebookNode:
    error = nbformat.v4.new_output("error", ename=name, evalue=said, traceback=list(trace))
    marks = {"grade": True, "grade_id": "mul_jvp_rule", "points": 1, "score": 0}
    return nbformat.v4.new_code_cell(SOURCE, id="mul_jvp_rule", outputs=[error], metadata={"nbgrader": marks})


def test_the_sentence_of_the_assertion_is_shown() -> None:
    shown = behaviour(failed("AssertionError", "Think of the product rule."), SECRETS)
    assert (shown.title, shown.message, shown.passed) == ("The product rule.", "Think of the product rule.", False)


@pytest.mark.parametrize("said", ["expected 42.5", "Think of the product rule. 42.5", ""])
def test_a_computed_message_is_not(said: str) -> None:
    shown = behaviour(failed("AssertionError", said, "assert 42.5"), SECRETS)
    assert (shown.message, shown.trace) == (NOT_YET, "")


def test_an_error_of_the_learners_comes_without_lines_of_the_test() -> None:
    shown = behaviour(failed("TypeError", "no", "In[3], line 2", "  expected = secret_reference(3)"), SECRETS)
    assert shown.message == "TypeError: no"
    assert "In[3], line 2" in shown.trace and "secret_reference" not in shown.trace


def test_terminal_codes_are_gone() -> None:
    assert clean("a\x1b[31mb\x9bc\x07\x00d\n", frozenset()) == "abcd\n"
