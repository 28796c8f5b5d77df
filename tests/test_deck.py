"""Static decks: one file, nothing from outside, nothing cut off, notes for the speaker only."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from needs import needs_chromium

from triptych.build import browser
from triptych.build.deck import DeckError, write_deck

SLIDES = Path(__file__).resolve().parents[1] / "slides"
ALT = "Two arrows & a node"
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100">'
    '<circle cx="50" cy="50" r="40" fill="#0072B2"/></svg>'
)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

Deck = Callable[..., Path]


def shown(cell: NotebookNode, slide_type: str, cell_id: str = "", **metadata: object) -> NotebookNode:
    cell.metadata["slideshow"] = {"slide_type": slide_type}
    cell.metadata.update(metadata)
    if cell_id:
        cell["id"] = cell_id
    return cell


def text(source: str, slide_type: str = "slide", cell_id: str = "") -> NotebookNode:
    return shown(new_markdown_cell(source), slide_type, cell_id)


def lecture() -> list[NotebookNode]:
    """A deck of six slides with a little of everything."""
    printed = new_output("stream", name="stdout", text="twelve\n")
    warned = new_output("stream", name="stderr", text="\x1b[31mmind float32\x1b[0m\n")
    value = new_output("execute_result", data={"text/plain": "(12, 4)"}, execution_count=1)
    plot = new_output("display_data", data={"image/png": PIXEL, "text/plain": "<Figure>"})
    return [
        text("# Forward mode\n\nWith <b>tangents</b>."),
        shown(new_raw_cell("Say **why** first, with $e^x$."), "notes"),
        text("## Formulas\n\nInline $x_1 x_2$ and\n\n$$\\boldsymbol{J} = J_0 J_1$$"),
        text("Only then: $$\\dot y = J\\dot x$$", "fragment"),
        shown(new_raw_cell("A note that stands behind a fragment."), "notes"),
        text(f"## A drawing\n\n![{ALT}](figures/graph.svg)", "subslide"),
        shown(new_code_cell("function([2, 4])  # visible", outputs=[printed, warned, value]), "slide"),
        shown(
            new_code_cell("#| fig-alt: A single point\nplot_hidden()", outputs=[plot]),
            "-",
            jupyter={"source_hidden": True},
        ),
        shown(new_code_cell("tag_hidden()", outputs=[]), "-", tags=["hide-input"]),
        text("### Exercise: `mul_jvp` (2 points)\n\nYour turn."),
        text("never shown", "skip"),
        text("## Recap\n\n- linear"),
    ]


@pytest.fixture
def deck(tmp_path: Path) -> Deck:
    """Writes the deck of some cells and gives its path."""
    figures = tmp_path / "chapter" / "figures"
    figures.mkdir(parents=True)
    (figures / "graph.svg").write_text(DRAWING)

    def write(cells: list[NotebookNode]) -> Path:
        target = tmp_path / "decks" / "chapter.html"
        notebook = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
        write_deck(notebook, figures.parent, SLIDES, target, title="A <title>", footer="5 · Forward & on")
        return target

    return write


def sections(html: str) -> list[str]:
    """The slides of a deck, by their innermost sections."""
    return re.findall(r'<section(?: class="[\w ]+")?>\s*<div class="frame">.*?</section>', html, re.DOTALL)


def test_deck_is_one_file_without_addresses_to_load_from(deck: Deck) -> None:
    html = deck(lecture()).read_text()
    assert not re.search(r"""(?i)\b(?:src|data)\s*=\s*["']?(?!data:)[\w./]+[^>]*>""", _markup(html))
    assert "<link" not in html.replace('<link href="data:,"', "")
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:)[\w/]", "".join(_styles(html)))
    assert deck(lecture()).stat().st_size < 4_000_000


def _styles(html: str) -> list[str]:
    return re.findall(r"<style>(.*?)</style>", html, re.DOTALL)


def _markup(html: str) -> str:
    return re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL)


def test_scripts_end_where_they_should(deck: Deck) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", deck(lecture()).read_text(), re.DOTALL)
    assert len(scripts) == 4
    assert not any(re.search(r"<script|<!--|sourceMappingURL", script) for script in scripts)


def test_slides_hold_what_belongs_to_them(deck: Deck) -> None:
    html = deck(lecture()).read_text()
    slides = sections(html)
    assert len(slides) == 6
    assert [re.search(r'<section(?: class="([\w ]+)")?', s)[1] for s in slides] == [  # type: ignore[index]
        "title",
        "words",
        None,
        None,
        "exercise words",
        "recap words",
    ]
    assert "never shown" not in html
    assert "<title>A &lt;title&gt;</title>" in html
    assert '<html lang="en">' in html
    assert all("5 · Forward &amp; on" in slide for slide in slides)
    assert "6<i>/6</i>" in slides[-1]


