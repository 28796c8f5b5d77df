"""A program that is in the process is not compiled again, another program is, and neither is optimised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import triptych.grade.guest.jax_cache
from triptych.grade.guest.jax_cache import EMITTERS, QUICK
from triptych.grade.sandbox.bubblewrap import SETTINGS

CODE = """
import json, pathlib, sys
import jax, jax.numpy as jnp
from jax._src import compiler
jax.config.update("jax_compilation_cache_dir", sys.argv[1])
jax.config.update("jax_persistent_cache_min_compile_time_secs", float(sys.argv[2]))
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
exec(open(sys.argv[3]).read())
if sys.argv[4] != "no":
    assert keep_loaded(int(sys.argv[4]))
compiled, real = [], compiler.backend_compile_and_load
def compile(*args):
    compiled.append(1)
    return real(*args)
compiler.backend_compile_and_load = compile
x = jnp.arange(4.0)
out, values = [], []
for factor in (2.0, 2.0, 3.0, 2.0):
    before = len(compiled)
    values.append(jax.jit(lambda x: jnp.sin(x) * factor)(x))  # a new function each time
    out.append(len(compiled) - before)
for factor, value in zip((2.0, 2.0, 3.0, 2.0), values):
    assert jnp.allclose(value, jnp.sin(x) * factor)
for shape in ((3,), (4,)):
    assert jax.jit(lambda x: x + 1)(jnp.ones(shape)).shape == shape
for word in "ab":  # a program that calls back belongs to its own function
    heard = []
    jax.jit(lambda x: jax.debug.callback(lambda _, word=word: heard.append(word), x))(x)
    jax.effects_barrier()
    assert heard == [word], heard
print(json.dumps([out, len(list(pathlib.Path(sys.argv[1]).glob("*-cache")))]))
"""


def ran(tmp_path: Path, *, most: str = "512", least: str = "1e9") -> tuple[list[int], int]:
    """Compilations of the four calls, and how many programs were written to the folder."""
    argv = [sys.executable, "-c", CODE, str(tmp_path), least, triptych.grade.guest.jax_cache.__file__, most]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    out, written = json.loads(done.stdout)
    return out, written


@pytest.mark.parametrize(
    ("most", "compilations"),
    [("512", [1, 0, 1, 0]), ("no", [1, 1, 1, 1]), ("1", [1, 0, 1, 1])],
    ids=["kept", "as JAX is", "one kept"],
)
def test_a_program_is_compiled_once(tmp_path: Path, most: str, compilations: list[int]) -> None:
    assert ran(tmp_path, most=most) == (compilations, 0)  # and nothing goes to the disk


def test_what_may_be_written_is_written_and_found(tmp_path: Path) -> None:
    first, written = ran(tmp_path, least="0")
    assert first == [1, 0, 1, 0] and written >= 2
    again, more = ran(tmp_path, least="0")
    assert again == [0, 0, 0, 0] and more == written


SEEN = """
import os, sys, jax, jax.numpy as jnp
from jax._src import compiler
asked, real = [], compiler.backend_compile_and_load
def compile(backend, module, devices, options, *rest):
    asked.append(options.executable_build_options.debug_options.xla_backend_optimization_level)
    return real(backend, module, devices, options, *rest)
compiler.backend_compile_and_load = compile
if len(sys.argv) > 1:  # as a worker of the grader does it, which has imported JAX before
    from triptych.grade.dispatch.worker import start
    start(sys.argv[1])
print(jax.jit(lambda x: jnp.tanh(x) @ x)(jnp.arange(3.0)), set(asked), os.environ["XLA_FLAGS"], file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("environment", "worker"), [(QUICK, False), (SETTINGS, False), ({}, True)], ids=["quick", "kernel", "worker"]
)
def test_the_compiler_does_not_optimise(tmp_path: Path, environment: dict[str, str], worker: bool) -> None:
    """And this version of XLA knows the flags: it ends the process for one that it does not know."""
    # whoever runs the tests may have JAX keep what it compiles
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "XLA_"))}
    argv = [sys.executable, "-c", SEEN, *([str(tmp_path)] if worker else [])]
    done = subprocess.run(argv, env=plain | environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    value, level, flags = done.stderr.split("\n")[-2].split()
    assert float(value) == pytest.approx(2.68964965, rel=1e-6) and (level, flags) == ("{0}", EMITTERS)


def test_a_flag_that_xla_does_not_know_would_be_noticed() -> None:
    environment = {**os.environ, "XLA_FLAGS": "--xla_no_such_flag=1"}
    argv = [sys.executable, "-c", "import jax; jax.devices()"]
    assert subprocess.run(argv, env=environment, capture_output=True, check=False, timeout=120).returncode != 0
