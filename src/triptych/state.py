"""The state of a course folder and the next step in it.

It reads no notebook and imports no package that does, so `triptych` alone answers at once.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from triptych.build.build_cache import BuildCache, chapter_fingerprint, shared_fingerprint
from triptych.grade.record import GRADED, Record
from triptych.grade.submission.places import survey
from triptych.model.course import Course


@dataclass
class State:
    """The state of a course folder.

    Attributes:
        title: the course's title.
        lines: topics, each with a description.
        next: the command for the next step, and its purpose.
    """

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    next: tuple[str, str] = ("", "")

    def add(self, topic: str, description: str, command: str = "", purpose: str = "") -> None:
        """Adds a line. The first command that is added becomes the next step."""
        self.lines.append((topic, description))
        if command and not self.next[0]:
            self.next = (command.strip(), purpose)


def state_of(course: Course) -> State:
    """Examines sources, builds, submissions and reports, in the order of the work.

    Raises:
        CourseError: the course's contract or record cannot be read.
    """
    state = State(course.title)
    chapters = course.chapters
    if not chapters:
        state.add("sources", "none yet", "triptych new chapter NAME", "makes the first chapter")
        return state
    _add_sources(course, chapters, state)
    _add_builds(course, chapters, state)
    _add_submissions(course, chapters, state)
    if not state.next[0]:
        state.next = (f"triptych present {chapters[0][:2]}", "presents a chapter; slides/index.html lists all decks")
    return state


def _add_sources(course: Course, chapters: list[str], state: State) -> None:
    exercises = sum(len(course.plans[chapter].exercises) for chapter in chapters)
    description = f"{_count(len(chapters), 'chapter')}, {_count(exercises, 'exercise')}"
    if missing := [chapter for chapter in course.plans if chapter not in chapters]:
        description += f"; in course.toml but without a notebook: {_list(missing)}"
    state.add("sources", description)


def _add_builds(course: Course, chapters: list[str], state: State) -> None:
    cache, shared = BuildCache(course), shared_fingerprint(course)
    stale = [
        chapter
        for chapter in chapters
        if not all(
            cache.is_fresh(product, chapter_fingerprint(course, chapter, shared))
            for product in (course.release / chapter, course.slides / f"{chapter}.html")
        )
    ]
    if not stale:
        state.add("built", "up to date")
        return
    never = not any((course.slides / f"{chapter}.html").is_file() for chapter in chapters)
    numbers = _arguments(stale, chapters)
    command = f"triptych check{numbers} && triptych build{numbers}"
    purpose = "checks the sources and makes student versions, answer keys and decks"
    state.add("built", "nothing yet" if never else f"not up to date: {_list(stale)}", command, purpose)


def _add_submissions(course: Course, chapters: list[str], state: State) -> None:
    submissions = list(_submissions(course, chapters))
    record = Record(course)
    rows = {(row["student"], row["chapter"]): row for row in record.read()}
    wrong = len(survey(course.submitted, list(course.plans)))
    misplaced = f"{wrong} in wrong places, which `triptych grade` lists" if wrong else ""
    if not submissions and not rows:
        place = f"{course.submitted.relative_to(course.root)}/"
        state.add("submissions", f"none in {place}" + (f"; {misplaced}" if wrong else ""))
        return
    waiting = [key for key in submissions if not _is_up_to_date(course, key, rows.get(key))]
    count = _count(len(submissions), "submission")
    if misplaced:
        count += f"; {misplaced}"
    if waiting:
        per_chapter = Counter(chapter for _, chapter in waiting)
        purpose = f"grades {_list([f'{number} of {chapter}' for chapter, number in per_chapter.items()])}"
        command = f"triptych grade{_arguments(sorted(per_chapter), chapters)}"
        state.add("submissions", f"{count}, {len(waiting)} of them new or changed", command, purpose)
    else:
        failed = sum(row["status"] != GRADED for row in rows.values())
        state.add("submissions", f"{count}, up to date" + (f"; {failed} not graded" if failed else ""))
    if rows:
        report = course.root / "report.html"
        if report.is_file() and report.stat().st_mtime >= record.path.stat().st_mtime:
            state.add("report", "report.html and grades.csv are up to date")
        else:
            description = "older than the last grading" if report.is_file() else "none yet"
            purpose = "prints how the class did, and writes report.html and grades.csv"
            state.add("report", description, "triptych report", purpose)


def _submissions(course: Course, chapters: list[str]) -> Iterator[tuple[str, str]]:
    """(student, chapter) of every submission. None is opened, and no link in one is followed."""
    if course.submitted.is_dir():
        for student in sorted(p.name for p in course.submitted.iterdir() if not p.name.startswith(".")):
            yield from ((student, c) for c in chapters if os.path.lexists(course.submitted / student / c))


def _is_up_to_date(course: Course, key: tuple[str, str], row: dict[str, object] | None) -> bool:
    """Whether a submission has a result that is younger than its files. (`triptych grade` compares their content.)"""
    if row is None:
        return False
    folder = course.submitted / key[0] / key[1]
    try:
        graded = datetime.fromisoformat(str(row.get("graded_at"))).timestamp()
        # the change time, since a copy may keep the modification time; the record counts whole seconds
        return max(path.lstat().st_ctime for path in (folder, *_entries(folder))) < graded + 1
    except (OSError, ValueError):
        return False


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _arguments(selected: list[str], chapters: list[str]) -> str:
    """Chapters as arguments of a command; empty if all are selected, since that is the default."""
    return "" if len(selected) == len(chapters) else "".join(f" {chapter[:2]}" for chapter in selected)


def _list(names: list[str], limit: int = 3) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
