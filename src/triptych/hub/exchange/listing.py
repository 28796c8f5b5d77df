"""What the instructor publishes about the course: `chapters.json` in the exchange, with titles, points and deadlines.

nbgrader's exchange holds only files. Deadlines are in the gradebook, which no student may read.
"""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

from triptych.files import write_whole
from triptych.model.course import Course
from triptych.nbgrader_api import gradebook

FILE = "chapters.json"


def publish(course: Course, folder: Path) -> dict[str, Any]:
    """Writes the list if it has changed, readable for everyone.

    Args:
        course: the course.
        folder: the course's folder in the exchange.

    Returns:
        What `read` returns.

    Raises:
        OSError: the folder is not the instructor's.
    """
    with gradebook(course) as book:
        deadlines = {one.name: one.duedate.replace(tzinfo=UTC).isoformat() for one in book.assignments if one.duedate}
    chapters = {
        chapter: {
            "title": plan.title,
            "points": sum(exercise.points for exercise in plan.exercises.values()),
            "exercises": len(plan.exercises),
            "minutes": sum(exercise.minutes for exercise in plan.exercises.values()),
            "due": deadlines.get(chapter, ""),
        }
        for chapter, plan in course.plans.items()
        if chapter in course.chapters
    }
    listing = {"title": course.title, "language": course.language, "chapters": chapters}
    if read(folder) != listing:
        write_whole(folder / FILE, json.dumps(listing, indent=1) + "\n")
    return listing


def read(folder: Path) -> dict[str, Any]:
    """The list in the course's folder in the exchange; without chapters if there is none yet, or a broken one."""
    nothing: dict[str, Any] = {"title": "", "language": "en", "chapters": {}}
    try:
        return nothing | json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return nothing
