"""Live decks in a browser, with one server and one browser for all: does every slide fit, does every key work."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from courses import FORWARD, PROJECT
from live import SCREENSHOTS, SIZES, LiveDeck, chromium, contact_sheet, opened
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from needs import needs_chromium

from triptych.build.answer_key import prepare_answer_keys
from triptych.present.server import (
    PresentOptions,
    configure,
    end,
    make_copy,
    path_of,
    rise_settings,
    start_server,
    wait_until_up,
)

pytestmark = [needs_chromium, pytest.mark.xdist_group("live")]

BROKEN = "broken"
#: A second copy of a chapter, as a speaker gets it: nothing has run yet.
STAGE = "stage"


@dataclass
class Hall:
    """One server with every chapter's deck on it, and one browser."""

    base: str
    token: str
    browser: Any
    folder: Path
    stage: Path  # the notebook of the second copy
    copies: dict[str, NotebookNode]
    plots: dict[str, int]  # the cell that each chapter's test runs, by index

    def copy(self, chapter: str) -> NotebookNode:
        """The notebook of a chapter's deck, made when it is first asked for."""
        if chapter not in self.copies:
            self.copies[chapter], self.plots[chapter] = copy_of(chapter, self.folder)
        return self.copies[chapter]

    def address(self, chapter: str, folder: str = "", *, classic: bool = False) -> str:
        path = path_of(PresentOptions(chapter, classic=classic), 0).replace(f"/{chapter}/", f"/{folder or chapter}/")
        return f"{self.base}{path}&token={self.token}"

    def end_kernels(self) -> None:
        with httpx.Client(base_url=self.base, headers={"Authorization": f"token {self.token}"}, timeout=60) as server:
            for session in server.get("/api/sessions").json():
                server.delete(f"/api/sessions/{session['id']}").raise_for_status()

    def open(self, chapter: str, folder: str = "") -> Any:
        return opened(self.browser, self.address(chapter, folder))


def fingerprint() -> str:
    digest = hashlib.sha256()
    for folder in (PROJECT.source, PROJECT.release):
        for file in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
            digest.update(str(file).encode() + file.read_bytes())
    return digest.hexdigest()


def first_plot(notebook: NotebookNode) -> int:
    """The first cell on a slide that draws."""
    return next(
        i
        for i, cell in enumerate(notebook.cells)
        if cell.metadata.slideshow.slide_type != "skip"
        and any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    )


def copy_of(chapter: str, folder: Path) -> tuple[NotebookNode, int]:
    """A chapter's deck with all outputs but that of its first plot, and the index of that cell."""
    list(prepare_answer_keys(PROJECT, [chapter]))
    file, _ = make_copy(PROJECT, PresentOptions(chapter, outputs=True), folder)
    notebook = nbformat.read(file, as_version=4)
    plot = first_plot(notebook)
    notebook.cells[plot].outputs = []
    nbformat.write(notebook, file)
    return notebook, plot


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    before = fingerprint()
    scratch = tmp_path_factory.mktemp("live")
    folder = scratch / "deck"
    forward, plot = copy_of(FORWARD, folder)
    make_copy(PROJECT, PresentOptions(FORWARD), scratch / "other")
    (scratch / "other" / FORWARD).rename(folder / STAGE)
    write_broken(folder / BROKEN)
    token = secrets.token_hex(16)
    # As `triptych present` does: classic RISE may be ready before the notebook, and then shows this.
    server = start_server(scratch, configure(scratch, token, forward.metadata["rise"]))
    try:
        base = wait_until_up(server, scratch, token)
        with chromium() as browser:
            stage = folder / STAGE / f"{FORWARD}.ipynb"
            yield Hall(base, token, browser, folder, stage, {FORWARD: forward}, {FORWARD: plot})
    finally:
        end(server)
    assert fingerprint() == before, "A live session has changed source/ or release/."


def write_broken(folder: Path) -> None:
    """A deck with every fault that the walk looks for, a slide each, between two that are in order."""
    sources = ["## First", *SLIPS, "## Last"]
    cells = [new_markdown_cell(s) if isinstance(s, str) else s() for s in sources]
    for cell in cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    notebook = new_notebook(cells=cells, metadata={"rise": {"width": 1280, "height": 720, **rise_settings("Footer")}})
    notebook.metadata["rise"] |= {"minScale": 0.2, "center": False}
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    folder.mkdir()
    nbformat.write(notebook, folder / f"{BROKEN}.ipynb")
    (folder / "rise.css").write_bytes((PROJECT.slides / "theme" / "rise.css").read_bytes())


