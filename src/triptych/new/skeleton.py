"""What a new chapter and a new exercise begin as: working, graded as they are, and marked where to write."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import jinja2
import jupytext
import nbformat
from nbformat import NotebookNode

from triptych.check.bank import bank_file
from triptych.check.rules import COPIES, fixed, serialise
from triptych.model import cell_names
from triptych.model.chapter import Chapter, chapter_from, headings, read_chapter
from triptych.model.course import ChapterPlan, Course, CourseError, ExercisePlan
from triptych.model.slides import is_recap, slide_type
from triptych.new.contract import with_chapter, with_exercise
from triptych.new.files import put_in_place

CHAPTER = re.compile(r"(?:(?P<number>\d\d)_)?(?P<word>[a-z][a-z0-9_]{0,40})")
EXERCISE = re.compile(r"[a-z][a-z0-9_]{2,40}")
#: What an exercise's test cells look at, in their order; the last one takes what points are left.
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
    """Makes a chapter with one exercise, and returns the files made, `course.toml` last.

    name: a word (the chapter gets the next number) or a number of two digits and a word, `09_word`.
    Raises CourseError, and then nothing has been made.
    """
    chapter = _free_chapter(course, name)
    word = chapter[3:]
    title = " ".join(title.split()) or word.replace("_", " ").capitalize()
    id_ = exercise or f"{word}_example"
    plan = ExercisePlan(_free_exercise(course, id_), points, minutes, bonus=bonus)
    chapter_plan = ChapterPlan(chapter, title, {plan.id: plan}, by_hand)
    tests = _tests(plan)
    notebook = _cells("chapter.py.j2", number=chapter_plan.number, title=title, id=plan.id, tests=tests)
    folder = course.source / chapter
    files = {
        course.notebook(chapter): serialise(fixed(notebook, chapter_plan)).encode(),
        folder / "figures" / "slope.svg": _template("slope.svg").encode(),
        **{folder / copy: _original(course, original) for copy, original in COPIES.items()},
        bank_file(course.answers, chapter, plan.id): _rendered("bank.py.j2", id=plan.id, tests=tests).encode(),
        course.chapter_tests(chapter): _rendered(
            "test_chapter.py.j2", number=chapter_plan.number, chapter=chapter
        ).encode(),
        # last, so that no one sees a chapter of which something is missing
        course.source / "course.toml": with_chapter(course, chapter_plan).encode(),
    }
    put_in_place(files)
    return list(files)


def new_exercise(
    course: Course, chapter: str, id_: str, *, points: int = 2, minutes: int = 5, bonus: bool = False
) -> list[Path]:
    """Adds an exercise to a chapter, before its recap, and returns the files made or changed.

    Raises CourseError, and then nothing has been changed.
    """
    plan = ExercisePlan(_free_exercise(course, id_), points, minutes, bonus=bonus)
    old = _read(course, chapter)
    bank = bank_file(course.answers, chapter, id_)
    if bank.exists():
        raise CourseError(f"{bank} is there already: choose another id than {id_}, or move that file away.")
    _no_name_of(old, id_)
    tests = _tests(plan)
    notebook = nbformat.from_dict(old.notebook)
    place = _before_recap(notebook)
    notebook.cells[place:place] = _cells("exercise.py.j2", id=id_, tests=tests).cells
    contract = course.plans[chapter]
    notebook = fixed(notebook, replace(contract, exercises={**contract.exercises, id_: plan}))
    _same_tests(old, chapter_from(notebook, old.path), id_)
    files = {
        bank: _rendered("bank.py.j2", id=id_, tests=tests).encode(),
        old.path: serialise(notebook).encode(),
        course.source / "course.toml": with_exercise(course, chapter, plan).encode(),
    }
    put_in_place(files)
    return list(files)


# --- names ---------------------------------------------------------------------------------------


def _free_chapter(course: Course, name: str) -> str:
    """The id of a new chapter of that name. Raises CourseError."""
    match = CHAPTER.fullmatch(name)
    if match is None:
        raise CourseError(
            f"{name!r} cannot name a chapter: write small letters, digits and _, as in newton or 09_newton."
        )
    taken = {int(chapter[:2]): chapter for chapter in course.plans}
    free = max(taken, default=0) + 1
    number = int(match["number"]) if match["number"] else free
    if number > 99:
        raise CourseError(f"{name} would be chapter {number}, and there are numbers to 99: give it one that is free.")
    chapter = f"{number:02d}_{match['word']}"
    if number in taken:
        raise CourseError(f"Chapter {number} is {taken[number]} already: take another number, {free:02d} is free.")
    same = [old for old in course.plans if old[3:] == match["word"]]
    if same:
        raise CourseError(f"{same[0]} has that name already: choose another than {match['word']}.")
    for path in (course.source / chapter, course.answers / chapter, course.chapter_tests(chapter)):
        if path.exists():
            raise CourseError(f"{path} is there already and not in course.toml: move it away, or choose another name.")
    return chapter


def _free_exercise(course: Course, id_: str) -> str:
    """The id, when a new exercise may have it. Raises CourseError."""
    if not EXERCISE.fullmatch(id_) or keyword.iskeyword(id_) or hasattr(builtins, id_):
        raise CourseError(
            f"{id_!r} cannot name an exercise, which students write as a function: write 3 to 41 small letters, "
            "digits and _, as in newton_step, and no word of Python's own."
        )
    for chapter, plan in course.plans.items():
        if id_ in plan.exercises:
            raise CourseError(f"Exercise {id_} is in {chapter} already: choose another id.")
    return id_


def _no_name_of(chapter: Chapter, id_: str) -> None:
    """Raises CourseError when a cell of the chapter has that id or defines that name."""
    for cell in chapter.cells:
        try:
            bound = cell_names.bound_names(cell.source) if cell.is_code else set()
        except SyntaxError:
            bound = set()
        if id_ in bound or cell.id == id_ or cell.id in {test.id for test in _tests(ExercisePlan(id_, 2, 1))}:
            raise CourseError(f"{chapter.id}, cell {cell.id}, uses the name {id_} already: choose another id.")


def _same_tests(old: Chapter, new: Chapter, id_: str) -> None:
    """Raises CourseError when a test cell would change hands, since its id begins with the new exercise's."""
    for exercise in old.exercises.values():
        lost = {test.id for test in exercise.tests} - {test.id for test in new.exercises[exercise.id].tests}
        if lost:
            raise CourseError(
                f"{min(lost)} is a test of {exercise.id} and would become one of {id_}: choose another id."
            )


