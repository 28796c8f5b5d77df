"""What the tests of live decks do in the browser: open a deck, go to its slides, measure and picture them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triptych.build.browser import FLAGS, find_chromium

SIZES = ((1280, 720), (1920, 1080))
#: No name but the loopback's is found, whatever asks for it.
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
#: A folder for pictures of all slides; none are taken without it.
SCREENSHOTS = Path(os.environ["TRIPTYCH_SCREENSHOTS"]) if "TRIPTYCH_SCREENSHOTS" in os.environ else None


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=[*FLAGS, OFFLINE, *(["--no-sandbox"] if root else [])]
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class LiveDeck:
    """A live deck in a page of its own. `asked` collects every address outside of its server."""

    page: Any
    asked: list[str] = field(default_factory=list)

    @property
    def slides(self) -> list[str]:
        """The ids of the slides, in order."""
        return list(self.page.evaluate("[...document.querySelectorAll('.slides section[id]')].map(s => s.id)"))

    @property
    def slide(self) -> str:
        return str(self.page.evaluate("document.querySelector('section.present > section.present')?.id ?? ''"))

    def show(self, slide: str, *, fragments: bool = True) -> None:
        """Goes to a slide, with all its fragments or none, and waits until it is laid out.

        RISE selects a slide's first code cell half a second after it has come, and goes to the selected
        cell's slide: whoever walks faster is taken back at times, so the way is gone again.
        """
        goal = f"#/{slide}{'/99' if fragments else '/-1'}"
        self.page.evaluate(_GO, [slide, goal])

    def slide_of(self, cell: int) -> str:
        """The slide that shows the cell of this index."""
        return str(
            self.page.evaluate(
                "i => document.querySelector(`[data-windowed-list-index='${i}']`).closest('section[id]').id", cell
            )
        )

    def cell(self, index: int) -> Any:
        return self.page.locator(f"[data-windowed-list-index='{index}']")

    def run(self, index: int) -> None:
        """Runs a cell that has no output yet as a speaker does, with Ctrl+Enter, and waits for its output.

        RISE may select another cell between the two, and a kernel that is still starting hears nothing:
        whoever sees nothing happen presses again.
        """
        from playwright.sync_api import TimeoutError as Nothing

        output = self.cell(index).locator(".jp-OutputArea-output").first
        for again in (True, True, False):
            self.cell(index).evaluate("cell => cell.focus()")
            self.page.keyboard.press("Control+Enter")
            try:
                output.wait_for(timeout=30_000)
                return
            except Nothing:
                if not again:
                    raise AssertionError(f"Cell {index} shows no output: {self.page.evaluate(_WHY)}") from None

    def overflows(self) -> list[str]:
        """What leaves the present slide's room: one line a side."""
        return list(self.page.evaluate(_MEASURE))

    def faults(self) -> list[str]:
        """Formulas that were not set, pictures that are broken or without a text, on the present slide."""
        return list(self.page.evaluate(_FAULTS))


@contextlib.contextmanager
def opened(browser: Any, address: str, settled: bool = True) -> Iterator[LiveDeck]:
    """The deck at `address`, once its slides are there, and, `settled`, its formulas and pictures."""
    context = browser.new_context(viewport={"width": SIZES[0][0], "height": SIZES[0][1]}, reduced_motion="reduce")
    context.set_default_timeout(90_000)
    home = "/".join(address.split("/")[:3])
    deck = LiveDeck(context.new_page())

    def note(request: Any) -> None:
        if not request.url.startswith((home, "data:", "blob:", "about:")):
            deck.asked.append(request.url)

    context.on("request", note)
    context.on(
        "page",
        lambda page: page.on(
            "websocket", lambda s: s.url.startswith(home.replace("http", "ws")) or deck.asked.append(s.url)
        ),
    )
    try:
        deck.page.goto(address)
        deck.page.wait_for_selector("body.rise-enabled section.present > section.present")
        if settled:
            deck.page.wait_for_function(_TYPESET)
        yield deck
    finally:
        context.close()


