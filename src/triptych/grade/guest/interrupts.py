"""When an interrupt of the grader may reach the student's code."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


class Interrupts:
    """Raises KeyboardInterrupt for SIGINT, but never between two bytes of a message."""

    def __init__(self) -> None:
        self._allowed = self._pending = False

    def install(self) -> None:
        """Handles SIGINT from now on. The student's code may install another handler."""
        signal.signal(signal.SIGINT, self._handle)

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """A block of the student's code, which can be interrupted."""
        before, self._allowed, self._pending = self._allowed, True, False
        try:
            yield
        finally:
            self._allowed = before

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """A block inside of such code that cannot; an interrupt in it is raised at its end."""
        before, self._allowed = self._allowed, False
        try:
            yield
        finally:
            self._allowed = before
        if before and self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _handle(self, signum: int, frame: object) -> None:
        if self._allowed:
            raise KeyboardInterrupt
        self._pending = True


__all__ = ["Interrupts"]
