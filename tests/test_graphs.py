"""`show_graph` draws what a program does, whatever the student's class looks like."""

from __future__ import annotations

import re
import runpy
import sys
import unicodedata
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jax.numpy as jnp
import numpy as np
import pytest
from courses import PROJECT
from IPython.core.interactiveshell import InteractiveShell

from triptych.check.bank import read_bank
from triptych.check.fix import course_tools, original
from triptych.data import course_graphs as graphs
from triptych.model.chapter import read_chapter

SVG = "{http://www.w3.org/2000/svg}"


def names_of(exercise: str, chapter: str, answer: str) -> dict[str, Any]:
    """The names that an answer defines, below those of the setup cell."""
    names: dict[str, Any] = {"np": np, "jnp": jnp, "__name__": "__main__"}
    exec(compile(answer, f"<{chapter}: {exercise}>", "exec"), names)
    return names


def solution(chapter: str, *exercises: str) -> dict[str, Any]:
    cells = {cell.id: cell.source for cell in read_chapter(PROJECT.notebook(chapter)).cells}
    return names_of(exercises[0], chapter, "\n\n".join(cells[exercise] for exercise in exercises))


def right_answers(chapter: str, exercise: str) -> list[Any]:
    answers = [answer for answer in read_bank(PROJECT.answers, chapter, exercise) if answer.right]
    return [pytest.param(chapter, exercise, answer.source, id=answer.title) for answer in answers]


SLOTTED = """
class Dual:
    __slots__ = ("deriv", "value")

    def __init__(self, value, deriv):
        self.deriv, self.value = deriv, value

    def __add__(self, other):
        return Dual(self.value + getattr(other, "value", other), self.deriv + getattr(other, "deriv", 0.0))

    def __mul__(self, other):
        value, deriv = (other.value, other.deriv) if type(other) is Dual else (other, 0.0)
        return Dual(self.value * value, self.deriv * value + self.value * deriv)

    __radd__, __rmul__ = __add__, __mul__
"""
SUBCLASS = """
class Number:
    def __init__(self, value, deriv):
        self.value, self.deriv = value, deriv

    def both(self, other):
        return other if isinstance(other, Number) else type(self)(other, 0.0)

    def __add__(self, other):
        other = self.both(other)
        return type(self)(self.value + other.value, self.deriv + other.deriv)

    def __mul__(self, other):
        other = self.both(other)
        return type(self)(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __radd__, __rmul__ = __add__, __mul__


class Dual(Number):
    pass
"""
TUPLE = """
from typing import NamedTuple

class Dual(NamedTuple):
    value: float
    deriv: float

    def __add__(self, other):
        return Dual(self.value + getattr(other, "value", other), self.deriv + getattr(other, "deriv", 0.0))

    def __mul__(self, other):
        value, deriv = getattr(other, "value", other), getattr(other, "deriv", 0.0)
        return Dual(self.value * value, self.deriv * value + self.value * deriv)

    __radd__, __rmul__ = __add__, __mul__
"""
DUALS = [
    *right_answers("05_forward_mode", "dual"),
    *(
        pytest.param("05_forward_mode", "dual", text, id=id_)
        for text, id_ in ((SLOTTED, "slots and type()"), (SUBCLASS, "a subclass"), (TUPLE, "a named tuple"))
    ),
]
VARS = right_answers("06_reverse_mode", "var")


def worked_example(x1: Any, x2: Any) -> Any:
    y = x1 * x2
    return y + x2


def read(graph: graphs.Graph) -> dict[str, tuple[str, float, float, dict[str, list[float]]]]:
    """Formula, value, derivative and local derivatives by the operands, of each node by its name."""
    found = {}
    for node in graph.nodes:
        slopes: dict[str, list[float]] = {}
        for operand, slope in node.slopes:
            slopes.setdefault(operand.name, []).append(float(slope))
        found[node.name] = node.formula, float(node.value), float(node.derivative), slopes
    return found


# --- right answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("chapter", "exercise", "answer"), DUALS)
def test_worked_example_with_duals(chapter: str, exercise: str, answer: str) -> None:
    dual = names_of(exercise, chapter, answer)["Dual"]
    x1, x2 = dual(2.0, 1.0), dual(4.0, 0.0)
    assert read(graphs.program_graph(worked_example, (x1, x2))) == {
        "x1": ("", 2.0, 1.0, {}),
        "x2": ("", 4.0, 0.0, {}),
        "y": ("x1 · x2", 8.0, 4.0, {"x1": [4.0], "x2": [2.0]}),
        "z": ("y + x2", 12.0, 4.0, {"y": [1.0], "x2": [1.0]}),
    }
    assert type(x1) is dual and type(x2) is dual


