"""What only a browser can tell about a deck: does every slide fit, does it ask for anything outside.

`python -m triptych.build.browser overflow|sheet|pdf DECK [TARGET]` does the same by hand. Playwright
is imported where it is used, since a course can be built and graded without it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
)
READY_MS = 90_000


class BrowserError(Exception):
    """The browser cannot be had, or a deck does not start in it."""


@dataclass(frozen=True)
class Overflow:
    """Content that does not fit its slide."""

    slide: str  # "h.v", as in the address #/h/v
    number: int  # as in the slide's footer
    heading: str
    pixels: int
    side: str  # "below", "right" or "left" of the slide's room, or "inside" a box that cuts it
    element: str

    def __str__(self) -> str:
        where = f"slide {self.number} (#/{self.slide.replace('.', '/')}) {self.heading!r}"
        what = f"cut off inside {self.element}" if self.side == "inside" else f"{self.side}: {self.element}"
        return f"{where}: {self.pixels} px too much {what}"


def find_chromium() -> str | None:
    """The browser to use: $TRIPTYCH_CHROMIUM, or the first Chromium or Chrome on PATH."""
    named = os.environ.get("TRIPTYCH_CHROMIUM")
    if named:
        return shutil.which(named)
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def overflows(deck: Path, width: int = 1280, height: int = 720) -> list[Overflow]:
    """Where a deck's content leaves its slides, with all fragments shown: once a slide and side."""
    with _opened(deck, width, height) as page:
        return measure(page)


def measure(page: Any) -> list[Overflow]:
    """The same of a deck that is open in `page`, at the size it has there."""
    return [Overflow(**found) for found in page.evaluate(_MEASURE)]


def outside_requests(deck: Path) -> list[str]:
    """Every address but the deck's own that it asks for while all its slides are shown."""
    asked: list[str] = []
    with _opened(deck, asked=asked) as page:
        for h, v in _places(page):
            _show(page, h, v)
    return asked


def contact_sheet(deck: Path, folder: Path, *, dark: bool = False) -> list[Path]:
    """A picture of every slide with all fragments shown, and `contact-sheet.png` with all of them."""
    with _opened(deck, dark=dark) as page:
        return photograph(page, folder)


def photograph(page: Any, folder: Path) -> list[Path]:
    """The same of a deck that is open in `page`."""
    folder.mkdir(parents=True, exist_ok=True)
    shots = []
    for number, (h, v) in enumerate(_places(page), start=1):
        _show(page, h, v)
        shots.append(folder / f"slide-{number:02d}.png")
        page.screenshot(path=shots[-1])
    sheet = folder / "contact-sheet.png"
    _write_sheet(shots, sheet)
    return [*shots, sheet]


