"""The Python that runs a submission's own cells: forked for one submission, killed after it.

It shares one socket with this process, and neither files nor folders. Its messages are validated here.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.outputs import Outputs, max_message_bytes
from triptych.grade.guest import codec
from triptych.grade.guest.codec import Bounds, Connection, ConnectionClosed, Decoder, Encoder, ProtocolError
from triptych.grade.sandbox.bubblewrap import SandboxError
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.sandbox import find_problem
from triptych.grade.sandbox.zygote import ZygoteSpec, get_zygote

START_SECONDS = 60.0
#: How long interrupted code of the student may take to stop.
SETTLE_SECONDS = 2.0
#: How often a deadline is checked while nothing arrives.
WAIT_SECONDS = 0.05
#: What a fork of the zygote runs. The socket is its descriptor 3.
SERVE = "import triptych.grade.guest.notebook as notebook; notebook.serve(3, {bounds!r}, {characters})"


class KernelError(RuntimeError):
    """The kernel cannot be started. The cause is the machine or the grader, not the submission."""


class _Late(Exception):
    """The deadline of a cell has passed."""


@dataclass(frozen=True)
class CellRun:
    """The result of running a cell.

    Attributes:
        outputs: the cell's outputs in nbformat.
        execution_count: the number that the kernel gave the run.
        late: whether the cell was stopped at its deadline.
        kernel_lost: whether the kernel has ended or does not answer any more.
    """

    outputs: list[NotebookNode]
    execution_count: int | None
    late: bool = False
    kernel_lost: bool = False


class Kernel:
    """A running kernel.

    Args:
        spec: the zygote that the kernel is forked from.
        files: the working folder of the student's code.
        limits: the limits on the submission.

    Attributes:
        connection: the connection to the kernel, which test cells use as well.

    Raises:
        KernelError: the kernel does not start.
        SandboxError: no sandbox can be made on this machine.
    """

    def __init__(self, spec: ZygoteSpec, files: Path, limits: Limits) -> None:
        problem = find_problem() if spec.sandbox != "none" else None
        if problem is not None:
            raise SandboxError(problem)
        self._limits = limits
        self._runs = 0
        bounds = Bounds(size=limits.message_bytes, depth=limits.message_depth)
        #: an output is small, and stays in memory as Python objects until the notebook is written
        self._output_bounds = Bounds(size=max_message_bytes(limits), items=limits.output_bytes, depth=limits.json_depth)
        self._resources = contextlib.ExitStack()
        try:
            stream, guest_end = socket.socketpair()
            self._resources.callback(stream.close)
            # Timeouts of the socket cost nothing per call, unlike those of Python.
            timeout = bytes(8) + int(WAIT_SECONDS * 1e6).to_bytes(8, sys.byteorder)
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                stream.setsockopt(socket.SOL_SOCKET, option, timeout)
            self.connection = Connection(stream, bounds)
            code = SERVE.format(bounds=asdict(bounds), characters=limits.output_bytes + 1)
            with guest_end:
                self._child = get_zygote(spec).spawn(code, files=files, limits=limits, sockets=[guest_end.fileno()])
            self._resources.callback(self._child.close)
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self) -> None:
        try:
            kind, _, _ = self.connection.receive(_deadline(fair_time() + START_SECONDS))
        except (_Late, ProtocolError, ConnectionClosed):
            kind = b""
        if kind != codec.READY:
            raise KernelError("Python for the submission did not start: run `triptych doctor`.")

    def close(self) -> None:
        """Kills the kernel with everything in its sandbox. May be called twice."""
        self._resources.close()

    def run(self, code: str, end: float, *, shown: bool = True) -> CellRun:
        """Runs a cell until it ends or is interrupted.

        Args:
            code: the cell's code.
            end: when to interrupt it, in seconds of `fair_time`.
            shown: whether figures become outputs, and errors come with the lines that led to them.
        """
        self._runs += 1
        outputs, late, count = Outputs(self._limits), False, None
        try:
            try:
                self._send(codec.RUN, self._runs, (code, shown), _deadline(end))
                count = self._collect(outputs, _deadline(end))
            except _Late:
                late = True
                self.interrupt()
                count = self._collect(outputs, _deadline(fair_time() + SETTLE_SECONDS))
        except (_Late, ProtocolError, ConnectionClosed):
            return CellRun(outputs.nodes, None, late, kernel_lost=True)
        return CellRun(outputs.nodes, count, late)

    def _collect(self, outputs: Outputs, wait: Callable[[], None]) -> int | None:
        """Adds the running cell's outputs until it has ended. Returns its number."""
        while True:
            kind, run, body = self.connection.receive(wait)
            if kind == codec.RAN and run == self._runs:
                count = Decoder(bounds=self._output_bounds).decode(body)
                return count if type(count) is int and 0 <= count < 2**31 else None
            if kind == codec.OUTPUT and run == self._runs and outputs.has_room(len(body)):
                outputs.add(Decoder(bounds=self._output_bounds, tick=wait).decode(body))
            wait()

    def interrupt(self) -> None:
        """Interrupts the running code."""
        self._child.interrupt()

    def serve_test(self, number: int) -> None:
        """Makes the agent answer the requests of a test cell."""
        self._send_quietly(codec.BEGIN, number, None)

    def remember(self, names: set[str], read: set[str]) -> None:
        """Makes the agent keep what a cell of the course bound to `names`, and bind those of `read` during tests."""
        self._send_quietly(codec.REMEMBER, 0, (sorted(names), sorted(names & read)))

    def _send_quietly(self, kind: bytes, number: int, content: Any) -> None:
        # A kernel that does not read any more is noticed by the next cell or test.
        with contextlib.suppress(_Late, ConnectionClosed):
            self._send(kind, number, content, _deadline(fair_time() + SETTLE_SECONDS))

    def _send(self, kind: bytes, number: int, content: Any, wait: Callable[[], None]) -> None:
        self.connection.send(kind, number, Encoder().encode(content), wait)


def _deadline(end: float) -> Callable[[], None]:
    """A function that raises _Late once it is `end`, in seconds of `fair_time`."""

    def wait() -> None:
        if fair_time() > end:
            raise _Late

    return wait


__all__ = ["SETTLE_SECONDS", "CellRun", "Kernel", "KernelError"]
