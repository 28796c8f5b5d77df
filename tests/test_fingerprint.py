"""What changes a submission's fingerprint, so that it is graded again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from triptych.grade import fingerprint
from triptych.grade.fingerprint import SubmissionFingerprints
from triptych.grade.record import GRADED, Record
from triptych.grade.sandbox.limits import Limits
from triptych.model.course import Course

CHAPTER = "05_forward_mode"
LIMITS = Limits()
ADA = Path("submitted", "ada", CHAPTER)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """One submission, with a source and a release."""
    for folder in ("source", "release", "submitted/ada", "submitted/emmy"):
        path = tmp_path / folder / CHAPTER
        path.mkdir(parents=True)
        (path / f"{CHAPTER}.ipynb").write_text(folder)
    (tmp_path / ADA / "own.py").write_text("x = 1")
    return Course(tmp_path)


def of_ada(
    course: Course,
    sandbox: str = "bwrap",
    limits: Limits = LIMITS,
    due: datetime | None = None,
    by_hand: tuple[str, ...] = (),
) -> str:
    return SubmissionFingerprints(course, sandbox, limits).of("ada", CHAPTER, due, by_hand)


CHANGES: dict[str, Callable[[Path], object]] = {
    "notebook": lambda root: (root / ADA / f"{CHAPTER}.ipynb").write_text("changed"),
    "file": lambda root: (root / ADA / "own.py").write_text("x = 2"),
    "new file": lambda root: (root / ADA / "timestamp.txt").touch(),
    "renamed file": lambda root: (root / ADA / "own.py").rename(root / ADA / "other.py"),
    "removed file": lambda root: (root / ADA / "own.py").unlink(),
    "empty folder": lambda root: (root / ADA / "data").mkdir(),
    "link": lambda root: (root / ADA / "link").symlink_to("/etc/hostname"),
    "pipe": lambda root: os.mkfifo(root / ADA / "pipe"),
    "name that is not text": lambda root: Path(os.fsdecode(bytes(root / ADA) + b"/\xff")).touch(),
    "source": lambda root: (root / "source" / CHAPTER / f"{CHAPTER}.ipynb").write_text("changed"),
    "release": lambda root: (root / "release" / CHAPTER / f"{CHAPTER}.ipynb").write_text("changed"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_files_changes_it(course: Course, change: str) -> None:
    before = of_ada(course)
    CHANGES[change](course.root)
    assert of_ada(course) != before


def test_times_of_small_files_and_other_submissions_do_not_change_it(course: Course) -> None:
    before = of_ada(course)
    (course.submitted / "emmy" / CHAPTER / f"{CHAPTER}.ipynb").write_text("changed")
    for path in course.root.rglob("*"):
        os.utime(path, (0, 0))
    assert of_ada(course) == before


def test_a_folder_that_cannot_be_listed_hides_no_other_change(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a path that is too long for the system, at which `scandir` fails too."""
    for name in ("a", "b"):
        (course.root / ADA / name).mkdir()
    before, scandir = of_ada(course), os.scandir

    def failing(path: Path) -> object:
        if Path(path).name == "a":
            raise OSError(36, "File name too long")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    unlisted = of_ada(course)
    (course.root / ADA / "b" / "own.py").touch()
    assert len({before, unlisted, of_ada(course)}) == 3


def test_deadline_manual_scores_sandbox_limits_and_software_change_it(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprints = [
        of_ada(course),
        of_ada(course, due=datetime(2026, 12, 1)),
        of_ada(course, by_hand=("mul_jvp (2.0, None)",)),
        of_ada(course, sandbox="none"),
        of_ada(course, limits=replace(LIMITS, cpu_seconds=LIMITS.cpu_seconds + 1)),
    ]
    monkeypatch.setattr(fingerprint, "software", lambda: {"triptych": "another version"})
    fingerprints.append(of_ada(course))
    assert len(set(fingerprints)) == len(fingerprints)


def test_a_large_file_is_told_apart_by_size_and_time(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "READ_LIMIT_BYTES", 10)
    large = course.root / ADA / "own.py"
    large.write_text("x" * 1000)
    before = of_ada(course)
    assert of_ada(course) == before
    os.utime(large, (1, 1))
    assert of_ada(course) != before


def test_software_is_this_package_s_code_and_libraries() -> None:
    software = fingerprint.software()
    assert set(software) == {"triptych", *fingerprint.LIBRARIES}
    assert software["jax"] != "none" and "(" in software["triptych"]


def test_a_link_in_place_of_the_folder_is_not_followed(course: Course, tmp_path: Path) -> None:
    folder = course.root / ADA
    before = of_ada(course)
    target = folder.rename(tmp_path / "target")
    folder.symlink_to(target)
    linked = of_ada(course)
    assert linked != before
    (target / "own.py").write_text("x = 3")
    assert of_ada(course) == linked


def test_a_record_of_an_older_version_is_read(course: Course) -> None:
    """Its fingerprint was called `digest`, and depends on that version's code: the submission is graded again."""
    row = {"student": "ada", "chapter": CHAPTER, "status": GRADED, "score": 2.0, "cells": {}, "digest": "0" * 64}
    record = Record(course)
    record.path.parent.mkdir()
    record.path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (result,) = record.results().values()
    assert (result.score, result.fingerprint, result.unchanged) == (2.0, "", True)
