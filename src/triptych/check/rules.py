"""The rules of a source notebook.

A rule is a function that yields a cell's id and a message for each place that does not meet it; `RULES` names them all.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import nbformat

from triptych.build.recording import is_current, recording_path
from triptych.check.bank import BankError, bank_file, read_bank
from triptych.check.fix import (
    CELL_METADATA_KEYS,
    COPIES,
    NBGRADER_KEYS,
    course_tools,
    has_readable_id,
    is_folded,
    notebook_metadata,
    original,
)
from triptych.check.references import wrong_references
from triptych.model import cell_names
from triptych.model.builds_on import exercises_needed, with_line
from triptych.model.chapter import (
    BEGIN_HIDDEN,
    BEGIN_SOLUTION,
    BUILDS_ON,
    RECORDING,
    SLIDE_TYPES,
    TOOLS_ID,
    UNGRADED,
    Chapter,
    RegionError,
    Role,
    exercise_of,
    heading_levels,
    headings,
    hidden_lines,
    read_chapter,
    solution_lines,
)
from triptych.model.course import ChapterPlan, Course, CourseError, nearest
from triptych.model.needed import names_of
from triptych.model.slides import CORE, EXERCISE, HIDE_INPUT, is_recap, plan_text
from triptych.model.workshop import parts_of

#: Marks a place that `triptych new` leaves to the author.
UNWRITTEN = "TO BE WRITTEN"
IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)[^)]*\)")
FIGURE_TEXT = re.compile(r"(?m)^#\| fig-alt: \S.{9,}")
HTML_IMAGE = re.compile(r"<img\b[^>]*>")
#: A derivative transform of JAX, which grading disables in by-hand chapters.
TRANSFORM = re.compile(r"\bjax\.(?:(?:value_and_)?grad|jvp|vjp|jacfwd|jacrev|hessian|linearize)\b")
#: Calls that change what other cells see, besides the names of the notebook.
EFFECTS = re.compile(
    r"(?:\w+\.)+(?:seed|config\.update|style\.use|use|rc|rcParams\.update|set_backend|seterr|set_printoptions|register_\w+|"
    r"filterwarnings|simplefilter|chdir|savefig|save|savez|savetxt|tofile|dump|write_text|write_bytes|mkdir|unlink)|open"
)
#: Test cells have shorter lines, so that a visible example needs no scrolling.
LINE_LENGTH = 120


@dataclass(frozen=True)
class Violation:
    """A place in a source that does not meet a rule.

    Attributes:
        file: its path, relative to the course folder.
        cell: the cell's id, empty where the violation concerns the whole file.
        rule: the rule's name.
        message: what is wrong, a sentence without its subject.
        line: the line, from 1, in a file that is not a notebook; else 0.
    """

    file: str
    cell: str
    rule: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}, cell {self.cell}" if self.cell else self.file
        place += f", line {self.line}" if self.line else ""
        return f"{place}: {self.message} [{self.rule}]"


@dataclass(frozen=True)
class Source:
    """A chapter's notebook with its plan in course.toml."""

    course: Course
    plan: ChapterPlan
    chapter: Chapter


Findings = Iterator[tuple[str, str]]


def check_course(course: Course, chapters: Sequence[str]) -> list[Violation]:
    """Checks chapters, and the workshop's plan if these are all chapters of the course and keep the rules.

    Args:
        course: the course.
        chapters: ids of chapters.

    Returns:
        The violations, chapter by chapter.
    """
    violations = [violation for chapter in chapters for violation in check_chapter(course, chapter)]
    if violations or list(chapters) != list(course.plans):
        return violations
    try:
        parts_of(course, {chapter: read_chapter(course.notebook(chapter)).notebook for chapter in course.plans})
    except CourseError as error:
        return [Violation("source/course.toml", "", "workshop", str(error))]
    return []