# --- what it is made of --------------------------------------------------------------------------


def _tests(plan: ExercisePlan) -> list[Test]:
    """The test cells of an exercise: one for each behaviour, as far as its points go round."""
    used = BEHAVIOURS[: int(plan.points)]
    points = [1] * (len(used) - 1)
    points.append(int(plan.points) - len(points))
    return [Test(f"{plan.id}_{what}", what, number) for what, number in zip(used, points, strict=True)]


def _read(course: Course, chapter: str) -> Chapter:
    path = course.notebook(chapter)
    try:
        return read_chapter(path)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise CourseError(f"{path} is no readable notebook ({str(error).splitlines()[0]}): fix it first.") from error


def _before_recap(notebook: NotebookNode) -> int:
    """Where the recap's slide begins; the end when there is none."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and any(is_recap(heading) for heading in headings(cell.source)):
            starts = [i for i in range(place + 1) if slide_type(notebook.cells[i]) in ("slide", "subslide")]
            return starts[-1] if starts else place
    return len(notebook.cells)


def _cells(template: str, **values: object) -> NotebookNode:
    return jupytext.reads(_rendered(template, **values), fmt="py:percent")


def _rendered(template: str, **values: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701, Python and Markdown of the author's own
    )
    return environment.get_template(template).render(**values)


def _template(name: str) -> str:
    return resources.files("triptych.data").joinpath("templates/new", name).read_text(encoding="utf-8")


def _original(course: Course, original: Path) -> bytes:
    path = course.root / original
    if not path.is_file():
        raise CourseError(f"{path} is missing: restore it, every chapter carries a copy.")
    return path.read_bytes()


def places_to_write(course: Course, chapter: str) -> Iterator[str]:
    """Where something is still to be written in a chapter, as `triptych check` says it."""
    from triptych.check.rules import check_chapter

    yield from (str(violation) for violation in check_chapter(course, chapter) if violation.rule == "unwritten")
