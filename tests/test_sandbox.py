"""What a sandbox holds back, each bar shown to hold by something that leans against it."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import shutil
import signal
import site
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import replace
from operator import le
from pathlib import Path

import pytest
from needs import needs_root, needs_sandbox
from users import as_ordinary_user
from waiting import happens

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.kernel import Kernel
from triptych.grade.execute.zygote_spec import zygote_spec
from triptych.grade.guest.zygote import WORK
from triptych.grade.sandbox import bubblewrap, cgroup, seccomp
from triptych.grade.sandbox.bubblewrap import SandboxError, explain
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.sandbox import CompletedRun, run
from triptych.grade.sandbox.zygote import Child, Zygote, ZygoteSpec, get_zygote

LIMITS = Limits()
PROJECT = Path(__file__).resolve().parents[1]
HERE = Path(__file__)
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


def python(code: str, **sandbox: object) -> CompletedRun:
    return run(textwrap.dedent(code), **sandbox)  # type: ignore[arg-type]


def told(code: str, **sandbox: object) -> str:
    """What the code prints in the sandbox; it has to end well."""
    ran = python(code, **sandbox)
    assert ran.returncode == 0, ran
    return ran.stdout.strip()


pytestmark = needs_sandbox


# --- what can be seen ------------------------------------------------------------------------------


def test_nothing_of_the_course_is_on_its_disk(tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_text("marks")
    seen = told(f"""
        import os
        for path in {[str(PROJECT), str(tmp_path), str(Path.home()), "/tmp", "/"]!r}:
            try:
                print(path, sorted(os.listdir(path)))
            except OSError as error:
                print(path, type(error).__name__)
    """)
    for private in (
        "source",
        "tests",
        "release",
        "gradebook.db",
        "pyproject.toml",
        "src",
        "var",
        "srv",
        "sys",
    ):
        assert f"'{private}'" not in seen
    assert (PROJECT / "source").is_dir()


def test_of_this_package_only_the_agent_can_be_imported_from_a_checkout() -> None:
    seen = told("""
        import pathlib, triptych
        print([str(p.relative_to(d)) for d in triptych.__path__ for p in pathlib.Path(d).rglob("*.py")])
    """)
    assert "run.py" not in seen and "agent.py" in seen


def test_course_below_a_shown_folder_is_hidden(tmp_path: Path) -> None:
    course = Path(sys.prefix) / "lib"  # some folder below one that is shown
    look = f"import os; print(os.listdir({str(course)!r}))"
    shown, hidden = run(look), run(look, hide=[course / PYTHON, *course.glob("[!p]*")])
    assert "python3" in shown.stdout and hidden.returncode == 0
    inside = f"import os; print(os.listdir({str(course / PYTHON)!r}))"
    assert hidden.stdout == shown.stdout and run(inside, hide=[course / PYTHON]).stdout == "[]\n"


def test_environment_holds_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "c0ffee")
    seen = told("""
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
    shown = ast.literal_eval(first.removeprefix("/proc/1/environ ")).decode()
    assert {entry.partition("=")[0] for entry in shown.split("\0") if entry} <= set(variables)


def test_only_its_own_processes_are_there() -> None:
    assert int(told("import os; print(len([p for p in os.listdir('/proc') if p.isdecimal()]))")) <= 2
    with pytest.raises(AssertionError):  # the count is that of the sandbox, not just a small one
        assert len([p for p in Path("/proc").iterdir() if p.name.isdecimal()]) <= 2


