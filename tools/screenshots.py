"""Makes the pictures of the documentation from a demo's pages: `python tools/screenshots.py demo`.

Run it after `make demo` when slides, feedback or report look different from docs/images.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from triptych.build.browser import find_chromium

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
CHAPTER = "05_forward_mode"


def main(demo: Path) -> None:
    pages = {
        "slide": (demo / "slides" / f"{CHAPTER}.html", "#/one-sweep-forward", (1280, 720)),
        "feedback": (demo / "feedback" / "joseph" / CHAPTER / f"{CHAPTER}.html", "#mul_jvp", (1000, 562)),
        "report": (demo / "report.html", f"#{CHAPTER}", (1000, 562)),
    }
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        for name, (page, place, (width, height)) in pages.items():
            view = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            view.goto(page.resolve().as_uri() + place)
            if name == "slide":
                view.wait_for_selector("html[data-ready=true]")
                number = view.evaluate(
                    """() => { const s = Reveal.getSlides().find(s => s.textContent.includes('One sweep forward'));
                               const i = Reveal.getIndices(s); Reveal.slide(i.h, i.v, Infinity); return i; }"""
                )
                assert number
            view.wait_for_timeout(500)
            target = IMAGES / f"{name}.png"
            view.screenshot(path=target)
            with Image.open(target) as image:  # small: a README is read on phones too
                image.resize((800, 450), Image.Resampling.LANCZOS).convert(
                    "P", palette=Image.Palette.ADAPTIVE, colors=128
                ).save(target, optimize=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
