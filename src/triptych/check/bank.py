"""The bank of right and wrong answers, and the proof that the tests tell them apart.

`tests/answers/<chapter>/<exercise>.py` holds jupytext percent cells, each the whole text of a
solution cell: `# %% right: complex step`, or `# %% wrong: factors crossed` followed by a line
`# loses: mul_jvp_product_rule, …` with the test cells that must fail.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triptych.model.chapter import Cell, Chapter, Exercise, Role

TITLE = re.compile(r"(?P<kind>right|wrong):\s*(?P<title>.+)")
LOSES = re.compile(r"(?m)^# loses:\s*(?P<tests>.*)$\n?")


class BankError(Exception):
    """An answer file that is missing or malformed: one sentence."""


@dataclass(frozen=True)
class Answer:
    """One answer: the text of a solution cell, and which test cells it must lose."""

    exercise: str
    title: str
    right: bool
    source: str
    loses: frozenset[str] = field(default_factory=frozenset)


def bank_file(answers: Path, chapter: str, exercise: str) -> Path:
    """Where the answers of an exercise are."""
    return answers / chapter / f"{exercise}.py"


def read_bank(answers: Path, chapter: str, exercise: str) -> list[Answer]:
    """The answers of an exercise, in the file's order. Raises BankError."""
    import jupytext  # takes a second to import, and most of this module does without

    path = bank_file(answers, chapter, exercise)
    if not path.is_file():
        raise BankError(f"has no answers in the bank: write {path.name} in tests/answers/{chapter}")
    found = []
    for cell in jupytext.read(path, fmt="py:percent").cells:
        if cell.cell_type != "code":
            continue
        match = TITLE.fullmatch(str(cell.metadata.get("title", "")).strip())
        if match is None:
            raise BankError(f"has a cell in {path} whose marker is neither “# %% right: …” nor “# %% wrong: …”")
        right = match["kind"] == "right"
        loses = LOSES.search(cell.source)
        if right == bool(loses):
            raise BankError(f"has {match['title']!r} in {path}: exactly the wrong answers say “# loses: …”")
        tests = frozenset(re.findall(r"\w+", loses["tests"])) if loses else frozenset()
        if not right and not tests:
            raise BankError(f"has {match['title']!r} in {path}: a wrong answer must lose a test cell")
        source = LOSES.sub("", cell.source, count=1).strip("\n")
        found.append(Answer(exercise, match["title"].strip(), right, source, tests))
    titles = [answer.title for answer in found]
    for title in titles:
        if titles.count(title) > 1:
            raise BankError(f"has two answers called {title!r} in {path}")
    return found


# --- proving -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What one test cell said of an answer: passed, or the error that it raised."""

    test: str
    passed: bool
    error: str = ""


class TookTooLong(Exception):
    """An answer that does not end."""


class AnswerChecker:
    """Runs test cells in a namespace that holds setup, student-side and solution cells alone.

    Setup cells run once; their names are copied into a new namespace for each answer. All of it in
    this process: the bank is the project's own code, and a kernel an answer would take hours.
    """

    def __init__(self, chapter: Chapter, seconds: float = 15.0) -> None:
        self.chapter = chapter
        self.seconds = seconds
        self._setup = _namespace({})
        for cell in chapter.with_role(Role.SETUP):
            _run(cell, self._setup)

    def judge(self, exercise: Exercise, source: str | None = None, seconds: float | None = None) -> list[Verdict]:
        """The verdict of each test cell on `source` (default: the instructor's own solution).

        The other exercises are answered by the instructor, so that one answer decides alone. Each test
        cell gets `seconds` of processor time (default: the prover's).
        """
        seconds = seconds or self.seconds
        namespace = _namespace(self._setup)
        try:
            with deadline(seconds):
                for cell in self.chapter.with_role(Role.SOLUTION, Role.STUDENT_SIDE):
                    if cell.id == exercise.id and source is not None:
                        exec(compile(source, f"<answer to {cell.id}>", "exec"), namespace)
                    else:
                        _run(cell, namespace)
        except Exception as error:  # an answer may fail in any way; its tests then fail with it
            return [Verdict(test.id, False, _described(error)) for test in exercise.tests]
        return [self._verdict(test, namespace, seconds) for test in exercise.tests]

    def _verdict(self, test: Cell, namespace: Mapping[str, Any], seconds: float) -> Verdict:
        try:
            with deadline(seconds):
                _run(test, _namespace(namespace))
        except (Exception, SystemExit) as error:
            return Verdict(test.id, False, _described(error))
        return Verdict(test.id, True)


def lost(verdicts: Sequence[Verdict]) -> frozenset[str]:
    """The test cells that an answer loses."""
    return frozenset(v.test for v in verdicts if not v.passed)


def _run(cell: Cell, namespace: dict[str, Any]) -> None:
    exec(compile(cell.source, f"<cell {cell.id}>", "exec"), namespace)


def _namespace(base: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `base`: what runs in it leaves `base` alone, and functions of `base` keep their globals."""
    return {"__name__": "__main__", **base}


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises TookTooLong in the block when it takes longer, in processor time. Main thread, POSIX.

    Processor time, so that a busy machine makes no right answer late; the bank has none that sleeps.
    """

    def ring(signum: int, frame: object) -> None:
        raise TookTooLong(f"no end after {seconds:g} s of processor time")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
