"""Runs a rebuilt submission: the student's cells in their kernel, the test cells here."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from nbformat import NotebookNode

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.kernel import CellRun, Kernel, remember_code, serve_code
from triptych.grade.execute.outputs import new_output
from triptych.grade.execute.proxy import ProxySession, StudentError, TestAborted, clean
from triptych.grade.execute.test_cells import PRINTED_CHARACTERS, ChapterTests, TestCell, printed, references
from triptych.grade.sandbox.limits import Limits
from triptych.model.cell_names import bound_names
from triptych.model.chapter import Chapter, Role, role_of

RESTARTS = 2
GRACE_SECONDS = 1.0

STOPPED = "TookTooLong"
ENDED = "KernelEnded"
NOT_RUN = "NotRun"


@dataclass
class Timed:
    """Seconds of wall time by phase, "sandbox" (until there is a kernel), "cells" and "tests", and by test cell."""

    phases: dict[str, float] = field(default_factory=lambda: {"sandbox": 0.0, "cells": 0.0, "tests": 0.0})
    tests: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def phase(self, name: str, test: str = "") -> Iterator[None]:
        start, inner = time.monotonic(), sum(self.phases.values())
        try:
            yield
        finally:
            # a phase may lie in another: each second counts once
            spent = time.monotonic() - start - (sum(self.phases.values()) - inner)
            self.phases[name] += spent
            if test:
                self.tests[test] = self.tests.get(test, 0.0) + spent


def execute(
    notebook: NotebookNode,
    chapter: Chapter,
    files: Path,
    *,
    limits: Limits | None = None,
    sandbox: str = "none",
    compiled: Path | None = None,
    filled: bool = False,
    timed: Timed | None = None,
) -> NotebookNode:
    """Runs a rebuilt submission and returns a copy with outputs.

    notebook: the submission, rebuilt from the source; of its test cells only the ids are used.
    chapter: the source chapter, for setup and test cells.
    files: a scratch folder with the submission's other files, where the student's code works.
    limits: how much the submission may take.
    sandbox: "bwrap", or "none" for submissions that one trusts.
    compiled: a folder of programs that JAX has compiled before; `filled` when it is to be filled.
    timed: is told where the time went.

    A submission cannot make this raise. Raises SetupError when the chapter's own cells fail,
    KernelError when no kernel starts.
    """
    run = _Run(copy.deepcopy(notebook), chapter, Path(files), limits or Limits())
    run.start_with = {"sandbox": sandbox, "compiled": compiled, "filled": filled}
    run.timed = timed or run.timed
    try:
        run.all_cells()
    finally:
        run.close()
    return run.notebook


class _Run:
    """One submission on its way through its cells."""

    def __init__(self, notebook: NotebookNode, chapter: Chapter, files: Path, limits: Limits) -> None:
        self.notebook = notebook
        self._references = references(chapter)
        self._by_hand = chapter.by_hand
        self._files, self._limits = files, limits
        self._course = next((folder.parent for folder in chapter.path.parents if folder.name == "source"), None)
        self.timed = Timed()
        #: further arguments for the kernel
        self.start_with: dict[str, Any] = {}
        self._end = fair_time() + limits.notebook_seconds
        self._kernel: Kernel | None = None
        self._wall: ProxySession | None = None
        self._starts = 0
        self._done: list[NotebookNode] = []  # student's cells that a new kernel must run again
        self._over = ""  # why nothing more is run

    def all_cells(self) -> None:
        for cell in self.notebook.cells:
            if cell.cell_type != "code":
                continue
            cell.outputs, cell.execution_count = [], None
            if role_of(cell) is Role.TEST:
                with self.timed.phase("tests", cell.get("id", "")):
                    cell.outputs = self._test(cell)
            elif cell.source.strip():
                with self.timed.phase("cells"):
                    self._learners(cell)

    def close(self) -> None:
        if self._wall is not None:
            self._wall.close()
        if self._kernel is not None:
            self._kernel.close()
        self._kernel = self._wall = None

    # --- the kernel ------------------------------------------------------------------------------

    def _ready(self) -> tuple[Kernel, ProxySession] | None:
        """The kernel with all student's cells up to here run; None, and `_over` says why, when there is none."""
        while self._kernel is None and not self._over:
            if self._starts > RESTARTS:
                self._over = "The submission ended its Python, or had to be stopped, too often: nothing more is run."
            elif fair_time() > self._end:
                self._over = f"The notebook as a whole took longer than {self._limits.notebook_seconds:g} s."
            else:
                self._start()
        if self._kernel is None or self._wall is None:
            return None
        return self._kernel, self._wall

    def _start(self) -> None:
        self._starts += 1
        with self.timed.phase("sandbox"):
            self._kernel = Kernel(self._files, self._limits, hand=self._by_hand, hide=self._course, **self.start_with)
        self._wall = ProxySession(
            self._kernel.stream,
            self._references.setup,
            self._limits,
            self._end,
            shared=self._references.shared,
        )
        for cell in list(self._done):
            if self._kernel is None:
                return
            self._run(cell)

    def _lose(self) -> None:
        """The kernel is of no more use."""
        self.close()

    # --- students' cells -------------------------------------------------------------------------

    def _learners(self, cell: NotebookNode) -> None:
        if self._ready() is None:
            cell.outputs = [_error(NOT_RUN, self._over)]
            return
        self._done.append(cell)
        run = self._run(cell)
        cell.outputs, cell.execution_count = run.outputs, run.count

    def _run(self, cell: NotebookNode) -> CellRun:
        """Runs a cell in the kernel there is. A cell that ends the kernel is never run again."""
        kernel = self._kernel
        assert kernel is not None
        source = self._references.sources.get(cell.get("id", ""), cell.source)
        # nobody will look at the plots of the course's own cells
        drawn = role_of(cell) is Role.SOLUTION or not cell.metadata.get("nbgrader", {}).get("locked")
        run = kernel.run(source, min(fair_time() + self._limits.cell_seconds, self._end), pictures=drawn)
        if run.late:
            self._done.remove(cell)
            run.outputs.append(_error(STOPPED, f"This cell did not finish within {self._limits.cell_seconds:g} s."))
        if run.lost:
            if not run.late:
                self._done.remove(cell)
                run.outputs.append(_error(ENDED, "Python ended while this cell ran: did it crash, or leave?"))
            self._lose()
        elif role_of(cell) is Role.SETUP:
            kernel.post(remember_code(sorted(bound_names(source))))
        return run

    # --- test cells ------------------------------------------------------------------------------

    def _test(self, cell: NotebookNode) -> list[NotebookNode]:
        """Runs a test cell here: its outputs, which hold at most one error."""
        test = self._references.tests.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if test is None:
            return [_error(NOT_RUN, "This test cell is not one of the course's.")]
        if fair_time() > self._end and not self._over:
            self._over = f"The notebook as a whole took longer than {self._limits.notebook_seconds:g} s."
        ready = self._ready()
        if ready is None or self._over:
            return [_error(NOT_RUN, self._over)]
        outputs, alive = run_test(test, self._references, *ready)
        if not alive:
            self._lose()
        return outputs


