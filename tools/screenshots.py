"""Makes the pictures of the documentation: `python tools/screenshots.py [NAME...]`, all when none is named.

It builds and grades the sample class of `triptych demo` on one chapter, in a scratch folder, and opens what comes of it
in Chromium; a student's JupyterLab is opened on notebooks with answers of the bank. Run it when
slides, feedback, report or a chapter's stub look different from docs/images. Takes two minutes.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from triptych.build.browser import find_chromium
from triptych.build.targets import build_course
from triptych.check.bank import read_bank
from triptych.demo import make_class, scratch_course
from triptych.grade.results.report import write_report
from triptych.grade.run import grade
from triptych.model.course import Course

# nbgrader calls `alembic` by name when it makes its database
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
CHAPTER = "05_forward_mode"
EXERCISE = "mul_jvp"
COURSE = Course(ROOT)


# --- a class and its pages -----------------------------------------------------------------------


def demo(folder: Path) -> Course:
    """The sample class on one chapter, built, graded without a sandbox (its answers are the project's own), reported."""
    course = scratch_course(COURSE, folder, [CHAPTER])
    list(build_course(course, [CHAPTER]))
    make_class(COURSE, course, [CHAPTER])
    grade(course, [CHAPTER], sandbox="none")
    write_report(course, [CHAPTER])
    return course


def slide(page: Page, course: Course) -> None:
    page.goto((course.slides / f"{CHAPTER}.html").as_uri())
    page.wait_for_selector("html[data-ready=true]")
    page.evaluate(
        """() => { const s = Reveal.getSlides().find(s => s.textContent.includes('One sweep forward'));
                   const i = Reveal.getIndices(s); Reveal.slide(i.h, i.v, Infinity); }"""
    )


def feedback(page: Page, course: Course) -> None:
    page.goto((course.root / "feedback" / "joseph" / CHAPTER / f"{CHAPTER}.html").as_uri() + f"#{EXERCISE}")


def report(page: Page, course: Course) -> None:
    page.goto((course.root / "report.html").as_uri() + f"#{CHAPTER}")


# --- a student's JupyterLab ----------------------------------------------------------------------


def with_answer(right: bool, folder: Path) -> Path:
    """The released notebook around one exercise, with an answer of the bank, run as a student would run it."""
    notebook = nbformat.read(COURSE.release / CHAPTER / f"{CHAPTER}.ipynb", as_version=4)
    answers = read_bank(COURSE.answers, CHAPTER, EXERCISE)
    place = next(i for i, cell in enumerate(notebook.cells) if cell.id == EXERCISE)
    notebook.cells[place].source = next(answer.source for answer in answers if answer.right is right)
    end = next(i for i in range(place, len(notebook.cells)) if notebook.cells[i].id.startswith(f"{EXERCISE}_")) + 1
    notebook.cells = notebook.cells[:end]
    NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(folder)}}).execute()
    notebook.cells = notebook.cells[place - 1 :]  # its heading, the answer, the first test
    path = folder / f"{CHAPTER}.ipynb"
    nbformat.write(notebook, path)
    return path


@contextmanager
def lab(work: Path, chapter: str) -> Iterator[str]:
    """The address of a student's JupyterLab on `work`, opened on a chapter."""
    command = [sys.executable, str(ROOT / "tools" / "student.py"), chapter, "--no-browser", "--work", str(work)]
    home = {"HOME": str(work.parent), "JUPYTER_RUNTIME_DIR": str(work.parent / "run")}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | home,
        start_new_session=True,
    ) as server:
        try:
            assert server.stdout is not None
            yield next(found[0] for line in server.stdout if (found := re.search(r"http://127\S*token=\w+", line)))
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def answered(page: Page, right: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch) / "work"
        (work / CHAPTER).mkdir(parents=True)
        with_answer(right, work / CHAPTER)
        with lab(work, CHAPTER) as address:
            page.goto(address.replace("/lab/tree/", "/doc/tree/"))  # the notebook alone, without side bars
            page.wait_for_selector(".jp-Notebook .jp-CodeCell .cm-content")
            settle(page)
            page.wait_for_timeout(1000)
            page.screenshot(path=IMAGES / f"{'passing' if right else 'failing'}.png")


def failing(page: Page, course: Course) -> None:
    answered(page, right=False)


def passing(page: Page, course: Course) -> None:
    answered(page, right=True)


def student(page: Page, course: Course) -> None:
    with tempfile.TemporaryDirectory() as scratch, lab(Path(scratch) / "work", "1") as address:
        page.goto(address)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell .cm-content")
        page.wait_for_selector(".jp-DirListing-item")
        settle(page)
        page.wait_for_timeout(1000)
        page.screenshot(path=IMAGES / "student.png")


def settle(page: Page) -> None:
    """Waits for the kernel, and says no to news of JupyterLab's."""
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    if page.get_by_role("button", name="No", exact=True).count():
        page.get_by_role("button", name="No", exact=True).click()


#: Every picture of docs/images: what brings its page up, and the size of the window.
PICTURES: dict[str, tuple[Callable[[Page, Course], None], tuple[int, int]]] = {
    "slide": (slide, (1280, 720)),
    "feedback": (feedback, (1000, 562)),
    "report": (report, (1000, 562)),
    "failing": (failing, (1000, 620)),
    "passing": (passing, (1000, 620)),
    "student": (student, (1280, 800)),
}
#: Those that show what a class leaves behind.
OF_A_CLASS = {"slide", "feedback", "report"}


def main(names: list[str]) -> None:
    if unknown := [name for name in names if name not in PICTURES]:
        sys.exit(f"There is no picture {unknown[0]!r}: name some of {', '.join(PICTURES)}.")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        course = demo(Path(scratch) / "demo") if OF_A_CLASS & set(names) else COURSE
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        for name in names:
            make, (width, height) = PICTURES[name]
            target = IMAGES / f"{name}.png"
            view = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            target.unlink(missing_ok=True)
            make(view, course)
            if not target.exists():  # those of JupyterLab are taken while it runs
                view.wait_for_timeout(500)
                view.screenshot(path=target)
            view.close()
            with Image.open(target) as image:  # small: a README is read on phones too
                image.resize((800, round(800 * height / width)), Image.Resampling.LANCZOS).convert(
                    "P", palette=Image.Palette.ADAPTIVE, colors=128
                ).save(target, optimize=True)
            print(f"wrote {target.relative_to(ROOT)}")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:] or list(PICTURES))
