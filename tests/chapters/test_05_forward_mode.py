"""Tests of the statements on the slides of chapter 5, and of its dual numbers against JAX."""

from __future__ import annotations

import importlib
import math
import operator
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lectures import COURSE, Lecture, numbers, run_lecture

from triptych.check.bank import AnswerChecker, failed_tests
from triptych.model.chapter import Chapter, Role, read_chapter, visible_source

CHAPTER = "05_forward_mode"
sys.path.insert(0, str(COURSE.root / "tools" / "figures"))


# --- the worked example -------------------------------------------------------------------------


def test_product_of_jacobians_is_the_gradient(lecture: Lecture, names: dict[str, Any]) -> None:
    x = jnp.array([2.0, 4.0])
    assert names["J_g"] == pytest.approx(jax.jacobian(lambda x: jnp.array([x[0] * x[1], x[1]]))(x))
    assert names["J_h"] == pytest.approx(jax.jacobian(lambda y: y[:1] + y[1:])(jnp.array([8.0, 4.0])))
    assert lecture.printed["our-example-for-two-chapters-code"] == "array([[4., 3.]])\n"
    assert jax.grad(lambda x: x[0] * x[1] + x[1])(x).tolist() == [4.0, 3.0]


def test_jvp_by_two_matrix_vector_products(lecture: Lecture) -> None:
    assert lecture.printed["push-a-vector-never-build-a-matrix-code"] == "array([7.])\n"


@pytest.mark.parametrize(("dx", "expected"), [([1.0, 0.0], (12.0, 4.0)), ([0.0, 1.0], (12.0, 3.0))])
def test_function_jvp_at_2_4(names: dict[str, Any], dx: list[float], expected: tuple[float, float]) -> None:
    assert names["function_jvp"]([2.0, 4.0], dx) == expected


def test_a_contour_line_has_no_slope(names: dict[str, Any]) -> None:
    assert names["function_jvp"]([2.0, 4.0], [3.0, -4.0]) == (12.0, 0.0)


def test_examples_of_the_docstrings(names: dict[str, Any]) -> None:
    assert names["mul_jvp"](2.0, 1.0, 4.0, 0.5) == (8.0, 5.0)
    assert names["sum_jvp"](2.0, 1.0, 4.0, 0.5) == (6.0, 1.5)
    assert names["div_jvp"](6.0, 1.0, 2.0, 0.5) == (3.0, -0.25)
    assert names["jacobian_by_columns"](names["function_jvp"], [2.0, 4.0]).tolist() == [[4.0, 3.0]]
    x = names["Dual"](3.0, 1.0)
    assert pair(x * x + 2) == (11.0, 6.0)
    for function, at, expected in [
        ("sin", (0.0, 2.0), (0.0, 2.0)),
        ("cos", (0.0, 2.0), (1.0, 0.0)),
        ("exp", (0.0, 2.0), (1.0, 2.0)),
        ("log", (1.0, 2.0), (0.0, 2.0)),
        ("sqrt", (4.0, 2.0), (2.0, 0.5)),
    ]:
        assert pair(names[function](names["Dual"](*at))) == expected


def test_chain_of_rules_is_the_chain_rule(names: dict[str, Any]) -> None:
    expected = jax.jvp(lambda x: jnp.sin(x**2), (1.2,), (1.0,))
    assert names["wave_jvp"](1.2, 1.0) == pytest.approx(tuple(map(float, expected)))
    assert float(names["wave_jvp"](1.2, 10.0)[1]) == pytest.approx(10 * float(expected[1]))


def test_operations_of_value_and_sweep(lecture: Lecture) -> None:
    assert lecture.printed["what-a-sweep-costs-code-2"] == "(2, 6)\n"


def test_dual_numbers_as_matrices(lecture: Lecture, names: dict[str, Any]) -> None:
    assert lecture.numbers("is-there-such-a-number-yes-a-matrix-code") == [12.0, 4.0, 0.0, 12.0]
    x1, x2 = names["dual_matrix"](2.0, 0.0), names["dual_matrix"](4.0, 1.0)
    assert (x1 @ x2 + x2)[0].tolist() == [12.0, 3.0]
    epsilon = names["dual_matrix"](0.0, 1.0)
    assert epsilon.any() and not (epsilon @ epsilon).any()


@pytest.mark.parametrize(
    ("cell", "value", "deriv"),
    [
        ("mini-dual-pair", 2.0, 1.0),
        ("mini-dual-sum", 6.0, 1.5),
        ("mini-dual-product", 8.0, 5.0),
        ("mini-dual-left", 5.0, 1.0),
        ("mini-dual-program-2", 12.0, 3.0),
    ],
)
def test_class_built_on_stage(lecture: Lecture, cell: str, value: float, deriv: float) -> None:
    assert lecture.printed[cell].strip() == f"MiniDual(value={value}, deriv={deriv})"


