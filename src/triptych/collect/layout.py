"""Lays out the files of archives in `submitted/<student>/<chapter>/`."""

from __future__ import annotations

import contextlib
import filecmp
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath

from triptych.collect.archive import FOREIGN, ArchiveError, Budget, Left, Member, unpack
from triptych.collect.owners import Claim, Owners
from triptych.files import regular_files, remove, write_whole
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.arrival import FILE as TIMESTAMP
from triptych.grade.submission.arrival import arrival_of
from triptych.grade.submission.files import RejectedSubmission
from triptych.grade.submission.intake import SAFE_NAME, read_notebook, validate_folder
from triptych.grade.submission.places import COLLECTING, chapter_of
from triptych.lock import course_lock
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import students
from triptych.text import one_line

#: The folder in the working folder with submissions that are being replaced.
OLD = "old"
BY_HAND = "put it into a folder with the id of the right one"
#: Canvas's number of a version at the end of a file's name.
VERSION = r"-\d+(?=\.ipynb$)"


@dataclass(frozen=True)
class Placed:
    """A submission that is in its place. `how`: new, replaced (an older one), time added, unchanged."""

    student: str
    chapter: str
    origin: str
    how: str
    late: bool = False


@dataclass
class Collected:
    """What became of the files.

    Attributes:
        placed: the submissions in their places.
        older: earlier versions of what was placed; they stay in the archive.
        left: what could not be placed, and why.
    """

    placed: list[Placed] = field(default_factory=list)
    older: list[Left] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


@dataclass(frozen=True)
class _File:
    member: Member
    claim: Claim
    source: int  # the archive's place in the order given

    @property
    def is_notebook(self) -> bool:
        return self.name.lower().endswith(".ipynb")

    @property
    def name(self) -> str:
        return self.claim.rest[-1]


def collect(
    course: Course, archives: Sequence[Path], *, chapter: str = "", use_times: bool = False, dry_run: bool = False
) -> Collected:
    """Lays out class archives in `submitted/`.

    Of several notebooks of a student for a chapter, the newest is taken. What is in `submitted/` is replaced only by
    something newer.

    Args:
        course: the course, with its students in the gradebook.
        archives: archives or folders.
        chapter: the chapter of them all; otherwise names and the notebooks' cells tell the chapter.
        use_times: whether the archives' times of files are those of arrival, to be written to `timestamp.txt`.
        dry_run: change nothing.

    Raises:
        CourseError: the roster is empty, an archive does not exist, or a class is being graded.
    """
    for archive in archives:
        if not archive.is_file() and not archive.is_dir():
            raise CourseError(f"{archive} does not exist: name an archive or a folder.")
        if archive.resolve() in (course.submitted.resolve(), *course.submitted.resolve().parents):
            raise CourseError(f"{archive} contains submitted/ itself: name a folder outside of it.")
    roster = [student for student in students(course) if SAFE_NAME.fullmatch(student.user)]
    if not roster:
        raise CourseError("The gradebook has no students: run `triptych roster import FILE` first.")
    with course_lock(course):
        created = not course.submitted.exists()
        try:
            course.submitted.mkdir(exist_ok=True)
        except FileExistsError:
            raise CourseError(f"{course.submitted} is not a folder: move it away.") from None
        for abandoned in course.submitted.glob(f"{COLLECTING}*"):
            _recover(abandoned, course.submitted)
        working = Path(tempfile.mkdtemp(prefix=COLLECTING, dir=course.submitted))
        try:
            return _Collection(course, Owners(roster), working, chapter, use_times, dry_run).run(archives)
        finally:
            _recover(working, course.submitted)
            if created:
                with contextlib.suppress(OSError):  # not empty
                    course.submitted.rmdir()


