"""Every chapter's deck and the workshop's in a real browser: nothing is cut off, missing, or given away."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from courses import FORWARD, PROJECT
from decks import DARK, NAMES, SCREENSHOTS, deck, lecture, printed, squeezed, survey
from needs import needs_chromium
from test_grading import hidden_texts, leaks, own_solution_lines

from triptych.build import browser
from triptych.build.answer_key import answer_key
from triptych.build.targets import WORKSHOP, write_chapter_deck
from triptych.model.chapter import Role, read_chapter, stub, visible_source
from triptych.model.slides import Slide, plan_text, slides_of
from triptych.model.workshop import core_chapters


def of(names: list[str], fast: Sequence[str] = (FORWARD,)) -> pytest.MarkDecorator:
    """One test per deck: those of `fast` in every run, the others in the slow tier.

    All tests of a deck run in one process, which builds and surveys it once.
    """
    marks = {name: [pytest.mark.xdist_group(f"deck {name}")] for name in names}
    return pytest.mark.parametrize(
        "name",
        [pytest.param(name, marks=marks[name] if name in fast else [*marks[name], pytest.mark.slow]) for name in names],
    )


each, each_chapter = of(NAMES), of(PROJECT.chapters)


def each_surveyed(test: Callable[[str], None]) -> Any:
    return needs_chromium(each(test))


def chapters_of(name: str) -> list[str]:
    return core_chapters(PROJECT) if name == WORKSHOP else [name]


def source_slides(name: str) -> list[Slide]:
    """The slides of a deck as in the sources: all of a chapter, or those of the core path."""
    slides = [s for c in chapters_of(name) for s in slides_of(read_chapter(PROJECT.notebook(c)).notebook)]
    return [slide for slide in slides if slide.core or name != WORKSHOP]


def text_of(path: Path) -> str:
    html = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", path.read_text(encoding="utf-8"))
    return re.sub(r"<[^>]+>", "", html)


def secrets_of(name: str) -> set[str]:
    """Lines of solutions and hidden tests of a deck's chapters that are in none of their lectures."""
    chapters = chapters_of(name)
    secrets = {line for c in chapters for line in hidden_texts(c) | own_solution_lines(c)}
    return secrets - {line for c in chapters for line in leaks(public_text(c), secrets)}


def public_text(chapter: str, *, solutions: bool = False) -> str:
    """A chapter's sources without hidden tests and, unless asked for, without solutions."""
    public = {Role.TEST: visible_source, Role.SOLUTION: str if solutions else stub}
    cells = read_chapter(PROJECT.notebook(chapter)).cells
    return "\n".join(public.get(cell.role, str)(cell.source) for cell in cells)


@each
def test_deck_is_small_and_has_no_solutions_or_hidden_tests(name: str) -> None:
    assert deck(name).stat().st_size <= 6_000_000
    assert len(secrets_of(name)) > 20
    assert leaks(text_of(deck(name)), secrets_of(name)) == []


@each_chapter
def test_deck_with_answers_has_no_hidden_tests(name: str) -> None:
    text = text_of(write_chapter_deck(lecture(), name, with_answers=True))
    hidden = hidden_texts(name)
    assert leaks(text, hidden - set(leaks(public_text(name, solutions=True), hidden))) == []
    assert leaks(text, own_solution_lines(name))


@each_surveyed
def test_slides_fit_request_nothing_and_raise_no_errors(name: str) -> None:
    result = survey(name)
    assert result.overflows == {(1280, 720): [], (1920, 1080): []}
    assert result.requests == []
    assert result.errors == []


@needs_chromium
@of(NAMES, fast=[FORWARD, WORKSHOP])
@pytest.mark.parametrize("key", [("ArrowRight", "ArrowLeft"), ("PageDown", "PageUp")], ids=["arrows", "clicker"])
def test_keys_visit_every_slide_in_order_and_back(name: str, key: tuple[str, str]) -> None:
    """Without a click or anything else before the first key, as on stage."""
    with browser.open_deck(deck(name)) as page:
        slides = page.evaluate("Reveal.getTotalSlides()")
        steps = slides + page.evaluate("document.querySelectorAll('.slides .fragment').length")
        assert visited(page, key[0], steps) == list(range(1, slides + 1))
        assert visited(page, key[1], steps) == list(range(slides, 0, -1))


def visited(page: Any, key: str, presses: int) -> list[int]:
    """The numbers of the slides that a key visits, each once per visit."""
    number = "parseInt(Reveal.getCurrentSlide().querySelector('.slide-count').textContent)"
    numbers = [page.evaluate(number)]
    for _ in range(presses):
        page.keyboard.press(key)
        numbers.append(page.evaluate(number))
    return [n for n, _ in groupby(numbers)]


@each_surveyed
def test_formulas_are_typeset(name: str) -> None:
    facts = survey(name).facts
    assert facts["dollars"] == []
    assert facts["wrong_formulas"] == []
    with_formula = {
        f"{chapter[:2]}_{cell.id}"[:64] if name == WORKSHOP else cell.id
        for chapter in chapters_of(name)
        for slide in source_slides(chapter)
        if name != WORKSHOP or slide.core
        for cell in slide.cells
        if cell.cell_type == "markdown" and re.search(r"\$[^$]+\$", re.sub(r"(?s)```.*?```|`[^`]*`", "", cell.source))
    }
    assert with_formula and not with_formula & set(facts["without_formula"])


