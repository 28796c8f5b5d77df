"""Static decks: one file that loads nothing, without overflow, with notes for the speaker only."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from needs import needs_chromium

from triptych.build import browser
from triptych.build.deck import DeckError, write_deck
from triptych.build.inline_svg import COLOURS
from triptych.model.course import ExercisePlan

SLIDES = Path(__file__).resolve().parents[1] / "slides"
ALT = "Two arrows & a node"
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100">'
    '<circle cx="50" cy="50" r="40" fill="#0072B2"/></svg>'
)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

Deck = Callable[..., Path]


def typed(cell: NotebookNode, slide_type: str, cell_id: str = "", **metadata: object) -> NotebookNode:
    cell.metadata["slideshow"] = {"slide_type": slide_type}
    cell.metadata.update(metadata)
    if cell_id:
        cell["id"] = cell_id
    return cell


def text(source: str, slide_type: str = "slide", cell_id: str = "") -> NotebookNode:
    return typed(new_markdown_cell(source), slide_type, cell_id)


def lecture() -> list[NotebookNode]:
    """Six slides with every kind of content."""
    printed = new_output("stream", name="stdout", text="twelve\n")
    warned = new_output("stream", name="stderr", text="\x1b[31mmind float32\x1b[0m\n")
    value = new_output("execute_result", data={"text/plain": "(12, 4)"}, execution_count=1)
    plot = new_output("display_data", data={"image/png": PIXEL, "text/plain": "<Figure>"})
    hidden_plot = new_code_cell("#| fig-alt: A single point\nplot_hidden()", outputs=[plot])
    return [
        text("# Forward mode\n\nWith <b>tangents</b>."),
        typed(new_raw_cell("Say **why** first, with $e^x$."), "notes"),
        text("## Formulas\n\nInline $x_1 x_2$ and\n\n$$\\boldsymbol{J} = J_0 J_1$$"),
        text("Only then: $$\\dot y = J\\dot x$$", "fragment"),
        typed(new_raw_cell("A note that stands behind a fragment."), "notes"),
        text(f"## A drawing\n\n![{ALT}](figures/graph.svg)", "subslide"),
        typed(new_code_cell("function([2, 4])  # visible", outputs=[printed, warned, value]), "slide"),
        typed(hidden_plot, "-", jupyter={"source_hidden": True}),
        typed(new_code_cell("tag_hidden()", outputs=[]), "-", tags=["hide-input"]),
        text("### Exercise: `mul_jvp` (2 points)\n\nYour turn."),
        text("never shown", "skip"),
        text("## Recap\n\n- linear"),
    ]


def write(cells: list[NotebookNode], folder: Path, **options: Any) -> Path:
    """Writes the deck of some cells to a new file in `folder`, where their figures are too."""
    (folder / "figures").mkdir(exist_ok=True)
    (folder / "figures" / "graph.svg").write_text(DRAWING)
    target = folder / "decks" / "chapter.html"
    notebook = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    write_deck(notebook, folder, SLIDES, target, title="A <title>", footer="5 · Forward & on", **options)
    return target


@pytest.fixture
def deck(tmp_path: Path) -> Deck:
    """Writes the deck of some cells and returns its path."""
    return lambda cells, **options: write(cells, tmp_path, **options)


@pytest.fixture(scope="module")
def lecture_deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(lecture(), tmp_path_factory.mktemp("deck"))


@pytest.fixture(scope="module")
def html(lecture_deck: Path) -> str:
    return lecture_deck.read_text()


@pytest.fixture(scope="module")
def slides(html: str) -> list[str]:
    return sections(html)


def sections(html: str) -> list[str]:
    """The slides of a deck, by their innermost sections."""
    return re.findall(r"<section\b[^>]*>\s*<div class=\"frame\">.*?</section>", html, re.DOTALL)


def test_deck_is_one_file_without_addresses_to_load(html: str) -> None:
    markup = re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL)
    styles = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert not re.search(r"""(?i)\b(?:src|data)\s*=\s*["']?(?!data:)[\w./]+[^>]*>""", markup)
    assert "<link" not in html.replace('<link href="data:,"', "")
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:)[\w/]", styles)
    assert len(html.encode()) < 4_000_000
    assert html.count("src: url(data:font/woff2;") == 7


def test_scripts_do_not_end_early(html: str) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) > 4
    assert not any(re.search(r"<script|<!--|sourceMappingURL", script) for script in scripts)


