"""The limit of grading: students' answers and all test cells of a chapter in one warm process.

    python benchmarks/limit.py COURSE CHAPTER RESULT STUDENT...

No sandbox, no notebook, no gradebook: what remains is the work that the answers and the tests ask for. The process
first runs the course's own answers, all of whose tests pass. It then runs each student's cells three times and
measures the third round, in which JAX has compiled every program that it can keep.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax

from triptych.check.bank import TookTooLong, deadline
from triptych.grade.dispatch import worker
from triptych.grade.guest import jax_cache
from triptych.model.chapter import Chapter, Role, read_chapter
from triptych.model.course import Course

ROUNDS = 3
CELL_SECONDS = 60.0


def main(course: Course, chapter: str, students: Sequence[str]) -> float:
    """Returns the CPU seconds of a student in the last round."""
    worker.start(str(course.root / ".triptych" / "limit"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 1e9)
    jax_cache.keep_loaded(limit=1_000_000)
    source = read_chapter(course.notebook(chapter))
    setup: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.chdir(source.path.parent):
        for cell in source.with_role(Role.SETUP):
            _run(cell.code, setup)
        for text, namespace in _cells(source, {}, dict(setup)):
            _run(text, namespace)
        answers = [_answers(course, student, chapter) for student in students]
        for number in range(ROUNDS):
            start = time.process_time()
            for answered in answers:
                for text, namespace in _cells(source, answered, dict(setup)):
                    with contextlib.suppress(Exception, SystemExit, TookTooLong), deadline(CELL_SECONDS):
                        _run(text, namespace)
            seconds = (time.process_time() - start) / len(students)
            print(f"{chapter}: round {number + 1}: {seconds:.2f} s each", file=sys.stderr)
    return seconds


def _cells(source: Chapter, answers: dict[str, str], namespace: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The text and namespace of each cell: answers share one, a test cell has a copy of it."""
    for cell in source.with_role(Role.SOLUTION, Role.STUDENT_SIDE, Role.TEST):
        if cell.is_code and cell.role is Role.TEST:
            yield cell.code, dict(namespace)
        elif cell.is_code:
            yield answers.get(cell.grade_id, cell.code) if cell.role is Role.SOLUTION else cell.code, namespace


def _answers(course: Course, student: str, chapter: str) -> dict[str, str]:
    submission = read_chapter(course.submitted / student / chapter / f"{chapter}.ipynb")
    return {cell.grade_id: cell.source for cell in submission.with_role(Role.SOLUTION)}


def _run(text: str, namespace: dict[str, Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, "<cell>", "exec"), namespace)  # noqa: S102 - answers of the bank


if __name__ == "__main__":
    folder, chapter, result, *students = sys.argv[1:]
    Path(result).write_text(str(main(Course(Path(folder)), chapter, students)), encoding="utf-8")
