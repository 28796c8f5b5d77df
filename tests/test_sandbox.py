"""The sandbox: each restriction is tested by code that tries to get around it."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import signal
import site
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from operator import le
from pathlib import Path
from typing import Any

import pytest
from needs import needs_root, needs_sandbox
from users import as_ordinary_user
from waiting import happens

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.kernel import Kernel
from triptych.grade.execute.zygote_spec import zygote_spec
from triptych.grade.guest.zygote import HOME, WORK
from triptych.grade.sandbox import bubblewrap, cgroup, seccomp
from triptych.grade.sandbox.bubblewrap import SandboxError, explain
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.sandbox import CompletedRun, run
from triptych.grade.sandbox.zygote import Zygote, ZygoteSpec

LIMITS = Limits()
PROJECT = Path(__file__).resolve().parents[1]
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


def python(code: str, **options: Any) -> CompletedRun:
    return run(textwrap.dedent(code), **options)


def printed(code: str, **options: Any) -> str:
    """The output of code that ends without an error in the sandbox."""
    result = python(code, **options)
    assert result.returncode == 0, result
    return result.stdout.strip()


pytestmark = needs_sandbox


# --- visible files and processes -------------------------------------------------------------------


def test_nothing_of_the_course_is_visible(tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_text("scores")
    seen = printed(f"""
        import os
        for path in {[str(PROJECT), str(tmp_path), str(Path.home()), "/tmp", "/"]!r}:
            try:
                print(path, sorted(os.listdir(path)))
            except OSError as error:
                print(path, type(error).__name__)
    """)
    for private in ("source", "tests", "release", "gradebook.db", "pyproject.toml", "src", "var", "srv", "sys"):
        assert f"'{private}'" not in seen
    assert (PROJECT / "source").is_dir()


def test_only_the_guest_modules_of_this_package_are_visible() -> None:
    seen = printed("""
        import pathlib, triptych
        print([str(p.relative_to(d)) for d in triptych.__path__ for p in pathlib.Path(d).rglob("*.py")])
    """)
    assert "run.py" not in seen and "agent.py" in seen


def test_a_course_below_a_visible_folder_is_hidden(tmp_path: Path) -> None:
    course = Path(sys.prefix) / "lib"  # any folder below a visible one
    content = f"import os; print(os.listdir({str(course / PYTHON)!r}))"
    assert "site-packages" in printed(content)
    assert printed(content, hide=[course / PYTHON]) == "[]"
    siblings = f"import os; print(os.listdir({str(course)!r}))"
    assert printed(siblings) == printed(siblings, hide=[course / PYTHON, *course.glob("[!p]*")])


def test_the_graders_environment_is_not_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "c0ffee")
    seen = printed("""
        import os, glob
        print(dict(os.environ))
        for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
            try:
                print(path, open(path, "rb").read())
            except OSError as error:
                print(path, error)
    """)
    assert "c0ffee" not in seen and "JUPYTERHUB" not in seen
    variables = ast.literal_eval(seen.splitlines()[0])
    assert set(variables) <= {*bubblewrap.SETTINGS, "PATH", "HOME", "USER", "LOGNAME", "LANG", "PYTHONPATH", "PWD"}
    first = next(line for line in seen.splitlines() if line.startswith("/proc/1/environ"))
    environ = ast.literal_eval(first.removeprefix("/proc/1/environ ")).decode()
    assert {entry.partition("=")[0] for entry in environ.split("\0") if entry} <= set(variables)


def test_only_its_own_processes_are_visible() -> None:
    count = "import os; print(len([p for p in os.listdir('/proc') if p.isdecimal()]))"
    assert int(printed(count)) <= 2
    assert int(subprocess.check_output([sys.executable, "-c", count])) > 2


def test_it_has_no_privileges() -> None:
    status = printed("print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"
    assert "0" not in fields["Uid"].split()
    assert fields["Groups"].strip() in ("", "65534", fields["Gid"].split()[0])


# --- files -----------------------------------------------------------------------------------------


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    folder = tmp_path / "submission"
    (folder / "data").mkdir(parents=True)
    (folder / "helper.py").write_text("answer = 42\n")
    (folder / "data" / "ä b\n.txt").write_text("text")
    (folder / "hidden tests.ipynb").write_text("{}")
    (folder / "link").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe")
    return folder


def test_regular_files_are_copied_without_notebooks(submission: Path) -> None:
    code = """
        import json, pathlib, sys
        sys.path.insert(0, '')
        import helper
        assert helper.answer == 42
        pathlib.Path("helper.py").write_text("answer = 43")
        pathlib.Path("new").write_text("")
        print(json.dumps(sorted(str(p) for p in pathlib.Path(".").rglob("*") if p.is_file() and "pyc" not in str(p))))
    """
    assert json.loads(printed(code, files=submission)) == ["data/ä b\n.txt", "helper.py", "new"]
    assert (submission / "helper.py").read_text() == "answer = 42\n" and not (submission / "new").exists()


def test_too_many_or_too_large_files_are_rejected(submission: Path) -> None:
    with pytest.raises(SandboxError, match="more than 1 files"):
        run("", files=submission, limits=replace(LIMITS, files=1))
    with pytest.raises(SandboxError, match="MB"):
        run("", files=submission, limits=replace(LIMITS, folder_bytes=5))
    assert run("", files=submission).returncode == 0


@pytest.mark.parametrize("path", ["/", "/usr/x", "/etc/x", "/dev/x", "/bin/x", "/opt/triptych/triptych/x", sys.prefix])
def test_other_folders_are_read_only(path: str) -> None:
    assert "OSError" in printed(f"""
        import pathlib
        try:
            pathlib.Path({path!r}, "x").write_text("x")
        except OSError:
            print("OSError")
    """)


@pytest.mark.parametrize("path", ["/tmp", "/dev/shm", WORK, "/home/student"])
def test_private_folders_are_limited(path: str) -> None:
    code = f"""
        written = 0
        try:
            for n in range(40):
                with open({path!r} + f"/x{{n}}", "wb") as file:
                    written += file.write(bytes(500_000))
        except OSError as error:
            print(error.errno, written)
    """
    errno, written = map(int, printed(code, limits=replace(LIMITS, file_bytes=4_000_000)).split())
    assert errno == 28 and written <= 4_100_000


def test_one_file_is_limited() -> None:
    code = "try: open('/tmp/x', 'wb').write(bytes(3_000_000))\nexcept OSError as error: print(error.errno)"
    assert printed(code, limits=replace(LIMITS, file_bytes=2_000_000)) in ("27", "28")


def test_no_folder_of_the_host_can_be_written_to() -> None:
    seen = printed("""
        for line in open("/proc/self/mountinfo"):
            options, _, source = line.partition(" - ")
            if "rw" in options.split()[5].split(","):
                print(options.split()[4], source.split()[0])
    """)
    mounts = dict(line.rsplit(" ", 1) for line in seen.splitlines())
    assert {"/tmp", "/dev/shm", HOME} <= mounts.keys()
    assert set(mounts.values()) <= {"tmpfs", "proc", "devpts", "mqueue", "devtmpfs"}


# --- network ---------------------------------------------------------------------------------------


def test_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0sandbox-test-{os.getpid()}")
        abstract.listen()
        port = tcp.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()  # the grader can reach it
        seen = printed(f"""
            import socket, os
            def attempt(name, act):
                try:
                    act()
                    print(name, "reached")
                except OSError as error:
                    print(name, type(error).__name__)
            attempt("here", lambda: socket.create_connection(("127.0.0.1", {port}), timeout=2))
            attempt("far", lambda: socket.create_connection(("192.0.2.1", 80), timeout=2))
            attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
            attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0sandbox-test-{os.getpid()}"))
            attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
            attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
            attempt("pair", socket.socketpair)
            print(sorted(os.listdir("/proc/sys/net/ipv4/conf")))
        """)
    assert "pair reached" in seen and seen.count("reached") == 1
    assert "'eth" not in seen and "'en" not in seen


# --- system calls ----------------------------------------------------------------------------------

CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    ctypes.set_errno(0)
    result = libc.syscall(*map(ctypes.c_long, arguments))
    return ctypes.get_errno() if result == -1 else 0
"""


