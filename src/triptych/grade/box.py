"""Jupyter kernels that are forks of a warm process, in a box.

`BoxProvisioner` is a class of jupyter_client's own kind, because that is where every user of it, and
so nbclient, nbgrader and the formgrader, starts kernels. The box itself is made in `warm.py`.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool, Dict, Unicode

from triptych.course import Course, CourseError
from triptych.grade import agent, by_hand, codec, programs
from triptych.grade.bubblewrap import BoxError, environment_folders
from triptych.grade.limits import Limits
from triptych.grade.nursery import Child, Kind, Nursery, nursery
from triptych.grade.sandbox import available
from triptych.grade.warm import COMPILED

#: What a fork of the warm process runs to become a kernel.
LAUNCH = "from ipykernel.kernelapp import launch_new_instance; launch_new_instance(argv={options!r})"

#: What a warm process runs once. The agent's modules come as text: the package need not be there.
_AGENT = """
import sys, types
def make(name, source):
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, f"<{{name}}>", "exec"), vars(module))
    return module
before = {{name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "triptych"}}
make("triptych", "")
make("triptych.grade", "")
for name, source in {sources!r}.items():
    setattr(sys.modules["triptych.grade"], name.rpartition(".")[2], make(name, source))
sys.modules["_triptych_agent"] = sys.modules["triptych.grade.agent"]
for name in [name for name in sys.modules if name.split(".")[0] == "triptych"]:
    del sys.modules[name]
sys.modules.update(before)
"""
_BY_HAND = """
make("_triptych_by_hand", {source!r}).take_away()
"""
_JAX = """
import functools, jax
# What JAX has compiled for the course is read, and nothing that a submission compiles is kept.
jax.config.update("jax_compilation_cache_dir", {folder!r})
jax.config.update("jax_persistent_cache_min_compile_time_secs", {least!r})
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
make("_triptych_programs", {source!r}).keep_loaded()
"""
_LOWERING = """
try:  # one context for all that is lowered, where this version of JAX makes one for each program
    import functools
    from jax._src.interpreters import mlir
    mlir.make_ir_context = functools.cache(mlir.make_ir_context)
except (ImportError, AttributeError):
    pass
"""


def kernel_kind(
    box: str, *, hand: bool = False, compiled: Path | None = None, filled: bool = False, hide: Path | None = None
) -> Kind:
    """What kernels have in common that may come from one warm process.

    hand: whether JAX's derivative transforms are taken away. compiled: folder of compiled programs to
    read; `filled`: to write, too. hide: a folder that must not be seen.
    """
    sources = {f"triptych.grade.{module.__name__.rpartition('.')[2]}": _source(module) for module in (codec, agent)}
    code = _AGENT.format(sources=sources)
    if hand:
        code += _BY_HAND.format(source=_source(by_hand))
    if compiled is not None:
        least = 0.0 if filled else 1e9
        folder = str(compiled) if box == "none" else COMPILED
        code += _JAX.format(folder=folder, least=least, source=_source(programs))
    code += _LOWERING
    shown = (Path("/usr"), *environment_folders())
    hidden = (hide,) if hide is not None and any(hide.is_relative_to(folder) for folder in shown) else ()
    return Kind(box=box, code=code, compiled=compiled, filled=filled, hide=hidden)


def _source(module: Any) -> str:
    return Path(module.__file__).read_text(encoding="utf-8")


class BoxProvisioner(KernelProvisionerBase):
    """Starts this environment's Python kernel, whatever kernel the notebook asks for, from a nursery.

    Connection file and sockets lie in one folder, the only one that both sides write to: the
    manager's own where that is a nursery's, else one made here.
    """

    limits = Dict(help="limits that differ from the usual ones, by name").tag(config=True)
    box = Unicode("bwrap", help="bwrap, or none for submissions that one trusts").tag(config=True)
    hand = Bool(False, help="whether JAX's derivative transforms are taken away").tag(config=True)
    compiled = Unicode("", help="a folder of compiled programs").tag(config=True)
    filled = Bool(False, help="whether that folder may be written to").tag(config=True)
    hide = Unicode("", help="a folder that stays empty in the box").tag(config=True)

    _child: Child | None = None
    _nursery: Nursery | None = None
    _shared: Path | None = None

    # --- start -----------------------------------------------------------------------------------

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepares the connection. Raises BoxError when no box can be made, or for a restart."""
        problem = available() if self.box != "none" else None
        if problem is not None:
            raise BoxError(problem)
        if self._shared is not None:
            # What the last kernel left there (links, say) is not safe to write through.
            raise BoxError("A kernel in a box is not started again: start a new one.")
        folder = Path(kwargs["cwd"]) if kwargs.get("cwd") else None
        manager: Any = self.parent
        self._nursery = nursery(self._kind(folder))
        if Path(manager.connection_file).parent.parent == self._nursery.folder:
            self._shared = Path(manager.connection_file).parent
        else:
            self._shared = self._nursery.new_folder()
            manager.transport = "ipc"
            manager.ip = str(self._shared / "k")
            manager.connection_file = str(self._shared / "kernel.json")
        manager.cache_ports = False
        manager.kernel_spec.interrupt_mode = "message"  # a signal would not find the kernel in its namespace
        manager.write_connection_file()
        if self._nursery.user is not None:
            os.chown(manager.connection_file, self._nursery.user, self._nursery.user, follow_symlinks=False)
        self.connection_info = manager.get_connection_info()
        options = manager.kernel_spec.argv[3:] if "ipykernel_launcher" in manager.kernel_spec.argv else []
        named = [option.replace("{connection_file}", manager.connection_file) for option in options]
        return await super().pre_launch(**kwargs, cmd=named or ["-f", manager.connection_file])

    def _kind(self, folder: Path | None) -> Kind:
        hide = Path(self.hide) if self.hide else None
        if hide is None:
            try:
                hide = Course.find(folder).root
            except CourseError:
                hide = None
        compiled = Path(self.compiled) if self.compiled else None
        return kernel_kind(self.box, hand=self.hand, compiled=compiled, filled=self.filled, hide=hide)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Starts the kernel, with copies of the files of the folder that it would start in."""
        assert self._nursery is not None
        folder = Path(kwargs["cwd"]) if kwargs.get("cwd") else None
        environment = {"IPYTHONDIR": f"{self._shared}/ipython"} if self.box == "none" else {}
        code = LAUNCH.format(options=cmd)
        self._child = self._nursery.spawn(
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
        """Ends the box and all that is in it."""
        if self._child is not None:
            self._child.close()
            self._child = None


__all__ = ["BoxError", "BoxProvisioner", "available", "kernel_kind"]
