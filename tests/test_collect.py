"""Class archives, also hostile ones, are laid out in `submitted/`, and what is not is listed with its reason."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import struct
import tarfile
import time
import zipfile
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from courses import FORWARD, scratch
from typer.testing import CliRunner

from triptych.build.release import release_chapter
from triptych.cli import app
from triptych.collect import archive as archives
from triptych.collect.archive import ArchiveError, Budget, unpack
from triptych.collect.layout import Collected, _Collection, collect
from triptych.collect.owners import Owners
from triptych.files import remove
from triptych.grade.results.lms import CanvasExport, MoodleExport
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.intake import read_submission
from triptych.lock import course_lock
from triptych.model.course import Course, CourseError
from triptych.model.roster import Person
from triptych.nbgrader_api import enrol, gradebook

GRAPHS = "04_graphs"
PEOPLE = [
    Person("ada", first_name="Ada", last_name="Lovelace", email="ada.lovelace@example.org", lms_user_id="4711"),
    Person("emmy", first_name="Emmy", last_name="Noether", email="en@example.org", lms_user_id="4712"),
    Person("zr", first_name="Zoë", last_name="Müller-Rohr", email="zoe@example.org"),
    Person("k1", first_name="Karl", last_name="Weiß"),
    Person("k2", first_name="Karl", last_name="Weiß"),
]
NOTEBOOK = f"{FORWARD}.ipynb"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with two chapters and a roster."""
    course = scratch(tmp_path_factory.mktemp("collect") / "course", [FORWARD, GRAPHS])
    release_chapter(course, FORWARD)
    enrol(course, PEOPLE)
    return course


@pytest.fixture
def course(whole: Course) -> Course:
    remove(whole.submitted)
    return whole


def notebook(text: str = "", grade_id: str = "") -> bytes:
    cell = {"cell_type": "code", "source": text, "metadata": {"nbgrader": {"grade_id": grade_id}}, "outputs": []}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


def make(path: Path, files: dict[str, bytes], when: tuple[int, ...] = (2026, 10, 1, 12, 0, 0)) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name, when), content, zipfile.ZIP_DEFLATED)  # type: ignore[arg-type]
    return path


def placed(course: Course) -> set[str]:
    return {str(p.relative_to(course.submitted)) for p in course.submitted.rglob("*") if p.is_file()}


def text_of(course: Course, student: str, chapter: str = FORWARD) -> str:
    content = json.loads((course.submitted / student / chapter / f"{chapter}.ipynb").read_text())
    return str(content["cells"][0]["source"])


def reasons(result: Collected) -> str:
    return "\n".join(map(str, result.left))


# --- naming schemes ------------------------------------------------------------------------------


def test_moodle_with_folders(course: Course, tmp_path: Path) -> None:
    """As mod/assign/classes/downloader.php names them: full name, number of the participation, plugin."""
    given = {
        f"Ada Lovelace_991_assignsubmission_file/{NOTEBOOK}": notebook("a"),
        "Ada Lovelace_991_assignsubmission_file/data/x.csv": b"1",
        f"Group B-Emmy Noether_992_assignsubmission_file_/{FORWARD} (1).ipynb": notebook("e"),
        "Zoë Müller-Rohr_993_assignsubmission_file/answers.ipynb": notebook("z", "mul_jvp"),
        "Ada Lovelace_991_assignsubmission_onlinetext/onlinetext.html": b"hello",
        f"Participant_17_assignsubmission_file/{NOTEBOOK}": notebook(),
        f"Grace Hopper_995_assignsubmission_file/{NOTEBOOK}": notebook(),
        f"Karl Weiß_996_assignsubmission_file/{NOTEBOOK}": notebook(),
        "Emmy Noether_992_assignsubmission_file/report.pdf": b"%PDF",
    }
    result = collect(course, [make(tmp_path / "AD-Homework-77.zip", given)])
    assert placed(course) == {
        f"ada/{FORWARD}/{NOTEBOOK}",
        f"ada/{FORWARD}/data/x.csv",
        f"emmy/{FORWARD}/{NOTEBOOK}",
        f"emmy/{FORWARD}/report.pdf",
        f"zr/{FORWARD}/{NOTEBOOK}",
    }
    assert text_of(course, "zr") == "z", "told by its cells"
    assert [str(left).rpartition("/")[2].partition(": ")[0] for left in result.left] == [
        "onlinetext.html is a text that was typed into a form, not a file",
        f"{NOTEBOOK} names no student, because marking is anonymous",
        f"{NOTEBOOK} names nobody on the roster",
        f"{NOTEBOOK} may belong to k1 and k2",
    ]


