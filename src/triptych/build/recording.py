"""Recordings: what lecture cells show while the answers that they build on are open or wrong.

A lecture cell that begins with `%%builds_on` runs the visible tests of the exercises on that line. If one fails, it
shows the outputs of the course's own run from `recorded.json` beside the notebook; the code of this magic is in the
setup cell `course-tools`. Students receive the file, so it contains no answer and no hidden test.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from triptych.files import write_whole
from triptych.fingerprint import fingerprint
from triptych.model.cell_names import bound_names
from triptych.model.chapter import RECORDING, Cell, Chapter, Role, read_chapter, stub, visible_source
from triptych.model.course import Course


def record(course: Course, chapter_id: str, *, force: bool = False) -> Path | None:
    """Writes a chapter's recording, or removes it if no cell needs one.

    Args:
        course: the course.
        chapter_id: the chapter's id.
        force: record it also when the recording is current.

    Returns:
        The path of the recording; None if nothing has changed.

    Raises:
        CourseError: a cell of the answer key fails.
    """
    path, chapter = recording_path(course, chapter_id), read_chapter(course.notebook(chapter_id))
    if not force and is_current(path, chapter):
        return None
    if not _cells(chapter):
        path.unlink()
        return path
    from triptych.build.answer_key import answer_key  # nbclient, which `triptych check` does without

    key = {cell.id: cell for cell in answer_key(course, chapter_id, force=force).cells}
    cells = {_hash(cell): [_recorded(o) for o in key[cell.id].outputs if _is_shown(o)] for cell in _cells(chapter)}
    write_whole(path, json.dumps(_inputs(chapter) | {"cells": cells}, indent=1, sort_keys=True) + "\n")
    return path


def recording_path(course: Course, chapter_id: str) -> Path:
    """Where a chapter's recording is."""
    return course.source / chapter_id / RECORDING


def is_current(path: Path, chapter: Chapter) -> bool:
    """Whether a recording was made from this chapter; if no cell needs one, whether there is none."""
    if not _cells(chapter):
        return not path.exists()
    try:
        recording = json.loads(path.read_text(encoding="utf-8"))
        cells = recording.pop("cells")
    except (OSError, ValueError, AttributeError, KeyError):
        return False
    return recording == _inputs(chapter) and set(cells) == set(map(_hash, _cells(chapter)))


def _cells(chapter: Chapter) -> list[Cell]:
    return [cell for cell in chapter.with_role(Role.LECTURE) if cell.builds_on]


def _hash(cell: Cell) -> str:
    """The key of a cell's outputs, which the setup cell computes in the same way: options of decks do not matter."""
    program = "\n".join(text for text in cell.code.strip().split("\n") if not text.startswith("#"))
    return hashlib.sha256(program.encode()).hexdigest()


def _inputs(chapter: Chapter) -> dict[str, Any]:
    """A recording without outputs: the names of answers, the visible tests, and a fingerprint of the code that ran."""
    exercises = chapter.exercises
    names = {name for exercise in exercises.values() for name in bound_names(stub(exercise.solution.source))}
    needed = {id_ for cell in _cells(chapter) for id_ in cell.builds_on if id_ in exercises}
    code = [cell.code for cell in chapter.cells if cell.is_code and cell.role is not Role.TEST]
    return {
        "answers": sorted(names),
        "code": fingerprint(texts=code),
        "tests": {id_: [visible_source(test.source) for test in exercises[id_].tests] for id_ in sorted(needed)},
    }


def _is_shown(output: NotebookNode) -> bool:
    return output.output_type in ("display_data", "execute_result") or output.get("name") == "stdout"


def _recorded(output: NotebookNode) -> dict[str, Any]:
    """An output as arguments of IPython's `publish`."""
    if output.output_type == "stream":
        return {"data": {"text/plain": output.text.rstrip("\n")}}
    return {"data": output.data, "metadata": output.metadata}
