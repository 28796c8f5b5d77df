"""Tests of the statements on the slides of chapter 6, and of its tape against JAX."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lectures import COURSE, Lecture, run_lecture

from triptych.model.chapter import read_chapter

CHAPTER = "06_reverse_mode"

# --- what the slides print -------------------------------------------------------------------------


def test_pushing_forward_and_pulling_back_give_one_number(lecture: Lecture) -> None:
    pushed, pulled = (float(line.split("=")[1]) for line in lecture.lines("forward-and-backward-must-agree-code"))
    assert pushed == pytest.approx(pulled, rel=1e-12)
    assert pushed != 0


def test_one_sweep_gives_value_and_gradient(lecture: Lecture) -> None:
    value, gradient = lecture.names["function_vjp"]([2.0, 4.0], 1.0)
    assert value == 12
    assert list(gradient) == [4, 3]
    assert lecture.lines("the-loop-that-replays-code") == ["12.0 {'z': 1.0, 'y': 1.0, 'x2': 3.0, 'x1': 4.0}"]


def test_rules_on_a_tape_fit_as_jax_did_in_chapter_1(lecture: Lecture) -> None:
    first_chapter = "01_finite_differences"
    first, names = run_lecture(first_chapter), lecture.names
    cells = {c: {x.id: x.source for x in read_chapter(COURSE.notebook(c)).cells} for c in (first_chapter, CHAPTER)}
    opening = "\n".join(cells[first_chapter][id_] for id_ in ("a-fit-in-twenty-seconds-code", "its-likelihood-code"))
    for code in re.findall(r"(?m)^(?:def (?:show_fit|nll).*(?:\n .*)+|(?:counts|signal|background) = .*)", opening):
        assert code in cells[CHAPTER]["back-to-the-fit-code"]  # "unchanged"
    assert names["pars"] == pytest.approx(np.asarray(first.names["pars"]), rel=1e-12)  # "the same numbers"
    by_jax = jax.grad(first.names["nll"])(jnp.array([1.3, 0.7]))
    assert names["gradient"](names["nll"], [1.3, 0.7]) == pytest.approx(np.asarray(by_jax), rel=1e-12)
    assert lecture.lines("back-along-the-tape-code") == ["[4.0, 3.0]"]
    assert names["by_rules"] == pytest.approx(names["by_slopes"], rel=1e-12)


def test_tape_of_rules_adds_both_shares_of_a_square(lecture: Lecture) -> None:
    gradient = lecture.names["gradient"]
    assert gradient(lambda x: x[0] * x[0] - x[0] * x[1], [5.0, 2.0]) == [8.0, -5.0]


def test_two_slips_give_wrong_results(lecture: Lecture) -> None:
    assert lecture.lines("a-slip-that-runs-x-x-code") == [
        "one name  two names",
        "       5         10",
    ]
    slip, test = lecture.lines("a-slip-that-runs-5-2-code")
    assert slip == "with the slip: [5.0, 2.0]"
    assert test == "pushed: -0.9  pulled: 0.1"  # the transposition test finds it; a step of ones would not: 7 = 7


def test_order_and_zeroing_matter(lecture: Lecture) -> None:
    in_order, too_early = lecture.lines("why-in-reverse-order-of-writing-code")
    assert in_order.endswith("'x': 33.0}")
    assert too_early.endswith("'x': 15.0}")
    assert [line.split()[-1] for line in lecture.lines("why-zero-first-code")] == ["33.0", "117.0", "33.0"]


def test_operations_are_2_and_6_and_10(lecture: Lecture) -> None:
    counts = [int(line.split(":")[1].split()[0]) for line in lecture.lines("what-does-a-sweep-cost-code")]
    assert counts == [2, 6, 10]


def test_operations_of_each_rule_are_those_of_the_table(lecture: Lecture) -> None:
    operations, replay = lecture.names["operations"], lecture.names["replay"]

    def product_jvp(x1: object, dx1: object, x2: object, dx2: object) -> object:
        return x1 * x2, dx1 * x2 + x1 * dx2  # type: ignore[operator]

    def sum_jvp(x1: object, dx1: object, x2: object, dx2: object) -> object:
        return x1 + x2, dx1 + dx2  # type: ignore[operator]

    def swept(value: Callable, slopes: Callable) -> Callable:
        def program(x1: object, x2: object, z_bar: object) -> None:
            value(x1, x2)
            replay([("z", list(zip(["x1", "x2"], slopes(x1, x2), strict=True)))], {"z": z_bar})

        return program

    assert operations(product_jvp, 3, 1, 5, 2) == 4
    assert operations(sum_jvp, 3, 1, 5, 2) == 2
    assert operations(swept(lambda a, b: a * b, lambda a, b: (b, a)), 3, 5, 2) == 5
    assert operations(swept(lambda a, b: a + b, lambda a, b: (1.0, 1.0)), 3, 5, 2) == 5

    def by_rules(x1: object, x2: object, z_bar: object) -> None:
        lecture.names["function_vjp"]([x1, x2], z_bar)

    assert operations(by_rules, 2, 4, 1) == 8  # rules that know a sum's slopes save two multiplications
    sum_vjp = lecture.names["sum_vjp"]
    assert 1 + operations(sum_vjp, 3, 5, 0, 0, 1) == 3


def test_price_of_a_gradient(lecture: Lecture) -> None:
    price, value = lecture.names["price"], lecture.names["value"]
    ratios = {name: np.asarray(counts) / value for name, (counts, _) in price.items()}
    assert lecture.names["inputs"][-1] == 1000
    assert np.all(ratios["reverse mode"] == 5)
    assert ratios["finite differences"][-1] == 1001
    assert ratios["forward mode"][-1] == pytest.approx(3000, rel=1e-3)
    from_five = lecture.names["inputs"] >= 5
    assert np.all(ratios["finite differences"][from_five] > 5)
    assert np.all(ratios["forward mode"] > 5)  # reverse mode wins over forward mode from two inputs on


def test_price_is_counted_not_claimed(lecture: Lecture) -> None:
    """The energy chain of the figure, run with numbers that count, costs what its lines say."""
    counting, var, n = lecture.names["Counting"], lecture.names["Var"], 30

    def energy(x: list) -> object:
        total = x[0] * x[1]
        for a, b in pairwise(x[1:]):
            total = total + a * b
        return total

    place = list(lecture.names["inputs"]).index(n)
    counting.done = 0
    energy([counting(k) for k in range(1, n + 1)])
    value = counting.done
    assert value == lecture.names["value"][place]
    counting.done = 0
    energy([var(counting(k)) for k in range(1, n + 1)]).backward(counting(1))
    assert counting.done == 5 * value


def test_checkpoints(lecture: Lecture) -> None:
    table = [line.split() for line in lecture.lines("what-checkpoints-cost-code")[1:]]
    assert [(int(every), int(held), int(done)) for every, _, held, done in table] == [
        (1, 100, 100),
        (10, 19, 190),
        (100, 100, 199),
    ]
    step = lecture.names["step"]
    with jax.enable_x64(True):
        slope = jax.grad(lambda s: jax.lax.fori_loop(0, 100, lambda _, s: step(s), s))(0.01)
    for _, shown, _, _ in table:
        assert float(shown) == pytest.approx(float(slope), abs=1e-8)
    spacing = np.unique(np.geomspace(1, 1000, 40).astype(int))
    held = np.array([lecture.names["checkpointed"](0.01, 1000, int(k))[1] for k in spacing])
    assert held[0] == held[-1] == 1000
    assert held.min() == pytest.approx(2 * np.sqrt(1000), rel=0.05)
    assert spacing[np.argmin(held)] == pytest.approx(np.sqrt(1000), rel=0.2)


def test_chi_squared_agrees_with_pencil_and_with_jax(lecture: Lecture) -> None:
    by_tape, by_pencil = lecture.lines("your-tape-at-work-code-2")
    assert by_tape.split(":")[1].split() == by_pencil.split(":")[1].split()
    time, height = lecture.names["time"], lecture.names["height"]

    def chi2(p: jax.Array) -> jax.Array:
        return jnp.sum(((p[0] + p[1] * time - height) / 0.3) ** 2)

    with jax.enable_x64(True):
        wanted = jax.grad(chi2)(jnp.array([0.5, 2.5]))
    assert lecture.names["offset"].grad == pytest.approx(float(wanted[0]), rel=1e-9)
    assert lecture.names["slope"].grad == pytest.approx(float(wanted[1]), rel=1e-9)


def test_paths_take_decades(lecture: Lecture) -> None:
    (line,) = lecture.lines("why-not-walk-the-paths-code")
    assert line == "36.5 years"


def test_chain_costs_less_than_five_times_the_value(lecture: Lecture) -> None:
    x = [0.9, *np.linspace(0.5, 1.5, 99)]
    assert 2 * 99 <= lecture.names["chain_operations"](x, 1.0) <= 5 * 2 * 99
    value, gradient = lecture.names["chain_vjp"]([2.0, 3.0, 5.0], 1.0)
    assert (value, list(gradient)) == (42, [21, 10, 8])


# --- the instructor's tape against JAX -------------------------------------------------------------

#: (operation, index of the first operand, index of the second or a number)
STEP = st.tuples(
    st.sampled_from(["+", "-", "*", "/", "neg", "+k", "k-", "*k", "k/"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.floats(-1.5, 1.5),
)


def evaluated(program: list[tuple[str, int, int, float]], inputs: list) -> list:
    """Every node of a random straight-line program; for numbers, Vars and JAX arrays alike."""
    nodes = list(inputs)
    for kind, i, j, k in program:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        nodes.append(
            {
                "+": lambda a, b, k: a + b,
                "-": lambda a, b, k: a - b,
                "*": lambda a, b, k: 0.5 * (a * b),
                "/": lambda a, b, k: a / (b * b + 1.5),
                "neg": lambda a, b, k: -a,
                "+k": lambda a, b, k: a + k,
                "k-": lambda a, b, k: k - a,
                "*k": lambda a, b, k: a * k,
                "k/": lambda a, b, k: k / (a * a + 1.5),
            }[kind](a, b, k)
        )
    return nodes


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    program=st.lists(STEP, min_size=3, max_size=9),
    inputs=st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3),
    seed=st.floats(-2.0, 2.0).filter(lambda s: abs(s) > 1e-3),
)
def test_var_agrees_with_jax_on_random_graphs(program: list, inputs: list[float], seed: float) -> None:
    variable = run_lecture(CHAPTER).names["Var"]
    leaves = [variable(x) for x in inputs]
    nodes = evaluated(program, leaves)
    nodes[len(nodes) // 2].backward(7.0)  # an earlier sweep must leave no trace
    # the last node sees all others, so that none of the graph is idle
    result = sum(nodes[1:], nodes[0])
    result.backward(seed)

    def total(values: list[float]) -> jax.Array:
        nodes = evaluated(program, values)
        return sum(nodes[1:], nodes[0])

    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(total)([jnp.float64(x) for x in inputs])
    scale = 1.0 + max(abs(float(node.value)) for node in nodes) + max(abs(float(s)) for s in slopes)
    assert float(result.value) == pytest.approx(float(value), rel=1e-9, abs=1e-10 * scale)
    for leaf, slope in zip(leaves, slopes, strict=True):
        assert leaf.grad == pytest.approx(seed * float(slope), rel=1e-9, abs=1e-9 * scale**2)


def test_var_agrees_with_its_transpose(lecture: Lecture) -> None:
    """⟨z̄, J ẋ⟩ by finite differences of the value is ⟨Jᵀz̄, ẋ⟩ by the tape, in a random direction."""
    rng = np.random.default_rng(0)
    variable = lecture.names["Var"]

    def f(x: list) -> object:
        return x[0] * x[1] / (x[2] + 3) - (x[1] - x[0]) * x[1]

    at, step, weight = rng.normal(size=3), rng.normal(size=3), 1.7
    x = [variable(number) for number in at]
    f(x).backward(weight)
    pulled = np.array([node.grad for node in x]) @ step
    pushed = weight * (f(list(at + 1e-6 * step)) - f(list(at - 1e-6 * step))) / 2e-6
    assert pulled == pytest.approx(pushed, rel=1e-7)


def test_var_has_no_recursion_limit_and_walks_no_paths(lecture: Lecture) -> None:
    variable = lecture.names["Var"]
    x = variable(0.5)
    y = x
    for _ in range(20_000):
        y = y + 0.001
    y.backward(2.0)
    assert x.grad == 2
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2**60
