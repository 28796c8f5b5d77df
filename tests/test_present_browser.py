"""Live decks in a browser, with one server and one browser for all tests: every slide fits, every key works."""

from __future__ import annotations

import contextlib
import re
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
from live import OFFLINE, SCREENSHOTS, SIZES, LivePage, opened
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from needs import needs_chromium

from triptych.build.browser import launch, write_contact_sheet
from triptych.fingerprint import fingerprint
from triptych.model.chapter import Role, role_of
from triptych.present.notebook import PresentOptions, make_copy, rise_settings
from triptych.present.server import configure, path_of, sign, start_server, stop_server, wait_until_ready

pytestmark = [needs_chromium, pytest.mark.xdist_group("live")]

BROKEN = "broken"
#: A second copy of a chapter, in which nothing has run yet.
FRESH = "fresh"


@dataclass
class Server:
    """One server with the decks of all chapters, and one browser.

    Attributes:
        base: the server's address.
        token: the server's token.
        browser: a Playwright browser.
        folder: the folder that is served.
        copies: the notebooks of chapters' decks.
        plots: the index of the cell that each chapter's test runs.
    """

    base: str
    token: str
    browser: Any
    folder: Path
    copies: dict[str, NotebookNode]
    plots: dict[str, int]

    def copy(self, chapter: str) -> NotebookNode:
        """The notebook of a chapter's deck, made on first use."""
        if chapter not in self.copies:
            self.copies[chapter], self.plots[chapter] = copy_of(chapter, self.folder)
        return self.copies[chapter]

    def address(self, chapter: str, folder: str = "", *, classic: bool = False) -> str:
        path = path_of(PresentOptions(chapter, classic=classic), 0).replace(f"/{chapter}/", f"/{folder or chapter}/")
        return f"{self.base}{path}&token={self.token}"

    def end_kernels(self) -> None:
        with httpx.Client(base_url=self.base, headers={"Authorization": f"token {self.token}"}, timeout=60) as client:
            for session in client.get("/api/sessions").json():
                client.delete(f"/api/sessions/{session['id']}").raise_for_status()

    def open(self, chapter: str, folder: str = "") -> Any:
        return opened(self.browser, self.address(chapter, folder))


def first_plot(notebook: NotebookNode) -> int:
    """The index of the first cell on a slide that draws."""
    return next(
        i
        for i, cell in enumerate(notebook.cells)
        if cell.metadata.slideshow.slide_type != "skip"
        and any("image/svg+xml" in output.get("data", {}) for output in cell.get("outputs", []))
    )


def copy_of(chapter: str, folder: Path) -> tuple[NotebookNode, int]:
    """A chapter's deck with all outputs but that of its first plot, and the index of that cell."""
    file, _ = make_copy(PROJECT, PresentOptions(chapter, outputs=True), folder)
    notebook = nbformat.read(file, as_version=4)
    plot = first_plot(notebook)
    notebook.cells[plot].outputs = []
    nbformat.write(notebook, file)
    sign(notebook, folder.parent)
    return notebook, plot


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    before = fingerprint(PROJECT.source, PROJECT.release)
    scratch = tmp_path_factory.mktemp("live")
    folder = scratch / "deck"
    forward, plot = copy_of(FORWARD, folder)
    make_copy(PROJECT, PresentOptions(FORWARD), scratch / "other")
    (scratch / "other" / FORWARD).rename(folder / FRESH)
    write_broken(folder / BROKEN)
    token = secrets.token_hex(16)
    process = start_server(scratch, configure(scratch, token, forward.metadata["rise"]))
    try:
        base = wait_until_ready(process, scratch, token)
        with launch(OFFLINE) as browser:
            yield Server(base, token, browser, folder, {FORWARD: forward}, {FORWARD: plot})
    finally:
        stop_server(process)
    assert fingerprint(PROJECT.source, PROJECT.release) == before, "A live deck has changed source/ or release/."


