"""Draws the animated picture of the README, docs/images/course.gif: `python tools/animation.py`.

It shows the course at work on one exercise: the slide before it, a wrong answer in JupyterLab, the sentence of the
failing test, the corrected answer, and the report of a class. The pictures come from the real programs, as those of
`tools/screenshots.py`. It takes two minutes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from screenshots import (
    CHAPTER,
    COURSE,
    IMAGES,
    answer_of_bank,
    graded_class,
    open_report,
    open_slide,
    student_lab,
    wait_for_lab,
    write_notebook,
)

from triptych.build.browser import find_chromium
from triptych.build.fonts import font_faces
from triptych.model.course import Course

TARGET = IMAGES / "course.gif"
WIDTH, HEIGHT, CAPTION = 1200, 675, 75
COLOURS = 256
SCENES = ("the lecture", "the exercise", "a test", "the answer", "the class")
CAPTION_PAGE = """<style>{fonts}
body {{ margin: 0; width: {width}px; height: {height}px; background: #1d2733; color: #fff; font: 31px "Fira Sans";
        display: flex; align-items: center; justify-content: space-between; }}
p {{ margin: 0 24px; }} ol {{ display: flex; list-style: none; margin: 0 24px; padding: 0; gap: 12px; }}
li {{ width: 18px; height: 18px; border-radius: 9px; background: #5d6a78; }} li.on {{ background: #fff; }}
</style><p>{text}</p><ol>{dots}</ol>"""


@dataclass(frozen=True)
class Frame:
    """A picture of the animation: its scene, what the caption says, and how long it is shown."""

    picture: Image.Image
    scene: int
    text: str
    seconds: float


def picture(page: Page, part: tuple[float, float, float] | None = None) -> Image.Image:
    """A picture of the page, or of a part of it, given by its corner and its width."""
    clip = {"x": part[0], "y": part[1], "width": part[2], "height": part[2] * HEIGHT / WIDTH} if part else None
    image = Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB")  # type: ignore[arg-type]
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def slide_frames(page: Page, course: Course) -> Iterator[Frame]:
    """The steps of the slide."""
    open_slide(page, course)
    page.evaluate("() => { const i = Reveal.getIndices(); Reveal.slide(i.h, i.v, -1); }")
    text = "<b>The lecture.</b> Values and slopes travel through a program together."
    while True:
        page.wait_for_timeout(800)
        more = page.evaluate("() => Reveal.availableFragments().next")
        yield Frame(picture(page), 0, text, 1.2 if more else 2.5)
        if not more:
            return
        page.evaluate("() => Reveal.nextFragment()")


def exercise_frames(browser: Browser) -> Iterator[Frame]:
    """The exercise in JupyterLab: open, answered wrongly, and corrected."""
    wrong = answer_of_bank("factors crossed")
    right = wrong.replace("x1 * dx1 + x2 * dx2", "x1 * dx2 + x2 * dx1")
    states = [
        (None, 1, "<b>The exercise.</b> The product rule, as a function.", 3.0),
        (wrong, 2, "<b>A test</b> says in one sentence what is not right yet.", 4.0),
        (right, 3, "<b>The answer</b> passes. Hidden tests try it with other numbers.", 3.0),
    ]
    for source, scene, text, seconds in states:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            work = Path(scratch) / "work"
            (work / CHAPTER).mkdir(parents=True)
            write_notebook(source, work / CHAPTER)
            with student_lab(work, CHAPTER) as address:
                page = browser.new_page(viewport={"width": 980, "height": 760}, device_scale_factor=1.4)
                page.set_default_timeout(120_000)
                page.goto(address.replace("/lab/tree/", "/doc/tree/"))
                wait_for_lab(page)
                box = page.locator(".jp-NotebookPanel").bounding_box()
                assert box
                yield Frame(picture(page, (box["x"], box["y"], box["width"])), scene, text, seconds)
                page.close()


def captioned(browser: Browser, frames: list[Frame]) -> list[Image.Image]:
    """The frames with their captions below."""
    page = browser.new_page(viewport={"width": WIDTH, "height": CAPTION})
    pictures = []
    for frame in frames:
        dots = "".join(f"<li{' class=on' if n == frame.scene else ''}></li>" for n in range(len(SCENES)))
        fonts = font_faces(COURSE.slides)
        page.set_content(CAPTION_PAGE.format(fonts=fonts, width=WIDTH, height=CAPTION, text=frame.text, dots=dots))
        page.evaluate("() => document.fonts.ready")
        whole = Image.new("RGB", (WIDTH, HEIGHT + CAPTION))
        whole.paste(frame.picture, (0, 0))
        whole.paste(Image.open(BytesIO(page.screenshot())).convert("RGB"), (0, HEIGHT))
        pictures.append(whole)
    page.close()
    return pictures


def write_gif(pictures: list[Image.Image], seconds: list[float]) -> None:
    """Writes the pictures with one palette, so that what does not change between two of them takes no space."""
    sheet = Image.new("RGB", (WIDTH, (HEIGHT + CAPTION) * len(pictures)))
    for n, image in enumerate(pictures):
        sheet.paste(image, (0, n * (HEIGHT + CAPTION)))
    palette = sheet.quantize(COLOURS, dither=Image.Dither.NONE)
    frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in pictures]
    durations = [round(1000 * s) for s in seconds]
    frames[0].save(TARGET, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False)


def main() -> None:
    # nbgrader calls `alembic` by name
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        course = graded_class(Path(scratch) / "demo")
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light")
        frames = [*slide_frames(page, course), *exercise_frames(browser)]
        page.close()
        page = browser.new_page(viewport={"width": 840, "height": 473}, device_scale_factor=1.5, color_scheme="light")
        open_report(page, course)
        page.wait_for_timeout(500)
        frames.append(Frame(picture(page), 4, "<b>The class</b>, graded in a sandbox: what to explain again.", 4.0))
        write_gif(captioned(browser, frames), [frame.seconds for frame in frames])
        browser.close()
    print(f"wrote {TARGET.relative_to(COURSE.root)}: {len(frames)} pictures, {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
