"""The kernel that runs a submission's own cells, started for one submission and killed after it.

Its messages are read here, not by nbclient: a client that trusts its kernel keeps whatever comes,
and waits for what may never come.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from nbformat import NotebookNode

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.outputs import Outputs, largest_message
from triptych.grade.execute.provisioner import zygote_spec
from triptych.grade.execute.proxy import SETTLE_SECONDS
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import Zygote, get_zygote

START_SECONDS = 60.0
IDLE_SECONDS = 2.0  # how long to wait for the last outputs of a cell that has ended
QUEUED_MESSAGES = 32
BOX = "triptych-sandbox"
SEND_MILLISECONDS = 1000


class KernelError(RuntimeError):
    """The kernel cannot be started: the machine's fault or the grader's, not the submission's."""


@dataclass
class CellRun:
    """What came of a cell: its outputs, its number, and whether the kernel lives (`late`: it was stopped)."""

    outputs: list[NotebookNode] = field(default_factory=list)
    count: int | None = None
    late: bool = False
    lost: bool = False


class Kernel:
    """A running kernel and the socket that its agent has connected to.

    Arguments: the working folder of the student's code, limits, the sandbox ("none" or "bwrap"), whether
    the chapter is one to be answered by hand, a folder of compiled programs to read (or to fill), and
    a folder that must not be seen. Raises KernelError, and SandboxError where there can be no sandbox.
    """

    def __init__(
        self,
        files: Path,
        limits: Limits,
        sandbox: str,
        *,
        hand: bool,
        compiled: Path | None = None,
        filled: bool = False,
        hide: Path | None = None,
    ) -> None:
        self._limits = limits
        self._sockets: list[zmq.Socket[bytes]] = []
        self._pictures = False
        kind = zygote_spec(sandbox, hand=hand, compiled=compiled, filled=filled, hide=hide)
        settings = {"limits": asdict(limits), "sandbox": sandbox, "hand": hand, "filled": filled}
        settings |= {"compiled": str(compiled or ""), "hide": str(hide or "")}
        self._manager = _manager(get_zygote(kind), settings)
        self._folder = Path(self._manager.connection_file).parent
        try:
            self.stream = self._start(files)
        except BaseException:
            self.close()
            raise

    # --- start and end ---------------------------------------------------------------------------

    def _start(self, files: Path) -> socket.socket:
        self._manager.start_kernel(cwd=str(files))
        self._connect()
        # where the kernel's own sockets are: the one folder that a sandbox shares with us
        path = Path(self._manager.ip).with_name("w")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            path.chmod(0o666)  # who may reach it is said by the folder, and by the sandbox
            listener.listen(1)
            self.post(_connect_code(str(path), self._limits))
            end = fair_time() + START_SECONDS
            listener.settimeout(0.2)
            while True:
                with contextlib.suppress(TimeoutError):
                    stream, _ = listener.accept()
                    break
                if not self._manager.is_alive() or fair_time() > end:
                    raise KernelError("The kernel for the submission did not start: see `triptych doctor`.")
        path.unlink()
        stream.setblocking(True)
        self._listen(end)
        return stream

    def _connect(self) -> None:
        manager = self._manager
        largest = largest_message(self._limits)
        for name, kind in (("shell", zmq.DEALER), ("control", zmq.DEALER), ("iopub", zmq.SUB)):
            made = manager.context.socket(kind)
            made.linger = 0
            # what arrives is kept in memory until it is read: neither long messages nor many
            made.set(zmq.MAXMSGSIZE, largest)
            made.set(zmq.RCVHWM, QUEUED_MESSAGES)
            # a student may have broken the other end: what is sent there must not wait for ever
            made.set(zmq.SNDTIMEO, SEND_MILLISECONDS)
            if kind == zmq.SUB:
                made.subscribe(b"")
            made.connect(f"ipc://{manager.ip}-{getattr(manager, f'{name}_port')}")
            self._sockets.append(made)
        self._shell, self._control, self._iopub = self._sockets

    def _listen(self, end: float) -> None:
        """Waits until the kernel's outputs reach us: what is said before is lost."""
        while not self._iopub.poll(0):
            self.post("")
            if not self._iopub.poll(100) and fair_time() > end:
                raise KernelError("The kernel for the submission did not answer: see `triptych doctor`.")

    def close(self) -> None:
        """Ends the kernel at once, with all that belongs to it."""
        stream = getattr(self, "stream", None)
        if stream is not None:
            stream.close()
        for made in self._sockets:
            made.close(0)
        self._sockets = []
        try:
            if self._manager.has_kernel:
                # killed, not asked: a message before the end would wait for a kernel that reads none
                spec = self._manager.kernel_spec
                if spec is not None:
                    spec.interrupt_mode = "signal"
                self._manager.shutdown_kernel(now=True)
            else:
                self._manager.cleanup_resources()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    # --- messages --------------------------------------------------------------------------------

    def post(self, code: str, *, silent: bool = True) -> str:
        """Asks the kernel to run `code`, and does not wait. Gives the request's id."""
        session = self._manager.session
        content = {
            "code": code,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = session.msg("execute_request", content)
        with contextlib.suppress(zmq.ZMQError):  # nobody reads any more: the answer will not come
            session.send(self._shell, message)
        return str(message["header"]["msg_id"])

    def run(self, code: str, end: float, *, pictures: bool = True) -> CellRun:
        """Runs a cell until it ends, or is stopped because it is `end` (as fair_time says it).

        pictures: whether its plots are drawn, or only made.
        """
        if pictures is not self._pictures:
            self.post(pictures_code(pictures))
            self._pictures = pictures
        request = self.post(code, silent=False)
        outputs = Outputs(self._limits)
        reply = self._follow(request, outputs, end)
        run = CellRun()
        if reply is None:
            run.lost = not self._manager.is_alive()
            if not run.lost:
                run.late = True
                self.interrupt()
                reply = self._follow(request, outputs, fair_time() + SETTLE_SECONDS)
                run.lost = reply is None
        run.outputs = outputs.nodes
        count = (reply or {}).get("execution_count")
        run.count = count if type(count) is int else None
        return run

    def _follow(self, request: str, outputs: Outputs, end: float) -> dict[str, Any] | None:
        """The reply to a request, with the outputs meanwhile; None when it is `end`, or the kernel's."""
        reply: dict[str, Any] | None = None
        idle = False  # the two come by different sockets, in either order
        poller = zmq.Poller()
        poller.register(self._iopub, zmq.POLLIN)
        poller.register(self._shell, zmq.POLLIN)
        looked = fair_time()
        while not (idle and reply is not None) and (now := fair_time()) < end:
            ready = dict(poller.poll(min(100, max(1, int((end - now) * 1000)))))
            if self._shell in ready and reply is None:
                message = self._read(self._shell, request)
                if message is not None and message["msg_type"] == "execute_reply":
                    reply = message["content"]
                    poller.unregister(self._shell)
                    end = min(end, now + IDLE_SECONDS)
            if self._iopub in ready:
                message = self._read(self._iopub, request, outputs)
                if message is not None and _is_idle(message):
                    idle = True
                    end = min(end, now + IDLE_SECONDS)
                elif message is not None:
                    outputs.take(message)
            elif now - looked > 0.5:
                looked = now
                if not self._manager.is_alive():
                    return reply
        return reply

    def _read(self, source: zmq.Socket[bytes], request: str, outputs: Outputs | None = None) -> dict[str, Any] | None:
        """The next message when it belongs to `request` and is well-formed."""
        session = self._manager.session
        try:
            frames = source.recv_multipart(zmq.NOBLOCK)
            size = sum(len(frame) for frame in frames)
            if outputs is not None and not outputs.has_room(size):
                return None  # not worth the work of reading it
            message = session.deserialize(session.feed_identities(frames)[1])
            if message["parent_header"].get("msg_id") != request or not isinstance(message["content"], dict):
                return None
        except zmq.ZMQError:
            return None
        except Exception:  # a message that its sender has made up
            return None
        return dict(message)

    def interrupt(self) -> None:
        """Interrupts what the kernel runs; returns when it says so, or after SETTLE_SECONDS."""
        session = self._manager.session
        message = session.msg("interrupt_request", {})
        with contextlib.suppress(zmq.ZMQError):
            session.send(self._control, message)
        end = fair_time() + SETTLE_SECONDS
        while (now := fair_time()) < end:
            if self._control.poll(min(100, max(1, int((end - now) * 1000)))):
                reply = self._read(self._control, message["header"]["msg_id"])
                if reply is not None:
                    return


def _is_idle(message: Mapping[str, Any]) -> bool:
    return bool(message["msg_type"] == "status" and message["content"].get("execution_state") == "idle")


# --- how it is started ---------------------------------------------------------------------------


def _manager(zygote: Zygote, settings: Mapping[str, Any]) -> KernelManager:
    folder = zygote.new_folder()
    manager = KernelManager(transport="ipc", connection_file=str(folder / "kernel.json"))
    manager.ip = str(folder / "k")
    manager.shutdown_wait_time = 0.0
    _register_box()
    manager._kernel_spec = KernelSpec(
        argv=[
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            "--HistoryManager.enabled=False",
            "--InteractiveShell.xmode=Context",
            "--InlineBackend.figure_formats=set()",
        ],
        display_name="submission",
        language="python",
        interrupt_mode="message",
        metadata={"kernel_provisioner": {"provisioner_name": BOX, "config": dict(settings)}},
    )
    return manager


def _register_box() -> None:
    """Registers the provisioner of these files: the entry point of an installed package may be older."""
    factory = KernelProvisionerFactory.instance()
    group = KernelProvisionerFactory.GROUP_NAME
    factory.provisioners[BOX] = EntryPoint(BOX, "triptych.grade.execute.provisioner:SandboxProvisioner", group)


def _connect_code(path: str, limits: Limits) -> str:
    """Code that connects the agent, which the warm process has made, to us. Nothing of it stays in the namespace."""
    bounds = {"size": limits.message_bytes, "depth": limits.message_depth}
    code = f"""
import sys
agent = sys.modules["triptych.grade.guest.agent"]
if "" not in sys.path:  # a submission's own modules lie beside it, in a sandbox as elsewhere
    sys.path.insert(0, "")
shell = __import__("IPython").get_ipython()
agent.limit_output(shell, {limits.output_bytes + 1})
agent.AGENT = agent.start({path!r}, shell.user_ns, {bounds!r})
"""
    return f"exec(compile({code!r}, '<triptych>', 'exec'), {{'__name__': '_triptych_start'}})"


def pictures_code(drawn: bool) -> str:
    """What the kernel runs so that plots are drawn from here on, or not."""
    return f"__import__('sys').modules['triptych.grade.guest.agent'].draw_plots({drawn!r})"


def serve_code(number: int) -> str:
    """What the kernel runs while test cell `number` runs here."""
    return f"__import__('sys').modules['triptych.grade.guest.agent'].AGENT.serve({number:d})"


def remember_code(names: list[str]) -> str:
    """What the kernel runs after a setup cell that binds `names`."""
    return f"__import__('sys').modules['triptych.grade.guest.agent'].AGENT.remember({names!r})"