def check_chapter(course: Course, chapter_id: str) -> list[Violation]:
    """Checks a chapter's notebook, its bank of answers and its tests."""
    path = course.notebook(chapter_id)
    file = str(path.relative_to(course.root))
    try:
        chapter = read_chapter(path)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        return [Violation(file, "", "notebook", f"is not a readable notebook ({str(error).splitlines()[0]})")]
    if chapter.cells and not any(cell.id for cell in chapter.cells):
        return [Violation(file, "", "id", "has cells without ids; run `triptych check --fix`")]
    source = Source(course, course.plans[chapter_id], chapter)
    violations = [Violation(file, cell, name, text) for name, rule in RULES.items() for cell, text in rule(source)]
    banks = [bank_file(course.answers, chapter_id, exercise) for exercise in chapter.exercises]
    for path in [*banks, course.chapter_tests(chapter_id)]:
        if path.is_file():
            file = str(path.relative_to(course.root))
            for line, message in _unwritten_lines(path.read_text(encoding="utf-8")):
                violations.append(Violation(file, "", "unwritten", message, line))
    return violations


# --- metadata and points ---------------------------------------------------------------------------


def _id(source: Source) -> Findings:
    for cell in source.chapter.cells:
        label = cell.id or f"number {cell.index + 1}"
        if not cell.id:
            yield label, "has no id"
        elif not has_readable_id(cell.node):
            yield label, "has a random or unreadable id; name it after the purpose of the cell"
        if cell.role is not Role.NOTES and cell.grade_id != cell.id:
            yield label, f"has the grade_id {cell.grade_id!r}; it must equal the cell's id"
    # counted in the file: when nbformat reads a duplicate id, it replaces it by a random one
    raw = json.loads(source.chapter.path.read_text(encoding="utf-8"))
    for id_, count in Counter(cell["id"] for cell in raw.get("cells", []) if cell.get("id")).items():
        if count > 1:
            yield id_, f"shares its id with {count - 1} more"


def _points(source: Source) -> Findings:
    exercises, plans = source.chapter.exercises, source.plan.exercises
    for missing in plans.keys() - exercises.keys():
        yield missing, "is an exercise in course.toml but has no solution cell"
    for cell in source.chapter.with_role(Role.TEST):
        if exercise_of(cell.grade_id, exercises) is None:
            yield cell.id, "is a test cell of no exercise; begin its id with the id of its exercise"
        if cell.points <= 0:
            yield cell.id, "is a test cell without points"
    for id_, exercise in exercises.items():
        if id_ not in plans:
            yield id_, f"is not an exercise in course.toml: {nearest(id_, sorted(plans.keys() - exercises.keys()))}"
            continue
        if exercise.points != plans[id_].points:
            yield id_, f"has {exercise.points:g} points in its test cells but {plans[id_].points:g} in course.toml"
        for part, points in plans[id_].parts.items():
            total = sum(t.points for t in exercise.tests if exercise_of(t.grade_id, plans[id_].parts) == part)
            if total != points:
                yield id_, f"has {total:g} points in test cells {part}_… but {points:g} in course.toml"


def _metadata(source: Source) -> Findings:
    if source.chapter.notebook.metadata != notebook_metadata(source.plan):
        yield "", "has notebook metadata that differ from the course's; run `triptych check --fix`"
    for cell in source.chapter.cells:
        unexpected = (set(cell.node.metadata) - CELL_METADATA_KEYS) | (set(cell.nbgrader) - NBGRADER_KEYS)
        if unexpected:
            yield cell.id, f"has unexpected metadata ({', '.join(sorted(unexpected))})"
        if cell.node.metadata.get("attachments") or cell.node.get("attachments"):
            yield cell.id, "has an attachment; move the image to figures/"


def _outputs(source: Source) -> Findings:
    for cell in source.chapter.cells:
        if cell.is_code and (cell.node.outputs or cell.node.execution_count is not None):
            yield cell.id, "contains outputs or an execution count"


def _locked(source: Source) -> Findings:
    for cell in source.chapter.with_role(Role.LECTURE, Role.READING, Role.SETUP, Role.STUDENT_SIDE):
        if not cell.nbgrader.get("locked"):
            yield cell.id, "can be edited by students; lock it"


def _folded(source: Source) -> Findings:
    for cell in source.chapter.cells:
        hidden = cell.node.metadata.get("jupyter", {}).get("source_hidden")
        if is_folded(cell.node) and not (hidden and HIDE_INPUT in cell.tags):
            yield cell.id, "is code that students need not read, and is not folded; run `triptych check --fix`"


# --- code ------------------------------------------------------------------------------------------


