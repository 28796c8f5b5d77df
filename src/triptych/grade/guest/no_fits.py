"""pyhf without fits, for chapters in which the student writes the fit.

Models, likelihoods and JAX work as usual. All fits of pyhf (`pyhf.infer.mle.fit`, hypothesis tests, upper limits, …)
pass through one method of its optimizers, and only this is patched.

This prevents easy ways out. It is no security boundary: a student can call the minimizer below pyhf.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any, NoReturn

MESSAGE = "pyhf's own fits (pyhf.infer) are not available in this chapter: find the minimum with your own steps."

OPTIMIZER = ("pyhf.optimize.mixins", "OptimizerMixin")
METHOD = "minimize"


class NotOwnFit(RuntimeError):
    """The answer lets pyhf do a fit that is the exercise."""


def disable() -> None:
    """Makes every fit of pyhf raise `NotOwnFit` in this process.

    Call it before the student's first cell.

    Raises:
        AttributeError: This version of pyhf does not have the names that are patched here.
    """
    optimizer = _optimizer()
    getattr(optimizer, METHOD)
    setattr(optimizer, METHOD, _refuse)


@contextlib.contextmanager
def disabled() -> Iterator[None]:
    """Disables fits in the block, for answers that are judged in this process."""
    before = getattr(_optimizer(), METHOD)
    disable()
    try:
        yield
    finally:
        setattr(_optimizer(), METHOD, before)


def _optimizer() -> Any:
    module, name = OPTIMIZER
    return getattr(importlib.import_module(module), name)


def _refuse(*_: object, **__: object) -> NoReturn:
    raise NotOwnFit(MESSAGE)
