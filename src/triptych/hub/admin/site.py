"""Where a hub's things are on a machine, and what was decided about it.

folder/env/        the course environment, read-only for everyone
folder/proxy/      configurable-http-proxy
folder/etc/        what students' and the instructor's servers read
folder/exchange/   nbgrader's exchange
folder/hub/        root's own: configuration, database, tokens, passwords, log
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from triptych.model.course import CourseError

DEFAULT_FOLDER = Path("/srv/triptych-hub")


@dataclass
class Settings:
    """What `hub up` decided. Kept in `folder/hub/settings.json`, which only root may read: it holds tokens."""

    course_id: str
    #: the course folder, in the instructor's home
    course_root: str
    instructor: str
    students: list[str]
    environment: str
    exchange: str
    #: the proxy's command
    proxy: list[str]
    #: where people connect
    host: str = "127.0.0.1"
    port: int = 8000
    #: on loopback, chosen free
    hub_port: int = 8081
    proxy_port: int = 8001
    certificate: str = ""
    key: str = ""
    #: firstuse, shared-password, or file (hub/authenticator.py says how)
    login: str = "firstuse"
    shared_password: str = ""
    #: for one person's server and kernels together
    memory_bytes: int = 2 * 2**30
    cpus: float = 2.0
    processes: int = 400
    #: seconds
    idle_server: int = 3600
    idle_kernel: int = 1800
    token: str = field(default_factory=lambda: secrets.token_hex(32))
    proxy_token: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def everyone(self) -> list[str]:
        return [self.instructor, *self.students]

    @property
    def released(self) -> list[str]:
        """Chapters that are in the exchange."""
        outbound = Path(self.exchange) / self.course_id / "outbound"
        return sorted(path.name for path in outbound.iterdir() if path.is_dir()) if outbound.is_dir() else []

    @property
    def address(self) -> str:
        """The address to type into a browser on this machine."""
        scheme = "https" if self.certificate else "http"
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104
        return f"{scheme}://{host}:{self.port}"

    @property
    def group_name(self) -> str:
        """The hub's control group. (Graders sweep away empty groups called triptych-….)"""
        return f"workshop-{self.port}"

    @property
    def runtime_folder(self) -> str:
        return f"/run/workshop-{self.port}"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.hub_port}/hub/api"


@dataclass(frozen=True)
class Site:
    """One hub on one machine."""

    folder: Path

    @property
    def environment(self) -> Path:
        return self.folder / "env"

    @property
    def proxy(self) -> Path:
        return self.folder / "proxy"

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def exchange(self) -> Path:
        return self.folder / "exchange"

    @property
    def private(self) -> Path:
        return self.folder / "hub"

    @property
    def log(self) -> Path:
        return self.private / "hub.log"

    @property
    def pid_file(self) -> Path:
        return self.private / "hub.pid"

    @property
    def passwords(self) -> Path:
        """The table that the instructor hands out."""
        return self.private / "passwords.csv"

    @property
    def roster(self) -> Path:
        """The roster of the last `hub up`."""
        return self.private / "roster.csv"

    @property
    def password_store(self) -> Path:
        """What firstuseauthenticator reads."""
        return self.private / "passwords.dbm"

    @property
    def settings_file(self) -> Path:
        return self.private / "settings.json"

    @property
    def made_accounts(self) -> list[str]:
        """Unix accounts that `hub up` made, and so `hub down --remove-users` may take away."""
        file = self.private / "made_accounts"
        return file.read_text().split() if file.is_file() else []

    def note_made(self, user: str) -> None:
        """Enters an account as made; at once, so that a run that is cut off knows it too."""
        with (self.private / "made_accounts").open("a") as file:
            file.write(f"{user}\n")

    def load(self) -> Settings:
        """Raises CourseError when there is no hub in this folder, or one may not look."""
        try:
            return Settings(**json.loads(self.settings_file.read_text(encoding="utf-8")))
        except PermissionError as error:
            raise CourseError(f"{self.private} is root's own: run this as root (sudo).") from error
        except FileNotFoundError as error:
            raise CourseError(
                f"{self.folder} holds no hub: make one with `triptych hub up`, or name its folder with --folder."
            ) from error
        except (ValueError, TypeError) as error:
            raise CourseError(
                f"{self.settings_file} cannot be read ({error}): delete it and run `triptych hub up` again."
            ) from error

    def save(self, settings: Settings) -> None:
        write_private(self.settings_file, json.dumps(dataclasses.asdict(settings), indent=1) + "\n")


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file whole or not at all, with `mode` from the first byte."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
    partial.replace(path)
