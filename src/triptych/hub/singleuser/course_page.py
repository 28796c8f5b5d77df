"""A server extension: the course page, which JupyterLab shows at the first login and from its launcher.

It lists the chapters with their deadlines and the user's own progress. The instructor sees the number of submissions
instead. The page is HTML without scripts; `data/labextensions/triptych-course` shows it in a tab, and its links and
buttons call nbgrader's own Assignment List (fetch, submit, fetch_feedback).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jinja2
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from triptych.grade.record import Record
from triptych.hub.exchange import listing
from triptych.hub.exchange.inbound import arrivals
from triptych.hub.singleuser import progress
from triptych.model.course import Course
from triptych.nbgrader_api import gradebook

TEMPLATE = Path(__file__).resolve().parents[2] / "data" / "templates" / "course_page.html.j2"


class CoursePageHandler(JupyterHandler):
    """GET answers the page as HTML, for the user whose server this is."""

    @web.authenticated
    async def get(self) -> None:
        manager = self.settings["assignment_list_manager"]
        config = manager.load_config()
        course_id = str(config.CourseDirectory.course_id)
        folder = Path(str(config.Exchange.root), course_id)
        root = config.CourseDirectory.get("root")  # set on the instructor's server only
        if isinstance(root, str):
            page = await asyncio.to_thread(instructors_page, Course(Path(root)), folder)
        else:
            reply = manager.list_assignments(course_id=course_id)
            page = students_page(listing.read(folder), reply["value"] if reply["success"] else [])
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(render(**page, course_id=course_id, base=self.base_url))


def render(**page: Any) -> str:
    """The page; every value is escaped."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["points"] = lambda number: f"{number:g}"
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(**page)


def students_page(listed: dict[str, Any], assignments: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A student's progress with the released chapters.

    Args:
        listed: what the instructor has published.
        assignments: nbgrader's list of released and submitted assignments of this student.
    """
    chapters = []
    submitted = {one["assignment_id"]: one["submissions"] for one in assignments if one["status"] == "submitted"}
    for one in assignments:
        if one["status"] not in ("released", "fetched"):
            continue
        chapter = one["assignment_id"]
        fetched = one["status"] == "fetched"
        submissions = submitted.get(chapter) or []
        feedback = [entry for entry in submissions if entry["has_local_feedback"] or entry["has_exchange_feedback"]]
        path = f"{one['course_id']}/{chapter}/{chapter}.ipynb"
        chapters.append(
            {
                **_facts(listed, chapter),
                "path": path,
                "fetched": fetched,
                "validated": progress.recall(path) if fetched else None,
                "submitted": _iso(submissions[-1]["timestamp"]) if submissions else "",
                "feedback": bool(feedback),
            }
        )
    return {"title": listed["title"], "chapters": chapters, "instructor": False}


def instructors_page(course: Course, folder: Path) -> dict[str, Any]:
    """The numbers of submissions to each chapter. Publishes deadlines that were set in the formgrader.

    Args:
        course: the instructor's course folder.
        folder: the course's folder in the exchange.
    """
    listed = listing.publish(course, folder)
    with gradebook(course) as book:
        students = [student.id for student in book.students]
    arrived = Counter(chapter for _, chapter in arrivals(folder / "inbound", students))
    collected = Counter(path.name for path in course.submitted.glob("*/*") if path.is_dir())
    results = Counter((row["chapter"], row["status"]) for row in Record(course).read())
    chapters = [
        {
            **_facts(listed, chapter),
            "path": f"{course.root.name}/source/{chapter}/{chapter}.ipynb",
            "released": (folder / "outbound" / chapter).is_dir(),
            "arrived": arrived[chapter],
            "collected": collected[chapter],
            "graded": results[chapter, "graded"],
            "not_graded": results[chapter, "not_graded"],
        }
        for chapter in listed["chapters"]
    ]
    due = f"{datetime.now(UTC) + timedelta(days=14):%Y-%m-%d} 12:00 UTC"
    return {"title": listed["title"], "chapters": chapters, "instructor": True, "students": len(students), "due": due}


def _facts(listed: dict[str, Any], chapter: str) -> dict[str, Any]:
    facts = listed["chapters"].get(chapter, {})
    due = facts.get("due", "")
    return {
        "title": chapter,
        **facts,
        "id": chapter,
        "number": chapter[:2].lstrip("0") if chapter[:2].isdecimal() else "",
        "late": bool(due) and datetime.fromisoformat(due) < datetime.now(UTC),
    }


def _iso(timestamp: str) -> str:
    """nbgrader's timestamp in the form of HTML."""
    date, time, _ = timestamp.split(" ", 2)
    return f"{date}T{time[:8]}+00:00"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "triptych.hub.singleuser.course_page"}]


def _load_jupyter_server_extension(server: Any) -> None:
    base = server.web_app.settings["base_url"]
    server.web_app.add_handlers(".*$", [(url_path_join(base, "/triptych/course"), CoursePageHandler)])