def printed(text: str) -> NotebookNode:
    return new_code_cell("work()", outputs=[new_output("stream", name="stdout", text=text)])


#: What is wrong with a slide, and how the walk names it.
SLIPS: dict[Any, str] = {
    "## Tall\n\n" + "A paragraph.\n\n" * 14: "below: p.",
    lambda: new_code_cell("x = 1\n" * 30): "below: div.cm-",
    lambda: new_code_cell("x" * 120): "right: div.cm-",
    lambda: printed("line\n" * 30): "below: pre.",
    lambda: printed("word " * 40): "right: pre.",
    "## Wide\n\n$$" + "x_1 + " * 60 + "x$$": "right: ",
    "## Wide\n\n| " + "column | " * 30 + "\n" + "| --- " * 30 + "|\n": "right: ",
    "## Raw\n\nFive $ and $x_1 alone, \\begin{align} too": "raw formula",
    "## Broken\n\n![An arrow that is not there](figures/nowhere.svg)": "broken picture",
}


@pytest.mark.parametrize(
    "chapter",
    [pytest.param(chapter, marks=[] if chapter == FORWARD else pytest.mark.slow) for chapter in PROJECT.chapters],
)
def test_live_deck(hall: Hall, chapter: str) -> None:
    """Nothing overflows at either size, nothing is asked for outside, formulas and figures are there, a cell runs."""
    folder = SCREENSHOTS / "live" / chapter if SCREENSHOTS else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with plotted(hall, chapter) as deck:
        faults: list[str] = []
        shots: list[Path] = []
        for width, height in SIZES:
            deck.page.set_viewport_size({"width": width, "height": height})
            for number, slide in enumerate(deck.slides, start=1):
                deck.show(slide)
                faults += [f"{width}×{height} {fault}" for fault in deck.overflows()]
                if (width, height) == SIZES[0]:
                    faults += deck.faults()
                    if folder:
                        shots.append(folder / f"slide-{number:02d}.png")
                        deck.page.screenshot(path=shots[-1])
        if folder:
            contact_sheet(shots, folder.with_suffix(".png"))
        kinds = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in hall.copy(chapter).cells]
        assert len(deck.slides) == sum(kind in ("slide", "subslide") for kind in kinds)
        assert faults == []
        assert deck.asked == []


@contextlib.contextmanager
def plotted(hall: Hall, chapter: str) -> Iterator[LiveDeck]:
    """A deck in which the first plot has been drawn. A kernel that does not come up is ended, and the deck
    opened anew, once: what a speaker would do, and on a machine that is busy with other tests it happens."""
    hall.copy(chapter)
    plot = hall.plots[chapter]
    for again in (True, False):
        with hall.open(chapter) as deck:
            deck.show(deck.slide_of(plot))
            assert deck.cell(plot).locator("img").count() == 0
            try:
                deck.run(plot)
            except AssertionError as silence:
                if not again:
                    raise
                warnings.warn(str(silence), stacklevel=2)
            else:
                see_the_plot(deck, plot)
                yield deck
                return
        hall.end_kernels()


def see_the_plot(deck: LiveDeck, plot: int) -> None:
    picture = deck.cell(plot).locator(".jp-OutputArea img").first
    picture.wait_for()
    assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 400
    assert deck.cell(plot).locator("[data-mime-type*=error]").count() == 0


def test_walk_finds_what_does_not_fit_or_is_not_there(hall: Hall) -> None:
    with opened(hall.browser, hall.address(BROKEN), settled=False) as deck:
        for width, height in SIZES:
            deck.page.set_viewport_size({"width": width, "height": height})
            found = []
            for slide in deck.slides:
                deck.show(slide)
                found.append(deck.overflows() + deck.faults())
            assert found[0] == found[-1] == []
            for lines, says in zip(found[1:-1], SLIPS.values(), strict=True):
                assert any(says in line for line in lines), f"{says!r} is not in {lines}"