@each_surveyed
def test_figures_are_complete_and_described(name: str) -> None:
    """As many as the sources show and the answer keys have drawn, each loaded and with alternative text."""
    images = survey(name).facts["images"]
    cells = [cell for slide in source_slides(name) for cell in slide.cells]
    drawings = sum(len(re.findall(r"!\[", cell.source)) for cell in cells if cell.cell_type == "markdown")
    plots = sum(
        mime.startswith("image/")
        for chapter in chapters_of(name)
        for cell in answer_key(lecture(), chapter).cells
        if cell.id in {c.id for s in source_slides(chapter) if s.core or name != WORKSHOP for c in s.cells}
        for output in cell.get("outputs", [])
        for mime in list(output.get("data", {}))
    )
    assert len(images) == drawings + plots > 0
    assert [image for image in images if not image["loaded"] or len(image["alt"]) < 20] == []


@each_surveyed
def test_headings_are_in_order_and_the_language_is_set(name: str) -> None:
    facts = survey(name).facts
    assert facts["lang"] == PROJECT.language
    assert facts["title"]
    levels = [level for level, _ in facts["headings"]]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@each_surveyed
def test_letters_are_large_enough_for_the_last_row(name: str) -> None:
    assert survey(name).letters == []


@each_surveyed
def test_fragments_appear_with_the_key(name: str) -> None:
    fragments = survey(name).facts["fragments"]
    expected = sum(any(_has_fragment(cell) for cell in slide.cells) for slide in source_slides(name))
    assert fragments == [[False, True]] * expected


@each_surveyed
def test_notes_are_with_their_slides(name: str) -> None:
    notes = survey(name).facts["notes"]
    expected = [any(cell.cell_type == "raw" for cell in slide.cells) for slide in source_slides(name)]
    if name == WORKSHOP:
        assert all(re.search(r"(min|s|no time)</strong>, until \d:\d\d", note) for note in notes)
    else:
        core = [slide.core for slide in source_slides(name)]
        assert [bool(note) for note in notes[:-1]] == [a or b for a, b in zip(core, expected, strict=True)]
        assert ["● core path" in note for note in notes[:-1]] == core
        assert sum(expected) > 5


@each_surveyed
def test_exercise_slides_show_points_and_minutes(name: str) -> None:
    badges = [badge for badge in survey(name).facts["badges"] if badge]
    plans = [
        PROJECT.plans[chapter].exercises[slide.exercise]
        for chapter in chapters_of(name)
        for slide in source_slides(chapter)
        if slide.exercise and (name != WORKSHOP or slide.core)
    ]
    assert badges == [plan_text(plan, plan.workshop if name == WORKSHOP else None) for plan in plans]
    assert "**" not in "".join(badges)


@each_surveyed
def test_footers_have_chapter_and_number(name: str) -> None:
    facts = survey(name).facts
    for number, footer in enumerate(facts["footers"], start=1):
        assert footer.startswith(f"{number}/{facts['slides']} ")
        if name != WORKSHOP:
            assert footer.endswith(f"{PROJECT.plans[name].number} {PROJECT.plans[name].title}")


@each_surveyed
def test_axe_finds_nothing_serious_in_light_and_dark(name: str) -> None:
    assert printed(name).axe == {"light": [], "dark": []}


@each_surveyed
def test_pdf_has_a_page_per_slide_bookmarks_tags_and_no_secrets(name: str) -> None:
    pdf, facts = printed(name), survey(name).facts
    made = 2 + len(chapters_of(name)) if name == WORKSHOP else 1  # title, parts, closing slide
    assert len(pdf.pages) == facts["slides"] == len(source_slides(name)) + made
    for number, text in enumerate(pdf.pages, start=1):
        assert f"{number}/{facts['slides']}" in squeezed(text)
    text = squeezed("".join(pdf.pages))
    assert sorted(line for line in secrets_of(name) if squeezed(line) in text) == []
    bookmarks = [squeezed(title) for title in pdf.outline]
    headings = [squeezed(text) for _, text in facts["headings"]]
    assert len(bookmarks) == len(headings)
    assert bookmarks[0] == headings[0] and bookmarks[-1] == headings[-1]
    assert pdf.tagged


@needs_chromium
@pytest.mark.skipif(SCREENSHOTS is None, reason="pictures are taken when TRIPTYCH_SCREENSHOTS names a folder")
@each
def test_pictures_of_all_slides_are_written(name: str) -> None:
    assert SCREENSHOTS
    pictures = survey(name).pictures
    assert len(pictures) == survey(name).facts["slides"] + 1
    assert all(picture.is_relative_to(SCREENSHOTS) and picture.stat().st_size > 2_000 for picture in pictures)
    if name == DARK:
        assert (SCREENSHOTS / "static" / f"{name}-dark" / "contact-sheet.png").is_file()


def test_search_for_secrets_finds_them_in_the_source() -> None:
    chapter = PROJECT.chapters[4]
    source = "\n".join(cell.source for cell in nbformat.read(PROJECT.notebook(chapter), as_version=4).cells)
    assert set(leaks(source, hidden_texts(chapter))) == hidden_texts(chapter)


def _has_fragment(cell: nbformat.NotebookNode) -> bool:
    """Whether the cell is a fragment or has fragments, as the frames of an animation are."""
    in_source = re.search(r'class="fragment"|#\| *output-location: *(column-)?fragment', cell.source)
    return cell.metadata.slideshow.slide_type == "fragment" or in_source is not None
