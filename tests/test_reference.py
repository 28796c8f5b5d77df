"""`reference` computes once what does not depend on a submission, and everything else each time."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from test_proxy import COUNTED, chapter_with, errors

from triptych.check.fix import course_tools
from triptych.grade.execute.proxy import RemoteProxy
from triptych.grade.execute.reference import MAX_RESULTS, References
from triptych.grade.execute.run import execute
from triptych.grade.execute.seeds import VARIABLE
from triptych.grade.execute.test_cells import CHAPTER_TESTS
from triptych.grade.execute.values import FromSandbox
from triptych.model.chapter import TOOLS_ID

SETUP = f"""{COUNTED}
import functools
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
calls = []


class Model:
    def rate(self, x):
        return 2 * x


model = Model()


def called(x):
    calls.append(1)
    return x


def fresh_rng():
    return np.random.default_rng(1)
"""


class Chapter:
    """A setup namespace, and calls of `reference` by test cells, each with a namespace of its own."""

    def __init__(self) -> None:
        self.setup: dict[str, Any] = {"__name__": "__main__"}
        exec(SETUP, self.setup)
        self.reference = References(self.setup)

    def run(self, code: str, **names: Any) -> Any:
        """Runs a test cell and returns its `result`."""
        namespace = self.setup | {"reference": self.reference} | names
        exec(textwrap.dedent(code), namespace)
        return namespace["result"]

    def computed(self, code: str, **names: Any) -> int:
        """How often the functions that a test cell passes to `called` are run."""
        before = len(self.setup["calls"])
        self.run(code, **names)
        return len(self.setup["calls"]) - before


@pytest.fixture
def chapter() -> Chapter:
    return Chapter()


ONCE = {
    "lambda": "result = reference(lambda x: called(x) + 1, 2.0)",
    "function with a default": """
def f(x, a=np.array([1.0, 2.0])):
    return called(x) + a
result = reference(f, 2.0)""",
    "closure": """
def made(a):
    return lambda x: a * called(x)
result = reference(made(3.0), 2.0)""",
    "global": "a = [1, {'b': (2.0, None)}]\nresult = reference(lambda x: called(a), 2.0)",
    "recursion": """
def factorial(n):
    return n * factorial(n - 1) if n else called(1)