def _region(source: Source) -> Findings:
    for cell in source.chapter.cells:
        try:
            solution, hidden = solution_lines(cell.source), hidden_lines(cell.source)
        except RegionError as error:
            yield cell.id, str(error)
            continue
        if cell.role is Role.SOLUTION and not cell.is_manual and not any(line.strip() for line in solution):
            yield cell.id, f"is a solution cell without a {BEGIN_SOLUTION} region"
        if cell.role is not Role.SOLUTION and solution:
            yield cell.id, "has a solution region outside a solution cell"
        if cell.role is Role.TEST and not any(line.strip() for line in hidden):
            yield cell.id, f"is a test cell without a {BEGIN_HIDDEN} region"
        if cell.role is not Role.TEST and hidden:
            yield cell.id, "has hidden tests outside a test cell"


def _names(source: Source) -> Findings:
    """Test cells use names of setup, student-side and solution cells only, setup cells those of setup cells.

    No other cell uses what a test cell has bound: in a lecture with hidden tests it would find another object.
    """
    defined: dict[Role, set[str]] = {role: set() for role in Role}
    in_tests: dict[str, str] = {}
    for cell in source.chapter.cells:
        if not cell.is_code:
            continue
        try:
            bound, free = cell_names.bound_names(cell.code), cell_names.free_names(cell.code)
        except SyntaxError as error:
            if cell.role is not Role.LECTURE:  # a lecture cell may contain a magic
                yield cell.id, f"is not plain Python (line {error.lineno}: {error.msg})"
            continue
        known = defined[Role.SETUP]
        if cell.role in (Role.STUDENT_SIDE, Role.TEST):
            known = known | defined[Role.SOLUTION] | defined[Role.STUDENT_SIDE]
        if cell.role in (Role.SETUP, Role.STUDENT_SIDE, Role.TEST):
            for name in sorted(free - known):
                origin = "a lecture cell defines" if name in defined[Role.LECTURE] else "no earlier cell defines"
                yield cell.id, f"uses {name}, which {origin}"
        for name in sorted(free & in_tests.keys()) if cell.role is not Role.TEST else ():
            yield cell.id, f"uses {name}, which the test cell {in_tests[name]} binds; rename it in the test"
        if cell.role is Role.TEST:
            in_tests |= dict.fromkeys(bound, cell.id)
        else:
            in_tests = {name: test for name, test in in_tests.items() if name not in bound}
        defined[cell.role] |= bound


def _message(source: Source) -> Findings:
    """Every assertion has a constant message: it is all that a student sees of a hidden test."""
    for cell in source.chapter.with_role(Role.TEST):
        try:
            statements = cell_names.assertions(cell.source)
        except SyntaxError:
            continue  # reported by _names
        if not statements:
            yield cell.id, "is a test cell without an assertion"
        for statement in statements:
            if not cell_names.plain_message(statement):
                yield cell.id, f"has an assertion without a plain string as its message (line {statement.lineno})"
        if re.search(r"\b(np|numpy)\.testing\b", cell.source):
            yield cell.id, "uses np.testing, whose messages contain expected values; use assert agree(…)"


def _compare(source: Source) -> Findings:
    """A student's object may claim to equal anything, so results are compared through agree, float or np.asarray."""
    students: set[str] = set()
    for cell in source.chapter.with_role(Role.SOLUTION, Role.STUDENT_SIDE, Role.TEST):
        try:
            if cell.role is not Role.TEST:
                # instances of a student's class may be compared: their comparison is then under test
                students |= cell_names.bound_names(cell.source) - cell_names.classes(cell.source)
                continue
            for comparison in cell_names.lopsided_comparisons(cell.source, students):
                yield cell.id, f"compares a student's object directly in “{comparison}”; use agree(…)"
        except SyntaxError:
            continue  # reported by _names


def _builds_on(source: Source) -> Findings:
    needed = exercises_needed(source.chapter)
    for cell in source.chapter.cells:
        exercises = needed.get(cell.index, [])
        if cell.source == with_line(cell.source, exercises):
            continue
        if exercises:
            yield cell.id, f"must begin with “{BUILDS_ON} {' '.join(exercises)}”; run `triptych check --fix`"
        else:
            yield cell.id, f"begins with {BUILDS_ON} but is not a lecture cell that uses an answer; remove the line"


