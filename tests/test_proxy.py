"""Test cells in this process with answers in a kernel: which values and errors pass between them, and which do not."""

from __future__ import annotations

import ast
import asyncio
import tempfile
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from waiting import happens

from triptych.check.fix import course_tools
from triptych.grade.execute.run import execute
from triptych.grade.execute.session import ProxySession
from triptych.grade.execute.test_cells import CHAPTER_TESTS, SetupError
from triptych.grade.sandbox.limits import Limits
from triptych.model.chapter import Chapter, chapter_from

#: A function of the course tools.
COUNTED = next(ast.unparse(part) for part in ast.parse(course_tools()).body if getattr(part, "name", "") == "counted")
SETUP = f"""{COUNTED}
import math
import numpy as np

TABLE = [1, 2, 3]
GRID = np.arange(4.0)


def fresh_rng():
    print("seed 5")
    return np.random.default_rng(5)


def agree(result, expected):
    try:
        result, expected = np.asarray(result), np.asarray(expected)
        if result.dtype == object:
            result = result.astype(float)
        return result.shape == expected.shape and bool(np.allclose(result, expected))
    except (TypeError, ValueError):
        return False


def cube(x):
    return x * x * x
"""
DUAL = """
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.value * other.deriv + self.deriv * other.value)

    __rmul__ = __mul__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __abs__(self):
        return self if self.value > 0 else -self

    def __gt__(self, other):
        return self.value > getattr(other, "value", other)

    def __float__(self):
        return float(self.value)

    def __repr__(self):
        return f"Dual({self.value}, {self.deriv})"


def sin(x):
    return Dual(np.sin(x.value), np.cos(x.value) * x.deriv) if isinstance(x, Dual) else np.sin(x)
"""
SHORT = Limits(call_seconds=2, test_seconds=5, cell_seconds=3, notebook_seconds=100)
SECRET = "expected_by_the_course = 271828"
EXPECTS_FOUR = f"""# A visible beginning
### BEGIN HIDDEN TESTS
{SECRET}
assert f(2) == 4, "f must give four at two."
### END HIDDEN TESTS"""
PASSES = "assert True"


def metadata(grade_id: str, *, test: bool) -> dict[str, object]:
    marks = {"grade": test, "solution": not test, "locked": test, "points": 1, "schema_version": 3}
    return {"nbgrader": {"grade_id": grade_id, **marks}}


def chapter_with(*tests: str, binds: str, setup: str = SETUP, more: list[NotebookNode] | None = None) -> Chapter:
    """A chapter whose solution cell is `binds`; tests are called f_0, f_1, …"""
    cells = [new_code_cell(setup, id="tools", metadata={"tags": ["setup"]}), *(more or [])]
    cells += [new_code_cell(binds, id="f", metadata=metadata("f", test=False))]
    cells += [new_code_cell(t, id=f"f_{i}", metadata=metadata(f"f_{i}", test=True)) for i, t in enumerate(tests)]
    return chapter_from(new_notebook(cells=cells), Path("small.ipynb").absolute())


def run(answer: str, *tests: str, binds: str | None = None, limits: Limits = SHORT, **options: Any) -> NotebookNode:
    """The executed notebook of a submission with this answer."""
    chapter = chapter_with(*tests, binds=answer if binds is None else binds, **options)
    submission = nbformat.from_dict(chapter.notebook)
    next(cell for cell in submission.cells if cell.id == "f").source = answer
    executed = execute(submission, chapter, Path("/tmp"), limits=limits)
    nbformat.validate(executed)
    return executed


def errors(executed: NotebookNode) -> dict[str, str]:
    """The errors of test cells that failed."""
    messages = {}
    for cell in executed.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            outputs = [o for o in cell.outputs if o.output_type == "error"]
            assert len(outputs) <= 1
            for output in outputs:
                messages[cell.id] = f"{output.ename}: {output.evalue}"
    return messages


def cases(table: dict[str, Any], *, fast: Collection[str]) -> Any:
    """The values of a table as parameters; those that are not `fast` wait for a deadline and are slow."""
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)), id=name, marks=[] if name in fast else pytest.mark.slow
        )
        for name, value in table.items()
    ]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """No thread and no open file outlives a run."""
    before = open_files(), threading.active_count()
    yield
    assert open_files() <= before[0] + 8  # the socket of the zygote, started once
    assert happens(lambda: threading.active_count() <= before[1])  # a thread that was told to end may need a moment


# --- values --------------------------------------------------------------------------------------

