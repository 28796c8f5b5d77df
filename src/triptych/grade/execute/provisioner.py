"""Jupyter kernels that are forks of a warm process, in a sandbox.

`SandboxProvisioner` is a class of jupyter_client's own kind, because that is where every user of it, and
so nbclient, nbgrader and the formgrader, starts kernels. The sandbox itself is made in `guest/zygote.py`.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool, Dict, Unicode

from triptych.grade.guest.zygote import COMPILED
from triptych.grade.sandbox.bubblewrap import SandboxError, environment_folders
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.sandbox import find_problem
from triptych.grade.sandbox.zygote import Child, Zygote, ZygoteSpec, get_zygote
from triptych.model.course import Course, CourseError

#: What a fork of the warm process runs to become a kernel.
LAUNCH = "from ipykernel.kernelapp import launch_new_instance; launch_new_instance(argv={options!r})"

#: What a warm process runs once.
_AGENT = """
import triptych.grade.guest.agent
"""
_NO_AUTODIFF = """
from triptych.grade.guest import no_autodiff
no_autodiff.disable()
"""
_JAX = """
import jax
from triptych.grade.guest import jax_cache
# What JAX has compiled for the course is read, and nothing that a submission compiles is kept.
jax.config.update("jax_compilation_cache_dir", {folder!r})
jax.config.update("jax_persistent_cache_min_compile_time_secs", {least!r})
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
jax_cache.keep_loaded()
"""
_LOWERING = """
try:  # one context for all that is lowered, where this version of JAX makes one for each program
    import functools
    from jax._src.interpreters import mlir
    mlir.make_ir_context = functools.cache(mlir.make_ir_context)
except (ImportError, AttributeError):
    pass
"""


def zygote_spec(
    sandbox: str, *, hand: bool = False, compiled: Path | None = None, filled: bool = False, hide: Path | None = None
) -> ZygoteSpec:
    """What kernels have in common that may come from one warm process.

    hand: whether JAX's derivative transforms are taken away. compiled: folder of compiled programs to
    read; `filled`: to write, too. hide: a folder that must not be seen.
    """
    code = _AGENT
    if hand:
        code += _NO_AUTODIFF
    if compiled is not None:
        least = 0.0 if filled else 1e9
        folder = str(compiled) if sandbox == "none" else COMPILED
        code += _JAX.format(folder=folder, least=least)
    code += _LOWERING
    shown = (Path("/usr"), *environment_folders())
    hidden = (hide,) if hide is not None and any(hide.is_relative_to(folder) for folder in shown) else ()
    return ZygoteSpec(sandbox=sandbox, code=code, compiled=compiled, filled=filled, hide=hidden)


class SandboxProvisioner(KernelProvisionerBase):
    """Starts this environment's Python kernel, whatever kernel the notebook asks for, from a zygote.

    Connection file and sockets lie in one folder, the only one that both sides write to: the
    manager's own where that is a zygote's, else one made here.
    """

    limits = Dict(help="limits that differ from the usual ones, by name").tag(config=True)
    sandbox = Unicode("bwrap", help="bwrap, or none for submissions that one trusts").tag(config=True)
    hand = Bool(False, help="whether JAX's derivative transforms are taken away").tag(config=True)
    compiled = Unicode("", help="a folder of compiled programs").tag(config=True)
    filled = Bool(False, help="whether that folder may be written to").tag(config=True)
    hide = Unicode("", help="a folder that stays empty in the sandbox").tag(config=True)

    _child: Child | None = None
    _zygote: Zygote | None = None
    _shared: Path | None = None

    # --- start -----------------------------------------------------------------------------------

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepares the connection. Raises SandboxError when no sandbox can be made, or for a restart."""
        problem = find_problem() if self.sandbox != "none" else None
        if problem is not None:
            raise SandboxError(problem)
        if self._shared is not None:
            # What the last kernel left there (links, say) is not safe to write through.
            raise SandboxError("A kernel in a sandbox is not started again: start a new one.")
        folder = Path(kwargs["cwd"]) if kwargs.get("cwd") else None
        manager: Any = self.parent
        self._zygote = get_zygote(self._kind(folder))
        if Path(manager.connection_file).parent.parent == self._zygote.folder:
            self._shared = Path(manager.connection_file).parent
        else:
            self._shared = self._zygote.new_folder()
            manager.transport = "ipc"
            manager.ip = str(self._shared / "k")
            manager.connection_file = str(self._shared / "kernel.json")
        manager.cache_ports = False
        manager.kernel_spec.interrupt_mode = "message"  # a signal would not find the kernel in its namespace
        manager.write_connection_file()
        if self._zygote.user is not None:
            os.chown(manager.connection_file, self._zygote.user, self._zygote.user, follow_symlinks=False)
        self.connection_info = manager.get_connection_info()
        options = manager.kernel_spec.argv[3:] if "ipykernel_launcher" in manager.kernel_spec.argv else []
        named = [option.replace("{connection_file}", manager.connection_file) for option in options]
        return await super().pre_launch(**kwargs, cmd=named or ["-f", manager.connection_file])

    def _kind(self, folder: Path | None) -> ZygoteSpec:
        hide = Path(self.hide) if self.hide else None
        if hide is None:
            try:
                hide = Course.find(folder).root
            except CourseError:
                hide = None
        compiled = Path(self.compiled) if self.compiled else None
        return zygote_spec(self.sandbox, hand=self.hand, compiled=compiled, filled=self.filled, hide=hide)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Starts the kernel, with copies of the files of the folder that it would start in."""
        assert self._zygote is not None
        folder = Path(kwargs["cwd"]) if kwargs.get("cwd") else None
        environment = {"IPYTHONDIR": f"{self._shared}/ipython"} if self.sandbox == "none" else {}
        code = LAUNCH.format(options=cmd)
        self._child = self._zygote.spawn(
            code, files=folder, shared=self._shared, limits=Limits(**self.limits), environment=environment
        )
        return self.connection_info

    # --- life and end ----------------------------------------------------------------------------

    @property
    def has_process(self) -> bool:
        return self._child is not None

    @property
    def child(self) -> Child | None:
        """The kernel's process, for what it has taken."""
        return self._child

    async def poll(self) -> int | None:
        return self._child.poll() if self._child is not None else 0

    async def wait(self) -> int | None:
        return self._child.wait(20.0) if self._child is not None else None

    async def send_signal(self, signum: int) -> None:
        if signum == signal.SIGKILL and self._child is not None:
            self._child.kill()

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart: bool = False) -> None:
        """Ends the sandbox and all that is in it."""
        if self._child is not None:
            self._child.close()
            self._child = None


__all__ = ["SandboxError", "SandboxProvisioner", "find_problem", "zygote_spec"]
