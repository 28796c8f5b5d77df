"""The book: what it shows and hides, its links, and its pages in a browser."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from courses import FORWARD, PROJECT, scratch
from decks import serious, share_answer_keys
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from needs import needs_chromium

from triptych.build.browser import launch
from triptych.build.student_text import STATIC
from triptych.model.chapter import hidden_lines, read_chapter, solution_lines
from triptych.model.course import Course, CourseError
from triptych.site.build import build_site, chapter_links
from triptych.site.chapter_page import chapter_page
from triptych.site.documentation import page_text, with_terms

DECKS = (FORWARD, "workshop")


def with_docs(target: Path, chapters: list[str]) -> Course:
    """A course with the project's documentation, student versions and bibliography, and stand-ins for two decks."""
    course = scratch(target, chapters)
    share_answer_keys(course)
    shutil.copytree(PROJECT.root / "docs", course.root / "docs")
    for chapter in chapters:
        shutil.copytree(PROJECT.release / chapter, course.release / chapter)
    for file in PROJECT.source.glob("references.bib"):
        shutil.copyfile(file, course.source / file.name)
    for name in DECKS:
        (course.slides / f"{name}.html").write_text(f"<!DOCTYPE html><title>{name}</title><p>Slides", encoding="utf-8")
    return course


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The whole course, with its book."""
    course = with_docs(tmp_path_factory.mktemp("site") / "course", PROJECT.chapters)
    build_site(course)
    return course


@pytest.fixture(scope="module")
def pages(course: Course) -> dict[str, BeautifulSoup]:
    """The pages of the book by path, without the decks."""
    site = course.root / "site"
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if path.parent != site / "slides"
    }


@pytest.fixture(scope="module")
def address(course: Course) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(course.root / "site"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_chapters_have_no_answers_and_no_hidden_tests(pages: dict[str, BeautifulSoup]) -> None:
    for chapter_id in PROJECT.chapters:
        chapter = read_chapter(PROJECT.notebook(chapter_id))
        released = (PROJECT.release / chapter_id / f"{chapter_id}.ipynb").read_text(encoding="utf-8")
        visible = "\n".join(cell.source for cell in nbformat.reads(released, as_version=4).cells)
        text = pages[f"chapters/{chapter_id}.html"].text
        secret = [
            line.strip()
            for exercise in chapter.exercises.values()
            for lines in (solution_lines(exercise.solution.source), *(hidden_lines(t.source) for t in exercise.tests))
            for line in lines
            if len(line.strip()) > 12 and line.strip() not in visible
        ]
        assert len(secret) > 10
        # an output may quote a line of code
        assert [line for line in secret if line in text] == []
        assert "%%builds_on" not in text and "#|" not in text and "●" not in text


def test_every_exercise_is_in_the_index_and_linked(pages: dict[str, BeautifulSoup]) -> None:
    table = {row.find("a").text: row for row in pages["exercises.html"].select("tbody tr")}
    for chapter, plan in PROJECT.plans.items():
        for exercise, entry in plan.exercises.items():
            _, task, points, minutes = (cell.text.strip() for cell in table[exercise].find_all("td"))
            assert len(task) > 20 and points.startswith(f"{entry.points:g}") and minutes == str(entry.minutes)
            page, _, anchor = table[exercise].find("a")["href"].partition("#")
            assert page == f"chapters/{chapter}.html"
            heading = pages[page].find(id=anchor)
            assert heading is not None and exercise in heading.find_next(["h2", "h3"]).text


def test_links_lead_somewhere(course: Course, pages: dict[str, BeautifulSoup]) -> None:
    site, anchors = course.root / "site", {}
    for path, page in pages.items():
        anchors[path] = {element["id"] for element in page.find_all(id=True)}
        anchors[path] |= {element["name"] for element in page.find_all("a", attrs={"name": True})}
    wrong = []
    for path, page in pages.items():
        for element in page.select("[href], [src]"):
            link = element.get("href") or element.get("src") or ""
            parts = urlsplit(link)
            if parts.scheme in ("http", "https"):
                if not re.fullmatch(r"[\w.-]+\.\w+(:\d+)?|127\.0\.0\.1(:\d+)?|localhost(:\d+)?", parts.netloc):
                    wrong.append(f"{path}: {link}")
                continue
            if parts.scheme in ("mailto", "data"):
                continue
            target = (site / path).parent / unquote(parts.path) if parts.path else site / path
            target = target.resolve() / "index.html" if target.is_dir() else target.resolve()
            name = target.relative_to(site).as_posix() if target.is_relative_to(site) else ""
            missing = not target.is_file() or (parts.fragment and name in anchors and name.endswith(".html"))
            if missing and not (target.is_file() and unquote(parts.fragment) in anchors[name]):
                wrong.append(f"{path}: {link}")
    assert wrong == []


def test_chapter_has_pictures_in_the_page_outputs_and_links(course: Course, pages: dict[str, BeautifulSoup]) -> None:
    page = pages[f"chapters/{FORWARD}.html"]
    assert not page.select('.bd-article img[src$=".svg"]')
    assert len(page.select(".bd-article svg.picture")) >= 20
    assert "array([7.])" in page.text
    assert [link["href"] for link in page.select(".links a")] == [
        f"../notebooks/{FORWARD}.zip",
        f"../slides/{FORWARD}.html",
    ]
    assert page.select_one("iframe[loading=lazy]")["src"] == f"../slides/{FORWARD}.html"
    assert [link["href"] for link in page.select("a:has(> .term)") if link.text == "tangents"]
    # the scripts of interactive figures are only where they are used
    assert page.select('script[src*="direction.js"]') and not pages["index.html"].select('script[src*="d3"]')


def test_wrong_answers_are_folded_by_exercise(pages: dict[str, BeautifulSoup]) -> None:
    for chapter, plan in PROJECT.plans.items():
        page = pages[f"docs/instructors/wrong-answers/{chapter}.html"]
        assert len(page.select("details:not([open]) table")) == len(plan.exercises)


def test_nothing_is_made_again_without_changes(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    import sphinx.cmd.build

    calls: list[list[str]] = []

    def build(arguments: list[str]) -> int:
        calls.append(arguments)
        return 0

    monkeypatch.setattr(sphinx.cmd.build, "build_main", build)
    build_site(course)
    assert calls == []
    (course.root / "docs" / "_static" / "book.css").open("a").write("\n")
    build_site(course)
    assert len(calls) == 1


def test_warning_is_an_error_each_time(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    course = with_docs(tmp_path / "course", [FORWARD])
    for folder in course.root.glob("docs/[a-z]*/"):
        shutil.rmtree(folder)
    (course.root / "docs" / "index.md").write_text("# Start\n\n```{nowhere}\n```\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(CourseError, match="Sphinx has warnings"):
            build_site(course)
        assert "nowhere" in capfd.readouterr().err


def test_only_outputs_of_lecture_cells_are_shown() -> None:
    def cell(id_: str, **metadata: Any) -> Any:
        output = new_output("stream", text=f"output of {id_}")
        return new_code_cell(f"{id_}()", id=id_, metadata=metadata, outputs=[output])

    graded = {"grade": True, "solution": False, "locked": True}
    answer = {"grade": False, "solution": True, "locked": False}
    cells = [
        cell("lecture"),
        cell("answer", nbgrader=answer),
        cell("answer_test", nbgrader=graded),
        cell("helper", tags=["setup"]),
        cell("figure", jupyter={"source_hidden": True}),
    ]
    title = new_markdown_cell("# Title\n\nText", id="title")
    key = new_notebook(cells=[title, *cells])
    page = chapter_page(key, key, "links", figures="there")
    shown = {cell.id: [output.text for output in cell.outputs] for cell in page.cells if cell.cell_type == "code"}
    assert {id_ for id_, outputs in shown.items() if outputs} == {"lecture", "figure"}
    folded = {cell.id for cell in page.cells if "hide-input" in cell.metadata.get("tags", [])}
    assert folded == {"answer_test", "helper", "figure"}


def test_launch_buttons_need_an_address(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    assert re.findall(r">([\w, ]+)</a>", chapter_links(course, FORWARD, has_deck=True)) == [
        "Notebook, to work on",
        "Slides",
    ]
    course.contract.update(address="https://example.org/ad", hub="https://hub.example.org")
    html = chapter_links(course, FORWARD, has_deck=False)
    assert re.findall(r">([\w, ]+)</a>", html) == ["Notebook, to work on", "Binder", "Hub"]
    assert "mybinder.org/v2/git/https%3A%2F%2Fexample.org%2Fad/HEAD?urlpath=lab%2Ftree%2Fwork%2F05_" in html


def test_exercises_have_labels_and_figures_no_remark_that_they_stand_still() -> None:
    task = f"## Exercise: `mul`\n\nThe task.\n\n![A line.](figures/line.svg)\n\n{STATIC}\n\nMore."
    notebook = new_notebook(cells=[new_markdown_cell("# Title", id="title"), new_markdown_cell(task, id="task")])
    text = chapter_page(notebook, notebook, "links", figures="there").cells[-1].source
    assert text == "(exercise-mul)=\n## Exercise: `mul`\n\nThe task.\n\n![A line.](there/line.svg)\n\nMore."


def test_links_to_other_files_are_left_out_without_an_address() -> None:
    text = "See [the code](../../src/triptych/cli.py#L1), [text](../students/index.md), [it](../../release/x).\n"
    page = Path("developers/here.md")
    assert page_text(PROJECT, text, page) == "See the code, [text](../students/index.md), it.\n"
    fenced = "```\n[code](../../src/x.py)\n```\n"
    assert page_text(PROJECT, fenced, page) == fenced
    chapter = f"[5](../../release/{FORWARD}/{FORWARD}.ipynb)"
    assert page_text(PROJECT, chapter, page) == f"[5](../../chapters/{FORWARD}.ipynb)"


def test_glossary_becomes_terms() -> None:
    table = "| term | meaning |\n| --- | --- |\n| primal, tangent | a value and its *derivative* |\n| tape | a list |\n"
    assert with_terms(f"# G\n\n{table}") == (
        "# G\n\n```{glossary}\nprimal\ntangent\n  a value and its *derivative*\n\ntape\n  a list\n\n```\n"
    )


KINDS = (
    "index.html",
    "chapters/02_symbolic.html",
    "exercises.html",
    "bibliography.html",
    "docs/instructors/wrong-answers/02_symbolic.html",
    "search.html?q=cotangent",
)


@needs_chromium
def test_pages_in_a_browser(course: Course, address: str) -> None:
    """Each kind of page, here short ones: nothing from outside, no findings of axe-core by day and night, a layout for a phone."""
    outside, errors = [], []
    with launch() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda r: outside.append(r.url) if not r.url.startswith((address, "data:")) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        for kind in KINDS:
            page.emulate_media(color_scheme="light")
            page.set_viewport_size({"width": 1280, "height": 900})
            page.goto(address + kind)
            if "search" in kind:
                page.wait_for_selector("ul.search li")
            page.evaluate("document.querySelectorAll('.bd-article details:not(.deck)').forEach(d => (d.open = true))")
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.wait_for_selector(f'html[data-theme="{scheme}"]')
                assert serious(page) == [], (kind, scheme)
            page.set_viewport_size({"width": 390, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, kind
    assert outside == [] and errors == []


@needs_chromium
def test_drawings_search_and_formulas_work(address: str) -> None:
    with launch() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}chapters/{FORWARD}.html")
        page.wait_for_selector("mjx-container svg")
        assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
        drawing = page.locator('.drawing:has(svg[aria-label^="The graph of z"]) + .stepper').first
        off = "() => document.querySelectorAll('svg.picture .off').length"
        assert page.evaluate(off) == 0
        drawing.get_by_role("button", name="Next step").click()
        assert "step 0" in drawing.locator("output").inner_text() and page.evaluate(off) > 3
        slider = page.locator('svg.interactive [role="slider"]').first
        before = slider.get_attribute("aria-valuenow")
        slider.press("ArrowRight")
        assert slider.get_attribute("aria-valuenow") != before
        # a sentence of a message finds the page of wrong answers, and what is folded opens
        page.goto(f"{address}search.html?q=transpose+column+Jacobian+row")
        page.locator("ul.search a", has_text="Wrong answers: 5").first.click()
        page.locator("details[open]").first.wait_for()
