"""The build: makes every product of a course that is out of date.

Modules that render (with nbconvert, nbgrader, a browser) are imported where they are used, so that a build without
changes ends at once.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from nbformat import NotebookNode

from triptych.build.answer_key import answer_key, cache_path, lecture_view, with_notes, write_answer_key
from triptych.build.build_cache import BuildCache, chapter_fingerprint, shared_fingerprint
from triptych.fingerprint import fingerprint
from triptych.model.chapter import read_chapter
from triptych.model.course import Course, CourseError, Talk
from triptych.model.workshop import core_chapters, parts_of

WORKSHOP = "workshop"

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True)
class BuildResult:
    """What a build made of one chapter, of the workshop, as PDF, or as index.

    Attributes:
        name: the chapter, or `workshop`, `PDF`, `index`.
        paths: the products that were made; empty when all were up to date.
        key_seconds: how long the answer key ran; None when it was up to date.
        note: why a product that is out of date was not made.
        changes: what has been taken over into the gradebook, in words.
    """

    name: str
    paths: list[Path]
    key_seconds: float | None = None
    note: str = ""
    changes: Sequence[str] = ()


@dataclass(frozen=True)
class _Target:
    """A product, the fingerprint of its inputs, and how to make it. A `due` one is stale in any case."""

    path: Path
    inputs: str
    make: Callable[[], object]
    due: bool = False


class _Build:
    """One build of a course."""

    def __init__(self, course: Course, *, talk: Talk, force: bool) -> None:
        self.course = course
        self.talk = talk
        self.force = force
        self.cache = BuildCache(course)
        self.shared = shared_fingerprint(course)

    def is_stale(self, target: _Target) -> bool:
        return self.force or target.due or not self.cache.is_fresh(target.path, target.inputs)

    def make(self, target: _Target) -> None:
        target.make()
        self.cache.record(target.path, target.inputs)

    def chapters(self, chapters: Sequence[str], *, with_answers: bool) -> Iterator[BuildResult]:
        stale: dict[str, list[_Target]] = {}
        for chapter in chapters:
            if targets := [t for t in self._targets_of(chapter, with_answers=with_answers) if self.is_stale(t)]:
                stale[chapter] = targets
            else:
                yield BuildResult(chapter, [])
        ready = [c for c in stale if not self.force and cache_path(self.course, c).is_file()]

        def run_key(chapter: str) -> float | None:
            if chapter in ready:
                return None
            start = time.monotonic()
            answer_key(self.course, chapter, force=self.force)
            return time.monotonic() - start

        from triptych.build.takeover import planned_change

        # Later chapters run longer. Started first, they do not keep the build waiting at the end.
        order = [*ready, *(chapter for chapter in reversed(stale) if chapter not in ready)]
        for chapter, seconds in _in_parallel({chapter: partial(run_key, chapter) for chapter in order}):
            change = planned_change(self.course, chapter)
            for target in stale[chapter]:
                self.make(target)
            changes = list(change.lines()) if change and change.submissions else []
            yield BuildResult(chapter, [target.path for target in stale[chapter]], seconds, changes=changes)

    def _targets_of(self, chapter: str, *, with_answers: bool) -> list[_Target]:
        """Student version, answer key and deck of a chapter, in this order."""

        def release() -> None:
            from triptych.build.release import release_chapter

            release_chapter(self.course, chapter)

        course, inputs = self.course, chapter_fingerprint(self.course, chapter, self.shared)
        key = course.solutions / chapter / f"{chapter}.ipynb"
        targets = [
            _Target(course.release / chapter, inputs, release, due=not self._in_gradebook(chapter)),
            _Target(key, inputs, partial(write_answer_key, course, chapter)),
        ]
        for answers in (False, True) if with_answers else (False,):
            make = partial(write_chapter_deck, course, chapter, with_answers=answers, talk=self.talk)
            targets.append(_Target(_deck_path(course, chapter, with_answers=answers), self._for_talk(inputs), make))
        return targets

    def _for_talk(self, inputs: str) -> str:
        return fingerprint(texts=[inputs, str(self.talk)])

    def _in_gradebook(self, chapter: str) -> bool:
        """Whether the gradebook has the chapter. Read without nbgrader, which takes a second to import."""
        file = self.course.root / "gradebook.db"
        try:
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as gradebook:
                return bool(gradebook.execute("SELECT 1 FROM assignment WHERE name = ?", (chapter,)).fetchone())
        except sqlite3.Error:
            return False

    def workshop(self, built: Sequence[str]) -> Iterator[BuildResult]:
        """The workshop's deck. Not made when it needs an answer key that is out of date and not in `built`."""
        course = self.course
        if not _has_workshop(course):
            return
        chapters = core_chapters(course)
        inputs = fingerprint(*(course.source / chapter for chapter in chapters), texts=[self.shared])
        make = partial(write_workshop_deck, course, talk=self.talk)
        target = _Target(_deck_path(course, WORKSHOP), self._for_talk(inputs), make)
        if not self.is_stale(target):
            yield BuildResult(WORKSHOP, [])
            return
        missing = [c for c in chapters if c not in built and not cache_path(course, c).is_file()]
        if missing:
            note = f"not updated, it also needs {', '.join(missing)}; run `triptych build` for all chapters"
            yield BuildResult(WORKSHOP, [], note=note)
            return
        self.make(target)
        yield BuildResult(WORKSHOP, [target.path])

    def pdfs(self, decks: Sequence[Path]) -> Iterator[BuildResult]:
        """The decks as PDF, each in a browser of its own."""
        targets = []
        for deck in decks:
            pdf = deck.with_suffix(".pdf")
            targets.append(_Target(pdf, fingerprint(deck, texts=[self.shared]), partial(_write_pdf, deck, pdf)))
        stale = {target: target.make for target in targets if self.is_stale(target)}
        if not stale:
            yield BuildResult("PDF", [])
        for target, _ in _in_parallel(stale):
            self.cache.record(target.path, target.inputs)
            yield BuildResult("PDF", [target.path])

    def index(self) -> Iterator[BuildResult]:
        course = self.course
        path = course.slides / "index.html"
        linked = sorted(f.name for pattern in ("*.html", "*.pdf") for f in course.slides.glob(pattern) if f != path)
        inputs = fingerprint(*(course.notebook(c) for c in course.chapters), texts=[self.shared, *linked])
        target = _Target(path, inputs, partial(write_index, course))
        if self.is_stale(target):
            self.make(target)
            yield BuildResult("index", [path])


