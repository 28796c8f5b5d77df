"""The zygote: a process that has imported what submissions need, and is forked for each of them.

It runs inside bubblewrap (`sandbox/bubblewrap.py`), where nothing of the course is visible, or without a sandbox
for trusted submissions. It never runs a student's code itself. Each request of the host starts three processes:

- the keeper, which creates the submission's namespaces, kills the submission on request and reports its exit status;
- init, process 1 of these namespaces, which mounts private folders, gives up all privileges and waits for the host;
- the student's Python.

`sandbox/__init__.py` describes all processes of the sandbox. This module imports the standard library alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

HOME = "/home/student"
WORK = f"{HOME}/work"
#: Where the folder of compiled programs is mounted.
COMPILED = "/opt/compiled"

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x00020000, 0x02000000, 0x04000000
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x08000000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION = 0x20080522
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
#: Exit code of init when the sandbox cannot be set up; its error message is in the report.
SETUP_FAILED = 125
MAX_MESSAGE_BYTES = 1 << 20
MAX_DESCRIPTORS = 250

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Job:
    """The host's request for one submission's process. Sent as JSON.

    Attributes:
        code: Python that the student's process runs.
        sandboxed: whether namespaces, limits and the system-call filter apply.
        user: user and group number of the student's process; None to keep the zygote's, in a user namespace.
        folder: working folder without a sandbox.
        shared: folder that contains the connection folders of all submissions.
        own: name of this submission's folder in `shared`, the only one that it sees.
        visible: folders below /tmp that stay visible.
        tmpfs_bytes: size of each private folder.
        limits: resource limits by their names in `resource`.
        syscall_filter: seccomp program, in hexadecimal.
        environment: additional environment variables.
        streams: number of descriptors passed for standard output and error, 0 to 2.
        files: names of the files to copy into the working folder, in the order of their descriptors.
    """

    code: str
    sandboxed: bool
    user: int | None
    folder: str
    shared: str
    own: str
    visible: list[str]
    tmpfs_bytes: int
    limits: dict[str, int]
    syscall_filter: str
    environment: dict[str, str]
    streams: int
    files: list[str]


# --- the zygote ------------------------------------------------------------------------------------


def main(control_fd: int) -> None:
    """Imports the modules that the host names, then forks for each of its jobs until it closes the socket.

    Args:
        control_fd: descriptor of a socket of packets. The first packet is JSON with `imports` and `code`; the
            answer is `warm` or an error message. Each following packet carries the descriptors of one job:
            the job in a file, the keeper's socket, init's socket, streams, files.
    """
    control = socket.socket(fileno=control_fd)
    options = json.loads(control.recv(MAX_MESSAGE_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the grader, which then ends the zygote
    try:
        _warm_up(options["imports"], options["code"])
    except BaseException as error:
        control.send(f"{type(error).__name__}: {error}"[:2000].encode())
        raise
    control.send(b"warm")
    while True:
        _reap()
        select.select([control], [], [], 1.0)
        try:
            packet, descriptors, _, _ = socket.recv_fds(
                control, MAX_MESSAGE_BYTES, MAX_DESCRIPTORS, socket.MSG_DONTWAIT
            )
        except BlockingIOError:
            continue
        except OSError:
            os._exit(0)
        if not packet:
            os._exit(0)  # the grader has ended
        if os.fork() == 0:
            try:
                control.close()
                _run_keeper(descriptors)
            finally:
                os._exit(1)
        for descriptor in descriptors:
            os.close(descriptor)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _warm_up(imports: list[str], code: str) -> None:
    for name in imports:
        with contextlib.suppress(ImportError):  # a submission that needs a missing module reports it itself
            importlib.import_module(name)
    exec(compile(code, "<warm-up>", "exec"), {"__name__": "_triptych_warm_up"})
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:  # a fork does not have them, and would wait for them for ever
        raise RuntimeError(f"{threads} threads run after the imports")
    gc.collect()
    gc.freeze()  # or the next collection in a fork would write to, and so copy, every shared page


# --- the keeper -------------------------------------------------------------------------------------


def _run_keeper(descriptors: list[int]) -> NoReturn:
    """Creates the namespaces, forks init, kills it on request and reports its exit status."""
    with os.fdopen(descriptors[0], "rb") as file:
        job = Job(**json.loads(file.read()))
    # two sockets, so that neither process reads what is sent to the other
    keeper_socket, init_socket = socket.socket(fileno=descriptors[1]), socket.socket(fileno=descriptors[2])
    os.setsid()
    try:
        if job.sandboxed:
            _unshare(user_namespace=job.user is None)
        init = os.fork()
    except OSError as error:
        init_socket.send(json.dumps({"failed": f"no namespaces ({error})"}).encode())
        os._exit(SETUP_FAILED)
    if init == 0:
        try:
            keeper_socket.close()
            _run_init(job, init_socket, descriptors[3:])
        finally:
            os._exit(SETUP_FAILED)
    init_socket.close()
    for descriptor in descriptors[3:]:
        os.close(descriptor)
    # the end of a namespace's process 1 ends all its processes; without one, the session has to be killed
    kill = os.kill if job.sandboxed else os.killpg
    init_end = os.pidfd_open(init)
    ready, _, _ = select.select([init_end, keeper_socket.fileno()], [], [])
    if init_end not in ready:
        keeper_socket.recv(1)  # a request to kill, or the grader has ended
    with contextlib.suppress(ProcessLookupError):
        kill(init, signal.SIGKILL)
    _, status = os.waitpid(init, 0)
    if not job.sandboxed:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(init, signal.SIGKILL)
    with contextlib.suppress(OSError):
        keeper_socket.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _unshare(*, user_namespace: bool) -> None:
    """Creates namespaces for the processes forked from here on; only root needs no user namespace."""
    flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS
    user, group = os.getuid(), os.getgid()
    _call("unshare", flags | (CLONE_NEWUSER if user_namespace else 0))
    if user_namespace:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


# --- init -------------------------------------------------------------------------------------------


def _run_init(job: Job, init_socket: socket.socket, descriptors: list[int]) -> NoReturn:
    """Sets up the sandbox, gives up all privileges, forks the student's Python and waits for its end."""
    if job.sandboxed:
        _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        try:
            _mount_private_folders(job)
        except OSError as error:
            init_socket.send(json.dumps({"failed": f"{error} ({error.filename})"}).encode())
            os._exit(SETUP_FAILED)
    else:
        os.setsid()
    # with this packet the kernel sends our process id to the host, which puts us into a control group
    init_socket.send(b"ready")
    if init_socket.recv(10) != b"go":
        os._exit(SETUP_FAILED)
    for target, descriptor in zip((1, 2), descriptors[: job.streams], strict=False):
        os.dup2(descriptor, target)
    if job.sandboxed:
        with contextlib.suppress(OSError):  # not on old kernels; only the text of /proc/self/cgroup depends on it
            _call("unshare", CLONE_NEWCGROUP)
    for name, limit in job.limits.items():
        number = getattr(resource, name)
        _, hard = resource.getrlimit(number)
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(number, (allowed, allowed))
    if job.sandboxed:
        _drop_privileges(job.user)
        os.makedirs(WORK)
        for name, descriptor in zip(job.files, descriptors[job.streams :], strict=True):
            _copy_file(descriptor, f"{WORK}/{name}")
    _close_descriptors(job.streams)
    os.chdir(WORK if job.sandboxed else job.folder)
    if job.sandboxed:
        _install_filter(bytes.fromhex(job.syscall_filter))
        student = os.fork()
        if student:
            while True:  # orphans of the namespace become children of init
                ended, status = os.wait()
                if ended == student:
                    code = os.waitstatus_to_exitcode(status)
                    os._exit(code if code >= 0 else 128 - code)
        os.setsid()
    _run_student(job)


