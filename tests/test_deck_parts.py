"""Parts of slides: steps, columns, predictions, exercises with hint, countdown and answer, closing slide, map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from courses import FORWARD, scratch
from decks import serious
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output, new_raw_cell
from needs import needs_chromium
from test_deck import sections, text, typed, write

from triptych.build import browser
from triptych.build.answer_key import lecture_view
from triptych.build.closing import ability, chapter_closing, qr_code
from triptych.build.deck import DeckError
from triptych.model.chapter import answer_text, read_chapter
from triptych.model.course import ExercisePlan, Talk
from triptych.model.slides import slides_of

SVG = """<svg role="img" aria-label="A graph" viewBox="0 0 60 20">
<g id="always" data-lit="1"><circle r="4"/></g>
<g id="second" data-step="2" data-lit="2-3"><circle r="4"/></g>
<g id="brief" data-step="1-2" display="none"><circle r="4"/></g>
</svg>"""
CODE = '#| code-line-numbers: "1|2-3"\n#| output-location: column\na = 1\nb = 2\n\nc = a + b'
SOLUTION = (
    'def one(x):\n    """The one.\n\n    x: a number.\n    """\n    ### BEGIN SOLUTION\n    y = x\n\n'
    "    return y / x\n    ### END SOLUTION"
)
EXERCISES = {"one": ExercisePlan("one", 2, 2)}


def code(source: str, slide_type: str = "-", printed: str = "", **metadata: object) -> NotebookNode:
    outputs = [new_output("stream", name="stdout", text=printed)] if printed else []
    return typed(new_code_cell(source, outputs=outputs), slide_type, **metadata)


def solution(slide_type: str = "skip") -> NotebookNode:
    return code(SOLUTION, slide_type, nbgrader={"grade_id": "one", "solution": True, "grade": False})


def cells() -> list[NotebookNode]:
    return [
        text("# Title"),
        text("## Steps"),
        code(CODE),
        text(f"<div>{SVG}</div>".replace("\n", ""), "-"),
        text("Afterwards.", "fragment"),
        text("## A prediction", "subslide"),
        text("**Predict.** What is $x$?\n\n- one\n- two", "-"),
        code("#| output-location: fragment\nprint(1)", printed="1\n"),
        text("## Exercise: `one`\n\n**2 points · 2 minutes.** Divide.", "slide"),
        text("**Hint.** By itself.", "fragment"),
        solution(),
    ]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(cells(), tmp_path_factory.mktemp("parts"), exercises=EXERCISES, talk="Ada · Here")


@pytest.fixture
def page(plain: Path) -> Iterator[Any]:
    with browser.open_deck(plain) as page:
        yield page


# ---- Cell options -----------------------------------------------------------------------------------


def test_lines_of_code_have_their_steps_and_options_are_not_shown(plain: Path) -> None:
    slide = sections(plain.read_text())[1]
    assert re.findall(r'<span class="line" data-lit="([\d ]*)">', slide) == ["1", "2", "2", ""]
    assert "code-line-numbers" not in slide and "output-location" not in slide
    assert re.sub(r"<[^>]+>", "", slide).count("a = 1\nb = 2\n\nc = a + b") == 1


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("code-line-numbers: 1|x", "Write lines and steps as in"),
        ("code-line-numbers: 1|2-9", "but the cell has 1 lines"),
        ("output-location: left", "Write one of column, fragment, column-fragment"),
    ],
)
def test_wrong_option_is_named_with_its_cell(tmp_path: Path, option: str, message: str) -> None:
    cell = code(f"#| {option}\nx = 1", "slide")
    cell.id = "the-cell"
    with pytest.raises(DeckError, match=f"Cell 'the-cell': .*{message}"):
        write([cell], tmp_path)


@pytest.mark.parametrize("slide_type", ["-", "fragment"])
@pytest.mark.parametrize("location", ["column", "column-fragment"])
def test_picture_after_code_without_output_takes_the_column(tmp_path: Path, location: str, slide_type: str) -> None:
    picture = text("![A graph](figures/graph.svg)", slide_type)
    deck = write(
        [text("# Title"), code(f"#| output-location: {location}\nx = 1"), picture, text("Below.", "-")], tmp_path
    )
    (slide,) = sections(deck.read_text())
    assert re.search(
        r'<div class="columns">\s*<div class="cell code".*<div class="cell text.*</div>\s*</div>', slide, re.S
    )
    assert ('class="cell text fragment"' in slide) is ("fragment" in location + slide_type)
    assert slide.count("<div") == slide.count("</div>")
    assert ('<div class="fragment">' in slide) is (slide_type == "fragment")  # what follows comes with another →


def test_output_is_the_column_if_there_is_one(tmp_path: Path) -> None:
    cells = [
        text("# Title"),
        code("#| output-location: column\nprint(1)", printed="1\n"),
        text("![A graph](figures/graph.svg)", "-"),
    ]
    (slide,) = sections(write(cells, tmp_path).read_text())
    assert 'class="cell code columns"' in slide and 'class="columns"' not in slide


# ---- Steps ------------------------------------------------------------------------------------------

STATE = """() => ({
  hidden: [...document.querySelectorAll("[data-step].off")].map(e => e.id),
  lit: [...document.querySelectorAll("svg .lit")].map(e => e.id),
  lines: [...document.querySelectorAll(".line")].flatMap((e, i) => e.classList.contains("lit") ? [i + 1] : []),
  after: getComputedStyle(document.querySelector("section:nth-of-type(1) .fragment:not(.step)")).visibility,
})"""
#: What is hidden and highlighted, and the lines that are, at steps 0 to 3.
STEPS = [
    (["second", "brief"], [], []),
    (["second"], ["always"], [1]),
    ([], ["second"], [2, 3]),
    (["brief"], ["second"], []),
]


def state(page: Any) -> tuple[list[str], list[str], list[int]]:
    now = page.evaluate(STATE)
    return now["hidden"], now["lit"], now["lines"]


@needs_chromium
def test_code_and_drawing_go_through_their_steps_together(page: Any) -> None:
    page.keyboard.press("ArrowRight")
    for step, expected in enumerate(STEPS):
        assert state(page) == expected, step
        page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getState().indexf") == 3  # the fragment after the steps
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().v") == 1
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    for step, expected in reversed(list(enumerate(STEPS))):
        assert state(page) == expected, step
        page.keyboard.press("ArrowLeft")


@needs_chromium
def test_address_of_a_step_shows_it(plain: Path) -> None:
    with browser.open_deck(plain, query="#/1/0/1") as page:
        assert state(page) == STEPS[2]


@needs_chromium
@pytest.mark.parametrize("medium", ["print view", "printer", "phone"])
def test_paper_and_phones_show_the_last_state_without_highlights(plain: Path, medium: str) -> None:
    with browser.open_deck(plain, query="?print-pdf" if medium == "print view" else "") as page:
        if medium == "printer":
            page.emulate_media(media="print")
        if medium == "phone":
            page.evaluate("document.documentElement.classList.add('reading')")  # start.js does this
        page.wait_for_function("document.querySelectorAll('.off').length === 1")
        assert state(page) == (["brief"], [], [])


# ---- Predictions and exercises ----------------------------------------------------------------------


def test_prediction_has_lettered_choices(plain: Path) -> None:
    slide = sections(plain.read_text())[2]
    assert '<div class="cell text predict"' in slide
    assert re.search(r'<ol class="choices" type="A">\s*<li>one</li>\s*<li>two</li>\s*</ol>', slide)
    assert '<div class="outputs fragment">' in slide


def test_answers_are_only_in_decks_with_answers(tmp_path: Path) -> None:
    for slide_type in ("skip", "-"):
        notebook = new_notebook(cells=[*cells()[:-1], solution(slide_type)])
        html = write(lecture_view(notebook).cells, tmp_path, exercises=EXERCISES).read_text()
        assert "BEGIN SOLUTION" not in html and "y / x" not in re.sub("<[^>]+>", "", html)
    html = write(cells(), tmp_path, exercises=EXERCISES, answers=True).read_text()
    slide = sections(html)[3]
    assert "y / x" in re.sub("<[^>]+>", "", slide) and "BEGIN SOLUTION" not in html and "The one" not in html
    fragments = re.findall(r'<div class="fragment">\s*<div class="cell (\w+ \w+)"', slide)
    assert fragments == ["text hint", "code answer"]


def test_answer_stays_the_last_fragment_whatever_follows_it() -> None:
    notes = typed(new_raw_cell("A note."), "notes")
    (slide,) = slides_of(
        new_notebook(cells=[text("## Exercise: `one`"), notes, solution(), text("**Hint.** x", "fragment")]),
        answers=True,
    )
    assert [cell.cell_type for cell in slide.cells] == ["markdown", "raw", "markdown", "code"]


def test_answer_text_has_no_docstrings_and_markers() -> None:
    assert answer_text(SOLUTION) == "def one(x):\n    y = x\n    return y / x"
    class_ = (
        'class A:\n    """Doc."""\n\n    x = 1\n\n    def f(self):\n        """Only a docstring."""\n\n\ndef g(): pass'
    )
    assert answer_text(class_).startswith("class A:\n    x = 1\n    def f(self):\n")


@needs_chromium
def test_countdown_starts_pauses_and_is_reset(page: Any) -> None:
    page.clock.install()
    page.evaluate("Reveal.slide(2)")
    badge = page.locator(".present .badge")
    clock = badge.locator("[role=timer]")
    page.keyboard.press("Control+c")
    assert clock.count() == 0
    page.keyboard.press("c")
    page.clock.run_for(3_000)
    assert clock.inner_text() == "01:57"
    assert "2 points · 2 minutes" in badge.text_content()  # for screen readers
    page.keyboard.press("c")
    page.clock.run_for(30_000)
    assert clock.inner_text() == "01:57"
    page.keyboard.press("c")
    page.clock.run_for(57_000)
    assert clock.inner_text() == "01:00" and "last-minute" in badge.get_attribute("class")
    page.clock.run_for(61_000)
    assert clock.inner_text() == "00:00" and "over" in badge.get_attribute("class")
    page.keyboard.press("Shift+C")
    assert clock.count() == 0 and badge.inner_text() == "2 points · 2 minutes"
    page.keyboard.press("c")
    assert clock.inner_text() == "02:00"


@needs_chromium
def test_countdown_and_map_in_the_speaker_view(page: Any) -> None:
    """The countdown runs in the audience's window; the map is the speaker's own, and moves both."""
    page.evaluate("Reveal.slide(2)")
    with page.context.expect_page() as window:
        page.keyboard.press("s")
    speaker = window.value
    deck = speaker.frame_locator("#current-slide iframe")
    deck.locator(".present .badge").wait_for(timeout=30_000)
    # the narrow frame of the next slide is no page to read
    speaker.frame_locator("#upcoming-slide iframe").locator(".reveal.ready").wait_for(timeout=30_000)
    speaker.keyboard.press("c")
    page.locator(".present .badge [role=timer]").wait_for()
    speaker.keyboard.press("m")
    deck.locator("dialog.map a").nth(1).click()
    page.wait_for_function("Reveal.getIndices().h === 1")
    assert page.locator("dialog.map").count() == 0


# ---- Title and closing slides -----------------------------------------------------------------------


def test_title_slide_names_the_talk(plain: Path) -> None:
    slides = sections(plain.read_text())
    assert ['<p class="talk">Ada · Here</p>' in slide for slide in slides] == [True, False, False, False]
    assert str(Talk(speaker="Ada", date="Today")) == "Ada · Today" and str(Talk()) == ""


@pytest.mark.parametrize(
    ("goal", "can"),
    [
        ("to estimate slopes", "estimate slopes"),
        ("to draw and to read", "draw and read"),
        ("how to recover it, and how to choose", "recover it, and choose"),
        ("how to follow it, and how not to", "follow it, and how not to"),
        ("why it swells", "explain why it swells"),
        ("write an engine", "write an engine"),
    ],
)
def test_goals_become_abilities(goal: str, can: str) -> None:
    assert ability(goal) == can


@pytest.mark.parametrize("address", ["", "https://github.com/a/b", "https://gitlab.example/a/b"])
def test_closing_slide_links_where_to_go_on(tmp_path: Path, address: str) -> None:
    course = scratch(tmp_path / "course", [FORWARD, "06_reverse_mode"])
    course.contract.update(address=address, reading="docs/reading.md")
    notebook = read_chapter(course.notebook(FORWARD)).notebook
    html = write([text("# Title")], tmp_path, closing=chapter_closing(course, FORWARD, notebook)).read_text()
    slide = sections(html)[1]
    route = {"": "..", "https://github.com/a/b": f"{address}/blob/HEAD"}.get(address, f"{address}/-/blob/HEAD")
    links = re.findall(r'href="([^"]+)"', slide)
    assert links[:4] == [
        "06_reverse_mode.html",
        f"{route}/release/{FORWARD}/{FORWARD}.ipynb",
        "index.html",
        f"{route}/docs/reading.md",
    ]
    assert ('aria-label="QR code' in slide) is bool(address)
    last = chapter_closing(course, "06_reverse_mode", notebook)
    assert "Next" not in "".join(cell.source for cell in last.cells)


def test_qr_code_is_inline_and_dark_on_light() -> None:
    svg = qr_code("https://example.org/course")
    assert svg.startswith("<svg ") and "#000" in svg and "#fff" in svg and "xlink" not in svg


# ---- Section bar and map ----------------------------------------------------------------------------


@needs_chromium
def test_section_bar_marks_the_current_section_and_jumps(page: Any) -> None:
    bar = page.locator("nav.section-bar a")
    assert [" ".join(name.split()) for name in bar.all_text_contents()] == ["Title", "Steps", "Exercise: one"]
    current = "[...document.querySelectorAll('.section-bar a')].findIndex(a => a.getAttribute('aria-current'))"
    assert page.evaluate(current) == 0
    bar.nth(1).click()
    page.wait_for_function("location.hash === '#/1'")
    page.evaluate("Reveal.slide(1, 1)")
    assert page.evaluate(current) == 1
    page.emulate_media(media="print")
    assert not page.locator("nav.section-bar").is_visible()


@needs_chromium
def test_map_is_used_with_the_keyboard(page: Any) -> None:
    page.keyboard.press("ArrowRight")
    page.keyboard.press("m")
    focused = "document.activeElement.textContent"
    assert page.evaluate(focused) == "2Steps"
    assert serious(page) == []
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "3A prediction"
    page.keyboard.press("End")
    assert page.evaluate(focused) == "4Exercise: one"
    assert page.evaluate("Reveal.getIndices().h") == 1  # keys do not move the deck below
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#/2'")
    assert not page.locator("dialog.map").is_visible()
    for close in ("Escape", "m"):
        page.keyboard.press("m")
        assert page.locator("dialog.map").is_visible()
        page.keyboard.press(close)
        assert not page.locator("dialog.map").is_visible()
    assert not page.evaluate("Reveal.isOverview()")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("Reveal.getIndices().h") == 1