class _Collection:
    def __init__(
        self, course: Course, owners: Owners, working: Path, chapter: str, use_times: bool, dry_run: bool
    ) -> None:
        self._course, self._owners, self._working = course, owners, working
        self._chapter, self._use_times, self._dry_run = chapter, use_times, dry_run
        self._chapters = list(course.plans)
        self._result = Collected()

    def run(self, archives: Sequence[Path]) -> Collected:
        groups: dict[tuple[str, str], list[_File]] = defaultdict(list)
        budget = Budget()
        for source, archive in enumerate(archives):
            target = self._working / f"files-{source}"
            target.mkdir()
            try:
                members, left = unpack(archive, target, budget)
            except ArchiveError as error:
                self._leave(one_line(archive.name, 80), str(error))
                continue
            self._result.left += left
            if not members and not left:
                self._leave(one_line(archive.name, 80), "holds no files: name another archive")
            for key, files in self._divide(members, source, archive.name).items():
                groups[key] += files
        for number, ((student, chapter), files) in enumerate(sorted(groups.items())):
            self._place(student, chapter, files, self._working / f"new-{number}")
        return self._result

    def _leave(self, path: str, reason: str) -> None:
        self._result.left.append(Left(path, reason))

    # --- students and chapters -------------------------------------------------------------------

    def _claimed(self, members: list[Member], source: int, archive: str) -> Iterator[_File]:
        """The files of an archive of which can be told whose they are."""
        files: list[_File] = []
        accounts: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
        for member in members:
            try:
                file = _File(member, self._owners.claim(member.parts, archive), source)
            except ArchiveError as error:
                if member.parts[-1] != TIMESTAMP:
                    self._leave(str(member), str(error))
                continue
            # a time of arrival that the student wrote does not count
            if file.name.casefold() != TIMESTAMP and not file.name.startswith("."):
                files.append(file)
                if file.claim.account:
                    *above, number = file.claim.account
                    accounts[file.claim.student.user, tuple(above)].add(number)
        for file in files:
            user = file.claim.student.user
            if len(accounts[user, file.claim.account[:-1]]) > 1:
                self._leave(str(file.member), f"is by one of several people who are all taken for {user}: {BY_HAND}")
            else:
                yield file

    def _divide(self, members: list[Member], source: int, archive: str) -> dict[tuple[str, str], list[_File]]:
        """The files of an archive by student and chapter."""
        groups: dict[tuple[str, str], list[_File]] = defaultdict(list)
        others: dict[str, list[_File]] = defaultdict(list)
        for file in self._claimed(members, source, archive):
            user = file.claim.student.user
            try:
                if file.is_notebook:
                    groups[user, self._chapter_of(file, archive)].append(file)
                else:
                    others[user].append(file)
            except ArchiveError as error:
                self._leave(str(file.member), str(error))
        for student, files in others.items():
            own = [chapter for user, chapter in groups if user == student]
            for file in files:
                named = [chapter for chapter in own if chapter in self._named(file.claim.folders)]
                if file.name.lower().endswith(FOREIGN):
                    self._leave(str(file.member), "is a kind of archive that cannot be read here: unpack it by hand")
                elif not own:
                    self._leave(str(file.member), f"came without a notebook: ask {one_line(student, 80)} for it")
                elif len(named or own) > 1:
                    self._leave(str(file.member), "may belong to several chapters: move it to one in submitted/")
                else:
                    groups[student, (named or own)[0]].append(file)
        return groups

    def _named(self, folders: Sequence[str]) -> set[str]:
        found = (chapter_of(folder, self._chapters, by_number=True) for folder in folders)
        return set(filter(None, found))

    def _chapter_of(self, file: _File, archive: str) -> str:
        """Raises ArchiveError if the chapter cannot be told."""
        own = self._in_name(file.name)
        if self._chapter:
            if own and own != self._chapter:
                raise ArchiveError(f"is called like {own}, not {self._chapter}: collect it with --chapter {own[:2]}")
            return self._chapter
        folders = self._named(file.claim.folders)
        # a number in a folder's name may be that of a group or a week
        if chapter := own or self._in_cells(file) or (folders.pop() if len(folders) == 1 else ""):
            return chapter
        if chapter := self._in_name(re.sub(r"\.\w+$", "", archive)):
            return chapter
        raise ArchiveError("does not tell its chapter: collect it with --chapter")

    def _in_name(self, name: str) -> str:
        """The chapter in the name of a file, perhaps with the student's name or Canvas's number of the version."""
        if chapter := chapter_of(re.sub(VERSION, "", name), self._chapters):
            return chapter
        folded = re.sub(r"[\W_]", "", name).casefold()
        found = [chapter for chapter in self._chapters if chapter.replace("_", "").casefold() in folded]
        return found[0] if len(found) == 1 else ""

    def _in_cells(self, file: _File) -> str:
        """The chapter whose cells a notebook has."""
        try:
            cells = _ids(file.member.file)
        except RejectedSubmission:
            return ""
        counts = {chapter: len(cells & ids) for chapter, ids in self._released.items()}
        best = max(counts, key=lambda chapter: counts[chapter], default="")
        return best if best and counts[best] else ""

    @cached_property
    def _released(self) -> dict[str, set[str]]:
        """The ids of cells that only one chapter has."""
        ids: dict[str, set[str]] = {}
        for chapter in self._chapters:
            with contextlib.suppress(RejectedSubmission):
                ids[chapter] = _ids(self._course.release / chapter / f"{chapter}.ipynb")
        return {
            chapter: own.difference(*(other for name, other in ids.items() if name != chapter))
            for chapter, own in ids.items()
        }

    # --- places ----------------------------------------------------------------------------------

    def _place(self, student: str, chapter: str, files: list[_File], new: Path) -> None:
        """Puts one submission into its place."""
        newest, chosen, others = _select(files, chapter)
        modified = newest.member.modified
        folder = new / student / chapter
        try:
            for name, file in chosen.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                file.member.file.rename(path)
                os.utime(path, (file.member.modified, file.member.modified))
            validate_folder(new, student, chapter, Limits())
            if self._use_times and modified and newest.claim.scheme != "canvas":
                arrived = datetime.fromtimestamp(modified, UTC)
                write_whole(folder / TIMESTAMP, f"{arrived:%Y-%m-%d %H:%M:%S} UTC\n")
            how = self._move(folder, self._course.submitted / student / chapter, modified)
        except RejectedSubmission as error:
            self._leave(str(newest.member), f"cannot be placed, because {error}")
        except OSError as error:
            self._leave(str(newest.member), f"cannot be placed ({error.strerror}): place it by hand")
        except ArchiveError as error:
            self._leave(str(newest.member), str(error))
        else:
            self._result.placed.append(Placed(student, chapter, str(newest.member), how, newest.claim.late))
            for file in others:
                if file.is_notebook or file.source != newest.source:
                    reason = f"is an earlier version of submitted/{student}/{chapter}"
                    self._result.older.append(Left(str(file.member), reason))
                else:
                    reason = "has the same name as another file of this submission: place it by hand"
                    self._leave(str(file.member), reason)

    def _move(self, new: Path, target: Path, modified: float) -> str:
        """Moves a folder into its place and returns how. Raises ArchiveError."""
        for path in (target.parent, target):
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                where = path.relative_to(self._course.root)
                raise ArchiveError(f"cannot be placed, because {where} is not a folder: move that away")
        how = "new"
        if target.exists():
            if _same(target, new):
                return self._add_time(new / TIMESTAMP, target / TIMESTAMP)
            if modified <= _time_of(target):
                where = target.relative_to(self._course.root)
                raise ArchiveError(f"is different from {where} and not newer: remove that folder to take this")
            how = "replaced"
        if self._dry_run:
            return how
        target.parent.mkdir(exist_ok=True)
        old = self._working / OLD / target.relative_to(self._course.submitted)
        if how == "replaced":
            old.parent.mkdir(parents=True, exist_ok=True)
            target.rename(old)
        try:
            new.rename(target)
        except OSError:
            if how == "replaced":
                old.rename(target)
            raise
        return how

    def _add_time(self, new: Path, target: Path) -> str:
        """Enters a time of arrival where there is none, for an archive that was collected without `--times` before."""
        if not new.is_file() or os.path.lexists(target):
            return "unchanged"
        if not self._dry_run:
            new.rename(target)
        return "time added"


