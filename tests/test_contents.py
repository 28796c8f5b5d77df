"""`slides/index.html`, which links all decks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from courses import PROJECT, scratch
from decks import serious
from needs import needs_chromium

from triptych.build.browser import launch
from triptych.build.contents import goals
from triptych.build.targets import write_index
from triptych.model.chapter import read_chapter
from triptych.model.course import Course


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """All chapters, with stand-ins for three decks and a PDF."""
    course = scratch(tmp_path_factory.mktemp("contents") / "course", PROJECT.chapters)
    for name in ("05_forward_mode.html", "05_forward_mode.pdf", "workshop.html", "05_forward_mode.with-answers.html"):
        (course.slides / name).write_text("deck")
    write_index(course)
    return course


@pytest.fixture(scope="module")
def html(course: Course) -> str:
    return (course.slides / "index.html").read_text(encoding="utf-8")


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<style>.*?</style>", "", html)).split())


def test_every_chapter_is_listed_with_its_goals(html: str) -> None:
    items = 0
    for chapter, plan in PROJECT.plans.items():
        about, learn = goals(read_chapter(PROJECT.notebook(chapter)).notebook)
        assert about and len(learn) >= 3
        assert f"{plan.number} {plan.title}" in text_of(html)
        items += 1 + len(learn)
    assert html.count("<li>") == items
    assert "what a gradient costs when each of its <i>n</i> components needs its own evaluation" in html
    assert not re.search(r"[$`]|\*\*", text_of(html)), "Markdown is shown as it is written"


def test_only_existing_decks_are_linked(course: Course, html: str) -> None:
    links = re.findall(r'href="([^"]+)"', html)
    assert sorted(links) == ["05_forward_mode.html", "05_forward_mode.pdf", "data:,", "workshop.html"]
    assert text_of(html).count("run triptych build") == len(PROJECT.chapters) - 1


def test_workshop_is_shown_with_its_parts(html: str) -> None:
    assert PROJECT.workshop.title in html
    assert "<td>19</td><td>3</td>" in html  # forward mode: minutes and exercises


def test_course_without_all_chapters_has_no_workshop(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course", ["05_forward_mode"])
    html = write_index(course).read_text(encoding="utf-8")
    assert "Forward mode" in html and PROJECT.workshop.title not in html


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_is_accessible_and_requests_nothing(course: Course, scheme: Any) -> None:
    requests: list[str] = []
    with launch() as browser:
        page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 800})
        page.on("request", lambda request: requests.append(request.url))
        page.goto((course.slides / "index.html").as_uri())
        assert serious(page) == []
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
