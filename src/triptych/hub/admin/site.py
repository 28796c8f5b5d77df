"""The places of a hub on a machine, and the settings that `hub up` decided on."""

from __future__ import annotations

import dataclasses
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from triptych.files import write_whole
from triptych.model.course import CourseError

DEFAULT_FOLDER = Path("/srv/triptych-hub")


@dataclass
class Settings:
    """What `hub up` decided. Kept in `hub/settings.json`, which only root may read, because it holds tokens."""

    course_id: str
    #: the course folder, in the instructor's home
    course_root: str
    instructor: str
    students: list[str]
    environment: str
    exchange: str
    #: the proxy's command
    proxy: list[str]
    course_title: str = ""
    #: the address that users connect to
    host: str = "127.0.0.1"
    port: int = 8000
    #: free ports on the loopback interface
    hub_port: int = 8081
    proxy_port: int = 8001
    certificate: str = ""
    key: str = ""
    #: firstuse, shared-password, or file (hub/authenticator.py)
    login: str = "firstuse"
    shared_password: str = ""
    #: for one user's server and kernels together
    memory_bytes: int = 2 * 2**30
    cpus: float = 2.0
    processes: int = 400
    #: seconds without activity after which a server or kernel is stopped
    idle_server: int = 3600
    idle_kernel: int = 1800
    token: str = field(default_factory=lambda: secrets.token_hex(32))
    proxy_token: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def everyone(self) -> list[str]:
        """The users on the roster, the instructor first."""
        return [self.instructor, *self.students]

    @property
    def released(self) -> list[str]:
        """The chapters in the exchange."""
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
        """The hub's control group. Not `triptych-…`: graders remove empty groups of such names."""
        return f"workshop-{self.port}"

    @property
    def runtime_folder(self) -> str:
        """The folder of the kernels' sockets."""
        return f"/run/workshop-{self.port}"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.hub_port}/hub/api"


class Site:
    """The folders and files of one hub on one machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: the course environment and the proxy: everyone may read them, root alone may write
        self.environment = folder / "env"
        self.proxy = folder / "proxy"
        #: configuration that the students' and the instructor's servers read
        self.etc = folder / "etc"
        #: nbgrader's exchange
        self.exchange = folder / "exchange"
        #: only root may enter: configuration, database, tokens, passwords, log
        self.private = folder / "hub"
        self.settings_file = self.private / "settings.json"
        #: the fonts and colours of the hub's own pages
        self.house_style = self.private / "house.css"
        self.log = self.private / "hub.log"
        self.pid_file = self.private / "hub.pid"
        #: the roster of the last `hub up`
        self.roster = self.private / "roster.csv"
        #: the first passwords, for the instructor to hand out; their hashes, for firstuseauthenticator
        self.passwords = self.private / "passwords.csv"
        self.password_store = self.private / "passwords.dbm"
        self._created_accounts_file = self.private / "made_accounts"

    @property
    def created_accounts(self) -> list[str]:
        """The Unix accounts that `hub up` created and `hub down --remove-users` may remove."""
        file = self._created_accounts_file
        return file.read_text().split() if file.is_file() else []

    def record_account(self, user: str) -> None:
        """Records an account as created. Written at once, so that an interrupted run is known too."""
        with self._created_accounts_file.open("a") as file:
            file.write(f"{user}\n")

    def load(self) -> Settings:
        """Reads the settings.

        Raises:
            CourseError: there is no hub in this folder, or its settings cannot be read.
        """
        try:
            return Settings(**json.loads(self.settings_file.read_text(encoding="utf-8")))
        except PermissionError as error:
            raise CourseError(f"Only root may read {self.private}: run this with sudo.") from error
        except FileNotFoundError as error:
            raise CourseError(
                f"{self.folder} holds no hub: create one with `triptych hub up`, or name its folder with --folder."
            ) from error
        except (ValueError, TypeError) as error:
            raise CourseError(
                f"{self.settings_file} cannot be read ({error}): delete it and run `triptych hub up` again."
            ) from error

    def save(self, settings: Settings) -> None:
        """Writes the settings, readable by root alone."""
        write_whole(self.settings_file, json.dumps(dataclasses.asdict(settings), indent=1) + "\n", 0o600)
