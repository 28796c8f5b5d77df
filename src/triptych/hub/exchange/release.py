"""The instructor's use of the exchange: releasing, collecting, returning feedback. Runs as the instructor.

With the configuration that nbgrader itself reads: the hub's (on JUPYTER_CONFIG_PATH) and the course's.
"""

from __future__ import annotations

import logging
from contextlib import chdir
from pathlib import Path
from typing import Any

from nbgrader.apps import NbGrader
from nbgrader.apps.api import NbGraderAPI
from nbgrader.auth import NoAuthPlugin
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc

from triptych.build.build_cache import BuildCache, chapter_fingerprint, shared_fingerprint
from triptych.build.release import release_chapter
from triptych.fingerprint import fingerprint
from triptych.hub.exchange import listing
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook, succeed


def exchange_api(course: Course) -> NbGraderAPI:
    """nbgrader's API with the configuration of its own commands in the course folder, the exchange included.

    Raises:
        CourseError: there is no exchange.
    """
    with chdir(course.root):
        app = NbGrader()
        app.log.setLevel(logging.ERROR)
        app.load_config_file()
    config = app.config
    config.CourseDirectory.root = str(course.root)
    config.ExchangeReleaseAssignment.force = True
    # the permissions of the folders decide who may do this, and the hub need not run for it
    config.Authenticator.plugin_class = NoAuthPlugin
    api = NbGraderAPI(CourseDirectory(config=config), config=config, log_level="INFO")
    if api.exchange_missing:
        raise CourseError(
            f"There is no exchange at {api.exchange_root}: run this in the instructor's terminal on the hub, or set "
            "c.Exchange.root in nbgrader_config.py."
        )
    api.log.propagate = False
    return api


def release(course: Course, chapter: str, due: str | None = None) -> bool:
    """Makes a chapter's student version and puts it into the exchange.

    Args:
        course: the course.
        chapter: the chapter's name.
        due: a deadline in nbgrader's format, such as `2026-12-01 12:00 UTC`.

    Returns:
        False if the exchange already holds the same files.

    Raises:
        CourseError: the deadline is malformed, there is no exchange, or nbgrader failed.
    """
    _make(course, chapter)
    if due is not None:
        try:
            deadline = parse_utc(due)
        except ValueError as error:
            raise CourseError(f"{due!r} is not a time: write it like '2026-12-01 12:00 UTC'.") from error
        with gradebook(course) as book:
            book.update_or_create_assignment(chapter, duedate=deadline)
    api = exchange_api(course)
    exchange = Path(api.exchange_root) / api.coursedir.course_id
    listing.publish(course, exchange)
    released = exchange / "outbound" / chapter
    if released.is_dir() and fingerprint(released) == fingerprint(course.release / chapter):
        return False
    succeed(api.release_assignment(chapter), f"release {chapter}")
    return True


def _make(course: Course, chapter: str) -> None:
    """Makes the student version unless it is up to date, because `hub up` is repeated often."""
    cache, inputs = BuildCache(course), chapter_fingerprint(course, chapter, shared_fingerprint(course))
    with gradebook(course) as book:
        known = any(one.name == chapter and one.notebooks for one in book.assignments)
    if known and cache.is_fresh(course.release / chapter, inputs):
        return
    release_chapter(course, chapter)
    cache.record(course.release / chapter, inputs)


def collect(course: Course, chapter: str) -> list[str]:
    """Copies a chapter's submissions from the exchange into `submitted/`.

    Returns:
        The lines of nbgrader's log: what was collected, and what was rejected for which reason.

    Raises:
        CourseError: there is no exchange, or nbgrader failed.
    """
    result = exchange_api(course).collect(chapter)
    succeed(result, f"collect {chapter}")
    return _log_lines(result)


def release_feedback(course: Course, chapter: str) -> list[str]:
    """Copies a chapter's feedback pages from `feedback/` into the exchange.

    Returns:
        The lines of nbgrader's log.

    Raises:
        CourseError: there is no exchange, or nbgrader failed.
    """
    result = exchange_api(course).release_feedback(chapter)
    succeed(result, f"return the feedback for {chapter}")
    return _log_lines(result)


def _log_lines(result: dict[str, Any]) -> list[str]:
    """nbgrader's log without its prefixes."""
    lines = [line.split("] ", 1)[-1].strip() for line in result.get("log", "").splitlines()]
    return [line for line in lines if line and not line.startswith("Feedback released to")]
