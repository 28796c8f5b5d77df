"""The rules of a source notebook, and the mending of what is mechanical.

Every rule is one function that yields violations; `check_chapter` runs them all.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.check.bank import BankError, bank_file, read_bank
from triptych.check.violation import Violation
from triptych.model import cell_names
from triptych.model.chapter import (
    BEGIN_HIDDEN,
    BEGIN_SOLUTION,
    SLIDE_TYPES,
    Chapter,
    RegionError,
    Role,
    exercise_of,
    heading_marks,
    headings,
    hidden_lines,
    read_chapter,
    role_of,
    solution_lines,
)
from triptych.model.course import ChapterPlan, Course, CourseError, nearest
from triptych.model.slides import CORE, EXERCISE, PLAN, is_recap, plan_text
from triptych.model.workshop import parts_of

#: Nested metadata of a source notebook, the same in every chapter but for `triptych`.
NOTEBOOK_METADATA: dict[str, Any] = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
    # What jupyterlab-rise and classic RISE read; the one block measured to fit a projector.
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
TOOLS_ID = "course-tools"
#: Marks what `triptych new` leaves to the author; a chapter with such a mark is not finished.
UNWRITTEN = "TO BE WRITTEN"
#: Copies that each chapter carries, and where in the course folder their one original is.
COPIES = {"rise.css": Path("slides/theme/rise.css"), "triptych.mplstyle": Path("slides/theme/triptych.mplstyle")}
READABLE_ID = re.compile(r"[a-z][a-z0-9_-]{2,63}")
RANDOM_ID = re.compile(r"[0-9a-f]{8}|cell-[0-9a-f]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)[^)]*\)")
FIGURE_TEXT = re.compile(r"(?m)^#\| fig-alt: \S.{9,}")
HTML_IMAGE = re.compile(r"<img\b[^>]*>")


def notebook_metadata(plan: ChapterPlan) -> dict[str, Any]:
    """What a chapter's notebook says of itself: to Jupyter, to RISE, and to the sandbox what to take away."""
    return NOTEBOOK_METADATA | ({"triptych": {"by_hand": True}} if plan.by_hand else {})


def check_course(course: Course, chapters: list[str]) -> list[Violation]:
    """Every violation in the chapters named."""
    violations = [violation for chapter in chapters for violation in check_chapter(course, chapter)]
    if not violations and list(chapters) == list(course.plans):  # the workshop is made of all of them
        violations = check_workshop(course)
    return violations


def check_workshop(course: Course) -> list[Violation]:
    """The violation of the workshop's plan, which is made of all chapters."""
    try:
        parts_of(course, {chapter: read_chapter(course.notebook(chapter)).notebook for chapter in course.plans})
    except CourseError as error:
        return [Violation("source/course.toml", "", "workshop", str(error))]
    return []


def check_chapter(course: Course, chapter_id: str) -> list[Violation]:
    path = course.notebook(chapter_id)
    file = str(path.relative_to(course.root))
    try:
        chapter = read_chapter(path)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        return [Violation(file, "", "notebook", f"is not a readable notebook ({str(error).splitlines()[0]})")]
    plan = course.plans[chapter_id]
    violations = [
        *_ids(chapter),
        *_points(chapter, plan),
        *_clean(chapter, plan),
        *_regions(chapter),
        *_names(chapter),
        *_messages(chapter),
        *_comparisons(chapter),
        *_slides(chapter),
        *_images(chapter),
        *_headings(chapter, plan),
        *_copies(course, chapter),
        *_bank(course, chapter),
        *_unwritten_cells(chapter),
    ]
    return [
        *(Violation(file, cell, rule, message) for cell, rule, message in violations),
        *_unwritten_files(course, chapter),
    ]


Found = Iterator[tuple[str, str, str]]