def test_notes_are_for_the_speaker_alone(deck: Deck) -> None:
    slides = sections(deck(lecture()).read_text())
    notes = [re.findall(r'<aside class="notes">(.*?)</aside>', s, re.DOTALL) for s in slides]
    assert [len(n) for n in notes] == [1, 1, 0, 0, 0, 0]
    assert "<strong>why</strong>" in notes[0][0]
    # A note in a fragment would be lost until the fragment is shown.
    assert slides[1].index("<aside") < slides[1].index('class="fragment"')


def test_images_are_embedded_with_their_alternative_text(deck: Deck) -> None:
    slides = sections(deck(lecture()).read_text())
    assert re.search(r'<img alt="Two arrows &amp; a node" src="data:image/svg\+xml;base64,', slides[2])
    assert re.search(r'<img alt="A single point" src="data:image/png;base64,', slides[3])


def test_hidden_input_is_not_shown(deck: Deck) -> None:
    slide = sections(deck(lecture()).read_text())[3]
    assert "visible" in slide
    assert "plot_hidden" not in slide
    assert "tag_hidden" not in slide
    assert "fig-alt" not in slide


def test_outputs_are_shown_without_prompts(deck: Deck) -> None:
    slide = sections(deck(lecture()).read_text())[3]
    assert "(12, 4)" in slide
    assert re.search(r'class="output stderr"><pre><span class="ansi-red-fg">mind float32', slide)
    assert not re.search(r"Out\[|In&nbsp;|prompt", slide)


def test_exercise_goes_on_below_until_the_next_slide(deck: Deck) -> None:
    cells = [
        text("## Exercise one"),
        shown(new_code_cell("stub"), "subslide"),
        text("## A heading of its own\n\nText.", "subslide"),
        shown(new_code_cell("other"), "slide"),
    ]
    slides = sections(deck(cells).read_text())
    assert ['class="exercise"' in slide for slide in slides] == [True, True, False, False]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("![An arrow](figures/missing.svg)", "figures/missing.svg, which is not in"),
        ('<img src="figures/missing.png">', "figures/missing.png, which is not in"),
        ("![An arrow](https://example.org/a.png)", "from the web: save the image"),
    ],
    ids=["markdown", "html", "from_the_web"],
)
def test_image_that_cannot_be_embedded_is_named_with_its_cell(deck: Deck, source: str, says: str) -> None:
    with pytest.raises(DeckError, match=r"Cell 'drawing' shows") as caught:
        deck([text(source, cell_id="drawing")])
    assert says in str(caught.value)


def test_slide_that_shows_nothing_is_named(deck: Deck) -> None:
    hidden = shown(new_code_cell("x = 1"), "slide", "quiet-cell", jupyter={"source_hidden": True})
    with pytest.raises(DeckError, match="The slide that begins with cell 'quiet-cell' shows nothing"):
        deck([text("# Title"), hidden])


def test_badge_stands_for_the_plan_in_the_text(tmp_path: Path) -> None:
    cells = [text("# Title"), text("## Exercise: `one`\n\n**3 points · 8 minutes.** Do it.")]
    badges = {"one": "3 points · 8 minutes"}
    write_deck(new_notebook(cells=cells), tmp_path, SLIDES, tmp_path / "d.html", title="", footer="", badges=badges)
    slide = sections((tmp_path / "d.html").read_text())[1]
    assert slide.count("3 points · 8 minutes") == 1
    assert '<p class="badge">3 points · 8 minutes</p>' in slide
    assert "<p>Do it.</p>" in slide


def test_core_mark_is_coloured_and_headings_have_no_ids(deck: Deck) -> None:
    html = deck([text("# Title"), text("## ● Two words"), text("Not ● here")]).read_text()
    assert '<h2><span class="core">●</span> Two words</h2>' in html
    assert html.count('class="core"') == 1


def test_notebook_with_nothing_to_show_is_refused(deck: Deck) -> None:
    with pytest.raises(DeckError, match="no cell to show"):
        deck([text("hidden", "skip")])


def test_missing_template_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeckError, match=re.escape("reset.css, which is missing")):
        write_deck(
            new_notebook(cells=[text("# Title")]),
            tmp_path,
            tmp_path,
            tmp_path / "d.html",
            title="",
            footer="",
        )


# ---- In the browser -----------------------------------------------------------------------------


@needs_chromium
def test_deck_asks_for_nothing_outside(deck: Deck) -> None:
    assert browser.outside_requests(deck(lecture())) == []


@needs_chromium
def test_request_to_outside_is_noticed(deck: Deck) -> None:
    address = "http://example.invalid/tracker.js"
    cells = [text(f'# Title\n\n<script src="{address}"></script>')]
    assert browser.outside_requests(deck(cells)) == [address]


@needs_chromium
def test_formulas_are_typeset_and_keys_work(deck: Deck) -> None:
    with browser._opened(deck(lecture())) as page:
        assert page.locator(".content mjx-container svg").count() >= 3
        assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
        assert page.locator("aside.notes mjx-container").count() == 1
        assert not page.locator("aside.notes").first.is_visible()
        page.keyboard.press("d")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.keyboard.press("d")
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        page.keyboard.press("ArrowRight")
        page.wait_for_function("location.hash === '#/1'")
        page.keyboard.press("o")
        assert page.evaluate("Reveal.isOverview()")