def test_request_to_outside_is_noticed_and_goes_nowhere(hall: Hall) -> None:
    with opened(hall.browser, hall.address(BROKEN), settled=False) as deck:
        came = deck.page.evaluate("fetch('https://example.org/tracker.js').then(() => 'came', () => 'did not')")
        assert came == "did not"
        assert deck.asked == ["https://example.org/tracker.js"]


def test_keys_work_before_the_first_click(hall: Hall) -> None:
    with opened(hall.browser, hall.address(BROKEN), settled=False) as deck:
        deck.page.keyboard.press("End")
        deck.page.wait_for_function(_AT, arg=deck.slides[-1])
        deck.page.keyboard.press("Home")
        deck.page.wait_for_function(_AT, arg=deck.slides[0])
        deck.page.keyboard.press("w")
        deck.page.wait_for_selector(".reveal.overview")
        deck.page.wait_for_function(_SEEN, arg=deck.slides[1])  # beside the first, and not cut away
        deck.page.keyboard.press("w")
        deck.page.wait_for_selector(".reveal:not(.overview)")
        deck.page.keyboard.press("/")
        deck.page.wait_for_selector(".reveal.paused")


_SEEN = """slide => {
  const box = document.getElementById(slide).getBoundingClientRect();
  return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.closest('section[id]')?.id === slide;
}"""
_AT = "slide => document.querySelector('section.present > section.present')?.id === slide"


def code_index(notebook: NotebookNode, id_: str) -> int:
    return [cell.id for cell in notebook.cells].index(id_)


@pytest.fixture(scope="module")
def stage(hall: Hall) -> Iterator[LiveDeck]:
    """A deck as a speaker gets it. Its tests share it: each runs and edits other cells."""
    with hall.open(FORWARD, STAGE) as deck:
        yield deck


def test_notes_open_in_their_window_and_follow(hall: Hall, stage: LiveDeck) -> None:
    notes = [cell.source for cell in hall.copy(FORWARD).cells if cell.cell_type == "raw"]
    with stage.page.context.expect_page() as window:  # nothing has been clicked on yet
        stage.page.keyboard.press("t")
    shown = window.value.locator(".speaker-controls-notes .value")
    shown.get_by_text(notes[0].split("\n")[0]).wait_for()
    assert shown.inner_text().count(notes[0].split("\n")[0]) == 1
    stage.page.bring_to_front()
    stage.page.keyboard.press("Space")
    shown.get_by_text(notes[1].split("\n")[0]).wait_for()
    window.value.close()


def test_locked_cells_stay_locked_and_answers_can_be_typed(hall: Hall, stage: LiveDeck) -> None:
    notebook = hall.copy(FORWARD)
    solution = code_index(notebook, "mul_jvp")
    locked = uses_answers(notebook)
    for index, stays in ((locked, True), (solution, False)):
        stage.show(stage.slide_of(index))
        stage.cell(index).locator(".cm-content").click()
        stage.page.keyboard.type("typed_on_stage")
        assert ("typed_on_stage" not in stage.cell(index).inner_text()) is stays


def uses_answers(notebook: NotebookNode, number: int = 0) -> int:
    """A lecture cell late in the deck, with its code on the slide, that uses the answer to an exercise."""
    shown = [i for i, c in enumerate(notebook.cells) if c.metadata.slideshow.slide_type != "skip"]
    return [i for i in shown if notebook.cells[i].cell_type == "code" and "Dual(" in notebook.cells[i].source][number]


def test_fragments_come_one_by_one(stage: LiveDeck) -> None:
    slide = stage.page.evaluate("document.querySelector('.fragment').closest('section[id]').id")
    stage.show(slide, fragments=False)
    fragments = stage.page.locator(f"#{slide} .fragment")
    stage.page.keyboard.press("Escape")
    assert fragments.first.evaluate("f => getComputedStyle(f).visibility") == "hidden"
    stage.page.keyboard.press("Space")
    stage.page.wait_for_function("s => document.querySelector(`#${s} .fragment`).matches('.visible')", arg=slide)
    assert stage.slide == slide


