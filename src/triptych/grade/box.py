"""Jupyter kernels in a box.

`BoxProvisioner` is a class of jupyter_client's own kind, because that is where every user of it, and
so nbclient, nbgrader and the formgrader, starts kernels. The box itself is in `bubblewrap.py`.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Dict

from triptych.course import Course, CourseError
from triptych.grade.bubblewrap import Box, BoxError, available
from triptych.grade.limits import Limits

__all__ = ["Box", "BoxError", "BoxProvisioner", "available"]

#: What starts the kernel, and what its agent imports, is never a file of the submission with the right name.
START = (
    "import sys; sys.path.remove(''); import numpy, jax.numpy; "
    "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
)


class BoxProvisioner(LocalProvisioner):
    """Starts this environment's Python kernel in a box, whatever kernel the notebook asks for.

    Connection file and sockets lie in one folder, the only one that both sides write to: the
    manager's own where its transport is `ipc` already, else one made here. Everything else in that
    folder can be seen in the box.
    """

    limits = Dict(help="limits that differ from the usual ones, by name").tag(config=True)

    _box: Box | None = None
    _shared: Path | None = None
    _made: Path | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepares the connection. Raises BoxError when no box can be made, or for a restart."""
        problem = available()
        if problem is not None:
            raise BoxError(problem)
        if self._shared is not None:
            # What the last kernel left there (links, say) is not safe to write through.
            raise BoxError("A kernel in a box is not started again: start a new one.")
        manager: Any = self.parent
        if manager.transport == "ipc":
            self._shared = Path(manager.connection_file).parent
        else:
            # In /tmp, because the names of sockets may hold 107 bytes.
            self._shared = self._made = Path(tempfile.mkdtemp(prefix="box-", dir="/tmp"))
            manager.transport = "ipc"
            manager.ip = str(self._shared / "k")
            manager.connection_file = str(self._shared / "kernel.json")
        manager.cache_ports = False
        # A signal would end bubblewrap, not interrupt the kernel in it.
        manager.kernel_spec.interrupt_mode = "message"
        prepared = await super().pre_launch(**kwargs)
        # Of the kernel's own command line the options are kept: they follow the module's name.
        options = prepared["cmd"][3:] if prepared["cmd"][:3] == [sys.executable, "-m", "ipykernel_launcher"] else []
        prepared["cmd"] = [sys.executable, "-c", START, *(options or ["-f", manager.connection_file])]
        return prepared

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Starts the kernel in the box, with copies of the files of the folder it would start in."""
        assert self._shared is not None
        folder = Path(kwargs["cwd"]) if kwargs.get("cwd") else None
        try:
            hide = [Course.find(folder).root]
        except CourseError:
            hide = []
        limits = Limits(**self.limits)
        self._box = Box(folder, shared=self._shared, limits=limits, hide=hide)
        if self._box.user is not None:
            manager: Any = self.parent
            os.chown(manager.connection_file, self._box.user, self._box.user, follow_symlinks=False)
        self.process = self._box.start(cmd)
        self.pid = self.pgid = self.process.pid
        self.cwd = folder or Path.cwd()
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        """Ends the box and all that is in it."""
        if self._box is not None:
            self._box.close()
            self._box = None
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
        await super().cleanup(restart=restart)
