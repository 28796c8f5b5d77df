"""One rule broken at one place. Knows nothing of the rest of the package, so that it costs nothing to import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One rule broken at one place: a file, relative to the course folder, and a cell or a line of it."""

    file: str
    cell: str
    rule: str
    message: str
    #: counted from 1, where the file is no notebook
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}, cell {self.cell}" if self.cell else self.file
        where += f", line {self.line}" if self.line else ""
        return f"{where}: {self.message} [{self.rule}]"
