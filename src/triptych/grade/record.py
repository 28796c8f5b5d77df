"""The record of results, beside the gradebook, which has no place for submissions that were not graded."""

from __future__ import annotations

import json
import stat
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from triptych.files import write_whole
from triptych.model.course import Course, CourseError

GRADED, NOT_GRADED = "graded", "not_graded"


@dataclass(frozen=True)
class CellScore:
    """The points of a test cell."""

    score: float
    max_score: float


@dataclass(frozen=True)
class Result:
    """The result of one submission.

    Attributes:
        student: The student's name.
        chapter: The chapter's name.
        status: `GRADED` or `NOT_GRADED`.
        reason: Why it was not graded.
        score: Points, without `penalty`; None if it was not graded.
        max_score: Points that it could have.
        late: Whether it was handed in after the deadline.
        penalty: Points taken off for being late.
        cells: Points by test cell.
        messages: What feedback says about failed test cells.
        seconds: Time spent on it.
        sandbox: "bwrap" or "none".
        phases: Seconds by phase: "sandbox", "cells", "tests", "gradebook".
        tests: Seconds by test cell.
        notes: What a person should know about it.
        file: The notebook that was graded, relative to the submission's folder.
        content: A fingerprint of what the student wrote.
        seed: The secret seed of the random draws in its tests.
        files: A fingerprint of the submission's files. Only for the same files the seed is used again.
        pending: Graded cells that wait for a person, by name, with their points.
        by_hand: Cells with a manual score, with the `content` for which it was given.
        fingerprint: Of everything that decides the result; empty if the next run tries it again in any case.
        unchanged: Whether it is the result of an earlier run.
    """

    student: str
    chapter: str
    status: str
    reason: str = ""
    score: float | None = None
    max_score: float | None = None
    late: bool = False
    penalty: float = 0.0
    cells: dict[str, CellScore] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    sandbox: str = ""
    phases: dict[str, float] = field(default_factory=dict)
    tests: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    file: str = ""
    content: str = ""
    seed: str = ""
    files: str = ""
    pending: dict[str, float] = field(default_factory=dict)
    by_hand: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    unchanged: bool = False


class Record:
    """All results of a course folder, a line of JSON each; the last line of a submission counts.

    Results are appended, so that a submission costs the same in a class of thousands, and a run that is killed loses
    only the line that it was writing.
    """

    def __init__(self, course: Course) -> None:
        self.path = course.root / ".triptych" / "record.jsonl"

    def read(self) -> list[dict[str, Any]]:
        """Returns the newest result of every submission, in no particular order.

        Raises:
            CourseError: A line is damaged.
        """
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return []
        rows = {}
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                row = json.loads(line)
                rows[row["student"], row["chapter"]] = row
            except (ValueError, TypeError, KeyError) as error:
                if number == len(lines):
                    continue  # cut off by the end of a run
                raise CourseError(
                    f"{self.path}, line {number} is damaged ({error}): delete that line, and grade again."
                ) from error
        return list(rows.values())

    def results(self) -> dict[tuple[str, str], Result]:
        """Returns the newest result of every submission by student and chapter.

        Rows of older versions are read as far as they go, and left out when they lack what every result has.
        """
        results = {}
        for row in self.read():
            try:
                fields = {name: row[name] for name in Result.__dataclass_fields__ if name in row}
                cells = {name: CellScore(**score) for name, score in row["cells"].items()}
                results[row["student"], row["chapter"]] = Result(**{**fields, "cells": cells, "unchanged": True})
            except (KeyError, TypeError, AttributeError):
                continue
        return results

    def add(self, result: Result) -> None:
        """Appends a result."""
        row = asdict(result)
        del row["unchanged"]
        row["graded_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(json.dumps(row, sort_keys=True).encode() + b"\n")

    def shorten(self) -> None:
        """Removes lines that later ones have replaced, and a line that was cut off.

        Raises:
            CourseError: A line is damaged.
        """
        if rows := self.read():
            text = "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows)
            if text.encode() == self.path.read_bytes():  # the report compares the time of this file with its own
                return
            write_whole(self.path, text, stat.S_IMODE(self.path.stat().st_mode))
