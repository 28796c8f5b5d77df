"""The strict exchange: the disk decides on author and time, not the names of folders or the text of files."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import chdir
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from needs import needs_root
from traitlets.config import Config

from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.files import RejectedSubmission
from triptych.hub.exchange import exchange
from triptych.hub.exchange.exchange import StrictCollect, as_text, copy_submission
from triptych.hub.exchange.inbound import InboundFile, validate_folder

pytestmark = needs_root

COURSE, CHAPTER = "course", "05_forward_mode"
#: Accounts of every Linux system, in the place of two students.
ADA, BEN = "daemon", "nobody"


@pytest.fixture(scope="module")
def empty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook, created once because nbgrader needs seconds for it."""
    path = tmp_path_factory.mktemp("book") / "gradebook.db"
    with Gradebook(f"sqlite:///{path}", COURSE) as book:
        book.update_or_create_assignment(CHAPTER)
    return path


@pytest.fixture
def site(tmp_path: Path, empty_book: Path) -> Path:
    (tmp_path / "exchange" / COURSE / "inbound").mkdir(parents=True)
    (tmp_path / "course").mkdir()
    shutil.copyfile(empty_book, tmp_path / "course" / "gradebook.db")
    return tmp_path


def hand_in(site: Path, name: str = ADA, owner: str = ADA, stamp: str = "2026-01-01 00:00:00.000000 UTC") -> Path:
    """A submission as nbgrader stores it."""
    folder = site / "exchange" / COURSE / "inbound" / f"{name}+{CHAPTER}+{stamp}+{os.urandom(4).hex()}"
    folder.mkdir()
    (folder / f"{CHAPTER}.ipynb").write_text(f'{{"by": "{owner}"}}')
    (folder / "timestamp.txt").write_text(stamp)
    (folder / "submission_secret.txt").write_text("ab" * 64)
    give(folder, owner)
    return folder


def give(folder: Path, owner: str) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, pwd.getpwnam(owner).pw_uid, -1, follow_symlinks=False)


def collect(site: Path, caplog: pytest.LogCaptureFixture, due: datetime | None = None, **traits: object) -> str:
    """Runs the collector as nbgrader does, and returns its log."""
    config = Config()
    config.Exchange.root = str(site / "exchange")
    config.CourseDirectory.root = str(site / "course")
    config.CourseDirectory.course_id = COURSE
    config.CourseDirectory.assignment_id = CHAPTER
    directory = CourseDirectory(config=config)
    with Gradebook(directory.db_url, COURSE) as book:
        book.update_or_create_assignment(CHAPTER, duedate=due.replace(tzinfo=None) if due else None)
    collector = StrictCollect(coursedir=directory, config=config, **traits)
    collector.log = logging.getLogger("test")
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="test"):
        collector.init_src()
        collector.copy_files()
    return caplog.text


def collected(site: Path, student: str = ADA) -> Path:
    return site / "course" / "submitted" / student / CHAPTER


def test_a_submission_is_collected_with_its_arrival(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = datetime.now(UTC)
    folder = hand_in(site)
    (folder / "data").mkdir()
    (folder / "data" / "points.csv").write_text("1,2\n")
    give(folder, ADA)
    log = collect(site, caplog)
    assert f"Collected: {ADA} {CHAPTER}" in log and "Rejected" not in log
    copy = collected(site)
    assert (copy / "data" / "points.csv").read_text() == "1,2\n"
    assert (copy / "submission_secret.txt").read_text() == "ab" * 64
    arrived = datetime.strptime((copy / "timestamp.txt").read_text(), "%Y-%m-%d %H:%M:%S.%f %Z").replace(tzinfo=UTC)
    assert before - timedelta(seconds=1) <= arrived <= datetime.now(UTC)


def test_a_folder_under_anothers_name_is_refused(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    hand_in(site, ADA, ADA)
    hand_in(site, ADA, BEN, stamp="2099-01-01 00:00:00.000000 UTC")
    assert f"it is named after {ADA} and belongs to {BEN}" in collect(site, caplog)
    assert ADA in (collected(site) / f"{CHAPTER}.ipynb").read_text()


def test_a_file_of_anothers_in_it_is_refused(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = hand_in(site)
    os.chown(folder / f"{CHAPTER}.ipynb", pwd.getpwnam(BEN).pw_uid, -1)
    assert f"belongs to {BEN}" in collect(site, caplog)
    assert not collected(site).exists()


def link(folder: Path) -> None:
    (folder / f"{CHAPTER}.ipynb").unlink()
    (folder / f"{CHAPTER}.ipynb").symlink_to("/etc/shadow")


def hard_link(folder: Path) -> None:
    secret = folder.parents[3] / "secret"
    secret.write_text("the gradebook")
    give(secret, ADA)
    os.link(secret, folder / "gift.txt")


def bind_socket(folder: Path) -> None:
    with chdir(folder), socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")


def many_files(folder: Path) -> None:
    for number in range(Limits.files + 1):
        (folder / f"{number}").touch()


def large_file(folder: Path) -> None:
    with (folder / "large").open("wb") as file:
        file.truncate(Limits.folder_bytes + 1)


def deep_folders(folder: Path) -> None:
    """A path longer than the system accepts, created folder by folder."""
    start, uid = Path.cwd(), pwd.getpwnam(ADA).pw_uid
    try:
        for _ in range(40):
            os.chdir(folder)
            folder = Path("d" * 200)
            folder.mkdir()
            os.chown(folder, uid, -1)
        (folder / "x").touch()
        os.chown(folder / "x", uid, -1)
    finally:
        os.chdir(start)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (link, "is a link"),
        (lambda folder: (folder / "data").symlink_to("/etc"), "is a link"),
        (hard_link, "is a hard link"),
        (lambda folder: os.mkfifo(folder / "pipe"), "device, socket or pipe"),
        (bind_socket, "device, socket or pipe"),
        (
            lambda folder: os.mknod(folder / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5)),
            "device, socket or pipe",
        ),
        (many_files, "more than 200 files"),
        (large_file, "more than 50 MB"),
    ],
)
def test_what_is_no_plain_file_is_refused(
    site: Path, caplog: pytest.LogCaptureFixture, make: Callable[[Path], None], reason: str
) -> None:
    folder = hand_in(site)
    make(folder)
    give(folder, ADA)
    hand_in(site, BEN, BEN)
    log = collect(site, caplog)
    assert "Rejected" in log and reason in log, log
    assert not collected(site).exists()
    assert collected(site, BEN).is_dir(), "the other student's is collected"