def test_graph_of_the_same_program(lecture: Lecture) -> None:
    graph = lecture.printed["mini-dual-program"]
    assert "x1 · x2 = 8, tangent 4" in graph and "12, tangent 4" in graph


def test_sine_of_a_dual_number_is_that_of_the_rules(lecture: Lecture, names: dict[str, Any]) -> None:
    assert lecture.numbers("mini-dual-sine-2") == pytest.approx(names["wave_jvp"](1.2, 1.0))


def test_square_of_three_and_epsilon(names: dict[str, Any]) -> None:
    x = names["MiniDual"](3.0, 1.0)
    assert pair(x * x) == (9.0, 6.0)


def test_class_built_on_stage_leaves_the_exercise_open(names: dict[str, Any]) -> None:
    x = names["MiniDual"](3.0, 1.0)
    operations: list[Callable[[], Any]] = [lambda: x + 2, lambda: x * 2, lambda: 2 * x, lambda: -x, lambda: x - x]
    for operation in [*operations, lambda: x / x, lambda: x**2, lambda: x > 2, lambda: names["exp"](x)]:
        with pytest.raises((TypeError, AttributeError)):
            operation()


def test_newton_loop_gives_root_and_slope(lecture: Lecture, names: dict[str, Any]) -> None:
    rows = names["rows"]
    assert rows[0] == [1.0, 0.0]
    assert len(rows) == 6
    assert rows[-1] == pytest.approx([math.sqrt(2), 1 / (2 * math.sqrt(2))], rel=1e-14)
    errors = [(abs(v - math.sqrt(2)), abs(d - 1 / (2 * math.sqrt(2)))) for v, d in rows[:5]]
    assert all(later < earlier for (_, earlier), (_, later) in pairwise(errors))
    shown = [numbers(line) for line in lecture.lines("your-engine-at-work-a-loop-code")[1:]]
    assert shown == [[round(number, 9) for number in row] for row in rows]


def test_branches_of_an_if(names: dict[str, Any]) -> None:
    found = {x: pair(names["branches"](names["Dual"](x, 1.0))) for x in (1.0, 1.5, 2.0, 2.5, 3.0)}
    assert {x: slope for x, (_, slope) in found.items()} == {1.0: 3.0, 1.5: 6.75, 2.0: 12.0, 2.5: 5.0, 3.0: 6.0}


def test_forward_mode_is_exact_to_rounding_and_differences_are_not(names: dict[str, Any]) -> None:
    exact = math.cos(1.44) * 2.4
    assert float(jax.grad(lambda x: jnp.sin(x**2))(1.2)) == pytest.approx(exact, rel=1e-14)
    assert abs(names["dual"] - exact) / exact < 5e-16
    errors = abs(names["differences"] / exact - 1)
    assert 1e-8 < errors.min() < 1e-6
    assert 1e-10 <= names["h"][errors.argmin()] <= 1e-7
    assert errors[0] > 1e-3 < errors[-1]


def test_perturbation_confusion_and_the_right_answer(lecture: Lecture) -> None:
    assert lecture.numbers("a-warning-perturbation-confusion-code-2") == [2.0]
    right = jax.grad(lambda x: x * jax.grad(lambda y: x + y)(1.0))(1.0)
    assert float(right) == 1.0


# --- the numbers in the drawings -------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = COURSE.source / CHAPTER / "figures"
drawings = importlib.import_module("forward_mode")


def labels(name: str) -> list[str]:
    """The lines of text in a drawing."""
    texts = ET.parse(FIGURES / f"{name}.svg").getroot().iter(f"{SVG}text")
    return ["".join(text.itertext()).replace("\u200b", "") for text in texts]


def pairs(name: str) -> list[tuple[float, float]]:
    """The numbers of a drawing in the boxes for values and tangents."""
    found = [float(label) for label in labels(name) if re.fullmatch(r"[\d.]+", label)]
    return list(zip(found[::2], found[1::2], strict=True))


@pytest.mark.parametrize("name", drawings.DRAWINGS)
def test_drawing_is_current(name: str) -> None:
    assert (FIGURES / f"{name}.svg").read_text(encoding="utf-8") == drawings.DRAWINGS[name]()


@pytest.mark.parametrize("name", ["chain", "dual_sine"])
def test_drawn_chain_has_the_numbers_of_the_rules(names: dict[str, Any], name: str) -> None:
    middle, last = names["square_jvp"](1.2, 1.0), names["wave_jvp"](1.2, 1.0)
    expected = [(1.2, 1.0), *(tuple(round(float(number), 2) for number in pair_) for pair_ in (middle, last))]
    assert pairs(name) == expected


