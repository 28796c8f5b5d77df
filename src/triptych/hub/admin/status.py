"""Who is logged in, who has fetched, who has handed in: read from the hub and from the disk, as root."""

from __future__ import annotations

import pwd
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.table import Table

from triptych.hub.admin.process import Api
from triptych.hub.admin.site import Settings
from triptych.hub.exchange.inbound import Limits, RejectedSubmission, validate_folder
from triptych.hub.singleuser.cgroups import Groups


@dataclass(frozen=True)
class ChapterProgress:
    """How far somebody is with a chapter."""

    fetched: bool = False
    submitted: datetime | None = None


@dataclass(frozen=True)
class Member:
    """Somebody on the roster, now."""

    user: str
    role: str
    server: bool
    last_seen: datetime | None
    memory: int | None
    chapters: dict[str, ChapterProgress] = field(default_factory=dict)


def members(settings: Settings) -> list[Member]:
    """Everyone on the roster. Raises CourseError when the hub does not answer."""
    known = {user["name"]: user for user in Api(settings).users()}
    groups = Groups(settings.group_name)
    handed_in = arrivals(settings)
    chapters = settings.released
    found = []
    for user in settings.everyone:
        hub = known.get(user, {})
        servers = hub.get("servers", {})
        seen = hub.get("last_activity")
        found.append(
            Member(
                user,
                "instructor" if user == settings.instructor else "student",
                bool(servers and servers[""].get("ready")),
                datetime.fromisoformat(seen) if seen else None,
                groups.group(user).memory() if servers else None,
                {
                    chapter: ChapterProgress(
                        _has_fetched(user, settings.course_id, chapter), handed_in.get((user, chapter))
                    )
                    for chapter in chapters
                }
                if user != settings.instructor
                else {},
            )
        )
    return found


def arrivals(settings: Settings) -> dict[tuple[str, str], datetime]:
    """When each student's last submission of each chapter arrived; what collecting would refuse is left out."""
    found: dict[tuple[str, str], datetime] = {}
    inbound = Path(settings.exchange) / settings.course_id / "inbound"
    for folder in inbound.iterdir() if inbound.is_dir() else ():
        parts = folder.name.rsplit("+", 3)
        if len(parts) < 3 or parts[0] not in settings.students:
            continue
        try:
            submission = validate_folder(folder, parts[0], Limits())
        except (RejectedSubmission, OSError):
            continue
        key = (parts[0], parts[1])
        found[key] = max(found.get(key, submission.arrived), submission.arrived)
    return found


def _has_fetched(user: str, course: str, chapter: str) -> bool:
    try:
        return Path(pwd.getpwnam(user).pw_dir, course, chapter).is_dir()
    except (KeyError, OSError):
        return False


def table(found: Sequence[Member], now: datetime | None = None) -> Table:
    """The members as a table for a terminal."""
    now = now or datetime.now(UTC)
    chapters = sorted({chapter for member in found for chapter in member.chapters})
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("who", "server", "last seen", "memory"):
        made.add_column(heading)
    for chapter in chapters:
        made.add_column(chapter.split("_")[0])
    for member in found:
        seen = _ago(now - member.last_seen) if member.last_seen else "never"
        memory = f"{member.memory / 2**20:.0f} MB" if member.memory else ""
        name = member.user + (" (instructor)" if member.role == "instructor" else "")
        cells = [_mark(member.chapters[chapter]) if chapter in member.chapters else "" for chapter in chapters]
        made.add_row(name, "on" if member.server else "", seen, memory, *cells)
    students = [member for member in found if member.role == "student"]
    handed = [sum(m.chapters[c].submitted is not None for m in students) for c in chapters]
    made.add_section()
    on = sum(m.server for m in found)
    made.add_row(f"{len(students)} students", f"{on} on", "", "", *(f"{n} in" for n in handed), style="bold")
    return made


def _mark(standing: ChapterProgress) -> str:
    if standing.submitted:
        return f"in {standing.submitted.astimezone():%H:%M}"
    return "fetched" if standing.fetched else "·"


def _ago(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {word} ago"
    return "now"


def as_json(found: Sequence[Member]) -> dict[str, object]:
    return {
        "members": [
            {
                "user": member.user,
                "role": member.role,
                "server": member.server,
                "last_seen": member.last_seen.isoformat() if member.last_seen else None,
                "memory_bytes": member.memory,
                "chapters": {
                    chapter: {
                        "fetched": standing.fetched,
                        "submitted": standing.submitted.isoformat() if standing.submitted else None,
                    }
                    for chapter, standing in member.chapters.items()
                },
            }
            for member in found
        ]
    }