def write_broken(folder: Path) -> None:
    """A deck with every fault that `test_live_deck` looks for, a slide each, between two correct ones."""
    sources = ["## First", *FAULTS, "## Last"]
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


#: Slides with a fault, and how it is reported.
FAULTS: dict[Any, str] = {
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
def test_live_deck(server: Server, chapter: str) -> None:
    """Slides fit at both sizes and request nothing outside, formulas and figures are complete, a cell runs."""
    folder = SCREENSHOTS / "live" / chapter if SCREENSHOTS else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with plotted(server, chapter) as deck:
        faults: list[str] = []
        shots: list[Path] = []
        for width, height in SIZES:
            deck.page.set_viewport_size({"width": width, "height": height})
            for number, slide in enumerate(deck.slides, start=1):
                deck.show(slide)
                faults += [f"{width}×{height} {fault}" for fault in deck.overflows() if not scrolls(fault)]
                if (width, height) == SIZES[0]:
                    faults += deck.faults()
                    if folder:
                        shots.append(folder / f"slide-{number:02d}.png")
                        deck.page.screenshot(path=shots[-1])
        if folder:
            write_contact_sheet(shots, folder.with_suffix(".png"))
        types = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in server.copy(chapter).cells]
        assert len(deck.slides) == sum(slide_type in ("slide", "subslide") for slide_type in types)
        assert faults == [], "\n".join(faults)
        assert deck.requests == []


def scrolls(fault: str) -> bool:
    """Whether the fault is the height of an exercise's slide, which has a stub with a docstring and scrolls."""
    return "Exercise: " in fault and ("px below:" in fault or "px scrolls:" in fault)


@contextlib.contextmanager
def plotted(server: Server, chapter: str) -> Iterator[LivePage]:
    """A deck in which the first plot has been drawn.

    On a machine that is busy with other tests, a kernel may not start. It is then ended and the deck opened again, once.
    """
    server.copy(chapter)
    plot = server.plots[chapter]
    for last_attempt in (False, True):
        with server.open(chapter) as deck:
            deck.show(deck.slide_of(plot))
            assert deck.cell(plot).locator("img").count() == 0
            try:
                deck.run(plot)
            except AssertionError as error:
                if last_attempt:
                    raise
                warnings.warn(str(error), stacklevel=2)
            else:
                picture = deck.cell(plot).locator(".jp-OutputArea img").first
                picture.wait_for()
                assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 400
                assert deck.cell(plot).locator("[data-mime-type*=error]").count() == 0
                yield deck
                return
        server.end_kernels()


def test_faults_and_overflows_are_found(server: Server) -> None:
    with opened(server.browser, server.address(BROKEN), settled=False) as deck:
        for width, height in SIZES:
            deck.page.set_viewport_size({"width": width, "height": height})
            faults = []
            for slide in deck.slides:
                deck.show(slide)
                faults.append(deck.overflows() + deck.faults())
            assert faults[0] == faults[-1] == []
            for lines, expected in zip(faults[1:-1], FAULTS.values(), strict=True):
                assert any(expected in line for line in lines), f"{expected!r} is not in {lines}"


def test_request_to_another_address_is_noticed_and_fails(server: Server) -> None:
    with opened(server.browser, server.address(BROKEN), settled=False) as deck:
        assert deck.page.evaluate("fetch('https://example.org/tracker.js').then(() => true, () => false)") is False
        assert deck.requests == ["https://example.org/tracker.js"]


def test_keys_work_before_the_first_click(server: Server) -> None:
    with opened(server.browser, server.address(BROKEN), settled=False) as deck:
        deck.page.keyboard.press("End")
        deck.page.wait_for_function(_AT, arg=deck.slides[-1])
        deck.page.keyboard.press("Home")
        deck.page.wait_for_function(_AT, arg=deck.slides[0])
        deck.page.keyboard.press("w")
        deck.page.wait_for_selector(".reveal.overview")
        deck.page.wait_for_function(_SEEN, arg=deck.slides[1])  # beside the first, and not cut off
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