def test_slides_have_their_kind_footer_and_title(html: str, slides: list[str]) -> None:
    kinds = [re.search(r'<section(?: class="([\w ]+)")?', slide)[1] for slide in slides]  # type: ignore[index]
    assert kinds == ["title", "words", None, None, "exercise words", "recap words"]
    assert "never shown" not in html
    assert "<title>A &lt;title&gt;</title>" in html
    assert '<html lang="en">' in html
    assert all("5 · Forward &amp; on" in slide for slide in slides)
    assert "6<i>/6</i>" in slides[-1]


def test_notes_are_in_their_slides_before_fragments(slides: list[str]) -> None:
    notes = [re.findall(r'<aside class="notes">(.*?)</aside>', slide, re.DOTALL) for slide in slides]
    assert [len(n) for n in notes] == [1, 1, 0, 0, 0, 0]
    assert "<strong>why</strong>" in notes[0][0]
    # reveal.js does not show a note in a fragment until the fragment is shown
    assert slides[1].index("<aside") < slides[1].index('class="fragment"')


def test_images_are_embedded_with_their_alternative_text(slides: list[str]) -> None:
    drawing = re.search(r"<svg .*?</svg>", slides[2], re.DOTALL)
    assert drawing and 'aria-label="Two arrows &amp; a node"' in drawing[0] and "#0072B2" not in drawing[0]
    assert re.search(r'<img alt="A single point" src="data:image/png;base64,', slides[3])


def test_code_cell_shows_outputs_but_no_prompts_and_no_hidden_input(slides: list[str]) -> None:
    slide = slides[3]
    assert "visible" in slide
    assert not re.search("plot_hidden|tag_hidden|fig-alt", slide)
    assert "(12, 4)" in slide
    assert re.search(r'class="output stderr"><pre><span class="ansi-red-fg">mind float32', slide)
    assert not re.search(r"Out\[|In&nbsp;|prompt", slide)


def test_exercise_continues_until_the_next_heading(deck: Deck) -> None:
    cells = [
        text("## Exercise one"),
        typed(new_code_cell("stub"), "subslide"),
        text("## A heading of its own\n\nText.", "subslide"),
        typed(new_code_cell("other"), "slide"),
    ]
    slides = sections(deck(cells).read_text())
    assert ['class="exercise"' in slide for slide in slides] == [True, True, False, False]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("![An arrow](figures/missing.svg)", "figures/missing.svg, which is not in"),
        ('<img src="figures/missing.png">', "figures/missing.png, which is not in"),
        ("![An arrow](https://example.org/a.png)", "from the web: save the image"),
    ],
    ids=["markdown", "html", "from_the_web"],
)
def test_image_that_cannot_be_embedded_is_named_with_its_cell(deck: Deck, source: str, message: str) -> None:
    with pytest.raises(DeckError, match=r"Cell 'drawing' shows") as error:
        deck([text(source, cell_id="drawing")])
    assert message in str(error.value)


def test_slide_that_shows_nothing_is_named(deck: Deck) -> None:
    hidden = typed(new_code_cell("x = 1"), "slide", "quiet-cell", jupyter={"source_hidden": True})
    with pytest.raises(DeckError, match="The slide that begins with cell 'quiet-cell' shows nothing"):
        deck([text("# Title"), hidden])


def test_badge_replaces_the_plan_in_the_text(deck: Deck) -> None:
    cells = [text("# Title"), text("## Exercise: `one`\n\n**3 points · 8 minutes.** Do it.")]
    slide = sections(deck(cells, exercises={"one": ExercisePlan("one", 3, 8)}).read_text())[1]
    assert slide.count("3 points") == slide.count("8 minutes") == 1
    assert '<p class="badge" data-minutes="8">3 points · <span class="minutes">8 minutes</span></p>' in slide
    assert "<p>Do it.</p>" in slide


def test_core_mark_is_only_in_the_notes_and_headings_have_no_ids(deck: Deck) -> None:
    slides = sections(deck([text("# Title"), text("## ● Two words"), text("Not ● here")]).read_text())
    assert "<h2>Two words</h2>" in slides[1]
    assert [slide.count("● core path") for slide in slides] == [0, 1, 0]
    assert re.search(r'<aside class="notes">\s*<p>● core path</p>', slides[1])


def test_notebook_without_slides_is_an_error(deck: Deck) -> None:
    with pytest.raises(DeckError, match="no cell to show"):
        deck([text("hidden", "skip")])


