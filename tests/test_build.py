"""Student versions, answer keys and decks: their contents, and the secrets that they must not have."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, PROJECT, edit, scratch, shortened
from test_grading import hidden_texts, leaks, own_solution_lines

from triptych.build.answer_key import answer_key, cache_path
from triptych.build.release import release_chapter, release_differences
from triptych.build.targets import write_chapter_deck
from triptych.model.chapter import Role, read_chapter, stub
from triptych.model.course import Course, CourseError


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = scratch(tmp_path_factory.mktemp("build") / "course")
    release_chapter(course, FORWARD)
    return course


@pytest.fixture(scope="module")
def deck(built: Course) -> str:
    return write_chapter_deck(built, FORWARD).read_text(encoding="utf-8")


def body_of(deck: str) -> str:
    """The slides, without styles and scripts."""
    return re.sub(r"(?s)<(script|style)\b.*?</\1>", "", deck)


def text_of(deck: str) -> str:
    return re.sub(r"<[^>]+>", "", body_of(deck))


def test_deck_has_no_hidden_test_and_no_solution(deck: str) -> None:
    assert leaks(text_of(deck), hidden_texts(FORWARD)) == []
    assert leaks(text_of(deck), own_solution_lines(FORWARD)) == []
    assert "%%builds_on" not in text_of(deck)


def test_deck_with_answers_has_them_and_no_hidden_test(built: Course) -> None:
    text = text_of(write_chapter_deck(built, FORWARD, with_answers=True).read_text(encoding="utf-8"))
    assert leaks(text, hidden_texts(FORWARD)) == []
    assert leaks(text, own_solution_lines(FORWARD))


def test_deck_is_one_small_file_with_notes_and_outputs(deck: str) -> None:
    notes = [cell for cell in read_chapter(PROJECT.notebook(FORWARD)).cells if cell.role is Role.NOTES]
    assert deck.count('<aside class="notes"') >= len(notes) > 5
    assert 'class="picture' in deck
    assert len(deck.encode()) < 6_000_000
    assert not re.search(r"""(?:src|href)=["']https?:""", body_of(deck))


def test_student_version_locks_all_but_solutions(built: Course) -> None:
    notebook = nbformat.read(built.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    for cell in notebook.cells:
        assert cell.metadata.get("editable", True) is bool(cell.metadata.nbgrader.solution), cell.id
        assert cell.metadata.slideshow.slide_type
    assert not any(cell.cell_type == "raw" for cell in notebook.cells)
    assert {p.name for p in (built.release / FORWARD).iterdir()} >= {"figures", "rise.css", "triptych.mplstyle"}


def test_stub_is_the_one_in_the_student_version(built: Course) -> None:
    released = nbformat.read(built.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    for name, exercise in read_chapter(built.notebook(FORWARD)).exercises.items():
        (cell,) = [c for c in released.cells if c.id == name]
        assert cell.source == stub(exercise.solution.source)


def test_release_differences_name_each_edited_file(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    release_chapter(course, FORWARD)
    assert list(release_differences(course, [FORWARD])) == [[]]
    path = course.release / FORWARD / f"{FORWARD}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("Forward mode", "Backward mode"), encoding="utf-8")
    (course.release / FORWARD / "rise.css").unlink()
    (course.release / FORWARD / "answers.txt").write_text("42")
    (lines,) = release_differences(course, [FORWARD])
    assert any(line.startswith("-") and "Backward mode" in line for line in lines)
    assert f"release/{FORWARD}/rise.css: is missing" in lines
    assert any("answers.txt: exists, but the source gives no such file" in line for line in lines)


def test_answer_key_that_fails_names_the_cell(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")

    def spoil(notebook: nbformat.NotebookNode) -> None:
        next(c for c in notebook.cells if c.id == "mul_jvp").source = "raise ValueError('spoiled')"

    edit(course.notebook(FORWARD), spoil)
    with pytest.raises(CourseError, match=r"cell mul_jvp of the answer key fails \(ValueError: spoiled\)"):
        answer_key(course, FORWARD)


def test_answer_key_keeps_signal_handlers_and_is_run_again_only_for_a_changed_source(tmp_path: Path) -> None:
    """A live deck ends cleanly on SIGTERM, also if its answer key was run first."""
    course = scratch(tmp_path / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        handler = signal.getsignal(signal.SIGTERM)
        key = answer_key(course, FORWARD)
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)
    cached = cache_path(course, FORWARD)
    written = cached.stat().st_mtime_ns
    assert answer_key(course, FORWARD) == key
    assert cached.stat().st_mtime_ns == written
    answer_key(course, FORWARD, force=True)
    assert cached.stat().st_mtime_ns > written
    (course.source / FORWARD / "figures" / "new.svg").write_text("<svg/>")
    assert cache_path(course, FORWARD) != cached
    answer_key(course, FORWARD)
    assert list(cached.parent.iterdir()) == [cache_path(course, FORWARD)]
