"""The lecture's decks for the tests: built once, and surveyed once in a real browser.

Opening a deck and visiting its slides takes time, so each deck is surveyed in one go and the tests read the results.
"""

from __future__ import annotations

import functools
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from courses import PROJECT, scratch
from pypdf import PdfReader

from triptych.build import browser
from triptych.build.targets import WORKSHOP, write_chapter_deck, write_workshop_deck
from triptych.model.course import Course

NAMES = [*PROJECT.chapters, WORKSHOP]
#: The chapter of which pictures are also taken in dark colours.
DARK = "05_forward_mode"
SIZES = ((1280, 720), (1920, 1080))
#: reveal.js sets the background of each printed page.
DARK_PAPER = (
    ":root.reveal-print.reveal-print { color-scheme: only dark; } .pdf-page { background: var(--paper) !important; }"
)
#: A folder for pictures of all slides; without it, none are taken.
SCREENSHOTS = Path(os.environ["TRIPTYCH_SCREENSHOTS"]) if "TRIPTYCH_SCREENSHOTS" in os.environ else None


def share_answer_keys(course: Course) -> None:
    """Makes a course use the project's cache of answer keys, so that none is run twice."""
    keys = PROJECT.root / ".triptych" / "answer_keys"
    keys.mkdir(parents=True, exist_ok=True)
    (course.root / ".triptych").mkdir()
    (course.root / ".triptych" / "answer_keys").symlink_to(keys)


@functools.cache
def lecture() -> Course:
    """All chapters in a folder of their own."""
    course = scratch(Path(tempfile.mkdtemp(prefix="triptych-decks-")) / "course", PROJECT.chapters)
    share_answer_keys(course)
    return course


@functools.cache
def deck(name: str) -> Path:
    return write_workshop_deck(lecture()) if name == WORKSHOP else write_chapter_deck(lecture(), name)


@dataclass
class Survey:
    """A deck in a browser.

    Attributes:
        requests: addresses other than the deck's own that it requested.
        errors: messages of JavaScript errors.
        facts: the result of the script `FACTS`.
        overflows: content that does not fit, by size of the viewport.
        letters: letters that are too small.
        pictures: paths of screenshots, the contact sheet last.
    """

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    overflows: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    letters: list[str] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)


@dataclass
class Print:
    """A deck as PDF: the text of its pages, its bookmarks, and what axe-core finds in the print view."""

    pages: list[str]
    outline: list[str]
    tagged: bool
    axe: dict[str, list[str]]


@functools.cache
def survey(name: str) -> Survey:
    result = Survey()
    with browser.open_deck(deck(name), blocked=result.requests) as page:
        page.on("pageerror", lambda error: result.errors.append(str(error)))
        page.on("console", lambda message: result.errors.append(message.text) if message.type == "error" else None)
        result.facts = page.evaluate(FACTS)
        if SCREENSHOTS:
            result.pictures = browser.photograph(page, SCREENSHOTS / "static" / name)
        result.letters = [str(small) for small in browser.measure_letters(page)]
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            result.overflows[width, height] = [str(overflow) for overflow in browser.measure(page)]
    if SCREENSHOTS and name == DARK:
        with browser.open_deck(deck(name), dark=True) as page:
            browser.photograph(page, SCREENSHOTS / "static" / f"{name}-dark")
    return result


@functools.cache
def printed(name: str) -> Print:
    target = deck(name).with_suffix(".pdf")
    with browser.open_deck(deck(name), query="?print-pdf") as page:
        browser.print_pdf(page, target)
        axe = {"light": serious(page)}
        page.add_style_tag(content=DARK_PAPER)
        axe["dark"] = serious(page)
    pdf = PdfReader(target)
    root = pdf.trailer["/Root"]
    return Print(
        pages=[page.extract_text() for page in pdf.pages],
        outline=[entry.title for entry in _flat(pdf.outline)],
        tagged="/StructTreeRoot" in root and root.get("/Lang") is not None,
        axe=axe,
    )


def _flat(outline: list[Any]) -> list[Any]:
    return [entry for item in outline for entry in (_flat(item) if isinstance(item, list) else [item])]


def end_animations(page: Any) -> None:
    """Shows the end of all transitions and animations that have one: axe-core would see colours on their way."""
    page.evaluate(
        "document.getAnimations().forEach(a => a.effect.getComputedTiming().endTime < Infinity && a.finish())"
    )


def serious(page: Any) -> list[str]:
    """The findings of axe-core in a page that are serious or critical, one line each."""
    end_animations(page)
    return [
        f"{finding['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for finding in Axe().run(page).response["violations"]
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]


def squeezed(text: str) -> str:
    """Text without white space, which a PDF does not keep."""
    return re.sub(r"\s+", "", text)


FACTS = """() => {
  const slides = Reveal.getSlides();
  const text = element => element.textContent.trim().replace(/\\s+/g, " ");
  const walker = document.createTreeWalker(document.querySelector(".slides"), NodeFilter.SHOW_TEXT);
  const dollars = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.data.includes("$") && !node.parentElement.closest("pre, code, mjx-container")) dollars.push(node.data);
  }
  // A fragment is visible after the key and not before. Those of steps show nothing themselves.
  const fragments = [];
  for (const slide of slides.filter(slide => slide.querySelector(".fragment:not(.step)"))) {
    const { h, v } = Reveal.getIndices(slide);
    const first = slide.querySelector(".fragment:not(.step)");
    Reveal.slide(h, v || 0, Number(first.dataset.fragmentIndex) - 1);
    const seen = () => getComputedStyle(first).visibility === "visible";
    const before = seen();
    Reveal.nextFragment();
    fragments.push([before, seen()]);
  }
  Reveal.slide(0, 0);
  return {
    lang: document.documentElement.lang,
    title: document.title,
    slides: slides.length,
    dollars,
    fragments,
    // MathJax shows unknown commands in red.
    wrong_formulas: [...document.querySelectorAll('mjx-merror, [data-mjx-error], mjx-container [fill="red"]')].map(text),
    without_formula: [...document.querySelectorAll("[data-cell]")]
      .filter(cell => !cell.querySelector("mjx-container")).map(cell => cell.dataset.cell),
    images: [...document.querySelectorAll(".slides :is(img, svg.picture)")].map(image => ({
      cell: image.closest("[data-cell]").dataset.cell,
      alt: (image.alt ?? image.getAttribute("aria-label")).trim(),
      loaded: image.localName === "svg" ? image.childElementCount > 0 : image.complete && image.naturalWidth > 0,
    })),
    headings: slides.flatMap(slide => [...slide.querySelectorAll("h1, h2, h3, h4, h5, h6")])
      .map(heading => [Number(heading.localName[1]), text(heading)]),
    notes: slides.map(slide => Reveal.getSlideNotes(slide) || ""),
    badges: slides.map(slide => text(slide.querySelector(".badge") || document.createElement("i"))),
    seconds: slides.map(slide => slide.dataset.timing === undefined ? null : Number(slide.dataset.timing)),
    footers: slides.map(slide => text(slide.querySelector(".slide-footer"))),
  };
}"""
