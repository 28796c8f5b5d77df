"""Unpacks archives that nobody has checked: with limits, no links, and names that are never used as paths.

Each member becomes a file with a number for a name in a folder of the caller's; its own name is only text.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import re
import stat
import struct
import tarfile
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from triptych.files import walk
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.files import open_file
from triptych.grade.submission.places import LITTER
from triptych.text import one_line, plain

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
#: Archives that Python's standard library cannot read.
FOREIGN = (".rar", ".7z", ".zst")
#: What an archive's index, and the header of a member, may take in memory.
MAX_INDEX_BYTES, MAX_HEADER_BYTES = 20_000_000, 1 << 20
#: Times before the year 2000 are those of programs that write none.
FIRST_TIME = 946_684_800
#: A larger member that is compressed more than this is a bomb; notebooks reach 30.
MAX_RATIO, RATIO_FROM_BYTES = 200, 10_000_000
MAX_DEPTH = 20
MAX_NAME_BYTES = 240
#: What reading a broken archive may raise.
BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError, ValueError,
    NotImplementedError, RuntimeError, MemoryError, struct.error, OSError, OverflowError, IndexError, KeyError,
)  # fmt: skip


class ArchiveError(Exception):
    """Why an archive, or one member of it, is not taken."""


@dataclass
class Budget:
    """What may still be unpacked. Of a class, or, of a student's own archive, what a submission may have."""

    files: int = 20_000
    bytes: int = 5_000_000_000

    def take(self, files: int = 0, size: int = 0) -> None:
        self.files -= files
        self.bytes -= size
        if self.files < 0 or self.bytes < 0:
            raise ArchiveError(
                "holds more files, or larger ones, than are unpacked: unpack it by hand and look what is in it"
            )


@dataclass(frozen=True)
class Member:
    """A file from an archive or a folder.

    Attributes:
        archive: the name of what it came from, to show.
        parts: its path therein; text by somebody else.
        file: the unpacked file.
        size: its number of bytes.
        modified: the time that the archive gives for it, in seconds since 1970.
    """

    archive: str
    parts: tuple[str, ...]
    file: Path
    size: int
    modified: float

    def __str__(self) -> str:
        return show(self.archive, "/".join(self.parts))


