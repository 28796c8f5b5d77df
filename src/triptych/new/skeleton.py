"""Skeletons of chapters and exercises: they work as they are, and mark the places that an author has to write."""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import jinja2
import jupytext
import nbformat
from nbformat import NotebookNode

from triptych.check.bank import bank_file
from triptych.check.fix import COPIES, fix_notebook, original, serialise
from triptych.model import cell_names
from triptych.model.chapter import Chapter, chapter_from, headings, read_chapter
from triptych.model.course import ChapterPlan, Course, CourseError, ExercisePlan
from triptych.model.slides import is_recap, slide_type
from triptych.new.contract import with_chapter, with_exercise
from triptych.new.files import write_all

CHAPTER = re.compile(r"(?:(?P<number>\d\d)_)?(?P<word>[a-z][a-z0-9_]{0,40})")
EXERCISE = re.compile(r"[a-z][a-z0-9_]{2,40}")
#: The test cells of a new exercise, in order.
BEHAVIOURS = ("numbers", "arrays")


@dataclass(frozen=True)
class Test:
    """A test cell of a new exercise."""

    id: str
    behaviour: str
    points: int


def new_chapter(
    course: Course,
    name: str,
    *,
    title: str = "",
    exercise: str = "",
    points: int = 2,
    minutes: int = 5,
    by_hand: bool = False,
    bonus: bool = False,
) -> list[Path]:
    """Makes a chapter with one exercise.

    Args:
        course: the course.
        name: a word, for a chapter with the next number, or a number and a word, `09_word`.
        title: the chapter's title, by default its word.
        exercise: the exercise's id, by default `<word>_example`.
        points: the exercise's points.
        minutes: the time that a student should plan for the exercise.
        by_hand: whether JAX's derivative transforms are disabled while answers are graded.
        bonus: whether the exercise is a bonus exercise.

    Returns:
        The files written, the notebook first.

    Raises:
        CourseError: a name is malformed or taken, or a file cannot be written. Then nothing has been made.
    """
    chapter = _free_chapter(course, name)
    word = chapter[3:]
    title = " ".join(title.split()) or word.replace("_", " ").capitalize()
    id_ = exercise or f"{word}_example"
    _require_free_exercise(course, id_)
    plan = ExercisePlan(id_, points, minutes, bonus=bonus)
    chapter_plan = ChapterPlan(chapter, title, {id_: plan}, by_hand)
    number, tests = chapter_plan.number, _tests(plan)
    notebook = _cells("chapter.py.j2", number=number, title=title, id=id_, tests=tests)
    folder = course.source / chapter
    contents = {
        course.notebook(chapter): serialise(fix_notebook(notebook, chapter_plan)).encode(),
        folder / "figures" / "slope.svg": _template("slope.svg").encode(),
        **{folder / name: original(course, name) for name in COPIES},
        bank_file(course.answers, chapter, id_): _render("bank.py.j2", id=id_, tests=tests).encode(),
        course.chapter_tests(chapter): _render("test_chapter.py.j2", number=number, chapter=chapter).encode(),
        # last, since it makes the chapter part of the course
        course.source / "course.toml": with_chapter(course, chapter_plan).encode(),
    }
    write_all(contents)
    return list(contents)


def new_exercise(
    course: Course, chapter: str, id_: str, *, points: int = 2, minutes: int = 5, bonus: bool = False
) -> list[Path]:
    """Adds an exercise to a chapter, before its recap.

    Args:
        course: the course.
        chapter: the chapter's id.
        id_: the exercise's id.
        points: the exercise's points.
        minutes: the time that a student should plan for it.
        bonus: whether it is a bonus exercise.

    Returns:
        The files written.

    Raises:
        CourseError: the id is malformed or taken, or a file cannot be read or written. Then nothing has been changed.
    """
    _require_free_exercise(course, id_)
    plan = ExercisePlan(id_, points, minutes, bonus=bonus)
    old = _read(course, chapter)
    bank = bank_file(course.answers, chapter, id_)
    if bank.exists():
        raise CourseError(f"{bank} exists already: choose another id than {id_}, or move that file away.")
    _require_unused_name(old, id_)
    tests = _tests(plan)
    notebook = nbformat.from_dict(old.notebook)
    place = _before_recap(notebook)
    notebook.cells[place:place] = _cells("exercise.py.j2", id=id_, tests=tests).cells
    contract = course.plans[chapter]
    notebook = fix_notebook(notebook, replace(contract, exercises={**contract.exercises, id_: plan}))
    _require_same_tests(old, chapter_from(notebook, old.path), id_)
    contents = {
        bank: _render("bank.py.j2", id=id_, tests=tests).encode(),
        old.path: serialise(notebook).encode(),
        course.source / "course.toml": with_exercise(course, chapter, plan).encode(),
    }
    write_all(contents)
    return list(contents)


