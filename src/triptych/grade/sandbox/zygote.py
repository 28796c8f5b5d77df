"""Where students' Python comes from: a warm process, and a fresh fork of it for each submission.

A zygote is kept for all submissions of a kind that this process grades. What a fork may take is
limited here and in `guest/zygote.py`; that a fork is in a sandbox of its own is `guest/zygote.py`'s work.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import json
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from triptych.grade.guest.zygote import COMPILED, LARGEST_JOB
from triptych.grade.sandbox import cgroup, seccomp
from triptych.grade.sandbox.bubblewrap import SETTINGS, Sandbox, SandboxError, environment_folders, explain
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.usage import folder_bytes, memory_of

#: What a warm process has imported; what is not installed is passed over.
IMPORTS = (
    "IPython.core.completer", "IPython.core.interactiveshell", "ipykernel.kernelapp", "ipykernel.ipkernel",
    "ipykernel.zmqshell", "jax", "jax.numpy", "jax.scipy.linalg", "jax.scipy.stats", "jupyter_client.session",
    "matplotlib.pyplot", "numpy", "numpy.random", "pyhf", "scipy.integrate", "scipy.linalg", "scipy.optimize",
    "scipy.sparse.linalg", "scipy.special", "sympy", "comm", "zmq.eventloop.zmqstream",
)  # fmt: skip
START = "import sys; from triptych.grade.guest.zygote import main; main(int(sys.argv[1]))"
WARM_SECONDS = 120.0
MADE_SECONDS = 30.0
END_SECONDS = 20.0
#: Seconds between two looks at what a submission has taken.
WATCH_EVERY = 0.2
#: What the folder of sockets, the one place on disk that a submission may write to, may hold, in bytes.
SHARED_BYTES = 1_000_000
PREFIX = "tn-"
ABANDONED_SECONDS = 60.0
SOCKET_PATH = 90  # a Unix socket's path holds 107 bytes; the kernel adds its own endings
# What a submission must not know of the grader's own environment, even where there is no sandbox.
HIDDEN_VARIABLES = ("DASK_", "JUPYTER", "JPY_", "NBGRADER", "TRIPTYCH", "PYTHONPATH", "PYTHONSTARTUP", "IPYTHON")


@dataclass(frozen=True)
class ZygoteSpec:
    """What submissions must have in common to come from one warm process.

    sandbox: "bwrap", or "none" for submissions that one trusts.
    code: Python that runs once, after the imports.
    imports: modules that are imported before anything is forked.
    compiled: folder of compiled programs that submissions may read; `filled` where they may write, too.
    hide: folders that stay empty in the sandbox even where they lie below a system folder.
    """

    sandbox: str = "bwrap"
    code: str = ""
    imports: tuple[str, ...] = IMPORTS
    compiled: Path | None = None
    filled: bool = False
    hide: tuple[Path, ...] = ()


class Zygote:
    """A warm process in an outer sandbox. Use `zygote` to have one kept; raises SandboxError when none can be."""

    def __init__(self, kind: ZygoteSpec = ZygoteSpec(), limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self.kind = kind
        self.folder, self._ours = _short_folder()
        self._count = 0
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._start(theirs.fileno(), limits)
            options = {"imports": kind.imports, "code": kind.code}
            self._control.settimeout(WARM_SECONDS)
            try:
                self._control.send(json.dumps(options).encode())
                said = self._control.recv(LARGEST_JOB).decode(errors="replace")
            except OSError:  # it has ended, or says nothing
                said = ""
            if said != "warm":
                raise SandboxError(said or self._complaint())
        except BaseException:
            self.close()
            raise

    def _start(self, number: int, limits: Limits) -> None:
        command = [sys.executable, "-P", "-c", START, str(number)]
        if self.kind.sandbox == "none":
            kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN_VARIABLES)}
            # found where this very file is, as in a sandbox
            path = {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
            self._process = subprocess.Popen(
                command,
                env={**kept, **SETTINGS, **path},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[number],
                start_new_session=True,
            )
            return
        compiled = {COMPILED: self.kind.compiled} if self.kind.compiled is not None else {}
        self._sandbox = Sandbox(
            shared=self.folder,
            hide=self.kind.hide,
            sealed={} if self.kind.filled else compiled,
            writable=compiled if self.kind.filled else {},
            space=limits.file_bytes,
        )
        if self.kind.filled and self.kind.compiled is not None and self._sandbox.user is not None:
            os.chown(self.kind.compiled, self._sandbox.user, self._sandbox.user)
        self._process = self._sandbox.start(command, stderr=subprocess.PIPE, pass_fds=[number])

    def _complaint(self) -> str:
        """Why the warm process has not come to be: one sentence with the fix."""
        process = self._process
        assert process is not None and process.stderr is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5.0)
        os.set_blocking(process.stderr.fileno(), False)
        said = (process.stderr.read() or b"").decode(errors="replace")
        if self.kind.sandbox == "none":
            return f"Python for submissions does not start: {(said.strip().splitlines() or ['it says nothing'])[-1]}"
        return explain(said, Path("/proc/sys/kernel"))

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def user(self) -> int | None:
        return self._sandbox.user if self._sandbox is not None else None

    @property
    def pid(self) -> int:
        """The process that all submissions descend from: bubblewrap's where there is a sandbox."""
        assert self._process is not None
        return self._process.pid

    def new_folder(self) -> Path:
        """A new folder that one submission shares with the grader, for sockets; its path is short."""
        with self._lock:
            self._count += 1
            folder = self.folder / str(self._count)
        folder.mkdir(mode=0o700)
        if self.user is not None:
            os.chown(folder, self.user, self.user)
        return folder

    def spawn(
        self,
        code: str,
        *,
        files: Path | None = None,
        shared: Path | None = None,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        streams: Sequence[int] = (),
    ) -> Child:
        """A fresh Python that runs `code`, in a sandbox of its own.

        files: folder whose files, notebooks and links aside, are copied into its working folder
            (without a sandbox: the working folder itself).
        shared: one of `new_folder`; made here, and taken away at the end, when none is given.
        streams: descriptors for what it prints, and for what it prints as errors.
        Raises SandboxError.
        """
        limits = limits or Limits()
        child = Child(self, shared or self.new_folder(), limits, remove=shared is None)
        sandboxed = self._sandbox is not None
        with contextlib.ExitStack() as opened:
            copied = list(_regular_files(files, limits, opened)) if sandboxed and files is not None else []
            job = {
                "sandbox": sandboxed,
                "user": self.user,
                "code": code,
                "files": [name for name, _ in copied],
                "folder": str(files or child.folder),
                "shared": str(self.folder),
                "own": child.folder.name,
                "keep": _below_tmp() if sandboxed else [],
                "space": limits.file_bytes,
                "limits": _resource_limits(limits) if sandboxed else {},
                "filter": seccomp.program().hex() if sandboxed else "",
                "environment": dict(environment or {}),
                "streams": len(streams),
            }
            told = opened.enter_context(_memory_file(json.dumps(job).encode()))
            link, keepers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            door, inners = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            for theirs in (keepers, inners, door):
                opened.enter_context(theirs)
            child.link = link
            # asked for before there is anything to ask about: what is sent earlier goes without it
            door.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            streamed = [*streams, *(file.fileno() for _, file in copied)]
            try:
                with self._lock:
                    socket.send_fds(
                        self._control, [b"job"], [told.fileno(), keepers.fileno(), inners.fileno(), *streamed]
                    )
            except OSError as error:
                keepers.close()  # nobody has it: the child need not be waited for
                child.close()
                raise SandboxError(f"The warm process has ended ({error}): grade again.") from error
            for theirs in (keepers, inners):
                theirs.close()
            child.begin(door)
        return child

    def close(self) -> None:
        """Ends the warm process and everything that has come from it."""
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
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._ours is not None:
            os.close(self._ours)
            self._ours = None


