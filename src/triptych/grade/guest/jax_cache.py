"""What JAX compiles in a graded process: cheaply, and no program twice.

A submission runs each of its programs a few times, on a few numbers: compiling is nearly all that it
takes, so the compiler is told not to optimise. A value may differ from the student's in its last digit.

`jax.jit` and `jax.grad` of a function that is made anew for each call are new to JAX each time: it
traces, lowers and compiles, or reads the same program from the folder of compiled ones again. Here
the program itself is looked up, by the key that JAX gives it. It stays in the process and ends with
it: one submission's programs are in no reach of the next.

The package is not there where this runs: it imports the standard library and JAX alone.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

#: XLA's emitters for fused loops take twice the time of its old ones. XLA ends the process for a flag that
#: it does not know: a test holds this one against the version that is installed.
EMITTERS = "--xla_cpu_use_fusion_emitters=false"
#: A process's environment, before it imports JAX.
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "XLA_FLAGS": EMITTERS}
MOST = 512  # programs; what was used longest ago goes first


def keep_loaded(most: int = MOST) -> bool:
    """Makes it so in this process, from now on; says whether this version of JAX lets it.

    JAX looks nothing up before `jax_compilation_cache_dir` is set.
    """
    try:
        from jax._src import compiler

        read, write = compiler._cache_read, compiler._cache_write
    except (ImportError, AttributeError):
        return False
    kept: OrderedDict[str, Any] = OrderedDict()

    def keep(key: str, executable: Any) -> None:
        kept[key] = executable
        if len(kept) > most:
            kept.popitem(last=False)

    def cache_read(module_name: str, cache_key: str, *rest: Any) -> tuple[Any, int | None]:
        if cache_key in kept:
            kept.move_to_end(cache_key)
            return kept[cache_key], 0
        executable, seconds = read(module_name, cache_key, *rest)
        if executable is not None:
            keep(cache_key, executable)
        return executable, seconds

    def cache_write(
        cache_key: str, seconds: float, module_name: str, backend: Any, executable: Any, host_callbacks: Any
    ) -> None:
        if not host_callbacks:  # such a program belongs to one call
            keep(cache_key, executable)
        write(cache_key, seconds, module_name, backend, executable, host_callbacks)

    vars(compiler).update(_cache_read=cache_read, _cache_write=cache_write)
    return True


__all__ = ["EMITTERS", "QUICK", "keep_loaded"]
