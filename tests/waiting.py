"""Waiting for other processes. The limit only ends a test that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_S = 120.0


def happens(condition: Callable[[], object]) -> bool:
    """Waits until a condition holds. Returns False if it does not within two minutes."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
