"""How far a course folder is, and what to do in it next. Imports nothing that reads notebooks: it answers at once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from triptych.build.build_cache import BuildCache, chapter_fingerprint, shared_fingerprint
from triptych.check.cache import Checked
from triptych.grade.record import GRADED, Record
from triptych.model.course import Course


@dataclass
class State:
    """What a course folder holds: lines to read, and the one command that comes next."""

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    #: the command, and why
    next: tuple[str, str] = ("", "")

    def add(self, about: str, found: str, command: str = "", why: str = "") -> None:
        """Notes something. The first command that is noted is the one to give next."""
        self.lines.append((about, found))
        if command and not self.next[0]:
            self.next = (command.strip(), why)


def state_of(course: Course) -> State:
    """Looks at sources, what is built, submissions and reports, in the order in which work goes through them.

    Raises CourseError when the course's contract or record cannot be read.
    """
    state = State(course.title)
    chapters = course.chapters
    if not chapters:
        state.add("sources", "none yet", "triptych new chapter NAME", "makes the first chapter")
        return state
    _sources(course, chapters, state)
    _built(course, chapters, state)
    _class(course, chapters, state)
    if not state.next[0]:
        state.next = (f"triptych present {chapters[0][:2]}", "gives a lecture; slides/index.html has all decks")
    return state


def _sources(course: Course, chapters: list[str], state: State) -> None:
    exercises = sum(len(course.plans[chapter].exercises) for chapter in chapters)
    said = f"{_count(len(chapters), 'chapter')}, {_count(exercises, 'exercise')}"
    missing = [chapter for chapter in course.plans if chapter not in chapters]
    if missing:
        said += f"; {_some(missing)} only in course.toml"
    checked = Checked(course)
    found = {chapter: checked.found(chapter) for chapter in chapters}
    violations = sum(len(violations) for violations in found.values() if violations)
    unknown = [chapter for chapter, violations in found.items() if violations is None]
    if violations:
        broken = [chapter for chapter, violations in found.items() if violations]
        why = f"says where {_count(violations, 'rule')} {'is' if violations == 1 else 'are'} not kept"
        state.add("sources", said, f"triptych check {_numbers(broken, chapters)}", why)
    elif unknown:
        state.add(
            "sources", said, f"triptych check {_numbers(unknown, chapters)}", "sees to it that the rules are kept"
        )
    else:
        state.add("sources", f"{said}; all rules kept")


def _built(course: Course, chapters: list[str], state: State) -> None:
    cache, shared = BuildCache(course), shared_fingerprint(course)
    stale = [
        chapter
        for chapter in chapters
        if not all(
            cache.is_fresh(product, chapter_fingerprint(course, chapter, shared))
            for product in (course.release / chapter, course.slides / f"{chapter}.html")
        )
    ]
    if stale:
        never = not any((course.slides / f"{chapter}.html").is_file() for chapter in chapters)
        said = "nothing yet" if never else f"{_some(stale)} not as the sources are now"
        why = "makes student versions, answer keys and decks"
        state.add("built", said, f"triptych build {_numbers(stale, chapters)}", why)
    else:
        state.add("built", "all as the sources are now")


def _class(course: Course, chapters: list[str], state: State) -> None:
    handed_in = list(_submissions(course, chapters))
    record = Record(course)
    rows = {(row["student"], row["chapter"]): row for row in record.read()}
    if not handed_in and not rows:
        state.add("submissions", f"none in {course.submitted.relative_to(course.root)}/")
        return
    waiting = [key for key in handed_in if not _graded_since(course, key, rows.get(key))]
    said = _count(len(handed_in), "submission")
    if waiting:
        why = f"grades what is new: {_some([f'{n} of {c}' for c, n in Counter(c for _, c in waiting).items()])}"
        numbers = _numbers(sorted({chapter for _, chapter in waiting}), chapters)
        state.add(
            "submissions",
            f"{said}, {len(waiting)} of them not graded as they are now",
            f"triptych grade {numbers}",
            why,
        )
    else:
        failed = sum(row["status"] != GRADED for row in rows.values())
        state.add("submissions", f"{said}, all looked at" + (f"; {failed} could not be graded" if failed else ""))
    if rows:
        report = course.root / "report.html"
        new = report.is_file() and report.stat().st_mtime >= record.path.stat().st_mtime
        if new:
            state.add("report", "report.html and grades.csv are up to date")
        else:
            said = "older than the last grading" if report.is_file() else "none yet"
            state.add(
                "report", said, "triptych report", "shows how the class did, and writes report.html and grades.csv"
            )


def _submissions(course: Course, chapters: list[str]) -> Iterator[tuple[str, str]]:
    """(student, chapter) of what lies in `submitted/`; nothing of it is opened, no link followed."""
    if course.submitted.is_dir():
        for student in sorted(p.name for p in course.submitted.iterdir() if not p.name.startswith(".")):
            yield from ((student, c) for c in chapters if os.path.lexists(course.submitted / student / c))


def _graded_since(course: Course, key: tuple[str, str], row: dict[str, object] | None) -> bool:
    """Whether a submission has a result that is younger than it. (`triptych grade` itself goes by content.)"""
    if row is None:
        return False
    folder = course.submitted / key[0] / key[1]
    try:
        graded = datetime.fromisoformat(str(row.get("graded_at"))).timestamp()
        # When a file came here, not when it was written; the record counts whole seconds.
        return max(path.lstat().st_ctime for path in (folder, *_below(folder))) < graded + 1
    except (OSError, ValueError):
        return False


def _below(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _numbers(chosen: list[str], chapters: list[str]) -> str:
    """Chapters as arguments of a command; none when it is all of them."""
    return "" if len(chosen) == len(chapters) else " ".join(chapter[:2] for chapter in chosen)


def _some(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
