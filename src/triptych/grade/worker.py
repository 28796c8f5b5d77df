"""One submission in a process of its own: intake, rebuild, execution.

`python -m triptych.grade.worker JOB.json` reads the job, writes the rebuilt and the executed
notebook below `work`, and prints one line of JSON. What breaks in here breaks alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat

from triptych.chapter import read_chapter
from triptych.course import Course
from triptych.grade.in_kernel import execute
from triptych.grade.intake import Refused, copy_files, take_in
from triptych.grade.limits import Limits
from triptych.grade.preprocessors import copy_tree
from triptych.grade.rebuild import rebuild


@dataclass(frozen=True)
class Job:
    """What a worker is told. All paths are the grader's own."""

    course: str
    student: str
    chapter: str
    work: str
    box: str


@dataclass(frozen=True)
class Outcome:
    """What a worker says: refused with the reason, or ready with where the time went (seconds)."""

    ready: bool
    reason: str = ""
    seconds: float = 0.0


def run(job: Job, limits: Limits) -> Outcome:
    """Prepares one submission for nbgrader below `job.work`: `staged/<student>/<chapter>/` and
    `executed/<student>/<chapter>.ipynb`."""
    start = time.monotonic()
    course, work = Course(Path(job.course)), Path(job.work)
    try:
        submission = take_in(course.submitted, job.student, job.chapter, limits)
    except Refused as refusal:
        return Outcome(False, str(refusal), time.monotonic() - start)
    name = f"{job.chapter}.ipynb"
    release = nbformat.read(course.release / job.chapter / name, as_version=4)
    chapter = read_chapter(course.notebook(job.chapter))

    staged = work / "staged" / job.student / job.chapter
    staged.mkdir(parents=True)
    copy_files(submission, course.submitted / job.student / job.chapter, staged)
    _keep_only_a_valid_timestamp(staged / "timestamp.txt")
    nbformat.write(rebuild(release, submission.notebook), staged / name)

    with tempfile.TemporaryDirectory(prefix="triptych-") as scratch:
        folder = Path(scratch) / "work"
        folder.mkdir()
        copy_tree(staged, folder)
        copy_tree(course.release / job.chapter, folder)  # figures and style: the course's own win
        executed = execute(
            rebuild(chapter.notebook, submission.notebook), chapter, folder, limits=limits, box=job.box
        )
    target = work / "executed" / job.student / name
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(executed, target)
    return Outcome(True, "", time.monotonic() - start)


def _keep_only_a_valid_timestamp(path: Path) -> None:
    """nbgrader parses this file and ends the submission when it cannot; without it there is no lateness."""
    from nbgrader.utils import parse_utc

    try:
        parse_utc(path.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        pass
    except (ValueError, OverflowError, UnicodeDecodeError):
        path.unlink()


def main() -> None:
    job = Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print(json.dumps(asdict(run(job, Limits()))))


if __name__ == "__main__":
    main()


