"""Student versions, answer keys and decks: what is in them, and what must not be."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import nbformat
import pytest
from courses import FORWARD, PROJECT, edit, scratch, shortened
from test_grading import leaks, own_solution_lines, secret_lines

from triptych.build.answer_key import answer_key
from triptych.build.derive import write_chapter_deck
from triptych.build.release import release_chapter, release_differences
from triptych.model.chapter import Role, read_chapter, stub
from triptych.model.course import Course, CourseError


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = scratch(tmp_path_factory.mktemp("build") / "course")
    theme = {part: course.slides / part for part in ("template", "theme", "vendor")}
    assert all(path.is_dir() for path in theme.values())
    release_chapter(course, FORWARD)
    return course


@pytest.fixture(scope="module")
def deck(built: Course, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_chapter_deck(built, FORWARD).read_text(encoding="utf-8")


def body_of(deck: str) -> str:
    """The slides, without styles and scripts."""
    return re.sub(r"(?s)<(script|style)\b.*?</\1>", "", deck)


def text_of(deck: str) -> str:
    return re.sub(r"<[^>]+>", "", body_of(deck))


def test_the_deck_shows_no_hidden_test_and_no_solution(deck: str) -> None:
    assert leaks(text_of(deck), secret_lines(FORWARD)) == []
    assert leaks(text_of(deck), own_solution_lines(FORWARD)) == []
    assert "YOUR CODE HERE" in text_of(deck)


def test_the_deck_with_solutions_shows_them_and_no_hidden_test(built: Course) -> None:
    text = text_of(write_chapter_deck(built, FORWARD, solutions=True).read_text(encoding="utf-8"))
    assert leaks(text, secret_lines(FORWARD)) == []
    assert leaks(text, own_solution_lines(FORWARD))


def test_the_deck_carries_the_speakers_notes(deck: str) -> None:
    notes = [cell for cell in read_chapter(PROJECT.notebook(FORWARD)).cells if cell.role is Role.NOTES]
    assert deck.count('<aside class="notes"') == len(notes) > 5


def test_the_deck_shows_what_cells_have_computed(deck: str) -> None:
    assert 'src="data:image/png;base64,' in deck
    assert 'src="data:image/svg+xml;base64,' in deck


def test_the_deck_is_one_small_file(deck: str) -> None:
    assert len(deck.encode()) < 6_000_000
    assert not re.search(r"""(?:src|href)=["']https?:""", body_of(deck))


def test_student_version_is_locked_where_it_must_be(built: Course) -> None:
    notebook = nbformat.read(built.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    for cell in notebook.cells:
        marks = cell.metadata.nbgrader
        assert cell.metadata.get("editable", True) is bool(marks.solution), cell.id
        assert cell.metadata.slideshow.slide_type
    assert not any(cell.cell_type == "raw" for cell in notebook.cells)
    assert {p.name for p in (built.release / FORWARD).iterdir()} >= {"figures", "rise.css", "triptych.mplstyle"}


def test_stub_is_what_nbgrader_hands_out(built: Course) -> None:
    released = nbformat.read(built.release / FORWARD / f"{FORWARD}.ipynb", as_version=4)
    source = read_chapter(built.notebook(FORWARD))
    for id_, exercise in source.exercises.items():
        (cell,) = [c for c in released.cells if c.id == id_]
        assert cell.source == stub(exercise.solution.source)


def test_a_release_by_hand_is_noticed(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    release_chapter(course, FORWARD)
    assert list(release_differences(course, [FORWARD])) == [[]]
    path = course.release / FORWARD / f"{FORWARD}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("Forward mode", "Backward mode"), encoding="utf-8")
    (course.release / FORWARD / "rise.css").unlink()
    (course.release / FORWARD / "answers.txt").write_text("42")
    (lines,) = release_differences(course, [FORWARD])
    said = "\n".join(lines)
    assert "-" in said and "Backward mode" in said
    assert "rise.css: is missing" in said
    assert "answers.txt: is kept" in said


def test_an_answer_key_that_fails_names_the_cell(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")

    def spoil(notebook: nbformat.NotebookNode) -> None:
        next(c for c in notebook.cells if c.id == "mul_jvp").source = "raise ValueError('spoiled')"

    edit(course.notebook(FORWARD), spoil)
    with pytest.raises(CourseError, match=r"cell mul_jvp of the answer key fails \(ValueError: spoiled\)"):
        answer_key(course, FORWARD)


def test_running_an_answer_key_leaves_signal_handlers_alone(tmp_path: Path) -> None:
    """A live deck ends cleanly on SIGTERM, also when its answer key was run first."""
    course = scratch(tmp_path / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        handler = signal.getsignal(signal.SIGTERM)
        answer_key(course, FORWARD)
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_answer_key_is_run_again_only_when_its_source_has_changed(
    built: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_key(built, FORWARD)
    runs: list[Path] = []
    monkeypatch.setattr("triptych.build.answer_key._execute", lambda notebook, path: runs.append(path))
    answer_key(built, FORWARD)
    assert runs == []
    (built.source / FORWARD / "figures" / "new.svg").write_text("<svg/>")
    answer_key(built, FORWARD)
    assert len(runs) == 1
    (built.source / FORWARD / "figures" / "new.svg").unlink()