def test_missing_theme_file_is_named(tmp_path: Path) -> None:
    notebook = new_notebook(cells=[text("# Title")])
    with pytest.raises(DeckError, match=re.escape("reset.css, which is missing")):
        write_deck(notebook, tmp_path, tmp_path, tmp_path / "d.html", title="", footer="")


# ---- In the browser -----------------------------------------------------------------------------


@pytest.fixture
def page(lecture_deck: Path) -> Iterator[Any]:
    """The lecture's deck in a browser, from which no request may leave."""
    blocked: list[str] = []
    with browser.open_deck(lecture_deck, blocked=blocked) as page:
        yield page
    assert blocked == []


@needs_chromium
def test_slides_that_fit_are_not_reported(page: Any) -> None:
    assert browser.measure(page) == []


@needs_chromium
def test_request_to_another_address_is_blocked_and_listed(deck: Deck) -> None:
    address = "http://example.invalid/tracker.js"
    blocked: list[str] = []
    with browser.open_deck(deck([text(f'# Title\n\n<script src="{address}"></script>')]), blocked=blocked):
        assert blocked == [address]


@needs_chromium
def test_formulas_are_typeset_and_keys_work(page: Any) -> None:
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
def test_speaker_view_shows_the_notes(page: Any) -> None:
    with page.context.expect_page() as window:
        page.keyboard.press("s")
    window.value.locator(".speaker-controls-notes .value").get_by_text("why").wait_for(timeout=30_000)


#: What follows a slide's heading, the side on which it leaves the slide, and the element that does.
OVERFLOWS: dict[str, tuple[NotebookNode, str, str]] = {
    "text": (text("A paragraph.\n\n" * 20, "-"), "below", "p "),
    "fragment": (text("A paragraph.\n\n" * 20, "fragment"), "below", "p "),
    "code lines": (typed(new_code_cell("x = 1\n" * 30), "-"), "below", "pre "),
    "code line": (typed(new_code_cell("x" * 120), "-"), "right", "pre "),
    "formula": (text("$$" + "x_1 + " * 60 + "x$$", "-"), "right", "mjx-container "),
    "table": (text("| column " * 30 + "|\n" + "| --- " * 30 + "|\n", "-"), "right", "table "),
    "scroll box": (
        text('<div style="height:60px;overflow:auto">' + "<p>line</p>" * 5 + "</div>", "-"),
        "inside",
        "div ",
    ),
}


@needs_chromium
def test_each_overflow_is_reported_with_its_slide(deck: Deck) -> None:
    slides = [cell for name, (cell, _, _) in OVERFLOWS.items() for cell in (text(f"## {name}"), cell)]
    with browser.open_deck(deck([text("# Title"), *slides, text("## Fits")])) as page:
        overflows = browser.measure(page)
    assert [(o.heading, o.number, o.side) for o in overflows] == [
        (name, number, side) for number, (name, (_, side, _)) in enumerate(OVERFLOWS.items(), start=2)
    ]
    for overflow, (name, (_, _, element)) in zip(overflows, OVERFLOWS.items(), strict=True):
        assert overflow.pixels > 20 and overflow.element.startswith(element), name
    assert "slide 2 (#/1/0) 'text'" in str(overflows[0])


#: What follows a slide's heading, and what is too small in it: the size, the least, and the text.
SMALL_LETTERS: dict[str, tuple[str, tuple[float, int, str]]] = {
    "text": ('<p style="font-size: 27px">A sentence.</p>', (27, 28, "A sentence.")),
    "code": ("<pre style='font-size: 25px'>x = 1</pre>", (25, 26, "x = 1")),
    "table": ("<table style='font-size: 25px'><tr><td>cell</td></tr></table>", (25, 26, "cell")),
    "note": ("<p>Long. <small style='font-size: 21px'>short</small></p>", (21, 22, "short")),
    "drawing": ("![A label](figures/label.svg)", (21, 22, "label")),
}


@needs_chromium
def test_letters_that_are_too_small_are_reported(deck: Deck, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "label.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2000 400"><text x="0" y="99" '
        f'font-size="{21 * 2000 / 1168}">label<tspan font-size="20">index</tspan></text></svg>'
    )
    slides = [text(f"## {name}\n\n{markdown}") for name, (markdown, _) in SMALL_LETTERS.items()]
    with browser.open_deck(
        deck([text("# Title"), *slides, text("## Fine\n\nA `name`, $x_1$ and x<sub>1</sub>.")])
    ) as page:
        found = browser.measure_letters(page)
    expected = {name: small for name, (_, small) in SMALL_LETTERS.items()}
    assert {s.heading: (s.pixels, s.least, s.text) for s in found} == expected
    assert len(found) == len(expected)


