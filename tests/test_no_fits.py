"""Chapters in which the student writes the fit: no fit of pyhf works, everything else does."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from triptych.check.fix import notebook_metadata
from triptych.grade.guest.no_fits import MESSAGE
from triptych.model.chapter import read_chapter
from triptych.model.course import Course

#: Expressions of a model, its data and their start.
FITS = {
    "fit": "pyhf.infer.mle.fit(data, model)",
    "fit with SciPy": "pyhf.infer.mle.fit(data, model, method='L-BFGS-B')",
    "fit at fixed mu": "pyhf.infer.mle.fixed_poi_fit(1.0, data, model)",
    "test": "pyhf.infer.hypotest(1.0, data, model, test_stat='q')",
    "upper limit": "pyhf.infer.intervals.upper_limits.upper_limit(data, model)",
    "optimizer": "pyhf.get_backend()[1].minimize(pyhf.infer.mle.twice_nll, data, model, start, [(0, 9)] * 2, [])",
    "another backend's": "pyhf.set_backend('numpy') or pyhf.infer.mle.fit(data, model)",
}
ALLOWED = {
    "log L": "model.logpdf(start, data)",
    "twice nll": "pyhf.infer.mle.twice_nll(start, data, model)",
    "expected data": "model.expected_data(start)",
    "derivatives": "jax.jit(jax.grad(lambda pars: model.logpdf(pars, data)[0]))(start)",
    "SciPy": "scipy.optimize.minimize(lambda x: float(x @ x), [1.0, 1.0])",
}
CODE = f"""
import json
from triptych.grade.guest import no_fits
no_fits.disable()
import jax, jax.numpy as jnp, pyhf, scipy.optimize
jax.config.update("jax_enable_x64", True)
pyhf.set_backend("jax")
model = pyhf.simplemodels.uncorrelated_background([5.0], [10.0], [3.5])
data, start, outcomes = jnp.array([20.0, *model.config.auxdata]), jnp.array([1.0, 1.0]), {{}}
for name, expression in {ALLOWED | FITS!r}.items():
    try:
        eval(expression)
        outcomes[name] = ""
    except Exception as error:
        outcomes[name] = f"{{type(error).__name__}}: {{error}}"
print(json.dumps(outcomes))
"""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    return json.loads(subprocess.check_output([sys.executable, "-c", CODE], text=True, timeout=120))


def test_fits_are_refused(outcomes: dict[str, str]) -> None:
    assert {name: outcomes[name] for name in FITS} == dict.fromkeys(FITS, f"NotOwnFit: {MESSAGE}")


def test_everything_else_works(outcomes: dict[str, str]) -> None:
    assert {name: outcomes[name] for name in ALLOWED} == dict.fromkeys(ALLOWED, "")


def test_fits_work_again_after_the_block() -> None:
    code = """
import pyhf
from triptych.grade.guest import no_fits
model = pyhf.simplemodels.uncorrelated_background([5.0], [10.0], [3.5])
data = [20.0, *model.config.auxdata]
with no_fits.disabled():
    try:
        pyhf.infer.mle.fit(data, model)
    except no_fits.NotOwnFit:
        print("refused")
print(pyhf.infer.mle.fit(data, model).round(2))
"""
    printed = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=120)
    assert printed.split() == ["refused", "[2.", "1.]"]


def test_contract_and_notebooks_agree(course: Course) -> None:
    own = {chapter: plan.own_fit for chapter, plan in course.plans.items() if course.notebook(chapter).is_file()}
    assert {chapter: read_chapter(course.notebook(chapter)).own_fit for chapter in own} == own
    assert [chapter for chapter in own if own[chapter]] == ["08_likelihoods"]


def test_flags_in_metadata(course: Course) -> None:
    assert notebook_metadata(course.plans["08_likelihoods"])["triptych"] == {"own_fit": True}
    assert notebook_metadata(course.plans["05_forward_mode"])["triptych"] == {"by_hand": True}
    assert "triptych" not in notebook_metadata(course.plans["07_jax"])
