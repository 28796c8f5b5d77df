"""Times of arrival in the forms that people and programs write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from triptych.grade.submission.arrival import FILE, arrival_of, read_arrival

#: Forms of 2026-10-01 11:30 UTC.
FORMS = [
    "2026-10-01 11:30:00 UTC", "2026-10-01 11:30:00.000000 UTC", "2026-10-01 11:30:00", "2026-10-01 11:30",
    "2026-10-01 13:30:00 +0200", "2026-10-01 13:30:00 +02:00", "2026-10-01 13:30:00+02:00", "2026-10-01 13:30:00 +02",
    "2026-10-01T13:30:00+02:00", "2026-10-01T11:30:00Z", "2026-10-01T11:30:00.000Z", "2026-10-01T11:30",
    "2026-10-01T13:30:00+02:00[Europe/Berlin]", "2026-10-01 13:30:00 Europe/Berlin", "2026-10-01 07:30:00 -0400",
    "2026-10-01 13:30:00 CEST", "2026-10-01 07:30:00 EDT", "Thu, 01 Oct 2026 13:30:00 +0200",
    "Thu, 1 Oct 2026 11:30:00 GMT", "Thu Oct  1 11:30:00 2026", "Thu Oct 01 2026 13:30:00 GMT+0200 (Central European Summer Time)",
    "01.10.2026 11:30", "1.10.2026, 11:30:00", "01.10.2026 13:30 CEST", "2026/10/01 11:30:00",
    "Thursday, 1 October 2026, 11:30 AM", "October 1, 2026 11:30 am", "1790854200", "1790854200000", "\ufeff2026-10-01 11:30:00 UTC\r\n",
]  # fmt: skip
UNCLEAR = [
    "", "yesterday", "2026-10-01", "10/01/2026 11:30", "2026-13-01 11:30 UTC", "2026-10-01 11:30 ABC", "2026-10-01 25:30 UTC",
    "2026-10-01 11:30 Mars/Olympus", "2026-10-01 11:30 ../../etc/passwd", "0001-01-01 00:00 +2300", "9999-12-31 23:59 -2300",
    "2026-10-01 11:30 12:30", "2026-10-01 13:30 PM", "99999999999999", "Oct 1 at 11:30am", "2026-10-01 11:30 +9900",
    "yesterday, <script>alert(1)</script>, 99999-99-99",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_a_time_is_read(text: str) -> None:
    moment = read_arrival(text)
    assert moment is not None and moment.isoformat() == "2026-10-01T11:30:00+00:00"


def test_afternoons_and_fractions_are_read() -> None:
    assert str(read_arrival("Thursday, 1 October 2026, 1:30 PM")) == "2026-10-01 13:30:00+00:00"
    assert str(read_arrival("2026-10-01 12:05 am")) == "2026-10-01 00:05:00+00:00"
    assert str(read_arrival("2026-10-01 11:30:07.25 UTC")) == "2026-10-01 11:30:07.250000+00:00"


@pytest.mark.parametrize("text", UNCLEAR)
def test_an_unclear_time_is_none(text: str) -> None:
    assert read_arrival(text) is None


def test_only_a_short_regular_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        arrival_of(tmp_path)
    (tmp_path / FILE).write_text("1" * 1_000_000)
    assert arrival_of(tmp_path) is None
    (tmp_path / FILE).unlink()
    os.mkfifo(tmp_path / FILE)
    assert arrival_of(tmp_path) is None
