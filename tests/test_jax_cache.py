"""Programs in the process are not compiled again, other programs are, and none is optimised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from triptych.grade.guest.jax_cache import EMITTERS, QUICK
from triptych.grade.sandbox.bubblewrap import SETTINGS


def run(code: str, *arguments: object, environment: Mapping[str, str] = os.environ) -> subprocess.CompletedProcess[str]:
    """Runs code that uses JAX in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


COUNT_COMPILATIONS = """
import json, pathlib, sys
import jax, jax.numpy as jnp
from jax._src import compiler
from triptych.grade.guest.jax_cache import keep_loaded
folder, min_seconds, limit = sys.argv[1:]
jax.config.update("jax_compilation_cache_dir", folder)
jax.config.update("jax_persistent_cache_min_compile_time_secs", float(min_seconds))
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
if limit != "unpatched":
    assert keep_loaded(int(limit))
compiled, compile = [], compiler.backend_compile_and_load
compiler.backend_compile_and_load = lambda *args: compiled.append(1) or compile(*args)
x = jnp.arange(4.0)
counts, values = [], []
for factor in (2.0, 2.0, 3.0, 2.0):
    before = len(compiled)
    values.append(jax.jit(lambda x: jnp.sin(x) * factor)(x))  # a new function each time
    counts.append(len(compiled) - before)
for factor, value in zip((2.0, 2.0, 3.0, 2.0), values):
    assert jnp.allclose(value, jnp.sin(x) * factor)
for shape in ((3,), (4,)):
    assert jax.jit(lambda x: x + 1)(jnp.ones(shape)).shape == shape
for word in "ab":  # a program with a callback belongs to its own function
    heard = []
    jax.jit(lambda x: jax.debug.callback(lambda _, word=word: heard.append(word), x))(x)
    jax.effects_barrier()
    assert heard == [word], heard
print(json.dumps([counts, len(list(pathlib.Path(folder).glob("*-cache")))]))
"""


def compilations(folder: Path, *, limit: str = "512", min_seconds: str = "1e9") -> tuple[list[int], int]:
    """Compilations of the four calls, and the number of programs in the folder."""
    result = run(COUNT_COMPILATIONS, folder, min_seconds, limit)
    assert result.returncode == 0, result.stderr
    counts, written = json.loads(result.stdout)
    return counts, written


@pytest.mark.parametrize(
    ("limit", "counts"),
    [("512", [1, 0, 1, 0]), ("unpatched", [1, 1, 1, 1]), ("1", [1, 0, 1, 1])],
)
def test_a_program_is_compiled_once(tmp_path: Path, limit: str, counts: list[int]) -> None:
    assert compilations(tmp_path, limit=limit) == (counts, 0)  # and nothing is written to the disk


def test_programs_on_the_disk_are_written_and_read(tmp_path: Path) -> None:
    first, written = compilations(tmp_path, min_seconds="0")
    assert first == [1, 0, 1, 0] and written >= 2
    assert compilations(tmp_path, min_seconds="0") == ([0, 0, 0, 0], written)


CONTEXTS = """
import sys
import jax, jax.numpy as jnp
from jax._src.lib.mlir import ir
from triptych.grade.guest.jax_cache import clear, share_lowering_context
if sys.argv[1] == "shared":
    assert share_lowering_context()
elif sys.argv[1] == "worker":
    from triptych.grade.dispatch.worker import start
    start(sys.argv[2])
functions = [jax.jit(lambda x, n=n: jnp.sin(x) * n) for n in range(20)]
def count():
    for n, function in enumerate(functions):
        assert jnp.allclose(function(0.5), n * jnp.sin(0.5))
    return ir.Context._get_live_count()
before = count()
clear()
left = ir.Context._get_live_count()
print(before, left, count(), file=sys.stderr)
"""


@pytest.mark.parametrize("who", ["shared", "worker", "unpatched"])
def test_kept_programs_share_a_lowering_context(tmp_path: Path, who: str) -> None:
    result = run(CONTEXTS, who, tmp_path)
    assert result.returncode == 0, result.stderr
    before, left, after = map(int, result.stderr.split("\n")[-2].split())
    assert (before, left, after) == (1, 0, 1) if who != "unpatched" else before >= 20


WITHOUT_THE_NAME = """
from jax._src.interpreters import mlir
from triptych.grade.guest.jax_cache import clear, share_lowering_context
del mlir.make_ir_context
assert not share_lowering_context()
clear()
"""


def test_caches_are_emptied_where_jax_lacks_the_function() -> None:
    result = run(WITHOUT_THE_NAME)
    assert result.returncode == 0, result.stderr


OPTIMISATION = """
import os, sys, jax, jax.numpy as jnp
from jax._src import compiler
levels, real = [], compiler.backend_compile_and_load
def compile(backend, module, devices, options, *rest):
    levels.append(options.executable_build_options.debug_options.xla_backend_optimization_level)
    return real(backend, module, devices, options, *rest)
compiler.backend_compile_and_load = compile
if len(sys.argv) > 1:  # as a worker of the grader, which has imported JAX before
    from triptych.grade.dispatch.worker import start
    start(sys.argv[1])
print(jax.jit(lambda x: jnp.tanh(x) @ x)(jnp.arange(3.0)), set(levels), os.environ["XLA_FLAGS"], file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("environment", "worker"), [(QUICK, False), (SETTINGS, False), ({}, True)], ids=["quick", "kernel", "worker"]
)
def test_the_compiler_does_not_optimise(tmp_path: Path, environment: dict[str, str], worker: bool) -> None:
    """And the installed version of XLA knows the flags: it aborts the process for an unknown one."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "XLA_"))}
    result = run(OPTIMISATION, *([tmp_path] if worker else []), environment=plain | environment)
    assert result.returncode == 0, result.stderr
    value, levels, flags = result.stderr.split("\n")[-2].split()
    assert float(value) == pytest.approx(2.68964965, rel=1e-6) and (levels, flags) == ("{0}", EMITTERS)


def test_an_unknown_flag_aborts_the_process() -> None:
    environment = {**os.environ, "XLA_FLAGS": "--xla_no_such_flag=1"}
    assert run("import jax; jax.devices()", environment=environment).returncode != 0
