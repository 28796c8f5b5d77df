"""JAX without derivative transforms, for chapters whose derivatives are to be written by hand.

Arithmetic, `jit`, `vmap`, scans and linear solvers work as usual. All transforms pass through a few places of
JAX, and only these are patched: the trace that carries tangents (`jvp`, `jacfwd`, `hessian`, …), the trace that
linearizes (`linearize`, `grad`, `vjp`, `jacrev`, …), the trace of Taylor series (`jet`), the backward pass
(`linear_transpose`, and the second half of `vjp`), and the tables of derivative rules.

This prevents mistakes and easy ways out. It is no security boundary: a student can load a second copy of JAX or
write an automatic differentiation (docs/developers/security.md).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any, NoReturn

MESSAGE = "JAX's derivative transforms are not available in this chapter: write the derivative by hand."

AD = "jax._src.interpreters.ad"
TRACES = ((AD, "JVPTrace"), (AD, "LinearizeTrace"), ("jax.experimental.jet", "JetTrace"))
RULES = ("primitive_jvps", "primitive_linearizations")
TRANSPOSITION = "backward_pass3"
#: Solvers of linear systems, as in jnp.linalg, transpose the system: that is no derivative.
SOLVERS = "jax._src.lax.control_flow.solves"


class NotByHand(RuntimeError):
    """The answer to a by-hand exercise calls a derivative transform of JAX."""


def disable() -> None:
    """Makes every derivative transform of JAX raise `NotByHand` in this process.

    Call it before the student's first cell.

    Raises:
        AttributeError: This version of JAX does not have the names that are patched here.
    """
    for module, name in TRACES:
        getattr(importlib.import_module(module), name).__init__ = _refuse
    ad, solvers = sys.modules[AD], vars(importlib.import_module(SOLVERS))
    for name in RULES:
        getattr(ad, name).clear()
    setattr(ad, TRANSPOSITION, _only_for(solvers, getattr(ad, TRANSPOSITION)))


def _only_for(module: dict[str, Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` for callers below code with these globals; any other caller gets NotByHand."""

    def guarded(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        while frame is not None and frame.f_globals is not module:
            frame = frame.f_back  # type: ignore[assignment]
        return function(*args, **kwargs) if frame is not None else _refuse()

    return guarded


def _refuse(*_: object, **__: object) -> NoReturn:
    raise NotByHand(MESSAGE)