def write_pdf(deck: Path, target: Path) -> None:
    """The deck as PDF, a page for each slide with all fragments shown."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _opened(deck, query="?print-pdf") as page:
        print_pdf(page, target)


def print_pdf(page: Any, target: Path) -> None:
    """The same of a deck that is open in `page` for printing: with tags for who listens, and bookmarks."""
    partial = target.with_suffix(".part")
    page.pdf(path=partial, prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
    partial.replace(target)  # a PDF that is there is whole


def _write_sheet(shots: list[Path], target: Path, columns: int = 4, width: int = 480) -> None:
    from PIL import Image

    gap, height = 12, width * 9 // 16
    rows = -(-len(shots) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap), "#8a94a0")
    for i, shot in enumerate(shots):
        with Image.open(shot) as picture:
            small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (gap + i % columns * (width + gap), gap + i // columns * (height + gap)))
    sheet.save(target, optimize=True)


@contextmanager
def _opened(
    deck: Path,
    width: int = 1280,
    height: int = 720,
    *,
    dark: bool = False,
    query: str = "",
    asked: list[str] | None = None,
) -> Iterator[Any]:
    """A page with the deck typeset and started. Nothing but the deck is let through to it."""
    executable = find_chromium()
    if executable is None:
        raise BrowserError("No Chromium was found: install it, or name it in TRIPTYCH_CHROMIUM.")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise BrowserError("Playwright is missing: pip install 'triptych[slides]'.") from None
    if not deck.is_file():
        raise BrowserError(f"There is no deck {deck}: build it first.")
    address = deck.resolve().as_uri()

    def guard(route: Any) -> None:
        if route.request.url.split("#")[0].split("?")[0] == address:
            route.continue_()
            return
        if asked is not None:
            asked.append(route.request.url)
        route.abort()

    # Chromium refuses its own sandbox to root, as whom containers often run.
    flags = [*FLAGS, *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
            )
            context.route("**/*", guard)
            page = context.new_page()
            page.goto(f"{address}{query}")
            try:
                page.wait_for_selector("html[data-ready]", state="attached", timeout=READY_MS)
            except Error:
                raise BrowserError(
                    f"{deck} did not start within {READY_MS // 1000} s: open it in a browser, whose console says why."
                ) from None
            yield page
        finally:
            browser.close()


def _places(page: Any) -> list[tuple[int, int]]:
    places = page.evaluate("Reveal.getSlides().map(s => { const i = Reveal.getIndices(s); return [i.h, i.v || 0]; })")
    return [(h, v) for h, v in places]


def _show(page: Any, h: int, v: int) -> None:
    """Goes to a slide, shows all its fragments and waits until that is painted."""
    page.evaluate(
        """([h, v]) => new Promise(painted => {
            Reveal.slide(h, v, Infinity);
            requestAnimationFrame(() => requestAnimationFrame(painted));
        })""",
        [h, v],
    )


# A slide's room ends above its footer and at its right margin. Widths get 16 px for the side bearings
# of formulas. Rows are named by the block a reader would name, not by the innermost <span>.
_MEASURE = """async () => {
  const blocks = "p, li, pre, table, mjx-container, img, h1, h2, h3, h4, blockquote";
  const painted = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const name = element => {
    const block = element.closest(blocks) || element.querySelector(":scope.highlight > pre") || element;
    const text = (block.getAttribute("alt") || block.textContent).trim().replace(/\\s+/g, " ");
    return `${block.localName} ${JSON.stringify(text.slice(0, 40))}`;
  };
  const found = [];
  let number = 0;
  for (const slide of Reveal.getSlides()) {
    const { h, v } = Reveal.getIndices(slide);
    number += 1;
    Reveal.slide(h, v || 0, Infinity);
    await painted();
    const scale = Reveal.getScale();
    const frame = slide.querySelector(".frame");
    const room = frame.querySelector(".content").getBoundingClientRect();
    const floor = frame.querySelector(".slide-footer").getBoundingClientRect().top;
    const worst = {};
    const note = (side, pixels, element) => {
      if (pixels <= 0 || pixels < (worst[side]?.pixels ?? 0)) return;
      worst[side] = { pixels, element: name(element) };
    };
    for (const element of frame.querySelectorAll(".content *")) {
      // A displayed formula's box is as wide as the slide, so its drawing is what counts.
      const within = element.parentElement.closest("svg, mjx-container");
      if (element.closest("aside.notes") || (within && !element.matches("mjx-container > svg"))) continue;
      const box = element.getBoundingClientRect();
      if (!box.width || !box.height) continue;
      note("below", Math.round((box.bottom - floor) / scale), element);
      note("right", Math.round((box.right - room.right) / scale - 16), element);
      note("left", Math.round((room.left - box.left) / scale - 16), element);
      const style = getComputedStyle(element);
      const cuts = style.overflowX !== "visible" || style.overflowY !== "visible";
      if (cuts && !element.matches("svg, img")) {
        note("inside", element.scrollHeight - element.clientHeight - 1, element);
        note("inside", element.scrollWidth - element.clientWidth - 1, element);
      } else if (element.localName === "pre") {
        note("right", element.scrollWidth - element.clientWidth, element);
      }
    }
    const heading = slide.querySelector("h1, h2, h3, h4");
    for (const [side, what] of Object.entries(worst)) {
      found.push({
        slide: `${h}.${v || 0}`, number, heading: heading ? heading.textContent.trim() : "", side, ...what,
      });
    }
  }
  return found;
}"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m triptych.build.browser", description=__doc__)
    parser.add_argument("what", choices=["overflow", "sheet", "pdf"])
    parser.add_argument("deck", type=Path)
    parser.add_argument("target", type=Path, nargs="?", help="folder of the sheet, or file of the PDF")
    parser.add_argument("--dark", action="store_true", help="the sheet in the dark look")
    given = parser.parse_args(arguments)
    deck: Path = given.deck
    try:
        if given.what == "overflow":
            found = overflows(deck)
            print("\n".join(map(str, found)) or f"Every slide of {deck} fits.")
            return 1 if found else 0
        if given.what == "sheet":
            pictures = contact_sheet(deck, given.target or deck.with_suffix(""), dark=given.dark)
            print(pictures[-1])
        else:
            target = given.target or deck.with_suffix(".pdf")
            write_pdf(deck, target)
            print(target)
    except BrowserError as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