@pytest.mark.parametrize(("chapter", "exercise", "answer"), VARS)
def test_worked_example_with_vars(chapter: str, exercise: str, answer: str) -> None:
    var = names_of(exercise, chapter, answer)["Var"]
    x1, x2 = var(2.0), var(4.0)
    assert read(graphs.program_graph(worked_example, (x1, x2))) == {
        "x1": ("", 2.0, 4.0, {}),
        "x2": ("", 4.0, 3.0, {}),
        "y": ("x1 · x2", 8.0, 1.0, {"x1": [4.0], "x2": [2.0]}),
        "z": ("y + x2", 12.0, 1.0, {"y": [1.0], "x2": [1.0]}),
    }
    assert type(x1) is var and type(x2) is var


@pytest.mark.parametrize(("chapter", "exercise", "answer"), [*right_answers("05_forward_mode", "dual"), *VARS])
def test_all_operations(chapter: str, exercise: str, answer: str) -> None:
    """Sums, differences, products and quotients, with numbers on either side."""
    kind = names_of(exercise, chapter, answer)["Dual" if exercise == "dual" else "Var"]
    x = kind(2.0, 1.0) if exercise == "dual" else kind(2.0)
    found = read(graphs.program_graph(lambda x: (3 - x) * (1 / x) / (x + 1) - -x * 2, (x,)))
    formulas = [formula for formula, *_ in found.values()]
    assert formulas == ["", "3 − x", "1 / x", "v1 · v2", "x + 1", "v3 / v4", "−x", "v6 · 2", "v5 − v7"]
    slope = 2 - 11 / 36  # of (3 - x) / (x² + x) + 2 x at 2
    assert found["x" if exercise == "var" else "z"][2] == pytest.approx(slope)
    assert found["z"][1] == pytest.approx(1 / 6 + 4)
    assert found["v1"][3] == {"x": [-1.0]}
    assert found["v2"][3] == {"x": [pytest.approx(-0.25)]}


@pytest.mark.parametrize("chapter", ["05_forward_mode", "06_reverse_mode"])
def test_traced_numbers(chapter: str) -> None:
    """After traced(x), show_graph(z) knows how z was computed, and by which variables."""
    kind = solution(chapter, "dual" if "forward" in chapter else "var")["Dual" if "forward" in chapter else "Var"]
    x1, x2 = graphs.traced(*((kind(2.0, 1.0), kind(4.0, 0.0)) if "forward" in chapter else (kind(2.0), kind(4.0))))
    product = x1 * x2
    total = product + x2
    variables = {"_": total, "x1": x1, "x2": x2, "product": product, "total": total, "np": np}
    found = read(graphs.number_graph(total, variables))
    assert {name: formula for name, (formula, *_) in found.items()} == {
        "x1": "", "x2": "", "product": "x1 · x2", "total": "product + x2",
    }  # fmt: skip
    more = total * x1  # traced numbers stay traced
    assert len(graphs.number_graph(more, variables).nodes) == 5
    assert isinstance(more, kind)


def test_backward_sweep_of_the_student_is_kept() -> None:
    var = solution("06_reverse_mode", "var")["Var"]
    x = graphs.traced(var(3.0))
    z = x * x
    z.backward(0.5)
    assert read(graphs.number_graph(z, {"x": x, "z": z})) == {
        "x": ("", 3.0, 3.0, {}),
        "z": ("x · x", 9.0, 0.5, {"x": [3.0, 3.0]}),
    }


@pytest.mark.parametrize("chapter", ["05_forward_mode", "06_reverse_mode"])
def test_number_used_twice_by_one_operation_has_two_edges(chapter: str) -> None:
    names = solution(chapter, "dual" if "forward" in chapter else "var")
    x = names["Dual"](5.0, 1.0) if "forward" in chapter else names["Var"](5.0)
    found = read(graphs.program_graph(lambda x: x * x, (x,)))
    assert found["z"][3] == {"x": [5.0, 5.0]}


def test_shared_subexpression_is_one_node_and_a_chain_is_in_order() -> None:
    dual = solution("05_forward_mode", "dual")["Dual"]

    def program(x: Any) -> Any:
        a = x * x
        b = a + 1
        return a * b + b

    found = read(graphs.program_graph(program, (dual(2.0, 1.0),)))
    assert list(found) == ["x", "a", "b", "v1", "z"]
    assert found["z"] == ("v1 + b", 25.0, 40.0, {"v1": [1.0], "b": [1.0]})