def _recover(abandoned: Path, submitted: Path) -> None:
    """Removes the working folder of a run that was killed, and puts back a submission that it was replacing."""
    for old in () if abandoned.is_symlink() else (abandoned / OLD).glob("*/*"):
        target = submitted / old.relative_to(abandoned / OLD)
        if not os.path.lexists(target):
            target.parent.mkdir(exist_ok=True)
            old.rename(target)
    remove(abandoned)


def _select(files: list[_File], chapter: str) -> tuple[_File, dict[str, _File], list[_File]]:
    """The newest notebook, the files to place by their paths in the submission's folder, and the others.

    Notebooks that were handed in together are placed together, since grading chooses the one with answers.
    """
    latest: dict[int, float] = defaultdict(float)
    for file in files:
        latest[file.source] = max(latest[file.source], file.member.modified)

    def age(file: _File) -> tuple[float, ...]:
        named = chapter_of(re.sub(VERSION, "", file.name), [chapter]) == chapter
        exact, scheme = file.name == f"{chapter}.ipynb", file.claim.scheme
        # Canvas's times are those of the download, but it counts files upwards; Moodle's may be those of the download
        time = file.member.modified if scheme != "canvas" else 0.0
        return (latest[file.source], named, exact and scheme == "moodle", file.claim.number, time, exact)

    newest = max((file for file in files if file.is_notebook), key=age)
    chosen, others = {f"{chapter}.ipynb": newest}, []
    taken, folders = {PurePosixPath(f"{chapter}.ipynb".casefold())}, set[PurePosixPath]()
    for file in sorted(files, key=age, reverse=True):
        if file is newest:
            continue
        name = "/".join(file.claim.rest)
        # as where letters of both cases are the same
        path = PurePosixPath(name.casefold())
        if (
            file.source == newest.source
            and path not in taken
            and path not in folders
            and taken.isdisjoint(path.parents)
        ):
            chosen[name] = file
            taken.add(path)
            folders.update(path.parents)
        else:
            others.append(file)
    return newest, chosen, others


def _ids(path: Path) -> set[str]:
    """The ids of nbgrader's cells in a notebook. Raises RejectedSubmission."""
    metadata = (cell.get("metadata", {}).get("nbgrader") for cell in read_notebook(path, Limits()).cells)
    return {str(entry["grade_id"]) for entry in metadata if isinstance(entry, dict) and entry.get("grade_id")}


def _same(folder: Path, other: Path) -> bool:
    """Whether two folders hold the same files. Raises OSError if one cannot be listed."""
    names = [sorted(str(path.relative_to(top)) for path in _files(top)) for top in (folder, other)]
    return names[0] == names[1] and all(filecmp.cmp(folder / name, other / name, shallow=False) for name in names[0])


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in regular_files(folder) if path.name != TIMESTAMP)


def _time_of(folder: Path) -> float:
    """When the submission in `folder` arrived or was changed."""
    with contextlib.suppress(FileNotFoundError):
        if arrived := arrival_of(folder):
            return arrived.timestamp()
    return max((path.lstat().st_mtime for path in _files(folder)), default=0.0)


__all__ = ["Collected", "Placed", "collect"]