def test_moodle_without_folders(course: Course, tmp_path: Path) -> None:
    collect(course, [make(tmp_path / "m.zip", {f"Ada Lovelace_991_assignsubmission_file_{NOTEBOOK}": notebook("a")})])
    assert text_of(course, "ada") == "a"


def test_canvas(course: Course, tmp_path: Path) -> None:
    """As lib/content_zipper.rb names them: sortable name, LATE, number of the user, number of the file, name."""
    given = {
        f"lovelaceada_4711_99_{NOTEBOOK}": notebook("before"),
        f"lovelaceada_4711_100_{FORWARD}-1.ipynb": notebook("newest"),
        "lovelaceada_4711_101_scratch.ipynb": notebook("no", "mul_jvp"),
        f"noetheremmy_LATE_4712_80_{FORWARD}-2.ipynb": notebook("e"),
        f"müllerrohrzoë_5_81_{NOTEBOOK}": notebook("z"),
        "noetheremmy_4712_text.html": b"",
        f"anon_ab12c_7_{NOTEBOOK}": notebook(),
    }
    result = collect(course, [make(tmp_path / "submissions.zip", given)])
    assert [text_of(course, student) for student in ("ada", "emmy", "zr")] == ["newest", "e", "z"]
    assert [p.student for p in result.placed if p.late] == ["emmy"]
    assert f"ada/{FORWARD}/scratch.ipynb" in placed(course), "grading looks at all that was handed in together"
    assert [str(older) for older in result.older] == [
        f"submissions.zip: lovelaceada_4711_99_{NOTEBOOK} is an earlier version of submitted/ada/{FORWARD}"
    ]
    assert [left.reason.partition(":")[0] for left in result.left] == [
        "is a text that was typed into a form, not a file",
        "names no student, because marking is anonymous",
    ]


