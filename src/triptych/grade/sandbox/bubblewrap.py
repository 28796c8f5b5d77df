"""The outer sandbox: a bubblewrap sandbox around the warm process that submissions are forked from.

Own process, network, IPC, host-name and control-group namespaces; of the disk only the system and
the Python environment, read-only, and private space in memory. What is in it ends with it. A
student's code runs in it in a sandbox of its own, which takes away the rest: `guest/zygote.py` makes that.

As root the code inside runs as a user number that nobody has: limits on processes do not bind root.
As an ordinary user it runs in a user namespace.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import re
import resource
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from triptych.grade.guest.jax_cache import QUICK
from triptych.grade.guest.zygote import HOME
from triptych.model.course import CourseError

#: Inside: the modules of this package that run in the sandbox.
LIBRARY = "/opt/triptych"
GUEST = ("__init__.py", "grade/__init__.py", "grade/guest")

#: What a student's Python finds in its environment, sandbox or no sandbox. Pools as large as the machine would run into
#: the limits on threads and address space.
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NPROC": "2",  # XLA's
    "MALLOC_ARENA_MAX": "2",
    "JAX_PLATFORMS": "cpu",
    **QUICK,
    # read when matplotlib is imported, which a kernel finds done
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
#: Files of a sealed folder that are shown, the oldest first: bubblewrap takes 9,000 arguments, five for each.
MOST_SEALED = 1400
#: Open files that making a sandbox needs beside those.
OTHER_FILES = 300
#: User numbers for sandboxes made by root: above people, below what distributions and systemd give out.
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


class SandboxError(CourseError):
    """A sandbox that could not be made: one sentence with the fix."""


class Sandbox:
    """The outer sandbox, in which a zygote makes one for each submission (`zygote.py`, `guest/zygote.py`).

    Use it as a context manager: it and all in it ends with the block.

    Args:
        shared: folder that sandbox and grader both write to, for sockets; at the same path inside.
        hide: folders that stay empty inside even where they lie below a system folder.
        sealed: folders whose files can be read inside by who knows their names, but not listed, by their path there.
        writable: a folder to show inside that what runs in it may write to, and its path there.
        space: bytes that each private folder may hold.
    """

    def __init__(
        self,
        *,
        shared: Path,
        hide: Sequence[Path] = (),
        sealed: Mapping[str, Path] | None = None,
        writable: Mapping[str, Path] | None = None,
        space: int,
    ) -> None:
        self.shared = shared
        self.hide = tuple(hide)
        self.sealed = dict(sealed or {})
        self.writable = dict(writable or {})
        self.space = space
        #: The user number of the code that runs in it; None in a user namespace, where it is the grader's own.
        self.user = _spare_user() if os.geteuid() == 0 else None
        self.process: subprocess.Popen[bytes] | None = None
        #: bubblewrap's inner process, the parent of all, as a descriptor that is readable when it has ended
        self._inner: int | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(
        self, command: Sequence[str], *, stderr: int | IO[bytes] = subprocess.DEVNULL, pass_fds: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Starts `command` in the sandbox; `pass_fds` stay open inside. Once a sandbox.

        The process is bubblewrap's; it ends with the command's return code. Raises SandboxError when
        there is no bubblewrap; what else can be wrong, `available` says.
        """
        if self.process is not None:
            raise SandboxError("A sandbox runs one command: make a new one.")
        program = _bubblewrap()
        with contextlib.ExitStack() as open_files:
            told, info = (open_files.enter_context(os.fdopen(fd, "rb", 0)) for fd in os.pipe())
            layout = self._layout(open_files)
            layout.add("--info-fd", str(info.fileno()))
            options = b"".join(os.fsencode(option) + b"\0" for option in layout.options)
            options_fd = open_files.enter_context(_memory_file("options", options)).fileno()
            self.process = subprocess.Popen(
                [program, "--args", str(options_fd), "--", *command],
                env={},  # bubblewrap's own environment can be read inside
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=[*layout.fds, options_fd, info.fileno(), *pass_fds],
                start_new_session=True,
            )
            info.close()
            self._inner = _inner_process(told)
        return self.process

    def close(self) -> None:
        """Ends everything in the sandbox and waits until it is gone. May be called more than once."""
        process, self.process = self.process, None
        if process is not None:
            _kill(process)
            process.wait()
            if process.stderr is not None:
                with contextlib.suppress(OSError):
                    process.stderr.close()
        if self._inner is not None:
            # As the first process of its namespace it ends after all the others, which end with it.
            _wait_for_end(self._inner, 10.0)
            os.close(self._inner)
            self._inner = None

    # --- how it is put together ------------------------------------------------------------------

    def _layout(self, open_files: contextlib.ExitStack) -> _Layout:
        """Everything that bubblewrap is told. Order matters: later mounts lie over earlier ones."""
        layout = _Layout(open_files)
        self._separate(layout)
        self._lay_out_system(layout)
        self._lay_out_private(layout)
        self._lay_out_environment(layout)  # after /tmp, in which a course may lie
        layout.add("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/")
        return layout

    def _separate(self, layout: _Layout) -> None:
        layout.add("--new-session", "--cap-drop", "ALL")
        layout.add("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
        layout.add("--hostname", "sandbox")
        if self.user is None:
            layout.add("--unshare-user")
        else:  # what it takes to make a submission's namespaces, to be somebody else in them, and to end that
            for name in ("SYS_ADMIN", "NET_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL"):
                layout.add("--cap-add", f"CAP_{name}")
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
        layout.write("/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n")
        layout.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")

    def _lay_out_environment(self, layout: _Layout) -> None:
        for folder in environment_folders():
            layout.show(str(folder))
            self._hide_below(layout, folder, f"{folder}/etc/jupyter")
        for link, target in _interpreter_links():
            layout.parents(link)
            layout.add("--symlink", target, link)
        package = Path(__file__).resolve().parents[2]
        for name in GUEST:
            layout.show(str(package / name), at=f"{LIBRARY}/triptych/{name}")
        for at, folder in self.sealed.items():
            layout.parents(at)
            layout.add("--perms", "0111", "--dir", at)
            files = sorted((path.stat().st_mtime_ns, path) for path in folder.iterdir() if path.is_file())
            for _, file in files[: _openable(MOST_SEALED)]:
                layout.copy(file.open("rb"), f"{at}/{file.name}", mode="0444", made=True)
        for at, path in self.writable.items():
            layout.parents(at)
            layout.add("--bind", str(path.absolute()), at)

    def _lay_out_private(self, layout: _Layout) -> None:
        layout.add("--proc", "/proc", "--dev", "/dev")
        for place in ("/dev/shm", "/tmp", HOME):  # noqa: S108 - the sandbox's own; each submission gets new ones over them
            layout.tmpfs(place, self.space)
        for path in _font_lists():  # to look for fonts anew takes a second
            layout.copy(path.open("rb"), f"{HOME}/.cache/matplotlib/{path.name}", mode="0666")
        layout.parents(str(self.shared))
        layout.add("--bind", str(self.shared), str(self.shared))

    def _hide_below(self, layout: _Layout, shown: Path, *private: str) -> None:
        for folder in (*map(Path, private), *self.hide):
            if folder.is_dir() and folder != shown and folder.is_relative_to(shown):
                layout.add("--tmpfs", str(folder))

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": HOME,
            "USER": "student",
            "LOGNAME": "student",
            "LANG": "C.UTF-8",
            "PYTHONPATH": LIBRARY,
            **SETTINGS,
        }


