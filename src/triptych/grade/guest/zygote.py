"""The warm process: it has imported what submissions need, and makes a sandbox for each by forking.

Runs inside bubblewrap (`bubblewrap.py`), where there is nothing of the course, or plainly where
submissions are trusted. It never runs a student's code itself. For each submission three processes
come out of it:

- the keeper, outside the submission's namespaces, who ends them and says how they ended
- the first process inside (number 1), who lays out the private places, gives up every right, and waits
- the student's Python, which runs the code it is told to

So no submission shares processes, files, network, IPC or memory that is written with the next one.
This module imports the standard library alone, and the package is not there where it runs.
"""

from __future__ import annotations

import contextlib
import ctypes
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
from typing import Any, NoReturn

HOME = "/home/student"
WORK = f"{HOME}/work"
#: Where a zygote shows the folder of compiled programs.
COMPILED = "/opt/compiled"

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x00020000, 0x02000000, 0x04000000
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x08000000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION = 0x20080522
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
#: Exit code of a first process that could not lay out the sandbox; what it said is in the report.
NOT_MADE = 125
LARGEST_JOB = 1 << 20
MOST_FILES = 250

_libc = ctypes.CDLL(None, use_errno=True)


# --- the zygote ------------------------------------------------------------------------------------


def main(number: int) -> None:
    """Serves the socket with this number until its other end is closed."""
    control = socket.socket(fileno=number)
    options = json.loads(control.recv(LARGEST_JOB))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the grader, who then ends us
    try:
        _warm_up(options)
    except BaseException as error:
        control.send(f"{type(error).__name__}: {error}"[:2000].encode())
        raise
    control.send(b"warm")
    while True:
        _reap()
        select.select([control], [], [], 1.0)
        try:
            job, handed, _, _ = socket.recv_fds(control, LARGEST_JOB, MOST_FILES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        except OSError:
            os._exit(0)
        if not job:
            os._exit(0)  # the grader has ended
        if os.fork() == 0:
            try:
                control.close()
                _keep(handed)
            finally:
                os._exit(1)
        for descriptor in handed:
            os.close(descriptor)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _warm_up(options: dict[str, Any]) -> None:
    for name in options["imports"]:
        # what is not installed is not missed here: a submission says so when it wants it
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if options["code"]:
        exec(compile(options["code"], "<warm>", "exec"), {"__name__": "_triptych_warm"})
    threads = os.listdir("/proc/self/task")
    if len(threads) > 1:  # they would be missing in a fork, and whoever waits for them would wait for ever
        raise RuntimeError(f"{len(threads)} threads run after the imports")
    gc.collect()
    gc.freeze()  # or the next collection would write to, and so copy, every page that forks share


# --- the keeper -------------------------------------------------------------------------------------


def _keep(handed: list[int]) -> NoReturn:
    """Makes the namespaces, starts what runs in them, ends it when told to, and says how it ended."""
    with os.fdopen(handed[0], "rb") as file:
        job = json.loads(file.read())
    # two sockets: what is said to one of the two processes must not be read by the other
    link, door, rest = socket.socket(fileno=handed[1]), socket.socket(fileno=handed[2]), handed[3:]
    os.setsid()
    try:
        if job["sandbox"]:
            _separate(own=job["user"] is None)
        inner = os.fork()
    except OSError as error:
        door.send(json.dumps({"failed": f"no namespaces ({error})"}).encode())
        os._exit(NOT_MADE)
    if inner == 0:
        try:
            link.close()
            _first(job, door, rest)
        finally:
            os._exit(NOT_MADE)
    door.close()
    for descriptor in rest:
        os.close(descriptor)
    # in a namespace number 1 takes all with it; without one, the session is what there is to end
    end = os.kill if job["sandbox"] else os.killpg
    watched = os.pidfd_open(inner)
    ready, _, _ = select.select([watched, link.fileno()], [], [])
    if watched not in ready:
        link.recv(1)  # told to end it, or the grader has ended
    with contextlib.suppress(ProcessLookupError):
        end(inner, signal.SIGKILL)
    _, status, used = os.wait4(inner, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if not job["sandbox"]:
            end(inner, signal.SIGKILL)
    told = {"status": os.waitstatus_to_exitcode(status), "cpu": used.ru_utime + used.ru_stime}
    with contextlib.suppress(OSError):
        link.send(json.dumps(told).encode())
    os._exit(0)


def _separate(*, own: bool) -> None:
    """New namespaces for what is forked from here on; `own`: with a user namespace, for who is not root."""
    flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS
    user, group = os.getuid(), os.getgid()
    _call("unshare", flags | (CLONE_NEWUSER if own else 0))
    if own:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


# --- the first process inside -----------------------------------------------------------------------


def _first(job: dict[str, Any], door: socket.socket, handed: list[int]) -> NoReturn:
    """Lays out the sandbox, gives up every right, forks the student's Python and waits for it."""
    if job["sandbox"]:
        _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        try:
            _lay_out(job)
        except OSError as error:
            door.send(json.dumps({"failed": f"{error} ({error.filename})"}).encode())
            os._exit(NOT_MADE)
    else:
        os.setsid()
    door.send(b"ready")  # with it goes our number as the grader sees it, who puts us into a control group
    if door.recv(10) != b"go":
        os._exit(NOT_MADE)
    for target, descriptor in zip((1, 2), handed[: job["streams"]], strict=False):
        os.dup2(descriptor, target)
    files = list(zip(job["files"], handed[job["streams"] :], strict=True))
    if job["sandbox"]:
        with contextlib.suppress(OSError):  # an old kernel; only what /proc/self/cgroup says depends on it
            _call("unshare", CLONE_NEWCGROUP)
    for name, wanted in job["limits"].items():
        _, hard = resource.getrlimit(getattr(resource, name))
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(getattr(resource, name), (most, most))
    if job["sandbox"]:
        _give_up_rights(job["user"])
        os.makedirs(WORK)
        for name, descriptor in files:
            _write_file(f"{WORK}/{name}", descriptor)
    _close_all_but(job["streams"])
    os.chdir(WORK if job["sandbox"] else job["folder"])
    if job["sandbox"]:
        _filter_calls(bytes.fromhex(job["filter"]))
        student = os.fork()
        if student:
            while True:  # orphans are given to us
                ended, status = os.wait()
                if ended == student:
                    code = os.waitstatus_to_exitcode(status)
                    os._exit(code if code >= 0 else 128 - code)
        os.setsid()
    _learner(job)


def _lay_out(job: dict[str, Any]) -> None:
    """Private and empty: home, /tmp, /dev/shm, /proc. Of the folder of sockets, its own part alone."""
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    shared, own = job["shared"], f"{job['shared']}/{job['own']}"
    kept = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in (own, *job["keep"])}
    # mounts that lie below /tmp (an environment may) come back after its turn
    for place in (HOME, "/tmp", "/dev/shm"):
        _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, f"size={job['space']},mode=1777")
    os.makedirs(shared, exist_ok=True)
    _mount("tmpfs", shared, "tmpfs", MS_NOSUID | MS_NODEV, "size=4096,mode=755")
    for path, descriptor in kept.items():
        os.makedirs(path, exist_ok=True)
        # with what is mounted below: that hides something
        _mount(f"/proc/self/fd/{descriptor}", path, None, MS_BIND | MS_REC)
        os.close(descriptor)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        import fcntl

        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(made, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(made, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def _write_file(path: str, source: int) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as target, os.fdopen(source, "rb") as file:
        while chunk := file.read(1 << 20):
            target.write(chunk)


def _give_up_rights(user: int | None) -> None:
    for capability in range(64):
        with contextlib.suppress(OSError):  # a number that this kernel does not have
            _call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    head = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    _call("capset", head, (ctypes.c_uint32 * 6)())
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)  # or its own /proc/self would not be its own
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # forgotten with a change of user


def _filter_calls(program: bytes) -> None:
    code = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(described, len(described)), 0, 0)


