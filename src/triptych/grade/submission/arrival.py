"""The time at which a submission arrived, from `timestamp.txt`, in the forms that people and programs write."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from triptych.grade.submission.files import open_file

FILE = "timestamp.txt"
MAX_BYTES = 200
FORMATS = (
    "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M", "%a %b %d %H:%M %Y", "%a %b %d %Y %H:%M", "%a %d %b %Y %H:%M",
    "%d %b %Y %H:%M", "%d %B %Y %H:%M", "%A %d %B %Y %H:%M", "%B %d %Y %H:%M", "%b %d %Y %H:%M",
)  # fmt: skip
#: Abbreviations that RFC 5322 defines, and those of central Europe; others have several meanings.
HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8,
    "PDT": -7, "CET": 1, "CEST": 2,
}  # fmt: skip
OFFSET = re.compile(r"(.*\d:\d\d.*?) ?(?:UTC|GMT)?([+-])(\d\d?)(?::?(\d\d))?")
NAME = re.compile(r"(.*[\d\s.]) ?(?!am$|pm$)([A-Za-z][A-Za-z_/+-]*)", re.IGNORECASE)
#: A time of day within a date: hours and minutes, then optional seconds, fraction and AM or PM.
TIME = re.compile(r"\b(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?([AaPp])\.?[Mm]\b\.?)?")
#: Seconds, or milliseconds, since 1970.
EPOCH = re.compile(r"(\d{9,10})(?:\d{3}|\.\d+)?")
YEARS = range(2000, 2100)


def arrival_of(folder: Path) -> datetime | None:
    """When the submission in `folder` arrived; None if there is no time or none that can be read.

    Raises:
        FileNotFoundError: there is no `timestamp.txt`.
    """
    try:
        with open_file(folder, Path(FILE)) as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError:
        return None
    return read_arrival(data.decode("utf-8-sig", "replace")) if len(data) <= MAX_BYTES else None


def read_arrival(text: str) -> datetime | None:
    """The time that a text states, in UTC. One without a time zone is UTC, as nbgrader's; None if it is unclear."""
    text = " ".join(re.sub(r"\(.*?\)|\[.*?\]", "", text).lstrip("\ufeff").split())
    with contextlib.suppress(ValueError, OverflowError):
        if match := EPOCH.fullmatch(text):
            moment = datetime.fromtimestamp(int(match[1]), UTC)
        else:
            text, zone = _split_zone(text)
            moment = _read_local(text).replace(tzinfo=zone).astimezone(UTC)
        return moment if moment.year in YEARS else None
    return None


def _split_zone(text: str) -> tuple[str, tzinfo]:
    """The text without its time zone, and that. Raises ValueError if the zone is unknown."""
    if match := OFFSET.fullmatch(text):
        hours, minutes = int(match[3]), int(match[4] or 0)
        offset = timedelta(hours=hours, minutes=minutes)
        return match[1], timezone(-offset if match[2] == "-" else offset)
    if (match := NAME.fullmatch(text)) and not TIME.fullmatch(text):
        name = match[2]
        if name.upper() in HOURS:
            return match[1], timezone(timedelta(hours=HOURS[name.upper()]))
        if "/" in name:
            try:
                return match[1], ZoneInfo(name)
            except (ZoneInfoNotFoundError, OSError) as error:
                raise ValueError("unknown time zone") from error
        raise ValueError("unknown time zone")
    return text, UTC


def _read_local(text: str) -> datetime:
    """The date and time in a text without a time zone. Raises ValueError."""
    found = list(TIME.finditer(text.replace("T", " ") if re.match(r"\d{4}-\d\d-\d\dT", text) else text))
    if len(found) != 1:
        raise ValueError("not one time of day")
    time = found[0]
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    if time[5]:
        if not 1 <= hour <= 12:
            raise ValueError("not an hour of a half day")
        hour = hour % 12 + (12 if time[5] in "Pp" else 0)
    microsecond = int(f"{time[4] or ''}000000"[:6])
    before, after = text[: time.start()].rstrip("T "), text[time.end() :]
    rest = " ".join(f"{before} {hour:02d}:{minute:02d} {after}".replace(",", " ").split())
    for form in ("%Y-%m-%d %H:%M", *FORMATS):
        with contextlib.suppress(ValueError):
            return datetime.strptime(rest, form).replace(second=second, microsecond=microsecond)
    raise ValueError("not a date")


__all__ = ["FILE", "arrival_of", "read_arrival"]