@dataclass(frozen=True)
class Left:
    """Something that was not taken, and a sentence that begins with it and says why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


def show(archive: str, name: str) -> str:
    return f"{one_line(archive, 80)}: {one_line(name, 160)}"


def unpack(source: Path, target: Path, budget: Budget | None = None) -> tuple[list[Member], list[Left]]:
    """Unpacks an archive, or copies a folder, with the archives directly in it.

    Args:
        source: an archive or a folder.
        target: an empty folder for the files.
        budget: what may be unpacked in total.

    Returns:
        The files and what was not taken. Hidden files and litter of systems are in neither.

    Raises:
        ArchiveError: the whole of `source` cannot be taken.
    """
    return _Unpacking(source.absolute().name, target, budget or Budget()).run(source)


class _Unpacking:
    def __init__(self, archive: str, target: Path, budget: Budget) -> None:
        self._archive, self._target, self._budgets = archive, target, [budget]
        self._members: list[Member] = []
        self._left: list[Left] = []
        self._count = 0

    def run(self, source: Path) -> tuple[list[Member], list[Left]]:
        if source.is_dir():
            self._folder(source)
        else:
            self._open(source, ())
        for member in [m for m in self._members if m.parts[-1].lower().endswith(ARCHIVES)]:
            self._members.remove(member)
            self._nested(member)
        return self._members, self._left

    def _nested(self, member: Member) -> None:
        limits = Limits()
        self._budgets.append(Budget(limits.files, limits.folder_bytes))
        before, left = len(self._members), len(self._left)
        try:
            self._open(member.file, member.parts)
            if len(self._members) == before and len(self._left) == left:
                raise ArchiveError("holds no files: ask for the files themselves")
        except ArchiveError as error:
            del self._members[before:]
            self._left.append(Left(str(member), str(error)))
        self._budgets.pop()
        for inner in self._members[before:]:
            if inner.parts[-1].lower().endswith(ARCHIVES):
                self._members.remove(inner)
                self._left.append(Left(str(inner), "is an archive in an archive in an archive: unpack it by hand"))

    def _open(self, path: Path, prefix: tuple[str, ...]) -> None:
        """Raises ArchiveError."""
        try:
            with path.open("rb") as file:
                magic = file.read(6)
            if magic.startswith(b"PK"):
                self._zip(path, prefix)
            else:
                self._tar(path, magic, prefix)
        except BROKEN as error:
            reason = (
                "is not a zip or tar archive that can be read"
                if magic[:4] not in (b"Rar!", b"7z\xbc\xaf")
                else ("is a kind of archive that cannot be read here")
            )
            detail = f" ({one_line(str(error), 80)})" if str(error) else ""
            raise ArchiveError(f"{reason}{detail}: unpack it by hand and collect the folder") from error

    def _zip(self, path: Path, prefix: tuple[str, ...]) -> None:
        with path.open("rb") as raw, zipfile.ZipFile(_Bounded(raw, MAX_INDEX_BYTES)) as archive:
            for info in archive.infolist():
                mode, name = info.external_attr >> 16, _zip_name(info)
                with self._member(name, prefix) as parts:
                    if not parts or info.is_dir():
                        continue
                    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
                        raise ArchiveError("is a link or a device: ask for the file itself")
                    if info.flag_bits & 1:
                        raise ArchiveError("is encrypted: ask for it without a password")
                    self._check_size(info.file_size, info.compress_size)
                    with archive.open(info) as content:
                        self._write(content, parts, _zip_time(info))

    def _tar(self, path: Path, magic: bytes, prefix: tuple[str, ...]) -> None:
        opener: Callable[..., Any] = io.open
        for start, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ", lzma)):
            if magic.startswith(start):
                opener = module.open
        with opener(path, "rb") as raw:
            limit = self._budgets[-1].bytes + MAX_INDEX_BYTES
            with tarfile.open(fileobj=_Bounded(raw, MAX_HEADER_BYTES, limit), mode="r:") as archive:
                while (info := archive.next()) is not None:
                    archive.members = []  # type: ignore[attr-defined]  # it would grow without bound
                    with self._member(info.name, prefix) as parts:
                        if not parts or info.isdir():
                            continue
                        if not info.isreg() or info.issparse():
                            raise ArchiveError("is a link or a device: ask for the file itself")
                        self._check_size(info.size, info.size)
                        content = archive.extractfile(info)
                        assert content is not None
                        self._write(content, parts, float(info.mtime))
                raw.seek(archive.offset)
                if raw.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                    reason = "is cut off or damaged, perhaps with more files in it: download it again"
                    self._left.append(Left(one_line("/".join((self._archive, *prefix)), 160), reason))

    def _folder(self, folder: Path) -> None:
        errors: list[OSError] = []
        for entry in walk(folder, skip=LITTER, onerror=errors.append):
            if entry.is_folder:
                continue
            with self._member(str(entry.relative), ()) as parts:
                if not parts:
                    continue
                if not entry.is_file:
                    raise ArchiveError("is a link or a device: put the file itself there")
                self._check_size(entry.status.st_size, entry.status.st_size)
                with open_file(folder, entry.relative) as content:
                    self._write(content, parts, entry.status.st_mtime)
        for error in errors:
            name = os.path.relpath(error.filename or folder, folder)
            self._left.append(Left(show(self._archive, name), f"cannot be listed ({error.strerror}): rename it"))

    @contextlib.contextmanager
    def _member(self, name: str, prefix: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """The parts of a member's name, none for litter. A problem in the block is that of this member only."""
        for budget in self._budgets:
            budget.take(files=1)
        shown = show(self._archive, "/".join((*prefix, _text(name))))
        parts: tuple[str, ...] = ()
        try:
            parts = (*prefix, *_parts(name))
        except ArchiveError as error:
            self._left.append(Left(shown, str(error)))
        hidden = any(part in LITTER or part.startswith(".") for part in parts)
        try:
            yield () if hidden else parts
        except _TooMuch:
            raise
        except ArchiveError as error:
            self._left.append(Left(shown, str(error)))
        except BROKEN as error:
            reason = f"cannot be read ({one_line(str(error), 80)}): download the archive again"
            self._left.append(Left(shown, reason))

    @staticmethod
    def _check_size(size: int, compressed: int) -> None:
        most = Limits().folder_bytes
        if size > most:
            raise ArchiveError(f"is larger than {most // 10**6} MB: ask for a smaller file")
        if size > RATIO_FROM_BYTES and size > MAX_RATIO * max(compressed, 1):
            raise ArchiveError(f"unpacks to more than {MAX_RATIO} times its size: look at it by hand")

    def _write(self, content: IO[bytes], parts: tuple[str, ...], modified: float) -> None:
        self._count += 1
        file, size = self._target / f"{self._count:06}", 0
        with file.open("xb") as copy:
            while chunk := content.read(1 << 20):
                size += len(chunk)
                try:
                    for budget in self._budgets:
                        budget.take(size=len(chunk))
                except ArchiveError as error:
                    raise _TooMuch(str(error)) from error
                if size > Limits().folder_bytes:
                    raise ArchiveError("is larger than its archive says: look at it by hand")
                copy.write(chunk)
        modified = modified if FIRST_TIME < modified < time.time() + 86400 else 0.0
        self._members.append(Member(self._archive, parts, file, size, modified))


