"""Everything that is derived from a chapter's source, in one call."""

from __future__ import annotations

from pathlib import Path

from triptych.build.answer_key import answer_key, lecture_view, with_notes, write_answer_key
from triptych.build.deck import DeckError, write_deck
from triptych.build.release import release_chapter
from triptych.chapter import read_chapter
from triptych.course import Course, CourseError


def build_chapter(course: Course, chapter: str) -> list[Path]:
    """Writes release, answer key and deck of a chapter; returns what a person may open.

    Raises CourseError with what is to be mended.
    """
    release = release_chapter(course, chapter)
    key = write_answer_key(course, chapter)
    deck = write_chapter_deck(course, chapter)
    return [release / f"{chapter}.ipynb", key, deck]


def write_chapter_deck(course: Course, chapter: str, *, solutions: bool = False) -> Path:
    """Writes `slides/<chapter>.html`, or `slides/<chapter>.solutions.html` with the answers on it."""
    plan = course.plans[chapter]
    notebook = with_notes(answer_key(course, chapter), read_chapter(course.notebook(chapter)).notebook)
    target = course.slides / (f"{chapter}.solutions.html" if solutions else f"{chapter}.html")
    try:
        write_deck(
            notebook if solutions else lecture_view(notebook),
            course.source / chapter,
            course.slides,
            target,
            title=f"{plan.number} · {plan.title}",
            footer=f"{course.title} · {plan.number} {plan.title}",
            lang=course.language,
        )
    except DeckError as error:
        raise CourseError(f"The deck of {chapter} cannot be made: {error}") from error
    return target
