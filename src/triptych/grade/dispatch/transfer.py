"""What grader and Dask workers exchange: files by name, as bytes, and plain data.

What a worker returns is validated strictly before the gradebook's side uses it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
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
OUTCOME_TYPES = {
    "ready": bool, "reason": str, "seconds": float, "again": bool, "phases": dict, "tests": dict, "notes": list,
    "file": str, "content": str,
}  # fmt: skip
MAX_CHARACTERS = 2000
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


def read_result(result: object, job: Job, sent: Iterable[str], limits: Limits) -> Outcome:
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
    # the submission's files, its notebook twice, and the outputs of all cells
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


def check_files(files: object, sent: Iterable[str], limit_bytes: int) -> dict[str, bytes]:
    """Returns the files of a result.

    Args:
        files: What the worker returned.
        sent: Names of the submission's files.
        limit_bytes: The size that all files together may have.

    Raises:
        BadResult: They are too large, or something in it is not a file that was sent or the executed notebook.
    """
    if type(files) is not dict or not all(type(content) is bytes for content in files.values()):
        raise BadResult("its files are not files")
    if unexpected := set(files) - {EXECUTED, *(STAGED + name for name in sent)}:
        raise BadResult(f"{ascii(unexpected.pop())[:80]} has no place in it")
    if sum(map(len, files.values())) > limit_bytes:
        raise BadResult(f"it is larger than {limit_bytes // 10**6} MB")
    return dict(files)


def read_outcome(fields: object) -> Outcome:
    """Returns an outcome from plain data.

    Raises:
        BadResult: A field is missing or has another type, a number of seconds is negative or not finite, or there is
            no reason for not being ready.
    """
    if type(fields) is not dict or {name: type(value) for name, value in fields.items()} != OUTCOME_TYPES:
        raise BadResult("its outcome is not an outcome")
    if fields["ready"] == bool(fields["reason"]):
        raise BadResult("it is ready with a reason for not being graded, or not ready without one")
    names = [*fields["phases"], *fields["tests"], *fields["notes"], fields["file"], fields["content"]]
    times = [fields["seconds"], *fields["phases"].values(), *fields["tests"].values()]
    if len(names) > MAX_TIMES or not all(type(name) is str and len(name) <= MAX_CHARACTERS for name in names):
        raise BadResult("it has too many durations or notes, or for something without a name")
    if not all(type(time) is float and 0 <= time < math.inf for time in times):
        raise BadResult("a duration in it is not a number of seconds")
    return Outcome(**{**fields, "reason": fields["reason"][:MAX_CHARACTERS]})


def _read_notebook(content: bytes) -> nbformat.NotebookNode:
    try:
        notebook = nbformat.reads(content.decode(), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises all kinds of errors for malformed notebooks
        raise BadResult(f"a notebook in it is invalid ({type(error).__name__})") from error
    return notebook