class _TooMuch(ArchiveError):
    """The whole archive is too large."""


class _Bounded:
    """A binary file that refuses to be read in large pieces, which the sizes in an archive's headers ask for."""

    def __init__(self, file: Any, piece: int, most: int | None = None) -> None:
        self._file, self._piece, self._most = file, piece, most

    def read(self, size: int = -1) -> bytes:
        if size is not None and size > self._piece:
            raise ArchiveError("has an index that is too large: unpack it by hand and look what is in it")
        return bytes(self._file.read(self._piece if size is None or size < 0 else size))

    def seek(self, offset: int, whence: int = 0) -> int:
        if self._most is not None and whence == 0 and offset > self._most:
            raise _TooMuch("holds more than is unpacked: unpack it by hand and look what is in it")
        return int(self._file.seek(offset, whence))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a member's name. Raises ArchiveError if it leads out of the archive or is not text."""
    name = unicodedata.normalize("NFC", _text(name)).replace("\\", "/")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in parts or not parts:
        raise ArchiveError("has a name that leads out of the archive: ask who made it")
    if len(parts) > MAX_DEPTH:
        raise ArchiveError(f"is nested more than {MAX_DEPTH} folders deep: ask for the file alone")
    if (
        plain(name) != name
        or "\n" in name
        or "\t" in name
        or any(len(part.encode()) > MAX_NAME_BYTES for part in parts)
    ):
        raise ArchiveError("has a name that is too long or cannot be printed: rename it")
    return parts


def _text(name: str) -> str:
    """A name whose bytes are perhaps not UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("cp1252", "replace")
    return name


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name of a member. Many programs write UTF-8 without saying so, which is then read as code page 437."""
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return info.orig_filename.encode("cp437").decode()
    return info.orig_filename


def _zip_time(info: zipfile.ZipInfo) -> float:
    """When a member was changed: the universal time in its extra field, or the local one that every member has."""
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 0x5455 and length >= 5 and len(extra) >= 9 and extra[4] & 1:
            return float(struct.unpack_from("<i", extra, 5)[0])
        extra = extra[4 + length :]
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


__all__ = ["ARCHIVES", "FOREIGN", "ArchiveError", "Budget", "Left", "Member", "show", "unpack"]
