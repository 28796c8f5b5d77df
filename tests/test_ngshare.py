"""The real ngshare behind a real hub, with the lines of docs/hub-at-scale.md: release to feedback, and what a student
may not do there. The hub's login decides whose a submission is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from courses import FORWARD, cell, edit, scratch, shortened
from hub_browser import Browser
from nbgrader.utils import parse_utc
from needs import REQUIRE_ALL, needs_proxy

from triptych.build.release import release_chapter
from triptych.course import Course
from triptych.grade.run import grade
from triptych.hub import process
from triptych.hub.environment import find_proxy
from triptych.hub.lay import NBGRADER_COMMON
from triptych.hub.site import Settings, Site, write_private

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from environment import locked  # type: ignore[attr-defined]

pytestmark = [needs_proxy, pytest.mark.slow, pytest.mark.xdist_group("ngshare")]

PROJECT = Path(__file__).parents[1]
SECTION = (
    (PROJECT / "docs" / "hub-at-scale.md")
    .read_text(encoding="utf-8")
    .split("## Without a shared volume: ngshare\n", 1)[1]
    .split("\n## ", 1)[0]
)
COURSE, PASSWORD = "triptych", "ada's grandmother"
RIGHT = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2"
WRONG = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, dx1 * dx2"


def python_after(words: str) -> str:
    """The Python block of the page's section after some words: what is tested is what it says."""
    return re.findall(r"(?s)```python\n(.*?)```", SECTION.split(words, 1)[1])[0]


# --- ngshare's two environments ---------------------------------------------------------------------