def test_talk_can_begin_in_the_middle_and_a_dead_kernel_goes_on(hall: Hall, stage: LiveDeck) -> None:
    """The cell uses the class of an exercise that nobody has answered, and names of slides that nobody has run."""
    notebook = hall.copy(FORWARD)
    late, later, solution = uses_answers(notebook), uses_answers(notebook, 1), code_index(notebook, "mul_jvp")
    stage.show(stage.slide_of(late))
    stage.run(late)
    stage.cell(late).get_by_text("1.41421356").first.wait_for()

    stage.show(stage.slide_of(solution))
    stage.cell(solution).locator(".cm-content").click()
    stage.page.keyboard.press("Control+a")
    stage.page.keyboard.type("import os; os._exit(1)")
    stage.page.keyboard.press("Control+Enter")
    stage.page.get_by_text("It will restart automatically").wait_for()
    stage.page.keyboard.press("Enter")
    stage.page.locator(".jp-Dialog").wait_for(state="detached")

    stage.show(stage.slide_of(later))
    stage.run(later)
    stage.cell(later).get_by_text("x = 2.000001").first.wait_for()
    assert stage.cell(later).locator("[data-mime-type*=error]").count() == 0


def test_answer_comes_into_its_cell_by_a_word(hall: Hall, stage: LiveDeck) -> None:
    solution = code_index(hall.copy(FORWARD), "sum_jvp")
    stage.show(stage.slide_of(solution))
    stage.cell(solution).locator(".cm-content").click()
    stage.page.keyboard.press("Control+a")
    stage.page.keyboard.type("%answer")
    stage.page.keyboard.press("Control+Enter")
    stage.cell(solution).get_by_text("return x1 + x2").wait_for()
    assert "SOLUTION" not in stage.cell(solution).inner_text()


def test_nothing_is_saved_until_the_speaker_saves(hall: Hall, stage: LiveDeck) -> None:
    third = uses_answers(hall.copy(FORWARD), 2)
    before = hall.stage.read_bytes()
    stage.show(stage.slide_of(third))
    stage.run(third)
    stage.page.wait_for_timeout(1000)
    assert hall.stage.read_bytes() == before
    stage.page.keyboard.press("Control+s")
    for _ in range(100):
        written = hall.stage.read_bytes()
        if written != before and written.rstrip().endswith(b"}"):  # the server writes it in place
            break
        stage.page.wait_for_timeout(100)
    assert nbformat.read(hall.stage, as_version=4).cells[third].outputs


def test_dark_deck_is_dark(stage: LiveDeck) -> None:
    look = "getComputedStyle(document.body).backgroundColor"
    assert stage.page.evaluate(look) == "rgb(255, 255, 255)"
    stage.page.evaluate("document.body.classList.replace('theme-white', 'theme-black')")
    try:
        assert stage.page.evaluate(look) == "rgb(20, 25, 31)"
    finally:
        stage.page.evaluate("document.body.classList.replace('theme-black', 'theme-white')")


@pytest.mark.slow
def test_classic_rise_shows_the_same(hall: Hall) -> None:
    notebook = hall.copy(FORWARD)
    late = uses_answers(notebook)
    context = hall.browser.new_context(viewport={"width": 1280, "height": 720})
    asked: list[str] = []
    outside = ("data:", "blob:", "about:", hall.base)
    context.on("request", lambda r: None if r.url.startswith(outside) else asked.append(r.url))
    try:
        page = context.new_page()
        page.goto(hall.address(FORWARD, STAGE, classic=True))
        page.wait_for_selector("body.rise-enabled.theme-white section.present > section.present", timeout=60_000)
        page.wait_for_function("Jupyter.notebook.kernel?.is_connected()", timeout=60_000)
        page.evaluate("i => Jupyter.notebook.get_cell(i).execute()", late)
        page.wait_for_function(
            "i => Jupyter.notebook.get_cell(i).element.find('.output').text().includes('1.41421356')",
            arg=late,
            timeout=60_000,
        )
        assert page.evaluate("Jupyter.notebook.autosave_interval") in (0, None)
        hidden = next(i for i, c in enumerate(notebook.cells) if c.metadata.get("jupyter", {}).get("source_hidden"))
        assert not page.evaluate("i => Jupyter.notebook.get_cell(i).element.find('.input').is(':visible')", hidden)
        assert page.locator("#rise-footer").inner_text().endswith("5 Forward mode")
        assert asked == []
    finally:
        context.close()