result = reference(factorial, 5)""",
    "nested functions": "result = reference(lambda x: [[called(x) + y for y in range(2)] for _ in range(1)], 2.0)",
    "gradient": "result = reference(jax.grad(lambda x: called(x) ** 2), 2.0)",
    "jvp": "result = reference(jax.jvp, lambda x, y: called(x) * y, (1.0, 2.0), (0.5, -0.5))",
    "vmap, jacobian, jit": "result = reference(jax.jit(jax.vmap(jax.jacfwd(lambda x: called(x)))), np.arange(3.0))",
    "partial": "result = reference(functools.partial(lambda a, x: a * called(x), 3.0), 2.0)",
    "method of the setup's object": "result = reference(lambda x: called(model.rate(x)), 2.0)",
    "arrays": "result = reference(lambda a, b: called(a) + b, np.float64(2.0), jnp.arange(3))",
}


@pytest.mark.parametrize("code", ONCE.values(), ids=ONCE)
def test_a_second_cell_takes_the_result_of_the_first(chapter: Chapter, code: str) -> None:
    plain = chapter.run(code, reference=lambda function, *args: function(*args))
    assert chapter.computed(code) > 0
    assert chapter.computed(code) == 0
    again = chapter.run(code)
    assert type(again) is type(plain) and np.array_equal(np.asarray(again), np.asarray(plain))


OTHER = {
    "argument": ("result = reference(lambda x: called(x), 2.0)", "result = reference(lambda x: called(x), 3.0)"),
    "type": ("result = reference(lambda x: called(x), 1)", "result = reference(lambda x: called(x), True)"),
    "sign of zero": ("result = reference(lambda x: called(x), 0.0)", "result = reference(lambda x: called(x), -0.0)"),
    "constant": ("result = reference(lambda x: called(x) + 1, 1)", "result = reference(lambda x: called(x) + 1.0, 1)"),
    "attribute": (
        "result = reference(lambda x: called(x).real, 1j)",
        "result = reference(lambda x: called(x).imag, 1j)",
    ),
    "global": (
        "a = 1.0\nresult = reference(lambda x: a * called(x), 2.0)",
        "a = 2.0\nresult = reference(lambda x: a * called(x), 2.0)",
    ),
    "global of a function that is called": (
        "a = 1.0\ndef f(x): return a * called(x)\nresult = reference(lambda x: f(x), 2.0)",
        "a = 2.0\ndef f(x): return a * called(x)\nresult = reference(lambda x: f(x), 2.0)",
    ),
    "global of an inner function": (
        "a = 1.0\nresult = reference(lambda x: (lambda: a * called(x))(), 2.0)",
        "a = 2.0\nresult = reference(lambda x: (lambda: a * called(x))(), 2.0)",
    ),
    "closure under jax": (
        "made = lambda a: jax.grad(lambda x: a * called(x))\nresult = reference(made(1.0), 2.0)",
        "made = lambda a: jax.grad(lambda x: a * called(x))\nresult = reference(made(2.0), 2.0)",
    ),
    "argument of jax": (
        "result = reference(jax.grad(lambda x, y: called(x) * y, 0), 1.0, 2.0)",
        "result = reference(jax.grad(lambda x, y: called(x) * y, 1), 1.0, 2.0)",
    ),
    "default": (
        "result = reference(lambda x, a=1: called(x) + a, 1)",
        "result = reference(lambda x, a=2: called(x) + a, 1)",
    ),
    "array": (
        "result = reference(lambda x: called(x), np.array([1.0, 2.0]))",
        "result = reference(lambda x: called(x), np.array([[1.0], [2.0]]))",
    ),
    "kind of number": (
        "result = reference(lambda x: called(x), np.zeros(2, dtype=int))",
        "result = reference(lambda x: called(x), np.zeros(2))",
    ),
    "kind of array": (
        "result = reference(lambda x: called(x), np.arange(2))",
        "result = reference(lambda x: called(x), jnp.arange(2))",
    ),
    "nesting": (
        "result = reference(lambda *x: called(x), (1, 2), 3)",
        "result = reference(lambda *x: called(x), (1,), 2, 3)",
    ),
}


@pytest.mark.parametrize(("first", "second"), OTHER.values(), ids=OTHER)
def test_another_call_is_computed(chapter: Chapter, first: str, second: str) -> None:
    chapter.run(first)
    plain = chapter.run(second, reference=lambda function, *args: function(*args))
    before = len(chapter.setup["calls"])
    result = chapter.run(second)
    assert len(chapter.setup["calls"]) > before
    assert type(result) is type(plain) and repr(result) == repr(plain)


class NoSession:
    """In the place of a session: nothing may be asked of a submission."""

    def request(self, *operation: object) -> None:
        raise RuntimeError(f"asked for {operation}")


ALWAYS = {
    "argument": "result = reference(lambda x: called(1), theirs)",
    "argument, deep": "result = reference(lambda x: called(1), [{'a': (1, theirs)}])",
    "function": "result = reference(lambda f: called(1), lambda x: theirs)",
    "closure": "def made(a): return lambda: (a, called(1))[1]\nresult = reference(made(theirs))",
    "global": "result = reference(lambda: theirs if called(0) else 1)",
    "global of a function": "def f(): return theirs\nresult = reference(lambda: f if called(0) else 1)",
    "default": "result = reference(lambda x=theirs: called(1))",
    "partial": "result = reference(functools.partial(lambda a: called(1), theirs))",
    "jax": "result = reference(jax.vmap(lambda x: theirs if called(0) else x), np.arange(2.0))",
    "text": "result = reference(lambda x: called(1), text)",
    "generator": "rng = fresh_rng()\nresult = reference(lambda: called(rng.normal()))",
    "draws": "result = reference(lambda: called(fresh_rng().normal()))",
    "draws by name": "result = reference(lambda f: called(f().normal()), fresh_rng)",
    "NumPy's draws": "result = reference(lambda: called(np.random.normal()))",
    "names as text": "result = reference(lambda: called(eval('1')))",
    "counter": "f = counted(lambda x: called(x))\nresult = reference(f, 1)",
    "changed argument": """
def f(x):
    x += 1
    return called(x)
result = reference(f, np.zeros(2))""",
    "changed closure": """
def counter():
    n = 0
    def count():
        nonlocal n
        n += 1
        return called(n)
    return count
