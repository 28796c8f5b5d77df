"""The student version, made by nbgrader's own GenerateAssignment."""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from triptych.build.student_text import write_student_text
from triptych.files import regular_files
from triptych.model.chapter import Role, role_of
from triptych.model.course import Course
from triptych.nbgrader_api import nbgrader_api, succeed


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


def release_chapter(course: Course, chapter: str) -> Path:
    """Writes `release/<chapter>`, enters the chapter into the gradebook and returns the folder.

    Raises:
        CourseError: nbgrader failed; the message has its reason.
    """
    target = course.release / chapter
    # nbgrader overwrites files, but keeps those that the source no longer has.
    shutil.rmtree(target, ignore_errors=True)
    succeed(nbgrader_api(course).generate_assignment(chapter), f"make the student version of {chapter}")
    return target


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
