"""`triptych` alone: the state of a course folder and the next step."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from courses import PROJECT, scratch
from typer.testing import CliRunner

from triptych.build.build_cache import BuildCache, chapter_fingerprint, shared_fingerprint
from triptych.cli import app
from triptych.model.course import Course, CourseError
from triptych.state import state_of

CHAPTER = "04_graphs"
MISSING = "; in course.toml but without a notebook: 01_finite_differences, 02_symbolic, 03_linear_maps and 4 more"


def command(course: Course) -> str:
    return state_of(Course(course.root)).next[0]


def line(course: Course, about: str) -> str:
    return dict(state_of(Course(course.root)).lines)[about]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return scratch(tmp_path / "course", [CHAPTER])


def build(course: Course) -> None:
    """Leaves a release and a deck of one chapter that count as up to date."""
    cache, shared = BuildCache(course), shared_fingerprint(course)
    (course.release / CHAPTER).mkdir(parents=True, exist_ok=True)
    (course.slides / f"{CHAPTER}.html").write_text("deck")
    for product in (course.release / CHAPTER, course.slides / f"{CHAPTER}.html"):
        cache.record(product, chapter_fingerprint(course, CHAPTER, shared))


def submit(course: Course, student: str) -> None:
    folder = course.submitted / student / CHAPTER
    folder.mkdir(parents=True)
    (folder / f"{CHAPTER}.ipynb").write_text("{}")


def record(course: Course, student: str, status: str = "graded", minutes: float = 1) -> None:
    moment = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")
    row = {"student": student, "chapter": CHAPTER, "status": status, "graded_at": moment}
    with (course.root / ".triptych" / "record.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")


def test_every_step_leads_to_the_next(course: Course) -> None:
    assert command(course) == "triptych check && triptych build"
    assert (line(course, "sources"), line(course, "built")) == ("1 chapter, 2 exercises" + MISSING, "nothing yet")
    build(course)
    assert (command(course), line(course, "built")) == ("triptych present 04", "up to date")
    assert line(course, "submissions") == "none in submitted/"
    submit(course, "ada")
    submit(course, "blaise")
    assert command(course) == "triptych grade"
    assert line(course, "submissions") == "2 submissions, 2 of them new or changed"
    record(course, "ada")
    assert command(course) == "triptych grade"
    assert line(course, "submissions") == "2 submissions, 1 of them new or changed"
    record(course, "blaise", "not_graded")
    assert (command(course), line(course, "report")) == ("triptych report", "none yet")
    assert line(course, "submissions") == "2 submissions, up to date; 1 not graded"
    (course.root / "report.html").write_text("report")
    assert command(course) == "triptych present 04" and "are up to date" in line(course, "report")
    record(course, "ada", minutes=2)
    later = time.time() + 60
    os.utime(course.root / ".triptych" / "record.jsonl", (later, later))
    assert (command(course), line(course, "report")) == ("triptych report", "older than the last grading")


def test_a_changed_submission_is_graded_again(course: Course) -> None:
    build(course)
    submit(course, "ada")
    record(course, "ada", minutes=-5)
    assert command(course) == "triptych grade"


def test_a_changed_source_is_checked_and_built_again(course: Course) -> None:
    build(course)
    (course.source / CHAPTER / "figures" / "new.svg").write_text("<svg/>")
    assert command(course) == "triptych check && triptych build"
    assert line(course, "built") == "not up to date: 04_graphs"


def test_commands_name_the_chapters_that_need_them(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course", [CHAPTER, "05_forward_mode"])
    build(course)
    assert command(course) == "triptych check 05 && triptych build 05"
    submit(course, "ada")
    assert line(course, "submissions") == "1 submission, 1 of them new or changed"


def test_a_course_without_chapters(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course", [])
    assert command(course) == "triptych new chapter NAME"


def test_command_line(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(course.source / CHAPTER)
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0 and "Next: triptych check" in result.output and len(result.output.splitlines()) <= 8
    monkeypatch.chdir(tmp_path)
    outside = CliRunner().invoke(app, [])
    assert isinstance(outside.exception, CourseError) and "clone the course's repository" in str(outside.exception)


@pytest.mark.parametrize(("option", "output"), [("--help", r"\s*Usage"), ("--version", r"triptych \d")])
def test_help_and_version(option: str, output: str) -> None:
    assert re.match(output, CliRunner().invoke(app, [option]).output)


def test_no_heavy_import() -> None:
    """Keeps the command fast, without measuring time."""
    code = (
        "import sys; sys.argv = ['triptych']\nfrom triptych.cli import app\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        "heavy = ('nbformat', 'jupytext', 'nbconvert', 'nbgrader', 'jax', 'numpy', 'sqlalchemy', 'jinja2', 'httpx')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT.root, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]", result.stdout


def test_files_in_wrong_places_are_counted(course: Course) -> None:
    build(course)
    course.submitted.mkdir()
    (course.submitted / "04_graphs.ipynb").write_text("{}")
    assert line(course, "submissions") == "none in submitted/; 1 in wrong places, which `triptych grade` lists"
    submit(course, "ada")
    assert "1 in wrong places" in line(course, "submissions")
