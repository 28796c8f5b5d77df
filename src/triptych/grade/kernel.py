"""The kernel that runs a submission's own cells, started for one submission and killed after it.

Its messages are read here, not by nbclient: a client that trusts its kernel keeps whatever comes,
and waits for what may never come.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
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

from triptych.grade import agent, by_hand, codec
from triptych.grade.clock import fair_time
from triptych.grade.limits import Limits
from triptych.grade.outputs import Outputs, largest_message
from triptych.grade.stand_ins import SETTLE_SECONDS

START_SECONDS = 60.0
IDLE_SECONDS = 2.0  # how long to wait for the last outputs of a cell that has ended
SOCKET_PATH = 90  # a Unix socket's path holds 107 bytes; the kernel adds its own endings
QUEUED_MESSAGES = 32
BOX = "triptych-box"
# What a submission must not know of the grader's own environment, even where there is no box.
HIDDEN_VARIABLES = ("JUPYTER", "JPY_", "NBGRADER", "TRIPTYCH", "PYTHONPATH", "PYTHONSTARTUP", "IPYTHON")


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

    Arguments: the working folder of the learner's code, limits, the box ("none" or "bwrap"), whether
    the chapter is one to be answered by hand. Raises KernelError.
    """

    def __init__(self, files: Path, limits: Limits, box: str, *, hand: bool) -> None:
        self._limits = limits
        self._sockets: list[zmq.Socket[bytes]] = []
        self._folder = _short_folder()
        self._manager = _manager(self._folder, box, limits)
        try:
            self.stream = self._start(files, hand=hand)
        except BaseException:
            self.close()
            raise

    # --- start and end ---------------------------------------------------------------------------

    def _start(self, files: Path, *, hand: bool) -> socket.socket:
        self._manager.start_kernel(
            cwd=str(files),
            env=_environment(self._folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._connect()
        # where the kernel's own sockets are: the one folder that a box shares with us
        path = Path(self._manager.ip).with_name("w")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            path.chmod(0o666)  # who may reach it is said by the folder, and by the box
            listener.listen(1)
            self.post(_bootstrap(str(path), self._limits, hand=hand))
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
            # a learner may have broken the other end: what is sent there must not wait for ever
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

    def run(self, code: str, end: float) -> CellRun:
        """Runs a cell until it ends, or is stopped because it is `end` (as fair_time says it)."""
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
        poller = zmq.Poller()
        poller.register(self._iopub, zmq.POLLIN)
        poller.register(self._shell, zmq.POLLIN)
        looked = fair_time()
        while (now := fair_time()) < end:
            ready = dict(poller.poll(min(100, max(1, int((end - now) * 1000)))))
            if self._shell in ready and reply is None:
                message = self._read(self._shell, request)
                if message is not None and message["msg_type"] == "execute_reply":
                    reply = message["content"]
                    poller.unregister(self._shell)
                    end = min(end, now + IDLE_SECONDS)
            if self._iopub in ready:
                message = self._read(self._iopub, request, outputs)
                if message is not None and _is_idle(message) and reply is not None:
                    return reply
                if message is not None and not outputs.take(message) and _is_idle(message):
                    end = min(end, now + IDLE_SECONDS)
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


def _short_folder() -> Path:
    """A new private folder whose path leaves room for a socket's name."""
    bases = [tempfile.gettempdir(), "/tmp"]  # noqa: S108 - mkdtemp makes a private folder in it
    base = next((base for base in bases if len(os.fsencode(base)) < SOCKET_PATH - 20), "/tmp")  # noqa: S108
    return Path(tempfile.mkdtemp(prefix="tt-", dir=base)).resolve()


def _manager(folder: Path, box: str, limits: Limits) -> KernelManager:
    manager = KernelManager(transport="ipc", connection_file=str(folder / "kernel.json"))
    manager.ip = str(folder / "k")
    manager.shutdown_wait_time = 0.0
    metadata: dict[str, Any] = {}
    if box != "none":
        metadata["kernel_provisioner"] = {"provisioner_name": BOX, "config": {"limits": asdict(limits)}}
        _register_box()
    manager._kernel_spec = KernelSpec(
        argv=[
            sys.executable,
            "-Xfrozen_modules=off",
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            "--HistoryManager.enabled=False",
            "--InteractiveShell.xmode=Context",
        ],
        display_name="submission",
        language="python",
        interrupt_mode="message",
        metadata=metadata,
    )
    return manager


def _register_box() -> None:
    """The box's provisioner is found although an installed package may be older than its files."""
    factory = KernelProvisionerFactory.instance()
    group = KernelProvisionerFactory.GROUP_NAME
    factory.provisioners.setdefault(BOX, EntryPoint(BOX, "triptych.grade.box:BoxProvisioner", group))


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN_VARIABLES)}
    # a folder of its own: start-up files of whoever grades are not the submission's
    return kept | {"IPYTHONDIR": str(folder / "ipython")}


def _source(module: Any) -> str:
    return Path(module.__file__).read_text(encoding="utf-8")


def _bootstrap(path: str, limits: Limits, *, hand: bool) -> str:
    """Code that makes the agent's modules in the kernel and connects them to us.

    The package itself need not be there. Nothing of it stays in the learner's namespace.
    """
    sources = {"triptych.grade.codec": _source(codec), "triptych.grade.agent": _source(agent)}
    bounds = {"size": limits.message_bytes, "depth": limits.message_depth}
    code = f"""
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
agent = sys.modules["_triptych_agent"] = sys.modules["triptych.grade.agent"]
for name in [name for name in sys.modules if name.split(".")[0] == "triptych"]:
    del sys.modules[name]
sys.modules.update(before)
if {hand!r}:
    make("_triptych_by_hand", {_source(by_hand)!r}).take_away()
if "" not in sys.path:  # a submission's own modules lie beside it, in a box as elsewhere
    sys.path.insert(0, "")
shell = __import__("IPython").get_ipython()
agent.limit_output(shell, {limits.output_bytes + 1})
agent.AGENT = agent.start({path!r}, shell.user_ns, {bounds!r})
"""
    return f"exec(compile({code!r}, '<triptych>', 'exec'), {{'__name__': '_triptych_start'}})"


def serve_code(number: int) -> str:
    """What the kernel runs while test cell `number` runs here."""
    return f"__import__('sys').modules['_triptych_agent'].AGENT.serve({number:d})"


def remember_code(names: list[str]) -> str:
    """What the kernel runs after a setup cell that binds `names`."""
    return f"__import__('sys').modules['_triptych_agent'].AGENT.remember({names!r})"
