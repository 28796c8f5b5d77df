"""A sample class in a scratch course. Its submissions are answers from the bank in the released notebooks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from triptych.build.release import copy_course
from triptych.check.bank import BankError, read_bank
from triptych.files import remove
from triptych.model.chapter import read_chapter, without_markers
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook

DUE = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
#: Chooses the text of a solution cell from chapter, exercise and the exercise's number; None leaves the stub.
Choice = Callable[[str, str, int], str | None]


@dataclass(frozen=True)
class Member:
    """A student of the sample class.

    Attributes:
        name: the student's name.
        about: the kind of submission, in words.
        submit: writes a submission, given the course, the chapter's id and the folder.
        diligent: whether the student submits every chapter; the others submit one.
    """

    name: str
    about: str
    submit: Callable[[Course, str, Path], None]
    diligent: bool = False


def scratch_course(course: Course, target: Path, chapters: Sequence[str]) -> Course:
    """Creates a course folder with everything that building and grading need.

    Args:
        course: the course to copy from.
        target: the new folder. A demo's folder is emptied first, except for its answer keys.
        chapters: ids of the chapters to copy.

    Raises:
        CourseError: `target` is neither empty nor a demo's folder.
    """
    marker, keys = target / ".triptych-demo", target / ".triptych" / "answer_keys"
    answer_keys: dict[str, bytes] = {}
    if target.exists() and any(target.iterdir()):
        if not marker.is_file():
            raise CourseError(f"{target} is not empty and not a demo's folder: name another one with --keep.")
        # named after a hash of their sources, so an old one does no harm
        answer_keys = {path.name: path.read_bytes() for path in keys.glob("*.ipynb")}
        remove(target)
    target.mkdir(parents=True, exist_ok=True)
    marker.write_text("made by `triptych demo`; may be deleted\n", encoding="utf-8")
    copy_course(course, target, list(chapters))
    for part in ("template", "theme", "interactive", "vendor"):
        shutil.copytree(course.slides / part, target / "slides" / part)
    for name, content in answer_keys.items():
        keys.mkdir(parents=True, exist_ok=True)
        (keys / name).write_bytes(content)
    return Course(target)


def make_class(bank: Course, course: Course, chapters: Sequence[str]) -> list[Member]:
    """Writes the submissions of the sample class.

    Args:
        bank: the course whose bank has the answers.
        course: the course to submit to, with released chapters.
        chapters: ids of the chapters.

    Returns:
        The class.

    Raises:
        CourseError: the bank lacks answers.
    """
    answers = Answers(bank)
    write = answers.write
    members = [
        Member("ada", "the instructor's own answers", partial(write, choose=answers.model), True),
        Member("emmy", "right, in unusual ways", partial(write, choose=answers.right)),
        Member("carl", "right, in other unusual ways", partial(write, choose=answers.other_right)),
        Member("blaise", "every second exercise wrong", partial(write, choose=answers.half), True),
        Member("joseph", "plausible mistakes throughout", partial(write, choose=answers.wrong)),
        Member("sofia", "submitted two days late", partial(write, choose=answers.right, days_late=2)),
        Member("isaac", "the notebook as it was released", partial(write, choose=lambda *_: None)),
        Member("gottfried", "copied a test cell by accident", partial(write, choose=answers.right, damage=_copy_test)),
        Member("leonhard", "a truncated file", partial(write, choose=answers.right, damage=_truncate)),
        Member("mary", "forgot the notebook", partial(write, choose=answers.right, damage=_replace_by_note)),
    ]
    for member in members:
        for chapter in chapters if member.diligent else [showcase(chapters)]:
            folder = course.submitted / member.name / chapter
            folder.mkdir(parents=True)
            member.submit(course, chapter, folder)
    with gradebook(course) as book:
        for chapter in chapters:
            book.update_or_create_assignment(chapter, duedate=DUE.strftime("%Y-%m-%d %H:%M:%S UTC"))
        for member in members:
            book.update_or_create_student(member.name, first_name=member.name.capitalize())
    return members


def showcase(chapters: Sequence[str]) -> str:
    """The chapter that the whole class submits: forward mode, if it is one of them."""
    return next((chapter for chapter in chapters if chapter.endswith("forward_mode")), chapters[0])


class Answers:
    """Chooses answers from a bank and writes submissions with them."""

    def __init__(self, bank: Course) -> None:
        self._bank = bank

    def model(self, chapter: str, exercise: str, number: int) -> str:
        """The instructor's own answer."""
        source = read_chapter(self._bank.notebook(chapter)).exercises[exercise].solution.source
        return without_markers(source)

    def right(self, chapter: str, exercise: str, number: int) -> str:
        """A right answer of the bank."""
        return self._pick(chapter, exercise, True, number)

    def other_right(self, chapter: str, exercise: str, number: int) -> str:
        """The right answer after that of `right`."""
        return self._pick(chapter, exercise, True, number + 1)

    def wrong(self, chapter: str, exercise: str, number: int) -> str:
        """A wrong answer of the bank."""
        return self._pick(chapter, exercise, False, number)

    def half(self, chapter: str, exercise: str, number: int) -> str:
        """A right answer to exercises with an even number, a wrong one to the others."""
        return self._pick(chapter, exercise, number % 2 == 0, number + 2)

    def _pick(self, chapter: str, exercise: str, right: bool, number: int) -> str:
        try:
            answers = [a for a in read_bank(self._bank.answers, chapter, exercise) if a.right is right]
        except BankError as error:
            raise CourseError(f"{chapter}: exercise {exercise} {error}.") from error
        return answers[number % len(answers)].source

    def write(
        self,
        course: Course,
        chapter: str,
        folder: Path,
        choose: Choice,
        days_late: float = -1,
        damage: Callable[[Path], None] | None = None,
    ) -> None:
        """Writes a submission.

        Args:
            course: the course with the released chapter.
            chapter: the chapter's id.
            folder: the submission's folder.
            choose: chooses the text of each solution cell.
            days_late: days after the deadline, negative before it.
            damage: changes the notebook's file at the end.
        """
        notebook = nbformat.read(course.release / chapter / f"{chapter}.ipynb", as_version=4)
        solutions = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
        for number, cell in enumerate(solutions):
            text = choose(chapter, cell.metadata.nbgrader.grade_id, number)
            cell.source = cell.source if text is None else text
        path = folder / f"{chapter}.ipynb"
        nbformat.write(notebook, path)
        if damage is not None:
            damage(path)
        moment = DUE + timedelta(days=days_late)
        (folder / "timestamp.txt").write_text(moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC"), encoding="utf-8")


def _copy_test(path: Path) -> None:
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    index = next(i for i, cell in enumerate(notebook.cells) if cell.metadata.get("nbgrader", {}).get("grade"))
    copied = nbformat.from_dict(notebook.cells[index])
    copied.id = "copied-by-accident"
    notebook.cells.insert(index + 1, copied)
    nbformat.write(notebook, path)


def _truncate(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2], encoding="utf-8")


def _replace_by_note(path: Path) -> None:
    path.unlink()
    path.with_name("notes.txt").write_text("I will upload the notebook later.\n", encoding="utf-8")
