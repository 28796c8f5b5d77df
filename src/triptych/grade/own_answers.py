"""Whether a chapter's own answers earn its points, where submissions run: a chapter that fails cannot be solved."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from pathlib import Path

from triptych import __version__
from triptych.files import write_whole
from triptych.fingerprint import fingerprint
from triptych.grade.fingerprint import LIBRARIES
from triptych.model.course import Course, CourseError


def require_full_points(course: Course, chapters: Sequence[str], done: Callable[[], None] = lambda: None) -> None:
    """Runs the own answers of chapters in sandboxes, unless they have passed and have not changed since.

    Args:
        course: The course.
        chapters: Names of chapters.
        done: Called after each chapter that was run.

    Raises:
        CourseError: Answers do not pass; with the chapter, the test cell and the cause.
    """
    # heavy imports, which a build without changes does without
    from triptych.grade.dispatch.job import hard_timeout_s
    from triptych.grade.dispatch.pool import WorkerPool
    from triptych.grade.sandbox.limits import Limits
    from triptych.model.sound import require_sound

    waiting = {chapter: _inputs(course, chapter) for chapter in unproven(course, chapters)}
    if not waiting:
        return
    for chapter in waiting:
        require_sound(course.notebook(chapter))
    limits, state = Limits(), course.root / ".triptych"
    state.mkdir(exist_ok=True)
    processes = min(os.cpu_count() or 1, len(waiting))
    pool = WorkerPool(processes, state / "references", state / "workers.log")
    failures = []
    try:
        pending = {
            pool.schedule(failing_tests, [str(course.root), chapter], hard_timeout_s(limits)): chapter
            for chapter in waiting
        }
        for future in as_completed(pending):
            chapter = pending[future]
            try:
                found = future.result()
            except Exception as error:  # a test cell that ends its process, or a setup cell that fails
                found = [f"it ends with {type(error).__name__}: {str(error)[:300]}"]
            failures += [f"{chapter}, {text}" for text in found]
            if not found:
                _remember(course, chapter, waiting[chapter])
            done()
    finally:
        pool.close()
    if failures:
        raise CourseError(
            f"Own answers do not get full points: {'; '.join(sorted(failures))}. Fix the answer or the test in source/."
        )


def unproven(course: Course, chapters: Sequence[str]) -> list[str]:
    """The chapters whose own answers have not passed as they are now."""
    known = _known(course)
    return [chapter for chapter in chapters if known.get(chapter) != _inputs(course, chapter)]


def failing_tests(root: str, chapter_id: str) -> list[str]:
    """Runs a chapter with its own answers in a sandbox, in a process of a pool. Returns failing tests with causes."""
    from triptych.build.release import RemoveNotes
    from triptych.grade.execute.run import execute
    from triptych.grade.submission.files import copy_tree
    from triptych.model.chapter import Role, read_chapter, role_of

    course = Course(Path(root))
    chapter = read_chapter(course.notebook(chapter_id))
    notebook, _ = RemoveNotes().preprocess(read_chapter(chapter.path).notebook, {})
    with tempfile.TemporaryDirectory(prefix="triptych-") as scratch:
        folder = Path(scratch) / "work"
        folder.mkdir()
        copy_tree(course.source / chapter_id, folder)
        executed = execute(notebook, chapter, folder, sandbox="bwrap")
    tests = [cell for cell in executed.cells if role_of(cell) is Role.TEST]
    errors = [(cell.id, output) for cell in tests for output in cell.outputs if output.output_type == "error"]
    return [f"test cell {id_}: {error.ename}: {error.evalue[:300]}".rstrip(": .") for id_, error in errors]


def _inputs(course: Course, chapter: str) -> str:
    return fingerprint(course.source / chapter, texts=[__version__], libraries=LIBRARIES)


def _file(course: Course) -> Path:
    return course.root / ".triptych" / "own_answers.json"


def _known(course: Course) -> dict[str, str]:
    try:
        known = json.loads(_file(course).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(course: Course, chapter: str, inputs: str) -> None:
    write_whole(_file(course), json.dumps(_known(course) | {chapter: inputs}, indent=1, sort_keys=True) + "\n")


__all__ = ["require_full_points", "unproven"]
