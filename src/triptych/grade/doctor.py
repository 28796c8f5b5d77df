"""What this machine can do, and a proof: one hostile program in a sandbox.

Examines only; the command `triptych doctor` prints.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from packaging.requirements import Requirement

from triptych.build.browser import find_chromium
from triptych.grade.sandbox import bubblewrap, cgroup, sandbox, seccomp
from triptych.grade.sandbox.limits import Limits
from triptych.model.course import Course

OLDEST_PYTHON = (3, 11)
#: Packages that are named whatever is wrong with them: the ones that marks and decks depend on.
SHOWN = ("jax", "numpy", "nbgrader", "nbconvert", "jupyter-client", "pyhf")


class Status(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `fix` says what to do when it is not well."""

    name: str
    status: Status
    found: str
    fix: str = ""


def examine(course: Course | None = None) -> list[Finding]:
    """Looks at everything, in the order in which a person would put it right. Raises nothing.

    course: the folder that the proof tries to read; without one, this process's own.
    """
    looks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _packages,
        _bubblewrap,
        _namespaces,
        _filter,
        _cgroups,
        _chromium,
        _node,
        functools.partial(_proof, course),
    ]
    findings: list[Finding] = []
    for look in looks:
        try:
            findings += look()
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            name = getattr(look, "__name__", "proof").strip("_")
            findings.append(Finding(name, Status.WARN, f"could not be looked at ({error})"))
    return findings


# --- versions ------------------------------------------------------------------------------------


def _python() -> Iterator[Finding]:
    found = f"{platform.python_version()} in {sys.prefix}"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        yield Finding("Python", Status.OK, found)
    else:
        yield Finding("Python", Status.FAIL, found, "Make an environment with Python 3.11 or later.")


def _packages() -> Iterator[Finding]:
    try:
        wanted = [Requirement(line) for line in importlib.metadata.requires("triptych") or []]
    except importlib.metadata.PackageNotFoundError:
        yield Finding(
            "packages", Status.FAIL, "triptych itself is not installed", "pip install -e . in the course folder."
        )
        return
    wrong = []
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        installed = _version(requirement.name)
        if installed is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name} is {installed}, wanted {requirement.specifier}")
    if wrong:
        yield Finding("packages", Status.FAIL, "; ".join(wrong), "pip install -r requirements.txt")
    else:
        shown = ", ".join(f"{name} {_version(name)}" for name in SHOWN if _version(name))
        yield Finding("packages", Status.OK, shown)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


# --- the sandbox -------------------------------------------------------------------------------------


def _bubblewrap() -> Iterator[Finding]:
    program = shutil.which("bwrap")
    if program is None:
        fix = "sudo apt install bubblewrap (or the like)."
        yield Finding("bubblewrap", Status.FAIL, "not installed", fix)
        return
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=20)
    problem = sandbox.available()
    if problem is not None:
        found, _, fix = problem.partition(": ")
        yield Finding("bubblewrap", Status.FAIL, found, fix)
    else:
        who = "root, students' code as nobody" if os.geteuid() == 0 else "an ordinary user, in a user namespace"
        yield Finding("bubblewrap", Status.OK, f"{told.stdout.strip()}, works as {who}")


def _namespaces() -> Iterator[Finding]:
    """User namespaces by the kernel's own settings, so that root learns what others will meet."""

    def setting(name: str) -> str:
        path = Path("/proc/sys", name)
        return path.read_text().strip() if path.is_file() else ""

    status = Status.WARN if os.geteuid() == 0 else Status.FAIL
    if setting("user/max_user_namespaces") == "0":
        yield Finding("user namespaces", status, "none allowed", "sudo sysctl -w user.max_user_namespaces=10000")
    elif setting("kernel/unprivileged_userns_clone") == "0":
        fix = "sudo sysctl -w kernel.unprivileged_userns_clone=1"
        yield Finding("user namespaces", status, "off for ordinary users", fix)
    elif setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        fix = "An AppArmor profile for bubblewrap, as in docs/security.md."
        yield Finding("user namespaces", Status.WARN, "only for programs with an AppArmor profile (Ubuntu)", fix)
    else:
        yield Finding("user namespaces", Status.OK, "on")


def _filter() -> Iterator[Finding]:
    try:
        yield Finding("system calls", Status.OK, f"filter of {len(seccomp.program()) // 8} steps")
    except seccomp.UnknownMachineError as error:
        yield Finding("system calls", Status.FAIL, str(error), "Grade on an x86_64 or aarch64 machine.")


