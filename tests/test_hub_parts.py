"""The parts of the hub that need no running hub: roster, settings, control groups, units, Validate, the course page."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from courses import FORWARD, cell, edit, scratch
from hub_workshop import RIGHT
from nbformat import NotebookNode
from needs import needs, needs_root

from triptych.build.release import release_chapter
from triptych.files import replacing, write_whole
from triptych.hub.admin import up
from triptych.hub.admin.accounts import random_password, refuse_system_accounts
from triptych.hub.admin.site import Settings, Site
from triptych.hub.admin.systemd import write_units
from triptych.hub.cli import split_address
from triptych.hub.exchange import listing
from triptych.hub.roster import as_csv, read_roster
from triptych.hub.singleuser import course_page, progress, validate_notebook
from triptych.hub.singleuser.cgroups import Groups
from triptych.model.cell_names import bound_names
from triptych.model.chapter import Role, chapter_from
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook

PROJECT = Path(__file__).parents[1]


def site_with(folder: Path, settings: Settings) -> Site:
    site = Site(folder)
    site.private.mkdir(parents=True)
    site.save(settings)
    return site


# --- roster ------------------------------------------------------------------------------------------


def roster(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_roster_is_read() -> None:
    example = read_roster(PROJECT / "hub" / "roster.example.csv")
    assert example.instructor.user == "noether" and [student.user for student in example.students] == ["ada", "blaise"]


def test_a_written_roster_is_read_as_the_same_roster(tmp_path: Path) -> None:
    original = read_roster(roster(tmp_path, '\ufeffuser,role,first_name\nn,instructor,"Emmy, née"\nada,,Ada\n'))
    assert original.instructor.first_name == "Emmy, née"
    assert read_roster(roster(tmp_path, as_csv(original))) == original


@needs_root
def test_up_reuses_the_last_roster_and_chapters(tmp_path: Path) -> None:
    site, course = Site(tmp_path / "site"), scratch(tmp_path / "course", [FORWARD, "04_graphs"])
    site.private.mkdir(parents=True)
    with pytest.raises(CourseError, match="--roster"):
        up.roster_file(site, None)
    assert up.chapters_to_release(site, course, []) == course.chapters, "all on a new hub"
    site.roster.write_text("user\n")
    site.save(settings(exchange=str(tmp_path / "exchange")))
    (tmp_path / "exchange" / "c" / "outbound" / FORWARD).mkdir(parents=True)
    assert up.roster_file(site, None) == site.roster and up.roster_file(site, Path("x")) == Path("x")
    assert up.chapters_to_release(site, course, []) == [FORWARD]
    assert up.chapters_to_release(site, course, ["4"]) == ["04_graphs"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,role\nada,student\n", "no column 'user'"),
        ("user,role\nnoether,instructor\nAda,student\n", "line 3: 'Ada' cannot be a user name"),
        ("user,role\nnoether,instructor\n../x,student\n", "cannot be a user name"),
        ("user,role\nnoether,instructor\nada+b,student\n", "cannot be a user name"),
        ("user,role\nnoether,instructor\nada,teacher\n", "line 3: the role 'teacher' is unknown"),
        ("user,role\nnoether,instructor\nada,\nada,\n", "line 4: ada is on line 3, too"),
        ("user,role\nada,student\n", "has 0 lines with the role instructor"),
        ("user,role\nn,instructor\nm,instructor\nada,\n", "has 2 lines with the role instructor"),
        ("user,role\nn,instructor\n", "has no students"),
    ],
)
def test_a_wrong_roster_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CourseError, match=re.escape(message)):
        read_roster(roster(tmp_path, text))


def test_system_accounts_are_refused(tmp_path: Path) -> None:
    wrong = read_roster(roster(tmp_path, "user,role\nn,instructor\ndaemon,student\n"))
    with pytest.raises(CourseError, match="daemon on the roster is a system account"):
        refuse_system_accounts(wrong.everyone)


def test_first_passwords_differ_and_can_be_read_aloud() -> None:
    passwords = {random_password() for _ in range(200)}
    assert len(passwords) == 200
    assert all(len(password) == 14 and not set("ilo01") & set(password) for password in passwords)


# --- settings ----------------------------------------------------------------------------------------


def settings(**changes: object) -> Settings:
    values = {
        "course_id": "c", "course_root": "/home/n/c", "instructor": "n", "students": ["ada"],
        "environment": "/srv/e", "exchange": "/srv/x", "proxy": ["node", "proxy"],
    }  # fmt: skip
    return Settings(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"host": "0.0.0.0"}, "in the clear"),
        ({"certificate": "/etc/hosts"}, "needs its key"),
        ({"certificate": "/nowhere", "key": "/nowhere"}, "/nowhere is not a file"),
        ({"login": "shared-password", "shared_password": "long enough", "host": "10.0.0.1", "certificate": "/etc/hosts", "key": "/etc/hosts"}, "everyone can log in as anyone"),
        ({"login": "shared-password", "shared_password": "short"}, "at least 8"),
    ],
)  # fmt: skip
def test_an_address_that_gives_passwords_away_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(CourseError, match=message):
        up.require_safe_address(settings(**changes))


def test_safe_addresses_are_accepted() -> None:
    up.require_safe_address(settings())
    up.require_safe_address(settings(host="0.0.0.0", certificate="/etc/hosts", key="/etc/hosts"))


def test_addresses_are_split() -> None:
    assert split_address("127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert split_address("[::1]:8000") == ("::1", 8000)
    assert split_address(None) == (None, None)
    for wrong in ("127.0.0.1", "host:", "host:99999"):
        with pytest.raises(CourseError, match="has no port"):
            split_address(wrong)


def test_settings_are_stored_for_root_alone(tmp_path: Path) -> None:
    saved = settings()
    site = site_with(tmp_path, saved)
    assert site.load() == saved and site.settings_file.stat().st_mode & 0o777 == 0o600
    site.settings_file.write_text("{")
    with pytest.raises(CourseError, match="cannot be read"):
        site.load()
    with pytest.raises(CourseError, match="holds no hub"):
        Site(tmp_path / "other").load()


def test_a_file_of_secrets_is_closed_from_its_first_byte(tmp_path: Path) -> None:
    target = tmp_path / "secret"
    with replacing(target) as partial:
        partial.touch()
    partial.symlink_to(tmp_path / "elsewhere")  # somebody else's trap
    write_whole(target, "x", 0o600)
    assert target.read_text() == "x" and not (tmp_path / "elsewhere").exists()
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["up --roster x.csv", "status --folder none", "down --folder none", "demo 05"])
def test_a_command_without_root_or_course_ends_in_one_sentence(tmp_path: Path, command: str) -> None:
    triptych = [str(Path(sys.executable).parent / "triptych"), "hub", *command.split()]
    result = subprocess.run(triptych, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1 and result.stderr.count("\n") == 1 and "Traceback" not in result.stderr, result.stderr


# --- control groups ----------------------------------------------------------------------------------


def test_version_2_gets_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With files in the place of the kernel's."""
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    (tmp_path / "cgroup.subtree_control").write_text("memory")
    real = Path.mkdir

    def mkdir(self: Path, *arguments: object, **options: object) -> None:
        real(self, *arguments, **options)  # type: ignore[arg-type]
        for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max", "cgroup.procs", "cgroup.subtree_control"):
            (self / name).write_text("")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    group = Groups("workshop", tmp_path).create("ada", memory_bytes=123, cpus=1.5, processes=40)
    (folder,) = group.folders
    assert folder == tmp_path / "workshop" / "user-ada"
    written = {name: (folder / name).read_text() for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max")}
    assert written == {"memory.max": "123", "memory.swap.max": "0", "pids.max": "40", "cpu.max": "150000 100000"}
    for above in (tmp_path, tmp_path / "workshop"):
        assert (above / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_missing_control_groups_are_named(tmp_path: Path) -> None:
    groups = Groups("workshop", tmp_path, membership="4:memory:/x\n")
    with pytest.raises(OSError, match=str(tmp_path)):
        groups.create("ada", memory_bytes=1, cpus=1, processes=1)


# --- units -------------------------------------------------------------------------------------------


def test_units_are_filled_in_and_parse(tmp_path: Path) -> None:
    site, target = site_with(tmp_path, settings()), tmp_path / "units"
    target.mkdir()
    written = {path.name: path.read_text() for path in write_units(site, target, "hub.example.org")}
    assert set(written) == {"Caddyfile", "backup.sh", "triptych-hub.service"}
    assert not any("{{" in text or "settings." in text for text in written.values())
    assert "reverse_proxy 127.0.0.1:8000" in written["Caddyfile"] and "hub.example.org {" in written["Caddyfile"]
    subprocess.run(["sh", "-n", str(target / "backup.sh")], check=True)
    with pytest.raises(CourseError, match="not a domain name"):
        write_units(site, target, "hub example; rm")


def test_a_backup_brings_everything_back(tmp_path: Path) -> None:
    """Run like a cron job while the gradebook is open, and unpacked as docs/hub/operation.md says."""
    course, exchange = tmp_path / "home" / "c", tmp_path / "site" / "exchange"
    saved = settings(environment=sys.prefix, course_root=str(course), exchange=str(exchange))
    site = site_with(tmp_path / "site", saved)
    (course / "submitted" / "ada").mkdir(parents=True)
    (course / "submitted" / "ada" / "x.ipynb").write_text("{}")
    arrived = exchange / "c" / "inbound" / "ada+x+2026-01-01 00:00:00 UTC+1"
    arrived.mkdir(parents=True)
    (arrived / "x.ipynb").write_text("{}")
    site.passwords.write_text("user,password,name\n")
    books = {}
    for path in (course / "gradebook.db", site.private / "jupyterhub.sqlite"):
        books[path] = sqlite3.connect(path)
        books[path].executescript("pragma journal_mode=wal; create table t (x); insert into t values (42);")
    script = next(path for path in write_units(site, tmp_path, "hub.example.org") if path.suffix == ".sh")
    backup = site.folder / "backup"
    backup.mkdir(mode=0o700)
    for day, suffix in itertools.product(range(1, 16), ("tar.gz", "databases.tar.gz")):
        (backup / f"2020-01-{day:02}T000000.{suffix}").touch()
        os.utime(backup / f"2020-01-{day:02}T000000.{suffix}", (day, day))
    subprocess.run([script], check=True, capture_output=True, text=True)
    assert len(list(backup.glob("*.databases.tar.gz"))) == 14 and len(list(backup.iterdir())) == 28
    databases = max(backup.glob("*.databases.tar.gz"), key=lambda path: path.name)
    files = databases.with_name(databases.name.replace(".databases", ""))
    assert files.stat().st_mode & 0o077 == 0
    for book in books.values():
        book.close()
    shutil.rmtree(course)
    for folder in (site.private, exchange):
        shutil.rmtree(folder)
    # as docs/hub/operation.md says
    course.mkdir()
    subprocess.run(["tar", "-xzf", files, "--same-owner", "-C", site.folder, "hub", "exchange"], check=True)
    unpack = ["--same-owner", "--strip-components=1", "-C", course, "course"]
    subprocess.run(["tar", "-xzf", files, *unpack], check=True)
    subprocess.run(["tar", "-xzf", databases, "-C", course, "./gradebook.db"], check=True)
    subprocess.run(["tar", "-xzf", databases, "-C", site.private, "./jupyterhub.sqlite"], check=True)
    assert sorted(path.name for path in course.iterdir()) == ["gradebook.db", "submitted"], (
        "without a database's journal"
    )
    assert site.load() == saved and site.passwords.is_file()
    assert (course / "submitted" / "ada" / "x.ipynb").is_file() and (arrived / "x.ipynb").is_file()
    for path in books:
        with contextlib.closing(sqlite3.connect(path)) as book:
            assert book.execute("select x from t").fetchall() == [(42,)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    site = site_with(tmp_path / "site", settings(environment=sys.prefix))
    (unit,) = [path for path in write_units(site, tmp_path, "hub.example.org") if path.suffix == ".service"]
    verify = ["systemd-analyze", "verify", unit]
    result = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert result.returncode == 0 and unit.name not in result.stderr, result.stderr
    # the check itself works: it finds a value that systemd does not know
    unit.write_text(unit.read_text().replace("Restart=on-failure", "Restart=when-it-likes"))
    assert "when-it-likes" in subprocess.run(verify, capture_output=True, text=True, check=False).stderr


# --- other logins ------------------------------------------------------------------------------------


@needs(
    ""
    if importlib.util.find_spec("oauthenticator")
    else "oauthenticator is not installed (pip install 'triptych[hub]')"
)
def test_the_oauth_example_configures_its_authenticator(caplog: pytest.LogCaptureFixture) -> None:
    """Loaded as the hub loads it; traitlets warns about a name that the authenticator does not have."""
    from jupyterhub.app import JupyterHub
    from oauthenticator.generic import GenericOAuthenticator

    hub = JupyterHub(log_level="WARN")
    hub.load_config_file(str(PROJECT / "hub" / "authenticator.example.py"))
    assert hub.authenticator_class is GenericOAuthenticator
    with caplog.at_level("WARNING"):
        authenticator = hub.authenticator_class(parent=hub)
    assert not caplog.records, caplog.text
    options = set(hub.config.GenericOAuthenticator)
    assert len(options) >= 8 and options <= set(authenticator.trait_names(config=True))
    assert authenticator.authorize_url == "https://auth.example.org/authorize" and "openid" in authenticator.scope
    name = authenticator.user_info_to_username({"preferred_username": "Ada"})
    assert authenticator.normalize_username(name) == "ada"


# --- the page for administrators ---------------------------------------------------------------------


def test_every_leak_on_the_page_has_its_test() -> None:
    root = Path(__file__).parents[1]
    page = (root / "docs" / "hub" / "security.md").read_text(encoding="utf-8")
    table = page.split("## Attacks and protections", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 18
    for leak, fix, tests in rows:
        named = re.findall(r"`(test_\w+)`(?: \(`(test_\w+\.py)`\))?", tests)
        assert fix.strip() and named, f"no test for: {leak}"
        for name, module in named:
            source = (root / "tests" / (module or "test_hub.py")).read_text(encoding="utf-8")
            assert f"def {name}(" in source, f"{name} is not in {module or 'test_hub.py'}"


# --- validate ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = scratch(tmp_path_factory.mktemp("validate") / "course")
    release_chapter(course, FORWARD)
    return course


def notebook(released: Course, **answers: str) -> NotebookNode:
    student = nbformat.read(released.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    for id_, text in answers.items():
        cell(student, id_).source = text
    return student


def test_lecture_cells_run_only_if_an_answer_needs_them(released: Course) -> None:
    chapter = chapter_from(notebook(released), Path("x.ipynb"))
    lectures = {c.index for c in chapter.with_role(Role.LECTURE) if c.is_code}
    assert len(lectures) > 5 and not validate_notebook.cells_to_run(chapter) & lectures
    example = next(c for c in chapter.with_role(Role.LECTURE) if c.is_code and bound_names(c.source))
    name = min(bound_names(example.source))
    answer = f"def mul_jvp(x1, dx1, x2, dx2):\n    return {name}"
    using = chapter_from(notebook(released, mul_jvp=answer), Path("x.ipynb"))
    assert example.index in validate_notebook.cells_to_run(using)


def test_failing_tests_are_reported_in_words(released: Course, tmp_path: Path) -> None:
    path = tmp_path / f"{FORWARD}.ipynb"
    answers = {
        "mul_jvp": RIGHT,
        "sum_jvp": "def sum_jvp(x1, dx1, x2, dx2):\n    return x1 + x2, dx1 - dx2",
        "div_jvp": "def div_jvp(x1, dx1, x2, dx2):\n    nothing = x2 - x2\n    return x1 / nothing, dx1",
        "function_jvp": "def function_jvp(x, dx)\n    return x",
    }
    nbformat.write(notebook(released, **answers), path)
    errors = {entry["source"]: entry["raw_error"] for entry in validate_notebook.validate(path)["failed"]}
    assert "mul_jvp" not in " ".join(errors)
    message = "The tangent in the example of the docstring must be 1.5: by how much does a sum change"
    assert message in errors["sum_jvp: its visible test fails"]
    division = errors["div_jvp: 2 of its 2 visible tests fail"]
    assert "ZeroDivisionError: float division by zero" in division and "at: return x1 / nothing, dx1" in division
    assert "your cell function_jvp does not run: SyntaxError" in errors["function_jvp"]
    assert errors["not written yet: 3 of 7 exercises"].split() == ["jacobian_by_columns", "dual", "dual_functions"]
    assert nbformat.read(path, as_version=4) == notebook(released, **answers), "the file itself is unchanged"


def test_a_changed_test_cell_is_named(released: Course, tmp_path: Path) -> None:
    path = tmp_path / f"{FORWARD}.ipynb"
    nbformat.write(notebook(released), path)
    edit(path, lambda student: cell(student, "mul_jvp_arrays").__setitem__("source", "assert True"))
    assert validate_notebook.validate(path) == {"changed": [{"source": "assert True"}]}


def test_a_students_error_message_is_text_on_the_page() -> None:
    entry = validate_notebook.entry("x", ["ValueError: <img src=x onerror=alert(1)>"])
    assert "<img" not in entry["error"] and "&lt;img" in entry["error"]


def test_an_endless_loop_is_stopped(released: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"{FORWARD}.ipynb"
    student = notebook(released, mul_jvp="def mul_jvp(*x):\n    while True:\n        pass")
    student.cells = [c for c in student.cells if c.id in ("course-tools", "mul_jvp", "mul_jvp_arrays")]
    nbformat.write(student, path)
    monkeypatch.setattr(validate_notebook, "CELL_TIMEOUT_S", 2)
    (entry,) = validate_notebook.validate(path)["failed"]
    assert "is there an endless loop?" in entry["raw_error"]


# --- the course page ----------------------------------------------------------------------------------

HOSTILE_NAME = '<img src=x onerror="alert(1)">'


def assignment(chapter: str, status: str, **fields: Any) -> dict[str, Any]:
    return {"course_id": "c", "assignment_id": chapter, "status": status, **fields}


def test_names_on_the_course_page_are_text() -> None:
    listed = {"title": HOSTILE_NAME, "chapters": {"05_x": {"title": HOSTILE_NAME, "due": ""}}}
    assignments = [assignment("05_x", "fetched"), assignment(HOSTILE_NAME, "released")]
    page = course_page.render(**course_page.students_page(listed, assignments), course_id=HOSTILE_NAME, base="/")
    assert page.count("&lt;img") > 5 and "<img" not in page and 'onerror="' not in page


@pytest.mark.parametrize("content", ["", "[]", '{"n": 5}', '{"n": ["x", 1, 2]}', '{"n": [1]}'])
def test_a_damaged_record_of_validate_is_ignored(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    progress.remember("n", [2, 3])
    (file,) = tmp_path.rglob("validated.json")
    assert progress.recall("n")[:2] == (2, 3) and file.stat().st_mode & 0o777 == 0o600  # type: ignore[index]
    file.write_text(content)
    assert progress.recall("n") is None
    progress.remember("n", [3, 3])
    assert progress.recall("n")[:2] == (3, 3)  # type: ignore[index]


def test_deadlines_are_published(released: Course, tmp_path: Path) -> None:
    for broken in ("", "[1]", '{"title": "x"}'):
        assert listing.read(tmp_path)["chapters"] == {}
        (tmp_path / listing.FILE).write_text(broken)
    with gradebook(released) as book:
        book.update_or_create_assignment(FORWARD, duedate=datetime(2026, 12, 1, 12))
    before = os.umask(0o077)
    try:
        assert listing.publish(released, tmp_path) == listing.read(tmp_path)
    finally:
        os.umask(before)
    chapter = listing.read(tmp_path)["chapters"][FORWARD]
    assert (chapter["title"], chapter["due"]) == ("Forward mode", "2026-12-01T12:00:00+00:00")
    assert (tmp_path / listing.FILE).stat().st_mode & 0o777 == 0o644
    page = course_page.render(
        **course_page.students_page(listing.read(tmp_path), [assignment(FORWARD, "released")]), course_id="c", base="/"
    )
    assert 'datetime="2026-12-01T12:00:00+00:00"' in page and "Not fetched yet" in page


# --- the lock files -----------------------------------------------------------------------------------


def test_the_hubs_lock_holds_hashes_and_agrees_with_the_others() -> None:
    sys.path.insert(0, str(PROJECT / "tools"))
    from environment import locked

    text = (PROJECT / "requirements-hub.txt").read_text(encoding="utf-8")
    assert "://" not in text and text.count("--hash=") > text.count("==")
    base, hub = locked(PROJECT / "requirements.txt"), locked(PROJECT / "requirements-hub.txt")
    assert base.items() <= hub.items()
    assert {"jupyterhub", "jupyterhub-firstuseauthenticator", "jupyterhub-idle-culler", "bcrypt"} <= hub.keys()


def test_the_proxys_lock_holds_hashes_and_no_registry() -> None:
    lock = json.loads((PROJECT / "hub" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert "node_modules/configurable-http-proxy" in packages
    assert all(entry["integrity"].startswith("sha512-") and "resolved" not in entry for entry in packages.values())
