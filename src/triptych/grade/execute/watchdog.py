"""Stops a test cell that runs too long in this process, even if it never sends a request to the sandbox."""

from __future__ import annotations

import contextlib
import ctypes
import threading
import time
from typing import Any

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.errors import TestAborted


class TestTimeout(TestAborted):
    """Raised from another thread in a test cell that runs too long."""

    def __init__(self) -> None:
        super().__init__("This test did not finish in time: the result keeps it in an endless loop.")


class _Cancelled(BaseException):
    """Replaces a TestTimeout that is set after the block has ended."""


class Watchdog:
    """A context manager that raises TestTimeout in its block after a time limit.

    A signal would reach the main thread only, so the exception is set with CPython's `PyThreadState_SetAsyncExc`.
    Python raises it at the next bytecode: a call into C is stopped when it returns.

    Args:
        limit_s: the time limit in seconds of `fair_time`.
    """

    def __init__(self, limit_s: float) -> None:
        self._end = fair_time() + limit_s
        self._thread_id = threading.get_ident()
        self._lock = threading.Lock()
        self._block_ended = threading.Event()
        self._fired = False

    def __enter__(self) -> None:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._block_ended.set()
        if self._fired:
            # The exception may be set and not yet raised: it must not reach later code. One that is caught here
            # replaces it; Python raises it within a few bytecodes.
            with contextlib.suppress(TestAborted, _Cancelled):
                self._raise_in_block(_Cancelled)
                time.sleep(0.001)

    def _watch(self) -> None:
        while (remaining_s := self._end - fair_time()) > 0:
            if self._block_ended.wait(max(remaining_s, 0.1)):
                return
        with self._lock:
            if not self._block_ended.is_set():
                self._fired = True
                self._raise_in_block(TestTimeout)

    def _raise_in_block(self, error: type[BaseException]) -> Any:
        return ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread_id), ctypes.py_object(error))
