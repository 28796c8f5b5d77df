"""The test cells tell right answers from wrong ones. `pytest -k mul_jvp` runs the bank of one exercise."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import pytest

from triptych.check.bank import Answer, AnswerChecker, failed_tests, read_bank
from triptych.model.chapter import Chapter, read_chapter, stub
from triptych.model.course import Course

COURSE = Course(Path(__file__).resolve().parents[1])
sys.path.insert(0, str(COURSE.root / "tools"))
from wrong_answers import SEED, answer_checker, escape, make_row, messages_by_test, read_pages  # noqa: E402

PAGE_LINES = read_pages()


@functools.cache
def chapter_of(chapter_id: str) -> Chapter:
    return read_chapter(COURSE.notebook(chapter_id))


@functools.cache
def checker_of(chapter_id: str) -> AnswerChecker:
    return answer_checker(chapter_of(chapter_id))


def in_chapter(chapter_id: str, *values: object, name: str):
    # a group runs in one process, so a chapter's setup runs once
    return pytest.param(chapter_id, *values, id=f"{chapter_id}-{name}", marks=pytest.mark.xdist_group(chapter_id))


EXERCISES = [(c, e) for c in COURSE.chapters for e in chapter_of(c).exercises]
ANSWERS = [
    (chapter, exercise, answer)
    for chapter, exercise in EXERCISES
    if (COURSE.answers / chapter / f"{exercise}.py").is_file()
    for answer in read_bank(COURSE.answers, chapter, exercise)
]


@pytest.fixture(autouse=True)
def beside_the_notebook(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs cells in their chapter's folder, as a notebook does."""
    if hasattr(request.node, "callspec"):
        monkeypatch.chdir(COURSE.source / request.node.callspec.params["chapter_id"])


@pytest.mark.parametrize(
    ("chapter_id", "exercise_id", "answer"),
    [in_chapter(c, e, a, name=f"{e}-{'right' if a.right else 'wrong'}-{a.title}") for c, e, a in ANSWERS],
)
def test_answer_gets_its_verdict(
    chapter_id: str, exercise_id: str, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise, checker = chapter_of(chapter_id).exercises[exercise_id], checker_of(chapter_id)
    # a right answer ends in any case; for a wrong one that does not, waiting longer changes nothing
    verdicts = checker.judge(exercise, answer.source, timeout_s=120 if answer.right else 6)
    assert failed_tests(verdicts) == answer.loses, "\n".join(f"{v.test}: {v.error or 'passed'}" for v in verdicts)
    if not answer.right:
        expected = messages_by_test(PAGE_LINES.get((exercise_id, escape(answer.title)), " | nothing (nowhere)"))
        messages = messages_by_test(make_row(chapter_id, exercise, answer.title, verdicts).line)
        if messages != expected:  # another message may come first for other random numbers: use the page's seed
            monkeypatch.setenv("TRIPTYCH_SEED", SEED)
            verdicts = checker.judge(exercise, answer.source)
            messages = messages_by_test(make_row(chapter_id, exercise, answer.title, verdicts).line)
        assert messages == expected, UPDATE


UPDATE = "run `.venv/bin/python tools/wrong_answers.py`, which writes docs/instructors/wrong-answers/"


def test_page_of_wrong_answers_lists_the_bank() -> None:
    bank = {(exercise, escape(answer.title)) for _, exercise, answer in ANSWERS if not answer.right}
    assert set(PAGE_LINES) == bank, UPDATE


@pytest.mark.parametrize(("chapter_id", "exercise_id"), [in_chapter(c, e, name=e) for c, e in EXERCISES])
def test_solution_earns_everything_and_stub_nothing(chapter_id: str, exercise_id: str) -> None:
    exercise, checker = chapter_of(chapter_id).exercises[exercise_id], checker_of(chapter_id)
    verdicts = checker.judge(exercise)
    assert not failed_tests(verdicts), "\n".join(f"{v.test}: {v.error}" for v in verdicts if not v.passed)
    assert failed_tests(checker.judge(exercise, stub(exercise.solution.source))) == {test.id for test in exercise.tests}
