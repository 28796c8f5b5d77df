"""The state of a workshop: who is logged in, has fetched and has submitted. Read from the hub and the disk, as root."""

from __future__ import annotations

import pwd
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.table import Table

from triptych.hub.admin.process import Api
from triptych.hub.admin.site import Settings
from triptych.hub.exchange.inbound import arrivals
from triptych.hub.singleuser.cgroups import Groups


@dataclass(frozen=True)
class ChapterProgress:
    """A student's progress with a chapter."""

    fetched: bool = False
    submitted: datetime | None = None


@dataclass(frozen=True)
class Member:
    """The present state of a user on the roster. The field names are those of `hub status --json`."""

    user: str
    role: str
    server: bool
    last_seen: datetime | None
    memory_bytes: int | None
    chapters: dict[str, ChapterProgress] = field(default_factory=dict)


def members(settings: Settings) -> list[Member]:
    """The state of everyone on the roster, the instructor first.

    Raises:
        CourseError: the hub does not answer.
    """
    known = {user["name"]: user for user in Api(settings).users()}
    groups = Groups(settings.group_name)
    submitted = arrivals(Path(settings.exchange) / settings.course_id / "inbound", settings.students)
    chapters = settings.released

    def member(user: str, role: str) -> Member:
        servers = known.get(user, {}).get("servers", {})
        last_seen = known.get(user, {}).get("last_activity")
        return Member(
            user,
            role,
            bool(servers and servers[""].get("ready")),
            datetime.fromisoformat(last_seen) if last_seen else None,
            groups.group(user).memory_bytes if servers else None,
            {
                chapter: ChapterProgress(
                    _has_fetched(user, settings.course_id, chapter), submitted.get((user, chapter))
                )
                for chapter in chapters
                if role == "student"
            },
        )

    return [member(settings.instructor, "instructor"), *(member(student, "student") for student in settings.students)]


def _has_fetched(user: str, course_id: str, chapter: str) -> bool:
    try:
        return Path(pwd.getpwnam(user).pw_dir, course_id, chapter).is_dir()
    except (KeyError, OSError):
        return False


def table(everyone: Sequence[Member], now: datetime | None = None) -> Table:
    """The state of a workshop as a table for a terminal.

    Args:
        everyone: the result of `members`.
        now: the time that "last seen" is relative to, by default the present.
    """
    now = now or datetime.now(UTC)
    chapters = sorted({chapter for member in everyone for chapter in member.chapters})
    rows = Table(
        "user", "server", "last seen", "memory", *(chapter.split("_")[0] for chapter in chapters),
        box=None, pad_edge=False, header_style="bold",
    )  # fmt: skip
    for member in everyone:
        last_seen = _ago(now - member.last_seen) if member.last_seen else "never"
        memory = f"{member.memory_bytes / 2**20:.0f} MB" if member.memory_bytes else ""
        name = member.user + (" (instructor)" if member.role == "instructor" else "")
        progress = [_progress(member.chapters.get(chapter)) for chapter in chapters]
        rows.add_row(name, "on" if member.server else "", last_seen, memory, *progress)
    students = [member for member in everyone if member.role == "student"]
    submitted = [sum(student.chapters[chapter].submitted is not None for student in students) for chapter in chapters]
    servers = sum(member.server for member in everyone)
    rows.add_section()
    rows.add_row(
        f"{len(students)} students", f"{servers} on", "", "", *(f"{number} in" for number in submitted), style="bold"
    )
    return rows


def _progress(progress: ChapterProgress | None) -> str:
    if progress is None:
        return ""
    if progress.submitted:
        return f"in {progress.submitted.astimezone():%H:%M}"
    return "fetched" if progress.fetched else "·"


def _ago(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "now"
