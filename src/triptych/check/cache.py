"""What `triptych check` finds in each chapter, kept until something that decides on it changes.

The rules are imported only for chapters that have changed: what reads a notebook takes longer to import
than a whole check of stamps takes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import cached_property
from pathlib import Path

import triptych
from triptych.check.violation import Violation
from triptych.fingerprint import fingerprint
from triptych.model.course import Course

#: Whose version may change what is found.
LIBRARIES = ("jupytext", "nbformat")
#: The name under which what is found of all chapters together is kept.
WORKSHOP = "workshop"


def check_changed(course: Course, chapters: Sequence[str], *, force: bool = False) -> list[Violation]:
    """Every violation in the chapters named. What has not changed since it was checked is not read, unless `force`."""
    checked, violations = Checked(course), []
    for chapter in chapters:
        found = None if force else checked.found(chapter)
        if found is None:
            from triptych.check.rules import check_chapter

            found = check_chapter(course, chapter)
            checked.keep(chapter, found)
        violations += found
    if not violations and list(chapters) == list(course.plans):  # the workshop is made of all of them
        found = None if force else checked.found(WORKSHOP)
        if found is None:
            from triptych.check.rules import check_workshop

            found = check_workshop(course)
            checked.keep(WORKSHOP, found)
        violations += found
    checked.write()
    return violations


class Checked:
    """The record of a course's checks, `.triptych/check.json`: digest and violations of each chapter."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._file = course.root / ".triptych" / "check.json"
        self._changed = False

    def found(self, chapter: str) -> list[Violation] | None:
        """The violations that were found in a chapter (or in the workshop); None when it is to be checked anew."""
        made_from, found = self._kept.get(chapter, ("", []))
        return found if made_from == self._digest(chapter) else None

    def keep(self, chapter: str, found: list[Violation]) -> None:
        self._kept[chapter] = (self._digest(chapter), found)
        self._changed = True

    def write(self) -> None:
        """Writes what was kept. A course folder that cannot be written to is checked all the same."""
        if not self._changed:
            return
        kept = {name: [made_from, [asdict(b) for b in found]] for name, (made_from, found) in self._kept.items()}
        partial = self._file.with_suffix(".part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            partial.replace(self._file)
        except OSError:
            pass

    @cached_property
    def _kept(self) -> dict[str, tuple[str, list[Violation]]]:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            names = {field.name for field in fields(Violation)}
            if any(set(violation) != names for _, found in kept.values() for violation in found):
                return {}
            return {
                name: (str(made_from), [Violation(**b) for b in found]) for name, (made_from, found) in kept.items()
            }
        except (OSError, ValueError, TypeError, AttributeError):
            return {}  # nothing recorded, or nothing readable: everything is checked

    def _digest(self, chapter: str) -> str:
        chapters = self._course.chapters if chapter == WORKSHOP else [chapter]
        paths = [
            path
            for c in chapters
            for path in (self._course.source / c, self._course.answers / c, self._course.chapter_tests(c))
        ]
        return fingerprint(*paths, texts=[self._common])

    @cached_property
    def _common(self) -> str:
        """What all chapters' violations depend on: the rules, the contract, the originals of the copies."""
        package = Path(triptych.__file__).parent
        return fingerprint(
            package, self._course.slides / "theme", self._course.source / "course.toml", libraries=LIBRARIES
        )