class Child:
    """A student's Python as the grader holds it: whether it lives, how to end it, what it took."""

    def __init__(self, zygote: Zygote, folder: Path, limits: Limits, *, remove: bool) -> None:
        self.folder = folder
        #: One sentence when it was ended for what it took.
        self.verdict: str | None = None
        #: Its first process, as this process sees it; 0 before there is one.
        self.pid = 0
        #: Exit code (negative: the signal that ended it), and processor time of all of it in seconds.
        self.returncode: int | None = None
        self.cpu = 0.0
        self._zygote, self._limits, self._remove = zygote, limits, remove
        #: To the one who keeps it; told by the zygote.
        self.link: socket.socket | None = None
        self._group: cgroup.Group | None = None
        self._lock = threading.RLock()

    def begin(self, door: socket.socket) -> None:
        """Lets it run once it is in its control group. Raises SandboxError."""
        door.settimeout(MADE_SECONDS)
        try:
            said, ancillary, _, _ = door.recvmsg(LARGEST_JOB, socket.CMSG_SPACE(struct.calcsize("3i")))
        except OSError as error:
            self.close()
            raise SandboxError(
                f"No sandbox was made within {MADE_SECONDS:g} s ({error}): see `triptych doctor`."
            ) from error
        if said != b"ready":
            self.close()
            reason = json.loads(said)["failed"] if said else "the warm process has ended"
            raise SandboxError(f"A sandbox could not be made: {explain(reason, Path('/proc/sys/kernel'))}")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                self.pid = struct.unpack("3i", data[: struct.calcsize("3i")])[0]
        if self._zygote.kind.sandbox != "none":
            self._group = cgroup.open_group(self._limits.memory, self._limits.processes, self.pid)
            threading.Thread(target=self._watch, name="sandbox watch", daemon=True).start()
        with contextlib.suppress(OSError):
            door.send(b"go")

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._wait(0)

    def wait(self, seconds: float | None = None) -> int | None:
        """The exit code, or None when it still runs after so many seconds."""
        return self._wait(seconds)

    def _wait(self, seconds: float | None) -> int | None:
        with self._lock:
            if self.returncode is None and self.link is not None:
                try:
                    self.link.settimeout(seconds)
                    told = self.link.recv(1000)
                except (BlockingIOError, TimeoutError):
                    return None
                except OSError:
                    told = b""
                said = json.loads(told) if told else {"status": -signal.SIGKILL}  # with the warm process
                self.returncode, self.cpu = int(said["status"]), float(said.get("cpu", 0.0))
            return self.returncode

    def kill(self) -> None:
        """Ends it and everything in its sandbox."""
        with contextlib.suppress(OSError):
            if self.link is not None and self.returncode is None:
                self.link.send(b"k")

    def close(self) -> None:
        """Ends it, waits until all of it is gone, and takes away what was shared. May be called twice."""
        self.kill()
        self._wait(END_SECONDS)
        with self._lock:
            if self.link is not None:
                self.link.close()
                self.link = None
            if self.returncode is None:
                self.returncode = -signal.SIGKILL
        if self._group is not None:
            self._group.remove()
            self._group = None
        if self._remove:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _watch(self) -> None:
        """Ends it when all of it together takes too much. Runs in a thread of its own."""
        while self.link is not None and self.returncode is None:
            if folder_bytes(self.folder) > SHARED_BYTES:
                self.verdict = "The submission wrote to the folder of the connection files, and was ended."
            elif self._group is None and memory_of(self.pid, self._limits.memory) > self._limits.memory:
                self.verdict = (
                    f"The submission took more than {self._limits.memory / 1e9:g} GB of memory, and was ended."
                )
            if self.verdict is not None:
                self.kill()
                return
            time.sleep(WATCH_EVERY)