OBJECTS = {
    "arithmetic": """
d = Dual(3.0, 1.0) * Dual(2.0, 5.0) + 1
assert d.value == 7.0 and d.deriv == 17.0, "no"
assert agree((-d).deriv, -17.0), "no" """,
    "numbers on the left": """
for left in (2, 2.0, np.float64(2), np.int32(2), np.float32(2)):
    assert agree((left * Dual(3.0, 1.0)).deriv, 2.0), "no"
    assert agree((left + Dual(3.0, 1.0)).value, 5.0), "no" """,
    "arrays on the left": """
both = np.array([1.0, 2.0]) * Dual(3.0, 1.0)
assert [d.deriv for d in both] == [1.0, 2.0], "no" """,
    "comparison, abs, float, max, len, repr": """
assert Dual(3.0) > 2 and not Dual(1.0) > Dual(2.0), "no"
assert abs(Dual(-3.0, 1.0)).value == 3.0 and float(Dual(2.5)) == 2.5, "no"
assert max(Dual(1.0), Dual(4.0), Dual(2.0)).value == 4.0, "no"
assert repr(Dual(1, 2)) == "Dual(1, 2)" == f"{Dual(1, 2)}", "no" """,
    "functions on both kinds": """
assert agree(sin(Dual(0.3, 2.0)).deriv, 2 * np.cos(0.3)) and agree(sin(0.3), np.sin(0.3)), "no" """,
    "as arrays": """
assert agree([Dual(1.0), Dual(2.0)], [1.0, 2.0]) and agree(Dual(2.0), 2.0), "no" """,
    "attributes can be set": """
d = Dual(1.0)
d.deriv = 4.0
assert (d * 2).deriv == 8.0, "no" """,
    "missing attributes and operators": """
assert not hasattr(Dual(1.0), "grad") and not hasattr(Dual(1.0), "_private"), "no"
try:
    Dual(1.0) / 2
except TypeError as error:
    assert "unsupported operand" in str(error), "no"
else:
    assert False, "no" """,
    "the same object is the same": """
d = Dual(1.0)
assert d in [d] and abs(d) is d and {d: 1}[d] == 1, "no" """,
}


VALUES = """
SEEN = []
BUFFER = np.zeros(2)

def echo(*values):
    return values[0] if len(values) == 1 else values

def kinds(*values):
    return [type(v).__name__ for v in values]

def squares(n):
    return (i * i for i in range(n))

def forever():
    while True:
        yield 1

def fails_after(n):
    yield from range(n)
    raise KeyError("late")

def nudge(x):
    x[0] += 1
    return x

def grow(values, names):
    values.append(len(values)); names["new"] = values
    raise ValueError("after the change")

def buffered(x):
    BUFFER[:] = x
    return BUFFER

def twice(f, x):
    return f(f(x))

def catches(f):
    try:
        return f(1)
    except ZeroDivisionError:
        return "caught"

def apply(f, *args, **kwargs):
    return f(*args, **kwargs)

def keep(f):
    SEEN.append(f)
    return SEEN[0]

def counter():
    import collections
    return collections.Counter("aab"), collections.OrderedDict(a=1), collections.deque([1]), {1: 2}.keys(), map(abs, [-1])
"""
PLAIN = {
    "values": """
for value in (None, True, 3, 2**300, -2.5, 1 + 2j, "é\\udc80", b"\\0", [1, (2,)], {"a": {1: None}}, {1}, range(3), ...):
    assert echo(value) == value and type(echo(value)) in (type(value), str.__subclasses__()) or isinstance(echo(value), str), "no"
assert math.isnan(echo(float("nan"))) and math.copysign(1, echo(-0.0)) == -1, "no" """,
    "numpy": """
x = np.arange(6, dtype="f4").reshape(2, 3)
assert echo(x).dtype == x.dtype and agree(echo(x.T), x.T) and type(echo(np.float32(2))) is np.float32, "no"
assert kinds(np.int8(1), x, x[0, 0]) == ["int8", "ndarray", "float32"], "no" """,
    "iterators": """
assert list(squares(5)) == [0, 1, 4, 9, 16] and sum(squares(3000)) == sum(i * i for i in range(3000)), "no"
gen = squares(3)
assert next(gen) == 0 and list(gen) == [1, 4], "no"
for i, one in zip(range(10), forever()):
    assert one == 1, "no"
got = []
try:
    for item in fails_after(3):
        got.append(item)
except KeyError as error:
    assert got == [0, 1, 2] and "late" in str(error), "no"
else:
    assert False, "no" """,
    "standard containers": """
counts, ordered, queue, keys, mapped = counter()
assert counts == {"a": 2, "b": 1} and ordered == {"a": 1} and queue == [1], "no"
assert list(keys) == [1] and list(mapped) == [1], "no" """,
    "changes in arguments": """
x = np.array([1.0, 2.0])
row = np.zeros((2, 2))
assert nudge(x) is x and agree(x, [2.0, 2.0]), "no"
nudge(row[1])
assert agree(row, [[0, 0], [1, 1]]) is False and row[1, 0] == 1, "no"
values, names = [7], {}
try:
    grow(values, names)
except ValueError:
    pass
assert values == [7, 1] and names == {"new": values} and names["new"] is values, "no"
frozen = np.zeros(2); frozen.flags.writeable = False
try:
    nudge(frozen)
except ValueError:
    pass
else:
    assert False, "no" """,
    "changes in results given earlier": """
first = buffered([1.0, 2.0])
second = buffered([3.0, 4.0])
assert agree(first, [3.0, 4.0]) and agree(second, [3.0, 4.0]), "no" """,
    "callbacks": """
f = counted(lambda x: x * 2 + 1)
assert twice(f, 3) == 15 and f.calls == 2, "no"
assert twice(lambda x: twice(lambda y: y + 1, x), 0) == 4, "no"
assert catches(lambda x: x / 0) == "caught", "no"
class Own(Exception): pass
error = Own("mine")
def raises(x): raise error
try:
    catches(raises)
except Own as caught:
    assert caught is error, "no"
else:
    assert False, "no"
assert keep(f) is f and apply(max, 1, 5) == 5 and apply(np.cos, 0.0) == 1.0 and apply(sorted, [2, 1], reverse=True) == [2, 1], "no" """,
    "setup functions go by name": """
assert apply(kinds, cube, agree, np, np.sin, math.sin, float)[0] == "function", "no"
assert kinds(cube, np.sin, math.sin, float) == ["function", "ufunc", "builtin_function_or_method", "type"], "no"
assert echo(cube)(3) == 27, "no" """,
}


