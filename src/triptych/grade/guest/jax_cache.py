"""JAX's compiler in a graded process: without optimisation, and no program twice.

A submission runs each of its programs a few times on a few numbers, so compiling takes nearly all of the time: the
compiler is told not to optimise. A result may differ from the student's in its last digit.

To JAX, a function that is defined again for each call of `jax.jit` or `jax.grad` is new each time: it compiles the
same program again, or reads it from the folder of compiled programs again. `keep_loaded` keeps compiled programs in
the process, by the key that JAX gives them. They end with the process, out of reach of other submissions.

JAX lowers each program in an MLIR context of its own, which takes 1.2 MB for as long as JAX keeps the program: some
700 MB for a submission to chapter 8 with a loop over bins. `share_lowering_context` lets all programs of a process
have the same.

This module imports the standard library and JAX alone.
"""

from __future__ import annotations

import contextlib
import functools
import gc
from collections import OrderedDict
from typing import Any

#: XLA's fusion emitters take twice as long as its older code. XLA aborts the process for an unknown flag; a test
#: checks that the installed version knows this one.
EMITTERS = "--xla_cpu_use_fusion_emitters=false"
#: Environment variables to set before JAX is imported.
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "XLA_FLAGS": EMITTERS}
MAX_PROGRAMS = 512


def keep_loaded(limit: int = MAX_PROGRAMS) -> bool:
    """Keeps the programs that JAX compiles or reads from its persistent cache in this process from now on.

    JAX only asks its cache where `jax_compilation_cache_dir` is set. Two private functions of JAX are replaced,
    which saves a quarter of the processor time of a submission to chapter 8 (docs/developers/decisions.md).

    Args:
        limit: number of programs to keep, the most recently used ones.

    Returns:
        Whether this version of JAX has the functions that are replaced.
    """
    try:
        from jax._src import compiler

        read, write = compiler._cache_read, compiler._cache_write
    except (ImportError, AttributeError):
        return False
    programs: OrderedDict[str, Any] = OrderedDict()

    def keep(key: str, executable: Any) -> None:
        programs[key] = executable
        if len(programs) > limit:
            programs.popitem(last=False)

    def cache_read(module_name: str, cache_key: str, *rest: Any) -> tuple[Any, int | None]:
        if cache_key in programs:
            programs.move_to_end(cache_key)
            return programs[cache_key], 0
        executable, compile_time = read(module_name, cache_key, *rest)
        if executable is not None:
            keep(cache_key, executable)
        return executable, compile_time

    def cache_write(
        cache_key: str, compile_time: float, module_name: str, backend: Any, executable: Any, host_callbacks: Any
    ) -> None:
        if not host_callbacks:  # such a program belongs to a single call
            keep(cache_key, executable)
        write(cache_key, compile_time, module_name, backend, executable, host_callbacks)

    vars(compiler).update(_cache_read=cache_read, _cache_write=cache_write)
    return True


def share_lowering_context() -> bool:
    """Lowers the programs of this process in one MLIR context from now on.

    One private function of JAX is replaced (docs/developers/decisions.md).

    Returns:
        Whether this version of JAX has the function that is replaced.
    """
    try:
        from jax._src.interpreters import mlir

        mlir.make_ir_context = functools.cache(mlir.make_ir_context)
    except (ImportError, AttributeError):
        return False
    return True


def clear() -> None:
    """Empties JAX's caches. Later programs share another lowering context, since a context never becomes smaller."""
    import jax

    jax.clear_caches()
    with contextlib.suppress(ImportError, AttributeError, KeyError):  # no context is shared
        from jax._src.interpreters import mlir

        vars(mlir)["make_ir_context"].cache_clear()
    gc.collect()


__all__ = ["EMITTERS", "QUICK", "clear", "keep_loaded", "share_lowering_context"]
