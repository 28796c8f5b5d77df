"""A chapter behind the wall, for tests: one kernel for many answers, each in a namespace of its own."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from types import TracebackType

from triptych.grade.execute.kernel import Kernel, remember_code
from triptych.grade.execute.proxy import ProxySession
from triptych.grade.execute.run import run_test
from triptych.grade.execute.test_cells import references
from triptych.grade.sandbox.limits import Limits
from triptych.model.cell_names import bound_names
from triptych.model.chapter import Chapter, Exercise, Role

QUICK = Limits(call_seconds=10, test_seconds=30, notebook_seconds=3600)
KEEP = (
    "__import__('sys').modules['triptych.grade.guest.agent'].KEPT = dict(__import__('IPython').get_ipython().user_ns)"
)
RESET = """
(lambda now, kept: (now.clear(), now.update(kept)))(
    __import__('IPython').get_ipython().user_ns, __import__('sys').modules['triptych.grade.guest.agent'].KEPT
)
"""


class BehindTheWall:
    """What `bank.AnswerChecker` is inside one process: the verdicts of a chapter's tests on one answer."""

    def __init__(self, chapter: Chapter, *, by_hand: bool = False, sandbox: str = "none") -> None:
        self._chapter, self._by_hand, self._sandbox = chapter, by_hand, sandbox
        self._references = references(chapter)
        self._folder = tempfile.TemporaryDirectory()
        self._kernel: Kernel | None = None
        self._wall: ProxySession | None = None

    def __enter__(self) -> BehindTheWall:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._end()
        self._folder.cleanup()

    def _end(self) -> None:
        if self._wall is not None:
            self._wall.close()
        if self._kernel is not None:
            self._kernel.close()
        self._kernel = self._wall = None

    def _ready(self) -> tuple[Kernel, ProxySession]:
        if self._kernel is None or self._wall is None:
            self._kernel = Kernel(Path(self._folder.name), QUICK, self._sandbox, hand=self._by_hand)
            shared = self._references
            self._wall = ProxySession(self._kernel.stream, shared.setup, QUICK, shared=shared.shared)
            for cell in self._chapter.with_role(Role.SETUP):
                self._run(cell.source)
                self._kernel.post(remember_code(sorted(bound_names(cell.source))))
            self._kernel.post(KEEP)
        return self._kernel, self._wall

    def _run(self, source: str) -> None:
        assert self._kernel is not None
        self._kernel.run(source, time.monotonic() + 30)

    def errors(self, exercise: Exercise, source: str | None = None) -> dict[str, str]:
        """For each test cell that `source` (default: the instructor's own answer) fails, why."""
        kernel, _ = self._ready()
        kernel.post(RESET)
        rest: list[str] = []
        for cell in self._chapter.with_role(Role.SOLUTION, Role.STUDENT_SIDE):
            if cell.grade_id == exercise.id and source is not None:
                self._run("\n\n".join(rest))
                self._run(source)
                rest = []
            else:
                rest.append(cell.source)
        self._run("\n\n".join(rest))
        found = {}
        for test in exercise.tests:
            kernel, wall = self._ready()
            outputs, alive = run_test(self._references.tests[test.grade_id], self._references, kernel, wall)
            for output in outputs:
                if output.output_type == "error":
                    found[test.id] = f"{output.ename}: {output.evalue}"
            if not alive:
                self._end()
                return found | {t.id: "the kernel was lost" for t in exercise.tests if t.id not in found}
        return found
