"""Exports follow the formats that Canvas and Moodle publish."""

from __future__ import annotations

import csv
import functools
import io
import subprocess
import sys
from pathlib import Path

import pytest
from courses import FORWARD, scratch

from triptych.model.course import Course
from triptych.nbgrader_api import gradebook

BONUS = "08_likelihoods"
#: A chapter of which nothing is graded yet.
AHEAD = "07_jax"
NBGRADER = str(Path(sys.executable).parent / "nbgrader")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Three chapters and four students: on time, late, with a name like a formula, and without submissions."""
    course = scratch(tmp_path_factory.mktemp("lms") / "course", [FORWARD])
    with gradebook(course) as book:
        for chapter, points in ((FORWARD, 22), (BONUS, 16), (AHEAD, 7)):
            book.add_assignment(chapter)
            book.add_notebook(chapter, chapter)
            book.add_grade_cell("all", chapter, chapter, max_score=points, cell_type="code")
        book.add_student("ada", first_name="Ada", last_name="Lovelace", email="ada@example.org", lms_user_id="4711")
        book.add_student("emmy", first_name="Emmy", last_name="Noether, Dr.", email="emmy@example.org")
        book.add_student("=1+1", first_name="@SUM(A1)")
        book.add_student("zoë", first_name="Zoë")
        for student, chapter, score, penalty in (
            ("ada", FORWARD, 22.0, 0.0),
            ("ada", BONUS, 16.0, 0.0),
            ("emmy", FORWARD, 17.5, 2.25),
            ("=1+1", FORWARD, 1.0, 5.0),
        ):
            submission = book.add_submission(chapter, student)
            submission.notebooks[0].grades[0].auto_score = score
            submission.notebooks[0].late_submission_penalty = penalty
        book.db.commit()
    return course


@functools.cache
def exported(course: Course, exporter: str, *options: str) -> str:
    target = course.root / "out.csv"
    command = [NBGRADER, "export", f"--exporter=triptych.grade.results.{exporter}", f"--to={target}", *options]
    subprocess.run(command, cwd=course.root, check=True, capture_output=True)
    return target.read_text(encoding="utf-8")


# --- Canvas --------------------------------------------------------------------------------------

#: The format of Canvas's own export, with the columns in the order that its importer requires.
CANVAS_SAMPLE = """\
Student,ID,SIS User ID,SIS Login ID,Section,Assignment 1
    Points Possible,,,,,10