result = reference(counter())""",
    "result that is no data": "result = reference(lambda: [called(1), lambda: 2])",
    "own class": "class A: pass\nresult = reference(lambda: called(1) and A)",
    "array of objects": "result = reference(lambda x: called(1), np.array([None]))",
    "much data": "result = reference(lambda x: called(1), np.zeros(30_000))",
    "large result": "result = reference(lambda: called(np.zeros(30_000)))",
}


@pytest.mark.parametrize("code", ALWAYS.values(), ids=ALWAYS)
def test_what_may_differ_is_computed_each_time(chapter: Chapter, code: str) -> None:
    names = {"theirs": RemoteProxy(NoSession(), 0), "text": FromSandbox("1")}
    assert chapter.computed(code, **names) == chapter.computed(code, **names) > 0
    assert chapter.reference._results == {}


MUTATED = "result = reference(lambda: called([np.zeros(2), {'a': [1]}]))"


def test_changes_of_a_result_do_not_reach_the_next(chapter: Chapter) -> None:
    for _ in range(3):
        result = chapter.run(MUTATED)
        assert result[0].tolist() == [0.0, 0.0] and result[1:] == [{"a": [1]}]
        result[0] += 1
        result[1]["a"].append(2)
        result.append(3)
    assert len(chapter.setup["calls"]) == 1


@pytest.mark.parametrize("where", ["argument", "global"])
def test_a_kept_array_of_jax_has_memory_of_its_own(chapter: Chapter, where: str) -> None:
    """`device_put` takes over the memory of an array that begins at a multiple of 64 bytes."""
    bytes_ = np.zeros(1064, dtype=np.uint8)
    x = bytes_[-bytes_.ctypes.data % 64 :][:1000].view(float)
    code = {
        "argument": "result = reference(jax.device_put, x)",
        "global": "result = reference(lambda: jax.device_put(x))",
    }
    assert np.shares_memory(chapter.run(code[where], x=x), x)
    x += 1
    assert chapter.run(code[where], x=np.zeros(125)).tolist() == [0.0] * 125
    assert len(chapter.reference._results) == 1


def test_an_error_is_raised_each_time(chapter: Chapter) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            chapter.run("result = reference(lambda x: called(1) / x, 0)")
    assert len(chapter.setup["calls"]) == 2


def test_the_number_of_results_is_bounded(chapter: Chapter) -> None:
    double = chapter.run("result = lambda x: 2 * x")
    for number in range(MAX_RESULTS + 10):
        assert chapter.reference(double, number) == 2 * number
    assert len(chapter.reference._results) == MAX_RESULTS


# --- in test cells -------------------------------------------------------------------------------

COUNTING = "def counted_square(x):\n    computed.append(x)\n    return x * x\n\n\ncomputed = []"
TEST = """# A reference, in setup cells too
expected = reference(counted_square, 3.0)
assert agree(f(3.0), expected)
theirs = reference(lambda x: f(x), 3.0)
assert agree(theirs, f(3.0))
"""


@pytest.fixture
def empty_cache() -> Iterator[None]:
    CHAPTER_TESTS.clear()
    yield
    CHAPTER_TESTS.clear()


@pytest.mark.usefixtures("empty_cache")
def test_submissions_share_references_and_nothing_of_their_own() -> None:
    tools = nbformat.v4.new_code_cell(course_tools(), id=TOOLS_ID, metadata={"tags": ["setup"]})
    answers = ("def f(x): return x * x", "def f(x): return x * x * x", "def f(x): return 9.0 if x == 3 else None")
    chapter = chapter_with(TEST, binds=answers[0], setup=COUNTING, more=[tools])
    failed = []
    for answer in answers:
        submission = nbformat.from_dict(chapter.notebook)
        next(cell for cell in submission.cells if cell.id == "f").source = answer
        failed.append(sorted(errors(execute(submission, chapter, Path("/tmp")))))
    assert failed == [[], ["f_0"], []]
    setup = CHAPTER_TESTS.get(chapter).setup
    assert "reference" not in setup["reference"]._names._setup._names.values()  # an id that others may get
    assert setup["computed"] == [3.0]
    assert list(setup["reference"]._results.values()) == [9.0]


@pytest.mark.usefixtures("empty_cache")
def test_a_function_of_another_setup_cell_stays_what_it_is() -> None:
    chapter = chapter_with("assert reference(1) == 2", binds="f = 1", setup="def reference(x):\n    return x + 1")
    assert errors(execute(chapter.notebook, chapter, Path("/tmp"))) == {}


# --- seeds ---------------------------------------------------------------------------------------

DRAWS = """# Draws, as the message of an error
### BEGIN HIDDEN TESTS
draws = fresh_rng().normal(size=3).tolist()
raise ValueError(f"{draws} {f(os.environ.get('TRIPTYCH_SEED'))}")
### END HIDDEN TESTS"""
#: Whether the student's code finds the seed that it is told, in its environment.
FINDS = "import os\ndef f(seed): return seed in os.environ.values() or os.environ.get('TRIPTYCH_SEED') is not None"


@pytest.mark.usefixtures("empty_cache")
def test_draws_follow_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    tools = nbformat.v4.new_code_cell(course_tools(), id=TOOLS_ID, metadata={"tags": ["setup"]})
    chapter = chapter_with(DRAWS, DRAWS, binds=FINDS, setup="", more=[tools])

    def draws(seed: str) -> dict[str, str]:
        return errors(execute(chapter.notebook, chapter, Path("/tmp"), seed=seed))

    first, again, other, none = draws("1f"), draws("1f"), draws("2e"), [draws(""), draws("")]
    assert first == again
    assert len({*first.values(), *other.values(), *none[0].values(), *none[1].values()}) == 8
    assert all(message.endswith("False") for message in first.values())
    assert VARIABLE not in os.environ
