"""Chapters to be answered by hand: JAX without derivative transforms. Runs in the student's kernel.

jnp's arithmetic, jit and vmap, scans and solvers stay as they are. This keeps people from answering
with `jax.grad` what they are to write themselves. It is no wall: who loads a second JAX, or writes
an automatic differentiation of their own, has the value all the same (docs/security.md).

The package is not there where this runs: it imports the standard library and JAX alone.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

SENTENCE = "JAX's derivative transforms are not available in this chapter: write the derivative by hand."

# Where JAX keeps them, and by which names. What a version of JAX does not have is passed over.
TRANSFORMS = {
    "jax._src.api": (
        "grad value_and_grad fwd_and_bwd jacfwd jacrev jacobian hessian jvp vjp linearize linear_transpose "
        "vjp3 saved_input_vjp _jvp _vjp _vjp3 _std_basis"
    ),
    "jax._src.interpreters.ad": (
        "jvp vjp jvpfun linearize linearize_jaxpr linearize_jaxpr2 linearize_from_jvp linearize_subtrace "
        "linearize_subtrace_2 fallback_linearize_rule jvp_jaxpr jvp_subtrace jvp_subtrace_2 jvp_subtrace_aux "
        "direct_linearize standard_jvp standard_jvp2 linear_jvp "
        "backward_pass backward_pass3 closed_backward_pass linear_transpose linear_transpose2"
    ),
}
TRACES = ("JVPTrace", "LinearizeTrace")
RULES = ("primitive_jvps", "primitive_linearizations")
TAYLOR = "jax.experimental.jet"  # derivatives by another name
# A linear solver transposes what it solves: no derivative, and jnp.linalg needs it.
SOLVERS = "jax._src.lax.control_flow.solves"
FOR_SOLVERS = frozenset(
    (
        "linear_transpose",
        "linear_transpose2",
        "backward_pass",
        "backward_pass3",
        "closed_backward_pass",
        "linear_jvp",
    )
)


class NotByHand(RuntimeError):
    """The answer to a by-hand exercise calls a derivative transform of JAX."""


def take_away() -> None:
    """Makes every derivative transform of JAX raise NotByHand. To be called before the student's first cell."""
    importlib.import_module("jax")
    importlib.import_module("jax.numpy")
    importlib.import_module("jax.interpreters.ad")
    solvers = vars(importlib.import_module(SOLVERS))
    replaced: dict[int, tuple[Any, Any]] = {}
    for module, names in TRANSFORMS.items():
        for name in names.split():
            function = getattr(sys.modules[module], name, None)
            if function is not None:
                kept = function if name in FOR_SOLVERS else None
                replaced[id(function)] = (function, _refusing(name, kept, solvers))
    for path, loaded in list(sys.modules.items()):
        if path.partition(".")[0] == "jax" and isinstance(loaded, types.ModuleType):
            _replace(vars(loaded), replaced)
    ad = sys.modules["jax._src.interpreters.ad"]
    for name in TRACES:
        trace = getattr(ad, name, None)
        if trace is not None:
            trace.__init__ = _refusing(name, None, solvers)
    for name in RULES:
        rules = getattr(ad, name, None)
        if isinstance(rules, dict):
            rules.clear()
    taylor = types.ModuleType(TAYLOR)
    taylor.jet = _refusing("jet", None, solvers)  # type: ignore[attr-defined]
    sys.modules[TAYLOR] = taylor


def _replace(names: dict[str, Any], replaced: dict[int, tuple[Any, Any]]) -> None:
    """Every name of a function, in whichever module: `from … import` has made many."""
    for name, value in list(names.items()):
        function, refusing = replaced.get(id(value), (None, None))
        if function is value and refusing is not None:
            names[name] = refusing


def _refusing(name: str, kept: Callable[..., Any] | None, solvers: dict[str, Any]) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        if kept is not None:
            frame = sys._getframe(1)
            while frame is not None:
                if frame.f_globals is solvers:
                    return kept(*args, **kwargs)
                frame = frame.f_back  # type: ignore[assignment]
        _refuse()

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def _refuse() -> NoReturn:
    raise NotByHand(SENTENCE)
