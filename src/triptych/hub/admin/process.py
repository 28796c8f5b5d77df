"""Starting and stopping the hub's process, and its REST API."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from triptych.files import remove
from triptych.hub.admin.accounts import account
from triptych.hub.admin.site import Settings, Site
from triptych.hub.singleuser.cgroups import Groups
from triptych.model.course import CourseError

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 60.0
KILL_TIMEOUT_S = 10.0


class Api:
    """The hub's REST API, with the token of the service `triptych`. Errors are raised as CourseError."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.Client(
            base_url=settings.api, headers={"Authorization": f"token {settings.token}"}, timeout=30, trust_env=False
        )

    def users(self) -> Iterator[dict[str, Any]]:
        """All users of the hub, requested page by page."""
        offset = 0
        while page := self._request("GET", "/users", params={"offset": offset, "limit": 100}):
            yield from page
            offset += len(page)

    def post(self, path: str, content: object) -> None:
        """Posts `content` as JSON."""
        self._request("POST", path, json=content)

    def _request(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._client.request(method, path, **options)
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            reason = " ".join(error.response.text.split())[:200]
            raise CourseError(
                f"The hub refused {method} {path} ({reason}): see its log, or restart it with `triptych hub down` and "
                "`triptych hub up`."
            ) from error
        except httpx.HTTPError as error:
            raise CourseError(f"The hub does not answer ({error}): see its log, or run `triptych hub up`.") from error
        return response.json() if response.content else None


def free_port(taken: set[int], preferred: int = 0) -> int:
    """Finds a free port on the loopback interface.

    Args:
        taken: ports to avoid.
        preferred: the port to return if it is free.

    Raises:
        CourseError: there is no free port.
    """
    for candidate in (preferred, *([0] * 20)):
        with socket.socket() as attempt, contextlib.suppress(OSError):
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(("127.0.0.1", candidate))
            port = int(attempt.getsockname()[1])
            if port not in taken:
                return port
    raise CourseError("This machine has no free port: end the programs that use them.")


def running(site: Site) -> int | None:
    """The process id of the hub, None if it is not running."""
    try:
        pid = int(site.pid_file.read_text())
        command = Path("/proc", str(pid), "cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(site.private / "jupyterhub_config.py").encode() in command else None


def start(site: Site, settings: Settings) -> None:
    """Starts the hub and waits until its login page is served.

    Raises:
        CourseError: the hub ended or did not answer in time; the message quotes the last error in its log.
    """
    environment = Path(settings.environment) / "bin"
    variables = {
        "PATH": f"{environment}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": os.environ.get("HOME", "/root"),
        "LANG": "C.UTF-8",
    }
    with site.log.open("ab") as log:
        os.fchmod(log.fileno(), 0o600)
        process = subprocess.Popen(
            [str(environment / "jupyterhub"), "--config", str(site.private / "jupyterhub_config.py")],
            cwd=site.private,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o022,
            preexec_fn=_accept_interrupts,  # noqa: PLW1509  # this process has no threads
        )
    site.pid_file.write_text(str(process.pid))
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            site.pid_file.unlink(missing_ok=True)
            raise CourseError(f"The hub ended at once ({_last_error(site)}): see {site.log}.")
        with contextlib.suppress(httpx.HTTPError):
            # through the proxy, whose certificate need not be one that this machine trusts
            page = httpx.get(f"{settings.address}/hub/login", verify=False, trust_env=False, timeout=5)  # noqa: S501
            if page.status_code == 200:
                return
        time.sleep(0.2)
    raise CourseError(f"The hub did not answer within {START_TIMEOUT_S:.0f} s ({_last_error(site)}): see {site.log}.")


def _accept_interrupts() -> None:
    """A shell's `&` makes its processes ignore SIGINT. The hub's servers inherit that, and are stopped with SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _last_error(site: Site) -> str:
    lines = site.log.read_text(errors="replace").splitlines()[-60:] if site.log.is_file() else []
    errors = [line for line in lines if "Error" in line or line.startswith(("[E ", "[C "))]
    return errors[-1].strip()[:200] if errors else "no error in its log"


def stop(site: Site, settings: Settings) -> bool:
    """Stops the hub with all servers and the proxy, and removes what they leave behind.

    Returns:
        Whether the hub was running.
    """
    pid = running(site)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while running(site) is not None and time.monotonic() < deadline:
            _reap(pid)
            time.sleep(0.1)
        if running(site) is not None:
            os.kill(pid, signal.SIGKILL)
            _reap(pid)
    _stop_proxy(site)
    Groups(settings.group_name).remove()
    with contextlib.suppress(OSError):
        remove(Path(settings.runtime_folder))
    site.pid_file.unlink(missing_ok=True)
    return pid is not None


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _stop_proxy(site: Site) -> None:
    """Stops the proxy of a hub that was killed."""
    file = site.private / "proxy.pid"
    with contextlib.suppress(OSError, ValueError):
        pid = int(file.read_text())
        if b"configurable-http-proxy" in Path("/proc", str(pid), "cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)
    file.unlink(missing_ok=True)


def end_processes(user: str) -> None:
    """Kills all processes of an account, before the account is removed."""
    entry = account(user)
    deadline = time.monotonic() + KILL_TIMEOUT_S
    while entry is not None and time.monotonic() < deadline:
        processes = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _runs_as(path, entry.pw_uid)]
        if not processes:
            return
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _runs_as(process: Path, uid: int) -> bool:
    """Whether any of a process's user ids is `uid`; False for a zombie, which cannot be killed."""
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return False
    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return str(uid) in fields.get("Uid", "").split() and not fields.get("State", "").startswith("Z")
