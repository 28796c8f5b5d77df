"""A real hub for the tests, run as root: real accounts of an instructor and students, removed afterwards.

Students' accounts must be able to run this Python and this package. If these lie in root's home, the hub gets a mount
namespace that makes them reachable, and nothing else.
"""

from __future__ import annotations

import contextlib
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from courses import FORWARD, edit, scratch
from hub_browser import Browser
from nbformat import NotebookNode

from triptych.hub.admin.accounts import read_passwords, remove_account
from triptych.hub.admin.environment import closed_to_others
from triptych.hub.admin.process import end_processes, free_port
from triptych.hub.admin.site import Settings, Site
from triptych.model.chapter import Role, role_of
from triptych.model.course import Course, CourseError

BIN = Path(sys.prefix) / "bin"
PROJECT = Path(__file__).resolve().parents[1]
#: the course id in the project's nbgrader_config.py
COURSE_ID = "triptych"
NOTEBOOK = f"{COURSE_ID}/{FORWARD}/{FORWARD}.ipynb"
RIGHT = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2"
WRONG = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, dx1 * dx2"
SUM = "def sum_jvp(x1, dx1, x2, dx2):\n    return x1 + x2, dx1 + dx2"


def two_exercises(notebook: NotebookNode) -> None:
    """Shortens a chapter to two exercises, so that it runs quickly."""
    keep = ("mul_jvp", "sum_jvp")
    notebook.cells = [
        cell
        for number, cell in enumerate(notebook.cells)
        if number == 0  # the title
        or role_of(cell) in (Role.SETUP, Role.STUDENT_SIDE)
        or cell.id.startswith(keep)
        or (cell.cell_type == "markdown" and any(name in cell.source for name in keep))
    ]


def fill(browser: Browser, **answers: str) -> None:
    """Enters answers into the fetched notebook and saves it."""
    notebook = browser.read(NOTEBOOK)
    for cell in notebook["cells"]:
        if cell.get("id") in answers:
            cell["source"] = answers[cell["id"]]
    browser.write(NOTEBOOK, notebook)


def reachable(command: Sequence[str]) -> list[str]:
    """The command line that runs `command` where all users can reach this Python, its packages and this package."""
    needed = [Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), PROJECT / "src", PROJECT / "hub"]
    closed = sorted({folder for path in needed if (folder := closed_to_others(path.resolve()))})
    if not closed:
        return list(command)
    steps = ["mount --make-rprivate /", "mount -t tmpfs none /mnt"]
    hidden = [path for path in needed if any(path.is_relative_to(folder) for folder in closed)]
    for number, path in enumerate(hidden):
        steps += [f"mkdir /mnt/{number}", f"mount --bind {shlex.quote(str(path))} /mnt/{number}"]
    for folder in closed:
        steps.append(f"mount -t tmpfs -o mode=755 none {shlex.quote(str(folder))}")
    for number, path in enumerate(hidden):
        steps += [f"mkdir -p {shlex.quote(str(path))}", f"mount --bind /mnt/{number} {shlex.quote(str(path))}"]
    steps.append(f"umount -R /mnt && cd / && exec {shlex.join(command)}")
    return ["unshare", "--mount", "sh", "-c", " && ".join(steps)]


class Workshop:
    """One hub with its users; `close` removes everything."""

    def __init__(self, course: Course, students: Sequence[str]) -> None:
        self.course = course
        self.tag = f"tth{secrets.token_hex(3)}"
        self.instructor = self.name("noether")
        self.students = [self.name(student) for student in students]
        self.site = Site(Path(tempfile.mkdtemp(prefix="triptych-hub-test-", dir="/var/tmp")))
        self.port = free_port(set())
        self.browsers: dict[str, Browser] = {}

    def name(self, short: str) -> str:
        """An account name that is not in use on this machine."""
        return f"{self.tag}-{short}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return self.site.load()

    def enter_all(self, *users: str) -> list[Browser]:
        """Browsers of several users who log in at the same time."""
        with ThreadPoolExecutor() as pool:
            return list(pool.map(self.enter, users))

    def home(self, user: str) -> Path:
        return Path("/home", user)

    def roster(self) -> Path:
        path = self.course.root / "roster.csv"
        lines = [f"{self.instructor},instructor,Emmy,Noether,", *(f"{user},student,,," for user in self.students)]
        path.write_text("user,role,first_name,last_name,email\n" + "\n".join(lines) + "\n", encoding="utf-8")
        return path

    def triptych(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs `triptych hub …` as root."""
        command = reachable([str(BIN / "triptych"), "hub", *arguments, "--folder", str(self.site.folder)])
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.course.root)
        if check and result.returncode:
            log = self.site.log.read_text(errors="replace")[-3000:] if self.site.log.is_file() else ""
            raise AssertionError(f"triptych hub {arguments[0]}: {result.stdout}\n{result.stderr}\n{log}")
        return result

    def up(self, *arguments: str) -> str:
        return self.triptych(
            "up",
            *("--roster", str(self.roster()), "--course", str(self.course.root)),
            *("--environment", sys.prefix, "--address", f"127.0.0.1:{self.port}", *arguments),
        ).stdout

    def enter(self, user: str) -> Browser:
        """A browser of `user`, logged in with the first password, with a running server."""
        if user not in self.browsers:
            browser = Browser(self.address, user)
            browser.log_in(read_passwords(self.site)[user])
            self.browsers[user] = browser
        self.browsers[user].start_server()
        return self.browsers[user]

    def close(self) -> None:
        for browser in self.browsers.values():
            browser.close()
        self.browsers.clear()
        if self.site.private.is_dir():
            self.triptych("down", "--remove-users", "--yes", check=False)
        # anything that a broken `down` has left
        for user in [self.instructor, *self.students]:
            with contextlib.suppress(CourseError):
                end_processes(user)
                remove_account(user)
        shutil.rmtree(self.site.folder, ignore_errors=True)


@contextlib.contextmanager
def workshop(folder: Path, students: Sequence[str] = ("ada", "ben")) -> Iterator[Workshop]:
    """A running hub with a chapter of two exercises released."""
    course = scratch(folder / "course")
    edit(course.notebook(FORWARD), two_exercises)
    course.root.chmod(0o700)
    hub = Workshop(course, students)
    try:
        hub.up(FORWARD)
        yield hub
    finally:
        hub.close()