def test_drawn_operations_of_dual_numbers(names: dict[str, Any]) -> None:
    a, b = names["MiniDual"](2.0, 1.0), names["MiniDual"](4.0, 0.5)
    assert pairs("dual_add") == [pair(a), pair(b), pair(a + b)]
    assert pairs("dual_mul") == [pair(a), pair(b), pair(a * b)]
    assert pairs("dual_radd") == [(2.0, 0.0), (3.0, 1.0), pair(2 + names["MiniDual"](3.0, 1.0))]
    assert pairs("dual_pair") == [(2.0, 1.0), pair(names["MiniDual"](4.0))]
    terms = [label for label in labels("dual_mul") if "·" in label]
    assert [math.prod(map(float, term.split(" · "))) for term in terms] == [8.0, 4.0, 1.0]


def test_drawn_edges_are_the_jacobians(names: dict[str, Any]) -> None:
    slopes, nodes = [float(label) for label in labels("two_steps")[:5]], labels("two_steps")[5:15:2]
    assert slopes == [names["J_g"][0, 0], names["J_g"][0, 1], names["J_g"][1, 1], *names["J_h"][0]]
    assert list(map(float, nodes)) == [2.0, 4.0, 8.0, 4.0, 12.0]


def test_drawn_operations_are_those_counted(lecture: Lecture) -> None:
    shown = labels("cost")
    totals = [int(label) for label in shown if label.isdigit()]
    assert totals == lecture.numbers("what-a-sweep-costs-code-2")
    assert sum(label in "×+" for label in shown) == sum(totals)


@pytest.mark.parametrize(
    ("name", "exercise", "example"),
    [
        ("product", "mul_jvp", (2.0, 1.0, 4.0, 0.5)),
        ("total", "sum_jvp", (2.0, 1.0, 4.0, 0.5)),
        ("quotient", "div_jvp", (6.0, 1.0, 2.0, 0.5)),
    ],
)
def test_drawn_example_is_that_of_the_task(
    names: dict[str, Any], name: str, exercise: str, example: tuple[float, ...]
) -> None:
    shown = {float(label.partition(" = ")[2]) for label in labels(name) if re.search(r"= [\d.]+$", label)}
    assert shown == {*example, 3.0} if exercise == "div_jvp" else shown == set(example)
    task = next(c.source for c in read_chapter(COURSE.notebook(CHAPTER)).cells if c.id == f"exercise-{exercise}")
    call, result = f"{exercise}{example}", names[exercise](*example)
    assert f"`{call}` → `{result}`" in task


def test_examples_of_the_tasks(names: dict[str, Any]) -> None:
    text = "\n".join(c.source for c in read_chapter(COURSE.notebook(CHAPTER)).cells if c.id.startswith("exercise-"))
    found = re.findall(r"`([^`]+)` → `([^`]+)`", text)
    assert len(found) == 10
    for example, result in found:
        shown = eval(example, names)
        assert repr(shown.tolist() if isinstance(shown, np.ndarray) else shown) == result or float(shown) == float(
            result
        )


# --- random programs: Dual against JAX ----------------------------------------------------------


def pair(dual: Any) -> tuple[float, float]:
    return float(dual.value), float(dual.deriv)


#: A program is a list of steps; each names an operation and which earlier results it takes.
UNARY = ("neg", "abs", "square", "cube", "inverse", "root", "sin", "cos", "exp", "log", "sqrt")
BINARY = ("add", "sub", "mul", "div", "pow", "max", "branch")
CONSTANT = ("add_2", "2_sub", "mul_3", "3_div", "2_pow", "np_mul")
STEP = st.tuples(st.sampled_from(UNARY + BINARY + CONSTANT), st.integers(0, 99), st.integers(0, 99))
REAL = st.floats(-2.0, 2.0, allow_subnormal=False).filter(lambda x: abs(x) > 0.05)