def _cgroups() -> Iterator[Finding]:
    limits = Limits()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as member:
        group = cgroup.open_group(limits.memory, limits.processes, member.pid)
        member.kill()
    if group is not None:
        group.remove()
        yield Finding("control groups", Status.OK, cgroup.where())
    else:
        fix = (
            "Nothing has to be done; for a limit that holds at once: "
            "systemd-run --user --scope -p Delegate=yes triptych grade …"
        )
        yield Finding(
            "control groups", Status.WARN, "none: memory of a whole sandbox is watched, five times a second", fix
        )


# --- decks ---------------------------------------------------------------------------------------


def _chromium() -> Iterator[Finding]:
    path = find_chromium()
    if path:
        yield Finding("Chromium", Status.OK, str(path))
    else:
        yield Finding(
            "Chromium", Status.WARN, "not found: no PDF of decks, no check of slides", "playwright install chromium"
        )


def _node() -> Iterator[Finding]:
    program = shutil.which("node")
    if program is None:
        fix = "sudo apt install nodejs (needed by JupyterHub's proxy alone)."
        yield Finding("Node", Status.WARN, "not installed: no workshop hub", fix)
        return
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=20)
    yield Finding("Node", Status.OK, told.stdout.strip())


# --- the proof -----------------------------------------------------------------------------------

SECRET = "triptych-doctor-secret"  # noqa: S105 - one that is meant to be found where the sandbox leaks

#: Each attempt leaves "held" or what it got. COURSE, PORT and SECRET are put in.
HOSTILE = """
import json, os, pathlib, socket, time
said = {}
def attempt(name, act):
    try:
        said[name] = act() or "held"
    except Exception:
        said[name] = "held"

def course():
    names = os.listdir(COURSE)
    return "" if set(names) <= HARMLESS else "listed " + ", ".join(sorted(names))[:200]
def connect():
    socket.create_connection(("127.0.0.1", PORT), timeout=2)
    return "connected"
def environment():
    text = str(dict(os.environ))
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            text += path.read_text(errors="replace")
        except OSError:
            pass
    return "found the grader's secret" if SECRET in text else ""
def fork():
    made = 0
    for _ in range(LIMIT + 50):
        try:
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
        except OSError:
            return ""
        made += 1
    return f"forked {made} times"
def write():
    pathlib.Path(PREFIX, "written-by-doctor").write_text("x")
    return "wrote to the Python environment"

attempt("reads the course folder", course)
attempt("opens a connection", connect)
attempt("reads the grader's environment", environment)
attempt("writes to the Python environment", write)
attempt("forks without end", fork)
print(json.dumps(said), flush=True)
"""


def _proof(course: Course | None) -> Iterator[Finding]:
    """Runs HOSTILE in a sandbox; every attempt is a finding."""
    problem = sandbox.available()
    if problem is not None:
        yield Finding("proof", Status.FAIL, "no sandbox to prove", "See bubblewrap above.")
        return
    root = course.root if course is not None else Path.cwd()
    said = hostile_attempts(root)
    if not said:
        yield Finding("proof", Status.FAIL, "the hostile program said nothing", "Run it again; then report it.")
    for name, outcome in said.items():
        if outcome == "held":
            yield Finding(f"proof: {name}", Status.OK, "tried in a sandbox, failed")
        else:
            fix = "Do not grade here; report it as docs/security.md says."
            yield Finding(f"proof: {name}", Status.FAIL, f"succeeded in a sandbox: {outcome}", fix)


def hostile_attempts(root: Path, run: Callable[..., sandbox.CompletedRun] = sandbox.run) -> dict[str, str]:
    """What each hostile attempt came to: "held", or what it got. `run` is how Python is run in a sandbox.

    Raises CourseError when the sandbox cannot be made.
    """
    limits = Limits()
    environment = bubblewrap.environment_folders()
    # an environment that lies in the course folder can be seen, and so can the way to it
    harmless = {
        folder.relative_to(root).parts[0] for folder in environment if folder.is_relative_to(root) and folder != root
    }
    before = os.environ.get("TRIPTYCH_DOCTOR")
    os.environ["TRIPTYCH_DOCTOR"] = SECRET
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            values = {
                "COURSE": str(root),
                "HARMLESS": harmless,
                "PORT": server.getsockname()[1],
                "SECRET": SECRET,
                "LIMIT": limits.processes,
                "PREFIX": sys.prefix,
            }
            head = "".join(f"{name} = {value!r}\n" for name, value in values.items())
            told = run(head + HOSTILE, hide=[root], limits=limits, seconds=60)
    finally:
        if before is None:
            del os.environ["TRIPTYCH_DOCTOR"]
        else:
            os.environ["TRIPTYCH_DOCTOR"] = before
    for line in told.stdout.splitlines():
        if line.startswith("{"):
            return {str(name): str(outcome) for name, outcome in json.loads(line).items()}
    return {}
