"""Every file in `submitted/` is a submission's or is listed with its problem."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from courses import scratch

from triptych import cli
from triptych.grade.results.unused import write_findings
from triptych.grade.run import _misplaced
from triptych.grade.submission.places import survey
from triptych.model.course import Course, CourseError

CHAPTERS = ["04_graphs", "05_forward_mode"]
#: A file in `submitted/`, then student and chapter to which it seems to belong, and part of what is said about it.
WRONG: list[tuple[str, str, str, str]] = [
    ("05_forward_mode.ipynb", "", "05_forward_mode", "is in no student's folder: move it to submitted/STUDENT/05_"),
    ("notes.txt", "", "", "is in no student's folder"),
    ("ada/05_forward_mode.ipynb", "ada", "05_forward_mode", "is in no chapter's folder: move it to submitted/ada/05_"),
    ("ada/05_forward_mode (1).ipynb", "ada", "05_forward_mode", "is in no chapter's folder"),
    ("ada/05_forward_mode-Copy1.ipynb", "ada", "05_forward_mode", "is in no chapter's folder"),
    ("ada/answers.ipynb", "ada", "", "move it to submitted/ada/CHAPTER/"),
    ("ada/05_Forward_Mode/05_forward_mode.ipynb", "ada", "05_forward_mode", "is not the folder of a chapter"),
    ("ada/05-forward-mode/x.ipynb", "ada", "05_forward_mode", "is not the folder of a chapter"),
    ("ada/5/x.ipynb", "ada", "05_forward_mode", "is not the folder of a chapter"),
    ("ada/chapter 5/x.ipynb", "ada", "05_forward_mode", "is not the folder of a chapter"),
    ("ada/homework/05_forward_mode.ipynb", "ada", "05_forward_mode", "is not the folder of a chapter"),
    ("ada/homework/x.ipynb", "ada", "", "is not the folder of a chapter"),
    ("05_forward_mode/ada/05_forward_mode.ipynb", "ada", "05_forward_mode", "in the wrong order: move it to submitted/ada"),
    ("05_FORWARD_MODE/ada/x.ipynb", "ada", "05_forward_mode", "in the wrong order"),
    ("05_forward_mode/x.ipynb", "", "05_forward_mode", "is in no student's folder"),
    (".ada/05_forward_mode/05_forward_mode.ipynb", "", "", "is hidden"),
    (".collecting-x/old/ada/05_forward_mode/x.ipynb", "", "", "left from a run that was stopped: run `triptych collect` again"),
    ("\x1b[31m.ipynb", "", "", "is in no student's folder"),
]  # fmt: skip


def put(submitted: Path, name: str) -> None:
    path = submitted / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")


@pytest.mark.parametrize(("name", "student", "chapter", "problem"), WRONG)
def test_a_file_in_a_wrong_place_is_listed(tmp_path: Path, name: str, student: str, chapter: str, problem: str) -> None:
    put(tmp_path, name)
    (finding,) = survey(tmp_path, CHAPTERS)
    assert (finding.student, finding.chapter) == (student, chapter)
    assert problem in str(finding) and "\x1b" not in str(finding)


def test_submissions_and_litter_are_not_listed(tmp_path: Path) -> None:
    for name in (
        "ada/05_forward_mode/05_forward_mode.ipynb", "ada/04_graphs/data/x.csv", ".DS_Store", "ada/.DS_Store",
        "ada/Thumbs.db", "ada/.ipynb_checkpoints/05_forward_mode.ipynb", "__MACOSX/ada/x",
        "04_graphs/05_forward_mode/05_forward_mode.ipynb",  # a student of this name
    ):  # fmt: skip
        put(tmp_path, name)
    (tmp_path / "emmy" / "empty").mkdir(parents=True)
    assert survey(tmp_path, CHAPTERS) == []
    assert survey(tmp_path / "none", CHAPTERS) == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/x.ipynb")
    (tmp_path / "submitted" / "ada").mkdir(parents=True)
    (tmp_path / "submitted" / "ada" / "5").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "submitted" / "emmy").symlink_to(tmp_path / "elsewhere")
    assert [finding.path for finding in survey(tmp_path / "submitted", CHAPTERS)] == ["ada/5", "emmy"]


def test_students_who_are_not_on_the_roster_are_listed_and_graded(tmp_path: Path) -> None:
    for student in ("ada", "emy"):
        put(tmp_path, f"{student}/04_graphs/04_graphs.ipynb")
    (finding,) = survey(tmp_path, CHAPTERS, {"ada", "emmy"})
    assert finding.used and "belongs to nobody on the roster (did you mean emmy?)" in str(finding)


def test_the_table_is_safe_in_a_spreadsheet_and_goes_when_all_is_well(tmp_path: Path) -> None:
    course = Course(tmp_path)
    for name in ("=1+1.ipynb", "ada/04_graphs.ipynb"):
        put(course.submitted, name)
    path = write_findings(course, survey(course.submitted, CHAPTERS, {"emmy"}))
    assert path is not None
    with path.open(encoding="utf-8") as file:
        rows = [(row["path"], row["student"], row["graded"]) for row in csv.DictReader(file)]
    assert rows == [
        ("submitted/=1+1.ipynb", "", "no"), ("submitted/ada/", "ada", "yes"), ("submitted/ada/04_graphs.ipynb", "ada", "no")
    ]  # fmt: skip
    assert write_findings(course, []) is None and not path.exists()


def test_a_misplaced_submission_is_not_graded_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = scratch(tmp_path / "course")
    put(course.submitted, "05_forward_mode/ada/05_forward_mode.ipynb")
    put(course.submitted, "emmy/05_forward_mode/05_forward_mode.ipynb")
    put(course.submitted, "emmy/05_Forward_mode/05_forward_mode.ipynb")
    chapters = ["05_forward_mode"]
    reasons = _misplaced(course, chapters, [])
    assert list(reasons) == [("ada", "05_forward_mode")]  # emmy has a submission, beside which something else is listed
    assert "wrong order" in reasons["ada", "05_forward_mode"]
    assert _misplaced(course, chapters, ["emmy"]) == {}
    course.require_students(["ada"], {"ada"})
    monkeypatch.chdir(course.root)
    monkeypatch.setattr(sys, "argv", ["triptych", "grade", "5", "--student", "ada", "--sandbox", "none"])
    with pytest.raises(SystemExit):  # not built: the student's name was accepted
        cli.main()
    assert "release/05_forward_mode is missing" in capsys.readouterr().err
    with pytest.raises(CourseError, match="did you mean emmy"):
        course.require_students(["emy"], {"ada"})
