"""Live decks in the browser: opening one, showing its slides, running its cells, measuring."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIZES = ((1280, 720), (1920, 1080))
#: An option of Chromium with which no name but the loopback's is resolved.
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
#: A folder for pictures of all slides; without it, none are taken.
SCREENSHOTS = Path(os.environ["TRIPTYCH_SCREENSHOTS"]) if "TRIPTYCH_SCREENSHOTS" in os.environ else None


@dataclass
class LivePage:
    """A live deck in a page of its own. `requests` collects addresses outside its server."""

    page: Any
    requests: list[str] = field(default_factory=list)

    @property
    def slides(self) -> list[str]:
        """The ids of the slides, in order."""
        return list(self.page.evaluate("[...document.querySelectorAll('.slides section[id]')].map(s => s.id)"))

    @property
    def slide(self) -> str:
        """The id of the present slide."""
        return str(self.page.evaluate("document.querySelector('section.present > section.present')?.id ?? ''"))

    def show(self, slide: str, *, fragments: bool = True) -> None:
        """Shows a slide, with all its fragments or none, and waits until it is laid out.

        RISE selects a slide's first code cell half a second after it is shown, and shows the selected cell's slide.
        That may undo a change of slide, so it is repeated.
        """
        self.page.evaluate(_GO, [slide, f"#/{slide}{'/99' if fragments else '/-1'}"])

    def slide_of(self, cell: int) -> str:
        """The id of the slide with the cell of this index."""
        script = "i => document.querySelector(`[data-windowed-list-index='${i}']`).closest('section[id]').id"
        return str(self.page.evaluate(script, cell))

    def cell(self, index: int) -> Any:
        return self.page.locator(f"[data-windowed-list-index='{index}']")

    def run(self, index: int) -> None:
        """Runs a cell without output as a speaker does, with Ctrl+Enter, and waits for its output.

        RISE may select another cell in between, and a kernel that is starting ignores the key, so it is pressed again.
        """
        from playwright.sync_api import TimeoutError as PlaywrightTimeout

        output = self.cell(index).locator(".jp-OutputArea-output").first
        for attempts_left in (2, 1, 0):
            self.cell(index).evaluate("cell => cell.focus()")
            self.page.keyboard.press("Control+Enter")
            try:
                output.wait_for(timeout=30_000)
                return
            except PlaywrightTimeout:
                if not attempts_left:
                    raise AssertionError(f"Cell {index} shows no output: {self.page.evaluate(_STATE)}") from None

    def overflows(self) -> list[str]:
        """Content that does not fit the present slide: the worst per side, one line each."""
        return list(self.page.evaluate(_MEASURE))

    def faults(self) -> list[str]:
        """Formulas that are not typeset and pictures that are broken or not described, on the present slide."""
        return list(self.page.evaluate(_FAULTS))


@contextlib.contextmanager
def opened(browser: Any, address: str, *, settled: bool = True) -> Iterator[LivePage]:
    """The deck at `address`, once it shows slides and, if `settled`, its formulas and pictures."""
    context = browser.new_context(viewport={"width": SIZES[0][0], "height": SIZES[0][1]}, reduced_motion="reduce")
    context.set_default_timeout(90_000)
    server = "/".join(address.split("/")[:3])
    deck = LivePage(context.new_page())
    own = (server, server.replace("http", "ws"), "data:", "blob:", "about:")

    def collect(request: Any) -> None:
        if not request.url.startswith(own):
            deck.requests.append(request.url)

    context.on("request", collect)
    context.on("page", lambda page: page.on("websocket", collect))
    deck.page.on("websocket", collect)
    try:
        deck.page.goto(address)
        deck.page.wait_for_selector("body.rise-enabled section.present > section.present")
        if settled:
            deck.page.wait_for_function(_TYPESET)
        yield deck
    finally:
        context.close()


_GO = """async ([slide, goal]) => {
  const there = () => {
    const section = document.querySelector('section.present > section.present');
    return section?.id === slide && getComputedStyle(section).visibility === 'visible' && section.offsetHeight > 0;
  };
  for (let tries = 0; tries < 100; tries++) {
    location.hash = tries % 2 ? '#/' : goal;  // setting the same hash again has no effect
    location.hash = goal;
    await new Promise(done => setTimeout(done, 15));
    if (there()) return;
  }
  throw new Error(`${slide} cannot be shown`);
}"""

# Why a cell may not have run: the present slide, the active cell, running cells, open dialogs.
_STATE = """() => ({
  slide: document.querySelector('section.present > section.present')?.id,
  active: [...document.querySelectorAll('.jp-Cell.jp-mod-active')].map(c => c.dataset.windowedListIndex),
  focus: document.activeElement.className,
  prompts: [...document.querySelectorAll('.jp-InputPrompt')].map(p => p.textContent).filter(t => /[0-9*]/.test(t)),
  dialogs: [...document.querySelectorAll('.jp-Dialog')].map(d => d.textContent),
})"""

# Whether all formulas are typeset and all pictures are loaded or have failed.
_TYPESET = """() => {
  const cells = [...document.querySelectorAll('.slides .jp-MarkdownOutput, .slides .jp-RenderedLatex')];
  const images = [...document.querySelectorAll('.slides img')];
  return cells.length > 0 && images.every(i => i.complete) && cells.every(c => !/\\$[^$]+\\$/.test(c.textContent));
}"""

# A slide's content area ends above its footer and at its margins. Widths get 16 px for the side bearings of formulas.
# Blocks are measured, not the innermost spans.
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
    worst[side] = { pixels, element: `${element.localName}.${element.classList[0] ?? ''} ${JSON.stringify(text)}` };
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
  return Object.entries(worst).map(([side, w]) => `${slide.id} ${cell(slide)}: ${w.pixels} px ${side}: ${w.element}`);
}"""

_FAULTS = """() => {
  const slide = document.querySelector('section.present > section.present');
  const faults = [];
  for (const cell of slide.querySelectorAll('.jp-MarkdownOutput, .jp-RenderedLatex')) {
    const text = [...cell.querySelectorAll('code, pre')].reduce((t, c) => t.replace(c.textContent, ''), cell.textContent);
    if (/\\$|\\\\\\(|\\\\begin/.test(text)) faults.push(`raw formula in ${text.trim().slice(0, 60)}`);
    if (cell.querySelector('mjx-merror, [data-mjx-error]')) faults.push(`formula with an error: ${text.trim().slice(0, 60)}`);
  }
  for (const image of slide.querySelectorAll('img')) {
    if (!image.naturalWidth) faults.push(`broken picture ${image.getAttribute('src').slice(0, 60)}`);
    if (!image.src.startsWith('data:') && !image.alt.trim()) faults.push(`picture without alternative text ${image.src}`);
  }
  return faults;
}"""
