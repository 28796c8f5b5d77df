"""The course environment that everybody on the hub shares, and the proxy. Made once, readable by all, writable by root.

From the system's own Python: one that lies in somebody's home cannot be run by others.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from triptych.hub.admin.site import Site
from triptych.model.course import CourseError

PACKAGE = Path(__file__).resolve().parents[2]
PROXY = "configurable-http-proxy"
#: What the proxy and all that it brings ask for (hub/package-lock.json).
OLDEST_NODE = 18


def project() -> Path | None:
    """The checkout that this package lies in; None when it was installed from a wheel."""
    root = PACKAGE.parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "hub").is_dir() else None


def files() -> Path:
    """The folder `hub/` of the project: configuration, proxy's lock, templates."""
    root = project()
    return root / "hub" if root else PACKAGE / "hub" / "files"


def make_environment(site: Site) -> bool:
    """Makes or renews `env/` when the lock or the package has changed. True when it did.

    Raises CourseError when there is no checkout to make it from, or pip fails.
    """
    root = project()
    if root is None:
        if (site.environment / "bin" / "jupyterhub").is_file():
            return False
        raise CourseError(
            "This triptych was not installed from its checkout, so it has no list of packages to install: "
            "run `hub up` in the checkout, or name a ready environment with --environment."
        )
    lock = root / "requirements-hub.txt"
    state = hashlib.sha256()
    for path in [lock, root / "pyproject.toml", *sorted((root / "src").rglob("*.py"))]:
        state.update(path.read_bytes())
    stamp = site.environment / ".triptych"
    if stamp.is_file() and stamp.read_text() == state.hexdigest():
        return False
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        raise CourseError("There is no /usr/bin/python3 to make the course environment from: apt install python3-venv.")
    stamp.unlink(missing_ok=True)
    if not (site.environment / "bin" / "pip").is_file():
        _run([python, "-m", "venv", str(site.environment)], "apt install python3-venv")
    pip = [str(site.environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _run([*pip, "--require-hashes", "--requirement", str(lock)], "is the network there?")
    _run([*pip, "--no-deps", "--no-build-isolation", "--force-reinstall", str(root)], "see pip's own words")
    _run([str(site.environment / "bin" / "python"), "-m", "compileall", "-q", str(site.environment / "lib")], "", ok=2)
    stamp.write_text(state.hexdigest())
    return True


def use_environment(path: Path) -> Path:
    """A ready environment that was named. Raises CourseError when it lacks what a hub needs."""
    for command in ("python", "jupyterhub", "jupyterhub-singleuser", "nbgrader", "triptych"):
        if not (path / "bin" / command).exists():
            raise CourseError(f"{path} has no bin/{command}: install triptych[hub] into it, or name another one.")
    return path


def closed_to_others(path: Path) -> Path | None:
    """The first folder on the way to `path` that others may not enter."""
    for folder in (*reversed(path.parents), path):
        mode = folder.stat().st_mode
        if stat.S_ISDIR(mode) and not mode & stat.S_IXOTH:
            return folder
    return None


def require_open(environment: Path) -> None:
    """Students' accounts must be able to run the environment's Python. Raises CourseError when they cannot."""
    for path in (environment.resolve(), (environment / "bin" / "python").resolve()):
        if folder := closed_to_others(path):
            raise CourseError(
                f"Students cannot run {environment / 'bin' / 'python'}, because {folder} is closed to them: make the "
                "environment from the system's Python (/usr/bin/python3 -m venv) in an open place."
            )


def find_proxy(site: Site, *, install: bool = True) -> list[str]:
    """The proxy's command; installed from the lock in `hub/` when the machine has none.

    Raises CourseError when there is no Node or npm to do it with (without `install`: no proxy).
    """
    node = shutil.which("node")
    if node is None:
        raise CourseError("There is no Node.js, which JupyterHub's proxy runs on: apt install nodejs npm.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if int(version.lstrip("v").partition(".")[0] or 0) < OLDEST_NODE:
        raise CourseError(f"Node.js {version} is too old for JupyterHub's proxy: install {OLDEST_NODE} or later.")
    for candidate in (site.proxy, files()):
        script = candidate / "node_modules" / PROXY / "bin" / PROXY
        if script.is_file():
            return [node, str(script)]
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
        shutil.copyfile(files() / name, site.proxy / name)
    _run([npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--silent"], "is the network there?", folder=site.proxy)
    return [node, str(site.proxy / "node_modules" / PROXY / "bin" / PROXY)]


def _run(command: Sequence[str], fix: str, *, folder: Path | None = None, ok: int = 0) -> None:
    # whatever umask root has, others must be able to read this
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, umask=0o022)
    if ran.returncode > ok:
        said = [line for line in (ran.stderr or ran.stdout).strip().splitlines() if "WARNING" not in line]
        raise CourseError(f"`{' '.join(command[:5])} …` failed ({said[-1] if said else ran.returncode}): {fix}.")
