"""The box: a bubblewrap sandbox in which a learner's code runs.

Own process, network, IPC, host-name and control-group namespaces; of the disk only the system and
the Python environment, read-only, and a private space in memory of limited size; no capability, no
new namespaces, limits on everything that can run out. What is in it ends with it.

As root the code inside runs as a user number that nobody has: limits on processes do not bind root.
As an ordinary user it runs in a user namespace.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import re
import secrets
import selectors
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from triptych.course import CourseError
from triptych.grade import cgroup, seccomp
from triptych.grade.limits import Limits

#: Inside: home, and the working folder with the submission's own files.
HOME = "/home/learner"
WORK = f"{HOME}/work"
#: Inside: the modules of this package that run in the box.
LIBRARY = "/opt/triptych"
AGENT_FILES = ("__init__.py", "grade/__init__.py", "grade/agent.py", "grade/codec.py", "grade/limits.py")

#: User numbers for boxes made by root: above people, below what distributions and systemd give out.
SPARE_USERS = range(50_000, 60_000)
#: Of the system nothing but this, and /usr.
SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")
SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/localtime",
)
#: Folders below /usr where courses, exchanges and tokens may lie.
OFTEN_PRIVATE = ("/usr/local/share/nbgrader", "/usr/local/etc", "/usr/etc", "/usr/src")

#: Seconds between two looks at what a box has taken.
WATCH_EVERY = 0.2
#: What the folder of sockets, the one place on disk that a box may write to, may hold, in bytes.
SHARED_BYTES = 1_000_000


class BoxError(CourseError):
    """A box that could not be made: one sentence with the cure."""


class Box:
    """One submission's box. Use it as a context manager: it and all in it ends with the block.

    Args:
        files: folder whose files, notebooks and links aside, are copied into the working folder.
        shared: folder that box and grader both write to, for sockets; at the same path inside.
        limits: what the box may take.
        hide: folders that stay empty inside even where they lie below a system folder.
        readable: further files or folders to show inside, read-only, at the same path.
        environment: further environment variables.
    """

    def __init__(
        self,
        files: Path | None = None,
        *,
        shared: Path | None = None,
        limits: Limits | None = None,
        hide: Sequence[Path] = (),
        readable: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.files = files
        self.shared = shared
        self.limits = limits or Limits()
        self.hide = tuple(hide)
        self.readable = tuple(readable)
        self.environment = dict(environment or {})
        #: The user number inside; None in a user namespace, where it is the grader's own.
        self.user = _spare_user() if os.geteuid() == 0 else None
        #: One sentence when the box was ended for what it took.
        self.verdict: str | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self._group: cgroup.Group | None = None
        #: bubblewrap's inner process, the parent of all, as a descriptor that is readable when it has ended
        self._inner: int | None = None

    def __enter__(self) -> Box:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(
        self,
        command: Sequence[str],
        *,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Starts `command` in the box; `pass_fds` stay open inside. Once a box.

        The process is bubblewrap's; it ends with the command's return code, and at the latest with
        the thread that calls this. Raises BoxError when there is no bubblewrap; what else can be
        wrong, `available` says.
        """
        if self.process is not None:
            raise BoxError("A box runs one command: make a new one.")
        program = _bubblewrap()
        with contextlib.ExitStack() as open_files:
            told, info = (open_files.enter_context(os.fdopen(fd, "rb", 0)) for fd in os.pipe())
            filter_fd = open_files.enter_context(_memory_file("filter", seccomp.program())).fileno()
            layout = self._layout(open_files)
            layout.add("--seccomp", str(filter_fd), "--info-fd", str(info.fileno()))
            options = b"".join(os.fsencode(option) + b"\0" for option in layout.options)
            options_fd = open_files.enter_context(_memory_file("options", options)).fileno()
            self._group = cgroup.open_group(self.limits.memory, self.limits.processes)
            line = [*self._entrance(), program, "--args", str(options_fd), "--", *self._limiting(), *command]
            self.process = subprocess.Popen(
                line,
                env={},  # bubblewrap's own environment can be read inside
                cwd="/",
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[*layout.fds, filter_fd, options_fd, info.fileno(), *pass_fds],
                start_new_session=True,
            )
            info.close()
            self._inner = _inner_process(told)
        if self.shared is not None or self._group is None:
            threading.Thread(target=self._watch, args=(self.process,), name="box watch", daemon=True).start()
        return self.process

    def close(self) -> None:
        """Ends everything in the box and waits until it is gone. May be called more than once."""
        process, self.process = self.process, None
        if process is not None:
            _kill(process)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        if self._inner is not None:
            # As the first process of its namespace it ends after all the others, which end with it.
            _wait_for_end(self._inner, 10.0)
            os.close(self._inner)
            self._inner = None
        if self._group is not None:
            self._group.remove()
            self._group = None

    # --- how it is put together ------------------------------------------------------------------

    def _layout(self, open_files: contextlib.ExitStack) -> _Layout:
        """Everything that bubblewrap is told. Order matters: later mounts lie over earlier ones."""
        layout = _Layout(open_files)
        self._separate(layout)
        self._lay_out_system(layout)
        self._lay_out_private(layout)
        self._lay_out_environment(layout)  # after /tmp, in which a course may lie
        self._lay_out_submission(layout)
        layout.add("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK)
        return layout

    def _separate(self, layout: _Layout) -> None:
        layout.add("--die-with-parent", "--new-session", "--cap-drop", "ALL")
        layout.add("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
        layout.add("--hostname", "box")
        if self.user is None:
            layout.add("--unshare-user")
            if "--disable-userns" in _abilities():
                layout.add("--disable-userns")
        else:  # what setpriv needs to give up the rest
            for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
                layout.add("--cap-add", capability)
        for name, value in self._environment().items():
            layout.add("--setenv", name, value)

    def _lay_out_system(self, layout: _Layout) -> None:
        layout.show("/usr")
        for folder in SYSTEM_FOLDERS:
            path = Path(folder)
            if path.is_symlink():
                layout.add("--symlink", str(path.readlink()), folder)
            elif path.is_dir():
                layout.show(folder)
        self._hide_below(layout, Path("/usr"), *OFTEN_PRIVATE)
        for file in SYSTEM_FILES:
            if Path(file).exists():
                layout.show(file)
        user = os.getuid() if self.user is None else self.user
        group = os.getgid() if self.user is None else self.user
        layout.write("/etc/passwd", f"root:x:0:0::/:/bin/false\nlearner:x:{user}:{group}::{HOME}:/bin/sh\n")
        layout.write("/etc/group", f"root:x:0:\nlearner:x:{group}:\n")
        layout.write("/etc/hosts", "127.0.0.1 localhost box\n::1 localhost\n")
        layout.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")

    def _lay_out_environment(self, layout: _Layout) -> None:
        for folder in environment_folders():
            layout.show(str(folder))
            self._hide_below(layout, folder, f"{folder}/etc/jupyter")
        for link, target in _interpreter_links():
            layout.parents(link)
            layout.add("--symlink", target, link)
        package = Path(__file__).resolve().parents[1]
        for name in AGENT_FILES:
            if (package / name).is_file():
                layout.show(str(package / name), at=f"{LIBRARY}/triptych/{name}")
        for path in self.readable:
            layout.show(str(path.absolute()))

    def _lay_out_private(self, layout: _Layout) -> None:
        layout.add("--proc", "/proc", "--dev", "/dev")
        size = self.limits.file_bytes
        layout.tmpfs("/dev/shm", size)  # noqa: S108 - the box's own, like the next
        layout.tmpfs("/tmp", size)  # noqa: S108
        layout.tmpfs(HOME, size)
        layout.parents(f"{WORK}/.", mode="0777")
        for path in _font_lists():  # to look for fonts anew takes each box a second
            layout.copy(path.open("rb"), f"{HOME}/.cache/matplotlib/{path.name}", mode="0666")
        if self.shared is not None:
            if self.user is not None:
                os.chown(self.shared, self.user, self.user)
            layout.parents(str(self.shared))
            layout.add("--bind", str(self.shared), str(self.shared))

    def _lay_out_submission(self, layout: _Layout) -> None:
        if self.files is not None:
            for name, file in _regular_files(self.files, self.limits):
                layout.copy(file, f"{WORK}/{name}", mode="0666")

    def _hide_below(self, layout: _Layout, shown: Path, *private: str) -> None:
        for folder in (*map(Path, private), *self.hide):
            if folder.is_dir() and folder != shown and folder.is_relative_to(shown):
                layout.add("--tmpfs", str(folder))

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": HOME,
            "USER": "learner",
            "LOGNAME": "learner",
            "LANG": "C.UTF-8",
            "PYTHONPATH": LIBRARY,
            # Pools as large as the machine would run into the limits on threads and address space.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "NPROC": "2",  # XLA's
            "MALLOC_ARENA_MAX": "2",
            "JAX_PLATFORMS": "cpu",
            **self.environment,
        }

    def _entrance(self) -> list[str]:
        """A prefix that enters the control group, so that nothing can be forked before."""
        if self._group is None:
            return []
        script = 'for group do shift; [ "$group" = -- ] && break; echo $$ > "$group" || exit 125; done; exec "$@"'
        return ["/bin/sh", "-c", script, "box", *map(str, self._group.entrances), "--"]

    def _limiting(self) -> list[str]:
        """A prefix, run inside, that sets the limits and, as root, gives up being root."""
        most = self.limits
        line = [
            "/usr/bin/prlimit",
            f"--as={most.address_space}",
            f"--cpu={most.cpu_seconds}",
            f"--nproc={most.processes}",
            f"--fsize={most.file_bytes}",
            "--nofile=1024",
            "--core=0",
            "--memlock=65536",
            "--msgqueue=0",
        ]
        if self.user is not None:
            line += ["/usr/bin/setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
            line += ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
        return line

    # --- what limits of single processes do not see ----------------------------------------------

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Ends the box when all of it together takes too much. Runs in a thread of its own."""
        while process.poll() is None:
            if self.shared is not None and _folder_bytes(self.shared) > SHARED_BYTES:
                self.verdict = "The submission wrote to the folder of the connection files, and was ended."
            elif self._group is None and memory_of(process.pid, self.limits.memory) > self.limits.memory:
                self.verdict = (
                    f"The submission took more than {self.limits.memory / 1e9:g} GB of memory, and was ended."
                )
            if self.verdict is not None:
                _kill(process)
                return
            time.sleep(WATCH_EVERY)


class _Layout:
    """Options for bubblewrap, and the open files that they name by number."""

    def __init__(self, open_files: contextlib.ExitStack) -> None:
        self.options: list[str] = []
        self.fds: list[int] = []
        self._open_files = open_files
        self._made = {"/", "/proc", "/dev", "/tmp"}  # noqa: S108

    def add(self, *options: str) -> None:
        self.options += options

    def parents(self, path: str, mode: str = "0755") -> None:
        """Makes the folders above `path` that are not there yet (by itself bubblewrap makes them 0700)."""
        above = os.path.dirname(path)  # noqa: PTH120 - leaves a last /. alone
        if above not in self._made:
            self.parents(above, mode)
            self._made.add(above)
            self.add("--perms", mode, "--dir", above)

    def show(self, path: str, at: str | None = None) -> None:
        """Shows a file or folder, read-only."""
        at = at or path
        self.parents(at)
        self._made.add(at)
        self.add("--ro-bind", path, at)

    def copy(self, file: IO[bytes], at: str, mode: str) -> None:
        self.fds.append(self._open_files.enter_context(file).fileno())
        self.parents(at, mode="0777")
        self.add("--perms", mode, "--file", str(self.fds[-1]), at)

    def write(self, at: str, text: str) -> None:
        self.parents(at)
        self.copy(_memory_file("file", text.encode()), at, mode="0644")

    def tmpfs(self, at: str, size: int) -> None:
        """An empty folder in memory that all may write to."""
        self.parents(at)
        self._made.add(at)
        sized = ["--size", str(size)] if "--size" in _abilities() else []
        self.add("--perms", "1777", *sized, "--tmpfs", at)


# --- small parts -----------------------------------------------------------------------------------


def _bubblewrap() -> str:
    program = shutil.which("bwrap")
    if program is None:
        raise BoxError("There is no bubblewrap on this machine: sudo apt install bubblewrap (or the like).")
    return program


@functools.cache
def _abilities() -> frozenset[str]:
    """The options that this bubblewrap knows: they came one by one, from 0.5 to 0.8."""
    told = subprocess.run([_bubblewrap(), "--help"], capture_output=True, text=True, check=False)
    return frozenset(re.findall(r"--[a-z][a-z-]+", told.stdout + told.stderr))


def _spare_user() -> int:
    while True:
        number = SPARE_USERS.start + secrets.randbelow(len(SPARE_USERS))
        try:
            pwd.getpwuid(number)
        except KeyError:
            return number


def _memory_file(name: str, content: bytes) -> IO[bytes]:
    """A file that is nowhere on disk, open at its beginning."""
    file = os.fdopen(os.memfd_create(f"box-{name}"), "w+b", buffering=0)
    file.write(content)
    file.seek(0)
    return file


@functools.cache
def environment_folders() -> tuple[Path, ...]:
    """The folders of this Python: its environment and what that is built on, none inside another or /usr."""
    named = (
        sys.prefix,
        sys.exec_prefix,
        sys.base_prefix,
        sys.base_exec_prefix,
        *sysconfig.get_paths().values(),
    )
    every = {Path(name) for name in named} | {Path(name).resolve() for name in named}
    folders = [f for f in sorted(every) if f.is_dir() and f != Path("/") and not f.is_relative_to("/usr")]
    return tuple(f for f in folders if not any(g in f.parents for g in folders))


def _interpreter_links() -> Iterator[tuple[str, str]]:
    """Links between sys.executable and the interpreter that lie in no folder shown inside."""
    shown = [*environment_folders(), Path("/usr"), Path("/bin")]
    path = Path(sys.executable)
    while path.is_symlink():
        target = path.readlink()
        if not any(path.is_relative_to(folder) for folder in shown):
            yield str(path), str(target)
        path = Path(os.path.normpath(path.parent / target))


def _font_lists() -> list[Path]:
    """Matplotlib's lists of this machine's fonts, where it has made one for the grader."""
    folder = os.environ.get("MPLCONFIGDIR") or "~/.cache/matplotlib"
    return [path for path in Path(os.path.expanduser(folder)).glob("fontlist-*.json") if path.is_file()]  # noqa: PTH111


def _regular_files(folder: Path, limits: Limits) -> Iterator[tuple[str, IO[bytes]]]:
    """A submission's own files, open, by name relative to `folder`: no notebooks, links, pipes or devices.

    Raises BoxError when there are more or larger ones than allowed.
    """
    count = total = 0
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f != ".ipynb_checkpoints")
        for name in sorted(names):
            path = Path(above) / name
            if name.lower().endswith(".ipynb") or not stat.S_ISREG(path.lstat().st_mode):
                continue
            file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb", buffering=0)
            count += 1
            total += os.fstat(file.fileno()).st_size
            if count > limits.files or total > limits.folder_bytes:
                file.close()
                raise BoxError(
                    f"{folder} holds more than {limits.files} files or {limits.folder_bytes / 1e6:g} MB: "
                    "take away what the notebook does not need."
                )
            yield str(path.relative_to(folder)), file


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kills bubblewrap and what shares its process group; the kernel kills the rest with it."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _inner_process(info: IO[bytes]) -> int | None:
    """A descriptor of the process that bubblewrap names in `info`; None when there is none, or none any more."""
    text = b""
    while b"}" not in text and (chunk := info.read(4096)):
        text += chunk
    number = re.search(rb'"child-pid": *(\d+)', text)
    try:
        return os.pidfd_open(int(number[1])) if number is not None else None
    except ProcessLookupError:
        return None


def _wait_for_end(process: int, seconds: float) -> None:
    """Waits until a process, given by its descriptor, has ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(process, selectors.EVENT_READ)
        selector.select(seconds)


def _folder_bytes(folder: Path) -> int:
    total = 0
    for above, folders, names in os.walk(folder):
        total += 4096 * len(folders)
        for name in names:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(above, name))  # noqa: PTH118 - names may be anything
                total += max(512 * status.st_blocks, 512)
    return total


def memory_of(pid: int, enough: int) -> int:
    """Bytes that a process and its descendants hold, pages that they share counted once.

    The exact count is slow and is made only when the rough one is above `enough`.
    """
    family, todo = [], [pid]
    while todo:
        family.append(todo.pop())
        for children in Path(f"/proc/{family[-1]}/task").glob("*/children"):
            with contextlib.suppress(OSError, ValueError):
                todo += map(int, children.read_text().split())
    rough = sum(_kilobytes(member, "status", ("VmRSS", "VmSwap")) for member in family)
    if 1024 * rough <= enough:
        return 1024 * rough
    return 1024 * sum(
        _kilobytes(member, "smaps_rollup", ("Pss", "SwapPss")) or _kilobytes(member, "status", ("VmRSS",))
        for member in family
    )


def _kilobytes(pid: int, file: str, fields: tuple[str, ...]) -> int:
    try:
        text = Path(f"/proc/{pid}/{file}").read_text()
    except OSError:
        return 0
    return sum(int(n) for field, n in re.findall(r"(?m)^(\w+):\s+(\d+) kB", text) if field in fields)


# --- a command from beginning to end ---------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a command in a box left: return code (negative: the signal) and output, cut to the limit."""

    returncode: int
    stdout: str
    stderr: str
    #: why the box ended it, if it did
    verdict: str | None = None


def run(command: Sequence[str], *, seconds: float = 30.0, **box: Any) -> Ran:
    """Runs a command in a box of its own (arguments as for Box) and ends it after `seconds`."""
    with Box(**box) as made:
        process = made.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None and process.stderr is not None
        told: dict[IO[bytes], bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
        until = time.monotonic() + seconds
        verdict = None
        with selectors.DefaultSelector() as selector:
            for stream, text in told.items():
                selector.register(stream, selectors.EVENT_READ, text)
            while selector.get_map() and verdict is None:
                left = until - time.monotonic()
                if left <= 0:
                    verdict = f"It took longer than {seconds:g} s, and was ended."
                for key, _ in selector.select(max(left, 0)):
                    chunk = os.read(key.fd, 65536)
                    key.data.extend(chunk)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    if sum(map(len, told.values())) > made.limits.output_bytes:
                        verdict = f"It printed more than {made.limits.output_bytes / 1e6:g} MB, and was ended."
        if verdict is not None:
            _kill(process)
        returncode = process.wait()
        out, err = (bytes(told[s])[: made.limits.output_bytes].decode(errors="replace") for s in told)
        return Ran(returncode, out, err, made.verdict or verdict)


@functools.cache
def available() -> str | None:
    """None when boxes work here; else one sentence with the cure. Makes one to find out, once a process."""
    try:
        seccomp.program()
        if "--perms" not in _abilities():
            return "This bubblewrap is older than 0.5 and lacks --perms: install a newer one."
        told = run([sys.executable, "-c", "print('in the box')"], seconds=60)
    except BoxError as error:
        return str(error)
    except seccomp.UnknownMachineError as error:
        return f"There is {error}: grade on such a machine."
    except OSError as error:
        return f"bubblewrap does not start ({error}): reinstall it."
    if told.returncode == 0 and told.stdout == "in the box\n":
        return None
    return explain(told.stderr, Path("/proc/sys/kernel"))


def explain(complaint: str, settings: Path) -> str:
    """What to do when bubblewrap says `complaint`; `settings` is /proc/sys/kernel."""

    def setting(name: str) -> str:
        try:
            return (settings / name).read_text().strip()
        except OSError:
            return ""

    said = (complaint.strip().splitlines() or ["nothing"])[-1]
    if setting("unprivileged_userns_clone") == "0":
        return f"User namespaces are off ({said}): sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if setting("apparmor_restrict_unprivileged_userns") == "1" and os.geteuid() != 0:
        return (
            f"AppArmor keeps ordinary users from making namespaces ({said}): give bubblewrap a profile with "
            "`userns,` as docs/security.md shows, or "
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if re.search(r"namespace|uid map|pivot_root|mount|setns|capab", complaint):
        return (
            f"This process may not make namespaces ({said}): in a container, start that with "
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
            "--security-opt systempaths=unconfined (as root also --cap-add SYS_ADMIN), or grade on the host."
        )
    if re.search(r"[Pp]ermission denied", complaint):
        return (
            f"The Python environment cannot be read in the box ({said}): "
            f"make {sys.prefix} and {sys.base_prefix} readable for everyone."
        )
    return f"A box could be made but Python did not start in it: {said}"
