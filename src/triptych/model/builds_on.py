"""Which lecture cells build on answers. Their first line, `%%builds_on`, names the exercises."""

from __future__ import annotations

from triptych.model.cell_names import bound_names, extended_names, free_names
from triptych.model.chapter import BUILDS_ON, Chapter, Role, code_of


def exercises_needed(chapter: Chapter) -> dict[int, list[str]]:
    """The exercises whose answers a lecture cell uses, itself or through names that other cells define.

    Returns:
        For each lecture cell with Python code, by index, ids of exercises in the notebook's order.
    """
    exercises = [cell.grade_id for cell in chapter.with_role(Role.SOLUTION)]
    behind: dict[str, set[str]] = {}  # the exercises behind a name
    needed: dict[int, list[str]] = {}
    for cell in chapter.with_role(Role.LECTURE, Role.SOLUTION, Role.STUDENT_SIDE):
        if not cell.is_code:
            continue
        try:
            bound, free = bound_names(cell.code) | extended_names(cell.code), free_names(cell.code)
        except SyntaxError:  # another magic
            continue
        used = set().union(*(behind.get(name, set()) for name in free))
        if cell.role is Role.LECTURE:
            needed[cell.index] = [exercise for exercise in exercises if exercise in used]
        behind |= dict.fromkeys(bound, {cell.grade_id} if cell.role is Role.SOLUTION else used)
    return needed


def with_line(source: str, exercises: list[str]) -> str:
    """The source of a lecture cell with the line that names these exercises, or without the line if there are none."""
    return "\n".join([*([" ".join([BUILDS_ON, *exercises])] if exercises else []), code_of(source)])