COLUMN = 0 if os.uname().machine == "x86_64" else 1


@pytest.mark.parametrize(
    ("table", "argument", "errno"),
    [(seccomp.DENIED, -1, seccomp.EPERM), (seccomp.ABSENT, 0, seccomp.ENOSYS)],
    ids=["denied", "absent"],
)
def test_system_calls_are_refused(table: dict[str, Any], argument: int, errno: int) -> None:
    calls = {name: numbers[COLUMN] for name, numbers in table.items() if numbers[COLUMN] is not None}
    code = f"print({{name: call(number, {argument}, 0, 0, 0, 0) for name, number in {calls}.items()}})"
    seen = ast.literal_eval(printed(f"{CALL}\n{code}"))
    assert {name: value for name, value in seen.items() if value != errno} == {}


def test_the_filter_itself_refuses_them() -> None:
    """Without the filter a refused call fails for another reason."""
    code = f"{CALL}\nprint(call({seccomp.DENIED['kcmp'][COLUMN]}, -1, 0, 0, 0, 0))"
    assert int(subprocess.check_output([sys.executable, "-c", code])) != seccomp.EPERM


def test_new_namespaces_are_refused_but_threads_and_children_are_not() -> None:
    seen = printed(f"""{CALL}
import os, threading, subprocess
for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
    print(call({seccomp.CLONE[COLUMN]}, flag | 17, 0, 0, 0, 0))
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
print(subprocess.run(["/bin/echo", "child"], capture_output=True, text=True).stdout)
""")
    assert seen.split() == ["1"] * 7 + ["thread", "child"]


