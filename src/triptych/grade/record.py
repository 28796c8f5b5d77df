"""What became of every submission, kept beside the gradebook, which has no place for “not graded”."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from triptych.model.course import Course, CourseError

GRADED, NOT_GRADED = "graded", "not_graded"


@dataclass(frozen=True)
class CellScore:
    score: float
    max_score: float


@dataclass(frozen=True)
class Result:
    """What became of one submission. `score` is None when it was not graded."""

    student: str
    chapter: str
    status: str
    reason: str = ""
    score: float | None = None
    max_score: float | None = None
    late: bool = False
    #: points taken off for being late; `score` is without it
    penalty: float = 0.0
    cells: dict[str, CellScore] = field(default_factory=dict)
    seconds: float = 0.0
    sandbox: str = ""
    #: where the time went, in seconds: "sandbox", "cells", "tests", "gradebook"
    phases: dict[str, float] = field(default_factory=dict)
    #: seconds by test cell
    tests: dict[str, float] = field(default_factory=dict)
    #: over everything that decided on it (`fingerprint`); empty when it should be tried again whatever comes
    digest: str = ""
    #: it stands from an earlier run, of which nothing has changed
    unchanged: bool = False


class Record:
    """Every result of a course folder, a line each in the order they came; the last one of a submission counts.

    Lines are added, so that a class of thousands costs no more a submission than one of ten, and a
    run that is killed loses no more than the line it was writing.
    """

    def __init__(self, course: Course) -> None:
        self.path = course.root / ".triptych" / "record.jsonl"

    def read(self) -> list[dict[str, Any]]:
        """The newest result of every submission, in no particular order. Raises CourseError."""
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return []
        found = {}
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                row = json.loads(line)
                found[row["student"], row["chapter"]] = row
            except (ValueError, TypeError, KeyError) as error:
                if number == len(lines):
                    continue  # cut off by the end of a run
                raise CourseError(
                    f"{self.path}, line {number} is damaged ({error}): delete that line, and grade again."
                ) from error
        return list(found.values())

    def results(self) -> dict[tuple[str, str], Result]:
        """The newest result of every submission by student and chapter; those of another version are left out."""
        found = {}
        for row in self.read():
            try:
                cells = {name: CellScore(**score) for name, score in row["cells"].items()}
                fields = {name: row[name] for name in Result.__dataclass_fields__ if name in row}
                found[row["student"], row["chapter"]] = Result(**{**fields, "cells": cells, "unchanged": True})
            except (KeyError, TypeError, AttributeError):
                continue
        return found

    def add(self, result: Result) -> None:
        """Enters a result."""
        entry = {name: value for name, value in asdict(result).items() if name != "unchanged"}
        entry["graded_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(json.dumps(entry, sort_keys=True).encode() + b"\n")

    def shorten(self) -> None:
        """Leaves out what later lines have replaced; the file is whole at every moment."""
        rows = self.read()
        if rows:
            partial = self.path.with_suffix(".part")
            partial.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows), encoding="utf-8")
            partial.replace(self.path)
