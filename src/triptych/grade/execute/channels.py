"""The client's side of a kernel's ZeroMQ sockets.

Messages are read here rather than by nbclient: a client that trusts its kernel stores everything that it is sent,
and waits without a limit for messages that never come.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import zmq
from jupyter_client.session import Session
from nbformat import NotebookNode

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.outputs import Outputs, max_message_bytes
from triptych.grade.execute.session import SETTLE_SECONDS
from triptych.grade.sandbox.limits import Limits

#: How long to wait for the last outputs of a cell that has ended.
IDLE_SECONDS = 2.0
ALIVE_INTERVAL_SECONDS = 0.5
QUEUED_MESSAGES = 32
SEND_TIMEOUT_MS = 1000


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


class Channels:
    """Sends requests to a kernel and collects the replies and outputs.

    Args:
        session: signs messages, and checks signatures.
        shell: the connected socket for code to run.
        control: the connected socket for interrupts.
        iopub: the connected socket for outputs.
        is_alive: whether the kernel's process still runs.
        limits: the limits on the submission.
    """

    def __init__(
        self,
        session: Session,
        shell: zmq.Socket[bytes],
        control: zmq.Socket[bytes],
        iopub: zmq.Socket[bytes],
        is_alive: Callable[[], bool],
        limits: Limits,
    ) -> None:
        self._session = session
        self._shell, self._control, self._iopub = shell, control, iopub
        self._is_alive = is_alive
        self._limits = limits

    def send(self, code: str, *, silent: bool = True) -> str:
        """Requests the kernel to run `code`, without waiting for the reply.

        Args:
            code: Python code.
            silent: whether the run is neither numbered nor part of the history.

        Returns:
            The id of the request.
        """
        content = {
            "code": code,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        return self._send(self._shell, "execute_request", content)

    def run(self, code: str, end: float) -> CellRun:
        """Runs a cell until it ends or is interrupted.

        Args:
            code: the cell's code.
            end: when to interrupt it, in seconds of `fair_time`.
        """
        request = self.send(code, silent=False)
        outputs = Outputs(self._limits)
        reply = self._collect(request, outputs, end)
        late = reply is None and self._is_alive()
        if late:
            self.interrupt()
            reply = self._collect(request, outputs, fair_time() + SETTLE_SECONDS)
        count = (reply or {}).get("execution_count")
        return CellRun(outputs.nodes, count if type(count) is int else None, late, kernel_lost=reply is None)

    def interrupt(self) -> None:
        """Interrupts the running code, and waits up to SETTLE_SECONDS for the kernel's reply."""
        request = self._send(self._control, "interrupt_request", {})
        for remaining_ms in _countdown(fair_time() + SETTLE_SECONDS):
            if self._control.poll(remaining_ms) and self._receive(self._control, request) is not None:
                return

    def wait_for_outputs(self, end: float) -> bool:
        """Waits until outputs of the kernel arrive, because earlier ones are lost. False if it is `end` before."""
        while not self._iopub.poll(0):
            self.send("")
            if not self._iopub.poll(100) and fair_time() > end:
                return False
        return True

    def _send(self, target: zmq.Socket[bytes], kind: str, content: dict[str, Any]) -> str:
        message = self._session.msg(kind, content)
        with contextlib.suppress(zmq.ZMQError):  # The kernel does not read any more: the reply will be missing.
            self._session.send(target, message)
        return str(message["header"]["msg_id"])

    def _collect(self, request: str, outputs: Outputs, end: float) -> dict[str, Any] | None:
        """The reply to a request, after its outputs were added to `outputs`.

        None if there is no reply until `end` or until the kernel has ended.
        """
        reply: dict[str, Any] | None = None
        idle = False  # Reply and idle status arrive on different sockets, in either order.
        poller = zmq.Poller()
        poller.register(self._iopub, zmq.POLLIN)
        poller.register(self._shell, zmq.POLLIN)
        last_check = fair_time()
        while not (idle and reply is not None) and (now := fair_time()) < end:
            ready = dict(poller.poll(_milliseconds(end - now)))
            if self._shell in ready and reply is None:
                message = self._receive(self._shell, request)
                if message is not None and message["msg_type"] == "execute_reply":
                    reply = message["content"]
                    poller.unregister(self._shell)
                    end = min(end, now + IDLE_SECONDS)
            if self._iopub in ready:
                message = self._receive(self._iopub, request, outputs)
                if message is not None and _is_idle(message):
                    idle = True
                    end = min(end, now + IDLE_SECONDS)
                elif message is not None:
                    outputs.add(message)
            elif now - last_check > ALIVE_INTERVAL_SECONDS:
                last_check = now
                if not self._is_alive():
                    return reply
        return reply

    def _receive(
        self, source: zmq.Socket[bytes], request: str, outputs: Outputs | None = None
    ) -> dict[str, Any] | None:
        """The next message, if it is well-formed and belongs to `request`."""
        try:
            frames = source.recv_multipart(zmq.NOBLOCK)
            if outputs is not None and not outputs.has_room(sum(map(len, frames))):
                return None  # Parsing it would cost more than it is worth.
            message = self._session.deserialize(self._session.feed_identities(frames)[1])
            if message["parent_header"].get("msg_id") != request or not isinstance(message["content"], dict):
                return None
        except Exception:  # No message, or a forged one: it can fail in any way.
            return None
        return dict(message)


def connect(context: zmq.Context[zmq.Socket[bytes]], kind: int, address: str, limits: Limits) -> zmq.Socket[bytes]:
    """A socket that is connected to a kernel and limits what the kernel can make this process do.

    Args:
        context: the context that the socket belongs to.
        kind: a type of ZeroMQ sockets, as `zmq.SUB`.
        address: the kernel's socket.
        limits: the limits on the submission.
    """
    client = context.socket(kind)
    client.linger = 0
    # Messages are kept in memory until they are read: neither long ones nor many.
    client.set(zmq.MAXMSGSIZE, max_message_bytes(limits))
    client.set(zmq.RCVHWM, QUEUED_MESSAGES)
    # The other end may be broken: sending must not wait forever.
    client.set(zmq.SNDTIMEO, SEND_TIMEOUT_MS)
    if kind == zmq.SUB:
        client.subscribe(b"")
    client.connect(address)
    return client


def _milliseconds(seconds: float) -> int:
    """A timeout for `poll`, short enough to notice the end of a kernel."""
    return min(100, max(1, int(seconds * 1000)))


def _countdown(end: float) -> Iterator[int]:
    while (now := fair_time()) < end:
        yield _milliseconds(end - now)


def _is_idle(message: Mapping[str, Any]) -> bool:
    return bool(message["msg_type"] == "status" and message["content"].get("execution_state") == "idle")