def test_typing_into_a_terminal_is_refused() -> None:
    seen = printed("""
        import fcntl
        for request in (0x5412, 0x541C):
            try:
                fcntl.ioctl(0, request, b"x")
            except OSError as error:
                print("OSError", error.errno)
    """)
    assert seen.split() == ["OSError", "1"] * 2


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_decides_by_number_and_argument(machine: str) -> None:
    """Interprets the program: it refuses the listed calls on both machines and allows all others."""
    column = {"x86_64": 0, "aarch64": 1}[machine]
    architecture = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
    refused = {numbers[column] for numbers in seccomp.DENIED.values()}
    absent = {numbers[column] for numbers in seccomp.ABSENT.values()}
    code = seccomp.program(machine)

    def verdict(number: int, *arguments: int, machine_word: int = architecture) -> int:
        return _interpret(code, number, machine_word, arguments)

    allow, eperm = 0x7FFF0000, 0x00050001
    for number in range(600):
        if number in refused:
            assert verdict(number) == eperm
        elif number in absent:
            assert verdict(number) == 0x00050000 | seccomp.ENOSYS
        elif number == seccomp.SOCKET[column]:
            assert [verdict(number, family) == allow for family in (1, 2, 10, 16, 17, 40)] == [True] * 4 + [False] * 2
        elif number == seccomp.CLONE[column]:
            assert verdict(number, 0x11) == allow and verdict(number, 0x10000011) == eperm
        elif number == seccomp.IOCTL[column]:
            assert verdict(number, 0, 0x5401) == allow and verdict(number, 0, 0x5412) == eperm
        else:
            assert verdict(number) == allow, number
    assert verdict(0, machine_word=0x40000003) == eperm  # a 32-bit program
    if machine == "x86_64":
        assert verdict(0x40000000) == eperm