WITH_JAX = SETUP + "\nimport jax\nimport jax.numpy as jnp\njax.config.update('jax_enable_x64', True)"
JAX_ANSWER = """
def slope(f, x): return jax.grad(f)(x)
def kinds(*values): return [isinstance(v, jax.Array) for v in values]
def half(x): return jnp.asarray(x, dtype="float32") / 2
"""
JAX = """
assert agree(slope(cube, 2.0), 12.0), "a function of a setup cell"
assert agree(slope(jnp.sin, 0.0), 1.0), "a function of JAX"
assert agree(slope(lambda x: x**3 + 1, 2.0), 12.0), "a function of the test, called with a tracer"
assert kinds(jnp.ones(2), np.ones(2), 1.0) == [True, False, False], "arguments"
assert isinstance(half(jnp.ones(2)), np.ndarray) and half([1.0]).dtype == np.float32, "results"
"""
WITH_SYMPY = SETUP + "\nimport sympy\nz = sympy.Symbol('z')"
SYMPY_ANSWER = """
def derivative(e): return sympy.count_ops(sympy.diff(e, z)), sympy.Integer(7), sympy.Float(0.5), sympy.Rational(1, 3)
def code(): return "__import__('pathlib').Path('pwned').touch()"
"""
SYMPY = """
count, seven, half, third = derivative(sympy.sin(z**2) + sympy.Rational(1, 3) * z)
assert type(count) is int and seven == 7 and half == 0.5 and agree(third, 1 / 3), "no"
for use in (sympy.sympify, sympy.Matrix, lambda text: z + text, lambda text: z.subs(z, text)):
    try:
        use(code())  # text of a submission must never be parsed
    except (TypeError, ValueError):
        continue
    assert False, "no"
"""
FLOATS = [0.1, 1e-308, 5e-324, float("inf"), -0.0, float(np.nextafter(1, 2))]


@pytest.mark.parametrize(
    ("answer", "tests", "setup"),
    [
        pytest.param(DUAL, OBJECTS.values(), SETUP, id="objects of students' classes"),
        pytest.param(VALUES, PLAIN.values(), SETUP, id="plain data, functions and changes"),
        pytest.param(JAX_ANSWER, [JAX], WITH_JAX, id="JAX's arrays and functions"),
        pytest.param(SYMPY_ANSWER, [SYMPY], WITH_SYMPY, id="sympy's expressions"),
        pytest.param(
            f"def f(): return {FLOATS!r}".replace("inf", "float('inf')"),
            [f"assert [v.hex() for v in f()] == {[v.hex() for v in FLOATS]!r}, 'no'"],
            SETUP,
            id="numbers without loss",
        ),
    ],
)
def test_values_pass_between_a_test_and_an_answer(answer: str, tests: Collection[str], setup: str) -> None:
    assert errors(run(answer, *tests, setup=setup)) == {}
    assert not Path("pwned").exists()


