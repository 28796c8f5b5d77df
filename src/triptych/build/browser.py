"""Decks in a browser: overflowing slides, pictures of slides, and PDFs.

`python -m triptych.build.browser overflow|sheet DECK [FOLDER]` does the first two from the command line. Playwright is
imported where it is used, since a course can be built and graded without it.
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

from triptych.files import replacing

FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
)
READY_TIMEOUT_MS = 90_000


class BrowserError(Exception):
    """Chromium or Playwright is missing, or a deck does not start."""


@dataclass(frozen=True)
class Overflow:
    """Content that does not fit its slide.

    Attributes:
        slide: "h.v", as in the address `#/h/v`.
        number: the number in the slide's footer.
        heading: the slide's first heading.
        pixels: how far the content is outside.
        side: "below", "right" or "left" of the slide's content area, or "inside" an element that cuts it off.
        element: the element that does not fit, and the beginning of its text.
    """

    slide: str
    number: int
    heading: str
    pixels: int
    side: str
    element: str

    def __str__(self) -> str:
        where = f"slide {self.number} (#/{self.slide.replace('.', '/')}) {self.heading!r}"
        place = f"cut off inside {self.element}" if self.side == "inside" else f"{self.side}: {self.element}"
        return f"{where}: {self.pixels} px too much {place}"


@dataclass(frozen=True)
class SmallLetters:
    """Letters that are too small for a room.

    Attributes:
        number: the number in the slide's footer.
        heading: the slide's first heading.
        pixels: their size on a slide of 1280 × 720 pixels.
        least: the size that they should have.
        text: the beginning of the text.
    """

    number: int
    heading: str
    pixels: float
    least: int
    text: str

    def __str__(self) -> str:
        return (
            f"slide {self.number} {self.heading!r}: {self.text!r} has {self.pixels:g} px, at least {self.least} needed"
        )


def find_chromium() -> str | None:
    """The path of $TRIPTYCH_CHROMIUM, or of the first Chromium or Chrome on PATH."""
    named = os.environ.get("TRIPTYCH_CHROMIUM")
    names = [named] if named else ["chromium", "chromium-browser", "google-chrome"]
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def launch(*flags: str) -> Iterator[Any]:
    """A headless Chromium as a Playwright browser, closed at the end.

    Args:
        flags: further command line options of Chromium.

    Raises:
        BrowserError: Chromium or Playwright is missing.
    """
    executable = find_chromium()
    if executable is None:
        raise BrowserError("No Chromium was found: install it, or name it in TRIPTYCH_CHROMIUM.")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise BrowserError("Playwright is missing: pip install 'triptych[slides]'.") from None
    # Chromium refuses to start its own sandbox as root, the usual user of containers.
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*FLAGS, *flags, *root])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_deck(
    deck: Path,
    *,
    dark: bool = False,
    motion: bool = False,
    query: str = "",
    blocked: list[str] | None = None,
    size: tuple[int, int] = (1280, 720),
) -> Iterator[Any]:
    """A Playwright page with a deck that has started and has its formulas typeset.

    Args:
        deck: the HTML file. Requests for any other address are blocked.
        dark: use the dark colour scheme.
        motion: do not ask for reduced motion, for which interactive figures are static pictures.
        query: the query of the address; `?print-pdf` opens the print view.
        blocked: a list to which the blocked addresses are appended.
        size: width and height of the page in pixels.

    Raises:
        BrowserError: Chromium, Playwright or the deck is missing, or the deck does not start.
    """
    if not deck.is_file():
        raise BrowserError(f"There is no deck {deck}: run `triptych build`.")
    address = deck.resolve().as_uri()

    def allow_deck_only(route: Any) -> None:
        if route.request.url.split("#")[0].split("?")[0] == address:
            route.continue_()
            return
        if blocked is not None:
            blocked.append(route.request.url)
        route.abort()

    with launch() as browser:
        from playwright.sync_api import Error

        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="no-preference" if motion else "reduce",
        )
        context.route("**/*", allow_deck_only)
        page = context.new_page()
        page.goto(f"{address}{query}")
        try:
            page.wait_for_selector("html[data-ready]", state="attached", timeout=READY_TIMEOUT_MS)
        except Error:
            raise BrowserError(
                f"{deck} did not start within {READY_TIMEOUT_MS // 1000} s: open it in a browser and read its console."
            ) from None
        yield page


def measure(page: Any) -> list[Overflow]:
    """Content that does not fit its slide, with all fragments shown: the worst per slide and side.

    Args:
        page: a page of `open_deck`, measured at its present size.
    """
    return [Overflow(**overflow) for overflow in page.evaluate(_MEASURE)]


def measure_letters(page: Any) -> list[SmallLetters]:
    """Letters that are too small: running text below 28 pixels, code and tables below 26, anything below 22.

    Letters in pictures count with the size to which the picture is scaled. Indices and exponents follow their letters.

    Args:
        page: a page of `open_deck`.
    """
    return [SmallLetters(**small) for small in page.evaluate(_LETTERS)]


def photograph(page: Any, folder: Path) -> list[Path]:
    """Takes a picture of every slide with all fragments shown, and makes `contact-sheet.png` of them.

    Args:
        page: a page of `open_deck`.
        folder: where to write the pictures.

    Returns:
        The paths of the pictures, the contact sheet last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    slides = page.evaluate("Reveal.getSlides().map(s => { const i = Reveal.getIndices(s); return [i.h, i.v || 0]; })")
    for number, indices in enumerate(slides, start=1):
        page.evaluate(_SHOW, indices)
        pictures.append(folder / f"slide-{number:02d}.png")
        page.screenshot(path=pictures[-1])
    write_contact_sheet(pictures, folder / "contact-sheet.png")
    return [*pictures, folder / "contact-sheet.png"]


