"""A deck in a speaker's hands: keys, speaker view, focus, motion, paper. And: would axe-core see a fault?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from decks import DARK_PAPER, FACTS, deck, serious, squeezed
from nbformat.v4 import new_notebook
from needs import needs_chromium
from pypdf import PdfReader
from test_deck import SLIDES, lecture, text

from triptych.build import browser
from triptych.build.deck import write_deck
from triptych.build.targets import WORKSHOP

pytestmark = needs_chromium
workshop = pytest.mark.xdist_group(f"deck {WORKSHOP}")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("use")
    (folder / "figures").mkdir()
    (folder / "figures" / "graph.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    cells = [*lecture(), text("## A link\n\n[Recap](#/1)")]
    target = folder / "deck.html"
    write_deck(new_notebook(cells=cells), folder, SLIDES, target, title="Small", footer="1 Small")
    return target


def test_help_lists_the_keys(small: Path) -> None:
    with browser._opened(small) as page:
        page.keyboard.press("Shift+?")
        page.get_by_text("Light or dark").wait_for()
        assert page.get_by_text("Speaker notes view").is_visible()
        assert serious(page) == []
        page.keyboard.press("Escape")
        page.get_by_text("Light or dark").wait_for(state="hidden")


def test_overview_shows_all_slides_and_leads_back(small: Path) -> None:
    with browser._opened(small) as page:
        page.keyboard.press("o")
        assert page.evaluate("Reveal.isOverview()")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("o")
        assert not page.evaluate("Reveal.isOverview()")
        assert page.evaluate("Reveal.getIndices().h") == 1


def test_focus_can_be_seen(small: Path) -> None:
    with browser._opened(small) as page:
        page.evaluate("Reveal.slide(Reveal.getHorizontalSlides().length - 1)")
        page.locator("section.present a").focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        outline = page.evaluate("(e => [e.localName, getComputedStyle(e).outlineWidth])(document.activeElement)")
        assert outline == ["a", "3px"]


def test_motion_is_reduced_for_those_who_ask(small: Path) -> None:
    moves = "getComputedStyle(document.querySelector('.reveal .progress span')).transitionDuration"
    with browser._opened(small) as page:
        assert page.evaluate(moves) == "0s"
        page.emulate_media(reduced_motion="no-preference")
        assert page.evaluate(moves) != "0s"


def test_plain_printing_has_every_slides_text(small: Path, tmp_path: Path) -> None:
    with browser._opened(small) as page:
        page.pdf(path=tmp_path / "plain.pdf")
    said = squeezed("".join(page.extract_text() for page in PdfReader(tmp_path / "plain.pdf").pages))
    for words in ("Forwardmode", "Adrawing", "function([2,4])", "Yourturn.", "linear"):
        assert words in said
    assert "5·Forward" not in said


@workshop
@pytest.mark.slow
def test_speaker_view_paces_the_workshop() -> None:
    with browser._opened(deck(WORKSHOP)) as page:
        page.evaluate("Reveal.slide(1, 1)")
        with page.context.expect_page() as opened:
            page.keyboard.press("s")
        view = opened.value
        view.locator(".speaker-controls-notes .value").get_by_text("30 s, until 0:01").wait_for(timeout=30_000)
        view.locator(".speaker-controls-time .pacing").wait_for()
        assert "minutes" not in view.locator(".speaker-controls-notes .value").inner_text()


@workshop
@pytest.mark.slow
def test_workshop_ends_when_it_should() -> None:
    with browser._opened(deck(WORKSHOP)) as page:
        last = page.evaluate("Reveal.getSlideNotes(Reveal.getSlides().at(-1))")
        seconds = page.evaluate("Reveal.getSlides().map(s => Number(s.dataset.timing))")
    assert "until 1:30" in last
    assert sum(seconds) == 90 * 60


@pytest.mark.parametrize(
    ("style", "look"),
    [
        (".content p { color: #999 !important; }", "light"),
        (".content p { color: #555 !important; }", "dark"),
    ],
    ids=["light", "dark"],
)
def test_axe_sees_letters_that_are_too_pale(small: Path, style: str, look: Any) -> None:
    with browser._opened(small, query="?print-pdf") as page:
        if look == "dark":
            page.add_style_tag(content=DARK_PAPER)
        assert serious(page) == []
        page.add_style_tag(content=style)
        assert any(finding.startswith("color-contrast") for finding in serious(page))


def test_axe_sees_a_figure_without_words(small: Path) -> None:
    with browser._opened(small, query="?print-pdf") as page:
        page.evaluate("document.querySelector('.slides img').removeAttribute('alt')")
        assert any(finding.startswith("image-alt") for finding in serious(page))


def test_a_survey_sees_what_is_broken(tmp_path: Path) -> None:
    """What the tests of the lecture's decks look for would be found."""
    cells = [
        text("# Title"),
        text("### Deeper\n\nIt costs 5 $ today."),
        text('## Picture\n\n<img src="data:image/png;base64,AAAA" alt="">'),
        text("## Formula\n\n$\\undefined{x}$ and $\\frac{a}$"),
    ]
    target = tmp_path / "deck.html"
    write_deck(new_notebook(cells=cells), tmp_path, SLIDES, target, title="Broken", footer="1 Broken")
    with browser._opened(target) as page:
        facts = page.evaluate(FACTS)
    assert [dollars.strip() for dollars in facts["dollars"]] == ["It costs 5 $ today."]
    assert [(image["alt"], image["loaded"]) for image in facts["images"]] == [("", False)]
    assert facts["headings"][:2] == [[1, "Title"], [3, "Deeper"]]
    assert len(facts["wrong_formulas"]) >= 2
