"""The strict exchange: what the disk says decides, whatever a folder's name or files claim."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from needs import needs_root
from traitlets.config import Config

from triptych.hub.exchange import exchange
from triptych.hub.exchange.exchange import Limits, RejectedSubmission, StrictCollect, as_text, copy, validate_folder

pytestmark = needs_root

COURSE, CHAPTER = "course", "05_forward_mode"
#: Accounts that every Linux has, standing for two students.
ADA, BEN = "daemon", "nobody"


@pytest.fixture(scope="module")
def empty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook, made once: nbgrader takes seconds for it."""
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
    """A submission as nbgrader lays it down."""
    folder = site / "exchange" / COURSE / "inbound" / f"{name}+{CHAPTER}+{stamp}+{os.urandom(4).hex()}"
    folder.mkdir()
    (folder / f"{CHAPTER}.ipynb").write_text(f'{{"by": "{owner}"}}')
    (folder / "timestamp.txt").write_text(stamp)
    (folder / "submission_secret.txt").write_text("ab" * 64)
    give(folder, owner)
    return folder


def give(path: Path, owner: str) -> None:
    for one in [path, *path.rglob("*")]:
        os.chown(one, pwd.getpwnam(owner).pw_uid, -1, follow_symlinks=False)


def collect(site: Path, caplog: pytest.LogCaptureFixture, due: datetime | None = None, **traits: object) -> str:
    """Runs the collector as nbgrader does; what it logged."""
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


def test_an_honest_submission_is_taken_with_its_arrival(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = datetime.now(UTC)
    folder = hand_in(site)
    (folder / "data").mkdir()
    (folder / "data" / "points.csv").write_text("1,2\n")
    give(folder, ADA)
    log = collect(site, caplog)
    assert f"Collected: {ADA} {CHAPTER}" in log and "RejectedSubmission" not in log
    taken = collected(site)
    assert (taken / "data" / "points.csv").read_text() == "1,2\n"
    assert (taken / "submission_secret.txt").read_text() == "ab" * 64
    moment = datetime.strptime((taken / "timestamp.txt").read_text(), "%Y-%m-%d %H:%M:%S.%f %Z").replace(tzinfo=UTC)
    assert before - timedelta(seconds=1) <= moment <= datetime.now(UTC)


def test_a_folder_under_anothers_name_is_refused(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    hand_in(site, ADA, ADA)
    hand_in(site, ADA, BEN, stamp="2099-01-01 00:00:00.000000 UTC")
    log = collect(site, caplog)
    assert f"it says {ADA} and belongs to {BEN}" in log
    assert ADA in (collected(site) / f"{CHAPTER}.ipynb").read_text()


def test_a_file_of_anothers_in_it_is_refused(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = hand_in(site)
    os.chown(folder / f"{CHAPTER}.ipynb", pwd.getpwnam(BEN).pw_uid, -1)
    assert f"belongs to {BEN}" in collect(site, caplog)
    assert not collected(site).exists()


def _link(folder: Path) -> None:
    (folder / f"{CHAPTER}.ipynb").unlink()
    (folder / f"{CHAPTER}.ipynb").symlink_to("/etc/shadow")


def _folder_link(folder: Path) -> None:
    (folder / "data").symlink_to("/etc")


def _hard_link(folder: Path) -> None:
    secret = folder.parents[3] / "secret"
    secret.write_text("the gradebook")
    give(secret, ADA)
    os.link(secret, folder / "gift.txt")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _socket(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("s")
    finally:
        os.chdir(here)


def _device(folder: Path) -> None:
    os.mknod(folder / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))


def _many(folder: Path) -> None:
    for number in range(Limits.files + 1):
        (folder / f"{number}").touch()


def _large(folder: Path) -> None:
    with (folder / "large").open("wb") as file:
        file.truncate(Limits.bytes + 1)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_link, "is a link"),
        (_folder_link, "is a link"),
        (_hard_link, "is a hard link"),
        (_pipe, "device, socket or pipe"),
        (_socket, "device, socket or pipe"),
        (_device, "device, socket or pipe"),
        (_many, "more than 200 files"),
        (_large, "more than 50 MB"),
    ],
)
def test_what_is_no_plain_file_is_refused(
    site: Path, caplog: pytest.LogCaptureFixture, make: Callable[[Path], None], why: str
) -> None:
    folder = hand_in(site)
    make(folder)
    give(folder, ADA)
    hand_in(site, BEN, BEN)
    log = collect(site, caplog)
    assert "RejectedSubmission" in log and why in log, log
    assert not collected(site).exists()
    assert collected(site, BEN).is_dir(), "others are collected all the same"


def test_a_link_in_the_place_of_the_folder_is_refused(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    real = hand_in(site, BEN, BEN)
    link = real.parent / f"{ADA}+{CHAPTER}+2026-01-01 00:00:00.000000 UTC+x"
    link.symlink_to(real)
    os.chown(link, pwd.getpwnam(ADA).pw_uid, -1, follow_symlinks=False)
    assert "RejectedSubmission" in collect(site, caplog)
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
    hand_in(site, stamp="2099-01-01 00:00:00.000000 UTC")  # says that it is the last, and is the first
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


def test_what_is_exchanged_while_it_is_copied_is_not_taken(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = hand_in(site)
    submission = validate_folder(folder, ADA, Limits())
    real = exchange._copy_file

    def swap(name: str, where: int, target: Path, owner: int) -> None:
        if name.endswith(".ipynb"):
            (folder / name).unlink()
            (folder / name).symlink_to("/etc/shadow")
        real(name, where, target, owner)

    monkeypatch.setattr(exchange, "_copy_file", swap)
    with pytest.raises(RejectedSubmission):
        copy(submission, collected(site), Limits())
    assert not collected(site).exists() and not list(collected(site).parent.glob(".*"))


def test_what_is_edited_while_it_is_copied_is_not_taken(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = hand_in(site)
    submission = validate_folder(folder, ADA, Limits())
    real = exchange._copy_file

    def edit(name: str, where: int, target: Path, owner: int) -> None:
        real(name, where, target, owner)
        (folder / name).write_text("{}")

    time.sleep(0.02)
    monkeypatch.setattr(exchange, "_copy_file", edit)
    with pytest.raises(RejectedSubmission, match="changed while"):
        copy(submission, collected(site), Limits())
    assert not collected(site).exists()


def test_times_are_written_as_nbgrader_reads_them() -> None:
    from nbgrader.utils import parse_utc

    moment = datetime(2026, 11, 1, 12, 30, 15, 123456, tzinfo=UTC)
    assert parse_utc(as_text(moment)) == moment.replace(tzinfo=None)


@pytest.fixture(autouse=True)
def _no_descriptor_is_left_open() -> Iterator[None]:
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