def install(folder: Path, lock: Path, wanted: dict[str, str]) -> None:
    """Installs these packages of a lock into a folder, as the page does: no dependencies, hashes required."""
    entries = re.split(r"(?m)^(?=[a-zA-Z0-9])", lock.read_text(encoding="utf-8"))
    chosen = [entry for entry in entries if entry.partition("==")[0].strip() in wanted]
    assert len(chosen) == len(wanted)
    part = folder.with_suffix(".txt")
    part.write_text("".join(chosen), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
    command = [*pip, "--no-deps", "--require-hashes", "--target", folder, "-r", part]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        (pytest.fail if REQUIRE_ALL else pytest.skip)(f"{part.name} cannot be installed: {ran.stderr[-500:]}")


def installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders to put before the packages of this environment: the service's, and what nbgrader's side adds.

    Of the service's lock only what is not here in the same version: the rest would cost a minute and be the same.
    """
    home = tmp_path_factory.mktemp("ngshare-packages")
    home.chmod(0o755)
    lock, exchange = PROJECT / "hub" / "ngshare" / "requirements.txt", PROJECT / "hub" / "ngshare" / "exchange.txt"
    other = {name: which for name, which in locked(lock).items() if installed(name) != which}
    assert {"ngshare", "sqlalchemy"} <= other.keys() and other["sqlalchemy"].startswith("1.4")
    with ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(install, home / "service", lock, other),
            pool.submit(install, home / "exchange", exchange, locked(exchange)),
        ]
    for job in jobs:
        job.result()
    return home / "service", home / "exchange"


# --- a hub with ngshare behind it --------------------------------------------------------------------


class Desk:
    """Somebody's server as far as nbgrader sees it: their token, their files, and nbgrader's own commands."""

    #: Commands come as lines of JSON, so that nbgrader is imported once a person and not once a command.
    LOOP = """
import contextlib, io, json, sys, traceback
from jupyter_core.application import JupyterApp
from nbgrader.apps.nbgraderapp import NbGraderApp
from ngshare_exchange import course_management
for line in sys.stdin:
    command, *arguments = json.loads(line)
    said, code = io.StringIO(), 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            if command == "nbgrader":
                JupyterApp.clear_instance()
                NbGraderApp.clear_instance()
                NbGraderApp.launch_instance(arguments)
            else:
                course_management.main(arguments)
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            code = 1
            traceback.print_exc()
    print(json.dumps([code, said.getvalue()]), flush=True)
"""

    def __init__(self, user: str, folder: Path, token: str, settings: Settings, etc: Path, packages: Path) -> None:
        self.user, self.folder, self.token = user, folder, token
        folder.mkdir(exist_ok=True)
        home = folder.parent / f"home-{user}"
        home.mkdir()
        self.variables = {
            "PATH": os.environ["PATH"], "HOME": str(home), "USER": user, "LANG": "C.UTF-8",
            "PYTHONPATH": str(packages), "JUPYTER_CONFIG_PATH": str(etc),
            "JUPYTERHUB_USER": user, "JUPYTERHUB_API_TOKEN": token, "JUPYTERHUB_API_URL": settings.api,
        }  # fmt: skip
        self.client = httpx.Client(
            base_url=f"{settings.address}/services/ngshare",
            headers={"Authorization": f"token {token}"},
            trust_env=False,
            timeout=60,
        )
        self._process: subprocess.Popen[str] | None = None

    def run(self, *command: str, **variables: str) -> str:
        """A command in this person's folder; what it logged. Fails when it fails."""
        if variables or self._process is None:
            process = subprocess.Popen(
                [sys.executable, "-c", self.LOOP],
                cwd=self.folder,
                env=self.variables | variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            if not variables:
                self._process = process
        else:
            process = self._process
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        code, said = json.loads(process.stdout.readline())
        if process is not self._process:
            process.communicate()
        assert code == 0, said
        return str(said)

    def close(self) -> None:
        self.client.close()
        if self._process is not None:
            self._process.communicate()

    @property
    def notebook(self) -> Path:
        return self.folder / COURSE / FORWARD / f"{FORWARD}.ipynb"


class Place:
    """The course, its hub, and a desk for everyone."""

    def __init__(self, course: Course, desks: dict[str, Desk]) -> None:
        self.course, self.desks = course, desks


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, packages: tuple[Path, Path]) -> Iterator[Place]:
    base = tmp_path_factory.mktemp("ngshare")
    course = scratch(base / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    release_chapter(course, FORWARD)
    site = Site(base / "site")
    site.private.mkdir(parents=True)
    ports: list[int] = []
    for _ in range(4):
        ports.append(process.free_port(set(ports)))
    settings = Settings(
        course_id=COURSE, course_root=str(course.root), instructor="noether", students=["ada", "ben"],
        environment=sys.prefix, exchange=str(base / "unused"), proxy=find_proxy(site, install=False),
        port=ports[0], hub_port=ports[1], proxy_port=ports[2], login="shared-password", shared_password=PASSWORD,
    )  # fmt: skip
    site.save(settings)
    configure_hub(site, base, packages[0], ports[3])
    etc = configure_nbgrader(base, settings)
    process.start(site, settings)
    desks: dict[str, Desk] = {}
    try:
        for user in settings.everyone:
            folder = course.root if user == settings.instructor else base / user
            desks[user] = Desk(user, folder, token(settings, user), settings, etc, packages[1])
        wait_for_ngshare(desks["noether"], site)
        yield Place(course, desks)
    finally:
        for desk in desks.values():
            desk.close()
        process.stop(site, settings)


def configure_hub(site: Site, base: Path, packages: Path, port: int) -> None:
    """The hub's own configuration with the page's lines at its end; the service with packages and store of our own."""
    store = base / "store"
    store.mkdir()
    lines = python_after("At the end of the hub's configuration:")
    for there, here in (
        ('"/srv/ngshare/env/bin/python"', f'"/usr/bin/env", "PYTHONPATH={packages}", {sys.executable!r}'),
        ("/srv/ngshare", str(store)),
        ("10101", str(port)),
        ('        "user": "ngshare",\n', ""),
    ):
        assert there in lines
        lines = lines.replace(there, here)
    text = (PROJECT / "hub" / "jupyterhub_config.py").read_text(encoding="utf-8")
    write_private(site.private / "jupyterhub_config.py", text + "\n" + lines)


def configure_nbgrader(base: Path, settings: Settings) -> Path:
    """What everyone's nbgrader reads: the hub's, with the page's lines at its end."""
    lines = python_after("At the end of the `nbgrader_config.py`")
    assert "http://127.0.0.1:8000/" in lines
    lines = lines.replace("http://127.0.0.1:8000", settings.address)
    etc = base / "etc"
    etc.mkdir()
    common = NBGRADER_COMMON.format(course_id=COURSE, exchange=settings.exchange)
    (etc / "nbgrader_config.py").write_text(common + lines, encoding="utf-8")
    return etc


def token(settings: Settings, user: str) -> str:
    """A token that may what the role `server` lets a person's server ask about themselves; got by logging in."""
    browser = Browser(settings.address, user)
    try:
        browser.log_in(PASSWORD)
        answer = browser.client.post(
            f"/hub/api/users/{user}/tokens",
            headers={"X-XSRFToken": browser.xsrf("/hub/")},
            json={"scopes": [f"read:users:name!user={user}", f"read:users:groups!user={user}"]},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])
    finally:
        browser.close()


def wait_for_ngshare(desk: Desk, site: Site) -> None:
    until = time.monotonic() + 60
    while desk.client.get("/healthz").status_code != 200:
        assert time.monotonic() < until, site.log.read_text()[-3000:]
        time.sleep(0.2)


def together(*work: Any) -> list[Any]:
    """Calls at the same time, as people do; what they gave."""
    with ThreadPoolExecutor() as pool:
        return [job.result() for job in [pool.submit(one) for one in work]]


@pytest.fixture(scope="module")
def trip(place: Place) -> dict[str, Any]:
    """Release, fetch, submit (and ben as ada), collect, grade, feedback: what each step said."""
    noether, ada, ben = (place.desks[user] for user in ("noether", "ada", "ben"))
    said: dict[str, Any] = {"began": datetime.now(UTC).replace(tzinfo=None)}
    noether.run("manage", "create_course", COURSE, "noether")
    for student in (ada, ben):
        noether.run("manage", "add_student", "--no-gb", COURSE, student.user)
    said["released"] = noether.run("nbgrader", "release_assignment", FORWARD)
    together(*(lambda desk=desk: desk.run("nbgrader", "fetch_assignment", FORWARD) for desk in (ada, ben)))
    said["fetched"] = [desk.notebook.is_file() for desk in (ada, ben)]
    for desk, text in ((ada, RIGHT), (ben, WRONG)):
        edit(desk.notebook, lambda made, text=text: cell(made, "mul_jvp").__setitem__("source", text))
    ada.run("nbgrader", "submit", FORWARD)
    # an earlier date and another's name, as a student's own code can write them
    (ben.notebook.parent / "timestamp.txt").write_text("2020-01-01 00:00:00.000000 UTC")
    said["as ada"] = ben.run("nbgrader", "submit", FORWARD, JUPYTERHUB_USER="ada", USER="ada")
    said["collected"] = noether.run("nbgrader", "collect", FORWARD)
    said["results"] = {result.student: result for result in grade(place.course, [FORWARD], box="none", jobs=1)}
    said["feedback released"] = noether.run("nbgrader", "release_feedback", FORWARD)
    ada.run("nbgrader", "fetch_feedback", FORWARD)
    return said


def test_what_is_released_is_fetched(trip: dict[str, Any], place: Place) -> None:
    assert trip["fetched"] == [True, True], trip["released"]
    mine = place.desks["noether"].client.get(f"/assignment/{COURSE}/{FORWARD}").json()
    stored = {file["path"] for file in mine["files"]}
    released = {
        str(path.relative_to(place.course.release / FORWARD)) for path in files_of(place.course.release / FORWARD)
    }
    assert stored == released and f"{FORWARD}.ipynb" in stored, "it is stored, not only said to be"


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_handed_in_is_collected_and_graded(trip: dict[str, Any]) -> None:
    ada, ben = trip["results"]["ada"], trip["results"]["ben"]
    assert (ada.score, ada.max_score) == (2, 2), trip["collected"]
    assert (ben.score, ben.max_score) == (0, 2)


def test_feedback_comes_back_to_its_owner(trip: dict[str, Any], place: Place) -> None:
    (page,) = (place.desks["ada"].folder / COURSE / FORWARD / "feedback").rglob("*.html")
    assert "mul_jvp" in page.read_text(encoding="utf-8"), trip["feedback released"]


def test_the_login_decides_whose_it_is(trip: dict[str, Any], place: Place) -> None:
    """Ben's code said that it was ada's; his token said otherwise."""
    assert "Submitted as" in trip["as ada"]
    listed = place.desks["noether"].client.get(f"/submissions/{COURSE}/{FORWARD}").json()["submissions"]
    assert sorted(entry["student_id"] for entry in listed) == ["ada", "ben"]
    for user, text in (("ada", RIGHT), ("ben", WRONG)):
        folder = place.course.submitted / user / FORWARD
        assert cell(nbformat.read(folder / f"{FORWARD}.ipynb", as_version=4), "mul_jvp").source == text


def test_the_servers_clock_decides_when_it_came(trip: dict[str, Any], place: Place) -> None:
    arrived = parse_utc((place.course.submitted / "ben" / FORWARD / "timestamp.txt").read_text().strip())
    assert trip["began"] < arrived < datetime.now(UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/submissions/{course}/{chapter}"),
        ("GET", "/submissions/{course}/{chapter}/ada"),
        ("GET", "/submission/{course}/{chapter}/ada"),
        ("GET", "/feedback/{course}/{chapter}/ada?timestamp=2026-01-01%2000:00:00.000000%20UTC"),
        ("POST", "/feedback/{course}/{chapter}/ada"),
        ("POST", "/assignment/{course}/other"),
        ("DELETE", "/assignment/{course}/{chapter}"),
        ("POST", "/instructor/{course}/ben"),
        ("POST", "/student/{course}/eve"),
        ("DELETE", "/student/{course}/ada"),
        ("GET", "/students/{course}"),
        ("POST", "/course/mine"),
        ("GET", "/initialize-Data6ase?action=dump"),
        ("GET", "/initialize-Data6ase?action=clear"),
    ],
)
def test_a_student_may_not(trip: dict[str, Any], place: Place, method: str, path: str) -> None:
    ben, noether = place.desks["ben"], place.desks["noether"]
    asked = path.format(course=COURSE, chapter=FORWARD)
    answer = ben.client.request(method, asked, params={"user": "ada"} if "?" not in path else None)
    assert answer.status_code == 403 and not answer.json()["success"], answer.text
    listed = noether.client.get(f"/submissions/{COURSE}/{FORWARD}").json()["submissions"]
    assert len(listed) == 2, "nothing was lost"


