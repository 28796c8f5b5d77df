"""The verdicts of a chapter's tests on answers that run in a kernel, as in grading: one kernel for many answers."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.kernel import Kernel
from triptych.grade.execute.session import ProxySession
from triptych.grade.execute.test_cells import CHAPTER_TESTS
from triptych.grade.execute.verdict import run_test
from triptych.grade.execute.zygote_spec import zygote_spec
from triptych.grade.sandbox.limits import Limits
from triptych.model.cell_names import bound_names
from triptych.model.chapter import Chapter, Exercise, Role

LIMITS = Limits(call_seconds=10, test_seconds=30, notebook_seconds=3600)
SAVE = (
    "__import__('sys').modules['triptych.grade.guest.agent'].SAVED = dict(__import__('IPython').get_ipython().user_ns)"
)
RESTORE = """
(lambda namespace, saved: (namespace.clear(), namespace.update(saved)))(
    __import__('IPython').get_ipython().user_ns, __import__('sys').modules['triptych.grade.guest.agent'].SAVED
)
"""


class KernelAnswerChecker:
    """Like `bank.AnswerChecker`, with answers in a kernel instead of this process. A context manager."""

    def __init__(self, chapter: Chapter, *, by_hand: bool = False, own_fit: bool = False) -> None:
        self._chapter = chapter
        self._spec = zygote_spec("none", by_hand=by_hand, own_fit=own_fit)
        self._tests = CHAPTER_TESTS.get(chapter)
        self._resources = contextlib.ExitStack()
        self._ready: tuple[Kernel, ProxySession] | None = None

    def __enter__(self) -> KernelAnswerChecker:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        self._resources.close()
        self._ready = None

    def _start(self) -> tuple[Kernel, ProxySession]:
        folder = self._resources.enter_context(tempfile.TemporaryDirectory())
        kernel = self._resources.enter_context(contextlib.closing(Kernel(self._spec, Path(folder), LIMITS)))
        session = ProxySession(kernel.connection, self._tests.setup, LIMITS, shared=self._tests.shared)
        for cell in self._chapter.with_role(Role.SETUP):
            _run(kernel, cell.source)
            kernel.remember(bound_names(cell.source), self._tests.read)
        _run(kernel, SAVE)
        return kernel, session

    def errors(self, exercise: Exercise, source: str | None = None) -> dict[str, str]:
        """The error of each test cell that `source` (default: the instructor's own answer) fails."""
        self._ready = self._ready or self._start()
        kernel, session = self._ready
        _run(kernel, RESTORE)
        cells: list[str] = []
        for cell in self._chapter.with_role(Role.SOLUTION, Role.STUDENT_SIDE):
            if cell.grade_id == exercise.id and source is not None:
                _run(kernel, "\n\n".join(cells))
                _run(kernel, source)
                cells = []
            else:
                cells.append(cell.source)
        _run(kernel, "\n\n".join(cells))
        errors: dict[str, str] = {}
        for test in exercise.tests:
            outputs, usable = run_test(self._tests.tests[test.grade_id], self._tests, kernel, session)
            for output in outputs:
                if output.output_type == "error":
                    errors[test.id] = f"{output.ename}: {output.evalue}"
            if not usable:
                self._close()
                return {test.id: "the kernel was lost" for test in exercise.tests} | errors
        return errors


def _run(kernel: Kernel, source: str) -> None:
    kernel.run(source, fair_time() + 30, shown=False)
