"""The clock for deadlines slows down while cores are short, and never goes back."""

from __future__ import annotations

import pytest

from triptych.grade.execute.clock import MAX_SLOWDOWN, FairClock, runnable_threads


class Machine:
    """A machine with two cores."""

    def __init__(self, threads: int = 1) -> None:
        self.now, self.threads = 100.0, threads
        self.clock = FairClock(lambda: self.now, lambda: self.threads, cores=2)

    def step(self, seconds: float) -> float:
        self.now += seconds
        return self.clock()


@pytest.mark.parametrize(
    ("threads", "pace"), [(0, 1), (1, 1), (2, 1), (4, 1 / 2), (8, 1 / 4), (16, 1 / 8), (500, 1 / MAX_SLOWDOWN)]
)
def test_the_pace_is_the_share_of_a_core_that_a_thread_gets(threads: int, pace: float) -> None:
    machine = Machine(threads)
    start = machine.clock()
    for _ in range(100):
        machine.step(0.1)
    assert machine.clock() - start == pytest.approx(10 * pace)


def test_it_never_goes_back() -> None:
    machine = Machine()
    times = []
    for step in range(300):
        machine.threads = 400 if step % 2 else 1
        times.append(machine.step(0.03))
    assert times == sorted(times)


def test_the_load_of_this_machine_is_known() -> None:
    assert runnable_threads() >= 1
