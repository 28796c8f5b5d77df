"""Tests of the statements on the slides of chapter 1."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lectures import COURSE, Lecture

from triptych.model.chapter import read_chapter


def test_jax_fits_the_line_on_the_first_slides(names: dict[str, Any]) -> None:
    assert jax.grad(names["nll"])(names["pars"]) == pytest.approx(0, abs=1e-4)
    assert names["pars"].round(4) == pytest.approx([1.7068, 0.9028], abs=1e-9)  # in the figures' descriptions
    assert jax.grad(names["nll"])(jnp.ones(2))[0] < 0  # downhill from the simulation is towards a stronger line


def test_digits_tell_how_jax_knows_the_slope(names: dict[str, Any]) -> None:
    assert names["by_jax"] == pytest.approx(names["by_pencil"], rel=1e-14)  # "all that the formula has"
    assert 1e-8 < abs(names["by_difference"] / names["by_pencil"] - 1) < 1e-6  # "six or seven"


def test_middle_one_of_three_steps_is_best(names: dict[str, Any]) -> None:
    steps, errors = names["all_steps"], names["forward_error"]
    error = {exponent: errors[np.argmin(np.abs(np.log10(steps) - exponent))] for exponent in (-4, -8, -16)}
    assert error[-8] < 1e-3 * error[-4] < 1e-3 * error[-16]


def test_two_slopes_do_the_work_of_a_million_samples(names: dict[str, Any]) -> None:
    assert names["by_slopes"] == pytest.approx(names["by_sampling"], rel=0.01)
    assert names["by_slopes"] == pytest.approx(0.0438, abs=5e-5)
    assert names["by_period"] > names["by_length"]  # "the slopes also say what to improve: the clock"


def test_np_gradient_of_the_cube(lecture: Lecture) -> None:
    coarse, fine = np.reshape(lecture.numbers("data-on-a-grid-x-3-code"), (2, 6)).tolist()
    assert coarse == [11, 1.0, 1.0, 61, 61, 75]  # points, spacing, error inside, both ends, exact
    assert fine == [41, 0.25, 0.0625, 71.3125, 71.3125, 75]


def test_second_gradient_needs_the_spacing(lecture: Lecture) -> None:
    at, exact, without, with_spacing = lecture.numbers("a-mistake-the-second-np-gradient-without-spacing-code")
    assert (at, exact, with_spacing) == (2, 12, 12)
    assert without == 12 / 4  # "four times too low"


@pytest.mark.parametrize(("kind", "best", "order"), [("forward", 1e-8, 1), ("central", 1e-5, 2)])
def test_error_against_step_is_a_v(names: dict[str, Any], kind: str, best: float, order: int) -> None:
    steps, error = names["all_steps"], names[f"{kind}_error"]
    # the floor of the V, not its luckiest point: the median error of each decade
    decades = np.round(np.log10(steps))
    medians = {d: np.median(error[decades == d]) for d in np.unique(decades)}
    assert min(medians, key=medians.get) == pytest.approx(np.log10(best), abs=1)
    truncation = (steps > 1e3 * best) & (steps < 0.1)
    slope = np.polyfit(np.log(steps[truncation]), np.log(error[truncation]), 1)[0]
    assert slope == pytest.approx(order, abs=0.05)
    rounding = (steps < best / 10) & (steps > 1e-15) & (error > 0)
    slope = np.polyfit(np.log(steps[rounding]), np.log(error[rounding]), 1)[0]
    assert slope == pytest.approx(-1, abs=0.15)


def test_all_digits_are_lost_at_the_smallest_step(names: dict[str, Any]) -> None:
    assert np.isclose(names["all_steps"][-1], 1e-16, rtol=1e-9, atol=0)
    assert names["forward"][-1] == 0


def test_where_the_tip_is(lecture: Lecture) -> None:
    assert lecture.numbers("where-the-tip-is-code") == [64, 2.2e-16, 1e-8, 6e-6, 32, 1.2e-7, 3e-4, 5e-3]


def test_best_step_is_no_constant(lecture: Lecture) -> None:
    lines = lecture.lines("no-step-is-the-best-everywhere-code")
    good, single, large = (float(line.split()[-1]) for line in lines)
    assert good < 1e-7
    assert single == large == 1  # "an error of 1 means: the estimate is 0"


@pytest.mark.parametrize("kind", ["forward", "central"])
def test_best_step_names_the_earlier_exercise_that_is_wrong(names: dict[str, Any], kind: str) -> None:
    exercise = read_chapter(COURSE.notebook("01_finite_differences")).exercises["best_step"]
    namespace = {**names, f"{kind}_difference": lambda f, x, dx: f(x + dx) - f(x)}
    exec(exercise.solution.source, namespace)
    test = next(test for test in exercise.tests if test.id == f"best_step_{kind}")
    with pytest.raises(AssertionError, match=f"^Fix `{kind}_difference` first"):
        exec(test.source, namespace)


def test_more_evaluations_do_not_help(names: dict[str, Any]) -> None:
    errors = list(names["errors"].values())
    assert list(names["errors"]) == [11, 1_001, 200_001, 10_000_001]
    assert errors[0] > 100 * errors[1] > 10_000 * errors[2]
    assert errors[3] > 3 * errors[2]
    two = abs(names["two"] - np.e)
    assert two < 3 * errors[2]  # "as good as 200,001"
    assert errors[3] > 3 * two  # "and better than ten million"


def test_cost_of_a_gradient(lecture: Lecture, names: dict[str, Any]) -> None:
    assert lecture.numbers("what-a-gradient-costs-code") == [1, 2, 10, 11, 100, 101, 1000, 1001]
    f = names["counted"](lambda x: float(np.sum(x**2)))
    names["gradient_fd"](f, np.ones(30), 1e-4)
    assert f.calls == 60  # "2n central"
    assert names["days"] == pytest.approx(11.6, abs=0.05)


def test_a_wrong_gradient_is_found_along_a_random_direction(lecture: Lecture) -> None:
    along, right, wrong = lecture.numbers("what-differences-are-good-for-checking-code")
    assert along == pytest.approx(right, abs=1e-3)
    assert abs(wrong - right) > 1
