"""How a student's notebook shows errors: a failing test as its sentence, others with lines of the notebook only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from triptych.check.fix import course_tools
from triptych.hub.singleuser.validate_notebook import MARKED_LINE
from triptych.text import plain

OPEN = "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
OPEN_METHOD = "class double:\n    def __init__(self, x):\n        raise NotImplementedError()"
WRONG = "def double(x):\n    return 3 * x"
MESSAGE = "Twice three is six: " + 30 * "count again " + "."
TEST = f"x = 3\nassert agree(double(x), 6), {MESSAGE!r}"


class Kernel(InteractiveShell):
    """A shell that looks like that of a notebook, and keeps its last error."""

    kernel = None
    shown: tuple[str, str, list[str]] = ("", "", [])

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        self.shown = etype.__name__, str(evalue), [plain(line) for line in stb]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    patch, folder = pytest.MonkeyPatch(), tmp_path_factory.mktemp("ipython")
    patch.setenv("IPYTHONDIR", str(folder))
    kernel = Kernel()
    patch.setattr("IPython.get_ipython", lambda: kernel)
    assert kernel.run_cell(course_tools()).success
    patch.undo()
    return kernel


def error(kernel: Kernel, *cells: str) -> tuple[str, str, list[str]]:
    """The name, value and traceback of the error in the last of some cells."""
    for cell in cells:
        result = kernel.run_cell(cell)
    assert result.error_in_exec is not None
    return kernel.shown


def test_failing_test_shows_its_sentence(kernel: Kernel) -> None:
    name, value, lines = error(kernel, WRONG, TEST)
    assert (name, value) == ("AssertionError", MESSAGE)
    assert " ".join(map(str.strip, lines)) == f"✗ {MESSAGE}" and max(map(len, lines)) <= 80


@pytest.mark.parametrize(("answer", "place"), [(OPEN, "double"), (OPEN_METHOD, "double.__init__")])
def test_open_answer_is_said_to_be_open(kernel: Kernel, answer: str, place: str) -> None:
    name, value, lines = error(kernel, answer, TEST)
    assert (name, value) == ("NotImplementedError", "")
    sentence = f"○ `{place}` is still open: write your answer in place of `raise NotImplementedError()`."
    assert " ".join(map(str.strip, lines)) == sentence


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("return x / 0", "ZeroDivisionError"),
        ("return np.linalg.inv(np.zeros((x, x)))", "LinAlgError"),
        ("assert x < 0, 'x is not negative'", "AssertionError"),
        ("raise NotImplementedError('no idea')", "NotImplementedError"),
    ],
)
def test_other_errors_show_lines_of_the_notebook(kernel: Kernel, body: str, name: str) -> None:
    shown, _, lines = error(kernel, f"def double(x):\n    {body}", TEST)
    text = "\n".join(lines)
    marked = [match[1] for line in text.split("\n") if (match := MARKED_LINE.match(line.strip()))]
    assert shown == name and marked == [TEST.split("\n")[1], f"    {body}"]
    assert "site-packages" not in text and "show_error" not in text


def test_errors_of_the_magic_show_the_cell(kernel: Kernel) -> None:
    _, _, lines = error(kernel, "%%builds_on double\n1 / 0")
    assert "----> 1 1 / 0" in "\n".join(lines) and "BuildsOn" not in "\n".join(lines)


def test_shell_of_the_grader_is_left_alone(kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    shell.run_cell(course_tools())
    assert shell.custom_exceptions == () and kernel.custom_exceptions == (Exception,)