@needs_chromium
def test_speaker_view_shows_the_notes(deck: Deck) -> None:
    with browser._opened(deck(lecture())) as page:
        with page.context.expect_page() as opened:
            page.keyboard.press("s")
        notes = opened.value.locator(".speaker-controls-notes .value")
        notes.get_by_text("why").wait_for(timeout=30_000)


@needs_chromium
def test_slides_that_fit_are_not_reported(deck: Deck) -> None:
    assert browser.overflows(deck(lecture())) == []


#: What follows a slide's heading, the side on which it leaves the slide, and the element that does.
OVERFLOWS: dict[str, tuple[NotebookNode, str, str]] = {
    "text": (text("A paragraph.\n\n" * 20, "-"), "below", "p "),
    "fragment": (text("A paragraph.\n\n" * 20, "fragment"), "below", "p "),
    "code lines": (shown(new_code_cell("x = 1\n" * 30), "-"), "below", "pre "),
    "code line": (shown(new_code_cell("x" * 120), "-"), "right", "pre "),
    "formula": (text("$$" + "x_1 + " * 60 + "x$$", "-"), "right", "mjx-container "),
    "table": (text("| column " * 30 + "|\n" + "| --- " * 30 + "|\n", "-"), "right", "table "),
    "scroll sandbox": (
        text('<div style="height:60px;overflow:auto">' + "<p>line</p>" * 5 + "</div>", "-"),
        "inside",
        "div ",
    ),
}


@needs_chromium
def test_each_overflow_is_reported_with_its_slide(deck: Deck) -> None:
    slides = [cell for name, (cell, _, _) in OVERFLOWS.items() for cell in (text(f"## {name}"), cell)]
    found = browser.overflows(deck([text("# Title"), *slides, text("## Fits")]))
    assert [(o.heading, o.number, o.side) for o in found] == [
        (name, number, side) for number, (name, (_, side, _)) in enumerate(OVERFLOWS.items(), start=2)
    ]
    for overflow, (name, (_, _, element)) in zip(found, OVERFLOWS.items(), strict=True):
        assert overflow.pixels > 20 and overflow.element.startswith(element), name
    assert "slide 2 (#/1/0) 'text'" in str(found[0])


@needs_chromium
def test_pdf_has_a_page_for_each_slide_and_the_sheet_a_picture(deck: Deck, tmp_path: Path) -> None:
    file = deck(lecture())
    browser.write_pdf(file, tmp_path / "deck.pdf")
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "deck.pdf").read_bytes())) == 6
    pictures = browser.contact_sheet(file, tmp_path / "sheet")
    assert [p.name for p in pictures] == [*(f"slide-{n:02d}.png" for n in range(1, 7)), "contact-sheet.png"]
    assert all(p.stat().st_size > 1000 for p in pictures)


@needs_chromium
def test_command_ends_with_1_on_overflow(deck: Deck, capsys: pytest.CaptureFixture[str]) -> None:
    assert browser.main(["overflow", str(deck(lecture()))]) == 0
    assert browser.main(["overflow", str(deck([text("## Long\n\n" + "Word.\n\n" * 20)]))]) == 1
    assert "'Long': " in capsys.readouterr().out


def test_missing_browser_is_said_in_a_sentence(
    deck: Deck, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIPTYCH_CHROMIUM", "/nowhere/chromium")
    assert browser.main(["overflow", str(deck(lecture()))]) == 2
    assert "No Chromium was found" in capsys.readouterr().err


# ---- The look -----------------------------------------------------------------------------------


def _colours(name: str) -> dict[str, tuple[str, str]]:
    css = (SLIDES / "theme" / name).read_text()
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    return {key: (light, dark) for key, light, dark in pairs}


def _contrast(a: str, b: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("paper", ["paper", "tint", "task-paper", "good-paper", "warn-paper"])
@pytest.mark.parametrize("ink", ["ink", "muted", "forward", "reverse", "good", "task", "warn"])
def test_letters_are_legible(ink: str, paper: str, look: int) -> None:
    colours = _colours("triptych.css")
    assert _contrast(colours[ink][look], colours[paper][look]) >= 4.5


def test_plots_have_the_palette_of_the_static_deck() -> None:
    theme = (SLIDES / "theme" / "triptych.css").read_text()
    drawn = re.findall(r"--(?:forward|reverse|good|task|warn|neutral)-area: .*?#(\w{6})", theme)
    cycle = re.search(r"cycler\((.*)\)", (SLIDES / "theme" / "triptych.mplstyle").read_text())
    assert cycle is not None
    assert {c.lower() for c in re.findall(r'"(\w{6})"', cycle[1])} == {c.lower() for c in drawn}
