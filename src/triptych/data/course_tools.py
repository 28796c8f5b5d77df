# Tools every chapter shares. This cell is the same in all of them.
import os
import secrets
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

# JAX computes in float32 until told otherwise, and before it has made its first array.
jax.config.update("jax_enable_x64", True)

if Path("triptych.mplstyle").exists():
    plt.style.use("triptych.mplstyle")


def fresh_rng():
    """A random generator, seeded anew. The seed is printed; TRIPTYCH_SEED repeats it."""
    seed = int(os.environ.get("TRIPTYCH_SEED") or secrets.randbits(32))
    print(f"seed {seed}")
    return np.random.default_rng(seed)


def agree(result, expected, rtol=1e-5, atol=1e-7):
    """True when `result` has the shape of `expected` and equals it within the tolerance.

    Lists, tuples and arrays of NumPy or JAX are all welcome. What is no array of numbers,
    or holds a NaN that is not expected, does not agree; nothing is raised.
    """
    try:
        result = np.asarray(result)
        expected = np.asarray(expected)
        if result.dtype == object:
            result = result.astype(complex if expected.dtype.kind == "c" else float)
        return result.shape == expected.shape and bool(
            np.allclose(result, expected, rtol=rtol, atol=atol, equal_nan=True)
        )
    except (TypeError, ValueError):
        return False


def counted(function):
    """`function` with a counter: `.calls` is how often it was called."""

    def counting(*args):
        counting.calls += 1
        return function(*args)

    counting.calls = 0
    return counting