def test_a_path_that_is_too_long_stops_nobody_elses_collection(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    deep_folders(hand_in(site))
    hand_in(site, BEN, BEN)
    assert "File name too long" in collect(site, caplog)
    assert not collected(site).exists() and collected(site, BEN).is_dir()
    assert not list(collected(site).parent.glob(".*"))


def test_a_link_in_the_place_of_the_folder_is_refused(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    real = hand_in(site, BEN, BEN)
    link = real.parent / f"{ADA}+{CHAPTER}+2026-01-01 00:00:00.000000 UTC+x"
    link.symlink_to(real)
    os.chown(link, pwd.getpwnam(ADA).pw_uid, -1, follow_symlinks=False)
    assert "Rejected" in collect(site, caplog)
    assert not collected(site).exists()


def test_no_date_of_the_students_own_makes_it_early(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    due = datetime.now(UTC) - timedelta(hours=1)
    folder = hand_in(site, stamp="2020-01-01 00:00:00.000000 UTC")
    for path in (*folder.iterdir(), folder):
        os.utime(path, (0, 0))
    log = collect(site, caplog, due)
    assert "late by 1:00:0" in log, log
    assert not (collected(site) / "timestamp.txt").read_text().startswith("2020")


def test_a_change_after_handing_in_is_a_new_arrival(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = hand_in(site)
    first = validate_folder(folder, ADA, Limits()).arrived
    collect(site, caplog)
    assert "No newer submission" in collect(site, caplog, update=True)
    time.sleep(0.02)
    with (folder / f"{CHAPTER}.ipynb").open("r+") as file:
        file.write("{")
    os.utime(folder / f"{CHAPTER}.ipynb", (0, 0))
    assert validate_folder(folder, ADA, Limits()).arrived > first
    assert "No newer submission" in collect(site, caplog)
    assert "Collected" in collect(site, caplog, update=True)
    assert (collected(site) / f"{CHAPTER}.ipynb").read_text().startswith("{")


def test_of_several_the_last_is_taken_or_the_last_in_time(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    hand_in(site, stamp="2099-01-01 00:00:00.000000 UTC")  # named as the last, arrived as the first
    time.sleep(0.02)
    due = datetime.now(UTC)
    time.sleep(0.02)
    last = hand_in(site, stamp="2020-01-01 00:00:00.000000 UTC")
    (last / "mark.txt").write_text("last")
    give(last, ADA)
    collect(site, caplog, due)
    assert (collected(site) / "mark.txt").exists()
    collect(site, caplog, due, before_duedate=True)
    assert not (collected(site) / "mark.txt").exists()


def test_a_missing_or_odd_secret_does_not_stop_the_release_of_feedback(
    site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = hand_in(site)
    (folder / "submission_secret.txt").write_text("../../../etc/passwd")
    collect(site, caplog)
    assert len((collected(site) / "submission_secret.txt").read_text()) == 128


def replace_by_a_link(folder: Path, file: InboundFile) -> None:
    (folder / file.name).unlink()
    (folder / file.name).symlink_to("/etc/shadow")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replace_by_a_link, "cannot be read"),
        (lambda folder, file: (folder / file.name).write_text("{}"), "changed while"),
    ],
)
def test_a_submission_changed_while_it_is_copied_is_rejected(
    site: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path, InboundFile], None], reason: str
) -> None:
    folder = hand_in(site)
    submission = validate_folder(folder, ADA, Limits())
    read_file = exchange.read_file

    def change_and_read(file: InboundFile) -> bytes:
        if file.name.endswith(".ipynb"):
            change(folder, file)
        return read_file(file)

    time.sleep(0.02)
    monkeypatch.setattr(exchange, "read_file", change_and_read)
    with pytest.raises(RejectedSubmission, match=reason):
        copy_submission(submission, collected(site), Limits())
    assert not collected(site).exists() and not list(collected(site).parent.glob(".*"))


def test_times_are_written_as_nbgrader_reads_them() -> None:
    from nbgrader.utils import parse_utc

    time = datetime(2026, 11, 1, 12, 30, 15, 123456, tzinfo=UTC)
    assert parse_utc(as_text(time)) == time.replace(tzinfo=None)


@pytest.fixture(autouse=True)
def _no_descriptor_is_left_open() -> Iterator[None]:
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
