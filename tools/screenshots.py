"""Takes the pictures of the documentation: `python tools/screenshots.py [NAME...]`, by default all of them.

The script builds and grades the sample class of `triptych demo` for one chapter in a temporary folder and opens the
results in Chromium; for the pictures of JupyterLab it writes answers of the bank into a notebook. Run it when the look
of slides, feedback, report or a chapter's stub has changed. It takes two minutes.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from made_up_class import make

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
CHAPTER = "05_forward_mode"
EXERCISE = "mul_jvp"
COURSE = Course(ROOT)


# --- the sample class ----------------------------------------------------------------------------


def graded_class(folder: Path) -> Course:
    """Builds and grades the sample class for one chapter, without a sandbox, since it is trusted."""
    course = scratch_course(COURSE, folder, [CHAPTER])
    list(build_course(course, [CHAPTER]))
    make_class(COURSE, course, [CHAPTER])
    grade(course, [CHAPTER], sandbox="none")
    return course


def open_slide(page: Page, course: Course) -> None:
    page.goto((course.slides / f"{CHAPTER}.html").as_uri())
    page.wait_for_selector("html[data-ready=true]")
    page.evaluate(
        """() => { const s = Reveal.getSlides().find(s => s.textContent.includes('One sweep forward'));
                   const i = Reveal.getIndices(s); Reveal.slide(i.h, i.v, Infinity); }"""
    )


def open_feedback(page: Page, course: Course) -> None:
    page.goto((course.root / "feedback" / "joseph" / CHAPTER / f"{CHAPTER}.html").as_uri() + f"#{EXERCISE}")


def open_report(page: Page, course: Course) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        report, _ = write_report(make(Path(scratch) / "course", 40, COURSE.chapters, ()), COURSE.chapters)
        page.goto(f"{report.as_uri()}#students")
        page.wait_for_selector("#heat.ready")


def open_book(page: Page, course: Course) -> None:
    chapter = ROOT / "site" / "chapters" / f"{CHAPTER}.html"
    if not chapter.is_file():
        sys.exit("There is no book: run `make site` first.")
    page.goto(chapter.as_uri())
    page.wait_for_timeout(3000)  # formulas
    page.evaluate("() => document.getElementById('one-sweep-forward').scrollIntoView()")


# --- a student's JupyterLab ----------------------------------------------------------------------


def write_notebook(answer: str | None, folder: Path) -> None:
    """Writes a notebook with one exercise to `folder`: open, or executed with an answer up to its first test."""
    notebook = nbformat.read(COURSE.release / CHAPTER / f"{CHAPTER}.ipynb", as_version=4)
    ids = [cell.id for cell in notebook.cells]
    first, solution = ids.index(f"exercise-{EXERCISE}"), ids.index(EXERCISE)
    end = next(i for i in range(solution, len(ids)) if ids[i].startswith(f"{EXERCISE}_")) + 1
    notebook.cells = notebook.cells[:end]
    if answer is not None:
        notebook.cells[solution].source = answer
        NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(folder)}}).execute()
        first = solution
    notebook.cells = notebook.cells[first:]
    nbformat.write(notebook, folder / f"{CHAPTER}.ipynb")


@contextmanager
def student_lab(work: Path, chapter: str) -> Iterator[str]:
    """Runs a student's JupyterLab on the folder `work`. Yields its address with the chapter's notebook."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, str(ROOT / "tools" / "student.py"), chapter, "--no-browser", "--port", port]
    command += ["--work", str(work)]
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
            yield next(match[0] for line in server.stdout if (match := re.search(r"http://127\S*token=\w+", line)))
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def take_exercise(page: Page, course: Course, *, name: str, answer: str = "") -> None:
    """Takes a picture of an exercise, open or with an answer of the bank, which is named by its title."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        work = Path(scratch) / "work"
        (work / CHAPTER).mkdir(parents=True)
        write_notebook(answer_of_bank(answer) if answer else None, work / CHAPTER)
        with student_lab(work, CHAPTER) as address:
            page.goto(address.replace("/lab/tree/", "/doc/tree/"))  # only the notebook, without side bars
            take_when_ready(page, IMAGES / f"{name}.png")


def answer_of_bank(title: str) -> str:
    return next(answer.source for answer in read_bank(COURSE.answers, CHAPTER, EXERCISE) if answer.title == title)


def take_lab(page: Page, course: Course) -> None:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch,
        student_lab(Path(scratch) / "work", "1") as address,
    ):
        page.goto(address)
        page.wait_for_selector(".jp-DirListing-item")
        take_when_ready(page, IMAGES / "student.png")


def take_when_ready(page: Page, target: Path) -> None:
    wait_for_lab(page)
    page.screenshot(path=target)


def wait_for_lab(page: Page) -> None:
    """Waits until the kernel is idle and dismisses JupyterLab's question about news."""
    page.wait_for_selector(".jp-Notebook .jp-CodeCell .cm-content")
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    if page.get_by_role("button", name="No", exact=True).count():
        page.get_by_role("button", name="No", exact=True).click()
    page.wait_for_timeout(1000)


#: For each picture of docs/images, the function that opens its page, and the size of the window. The functions for
#: JupyterLab take the picture themselves, while the server runs.
PICTURES: dict[str, tuple[Callable[[Page, Course], None], tuple[int, int]]] = {
    "slide": (open_slide, (1280, 720)),
    "book": (open_book, (1100, 720)),
    "feedback": (open_feedback, (840, 560)),
    "report": (open_report, (1200, 675)),
    "exercise": (partial(take_exercise, name="exercise"), (840, 620)),
    "failing": (partial(take_exercise, name="failing", answer="factors crossed"), (900, 620)),
    "student": (take_lab, (1120, 700)),
}
#: Width of the pictures, in pixels: twice what GitHub shows on a small screen.
WIDTH = 1280
#: Pictures that need the graded class.
FROM_CLASS = {"slide", "feedback"}


def reduce_colours(target: Path) -> None:
    """Reduces a picture to 128 colours, because READMEs are also read on phones."""
    with Image.open(target) as image:
        image.quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)


def main(names: list[str]) -> None:
    if unknown := [name for name in names if name not in PICTURES]:
        sys.exit(f"There is no picture {unknown[0]!r}. Name some of {', '.join(PICTURES)}.")
    # nbgrader calls `alembic` by name
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        course = graded_class(Path(scratch) / "demo") if FROM_CLASS & set(names) else COURSE
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        for name in names:
            open_page, (width, height) = PICTURES[name]
            target = IMAGES / f"{name}.png"
            target.unlink(missing_ok=True)
            page = browser.new_page(
                viewport={"width": width, "height": height}, device_scale_factor=WIDTH / width, color_scheme="light"
            )
            page.set_default_timeout(120_000)  # milliseconds; a busy machine starts JupyterLab slowly
            open_page(page, course)
            if not target.exists():
                page.wait_for_timeout(500)
                page.screenshot(path=target)
            page.close()
            reduce_colours(target)
            print(f"wrote {target.relative_to(ROOT)}")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:] or list(PICTURES))
