"""What the zygote of a submission's kernel prepares before it is forked."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from triptych.grade.guest.zygote import COMPILED
from triptych.grade.sandbox.bubblewrap import environment_folders
from triptych.grade.sandbox.zygote import IMPORTS, ZygoteSpec

#: Modules that it also imports for chapters that use their packages.
IMPORTS_OF_PACKAGES = (
    "pyhf", "scipy.integrate", "scipy.linalg", "scipy.optimize", "scipy.sparse.linalg", "scipy.special", "sympy",
)  # fmt: skip
_SHELL = """
import triptych.grade.guest.notebook
triptych.grade.guest.shell.create_shell()
from triptych.grade.guest import jax_cache
jax_cache.share_lowering_context()
"""
_NO_AUTODIFF = """
from triptych.grade.guest import no_autodiff
no_autodiff.disable()
"""
_NO_FITS = """
from triptych.grade.guest import no_fits
no_fits.disable()
"""
#: Compiled programs are read from the cache. Those of a submission are never written to it: the minimum compile time
#: is longer than any compilation.
_JAX = """
import jax
jax.config.update("jax_compilation_cache_dir", {folder!r})
jax.config.update("jax_persistent_cache_min_compile_time_secs", {min_compile_time_s!r})
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
jax_cache.keep_loaded()
"""


def zygote_spec(
    sandbox: str,
    *,
    by_hand: bool = False,
    own_fit: bool = False,
    packages: Collection[str] = (),
    compiled: Path | None = None,
    writable: bool = False,
    hide: Path | None = None,
) -> ZygoteSpec:
    """The zygote that the kernels of a chapter's submissions are forked from.

    Args:
        sandbox: "bwrap", or "none" for trusted submissions.
        by_hand: whether JAX's derivative transforms are disabled.
        own_fit: whether pyhf's fits are disabled.
        packages: the packages that the chapter imports, see `Chapter.packages`.
        compiled: the folder of JAX's compiled programs.
        writable: whether newly compiled programs are written to that folder.
        hide: a folder that the sandbox must not show, for example the course.
    """
    code = _SHELL
    if by_hand:
        code += _NO_AUTODIFF
    if own_fit:
        code += _NO_FITS
    if compiled is not None:
        folder = str(compiled) if sandbox == "none" else COMPILED
        code += _JAX.format(folder=folder, min_compile_time_s=0.0 if writable else 1e9)
    shown = (Path("/usr"), *environment_folders())
    hidden = (hide,) if hide is not None and any(hide.is_relative_to(folder) for folder in shown) else ()
    imports = IMPORTS + tuple(name for name in IMPORTS_OF_PACKAGES if name.partition(".")[0] in packages)
    return ZygoteSpec(sandbox=sandbox, code=code, imports=imports, compiled=compiled, filled=writable, hide=hidden)


__all__ = ["zygote_spec"]
