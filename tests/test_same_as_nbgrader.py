"""`triptych grade` leaves in gradebook, autograded notebooks and feedback what nbgrader's own commands leave there."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from courses import FORWARD, answer, edit, scratch, submit
from in_process import in_process
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.preprocessors import SaveAutoGrades
from test_by_hand import ANSWERS, add_manual_cells

from triptych.build.release import release_chapter
from triptych.files import regular_files
from triptych.grade.dispatch.batch import Batch
from triptych.grade.dispatch.job import Job, Outcome
from triptych.grade.preprocessors import ExecuteSubmission
from triptych.grade.record import GRADED
from triptych.grade.results.shared_gradebook import MODULES, SharedGradebook
from triptych.grade.run import grade
from triptych.model.course import Course
from triptych.nbgrader_api import Comment, Gradebook, gradebook, nbgrader_api

WRONG = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2"
#: What an instructor may add: penalties, nbgrader's own steps, and steps that use the gradebook by themselves.
CONFIGURATION = """
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    CheckCellMetadata, DeduplicateIds, IgnorePattern, LimitOutput, NbGraderPreprocessor, OverwriteKernelspec,
    SaveAutoGrades,
)

class Flag(NbGraderPreprocessor):
    def preprocess(self, nb, resources):
        place = resources["nbgrader"]
        with Gradebook(place["db_url"]) as book:
            notebook = book.find_submission_notebook(place["notebook"], place["assignment"], place["student"])
            notebook.flagged = notebook.score == 2
            book.db.commit()
        return nb, resources

class SaveMore(SaveAutoGrades):
    # reads and writes in a session of its own after each score, and changes something that the next score commits
    def _add_score(self, cell, resources):
        super()._add_score(cell, resources)
        keys = cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id
        with Gradebook(self.db_url) as book:
            grade = book.find_grade(*keys)
            grade.extra_credit = grade.score / 4
            book.db.commit()
        grade = self.gradebook.find_grade(*keys)
        grade.needs_manual_grade = grade.score > 1

c.Autograde.sanitize_preprocessors.extend([DeduplicateIds, OverwriteKernelspec, CheckCellMetadata])
c.Autograde.autograde_preprocessors.insert(1, LimitOutput)
c.Autograde.autograde_preprocessors.insert(1, IgnorePattern)
c.Autograde.autograde_preprocessors.insert(4, Flag)
c.Autograde.autograde_preprocessors.append(CheckCellMetadata)
c.LimitOutput.max_lines = 20
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "noise"
c.LateSubmissionPlugin.penalty_method = "zero"
"""


@pytest.fixture
def courses(tmp_path: Path) -> tuple[Course, Course]:
    """A course to grade with `triptych grade`, and its copy for nbgrader."""
    course = scratch(tmp_path / "ours")
    edit(course.notebook(FORWARD), add_manual_cells)
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(CONFIGURATION)
    release_chapter(course, FORWARD)
    with gradebook(course) as book:
        book.update_or_create_assignment(FORWARD, duedate="2026-03-01 12:00:00 UTC")
        book.update_or_create_student("ada", first_name="Ada")
    return course, Course(shutil.copytree(course.root, tmp_path / "theirs", symlinks=True))


def hand_in(course: Course, student: str, answers: dict[str, str], day: int = 1, note: str = "") -> Path:
    notebook = answer(course, FORWARD, answers)
    if note:
        notebook.cells.append(new_markdown_cell(note))
    path = submit(course, student, notebook)
    (path.parent / "timestamp.txt").write_text(f"2026-03-{day:02d} 10:00:00.000000 UTC")
    (path.parent / "data.csv").write_text("1,2\n")
    return path


def keeping(executed: dict[str, NotebookNode]) -> Callable[[Batch], Generator[tuple[Job, Outcome]]]:
    """An executor that keeps the executed notebooks, with more output than the course's own cells have."""

    def executor(batch: Batch) -> Generator[tuple[Job, Outcome]]:
        for job, outcome in in_process(batch):
            if outcome.ready:
                path = Path(job.work) / "executed" / job.student / f"{job.chapter}.ipynb"
                notebook = nbformat.read(path, as_version=4)
                code = next(cell for cell in notebook.cells if cell.cell_type == "code")
                code.outputs += [
                    new_output("stream", name="stdout", text="line\n" * 50),
                    new_output("stream", name="stderr", text="noise"),
                ]
                nbformat.write(notebook, path)
                executed[job.student] = notebook
            yield job, outcome

    return executor