# --- names ---------------------------------------------------------------------------------------


def _free_chapter(course: Course, name: str) -> str:
    """The id of a new chapter. Raises CourseError if its name or number is malformed or taken."""
    match = CHAPTER.fullmatch(name)
    if match is None:
        raise CourseError(
            f"{name!r} is not a chapter's name: write lower-case letters, digits and _, as in newton or 09_newton."
        )
    taken = {int(chapter[:2]): chapter for chapter in course.plans}
    free = max(taken, default=0) + 1
    number = int(match["number"]) if match["number"] else free
    if number > 99:
        raise CourseError(f"{name} would be chapter {number}, but numbers end at 99: give it a free one.")
    chapter = f"{number:02d}_{match['word']}"
    if number in taken:
        raise CourseError(f"Chapter {number} is {taken[number]} already: take another number, {free:02d} is free.")
    for other in course.plans:
        if other[3:] == match["word"]:
            raise CourseError(f"{other} has that name already: choose another one than {match['word']}.")
    for path in (course.source / chapter, course.answers / chapter, course.chapter_tests(chapter)):
        if path.exists():
            raise CourseError(f"{path} exists but is not in course.toml: move it away, or choose another name.")
    return chapter


def _require_free_exercise(course: Course, id_: str) -> None:
    """Raises CourseError if a new exercise cannot have this id."""
    if not EXERCISE.fullmatch(id_) or keyword.iskeyword(id_) or hasattr(builtins, id_):
        raise CourseError(
            f"{id_!r} is not an exercise's id, which names the function that students write: write 3 to 41 "
            "lower-case letters, digits and _, as in newton_step, and no built-in name of Python."
        )
    for chapter, plan in course.plans.items():
        if id_ in plan.exercises:
            raise CourseError(f"Exercise {id_} is in {chapter} already: choose another id.")


def _require_unused_name(chapter: Chapter, id_: str) -> None:
    """Raises CourseError if a cell of the chapter has the exercise's id or that of one of its tests, or defines it."""
    ids = {id_, *(f"{id_}_{behaviour}" for behaviour in BEHAVIOURS)}
    for cell in chapter.cells:
        try:
            bound = cell_names.bound_names(cell.source) if cell.is_code else set()
        except SyntaxError:
            bound = set()
        if id_ in bound or cell.id in ids:
            raise CourseError(f"{chapter.id}, cell {cell.id}, uses the name {id_} already: choose another id.")


def _require_same_tests(old: Chapter, new: Chapter, id_: str) -> None:
    """Raises CourseError if another exercise's test cell would belong to the new one because of its id."""
    for exercise in old.exercises.values():
        moved = {test.id for test in exercise.tests} - {test.id for test in new.exercises[exercise.id].tests}
        if moved:
            raise CourseError(
                f"{min(moved)} is a test of {exercise.id} and would become one of {id_}: choose another id."
            )


# --- content -------------------------------------------------------------------------------------


def _tests(plan: ExercisePlan) -> list[Test]:
    """The test cells of an exercise: a point each, the other points for the last; one cell only for one point."""
    behaviours = BEHAVIOURS[: int(plan.points)]
    points = [1] * (len(behaviours) - 1)
    points.append(int(plan.points) - len(points))
    return [Test(f"{plan.id}_{what}", what, number) for what, number in zip(behaviours, points, strict=True)]


def _read(course: Course, chapter: str) -> Chapter:
    path = course.notebook(chapter)
    try:
        return read_chapter(path)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise CourseError(f"{path} is not a readable notebook ({str(error).splitlines()[0]}): fix it first.") from error


def _before_recap(notebook: NotebookNode) -> int:
    """The index of the cell that begins the recap's slide; the end without a recap."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and any(is_recap(heading) for heading in headings(cell.source)):
            starts = [i for i in range(index + 1) if slide_type(notebook.cells[i]) in ("slide", "subslide")]
            return starts[-1] if starts else index
    return len(notebook.cells)


def _cells(template: str, **values: object) -> NotebookNode:
    return jupytext.reads(_render(template, **values), fmt="py:percent")


def _render(template: str, **values: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701, the result is Python and Markdown
    )
    return environment.get_template(template).render(**values)


def _template(name: str) -> str:
    return resources.files("triptych.data").joinpath("templates/new", name).read_text(encoding="utf-8")