def _interpret(code: bytes, number: int, architecture: int, arguments: tuple[int, ...]) -> int:
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<iIQ6Q", number - (1 << 32) if number >= 1 << 31 else number, architecture, 0, *padded)
    program = list(struct.iter_unpack("=HBBI", code))
    at = value = 0
    while True:
        operation, then, otherwise, constant = program[at]
        at += 1
        if operation == 0x20:
            (value,) = struct.unpack_from("<I", data, constant)
        elif operation == 0x06:
            return int(constant)
        else:
            truth = {0x15: value == constant, 0x35: value >= constant, 0x45: bool(value & constant)}[operation]
            at += then if truth else otherwise


def test_an_unknown_machine_has_no_filter() -> None:
    with pytest.raises(seccomp.UnknownMachineError, match="riscv64"):
        seccomp.program("riscv64")


# --- limits ----------------------------------------------------------------------------------------


def test_address_space() -> None:
    limits = replace(LIMITS, address_space_bytes=1_000_000_000)
    assert "MemoryError" in python("bytearray(2_000_000_000)", limits=limits).stderr
    assert python("bytearray(500_000_000)", limits=limits).returncode == 0


def test_processor_time() -> None:
    result = python("while True: pass", limits=replace(LIMITS, cpu_seconds=1))
    assert result.returncode != 0 and result.kill_reason is None, "the kernel ends it, not the run's timeout"


FORKS = """
import os, time
count = 0
try:
    for _ in range(400):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        count += 1
except OSError as error:
    print(count, error.errno, flush=True)
os._exit(0)
"""


def test_processes() -> None:
    count, errno = map(int, python(FORKS, limits=replace(LIMITS, processes=40)).stdout.split())
    assert count <= 40 and errno == 11


#: Starts eight processes of 150 MB, one after the other, and prints how many of them are alive.
HOGS = """
import os, signal, time
pids = []
for _ in range(8):
    full, done = os.pipe()
    pids.append(os.fork())
    if pids[-1] == 0:
        block = bytearray(os.urandom(1)) * 150_000_000
        os.write(done, b"x")
        signal.pause()
    os.close(done)
    os.read(full, 1)
alive = [pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0] == 0]
print(len(alive), flush=True)
if len(alive) == 8:
    time.sleep({stay})
"""
HALF_GB = replace(LIMITS, memory_bytes=500_000_000)


@pytest.fixture
def no_control_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "open_group", lambda memory_bytes, processes, member: None)


def test_memory_of_many_processes_together() -> None:
    assert python(HOGS.format(stay=0), limits=replace(LIMITS, memory_bytes=3_000_000_000)).stdout == "8\n"
    result = python(HOGS.format(stay=300), limits=HALF_GB, timeout_s=120)
    # the kernel kills some of them; without control groups the grader kills all
    assert "0.5 GB" in result.kill_reason if result.kill_reason else int(result.stdout) <= 4


@pytest.mark.usefixtures("no_control_groups")
def test_memory_of_many_processes_without_control_groups() -> None:
    result = python(HOGS.format(stay=300), limits=HALF_GB, timeout_s=120)
    assert result.kill_reason is not None and "0.5 GB" in result.kill_reason


@pytest.mark.usefixtures("no_control_groups")
def test_shared_pages_count_once() -> None:
    code = "import os, time\nblock = bytearray(os.urandom(1)) * 150_000_000\nfor _ in range(5):\n"
    code += "    if os.fork() == 0: time.sleep(2); os._exit(0)\ntime.sleep(1.5)\nprint('all of it')"
    result = python(code, limits=HALF_GB)
    assert result.kill_reason is None and result.stdout == "all of it\n"


def test_output_and_time_of_a_run() -> None:
    result = python("while True: print('x' * 1000)", limits=replace(LIMITS, output_bytes=10_000))
    assert result.kill_reason is not None and len(result.stdout) <= 10_000
    result = run("import time; time.sleep(60)", timeout_s=0.5)
    assert result.kill_reason is not None and "0.5 s" in result.kill_reason


# --- end -------------------------------------------------------------------------------------------