# --- zygotes that are kept ------------------------------------------------------------------------

_kept: dict[tuple[int, ZygoteSpec], Zygote] = {}
_lock = threading.Lock()
#: As many kinds as are kept warm at a time, where nobody has said otherwise.
MOST_KEPT = 3
_most = [MOST_KEPT]


def keep_at_most(kinds: int) -> None:
    """Says how many kinds this process keeps warm. A process that runs one submission at a time needs one."""
    _most[0] = kinds


def get_zygote(kind: ZygoteSpec) -> Zygote:
    """The zygote of a kind, made the first time. Raises SandboxError."""
    key = (os.getpid(), kind)  # what a fork has inherited is its parent's
    with _lock:
        found = _kept.pop(key, None)
        if found is not None and not found.alive:
            found.close()
            found = None
        ours = [other for other in _kept if other[0] == os.getpid()]
        for other in ours[: max(0, len(ours) + 1 - _most[0])]:
            _kept.pop(other).close()
        _kept[key] = found or Zygote(kind)
        return _kept[key]


def close_zygote(kind: ZygoteSpec) -> None:
    """Ends the warm process of a kind, if there is one."""
    with _lock:
        found = _kept.pop((os.getpid(), kind), None)
    if found is not None:
        found.close()


@atexit.register
def close_zygotes() -> None:
    """Ends all warm processes of this one."""
    with _lock:
        for key in [key for key in _kept if key[0] == os.getpid()]:
            _kept.pop(key).close()


