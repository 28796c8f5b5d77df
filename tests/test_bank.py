"""The hidden tests tell right answers from wrong ones.

One process a chapter, not one kernel an answer. `pytest -k mul_jvp` runs one exercise.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from triptych.bank import Answer, Prover, lost, read_bank
from triptych.chapter import Chapter, read_chapter, stub
from triptych.course import Course

COURSE = Course(Path(__file__).resolve().parents[1])


@functools.cache
def chapter_of(chapter_id: str) -> Chapter:
    return read_chapter(COURSE.notebook(chapter_id))


@functools.cache
def prover_of(chapter_id: str) -> Prover:
    return Prover(chapter_of(chapter_id))


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
    chapter_id = request.node.callspec.params["chapter_id"]
    monkeypatch.chdir(COURSE.source / chapter_id)
    os.environ.pop("TRIPTYCH_SEED", None)


@pytest.mark.parametrize(
    ("chapter_id", "exercise_id", "answer"),
    [in_chapter(c, e, a, name=f"{e}-{'right' if a.right else 'wrong'}-{a.title}") for c, e, a in ANSWERS],
)
def test_answer_gets_its_verdict(chapter_id: str, exercise_id: str, answer: Answer) -> None:
    verdicts = prover_of(chapter_id).judge(chapter_of(chapter_id).exercises[exercise_id], answer.source)
    assert lost(verdicts) == answer.loses, "\n".join(f"{v.test}: {v.error or 'passed'}" for v in verdicts)


@pytest.mark.parametrize(("chapter_id", "exercise_id"), [in_chapter(c, e, name=e) for c, e in EXERCISES])
def test_instructors_solution_earns_everything(chapter_id: str, exercise_id: str) -> None:
    verdicts = prover_of(chapter_id).judge(chapter_of(chapter_id).exercises[exercise_id])
    assert not lost(verdicts), "\n".join(f"{v.test}: {v.error}" for v in verdicts if not v.passed)


@pytest.mark.parametrize(("chapter_id", "exercise_id"), [in_chapter(c, e, name=e) for c, e in EXERCISES])
def test_stub_earns_nothing(chapter_id: str, exercise_id: str) -> None:
    exercise = chapter_of(chapter_id).exercises[exercise_id]
    verdicts = prover_of(chapter_id).judge(exercise, stub(exercise.solution.source))
    assert lost(verdicts) == {test.id for test in exercise.tests}
