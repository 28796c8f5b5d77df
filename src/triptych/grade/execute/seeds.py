"""The seeds of the random draws in test cells.

A grading run has one secret seed, so that all submissions of the run get the same draws. Each test cell has a seed
that is derived from it and tells nothing about the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator

#: The variable that `fresh_rng` of the course tools reads. Zygotes, and so submissions, do not get it.
VARIABLE = "TRIPTYCH_SEED"


def new_seed() -> str:
    """A seed for a run: a new secret, or the value of TRIPTYCH_SEED."""
    return os.environ.get(VARIABLE) or secrets.token_hex(16)


@contextlib.contextmanager
def seeded(seed: str, chapter: str, test: str) -> Iterator[None]:
    """Makes `fresh_rng` draw from the run's seed in the block; without a seed it draws as it does elsewhere.

    Args:
        seed: the seed of the run, or nothing.
        chapter: the id of the chapter.
        test: the id of the test cell.
    """
    if not seed:
        yield
        return
    before = os.environ.get(VARIABLE)
    digest = hashlib.sha256(f"{seed}\0{chapter}\0{test}".encode()).digest()
    os.environ[VARIABLE] = str(int.from_bytes(digest[:8]))
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
