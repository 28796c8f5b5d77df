"""The outer sandbox: bubblewrap around the zygote, from which submissions are forked.

It has its own process, network, IPC, host-name and control-group namespaces; of the disk it shows the system and the
Python environment, read-only, and private folders in memory. A student's code runs in an inner sandbox of its own,
which `guest/zygote.py` creates and which takes away the rest.

As root, code in the sandbox runs as a user number without an account, because limits on processes do not apply to
root. As an ordinary user it runs in a user namespace.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import re
import resource
import secrets
import select
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

#: Where the modules of this package that run in the sandbox are mounted.
LIBRARY = "/opt/triptych"
GUEST = ("__init__.py", "grade/__init__.py", "grade/guest")

#: Environment variables of a student's Python, with and without a sandbox. Thread pools as large as the machine
#: would exceed the limits on threads and address space.
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NPROC": "2",  # XLA's
    "MALLOC_ARENA_MAX": "2",
    "JAX_PLATFORMS": "cpu",
    **QUICK,
    # read when matplotlib is imported, which the zygote does
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
#: Files of a sealed folder that are mounted, the oldest first: bubblewrap takes 9,000 arguments, five for each file.
MAX_SEALED_FILES = 1400
#: Open files that creating a sandbox needs besides those.
OTHER_FILES = 300
#: User numbers for sandboxes that root creates: above accounts, below the ranges of distributions and systemd.
SPARE_USERS = range(50_000, 60_000)
#: The parts of the system, besides /usr, that are visible.
SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")
SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/localtime",
)
#: Folders below /usr that may contain courses, exchanges and tokens.
PRIVATE_FOLDERS = ("/usr/local/share/nbgrader", "/usr/local/etc", "/usr/etc", "/usr/src")
#: Capabilities that root keeps in the outer sandbox, to create and end the inner ones.
CAPABILITIES = ("SYS_ADMIN", "NET_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL")


class SandboxError(CourseError):
    """A sandbox cannot be created. The message names the problem and its fix."""


class Sandbox:
    """The outer sandbox. As a context manager it ends, with everything in it, at the end of the block.

    Args:
        hide: folders that are empty inside even where a visible folder contains them.
        sealed: folders by their path inside; their files can be read by name, but not listed.
        writable: folders by their path inside that the sandbox may write to.
        tmpfs_bytes: size of each private folder.

    Attributes:
        user: user number of the code inside; None in a user namespace, where it is the grader's own.
    """

    def __init__(
        self,
        *,
        hide: Sequence[Path] = (),
        sealed: Mapping[str, Path] | None = None,
        writable: Mapping[str, Path] | None = None,
        tmpfs_bytes: int,
    ) -> None:
        self.user = _spare_user() if os.geteuid() == 0 else None
        self._hide = tuple(hide)
        self._sealed, self._writable = dict(sealed or {}), dict(writable or {})
        self._tmpfs_bytes = tmpfs_bytes
        self._process: subprocess.Popen[bytes] | None = None
        # pidfd of bubblewrap's inner process, the parent of all others
        self._inner: int | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self, command: Sequence[str], *, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        """Starts a command in the sandbox, once for each instance.

        Args:
            command: program and arguments.
            pass_fds: descriptors that stay open inside.

        Returns:
            bubblewrap's process, with a pipe from its standard error; it ends with the command's return code.

        Raises:
            SandboxError: bubblewrap is not installed. Other problems show in its standard error.
        """
        assert self._process is None
        program = _bubblewrap()
        with contextlib.ExitStack() as open_files:
            info_read, info_write = (open_files.enter_context(os.fdopen(fd, "rb", 0)) for fd in os.pipe())
            layout = self._layout(open_files)
            layout.add("--info-fd", str(info_write.fileno()))
            options = b"".join(os.fsencode(option) + b"\0" for option in layout.options)
            options_fd = open_files.enter_context(memory_file(options)).fileno()
            self._process = subprocess.Popen(
                [program, "--args", str(options_fd), "--", *command],
                env={},  # bubblewrap's own environment can be read inside
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[*layout.fds, options_fd, info_write.fileno(), *pass_fds],
                start_new_session=True,
            )
            info_write.close()
            self._inner = _open_inner_process(info_read)
        return self._process

    def close(self) -> None:
        """Kills everything in the sandbox and waits for its end. May be called more than once."""
        process, self._process = self._process, None
        if process is not None:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # the kernel kills the namespace with it
            process.wait()
            assert process.stderr is not None
            with contextlib.suppress(OSError):
                process.stderr.close()
        if self._inner is not None:
            # as process 1 of its namespace it ends after all the others
            poll = select.poll()  # not select, which fails for descriptors above 1023
            poll.register(self._inner, select.POLLIN)
            poll.poll(10_000)
            os.close(self._inner)
            self._inner = None

    # --- bubblewrap's options --------------------------------------------------------------------

    def _layout(self, open_files: contextlib.ExitStack) -> _Layout:
        """bubblewrap's options. Order matters: later mounts cover earlier ones."""
        layout = _Layout(open_files)
        self._add_namespaces(layout)
        self._add_system(layout)
        self._add_private_folders(layout)
        self._add_environment(layout)  # after /tmp, which may contain a course
        layout.add("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/")
        return layout

    def _add_namespaces(self, layout: _Layout) -> None:
        layout.add("--new-session", "--cap-drop", "ALL")
        layout.add("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
        layout.add("--hostname", "sandbox")
        if self.user is None:
            layout.add("--unshare-user")
        else:
            for name in CAPABILITIES:
                layout.add("--cap-add", f"CAP_{name}")
        environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": HOME,
            "USER": "student",
            "LOGNAME": "student",
            "LANG": "C.UTF-8",
            "PYTHONPATH": LIBRARY,
            **SETTINGS,
        }
        for name, value in environment.items():
            layout.add("--setenv", name, value)

    def _add_system(self, layout: _Layout) -> None:
        layout.bind("/usr")
        for folder in SYSTEM_FOLDERS:
            path = Path(folder)
            if path.is_symlink():
                layout.add("--symlink", str(path.readlink()), folder)
            elif path.is_dir():
                layout.bind(folder)
        self._hide_below(layout, Path("/usr"), *PRIVATE_FOLDERS)
        for file in SYSTEM_FILES:
            if Path(file).exists():
                layout.bind(file)
        user = os.getuid() if self.user is None else self.user
        group = os.getgid() if self.user is None else self.user
        layout.write("/etc/passwd", f"root:x:0:0::/:/bin/false\nstudent:x:{user}:{group}::{HOME}:/bin/sh\n")
        layout.write("/etc/group", f"root:x:0:\nstudent:x:{group}:\n")
        layout.write("/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n")
        layout.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")

    def _add_private_folders(self, layout: _Layout) -> None:
        layout.add("--proc", "/proc", "--dev", "/dev")
        for folder in ("/dev/shm", "/tmp", HOME):  # noqa: S108 - the sandbox's own; inner sandboxes cover them
            layout.tmpfs(folder, self._tmpfs_bytes)
        for path in _font_lists():  # matplotlib takes a second to search for fonts
            layout.copy(path.open("rb"), f"{HOME}/.cache/matplotlib/{path.name}", mode="0666")

    def _add_environment(self, layout: _Layout) -> None:
        for folder in environment_folders():
            layout.bind(str(folder))
            self._hide_below(layout, folder, f"{folder}/etc/jupyter")
        for link, target in _interpreter_links():
            layout.add_parents(link)
            layout.add("--symlink", target, link)
        package = Path(__file__).resolve().parents[2]
        for name in GUEST:
            layout.bind(str(package / name), at=f"{LIBRARY}/triptych/{name}")
        for at, folder in self._sealed.items():
            layout.add_parents(at)
            layout.add("--perms", "0111", "--dir", at)
            files = sorted((path.stat().st_mtime_ns, path) for path in folder.iterdir() if path.is_file())
            for _, file in files[: _allow_open_files(MAX_SEALED_FILES)]:
                layout.copy(file.open("rb"), f"{at}/{file.name}", mode="0444", add_parents=False)
        for at, path in self._writable.items():
            layout.add_parents(at)
            layout.add("--bind", str(path.absolute()), at)

    def _hide_below(self, layout: _Layout, visible: Path, *private: str) -> None:
        for folder in (*map(Path, private), *self._hide):
            if folder.is_dir() and folder != visible and folder.is_relative_to(visible):
                layout.add("--tmpfs", str(folder))