FUNCTIONS = """
def program(x, y):
    return sin(x * y) + square(exp(y))

def square(x):
    return x * x

def both(x, y):
    return x * y, y

def in_two_steps(x, y):
    return total(*both(x, y))

def total(x, y):
    return x + y

def newton(x):
    y = Dual(1.0, 0.0)
    for _ in range(2):
        y = (y + x / y) / 2
    return y

def of_a_list(x):
    return x[0] * x[1] + product(x)

def product(x):
    return x[0] * x[1]
"""


def test_functions_are_nodes() -> None:
    names = solution("05_forward_mode", "dual", "dual_functions")
    exec(FUNCTIONS, names)
    dual = names["Dual"]
    x, y = dual(2.0, 1.0), dual(0.5, 3.0)
    found = read(graphs.program_graph(names["program"], (x, y)))
    assert [formula for formula, *_ in found.values()] == [
        "",
        "",
        "x · y",
        "sin(v1)",
        "exp(y)",
        "square(v3)",
        "v2 + v4",
    ]
    assert found["v2"][3]["v1"] == [pytest.approx(np.cos(1.0))]
    assert found["v4"][3]["v3"] == [pytest.approx(2 * np.exp(0.5))]
    # several results of one function are drawn as they come about
    found = read(graphs.program_graph(names["in_two_steps"], (x, y)))
    assert [formula for formula, *_ in found.values()] == ["", "", "x · y", "total(v1, y)"]
    assert read(graphs.program_graph(names["newton"], (x,)))["v1"] == ("x / 1", 2.0, 1.0, {"x": [1.0], "1": [-2.0]})
    found = read(graphs.program_graph(names["of_a_list"], ([x, y],)))
    assert [formula for formula, *_ in found.values()] == ["", "", "x1 · x2", "x1 · x2", "v1 + v2"]
    assert names["sin"].__name__ == "sin"


def test_several_results() -> None:
    dual = solution("05_forward_mode", "dual")["Dual"]
    graph = graphs.program_graph(lambda x, y: (x * y, 5 * y), (dual(2.0, 1.0), dual(4.0, 0.0)))
    assert graph.results() == ["v1", "v2"]


def test_traced_function() -> None:
    names = solution("05_forward_mode", "dual", "dual_functions")
    x, sin = graphs.traced(names["Dual"](2.0, 1.0), names["sin"])
    w = sin(x) * x
    assert read(graphs.number_graph(w, {"x": x, "w": w}))["v1"][0] == "sin(x)"
    assert sin(0.0) == 0.0


# --- classes that are not finished --------------------------------------------------------------------


class Open:
    def __init__(self, value: float, deriv: float) -> None:
        self.value, self.deriv = value, deriv

    def __mul__(self, other: Any) -> Any:
        """A stub."""

    def __neg__(self) -> Any:
        raise ValueError("not yet\nsecond line")

    def __sub__(self, other: Any) -> Any:
        return Open(self.value - other.value, self.deriv - other.slope)


class Fine(Open):
    def __add__(self, other: Any) -> Any:
        return Fine(self.value + other.value, self.deriv + other.deriv)


def eighty_sums(x: Any) -> Any:
    total = x
    for _ in range(80):
        total = total + x
    return total


def unseen() -> Any:
    x = graphs.traced(Fine(1.0, 1.0))
    return graphs.number_graph(Fine(np.sin(x.value), np.cos(x.value) * x.deriv) + x, {})


