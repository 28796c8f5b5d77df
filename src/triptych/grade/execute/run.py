"""Runs a rebuilt submission: the student's cells in a kernel, the test cells in this process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from triptych.files import remove
from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.kernel import CellRun, Kernel
from triptych.grade.execute.session import ProxySession
from triptych.grade.execute.test_cells import CHAPTER_TESTS, ChapterTests
from triptych.grade.execute.verdict import ENDED, STOPPED, error_output, run_test
from triptych.grade.execute.zygote_spec import zygote_spec
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.rebuild import copy_cells, is_extra
from triptych.model.cell_names import bound_names
from triptych.model.chapter import RECORDING, UNGRADED, Chapter, Role, role_of
from triptych.model.needed import unneeded

#: How often a submission that ended its kernel gets another one.
RESTARTS = 2
NOT_RUN = "NotRun"


@dataclass
class Timings:
    """Where the time of a submission went, in seconds of wall time.

    Attributes:
        phases: the time by phase: "sandbox" (until there is a kernel), "cells" and "tests".
        tests: the time by id of the test cell.
    """

    phases: dict[str, float] = field(default_factory=lambda: {"sandbox": 0.0, "cells": 0.0, "tests": 0.0})
    tests: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def measure(self, phase: str, test: str = "") -> Iterator[None]:
        """Adds the time of the block to a phase and a test cell, without that of phases inside the block."""
        start, inner = time.monotonic(), sum(self.phases.values())
        try:
            yield
        finally:
            elapsed = time.monotonic() - start - (sum(self.phases.values()) - inner)
            self.phases[phase] += elapsed
            if test:
                self.tests[test] = self.tests.get(test, 0.0) + elapsed


def execute(
    notebook: NotebookNode,
    chapter: Chapter,
    files: Path,
    *,
    limits: Limits | None = None,
    sandbox: str = "none",
    compiled: Path | None = None,
    compiled_writable: bool = False,
    timings: Timings | None = None,
    failed_tests: Sequence[str] = (),
    on_test: Callable[[str], object] | None = None,
    all_cells: bool = False,
    seed: str = "",
) -> NotebookNode:
    """Runs a rebuilt submission. No submission can make this function raise.

    Args:
        notebook: the submission, rebuilt from the source; of its test cells only the ids are used.
        chapter: the source chapter with setup and test cells.
        files: a scratch folder with the submission's other files; the working folder of the student's code.
        limits: the limits on the submission.
        sandbox: "bwrap", or "none" for trusted submissions.
        compiled: a folder of programs that JAX has compiled before.
        compiled_writable: whether newly compiled programs are written to that folder.
        timings: receives the time by phase and test cell.
        failed_tests: test cells that ended the process in which they ran before. They fail.
        on_test: receives the id of each test cell before it runs.
        all_cells: whether lecture cells run that the submission does not need (see `model.needed`).
        seed: the seed of the test cells' random draws; without it each test cell draws its own numbers.

    Returns:
        A copy of the notebook with outputs, which shares its metadata.

    Raises:
        SetupError: a setup cell of the chapter fails.
        KernelError: the kernel does not start.
        SandboxError: no sandbox can be made on this machine.
    """
    limits = limits or Limits()
    remove(Path(files) / RECORDING)  # lecture cells then run as they are: what they show is not looked at
    course = next((folder.parent for folder in chapter.path.parents if folder.name == "source"), None)
    spec = zygote_spec(
        sandbox,
        by_hand=chapter.by_hand,
        own_fit=chapter.own_fit,
        packages=chapter.packages,
        compiled=compiled,
        writable=compiled_writable,
        hide=course,
    )
    run = _SubmissionRun(
        CHAPTER_TESTS.get(chapter),
        limits,
        timings or Timings(),
        lambda: Kernel(spec, Path(files), limits),
        failed_tests,
        on_test or (lambda test_id: None),
        seed,
    )
    executed = copy_cells(notebook)
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    skipped = set() if all_cells else unneeded(cells)
    try:
        for cell in cells:
            cell.outputs, cell.execution_count = [], None
            if cell.id not in skipped:
                run.run_cell(cell)
    finally:
        run.close()
    return executed


class _SubmissionRun:
    """The state of one submission while its cells run in order.

    Args:
        chapter_tests: the chapter's setup namespace and test cells.
        limits: the limits on the submission.
        timings: receives the time by phase and test cell.
        start_kernel: starts a kernel for the submission.
        failed_tests: test cells that fail without being run.
        on_test: receives the id of each test cell before it runs.
        seed: the seed of the test cells' random draws.
    """

    def __init__(
        self,
        chapter_tests: ChapterTests,
        limits: Limits,
        timings: Timings,
        start_kernel: Callable[[], Kernel],
        failed_tests: Sequence[str],
        on_test: Callable[[str], object],
        seed: str,
    ) -> None:
        self._failed_tests, self._on_test, self._seed = failed_tests, on_test, seed
        self._chapter_tests, self._limits, self._timings = chapter_tests, limits, timings
        self._start_kernel = start_kernel
        self._end = fair_time() + limits.notebook_seconds
        self._kernel: Kernel | None = None
        self._session: ProxySession | None = None
        self._kernels_started = 0
        self._completed: list[NotebookNode] = []  # student's cells that another kernel must run again
        self._interrupted: list[NotebookNode] = []  # cells during which a kernel ended
        self._places: dict[str, int] = {}
        self._without_extras = False
        self._stop_reason = ""

    def run_cell(self, cell: NotebookNode) -> None:
        """Runs a code cell and sets its outputs."""
        if role_of(cell) is Role.TEST:
            with self._timings.measure("tests", cell.get("id", "")):
                cell.outputs = self._run_test(cell)
        elif cell.source.strip() and UNGRADED not in cell.metadata.get("tags", []):
            with self._timings.measure("cells"):
                self._run_student_cell(cell)

    def close(self) -> None:
        """Ends the kernel."""
        if self._kernel is not None:
            self._kernel.close()
        self._kernel = self._session = None

    # --- the kernel ------------------------------------------------------------------------------

    def _ready(self) -> tuple[Kernel, ProxySession] | None:
        """A kernel in which all cells up to here have run; None if there is a reason to stop."""
        while self._kernel is None and not self._stop_reason:
            if self._kernels_started > RESTARTS and not self._drop_extras():
                self._stop_reason = (
                    "The submission ended Python, or had to be stopped, too often: no more cells are run."
                )
            elif not self._is_notebook_late():
                self._start()
        if self._kernel is None or self._session is None:
            return None
        return self._kernel, self._session

    def _drop_extras(self) -> bool:
        """Whether another kernel may help: one without the student's extra cells.

        Such a cell may end Python after it has replied, so that the cells after it seem to be at fault.
        """
        if self._without_extras or not any(is_extra(cell) for cell in self._completed):
            return False
        self._without_extras = True
        again = [cell for cell in self._completed + self._interrupted if not is_extra(cell)]
        self._completed = sorted(again, key=lambda cell: self._places[cell.id])
        return True

    def _is_notebook_late(self) -> bool:
        if fair_time() > self._end and not self._stop_reason:
            self._stop_reason = f"The notebook as a whole took longer than {self._limits.notebook_seconds:g} s."
        return bool(self._stop_reason)

    def _start(self) -> None:
        self._kernels_started += 1
        with self._timings.measure("sandbox"):
            self._kernel = self._start_kernel()
        tests = self._chapter_tests
        self._session = ProxySession(self._kernel.connection, tests.setup, self._limits, self._end, tests.shared)
        for cell in list(self._completed):
            if self._kernel is not None:
                self._run_in_kernel(self._kernel, cell)

    # --- cells -----------------------------------------------------------------------------------

    def _run_student_cell(self, cell: NotebookNode) -> None:
        self._places[cell.id] = len(self._places)
        ready = self._ready()
        if ready is None:
            cell.outputs = [error_output(NOT_RUN, self._stop_reason)]
            return
        if self._without_extras and is_extra(cell):
            cell.outputs = [error_output(NOT_RUN, "Python ended too often: your own cells are not run any more.")]
            return
        self._completed.append(cell)
        run = self._run_in_kernel(ready[0], cell)
        cell.outputs, cell.execution_count = run.outputs, run.execution_count

    def _run_in_kernel(self, kernel: Kernel, cell: NotebookNode) -> CellRun:
        """Runs a cell. A cell that is late or ends the kernel does not run again."""
        source = self._chapter_tests.student_side.get(cell.get("id", ""), cell.source)
        # Nobody looks at the outputs of the course's own cells.
        shown = role_of(cell) is Role.SOLUTION or not cell.metadata.get("nbgrader", {}).get("locked")
        run = kernel.run(source, min(fair_time() + self._limits.cell_seconds, self._end), shown=shown)
        if run.late:
            message = f"This cell did not finish within {self._limits.cell_seconds:g} s."
            run.outputs.append(error_output(STOPPED, message))
        elif run.kernel_lost:
            message = "Python ended while this cell ran: did it crash or call exit()?"
            run.outputs.append(error_output(ENDED, message))
        if run.late or run.kernel_lost:
            self._completed.remove(cell)
        if run.kernel_lost:
            self._interrupted += [] if run.late else [cell]
            self.close()
        elif role_of(cell) in (Role.SETUP, Role.STUDENT_SIDE):
            kernel.remember(bound_names(source) - self._chapter_tests.answers, self._chapter_tests.read)
        return run

    def _run_test(self, cell: NotebookNode) -> list[NotebookNode]:
        """The outputs of a test cell, with at most one error."""
        test = self._chapter_tests.tests.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if test is None:
            return [error_output(NOT_RUN, "This test cell is not one of the course's.")]
        if test.id in self._failed_tests:
            if len(self._failed_tests) >= self._limits.killed_tests and test.id == self._failed_tests[-1]:
                self._stop_reason = "Too many tests took too much time or memory: no more tests are run."
            return [error_output(STOPPED, "The result takes more time or memory than a test may use.")]
        ready = None if self._is_notebook_late() else self._ready()
        if ready is None or self._stop_reason:
            return [error_output(NOT_RUN, self._stop_reason)]
        self._on_test(test.id)
        outputs, usable = run_test(test, self._chapter_tests, *ready, self._seed)
        if not usable:
            self.close()
        return outputs