def _openable(wanted: int) -> int:
    """How many of so many files this process may hold open at a time, after asking for more where that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + OTHER_FILES:
        soft = wanted + OTHER_FILES if hard == resource.RLIM_INFINITY else min(wanted + OTHER_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(0, min(wanted, soft - OTHER_FILES))


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

    def copy(self, file: IO[bytes], at: str, mode: str, *, made: bool = False) -> None:
        """A copy of an open file; `made`: its folder is there."""
        self.fds.append(self._open_files.enter_context(file).fileno())
        if not made:
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
        raise SandboxError("There is no bubblewrap on this machine: sudo apt install bubblewrap (or the like).")
    return program


@functools.cache
def _abilities() -> frozenset[str]:
    """The options that this bubblewrap knows: they came one by one, from 0.5 to 0.8."""
    told = subprocess.run([_bubblewrap(), "--help"], capture_output=True, text=True, check=False)
    return frozenset(re.findall(r"--[a-z][a-z-]+", told.stdout + told.stderr))


def too_old() -> bool:
    """Whether this bubblewrap lacks what sandboxes need. Raises SandboxError when there is none."""
    return "--perms" not in _abilities()


def _spare_user() -> int:
    while True:
        number = SPARE_USERS.start + secrets.randbelow(len(SPARE_USERS))
        try:
            pwd.getpwuid(number)
        except KeyError:
            return number


def _memory_file(name: str, content: bytes) -> IO[bytes]:
    """A file that is nowhere on disk, open at its beginning."""
    file = os.fdopen(os.memfd_create(f"sandbox-{name}"), "w+b", buffering=0)
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
            f"The Python environment cannot be read in the sandbox ({said}): "
            f"make {sys.prefix} and {sys.base_prefix} readable for everyone."
        )
    return f"A sandbox could be made but Python did not start in it: {said}"
