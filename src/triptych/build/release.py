"""The student version, made by nbgrader's own GenerateAssignment."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from triptych.build.student_text import write_student_text
from triptych.build.takeover import planned_change, take_over
from triptych.files import regular_files
from triptych.lock import course_lock
from triptych.model.chapter import Role, role_of
from triptych.model.course import Course
from triptych.model.sound import require_sound
from triptych.nbgrader_api import back_up, nbgrader_api, succeed


class RemoveNotes(NbGraderPreprocessor):  # type: ignore[misc]
    """Removes speaker notes, which nbgrader would hand out to students."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        nb.cells = [cell for cell in nb.cells if role_of(cell) is not Role.NOTES]
        return nb, resources


class StudentText(NbGraderPreprocessor):  # type: ignore[misc]
    """Puts exercises into boxes with help, and takes the lecture's marks from headings."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        write_student_text(nb, Path(resources["metadata"]["path"]))
        return nb, resources


def release_chapter(course: Course, chapter: str, *, lock: bool = True) -> Path:
    """Writes `release/<chapter>`, enters the chapter into the gradebook and returns the folder.

    If the gradebook has submissions to the chapter, its changes are taken over (`takeover`). What was released before
    stays until its replacement is complete.

    Args:
        course: the course.
        chapter: the chapter's name.
        lock: whether to keep others from grading while the gradebook changes; not if the caller does.

    Raises:
        CourseError: nbgrader failed; the message has its reason. Or the course is being graded.
    """
    require_sound(course.notebook(chapter))
    change = planned_change(course, chapter)
    state, target = course.root / ".triptych", course.release / chapter
    state.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="release-", dir=state) as scratch,
        course_lock(course) if lock and change else nullcontext(),
    ):
        if change and change.submissions and change.has_other_cells:
            _generate(course, chapter, Path(scratch) / "trial", SaveCells={"enabled": False})
            back_up(course, "gradebook.before-change.db")
            take_over(course, chapter)
        fresh = _generate(course, chapter, Path(scratch) / "new")
        course.release.mkdir(exist_ok=True)
        if os.path.lexists(target):
            target.rename(Path(scratch) / "old")
        fresh.rename(target)
    return target


def _generate(course: Course, chapter: str, folder: Path, **overrides: dict[str, Any]) -> Path:
    """Has nbgrader write a student version below an empty folder. Raises CourseError if it fails."""
    api = nbgrader_api(course, CourseDirectory={"release_directory": str(folder)}, **overrides)
    succeed(api.generate_assignment(chapter), f"make the student version of {chapter}")
    return folder / chapter


def release_differences(course: Course, chapters: Sequence[str]) -> Iterator[list[str]]:
    """For each chapter, how `release/<chapter>` differs from a fresh student version, as lines of a unified diff.

    The student versions are made in a temporary copy of the course.

    Raises:
        CourseError: nbgrader failed; the message has its reason.
    """
    with tempfile.TemporaryDirectory() as scratch:
        copy = Course(Path(scratch) / "course")
        copy_course(course, copy.root, chapters)
        for chapter in chapters:
            fresh = release_chapter(copy, chapter)
            yield list(_differences(course.release / chapter, fresh, f"release/{chapter}"))


def copy_course(course: Course, target: Path, chapters: Sequence[str]) -> None:
    """Copies the plan, the configuration and the sources of some chapters; no submissions, gradebook or products."""
    (target / "source").mkdir(parents=True)
    shutil.copyfile(course.root / "nbgrader_config.py", target / "nbgrader_config.py")
    shutil.copyfile(course.source / "course.toml", target / "source" / "course.toml")
    for chapter in chapters:
        shutil.copytree(course.source / chapter, target / "source" / chapter, ignore=shutil.ignore_patterns(".*"))


def _differences(released: Path, fresh: Path, label: str) -> Iterator[str]:
    files = {file.relative_to(root) for root in (released, fresh) if root.is_dir() for file in regular_files(root)}
    for file in sorted(files):
        old, new = released / file, fresh / file
        if not new.is_file():
            yield f"{label}/{file}: exists, but the source gives no such file"
        elif not old.is_file():
            yield f"{label}/{file}: is missing"
        elif old.read_bytes() != new.read_bytes():
            try:
                before, after = old.read_text("utf-8").splitlines(), new.read_text("utf-8").splitlines()
            except UnicodeDecodeError:
                yield f"{label}/{file}: differs"
                continue
            fresh_label = f"{label}/{file} (from source)"
            yield from difflib.unified_diff(before, after, f"{label}/{file}", fresh_label, n=1, lineterm="")
