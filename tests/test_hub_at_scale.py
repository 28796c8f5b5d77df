"""The configurations of docs/hub/scale.md, as far as one machine can test them."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from courses import FORWARD, answer, edit, scratch, shortened, submit
from hub_workshop import RIGHT
from needs import needs
from traitlets.config import Config

from triptych.build.release import release_chapter
from triptych.grade.record import GRADED
from triptych.grade.run import grade
from triptych.model.course import Course
from triptych.nbgrader_api import gradebook

pytestmark = pytest.mark.slow
PAGE = (Path(__file__).parents[1] / "docs" / "hub" / "scale.md").read_text(encoding="utf-8")


def python_of(heading: str) -> str:
    """The Python block below a heading of the page."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"(?s)```python\n(.*?)```", section)[0]


def _missing_for_postgres() -> str:
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed (pip install 'psycopg[binary]')"
    return "" if _postgres() else "no PostgreSQL server on this machine (apt install postgresql)"


def _postgres() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The address of an empty database on a real server, which listens on a socket in its own folder."""
    bin_, home = _postgres(), Path(tempfile.mkdtemp(prefix="triptych-pg-", dir="/var/tmp"))
    assert bin_ is not None
    # PostgreSQL refuses to run as root
    other = pwd.getpwnam("postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    if os.geteuid() == 0:
        os.chown(home, other.pw_uid, other.pw_gid)
    as_other = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}

    def run(*command: str) -> None:
        subprocess.run([str(bin_ / command[0]), *command[1:]], check=True, capture_output=True, cwd=home, **as_other)

    run("initdb", "-D", str(home / "data"), "-U", "grader", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
    run("pg_ctl", "-D", str(home / "data"), "-w", "-l", str(home / "log"), "-o", options, "start")
    try:
        run("createdb", "-h", str(home), "-U", "grader", "course")
        yield f"postgresql+psycopg://grader@/course?host={home}"
    finally:
        run("pg_ctl", "-D", str(home / "data"), "-m", "immediate", "stop")
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def course(database: str, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A scratch course with the page's lines in its configuration."""
    course = scratch(tmp_path_factory.mktemp("scale") / "course")
    config = course.root / "nbgrader_config.py"
    lines = python_of("A gradebook for several graders: PostgreSQL")
    lines = re.sub(r'"postgresql\+psycopg://[^"]*"', repr(database), lines)
    assert database in lines
    config.write_text(config.read_text(encoding="utf-8") + "\n" + lines, encoding="utf-8")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    release_chapter(course, FORWARD)
    return course


#: A grader who gives each student a score and a comment by hand.
GRADER = """
import sys
from pathlib import Path
from triptych.model.course import Course
from triptych.nbgrader_api import gradebook
who = sys.argv[2]
for number in range(int(sys.argv[3])):
    with gradebook(Course(Path(sys.argv[1]))) as book:
        name = f"{who}-{number}"
        book.update_or_create_student(name)
        book.update_or_create_submission("05_forward_mode", name)
        grade = book.find_grade("mul_jvp_arrays", "05_forward_mode", "05_forward_mode", name)
        grade.manual_score, grade.needs_manual_grade = 1, False
        comment = book.find_comment("mul_jvp", "05_forward_mode", "05_forward_mode", name)
        comment.manual_comment = f"seen by {who}"
        book.db.commit()
"""


@needs(_missing_for_postgres())
@pytest.mark.xdist_group("postgres")
def test_several_graders_write_one_gradebook(course: Course, database: str) -> None:
    """`triptych grade` and three graders at once: no score is lost, and no SQLite file appears."""
    for student in ("ada", "blaise"):
        submit(course, student, answer(course, FORWARD, {"mul_jvp": RIGHT}))
    people = [
        subprocess.Popen([sys.executable, "-c", GRADER, str(course.root), who, "5"], stderr=subprocess.PIPE, text=True)
        for who in ("emmy", "carl", "sofia")
    ]
    results = grade(course, [FORWARD], sandbox="none", jobs=1)
    for person in people:
        _, errors = person.communicate(timeout=300)
        assert person.returncode == 0, errors
    assert [(r.student, r.status, r.score) for r in sorted(results, key=lambda r: r.student)] == [
        ("ada", GRADED, 2.0),
        ("blaise", GRADED, 2.0),
    ]
    with gradebook(course) as book:
        scores = {entry["student"]: entry["score"] for entry in book.submission_dicts(FORWARD)}
        assert scores == {"ada": 2.0, "blaise": 2.0} | {
            f"{who}-{n}": 1.0 for who in ("emmy", "carl", "sofia") for n in range(5)
        }
        assert "postgresql" in str(book.engine.url)
    assert not (course.root / "gradebook.db").exists()


def test_on_kubernetes_every_user_gets_a_uid(tmp_path: Path) -> None:
    """The page's hook, with stand-ins for spawners."""
    roster = tmp_path / "uids.json"
    roster.write_text('{"ada": 20001, "ben": 20002}')
    names: dict[str, Any] = {"c": Config()}
    lines = python_of("Kubernetes, with a shared volume").replace("/srv/roster/uids.json", str(roster))
    exec(compile(lines, "scale.md", "exec"), names)
    spawners = {}
    for name in ("ada", "ben"):
        spawners[name] = SimpleNamespace(user=SimpleNamespace(name=name), environment={"HOME": "/home"})
        names["c"].KubeSpawner.pre_spawn_hook(spawners[name])
    assert (spawners["ada"].uid, spawners["ben"].uid, spawners["ben"].fs_gid) == (20001, 20002, 20002)
    assert spawners["ada"].environment == {"HOME": "/home", "NB_USER": "ada", "USER": "ada"}
    with pytest.raises(KeyError):
        names["c"].KubeSpawner.pre_spawn_hook(SimpleNamespace(user=SimpleNamespace(name="eve"), environment={}))