class _Layout:
    """Options for bubblewrap, and the open files that they refer to."""

    def __init__(self, open_files: contextlib.ExitStack) -> None:
        self.options: list[str] = []
        self.fds: list[int] = []
        self._open_files = open_files
        self._existing = {"/", "/proc", "/dev", "/tmp"}  # noqa: S108

    def add(self, *options: str) -> None:
        self.options += options

    def add_parents(self, path: str, mode: str = "0755") -> None:
        """Creates the folders above `path` where they are missing; by itself bubblewrap gives them mode 0700."""
        parent = os.path.dirname(path)  # noqa: PTH120 - keeps a trailing /.
        if parent not in self._existing:
            self.add_parents(parent, mode)
            self._existing.add(parent)
            self.add("--perms", mode, "--dir", parent)

    def bind(self, path: str, at: str | None = None) -> None:
        """Mounts a file or folder, read-only."""
        at = at or path
        self.add_parents(at)
        self._existing.add(at)
        self.add("--ro-bind", path, at)

    def copy(self, file: IO[bytes], at: str, mode: str, *, add_parents: bool = True) -> None:
        """Copies an open file to `at`."""
        self.fds.append(self._open_files.enter_context(file).fileno())
        if add_parents:
            self.add_parents(at, mode="0777")
        self.add("--perms", mode, "--file", str(self.fds[-1]), at)

    def write(self, at: str, text: str) -> None:
        self.add_parents(at)
        self.copy(memory_file(text.encode()), at, mode="0644")

    def tmpfs(self, at: str, size_bytes: int) -> None:
        """Mounts an empty folder in memory that everyone may write to."""
        self.add_parents(at)
        self._existing.add(at)
        size = ["--size", str(size_bytes)] if "--size" in _known_options() else []
        self.add("--perms", "1777", *size, "--tmpfs", at)