def _by_hand(source: Source) -> Findings:
    """A lecture cell that calls JAX's derivatives where grading disables them is not run there; nothing else may."""
    refused = (Role.LECTURE, Role.SOLUTION) if source.plan.by_hand else ()
    for cell in source.chapter.cells:
        tagged = UNGRADED in cell.tags
        if tagged and cell.role is not Role.LECTURE:
            yield cell.id, f"has the tag {UNGRADED}, which is for lecture cells"
        elif cell.is_code and cell.role in refused and not tagged and (call := TRANSFORM.search(cell.source)):
            yield cell.id, f"calls {call[0]} in a by-hand chapter; only a lecture cell with the tag {UNGRADED} may"


def _effects(source: Source) -> Findings:
    """Grading does not run lecture cells that bind and change no name that others use, so they change nothing else."""
    modules = {name for cell in source.chapter.cells if cell.is_code for name in names_of(cell.code).modules}
    for cell in source.chapter.with_role(Role.LECTURE):
        if not cell.is_code:
            continue
        found = sorted(names_of(cell.code).opaque)
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(cell.code)):
                if isinstance(node, ast.Call) and EFFECTS.fullmatch(call := ast.unparse(node.func)):
                    found.append(call)
                elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
                    found += [ast.unparse(node)] if cell_names.root_name(node) in modules else []
        if found:
            yield cell.id, f"may change what other cells see ({', '.join(found)}); do it in a setup cell"


def _length(source: Source) -> Findings:
    for cell in source.chapter.with_role(Role.TEST):
        for number, line in enumerate(cell.source.split("\n"), 1):
            if len(line) > LINE_LENGTH:
                yield cell.id, f"has a line of {len(line)} characters (line {number}); at most {LINE_LENGTH} fit"


# --- slides ----------------------------------------------------------------------------------------


def _slide(source: Source) -> Findings:
    cells = source.chapter.cells
    if cells and cells[0].slide_type != "slide":
        yield cells[0].id, "is the first cell and must begin a slide"
    after_fragment = False
    for cell in cells:
        if cell.slide_type not in SLIDE_TYPES:
            yield cell.id, f"has no slide type (one of {', '.join(SLIDE_TYPES)})"
        if (cell.role is Role.NOTES) != (cell.slide_type == "notes"):
            yield cell.id, "must be a raw cell of slide type notes, or neither"
        if cell.slide_type in ("slide", "subslide"):
            after_fragment = False
        elif cell.slide_type == "fragment":
            after_fragment = True
        elif cell.slide_type == "notes" and after_fragment:
            yield cell.id, "is a note after a fragment, where presenters do not see it; move it before the fragment"


def _reading(source: Source) -> Findings:
    """Cells for readers are on no slide, and Markdown cells on no slide are for readers."""
    for cell in source.chapter.cells:
        if Role.READING in cell.tags and cell.role is not Role.READING:
            yield cell.id, f"has the tag {Role.READING}, which is for Markdown cells"
        elif cell.role is Role.READING and cell.slide_type != "skip":
            yield cell.id, f"has the tag {Role.READING} and must have slide type skip; run `triptych check --fix`"
        elif cell.node.cell_type == "markdown" and cell.slide_type == "skip" and cell.role is not Role.READING:
            yield cell.id, f"is Markdown on no slide; give it the tag {Role.READING}"
    yield from wrong_references(source.course, source.chapter)


def _image(source: Source) -> Findings:
    folder = source.chapter.path.parent
    for cell in source.chapter.cells:
        if cell.is_code and "plt.show(" in cell.source and not FIGURE_TEXT.search(cell.source):
            yield cell.id, "draws a figure without a line “#| fig-alt: description”"
        if cell.node.cell_type != "markdown":
            continue
        if HTML_IMAGE.search(cell.source):
            yield cell.id, "has an <img>; write ![description](figures/name.svg)"
        for image in IMAGE.finditer(cell.source):
            if len(image["alt"].strip()) < 10:
                yield cell.id, f"has {image['target']} without alternative text that describes it"
            file = (folder / image["target"]).resolve()
            if not file.is_relative_to(folder.resolve()) or not file.is_file():
                yield cell.id, f"shows {image['target']}, which is not beside the notebook"