@pytest.mark.parametrize("path", ["../ben.txt", "/tmp/ben.txt", "a/../../ben.txt", ""])
def test_a_path_out_of_the_folder_is_refused(trip: dict[str, Any], place: Place, path: str) -> None:
    files = json.dumps([{"path": path, "content": "YQ=="}])
    answer = place.desks["ben"].client.post(f"/submission/{COURSE}/{FORWARD}", data={"files": files})
    assert answer.status_code == 400 and "Illegal path" in answer.text


def test_without_a_login_there_is_nothing(place: Place) -> None:
    for header in ({}, {"Authorization": "token of-my-own"}):
        answer = httpx.get(
            f"{place.desks['ben'].client.base_url}courses", headers=header, params={"user": "ada"}, trust_env=False
        )
        assert answer.status_code in (302, 403), answer.text
        assert "courses" not in answer.text


# --- the lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements", "exchange"])
def test_the_locks_hold_hashes_and_no_registry(name: str) -> None:
    text = (PROJECT / "hub" / "ngshare" / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text and text.count("--hash=") > text.count("==")
    wanted = (PROJECT / "hub" / "ngshare" / f"{name}.in").read_text(encoding="utf-8")
    for pinned in re.findall(r"(?m)^(\S+==\S+)$", wanted):
        assert f"{pinned} \\\n" in text, "make lock"


def test_the_page_and_the_lists_agree() -> None:
    for name in ("requirements", "exchange"):
        assert f"-r hub/ngshare/{name}.txt" in SECTION
    assert "pip install --no-deps --require-hashes -r hub/ngshare/exchange.txt" in SECTION
    assert shutil.which("nbgrader") and "sqlalchemy<2" in SECTION
