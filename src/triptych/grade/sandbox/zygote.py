"""The zygote as the host holds it: it starts a fork for each submission, with limits on what that may take.

One zygote serves all submissions of the same kind (`ZygoteSpec`) that this process grades. The package's docstring
describes its processes; `guest/zygote.py` is the code that runs in them.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from triptych.files import walk
from triptych.grade.guest.zygote import COMPILED, INTERRUPT, MAX_MESSAGE_BYTES, Job
from triptych.grade.sandbox import cgroup, seccomp
from triptych.grade.sandbox.bubblewrap import (
    SETTINGS,
    Sandbox,
    SandboxError,
    environment_folders,
    explain,
    memory_file,
)
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.usage import memory_bytes

#: Modules that a zygote imports, unless they are not installed.
IMPORTS = (
    "IPython.core.completer", "IPython.core.interactiveshell", "IPython.display", "jax", "jax.numpy",
    "jax.scipy.linalg", "jax.scipy.stats", "matplotlib.pyplot", "numpy", "numpy.random",
)  # fmt: skip
START = "import sys; from triptych.grade.guest.zygote import main; main(int(sys.argv[1]))"
WARM_UP_SECONDS = 120.0
SETUP_SECONDS = 30.0
END_SECONDS = 20.0
WATCH_SECONDS = 0.2
#: Beginnings of the grader's environment variables that a submission must not see, even without a sandbox.
HIDDEN_VARIABLES = ("DASK_", "JUPYTER", "JPY_", "NBGRADER", "TRIPTYCH", "PYTHONPATH", "PYTHONSTARTUP", "IPYTHON")


@dataclass(frozen=True)
class ZygoteSpec:
    """A kind of zygote: what submissions must have in common to be forked from one.

    Attributes:
        sandbox: "bwrap", or "none" for trusted submissions.
        code: Python that runs once, after the imports.
        imports: modules to import before anything is forked.
        compiled: folder of compiled programs that submissions may read.
        filled: whether they may write to it, too.
        hide: folders that are empty in the sandbox even where a visible folder contains them.
    """

    sandbox: str = "bwrap"
    code: str = ""
    imports: tuple[str, ...] = IMPORTS
    compiled: Path | None = None
    filled: bool = False
    hide: tuple[Path, ...] = ()


class Zygote:
    """A running zygote. `get_zygote` returns one that is shared in this process.

    Raises:
        SandboxError: It cannot be started.
    """

    def __init__(self, spec: ZygoteSpec = ZygoteSpec(), limits: Limits | None = None) -> None:
        self._spec = spec
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._control, guest_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with guest_end:
                self._process = self._start(guest_end.fileno(), limits or Limits())
            self._control.settimeout(WARM_UP_SECONDS)
            try:
                self._control.send(json.dumps({"imports": spec.imports, "code": spec.code}).encode())
                reply = self._control.recv(MAX_MESSAGE_BYTES).decode(errors="replace")
            except OSError:  # it has ended, or takes too long
                reply = ""
            if reply != "warm":
                raise SandboxError(reply or self._failure(self._process))
        except BaseException:
            self.close()
            raise

    def _start(self, control_fd: int, limits: Limits) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-c", START, str(control_fd)]
        if self._spec.sandbox == "none":
            environment = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN_VARIABLES)}
            package = str(Path(__file__).resolve().parents[3])  # this copy of the package, as in a sandbox
            return subprocess.Popen(
                command,
                env={**environment, **SETTINGS, "PYTHONPATH": package},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[control_fd],
                start_new_session=True,
            )
        compiled = {COMPILED: self._spec.compiled} if self._spec.compiled is not None else {}
        self._sandbox = Sandbox(
            hide=self._spec.hide,
            sealed={} if self._spec.filled else compiled,
            writable=compiled if self._spec.filled else {},
            tmpfs_bytes=limits.file_bytes,
        )
        if self._spec.filled and self._spec.compiled is not None and self.user is not None:
            os.chown(self._spec.compiled, self.user, self.user)
        return self._sandbox.start(command, pass_fds=[control_fd])

    def _failure(self, process: subprocess.Popen[bytes]) -> str:
        """Why the zygote did not start, and the fix."""
        assert process.stderr is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5.0)
        os.set_blocking(process.stderr.fileno(), False)
        error = (process.stderr.read() or b"").decode(errors="replace")
        if self._spec.sandbox == "none":
            return f"Python for submissions does not start: {(error.strip().splitlines() or ['no error message'])[-1]}"
        return explain(error)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def sandboxed(self) -> bool:
        return self._sandbox is not None

    @property
    def user(self) -> int | None:
        """User number of its submissions, None where it is the grader's own."""
        return self._sandbox.user if self._sandbox is not None else None

    @property
    def pid(self) -> int:
        """The process that all submissions descend from: bubblewrap, or without a sandbox the zygote."""
        assert self._process is not None
        return self._process.pid

    def spawn(
        self,
        code: str,
        *,
        files: Path | None = None,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        streams: Sequence[int] = (),
        sockets: Sequence[int] = (),
    ) -> Child:
        """Starts a new Python in a sandbox of its own.

        Args:
            code: Python to run.
            files: folder whose regular files, except notebooks, are copied into the working folder; without a
                sandbox it is the working folder.
            limits: limits on the process.
            environment: additional environment variables.
            streams: descriptors for its standard output and error.
            sockets: descriptors that it inherits as 3, 4, ….

        Returns:
            The running process.

        Raises:
            SandboxError: The sandbox cannot be created, or `files` exceeds the limits.
        """
        limits = limits or Limits()
        keeper, keeper_guest = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        init, init_guest = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child = Child(keeper, limits, sandboxed=self.sandboxed)
        try:
            with init:
                # before the guest sends anything, or its packet would come without credentials
                init.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
                with contextlib.ExitStack() as open_files:
                    for guest_end in (keeper_guest, init_guest):
                        open_files.enter_context(guest_end)
                    copies = list(_submission_files(files, limits, open_files)) if self.sandboxed and files else []
                    job = Job(
                        code=code,
                        sandboxed=self.sandboxed,
                        user=self.user,
                        folder=str(files or "/"),
                        visible=_environment_below_tmp() if self.sandboxed else [],
                        tmpfs_bytes=limits.file_bytes,
                        limits=_resource_limits(limits) if self.sandboxed else {},
                        syscall_filter=seccomp.program().hex() if self.sandboxed else "",
                        environment=dict(environment or {}),
                        streams=len(streams),
                        sockets=len(sockets),
                        files=[name for name, _ in copies],
                    )
                    job_file = open_files.enter_context(memory_file(json.dumps(asdict(job)).encode()))
                    fds = [job_file.fileno(), keeper_guest.fileno(), init_guest.fileno(), *streams, *sockets]
                    fds += [file.fileno() for _, file in copies]
                    try:
                        with self._lock:
                            socket.send_fds(self._control, [b"job"], fds)
                    except OSError as error:
                        raise SandboxError(f"The zygote has ended ({error}): grade again.") from error
                child.begin(init)
        except BaseException:
            child.close()
            raise
        return child

    def close(self) -> None:
        """Ends the zygote and all its submissions."""
        self._control.close()
        if self._sandbox is not None:
            self._sandbox.close()
        elif self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2.0)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process is not None and self._process.stderr is not None:
            self._process.stderr.close()