def build_course(
    course: Course,
    chapters: Sequence[str],
    *,
    with_answers: bool = False,
    talk: Talk | None = None,
    pdf: bool = False,
    force: bool = False,
) -> Iterator[BuildResult]:
    """Makes student versions, answer keys and decks of some chapters, the workshop's deck and the index.

    Args:
        course: the course.
        chapters: names of chapters.
        with_answers: also make decks that show the answers.
        talk: speaker, event and date for the title slides; by default those of the contract.
        pdf: also print every deck of `chapters` and the workshop's as PDF.
        force: make also what is up to date.

    Yields:
        A result for each chapter as soon as it is done, then for the workshop, the PDFs and the index.

    Raises:
        CourseError: something has to be fixed. Products made until then are kept.
    """
    build = _Build(course, talk=talk or course.talk, force=force)
    yield from build.chapters(chapters, with_answers=with_answers)
    yield from build.workshop(chapters)
    if pdf:
        decks = [_deck_path(course, chapter) for chapter in chapters]
        decks += [_deck_path(course, chapter, with_answers=True) for chapter in chapters if with_answers]
        decks += [deck for deck in [_deck_path(course, WORKSHOP)] if deck.is_file()]
        yield from build.pdfs(decks)
    yield from build.index()


def write_chapter_deck(course: Course, chapter: str, *, with_answers: bool = False, talk: Talk | None = None) -> Path:
    """Writes a chapter's deck.

    Args:
        course: the course.
        chapter: the chapter's name.
        with_answers: show the answers; the file is then `slides/<chapter>.with-answers.html`.
        talk: speaker, event and date for the title slide; by default those of the contract.

    Returns:
        The path of the deck.

    Raises:
        CourseError: a cell of the answer key fails, or a slide cannot be shown.
    """
    from triptych.build.closing import chapter_closing
    from triptych.build.deck import DeckError, write_deck

    plan = course.plans[chapter]
    notebook = _executed(course, chapter)
    target = _deck_path(course, chapter, with_answers=with_answers)
    try:
        write_deck(
            notebook if with_answers else lecture_view(notebook),
            course.source / chapter,
            course.slides,
            target,
            title=f"{plan.number} · {plan.title}",
            footer=f"{course.title} · {plan.number} {plan.title}",
            lang=course.language,
            exercises=plan.exercises,
            answers=with_answers,
            talk=str(talk or course.talk),
            closing=chapter_closing(course, chapter, notebook),
        )
    except DeckError as error:
        raise CourseError(f"The deck of {chapter} cannot be made: {error}") from error
    return target


def write_workshop_deck(course: Course, *, talk: Talk | None = None) -> Path:
    """Writes `slides/workshop.html`, the core path of all chapters, and returns its path.

    Args:
        course: the course.
        talk: speaker, event and date for the title slide; by default those of the contract.

    Raises:
        CourseError: a cell of an answer key fails, a slide cannot be shown, or the workshop's plan does not fit.
    """
    from triptych.build.deck import DeckError
    from triptych.build.workshop_deck import write_workshop

    target = _deck_path(course, WORKSHOP)
    notebooks = {chapter: lecture_view(_executed(course, chapter)) for chapter in core_chapters(course)}
    try:
        write_workshop(course, notebooks, target, talk=talk or course.talk)
    except DeckError as error:
        raise CourseError(f"The workshop's deck cannot be made: {error}") from error
    return target


def write_index(course: Course) -> Path:
    """Writes `slides/index.html`, which links all decks, and returns its path."""
    from triptych.build.contents import write_contents

    parts = None
    if _has_workshop(course):
        parts = parts_of(course, {c: read_chapter(course.notebook(c)).notebook for c in core_chapters(course)})
    return write_contents(course, parts)


def _executed(course: Course, chapter: str) -> NotebookNode:
    """The answer key with speaker notes."""
    return with_notes(answer_key(course, chapter), read_chapter(course.notebook(chapter)).notebook)


def _write_pdf(deck: Path, pdf: Path) -> None:
    from triptych.build.browser import BrowserError, write_pdf

    try:
        write_pdf(deck, pdf)
    except BrowserError as error:
        raise CourseError(f"{pdf.name} cannot be made: {error}") from error


def _in_parallel(calls: Mapping[Key, Callable[[], Value]]) -> Iterator[tuple[Key, Value]]:
    """Runs functions in threads, one per core at a time, and yields their results as they complete."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        futures = {pool.submit(call): key for key, call in calls.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            for future in futures:
                future.cancel()


def _deck_path(course: Course, name: str, *, with_answers: bool = False) -> Path:
    return course.slides / (f"{name}.with-answers.html" if with_answers else f"{name}.html")


def _has_workshop(course: Course) -> bool:
    """Whether the course plans a workshop and has all of its chapters."""
    return "workshop" in course.contract and course.chapters == list(course.plans)
