"""The hidden tests tell right answers from wrong ones.

One process a chapter, not one kernel an answer. `pytest -k mul_jvp` runs one exercise.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import pytest

from triptych.check.bank import Answer, AnswerChecker, lost, read_bank
from triptych.model.chapter import Chapter, read_chapter, stub
from triptych.model.course import Course

COURSE = Course(Path(__file__).resolve().parents[1])
sys.path.insert(0, str(COURSE.root / "tools"))
from wrong_answers import PAGE, SEED, escape, make_row, messages_by_test, read_page  # noqa: E402

PAGE_LINES = read_page(PAGE.read_text(encoding="utf-8"))


@functools.cache
def chapter_of(chapter_id: str) -> Chapter:
    return read_chapter(COURSE.notebook(chapter_id))


@functools.cache
def prover_of(chapter_id: str) -> AnswerChecker:
    return AnswerChecker(chapter_of(chapter_id))


def in_chapter(chapter_id: str, *values: object, name: str):
    # xdist keeps a group in one process, so that a chapter's setup runs once
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
    """Cells find their files as they do in a notebook."""
    if not hasattr(request.node, "callspec"):
        return
    chapter_id = request.node.callspec.params["chapter_id"]
    monkeypatch.chdir(COURSE.source / chapter_id)


@pytest.mark.parametrize(
    ("chapter_id", "exercise_id", "answer"),
    [in_chapter(c, e, a, name=f"{e}-{'right' if a.right else 'wrong'}-{a.title}") for c, e, a in ANSWERS],
)
def test_answer_gets_its_verdict(
    chapter_id: str, exercise_id: str, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise = chapter_of(chapter_id).exercises[exercise_id]
    # a right answer is never late, and a wrong one that does not end is waited for in vain
    verdicts = prover_of(chapter_id).judge(exercise, answer.source, seconds=120 if answer.right else 6)
    assert lost(verdicts) == answer.loses, "\n".join(f"{v.test}: {v.error or 'passed'}" for v in verdicts)
    if not answer.right:
        page = messages_by_test(PAGE_LINES.get((exercise_id, escape(answer.title)), " | nothing (nowhere)"))
        messages = messages_by_test(make_row(chapter_id, exercise, answer.title, verdicts).line)
        if messages != page:  # other random inputs may fail another assertion first: use the page's seed
            monkeypatch.setenv("TRIPTYCH_SEED", SEED)
            verdicts = prover_of(chapter_id).judge(exercise, answer.source)
            messages = messages_by_test(make_row(chapter_id, exercise, answer.title, verdicts).line)
        assert messages == page, f"run {SAY_AGAIN}"


SAY_AGAIN = "`.venv/bin/python tools/wrong_answers.py`, which writes docs/wrong-answers.md anew"


def test_the_page_of_wrong_answers_names_those_of_the_bank_and_no_others() -> None:
    bank = {(exercise, escape(answer.title)) for _, exercise, answer in ANSWERS if not answer.right}
    assert set(PAGE_LINES) == bank, f"run {SAY_AGAIN}"


@pytest.mark.parametrize(("chapter_id", "exercise_id"), [in_chapter(c, e, name=e) for c, e in EXERCISES])
def test_instructors_solution_earns_everything(chapter_id: str, exercise_id: str) -> None:
    verdicts = prover_of(chapter_id).judge(chapter_of(chapter_id).exercises[exercise_id])
    assert not lost(verdicts), "\n".join(f"{v.test}: {v.error}" for v in verdicts if not v.passed)


@pytest.mark.parametrize(("chapter_id", "exercise_id"), [in_chapter(c, e, name=e) for c, e in EXERCISES])
def test_stub_earns_nothing(chapter_id: str, exercise_id: str) -> None:
    exercise = chapter_of(chapter_id).exercises[exercise_id]
    verdicts = prover_of(chapter_id).judge(exercise, stub(exercise.solution.source))
    assert lost(verdicts) == {test.id for test in exercise.tests}
