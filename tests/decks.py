"""The lecture's decks for the tests: built once, and looked at once in a real browser.

Opening a deck and visiting its slides is what costs time, so each deck is surveyed in one go and the
tests read what was found.
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
from triptych.build.derive import WORKSHOP, write_chapter_deck, write_workshop_deck
from triptych.model.course import Course

NAMES = [*PROJECT.chapters, WORKSHOP]
#: The chapter whose pictures are also taken in the dark look.
DARK = "05_forward_mode"
SIZES = ((1280, 720), (1920, 1080))
#: reveal.js gives each page its paper when it lays them out.
DARK_PAPER = (
    ":root.reveal-print.reveal-print { color-scheme: only dark; } .pdf-page { background: var(--paper) !important; }"
)
#: A folder for pictures of all slides; none are taken without it.
SCREENSHOTS = Path(os.environ["TRIPTYCH_SCREENSHOTS"]) if "TRIPTYCH_SCREENSHOTS" in os.environ else None


@functools.cache
def lecture() -> Course:
    """All chapters in a folder of their own. Answer keys that are ready in the project are not run again."""
    course = scratch(Path(tempfile.mkdtemp(prefix="triptych-decks-")) / "course", PROJECT.chapters)
    keys = PROJECT.root / ".triptych" / "answer_keys"
    keys.mkdir(parents=True, exist_ok=True)
    (course.root / ".triptych").mkdir()
    (course.root / ".triptych" / "answer_keys").symlink_to(keys)
    return course


@functools.cache
def deck(name: str) -> Path:
    return write_workshop_deck(lecture()) if name == WORKSHOP else write_chapter_deck(lecture(), name)


@dataclass
class Survey:
    """What a browser finds in a deck."""

    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    overflows: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    pictures: list[Path] = field(default_factory=list)


@dataclass
class Print:
    """What a browser makes of a deck on paper, where all slides can be seen at once."""

    pages: list[str]
    outline: list[str]
    tagged: bool
    axe: dict[str, list[str]]


@functools.cache
def survey(name: str) -> Survey:
    found = Survey()
    with browser._opened(deck(name), asked=found.asked) as page:
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        page.on("console", lambda said: found.errors.append(said.text) if said.type == "error" else None)
        found.facts = page.evaluate(FACTS)
        if SCREENSHOTS:
            found.pictures = browser.photograph(page, SCREENSHOTS / "static" / name)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            found.overflows[width, height] = [str(overflow) for overflow in browser.measure(page)]
    if SCREENSHOTS and name == DARK:
        browser.contact_sheet(deck(name), SCREENSHOTS / "static" / f"{name}-dark", dark=True)
    return found


@functools.cache
def printed(name: str) -> Print:
    target = deck(name).with_suffix(".pdf")
    with browser._opened(deck(name), query="?print-pdf") as page:
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


def serious(page: Any) -> list[str]:
    """What axe-core calls serious or critical in a page, one line a finding."""
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
  // A fragment is to be there after the key and not before.
  const fragments = [];
  for (const slide of slides.filter(slide => slide.querySelector(".fragment"))) {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v || 0, -1);
    const first = slide.querySelector(".fragment");
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
    formulas: document.querySelectorAll(".content mjx-container svg").length,
    // MathJax sets a command that it does not know in red.
    wrong_formulas: [...document.querySelectorAll('mjx-merror, [data-mjx-error], mjx-container [fill="red"]')].map(text),
    without_formula: [...document.querySelectorAll("[data-cell]")]
      .filter(cell => !cell.querySelector("mjx-container")).map(cell => cell.dataset.cell),
    images: [...document.querySelectorAll(".slides img")].map(image => ({
      cell: image.closest("[data-cell]").dataset.cell,
      alt: image.alt.trim(),
      loaded: image.complete && image.naturalWidth > 0,
    })),
    headings: slides.flatMap(slide => [...slide.querySelectorAll("h1, h2, h3, h4, h5, h6")])
      .map(heading => [Number(heading.localName[1]), text(heading)]),
    notes: slides.map(slide => Reveal.getSlideNotes(slide) || ""),
    badges: slides.map(slide => text(slide.querySelector(".badge") || document.createElement("i"))),
    seconds: slides.map(slide => slide.dataset.timing === undefined ? null : Number(slide.dataset.timing)),
    footers: slides.map(slide => text(slide.querySelector(".slide-footer"))),
    type: [...document.querySelectorAll(".slides pre, .slides .text p, .slides .text li, .slides td, .slides .badge")]
      .filter(element => !element.closest("aside"))
      .map(element => [element.localName, parseFloat(getComputedStyle(element).fontSize)]),
  };
}"""
