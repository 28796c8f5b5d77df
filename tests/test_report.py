"""The report of a class with every status and with names that students chose, in a browser and in a terminal."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from html import unescape
from io import StringIO
from typing import Any

import pytest
from courses import FORWARD
from decks import serious
from made_up_class import STRANGE, make
from needs import needs_chromium
from rich.console import Console

from triptych.build import browser
from triptych.grade.record import GRADED, NOT_GRADED
from triptych.grade.results.class_list import NOT_SUBMITTED, WAITING
from triptych.grade.results.report import write_report
from triptych.grade.results.statistics import class_statistics
from triptych.grade.results.terminal import student_report, tables
from triptych.model.course import Course, CourseError

CHAPTERS = ["02_symbolic", FORWARD]
STUDENTS = 40
#: A student with a folder and nothing in it, one whose submission has not been graded, and a misplaced chapter.
EMPTY, UNGRADED = "only-a-folder", "not-yet"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = make(tmp_path_factory.mktemp("report") / "course", STUDENTS, CHAPTERS)
    for folder in (EMPTY, f"{UNGRADED}/{FORWARD}", f"{FORWARD}/ada"):
        (course.submitted / folder).mkdir(parents=True)
    student = next(s for s in class_statistics(course, [FORWARD]).chapters[0].graded if s.lateness).student
    page = course.root / "feedback" / student / FORWARD / f"{FORWARD}.html"
    page.parent.mkdir(parents=True)
    page.write_text("feedback")
    write_report(course, CHAPTERS)
    return course


def rows_of(course: Course) -> dict[tuple[str, str], dict[str, str]]:
    with (course.root / "grades.csv").open(encoding="utf-8") as file:
        return {(row["student_id"], row["assignment"]): row for row in csv.DictReader(file)}


def test_grades_has_every_student_of_gradebook_and_submitted(course: Course) -> None:
    rows = rows_of(course)
    assert len(rows) == 2 * (STUDENTS + 2)
    assert {row["status"] for row in rows.values()} == {GRADED, NOT_GRADED, NOT_SUBMITTED}
    assert rows[EMPTY, FORWARD]["status"] == NOT_SUBMITTED
    waiting = rows[UNGRADED, FORWARD]
    assert (waiting["status"], waiting["reason"], waiting["score"]) == (NOT_GRADED, WAITING, "")
    assert all(bool(row["score"]) == (row["status"] == GRADED) for row in rows.values())
    assert all(bool(row["reason"]) == (row["status"] == NOT_GRADED) for row in rows.values())


def test_the_numbers_agree(course: Course) -> None:
    results = class_statistics(course, CHAPTERS)
    rows = rows_of(course).values()
    for chapter in results.chapters:
        own = [row for row in rows if row["assignment"] == chapter.id]
        for status, count in ((GRADED, len(chapter.graded)), (NOT_SUBMITTED, chapter.missing)):
            assert count == sum(row["status"] == status for row in own), (chapter.id, status)
        for exercise in chapter.exercises:
            assert exercise.full + exercise.partial + exercise.none + exercise.open == len(chapter.graded)
        failed = [len(test.failed) for test in chapter.failing]
        assert failed == sorted(failed, reverse=True) and failed[0] > 0
    assert sum(results.totals.values()) == pytest.approx(sum(float(row["score"] or 0) for row in rows))


def printed(*parts: Any) -> str:
    console = Console(width=100, record=True, file=StringIO())
    for part in parts:
        console.print(part)
    return console.export_text()


def test_the_terminal_shows_the_class_and_one_student_with_the_sentences(course: Course) -> None:
    results = class_statistics(course, CHAPTERS)
    text = printed(*tables(results))
    assert all(name in text for name in (EMPTY, UNGRADED, "=1+1", "s0001", "median"))
    standing = next(s for s in results.chapters[1].graded if s.lateness and s.messages)
    text = " ".join(printed(student_report(course, results, standing.student)).split())
    assert f"{FORWARD}: {standing.points:g} of 22" in text and " late" in text
    assert all(" ".join(sentence.split()) in text for sentence in standing.messages.values() if "open" not in sentence)
    with pytest.raises(CourseError, match="did you mean s0001"):
        student_report(course, results, "s00001")


@pytest.fixture(scope="module")
def page(course: Course) -> Iterator[Any]:
    """The report in a browser that notes requests and errors."""
    with browser.launch() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page.noted = []
        page.on("request", lambda request: page.noted.append(request.url))
        page.on("pageerror", lambda error: page.noted.append(str(error)))
        page.on("console", lambda message: page.noted.append(message.text))
        page.on("dialog", lambda dialog: (page.noted.append(dialog.message), dialog.dismiss()))
        page.goto((course.root / "report.html").as_uri())
        page.wait_for_selector("#heat.ready")
        yield page


def shown(page: Any) -> list[str]:
    return list(page.locator("#heat tbody tr:visible th a").all_inner_texts())


@needs_chromium
def test_the_report_runs_nothing_and_loads_nothing(page: Any, course: Course) -> None:
    everyone = shown(page)
    assert page.noted == [(course.root / "report.html").as_uri()]
    assert len(everyone) == STUDENTS + 2
    assert STRANGE[0] in everyone and "ab\N{REPLACEMENT CHARACTER}gpj.exe" in everyone


@needs_chromium
def test_the_report_can_be_searched_filtered_and_sorted_with_the_keyboard(page: Any) -> None:
    from playwright.sync_api import expect

    page.get_by_label("Search").press_sequentially("s000")
    expect(page.locator("#count")).to_have_text(f"9 of {STUDENTS + 2} students")
    assert shown(page) == [f"s000{number}" for number in range(1, 10)]
    page.get_by_label("Search").fill("")
    page.get_by_label("Show").select_option("not graded")
    page.locator("#chapter").select_option("5 · Forward mode")
    assert UNGRADED in shown(page) and len(shown(page)) < 10
    page.get_by_role("button", name="Reset").press("Enter")
    expect(page.locator("#count")).to_have_text(f"{STUDENTS + 2} of {STUDENTS + 2} students")
    page.get_by_role("button", name="Total").press("Enter")
    totals = page.locator("#heat tbody td.sum").all_inner_texts()
    points = [float(total) for total in totals if total != "–"]
    assert points == sorted(points) and totals[len(points) :] == ["–"] * (len(totals) - len(points))
    assert page.locator("#heat [aria-sort]").get_attribute("aria-sort") == "ascending"


@needs_chromium
def test_a_students_details_open_from_the_table_and_link_to_the_feedback(page: Any, course: Course) -> None:
    (feedback,) = (course.root / "feedback").rglob("*.html")
    page.locator("#heat tbody th a", has_text=feedback.parents[1].name).press("Enter")
    address = page.locator("details.student[open] a").evaluate("link => link.href")
    assert address == feedback.as_uri()
    row = page.locator("#heat tbody tr", has_text=feedback.parents[1].name)
    row.hover()
    assert row.locator("td a").evaluate_all("links => links.map(link => link.href)") == [feedback.as_uri()]


@needs_chromium
@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 390)])
def test_the_report_is_accessible_and_fits_a_phone(page: Any, dark: bool, width: int) -> None:
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('.who').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []


@needs_chromium
def test_the_report_is_complete_without_scripts(page: Any, course: Course) -> None:
    plain = page.context.browser.new_context(java_script_enabled=False).new_page()
    plain.goto((course.root / "report.html").as_uri())
    text = unescape(plain.content())
    assert plain.locator("#heat tbody tr").count() == plain.locator("details.student table").count() == STUDENTS + 2
    sentences = {m for c in class_statistics(course, CHAPTERS).chapters for t in c.failing if (m := t.message)}
    assert sentences and all(sentence in text for sentence in sentences)