# --- bubblewrap and this machine -------------------------------------------------------------------


def _bubblewrap() -> str:
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("bubblewrap is not installed: sudo apt install bubblewrap (or your distribution's command).")
    return program


@functools.cache
def _known_options() -> frozenset[str]:
    """The options of this bubblewrap: versions 0.5 to 0.8 added several."""
    result = subprocess.run([_bubblewrap(), "--help"], capture_output=True, text=True, check=False)
    return frozenset(re.findall(r"--[a-z][a-z-]+", result.stdout + result.stderr))


def is_too_old() -> bool:
    """Whether this bubblewrap lacks options that sandboxes need. Raises SandboxError if it is not installed."""
    return "--perms" not in _known_options()


def _spare_user() -> int:
    while True:
        number = SPARE_USERS.start + secrets.randbelow(len(SPARE_USERS))
        try:
            pwd.getpwuid(number)
        except KeyError:
            return number


def memory_file(content: bytes) -> IO[bytes]:
    """A file in memory, open at its beginning."""
    file = os.fdopen(os.memfd_create("sandbox"), "w+b", buffering=0)
    file.write(content)
    file.seek(0)
    return file


def _allow_open_files(count: int) -> int:
    """Raises the limit on open files for `count` more, as far as allowed; returns how many of them can be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count + OTHER_FILES:
        soft = count + OTHER_FILES if hard == resource.RLIM_INFINITY else min(count + OTHER_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return count if soft == resource.RLIM_INFINITY else max(0, min(count, soft - OTHER_FILES))


@functools.cache
def environment_folders() -> tuple[Path, ...]:
    """The folders of this Python environment and its base, none inside another one or /usr."""
    prefixes = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *sysconfig.get_paths().values())
    paths = {Path(prefix) for prefix in prefixes} | {Path(prefix).resolve() for prefix in prefixes}
    folders = [path for path in paths if path.is_dir() and path != Path("/") and not path.is_relative_to("/usr")]
    return tuple(sorted(folder for folder in folders if not any(other in folder.parents for other in folders)))


def _interpreter_links() -> Iterator[tuple[str, str]]:
    """Symbolic links from sys.executable to the interpreter that no visible folder contains, with their targets."""
    visible = [*environment_folders(), Path("/usr"), Path("/bin")]
    path = Path(sys.executable)
    while path.is_symlink():
        target = path.readlink()
        if not any(path.is_relative_to(folder) for folder in visible):
            yield str(path), str(target)
        path = Path(os.path.normpath(path.parent / target))


def _font_lists() -> list[Path]:
    """Matplotlib's caches of this machine's fonts, if the grader has some."""
    folder = os.environ.get("MPLCONFIGDIR") or "~/.cache/matplotlib"
    return [path for path in Path(os.path.expanduser(folder)).glob("fontlist-*.json") if path.is_file()]  # noqa: PTH111


def _open_inner_process(info: IO[bytes]) -> int | None:
    """A pidfd of the process that bubblewrap names in `info`; None if it failed or has ended."""
    text = b""
    while b"}" not in text and (chunk := info.read(4096)):
        text += chunk
    number = re.search(rb'"child-pid": *(\d+)', text)
    try:
        return os.pidfd_open(int(number[1])) if number is not None else None
    except ProcessLookupError:
        return None


def explain(error: str, settings: Path = Path("/proc/sys/kernel")) -> str:
    """Explains an error of bubblewrap or of the inner sandbox.

    Args:
        error: the text of the error.
        settings: folder of the kernel's settings.

    Returns:
        The problem, with the last line of the error, and its fix.
    """

    def setting(name: str) -> str:
        try:
            return (settings / name).read_text().strip()
        except OSError:
            return ""

    reason = (error.strip().splitlines() or ["no error message"])[-1]
    if setting("unprivileged_userns_clone") == "0":
        return f"User namespaces are disabled ({reason}): sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if setting("apparmor_restrict_unprivileged_userns") == "1" and os.geteuid() != 0:
        return (
            f"AppArmor does not allow ordinary users to create namespaces ({reason}): give bubblewrap a profile with "
            "`userns,` as docs/instructors/sandbox.md shows, or "
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if re.search(r"namespace|uid map|pivot_root|mount|setns|capab", error):
        return (
            f"This process may not create namespaces ({reason}): start its container with "
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
            "--security-opt systempaths=unconfined (as root also --cap-add SYS_ADMIN), or grade on the host."
        )
    if re.search(r"[Pp]ermission denied", error):
        return (
            f"The Python environment cannot be read in the sandbox ({reason}): "
            f"make {sys.prefix} and {sys.base_prefix} readable for everyone."
        )
    return f"Python did not start in the sandbox: {reason}"
