"""Which lecture cells run while a submission is graded."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, PROJECT, answer
from nbformat import NotebookNode

from triptych.grade.execute.run import execute
from triptych.grade.submission.rebuild import rebuild
from triptych.model.chapter import Role, read_chapter, role_of
from triptych.model.needed import unneeded

LOCKED = {"locked": True, "solution": False, "grade": False, "schema_version": 3}
ANSWER = {"locked": False, "solution": True, "grade": False, "schema_version": 3}


def code(source: str, fields: dict[str, object], id_: str = "x") -> NotebookNode:
    node = nbformat.v4.new_code_cell(source, id=id_)
    if fields:
        node.metadata.nbgrader = {**fields, "grade_id": id_}
    return node


def skipped(lecture: str, student: str, *, extra: str = "") -> bool:
    """Whether one lecture cell does not run, beside an answer and a cell of the student's own."""
    setup = code("import numpy as np\nimport jax", LOCKED, "setup")
    setup.metadata.tags = ["setup"]
    return "lecture" in unneeded(
        [setup, code(lecture, LOCKED, "lecture"), code(student, ANSWER, "f"), code(extra, {}, "own")]
    )


@pytest.mark.parametrize(
    ("lecture", "student"),
    [
        ("y = np.sin(1)", "def f(x):\n    return np.sin(x)"),
        ("x = 3\nprint(x)", "def f(x):\n    y = x\n    return y"),
        ("f(3)", "def f(x):\n    return x"),
        ("def g(Number):\n    Number.__add__ = 1", "class Number: pass"),
        ("%%builds_on f\nshown = f(1)", "def f(x):\n    for _ in range(3):\n        x = x + 1\n    return x"),
    ],
)
def test_cells_that_nothing_depends_on_do_not_run(lecture: str, student: str) -> None:
    assert skipped(lecture, student)


@pytest.mark.parametrize(
    ("lecture", "student"),
    [
        ("rate = 0.1", "def f(x):\n    return rate * x"),
        ("def g(x): return x", "f = lambda x: g(x)"),
        ("from math import tau", "def f(x):\n    return tau * x"),
        ("import math", "def f(x):\n    return math.tau * x"),
        ("def f(x): return 2 * x", "def f(x):\n    return x"),  # it redefines the answer
        ("Number.__add__ = lambda a, b: 5", "class Number: pass"),
        ("Number.rules['sin'] = 5", "class Number:\n    rules = {}"),
        ("setattr(Number, 'sin', 5)", "class Number: pass"),
        ("rules.append(5)", "rules = []"),
        ("del rules[0]", "rules = [1]"),
        ("rules += [5]", "rules = [1]"),
        ("def fill():\n    global rate\n    rate = 5\nfill()", "def f(x):\n    return rate"),
        ("next(numbers)", "numbers = iter([1, 2])"),
        ("rate = 0.1", "class Rates:\n    rate = staticmethod(rate)"),
        ("def g(x): return x", "def f(x):\n    class Rules:\n        g = [g for g in [g]]\n    return Rules"),
    ],
)
def test_cells_that_bind_or_change_what_an_answer_uses_run(lecture: str, student: str) -> None:
    assert not skipped(lecture, student)
    assert not skipped(lecture, "", extra=student)


@pytest.mark.parametrize(
    "student",
    [
        "def f(x):\n    return eval('ra' + 'te')",
        "def f(x):\n    return globals()['ra' 'te']",
        "import sys\nf = sys.modules['__' 'main__']",
        "import sys\nf = getattr(sys, 'modules')",
        "from inspect import currentframe as here",
        "from importlib import import_module",
        "from numpy import *",
        "def f(x):\n    return f.__globals__",
        "from timeit import timeit\nf = timeit('rate', 'from __main__ import rate', number=1)",
        "import doctest",
        "from IPython.core.interactiveshell import InteractiveShell",
        "f = Out",
        "f = _",
        "f = _4",
        "%run other.py",
        "!ls",
        "%%time\nf = 1",
        "def f(x:",
        "f = " + "(" * 300 + ")" * 300,
        "x = 1\x00",
        "%x\n" * 2000,
        "-" * 90_000 + "1",
        "a" + ".b" * 45_000,
        "f" + "()" * 45_000,
        "x = 1\n" * 20_000,
    ],
)
def test_all_cells_run_beside_code_that_may_use_any_name(student: str) -> None:
    assert not skipped("rate = 0.1", student)
    assert not skipped("rate = 0.1", "", extra=student)


def test_a_needed_cell_needs_others() -> None:
    cells = [
        code("a = 1", LOCKED, "first"),
        code("b = a", LOCKED, "second"),
        code("a2 = b", LOCKED, "third"),
        code("def f(): return b", ANSWER, "f"),
    ]
    assert unneeded(cells) == {"third"}


def test_all_cells_run_beside_a_lecture_cell_that_is_not_python() -> None:
    assert not skipped("%matplotlib inline\nrate = 0.1", "f = 1")


def test_only_locked_cells_of_the_course_are_left_out() -> None:
    assert unneeded([code("a = 1", {}, "own"), code("a = 1", LOCKED, "first")]) == set()
    assert unneeded([code("a = 1", {}, "own"), code("b = 1", LOCKED, "first")]) == {"first"}


@pytest.mark.parametrize("chapter", PROJECT.chapters)
def test_most_lecture_cells_of_the_course_need_not_run(chapter: str) -> None:
    cells = [cell for cell in read_chapter(PROJECT.notebook(chapter)).notebook.cells if cell.cell_type == "code"]
    lecture = [cell for cell in cells if role_of(cell) is Role.LECTURE]
    assert len(unneeded(cells)) >= len(lecture) / 2


def test_cells_left_out_have_no_outputs_and_the_results_are_the_same(tmp_path: Path) -> None:
    chapter = read_chapter(PROJECT.notebook(FORWARD))
    release = nbformat.read(PROJECT.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    own = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, square_jvp(x1, dx1)[1]"  # of a lecture cell
    notebook = rebuild(release, answer(PROJECT, FORWARD, {"mul_jvp": own}))
    for name in ("few", "all"):
        (tmp_path / name).mkdir()
    few, all_ = (
        execute(notebook, chapter, folder, all_cells=folder.name == "all").cells
        for folder in (tmp_path / "few", tmp_path / "all")
    )
    assert sum(len(cell.get("outputs", [])) for cell in few) < sum(len(cell.get("outputs", [])) for cell in all_)
    results = [
        [(o.get("ename"), o.get("evalue", o.get("text"))) for c in cells if role_of(c) is Role.TEST for o in c.outputs]
        for cells in (few, all_)
    ]
    assert results[0] == results[1]
    assert not any(name == "NameError" for name, _ in results[0])