def _close_all_but(streams: int) -> None:
    """Leaves nothing open but the streams that were handed over; the others lead nowhere."""
    null = os.open("/dev/null", os.O_RDWR)
    for target in (0, *range(1 + streams, 3)):
        os.dup2(null, target)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[1] + 1024)


# --- the student's Python ---------------------------------------------------------------------------


def _learner(job: dict[str, Any]) -> NoReturn:
    """Runs the code of the job as a program of its own would run."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(job["environment"])
    sys.argv = ["python"]
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # each submission draws its own numbers, as in a new Python
    sys.stdin = open(0, closefd=False)
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", buffering=1, closefd=False, errors="backslashreplace")
    vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)
    code = 1
    try:
        names = {"__name__": "__main__", "__builtins__": __builtins__}
        exec(compile(job["code"], "<sandbox>", "exec"), names)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(code & 0xFF)


# --- calls of the system ----------------------------------------------------------------------------


def _call(name: str, *arguments: Any) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}", name)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    data = None if options is None else options.encode()
    if _libc.mount(*texts, ctypes.c_ulong(flags), data) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount: {os.strerror(number)}", target)


__all__ = ["COMPILED", "HOME", "LARGEST_JOB", "MOST_FILES", "NOT_MADE", "WORK", "main"]
