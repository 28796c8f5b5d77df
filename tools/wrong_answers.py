"""Writes docs/wrong-answers.md: what a student reads for each wrong answer of the bank.

`python tools/wrong_answers.py` runs the whole bank (two minutes) and writes the page; with chapters or
exercises named, it prints their part. `tests/test_bank.py` holds the page against what it runs anyway.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from triptych.check.bank import AnswerChecker, Verdict, read_bank
from triptych.grade.results.feedback import NOT_YET
from triptych.model.cell_names import assertion_messages
from triptych.model.chapter import Exercise, read_chapter
from triptych.model.course import Course

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "wrong-answers.md"
LENGTH = 200
#: Tests draw numbers anew at each run, and which of their sentences comes first may depend on them.
SEED = "1"

HEAD = """\
# Wrong answers, and what is said to them

<!-- Written by `python tools/wrong_answers.py`. Edit the tests in source/, or the bank, and write it anew. -->

For each wrong answer in the bank (`tests/answers/`), the sentence that its student reads in the feedback, in quotation
marks; an error that the student's own code raises is given with its name. Behaviours that say the same share a line. A
message should lead towards the cause and not give the answer away: this page is for reading through with that in mind,
and for looking up what a student may have done who shows you a sentence.

It shows no test and no answer, but it says what to avoid: a class that is to find that out need not be pointed here.
"""


@dataclass(frozen=True)
class Row:
    """What is said to one wrong answer: messages with the test cells that say them."""

    chapter: str
    exercise: str
    title: str
    messages: dict[str, tuple[str, ...]]


def told(verdict: Verdict, source: str) -> str:
    """What the feedback says of a test cell (whose text is `source`) that did not pass."""
    kind, _, said = verdict.error.partition(": ")
    if kind == "AssertionError":
        return f"“{said if said in assertion_messages(source) else NOT_YET}”"
    first = said.strip().split("\n")[0]
    # numbers are drawn anew at each run, and addresses are the machine's
    first = re.sub(r"0x[0-9a-f]+|-?\d+\.\d+(e[-+]?\d+)?|(?<=[\s(\[])-?\d+e[-+]?\d+", "…", first)
    return f"{kind}: {first[:LENGTH]}".rstrip(": ")


def row(chapter: str, exercise: Exercise, title: str, verdicts: Iterable[Verdict]) -> Row:
    """The row of a wrong answer, from the verdicts of its exercise's tests."""
    sources = {test.id: test.source for test in exercise.tests}
    messages: dict[str, tuple[str, ...]] = {}
    for verdict in verdicts:
        if not verdict.passed:
            said = told(verdict, sources[verdict.test])
            messages[said] = (*messages.get(said, ()), verdict.test.removeprefix(f"{exercise.id}_"))
    return Row(chapter, exercise.id, title, messages)


def rows(course: Course, names: Iterable[str] = ()) -> Iterator[Row]:
    """Runs the bank's wrong answers; of the chapters and exercises named, or of all."""
    wanted = set(names)
    os.environ["TRIPTYCH_SEED"] = SEED
    for chapter_id in course.chapters:
        chapter = read_chapter(course.notebook(chapter_id))
        if wanted and not wanted & {chapter_id, *chapter.exercises}:
            continue
        os.chdir(course.source / chapter_id)  # cells find their files as they do in a notebook
        with redirect_stdout(io.StringIO()):
            prover = AnswerChecker(chapter)
        for id_, exercise in chapter.exercises.items():
            if wanted and not wanted & {chapter_id, id_}:
                continue
            for answer in read_bank(course.answers, chapter_id, id_):
                if not answer.right:
                    with redirect_stdout(io.StringIO()):  # seeds, and what answers print
                        verdicts = prover.judge(exercise, answer.source)
                    yield row(chapter_id, exercise, answer.title, verdicts)


def lines(one: Row) -> list[str]:
    """A row as lines of the page's table."""
    said = "<br>".join(f"{cell(text)} ({', '.join(tests)})" for text, tests in one.messages.items())
    return [f"| {cell(one.title)} | {said} |"]


def said_by_test(line: str) -> dict[str, str]:
    """What a line of the page says of each test; of an error its name alone, since texts follow Python's version."""
    found = {}
    for part in line.rstrip(" |").split(" | ", 1)[1].split("<br>"):
        said, _, tests = part.rpartition(" (")
        for test in tests.rstrip(")").split(", "):
            found[test] = said if said.startswith("“") else said.split(":")[0]
    return found


def read_page(text: str) -> dict[tuple[str, str], str]:
    """The lines of the page by exercise and title of the wrong answer."""
    found, exercise = {}, ""
    for line in text.splitlines():
        if line.startswith("### "):
            exercise = line.strip("# `")
        elif exercise and line.startswith("| ") and not line.startswith(("| wrong answer |", "| --- |")):
            found[exercise, line[2:].split(" | ")[0]] = line
    return found


def cell(text: str) -> str:
    """Text that stays in its cell of a Markdown table and is taken as it stands."""
    return re.sub(r"([\\`*_{}\[\]<>#|$~])", r"\\\1", text)


def page(found: Iterable[Row]) -> str:
    """The whole page."""
    text, chapter, exercise = [HEAD], "", ""
    for one in found:
        if one.chapter != chapter:
            chapter = one.chapter
            text.append(f"\n## {chapter}\n")
        if one.exercise != exercise:
            exercise = one.exercise
            text.append(f"\n### `{exercise}`\n\n| wrong answer | what its student reads (and where) |\n| --- | --- |\n")
        text += [f"{line}\n" for line in lines(one)]
    return "".join(text)


if __name__ == "__main__":
    course = Course(ROOT)
    if sys.argv[1:]:
        print(page(rows(course, sys.argv[1:])).removeprefix(HEAD), end="")
    else:
        PAGE.write_text(page(rows(course)), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