REFUSED: list[tuple[str, Callable[[], Any], str]] = [
    ("open", lambda: graphs.program_graph(lambda x: x * 2, (Open(1.0, 1.0),)), "Open · 2 gives None: is this operation still"),
    ("missing", lambda: graphs.program_graph(lambda x: x + 2, (Open(1.0, 1.0),)), "With your Open, this ends in TypeError: unsupp"),
    ("error", lambda: graphs.program_graph(lambda x: -x, (Open(1.0, 1.0),)), "With your Open, this ends in ValueError: not yet: correct the class"),
    ("attribute", lambda: graphs.program_graph(lambda x: x - x, (Open(1.0, 1.0),)), "AttributeError: 'Open' object has no attrib"),
    ("constant", lambda: graphs.program_graph(lambda x: 3.0, (Open(1.0, 1.0),)), "The program gives 3.0, which was not"),
    ("no input", lambda: graphs.program_graph(lambda: 3.0, ()), "A program needs its inputs"),
    ("too few inputs", lambda: graphs.program_graph(worked_example, (Open(1.0, 1.0),)), "cannot be called with these"),
    ("two classes", lambda: graphs.program_graph(worked_example, (Open(1.0, 1.0), Fine(1.0, 1.0))), "numbers of one class"),
    ("not traced", lambda: graphs.number_graph(Open(1.0, 1.0), {}), "This Open does not remember how it was computed"),
    ("not a number", lambda: graphs.number_graph("z", {}), "'z' is not one of them"),
    ("None", lambda: graphs.traced(None), "None is not one of them"),
    ("too large", lambda: graphs.program_graph(eighty_sums, (Fine(1.0, 1.0),)), "The graph has 81 nodes, too many"),
    ("function not seen", unseen, "must be traced too, by sin = traced(sin)"),
]  # fmt: skip


@pytest.mark.parametrize(("draw", "sentence"), [pytest.param(d, s, id=i) for i, d, s in REFUSED])
def test_refusals_are_one_sentence(draw: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(graphs.GraphError) as caught:
        draw()
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sys.getprofile() is None


def test_wrong_numbers_are_drawn_as_they_are() -> None:
    wrong = next(a for a in read_bank(PROJECT.answers, "05_forward_mode", "dual") if "factors crossed" in a.title)
    dual = names_of("dual", "05_forward_mode", wrong.source)["Dual"]
    y = read(graphs.program_graph(worked_example, (dual(2.0, 1.0), dual(4.0, 0.0))))["y"]
    assert y == ("x1 · x2", 8.0, 2.0, {"x1": [2.0], "x2": [4.0]})


# --- the picture --------------------------------------------------------------------------------------


def texts(root: ET.Element, kind: str) -> list[str]:
    elements = [e for e in root.iter(f"{SVG}text") if e.get("class") == kind]
    return ["".join(e.itertext()).replace("\u200b", "") for e in elements]


def picture(chapter: str, steps: bool = False) -> ET.Element:
    if "forward" in chapter:
        dual = solution(chapter, "dual")["Dual"]
        graph = graphs.program_graph(worked_example, (dual(2.0, 1.0), dual(4.0, 0.0)))
    else:
        var = solution(chapter, "var")["Var"]
        graph = graphs.program_graph(worked_example, (var(2.0), var(4.0)))
    return ET.fromstring(graphs.Picture(graph).svg(steps))


@pytest.mark.parametrize("steps", [False, True])
@pytest.mark.parametrize(
    ("chapter", "kind", "derivatives", "colour"),
    [
        ("05_forward_mode", "tangent", ["ẋ1 = 1", "ẋ2 = 0", "ẏ = 4", "ż = 4"], "#0072b2"),
        ("06_reverse_mode", "adjoint", ["x̄1 = 4", "x̄2 = 3", "ȳ = 1", "z̄ = 1"], "#d55e00"),
    ],
)
def test_picture_has_all_numbers(chapter: str, kind: str, derivatives: list[str], colour: str, steps: bool) -> None:
    root = picture(chapter, steps)
    assert root.get("role") == "img"
    assert "y = x1 · x2 = 8" in (root.findtext(f"{SVG}desc") or "")
    visible = [e for e in root.iter() if e.get("display") == "none"]
    for hidden in visible:  # the last state has none of them
        hidden.clear()
    assert texts(root, "value") == ["x1 = 2", "x2 = 4", "y = 8", "z = 12"]
    assert [unicodedata.normalize("NFC", t) for t in texts(root, kind)] == [
        unicodedata.normalize("NFC", t) for t in derivatives
    ]
    assert sorted(texts(root, "slope")) == ["1", "1", "2", "4"]
    assert texts(root, "formula") == ["x1 · x2", "y + x2"]
    groups = [e for e in root.iter(f"{SVG}g") if e.get("class") == f"edge {kind}"]
    assert len(groups) == 4
    assert all(path.get("stroke") in (colour, None) for group in groups for path in group)
    assert min(float(e.get("font-size", "99")) for e in root.iter()) >= 22
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    assert width <= 1150 and height <= 460


def test_colours_are_those_of_the_theme() -> None:
    theme = (PROJECT.slides / "theme" / "triptych.css").read_text(encoding="utf-8")
    colours = set(re.findall(r"#\w{6}", Path(graphs.__file__).read_text(encoding="utf-8")))
    assert colours and all(colour in theme for colour in colours)


def test_steps_in_the_order_of_evaluation() -> None:
    forward, reverse = picture("05_forward_mode", True), picture("06_reverse_mode", True)

    def shown_at(root: ET.Element, kind: str) -> list[str | None]:
        return [
            group.get("data-step")
            for group in root.iter(f"{SVG}g")
            if any(child.get("class") == kind for child in group if child.tag == f"{SVG}text")
            and group.get("class") is None
        ]

    assert shown_at(forward, "tangent") == [None, None, "1", "2"]  # as the lines of the program
    assert shown_at(reverse, "adjoint") == ["4", "3", "2", "1"]
    assert [e.get("data-step") for e in forward.iter() if e.get("display")] == ["0-0", "0-1"]
    assert {e.get("data-lit") for e in reverse.iter(f"{SVG}rect")} >= {"1", "2", "3", "4"}
    assert not [e for e in picture("05_forward_mode").iter() if e.get("data-step") or e.get("data-lit")]


def test_no_label_covers_a_box_or_another_label() -> None:
    names = solution("05_forward_mode", "dual", "dual_functions")
    exec("def program(x, y):\n    return sin(x * y) / x + exp(-x**2) * 2 + x * y", names)
    graph = graphs.program_graph(names["program"], (names["Dual"](1.5, 1.0), names["Dual"](0.3, 0.0)))
    root = ET.fromstring(graphs.Picture(graph).svg())
    rects = [e for e in root.iter(f"{SVG}rect") if e.get("class") != "paper"]
    areas = [[float(e.get(side, 0)) for side in ("x", "y", "width", "height")] for e in rects]
    for i, (x, y, w, h) in enumerate(areas):
        for x2, y2, w2, h2 in areas[:i]:
            assert x + w <= x2 + 1 or x2 + w2 <= x + 1 or y + h <= y2 + 1 or y2 + h2 <= y + 1
    assert len(areas) == len(graph.nodes) + sum(len(node.slopes) for node in graph.nodes)


# --- in a notebook ------------------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """A kernel's shell after the shared setup cell, in a folder like a student's."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course_graphs.py").write_bytes(original(PROJECT, "course_graphs.py"))
    shell = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    shell.shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shell.shown.append(data))
    shell.run_cell(course_tools())
    cells = {cell.id: cell.source for cell in read_chapter(PROJECT.notebook("05_forward_mode")).cells}
    shell.run_cell(cells["dual"])
    return shell


