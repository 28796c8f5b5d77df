"""What travels between grader and cluster: files as one piece of bytes, and what a worker says of a submission.

Nothing but files, text and numbers, read strictly at both ends. Whoever unpacks decides which names
there may be.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat

from triptych.grade.dispatch.job import Outcome
from triptych.grade.sandbox.limits import Limits
from triptych.model.course import Course

#: Below an archive that comes back: what is handed to nbgrader, the notebook with outputs, and the rest.
STAGED, EXECUTED, OUTCOME = "staged/", "executed.ipynb", "outcome.json"
LONGEST_REASON = 2000
MOST_TIMED = 10_000


class BadArchive(Exception):
    """An archive that is not as it must be: why, in a few words."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """Files by name (relative, / between folders) as one piece, the same for the same files."""
    with io.BytesIO() as whole:
        with tarfile.open(fileobj=whole, mode="w") as archive:
            for name, content in sorted(files.items()):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return whole.getvalue()


def unpack(packed: bytes, allowed: Callable[[str], bool], most: int) -> dict[str, bytes]:
    """The files of an archive by name. Raises BadArchive when one is not `allowed`, or all exceed `most` bytes."""
    found: dict[str, bytes] = {}
    left = most
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as archive:
            for entry in archive:
                if not entry.isreg() or not _plain(entry.name) or entry.name in found or not allowed(entry.name):
                    raise BadArchive(f"{ascii(entry.name)[:80]} has no place in it")
                left -= entry.size
                if left < 0:
                    raise BadArchive(f"it is larger than {most // 10**6} MB")
                file = archive.extractfile(entry)
                found[entry.name] = file.read() if file is not None else b""
    except BadArchive:
        raise
    except Exception as error:  # tarfile raises whatever a malformed part leads to
        raise BadArchive(f"it cannot be read ({type(error).__name__})") from error
    return found


def _plain(name: str) -> bool:
    """Whether a name stays below the folder that it is put into."""
    parts = name.split("/")
    return bool(name) and "\0" not in name and all(part not in ("", ".", "..") for part in parts)


def extract(files: Mapping[str, bytes], folder: Path) -> None:
    """Writes files below a folder that nobody else writes to."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


# --- there: what a chapter needs ------------------------------------------------------------------


def course_part(course: Course, chapter: str) -> bytes:
    """What workers need of a course to grade a chapter: its source and release with their files, and the contract."""
    files = {"source/course.toml": (course.source / "course.toml").read_bytes()}
    for stage in ("source", "release"):
        for path in _files_below(course.root / stage / chapter):
            files[str(path.relative_to(course.root))] = path.read_bytes()
    return pack(files)


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def name_of_part(part: bytes) -> str:
    """A name for a course part that no other one has."""
    return hashlib.sha256(part).hexdigest()[:32]


# --- back: what became of a submission ------------------------------------------------------------


def pack_outcome(outcome: Outcome, work: Path, student: str, chapter: str) -> bytes:
    """An outcome, with the files that `worker.run` has made below `work` when it is a good one."""
    files = {OUTCOME: json.dumps(asdict(outcome)).encode()}
    if outcome.ready:
        staged = work / "staged" / student / chapter
        for path in sorted(staged.rglob("*")):
            if path.is_file() and not path.is_symlink():
                files[STAGED + str(path.relative_to(staged))] = path.read_bytes()
        files[EXECUTED] = (work / "executed" / student / f"{chapter}.ipynb").read_bytes()
    return pack(files)


def unpack_outcome(archive: object, work: Path, student: str, chapter: str, sent: set[str], limits: Limits) -> Outcome:
    """The outcome in an archive; its files are laid down below `work` as `worker.run` would have.

    sent: names of the submission's files; no other one may come back. Raises BadArchive.
    """
    if type(archive) is not bytes:
        raise BadArchive(f"it is a {type(archive).__name__}")
    name = f"{chapter}.ipynb"
    allowed = {OUTCOME, EXECUTED, *(STAGED + file for file in sent)}
    files = unpack(archive, allowed.__contains__, _most_back(limits))
    outcome = read_outcome(files.pop(OUTCOME, b""))
    if not outcome.ready:
        return outcome
    rebuilt, executed = (_notebook(files.get(part, b"")) for part in (STAGED + name, EXECUTED))
    if [cell.get("id") for cell in rebuilt.cells] != [cell.get("id") for cell in executed.cells]:
        raise BadArchive("its two notebooks have different cells")
    staged = work / "staged" / student / chapter
    extract({file.removeprefix(STAGED): content for file, content in files.items() if file != EXECUTED}, staged)
    extract({name: files[EXECUTED]}, work / "executed" / student)
    return outcome


def _most_back(limits: Limits) -> int:
    """More than any submission can come to: its files, twice its notebook as JSON, and what its cells may print."""
    return limits.folder_bytes + 12 * limits.notebook_bytes + 2 * limits.output_bytes * limits.notebook_cells


def read_outcome(text: bytes) -> Outcome:
    """An outcome from JSON. Raises BadArchive."""
    try:
        said = json.loads(text.decode(), parse_constant=_no_constant)
        return Outcome(
            ready=_is(said["ready"], bool),
            reason=_is(said["reason"], str)[:LONGEST_REASON],
            seconds=_seconds(said["seconds"]),
            again=_is(said["again"], bool),
            phases=_times(said["phases"]),
            tests=_times(said["tests"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise BadArchive(f"its outcome cannot be read ({type(error).__name__})") from error


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _is(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} is not {kind.__name__}")
    return value


def _seconds(value: Any) -> float:
    seconds = float(value if type(value) is int else _is(value, float))
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError("no number of seconds")
    return seconds


def _times(value: Any) -> dict[str, float]:
    if len(_is(value, dict)) > MOST_TIMED:
        raise ValueError("too many")
    return {_is(name, str)[:200]: _seconds(seconds) for name, seconds in value.items()}


def _notebook(content: bytes) -> nbformat.NotebookNode:
    """A notebook as workers write them. Raises BadArchive."""
    try:
        notebook = nbformat.reads(content.decode(), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises whatever a malformed part leads to
        raise BadArchive(f"a notebook in it is none ({type(error).__name__})") from error
    return notebook


__all__ = [
    "BadArchive",
    "course_part",
    "extract",
    "name_of_part",
    "pack",
    "pack_outcome",
    "read_outcome",
    "unpack",
    "unpack_outcome",
]