def test_operations_and_arrays_need_few_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    operations: list[str] = []
    request = ProxySession.request

    def counting(session: ProxySession, operation: str, *operands: object) -> object:
        operations.append(operation)
        return request(session, operation, *operands)

    monkeypatch.setattr(ProxySession, "request", counting)
    assert errors(run(DUAL, "d = Dual(1.0, 1.0)\nfor _ in range(3000):\n    d = d * 1.0")) == {}
    assert 3000 < len(operations) < 2 * 3000
    operations.clear()
    assert errors(run(DUAL, 'assert agree(sin(np.ones(100_000)), np.sin(np.ones(100_000))), "no"')) == {}
    assert 0 < len(operations) < 10


# --- outputs and errors --------------------------------------------------------------------------


def test_outputs_are_those_of_the_cell() -> None:
    notes = [new_raw_cell("notes", metadata={"slideshow": {"slide_type": "notes"}}), new_markdown_cell("# text")]
    cells = [
        new_code_cell("import sys\nprint('out')\nprint('err', file=sys.stderr)\n6 * 7", id="lecture"),
        new_code_cell("1 / 0", id="fails"),
        new_code_cell("", id="empty"),
    ]
    answer = """
import sys, warnings
def f(x):
    print("noise"), print("noise", file=sys.stderr), warnings.warn("noise")
    return 4
"""
    executed = run(answer, EXPECTS_FOUR, more=[*notes, *cells])
    by_id = {cell.id: cell for cell in executed.cells}
    texts = {(o.get("name"), o.get("text")) for o in by_id["lecture"].outputs if o.output_type == "stream"}
    assert texts == {("stdout", "out\n"), ("stderr", "err\n")}
    assert by_id["lecture"].outputs[-1].data["text/plain"] == "42"
    assert by_id["fails"].outputs[0].ename == "ZeroDivisionError"
    assert by_id["f_0"].outputs == []


def test_prints_of_a_test_are_its_own_output() -> None:
    executed = run("def f(x): return 4", "fresh_rng()\nprint('two', 2, sep='-')", PASSES)
    assert [o.text for o in executed.cells[-2].outputs] == ["seed 5\ntwo-2\n"]
    assert executed.cells[-1].outputs == []


def test_a_failing_visible_assertion_is_shown_and_a_hidden_one_is_not() -> None:
    visible = "assert f(2) == 4, (\n    'f must give four at two.'\n)"
    executed = run("def f(x): return 5", visible, EXPECTS_FOUR)
    assert errors(executed) == dict.fromkeys(("f_0", "f_1"), "AssertionError: f must give four at two.")
    assert "assert f(2) == 4" in "\n".join(executed.cells[-2].outputs[0].traceback)
    assert executed.cells[-1].outputs[0].traceback == ["AssertionError: f must give four at two."]


def test_an_error_in_the_answer_shows_the_answers_own_lines() -> None:
    executed = run("def f(x):\n    y = x - 2\n    return 1 / y", EXPECTS_FOUR)
    output = executed.cells[-1].outputs[0]
    assert (output.ename, output.evalue) == ("ZeroDivisionError", "division by zero")
    assert output.traceback[0].endswith("in f: return 1 / y")
    assert "f(2)" not in str(output) and SECRET not in str(output)


@pytest.mark.parametrize(
    ("answer", "message"),
    {
        "def f(x): return x.nothing": "AttributeError: 'int' object has no attribute 'nothing'",
        "def f(x): return nothing": "NameError: name 'nothing' is not defined",
        "def f(x): import nothing": "ModuleNotFoundError: No module named 'nothing'",
        "def f(x): return {}[x]": "KeyError: 2",
        "def f(x): return open('nothing')": "FileNotFoundError: [Errno 2] No such file or directory: 'nothing'",
        "def f(x): return b'\\xff'.decode()": "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0",
        "class Own(ValueError): pass\ndef f(x): raise Own('mine')": "Own: mine",
        "def f(x): raise ExceptionGroup('many', [ValueError(1)])": "ExceptionGroup: many (1 sub-exception)",
        "def f(x): raise KeyboardInterrupt": "KeyboardInterrupt:",
        "def f(x): raise StopIteration(3)": "StopIteration: 3",
        "def f(x): return f(x)": "RecursionError: maximum recursion depth exceeded",
        "class E(Exception):\n    def __str__(self): 1 / 0\ndef f(x): raise E": "E:",
        "def f(x): raise ValueError('a' * 10**7 + chr(27) + '[31m')": "ValueError: aaaa",
    }.items(),
)  # fmt: skip
def test_errors_arrive_with_name_and_message(answer: str, message: str) -> None:
    error = errors(run(answer, EXPECTS_FOUR))["f_0"]
    assert error.startswith(message)
    assert len(error) < 3000
    assert "\x1b" not in error