"Blend, Bill",6,,bill,My Course,9.5
"Farner, Todd",4,,todd,My Course,
"""


def read_canvas(text: str) -> tuple[dict[str, float], dict[str, dict[str, str]]]:
    """Reads a file like Canvas's importer: points by assignment, and scores by login and assignment.

    The rules are those of its documentation and its published source (lib/gradebook_importer.rb): the first two columns
    are Student and ID, then SIS User ID and SIS Login ID in this order, and Section is the last column about the
    student; a row that begins with Points Possible is not a student; every row has as many cells as the header.
    """
    head, *lines = csv.reader(io.StringIO(text))
    assert "Student" in head[0] and "ID" in head[1]
    assert head[2:4] == ["SIS User ID", "SIS Login ID"]
    assert "Section" in head[4]
    titles = head[5:]
    assert titles and len(set(titles)) == len(titles)
    points: dict[str, float] = {}
    scores: dict[str, dict[str, str]] = {}
    for line in lines:
        assert len(line) == len(head)
        if "Points Possible" in line[0]:
            points = dict(zip(titles, map(float, line[5:]), strict=True))
            continue
        assert line[0] and line[3]
        scores[line[3]] = dict(zip(titles, line[5:], strict=True))
    return points, scores


def test_the_canvas_reader_accepts_the_published_sample() -> None:
    points, scores = read_canvas(CANVAS_SAMPLE)
    assert points == {"Assignment 1": 10.0}
    assert scores == {"bill": {"Assignment 1": "9.5"}, "todd": {"Assignment 1": ""}}
    with pytest.raises(AssertionError):
        read_canvas(CANVAS_SAMPLE.replace("Section,", ""))


def test_canvas_accepts_the_export(course: Course) -> None:
    points, scores = read_canvas(exported(course, "lms.CanvasExport"))
    assert points == {FORWARD: 22.0, BONUS: 13.0}  # three of chapter 8's points are a bonus
    assert scores == {
        "ada": {FORWARD: "22.00", BONUS: "16.00"},
        "emmy": {FORWARD: "15.25", BONUS: ""},
        "'=1+1": {FORWARD: "0.00", BONUS: ""},
        "zoë": {FORWARD: "", BONUS: ""},
    }


def test_canvas_finds_students_by_its_own_id_or_login(course: Course) -> None:
    lines = list(csv.reader(io.StringIO(exported(course, "lms.CanvasExport"))))
    by_login = {line[3]: line[:2] for line in lines}
    assert by_login["ada"] == ["Lovelace, Ada", "4711"]
    assert by_login["emmy"] == ["Noether, Dr., Emmy", ""]


# --- Moodle --------------------------------------------------------------------------------------

#: Like the file that Moodle's own tests import (grade/tests/fixtures/grade_import.csv).
MOODLE_SAMPLE = """\
First name,Last name,Email address,Manual item 1
Student,1,student1@example.com,400
"""


def read_moodle(text: str, user: str, items: list[str]) -> dict[str, dict[str, float | None]]:
    """Reads a file like Moodle's CSV import: grades by user, with columns mapped to a user field and grade items.

    The rules are those of docs.moodle.org/en/Grade_import and grade/import/csv: UTF-8, a header, as many cells in each
    row as in the header, a user field that is not empty, and grades that are numbers; an empty cell is no grade.
    """
    grades = {}
    for row in csv.DictReader(io.StringIO(text), restkey="too many", strict=True):
        assert "too many" not in row and None not in row.values()
        assert row[user]
        grades[row[user]] = {item: float(row[item]) if row[item] else None for item in items}
    return grades


def test_the_moodle_reader_accepts_the_published_sample() -> None:
    assert read_moodle(MOODLE_SAMPLE, "Email address", ["Manual item 1"]) == {
        "student1@example.com": {"Manual item 1": 400.0}
    }
    with pytest.raises(AssertionError):
        read_moodle(MOODLE_SAMPLE.replace(",400", ",400,7"), "Email address", ["Manual item 1"])


def test_moodle_accepts_the_export(course: Course) -> None:
    text = exported(course, "lms.MoodleExport")
    assert read_moodle(text, "Username", [FORWARD, BONUS]) == {
        "ada": {FORWARD: 22.0, BONUS: 16.0},
        "emmy": {FORWARD: 15.25, BONUS: None},
        "'=1+1": {FORWARD: 0.0, BONUS: None},
        "zoë": {FORWARD: None, BONUS: None},
    }
    with_address = [line for line in csv.DictReader(io.StringIO(text)) if line["Email address"]]
    assert [(line["First name"], line["Last name"], line["ID number"]) for line in with_address] == [
        ("Ada", "Lovelace", "4711"),
        ("Emmy", "Noether, Dr.", ""),
    ]
    assert AHEAD not in text


def test_the_courses_own_export_has_a_status_and_no_score_where_nothing_is_graded(course: Course) -> None:
    rows = csv.DictReader(io.StringIO(exported(course, "export.StatusExport")))
    cells = {(row["student_id"], row["assignment"]): (row["score"], row["status"], row["first_name"]) for row in rows}
    assert cells["emmy", FORWARD] == ("15.25", "graded", "Emmy")
    assert cells["'=1+1", FORWARD] == ("0.0", "graded", "'@SUM(A1)")
    assert cells["zoë", FORWARD] == ("", "not_submitted", "Zoë")
    assert cells["ada", AHEAD] == ("", "not_submitted", "Ada")
    assert len(cells) == 12


@pytest.mark.parametrize("exporter", ["lms.CanvasExport", "lms.MoodleExport", "export.StatusExport"])
def test_export_is_limited_to_the_chosen_chapters_and_students(course: Course, exporter: str) -> None:
    text = exported(course, exporter, f"--assignment=['{FORWARD}']", "--student=['emmy']")
    assert "15.25" in text and "ada" not in text and BONUS not in text
