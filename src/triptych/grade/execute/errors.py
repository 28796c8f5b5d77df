"""Exceptions of test cells: what a student's code raised, and why a test cannot go on."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Sequence

from triptych.text import plain

MESSAGE_CHARACTERS = 2_000
TRACEBACK_LINES = 20

BUILTIN_ERRORS = {
    name: error
    for name, error in vars(builtins).items()
    if isinstance(error, type) and issubclass(error, Exception) and not issubclass(error, BaseExceptionGroup)
}


class TestAborted(BaseException):
    """A test cell cannot go on.

    Not an Exception, so that `except Exception` in a test cell does not catch it.

    Args:
        message: the reason, one sentence for the student.
        kernel_lost: whether the kernel does not answer any more.
    """

    def __init__(self, message: str, *, kernel_lost: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.kernel_lost = kernel_lost


class StudentError(Exception):
    """An exception of the student's code. Raised as a subclass of the built-in exception that it was there.

    Args:
        kind: the name of the exception's class.
        message: its text.
        lines: the lines of its traceback that are in the student's cells.
    """

    # Class attributes, and not `name`: Python writes attributes of that name into some built-in exceptions.
    kind = "Exception"
    message = ""
    lines: tuple[str, ...] = ()

    def __init__(self, kind: str, message: str, lines: tuple[str, ...]) -> None:
        Exception.__init__(self, message)
        self.kind, self.message, self.lines = kind, message, lines

    def __str__(self) -> str:
        return self.message


def student_error(name: str, bases: Sequence[str], message: str, lines: Sequence[str]) -> StudentError:
    """A StudentError that is also an instance of the first built-in exception in `bases`."""
    base = next((base for base in bases if base in BUILTIN_ERRORS), "Exception")
    shown_lines = tuple(plain(line, 300) for line in lines[:TRACEBACK_LINES])
    return _error_class(base)(plain(name, 100), plain(message, MESSAGE_CHARACTERS), shown_lines)


@functools.cache
def _error_class(base: str) -> type[StudentError]:
    return type(base, (StudentError, BUILTIN_ERRORS[base]), {})