def test_a_missing_name_is_a_name_error() -> None:
    executed = run("g = 1", EXPECTS_FOUR, binds="def f(x): return 4")
    assert errors(executed) == {"f_0": "NameError: name 'f' is not defined"}


def test_one_submission_does_not_change_the_next() -> None:
    answer = """
def f(table, grid):
    table.append(9)
    grid[:] = 7.0
    cube.spoilt = True
    return len(table)
"""
    test = """
assert TABLE == [1, 2, 3] and GRID[0] == 0.0 and not hasattr(cube, "spoilt"), "no"
assert f(TABLE, GRID) == 4 and TABLE == [1, 2, 3, 9] and GRID[0] == 7.0, "no"
"""
    for _ in range(2):
        assert errors(run(answer, test, test)) == {}


def test_students_cells_do_not_replace_setup_cells() -> None:
    extra = [new_code_cell("def cube(x): return 0\ndef agree(a, b): return True\nTABLE = None")]
    tests = "assert cube(2) == 8 and f(cube, 2) == 8 and not agree(1, 2) and TABLE == [1, 2, 3], 'no'"
    assert errors(run("def f(g, x): return g(x)", tests, more=extra)) == {}


HELPER = new_code_cell("def doubled(x): return scaled(f(x))\n", id="helper", metadata={"tags": ["student-side"]})
SCALES = SETUP + "\ndef scaled(x): return 2 * x\n"
TESTS_HELPER = "assert doubled(1) == 8, 'twice what f gives'"


@pytest.mark.parametrize(
    "rebinding",
    ["def doubled(x): return 8", "def scaled(x): return 8", "import builtins\ndoubled = scaled = lambda x: 8"],
)
def test_a_name_of_the_course_is_the_courses_object_in_a_test(rebinding: str) -> None:
    executed = run(
        f"def f(x): return 5\n{rebinding}", TESTS_HELPER, binds="def f(x): return 4", setup=SCALES, more=[HELPER]
    )
    assert set(errors(executed)) == {"f_0"}


