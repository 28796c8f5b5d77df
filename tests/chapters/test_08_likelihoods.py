"""Tests of the statements on the slides of chapter 8."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lectures import COURSE, Lecture, numbers

CHAPTER = "08_likelihoods"


def test_log_likelihood_at_the_suggested_start(lecture: Lecture) -> None:
    *_, at15, at20 = lecture.lines("the-same-in-pyhf-code")
    assert numbers(at15) == [15.0, -4.25748227]
    assert numbers(at20) == [20.0, -5.15357635]


def test_by_hand_as_in_pyhf(lecture: Lecture) -> None:
    by_hand, pyhf = lecture.lines("by-hand-it-is-three-lines-code")
    assert numbers(by_hand) == pytest.approx(numbers(pyhf), rel=1e-12)
    assert numbers(pyhf) == pytest.approx([-4.25748227])


def test_gradient_vanishes_for_15_and_not_for_20(lecture: Lecture) -> None:
    at15, at20 = lecture.lines("the-same-from-jax-code")
    assert numbers(at15)[1:] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert numbers(at20)[1:] == pytest.approx([-5 / 3, -10 / 3], abs=1e-5)


def test_numbers_in_the_drawn_graph(names: dict[str, Any]) -> None:
    log_pois = names["log_pois"]
    assert -float(log_pois(20.0, 15.0)) == pytest.approx(3.17, abs=5e-3)
    assert -float(log_pois(8.163265, 8.163265)) == pytest.approx(1.98, abs=5e-3)
    assert float(jax.grad(lambda rate: -log_pois(20.0, rate))(15.0)) == pytest.approx(-1 / 3)
    text = (COURSE.source / CHAPTER / "figures" / "likelihood_graph.svg").read_text(encoding="utf-8")
    for shown in ("3.17", "1.98", "5.15", "−0.33", "−1.67", "−3.33", "8.16"):
        assert f"{shown}<" in text


def test_both_eigenvalues_are_positive(lecture: Lecture) -> None:
    eigenvalues = numbers(lecture.lines("is-it-a-minimum-code")[-1])
    assert len(eigenvalues) == 2
    assert min(eigenvalues) > 0


def test_grid_and_gradient_field(names: dict[str, Any]) -> None:
    assert names["values"].shape == (101, 101)
    assert names["arrows"].shape == (11, 11, 2)
    highest = np.unravel_index(np.argmax(names["values"]), (101, 101))
    assert names["points"][highest] == pytest.approx([2.0, 1.0], abs=0.1)
    towards = jnp.array([2.0, 1.0]) - names["arrows_at"]
    assert bool(jnp.all(jnp.sum(towards * names["arrows"], axis=-1) > 0))  # log L is concave


def test_walks_downhill(lecture: Lecture) -> None:
    slow, good, bad = (numbers(line)[2:] for line in lecture.lines("walk-downhill-code"))
    assert slow == pytest.approx([2.0, 1.0], abs=1e-3)
    assert good == pytest.approx([2.0, 1.0], abs=1e-6)
    assert bad != pytest.approx([2.0, 1.0], abs=1e-2)


def test_limits_of_the_rate(lecture: Lecture) -> None:
    one, two = lecture.lines("how-large-may-a-step-be-code")
    assert numbers(one) == [13.67, 0.1463]
    assert 250 < numbers(two)[0] < 420
    assert numbers(two)[1] < 0.01


def test_newton_is_there_after_six_steps(lecture: Lecture) -> None:
    steps = [numbers(line) for line in lecture.lines("newton-let-the-hessian-choose-the-step-code")]
    assert len(steps) == 6
    assert steps[0][0] > 2.5  # overshoots
    assert steps[-1][:2] == [2.0, 1.0]
    assert steps[-1][2] < 1e-7


def test_own_fit_beside_pyhf(lecture: Lecture) -> None:
    lines = [numbers(line) for line in lecture.lines("your-fit-beside-pyhfs-code")]
    assert lines[0] == [15.0] and lines[4] == [20.0]
    for own, pyhf, exact, best in ((*lines[1:4], [1.0, 1.0]), (*lines[5:8], [2.0, 1.0])):
        assert own == pytest.approx(best, abs=1e-7)
        assert pyhf == pytest.approx(best, abs=1e-3)
        assert exact == best


def test_uncertainties_for_15(lecture: Lecture, names: dict[str, Any]) -> None:
    assert lecture.numbers("how-well-do-we-know-hat-mu-code") == [1.0440, 0.35, -0.670]
    assert names["sigma"][0] == pytest.approx(1.09**0.5)


def test_uncertainties_for_20(lecture: Lecture, names: dict[str, Any]) -> None:
    ellipse, best, cov = names["ellipse"], names["best"], names["cov"]
    assert best == pytest.approx([2.0, 1.0])
    assert np.sqrt(np.diag(cov)) == pytest.approx([1.1358, 0.35], abs=5e-5)
    from_best = ellipse - best[:, None]
    assert np.einsum("in,ij,jn->n", from_best, np.linalg.inv(cov), from_best) == pytest.approx(np.ones(200))
    assert ellipse[0].max() - best[0] == pytest.approx(1.1358, abs=1e-3)


def test_cut_and_extent(names: dict[str, Any]) -> None:
    assert float(names["full"]) == pytest.approx(1.044, abs=5e-4)
    assert float(names["cut"]) == pytest.approx(0.775, abs=5e-4)
    assert float(names["cut"] / names["full"]) == pytest.approx((1 - 0.6705**2) ** 0.5, abs=1e-3)


def test_toys_side_with_the_inverse(lecture: Lecture) -> None:
    toys, hessian = (numbers(line) for line in lecture.lines("ask-the-toys-code")[1:])
    assert hessian == pytest.approx([1.044, -0.670], abs=5e-4)
    assert toys == pytest.approx(hessian, abs=0.01)


def test_derivative_of_the_fit(lecture: Lecture, names: dict[str, Any]) -> None:
    slope, refit, sigma = lecture.lines("what-one-more-event-does-code")
    assert numbers(slope) == [0.2, -0.245]
    assert numbers(refit)[1:] == pytest.approx([0.2, 0.0], abs=1e-3)
    assert numbers(sigma) == [1.1358, 1.1358]
    assert names["D"][1] == pytest.approx([0.0, 1 / 8.163265], abs=1e-6)


# --- the exercises -------------------------------------------------------------------------------


def test_examples_of_the_docstrings(names: dict[str, Any]) -> None:
    one_bin, observed = names["one_bin"], names["observed"]
    assert float(names["nll"]([1.0, 1.0], observed([15], one_bin), one_bin)) == pytest.approx(4.25748227)
    assert names["fit"](observed([20], one_bin), one_bin) == pytest.approx([2.0, 1.0])
    sigma = names["hessian_uncertainties"]([1.0, 1.0], observed([15], one_bin), one_bin)
    assert sigma == pytest.approx([1.0440, 0.35], abs=1e-4)
    assert names["root_and_slope"](0.6) == pytest.approx((0.8, -0.75))


def test_one_bin_alone_does_not_fix_a_fitter(names: dict[str, Any]) -> None:
    """Two bins are steeper than one, so that a rate tuned on one bin fails there."""
    nll, observed = names["nll"], names["observed"]
    steep = {}
    for name, counts in (("one_bin", [20]), ("two_bins", [62, 24]), ("four_bins", [33, 20, 26, 41])):
        model = names[name]
        hessian = jax.hessian(nll)(jnp.ones(len(counts) + 1), observed(counts, model), model)
        steep[name] = float(np.linalg.eigvalsh(hessian)[-1])
    assert steep["two_bins"] > 5 * steep["one_bin"]
    assert steep["four_bins"] > 3 * steep["one_bin"]