def write_contact_sheet(pictures: list[Path], target: Path) -> None:
    """Writes one picture with all pictures side by side, four in a row."""
    from PIL import Image

    columns, gap, width, height = 4, 12, 480, 270
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap), "#8a94a0")
    for i, picture in enumerate(pictures):
        with Image.open(picture) as image:
            small = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (gap + i % columns * (width + gap), gap + i // columns * (height + gap)))
    sheet.save(target, optimize=True)


def write_pdf(deck: Path, target: Path) -> None:
    """Prints a deck as PDF, a page for each slide with all fragments shown. Raises BrowserError as `open_deck` does."""
    with open_deck(deck, query="?print-pdf") as page:
        print_pdf(page, target)


def print_pdf(page: Any, target: Path) -> None:
    """Prints a page of `open_deck` in print view as PDF, with tags for screen readers and with bookmarks."""
    with replacing(target) as partial:
        page.pdf(path=partial, prefer_css_page_size=True, print_background=True, tagged=True, outline=True)


# Goes to a slide, shows all its fragments and waits until it is painted.
_SHOW = """([h, v]) => new Promise(painted => {
  Reveal.slide(h, v, Infinity);
  requestAnimationFrame(() => requestAnimationFrame(painted));
})"""

# A slide's content area ends above its footer and at its margins. Widths get 16 px for the side bearings of formulas.
# Elements are named by their block (a paragraph, a table), not by the innermost <span>.
_MEASURE = """async () => {
  const blocks = "p, li, pre, table, mjx-container, img, svg.picture, h1, h2, h3, h4, blockquote";
  const painted = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const name = element => {
    const block = element.closest(blocks) || element.querySelector(":scope.highlight > pre") || element;
    const label = block.getAttribute("alt") || block.getAttribute("aria-label") || block.textContent;
    const text = label.trim().replace(/\\s+/g, " ");
    return `${block.localName} ${JSON.stringify(text.slice(0, 40))}`;
  };
  const overflows = [];
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
      // The box of a displayed formula is as wide as the slide, so its drawing is measured.
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
    for (const [side, overflow] of Object.entries(worst)) {
      overflows.push({
        slide: `${h}.${v || 0}`, number, heading: heading ? heading.textContent.trim() : "", side, ...overflow,
      });
    }
  }
  return overflows;
}"""


# Formulas are left out: they have the size of the text around them, and their indices are what TeX makes of that.
_LETTERS = """() => {
  const small = [];
  let number = 0;
  for (const slide of Reveal.getSlides()) {
    const { h, v } = Reveal.getIndices(slide);
    number += 1;
    Reveal.slide(h, v || 0, Infinity);
    const heading = slide.querySelector("h1, h2, h3, h4")?.textContent.trim() ?? "";
    const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    const seen = new Set();
    while (walker.nextNode()) {
      const node = walker.currentNode, element = node.parentElement, text = node.data.trim().replace(/\\s+/g, " ");
      if (!text.replace(/\\u200b/g, "") || !element.getClientRects().length) continue;
      if (element.closest("aside.notes, mjx-container, style, .qr")) continue;
      let pixels = parseFloat(getComputedStyle(element).fontSize), least = 22;
      const label = element.closest("svg text");
      if (label) {
        // An index or exponent is a part of a label with other letters.
        const sizes = [label, ...label.querySelectorAll("tspan")].filter(part => part.textContent.trim())
          .map(part => parseFloat(getComputedStyle(part).fontSize));
        if (pixels < Math.max(...sizes)) continue;
        const matrix = label.getScreenCTM();
        pixels *= Math.hypot(matrix.a, matrix.b) / Reveal.getScale();
      } else if (element.closest(".output.stderr, .output.error, sub, sup, small, kbd")) {
        least = 22;
      } else if (element.closest("pre, code, table")) {
        least = 26;
      } else if (element.closest(".content :is(p, li, blockquote)") && !element.closest(".badge, .choices, .talk")) {
        least = 28;
      }
      pixels = Math.round(pixels * 10) / 10;
      if (pixels >= least || seen.has(`${least} ${pixels}`)) continue;
      seen.add(`${least} ${pixels}`);
      small.push({ number, heading, pixels, least, text: text.slice(0, 30) });
    }
  }
  return small;
}"""


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code: 1 for overflow or small letters, 2 if there is no browser or no deck."""
    parser = argparse.ArgumentParser(prog="python -m triptych.build.browser", description=__doc__)
    parser.add_argument("action", choices=["overflow", "sheet"])
    parser.add_argument("deck", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", help="where to write the pictures")
    parser.add_argument("--dark", action="store_true", help="dark colours")
    options = parser.parse_args(arguments)
    deck: Path = options.deck
    try:
        with open_deck(deck, dark=options.dark) as page:
            if options.action == "sheet":
                print(photograph(page, options.folder or deck.with_suffix(""))[-1])
                return 0
            faults = [*measure(page), *measure_letters(page)]
    except BrowserError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(map(str, faults)) or f"Every slide of {deck} fits, and its letters are large enough.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
