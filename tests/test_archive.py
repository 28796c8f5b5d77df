"""What travels to a worker of a cluster and back: packed files, and an outcome of numbers and text."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from triptych.grade.dispatch import archive
from triptych.grade.dispatch.job import Outcome


def test_an_archive_arrives_as_it_was() -> None:
    files = {"a.txt": b"1", "own/b c.py": b"", "naïve\udcff": b"\0\xff", "x" * 300: b"2"}
    packed = archive.pack(files)
    assert archive.unpack(packed, files.__contains__, 10) == files
    assert packed == archive.pack(dict(reversed(files.items())))
    with pytest.raises(archive.BadArchive, match="larger"):
        archive.unpack(packed, files.__contains__, 3)
    with pytest.raises(archive.BadArchive, match="no place"):
        archive.unpack(packed, {"a.txt"}.__contains__, 10)


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../b", "a//b", "."])
def test_an_archive_stays_in_its_folder(name: str) -> None:
    with pytest.raises(archive.BadArchive, match="no place"):
        archive.unpack(archive.pack({name: b"x"}), lambda _: True, 100)


def test_an_archive_holds_files_alone() -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        link = tarfile.TarInfo("a.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    for bad in (whole.getvalue(), b"no archive" * 100, archive.pack({"a.txt": b"1" * 2000})[:1000]):
        with pytest.raises(archive.BadArchive):
            archive.unpack(bad, lambda _: True, 10_000)


GOOD = {"ready": False, "reason": "x", "seconds": 1.0, "again": False, "phases": {"sandbox": 1}, "tests": {}}


@pytest.mark.parametrize(
    "change",
    [
        {"ready": 1}, {"reason": None}, {"seconds": float("nan")}, {"seconds": -1}, {"seconds": True},
        {"phases": []}, {"phases": {"sandbox": "1"}}, {"tests": {"t": float("inf")}}, {"again": None},
        {"seconds": 10**400}, {"tests": {str(n): 0 for n in range(20_000)}},
    ],
)  # fmt: skip
def test_an_outcome_is_numbers_and_text(change: dict[str, Any]) -> None:
    assert archive.read_outcome(json.dumps(GOOD).encode()) == Outcome(False, "x", 1.0, False, {"sandbox": 1.0}, {})
    with pytest.raises(archive.BadArchive):
        archive.read_outcome(json.dumps(GOOD | change).encode())
    missing = {name: value for name, value in GOOD.items() if name not in change}
    with pytest.raises(archive.BadArchive):
        archive.read_outcome(json.dumps(missing).encode())
