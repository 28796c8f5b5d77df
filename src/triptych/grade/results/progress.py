"""The progress of a grading run on a terminal: a line for each finished submission, and a bar below."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from triptych.grade.dispatch.batch import Listener
from triptych.grade.record import GRADED, Result
from triptych.grade.results.terminal import result_line

SHOWN_NAMES = 4


class GradingBar(Listener):
    """Shows progress, submissions per minute, remaining time and current submissions. A context manager.

    Args:
        out: receives the lines.
        err: shows the bar if it is a terminal.
    """

    def __init__(self, out: Console, err: Console) -> None:
        self._out = out
        self._start = time.monotonic()
        self._finished = 0
        self._is_waiting = False
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

    def __exit__(self, *_: Any) -> None:
        self._bar.stop()

    def started(self, total: int, unchanged: int) -> None:
        self._start = time.monotonic()
        self._bar.update(self._task, total=total)

    def changed(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._out.print(Text(line))

    def waiting(self, reason: str) -> None:
        self._bar.update(self._task, names=reason)
        if not self._is_waiting and self._bar.disable:
            self._out.print(Text(f"{reason} …"))
        self._is_waiting = True

    def running(self, names: Sequence[str]) -> None:
        self._is_waiting = False
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        self._bar.update(self._task, names=", ".join(names[:SHOWN_NAMES]) + more)

    def finished(self, result: Result) -> None:
        name, score, maximum, remark = result_line(result)
        text = remark
        if result.status == GRADED:
            text = f"{score} of {maximum}" + (f" ({remark})" if remark else "")
        self._out.print(Text(f"{result.chapter}  {name}: {text}"))
        self._finished += 1
        minutes = (time.monotonic() - self._start) / 60
        self._bar.update(self._task, advance=1, pace=f"{self._finished / minutes:.0f} a minute")
