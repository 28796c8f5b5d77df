"""Runs one test cell against a student's kernel."""

from __future__ import annotations

import traceback
import warnings

from nbformat import NotebookNode

from triptych.grade.execute.errors import MESSAGE_CHARACTERS, StudentError, TestAborted
from triptych.grade.execute.kernel import Kernel
from triptych.grade.execute.outputs import new_output
from triptych.grade.execute.process_limits import process_limits
from triptych.grade.execute.seeds import seeded
from triptych.grade.execute.session import ProxySession
from triptych.grade.execute.test_cells import PRINTED_CHARACTERS, ChapterTests, TestCell, captured_prints
from triptych.grade.execute.watchdog import Watchdog
from triptych.text import plain

#: What a test may take beyond its time limit, so that the deadlines of requests come first.
GRACE_SECONDS = 1.0

STOPPED = "TookTooLong"
ENDED = "KernelEnded"


def run_test(
    test: TestCell, chapter_tests: ChapterTests, kernel: Kernel, session: ProxySession, seed: str = ""
) -> tuple[list[NotebookNode], bool]:
    """Runs a test cell in this process, with proxies for what the student's cells defined.

    Args:
        test: the test cell.
        chapter_tests: the setup namespace that it runs in.
        kernel: the student's kernel.
        session: the connection to the kernel's agent.
        seed: the run's seed of random draws.

    Returns:
        The cell's outputs, with one error if the test fails, and whether the kernel can be used further.
    """
    kernel.serve_test(session.begin())
    usable = False
    with process_limits(session.limits.test_cpu_seconds, session.limits.test_memory_bytes):
        try:
            with captured_prints() as printed, seeded(seed, chapter_tests.id, test.id):
                failure = _failure(test, chapter_tests, session)
            if session.aborted is not None and not session.aborted.kernel_lost and session.busy:
                kernel.interrupt()
        finally:
            usable = session.finish()
    text = plain(printed.getvalue(), PRINTED_CHARACTERS)
    outputs = [new_output("stream", name="stdout", text=text)] if text else []
    return (outputs if failure is None else [*outputs, failure]), usable


def error_output(name: str, message: str, *lines: str) -> NotebookNode:
    """An error in nbformat, whose traceback is `lines` and the message."""
    last = f"{name}: {message}".rstrip(": ")
    return new_output("error", ename=name, evalue=message, traceback=[*lines, last])


def _failure(test: TestCell, chapter_tests: ChapterTests, session: ProxySession) -> NotebookNode | None:
    """None if the test passes, otherwise the error to show."""
    try:
        with Watchdog(session.limits.test_seconds + GRACE_SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            session.wait_ready()
            namespace = chapter_tests.namespace()
            for name in test.names:
                try:
                    namespace[name] = session.request("lookup", name)
                except StudentError:
                    namespace.pop(name, None)  # the test raises a NameError, as it would in a notebook
            exec(test.code, namespace)  # noqa: S102 - the course's own cell
    except TestAborted as error:
        session.abort(error)
    except MemoryError:
        megabytes = session.limits.test_memory_bytes // 10**6
        session.abort(TestAborted(f"The result takes more memory than a test may use ({megabytes} MB)."))
    except (Exception, SystemExit) as error:
        if session.aborted is None:
            return _described(error, test)
        # Otherwise the error follows from the abort, or the test has caught it.
    if session.aborted is None:
        return None
    return error_output(ENDED if session.aborted.kernel_lost else STOPPED, session.aborted.message)


def _described(error: BaseException, test: TestCell) -> NotebookNode:
    """The part of a failure that a student may see: no line of a hidden test."""
    if isinstance(error, StudentError):
        return error_output(error.kind, error.message, *error.lines)
    assertion = ""
    if isinstance(error, AssertionError):
        lines = [
            line
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename == test.code.co_filename
        ]
        assertion = test.visible_assertion(lines[-1]) if lines else ""
    try:
        message = plain(str(error), MESSAGE_CHARACTERS)
    except Exception:
        message = ""
    return error_output(type(error).__name__, message, *([assertion] if assertion else []))
