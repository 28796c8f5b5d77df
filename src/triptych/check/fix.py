"""The standard form of a source notebook, and the mechanical fixes that restore it."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.check.references import references, with_references
from triptych.files import write_whole
from triptych.model.builds_on import exercises_needed, with_line
from triptych.model.chapter import TOOLS_ID, Role, chapter_from, headings, role_of
from triptych.model.course import ChapterPlan, Course, CourseError
from triptych.model.slides import EXERCISE, HIDE_INPUT, PLAN, plan_text, slide_type

NOTEBOOK_METADATA: dict[str, Any] = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
    # read by jupyterlab-rise and classic RISE; measured to fit a projector
    "rise": {
        "center": False,
        "height": 720,
        "margin": 0.02,
        "minScale": 0.2,
        "scroll": True,
        "slideNumber": True,
        "theme": "white",
        "width": 1280,
    },
}
NBGRADER_KEYS = {"grade", "grade_id", "locked", "points", "schema_version", "solution", "task"}
CELL_METADATA_KEYS = {"jupyter", "nbgrader", "slideshow", "tags"}
#: The first line of the setup cell that all chapters share.
TOOLS_BEGIN = "# Tools every chapter shares."
#: The part of the shared setup cell that is too long for a cell: a module of this package.
GRAPHS = "course_graphs.py"
#: Files that each chapter carries a copy of, with the original's place: in the course folder, or in this package.
COPIES = {
    "rise.css": Path("slides/theme/rise.css"),
    "triptych.mplstyle": Path("slides/theme/triptych.mplstyle"),
    GRAPHS: Path("src/triptych/data") / GRAPHS,
}
READABLE_ID = re.compile(r"[a-z][a-z0-9_-]{2,63}")
RANDOM_ID = re.compile(r"[0-9a-f]{8}|cell-[0-9a-f]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def notebook_metadata(plan: ChapterPlan) -> dict[str, Any]:
    """The notebook metadata of a chapter, including what is disabled while answers are graded."""
    flags = {name: True for name in ("by_hand", "own_fit") if getattr(plan, name)}
    return NOTEBOOK_METADATA | ({"triptych": flags} if flags else {})


def course_tools() -> str:
    """The source of the setup cell that all chapters share."""
    return resources.files("triptych.data").joinpath("course_tools.py").read_text(encoding="utf-8").strip("\n")


def original(course: Course, name: str) -> bytes:
    """The content of a file that every chapter carries a copy of.

    Args:
        course: the course, whose theme has some of the originals.
        name: a key of `COPIES`.

    Raises:
        CourseError: the original is missing.
    """
    if name == GRAPHS:
        return resources.files("triptych.data").joinpath(name).read_bytes()
    path = course.root / COPIES[name]
    if not path.is_file():
        raise CourseError(f"{path} is missing: restore it, every chapter carries a copy.")
    return path.read_bytes()


def has_readable_id(node: NotebookNode) -> bool:
    """Whether a cell's id was chosen by a person: lower case, and not a generated number."""
    id_ = node.get("id", "")
    return bool(READABLE_ID.fullmatch(id_)) and not RANDOM_ID.fullmatch(id_)


def is_folded(node: NotebookNode) -> bool:
    """Whether a cell's code is folded: where the author asks for it, and helpers that are on no slide."""
    is_helper = role_of(node) in (Role.LECTURE, Role.SETUP, Role.STUDENT_SIDE) and slide_type(node) == "skip"
    return node.cell_type == "code" and (is_helper or bool(node.metadata.get("jupyter", {}).get("source_hidden")))


def fix_chapter(course: Course, chapter_id: str) -> bool:
    """Fixes in place what can be fixed mechanically in a chapter's notebook and its copies of shared files.

    Returns:
        Whether anything changed.

    Raises:
        CourseError: the original of a shared file is missing, or the bibliography cannot be read.
    """
    path = course.notebook(chapter_id)
    before = path.read_text(encoding="utf-8")
    after = serialise(fix_notebook(nbformat.reads(before, as_version=4), course.plans[chapter_id], references(course)))
    changed = after != before
    if changed:
        write_whole(path, after, mode=path.stat().st_mode & 0o777)
    for name in COPIES:
        target, content = path.parent / name, original(course, name)
        if not target.is_file() or target.read_bytes() != content:
            write_whole(target, content)
            changed = True
    return changed


def serialise(notebook: NotebookNode) -> str:
    """The text of a source notebook: sorted keys, indent 1, a newline at the end."""
    return str(nbformat.writes(notebook, version=4)).rstrip("\n") + "\n"


