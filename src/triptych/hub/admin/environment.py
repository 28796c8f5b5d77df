"""The course environment that all users of the hub share, and the proxy. Everyone may read them, root alone may write.

The environment is made from the system's Python, because students cannot run one that lies in somebody's home.
"""

from __future__ import annotations

import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from triptych.files import write_whole
from triptych.fingerprint import fingerprint
from triptych.hub.admin.site import Site
from triptych.model.course import CourseError

PACKAGE = Path(__file__).resolve().parents[2]
PROXY = "configurable-http-proxy"
#: The oldest Node.js that the proxy and its dependencies support (hub/package-lock.json).
MINIMUM_NODE = 18


def checkout() -> Path | None:
    """The project's checkout, None if this package was installed from a wheel."""
    root = PACKAGE.parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "hub").is_dir() else None


def hub_files() -> Path:
    """The project's folder `hub/`: configuration, the proxy's lock file, templates."""
    root = checkout()
    return root / "hub" if root else PACKAGE / "hub" / "files"


def make_environment(site: Site) -> None:
    """Makes the site's environment, or renews it if the lock file or this package has changed.

    Raises:
        CourseError: there is no checkout to install from, no Python, or pip failed.
    """
    root = checkout()
    python = site.environment / "bin" / "python"
    if root is None:
        if (site.environment / "bin" / "jupyterhub").is_file():
            return
        raise CourseError(
            "This triptych was not installed from a checkout, so it has no list of packages to install: run `hub up` "
            "in a checkout, or name a ready environment with --environment."
        )
    lock = root / "requirements-hub.txt"
    state = fingerprint(lock, root / "pyproject.toml", root / "src")
    state_file = site.environment / ".triptych"
    if state_file.is_file() and state_file.read_text() == state:
        return
    system_python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if system_python is None:
        raise CourseError("There is no /usr/bin/python3 to make the course environment with: apt install python3-venv.")
    state_file.unlink(missing_ok=True)
    if not (site.environment / "bin" / "pip").is_file():
        _run([system_python, "-m", "venv", str(site.environment)], "apt install python3-venv")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _run([*pip, "--require-hashes", "--requirement", str(lock)], "check the network")
    _run([*pip, "--no-deps", "--no-build-isolation", "--force-reinstall", str(root)], "see pip's message")
    _run([str(python), "-m", "compileall", "-q", str(site.environment / "lib")], "", accept=2)
    write_whole(state_file, state)


def check_environment(path: Path) -> Path:
    """Checks an environment that was named with --environment.

    Returns:
        The same path.

    Raises:
        CourseError: it lacks a command that the hub needs.
    """
    for command in ("python", "jupyterhub", "jupyterhub-singleuser", "nbgrader", "triptych"):
        if not (path / "bin" / command).exists():
            raise CourseError(f"{path} has no bin/{command}: install triptych[hub] into it, or name another one.")
    return path


def closed_to_others(path: Path) -> Path | None:
    """The first folder on the way to `path` that other users may not enter, None if there is no such folder."""
    for folder in (*reversed(path.parents), path):
        mode = folder.stat().st_mode
        if stat.S_ISDIR(mode) and not mode & stat.S_IXOTH:
            return folder
    return None


def require_open(environment: Path) -> None:
    """Checks that students' accounts can run the environment's Python.

    Raises:
        CourseError: a folder on the way is closed to them.
    """
    python = environment / "bin" / "python"
    for path in (environment.resolve(), python.resolve()):
        if folder := closed_to_others(path):
            raise CourseError(
                f"Students cannot run {python}, because {folder} is closed to them: make the environment from the "
                "system's Python (/usr/bin/python3 -m venv) in an open place."
            )


def find_proxy(site: Site, *, install: bool = True) -> list[str]:
    """Finds the proxy; installs it from the lock file in `hub/` if the machine has none.

    Args:
        site: the site whose folder the proxy is installed into.
        install: whether to install a missing proxy.

    Returns:
        The proxy's command.

    Raises:
        CourseError: Node.js, npm or (without `install`) the proxy is missing.
    """
    node = shutil.which("node")
    if node is None:
        raise CourseError("There is no Node.js, which JupyterHub's proxy runs on: apt install nodejs npm.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if int(version.lstrip("v").partition(".")[0] or 0) < MINIMUM_NODE:
        raise CourseError(f"Node.js {version} is too old for JupyterHub's proxy: install {MINIMUM_NODE} or later.")
    script = Path("node_modules", PROXY, "bin", PROXY)
    for folder in (site.proxy, hub_files()):
        if (folder / script).is_file():
            return [node, str(folder / script)]
    installed = shutil.which(PROXY)
    if installed is not None:
        return [installed]
    if not install:
        raise CourseError(f"There is no {PROXY}: npm ci --prefix hub.")
    npm = shutil.which("npm")
    if npm is None:
        raise CourseError(f"There is no npm to install {PROXY} with: apt install npm.")
    site.proxy.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(hub_files() / name, site.proxy / name)
    _run([npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--silent"], "check the network", folder=site.proxy)
    return [node, str(site.proxy / script)]


def _run(command: Sequence[str], fix: str, *, folder: Path | None = None, accept: int = 0) -> None:
    """Runs a command whose output files others must be able to read. Raises CourseError above exit code `accept`."""
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, umask=0o022)
    if result.returncode > accept:
        errors = (result.stderr or result.stdout).strip().splitlines()
        errors = [line for line in errors if "WARNING" not in line] or [f"exit code {result.returncode}"]
        raise CourseError(f"`{' '.join(command[:5])} …` failed ({errors[-1]}): {fix}.")
