"""The hub's parts that need neither root nor a hub: roster, limits, addresses, what Validate says."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, cell, edit, scratch
from nbformat import NotebookNode
from needs import needs, needs_root

from triptych.build.release import release_chapter
from triptych.hub.admin import up
from triptych.hub.admin.accounts import first_password
from triptych.hub.admin.site import Settings, Site, write_private
from triptych.hub.admin.systemd import write_units
from triptych.hub.cli import split_address
from triptych.hub.roster import as_csv, read_roster
from triptych.hub.singleuser import validate_notebook
from triptych.hub.singleuser.cgroups import Groups
from triptych.model.chapter import chapter_from
from triptych.model.course import Course, CourseError

# --- roster ------------------------------------------------------------------------------------------


def roster(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_roster_is_read() -> None:
    read = read_roster(Path(__file__).parents[1] / "hub" / "roster.example.csv")
    assert read.instructor.user == "noether" and [student.user for student in read.students] == ["ada", "blaise"]


def test_a_roster_that_is_kept_is_the_same_roster(tmp_path: Path) -> None:
    text = '\ufeffuser,role,first_name\nn,instructor,"Emmy, née"\nada,,Ada\n'
    read = read_roster(roster(tmp_path, text))
    (tmp_path / "kept.csv").write_text(as_csv(read), encoding="utf-8")
    assert read_roster(tmp_path / "kept.csv") == read and read.instructor.first_name == "Emmy, née"


@needs_root
def test_up_again_takes_the_roster_and_the_chapters_of_last_time(tmp_path: Path) -> None:
    site, course = Site(tmp_path / "site"), scratch(tmp_path / "course", [FORWARD, "04_graphs"])
    site.private.mkdir(parents=True)
    with pytest.raises(CourseError, match="--roster"):
        up.roster_file(site, None)
    assert up.chapters_to_release(site, course, []) == course.chapters, "a new hub has them all"
    site.roster.write_text("user\n")
    site.save(settings(exchange=str(tmp_path / "exchange")))
    (tmp_path / "exchange" / "c" / "outbound" / FORWARD).mkdir(parents=True)
    assert up.roster_file(site, None) == site.roster and up.roster_file(site, Path("x")) == Path("x")
    assert up.chapters_to_release(site, course, []) == [FORWARD]
    assert up.chapters_to_release(site, course, ["4"]) == ["04_graphs"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,role\nada,student\n", "no column 'user'"),
        ("user,role\nnoether,instructor\nAda,student\n", "line 3: 'Ada' cannot be a user name"),
        ("user,role\nnoether,instructor\n../x,student\n", "cannot be a user name"),
        ("user,role\nnoether,instructor\nada+b,student\n", "cannot be a user name"),
        ("user,role\nnoether,instructor\nada,teacher\n", "line 3: the role 'teacher' is unknown"),
        ("user,role\nnoether,instructor\nada,\nada,\n", "names ada twice"),
        ("user,role\nada,student\n", "has 0 lines with the role instructor"),
        ("user,role\nn,instructor\nm,instructor\nada,\n", "has 2 lines with the role instructor"),
        ("user,role\nn,instructor\n", "has no students"),
    ],
)
def test_a_wrong_roster_is_refused_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(CourseError) as refused:
        read_roster(roster(tmp_path, text))
    assert says in str(refused.value)


def test_accounts_of_the_system_are_refused(tmp_path: Path) -> None:
    from triptych.hub.admin.accounts import refuse_system_accounts

    read = read_roster(roster(tmp_path, "user,role\nn,instructor\ndaemon,student\n"))
    with pytest.raises(CourseError, match="account of the system"):
        refuse_system_accounts(read.everyone)


def test_first_passwords_differ_and_can_be_read_aloud() -> None:
    made = {first_password() for _ in range(200)}
    assert len(made) == 200 and all(len(password) == 14 and not set("ilo01") & set(password) for password in made)


# --- settings ----------------------------------------------------------------------------------------


def settings(**more: object) -> Settings:
    given = {
        "course_id": "c", "course_root": "/home/n/c", "instructor": "n", "students": ["ada"],
        "environment": "/srv/e", "exchange": "/srv/x", "proxy": ["node", "proxy"],
    }  # fmt: skip
    return Settings(**(given | more))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"host": "0.0.0.0"}, "in the clear"),
        ({"certificate": "/etc/hosts"}, "needs its key"),
        ({"certificate": "/nowhere", "key": "/nowhere"}, "/nowhere is no file"),
        ({"login": "shared-password", "shared_password": "long enough", "host": "10.0.0.1", "certificate": "/etc/hosts", "key": "/etc/hosts"}, "anyone may be anyone"),
        ({"login": "shared-password", "shared_password": "short"}, "at least 8"),
    ],
)  # fmt: skip
def test_an_address_that_gives_passwords_away_is_refused(more: dict[str, object], says: str) -> None:
    with pytest.raises(CourseError, match=says):
        up._require_safe_address(settings(**more))


def test_safe_addresses_pass() -> None:
    up._require_safe_address(settings())
    up._require_safe_address(settings(host="0.0.0.0", certificate="/etc/hosts", key="/etc/hosts"))


def test_addresses() -> None:
    assert split_address("127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert split_address("[::1]:8000") == ("::1", 8000)
    assert split_address(None) == (None, None)
    for wrong in ("127.0.0.1", "host:", "host:99999"):
        with pytest.raises(CourseError, match="has no port"):
            split_address(wrong)


def test_settings_come_back_and_are_roots_alone(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.private.mkdir()
    made = settings()
    site.save(made)
    assert site.load() == made and site.settings_file.stat().st_mode & 0o777 == 0o600
    site.settings_file.write_text("{")
    with pytest.raises(CourseError, match="cannot be read"):
        site.load()
    with pytest.raises(CourseError, match="holds no hub"):
        Site(tmp_path / "other").load()


def test_a_file_of_secrets_is_closed_from_its_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "secret"
    (tmp_path / ".secret.partial").symlink_to(tmp_path / "elsewhere")  # laid by somebody else
    write_private(target, "x")
    assert target.read_text() == "x" and not (tmp_path / "elsewhere").exists()
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["up --roster x.csv", "status --folder none", "down --folder none", "try 05"])
def test_who_is_not_root_is_told_so(tmp_path: Path, command: str) -> None:
    """Run here as whoever runs the tests: root gets further, to the next thing that is missing."""
    triptych = [str(Path(sys.executable).parent / "triptych"), "hub", *command.split()]
    ran = subprocess.run(triptych, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1 and ran.stderr.count("\n") == 1 and "Traceback" not in ran.stderr, ran.stderr


# --- control groups ----------------------------------------------------------------------------------


def test_version_2_gets_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a tree like the kernel's: here only a few files make the difference."""
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    (tmp_path / "cgroup.subtree_control").write_text("memory")
    real = Path.mkdir

    def mkdir(self: Path, *arguments: object, **more: object) -> None:
        real(self, *arguments, **more)  # type: ignore[arg-type]
        for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max", "cgroup.procs", "cgroup.subtree_control"):
            (self / name).write_text("")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    group = Groups("workshop", tmp_path).open("ada", memory=123, cpus=1.5, processes=40)
    assert group is not None
    (folder,) = group.folders
    assert folder == tmp_path / "workshop" / "user-ada"
    written = {name: (folder / name).read_text() for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max")}
    assert written == {"memory.max": "123", "memory.swap.max": "0", "pids.max": "40", "cpu.max": "150000 100000"}
    for above in (tmp_path, tmp_path / "workshop"):
        assert (above / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_without_control_groups_the_reason_is_said(tmp_path: Path) -> None:
    groups = Groups("workshop", tmp_path, membership="4:memory:/x\n")
    assert groups.open("ada", memory=1, cpus=1, processes=1) is None
    assert str(tmp_path) in groups.why_not


# --- units -------------------------------------------------------------------------------------------


def test_units_are_filled_in_and_parse(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.private.mkdir()
    site.save(settings())
    target = tmp_path / "units"
    target.mkdir()
    written = {path.name: path.read_text() for path in write_units(site, target, "hub.example.org")}
    assert set(written) == {"Caddyfile", "backup.sh", "triptych-hub.service"}
    assert not any("{{" in text or "settings." in text for text in written.values())
    assert "reverse_proxy 127.0.0.1:8000" in written["Caddyfile"] and "hub.example.org {" in written["Caddyfile"]
    subprocess.run(["sh", "-n", str(target / "backup.sh")], check=True)
    with pytest.raises(CourseError, match="no domain name"):
        write_units(site, target, "hub example; rm")


def test_a_backup_brings_everything_back(tmp_path: Path) -> None:
    """Run as cron would, while the gradebook is open, and unpacked as the page says."""
    site, course = Site(tmp_path / "site"), tmp_path / "home" / "c"
    (course / "submitted" / "ada").mkdir(parents=True)
    (course / "submitted" / "ada" / "x.ipynb").write_text("{}")
    arrived = site.exchange / "c" / "inbound" / "ada+x+2026-01-01 00:00:00 UTC+1"
    arrived.mkdir(parents=True)
    (arrived / "x.ipynb").write_text("{}")
    site.private.mkdir(parents=True)
    site.passwords.write_text("user,password,name\n")
    made = settings(environment=sys.prefix, course_root=str(course), exchange=str(site.exchange))
    site.save(made)
    books = {}
    for path in (course / "gradebook.db", site.private / "jupyterhub.sqlite"):
        books[path] = sqlite3.connect(path)
        books[path].executescript("pragma journal_mode=wal; create table t (x); insert into t values (42);")
    script = next(path for path in write_units(site, tmp_path, "hub.example.org") if path.suffix == ".sh")
    kept = site.folder / "backup"
    for number in range(15):  # older ones, with names that sort before today's
        for kind in ("tar.gz", "databases.tar.gz"):
            kept.mkdir(mode=0o700, exist_ok=True)
            (kept / f"2020-01-{number + 1:02}T000000.{kind}").touch()
            os.utime(kept / f"2020-01-{number + 1:02}T000000.{kind}", (number, number))
    subprocess.run([script], check=True, capture_output=True, text=True)
    assert len(list(kept.glob("*.databases.tar.gz"))) == 14 and len(list(kept.iterdir())) == 28
    databases = max(kept.glob("*.databases.tar.gz"), key=lambda path: path.name)
    files = databases.with_name(databases.name.replace(".databases", ""))
    assert files.stat().st_mode & 0o077 == 0
    for book in books.values():
        book.close()
    shutil.rmtree(course)
    for folder in (site.private, site.exchange):
        shutil.rmtree(folder)
    # as docs/hub.md says
    course.mkdir()
    subprocess.run(["tar", "-xzf", files, "--same-owner", "-C", site.folder, "hub", "exchange"], check=True)
    unpack = ["--same-owner", "--strip-components=1", "-C", course, "course"]
    subprocess.run(["tar", "-xzf", files, *unpack], check=True)
    subprocess.run(["tar", "-xzf", databases, "-C", course, "./gradebook.db"], check=True)
    subprocess.run(["tar", "-xzf", databases, "-C", site.private, "./jupyterhub.sqlite"], check=True)
    assert sorted(path.name for path in course.iterdir()) == ["gradebook.db", "submitted"], "no half of a database"
    assert site.load() == made and site.passwords.is_file()
    assert (course / "submitted" / "ada" / "x.ipynb").is_file() and (arrived / "x.ipynb").is_file()
    for path in books:
        with contextlib.closing(sqlite3.connect(path)) as book:
            assert book.execute("select x from t").fetchall() == [(42,)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    site.private.mkdir(parents=True)
    site.save(settings(environment=sys.prefix))
    (unit,) = [path for path in write_units(site, tmp_path, "hub.example.org") if path.suffix == ".service"]
    ran = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    about_it = [line for line in ran.stderr.splitlines() if unit.name in line or str(unit) in line]
    assert not about_it and ran.returncode == 0, ran.stderr
    # shown to look: a line that systemd does not know
    unit.write_text(unit.read_text().replace("Restart=on-failure", "Restart=when-it-likes"))
    ran = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert "when-it-likes" in ran.stderr


# --- other logins ------------------------------------------------------------------------------------


@needs(
    ""
    if importlib.util.find_spec("oauthenticator")
    else "oauthenticator is not installed (pip install 'triptych[hub]')"
)
def test_the_oauth_example_is_what_its_authenticator_understands(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Loaded as the hub loads it; a name that is none of the authenticator's would be warned of."""
    from jupyterhub.app import JupyterHub
    from oauthenticator.generic import GenericOAuthenticator

    example = Path(__file__).parents[1] / "hub" / "authenticator.example.py"
    hub = JupyterHub(log_level="WARN")
    hub.load_config_file(str(example))
    assert hub.authenticator_class is GenericOAuthenticator
    with caplog.at_level("WARNING"):
        made = hub.authenticator_class(parent=hub)
    assert not caplog.records, caplog.text
    asked = set(hub.config.GenericOAuthenticator)
    assert len(asked) >= 8 and asked <= set(made.trait_names(config=True))
    assert made.authorize_url == "https://auth.example.org/authorize" and "openid" in made.scope
    person = {made.user_auth_state_key: {"preferred_username": "Ada"}}
    assert made.normalize_username(made.user_info_to_username(person[made.user_auth_state_key])) == "ada"


# --- the page for administrators ---------------------------------------------------------------------


def test_every_leak_on_the_page_has_its_test() -> None:
    root = Path(__file__).parents[1]
    page = (root / "docs" / "hub.md").read_text(encoding="utf-8")
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
    made = nbformat.read(released.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    for id_, text in answers.items():
        cell(made, id_).source = text
    return made


def test_lecture_cells_run_only_when_an_answer_needs_them(released: Course) -> None:
    plain = chapter_from(notebook(released), Path("x.ipynb"))
    lectures = {c.index for c in plain.cells if c.is_code and validate_notebook._is_lecture(c)}
    assert len(lectures) > 5 and not validate_notebook.needed(plain) & lectures
    (index,) = [c.index for c in plain.cells if c.id == "our-example-for-two-chapters-code"]
    name = min(validate_notebook.bound_names(plain.cells[index].source))
    using = chapter_from(
        notebook(released, mul_jvp=f"def mul_jvp(x1, dx1, x2, dx2):\n    return {name}"), Path("x.ipynb")
    )
    assert index in validate_notebook.needed(using)


def test_validate_in_words(released: Course, tmp_path: Path) -> None:
    path = tmp_path / f"{FORWARD}.ipynb"
    answers = {
        "mul_jvp": "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2",
        "sum_jvp": "def sum_jvp(x1, dx1, x2, dx2):\n    return x1 + x2, dx1 - dx2",
        "div_jvp": "def div_jvp(x1, dx1, x2, dx2):\n    nothing = x2 - x2\n    return x1 / nothing, dx1",
        "function_jvp": "def function_jvp(x, dx)\n    return x",
    }
    nbformat.write(notebook(released, **answers), path)
    said = {entry["source"]: entry["raw_error"] for entry in validate_notebook.validate(path)["failed"]}
    assert "mul_jvp" not in " ".join(said)
    assert (
        "The example of the docstring does not come out: how does a sum change"
        in said["sum_jvp: its visible test fails"]
    )
    division = said["div_jvp: 2 of its 2 visible tests fail"]
    assert "ZeroDivisionError: float division by zero" in division and "at: return x1 / nothing, dx1" in division
    assert "your cell function_jvp does not run: SyntaxError" in said["function_jvp"]
    assert said["not written yet: 3 of 7 exercises"].split() == ["jacobian_by_columns", "dual", "dual_functions"]
    assert nbformat.read(path, as_version=4) == notebook(released, **answers), "the file itself is left alone"


def test_a_changed_test_cell_is_named(released: Course, tmp_path: Path) -> None:
    path = tmp_path / f"{FORWARD}.ipynb"
    nbformat.write(notebook(released), path)
    edit(path, lambda made: cell(made, "mul_jvp_arrays").__setitem__("source", "assert True"))
    assert validate_notebook.validate(path) == {"changed": [{"source": "assert True"}]}


def test_what_a_learner_prints_into_an_error_is_text_on_the_page() -> None:
    entry = validate_notebook._entry("x", "ValueError: <img src=x onerror=alert(1)>")
    assert "<img" not in entry["error"] and "&lt;img" in entry["error"]


def test_a_loop_without_an_end_is_stopped(released: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"{FORWARD}.ipynb"
    nbformat.write(notebook(released, mul_jvp="def mul_jvp(*x):\n    while True:\n        pass"), path)
    edit(path, lambda made: made.__setitem__("cells", [c for c in made.cells if c.id in ("course-tools", "mul_jvp", "mul_jvp_arrays")]))  # fmt: skip
    monkeypatch.setattr(validate_notebook, "CELL_SECONDS", 2)
    (entry,) = validate_notebook.validate(path)["failed"]
    assert "is there a loop without an end?" in entry["raw_error"]


# --- the lock ----------------------------------------------------------------------------------------


def test_the_hubs_lock_holds_hashes_and_agrees_with_the_others() -> None:
    root = Path(__file__).parents[1]
    sys.path.insert(0, str(root / "tools"))
    from environment import locked

    text = (root / "requirements-hub.txt").read_text(encoding="utf-8")
    assert "://" not in text and text.count("--hash=") > text.count("==")
    base, hub = locked(root / "requirements.txt"), locked(root / "requirements-hub.txt")
    assert base.items() <= hub.items()
    assert {"jupyterhub", "jupyterhub-firstuseauthenticator", "jupyterhub-idle-culler", "bcrypt"} <= hub.keys()


def test_the_proxys_lock_holds_hashes_and_no_registry() -> None:
    lock = json.loads((Path(__file__).parents[1] / "hub" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert "node_modules/configurable-http-proxy" in packages
    assert all(entry["integrity"].startswith("sha512-") and "resolved" not in entry for entry in packages.values())