def shows(shell: InteractiveShell, source: str) -> list[dict[str, str]]:
    shell.shown.clear()
    result = shell.run_cell(source)
    assert result.success, result.error_in_exec
    return list(shell.shown)


def test_notebook_shows_an_svg_and_its_description(shell: InteractiveShell) -> None:
    [data] = shows(shell, "def f(x1, x2):\n    return x1 * x2 + x2\n\nshow_graph(f, Dual(2.0, 1.0), Dual(4.0, 0.0))")
    assert ET.fromstring(data["image/svg+xml"]).tag == f"{SVG}svg"
    assert data["text/plain"].startswith("x1 = 2, tangent 1.")
    [data] = shows(shell, "x = traced(Dual(2.0, 1.0))\nw = x * x\nshow_graph(w, steps=True)")
    assert "w = x · x = 4, tangent 4" in data["text/plain"]
    assert "data-step" in data["image/svg+xml"]


def test_error_is_one_sentence_without_a_traceback(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    result = shell.run_cell("show_graph(Dual(2.0, 1.0))")
    assert type(result.error_in_exec).__name__ == "GraphError"
    assert "does not remember" in result.error_in_exec._render_traceback_()[0]
    out = capsys.readouterr().out
    assert "This Dual does not remember" in out
    assert "course_graphs" not in out and "Traceback" not in out


def test_setup_cell_reads_the_file_when_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run outside the sandbox and beside a submission's files, so the setup cell must not read this one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course_graphs.py").write_text("raise SystemExit('read')")
    names: dict[str, Any] = {}
    exec(course_tools(), names)
    with pytest.raises(SystemExit, match="read"):
        names["show_graph"](None)


def test_file_runs_without_the_package() -> None:
    source = resources.files("triptych.data").joinpath("course_graphs.py")
    assert "triptych" not in source.read_text(encoding="utf-8")
    assert "show_graph" in runpy.run_path(str(source))
