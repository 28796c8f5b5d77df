"""By-hand chapters: no derivative transform of JAX works, everything else does."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from triptych.grade.guest.no_autodiff import MESSAGE

#: Expressions of x, a number, and cube, a function, by what they use.
TRANSFORMS = {
    "grad": "jax.grad(cube)(x)",
    "jvp": "jax.jvp(cube, (x,), (1.0,))",
    "vjp": "jax.vjp(cube, x)",
    "linearize": "jax.linearize(cube, x)",
    "hessian": "jax.hessian(cube)(x)",
    "linear_transpose": "jax.linear_transpose(lambda v: 3.0 * v, x)(1.0)",
    "jet": "importlib.import_module('jax.experimental.jet').jet(cube, (x,), ([1.0, 0.0],))",
    "jit": "jax.jit(jax.grad(cube))(x)",
    "vmap": "jax.vmap(jax.grad(cube))(jnp.ones(3))",
    "checkpoint": "jax.grad(jax.checkpoint(cube))(x)",
    "loop": "jax.jvp(lambda x: jax.lax.fori_loop(0, 3, lambda i, y: y * x, x), (x,), (1.0,))",
    "custom rule": "jax.jvp(jax.nn.relu, (x,), (1.0,))",
    "solver": "jax.grad(lambda a: jnp.linalg.inv(a).sum())(jnp.eye(2))",
    "jaxpr": "ad.jvp_jaxpr(jax.make_jaxpr(cube)(x), (True,), True)",
    "linearized jaxpr": "ad.linearize_jaxpr(jax.make_jaxpr(cube)(x), (True,), is_vjp=False)",
    "backward pass": "ad.backward_pass(jax.make_jaxpr(cube)(x).jaxpr, False, (), [x], [1.0])",
}
ALLOWED = {
    "arithmetic": "jnp.sin(x) + cube(x)",
    "jit and vmap": "jax.jit(jax.vmap(cube))(jnp.ones(3))",
    "linear algebra": "jax.jit(jnp.linalg.inv)(jnp.eye(2)), jnp.linalg.lstsq(jnp.eye(2), jnp.ones(2))",
    "solvers": "jax.scipy.sparse.linalg.cg(lambda v: 2 * v, jnp.ones(2))",
    "loops": "jax.lax.scan(lambda c, _: (c * 2, c), x, None, length=3), jax.lax.fori_loop(0, 3, lambda i, y: y * x, x)",
    "functions with rules": "jax.nn.relu(x), jax.scipy.special.logsumexp(jnp.ones(3)), jax.checkpoint(cube)(x)",
    "random numbers": "jax.random.gamma(jax.random.key(0), x)",
}
CODE = f"""
import importlib, json
import jax, jax.numpy as jnp, jax.scipy.special, jax.scipy.sparse.linalg
from jax._src.interpreters import ad
from triptych.grade.guest import no_autodiff
no_autodiff.disable()
cube, x, outcomes = lambda x: x**3, 2.0, {{"rules": [*ad.primitive_jvps, *ad.primitive_linearizations]}}
for name, expression in {TRANSFORMS | ALLOWED!r}.items():
    try:
        eval(expression)
        outcomes[name] = ""
    except Exception as error:
        outcomes[name] = f"{{type(error).__name__}}: {{error}}"
print(json.dumps(outcomes))
"""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, object]:
    return json.loads(subprocess.check_output([sys.executable, "-c", CODE], text=True, timeout=120))


def test_derivative_transforms_are_refused(outcomes: dict[str, object]) -> None:
    assert {name: outcomes[name] for name in TRANSFORMS} == dict.fromkeys(TRANSFORMS, f"NotByHand: {MESSAGE}")
    assert outcomes["rules"] == []


def test_everything_else_works(outcomes: dict[str, object]) -> None:
    assert {name: outcomes[name] for name in ALLOWED} == dict.fromkeys(ALLOWED, "")
