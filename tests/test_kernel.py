"""A submission's Python: cells in, outputs out, and what a cell can do to the ones after it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from courses import PROJECT

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.kernel import CellRun, Kernel
from triptych.grade.execute.zygote_spec import zygote_spec
from triptych.grade.sandbox.limits import Limits
from triptych.model.chapter import read_chapter
from triptych.text import plain

LIMITS = Limits(output_bytes=100_000)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with contextlib.closing(Kernel(zygote_spec("none"), tmp_path, LIMITS)) as kernel:
        yield kernel


def run(kernel: Kernel, code: str, seconds: float = 30) -> CellRun:
    return kernel.run(code, fair_time() + seconds)


def texts(result: CellRun) -> list[str]:
    """Each output as its text: what a stream holds, what is displayed, the name of an error."""
    return [
        node.text if node.output_type == "stream" else node.get("ename") or node.data.get("text/plain", "")
        for node in result.outputs
    ]


@pytest.mark.parametrize(
    ("code", "outputs"),
    [
        ("print(1)\n2", ["1\n", "2"]),
        ("import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')", ["a\n", "b\n", "c\n"]),
        ("1 / 0", ["ZeroDivisionError"]),
        ("x = (1,", ["SyntaxError"]),
        ("raise ValueError(1)\nprint(2)", ["ValueError"]),
        ("exit()\nprint('still here')", ["still here\n"]),
        ("input('?')", ["RuntimeError"]),
        ("from jax._src.interpreters import mlir\nmlir.make_ir_context() is mlir.make_ir_context()", ["True"]),
        ("!echo shell", ["shell\r\n"]),
        ("import asyncio\nawait asyncio.sleep(0)\n5", ["5"]),
        ("from IPython.display import display\nh = display('a', display_id=True)\nh.update('b')", ["'b'"]),
        ("from IPython.display import clear_output\nprint('a')\nclear_output()\nprint('b')", ["b\n"]),
        ("from IPython.display import clear_output\nprint('a')\nclear_output(wait=True)", ["a\n"]),
        ("import os\nif os.fork() == 0:\n    print('child')\n    os._exit(0)\n_ = os.wait()", []),
    ],
)
def test_outputs(kernel: Kernel, code: str, outputs: list[str]) -> None:
    result = run(kernel, code)
    assert texts(result) == outputs
    assert (result.execution_count, result.late, result.kernel_lost) == (1, False, False)
    assert texts(run(kernel, "6 * 7")) == ["42"]


def test_an_error_shows_the_line_of_the_cell(kernel: Kernel) -> None:
    run(kernel, "def f():\n    return 1 / 0")
    (error,) = run(kernel, "f()").outputs
    traceback = plain("\n".join(error.traceback))
    assert "In[1], line 2" in traceback and "return 1 / 0" in traceback
    (error,) = kernel.run("f()", fair_time() + 60, shown=False).outputs  # a lecture cell, which nobody looks at
    assert error.ename == "ZeroDivisionError" and "return 1 / 0" not in plain("\n".join(error.traceback))


def test_sys_exit_ends_its_cell_alone(kernel: Kernel) -> None:
    result = run(kernel, "print(1)\nraise SystemExit(3)\nprint(2)")
    assert texts(result)[:2] == ["1\n", "SystemExit"] and "2\n" not in texts(result)
    assert texts(run(kernel, "6 * 7")) == ["42"]


@pytest.mark.parametrize("draw", [True, False])
def test_figures_are_drawn_where_they_are_looked_at(kernel: Kernel, draw: bool) -> None:
    code = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])"
    outputs = kernel.run(code, fair_time() + 60, shown=draw).outputs
    (figure,) = (node for node in outputs if node.output_type == "display_data")
    assert ("image/png" in figure.data) is draw
    assert texts(run(kernel, "plt.get_fignums()")) == ["[]"]


def test_long_output_is_cut(kernel: Kernel) -> None:
    result = run(kernel, "for _ in range(10_000): print('x' * 1000)")
    assert sum(map(len, texts(result))) < 2 * LIMITS.output_bytes
    assert "The output is cut here" in texts(result)[-1]


@pytest.mark.parametrize("body", ["pass", "print('again')", "display(1)"])
def test_an_endless_cell_is_interrupted_and_the_next_one_runs(kernel: Kernel, body: str) -> None:
    result = run(kernel, f"while True: {body}", seconds=1)
    assert result.late and not result.kernel_lost
    assert texts(run(kernel, "6 * 7")) == ["42"]


def test_a_cell_that_ignores_interrupts_loses_the_kernel(kernel: Kernel) -> None:
    result = run(kernel, "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass", seconds=1)
    assert result.late and result.kernel_lost


def test_a_cell_that_ends_python_loses_the_kernel(kernel: Kernel) -> None:
    result = run(kernel, "import os\nprint('last', flush=True)\nos._exit(0)")
    assert result.kernel_lost and not result.late


def test_a_thread_prints_into_the_cell_that_runs_and_into_no_other(kernel: Kernel) -> None:
    run(kernel, "import threading, time\ngo = threading.Event()")
    run(kernel, "threading.Thread(target=lambda: (go.wait(), print('thread')), daemon=True).start()")
    assert texts(run(kernel, "go.set(); time.sleep(0.5)")) == ["thread\n"]
    run(kernel, "threading.Timer(0.3, print, ['late']).start()")
    run(kernel, "pass")
    assert texts(run(kernel, "1")) in (["1"], ["late\n", "1"])


def test_a_reply_that_the_student_writes_is_an_error_and_no_crash(kernel: Kernel) -> None:
    result = run(kernel, "import os\nos.write(3, b'nonsense' * 100)")
    assert result.kernel_lost


@pytest.mark.parametrize(("chapter", "imported"), [(1, ["sympy"]), (3, []), (7, ["pyhf", "scipy.optimize"])])
def test_a_kernel_begins_with_the_modules_that_its_chapter_uses(
    tmp_path: Path, chapter: int, imported: list[str]
) -> None:
    packages = read_chapter(PROJECT.notebook(PROJECT.chapters[chapter])).packages
    code = "import sys; [name for name in ('pyhf', 'scipy.optimize', 'sympy') if name in sys.modules]"
    with contextlib.closing(Kernel(zygote_spec("none", packages=packages), tmp_path, LIMITS)) as kernel:
        assert texts(run(kernel, code)) == [repr(imported)]
