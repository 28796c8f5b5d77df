"""Checks of this machine for `triptych doctor`, and a proof: a hostile program that runs in a sandbox."""

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
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement

from triptych.build.browser import find_chromium
from triptych.fingerprint import version_of
from triptych.grade.sandbox import bubblewrap, cgroup, sandbox, seccomp
from triptych.grade.sandbox.limits import Limits
from triptych.model.course import Course

OLDEST_PYTHON = (3, 11)
#: Packages whose versions are always listed, because scores and decks depend on them.
MAIN_PACKAGES = ("jax", "numpy", "nbgrader", "nbconvert", "jupyter-client", "pyhf")


class Status(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        name: the part of the machine that was checked.
        status: FAIL if grading does not work without it, WARN if only other commands need it.
        detail: its version or state.
        fix: the fix of a problem, empty if there is none.
    """

    name: str
    status: Status
    detail: str
    fix: str = ""


def examine(course: Course | None = None) -> list[Finding]:
    """Runs all checks, in the order in which problems are best fixed. Raises nothing.

    Args:
        course: the course whose folder the proof tries to read, by default the current folder.
    """
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "Python": _check_python,
        "packages": _check_packages,
        "bubblewrap": _check_bubblewrap,
        "user namespaces": _check_namespaces,
        "system calls": _check_filter,
        "control groups": _check_cgroups,
        "Chromium": _check_chromium,
        "Node": _check_node,
        "proof": functools.partial(_check_isolation, course),
    }
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            findings += check()
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            findings.append(Finding(name, Status.WARN, f"the check failed ({error})"))
    return findings


# --- versions ------------------------------------------------------------------------------------


def _check_python() -> Iterator[Finding]:
    detail = f"{platform.python_version()} in {sys.prefix}"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        yield Finding("Python", Status.OK, detail)
    else:
        yield Finding("Python", Status.FAIL, detail, "Create an environment with Python 3.11 or later.")


def _check_packages() -> Iterator[Finding]:
    try:
        requirements = [Requirement(line) for line in importlib.metadata.requires("triptych") or []]
    except importlib.metadata.PackageNotFoundError:
        fix = "Run `pip install -e .` in the course folder."
        yield Finding("packages", Status.FAIL, "triptych itself is not installed", fix)
        return
    problems = []
    for requirement in requirements:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        installed = version_of(requirement.name)
        if installed == "none":
            problems.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(installed, prereleases=True):
            problems.append(f"{requirement.name} is {installed}, required is {requirement.specifier}")
    if problems:
        yield Finding("packages", Status.FAIL, "; ".join(problems), "Run `pip install -r requirements.txt`.")
    else:
        yield Finding("packages", Status.OK, ", ".join(f"{name} {version_of(name)}" for name in MAIN_PACKAGES))


# --- the sandbox -------------------------------------------------------------------------------------


def _check_bubblewrap() -> Iterator[Finding]:
    version = _program_version("bwrap")
    if version is None:
        fix = "Run `sudo apt install bubblewrap`, or your distribution's command."
        yield Finding("bubblewrap", Status.FAIL, "not installed", fix)
    elif problem := sandbox.find_problem():
        detail, _, fix = problem.partition(": ")
        yield Finding("bubblewrap", Status.FAIL, detail, fix)
    else:
        user = "root, students' code as a user without an account" if os.geteuid() == 0 else "an ordinary user"
        yield Finding("bubblewrap", Status.OK, f"{version}, works as {user}")


def _check_namespaces() -> Iterator[Finding]:
    """Checks the kernel's settings for user namespaces, which root does not need but others do."""

    def setting(name: str) -> str:
        path = Path("/proc/sys", name)
        return path.read_text().strip() if path.is_file() else ""

    status = Status.WARN if os.geteuid() == 0 else Status.FAIL
    if setting("user/max_user_namespaces") == "0":
        fix = "Run `sudo sysctl -w user.max_user_namespaces=10000`."
        yield Finding("user namespaces", status, "none allowed", fix)
    elif setting("kernel/unprivileged_userns_clone") == "0":
        fix = "Run `sudo sysctl -w kernel.unprivileged_userns_clone=1`."
        yield Finding("user namespaces", status, "disabled for ordinary users", fix)
    elif setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        fix = "Write an AppArmor profile for bubblewrap, as in docs/instructors/sandbox.md."
        yield Finding("user namespaces", Status.WARN, "only for programs with an AppArmor profile (Ubuntu)", fix)
    else:
        yield Finding("user namespaces", Status.OK, "enabled")


def _check_filter() -> Iterator[Finding]:
    try:
        yield Finding("system calls", Status.OK, f"filter of {len(seccomp.program()) // 8} instructions")
    except seccomp.UnknownMachineError as error:
        yield Finding("system calls", Status.FAIL, str(error), "Grade on an x86_64 or aarch64 machine.")


def _check_cgroups() -> Iterator[Finding]:
    limits = Limits()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as member:
        group = cgroup.open_group(limits.memory_bytes, limits.processes, member.pid)
        member.kill()
    if group is not None:
        group.remove()
        yield Finding("control groups", Status.OK, cgroup.describe())
    else:
        detail = "none; the memory of a sandbox is checked five times a second instead"
        fix = "Optional, for an exact limit: systemd-run --user --scope -p Delegate=yes triptych grade …"
        yield Finding("control groups", Status.WARN, detail, fix)


# --- decks and the hub -----------------------------------------------------------------------------


def _check_chromium() -> Iterator[Finding]:
    path = find_chromium()
    if path:
        yield Finding("Chromium", Status.OK, str(path))
    else:
        detail = "not installed; no PDF of decks, no check of slides"
        yield Finding("Chromium", Status.WARN, detail, "Run `playwright install chromium`.")


def _check_node() -> Iterator[Finding]:
    version = _program_version("node")
    if version is None:
        fix = "Run `sudo apt install nodejs`; only JupyterHub's proxy needs it."
        yield Finding("Node", Status.WARN, "not installed; no workshop hub", fix)
    else:
        yield Finding("Node", Status.OK, version)


def _program_version(name: str) -> str | None:
    """The first line that a program prints for --version; None if it is not installed."""
    program = shutil.which(name)
    if program is None:
        return None
    result = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=20)
    return result.stdout.strip()