def test_results_are_released_at_the_end_of_their_test(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[tuple[int, int]] = []
    finish = ProxySession.finish

    def watched(session: ProxySession) -> bool:
        objects = session._test.results.objects
        before = len(objects)
        usable = finish(session)
        kept.append((before, len(objects)))
        return usable

    monkeypatch.setattr(ProxySession, "finish", watched)
    assert (
        errors(run("def f(x): return [[x], [x]]", "assert f(1) == [[1], [1]], 'lists'", binds="def f(x): return 4"))
        == {}
    )
    assert kept == [(3, 0)]


def test_what_a_student_bound_is_there_again_after_a_test() -> None:
    answer = "def f(x): return 4\nscaled = 'mine'\ndef own(): return scaled"
    executed = run(
        answer, TESTS_HELPER, "assert f(0) == 4, 'four'", binds="def f(x): return 4", setup=SCALES, more=[HELPER]
    )
    assert errors(executed) == {}


def test_a_helper_given_to_a_student_reads_the_courses_names() -> None:
    setup = SCALES + "def again(x): return scaled(scaled(x))\ndef by_way_of(x): return again(x)"
    answer = "def f(g): return g(1)\ndef scaled(x): return 0"
    for helper in ("again", "by_way_of"):
        test = f"assert f({helper}) == 4, 'four'"
        assert errors(run(answer, test, binds="def f(g): return g(1)", setup=setup)) == {}, helper


def test_a_student_may_use_a_name_that_no_function_of_the_course_reads() -> None:
    answer = "scaled = TABLE = 2\ndef f(x): return scaled + TABLE"
    tests = "assert f(1) == 4 and scaled(1) == 2 and TABLE == [1, 2, 3], 'no'"
    assert errors(run(answer, tests, binds="def f(x): return 4", setup=SCALES)) == {}


def test_setup_runs_beside_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("17")
    setup = "from pathlib import Path\nN = int(Path('data.txt').read_text())"
    chapter = chapter_from(chapter_with(PASSES, binds="", setup=setup).notebook, tmp_path / "small.ipynb")
    assert CHAPTER_TESTS.get(chapter).setup["N"] == 17
    with pytest.raises(SetupError, match="tools"):
        CHAPTER_TESTS.get(chapter_with(PASSES, binds="", setup="1 / 0"))


# --- cheats --------------------------------------------------------------------------------------


def sending(frames: str) -> str:
    """An answer that writes to the agent's connection."""
    return f"""
import gc, os, socket, struct
def f(x):
    for s in [o for o in gc.get_objects() if isinstance(o, socket.socket) and o.family == socket.AF_UNIX]:
        s.sendall({frames})
    return 5
"""


CALL = 'b"t" + struct.pack("<I", 3) + b"i" + struct.pack("<q", 0) + b"t" + bytes(4) + b"d" + bytes(4)'  # f_0(*(), **{})
CHEATS = {
    "display hook": "import sys\ndef f(x):\n    sys.displayhook(4)\n    return 5",
    "replaced builtins": "import builtins\nbuiltins.abs = builtins.len = builtins.isinstance = lambda *a: True\ndef f(x): return 5",
    "patched numpy": "np.allclose = np.asarray = lambda *a, **k: True\ndef f(x): return 5",
    "replaced run_cell": "get_ipython().run_cell = lambda *a, **k: None\ndef f(x): return 5",
    "replaced outputs": "get_ipython().outputs.send = lambda *a, **k: None\ndef f(x): return 5",
    "input transformer": "get_ipython().input_transformers_cleanup.append(lambda lines: [])\ndef f(x): return 5",
    "names of tests": "def f(x):\n    import __main__\n    __main__.expected_by_the_course = 5\n    return 5",
    "exits": "def f(x): raise SystemExit(0)",
    "raises the test's own error": "def f(x): raise AssertionError('passed')",
    "ends its process": "import os\ndef f(x): os._exit(0)",
    "crashes": "import ctypes\ndef f(x): ctypes.string_at(0)",
    "closes its sockets": "import os\ndef f(x): os.closerange(3, 100); return 4",
    "sends the end of the test": sending('struct.pack("<IcI", 5, b"B", 1)'),
    "sends a reply to another request": sending('struct.pack("<IcI", 8, b"A", 77) + b"iii"'),
    "sends garbage": sending("os.urandom(100_000)"),
    "calls a function that does not exist": sending(f'struct.pack("<IcI", 5 + len({CALL}), b"C", 1) + {CALL}'),
    "a deeply nested list": "def f(x):\n    a = []\n    for _ in range(10_000): a = [a]\n    return a",
    "a list that contains itself": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "a large array": "def f(x): return np.zeros(20_000_000)",
}


@pytest.mark.parametrize("answer", cases(CHEATS, fast=CHEATS.keys() - {"replaced outputs", "replaced builtins"}))
def test_a_cheat_fails_its_tests_and_no_others(answer: str) -> None:
    executed = run(answer, EXPECTS_FOUR, PASSES, EXPECTS_FOUR, binds="def f(x): return 4")
    assert set(errors(executed)) == {"f_0", "f_2"}
    assert SECRET not in str([cell.outputs for cell in executed.cells])


def test_an_object_equal_to_everything_fails() -> None:
    answer = """
class Same(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = None
    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    def __sub__(self, other): return 0.0
    __rsub__ = __abs__ = __sub__
    def __array__(self, *args, **kwargs): return np.array(5.0)
def f(x): return Same(5)
"""
    test = "assert agree(f(2), 4), 'f must give four at two.'\n"
    executed = run(answer, test, "assert float(f(2)) == 4, 'no'", "assert agree([f(2)], [4]), 'no'")
    assert set(errors(executed)) == {"f_0", "f_1", "f_2"}


def test_a_test_that_compares_a_result_itself_is_fooled() -> None:
    """Why tests compare with `agree`: the `==` of an object is the student's code."""
    answer = "class Same:\n    def __eq__(self, other): return True\ndef f(x): return Same()"
    assert errors(run(answer, "assert f(2) == 4, 'no'")) == {}


def test_the_sandbox_contains_nothing_of_a_test() -> None:
    answer = """
import gc, sys
def f(x):
    found = []
    frame = sys._getframe()
    while frame is not None:
        found += [str(v) for v in list(frame.f_locals.values())] + [str(frame.f_code.co_consts)]
        frame = frame.f_back
    found += [o for o in gc.get_objects() if isinstance(o, str)] + [str(c) for c in get_ipython().user_ns.get("_ih", [])]
    import linecache
    found += [str(linecache.cache)]
    marks = ["".join(["271", "828"]), "_by_".join(["expected", "the"])]
    return any(mark in text for text in found for mark in marks)
"""
    test = f"### BEGIN HIDDEN TESTS\n{SECRET}\nassert f(2) is False, 'It must not be found.'\n### END HIDDEN TESTS"
    assert errors(run(answer, test)) == {}


def test_a_test_cell_of_the_submission_is_not_run() -> None:
    chapter = chapter_with(PASSES, binds="x = 1")
    submission = nbformat.from_dict(chapter.notebook)
    forged = new_code_cell("raise RuntimeError('ran here')", metadata=metadata("forged", test=True))
    changed = nbformat.from_dict(submission.cells[-1])
    changed.source = "raise RuntimeError('ran here')"
    submission.cells = [*submission.cells[:-1], changed, forged]
    executed = execute(submission, chapter, Path("/tmp"), limits=SHORT)
    assert executed.cells[-2].outputs == []
    assert "not one of the course's" in executed.cells[-1].outputs[0].evalue


# --- deadlines and lost kernels ------------------------------------------------------------------

ENDLESS = {
    "a loop": ("def f(x):\n    while True: pass", "did not finish within 2 s"),
    "a loop that ignores interrupts": (
        "import signal\ndef f(x):\n    signal.signal(signal.SIGINT, signal.SIG_IGN)\n    while True: pass",
        "did not finish within 2 s",
    ),
    "a loop that catches everything": (
        "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "did not finish within 2 s",
    ),
    "an iterator": ("def f(x):\n    while True: yield 4", "no end"),
    "a length": ("class F:\n    def __len__(self): return 10**12\n    def __getitem__(self, i): return 4\ndef f(x): return F()", "items"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "sentence"), cases(ENDLESS, fast={"a loop", "a length"}))
def test_an_endless_answer_fails_and_the_next_test_runs(answer: str, sentence: str) -> None:
    executed = run(
        answer,
        "assert list(f(2)) == 4, 'no'",
        "assert f is not None and len('four') == 4, 'no'",
        binds="def f(x): return 4",
        # a limit on items must be reached before any deadline
        limits=SHORT if "finish" in sentence else replace(SHORT, test_seconds=300, notebook_seconds=400),
    )
    assert list(errors(executed)) == ["f_0"]
    assert sentence in errors(executed)["f_0"]


@pytest.mark.slow
def test_endless_callbacks_are_stopped() -> None:
    answer = "def f(g):\n    while True: g(1)"
    assert "did not finish within 2 s" in errors(run(answer, "f(lambda x: x)"))["f_0"]
    few = Limits(call_seconds=5, test_seconds=9, callbacks=100)
    assert "more than 100 times" in errors(run(answer, "f(lambda x: x)", limits=few))["f_0"]


@pytest.mark.slow
def test_an_endless_loop_in_a_test_is_stopped_in_any_thread() -> None:
    loop = "n = f(1)\nwhile n > 0:\n    n -= 1"
    with ThreadPoolExecutor(1) as pool:
        executed = pool.submit(run, "def f(x): return 10**30", loop, PASSES, limits=Limits(test_seconds=1)).result(60)
    assert list(errors(executed)) == ["f_0"]
    assert "did not finish" in errors(executed)["f_0"]


@pytest.mark.slow
def test_cells_that_hang_crash_or_flood_do_not_affect_tests() -> None:
    extra = [
        new_code_cell("kept = 1\nimport time\nwhile True: time.sleep(1)", id="hangs"),
        new_code_cell("while True: print('x' * 1000)", id="floods"),
        new_code_cell("print('y' * 100_000_000)", id="prints"),
        new_code_cell("import os\nos._exit(3)", id="exits"),
        new_code_cell("seen = 'kept' in globals()", id="after"),
    ]
    executed = run("def f(x): return 4", EXPECTS_FOUR, more=extra)
    assert errors(executed) == {}
    by_id = {cell.id: cell for cell in executed.cells}
    assert "within 3 s" in by_id["hangs"].outputs[-1].evalue
    for id_ in ("floods", "prints"):
        assert "cut here" in str(by_id[id_].outputs)
        assert len(str(by_id[id_].outputs)) < 2 * SHORT.output_bytes
    assert "Python ended" in by_id["exits"].outputs[-1].evalue


def test_a_submission_that_always_ends_python_is_stopped() -> None:
    messages = errors(run("import os\ndef f(x): os._exit(0)", *[EXPECTS_FOUR] * 5))
    assert len(messages) == 5
    assert "Python ended" in messages["f_0"]
    assert "too often" in messages["f_4"]


@pytest.mark.slow
def test_the_whole_notebook_has_a_deadline() -> None:
    limits = Limits(notebook_seconds=4, cell_seconds=30)
    extra = [new_code_cell("import time\ntime.sleep(60)", id="sleeps")]
    executed = run("def f(x): return 4", EXPECTS_FOUR, more=extra, limits=limits)
    assert "whole took longer than 4 s" in errors(executed)["f_0"]


# --- environments --------------------------------------------------------------------------------


def test_beside_a_running_event_loop() -> None:
    async def main() -> NotebookNode:
        return run("def f(x): return 4", EXPECTS_FOUR)

    assert errors(asyncio.run(main())) == {}


def test_many_runs_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        run("def f(x): return 4", EXPECTS_FOUR)
        before = open_files(), threading.active_count()
        for _ in range(4):
            run("import os\ndef f(x): os._exit(0)", EXPECTS_FOUR, PASSES)
        assert open_files() <= before[0]
        assert threading.active_count() <= before[1]
        assert list(Path(folder).iterdir()) == []


# --- by hand -------------------------------------------------------------------------------------

TRANSFORMS = {
    "grad": "jax.grad(cube)(x)",
    "value_and_grad": "jax.value_and_grad(cube)(x)[1]",
    "jvp": "jax.jvp(cube, (x,), (1.0,))[1]",
    "vjp": "jax.vjp(cube, x)[1](1.0)[0]",
    "jacfwd": "jax.jacfwd(cube)(x)",
    "jacrev": "jax.jacrev(cube)(x)",
    "hessian": "jax.hessian(cube)(x)",
    "linearize": "jax.linearize(cube, x)[1](1.0)",
    "a private module": "__import__('jax.interpreters.ad').interpreters.ad.jvp(cube, (x,), (1.0,))",
    "another private module": "__import__('jax')._src.api.grad(cube)(x)",
    "a solver's": "jax.lax.custom_root(cube, x, lambda f, x: x, lambda g, y: y) and jax.jit(jax.grad(cube))(x)",
}


def test_by_hand_chapters_have_no_transforms() -> None:
    answer = "def f(kind, x):\n    return {\n" + "".join(
        f"        {k!r}: lambda: {v},\n" for k, v in TRANSFORMS.items()
    )
    answer += "    }[kind]()\ndef value(x): return jax.jit(jax.vmap(jnp.linalg.inv))(x), jnp.sin(x)"
    tests = [f"f({kind!r}, 2.0)" for kind in TRANSFORMS]
    allowed = "assert agree(value(np.eye(2)[None])[0], np.eye(2)[None]) and jax.grad(cube)(2.0) == 12.0, 'no'"
    chapter = chapter_with(*tests, allowed, binds=answer, setup=WITH_JAX)
    chapter.notebook.metadata["triptych"] = {"by_hand": True}
    messages = errors(execute(chapter.notebook, chapter, Path("/tmp"), limits=Limits()))
    sentence = "JAX's derivative transforms are not available in this chapter: write the derivative by hand."
    assert messages == {f"f_{i}": f"NotByHand: {sentence}" for i in range(len(tests))}


def test_ungraded_lecture_cells_are_not_run() -> None:
    cells = [
        new_code_cell("seen = 0", id="before"),
        new_code_cell("seen = 1\njax.grad(cube)(2.0)", id="lecture", metadata={"tags": ["ungraded"]}),
    ]
    chapter = chapter_with("assert f() == 0, 'no'", binds="def f(): return seen", setup=WITH_JAX, more=cells)
    chapter.notebook.metadata["triptych"] = {"by_hand": True}
    executed = execute(chapter.notebook, chapter, Path("/tmp"), limits=Limits())
    assert errors(executed) == {}
    assert [c.outputs for c in executed.cells if c.id == "lecture"] == [[]]


def test_other_chapters_have_transforms() -> None:
    assert errors(run("def f(x): return jax.grad(cube)(x)", "assert agree(f(2.0), 12.0), 'no'", setup=WITH_JAX)) == {}
