# Tools every chapter shares. This cell is the same in all of them.
import ast
import functools
import hashlib
import html
import json
import os
import runpy
import secrets
import textwrap
import types
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import display
from IPython.utils.capture import capture_output

# JAX computes in float32 until told otherwise, and before it has made its first array.
jax.config.update("jax_enable_x64", True)

if Path("triptych.mplstyle").exists():
    plt.style.use("triptych.mplstyle")


def fresh_rng():
    """A random generator, seeded anew. The seed is printed; TRIPTYCH_SEED repeats it."""
    seed = int(os.environ.get("TRIPTYCH_SEED") or secrets.randbits(32))
    print(f"seed {seed}")
    return np.random.default_rng(seed)


def agree(result, expected, rtol=1e-5, atol=1e-7):
    """True when `result` has the shape of `expected` and equals it within the tolerance.

    Lists, tuples and arrays of NumPy or JAX are all welcome. What is no array of numbers,
    or holds a NaN that is not expected, does not agree; nothing is raised.
    """
    try:
        result = np.asarray(result)
        expected = np.asarray(expected)
        if result.dtype == object:
            result = result.astype(complex if expected.dtype.kind == "c" else float)
        return result.shape == expected.shape and bool(
            np.allclose(result, expected, rtol=rtol, atol=atol, equal_nan=True)
        )
    except (TypeError, ValueError):
        return False


def reference(function, *args):
    """`function(*args)`, for what a test computes without your answer. Grading computes it once for all answers."""
    return function(*args)


def counted(function):
    """`function` with a counter: `.calls` is how often it was called."""

    def counting(*args):
        counting.calls += 1
        return function(*args)

    counting.calls = 0
    return counting


@functools.cache
def course_graphs():
    """The tools for graphs in the file course_graphs.py beside this notebook, read when one is first needed."""
    return runpy.run_path("course_graphs.py")


def show_graph(program, *inputs, steps=False):
    """Draws the computational graph of a program of your Duals or Vars, with values, derivatives and local slopes.

    show_graph(f, Dual(2.0, 1.0), Dual(4.0, 0.0)) runs the program f once. After x = traced(Dual(2.0, 1.0)), which
    makes x remember how it is used, show_graph(z) draws how z was computed from x. steps=True is for slides.
    """
    course_graphs()["show_graph"](program, *inputs, steps=steps, variables=globals())


def traced(*numbers):
    """The same Duals or Vars, which from now on remember how they are used, so that show_graph can draw it.

    Also takes functions such as your sin: sin = traced(sin) makes each call a node of the graph.
    """
    return course_graphs()["traced"](*numbers)


class Table:
    """Rows of numbers and words below the titles of their columns, as `table` shows them."""

    def __init__(self, columns, rows, form="g"):
        self.lines = [[cell if isinstance(cell, str) else format(cell, form) for cell in row] for row in [columns, *rows]]

    def __repr__(self):
        widths = [max(map(len, column)) for column in zip(*self.lines)]
        return "\n".join("  ".join(map(str.rjust, line, widths)) for line in self.lines)

    def _repr_html_(self):
        def row(line, tag):
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in line) + "</tr>"

        body = "".join(row(line, "td") for line in self.lines[1:])
        return f'<table class="dataframe"><thead>{row(self.lines[0], "th")}</thead><tbody>{body}</tbody></table>'


def table(columns, rows, decimals=None):
    """Shows rows of numbers and words: `table(["x", "x²"], [[1, 1], [2, 4]])`, with so many digits after the point."""
    display(Table(columns, list(rows), "g" if decimals is None else f".{decimals}f"))


class BuildsOn:
    """The magic `%%builds_on nll fit`: runs a lecture cell that needs your answers to these exercises.

    While one of them is open or fails its visible tests, the cell shows the course's own run from recorded.json.
    """

    def __init__(self, shell):
        file = Path("recorded.json")
        recorded = json.loads(file.read_text("utf-8")) if file.exists() else {"answers": [], "cells": {}}
        self.shell, self.recorded, self.verdicts = shell, recorded, {}

    def __call__(self, line, code):
        program = "\n".join(text for text in code.strip().split("\n") if not text.startswith("#"))
        outputs = self.recorded["cells"].get(hashlib.sha256(program.encode()).hexdigest())
        failing = [] if outputs is None else [name for name in line.split() if not self.passes(name)]
        reason = f"your `{failing[0]}` is open or does not pass its visible tests yet" if failing else ""
        if not failing:
            try:
                return self.run(code)
            except Exception as error:
                if outputs is None:
                    raise
                plt.close("all")
                reason = f"with your answers this cell ends in {type(error).__name__}: {error}".split("\n")[0]
        print(f"{'Shown: the course’s own run' if outputs else 'Not run'}, because {reason.rstrip('.')}.")
        for output in outputs:
            self.shell.display_pub.publish(**output)

    def passes(self, exercise):
        """Whether an answer passes its visible tests. They run again if they failed or an answer has changed."""
        answers = [self.shell.user_ns.get(name) for name in self.recorded["answers"]]
        before, passed = self.verdicts.pop(exercise, ([], False))
        if not before or any(new is not old for new, old in zip(answers, before)):
            try:
                with capture_output():
                    for test in self.recorded["tests"][exercise]:
                        exec(test, dict(self.shell.user_ns))
                passed = True
            except KeyboardInterrupt:  # an endless answer, which is not tried a second time
                passed = False
            except Exception:
                return False
        self.verdicts[exercise] = answers, passed
        return passed

    def run(self, code):
        """Runs a cell's code and, as usual, displays the value of its last line."""
        tree, names = ast.parse(code), self.shell.user_ns
        last = tree.body[-1:] if isinstance(tree.body[-1], ast.Expr) else []
        file = self.shell.compile.cache(code)
        exec(compile(ast.Module(tree.body[: len(tree.body) - len(last)], []), file, "exec"), names)
        exec(compile(ast.Interactive(last), file, "single"), names)


def in_words(error, frames):
    """A sentence for an open answer, and for an assertion that fails in a cell and not in a function; else None."""
    if isinstance(error, NotImplementedError) and not error.args and frames:
        name = frames[-1].tb_frame.f_code.co_qualname
        return f"○ `{name}` is still open: write your answer in place of `raise NotImplementedError()`."
    if isinstance(error, AssertionError) and error.args and len(frames) == 1:
        return f"✗ {error}"
    return None


def show_error(shell, kind, error, trace, tb_offset=None):
    """Shows an error of a cell: a sentence alone, if there is one, otherwise the lines of the notebook that led to it."""
    frames = []
    while trace is not None:
        frame, trace = trace, trace.tb_next
        file = frame.tb_frame.f_code.co_filename
        if frame.tb_frame.f_globals is shell.user_ns and file != show_error.__code__.co_filename:
            frames.append(frame)
    if sentence := in_words(error, frames):
        error._render_traceback_ = lambda: textwrap.wrap(sentence, 80, subsequent_indent="  ")
    for frame in reversed(frames):
        trace = types.TracebackType(trace, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    shell.showtraceback((kind, error, trace or error.__traceback__), tb_offset=0 if frames else tb_offset)


if get_ipython() is not None:
    get_ipython().register_magic_function(BuildsOn(get_ipython()), "cell", "builds_on")
    if hasattr(get_ipython(), "kernel"):  # where a person reads it
        get_ipython().set_custom_exc((Exception,), show_error)