# --- small parts ------------------------------------------------------------------------------------


def _short_folder() -> tuple[Path, int | None]:
    """A new private folder whose path leaves room for a socket's name, and what says that it is in use."""
    bases = [tempfile.gettempdir(), "/tmp"]  # noqa: S108 - mkdtemp makes a private folder in it
    base = next((base for base in bases if len(os.fsencode(base)) < SOCKET_PATH - 26), "/tmp")  # noqa: S108
    _sweep(Path(base))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base)).resolve()
    return folder, _lock_folder(folder)


def _sweep(base: Path) -> None:
    """Takes away folders of graders that were killed: nobody holds their lock any more."""
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            old = time.time() - status.st_mtime > ABANDONED_SECONDS  # one that is younger may not have its lock yet
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or not old:
                continue
            held = _lock_folder(folder)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


def _lock_folder(folder: Path) -> int | None:
    """The folder's lock, which ends with this process; None when another one holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _memory_file(content: bytes) -> IO[bytes]:
    file = os.fdopen(os.memfd_create("job"), "w+b", buffering=0)
    file.write(content)
    file.seek(0)
    return file


def _resource_limits(limits: Limits) -> dict[str, int]:
    return {
        "RLIMIT_AS": limits.address_space,
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_NPROC": limits.processes,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": 1024,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 65536,
        "RLIMIT_MSGQUEUE": 0,
    }


@functools.cache
def _below_tmp() -> list[str]:
    """Folders of this Python's environment that lie where each submission gets an empty folder."""
    return [str(folder) for folder in environment_folders() if folder.is_relative_to("/tmp")]  # noqa: S108


def _regular_files(folder: Path, limits: Limits, opened: contextlib.ExitStack) -> Iterator[tuple[str, IO[bytes]]]:
    """A submission's own files, open, by name relative to `folder`: no notebooks, links, pipes or devices.

    Raises SandboxError when there are more or larger ones than allowed.
    """
    count = total = 0
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f != ".ipynb_checkpoints")
        for name in sorted(names):
            path = Path(above) / name
            if name.lower().endswith(".ipynb") or not stat.S_ISREG(path.lstat().st_mode):
                continue
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            file = opened.enter_context(os.fdopen(descriptor, "rb", buffering=0))
            count += 1
            total += os.fstat(file.fileno()).st_size
            if count > limits.files or total > limits.folder_bytes:
                raise SandboxError(
                    f"{folder} holds more than {limits.files} files or {limits.folder_bytes / 1e6:g} MB: "
                    "take away what the notebook does not need."
                )
            yield str(path.relative_to(folder)), file