# ---- With the keyboard alone: no test before has clicked or given anything the focus -------------


CLASSIC = "classic"


@dataclass
class Untouched:
    """A deck in which only keys were pressed since it was opened."""

    deck: LivePage
    notebook: NotebookNode

    @property
    def state(self) -> tuple[str, int]:
        """The present slide and the number of its fragments that are shown."""
        shown = "document.querySelectorAll('section.present > section.present .fragment.visible').length"
        return self.deck.slide, int(self.deck.page.evaluate(shown))

    def press(self, key: str) -> bool:
        """Presses a key, and returns whether the slide or its fragments have changed."""
        before = self.state
        self.deck.page.keyboard.press(key)
        for _ in range(40):
            if self.state != before:
                return True
            self.deck.page.wait_for_timeout(50)
        return False

    def go_to(self, slide: str, fragments: int = 0) -> None:
        self.deck.page.keyboard.press("Home")
        self.deck.page.wait_for_function(_AT, arg=self.deck.slides[0])
        while self.state != (slide, fragments):
            assert self.press("ArrowRight"), f"→ does not reach {slide}"

    def slide_of(self, index: int) -> str:
        """The id of a cell's slide according to the notebook."""
        types = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in self.notebook.cells[: index + 1]]
        last = max(i for i, type_ in enumerate(types) if type_ == "slide")
        return f"slide-{types.count('slide') - 1}-{types[last:].count('subslide')}"


@pytest.fixture(scope="module", params=["lab", pytest.param(CLASSIC, marks=pytest.mark.slow)])
def untouched(server: Server, request: pytest.FixtureRequest) -> Iterator[Untouched]:
    folder = f"untouched-{request.param}"
    make_copy(PROJECT, PresentOptions(FORWARD), server.folder.parent / folder)
    (server.folder.parent / folder / FORWARD).rename(server.folder / folder)
    address = server.address(FORWARD, folder, classic=request.param == CLASSIC)
    with opened(server.browser, address, settled=False) as deck:
        deck.page.wait_for_selector(".reveal.ready")
        notebook = nbformat.read(server.folder / folder / f"{FORWARD}.ipynb", as_version=4)
        yield Untouched(deck, notebook)
        assert deck.requests == []


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("ArrowRight", "ArrowLeft"),
        pytest.param("Space", "Shift+Space", marks=pytest.mark.slow),
        pytest.param("PageDown", "PageUp", marks=pytest.mark.slow),  # a clicker's keys
    ],
)
def test_keys_visit_every_slide_and_return(untouched: Untouched, there: str, back: str) -> None:
    slides = untouched.deck.slides
    untouched.go_to(slides[0])
    for key, order in ((there, slides), (back, slides[::-1])):
        visited = [untouched.state[0]]
        while untouched.press(key):
            visited.append(untouched.state[0])
        assert list(dict.fromkeys(visited)) == order


def test_lecture_cell_is_edited_and_run(untouched: Untouched) -> None:
    from playwright.sync_api import TimeoutError as PlaywrightTimeout

    cells = untouched.notebook.cells
    index = next(
        i
        for i, cell in enumerate(cells)
        if cell.cell_type == "code"
        and role_of(cell) is Role.LECTURE
        and cell.metadata.slideshow.slide_type != "skip"
        and not cell.metadata.get("jupyter", {}).get("source_hidden")
    )
    untouched.go_to(untouched.slide_of(index))
    keyboard = untouched.deck.page.keyboard
    keyboard.press("Enter")
    keyboard.press("Control+End")
    keyboard.press("Enter")
    keyboard.type("it = 42; print('typed', it)")  # begins with keys of the deck
    slide = untouched.deck.page.locator("section.present > section.present")
    output = slide.get_by_text("typed 42")
    for _ in range(3):  # a kernel that is starting ignores the key
        keyboard.press("Control+Enter")
        with contextlib.suppress(PlaywrightTimeout):
            output.first.wait_for(timeout=30_000)
            break
    assert output.count() == 1
    assert untouched.press("ArrowRight"), "→ does not leave the cell that was run"


