"""`slides/index.html`: the way into all decks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from courses import PROJECT, scratch
from decks import serious
from needs import needs_chromium

from triptych.build.browser import FLAGS, find_chromium
from triptych.build.contents import goals
from triptych.build.derive import write_index
from triptych.model.chapter import read_chapter
from triptych.model.course import Course


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """All chapters, with two decks and a PDF made, as far as an index can tell."""
    course = scratch(tmp_path_factory.mktemp("contents") / "course", PROJECT.chapters)
    for name in ("05_forward_mode.html", "05_forward_mode.pdf", "workshop.html", "05_forward_mode.solutions.html"):
        (course.slides / name).write_text("made")
    write_index(course)
    return course


@pytest.fixture(scope="module")
def html(course: Course) -> str:
    return (course.slides / "index.html").read_text(encoding="utf-8")


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<style>.*?</style>", "", html)).split())


def test_it_lists_every_chapter_with_its_goals(html: str) -> None:
    for chapter, plan in PROJECT.plans.items():
        about, learn = goals(read_chapter(PROJECT.notebook(chapter)).notebook)
        assert about and len(learn) >= 3
        assert f"{plan.number} {plan.title}" in text_of(html)
        assert html.count("<li>") == sum(
            1 + len(goals(read_chapter(PROJECT.notebook(c)).notebook)[1]) for c in PROJECT.chapters
        )
    assert "what a gradient costs when each of its <i>n</i> components needs a nudge of its own" in html
    assert "$" not in text_of(html)


def test_it_links_what_is_there_and_nothing_else(course: Course, html: str) -> None:
    links = re.findall(r'href="([^"]+)"', html)
    assert sorted(links) == ["05_forward_mode.html", "05_forward_mode.pdf", "data:,", "workshop.html"]
    assert all((course.slides / link).is_file() for link in links if link != "data:,")
    assert text_of(html).count("run triptych build") == len(PROJECT.chapters) - 1


def test_it_shows_the_workshop_with_its_parts(html: str) -> None:
    assert PROJECT.workshop.title in html
    assert "<td>33</td><td>6</td>" in html  # forward mode: minutes and exercises


def test_a_course_of_some_chapters_has_no_workshop(tmp_path: Path) -> None:
    part = scratch(tmp_path / "course", ["05_forward_mode"])
    html = write_index(part).read_text(encoding="utf-8")
    assert "Forward mode" in html and PROJECT.workshop.title not in html


@needs_chromium
@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_fits_asks_for_nothing_and_axe_finds_nothing_serious(course: Course, look: Any) -> None:
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS, "--no-sandbox"])
        page = browser.new_page(color_scheme=look, viewport={"width": 1280, "height": 800})
        page.on("request", lambda request: asked.append(request.url))
        page.goto((course.slides / "index.html").as_uri())
        assert serious(page) == []
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