def _ids(chapter: Chapter) -> Found:
    for cell in chapter.cells:
        label = cell.id or f"number {cell.index + 1}"
        if not cell.id:
            yield label, "id", "has no id"
        elif RANDOM_ID.fullmatch(cell.id) or not READABLE_ID.fullmatch(cell.id):
            yield label, "id", "has an id that says nothing; name it after what the cell does"
        if cell.role is not Role.NOTES and cell.grade_id != cell.id:
            yield label, "id", f"has the grade_id {cell.grade_id!r}, which must be the cell's id"
    # counted in the file itself: nbformat gives a second cell of the same id a random one as it reads
    raw = json.loads(chapter.path.read_text(encoding="utf-8"))
    for id_, count in Counter(cell["id"] for cell in raw["cells"] if cell.get("id")).items():
        if count > 1:
            yield id_, "id", f"shares its id with {count - 1} more"


def _points(chapter: Chapter, plan: ChapterPlan) -> Found:
    exercises = chapter.exercises
    for missing in plan.exercises.keys() - exercises.keys():
        yield missing, "points", "is promised in course.toml and has no solution cell"
    for cell in chapter.with_role(Role.TEST):
        if exercise_of(cell.grade_id, exercises) is None:
            yield cell.id, "points", "is a test cell of no exercise: begin its id with the exercise's"
        if cell.points <= 0:
            yield cell.id, "points", "is a test cell without points"
    for id_, exercise in exercises.items():
        promised = plan.exercises.get(id_)
        if promised is None:
            others = [other for other in plan.exercises if other not in exercises]
            yield id_, "points", f"is an exercise that course.toml does not name: {nearest(id_, others)}"
            continue
        if exercise.points != promised.points:
            yield (
                id_,
                "points",
                f"has {exercise.points:g} points in its test cells, course.toml has {promised.points:g}",
            )
        for part, points in promised.parts.items():
            sum_ = sum(t.points for t in exercise.tests if exercise_of(t.grade_id, promised.parts) == part)
            if sum_ != points:
                yield id_, "points", f"has {sum_:g} points in tests {part}_…, course.toml has {points:g}"


def _clean(chapter: Chapter, plan: ChapterPlan) -> Found:
    if chapter.notebook.metadata != notebook_metadata(plan):
        yield "", "metadata", "has notebook metadata that differ from the course's"
    for cell in chapter.cells:
        if cell.is_code and (cell.node.outputs or cell.node.execution_count is not None):
            yield cell.id, "outputs", "carries outputs or an execution count"
        stray = set(cell.node.metadata) - CELL_METADATA_KEYS
        stray |= set(cell.nbgrader) - NBGRADER_KEYS
        if stray:
            yield cell.id, "metadata", f"carries stray metadata ({', '.join(sorted(stray))})"
        if cell.node.metadata.get("attachments") or cell.node.get("attachments"):
            yield cell.id, "metadata", "has an attachment: put the image into figures/ instead"
        if cell.role in (Role.LECTURE, Role.SETUP, Role.STUDENT_SIDE) and not cell.nbgrader.get("locked"):
            yield cell.id, "locked", "can be edited by students: lock it"


def _regions(chapter: Chapter) -> Found:
    for cell in chapter.cells:
        try:
            solution, hidden = solution_lines(cell.source), hidden_lines(cell.source)
        except RegionError as error:
            yield cell.id, "region", str(error)
            continue
        if cell.role is Role.SOLUTION and not any(line.strip() for line in solution):
            yield cell.id, "region", f"is a solution cell without {BEGIN_SOLUTION} region"
        if cell.role is not Role.SOLUTION and solution:
            yield cell.id, "region", "has a solution region outside a solution cell"
        if cell.role is Role.TEST and not any(line.strip() for line in hidden):
            yield cell.id, "region", f"is a test cell without {BEGIN_HIDDEN} region"
        if cell.role is not Role.TEST and hidden:
            yield cell.id, "region", "has hidden tests outside a test cell"


