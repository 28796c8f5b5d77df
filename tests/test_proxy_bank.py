"""The whole bank has the same verdicts in a kernel as in one process, where `test_bank.py` proves them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sessions import KernelAnswerChecker

from triptych.check.bank import bank_file, read_bank
from triptych.model.cell_names import bound_names
from triptych.model.chapter import read_chapter
from triptych.model.course import Course

COURSE = Course(Path(__file__).resolve().parents[1])
pytestmark = pytest.mark.slow
CHAPTERS = [pytest.param(chapter, marks=pytest.mark.xdist_group(chapter)) for chapter in COURSE.chapters]

# Results that pass every comparison that is left to their own methods.
PRETENDER = """
class Pretender(float):
    def __new__(cls, *args, **kwargs):
        return float.__new__(cls, 0.5)
    def __init__(self, *args, **kwargs):
        pass
    def __call__(self, *args, **kwargs):
        return Pretender()
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return Pretender()
    def __eq__(self, other):
        return True
    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = lambda self, *other: True
    __ne__ = lambda self, other: False
    __hash__ = float.__hash__
    def __iter__(self):
        return iter([Pretender(), Pretender()])
    def __len__(self):
        return 2
    def __getitem__(self, index):
        return Pretender()
    def __add__(self, *other):
        return 0.0
    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __abs__ = __neg__ = __add__
    __pow__ = __rpow__ = __add__
"""


@pytest.mark.parametrize("chapter_id", CHAPTERS)
def test_verdicts_are_those_of_one_process(chapter_id: str) -> None:
    chapter = read_chapter(COURSE.notebook(chapter_id))
    wrong = {}
    with KernelAnswerChecker(chapter, by_hand=chapter.by_hand, own_fit=chapter.own_fit) as checker:
        for exercise in chapter.exercises.values():
            if own := checker.errors(exercise):
                wrong[exercise.id, "the instructor's solution"] = own
            if not bank_file(COURSE.answers, chapter_id, exercise.id).is_file():
                continue
            for answer in read_bank(COURSE.answers, chapter_id, exercise.id):
                errors = checker.errors(exercise, answer.source)
                if set(errors) != answer.loses:
                    wrong[exercise.id, answer.title] = errors
    assert wrong == {}


@pytest.mark.parametrize("chapter_id", CHAPTERS)
def test_objects_equal_to_everything_earn_nothing(chapter_id: str) -> None:
    chapter = read_chapter(COURSE.notebook(chapter_id))
    passed = {}
    with KernelAnswerChecker(chapter) as checker:
        for exercise in chapter.exercises.values():
            names = sorted(bound_names(exercise.solution.source))
            answer = PRETENDER + "\n".join(f"{name} = Pretender()" for name in names)
            tests = {test.id for test in exercise.tests} - set(checker.errors(exercise, answer))
            if tests:
                passed[exercise.id] = tests
    assert passed == {}
