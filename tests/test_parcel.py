"""What travels to a worker of a cluster and back: packed files, and an outcome of numbers and text."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from triptych.grade import parcel
from triptych.grade.job import Outcome


def test_a_parcel_arrives_as_it_was() -> None:
    files = {"a.txt": b"1", "own/b c.py": b"", "naïve\udcff": b"\0\xff", "x" * 300: b"2"}
    packed = parcel.pack(files)
    assert parcel.unpack(packed, files.__contains__, 10) == files
    assert packed == parcel.pack(dict(reversed(files.items())))
    with pytest.raises(parcel.BadParcel, match="larger"):
        parcel.unpack(packed, files.__contains__, 3)
    with pytest.raises(parcel.BadParcel, match="no place"):
        parcel.unpack(packed, {"a.txt"}.__contains__, 10)


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../b", "a//b", "."])
def test_a_parcel_stays_in_its_folder(name: str) -> None:
    with pytest.raises(parcel.BadParcel, match="no place"):
        parcel.unpack(parcel.pack({name: b"x"}), lambda _: True, 100)


def test_a_parcel_holds_files_alone() -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        link = tarfile.TarInfo("a.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    for bad in (whole.getvalue(), b"no parcel" * 100, parcel.pack({"a.txt": b"1" * 2000})[:1000]):
        with pytest.raises(parcel.BadParcel):
            parcel.unpack(bad, lambda _: True, 10_000)


GOOD = {"ready": False, "reason": "x", "seconds": 1.0, "again": False, "phases": {"box": 1}, "tests": {}}


@pytest.mark.parametrize(
    "change",
    [
        {"ready": 1}, {"reason": None}, {"seconds": float("nan")}, {"seconds": -1}, {"seconds": True},
        {"phases": []}, {"phases": {"box": "1"}}, {"tests": {"t": float("inf")}}, {"again": None},
        {"seconds": 10**400}, {"tests": {str(n): 0 for n in range(20_000)}},
    ],
)  # fmt: skip
def test_an_outcome_is_numbers_and_text(change: dict[str, Any]) -> None:
    assert parcel.read_outcome(json.dumps(GOOD).encode()) == Outcome(False, "x", 1.0, False, {"box": 1.0}, {})
    with pytest.raises(parcel.BadParcel):
        parcel.read_outcome(json.dumps(GOOD | change).encode())
    missing = {name: value for name, value in GOOD.items() if name not in change}
    with pytest.raises(parcel.BadParcel):
        parcel.read_outcome(json.dumps(missing).encode())