def test_full_screen_shows_dialogs_too(untouched: Untouched) -> None:
    if CLASSIC in untouched.deck.page.url:
        pytest.skip("classic RISE refuses full screen")
    untouched.deck.page.keyboard.press("f")
    untouched.deck.page.wait_for_function("document.fullscreenElement === document.documentElement")
    untouched.deck.page.keyboard.press("f")
    untouched.deck.page.wait_for_function("!document.fullscreenElement")


def test_keys_change_no_cells(untouched: Untouched) -> None:
    page = untouched.deck.page
    untouched.go_to(untouched.deck.slides[2])
    texts = "[...document.querySelectorAll('.jp-Cell, div.cell')].map(c => c.id + c.className.match(/text|raw|code/i) + c.innerText)"
    before = page.evaluate(texts)
    for key in [*"abbcddmrx123456y", "Shift+M", "Shift+V"]:
        page.keyboard.press(key)
    assert page.evaluate(texts) == before
    page.keyboard.press("b")
    page.wait_for_selector(".reveal.paused")
    page.keyboard.press("b")
    page.wait_for_selector(".reveal:not(.paused)")


@pytest.mark.parametrize("key", ["t", pytest.param("s", marks=pytest.mark.slow)])
def test_notes_open_and_leave_the_deck_where_it_is(untouched: Untouched, key: str) -> None:
    page = untouched.deck.page
    slide = page.evaluate("[...document.querySelectorAll('.fragment')].at(-1).closest('section[id]').id")
    untouched.go_to(slide, 1)
    number = int(slide.split("-")[1])
    notes = [c.source for c in untouched.notebook.cells if c.cell_type == "raw"]
    with page.context.expect_page() as window:
        page.keyboard.press(key)
    shown = window.value.locator(".speaker-controls-notes .value")
    shown.get_by_text(re.compile(r"\w")).first.wait_for()
    page.wait_for_timeout(10_000)
    assert untouched.state == (slide, 1)
    assert any(shown.inner_text().split("\n")[0].strip() in note for note in notes[number:])
    window.value.bring_to_front()
    window.value.keyboard.press("ArrowLeft")  # a clicker's key, while the notes have the focus
    page.wait_for_function("!document.querySelector('section.present > section.present .fragment.visible')")
    page.bring_to_front()
    assert untouched.press("ArrowRight")
    window.value.close()


@pytest.fixture(scope="module")
def fresh(server: Server) -> Iterator[LivePage]:
    """A deck in which nothing has run. Its tests share it; each runs and edits other cells."""
    with server.open(FORWARD, FRESH) as deck:
        yield deck


def test_notes_follow_the_slides(server: Server, fresh: LivePage) -> None:
    notes = [cell.source for cell in server.copy(FORWARD).cells if cell.cell_type == "raw"]
    with fresh.page.context.expect_page() as window:
        fresh.page.keyboard.press("t")
    shown = window.value.locator(".speaker-controls-notes .value")
    shown.get_by_text(notes[0].split("\n")[0]).wait_for()
    assert shown.inner_text().count(notes[0].split("\n")[0]) == 1
    fresh.page.bring_to_front()
    fresh.page.keyboard.press("Space")
    shown.get_by_text(notes[1].split("\n")[0]).wait_for()
    window.value.close()


def uses_answers(notebook: NotebookNode, number: int = 0) -> int:
    """The index of one of three lecture cells that use the answer to an exercise and have an output."""
    ids = ("loop-code", "perturbation-confusion-code-2", "an-if-code")
    return next(i for i, cell in enumerate(notebook.cells) if cell.id.endswith(ids[number]))


