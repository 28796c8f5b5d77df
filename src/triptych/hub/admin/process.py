"""Starting and stopping the hub, and talking to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from triptych.hub.admin.accounts import account
from triptych.hub.admin.site import Settings, Site
from triptych.hub.singleuser.cgroups import Groups
from triptych.model.course import CourseError

STARTS_IN = 90.0
STOPS_IN = 60.0


class Api:
    """The hub's REST API, with the token of the service `triptych`."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.Client(
            base_url=settings.api, headers={"Authorization": f"token {settings.token}"}, timeout=30, trust_env=False
        )

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params=query)

    def post(self, path: str, content: object = None) -> Any:
        return self._ask("POST", path, json={} if content is None else content)

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path)

    def users(self) -> Iterator[dict[str, Any]]:
        """Everyone the hub knows, page by page."""
        offset = 0
        while page := self.get("/users", offset=offset, limit=100):
            yield from page
            offset += len(page)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._client.request(method, path, **more)
            answer.raise_for_status()
        except httpx.HTTPStatusError as error:
            said = " ".join(error.response.text.split())[:200]
            raise CourseError(
                f"The hub refused {method} {path} ({said}): see its log, or start it anew with `triptych hub down` "
                "and `triptych hub up`."
            ) from error
        except httpx.HTTPError as error:
            raise CourseError(f"The hub does not answer ({error}): see its log, or `triptych hub up`.") from error
        return answer.json() if answer.content else None


def free_port(taken: set[int], wish: int = 0) -> int:
    """A free port on loopback: `wish` when it is, else another."""
    for port in (wish, *([0] * 20)):
        with socket.socket() as attempt, contextlib.suppress(OSError):
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(("127.0.0.1", port))
            found = int(attempt.getsockname()[1])
            if found not in taken:
                return found
    raise CourseError("No free port on this machine: end what uses them all.")


def running(site: Site) -> int | None:
    """The number of the hub's process."""
    try:
        pid = int(site.pid_file.read_text())
        command = Path("/proc", str(pid), "cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(site.private / "jupyterhub_config.py").encode() in command else None


def start(site: Site, settings: Settings) -> None:
    """Starts the hub and waits until it and its proxy answer. Raises CourseError with the log's last error."""
    environment = Path(settings.environment) / "bin"
    command = [str(environment / "jupyterhub"), "--config", str(site.private / "jupyterhub_config.py")]
    variables = {
        "PATH": f"{environment}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": os.environ.get("HOME", "/root"),
        "LANG": "C.UTF-8",
    }
    with site.log.open("ab") as log:
        os.fchmod(log.fileno(), 0o600)
        process = subprocess.Popen(
            command,
            cwd=site.private,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o022,
            preexec_fn=_listen_to_interrupts,  # noqa: PLW1509  # nothing here has threads
        )
    site.pid_file.write_text(str(process.pid))
    wait_until_up(site, settings, process)


def _listen_to_interrupts() -> None:
    """Started behind a script's `&` one ignores them, and so would the servers, which are stopped with them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until_up(site: Site, settings: Settings, process: subprocess.Popen[bytes] | None = None) -> None:
    until = time.monotonic() + STARTS_IN
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            site.pid_file.unlink(missing_ok=True)
            raise CourseError(f"The hub ended at once ({_complaint(site)}): see {site.log}.")
        with contextlib.suppress(httpx.HTTPError):
            # through the proxy, which may be https with a certificate of one's own
            page = httpx.get(f"{settings.address}/hub/login", verify=False, trust_env=False, timeout=5)  # noqa: S501
            if page.status_code == 200:
                return
        time.sleep(0.2)
    raise CourseError(f"The hub did not answer within {STARTS_IN:.0f} s ({_complaint(site)}): see {site.log}.")


def _complaint(site: Site) -> str:
    lines = site.log.read_text(errors="replace").splitlines()[-60:] if site.log.is_file() else []
    errors = [line for line in lines if "Error" in line or line.startswith(("[E ", "[C "))]
    return errors[-1].strip()[:200] if errors else "no error in its log"


def stop(site: Site, settings: Settings) -> bool:
    """Stops servers, hub and proxy, and ends what is left of them. True when a hub was running."""
    pid = running(site)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + STOPS_IN
        while running(site) is not None and time.monotonic() < until:
            _reap(pid)
            time.sleep(0.1)
        if running(site) is not None:
            os.kill(pid, signal.SIGKILL)
            _reap(pid)
    _stop_proxy(site)
    Groups(settings.group_name).remove()
    shutil.rmtree(settings.runtime_folder, ignore_errors=True)
    site.pid_file.unlink(missing_ok=True)
    return pid is not None


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _stop_proxy(site: Site) -> None:
    """A hub that was killed leaves its proxy behind."""
    file = site.private / "proxy.pid"
    with contextlib.suppress(OSError, ValueError):
        pid = int(file.read_text())
        if b"configurable-http-proxy" in Path("/proc", str(pid), "cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)
    file.unlink(missing_ok=True)


def end_processes(user: str) -> None:
    """Ends everything that an account runs: before the account is removed."""
    entry = account(user)
    if entry is None:
        return
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = [path for path in Path("/proc").iterdir() if path.name.isdecimal() and _is_of(path, entry.pw_uid)]
        if not found:
            return
        for path in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.name), signal.SIGKILL)
        time.sleep(0.05)


def _is_of(process: Path, user: int) -> bool:
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return False
    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return str(user) in fields.get("Uid", "").split() and not fields.get("State", "").startswith("Z")
