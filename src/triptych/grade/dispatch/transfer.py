"""What grader and Dask workers exchange: files by name, as bytes, and plain data.

What a worker returns is validated strictly before the gradebook's side uses it.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat

from triptych.files import regular_files
from triptych.grade.dispatch.job import Job, Outcome
from triptych.grade.sandbox.limits import Limits
from triptych.model.course import Course

#: Names of a returned submission's files: those for nbgrader, and the executed notebook.
STAGED, EXECUTED = "staged/", "executed.ipynb"
MAX_REASON_CHARACTERS = 2000
MAX_TIMES = 10_000


class BadResult(Exception):
    """An invalid result of a worker: the problem, as a part of a sentence."""


def course_files(course: Course, chapter: str) -> dict[str, bytes]:
    """The files that workers need for a chapter: its source and release folders, and the contract."""
    folders = (course.source / chapter, course.release / chapter)
    paths = [course.source / "course.toml", *(path for folder in folders for path in regular_files(folder))]
    return {str(path.relative_to(course.root)): path.read_bytes() for path in paths}


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Writes files below a folder to which no other process writes."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def result_of(outcome: Outcome, job: Job) -> dict[str, Any]:
    """What a worker returns: the outcome, and the files that `worker.prepare` wrote if the submission is ready."""
    files = {}
    if outcome.ready:
        staged = Path(job.work) / "staged" / job.student / job.chapter
        files = {STAGED + str(path.relative_to(staged)): path.read_bytes() for path in regular_files(staged)}
        files[EXECUTED] = (Path(job.work) / "executed" / job.student / f"{job.chapter}.ipynb").read_bytes()
    return {"outcome": asdict(outcome), "files": files}


def read_result(result: object, job: Job, sent: Container[str], limits: Limits) -> Outcome:
    """Returns the outcome that a worker returned, and writes its files as `worker.prepare` does.

    Args:
        result: What the worker returned.
        job: The submission; its files are written below `job.work`.
        sent: Names of the submission's files; no others are accepted.
        limits: The submission's limits.

    Raises:
        BadResult: The worker returned anything else than `result_of` does. No file has been written.
    """
    if type(result) is not dict or set(result) != {"outcome", "files"}:
        raise BadResult("it is not a result")
    outcome = read_outcome(result["outcome"])
    if not outcome.ready:
        return outcome
    # the submission's files, its notebook twice as indented JSON, and the outputs of all cells
    limit_bytes = limits.folder_bytes + 12 * limits.notebook_bytes + 2 * limits.output_bytes * limits.notebook_cells
    files = check_files(result["files"], sent, limit_bytes)
    name = f"{job.chapter}.ipynb"
    rebuilt, executed = (_read_notebook(files.get(part, b"")) for part in (STAGED + name, EXECUTED))
    if [cell.get("id") for cell in rebuilt.cells] != [cell.get("id") for cell in executed.cells]:
        raise BadResult("its two notebooks have different cells")
    work = Path(job.work)
    write_files({name: files.pop(EXECUTED)}, work / "executed" / job.student)
    staged = {file.removeprefix(STAGED): content for file, content in files.items()}
    write_files(staged, work / "staged" / job.student / job.chapter)
    return outcome


def check_files(files: object, sent: Container[str], limit_bytes: int) -> dict[str, bytes]:
    """Returns the files of a result.

    Args:
        files: What the worker returned.
        sent: Names of the submission's files.
        limit_bytes: The size that all files together may have.

    Raises:
        BadResult: They are too large, or something in it is not a file that was sent or the executed notebook.
    """
    left = limit_bytes
    for name, content in _typed(files, dict).items():
        if name != EXECUTED and not (_typed(name, str).startswith(STAGED) and name.removeprefix(STAGED) in sent):
            raise BadResult(f"{ascii(name)[:80]} has no place in it")
        left -= len(_typed(content, bytes))
    if left < 0:
        raise BadResult(f"it is larger than {limit_bytes // 10**6} MB")
    return dict(files)  # type: ignore[call-overload]


def read_outcome(fields: object) -> Outcome:
    """Returns an outcome from plain data.

    Raises:
        BadResult: A field is missing or has another type, or a number of seconds is negative or not finite.
    """
    try:
        values = {name: _typed(fields, dict)[name] for name in Outcome.__dataclass_fields__}
        return Outcome(
            ready=_typed(values["ready"], bool),
            reason=_typed(values["reason"], str)[:MAX_REASON_CHARACTERS],
            seconds=_seconds(values["seconds"]),
            again=_typed(values["again"], bool),
            phases=_times(values["phases"]),
            tests=_times(values["tests"]),
        )
    except (KeyError, OverflowError) as error:
        raise BadResult(f"its outcome cannot be read ({type(error).__name__})") from error


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise BadResult(f"a {type(value).__name__} in it should be a {kind.__name__}")
    return value


def _seconds(value: Any) -> float:
    seconds = float(value if type(value) is int else _typed(value, float))
    if not math.isfinite(seconds) or seconds < 0:
        raise BadResult("a number in it is not a number of seconds")
    return seconds


def _times(value: Any) -> dict[str, float]:
    if len(_typed(value, dict)) > MAX_TIMES:
        raise BadResult("it has too many durations")
    return {_typed(name, str)[:200]: _seconds(seconds) for name, seconds in value.items()}


def _read_notebook(content: bytes) -> nbformat.NotebookNode:
    try:
        notebook = nbformat.reads(content.decode(), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises all kinds of errors for malformed notebooks
        raise BadResult(f"a notebook in it is invalid ({type(error).__name__})") from error
    return notebook
