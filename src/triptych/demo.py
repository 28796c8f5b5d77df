"""A sample class in a scratch course, made from the bank: the whole path in a few minutes.

Its submissions are the project's own answers, put into the released notebooks as students would.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from triptych.build.release import copy_course
from triptych.check.bank import Answer, BankError, read_bank
from triptych.model.chapter import read_chapter, solution_lines
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook

DUE = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Member:
    """Someone of the sample class, and how they answer."""

    name: str
    about: str
    submit: Callable[[Course, str, Path], None]
    #: hands in every chapter; the others hand in the one that shows what can happen
    diligent: bool = False


def scratch_course(course: Course, target: Path, chapters: Sequence[str]) -> Course:
    """A course folder of its own in `target`, with what building and grading need.

    Raises CourseError when `target` is there and is not a demo's: nothing of anyone's is overwritten.
    """
    marker = target / ".triptych-demo"
    if target.exists() and any(target.iterdir()):
        if not marker.is_file():
            raise CourseError(f"{target} is not empty and no demo's folder: name another one with --keep.")
        keys = target / ".triptych" / "answer_keys"
        kept = {path.name: path.read_bytes() for path in keys.glob("*.ipynb")} if keys.is_dir() else {}
        _remove(target)
    else:
        kept = {}
    target.mkdir(parents=True, exist_ok=True)
    marker.write_text("made by `triptych demo`; may be deleted\n", encoding="utf-8")
    copy_course(course, target, list(chapters))
    for part in ("template", "theme", "vendor"):
        shutil.copytree(course.slides / part, target / "slides" / part)
    for name, content in kept.items():  # answer keys are named after their source: an old one does no harm
        (target / ".triptych" / "answer_keys").mkdir(parents=True, exist_ok=True)
        (target / ".triptych" / "answer_keys" / name).write_bytes(content)
    return Course(target)


def _remove(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder)


def make_class(bank: Course, course: Course, chapters: Sequence[str]) -> list[Member]:
    """Puts the sample class into `submitted/` of `course`, with answers from the bank of `bank`."""
    answers = Answers(bank)
    members = [
        Member("ada", "the instructor's own answers", lambda c, ch, to: answers.write(c, ch, to, answers.model), True),
        Member("emmy", "right, in unusual ways", lambda c, ch, to: answers.write(c, ch, to, answers.right)),
        Member("carl", "right, in other unusual ways", lambda c, ch, to: answers.write(c, ch, to, answers.other_right)),
        Member("blaise", "every second exercise wrong", lambda c, ch, to: answers.write(c, ch, to, answers.half), True),
        Member("joseph", "plausible mistakes throughout", lambda c, ch, to: answers.write(c, ch, to, answers.wrong)),
        Member("sofia", "handed in two days late", lambda c, ch, to: answers.write(c, ch, to, answers.right, late=2)),
        Member("isaac", "the notebook as it was released", lambda c, ch, to: answers.write(c, ch, to, answers.stub)),
        Member("gottfried", "copied a test cell by accident", answers.write_with_copied_test),
        Member("leonhard", "a file cut off in mid-save", answers.write_corrupt),
        Member("mary", "forgot the notebook", answers.write_without_notebook),
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
    """The chapter that the whole class hands in: forward mode, where it is among them."""
    return next((chapter for chapter in chapters if chapter.endswith("forward_mode")), chapters[0])


class Answers:
    """Picks answers from the bank and writes submissions with them."""

    def __init__(self, bank: Course) -> None:
        self.bank = bank

    # which text a student writes into an exercise's solution cell; None leaves the stub

    def model(self, chapter: str, exercise: str, number: int) -> str | None:
        source = read_chapter(self.bank.notebook(chapter)).exercises[exercise].solution.source
        keep = {"### BEGIN SOLUTION", "### END SOLUTION"}
        assert solution_lines(source)
        return "\n".join(line for line in source.split("\n") if line.strip() not in keep)

    def right(self, chapter: str, exercise: str, number: int) -> str | None:
        return self._pick(chapter, exercise, True, number).source

    def other_right(self, chapter: str, exercise: str, number: int) -> str | None:
        return self._pick(chapter, exercise, True, number + 1).source

    def wrong(self, chapter: str, exercise: str, number: int) -> str | None:
        return self._pick(chapter, exercise, False, number).source

    def half(self, chapter: str, exercise: str, number: int) -> str | None:
        return self._pick(chapter, exercise, number % 2 == 0, number + 2).source

    def stub(self, chapter: str, exercise: str, number: int) -> str | None:
        return None

    def _pick(self, chapter: str, exercise: str, right: bool, number: int) -> Answer:
        try:
            found = [a for a in read_bank(self.bank.answers, chapter, exercise) if a.right is right]
        except BankError as error:
            raise CourseError(f"{chapter}: exercise {exercise} {error}.") from error
        return found[number % len(found)]

    # how a submission looks

    def fill(self, course: Course, chapter: str, choose: Callable[[str, str, int], str | None]) -> NotebookNode:
        """The released notebook with a text in each solution cell."""
        notebook = nbformat.read(course.release / chapter / f"{chapter}.ipynb", as_version=4)
        solutions = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
        for number, cell in enumerate(solutions):
            text = choose(chapter, cell.metadata.nbgrader.grade_id, number)
            cell.source = cell.source if text is None else text
        return notebook

    def write(
        self,
        course: Course,
        chapter: str,
        folder: Path,
        choose: Callable[[str, str, int], str | None],
        late: float = -1,
    ) -> None:
        """Writes a submission, `late` days after the deadline (negative: before it)."""
        nbformat.write(self.fill(course, chapter, choose), folder / f"{chapter}.ipynb")
        self._stamp(folder, late)

    def write_with_copied_test(self, course: Course, chapter: str, folder: Path) -> None:
        notebook = self.fill(course, chapter, self.right)
        place = next(i for i, c in enumerate(notebook.cells) if c.metadata.get("nbgrader", {}).get("grade"))
        copied = nbformat.from_dict(notebook.cells[place])
        copied.id = "copied-by-accident"
        notebook.cells.insert(place + 1, copied)
        nbformat.write(notebook, folder / f"{chapter}.ipynb")
        self._stamp(folder, -1)

    def write_corrupt(self, course: Course, chapter: str, folder: Path) -> None:
        text = nbformat.writes(self.fill(course, chapter, self.right))
        (folder / f"{chapter}.ipynb").write_text(text[: len(text) // 2], encoding="utf-8")
        self._stamp(folder, -1)

    def write_without_notebook(self, course: Course, chapter: str, folder: Path) -> None:
        (folder / "notes.txt").write_text("I will upload the notebook later.\n", encoding="utf-8")
        self._stamp(folder, -1)

    def _stamp(self, folder: Path, late: float) -> None:
        moment = DUE + timedelta(days=late)
        (folder / "timestamp.txt").write_text(moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC"), encoding="utf-8")
