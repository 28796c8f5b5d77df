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

from triptych.model.chapter import Role, role_of
from triptych.model.course import Course
from triptych.nbgrader_api import nbgrader_api, succeed


class RemoveNotes(NbGraderPreprocessor):  # type: ignore[misc]
    """Takes speaker notes out: nbgrader would ship them to students."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        nb.cells = [cell for cell in nb.cells if role_of(cell) is not Role.NOTES]
        return nb, resources


def release_chapter(course: Course, chapter: str) -> Path:
    """Writes `release/<chapter>` and enters the chapter into the gradebook. Returns the folder.

    Raises CourseError with nbgrader's reason.
    """
    target = course.release / chapter
    # nbgrader overwrites files and leaves behind those that the source no longer has
    shutil.rmtree(target, ignore_errors=True)
    succeed(nbgrader_api(course).generate_assignment(chapter), f"make the student version of {chapter}")
    return target


def release_differences(course: Course, chapters: Sequence[str]) -> Iterator[list[str]]:
    """For each chapter, how `release/<chapter>` differs from a fresh student version: lines of a unified diff.

    The student versions are made in a copy of the course, with one gradebook for all of them.
    """
    with tempfile.TemporaryDirectory() as scratch:
        twin = Course(Path(scratch) / "course")
        copy_course(course, twin.root, chapters)
        for chapter in chapters:
            fresh = release_chapter(twin, chapter)
            yield list(_differences(course.release / chapter, fresh, f"release/{chapter}"))


def copy_course(course: Course, target: Path, chapters: Sequence[str]) -> None:
    """A course folder of its own with the sources of some chapters, and nothing that a class left."""
    (target / "source").mkdir(parents=True)
    shutil.copyfile(course.root / "nbgrader_config.py", target / "nbgrader_config.py")
    shutil.copyfile(course.source / "course.toml", target / "source" / "course.toml")
    for chapter in chapters:
        shutil.copytree(course.source / chapter, target / "source" / chapter, ignore=shutil.ignore_patterns(".*"))


def _differences(kept: Path, fresh: Path, label: str) -> Iterator[str]:
    files = {p.relative_to(root) for root in (kept, fresh) for p in root.rglob("*") if p.is_file()}
    for file in sorted(f for f in files if not any(part.startswith(".") for part in f.parts)):
        old, new = kept / file, fresh / file
        if not new.is_file():
            yield f"{label}/{file}: is kept, but the source gives no such file"
        elif not old.is_file():
            yield f"{label}/{file}: is missing"
        elif old.read_bytes() != new.read_bytes():
            try:
                before, after = old.read_text("utf-8").splitlines(), new.read_text("utf-8").splitlines()
            except UnicodeDecodeError:
                yield f"{label}/{file}: differs"
                continue
            made = f"{label}/{file} (from source)"
            yield from difflib.unified_diff(before, after, f"{label}/{file}", made, n=1, lineterm="")