def _names(chapter: Chapter) -> Found:
    """Test cells stand on setup, student-side and solution cells alone; setup cells on setup alone."""
    defined: dict[Role, set[str]] = {role: set() for role in Role}
    for cell in chapter.cells:
        if not cell.is_code:
            continue
        try:
            bound, free = cell_names.bound_names(cell.source), cell_names.free_names(cell.source)
        except SyntaxError as error:
            if cell.role is not Role.LECTURE:  # a lecture cell may hold a magic
                yield cell.id, "names", f"is no plain Python (line {error.lineno}: {error.msg})"
            continue
        setup = defined[Role.SETUP]
        answer = defined[Role.SOLUTION] | defined[Role.STUDENT_SIDE]
        allowed = {
            Role.SETUP: setup,
            Role.STUDENT_SIDE: setup | answer,
            Role.TEST: setup | answer,
        }.get(cell.role)
        if allowed is not None:
            for name in sorted(free - allowed):
                origin = "a lecture cell" if name in defined[Role.LECTURE] else "no cell before it"
                yield cell.id, "names", f"uses {name}, which comes from {origin}"
        defined[cell.role] |= bound


def _messages(chapter: Chapter) -> Found:
    """A student sees a hidden test's message and nothing else of it, so it must be there and plain."""
    for cell in chapter.with_role(Role.TEST):
        try:
            statements = cell_names.assertions(cell.source)
        except SyntaxError:
            continue  # reported by _names
        if not statements:
            yield cell.id, "message", "is a test cell without an assertion"
        for statement in statements:
            if not cell_names.plain_message(statement):
                yield cell.id, "message", f"has an assertion without a plain sentence (line {statement.lineno})"
        if re.search(r"\b(np|numpy)\.testing\b", cell.source):
            yield cell.id, "message", "uses np.testing, whose messages carry expected values: use assert agree(…)"


def _comparisons(chapter: Chapter) -> Found:
    """A student's object may call itself equal to anything: results go through agree, float or np.asarray."""
    students: set[str] = set()
    for cell in chapter.with_role(Role.SOLUTION, Role.STUDENT_SIDE, Role.TEST):
        try:
            if cell.role is not Role.TEST:
                # what a student's class makes may be compared: how it compares is then what is tested
                students |= cell_names.bound_names(cell.source) - cell_names.classes(cell.source)
                continue
            for comparison in cell_names.lopsided_comparisons(cell.source, students):
                yield cell.id, "compare", f"lets a student's object decide in “{comparison}”: use agree(…)"
        except SyntaxError:
            continue  # reported by _names


def _slides(chapter: Chapter) -> Found:
    fragment_seen = False
    if chapter.cells and chapter.cells[0].slide_type != "slide":
        yield chapter.cells[0].id, "slide", "is the first cell and must begin a slide"
    for cell in chapter.cells:
        if cell.slide_type not in SLIDE_TYPES:
            yield cell.id, "slide", f"has no slide type (one of {', '.join(SLIDE_TYPES)})"
        if (cell.role is Role.NOTES) != (cell.slide_type == "notes"):
            yield cell.id, "slide", "must be a raw cell of slide type notes, or neither"
        if cell.slide_type in ("slide", "subslide"):
            fragment_seen = False
        elif cell.slide_type == "fragment":
            fragment_seen = True
        elif cell.slide_type == "notes" and fragment_seen:
            yield cell.id, "slide", "is a note after a fragment: presenters would lose it, put it before"


def _images(chapter: Chapter) -> Found:
    for cell in chapter.cells:
        if cell.is_code and "plt.show(" in cell.source and not FIGURE_TEXT.search(cell.source):
            yield cell.id, "image", "draws a figure without a line “#| fig-alt: what it shows”"
        if cell.node.cell_type != "markdown":
            continue
        if HTML_IMAGE.search(cell.source):
            yield cell.id, "image", "has an <img>: write ![what it shows](figures/name.svg)"
        for image in IMAGE.finditer(cell.source):
            target = image["target"]
            if len(image["alt"].strip()) < 10:
                yield cell.id, "image", f"has {target} without alternative text that says what it shows"
            file = (chapter.path.parent / target).resolve()
            if not file.is_relative_to(chapter.path.parent.resolve()) or not file.is_file():
                yield cell.id, "image", f"shows {target}, which is not beside the notebook"


