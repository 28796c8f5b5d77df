"""Using a deck: keys, speaker view, focus, motion, printing. And checks that the accessibility tests find faults."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from decks import DARK_PAPER, FACTS, deck, serious, squeezed
from needs import needs_chromium
from pypdf import PdfReader
from test_deck import lecture, text, write

from triptych.build.browser import open_deck
from triptych.build.targets import WORKSHOP

pytestmark = needs_chromium
workshop = pytest.mark.xdist_group(f"deck {WORKSHOP}")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write([*lecture(), text("## A link\n\n[Recap](#/1)")], tmp_path_factory.mktemp("use"))


@pytest.fixture
def page(small: Path) -> Iterator[Any]:
    with open_deck(small) as page:
        yield page


@pytest.fixture
def print_view(small: Path) -> Iterator[Any]:
    with open_deck(small, query="?print-pdf") as page:
        yield page


def test_help_lists_the_keys(page: Any) -> None:
    page.keyboard.press("Shift+?")
    page.get_by_text("Light or dark").wait_for()
    assert page.get_by_text("Speaker notes view").is_visible()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.get_by_text("Light or dark").wait_for(state="hidden")


def test_swipes_visit_every_slide(page: Any) -> None:
    touch = page.context.new_cdp_session(page)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    number = "parseInt(Reveal.getCurrentSlide().querySelector('.slide-count').textContent)"
    seen = [page.evaluate(number)]
    for start, end in [(900, 300)] * 8 + [(300, 900)] * 8:
        for kind, points in (("Start", [start]), ("Move", [end]), ("End", [])):
            event = {"type": f"touch{kind}", "touchPoints": [{"x": x, "y": 300} for x in points]}
            touch.send("Input.dispatchTouchEvent", event)
        seen.append(page.evaluate(number))
    assert [n for n, _ in groupby(seen)] == [1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1]


def test_overview_returns_to_the_selected_slide(page: Any) -> None:
    page.keyboard.press("o")
    assert page.evaluate("Reveal.isOverview()")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("o")
    assert not page.evaluate("Reveal.isOverview()")
    assert page.evaluate("Reveal.getIndices().h") == 1


def test_focus_is_visible(page: Any) -> None:
    page.evaluate("Reveal.slide(Reveal.getHorizontalSlides().length - 1)")
    page.locator("section.present a").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    outline = page.evaluate("(e => [e.localName, getComputedStyle(e).outlineWidth])(document.activeElement)")
    assert outline == ["a", "3px"]


def test_reduced_motion_is_respected(page: Any) -> None:
    duration = "getComputedStyle(document.querySelector('.reveal .progress span')).transitionDuration"
    assert page.evaluate(duration) == "0s"
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(duration) != "0s"


def test_plain_printing_has_the_text_of_every_slide(page: Any, tmp_path: Path) -> None:
    page.pdf(path=tmp_path / "plain.pdf")
    printed = squeezed("".join(page.extract_text() for page in PdfReader(tmp_path / "plain.pdf").pages))
    for words in ("Forwardmode", "Adrawing", "function([2,4])", "Yourturn.", "linear"):
        assert words in printed
    assert "5·Forward" not in printed


#: The letters below 16 pixels outside of pictures and formulas, hidden fragments, and the width that is needed.
READING = """() => {
  const small = [...document.querySelectorAll(".slides *")].filter(element => element.getClientRects().length
    && !element.closest("aside.notes, mjx-container") && !element.matches("svg sub, svg sup, svg tspan")
    && parseFloat(getComputedStyle(element).fontSize) * (m => m ? Math.hypot(m.a, m.b) : 1)(element.getScreenCTM?.()) < 15.9
    && [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())).map(element => element.outerHTML);
  const hidden = [...document.querySelectorAll(".frame, .fragment:not(.step)")]
    .filter(element => !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })).length;
  return { small, hidden, width: document.documentElement.scrollWidth, scaled: Reveal.isReady() };
}"""


def test_on_a_phone_a_deck_is_a_column_to_read(tmp_path: Path) -> None:
    wide = [text(f"## Wide\n\n| a | b |\n| - | - |\n| `{'x' * 60}` | b |\n\n```\n{'y' * 90}\n```")]
    with open_deck(write([*lecture(), *wide], tmp_path), size=(390, 844)) as page:
        assert page.evaluate(READING) == {"small": [], "hidden": 0, "width": 390, "scaled": False}
        assert serious(page) == []
        page.add_style_tag(content=".reading .reveal pre { font-size: 15px !important; overflow: visible !important; }")
        facts = page.evaluate(READING)
        assert facts["small"] and facts["width"] > 390


def test_in_dark_and_forced_colours_a_drawing_has_the_colours_of_the_slide(small: Path) -> None:
    colour = "getComputedStyle(document.querySelector('svg.picture circle')).fill"
    with open_deck(small) as page:
        light = page.evaluate(colour)
        page.emulate_media(color_scheme="dark")
        dark = page.evaluate(colour)
        page.emulate_media(color_scheme="light", forced_colors="active")
        assert len({light, dark, page.evaluate(colour)}) == 3


@workshop
@pytest.mark.slow
def test_workshop_has_a_plan_for_its_90_minutes_in_the_speaker_view() -> None:
    with open_deck(deck(WORKSHOP)) as page:
        seconds = page.evaluate("Reveal.getSlides().map(s => Number(s.dataset.timing))")
        assert sum(seconds) == 90 * 60
        assert "until 1:30" in page.evaluate("Reveal.getSlideNotes(Reveal.getSlides().at(-1))")
        page.evaluate("Reveal.slide(1, 1)")
        with page.context.expect_page() as window:
            page.keyboard.press("s")
        notes = window.value.locator(".speaker-controls-notes .value")
        notes.get_by_text(f"until 0:{sum(seconds[:3]) // 60:02}").wait_for(timeout=30_000)  # the third slide
        window.value.locator(".speaker-controls-time .pacing").wait_for()
        assert "minutes" not in notes.inner_text()


@pytest.mark.parametrize(("colour", "scheme"), [("#999", "light"), ("#555", "dark")], ids=["light", "dark"])
def test_axe_finds_letters_with_too_little_contrast(print_view: Any, colour: str, scheme: str) -> None:
    if scheme == "dark":
        print_view.add_style_tag(content=DARK_PAPER)
    assert serious(print_view) == []
    print_view.add_style_tag(content=f".content p {{ color: {colour} !important; }}")
    assert any(finding.startswith("color-contrast") for finding in serious(print_view))


def test_axe_finds_a_figure_without_alternative_text(print_view: Any) -> None:
    print_view.evaluate("document.querySelector('.slides img').removeAttribute('alt')")
    assert any(finding.startswith("image-alt") for finding in serious(print_view))


def test_survey_finds_faults(tmp_path: Path) -> None:
    """The faults that the tests of the lecture's decks look for are found."""
    cells = [
        text("# Title"),
        text("### Deeper\n\nIt costs 5 $ today."),
        text('## Picture\n\n<img src="data:image/png;base64,AAAA" alt="">'),
        text("## Formula\n\n$\\undefined{x}$ and $\\frac{a}$"),
    ]
    with open_deck(write(cells, tmp_path)) as page:
        facts = page.evaluate(FACTS)
    assert [dollars.strip() for dollars in facts["dollars"]] == ["It costs 5 $ today."]
    assert [(image["alt"], image["loaded"]) for image in facts["images"]] == [("", False)]
    assert facts["headings"][:2] == [[1, "Title"], [3, "Deeper"]]
    assert len(facts["wrong_formulas"]) >= 2