PLAIN = ZygoteSpec(imports=())
PLAIN_DAEMON = 'import os, time; os.fork() or os.execv("/bin/sleep", ["{mark}", "300"]); time.sleep(300)'
DAEMON = """
import os, signal, sys, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sleep", ["{mark}", "300"])
    os._exit(0)
time.sleep({seconds})
"""


def _alive(mark: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().startswith(mark.encode()):
                return True
    return False


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    with contextlib.closing(Zygote(PLAIN)) as zygote:
        yield zygote


def test_orphans_end_with_it(zygote: Zygote) -> None:
    mark = f"sandbox-orphan-{os.getpid()}"
    child = zygote.spawn(DAEMON.format(mark=mark, seconds=60))
    assert happens(lambda: _alive(mark))
    child.close()
    assert not _alive(mark) and zygote.alive


@pytest.mark.parametrize("sandbox", ["bwrap", "none"])
def test_it_ends_with_the_grader(sandbox: str) -> None:
    mark = f"sandbox-grader-{os.getpid()}"
    code = f"""
import sys, time
from triptych.grade.sandbox.zygote import ZygoteSpec, Zygote
zygote = Zygote(ZygoteSpec(sandbox={sandbox!r}, imports=()))
child = zygote.spawn({PLAIN_DAEMON.format(mark=mark)!r})
time.sleep(60)
"""
    grader = subprocess.Popen([sys.executable, "-c", code])
    assert happens(lambda: _alive(mark))
    grader.kill()
    grader.wait()
    assert happens(lambda: not _alive(mark))


# --- several submissions -----------------------------------------------------------------------------

LEAVE = """
import os, pathlib, signal, socket, subprocess, sys, threading
for place in ("/tmp", "/dev/shm", "/home/student", "."):
    pathlib.Path(place, "left-behind").write_text("x")
os.environ["LEFT"] = "x"
sys.modules["left_behind"] = sys
import json
json.left_behind = True
server = socket.socket(socket.AF_UNIX); server.bind("\\0left-behind"); server.listen()
tcp = socket.create_server(("127.0.0.1", 7777))
os.umask(0)
try: os.kill(-1, signal.SIGKILL)
except OSError: pass
print("left", flush=True)
if {stay}:
    import time
    time.sleep(60)
"""
FIND = """
import json, os, pathlib, socket, sys
found = [place for place in ("/tmp", "/dev/shm", "/home/student", ".") if pathlib.Path(place, "left-behind").exists()]
found += [name for name, there in {
    "environment": "LEFT" in os.environ,
    "module": "left_behind" in sys.modules,
    "attribute": hasattr(json, "left_behind"),
    "processes": sorted(p for p in os.listdir("/proc") if p.isdecimal()) != ["1", "2"],
    "umask": os.umask(0o22) != 0o22,
}.items() if there]
for name, reach in {
    "abstract": lambda: socket.socket(socket.AF_UNIX).connect("\\0left-behind"),
    "tcp": lambda: socket.create_connection(("127.0.0.1", 7777), timeout=1),
}.items():
    try:
        reach()
        found.append(name)
    except OSError:
        pass
print(found)
"""


@pytest.mark.parametrize("running", [False, True], ids=["ended", "running"])
def test_submissions_cannot_reach_each_other(running: bool, zygote: Zygote) -> None:
    read, write = os.pipe()
    with contextlib.closing(zygote.spawn(LEAVE.format(stay=running), streams=[write, write])) as child:
        os.close(write)
        with os.fdopen(read) as output:
            assert output.readline() == "left\n"
        if not running:
            assert child.wait(20) == 0
        result = run(FIND, zygote=zygote)
        assert (result.stdout, result.stderr) == ("[]\n", "")
        assert (child.poll() is None) == running


def test_the_same_search_finds_everything_in_one_sandbox() -> None:
    output = run(LEAVE.format(stay=False).replace("os.kill(-1, signal.SIGKILL)", "pass") + FIND).stdout
    places = ("/tmp", "/dev/shm", "/home/student", ".", "environment", "module")
    places += ("attribute", "abstract", "tcp", "umask")
    assert [place for place in places if f"'{place}'" not in output] == []


def test_submissions_draw_different_random_numbers() -> None:
    code = "import numpy as np, random; print(np.random.rand(), random.random())"
    with contextlib.closing(Zygote(ZygoteSpec(imports=("numpy.random", "random")))) as zygote:
        numbers = " ".join(run(code, zygote=zygote).stdout for _ in range(3)).split()
    assert len(numbers) == len(set(numbers)) == 6


def test_a_zygote_outlives_its_forks(zygote: Zygote) -> None:
    for end in ("os.kill(os.getpid(), 11)", "os.kill(1, 9)", "os.kill(-1, 9)", "os._exit(3)", "1/0"):
        run(f"import os; {end}", zygote=zygote)
    assert run("print('well')", zygote=zygote).stdout == "well\n"


def test_a_zygote_with_threads_is_refused() -> None:
    """A fork would wait for ever for a thread that it does not have."""
    code = "import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
    with pytest.raises(SandboxError, match="2 threads"):
        Zygote(ZygoteSpec(imports=(), code=code))
    with contextlib.closing(Zygote(zygote_spec("bwrap", packages=("pyhf", "scipy", "sympy")))) as zygote:
        assert zygote.alive  # the usual imports start none


def test_many_submissions_leave_nothing(zygote: Zygote) -> None:
    before = _threads_and_files(zygote)
    for _ in range(60):
        assert run("print(1)", zygote=zygote).stdout == "1\n"
    # not equal: threads and files of earlier tests in this process may end meanwhile
    assert happens(lambda: all(map(le, _threads_and_files(zygote), before))), (before, _threads_and_files(zygote))


def _threads_and_files(zygote: Zygote) -> tuple[int, int, int]:
    ours = Path("/proc/self")
    children = Path(f"/proc/{zygote.pid}/task/{zygote.pid}/children").read_text().split()
    files = sum(1 for _ in Path(f"/proc/{children[0] if children else zygote.pid}/fd").iterdir())
    return sum(1 for _ in (ours / "task").iterdir()), sum(1 for _ in (ours / "fd").iterdir()), files


# --- control groups --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("membership", "controllers", "parent"),
    [
        ("0::/user/app/scope\n", {"user/app": "cpu memory pids\n", "user/app/scope": "\n"}, "user/app"),
        ("0::/a/b\n", {"a": "cpu\n", "a/b": "\n"}, None),
        ("0::/\n", {"": "", "..": "memory pids"}, None),
    ],
    ids=["handed on", "no memory", "above the root"],
)
def test_groups_of_version_2(membership: str, controllers: dict[str, str], parent: str | None, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder, text in controllers.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "cgroup.subtree_control").write_text(text)
        (root / folder / "cgroup.procs").write_text("")
    parents = cgroup.find_parents(root, membership)
    if parent is None:
        assert parents is None
    else:
        assert parents is not None and [folder for folder, _ in parents] == [root / parent]
        assert [setting for setting, _ in parents[0][1]] == ["memory.max", "memory.swap.max", "pids.max"]