class Child:
    """A student's Python as the host holds it.

    Attributes:
        pid: its init process, as the host sees it; 0 before `begin`.
        returncode: exit code, negative for the signal that ended it; None while it runs.
        kill_reason: why it was killed, if it exceeded a limit.
    """

    def __init__(self, keeper: socket.socket, limits: Limits, *, sandboxed: bool) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self.kill_reason: str | None = None
        self._keeper = keeper
        self._limits, self._sandboxed = limits, sandboxed
        self._group: cgroup.Group | None = None
        self._lock = threading.RLock()

    def begin(self, init: socket.socket) -> None:
        """Lets init run the student's code once it is in its control group.

        Raises:
            SandboxError: The sandbox cannot be set up.
        """
        init.settimeout(SETUP_SECONDS)
        try:
            packet, ancillary, _, _ = init.recvmsg(MAX_MESSAGE_BYTES, socket.CMSG_SPACE(struct.calcsize("3i")))
        except OSError as error:
            raise SandboxError(
                f"No sandbox was created within {SETUP_SECONDS:g} s ({error}): see `triptych doctor`."
            ) from error
        if packet != b"ready":
            reason = json.loads(packet)["failed"] if packet else "the zygote has ended"
            raise SandboxError(f"The sandbox cannot be created: {explain(reason)}")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                self.pid = struct.unpack("3i", data[: struct.calcsize("3i")])[0]
        if self._sandboxed:
            self._group = cgroup.open_group(self._limits.memory_bytes, self._limits.processes, self.pid)
            if self._group is None:
                threading.Thread(target=self._watch_memory, name="sandbox watch", daemon=True).start()
        with contextlib.suppress(OSError):
            init.send(b"go")

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self.wait(0)

    def wait(self, timeout_s: float | None = None) -> int | None:
        """The exit code, or None if it still runs after `timeout_s`."""
        with self._lock:
            if self.returncode is None:
                try:
                    self._keeper.settimeout(timeout_s)
                    packet = self._keeper.recv(1000)
                except (BlockingIOError, TimeoutError):
                    return None
                except OSError:
                    packet = b""
                # without a report the keeper has been killed, with the zygote
                self.returncode = int(packet) if packet else -signal.SIGKILL
            return self.returncode

    def kill(self) -> None:
        """Kills it and everything in its sandbox."""
        with contextlib.suppress(OSError):
            if self.returncode is None:
                self._keeper.send(b"k")

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in it, unless it has another handler for SIGINT."""
        with contextlib.suppress(OSError):
            if self.returncode is None:
                self._keeper.send(INTERRUPT)

    def close(self) -> None:
        """Kills it and waits for the end of its sandbox. May be called more than once."""
        self.kill()
        self.wait(END_SECONDS)
        with self._lock:
            self._keeper.close()
            if self.returncode is None:
                self.returncode = -signal.SIGKILL
        if self._group is not None:
            self._group.remove()
            self._group = None

    def _watch_memory(self) -> None:
        """Kills it when its processes together exceed the limit, where there is no control group to do it."""
        while self.returncode is None:
            if memory_bytes(self.pid, self._limits.memory_bytes) > self._limits.memory_bytes:
                limit = f"{self._limits.memory_bytes / 1e9:g} GB"
                self.kill_reason = f"The submission took more than {limit} of memory, and was ended."
                self.kill()
                return
            time.sleep(WATCH_SECONDS)


# --- zygotes shared in this process ----------------------------------------------------------------


class ZygoteCache:
    """The zygotes that this process keeps, one for each spec. The least recently used one is closed first."""

    def __init__(self, limit: int = 3) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        # the process id belongs to the key: what a fork inherits belongs to its parent
        self._zygotes: dict[tuple[int, ZygoteSpec], Zygote] = {}

    def limit(self, count: int) -> None:
        """Keeps at most `count` zygotes from now on; a process that grades one submission at a time needs one."""
        self._limit = count

    def get(self, spec: ZygoteSpec) -> Zygote:
        """The zygote of a kind, which is started if there is none yet.

        Raises:
            SandboxError: It cannot be started.
        """
        with self._lock:
            zygote = self._zygotes.pop((os.getpid(), spec), None)
            if zygote is not None and not zygote.alive:
                zygote.close()
                zygote = None
            own = self._own_keys()
            for key in own[: max(0, len(own) + 1 - self._limit)]:
                self._zygotes.pop(key).close()
            zygote = zygote or Zygote(spec)
            self._zygotes[os.getpid(), spec] = zygote
            return zygote

    def close(self, spec: ZygoteSpec | None = None) -> None:
        """Ends the zygote of a kind, if there is one; without `spec` ends all."""
        with self._lock:
            for key in self._own_keys():
                if spec in (None, key[1]):
                    self._zygotes.pop(key).close()

    def _own_keys(self) -> list[tuple[int, ZygoteSpec]]:
        return [key for key in self._zygotes if key[0] == os.getpid()]


_cache = ZygoteCache()
get_zygote, keep_at_most, close_zygote, close_zygotes = _cache.get, _cache.limit, _cache.close, _cache.close
atexit.register(close_zygotes)


# --- limits and files -----------------------------------------------------------------------------


def _resource_limits(limits: Limits) -> dict[str, int]:
    return {
        "RLIMIT_AS": limits.address_space_bytes,
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_NPROC": limits.processes,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": 1024,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 65536,
        "RLIMIT_MSGQUEUE": 0,
    }


@functools.cache
def _environment_below_tmp() -> list[str]:
    """Folders of this Python environment below /tmp, which is empty for submissions otherwise."""
    return [str(folder) for folder in environment_folders() if folder.is_relative_to("/tmp")]  # noqa: S108


def _submission_files(
    folder: Path, limits: Limits, open_files: contextlib.ExitStack
) -> Iterator[tuple[str, IO[bytes]]]:
    """Opens the regular files below `folder`, except notebooks. Yields their relative names and the files."""
    count = total = 0
    for entry in walk(folder):
        if (
            not entry.is_file
            or entry.path.name.lower().endswith(".ipynb")
            or ".ipynb_checkpoints" in entry.relative.parts
        ):
            continue
        descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        file = open_files.enter_context(os.fdopen(descriptor, "rb", buffering=0))
        count += 1
        total += os.fstat(descriptor).st_size
        if count > limits.files or total > limits.folder_bytes:
            raise SandboxError(
                f"{folder} contains more than {limits.files} files or {limits.folder_bytes / 1e6:g} MB: "
                "remove what the notebook does not need."
            )
        yield str(entry.relative), file


__all__ = [
    "Child",
    "Zygote",
    "ZygoteCache",
    "ZygoteSpec",
    "close_zygote",
    "close_zygotes",
    "get_zygote",
    "keep_at_most",
]
