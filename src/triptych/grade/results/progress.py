"""A run of grading as a person at a terminal sees it: a line as each submission ends, and a bar below."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from triptych.grade.dispatch.batch import Listener
from triptych.grade.record import GRADED, Result
from triptych.grade.results.report import line_of

SHOWN_NAMES = 4


class GradingBar(Listener):
    """Bar, submissions a minute, time left, who is being graded. Only lines where there is no terminal."""

    def __init__(self, out: Console, err: Console) -> None:
        self._out = out
        self._start = time.monotonic()
        self._done = 0
        self._waits = False
        self._bar = Progress(
            TextColumn("grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[names]}", style="dim"),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._task = self._bar.add_task("grading", total=None, pace="", names="")

    def __enter__(self) -> GradingBar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def started(self, total: int, unchanged: int) -> None:
        self._start = time.monotonic()
        self._bar.update(self._task, total=total)

    def waiting(self, reason: str) -> None:
        self._bar.update(self._task, names=reason)
        if not self._waits and self._bar.disable:
            self._out.print(Text(f"{reason} …"))
        self._waits = True

    def running(self, names: Sequence[str]) -> None:
        self._waits = False
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        self._bar.update(self._task, names=", ".join(names[:SHOWN_NAMES]) + more)

    def finished(self, result: Result) -> None:
        name, score, of, remark = line_of(asdict(result))
        mark = f"{score} of {of}" if result.status == GRADED else remark
        tail = f" ({remark})" if remark and result.status == GRADED else ""
        self._out.print(Text(f"{result.chapter}  {name}: {mark}{tail}"))
        self._done += 1
        minutes = (time.monotonic() - self._start) / 60
        self._bar.update(self._task, advance=1, pace=f"{self._done / minutes:.0f} a minute")
