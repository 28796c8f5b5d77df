"""A second build makes only what has changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from courses import FORWARD, scratch
from decks import share_answer_keys
from nbformat import NotebookNode
from needs import needs_chromium
from typer.testing import CliRunner

from triptych.build.answer_key import answer_key
from triptych.build.targets import build_course
from triptych.cli import app
from triptych.model.course import Course, CourseError, Talk

pytestmark = pytest.mark.xdist_group(f"deck {FORWARD}")
ALL = {"release", "solutions", "deck", "index"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """One chapter, built, with its own copy of the theme."""
    course = scratch(tmp_path_factory.mktemp("again") / "course")
    share_answer_keys(course)
    theme = course.slides / "theme"
    original = theme.resolve()
    theme.unlink()
    shutil.copytree(original, theme)
    assert made(course) == ALL
    return course


@pytest.fixture
def course(built: Course, tmp_path: Path) -> Course:
    """A copy of it for each test."""
    return Course(Path(shutil.copytree(built.root, tmp_path / "course", symlinks=True)))


def made(course: Course, **options: Any) -> set[str]:
    """Which products a build of the chapter makes."""
    paths = [path for result in build_course(course, [FORWARD], **options) for path in result.paths]
    names = {
        course.release / FORWARD: "release",
        course.solutions / FORWARD / f"{FORWARD}.ipynb": "solutions",
        course.slides / f"{FORWARD}.html": "deck",
        course.slides / f"{FORWARD}.with-answers.html": "deck with answers",
        course.slides / f"{FORWARD}.pdf": "pdf",
        course.slides / "index.html": "index",
    }
    return {names[path] for path in paths}


def test_unchanged_or_only_touched_sources_make_nothing(course: Course) -> None:
    assert made(course) == set()
    course.notebook(FORWARD).touch()
    assert made(Course(course.root)) == set()


def test_changed_theme_makes_decks(course: Course) -> None:
    css = course.slides / "theme" / "triptych.css"
    css.write_text(css.read_text() + "\n/* new */\n")
    assert "deck" in made(course)
    assert "/* new */" in (course.slides / f"{FORWARD}.html").read_text(encoding="utf-8")
    assert made(course) == set()


def test_product_that_is_missing_or_edited_is_made_again(course: Course) -> None:
    deck = course.slides / f"{FORWARD}.html"
    deck.unlink()
    assert made(course) >= {"deck"}
    deck.write_text("by hand")
    assert made(course) == {"deck"}
    (course.release / FORWARD / "extra.txt").write_text("by hand")
    assert made(course) == {"release"}
    assert not (course.release / FORWARD / "extra.txt").exists()


def test_chapter_missing_in_the_gradebook_is_released_again(course: Course) -> None:
    (course.root / "gradebook.db").unlink()
    assert made(course) == {"release"}
    (course.root / "gradebook.db").write_bytes(b"no database")
    with pytest.raises(CourseError, match=r"cannot be opened \(file is not a database\): restore it"):
        made(course)


def test_deck_with_answers_is_made_on_request(course: Course) -> None:
    assert made(course, with_answers=True) == {"deck with answers", "index"}
    assert made(course, with_answers=True) == set()
    assert ".with-answers.html" not in (course.slides / "index.html").read_text(encoding="utf-8")


@needs_chromium
def test_pdf_is_made_on_request_and_linked(course: Course) -> None:
    assert made(course, pdf=True) == {"pdf", "index"}
    assert f'href="{FORWARD}.pdf"' in (course.slides / "index.html").read_text(encoding="utf-8")
    assert made(course, pdf=True) == set()
    (course.slides / f"{FORWARD}.pdf").unlink()
    assert made(course, pdf=True) == {"pdf"}


def test_pdf_without_a_browser_ends_in_one_sentence(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPTYCH_CHROMIUM", "/nowhere/chromium")
    result = CliRunner().invoke(app, ["build", "--course", str(course.root), "--pdf", FORWARD])
    assert isinstance(result.exception, CourseError)
    assert str(result.exception).startswith(f"{FORWARD}.pdf cannot be made: No Chromium was found")
    assert (course.slides / f"{FORWARD}.html").is_file()


@pytest.mark.parametrize("content", ['{"half": ', '{"slides/index.html": 7}'])
def test_unreadable_cache_makes_everything(course: Course, content: str) -> None:
    (course.root / ".triptych" / "build.json").write_text(content)
    assert made(course) == ALL


def test_force_makes_everything_and_runs_the_answer_key(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    forced: list[str] = []

    def cached(course_: Course, chapter: str, *, force: bool = False) -> NotebookNode:
        if force:
            forced.append(chapter)
        return answer_key(course_, chapter)

    monkeypatch.setattr("triptych.build.targets.answer_key", cached)
    assert made(course, force=True) == ALL
    assert forced == [FORWARD]


def test_command_names_what_is_up_to_date(course: Course) -> None:
    result = CliRunner().invoke(app, ["build", "--course", str(course.root), FORWARD])
    assert result.exit_code == 0, result.output
    assert f"up to date: {FORWARD}" in result.output
    assert "slides/index.html" in result.output


def test_another_talk_makes_only_decks(course: Course) -> None:
    assert made(course, talk=Talk(speaker="Ada Lovelace")) == {"deck"}
    assert "Ada Lovelace" in (course.slides / f"{FORWARD}.html").read_text(encoding="utf-8")
    assert made(course) == {"deck"}
    assert "Ada Lovelace" not in (course.slides / f"{FORWARD}.html").read_text(encoding="utf-8")


def test_talk_is_read_from_the_contract_and_from_options(course: Course) -> None:
    contract = course.source / "course.toml"
    talk = '\n[talk]\nspeaker = "Ada Lovelace"\nevent = "In London"\n'
    contract.write_text(contract.read_text(encoding="utf-8") + talk, encoding="utf-8")
    result = CliRunner().invoke(app, ["build", "5", "--event", "In Turin", "--course", str(course.root)])
    assert result.exit_code == 0, result.output
    deck = (course.slides / f"{FORWARD}.html").read_text(encoding="utf-8")
    assert '<p class="talk">Ada Lovelace · In Turin</p>' in deck


def test_talk_with_an_unknown_entry_is_an_error(course: Course) -> None:
    contract = course.source / "course.toml"
    contract.write_text(contract.read_text(encoding="utf-8") + '\n[talk]\nspeakr = "Ada"\n', encoding="utf-8")
    with pytest.raises(CourseError, match=r"\[talk\] .* unknown option 'speakr': did you mean speaker"):
        list(build_course(Course(course.root), [FORWARD]))
