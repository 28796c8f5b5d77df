"""The Jupyter kernel that runs a submission's own cells: forked for one submission, killed after it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

from triptych.grade.execute.channels import CellRun, Channels, connect
from triptych.grade.execute.clock import fair_time
from triptych.grade.sandbox.bubblewrap import SandboxError
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.sandbox import find_problem
from triptych.grade.sandbox.zygote import ZygoteSpec, get_zygote

START_SECONDS = 60.0
#: What a fork of the zygote runs to become a kernel.
LAUNCH = "from ipykernel.kernelapp import launch_new_instance; launch_new_instance(argv={options!r})"
OPTIONS = (
    "--HistoryManager.enabled=False",
    "--InteractiveShell.xmode=Context",
    "--InlineBackend.figure_formats=set()",
)
#: The agent's module in the kernel. An import would leave a name in the student's namespace.
AGENT_MODULE = "__import__('sys').modules['triptych.grade.guest.agent']"
CONNECT_AGENT = """
import sys
agent = sys.modules["triptych.grade.guest.agent"]
if "" not in sys.path:  # a submission's own modules are in its working folder
    sys.path.insert(0, "")
shell = __import__("IPython").get_ipython()
agent.limit_output(shell, {characters})
agent.AGENT = agent.start({path!r}, shell.user_ns, {bounds!r})
"""


class KernelError(RuntimeError):
    """The kernel cannot be started. The cause is the machine or the grader, not the submission."""


class Kernel:
    """A running kernel.

    Args:
        spec: the zygote that the kernel is forked from.
        files: the working folder of the student's code.
        limits: the limits on the submission.

    Attributes:
        stream: the socket that the kernel's agent is connected to.

    Raises:
        KernelError: the kernel does not start.
        SandboxError: no sandbox can be made on this machine.
    """

    def __init__(self, spec: ZygoteSpec, files: Path, limits: Limits) -> None:
        problem = find_problem() if spec.sandbox != "none" else None
        if problem is not None:
            raise SandboxError(problem)
        self._limits = limits
        self._drawing = False
        self._resources = contextlib.ExitStack()
        try:
            zygote = get_zygote(spec)
            self._folder = zygote.new_folder()
            self._resources.callback(shutil.rmtree, self._folder, ignore_errors=True)
            connection_file, self._connection = self._write_connection_file(zygote.user)
            self._child = zygote.spawn(
                LAUNCH.format(options=["-f", connection_file, *OPTIONS]),
                files=files,
                shared=self._folder,
                limits=limits,
                environment={"IPYTHONDIR": f"{self._folder}/ipython"} if spec.sandbox == "none" else {},
            )
            self._resources.callback(self._child.close)
            self._channels = self._connect_channels()
            self.stream = self._connect_agent()
        except BaseException:
            self.close()
            raise

    # --- start and end ---------------------------------------------------------------------------

    def _write_connection_file(self, user: int | None) -> tuple[str, Mapping[str, Any]]:
        """The connection file, in the one folder that the kernel shares with this process, and its content."""
        path, connection = write_connection_file(
            str(self._folder / "kernel.json"),
            transport="ipc",
            ip=str(self._folder / "k"),
            key=uuid.uuid4().hex.encode(),
        )
        if user is not None:
            os.chown(path, user, user, follow_symlinks=False)
        return path, connection

    def _connect_channels(self) -> Channels:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._resources.callback(context.destroy, linger=0)
        shell, control, iopub = (
            connect(context, kind, f"ipc://{self._connection['ip']}-{self._connection[f'{name}_port']}", self._limits)
            for name, kind in (("shell", zmq.DEALER), ("control", zmq.DEALER), ("iopub", zmq.SUB))
        )
        session = Session(key=self._connection["key"].encode())
        return Channels(session, shell, control, iopub, lambda: self._child.poll() is None, self._limits)

    def _connect_agent(self) -> socket.socket:
        end = fair_time() + START_SECONDS
        path = self._folder / "w"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            path.chmod(0o666)  # The folder and the sandbox decide who can reach it.
            listener.listen(1)
            listener.settimeout(0.2)
            bounds = {"size": self._limits.message_bytes, "depth": self._limits.message_depth}
            code = CONNECT_AGENT.format(characters=self._limits.output_bytes + 1, path=str(path), bounds=bounds)
            self.send(f"exec(compile({code!r}, '<triptych>', 'exec'), {{'__name__': '_triptych_start'}})")
            while True:
                with contextlib.suppress(TimeoutError):
                    stream, _ = listener.accept()
                    break
                if self._child.poll() is not None or fair_time() > end:
                    raise KernelError("The kernel for the submission did not start: run `triptych doctor`.")
        self._resources.callback(stream.close)
        path.unlink()
        stream.setblocking(True)
        if not self._channels.wait_for_outputs(end):
            raise KernelError("The kernel for the submission did not answer: run `triptych doctor`.")
        return stream

    def close(self) -> None:
        """Kills the kernel with everything in its sandbox, and removes its sockets. May be called twice."""
        self._resources.close()

    # --- running code ----------------------------------------------------------------------------

    def send(self, code: str) -> None:
        """Makes the kernel run `code` that belongs to no cell, without waiting for it."""
        self._channels.send(code)

    def run(self, code: str, end: float, *, draw: bool = True) -> CellRun:
        """Runs a cell until it ends or is interrupted.

        Args:
            code: the cell's code.
            end: when to interrupt it, in seconds of `fair_time`.
            draw: whether figures become outputs.
        """
        if draw is not self._drawing:
            self.send(f"{AGENT_MODULE}.draw_plots({draw!r})")
            self._drawing = draw
        return self._channels.run(code, end)

    def interrupt(self) -> None:
        """Interrupts the running code, and waits for a short time until the kernel confirms it."""
        self._channels.interrupt()

    def serve_test(self, number: int) -> None:
        """Makes the agent answer the requests of a test cell."""
        self.send(f"{AGENT_MODULE}.AGENT.serve({number:d})")

    def remember(self, names: Iterable[str]) -> None:
        """Makes the agent keep what a setup cell bound to `names`, whatever later cells do."""
        self.send(f"{AGENT_MODULE}.AGENT.remember({sorted(names)!r})")


__all__ = ["Kernel", "KernelError"]
