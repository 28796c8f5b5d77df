"""Tests of the statements on the slides of chapter 7."""

from __future__ import annotations

import ast
import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lectures import Lecture, numbers


def test_arrays_do_not_change(lecture: Lecture) -> None:
    _, refusal, arrays = lecture.lines("jnp-is-numpy-with-two-surprises-code")
    assert "immutable" in refusal
    assert numbers(arrays) == [0.0, 0.5, 1.0, 7.0, 0.5, 1.0]


def test_small_step_is_lost_in_32_bits(lecture: Lecture) -> None:
    _, wide, narrow = lecture.lines("the-other-surprise-32-bits-until-told-otherwise-code")
    assert numbers(wide) == [64, pytest.approx(2.22e-16, rel=1e-3), 1e-8]
    assert numbers(narrow) == [32, pytest.approx(1.19e-7, rel=2e-3), 0.0]


def test_double_precision_is_on_from_the_start(names: dict[str, Any]) -> None:
    assert names["a"].dtype == jnp.float64


def test_grad_four_times(lecture: Lecture) -> None:
    lines = lecture.lines("grad-four-times-code")
    assert [numbers(line)[1] for line in lines] == [64.0, 48.0, 24.0, 6.0, 0.0]


def test_recorded_gradient_accumulates(lecture: Lecture) -> None:
    program = lecture.printed["the-program-that-jax-wrote-down-code"]
    steps = dict(re.findall(r"(\w):f64\[\] = (.+)", program))
    assert steps["e"] == "add_any 1.0:f64[] d"
    assert steps["d"] == "mul a 1.0:f64[]"
    assert steps["f"] == "mul 1.0:f64[] b"
    assert program.strip().endswith("in (f, e) }")


def test_vector_output_is_refused_and_vmap_does_it(lecture: Lecture) -> None:
    message = lecture.lines("grad-wants-one-number-out-code")
    assert " ".join(message) == "Gradient only defined for scalar-output functions. Output had shape: (9,)."
    grid = np.linspace(-2, 2, 9)
    assert lecture.numbers("grad-wants-one-number-out-code-2") == pytest.approx(3 * grid**2)


def test_vmap_widens_the_step(lecture: Lecture) -> None:
    one, many = lecture.printed["vmap-write-it-for-one-run-it-for-many-code"].split("}\n")[:2]
    assert "f64[] = integer_pow[y=3]" in one
    assert "f64[9] = integer_pow[y=3]" in many


def test_curves_up_to_the_third_derivative(names: dict[str, Any]) -> None:
    x = np.linspace(-2, 2, 201)
    expected = [x**3, 3 * x**2, 6 * x, 6 + 0 * x]
    np.testing.assert_allclose(np.array(names["curves"]), expected, atol=1e-12)


def test_derivatives_through_an_if(lecture: Lecture) -> None:
    lines = [numbers(re.sub("f'+", "", line)) for line in lecture.lines("derivatives-through-an-if-code")]
    assert lines == [[1.0, 3.0, 6.0], [2.0, 12.0, 12.0], [3.0, 6.0, 2.0]]


def test_finite_differences_beside_it(lecture: Lecture, names: dict[str, Any]) -> None:
    _, first, second = lecture.lines("how-far-apart-are-they-code")
    assert numbers(first) == pytest.approx([4.9e-5, -279], rel=2e-3)
    assert numbers(second)[0] < 1e-9
    assert numbers(second)[1] == pytest.approx(names["fd2"].min())
    assert names["spacing"] == pytest.approx(0.007)
    assert names["fd2"].min() < -19_000 and names["fd2"].max() > 19_000
    # without the spacing the second difference would be wrong by the factor that the spacing is
    away = names["some"][20]
    assert np.gradient(names["fd1"])[away] == pytest.approx(names["fd2"][away] * 0.007)


