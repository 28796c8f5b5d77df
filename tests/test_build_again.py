"""A second build makes what has changed, and only that."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from courses import FORWARD, PROJECT, scratch
from needs import needs_chromium
from typer.testing import CliRunner

from triptych.build.derive import build_course
from triptych.cli import app
from triptych.model.course import Course, CourseError


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """One chapter, built, with a look of its own to change."""
    course = scratch(tmp_path_factory.mktemp("again") / "course")
    keys = PROJECT.root / ".triptych" / "answer_keys"
    keys.mkdir(parents=True, exist_ok=True)
    (course.root / ".triptych").mkdir()
    (course.root / ".triptych" / "answer_keys").symlink_to(keys)
    (course.slides / "theme").unlink()
    shutil.copytree(PROJECT.slides / "theme", course.slides / "theme")
    assert made(course) == {"release", "solutions", "deck", "index"}
    return course


@pytest.fixture
def course(built: Course, tmp_path: Path) -> Course:
    """A copy of it for each test."""
    return Course(Path(shutil.copytree(built.root, tmp_path / "course", symlinks=True)))


def made(course: Course, **options: bool) -> set[str]:
    """What a build makes of the one chapter."""
    paths = [path for made_ in build_course(course, [FORWARD], **options) for path in made_.paths]
    names = {
        course.release / FORWARD: "release",
        course.solutions / FORWARD / f"{FORWARD}.ipynb": "solutions",
        course.slides / f"{FORWARD}.html": "deck",
        course.slides / f"{FORWARD}.solutions.html": "deck with solutions",
        course.slides / f"{FORWARD}.pdf": "pdf",
        course.slides / "index.html": "index",
    }
    return {names[path] for path in paths}


pytestmark = pytest.mark.xdist_group(f"deck {FORWARD}")


def test_nothing_changed_makes_nothing(course: Course) -> None:
    assert made(course) == set()
    assert made(Course(course.root)) == set()


def test_what_is_touched_and_the_same_is_not_made(course: Course) -> None:
    course.notebook(FORWARD).touch()
    assert made(course) == set()


def test_a_change_of_the_look_makes_all_decks(course: Course) -> None:
    css = course.slides / "theme" / "triptych.css"
    css.write_text(css.read_text() + "\n/* new */\n")
    assert "deck" in made(course)
    assert "/* new */" in (course.slides / f"{FORWARD}.html").read_text(encoding="utf-8")
    assert made(course) == set()


def test_what_is_missing_or_changed_by_hand_is_made_again(course: Course) -> None:
    deck = course.slides / f"{FORWARD}.html"
    deck.unlink()
    assert made(course) >= {"deck"}
    deck.write_text("by hand")
    assert made(course) == {"deck"}
    (course.release / FORWARD / "extra.txt").write_text("by hand")
    assert made(course) == {"release"}
    assert not (course.release / FORWARD / "extra.txt").exists()


def test_a_gradebook_that_does_not_know_the_chapter_has_it_released_again(course: Course) -> None:
    (course.root / "gradebook.db").unlink()
    assert made(course) == {"release"}
    (course.root / "gradebook.db").write_bytes(b"no database")
    with pytest.raises(CourseError, match="nbgrader could not make the student version"):
        made(course)


def test_the_deck_with_solutions_is_made_when_asked_for(course: Course) -> None:
    assert made(course, solutions=True) == {"deck with solutions", "index"}
    assert made(course, solutions=True) == set()
    assert ".solutions.html" not in (course.slides / "index.html").read_text(encoding="utf-8")


@needs_chromium
def test_pdfs_are_made_when_asked_for_and_then_linked(course: Course) -> None:
    assert made(course, pdf=True) == {"pdf", "index"}
    assert f'href="{FORWARD}.pdf"' in (course.slides / "index.html").read_text(encoding="utf-8")
    assert made(course, pdf=True) == set()
    (course.slides / f"{FORWARD}.pdf").unlink()
    assert made(course, pdf=True) == {"pdf"}


def test_a_pdf_without_a_browser_is_said_in_a_sentence(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPTYCH_CHROMIUM", "/nowhere/chromium")
    ran = CliRunner().invoke(app, ["build", "--course", str(course.root), "--pdf", FORWARD])
    assert isinstance(ran.exception, CourseError)
    assert str(ran.exception).startswith(f"{FORWARD}.pdf cannot be made: No Chromium was found")
    assert (course.slides / f"{FORWARD}.html").is_file()


def test_a_record_that_cannot_be_read_makes_all(course: Course) -> None:
    (course.root / ".triptych" / "build.json").write_text('{"half": ')
    assert made(course) == {"release", "solutions", "deck", "index"}
    (course.root / ".triptych" / "build.json").write_text('{"slides/index.html": 7}')
    assert made(course) == {"release", "solutions", "deck", "index"}


def test_force_makes_all_and_runs_the_answer_key(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    monkeypatch.setattr("triptych.build.answer_key.forget", lambda course_, chapter: runs.append(chapter))
    assert made(course, force=True) == {"release", "solutions", "deck", "index"}
    assert runs == [FORWARD]


def test_the_command_says_what_is_as_before(course: Course) -> None:
    ran = CliRunner().invoke(app, ["build", "--course", str(course.root), FORWARD])
    assert ran.exit_code == 0, ran.output
    assert f"up to date: {FORWARD}" in ran.output
    assert "slides/index.html" in ran.output