def test_groups_are_removed_with_their_members() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as member:
        group = cgroup.open_group(10**9, 100, member.pid)
        if group is None:
            member.kill()
            pytest.skip(f"control groups: {cgroup.describe()}")
        assert group.processes == {member.pid}
        group.remove()
        assert not any(folder.exists() for folder in group.folders)
        assert member.wait(10) == -signal.SIGKILL


# --- machines without sandboxing -------------------------------------------------------------------


def test_missing_bubblewrap_is_reported_with_its_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        run("")


@pytest.mark.parametrize(
    ("settings", "error", "fix"),
    [
        ({"unprivileged_userns_clone": "0"}, "bwrap: No permissions to creating new namespace", "unprivileged_userns_clone=1"),
        ({}, "bwrap: Creating new namespace failed: Operation not permitted", "seccomp=unconfined"),
        ({}, "bwrap: Failed to make / slave: Permission denied (mount)", "seccomp=unconfined"),
        ({}, "bwrap: execvp /root/env/bin/python: Permission denied", "readable for everyone"),
        ({}, "python: symbol lookup error", "did not start"),
        ({}, "", "did not start"),
    ],
)  # fmt: skip
def test_errors_of_bubblewrap_are_explained(settings: dict[str, str], error: str, fix: str, tmp_path: Path) -> None:
    for name, value in settings.items():
        (tmp_path / name).write_text(value)
    assert fix in explain(error, tmp_path)