def _heading(source: Source) -> Findings:
    markdown = [cell for cell in source.chapter.cells if cell.node.cell_type == "markdown"]
    titles = [title for cell in markdown for title in headings(cell.source)]
    if not any(is_recap(title) for title in titles):
        yield "", "has no recap slide (a heading that begins with Recap, or ● Recap on the core path)"
    previous = 0
    for cell in markdown:
        for level in heading_levels(cell.source):
            if level > previous + 1 or (level == 1) != (previous == 0):
                yield cell.id, f"has a heading of level {level} after one of level {previous or 'none'}"
            previous = level
    below = _text_below_headings(source.chapter)
    for id_ in source.chapter.exercises:
        own = [title for title in titles if "Exercise" in title and f"`{id_}`" in title]
        plan = source.plan.exercises.get(id_)
        if len(own) != 1:
            yield id_, f"needs one heading “Exercise: `{id_}`” but has {len(own)}"
        elif plan is not None:
            if (CORE in own[0]) != plan.core:
                yield id_, "differs from course.toml in whether it is on the core path (●)"
            line = f"**{plan_text(plan)}"
            if not below.get(id_, "").startswith(line):
                yield id_, f"needs “{line}**” below its heading, as in course.toml; run `triptych check --fix`"


def _text_below_headings(chapter: Chapter) -> Mapping[str, str]:
    """The text below the heading of each exercise, by the exercise's id."""
    texts = {}
    for cell in chapter.cells:
        first, _, rest = cell.source.partition("\n")
        heading = EXERCISE.match(first.lstrip("# "))
        if cell.node.cell_type == "markdown" and heading:
            texts[heading[1]] = rest.lstrip("\n")
    return texts


# --- other files -----------------------------------------------------------------------------------


def _copy(source: Source) -> Findings:
    for name, place in COPIES.items():
        path = source.chapter.path.parent / name
        if not path.is_file() or path.read_bytes() != original(source.course, name):
            yield "", f"needs {name} beside it, identical to {place}; run `triptych check --fix`"
    tools = [cell for cell in source.chapter.cells if cell.id == TOOLS_ID]
    if not tools or tools[0].source != course_tools():
        yield TOOLS_ID, "must be the setup cell that all chapters share; run `triptych check --fix`"


def _recording(source: Source) -> Findings:
    if not is_current(recording_path(source.course, source.chapter.id), source.chapter):
        yield "", f"needs a current {RECORDING} beside it; run `triptych record {source.plan.number}`"


def _bank(source: Source) -> Findings:
    course, chapter = source.course, source.chapter
    for id_, exercise in chapter.exercises.items():
        try:
            answers = read_bank(course.answers, chapter.id, id_)
        except BankError as error:
            yield id_, str(error)
            continue
        right = sum(answer.right for answer in answers)
        wrong = len(answers) - right
        unfinished = UNWRITTEN in bank_file(course.answers, chapter.id, id_).read_text(encoding="utf-8")
        if (right < 3 or wrong < 6) and not unfinished:
            yield id_, f"has {right} right and {wrong} wrong answers in the bank; it needs 3 and 6"
        tests = sorted(test.id for test in exercise.tests)
        for answer in answers:
            for unknown in sorted(answer.loses.difference(tests)):
                hint = nearest(unknown, tests)
                yield id_, f"has an answer {answer.title!r} that loses {unknown}, which is not one of its tests: {hint}"


def _unwritten(source: Source) -> Findings:
    for cell in source.chapter.cells:
        for _, message in _unwritten_lines(cell.source):
            yield cell.id, message


def _unwritten_lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbers, from 1, and messages of the lines that `triptych new` has left to the author."""
    for number, line in enumerate(text.split("\n"), 1):
        if UNWRITTEN in line:
            yield number, f"is still to be written: {line.partition(UNWRITTEN)[2].strip(' :') or line}"


#: Every rule of a chapter, by the name that its violations carry.
RULES: dict[str, Callable[[Source], Findings]] = {
    "id": _id,
    "points": _points,
    "metadata": _metadata,
    "outputs": _outputs,
    "locked": _locked,
    "folded": _folded,
    "region": _region,
    "names": _names,
    "message": _message,
    "compare": _compare,
    "builds_on": _builds_on,
    "by_hand": _by_hand,
    "effects": _effects,
    "length": _length,
    "slide": _slide,
    "reading": _reading,
    "image": _image,
    "heading": _heading,
    "copy": _copy,
    "recording": _recording,
    "bank": _bank,
    "unwritten": _unwritten,
}