def _headings(chapter: Chapter, plan: ChapterPlan) -> Found:
    found = [(cell.id, h) for cell in chapter.cells if cell.node.cell_type == "markdown" for h in headings(cell.source)]
    if not any(is_recap(h) for _, h in found):
        yield "", "heading", "has no recap slide (a heading that begins with Recap, or ● Recap on the core path)"
    level = 0
    for cell in chapter.cells:
        for mark in heading_marks(cell.source) if cell.node.cell_type == "markdown" else []:
            if mark > level + 1 or (mark == 1) != (level == 0):
                yield cell.id, "heading", f"has a heading of level {mark} after one of level {level or 'none'}"
            level = mark
    for id_ in chapter.exercises:
        titles = [h for _, h in found if "Exercise" in h and f"`{id_}`" in h]
        if len(titles) != 1:
            yield id_, "heading", f"needs one heading “Exercise: `{id_}`”, has {len(titles)}"
        elif id_ in plan.exercises:
            if (CORE in titles[0]) != plan.exercises[id_].core:
                yield id_, "heading", "and course.toml disagree on whether it is on the core path (●)"
            says = f"**{plan_text(plan.exercises[id_])}"
            if not any(f"`{id_}`" in before and after.startswith(says) for before, after in _below_headings(chapter)):
                yield id_, "heading", f"needs “{says}**” below its heading, as course.toml has it"


def _below_headings(chapter: Chapter) -> Iterator[tuple[str, str]]:
    """The exercises' headings of a chapter, each with the text below it."""
    for cell in chapter.cells:
        first, _, rest = cell.source.partition("\n")
        if cell.node.cell_type == "markdown" and EXERCISE.match(first.lstrip("# ")):
            yield first, rest.lstrip("\n")


def _copies(course: Course, chapter: Chapter) -> Found:
    for name, original in COPIES.items():
        copy_ = chapter.path.parent / name
        if not copy_.is_file() or copy_.read_bytes() != (course.root / original).read_bytes():
            yield "", "copy", f"needs {name} beside it, the same as {original}"
    tools = [cell for cell in chapter.cells if cell.id == TOOLS_ID]
    if not tools or tools[0].source != course_tools():
        yield TOOLS_ID, "copy", "must be the setup cell that all chapters share"


def _bank(course: Course, chapter: Chapter) -> Found:
    for id_ in chapter.exercises:
        try:
            answers = read_bank(course.answers, chapter.id, id_)
        except BankError as error:
            yield id_, "bank", str(error)
            continue
        right = sum(answer.right for answer in answers)
        wrong = len(answers) - right
        if (right < 3 or wrong < 6) and UNWRITTEN not in bank_file(course.answers, chapter.id, id_).read_text("utf-8"):
            yield id_, "bank", f"has {right} right and {wrong} wrong answers in the bank; it needs 3 and 6"
        test_ids = {test.id for test in chapter.exercises[id_].tests}
        for answer in answers:
            for unknown in sorted(answer.loses - test_ids):
                hint = nearest(unknown, sorted(test_ids))
                yield (
                    id_,
                    "bank",
                    f"has an answer {answer.title!r} that loses {unknown}, which is no test of it: {hint}",
                )


def _unwritten_cells(chapter: Chapter) -> Found:
    """What `triptych new` has left to an author."""
    for cell in chapter.cells:
        for what in unwritten(cell.source).values():
            yield cell.id, "unwritten", f"is still to be written: {what}"


def _unwritten_files(course: Course, chapter: Chapter) -> Iterator[Violation]:
    banks = [bank_file(course.answers, chapter.id, id_) for id_ in chapter.exercises]
    for path in [*banks, course.chapter_tests(chapter.id)]:
        if path.is_file():
            file = str(path.relative_to(course.root))
            for line, what in unwritten(path.read_text(encoding="utf-8")).items():
                yield Violation(file, "", "unwritten", f"is still to be written: {what}", line)


def unwritten(text: str) -> dict[int, str]:
    """What a text says is still to be written, by line (from 1): the line without the mark."""
    lines = enumerate(text.split("\n"), 1)
    return {number: line.partition(UNWRITTEN)[2].strip(" :") or line for number, line in lines if UNWRITTEN in line}


def course_tools() -> str:
    """The source of the setup cell that all chapters share."""
    return resources.files("triptych.data").joinpath("course_tools.py").read_text(encoding="utf-8").strip("\n")


# --- mending -----------------------------------------------------------------------------------