def test_apparmor_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "apparmor_restrict_unprivileged_userns").write_text("1\n")
    monkeypatch.setattr(bubblewrap.os, "geteuid", lambda: 1000)
    assert "AppArmor" in explain("bwrap: setting up uid map: Permission denied", tmp_path)


def test_refused_namespaces_are_found() -> None:
    """The sandbox's own filter refuses namespaces, as some machines do."""
    code = "from triptych.grade.sandbox.sandbox import find_problem; print(find_problem())"
    result = subprocess.run(
        [
            "bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--proc", "/proc", "--seccomp", "3",
            sys.executable, "-c", code,
        ],
        capture_output=True, text=True, check=True, pass_fds=[], preexec_fn=_filter_at_3, close_fds=False,
    )  # fmt: skip
    assert "may not create namespaces" in result.stdout


def _filter_at_3() -> None:
    del seccomp.DENIED["memfd_create"]  # in a process of its own, which needs it itself
    file = os.memfd_create("filter")
    os.write(file, seccomp.program())
    os.lseek(file, 0, os.SEEK_SET)
    os.dup2(file, 3)


# --- kernels ---------------------------------------------------------------------------------------


def test_a_kernel_runs_in_it(tmp_path: Path) -> None:
    spec = zygote_spec("bwrap")
    code = "import jax.numpy as jnp, os; print(jnp.arange(4).sum(), os.getcwd()); open('/nowhere/x')"
    with contextlib.closing(Kernel(spec, tmp_path, Limits())) as kernel:
        outputs = kernel.run(code, fair_time() + 120).outputs
    assert f"6 {WORK}" in outputs[0].text and "No such file" in outputs[-1].evalue


# --- other users and places ------------------------------------------------------------------------


@pytest.mark.slow
@needs_root
def test_all_of_this_as_an_ordinary_user() -> None:
    home = Path(tempfile.mkdtemp(prefix="ordinary-", dir="/tmp"))
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", __file__]
        # without this test, which cannot run as an ordinary user even where nothing may be skipped
        command += ["-k", "not as_an_ordinary_user", f"--basetemp={home}/t"]
        result = subprocess.run(
            as_ordinary_user(command, home), check=False, capture_output=True, text=True, cwd=PROJECT
        )
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-2000:]
        skipped = [line for line in result.stdout.splitlines() if line.startswith("SKIPPED")]
        assert all("control groups" in line or "only root" in line for line in skipped), skipped
        assert " passed" in result.stdout
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=False)


def test_an_environment_below_tmp_is_visible(tmp_path: Path) -> None:
    """The sandbox's own /tmp must not cover the environment of a course in /tmp."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    (packages,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    ours = [str(Path(bubblewrap.__file__).resolve().parents[3]), *site.getsitepackages()]
    (packages / "ours.pth").write_text("\n".join(ours))
    private = tmp_path / "env" / "etc" / "jupyter"  # a mount of its own hides it
    private.mkdir(parents=True)
    (private / "token").write_text("c0ffee")
    look = f"import os; print(os.listdir({str(private)!r}))"
    code = f"from triptych.grade.sandbox.sandbox import find_problem, run; print(find_problem(), run({look!r}).stdout)"
    result = subprocess.run([str(tmp_path / "env/bin/python"), "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["None", "[]"], result.stdout