def fix_notebook(
    notebook: NotebookNode, plan: ChapterPlan, references: Mapping[str, str] = MappingProxyType({})
) -> NotebookNode:
    """A copy of a source notebook in standard form.

    Fixed are ids without meaning, missing nbgrader fields and slide types, outputs, unexpected metadata, the text of
    the shared setup cell, the line of points and minutes below an exercise's heading, lines `%%builds_on`,
    references, and the metadata that folds the code of helpers.

    Args:
        notebook: the notebook.
        plan: the chapter's plan.
        references: the course's references by their addresses.
    """
    notebook = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(notebook_metadata(plan))
    for node in notebook.cells:
        _fix_metadata(node)
        if node.cell_type == "code":
            node.outputs, node.execution_count = [], None
        node.source = "\n".join(line.rstrip() for line in node.source.split("\n")).strip("\n")
        if node.cell_type == "markdown":
            _fix_plan(node, plan)
            node.source = with_references(node.source, references)
        if node.get("id") == TOOLS_ID or (node.cell_type == "code" and node.source.startswith(TOOLS_BEGIN)):
            node.id, node.source = TOOLS_ID, course_tools()
        if is_folded(node):
            node.metadata.setdefault("jupyter", {})["source_hidden"] = True
            node.metadata["tags"] = sorted({*node.metadata.get("tags", []), HIDE_INPUT})
    _fix_ids(notebook)
    for index, exercises in exercises_needed(chapter_from(notebook, Path())).items():
        notebook.cells[index].source = with_line(notebook.cells[index].source, exercises)
    return notebook


def _fix_metadata(node: NotebookNode) -> None:
    metadata = {k: v for k, v in node.metadata.items() if k in CELL_METADATA_KEYS}
    if node.cell_type == "raw":
        metadata.pop("nbgrader", None)
        metadata["slideshow"] = {"slide_type": "notes"}
    else:
        fields = {k: v for k, v in metadata.get("nbgrader", {}).items() if k in NBGRADER_KEYS}
        fields.setdefault("grade", "points" in fields)
        fields.setdefault("solution", False)
        fields.setdefault("locked", not fields["solution"])
        fields["schema_version"], fields["task"] = 3, False
        metadata["nbgrader"] = fields
        metadata.setdefault("slideshow", {}).setdefault("slide_type", "-")
        if role_of(node) is Role.READING:
            metadata["slideshow"] = {"slide_type": "skip"}
    node.metadata = nbformat.from_dict(metadata)


def _fix_plan(node: NotebookNode, plan: ChapterPlan) -> None:
    """Writes an exercise's points and minutes from course.toml below its heading."""
    first, _, rest = node.source.partition("\n")
    heading = EXERCISE.match(first.lstrip("# "))
    if heading and heading[1] in plan.exercises:
        rest = rest.lstrip("\n")
        old_plan = PLAN.match(rest)
        text = rest[old_plan.end() if old_plan else 0 :]
        gap = "" if not text else (" " if text[0] not in "|-#$>" else "\n\n")
        full_stop = "." if gap == " " else ""
        node.source = f"{first}\n\n**{plan_text(plan.exercises[heading[1]])}{full_stop}**{gap}{text}"


def _fix_ids(notebook: NotebookNode) -> None:
    """Names cells: exercises and tests after their grade_id, others after the slide's heading and the kind of cell."""
    taken: set[str] = {TOOLS_ID}
    topic = "start"
    for node in notebook.cells:
        role = role_of(node)
        if node.cell_type == "markdown" and headings(node.source):
            topic = _slug(headings(node.source)[0]) or topic
        id_ = node.get("id", "")
        if role in (Role.SOLUTION, Role.TEST) and node.metadata.nbgrader.get("grade_id"):
            id_ = node.metadata.nbgrader.grade_id
        elif id_ != TOOLS_ID and (not has_readable_id(node) or id_ in taken):
            id_ = stem = topic + {"markdown": "", "code": "-code", "raw": "-notes"}[node.cell_type]
            number = 2
            while id_ in taken:
                id_, number = f"{stem}-{number}", number + 1
        node.id = id_
        taken.add(id_)
        if role is not Role.NOTES:
            node.metadata.nbgrader.grade_id = id_


def _slug(heading: str) -> str:
    words = re.findall(r"[a-z0-9_]+", heading.lower().replace("'", ""))
    slug = "-".join(words)[:48].strip("-")
    return slug if slug[:1].isalpha() else f"slide-{slug}".strip("-")