def test_nextcloud_and_folders_made_by_hand(course: Course, tmp_path: Path) -> None:
    """A file request makes a folder per person; a file drop has only names of files, with a number if one was taken."""
    path = tmp_path / "drop.zip"
    make(path, {f"Abgaben/Ada Lovelace/{NOTEBOOK}": notebook("old"), f"Abgaben/en/{GRAPHS}.ipynb": notebook("g")})
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(
            zipfile.ZipInfo(f"Abgaben/Ada Lovelace/{FORWARD} (2).ipynb", (2026, 10, 2, 9, 0, 0)), notebook("new")
        )
        file.writestr(zipfile.ZipInfo(f"Abgaben/{FORWARD}_zoe.ipynb", (2026, 10, 2, 9, 0, 0)), notebook("z"))
        file.writestr(f"Abgaben/{NOTEBOOK}", notebook())
        file.writestr("Abgaben/Ada Lovelac/x.ipynb", notebook())
    folder = tmp_path / "by hand"
    for name in (f"{FORWARD}/emmy/x.ipynb", f"emmy/ada/{NOTEBOOK}", f".hidden/{NOTEBOOK}"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(notebook("by hand"))
    result = collect(course, [path, folder], use_times=True)
    assert text_of(course, "ada") == "new" and len(result.older) == 1
    stamp = (course.submitted / "ada" / FORWARD / "timestamp.txt").read_text()
    local = time.mktime((2026, 10, 2, 9, 0, 0, 0, 0, -1))
    assert stamp == time.strftime("%Y-%m-%d %H:%M:%S UTC\n", time.gmtime(local))
    assert text_of(course, "emmy") == "by hand" and text_of(course, "emmy", GRAPHS) == "g"
    assert text_of(course, "zr") == "z"
    assert "names nobody on the roster:" in reasons(result) and "did you mean ada?" in reasons(result)
    assert f"emmy/ada/{NOTEBOOK} names emmy and ada" in reasons(result)
    assert len(result.left) == 3


def test_a_student_may_hand_in_an_archive_but_not_as_somebody_else(course: Course, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr(f"emmy/{NOTEBOOK}", notebook("a"))
        file.writestr("emmy/more.zip", b"PK")
        file.writestr("timestamp.txt", "2020-01-01 00:00 UTC")
    given = {"lovelaceada_4711_3_hw.zip": inner.getvalue(), "noetheremmy_4712_4_hw.rar": b"Rar!"}
    given["zoe.tgz"] = gzip.compress(bytes(20_000))
    result = collect(course, [make(tmp_path / "x.zip", given)])
    assert placed(course) == {f"ada/{FORWARD}/{NOTEBOOK}"} and text_of(course, "ada") == "a"
    assert "more.zip is an archive in an archive in an archive" in reasons(result)
    assert "zoe.tgz holds no files" in reasons(result)
    assert "hw.rar is a kind of archive that cannot be read here" in reasons(result)


MOODLE = "assignsubmission_file"
LI = [Person("liwei", first_name="Li", last_name="Wei"), Person("liwei2", first_name="Li", last_name="Wei")]
OTHERS = [
    *LI, Person("weber", first_name="Jan", last_name="Weber"), Person("yt", first_name="太郎", last_name="山田"),
    Person("a.b"), Person("ab"), Person("suk", last_name="Sukarno"),
]  # fmt: skip
#: Paths in an archive, and whose they are; none for what is listed.
WHOSE: list[tuple[list[str], list[str]]] = [
    ([f"Li Wei_1_{MOODLE}/x", f"Li Wei_2_{MOODLE}/x"], []),  # two people, and their name is the id of one
    (["liwei/x"], ["liwei"]),
    (["a.b/x"], ["a.b"]),
    ([f"Eva Meier-Weber_1_{MOODLE}/x"], []),  # no group with the student weber
    ([f"Group A-Jan Weber_1_{MOODLE}/x"], ["weber"]),
    ([f"Sukarno_1_{MOODLE}/x"], ["suk"]),
    ([f"山田\u3000太郎_1_{MOODLE}/x"], ["yt"]),
    ([f"Zoë\u00a0Müller-Rohr_1_{MOODLE}/x"], ["zr"]),
    ([f"Ada Lovelace_1_{MOODLE}/x", f"Ada Lovelace_2_{MOODLE}/x"], []),  # one of them is not on the roster
    ([f"1/Ada Lovelace_1_{MOODLE}/x", f"2/Ada Lovelace_2_{MOODLE}/x"], ["ada"]),  # two archives, unpacked
    (["lovelaceada_4711_1_x", "lovelaceada_99_2_x"], []),
    ([f"lovelaceada_4711_1_x-EmmyNoether_1_{MOODLE}_x"], ["ada"]),
    ([f"Ada_1_{MOODLE}_4712_6_x"], ["ada"]),
    (["Ada Lovelace for Emmy Noether x"], []),
    (["Ada Lovelace.zip/x", "05_zoe.zip/emmy/x"], ["ada", "zr"]),
    ([f"zoe_hw.zip/Emmy Noether_1_{MOODLE}/x"], ["zr"]),
]


@pytest.mark.parametrize(("names", "students"), WHOSE)
def test_a_file_is_its_owners_or_listed(course: Course, tmp_path: Path, names: list[str], students: list[str]) -> None:
    given = {}
    for name in names:
        outer, nested, inner = name.partition(".zip/")
        content = zipped(f"{inner}.ipynb", notebook(name)) if nested else notebook(name)
        given[f"{outer}.zip" if nested else f"{name}.ipynb"] = content
    roster = Owners([*PEOPLE, *OTHERS])
    path = make(tmp_path / "x.zip", given)
    collection = _Collection(course, roster, tmp_path, FORWARD, use_times=False, dry_run=True)
    result = collection.run([path])
    assert sorted(p.student for p in result.placed) == students
    assert len(result.left) == (0 if students else len(names)), reasons(result)


def test_blind_marking_is_recognised(course: Course, tmp_path: Path) -> None:
    names = [f"Participant 123_456_{MOODLE}/x.ipynb", f"Group A-Participant_17_{MOODLE}_x.ipynb"]
    result = collect(course, [make(tmp_path / "x.zip", dict.fromkeys(names, notebook()))])
    assert len(result.left) == 2 and all("marking is anonymous" in left.reason for left in result.left)


def test_a_students_time_of_arrival_does_not_count(course: Course, tmp_path: Path) -> None:
    given = {f"Ada Lovelace_9_{MOODLE}_{name}": notebook() for name in (NOTEBOOK, "timestamp.txt", "..", ".hidden")}
    given |= {f"noetheremmy_4712_99_{name}": notebook() for name in (NOTEBOOK, "Timestamp.txt")}
    assert not collect(course, [make(tmp_path / "x.zip", given)]).left
    assert placed(course) == {f"{student}/{FORWARD}/{NOTEBOOK}" for student in ("ada", "emmy")}


def test_cells_tell_more_than_the_number_of_a_folder(course: Course, tmp_path: Path) -> None:
    collect(course, [make(tmp_path / "x.zip", {"Group 4/ada/x.ipynb": notebook("a", "mul_jvp")})])
    assert placed(course) == {f"ada/{FORWARD}/{NOTEBOOK}"}


# --- what is there already -----------------------------------------------------------------------


def test_only_newer_work_replaces_what_is_there(course: Course, tmp_path: Path) -> None:
    def run(text: str, day: int, **options: Any) -> list[str]:
        path = make(tmp_path / f"{day}.zip", {f"ada/{NOTEBOOK}": notebook(text)}, (2026, 10, day, 12, 0, 0))
        result = collect(course, [path], **options)
        return [p.how for p in result.placed] + [left.reason for left in result.left]

    assert run("one", 2, dry_run=True) == ["new"] and not course.submitted.exists()
    assert run("one", 2) == ["new"] and run("one", 1) == ["unchanged"]
    (problem,) = run("two", 1)
    assert problem.startswith(f"is different from submitted/ada/{FORWARD} and not newer")
    assert text_of(course, "ada") == "one"
    assert run("two", 3, dry_run=True) == ["replaced"] and text_of(course, "ada") == "one"
    assert run("two", 3) == ["replaced"] and text_of(course, "ada") == "two"
    assert [p.name for p in course.submitted.iterdir()] == ["ada"], "no working folder stays"


def test_times_of_arrival_can_be_added_to_what_was_collected_without_them(course: Course, tmp_path: Path) -> None:
    path = make(tmp_path / "x.zip", {f"ada/{NOTEBOOK}": notebook()})
    arguments = ["collect", str(path), "--course", str(course.root)]
    stamp = course.submitted / "ada" / FORWARD / "timestamp.txt"
    assert "--times takes those of the files" in CliRunner().invoke(app, arguments).output
    assert (
        "0 replaced, 1 time added, 0 unchanged" in CliRunner().invoke(app, [*arguments, "--times", "--dry-run"]).output
    )
    assert not stamp.exists()
    assert "time added: submitted/ada" in CliRunner().invoke(app, [*arguments, "--times"]).output
    assert "2026-" in stamp.read_text()
    stamp.write_text("2026-12-01 12:00 UTC")  # more time for this student
    assert collect(course, [path], use_times=True).placed[0].how == "unchanged"
    assert stamp.read_text() == "2026-12-01 12:00 UTC"


def test_the_import_of_a_class_list_says_which_columns_it_did_not_find(course: Course, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("login;Vorname;Name;Kundennummer\nada;Ada;Lovelace;4711\n")
    ran = CliRunner().invoke(app, ["roster", "import", str(tmp_path / "roster.csv"), "--course", str(course.root)])
    assert "No email, lms_user_id:" in ran.output and "first_name" not in ran.output


def test_a_run_that_was_killed_loses_nothing(course: Course, tmp_path: Path) -> None:
    old = course.submitted / ".collecting-x" / "old" / "ada" / FORWARD
    old.mkdir(parents=True)
    (course.submitted / "ada").mkdir()
    (old / NOTEBOOK).write_bytes(notebook("old"))
    collect(course, [make(tmp_path / "x.zip", {f"emmy/{NOTEBOOK}": notebook()})])
    assert text_of(course, "ada") == "old" and {p.name for p in course.submitted.iterdir()} == {"ada", "emmy"}


def test_a_run_that_is_interrupted_loses_nothing(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(path: Path, target: Path) -> Path:
        if "new-0" in path.parts and target == course.submitted / "ada" / FORWARD:
            raise KeyboardInterrupt
        return rename(path, target)

    rename = Path.rename
    collect(course, [make(tmp_path / "x.zip", {f"ada/{NOTEBOOK}": notebook("old")})])
    monkeypatch.setattr(Path, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt):
        collect(course, [make(tmp_path / "y.zip", {f"ada/{NOTEBOOK}": notebook("new")}, (2026, 10, 2, 9, 0, 0))])
    assert text_of(course, "ada") == "old" and placed(course) == {f"ada/{FORWARD}/{NOTEBOOK}"}


def test_times_can_be_added_later_and_are_none_before_2000(course: Course, tmp_path: Path) -> None:
    path = make(tmp_path / "x.zip", {f"ada/{NOTEBOOK}": notebook()})
    undated = make(tmp_path / "y.zip", {f"emmy/{NOTEBOOK}": notebook()}, (1980, 1, 1, 0, 0, 0))
    collect(course, [path, undated])
    collect(course, [path, undated], use_times=True)
    assert {name for name in placed(course) if "timestamp" in name} == {f"ada/{FORWARD}/timestamp.txt"}


def test_submitted_may_be_no_folder_and_a_folder_be_the_one_you_are_in(course: Course, tmp_path: Path) -> None:
    (tmp_path / "hand" / "nobody").mkdir(parents=True)
    (tmp_path / "hand" / "nobody" / "x.ipynb").write_bytes(notebook())
    with chdir(tmp_path / "hand"):
        assert reasons(collect(course, [Path()])).startswith("hand: nobody/x.ipynb names nobody")
    course.submitted.write_text("")
    with pytest.raises(CourseError, match="is not a folder: move it away"):
        collect(course, [tmp_path / "hand"])


def test_links_in_submitted_are_not_followed(course: Course, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    course.submitted.mkdir()
    (course.submitted / "ada").symlink_to(tmp_path / "elsewhere")
    result = collect(course, [make(tmp_path / "x.zip", {f"ada/{NOTEBOOK}": notebook()})])
    assert "submitted/ada is not a folder" in reasons(result) and not any((tmp_path / "elsewhere").iterdir())


def test_the_command_ends_with_1_if_anything_is_left(course: Course, tmp_path: Path) -> None:
    path = make(tmp_path / "x.zip", {f"ada/{NOTEBOOK}": notebook(), f"ada\x1b[31m/{NOTEBOOK}": notebook()})
    ran = CliRunner().invoke(app, ["collect", str(path), "--course", str(course.root), "--chapter", "5"])
    assert isinstance(ran.exception, CourseError) and f"new: submitted/ada/{FORWARD} from x.zip" in ran.output
    assert "\x1b" not in ran.output and "1 not placed" in ran.output
    many = make(tmp_path / "many.zip", {f"{number}.ipynb": b"" for number in range(300)})
    ran = CliRunner().invoke(app, ["collect", str(many), "--course", str(course.root)])
    assert ran.output.count("names nobody on the roster") == 300, "no student hides the others' lines"
    with pytest.raises(CourseError, match="does not exist"):
        collect(course, [tmp_path / "none.zip"])
    assert "y.zip holds no files" in reasons(collect(course, [make(tmp_path / "y.zip", {})]))
    with course_lock(course), pytest.raises(CourseError, match="another run"):
        collect(course, [path])


# --- hostile archives ----------------------------------------------------------------------------


def zipped(name: str, content: bytes = b"{}", **attributes: Any) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        for key, value in attributes.items():
            setattr(info, key, value)
        file.writestr(info, content)
    return data.getvalue()


def tarred(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as file:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        file.addfile(info)
    if size:  # claims more than it has
        raw = bytearray(data.getvalue())
        raw[124:136] = b"%011o\0" % size
        raw[148:156] = b" " * 8
        raw[148:156] = b"%06o\0 " % sum(raw[:512])
        return bytes(raw)
    return data.getvalue()


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


#: What an archive is, and the reason that is given for its member or for all of it.
HOSTILE: dict[str, tuple[bytes, str]] = {
    "absolute": (zipped("/etc/x.ipynb"), "leads out of the archive"),
    "dots": (zipped("ada/../../x.ipynb"), "leads out of the archive"),
    "backslashes": (zipped("ada\\..\\..\\x.ipynb"), "leads out of the archive"),
    "drive": (zipped("C:/x.ipynb"), "leads out of the archive"),
    "link": (zipped("ada/x.ipynb", b"/etc/passwd", external_attr=0o120777 << 16), "is a link"),
    "device": (zipped("ada/x.ipynb", b"", external_attr=0o020666 << 16), "is a link or a device"),
    "encrypted": (changed(zipped("ada/x.ipynb"), b"PK\1\2\x14\x03\x14\0\0\0", b"PK\1\2\x14\x03\x14\0\1\0"), "is encrypted"),
    "bomb": (zipped("ada/x.ipynb", b" " * 20_000_000), "unpacks to more than 200 times"),
    "large": (zipped("ada/x.ipynb", b" " * 60_000_000), "is larger than 50 MB"),
    "deep": (zipped("ada/" * 30 + "x.ipynb"), "is nested more than 20"),
    "long": (zipped("ada/" + "x" * 300 + ".ipynb"), "too long or cannot be printed"),
    "control": (zipped("ada/x\n\x1b[2J.ipynb"), "too long or cannot be printed"),
    "nul": (changed(zipped("ada/x!.ipynb"), b"x!", b"x\0"), "too long or cannot be printed"),
    "broken": (changed(zipped("ada/x.ipynb", b"abc"), b"KLJ", b"XXX"), "cannot be read"),
    "index": (zipped("x")[:-10] + struct.pack("<II", 2**31, 0) + b"\0\0", "is not a zip or tar archive"),
    "cut": (zipped("ada/x.ipynb")[:50], "is not a zip or tar archive"),
    "nothing": (b"", "is not a zip or tar archive"),
    "rar": (b"Rar!\x1a\x07\x00" * 100, "is a kind of archive"),
    "tar-absolute": (tarred("/etc/x"), "leads out of the archive"),
    "tar-symlink": (tarred("ada/x.ipynb", tarfile.SYMTYPE, "/etc/passwd"), "is a link"),
    "tar-hardlink": (tarred("ada/x.ipynb", tarfile.LNKTYPE, "/etc/passwd"), "is a link"),
    "tar-fifo": (tarred("ada/x.ipynb", tarfile.FIFOTYPE), "is a link or a device"),
    "tar-device": (tarred("ada/x.ipynb", tarfile.CHRTYPE), "is a link or a device"),
    "tar-large": (tarred("ada/x.ipynb", size=8_000_000_000), "holds more than is unpacked"),
    "tar-header": (tarred("x", tarfile.GNUTYPE_LONGNAME, size=8_000_000_000), "index that is too large"),
    "tar-pax": (tarred("x", tarfile.XGLTYPE, size=2_000_000) + bytes(3_000_000), "index that is too large"),
    "tar-link-in-folder": (tarred("ada", tarfile.SYMTYPE, "/"), "is a link"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(tmp_path: Path, name: str) -> None:
    data, reason = HOSTILE[name]
    path, target = tmp_path / "x.zip", tmp_path / "target"
    path.write_bytes(data)
    target.mkdir()
    try:
        members, left = unpack(path, target)
    except ArchiveError as error:
        assert reason in str(error)
    else:
        assert not members and len(left) == 1 and reason in str(left[0]), (members, left)
        assert "\x1b" not in str(left[0]) and "\n" not in str(left[0])
    assert {p.name for p in tmp_path.iterdir()} == {"x.zip", "target"}
    assert sum(p.stat().st_size for p in target.iterdir()) <= 51_000_000


@pytest.mark.parametrize("cut", [1024, 1300, None])
def test_a_tar_archive_that_ends_too_early_is_listed(tmp_path: Path, cut: int | None) -> None:
    """tarfile ends without a word where an archive was cut off, or where a header is damaged."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as file:
        for name in ("ada/x.ipynb", "emmy/x.ipynb"):
            info = tarfile.TarInfo(name)
            info.size = 9
            file.addfile(info, io.BytesIO(b"something"))
    content = bytearray(data.getvalue())
    content[1024 + 150] ^= cut is None
    (tmp_path / "x.tar").write_bytes(content[:cut])
    (tmp_path / "target").mkdir()
    members, (left,) = unpack(tmp_path / "x.tar", tmp_path / "target")
    assert len(members) == 1 and str(left).startswith("x.tar is cut off or damaged")


def test_a_folder_may_change_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hand" / "ada").mkdir(parents=True)
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / "hand" / "ada" / name).write_bytes(notebook())
    (tmp_path / "target").mkdir()

    def entries(folder: Path) -> contextlib.nullcontext[list[os.DirEntry[str]]]:
        with scandir(folder) as scanned:
            found = list(scanned)
        (folder / "b.ipynb").unlink(missing_ok=True)
        return contextlib.nullcontext(found)

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", entries)
    members, left = unpack(tmp_path / "hand", tmp_path / "target")
    assert [member.parts for member in members] == [("ada", "a.ipynb")] and not left


def test_totals_are_limited(tmp_path: Path) -> None:
    for number, (budget, files) in enumerate([(Budget(files=2), 3), (Budget(bytes=250), 3)]):
        target = tmp_path / str(number)
        target.mkdir()
        path = make(tmp_path / f"{number}.zip", {f"{i}.ipynb": os.urandom(100) for i in range(files)})
        with pytest.raises(ArchiveError, match="more files, or larger ones"):
            unpack(path, target, budget)


def test_names_need_not_be_utf_8(tmp_path: Path) -> None:
    """Programs that write UTF-8 into a zip without its flag, Latin-1 in a tar, and decomposed letters."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", encoding="latin-1", format=tarfile.GNU_FORMAT) as file:
        file.addfile(tarfile.TarInfo("Zoë/x"))
    flagless = bytearray(zipped("Zoë/x"))
    for start in (flagless.index(b"PK\3\4") + 7, flagless.index(b"PK\1\2") + 9):
        flagless[start] &= ~8
    for content in (data.getvalue(), bytes(flagless), zipped("Zoe\u0308/x")):
        target = tmp_path / str(len(list(tmp_path.iterdir())))
        target.mkdir()
        (tmp_path / "x.tgz").write_bytes(content)
        (member,), left = unpack(tmp_path / "x.tgz", target)
        assert member.parts == ("Zoë", "x") and not left


def test_duplicate_names_are_two_files(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        for text in ("one", "two"):
            file.writestr(f"ada/{NOTEBOOK}", notebook(text))
    result = collect(course, [path])
    assert len(result.placed) == len(result.older) == 1


def test_an_index_is_not_read_whole_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_INDEX_BYTES", 2000)
    path = make(tmp_path / "x.zip", {f"{number}.ipynb": b"" for number in range(100)})
    with pytest.raises(ArchiveError, match="an index that is too large"):
        unpack(path, tmp_path)


# --- from an archive to grades -------------------------------------------------------------------


def test_a_collected_class_is_graded_and_exported(whole: Course, tmp_path: Path) -> None:
    """Archives of both systems are collected; what they import has the scores of the right people."""
    course = whole
    remove(course.submitted)
    (tmp_path / "roster.csv").write_bytes(
        "Vorname;Nachname;ID number;E-Mail-Adresse;Username\r\nAda;Lovelace;4711;ada@example.org;ada\r\n"
        "Zoë;Müller-Rohr;4713;zoe@example.org;zr\r\n".encode("cp1252")
    )
    ran = CliRunner().invoke(app, ["roster", "import", str(tmp_path / "roster.csv"), "--course", str(course.root)])
    assert ran.exit_code == 0 and "2 students" in ran.output and "emmy, k1, k2" in ran.output, ran.output
    release = (course.release / FORWARD / NOTEBOOK).read_bytes()
    moodle = make(tmp_path / "m.zip", {f"Ada Lovelace_9_assignsubmission_file/{NOTEBOOK}": release})
    canvas = make(
        tmp_path / "c.zip", {f"noetheremmy_4712_7_{NOTEBOOK}": release, f"rohrzoë_4713_8_{NOTEBOOK}": release}
    )
    assert not collect(course, [moodle, canvas]).left
    with gradebook(course) as book:
        for number, student in enumerate(["ada", "emmy", "zr"]):
            assert read_submission(course.submitted, student, FORWARD, Limits())
            submission = book.add_submission(FORWARD, student)
            submission.notebooks[0].grades[0].manual_score = number + 0.5
            submission.notebooks[0].needs_manual_grade = False
        book.db.commit()
    scores = {}
    for exporter, column in ((CanvasExport, "ID"), (MoodleExport, "ID number")):
        plugin = exporter()
        plugin.to = str(tmp_path / "out.csv")
        with gradebook(course) as book, chdir(course.root):
            plugin.export(book)
        rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
        scores[exporter] = {row[column]: row[FORWARD] for row in rows if row[FORWARD]}
    assert scores[MoodleExport] == {"4711": "0.50", "4712": "1.50", "4713": "2.50"}
    points = scores[CanvasExport].pop("")
    assert float(points) > 10 and scores[CanvasExport] == scores[MoodleExport]
