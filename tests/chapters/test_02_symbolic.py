"""Tests of the statements on the slides of chapter 2."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import sympy
from lectures import Lecture

OPERATIONS_IN_F = [4, 11, 25, 53, 109, 221]
OPERATIONS_IN_SLOPE = [2, 10, 35, 99, 255, 623]


def rows(lecture: Lecture, cell: str) -> list[list[int]]:
    return [[int(n) for n in re.findall(r"(?<= )\d+", line)] for line in lecture.lines(cell)]


def test_cube_and_its_slope(lecture: Lecture) -> None:
    assert lecture.lines("let-the-computer-do-the-algebra-code") == [
        "f  = x**3",
        "f' = 3*x**2",
        "f'(1/3) = 1/3",
    ]


def test_exact_at_any_spacing(lecture: Lecture) -> None:
    lines = lecture.lines("from-a-formula-to-a-program-code")
    values = [[float(n) for n in line.split()] for line in lines[1:]]
    # the errors of np.gradient are those at the ends in chapter 1: 75 - 61 and 75 - 71.3125
    assert values == [[11, 0, 14], [41, 0, 3.6875]]


def test_chain_rule(lecture: Lecture) -> None:
    tree, derivative = lecture.lines("an-expression-is-a-tree-code")
    assert tree == "cos(Pow(Symbol('x'), Integer(2)))"
    x = sympy.Symbol("x")
    assert sympy.sympify(derivative.split("->")[1]) == -2 * x * sympy.sin(x**2)


def test_expression_swell(lecture: Lecture, names: dict[str, Any]) -> None:
    assert names["f_counts"] == OPERATIONS_IN_F
    assert names["slope_counts"] == OPERATIONS_IN_SLOPE
    assert rows(lecture, "compose-it-six-times-code") == [[1, 2, 3, 4, 5, 6], OPERATIONS_IN_F, OPERATIONS_IN_SLOPE]
    overtakes = np.array(OPERATIONS_IN_SLOPE) > OPERATIONS_IN_F
    assert overtakes.tolist() == [False, False, True, True, True, True]


def test_growth_goes_on_as_the_notes_say(names: dict[str, Any]) -> None:
    more = names["expression_swell"](names["quadmap"], 10)
    per_leaf = np.array(more) / 2.0 ** np.arange(1, 11)
    steps = np.diff(per_leaf)[3:]
    assert np.all(np.abs(steps - 1.75) < 0.05)  # n times 2 to the n
    ratios = np.array(more[1:]) / np.array(more[:-1])
    assert np.all(np.diff(ratios) < 0) and ratios[-1] > 2  # falling towards 2
    assert 1e20 < 1.75 * 60 * 2.0**60 < 1e21  # "some 10^20 operations"


def test_cse_finds_the_structure_again(lecture: Lecture, names: dict[str, Any]) -> None:
    text = lecture.printed["cse-finds-the-structure-again-code"]
    assert "operations: 623 -> 86" in text
    assert "names: 12" in text
    rebuilt = names["rest"][0]
    for name, expression in reversed(names["named"]):
        rebuilt = rebuilt.subs(name, expression)
    assert sympy.expand(rebuilt - sympy.diff(names["sixfold"], sympy.Symbol("x"))) == 0


class Counted:
    """A number that counts the arithmetic done with it and its like."""

    done = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def _count(self, value: float) -> Counted:
        Counted.done += 1
        return Counted(value)

    def __add__(self, other: Any) -> Counted:
        return self._count(self.value + getattr(other, "value", other))

    def __mul__(self, other: Any) -> Counted:
        return self._count(self.value * getattr(other, "value", other))

    def __pow__(self, power: int) -> Counted:
        return self._count(self.value**power)

    __radd__, __rmul__ = __add__, __mul__


def test_each_application_takes_seven_operations(lecture: Lecture, names: dict[str, Any]) -> None:
    assert rows(lecture, "what-it-costs-code")[2] == [7, 14, 21, 28, 35, 42]
    assert names["per_step"] == 7
    Counted.done = 0
    value, slope = names["quadmap_value_and_slope"](Counted(1), 6)
    assert Counted.done == 42
    x = sympy.Symbol("x")
    assert value.value == names["sixfold"].subs(x, 1)
    assert slope.value == sympy.diff(names["sixfold"], x).subs(x, 1)


def test_a_branch_on_a_symbol_is_a_type_error(lecture: Lecture, names: dict[str, Any]) -> None:
    assert lecture.lines("a-program-is-more-than-a-formula-code")[0] == "9 1"
    assert "TypeError: cannot determine truth value" in lecture.printed["a-program-is-more-than-a-formula-code"]
    with pytest.raises(TypeError):
        names["branch"](sympy.Symbol("x"))


def test_piecewise_says_nothing_of_the_jump(lecture: Lecture, names: dict[str, Any]) -> None:
    _, *lines = lecture.lines("piecewise-a-branch-as-a-formula-code")
    at_1, at_3, at_2 = (int(line.split()[-1]) for line in lines)
    assert (at_1, at_3, at_2) == (3, 6, 12)
    pieces, x = names["pieces"], sympy.Symbol("x")
    assert pieces.subs(x, 2) == 8
    assert sympy.limit(pieces.args[0][0], x, 2) == 4


def test_differences_shoot_down_at_the_jump(names: dict[str, Any]) -> None:
    grid, slopes = names["grid"], names["slopes"]
    assert len(grid) == 501
    assert round(slopes.min()) == -279
    assert names["finer"].min() / slopes.min() == pytest.approx(10, abs=0.3)  # "ten times as far"
    low = np.flatnonzero(slopes < -100)
    assert len(low) == 2 and grid[low[0]] < 2 < grid[low[1]]  # "the two points beside the jump"
    away = np.ones(len(grid), bool)
    away[low] = False
    exact = np.where(grid > 2, 2 * grid, 3 * grid**2)
    assert np.max(np.abs(slopes - exact)[away]) < 0.05
