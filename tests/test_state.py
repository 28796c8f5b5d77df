"""`triptych` alone: what to do next, in every state that a course folder can be in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from courses import PROJECT, scratch
from typer.testing import CliRunner

from triptych.build.build_cache import BuildCache, chapter_fingerprint, shared_fingerprint
from triptych.check.cache import check_changed
from triptych.cli import app
from triptych.model.course import Course, CourseError
from triptych.state import state_of

CHAPTER = "04_graphs"


def command(course: Course) -> str:
    return state_of(Course(course.root)).next[0]


def line(course: Course, about: str) -> str:
    return dict(state_of(Course(course.root)).lines)[about]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return scratch(tmp_path / "course", [CHAPTER])


def built(course: Course) -> None:
    """As a build leaves it: products, and the cache that records their inputs."""
    cache, shared = BuildCache(course), shared_fingerprint(course)
    (course.release / CHAPTER).mkdir(parents=True, exist_ok=True)
    (course.slides / f"{CHAPTER}.html").write_text("deck")
    for product in (course.release / CHAPTER, course.slides / f"{CHAPTER}.html"):
        cache.record(product, chapter_fingerprint(course, CHAPTER, shared))


def handed_in(course: Course, student: str) -> None:
    folder = course.submitted / student / CHAPTER
    folder.mkdir(parents=True)
    (folder / f"{CHAPTER}.ipynb").write_text("{}")


def graded(course: Course, student: str, status: str = "graded", minutes: float = 1) -> None:
    moment = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")
    row = {"student": student, "chapter": CHAPTER, "status": status, "graded_at": moment}
    with (course.root / ".triptych" / "record.jsonl").open("a") as record:
        record.write(json.dumps(row) + "\n")


def test_from_nothing_to_done(course: Course) -> None:
    """Each state in turn, and that the one command named is what leads to the next."""
    assert command(course) == "triptych check" and line(course, "built") == "nothing yet"
    check_changed(course, course.chapters)
    assert command(course) == "triptych build"
    assert line(course, "sources").endswith("all rules kept")
    built(course)
    assert command(course) == "triptych present 04" and line(course, "submissions") == "none in submitted/"
    for student in ("ada", "blaise"):
        handed_in(course, student)
    assert command(course) == "triptych grade" and "2 of them not graded" in line(course, "submissions")
    graded(course, "ada")
    assert command(course) == "triptych grade" and "1 of them not graded" in line(course, "submissions")
    graded(course, "blaise", "not_graded")
    assert command(course) == "triptych report" and line(course, "report") == "none yet"
    assert line(course, "submissions") == "2 submissions, all looked at; 1 could not be graded"
    (course.root / "report.html").write_text("report")
    assert command(course) == "triptych present 04" and "up to date" in line(course, "report")
    later = time.time() + 60
    graded(course, "ada", minutes=2)
    os.utime(course.root / ".triptych" / "record.jsonl", (later, later))
    assert command(course) == "triptych report" and line(course, "report") == "older than the last grading"


def test_what_is_handed_in_again_waits(course: Course) -> None:
    check_changed(course, course.chapters)
    built(course)
    handed_in(course, "ada")
    graded(course, "ada", minutes=-5)
    assert command(course) == "triptych grade"


def test_what_changes_is_to_be_checked_and_built_again(course: Course) -> None:
    check_changed(course, course.chapters)
    built(course)
    figure = course.source / CHAPTER / "figures" / "new.svg"
    figure.write_text("<svg/>")
    assert command(course) == "triptych check"
    assert line(course, "built") == "04_graphs not as the sources are now"
    check_changed(Course(course.root), course.chapters)
    assert command(course) == "triptych build"


def test_rules_that_are_not_kept_come_first(course: Course) -> None:
    (course.source / CHAPTER / "rise.css").write_text("")
    check_changed(course, course.chapters)
    assert state_of(course).next == ("triptych check", "says where 1 rule is not kept")


def test_a_course_without_chapters(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course", [])
    assert command(course) == "triptych new chapter NAME"


def test_on_the_command_line(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(course.source / CHAPTER)
    said = CliRunner().invoke(app, [])
    assert said.exit_code == 0 and "Next: triptych check" in said.output and len(said.output.splitlines()) <= 8
    monkeypatch.chdir(tmp_path)
    lost = CliRunner().invoke(app, [])
    assert isinstance(lost.exception, CourseError) and "clone the course's repository" in str(lost.exception)


def test_help_and_version_stay() -> None:
    assert "Usage" in CliRunner().invoke(app, ["--help"]).output
    said = CliRunner().invoke(app, ["--version"]).output
    assert said.startswith("triptych ") and said.split()[1][0].isdigit()


def test_it_imports_nothing_heavy() -> None:
    """What makes it answer at once, held without a clock."""
    code = (
        "import sys; sys.argv = ['triptych']\nfrom triptych.cli import app\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        "heavy = ('nbformat', 'jupytext', 'nbconvert', 'nbgrader', 'jax', 'numpy', 'sqlalchemy', 'jinja2', 'httpx')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=PROJECT.root, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]", ran.stdout
