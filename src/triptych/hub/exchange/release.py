"""What the instructor does with the exchange: release, collect, hand back. Runs as the instructor.

With the configuration that nbgrader itself reads: the hub's (on JUPYTER_CONFIG_PATH) and the course's.
"""

from __future__ import annotations

import filecmp
import logging
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from nbgrader.apps import NbGrader
from nbgrader.apps.api import NbGraderAPI
from nbgrader.auth import NoAuthPlugin
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc

from triptych.build.build_cache import BuildCache, chapter_fingerprint, shared_fingerprint
from triptych.build.release import release_chapter
from triptych.hub.roster import Person
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook, succeed


def api_of(course: Course) -> NbGraderAPI:
    """nbgrader's API as its own commands have it in the course folder, the exchange included."""
    with chdir(course.root):
        app = NbGrader()
        app.log.setLevel(logging.ERROR)
        app.load_config_file()
    config = app.config
    config.CourseDirectory.root = str(course.root)
    config.ExchangeReleaseAssignment.force = True
    # who may do this is settled by whose folders these are; the hub need not run for it
    config.Authenticator.plugin_class = NoAuthPlugin
    api = NbGraderAPI(CourseDirectory(config=config), config=config, log_level="INFO")
    if api.exchange_missing:
        raise CourseError(
            f"There is no exchange at {api.exchange_root}: do this in the instructor's terminal on the hub, or name "
            "one in nbgrader_config.py (c.Exchange.root)."
        )
    api.log.propagate = False
    return api


def enrol(course: Course, people: list[Person]) -> None:
    """Enters students into the gradebook, so that who hands in nothing is listed too."""
    with gradebook(course) as book:
        for person in people:
            book.update_or_create_student(
                person.user, first_name=person.first_name, last_name=person.last_name, email=person.email
            )


def release(course: Course, chapter: str, due: str | None = None) -> bool:
    """Makes the student version and puts it into the exchange. False when it was there already, just so.

    due: a deadline as nbgrader reads it, such as `2026-12-01 12:00 UTC`.
    """
    made = course.release / chapter
    _make(course, chapter)
    if due is not None:
        try:
            moment = parse_utc(due)
        except ValueError as error:
            raise CourseError(f"{due!r} is no point in time: write it like '2026-12-01 12:00 UTC'.") from error
        with gradebook(course) as book:
            book.update_or_create_assignment(chapter, duedate=moment)
    api = api_of(course)
    released = Path(api.exchange_root) / api.coursedir.course_id / "outbound" / chapter
    if released.is_dir() and _same(made, released):
        return False
    succeed(api.release_assignment(chapter), f"release {chapter}")
    return True


def _make(course: Course, chapter: str) -> None:
    """The student version, unless it is there and follows from the source as it is: `hub up` is run again and again."""
    cache, inputs = BuildCache(course), chapter_fingerprint(course, chapter, shared_fingerprint(course))
    with gradebook(course) as book:
        known = any(one.name == chapter and one.notebooks for one in book.assignments)
    if known and cache.is_fresh(course.release / chapter, inputs):
        return
    release_chapter(course, chapter)
    cache.record(course.release / chapter, inputs)


def _same(one: Path, other: Path) -> bool:
    compared = filecmp.dircmp(one, other, ignore=[], hide=[".ipynb_checkpoints"])
    pending = [compared]
    while pending:
        here = pending.pop()
        same = filecmp.cmpfiles(here.left, here.right, here.common_files, shallow=False)
        if here.left_only or here.right_only or here.funny_files or same[1] or same[2]:
            return False
        pending += here.subdirs.values()
    return True


@dataclass(frozen=True)
class Collected:
    """What became of one chapter's submissions in the exchange, as lines for a person."""

    chapter: str
    lines: tuple[str, ...]


def collect(course: Course, chapter: str) -> Collected:
    """Brings submissions from the exchange into `submitted/`."""
    said = api_of(course).collect(chapter)
    succeed(said, f"collect {chapter}")
    return Collected(chapter, tuple(_lines(said.get("log", ""))))


def release_feedback(course: Course, chapter: str) -> Collected:
    """Puts the feedback pages of `feedback/` into the exchange."""
    said = api_of(course).release_feedback(chapter)
    succeed(said, f"hand back the feedback for {chapter}")
    return Collected(chapter, tuple(_lines(said.get("log", ""))))


def _lines(log: str) -> Iterator[str]:
    """nbgrader's log without its decoration."""
    for line in log.splitlines():
        text = line.split("] ", 1)[-1].strip()
        if text and not text.startswith("Feedback released to"):
            yield text