def test_fragments_appear_one_by_one(fresh: LivePage) -> None:
    slide = fresh.page.evaluate("document.querySelector('.fragment').closest('section[id]').id")
    fresh.show(slide, fragments=False)
    fragments = fresh.page.locator(f"#{slide} .fragment")
    fresh.page.keyboard.press("Escape")
    assert fragments.first.evaluate("f => getComputedStyle(f).visibility") == "hidden"
    fresh.page.keyboard.press("Space")
    fresh.page.wait_for_function("s => document.querySelector(`#${s} .fragment`).matches('.visible')", arg=slide)
    assert fresh.slide == slide


def test_late_cell_runs_first_and_after_a_restart_of_the_kernel(server: Server, fresh: LivePage) -> None:
    """The cell uses an exercise that is not answered, and names of cells that have not run."""
    notebook = server.copy(FORWARD)
    late, later, solution = uses_answers(notebook), uses_answers(notebook, 1), code_index(notebook, "mul_jvp")
    fresh.show(fresh.slide_of(late))
    fresh.run(late)
    fresh.cell(late).get_by_text("1.41421356").first.wait_for()

    fresh.show(fresh.slide_of(solution))
    fresh.cell(solution).locator(".cm-content").click()
    fresh.page.keyboard.press("Control+a")
    fresh.page.keyboard.type("import os; os._exit(1)")
    fresh.page.keyboard.press("Control+Enter")
    fresh.page.get_by_text("It will restart automatically").wait_for()
    fresh.page.keyboard.press("Enter")
    fresh.page.locator(".jp-Dialog").wait_for(state="detached")

    fresh.show(fresh.slide_of(later))
    fresh.run(later)
    fresh.cell(later).get_by_text("2.0", exact=True).first.wait_for()
    assert fresh.cell(later).locator("[data-mime-type*=error]").count() == 0


def test_answer_magic_fills_its_cell(server: Server, fresh: LivePage) -> None:
    solution = code_index(server.copy(FORWARD), "sum_jvp")
    fresh.show(fresh.slide_of(solution))
    fresh.cell(solution).locator(".cm-content").click()
    fresh.page.keyboard.press("Control+a")
    fresh.page.keyboard.type("%answer")
    fresh.page.keyboard.press("Control+Enter")
    fresh.cell(solution).get_by_text("return x1 + x2").wait_for()
    assert "SOLUTION" not in fresh.cell(solution).inner_text()


def test_notebook_is_saved_only_on_request(server: Server, fresh: LivePage) -> None:
    third = uses_answers(server.copy(FORWARD), 2)
    file = server.folder / FRESH / f"{FORWARD}.ipynb"
    before = file.read_bytes()
    fresh.show(fresh.slide_of(third))
    fresh.run(third)
    fresh.page.wait_for_timeout(1000)
    assert file.read_bytes() == before
    fresh.page.keyboard.press("Control+s")
    for _ in range(100):
        written = file.read_bytes()
        if written != before and written.rstrip().endswith(b"}"):  # the server writes the file in place
            break
        fresh.page.wait_for_timeout(100)
    assert nbformat.read(file, as_version=4).cells[third].outputs


def test_dark_deck_is_dark(fresh: LivePage) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    assert fresh.page.evaluate(background) == "rgb(255, 255, 255)"
    fresh.page.evaluate("document.body.classList.replace('theme-white', 'theme-black')")
    try:
        assert fresh.page.evaluate(background) == "rgb(20, 25, 31)"
    finally:
        fresh.page.evaluate("document.body.classList.replace('theme-black', 'theme-white')")


@pytest.mark.slow
def test_classic_rise_shows_the_same(server: Server) -> None:
    notebook = server.copy(FORWARD)
    late = uses_answers(notebook)
    context = server.browser.new_context(viewport={"width": 1280, "height": 720})
    requests: list[str] = []
    own = ("data:", "blob:", "about:", server.base)
    context.on("request", lambda r: None if r.url.startswith(own) else requests.append(r.url))
    try:
        page = context.new_page()
        page.goto(server.address(FORWARD, FRESH, classic=True))
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
        assert requests == []
    finally:
        context.close()
