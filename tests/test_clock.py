"""Deadlines are fair: a clock that goes slower while cores are short, and never back."""

from __future__ import annotations

import pytest

from triptych.grade.execute.clock import LONGEST, FairClock, runnable


class Machine:
    def __init__(self) -> None:
        self.now, self.running = 100.0, 1

    def clock(self, cores: int = 2) -> FairClock:
        return FairClock(lambda: self.now, lambda: self.running, cores)


def let_pass(machine: Machine, clock: FairClock, seconds: float) -> float:
    start = clock()
    for _ in range(round(seconds / 0.1)):
        machine.now += 0.1
        clock()
    return clock() - start


@pytest.mark.parametrize(
    ("running", "pace"), [(0, 1), (1, 1), (2, 1), (4, 1 / 2), (8, 1 / 4), (16, 1 / 8), (500, 1 / LONGEST)]
)
def test_its_pace_is_what_each_thread_gets_of_a_core(running: int, pace: float) -> None:
    machine = Machine()
    machine.running = running
    assert let_pass(machine, machine.clock(), 10) == pytest.approx(10 * pace)


def test_it_never_goes_back() -> None:
    machine = Machine()
    clock = machine.clock()
    seen = []
    for step in range(300):
        machine.running = 400 if step % 2 else 1
        machine.now += 0.03
        seen.append(clock())
    assert seen == sorted(seen)


def test_this_machine_tells_its_load() -> None:
    assert runnable() >= 1
