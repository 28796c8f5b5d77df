"""The bank of right and wrong answers, and the proof that the tests tell them apart.

`tests/answers/<chapter>/<exercise>.py` contains jupytext percent cells. Each is the whole text of a solution cell:
`# %% right: complex step`, or `# %% wrong: factors crossed` followed by a line `# loses: mul_jvp_product_rule, …` with
the test cells that must fail.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triptych.model.chapter import Cell, Chapter, Exercise, Role

TITLE = re.compile(r"(?P<kind>right|wrong):\s*(?P<title>.+)")
LOSES = re.compile(r"(?m)^# loses:\s*(?P<tests>.*)$\n?")


class BankError(Exception):
    """An answer file that is missing or malformed: the predicate of a sentence about the exercise."""


@dataclass(frozen=True)
class Answer:
    """The text of a solution cell, and the ids of the test cells that it must fail."""

    exercise: str
    title: str
    right: bool
    source: str
    loses: frozenset[str] = frozenset()


def bank_file(answers: Path, chapter: str, exercise: str) -> Path:
    """The file with the answers to an exercise."""
    return answers / chapter / f"{exercise}.py"


def read_bank(answers: Path, chapter: str, exercise: str) -> list[Answer]:
    """Reads the answers to an exercise.

    Args:
        answers: the folder of the bank.
        chapter: the chapter's id.
        exercise: the exercise's id.

    Returns:
        The answers in the file's order.

    Raises:
        BankError: the file is missing or malformed.
    """
    import jupytext  # takes a second to import; most commands do without

    path = bank_file(answers, chapter, exercise)
    if not path.is_file():
        raise BankError(f"has no answers in the bank; write {path.name} in tests/answers/{chapter}")
    bank: dict[str, Answer] = {}
    for cell in jupytext.read(path, fmt="py:percent").cells:
        if cell.cell_type != "code":
            continue
        match = TITLE.fullmatch(str(cell.metadata.get("title", "")).strip())
        if match is None:
            raise BankError(f"has a cell in {path} whose marker is neither “# %% right: …” nor “# %% wrong: …”")
        title, right, loses = match["title"].strip(), match["kind"] == "right", LOSES.search(cell.source)
        if right == bool(loses):
            raise BankError(f"has {title!r} in {path}, but wrong answers, and only they, need a line “# loses: …”")
        tests = frozenset(re.findall(r"\w+", loses["tests"])) if loses else frozenset()
        if not right and not tests:
            raise BankError(f"has {title!r} in {path}, but a wrong answer must lose a test cell")
        if title in bank:
            raise BankError(f"has two answers called {title!r} in {path}")
        source = LOSES.sub("", cell.source, count=1).strip("\n")
        bank[title] = Answer(exercise, title, right, source, tests)
    return list(bank.values())


# --- proving -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """The result of a test cell: whether it passed, and otherwise the error that it raised."""

    test: str
    passed: bool
    error: str = ""


class TookTooLong(Exception):
    """A cell that used up its processor time."""


class AnswerChecker:
    """Judges answers by the test cells of a chapter, in this process.

    Setup cells run once; each answer runs in a copy of their namespace, with the student-side and solution cells. No
    sandbox and no kernel is involved: the answers are the project's own, and a kernel per answer would take hours.

    Args:
        chapter: the chapter.
        restricted: makes a context in which what grading disables for this chapter is disabled. The default disables
            nothing.
    """

    def __init__(self, chapter: Chapter, restricted: Callable[[], AbstractContextManager[Any]] = nullcontext) -> None:
        self.chapter = chapter
        self._restricted = restricted
        self._setup = _namespace({})
        for cell in chapter.with_role(Role.SETUP):
            _run(cell, self._setup)

    def judge(self, exercise: Exercise, source: str | None = None, timeout_s: float = 15.0) -> list[Verdict]:
        """Judges an answer to one exercise; the instructor's solutions answer all others.

        Args:
            exercise: the exercise.
            source: the text of its solution cell; by default the instructor's own solution.
            timeout_s: processor time for the answer and for each test cell, in seconds.

        Returns:
            The verdict of each of the exercise's test cells.
        """
        with self._restricted():
            return self._judge(exercise, source, timeout_s)

    def _judge(self, exercise: Exercise, source: str | None, timeout_s: float) -> list[Verdict]:
        namespace = _namespace(self._setup)
        try:
            with deadline(timeout_s):
                for cell in self.chapter.with_role(Role.SOLUTION, Role.STUDENT_SIDE):
                    if cell.id == exercise.id and source is not None:
                        exec(compile(source, f"<answer to {cell.id}>", "exec"), namespace)
                    else:
                        _run(cell, namespace)
        except Exception as error:  # an answer may fail in any way; its tests then fail with it
            return [Verdict(test.id, False, _describe(error)) for test in exercise.tests]
        return [_verdict(test, namespace, timeout_s) for test in exercise.tests]


def failed_tests(verdicts: Sequence[Verdict]) -> frozenset[str]:
    """The ids of the test cells that did not pass."""
    return frozenset(verdict.test for verdict in verdicts if not verdict.passed)


def _verdict(test: Cell, namespace: Mapping[str, Any], timeout_s: float) -> Verdict:
    try:
        with deadline(timeout_s):
            _run(test, _namespace(namespace))
    except (Exception, SystemExit) as error:
        return Verdict(test.id, False, _describe(error))
    return Verdict(test.id, True)


def _run(cell: Cell, namespace: dict[str, Any]) -> None:
    exec(compile(cell.source, f"<cell {cell.id}>", "exec"), namespace)


def _namespace(base: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `base`. Functions of `base` keep their globals, so code that runs in the copy cannot change it."""
    return {"__name__": "__main__", **base}


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


@contextmanager
def deadline(timeout_s: float) -> Iterator[None]:
    """Raises TookTooLong in the block after `timeout_s` seconds of processor time. Main thread, POSIX.

    Processor time does not depend on other load of the machine.
    """

    def ring(signum: int, frame: object) -> None:
        raise TookTooLong(f"no end after {timeout_s:g} s of processor time")

    previous = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, timeout_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
