"""Everything that is derived from the sources, made anew where something has changed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from triptych.build.stamps import Stamps, common, digest, made_from
from triptych.model.chapter import read_chapter
from triptych.model.course import Course, CourseError
from triptych.model.slides import plan_text
from triptych.model.workshop import core_chapters, parts_of

# What renders (nbconvert, nbgrader, a browser) is imported where it is used: a build that finds nothing
# changed is to end at once.

WORKSHOP = "workshop"


@dataclass(frozen=True)
class BuildResult:
    """What was made of a chapter (or of all: the workshop, the index), or of how it is as it was."""

    name: str
    paths: list[Path]
    key_seconds: float | None = None  # time that its answer key ran, when it had to
    note: str = ""


@dataclass(frozen=True)
class _Product:
    path: Path
    made_from: str
    make: Callable[[], object]
    #: to be made whatever its stamp says
    due: bool = False


def build_course(
    course: Course,
    chapters: Sequence[str],
    *,
    solutions: bool = False,
    pdf: bool = False,
    force: bool = False,
) -> Iterator[BuildResult]:
    """Makes student version, answer key and deck of some chapters, the workshop's deck and the index.

    What is as it was is left alone, unless `force`. Yields once a chapter, as it is done, then for the
    workshop, the PDFs and the index. Raises CourseError with what is to be fixed; what was made until
    then stays made.
    """
    from triptych.build.answer_key import forget, prepare_answer_keys

    stamps, shared = Stamps(course), common(course)
    jobs: dict[str, list[_Product]] = {}
    for chapter in chapters:
        products = _products(course, chapter, shared, solutions=solutions)
        stale = [p for p in products if force or p.due or not stamps.fresh(p.path, p.made_from)]
        if force:
            forget(course, chapter)
        if stale:
            jobs[chapter] = stale
        else:
            yield BuildResult(chapter, [])
    for chapter, seconds in prepare_answer_keys(course, list(jobs)) if jobs else ():
        for product in jobs[chapter]:
            _make(product, stamps)
        yield BuildResult(chapter, [product.path for product in jobs[chapter]], seconds)
    yield from _workshop(course, chapters, stamps, shared, force=force)
    if pdf:
        decks = [course.slides / f"{chapter}.html" for chapter in chapters]
        decks += [course.slides / f"{chapter}.solutions.html" for chapter in chapters if solutions]
        decks += [deck for deck in [course.slides / f"{WORKSHOP}.html"] if deck.is_file()]
        yield from _pdfs(decks, stamps, shared, force=force)
    yield from _contents(course, stamps, shared, force=force)


def _make(product: _Product, stamps: Stamps) -> None:
    product.make()
    stamps.record(product.path, product.made_from)


def write_chapter_deck(course: Course, chapter: str, *, solutions: bool = False, target: Path | None = None) -> Path:
    """Writes `slides/<chapter>.html`, or `slides/<chapter>.solutions.html` with the answers on it.

    Raises CourseError with what is to be fixed.
    """
    from triptych.build.answer_key import answer_key, lecture_view, with_notes
    from triptych.build.deck import DeckError, write_deck

    plan = course.plans[chapter]
    notebook = with_notes(answer_key(course, chapter), read_chapter(course.notebook(chapter)).notebook)
    target = target or course.slides / (f"{chapter}.solutions.html" if solutions else f"{chapter}.html")
    try:
        write_deck(
            notebook if solutions else lecture_view(notebook),
            course.source / chapter,
            course.slides,
            target,
            title=f"{plan.number} · {plan.title}",
            footer=f"{course.title} · {plan.number} {plan.title}",
            lang=course.language,
            badges={id_: plan_text(exercise) for id_, exercise in plan.exercises.items()},
        )
    except DeckError as error:
        raise CourseError(f"The deck of {chapter} cannot be made: {error}") from error
    return target


def write_workshop_deck(course: Course, target: Path | None = None) -> Path:
    """Writes `slides/workshop.html`, the core path of all chapters. Raises CourseError as above."""
    from triptych.build.answer_key import answer_key, lecture_view, with_notes
    from triptych.build.deck import DeckError
    from triptych.build.workshop_deck import write_workshop

    target = target or course.slides / f"{WORKSHOP}.html"
    notebooks = {}
    for chapter in core_chapters(course):
        source = read_chapter(course.notebook(chapter)).notebook
        notebooks[chapter] = lecture_view(with_notes(answer_key(course, chapter), source))
    try:
        write_workshop(course, notebooks, target)
    except DeckError as error:
        raise CourseError(f"The workshop's deck cannot be made: {error}") from error
    return target


def _products(course: Course, chapter: str, shared: str, *, solutions: bool) -> list[_Product]:
    from triptych.build.answer_key import write_answer_key

    def release() -> None:
        from triptych.build.release import release_chapter

        release_chapter(course, chapter)

    source = made_from(course, chapter, shared)
    key, deck = course.solutions / chapter / f"{chapter}.ipynb", course.slides / f"{chapter}.html"
    products = [
        _Product(course.release / chapter, source, release, due=not _in_gradebook(course, chapter)),
        _Product(key, source, lambda: write_answer_key(course, chapter)),
        _Product(deck, source, lambda: write_chapter_deck(course, chapter)),
    ]
    if solutions:
        deck = course.slides / f"{chapter}.solutions.html"
        products.append(_Product(deck, source, lambda: write_chapter_deck(course, chapter, solutions=True)))
    return products


def _in_gradebook(course: Course, chapter: str) -> bool:
    """Whether the gradebook knows the chapter, asked without nbgrader, which takes a second to import."""
    file = course.root / "gradebook.db"
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as gradebook:
            found = gradebook.execute("SELECT 1 FROM assignment WHERE name = ?", (chapter,)).fetchone()
    except sqlite3.Error:
        return False
    return found is not None


def _workshop(
    course: Course, chosen: Sequence[str], stamps: Stamps, shared: str, *, force: bool
) -> Iterator[BuildResult]:
    from triptych.build.answer_key import is_ready

    if not _has_workshop(course):
        return
    chapters = core_chapters(course)
    made_from = digest(*(course.source / chapter for chapter in chapters), extra=[shared])
    product = _Product(course.slides / f"{WORKSHOP}.html", made_from, lambda: write_workshop_deck(course))
    if not force and stamps.fresh(product.path, made_from):
        yield BuildResult(WORKSHOP, [])
        return
    missing = [chapter for chapter in chapters if chapter not in chosen and not is_ready(course, chapter)]
    if missing:
        yield BuildResult(WORKSHOP, [], note=f"left as it was, since {', '.join(missing)} would have to be run for it")
        return
    _make(product, stamps)
    yield BuildResult(WORKSHOP, [product.path])


def _has_workshop(course: Course) -> bool:
    """A course has one when it plans one and all its chapters are there."""
    return "workshop" in course.contract and course.chapters == list(course.plans)


def _pdfs(decks: Sequence[Path], stamps: Stamps, shared: str, *, force: bool) -> Iterator[BuildResult]:
    """The decks as PDF: each in a browser of its own, one a core at a time."""
    from triptych.build.browser import BrowserError, write_pdf

    products = []
    for deck in decks:
        target = deck.with_suffix(".pdf")
        made_from = digest(deck, extra=[shared])
        if force or not stamps.fresh(target, made_from):
            products.append(_Product(target, made_from, partial(write_pdf, deck, target)))
    if not products:
        yield BuildResult("PDF", [])
        return
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        futures = {pool.submit(product.make): product for product in products}
        try:
            for future in as_completed(futures):
                product = futures[future]
                future.result()
                stamps.record(product.path, product.made_from)
                yield BuildResult("PDF", [product.path])
        except BrowserError as error:
            raise CourseError(f"{product.path.name} cannot be made: {error}") from error
        finally:
            for future in futures:
                future.cancel()


def _contents(course: Course, stamps: Stamps, shared: str, *, force: bool) -> Iterator[BuildResult]:
    target = course.slides / "index.html"
    files = sorted(f.name for pattern in ("*.html", "*.pdf") for f in course.slides.glob(pattern) if f != target)
    made_from = digest(*(course.notebook(chapter) for chapter in course.chapters), extra=[shared, *files])
    if force or not stamps.fresh(target, made_from):
        product = _Product(target, made_from, lambda: write_index(course))
        _make(product, stamps)
        yield BuildResult("index", [target])


def write_index(course: Course) -> Path:
    """Writes `slides/index.html`, the way into all decks that are there."""
    from triptych.build.contents import write_contents

    parts = None
    if _has_workshop(course):
        notebooks = {c: read_chapter(course.notebook(c)).notebook for c in core_chapters(course)}
        parts = parts_of(course, notebooks)
    return write_contents(course, parts)
