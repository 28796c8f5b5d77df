"""`triptych forget` deletes all data of a student and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from courses import FORWARD, answer, scratch, submit
from in_process import in_process
from sqlalchemy import event
from sqlalchemy.engine import Engine

from triptych.build.release import release_chapter
from triptych.grade.forget import forget
from triptych.grade.record import Record
from triptych.grade.results.report import write_report
from triptych.grade.run import grade
from triptych.lock import course_lock
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook

TRIPTYCH = str(Path(sys.executable).parent / "triptych")
NAME = "lovelace"


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class of three after grading, with a file of each kind that commands write."""
    course = scratch(tmp_path_factory.mktemp("forget") / "course")
    release_chapter(course, FORWARD)
    for student in (NAME, "emmy"):
        submit(course, student, answer(course, FORWARD, {}))
    (course.submitted / f"{NAME}2" / FORWARD).mkdir(parents=True)  # not graded; begins with the same letters
    grade(course, [FORWARD], sandbox="none", executor=in_process)
    with gradebook(course) as book:
        student = book.find_student(NAME)
        student.first_name, student.email = "Ada", "ada@example.org"
        comment = book.find_submission(FORWARD, NAME).notebooks[0].comments[0]
        comment.manual_comment = "a private word"
        book.db.commit()
    shutil.copyfile(course.root / "gradebook.db", course.root / ".triptych" / "gradebook.before.db")
    write_report(course, [FORWARD])
    for name in ("canvas.csv", "results.json"):
        (course.root / name).write_text(f'"{NAME}"')
    (course.root / "moodle.csv").write_text(f"{NAME}2,emmy")
    return course


@pytest.fixture(autouse=True)
def plain_sqlite() -> Iterator[None]:
    """Some builds of SQLite overwrite deleted data; most leave it in the file, so the tests turn that off."""

    def begin(connection: Any, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma secure_delete = off")

    event.listen(Engine, "connect", begin)
    yield
    event.remove(Engine, "connect", begin)


@pytest.fixture
def course(graded: Course, tmp_path: Path) -> Course:
    shutil.copytree(graded.root, tmp_path / "course", symlinks=True)
    return Course(tmp_path / "course")


def files_with(course: Course, text: str) -> set[str]:
    """Files of the course whose path or content includes the text, not followed by a letter or digit."""
    word = re.compile(re.escape(text.encode()) + rb"(?![A-Za-z0-9])")
    paths = {str(path.relative_to(course.root)): path for path in course.root.rglob("*")}
    return {
        name
        for name, path in paths.items()
        if f"/{text}/" in f"/{name}/" or (path.is_file() and word.search(path.read_bytes()))
    }


def test_without_yes_data_is_listed_and_not_deleted(course: Course) -> None:
    before = files_with(course, NAME)
    assert {"gradebook.db", ".triptych/gradebook.before.db", ".triptych/record.jsonl", ".triptych/grade.log"} <= before
    assert [item.place for item in forget(course, NAME, really=False)] == [
        "gradebook",
        ".triptych/gradebook.before.db",
        f"submitted/{NAME}",
        f"autograded/{NAME}",
        f"feedback/{NAME}",
        ".triptych/record.jsonl",
        ".triptych/grade.log",
        "report.html and grades.csv",
        "canvas.csv",
        "results.json",
    ]
    assert files_with(course, NAME) == before


def test_all_data_of_the_student_is_deleted(course: Course) -> None:
    forget(course, NAME, really=True)
    assert files_with(course, NAME) == set()
    assert files_with(course, "ada@example.org") == files_with(course, "a private word") == set()


def test_data_of_other_students_is_kept(course: Course) -> None:
    forget(course, NAME, really=True)
    with gradebook(course) as book:
        assert [student.id for student in book.students] == ["emmy"]
        assert book.find_submission(FORWARD, "emmy").max_score == 22
    assert {row["student"] for row in Record(course).read()} == {"emmy", f"{NAME}2"}
    assert f"{NAME}2" in (course.root / "report.html").read_text()
    assert (course.root / "moodle.csv").exists()
    (result,) = [r for r in grade(course, [FORWARD], sandbox="none", executor=in_process) if r.student == "emmy"]
    assert result.unchanged


def test_forgetting_the_last_student_deletes_the_report(course: Course) -> None:
    for student in (NAME, f"{NAME}2", "emmy"):
        forget(course, student, really=True)
    assert not (course.root / "report.html").exists() and not (course.root / "grades.csv").exists()


def test_an_interrupted_deletion_can_be_repeated(course: Course) -> None:
    for item in forget(course, NAME, really=False)[:3]:
        item.delete()
    assert len(forget(course, NAME, really=True)) == 7
    assert files_with(course, NAME) == set()


def test_links_are_not_followed(course: Course, tmp_path: Path) -> None:
    thesis = tmp_path / "outside" / "thesis"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    shutil.rmtree(course.submitted / NAME)
    (course.submitted / NAME).symlink_to(thesis.parent)
    forget(course, NAME, really=True)
    assert thesis.read_text() == "years of work"
    assert not (course.submitted / NAME).is_symlink()


def test_folders_that_cannot_be_listed_are_deleted(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course.submitted / NAME)
    for _ in range(20):  # a path longer than the system accepts
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)
    os.chdir(tmp_path)
    submitted = next(item for item in forget(course, NAME, really=True) if item.place == f"submitted/{NAME}")
    assert "cannot be listed completely" in submitted.content
    assert not (course.submitted / NAME).exists()


def test_mistakes_are_reported_with_a_fix(course: Course) -> None:
    with pytest.raises(CourseError, match=f"nothing of 'lovelac': did you mean {NAME}"):
        forget(course, "lovelac", really=True)
    with pytest.raises(CourseError, match="nothing of 'ada'"):  # the report has ada@example.org, who is lovelace
        forget(course, "ada", really=True)
    with pytest.raises(CourseError, match="cannot be a student's name"):
        forget(course, "../source", really=True)
    with course_lock(course), pytest.raises(CourseError, match="wait until it ends"):
        forget(course, NAME, really=True)


def test_the_command_lists_and_deletes_with_yes(course: Course) -> None:
    command = [TRIPTYCH, "forget", NAME]
    listed = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=True).stdout
    assert f"has  submitted/{NAME}: 1 files" in listed and "Nothing has been deleted" in listed
    done = subprocess.run([*command, "--yes"], cwd=course.root, capture_output=True, text=True, check=True).stdout
    assert f"deleted  feedback/{NAME}" in done
    again = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    assert again.returncode == 1 and "holds nothing of" in again.stderr