def test_jit_calls_python_once(lecture: Lecture, names: dict[str, Any]) -> None:
    last, _ = lecture.lines("jit-compile-what-was-recorded-code")
    assert numbers(last) == pytest.approx([1000, 2**0.5])
    assert len(names["tracings"]) == 1


def test_tracers_cannot_be_asked(lecture: Lecture) -> None:
    lines = lecture.lines("and-so-it-cannot-ask-questions-code")
    assert lines[0] == "TracerBoolConversionError"
    assert lines[2] == "TracerBoolConversionError under vmap, too"


def test_where_and_cond_agree(lecture: Lecture) -> None:
    lines = lecture.lines("the-cure-make-the-decision-a-step-of-the-program-code")
    expected = [*np.sin([0.5, 0.9]), 1.0, *np.cos([0.5, 0.9]), 0.0]
    for line in lines:
        assert numbers(line) == pytest.approx(expected, abs=1e-7)


def test_nan_from_the_side_not_taken(lecture: Lecture) -> None:
    trap, safe = lecture.lines("a-trap-nan-from-the-side-not-taken-code")
    assert trap.split() == ["value", "0.0", "slope", "nan"]
    assert safe.split() == ["value", "0.0", "slope", "0.0"]


# --- JAX and one's own engines, the same numbers ---------------------------------------------------


def test_jvp_beside_duals(lecture: Lecture) -> None:
    results = [numbers(line) for line in lecture.lines("jax-jvp-is-your-dual-number-code")]
    assert [r[2:] for r in results] == [[12.0, 4.0] * 2, [12.0, 3.0] * 2, [12.0, 0.6] * 2]


def test_vjp_beside_function_vjp(lecture: Lecture) -> None:
    one, other, value = lecture.lines("jax-vjp-is-your-backward-sweep-code")
    assert numbers(one) == [1.0, 4.0, 3.0, 4.0, 3.0]
    assert numbers(other) == [2.5, 10.0, 7.5, 10.0, 7.5]
    assert numbers(value) == [12.0, 4.0, 3.0]


def test_linearize_beside_duals(lecture: Lecture) -> None:
    *pushed, linear, runs = lecture.lines("jax-linearize-is-the-differential-itself-code")
    assert [numbers(line)[2:] for line in pushed] == [[4.0, 4.0], [3.0, 3.0], [0.6, 0.6]]
    assert numbers(linear) == [4.6, 4.6]
    assert numbers(runs) == [1.0]


def test_jacobians_both_ways(lecture: Lecture, names: dict[str, Any]) -> None:
    assert lecture.printed["whole-jacobians-by-columns-or-by-rows-code"].count("True") == 2
    assert np.shape(names["by_columns"]) == (3, 2)


def test_own_engines_give_the_hessian_vector_product(lecture: Lecture) -> None:
    lines = lecture.lines("your-own-engines-can-do-it-already-code")
    for line in lines[1:]:
        assert numbers(line) == [4.0, 3.0, -0.2, 0.3]
    for line in lecture.lines("the-whole-hessian-code"):
        assert ast.literal_eval(line[line.index("[") :]) == [[0.0, 1.0], [1.0, 0.0]]


def test_check_of_both_modes(lecture: Lecture) -> None:
    assert lecture.printed["trust-but-check-code"].count("True") == 2


# --- the exercises -------------------------------------------------------------------------------


def test_examples_of_the_docstrings(names: dict[str, Any]) -> None:
    np.testing.assert_allclose(names["derivative_on_grid"](jnp.sin)(jnp.array([0.0, 1.0])), [1.0, 0.5403], atol=1e-4)
    assert [float(names["control_flow_func"](x)) for x in (3.0, 2.0, -1.0)] == [9.0, 8.0, -1.0]
    assert [float(jax.grad(names["control_flow_func"])(x)) for x in (3.0, 2.0, -1.0)] == [6.0, 12.0, 3.0]
    product = names["hvp"](names["shear"], jnp.array([1.0, 2.0]), jnp.array([1.0, 0.5]))
    np.testing.assert_allclose(product, [5.0, 2.0])