def test_it_is_nobody() -> None:
    status = told("print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"
    assert "0" not in fields["Uid"].split() and fields["Groups"].strip() in (
        "",
        "65534",
        fields["Gid"].split()[0],
    )


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


def test_files_are_copies_and_notebooks_links_and_pipes_stay_out(submission: Path) -> None:
    seen = json.loads(
        told(
            """
        import json, pathlib, sys
        sys.path.insert(0, '')
        import helper
        assert helper.answer == 42
        pathlib.Path("helper.py").write_text("answer = 43")
        pathlib.Path("new").write_text("")
        print(json.dumps(sorted(str(p) for p in pathlib.Path(".").rglob("*") if p.is_file() and "pyc" not in str(p))))
    """,
            files=submission,
        )
    )
    assert seen == ["data/ä b\n.txt", "helper.py", "new"]
    assert (submission / "helper.py").read_text() == "answer = 42\n" and not (submission / "new").exists()


def test_too_many_or_too_large_files_are_refused(submission: Path) -> None:
    with pytest.raises(SandboxError, match="more than 1 files"):
        run("", files=submission, limits=replace(LIMITS, files=1))
    with pytest.raises(SandboxError, match="MB"):
        run("", files=submission, limits=replace(LIMITS, folder_bytes=5))
    assert run("", files=submission).returncode == 0


@pytest.mark.parametrize("path", ["/", "/usr/x", "/etc/x", "/dev/x", "/bin/x", "/opt/triptych/triptych/x", sys.prefix])
def test_nothing_else_can_be_written(path: str) -> None:
    assert "OSError" in told(f"""
        import pathlib
        try:
            pathlib.Path({path!r}, "x").write_text("x")
        except OSError:
            print("OSError")
    """)


@pytest.mark.parametrize("path", ["/tmp", "/dev/shm", WORK, "/home/student"])
def test_what_can_be_written_is_bounded_altogether(path: str) -> None:
    ran = told(
        f"""
        import os
        written = 0
        try:
            for n in range(40):
                with open({path!r} + f"/x{{n}}", "wb") as file:
                    written += file.write(bytes(500_000))
        except OSError as error:
            print(error.errno, written)
    """,
        limits=replace(LIMITS, file_bytes=4_000_000),
    )
    errno, written = map(int, ran.split())
    assert errno == 28 and written <= 4_100_000


def test_one_file_is_bounded() -> None:
    ran = told(
        "try: open('/tmp/x', 'wb').write(bytes(3_000_000))\nexcept OSError as error: print(error.errno)",
        limits=replace(LIMITS, file_bytes=2_000_000),
    )
    assert ran in ("27", "28")


def test_connection_folder_is_bounded() -> None:
    ran = python("""
        import glob, time
        (shared,) = glob.glob("/tmp/tn-*/*")
        for n in range(200):
            open(f"{shared}/x{n}", "wb").write(bytes(100_000))
        time.sleep(20)
    """)
    assert ran.verdict is not None and "connection files" in ran.verdict and ran.returncode != 0


# --- network ---------------------------------------------------------------------------------------


def test_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0box-test-{os.getpid()}")
        abstract.listen()
        port = tcp.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()  # from out here it can be reached
        seen = told(f"""
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
            attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0box-test-{os.getpid()}"))
            attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
            attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
            attempt("pair", socket.socketpair)
            print(sorted(os.listdir("/proc/sys/net/ipv4/conf")))
        """)
    assert "pair reached" in seen
    assert seen.count("reached") == 1
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


def test_each_refused_call_is_refused() -> None:
    column = 0 if os.uname().machine == "x86_64" else 1
    calls = {name: numbers[column] for name, numbers in seccomp.DENIED.items() if numbers[column] is not None}
    seen = json.loads(
        told(f"{CALL}\nimport json; print(json.dumps({{n: call(c, -1, 0, 0, 0, 0) for n, c in {calls}.items()}}))")
    )
    assert {name: errno for name, errno in seen.items() if errno != seccomp.EPERM} == {}
    absent = {name: numbers[column] for name, numbers in seccomp.ABSENT.items()}
    seen = json.loads(
        told(f"{CALL}\nimport json; print(json.dumps({{n: call(c, 0, 0, 0, 0, 0) for n, c in {absent}.items()}}))")
    )
    assert set(seen.values()) == {seccomp.ENOSYS}


def test_refusals_are_the_filters_own() -> None:
    """Without the filter some of them answer something else, so the test above is one of the filter."""
    column = 0 if os.uname().machine == "x86_64" else 1
    out = subprocess.run(
        [sys.executable, "-c", f"{CALL}\nprint(call({seccomp.DENIED['kcmp'][column]}, -1, 0, 0, 0, 0))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert out.stdout.strip() != str(seccomp.EPERM)


def test_new_namespaces_are_refused_but_threads_and_children_are_not() -> None:
    column = 0 if os.uname().machine == "x86_64" else 1
    seen = told(f"""{CALL}
import os, threading, subprocess
for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
    print(call({seccomp.CLONE[column]}, flag | 17, 0, 0, 0, 0))
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
print(subprocess.run(["/bin/echo", "child"], capture_output=True, text=True).stdout)
""")
    assert seen.split() == ["1"] * 7 + ["thread", "child"]


def test_typing_into_a_terminal_is_refused() -> None:
    assert "OSError 1" in told("""
        import fcntl
        for request in (0x5412, 0x541C):
            try:
                fcntl.ioctl(0, request, b"x")
            except OSError as error:
                print("OSError", error.errno)
    """)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_decides_by_number_and_argument(machine: str) -> None:
    """The program, interpreted here: every refused call on both machines, and everything else let through."""
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
    import struct

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


def test_no_filter_for_a_machine_nobody_wrote_one_for() -> None:
    with pytest.raises(seccomp.UnknownMachineError, match="riscv64"):
        seccomp.program("riscv64")


# --- limits ----------------------------------------------------------------------------------------


def test_address_space() -> None:
    few = replace(LIMITS, address_space=1_000_000_000)
    assert "MemoryError" in python("bytearray(2_000_000_000)", limits=few).stderr
    assert python("bytearray(500_000_000)", limits=few).returncode == 0


def test_processor_time() -> None:
    ran = python("while True: pass", limits=replace(LIMITS, cpu_seconds=1))
    assert ran.returncode != 0 and ran.verdict is None, "the kernel ends it, not the time limit of the run"


FORKS = """
import os, time
made = 0
try:
    for _ in range(400):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError as error:
    print(made, error.errno, flush=True)
os._exit(0)
"""


def test_processes() -> None:
    ran = python(FORKS, limits=replace(LIMITS, processes=40))
    made, errno = map(int, ran.stdout.split())
    assert made <= 40 and errno == 11


#: Eight processes of 150 MB, one after the other, that stay until it says how many of them are alive.
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


def test_memory_of_many_processes_together() -> None:
    all_of_them = python(HOGS.format(stay=0), limits=replace(LIMITS, memory=3_000_000_000))
    assert all_of_them.stdout == "8\n"
    few = python(HOGS.format(stay=300), limits=replace(LIMITS, memory=500_000_000), seconds=120)
    # the kernel ends some of them; without control groups the grader ends all
    assert "0.5 GB" in few.verdict if few.verdict else int(few.stdout) <= 4


def test_memory_of_many_processes_without_control_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "open_group", lambda memory, processes, member: None)
    ran = python(HOGS.format(stay=300), limits=replace(LIMITS, memory=500_000_000), seconds=120)
    assert ran.verdict is not None and "0.5 GB" in ran.verdict


def test_pages_that_processes_share_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "open_group", lambda memory, processes, member: None)
    code = "import os, time\nblock = bytearray(os.urandom(1)) * 150_000_000\nfor _ in range(5):\n"
    code += "    if os.fork() == 0: time.sleep(2); os._exit(0)\ntime.sleep(1.5)\nprint('all of it')"
    ran = python(code, limits=replace(LIMITS, memory=500_000_000))
    assert ran.verdict is None and ran.stdout == "all of it\n"


def test_output_and_time_of_a_run() -> None:
    ran = python("while True: print('x' * 1000)", limits=replace(LIMITS, output_bytes=10_000))
    assert ran.verdict is not None and len(ran.stdout) <= 10_000
    ran = run("import time; time.sleep(60)", seconds=0.5)
    assert ran.verdict is not None and "0.5 s" in ran.verdict


# --- its end ---------------------------------------------------------------------------------------

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


def test_orphans_end_with_it() -> None:
    mark = f"sandbox-orphan-{os.getpid()}"
    with contextlib.closing(Zygote(PLAIN)) as one:
        child = one.spawn(DAEMON.format(mark=mark, seconds=60))
        assert _appears(mark)
        child.close()
        assert not _alive(mark) and one.alive


@pytest.mark.parametrize("sandbox", ["bwrap", "none"])
def test_it_ends_with_the_grader(sandbox: str) -> None:
    mark = f"sandbox-grader-{os.getpid()}"
    code = f"""
import sys, time
from triptych.grade.sandbox.zygote import ZygoteSpec, Zygote
one = Zygote(ZygoteSpec(sandbox={sandbox!r}, imports=()))
child = one.spawn({PLAIN_DAEMON.format(mark=mark)!r})
time.sleep(60)
"""
    grader = subprocess.Popen([sys.executable, "-c", code])
    assert _appears(mark)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    assert _disappears(mark)


def _appears(mark: str) -> bool:
    return happens(lambda: _alive(mark))


def _disappears(mark: str) -> bool:
    return happens(lambda: not _alive(mark))


# --- one after the other, and side by side -----------------------------------------------------------

LEAVE = """
import os, pathlib, signal, socket, subprocess, sys, threading
for place in ("/tmp", "/dev/shm", "/home/student", "."):
    pathlib.Path(place, "left-behind").write_text("x")
os.environ["LEFT"] = "x"
sys.modules["left_behind"] = sys
import json
json.left_behind = True
import ctypes
libc = ctypes.CDLL(None)
segment = libc.shmget(0x7777, 4096, 0o1666)
queue = os.path.exists("/dev/mqueue")
server = socket.socket(socket.AF_UNIX); server.bind("\\0left-behind"); server.listen()
tcp = socket.create_server(("127.0.0.1", 7777))
os.umask(0)
try: os.kill(-1, signal.SIGKILL)
except OSError: pass
print("left", segment >= 0, flush=True)
if {stay}:
    import time
    time.sleep(60)
"""
FIND = """
import ctypes, json, os, pathlib, socket, sys
found = [place for place in ("/tmp", "/dev/shm", "/home/student", ".") if pathlib.Path(place, "left-behind").exists()]
found += [name for name, there in {
    "environment": "LEFT" in os.environ,
    "module": "left_behind" in sys.modules,
    "attribute": hasattr(json, "left_behind"),
    "memory": ctypes.CDLL(None).shmget(0x7777, 4096, 0o666) >= 0,
    "processes": sorted(p for p in os.listdir("/proc") if p.isdecimal()) != ["1", "2"],
    "folders": len(os.listdir([str(p.parent) for p in pathlib.Path("/tmp").glob("tn-*/*")][0])) != 1,
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


@pytest.mark.parametrize("stays", [False, True], ids=["ended", "running"])
def test_nothing_of_one_submission_is_in_reach_of_the_next(stays: bool) -> None:
    with contextlib.closing(Zygote(PLAIN)) as one:
        if stays:
            read, write = os.pipe()
            child = one.spawn(LEAVE.format(stay=True), streams=[write, write])
            os.close(write)
            with os.fdopen(read) as said:
                assert said.readline() == "left True\n"
            found = run(FIND, zygote=one)
            assert child.poll() is None
            child.close()
        else:
            assert run(LEAVE.format(stay=False), zygote=one).stdout == "left True\n"
            found = run(FIND, zygote=one)
        assert (found.stdout, found.stderr) == ("[]\n", "")


def test_what_is_left_behind_would_be_found() -> None:
    """The same search by the same program finds all of it, so it is no search that finds nothing."""
    found = run(LEAVE.format(stay=False).replace("os.kill(-1, signal.SIGKILL)", "pass") + FIND).stdout
    assert all(f"'{name}'" in found for name in ("/tmp", "/dev/shm", "/home/student", ".", "environment", "module"))
    assert all(f"'{name}'" in found for name in ("attribute", "memory", "abstract", "tcp", "umask")), found


def test_each_draws_its_own_random_numbers() -> None:
    code = "import numpy as np, random; print(np.random.rand(), random.random())"
    with contextlib.closing(Zygote(ZygoteSpec(imports=("numpy.random", "random")))) as one:
        drawn = " ".join(run(code, zygote=one).stdout for _ in range(3)).split()
    assert len(drawn) == len(set(drawn)) == 6


def test_a_warm_process_outlives_whatever_comes_of_its_forks() -> None:
    with contextlib.closing(Zygote(PLAIN)) as one:
        for end in ("os.kill(os.getpid(), 11)", "os.kill(1, 9)", "os.kill(-1, 9)", "os._exit(3)", "1/0"):
            run(f"import os; {end}", zygote=one)
        assert run("print('well')", zygote=one).stdout == "well\n"


def test_threads_are_not_forked() -> None:
    """A thread that is not there in a fork is waited for without end: better no warm process than such a one."""
    code = "import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
    with pytest.raises(SandboxError, match="2 threads"):
        Zygote(ZygoteSpec(imports=(), code=code))
    with contextlib.closing(Zygote()) as one:  # what submissions really get starts none
        assert one.alive


def test_many_from_one() -> None:
    with contextlib.closing(Zygote(PLAIN)) as one:
        before = _threads_and_files(one)
        for _ in range(60):
            assert run("print(1)", zygote=one).stdout == "1\n"
        # What other tests of this process have left may end meanwhile: no more than before, then, not just as many.
        assert happens(lambda: all(map(le, _threads_and_files(one), before))), (before, _threads_and_files(one))
        assert list(one.folder.iterdir()) == []


def test_what_a_killed_grader_leaves_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", tempfile.mkdtemp(prefix="sweep-", dir="/tmp"))
    base = Path(tempfile.gettempdir())
    code = "import os, signal; from triptych.grade.sandbox.zygote import ZygoteSpec, Zygote; n = Zygote(ZygoteSpec(sandbox='none', imports=()))"
    killed = subprocess.run(
        [sys.executable, "-c", f"{code}; print(n.folder, flush=True); os.kill(os.getpid(), signal.SIGKILL)"],
        env={**os.environ, "TMPDIR": str(base)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    left = Path(killed.stdout.strip())
    assert left.is_dir() and left.parent == base.resolve()
    with contextlib.closing(Zygote(ZygoteSpec(sandbox="none", imports=()))) as used:
        long_ago = time.time() - 1000
        for folder in (left, used.folder):
            os.utime(folder, (long_ago, long_ago))
        with contextlib.closing(Zygote(ZygoteSpec(sandbox="none", imports=()))):
            assert not left.exists() and used.folder.is_dir()
    shutil.rmtree(base)


def _threads_and_files(one: Zygote) -> tuple[int, int, int]:
    ours = Path("/proc/self")
    children = Path(f"/proc/{one.pid}/task/{one.pid}/children").read_text().split()
    files = sum(1 for _ in Path(f"/proc/{children[0] if children else one.pid}/fd").iterdir())
    return sum(1 for _ in (ours / "task").iterdir()), sum(1 for _ in (ours / "fd").iterdir()), files


def test_a_child_says_what_it_took() -> None:
    with contextlib.closing(Zygote(PLAIN)) as one:
        child: Child = one.spawn("import time\nwhile time.process_time() < 0.5: pass")
        assert child.wait(20) == 0
        assert 0.5 <= child.cpu < 2
        child.close()


# --- control groups --------------------------------------------------------------------------------


def fake_groups(root: Path, membership: str, handed_on: dict[str, str]) -> str:
    for folder, controllers in handed_on.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "cgroup.subtree_control").write_text(controllers)
        (root / folder / "cgroup.procs").write_text("")
    return membership


def test_version_2_uses_the_folder_that_hands_controllers_on(tmp_path: Path) -> None:
    membership = fake_groups(
        tmp_path, "0::/user/app/scope\n", {"user/app": "cpu memory pids\n", "user/app/scope": "\n"}
    )
    found = cgroup.find_parents(tmp_path, membership)
    assert found is not None and [parent for parent, _ in found] == [tmp_path / "user" / "app"]
    assert [setting for setting, _ in found[0][1]] == ["memory.max", "memory.swap.max", "pids.max"]


def test_no_group_where_memory_is_not_handed_on_or_the_way_leads_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert cgroup.find_parents(root, fake_groups(root, "0::/a/b\n", {"a": "cpu\n", "a/b": "\n"})) is None
    (tmp_path / "cgroup.subtree_control").write_text("memory pids")
    (tmp_path / "cgroup.procs").write_text("")
    assert cgroup.find_parents(root, "0::/\n") is None


def test_groups_are_taken_away_again() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as member:
        group = cgroup.open_group(10**9, 100, member.pid)
        if group is None:
            member.kill()
            pytest.skip(f"control groups: {cgroup.where()}")
        assert all(str(member.pid) in (folder / "cgroup.procs").read_text().split() for folder in group.folders)
        member.kill()
    group.remove()
    assert not any(folder.exists() for folder in group.folders)


# --- machines on which it cannot work --------------------------------------------------------------


def test_no_bubblewrap_is_one_sentence_with_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        run("")


@pytest.mark.parametrize(
    ("settings", "complaint", "fix"),
    [
        ({"unprivileged_userns_clone": "0"}, "bwrap: No permissions to creating new namespace", "unprivileged_userns_clone=1"),
        ({}, "bwrap: Creating new namespace failed: Operation not permitted", "seccomp=unconfined"),
        ({}, "bwrap: Failed to make / slave: Permission denied (mount)", "seccomp=unconfined"),
        ({}, "bwrap: execvp /root/env/bin/python: Permission denied", "readable for everyone"),
        ({}, "python: symbol lookup error", "did not start"),
        ({}, "", "did not start"),
    ],
)  # fmt: skip
def test_cures(settings: dict[str, str], complaint: str, fix: str, tmp_path: Path) -> None:
    for name, value in settings.items():
        (tmp_path / name).write_text(value)
    assert fix in explain(complaint, tmp_path)


def test_cure_for_ubuntu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "apparmor_restrict_unprivileged_userns").write_text("1\n")
    monkeypatch.setattr(bubblewrap.os, "geteuid", lambda: 1000)
    assert "AppArmor" in explain("bwrap: setting up uid map: Permission denied", tmp_path)


def test_where_namespaces_are_refused_no_box_is_said_to_work() -> None:
    """A machine without namespaces, made by a filter that refuses them: our own."""
    code = "from triptych.grade.sandbox.sandbox import available; print(available())"
    ran = subprocess.run(
        [
            "bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--proc", "/proc", "--seccomp", "3",
            sys.executable, "-c", code,
        ],
        capture_output=True, text=True, check=True, pass_fds=[], preexec_fn=_filter_at_3, close_fds=False,
    )  # fmt: skip
    assert "may not make namespaces" in ran.stdout


def _filter_at_3() -> None:
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
    assert list(get_zygote(spec).folder.iterdir()) == []  # no connection files and sockets remain


# --- as somebody else ------------------------------------------------------------------------------


@pytest.mark.slow
@needs_root
def test_all_of_this_as_an_ordinary_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = Path(subprocess.check_output(["mktemp", "-d", "/tmp/ordinary-XXXX"], text=True).strip())
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(HERE)]
        command += ["-k", "not as_an_ordinary_user"]  # this test itself, which even a required run cannot do there
        ran = subprocess.run(
            as_ordinary_user([*command, f"--basetemp={home}/t"], home),
            check=False,
            capture_output=True,
            text=True,
            cwd=PROJECT,
        )
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-2000:]
        skipped = [line for line in ran.stdout.splitlines() if line.startswith("SKIPPED")]
        assert all("control groups" in line or "only root" in line for line in skipped), skipped
        assert " passed" in ran.stdout
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=False)


def test_python_may_live_below_tmp(tmp_path: Path) -> None:
    """A course in /tmp has its environment there too; the sandbox's own /tmp must not lie over it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    (packages,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    ours = [str(Path(bubblewrap.__file__).resolve().parents[3]), *site.getsitepackages()]
    (packages / "ours.pth").write_text("\n".join(ours))
    private = tmp_path / "env" / "etc" / "jupyter"  # hidden by a mount below that of the environment
    private.mkdir(parents=True)
    (private / "token").write_text("c0ffee")
    look = f"import os; print(os.listdir({str(private)!r}))"
    asks = f"from triptych.grade.sandbox.sandbox import available, run; print(available(), run({look!r}).stdout)"
    said = subprocess.run([str(tmp_path / "env/bin/python"), "-c", asks], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["None", "[]"], said.stdout
