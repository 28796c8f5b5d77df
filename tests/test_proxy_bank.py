"""The whole bank has the same verdicts behind the wall as in one process.

`test_bank.py` proves those in one process. One kernel a chapter.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sessions import BehindTheWall

from triptych.check.bank import read_bank
from triptych.model.cell_names import bound_names
from triptych.model.chapter import Exercise, read_chapter
from triptych.model.course import Course

COURSE = Course(Path(__file__).resolve().parents[1])
pytestmark = pytest.mark.slow
CHAPTERS = [pytest.param(chapter, marks=pytest.mark.xdist_group(chapter)) for chapter in COURSE.chapters]

# A function or class whose results pass every comparison that is left to them.
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
    with BehindTheWall(chapter, by_hand=chapter.by_hand) as wall:
        for exercise in chapter.exercises.values():
            own = wall.errors(exercise)
            if own:
                wrong[exercise.id, "the instructor's solution"] = own
            if not (COURSE.answers / chapter_id / f"{exercise.id}.py").is_file():
                continue
            for answer in read_bank(COURSE.answers, chapter_id, exercise.id):
                found = wall.errors(exercise, answer.source)
                if set(found) != answer.loses:
                    wrong[exercise.id, answer.title] = found
    assert wrong == {}


@pytest.mark.parametrize("chapter_id", CHAPTERS)
def test_objects_equal_to_everything_earn_nothing(chapter_id: str) -> None:
    chapter = read_chapter(COURSE.notebook(chapter_id))
    earned = {}
    with BehindTheWall(chapter) as wall:
        for exercise in chapter.exercises.values():
            found = wall.errors(exercise, pretending(exercise))
            kept = {test.id for test in exercise.tests} - set(found)
            if kept:
                earned[exercise.id] = kept
    assert earned == {}


def pretending(exercise: Exercise) -> str:
    names = sorted(bound_names(exercise.solution.source))
    return PRETENDER + "\n".join(f"{name} = Pretender()" for name in names)