def fix_chapter(course: Course, chapter_id: str) -> bool:
    """Mends what is mechanical, in place; returns whether anything changed.

    Ids that say nothing, missing nbgrader fields, missing slide types, outputs, stray metadata,
    key order, the shared setup cell and the copies of the shared files. Nothing that needs thought.
    """
    path = course.notebook(chapter_id)
    notebook = nbformat.read(path, as_version=4)
    before = copy.deepcopy(notebook)
    notebook = fixed(notebook, course.plans[chapter_id])
    text = serialise(notebook)
    changed = notebook != before or path.read_text(encoding="utf-8") != text
    if changed:
        path.write_text(text, encoding="utf-8")
    for name, original in COPIES.items():
        source, target = course.root / original, path.parent / name
        if not source.is_file():
            raise CourseError(f"{source} is missing: restore it, every chapter carries a copy.")
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)
            changed = True
    return changed


def serialise(notebook: NotebookNode) -> str:
    """The one way a source notebook is written: keys sorted, indent 1, a newline at the end."""
    return str(nbformat.writes(notebook, version=4)).rstrip("\n") + "\n"


def fixed(notebook: NotebookNode, plan: ChapterPlan) -> NotebookNode:
    """A copy of a source notebook with all that is mechanical fixed."""
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
        if node.get("id") == TOOLS_ID or _is_tools_placeholder(node):
            node.id, node.source = TOOLS_ID, course_tools()
            node.metadata["jupyter"] = {"source_hidden": True}  # folded: a student need not read past it
    _fix_ids(notebook)
    return notebook


def _fix_plan(node: NotebookNode, plan: ChapterPlan) -> None:
    """An exercise's points and minutes below its heading, from course.toml."""
    first, _, rest = node.source.partition("\n")
    named = EXERCISE.match(first.lstrip("# "))
    if named and named[1] in plan.exercises:
        old = PLAN.match(rest.lstrip("\n"))
        text = rest.lstrip("\n")[old.end() if old else 0 :]
        gap = "" if not text else (" " if text[0] not in "|-#$>" else "\n\n")
        stop = "." if gap == " " else ""
        node.source = f"{first}\n\n**{plan_text(plan.exercises[named[1]])}{stop}**{gap}{text}"


def _is_tools_placeholder(node: NotebookNode) -> bool:
    return bool(node.cell_type == "code" and node.source.strip().startswith("# Tools every chapter shares."))


def _fix_metadata(node: NotebookNode) -> None:
    metadata = {k: v for k, v in node.metadata.items() if k in CELL_METADATA_KEYS}
    if node.cell_type == "raw":
        metadata.pop("nbgrader", None)
        metadata["slideshow"] = {"slide_type": "notes"}
    else:
        marks = {k: v for k, v in metadata.get("nbgrader", {}).items() if k in NBGRADER_KEYS}
        marks.setdefault("grade", "points" in marks)
        marks.setdefault("solution", False)
        marks.setdefault("locked", not marks["solution"])
        marks["schema_version"], marks["task"] = 3, False
        metadata["nbgrader"] = marks
        metadata.setdefault("slideshow", {}).setdefault("slide_type", "-")
    node.metadata = nbformat.from_dict(metadata)


def _fix_ids(notebook: NotebookNode) -> None:
    """Readable ids: an exercise's and a test's own, else the slide's heading and the kind of cell."""
    taken: set[str] = {TOOLS_ID}
    topic = "start"
    for node in notebook.cells:
        role = role_of(node)
        if node.cell_type == "markdown" and headings(node.source):
            topic = _slug(headings(node.source)[0]) or topic
        id_ = node.get("id", "")
        if role in (Role.SOLUTION, Role.TEST) and node.metadata.nbgrader.get("grade_id"):
            id_ = node.metadata.nbgrader.grade_id
        elif id_ != TOOLS_ID and (not READABLE_ID.fullmatch(id_) or RANDOM_ID.fullmatch(id_) or id_ in taken):
            kind = {"markdown": "", "code": "-code", "raw": "-notes"}[node.cell_type]
            stem = f"{topic}{kind}"
            id_, number = stem, 2
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