# --- the proof -----------------------------------------------------------------------------------

SECRET = "triptych-doctor-secret"  # noqa: S105 - no secret: the hostile program searches for it

#: Each attempt is recorded as "blocked" or with its success. Constants in capitals are prepended.
HOSTILE = """
import json, os, pathlib, socket, time
outcomes = {}
def attempt(name, act):
    try:
        outcomes[name] = act() or "blocked"
    except Exception:
        outcomes[name] = "blocked"

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
    count = 0
    for _ in range(LIMIT + 50):
        try:
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
        except OSError:
            return ""
        count += 1
    return f"forked {count} times"
def write():
    pathlib.Path(PREFIX, "written-by-doctor").write_text("x")
    return "wrote to the Python environment"

attempt("reads the course folder", course)
attempt("opens a connection", connect)
attempt("reads the grader's environment", environment)
attempt("writes to the Python environment", write)
attempt("forks without end", fork)
print(json.dumps(outcomes), flush=True)
"""


def _check_isolation(course: Course | None) -> Iterator[Finding]:
    """Runs HOSTILE in a sandbox. Each attempt is a finding."""
    if sandbox.find_problem() is not None:
        yield Finding("proof", Status.FAIL, "no sandbox", "See bubblewrap above.")
        return
    with TemporaryDirectory(prefix="triptych-doctor-") as folder:  # stands for the course where there is none
        outcomes = attempt_escapes(course.root if course is not None else Path(folder))
    if not outcomes:
        yield Finding("proof", Status.FAIL, "the hostile program printed nothing", "Run it again, then report it.")
    for name, outcome in outcomes.items():
        if outcome == "blocked":
            yield Finding(f"proof: {name}", Status.OK, outcome)
        else:
            fix = "Do not grade on this machine, and report it as described in SECURITY.md."
            yield Finding(f"proof: {name}", Status.FAIL, f"NOT blocked: {outcome}", fix)


def attempt_escapes(root: Path, run: Callable[..., sandbox.CompletedRun] = sandbox.run) -> dict[str, str]:
    """Runs the hostile program.

    Args:
        root: the folder that it tries to read.
        run: runs Python, by default in a sandbox.

    Returns:
        For each attempt "blocked" or its success; empty if the program printed nothing.

    Raises:
        SandboxError: The sandbox cannot be created.
    """
    limits = Limits()
    # an environment in the course folder is visible, and so is the way to it
    harmless = {
        folder.relative_to(root).parts[0]
        for folder in bubblewrap.environment_folders()
        if folder.is_relative_to(root) and folder != root
    }
    before = os.environ.get("TRIPTYCH_DOCTOR")
    os.environ["TRIPTYCH_DOCTOR"] = SECRET
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            constants = {
                "COURSE": str(root),
                "HARMLESS": harmless,
                "PORT": server.getsockname()[1],
                "SECRET": SECRET,
                "LIMIT": limits.processes,
                "PREFIX": sys.prefix,
            }
            head = "".join(f"{name} = {value!r}\n" for name, value in constants.items())
            result = run(head + HOSTILE, hide=[root], limits=limits, timeout_s=60)
    finally:
        if before is None:
            del os.environ["TRIPTYCH_DOCTOR"]
        else:
            os.environ["TRIPTYCH_DOCTOR"] = before
    for line in result.stdout.splitlines():
        if line.startswith("{"):
            return {str(name): str(outcome) for name, outcome in json.loads(line).items()}
    return {}
