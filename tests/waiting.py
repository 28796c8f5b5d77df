"""Waiting for something that another process does. The limit only ends a test that hangs; it measures nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

HANGS_AFTER_S = 120.0


def happens(condition: Callable[[], object]) -> bool:
    """Waits until a condition holds; False when it does not hold for two minutes."""
    end = time.monotonic() + HANGS_AFTER_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