def run(steps: list[tuple[str, int, int]], inputs: list[Any], f: dict[str, Callable[[Any], Any]]) -> Any:
    """Runs a random program on Duals or on JAX's numbers; bounded, and away from poles and kinks."""

    def tame(x: Any) -> Any:  # into [0.5, 3.5], smooth
        return 2 + 1.5 * f["sin"](x)

    results = list(inputs)
    for name, i, j in steps:
        a, b = results[i % len(results)], results[j % len(results)]
        results.append(
            {
                "neg": lambda a, b: -a,
                "abs": lambda a, b: abs(a),
                "square": lambda a, b: tame(a) ** 2,
                "cube": lambda a, b: f["sin"](a) ** 3,
                "inverse": lambda a, b: tame(a) ** -1,
                "root": lambda a, b: tame(a) ** 0.5,
                "sin": lambda a, b: f["sin"](a),
                "cos": lambda a, b: f["cos"](a),
                "exp": lambda a, b: f["exp"](f["sin"](a)),
                "log": lambda a, b: f["log"](tame(a)),
                "sqrt": lambda a, b: f["sqrt"](tame(a)),
                "add": operator.add,
                "sub": operator.sub,
                "mul": lambda a, b: f["sin"](a) * b,
                "div": lambda a, b: a / tame(b),
                "pow": lambda a, b: tame(a) ** f["sin"](b),
                "max": max,
                "branch": lambda a, b: a * 0.5 if a <= b else b - 1.5 * a,
                "add_2": lambda a, b: a + 2,
                "2_sub": lambda a, b: 2 - a,
                "mul_3": lambda a, b: 0.3 * a,
                "3_div": lambda a, b: 3 / tame(a),
                "2_pow": lambda a, b: 2 ** f["cos"](a),
                "np_mul": lambda a, b: np.float64(0.75) * a,
            }[name](a, b)
        )
    return results[-1]


@settings(max_examples=60)
@given(
    steps=st.lists(STEP, min_size=3, max_size=12),
    primals=st.lists(REAL, min_size=2, max_size=3),
    tangents=st.lists(REAL, min_size=3, max_size=3),
)
def test_dual_agrees_with_jax_on_random_programs(
    steps: list[tuple[str, int, int]], primals: list[float], tangents: list[float]
) -> None:
    names = run_lecture(CHAPTER).names
    tangents = tangents[: len(primals)]
    functions = ("sin", "cos", "exp", "log", "sqrt")
    ours = run(
        steps,
        [names["Dual"](x, dx) for x, dx in zip(primals, tangents, strict=True)],
        {n: names[n] for n in functions},
    )
    value, deriv = jax.jvp(
        lambda *x: run(steps, list(x), {n: getattr(jnp, n) for n in functions}),
        tuple(primals),
        tuple(tangents),
    )
    assert pair(ours) == pytest.approx((float(value), float(deriv)), rel=1e-9, abs=1e-9)


@settings(max_examples=40)
@given(x=REAL, dx=REAL, exponent=st.sampled_from([-3, -2, -1, 0, 1, 2, 3, 5]))
def test_whole_powers_agree_with_jax(x: float, dx: float, exponent: int) -> None:
    expected = jax.jvp(lambda x: x**exponent, (x,), (dx,))
    result = pair(run_lecture(CHAPTER).names["Dual"](x, dx) ** exponent)
    assert result == pytest.approx(tuple(map(float, expected)), rel=1e-12)


# --- an earlier fault is not counted twice --------------------------------------------------------


@pytest.mark.parametrize(
    "mul_jvp",
    [
        "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx1 + x2 * dx2",
        "def mul_jvp(x1, dx1, x2, dx2):\n    h = 1e-7\n    return x1 * x2, ((x1 + h * dx1) * (x2 + h * dx2) - x1 * x2) / h",
        "def mul_jvp(x1, dx1, x2, dx2):\n    raise NotImplementedError",
    ],
    ids=["factors crossed", "forward difference", "open"],
)
def test_function_jvp_is_graded_apart_from_mul_jvp(mul_jvp: str) -> None:
    chapter = read_chapter(COURSE.notebook(CHAPTER))
    function_jvp = chapter.exercises["function_jvp"]
    verdicts = AnswerChecker(chapter).judge(function_jvp, f"{mul_jvp}\n\n\n{function_jvp.solution.source}")
    assert not failed_tests(verdicts)


def test_an_open_mul_jvp_is_named_in_the_notebook() -> None:
    names = dict(run_lecture(CHAPTER).names)
    chapter = read_chapter(COURSE.notebook(CHAPTER))
    for test in chapter.exercises["function_jvp"].tests:
        exec(function_jvp_with_open_mul_jvp(chapter), names)
        with pytest.raises(AssertionError, match="Fix mul_jvp first"):
            exec(visible_source(test.source), names)


def function_jvp_with_open_mul_jvp(chapter: Chapter) -> str:
    """The cells that define function_jvp in a notebook whose mul_jvp is open."""
    stub = "def mul_jvp(x1, dx1, x2, dx2):\n    raise NotImplementedError\n\n\n"
    helpers = [cell.source for cell in chapter.with_role(Role.STUDENT_SIDE)]
    return stub + "\n\n\n".join([chapter.exercises["function_jvp"].solution.source, *helpers])


def test_every_extra_sweep_is_counted(names: dict[str, Any]) -> None:
    calls = names["counted"](lambda x, dx: (np.zeros(7), np.arange(7.0) * sum(dx)))
    assert names["jacobian_by_columns"](calls, [1.0, 2.0, 3.0]).shape == (7, 3)
    assert calls.calls == 3
