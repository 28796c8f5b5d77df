"""Files and folders: written whole, walked and removed without recursion or links.

A folder that a student made may be nested thousands of levels deep, and its names need not be text.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, which replaces it when the block ends without an exception.

    Readers see the old file or the new one, never a part of it. Folders above `path` are created.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")  # another process may write the same file
    partial.unlink(missing_ok=True)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Writes a file so that readers see all of it or none.

    Args:
        path: the file; folders above it are created.
        content: text is encoded as UTF-8.
        mode: permissions from the first byte, independent of the umask.

    Raises:
        OSError: the file cannot be written; what was there before is unchanged.
    """
    with replacing(path) as partial:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content.encode() if isinstance(content, str) else content)


@dataclass(frozen=True)
class Entry:
    """A file, folder, link or device below a walked folder."""

    path: Path
    relative: Path
    status: os.stat_result

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def is_hidden(self) -> bool:
        """Whether it or a folder above it is hidden or a cache of compiled Python."""
        return any(part.startswith(".") or part == "__pycache__" for part in self.relative.parts)


def walk(
    folder: Path, skip: Container[str] = (), onerror: Callable[[OSError], object] | None = None
) -> Iterator[Entry]:
    """Every entry below `folder`, sorted by name within its folder; links are not followed.

    Args:
        folder: the folder to list.
        skip: names of folders to leave out with all they contain.
        onerror: receives the error of a folder that cannot be listed, which is then left out.

    Raises:
        OSError: without `onerror`, a folder cannot be listed, for example because its path is too long for the system.
    """
    waiting = [folder]
    while waiting:
        above = waiting.pop()
        below = []
        try:
            with os.scandir(above) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            if onerror is None:
                raise
            onerror(error)
            continue
        for found in entries:
            path = above / found.name
            try:
                entry = Entry(path, path.relative_to(folder), found.stat(follow_symlinks=False))
            except FileNotFoundError:
                continue  # removed meanwhile
            if entry.is_folder:
                if found.name in skip:
                    continue
                below.append(path)
            yield entry
        waiting += reversed(below)


def regular_files(folder: Path) -> list[Path]:
    """The regular files below `folder` in a fixed order, without hidden ones and caches of compiled Python.

    Raises:
        OSError: a folder cannot be listed.
    """
    return sorted(entry.path for entry in walk(folder) if entry.is_file and not entry.is_hidden)


def remove(path: Path) -> None:
    """Removes a file, a link or a folder with its content, however deep and also when it is read-only.

    Nothing happens when there is nothing at `path`.

    Raises:
        OSError: something cannot be removed.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(path)
        return
    # rm and chmod neither recurse nor need paths that the system accepts
    subprocess.run(["chmod", "-R", "u+rwX", "--", path], check=False, capture_output=True)
    result = subprocess.run(["rm", "-rf", "--", path], check=False, capture_output=True, text=True, errors="replace")
    if result.returncode:
        raise OSError(f"{path} cannot be removed: {result.stderr.strip()[:200]}")


__all__ = ["Entry", "regular_files", "remove", "replacing", "walk", "write_whole"]