def _mount_private_folders(job: Job) -> None:
    """Mounts empty home, /tmp, /dev/shm and /proc; of the shared folder only the submission's own part is visible."""
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    visible = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in (f"{job.shared}/{job.own}", *job.visible)}
    # before the visible folders: an environment may be below /tmp
    for path in (HOME, "/tmp", "/dev/shm"):
        _mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, f"size={job.tmpfs_bytes},mode=1777")
    os.makedirs(job.shared, exist_ok=True)
    _mount("tmpfs", job.shared, "tmpfs", MS_NOSUID | MS_NODEV, "size=4096,mode=755")
    for path, descriptor in visible.items():
        os.makedirs(path, exist_ok=True)
        # recursively: mounts below it hide private folders
        _mount(f"/proc/self/fd/{descriptor}", path, None, MS_BIND | MS_REC)
        os.close(descriptor)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def _copy_file(descriptor: int, path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as target, os.fdopen(descriptor, "rb") as file:
        while chunk := file.read(1 << 20):
            target.write(chunk)


def _drop_privileges(user: int | None) -> None:
    for capability in range(64):
        with contextlib.suppress(OSError):  # a number that this kernel does not have
            _call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)  # or its own /proc/self would belong to root
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # a change of the user resets it


def _install_filter(program: bytes) -> None:
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header, len(header)), 0, 0)


def _close_descriptors(streams: int) -> None:
    """Closes every descriptor but the streams that were passed; the other standard streams become /dev/null."""
    null = os.open("/dev/null", os.O_RDWR)
    for target in (0, *range(1 + streams, 3)):
        os.dup2(null, target)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[1] + 1024)


# --- the student's Python ---------------------------------------------------------------------------


def _run_student(job: Job) -> NoReturn:
    """Runs the job's code as a new Python process would run it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(job.environment)
    sys.argv = ["python"]
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # or all submissions would draw the same numbers
    sys.stdin = open(0, closefd=False)
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", buffering=1, closefd=False, errors="backslashreplace")
    vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)
    code = 1
    try:
        namespace = {"__name__": "__main__", "__builtins__": __builtins__}
        exec(compile(job.code, "<sandbox>", "exec"), namespace)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code & 0xFF)


# --- system calls -----------------------------------------------------------------------------------


def _call(name: str, *arguments: Any) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{name}: {os.strerror(errno)}", name)


def _mount(source: str | None, target: str, filesystem: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, filesystem)]
    data = None if options is None else options.encode()
    if _libc.mount(*texts, ctypes.c_ulong(flags), data) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"mount: {os.strerror(errno)}", target)


__all__ = ["COMPILED", "HOME", "MAX_MESSAGE_BYTES", "SETUP_FAILED", "WORK", "Job", "main"]
