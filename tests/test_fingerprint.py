"""What makes a submission's digest change, and so has it graded again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from triptych.grade import fingerprint
from triptych.grade.fingerprint import Digests
from triptych.grade.sandbox.limits import Limits
from triptych.model.course import Course

CHAPTER = "05_forward_mode"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """One submission, with a source and a release."""
    for folder in ("source", "release", "submitted/ada", "submitted/emmy"):
        path = tmp_path / folder / CHAPTER
        path.mkdir(parents=True)
        (path / f"{CHAPTER}.ipynb").write_text(folder)
    (tmp_path / "submitted" / "ada" / CHAPTER / "own.py").write_text("x = 1")
    return Course(tmp_path)


def of_ada(course: Course) -> str:
    return Digests(course, "bwrap", Limits()).of("ada", CHAPTER, None, [])


def test_the_same_submission_has_the_same_digest(course: Course) -> None:
    before = of_ada(course)
    for path in course.root.rglob("*"):
        os.utime(path, (0, 0))  # when a small file was written does not matter
    assert of_ada(course) == before


def write(*parts: str, text: str = "changed") -> Callable[[Course], object]:
    return lambda course: course.root.joinpath(*parts).write_text(text)


SUBMITTED = ("submitted", "ada", CHAPTER)
CHANGES: dict[str, Callable[[Course], object]] = {
    "notebook": write(*SUBMITTED, f"{CHAPTER}.ipynb"),
    "file": write(*SUBMITTED, "own.py", text="x = 2"),
    "new file": write(*SUBMITTED, "timestamp.txt"),
    "renamed file": lambda c: c.root.joinpath(*SUBMITTED, "own.py").rename(c.root.joinpath(*SUBMITTED, "other.py")),
    "removed file": lambda c: c.root.joinpath(*SUBMITTED, "own.py").unlink(),
    "empty folder": lambda c: c.root.joinpath(*SUBMITTED, "data").mkdir(),
    "link": lambda c: c.root.joinpath(*SUBMITTED, "link").symlink_to("/etc/hostname"),
    "pipe": lambda c: os.mkfifo(c.root.joinpath(*SUBMITTED, "pipe")),
    "name that is not text": lambda c: Path(os.fsdecode(bytes(c.root.joinpath(*SUBMITTED)) + b"/\xff")).touch(),
    "source": write("source", CHAPTER, f"{CHAPTER}.ipynb"),
    "release": write("release", CHAPTER, f"{CHAPTER}.ipynb"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_files_changes_it(course: Course, change: str) -> None:
    before = of_ada(course)
    CHANGES[change](course)
    assert of_ada(course) != before


def test_another_students_submission_does_not_change_it(course: Course) -> None:
    before = of_ada(course)
    write("submitted", "emmy", CHAPTER, f"{CHAPTER}.ipynb")(course)
    assert of_ada(course) == before


def test_deadline_manual_scores_sandbox_limits_and_versions_change_it(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits()
    plain = Digests(course, "bwrap", limits)
    seen = [
        plain.of("ada", CHAPTER, None, []),
        plain.of("ada", CHAPTER, datetime(2026, 12, 1), []),
        plain.of("ada", CHAPTER, None, ["mul_jvp (2.0, None)"]),
        Digests(course, "none", limits).of("ada", CHAPTER, None, []),
        Digests(course, "bwrap", replace(limits, cpu_seconds=limits.cpu_seconds + 1)).of("ada", CHAPTER, None, []),
    ]
    monkeypatch.setattr(fingerprint, "machinery", lambda: {"triptych": "another version"})
    seen.append(of_ada(course))
    assert len(set(seen)) == len(seen)


def test_a_large_file_is_told_apart_by_size_and_time(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "READ_BYTES", 10)
    large = course.root.joinpath(*SUBMITTED, "own.py")
    large.write_text("x" * 1000)
    before = of_ada(course)
    assert of_ada(course) == before
    os.utime(large, (1, 1))
    assert of_ada(course) != before


def test_machinery_names_code_and_libraries() -> None:
    named = fingerprint.machinery()
    assert set(named) == {"triptych", *fingerprint.LIBRARIES}
    assert named["jax"] != "none" and "(" in named["triptych"]


def test_a_link_in_place_of_the_folder_is_not_followed(course: Course, tmp_path: Path) -> None:
    folder = course.root.joinpath(*SUBMITTED)
    before = of_ada(course)
    kept = folder.rename(tmp_path / "kept")
    folder.symlink_to(kept)
    linked = of_ada(course)
    assert linked != before
    (kept / "own.py").write_text("x = 3")
    assert of_ada(course) == linked