@needs_chromium
def test_pdf_and_pictures_are_written_and_overflow_is_reported(
    deck: Deck, lecture_deck: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    browser.write_pdf(lecture_deck, tmp_path / "deck.pdf")
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "deck.pdf").read_bytes())) == 6
    assert browser.main(["sheet", str(lecture_deck), str(tmp_path / "sheet"), "--dark"]) == 0
    pictures = sorted((tmp_path / "sheet").iterdir())
    assert [p.name for p in pictures] == ["contact-sheet.png", *(f"slide-{n:02d}.png" for n in range(1, 7))]
    assert all(p.stat().st_size > 1000 for p in pictures)
    assert browser.main(["overflow", str(lecture_deck)]) == 0
    assert browser.main(["overflow", str(deck([text("## Long\n\n" + "Word.\n\n" * 20)]))]) == 1
    assert "'Long': " in capsys.readouterr().out


def test_missing_browser_or_deck_ends_in_one_sentence(
    lecture_deck: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert browser.main(["overflow", "nowhere.html"]) == 2
    assert "There is no deck nowhere.html" in capsys.readouterr().err
    monkeypatch.setenv("TRIPTYCH_CHROMIUM", "/nowhere/chromium")
    assert browser.main(["overflow", str(lecture_deck)]) == 2
    assert "No Chromium was found" in capsys.readouterr().err


# ---- The theme ----------------------------------------------------------------------------------


def _colours(name: str) -> dict[str, tuple[str, str]]:
    css = (SLIDES / "theme" / name).read_text()
    css = css[: css.find("@media")]
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    return {key: (light, dark) for key, light, dark in pairs}


def _contrast(a: str, b: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_letters_have_enough_contrast(scheme: int) -> None:
    colours = _colours("triptych.css")
    for paper in ("paper", "tint", "task-paper", "good-paper", "warn-paper"):
        for ink in ("ink", "muted", "forward", "reverse", "good", "task", "warn", "alert", "string"):
            assert _contrast(colours[ink][scheme], colours[paper][scheme]) >= 4.5, (ink, paper)


def test_plots_have_the_palette_of_the_static_deck_and_none_of_its_meanings() -> None:
    """Every colour of the plots' style stands for a variable; curves without a meaning have no colour that has one."""
    style = (SLIDES / "theme" / "triptych.mplstyle").read_text()
    known = {colour: name for name, colours in COLOURS.items() for colour in colours.split()}
    settings = [line for line in style.splitlines() if line and not line.startswith("#")]
    drawn = {f"#{c.lower()}" for line in settings for c in re.findall(r"\b[0-9a-fA-F]{6}\b", line)}
    assert drawn and drawn <= known.keys()
    cycle = re.search(r"cycler\((.*)\)", style)
    assert cycle is not None
    names = {known[f"#{c.lower()}"] for c in re.findall(r'"(\w{6})"', cycle[1])}
    assert len(names) == 4 and not {n for n in names if n.startswith(("forward", "reverse", "task", "good"))}


def test_plots_do_without_the_fonts_of_the_decks(caplog: pytest.LogCaptureFixture) -> None:
    """A student has no Fira; matplotlib would warn in every plot about a family that it cannot replace."""
    with plt.style.context(SLIDES / "theme" / "triptych.mplstyle"):
        figure, axes = plt.subplots()
        axes.loglog([1, 10], [1e-3, 1], label=r"$\mathcal{L}(\theta)$, $\mathtt{x}$, $\mathsf{x}$, $\mathbf{x}$")
        axes.set(title="Title", xlabel="$x_1$")
        axes.legend()
        for kind in ("svg", "png"):
            figure.savefig(io.BytesIO(), format=kind)
        plt.close(figure)
    assert [record.message for record in caplog.records if "findfont" in record.message] == []


def test_drawings_stand_for_the_light_colours_of_the_theme() -> None:
    """The first colour of each variable in `COLOURS` is its light value in the style sheet."""
    theme = _colours("triptych.css")
    assert {name: colours.split()[0] for name, colours in COLOURS.items()} == {name: theme[name][0] for name in COLOURS}
