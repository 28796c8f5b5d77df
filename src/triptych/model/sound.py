"""Whether a source notebook can be worked with at all. `triptych check` says more."""

from __future__ import annotations

from pathlib import Path

import nbformat

from triptych.model.chapter import RegionError, hidden_lines, read_chapter, solution_lines
from triptych.model.course import CourseError


def require_sound(path: Path) -> None:
    """Raises CourseError if a source is no notebook, has cells without ids, or regions that do not end."""
    try:
        chapter = read_chapter(path)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise CourseError(f"{path} is not a readable notebook ({str(error).splitlines()[0]}): restore it.") from error
    if any(not cell.id for cell in chapter.cells):
        form = f"{chapter.notebook.nbformat}.{chapter.notebook.nbformat_minor}"
        raise CourseError(
            f"{path} has cells without ids (notebook format {form}): run `triptych check --fix {path.stem}` first."
        )
    for cell in chapter.cells:
        try:
            solution_lines(cell.source)
            hidden_lines(cell.source)
        except RegionError as error:
            raise CourseError(f"{path}, cell {cell.id}: {error}. Write both markers.") from error


__all__ = ["require_sound"]