def grade_both(ours: Course, theirs: Course, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Grades both courses, theirs from the same executed notebooks. Returns our results by student."""
    executed: dict[str, NotebookNode] = {}
    results = {r.student: r for r in grade(ours, [FORWARD], sandbox="none", force=True, executor=keeping(executed))}
    monkeypatch.setattr(ExecuteSubmission, "_execute", lambda _, student, chapter: executed[student])
    api = nbgrader_api(theirs)
    for student in executed:
        for result in (api.autograde(FORWARD, student), api.generate_feedback(FORWARD, student)):
            assert result["success"], result
    return results


def tables(course: Course) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of all tables. The ids of entries of submissions are replaced by what they stand for."""
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db")) as book:
        submissions = {
            id_: f"{a} {s}"
            for id_, a, s in book.execute("select id, assignment_id, student_id from submitted_assignment")
        }
        notebooks = {
            id_: f"{n} {submissions[a]}"
            for id_, n, a in book.execute("select id, notebook_id, assignment_id from submitted_notebook")
        }
        names = {**submissions, **notebooks}
        for table in ("grade", "comment"):
            rows = book.execute(f"select id, cell_id, notebook_id from {table}")
            names |= {id_: f"{cell} {notebooks[notebook]}" for id_, cell, notebook in rows}
        found = [name for (name,) in book.execute("select name from sqlite_master where type = 'table'")]
        return {
            table: sorted(
                (tuple(names.get(v, v) for v in row) for row in book.execute(f"select * from {table}")), key=repr
            )
            for table in found
        }


def files(course: Course) -> dict[str, tuple[int, bytes]]:
    """Permissions and content of what a student gets, and of what a person looks at, by path."""
    paths = [path for folder in ("autograded", "feedback") for path in regular_files(course.root / folder)]
    return {str(p.relative_to(course.root)): (p.stat().st_mode, p.read_bytes()) for p in paths}


def assert_same(ours: Course, theirs: Course) -> None:
    mine, others = tables(ours), tables(theirs)
    assert {name: rows for name, rows in mine.items() if rows != others[name]} == {}, others
    assert files(ours).keys() == files(theirs).keys()
    assert [path for path, content in files(ours).items() if content != files(theirs)[path]] == []


def set_by_hand(course: Course) -> None:
    """Scores and comments as the formgrader sets them."""
    with gradebook(course) as book:
        for student, manual in (("ada", 3), ("late", 1.5)):
            (notebook,) = book.find_submission(FORWARD, student).notebooks
            for grade_ in notebook.grades:
                if grade_.name in ("essay", "mul_jvp_tangent", "task"):
                    grade_.manual_score, grade_.extra_credit, grade_.needs_manual_grade = manual, 0.5, False
            for comment in notebook.comments:
                comment.manual_comment = f"On {comment.name}"
        book.db.commit()


def test_a_run_leaves_what_nbgrader_leaves(courses: tuple[Course, Course], monkeypatch: pytest.MonkeyPatch) -> None:
    for course in courses:
        hand_in(course, "ada", ANSWERS, note="My drawing.")
        hand_in(course, "wrong", {"mul_jvp": WRONG, "essay": "Text."})
        hand_in(course, "open", {})
        hand_in(course, "late", ANSWERS, day=2)
        hand_in(course, "stranger", {"mul_jvp": "1 / 0"})
        hand_in(course, "unreadable", {}).write_text("{", encoding="utf-8")
    results = grade_both(*courses, monkeypatch)
    assert results["late"].penalty == results["late"].score == 2
    assert [student for student, result in results.items() if result.status != GRADED] == ["unreadable"]
    assert_same(*courses)
    assert "Output truncated" in (page := files(courses[0])[f"autograded/ada/{FORWARD}/{FORWARD}.ipynb"][1].decode())
    assert "noise" not in page

    for course in courses:
        set_by_hand(course)
        shutil.rmtree(course.submitted / "ada")
        hand_in(course, "ada", {"mul_jvp": WRONG, "essay": "Other words."}, day=3)
    results = grade_both(*courses, monkeypatch)
    assert results["ada"].by_hand and results["ada"].late
    assert_same(*courses)
    with gradebook(courses[0]) as book:
        assert book.db.query(Comment).filter(Comment.manual_comment.isnot(None)).count() == 8


def test_a_step_with_a_session_of_its_own_finds_what_was_committed(
    courses: tuple[Course, Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    for course in courses:
        with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
            file.write("c.Autograde.autograde_preprocessors.append(SaveMore)\n")
        hand_in(course, "ada", ANSWERS)
        hand_in(course, "late", {"mul_jvp": WRONG}, day=2)
    results = grade_both(*courses, monkeypatch)
    assert [results[student].status for student in ("ada", "late")] == [GRADED, GRADED]
    assert_same(*courses)


def test_submissions_do_not_disturb_each_other_or_other_programs(
    courses: tuple[Course, Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    course, _ = courses
    students = ["ada", "broken", "emmy"]
    for student in students:
        hand_in(course, student, ANSWERS)
    add_score, others = SaveAutoGrades._add_score, iter((4, 3, 2))

    def fails_late(self: SaveAutoGrades, cell: NotebookNode, resources: Any) -> None:
        add_score(self, cell, resources)
        if self.student_id == "broken" and cell.id == "essay":
            raise ValueError("a fault in a step")

    def with_formgrader(batch: Batch) -> Generator[tuple[Job, Outcome]]:
        """A person gives a score while other submissions are graded, and need not wait."""
        for prepared in in_process(batch):
            with contextlib.closing(sqlite3.connect(course.root / "gradebook.db", timeout=0)) as book, book:
                book.execute("update grade set manual_score = ?", [next(others)])
            yield prepared

    def run(executor: Any) -> dict[str, Any]:
        return {r.student: r for r in grade(course, [FORWARD], sandbox="none", force=True, executor=executor)}

    monkeypatch.setattr(SaveAutoGrades, "_add_score", fails_late)
    results = run(in_process)
    assert {student: result.status for student, result in results.items()} == {
        "ada": GRADED, "broken": "not_graded", "emmy": GRADED,
    }  # fmt: skip
    assert "a fault in a step" in results["broken"].reason
    with gradebook(course) as book:
        assert {s.student_id for s in book.find_assignment(FORWARD).submissions} == {"ada", "emmy"}
        assert "broken" in {student.id for student in book.students}
    monkeypatch.undo()
    results = run(with_formgrader)
    count = len(results["ada"].cells)
    assert [results[student].score for student in ("ada", "emmy")] == [4 * count, 2 * count]


def test_the_session_ends_with_the_run(courses: tuple[Course, Course], monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    end = SharedGradebook.end
    monkeypatch.setattr(SharedGradebook, "end", lambda book: (end(book), ended.append(book.db.in_transaction())))

    def stopped(batch: Batch) -> Generator[tuple[Job, Outcome]]:
        yield from in_process(batch)
        raise KeyboardInterrupt

    hand_in(courses[0], "ada", ANSWERS)
    with pytest.raises(KeyboardInterrupt):
        grade(courses[0], [FORWARD], sandbox="none", executor=stopped)
    assert ended == [False]
    assert [module.Gradebook for module in MODULES] == [Gradebook] * len(MODULES)