# --- one test ------------------------------------------------------------------------------------


def run_test(
    test: TestCell, shared: ChapterTests, kernel: Kernel, wall: ProxySession
) -> tuple[list[NotebookNode], bool]:
    """A test cell's outputs, with one error when it fails, and whether the kernel can be used further."""
    kernel.post(serve_code(wall.begin()))
    alive = False
    try:
        with printed() as text:
            failure = _verdict(test, shared, wall)
        if wall.broken is not None and not wall.broken.lost and wall.busy:
            kernel.interrupt()
    finally:
        alive = wall.finish()
    said = clean("".join(text), PRINTED_CHARACTERS)
    outputs = [new_output("stream", name="stdout", text=said)] if said else []
    return (outputs if failure is None else [*outputs, failure]), alive


def _verdict(test: TestCell, shared: ChapterTests, wall: ProxySession) -> NotebookNode | None:
    """None when the test passes, else the error to show."""
    try:
        with _Watch(wall.limits.test_seconds + GRACE_SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wall.wait_ready()
            namespace = shared.namespace()
            for name in test.names:
                try:
                    namespace[name] = wall.request("lookup", name)
                except StudentError:
                    namespace.pop(name, None)  # the test meets a NameError, as it would in a notebook
            exec(test.code, namespace)  # noqa: S102 - the course's own cell
        if wall.broken is not None:
            raise wall.broken
    except TestAborted as error:
        wall.broken = wall.broken or error
        return _error(STOPPED if not error.lost else ENDED, error.sentence)
    except (Exception, SystemExit) as error:
        if wall.broken is not None:  # the test has caught it, or something that came of it
            return _error(STOPPED if not wall.broken.lost else ENDED, wall.broken.sentence)
        return _described(error, test)
    return None


def _described(error: BaseException, test: TestCell) -> NotebookNode:
    """What a student may see of a failure: no line of the test that is hidden."""
    if isinstance(error, StudentError):
        return _error(error.kind, error.message, *error.lines)
    shown = ""
    if isinstance(error, AssertionError):
        shown = test.visible_assertion(_line_in(error.__traceback__, test.filename))
    try:
        message = clean(str(error))
    except Exception:
        message = ""
    return _error(type(error).__name__, message, *([shown] if shown else []))


def _line_in(trace: TracebackType | None, filename: str) -> int:
    lines = [number for frame, number in traceback.walk_tb(trace) if frame.f_code.co_filename == filename]
    return lines[-1] if lines else 0


def _error(name: str, sentence: str, *lines: str) -> NotebookNode:
    last = f"{name}: {sentence}".rstrip(": ")
    return new_output("error", ename=name, evalue=sentence, traceback=[*lines, last])


class _Late(TestAborted):
    """Raised from outside in a test that does not end by itself."""

    def __init__(self) -> None:
        super().__init__("This test did not finish in time: the result makes it go on without end.")


class _Settled(BaseException):
    """Takes the place of a _Late that comes too late."""


def _raise_in(thread: int, error: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


class _Watch:
    """Stops the block when it takes longer, even where it asks nothing of the sandbox.

    Not by a signal: those reach the main thread alone. What computes in C is stopped when it
    returns.
    """

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._over = self._rung = False
        self._thread = threading.get_ident()
        self._end = fair_time() + seconds
        self._set(seconds)

    def _set(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def _ring(self) -> None:
        with self._lock:
            if not self._over and (left := self._end - fair_time()) > 0:  # the machine was short of cores
                self._set(max(left, 0.1))
                self._timer.start()
            elif not self._over:
                self._rung = True
                _raise_in(self._thread, _Late)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: Any) -> None:
        with self._lock:
            self._over = True
        self._timer.cancel()
        if self._rung:
            # One that is set and not yet raised must not reach whoever comes next. It is replaced and
            # waited for, not only taken back: CPython would look for it at every step from then on.
            with contextlib.suppress(_Late, _Settled):
                _raise_in(self._thread, _Settled)
                while True:
                    time.sleep(0.001)