def contact_sheet(shots: list[Path], target: Path, columns: int = 4, width: int = 480) -> None:
    from PIL import Image

    gap, height = 12, width * 9 // 16
    rows = -(-len(shots) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap), "#8a94a0")
    for i, shot in enumerate(shots):
        with Image.open(shot) as picture:
            small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (gap + i % columns * (width + gap), gap + i // columns * (height + gap)))
    sheet.save(target)


_GO = """async ([slide, goal]) => {
  const there = () => {
    const section = document.querySelector('section.present > section.present');
    return section?.id === slide && getComputedStyle(section).visibility === 'visible' && section.offsetHeight > 0;
  };
  for (let tries = 0; tries < 100; tries++) {
    location.hash = tries % 2 ? '#/' : goal;  // setting the same one again would go unheard
    location.hash = goal;
    await new Promise(done => setTimeout(done, 15));
    if (there()) return;
  }
  throw new Error(`${slide} cannot be gone to`);
}"""

# What tells why a cell has not run: where the deck is, which cell is active, what runs, what is asked.
_WHY = """() => ({
  slide: document.querySelector('section.present > section.present')?.id,
  active: [...document.querySelectorAll('.jp-Cell.jp-mod-active')].map(c => c.dataset.windowedListIndex),
  focus: document.activeElement.className,
  prompts: [...document.querySelectorAll('.jp-InputPrompt')].map(p => p.textContent).filter(t => /[0-9*]/.test(t)),
  dialogs: [...document.querySelectorAll('.jp-Dialog')].map(d => d.textContent),
})"""

# Every Markdown cell with a formula has it set, and every picture has come or failed.
_TYPESET = """() => {
  const cells = [...document.querySelectorAll('.slides .jp-MarkdownOutput, .slides .jp-RenderedLatex')];
  const images = [...document.querySelectorAll('.slides img')];
  return cells.length > 0 && images.every(i => i.complete) && cells.every(c => !/\\$[^$]+\\$/.test(c.textContent));
}"""

# A slide's room ends above its footer and at its right margin. Widths get 16 px for the side bearings of
# formulas. What is measured is what a reader would name: a block, not the innermost span.
_MEASURE = """() => {
  const slide = document.querySelector('section.present > section.present');
  const scale = slide.getBoundingClientRect().width / slide.offsetWidth;
  const box = slide.getBoundingClientRect(), style = getComputedStyle(slide);
  const px = name => parseFloat(style[name]) * scale;
  const floor = box.top + 686 * scale, right = box.right - px('paddingRight'), left = box.left + px('paddingLeft');
  const worst = {};
  const note = (side, pixels, element) => {
    if (pixels <= 0 || pixels <= (worst[side]?.pixels ?? 0)) return;
    const text = (element.getAttribute('alt') || element.textContent).trim().replace(/\\s+/g, ' ').slice(0, 40);
    worst[side] = { pixels, what: `${element.localName}.${element.classList[0] ?? ''} ${JSON.stringify(text)}` };
  };
  const blocks = 'p, li, pre, table, mjx-container > svg, mjx-math, img, svg, canvas, h1, h2, h3, h4, blockquote, .cm-line, .cm-content';
  for (const element of slide.querySelectorAll(blocks)) {
    if (element.closest('aside.notes, .lm-mod-hidden, .reveal-skip') || element.closest('mjx-assistive-mml')) continue;
    const at = element.getBoundingClientRect();
    if (!at.width || !at.height) continue;
    note('below', Math.round((at.bottom - floor) / scale), element);
    note('right', Math.round((at.right - right) / scale - 16), element);
    note('left', Math.round((left - at.left) / scale - 16), element);
    if (element.localName === 'pre') note('right', element.scrollWidth - element.clientWidth - 1, element);
  }
  for (const element of slide.querySelectorAll('.jp-OutputArea-output, .jp-RenderedHTMLCommon, .jp-InputArea-editor, .cm-scroller')) {
    const own = getComputedStyle(element);
    if (element.closest('aside.notes, .lm-mod-hidden, .reveal-skip') || own.overflowX === 'visible') continue;
    note('inside', element.scrollHeight - element.clientHeight - 1, element);
    note('inside', element.scrollWidth - element.clientWidth - 1, element);
  }
  if (slide.scrollHeight > slide.clientHeight + 1) note('scrolls', slide.scrollHeight - slide.clientHeight, slide);
  const cell = e => e.querySelector('h1, h2, h3')?.textContent ?? '';
  return Object.entries(worst).map(([side, w]) => `${slide.id} ${cell(slide)}: ${w.pixels} px ${side}: ${w.what}`);
}"""

_FAULTS = """() => {
  const slide = document.querySelector('section.present > section.present');
  const found = [];
  for (const cell of slide.querySelectorAll('.jp-MarkdownOutput, .jp-RenderedLatex')) {
    const text = [...cell.querySelectorAll('code, pre')].reduce((t, c) => t.replace(c.textContent, ''), cell.textContent);
    if (/\\$|\\\\\\(|\\\\begin/.test(text)) found.push(`raw formula in ${text.trim().slice(0, 60)}`);
    if (cell.querySelector('mjx-merror, [data-mjx-error]')) found.push(`formula with an error: ${text.trim().slice(0, 60)}`);
  }
  for (const image of slide.querySelectorAll('img')) {
    if (!image.naturalWidth) found.push(`broken picture ${image.getAttribute('src').slice(0, 60)}`);
    if (!image.src.startsWith('data:') && !image.alt.trim()) found.push(`picture without a text ${image.src}`);
  }
  return found;
}"""
