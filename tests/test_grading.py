"""A class graded from end to end. Nothing that students receive contains a hidden test or a solution."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pytest
from courses import FORWARD, PROJECT, answer, edit, scratch, shortened, submit
from in_process import in_process

from triptych.build.answer_key import write_answer_key
from triptych.build.release import release_chapter, release_differences
from triptych.check.bank import read_bank
from triptych.demo import make_class, scratch_course
from triptych.grade.dispatch.job import Job
from triptych.grade.dispatch.worker import _chapter as kept_chapter
from triptych.grade.dispatch.worker import prepare
from triptych.grade.record import GRADED, NOT_GRADED, Record, Result
from triptych.grade.results.feedback import secret_lines
from triptych.grade.results.report import write_report
from triptych.grade.results.statistics import class_statistics
from triptych.grade.results.terminal import result_line
from triptych.grade.run import Listener, as_json, grade
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.sandbox import find_problem
from triptych.lock import course_lock
from triptych.model.chapter import Role, hidden_lines, read_chapter, solution_lines
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook, nbgrader_api

#: The real sandbox wherever it works.
SANDBOX = "none" if find_problem() else "bwrap"


def feedback_of(course: Course, student: str) -> str:
    return (course.root / "feedback" / student / FORWARD / f"{FORWARD}.html").read_text(encoding="utf-8")


@dataclass(frozen=True)
class SampleClass:
    """The sample class of the demo after grading."""

    course: Course
    results: dict[str, Result]

    def lost(self, student: str) -> list[str]:
        """The test cells for which a student has not got all points."""
        return [id_ for id_, c in self.results[student].cells.items() if c.score < c.max_score]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> SampleClass:
    course = scratch_course(PROJECT, tmp_path_factory.mktemp("class") / "course", [FORWARD])
    release_chapter(course, FORWARD)
    make_class(PROJECT, course, [FORWARD])
    results = grade(course, [FORWARD], sandbox=SANDBOX)
    return SampleClass(course, {r.student: r for r in results})


def test_every_student_has_a_result(graded: SampleClass) -> None:
    results = graded.results
    assert set(results) == {
        "ada", "emmy", "carl", "blaise", "joseph", "sofia", "isaac", "gottfried", "leonhard", "mary",
    }  # fmt: skip
    assert {s for s, r in results.items() if r.status == NOT_GRADED} == {"leonhard", "mary"}
    assert "not valid JSON" in results["leonhard"].reason
    assert "missing" in results["mary"].reason
    assert not (graded.course.root / "feedback" / "leonhard" / FORWARD).exists()


def test_scores_agree_with_the_bank(graded: SampleClass) -> None:
    results = graded.results
    for student in ("ada", "emmy", "carl", "sofia", "gottfried"):
        assert (results[student].score, graded.lost(student)) == (22, []), student
    assert results["isaac"].score == 0
    assert 0 <= results["joseph"].score < results["blaise"].score < 22
    assert results["sofia"].late and not results["emmy"].late
    # each of joseph's answers loses the tests that the bank records
    for number, exercise in enumerate(read_chapter(PROJECT.notebook(FORWARD)).exercises):
        wrong = [a for a in read_bank(PROJECT.answers, FORWARD, exercise) if not a.right]
        assert set(wrong[number % len(wrong)].loses) <= set(graded.lost("joseph")), exercise


def test_all_get_the_same_draws_and_nobody_is_shown_a_seed(graded: SampleClass) -> None:
    course, seeds = graded.course, {}
    for student in ("ada", "emmy", "blaise"):
        notebook = read_chapter(course.root / "autograded" / student / FORWARD / f"{FORWARD}.ipynb")
        tests = [cell for cell in notebook.with_role(Role.TEST) if cell.grade_id.startswith("sum_jvp")]
        seeds[student] = re.findall(r"seed \d+", str([cell.node.outputs for cell in tests]))
    assert seeds["ada"] == seeds["emmy"] and set(seeds["blaise"]) <= set(seeds["ada"])
    everything = json.dumps(as_json(list(graded.results.values())))
    everything += "".join(path.read_text() for path in (course.root / "feedback").rglob("*.html"))
    (seed,) = {result.seed for result in graded.results.values()}
    assert not any(re.search(rf"\b{number.removeprefix('seed ')}\b", everything) for number in seeds["ada"])
    assert not re.search(rf"seed.{{0,9}}{seed}\b", everything)


def test_json_has_the_documented_schema(graded: SampleClass) -> None:
    document = json.loads(json.dumps(as_json(list(graded.results.values()))))
    assert document["not_used"] == []
    for entry in document["submissions"]:
        assert set(entry) == {"student", "chapter", "status", "reason", "score", "max_score", "cells"}
        if entry["status"] == GRADED:
            assert sum(c["score"] for c in entry["cells"].values()) == entry["score"]
            assert sum(c["max_score"] for c in entry["cells"].values()) == entry["max_score"] == 22
        else:
            assert entry["score"] is None and entry["reason"] and entry["cells"] == {}


# --- what students see -----------------------------------------------------------------------------


def fold(text: str) -> str:
    """`text` with folded spaces."""
    return re.sub(r"\s+", " ", text)


def hidden_texts(chapter: str) -> set[str]:
    return set(map(fold, secret_lines(read_chapter(PROJECT.notebook(chapter)))))


def own_solution_lines(chapter: str) -> set[str]:
    """Lines of the instructor's solutions that occur nowhere else in the chapter."""
    solutions, elsewhere = set(), set()
    for cell in read_chapter(PROJECT.notebook(chapter)).cells:
        if cell.role is Role.NOTES:
            continue
        lines = solution_lines(cell.source) if cell.role is Role.SOLUTION else []
        solutions |= {line.strip() for line in lines if len(line.strip()) >= 12}
        private = {*lines, *(hidden_lines(cell.source) if cell.role is Role.TEST else ())}
        elsewhere.add(fold("\n".join(line for line in cell.source.split("\n") if line not in private)))
    return {line for line in solutions if not any(line in text for text in elsewhere)}


def leaks(text: str, lines: set[str]) -> list[str]:
    """The `lines` that a page or a notebook contains, as a reader sees it."""
    text = fold(unescape(text).replace('\\"', '"').replace("\\n", " "))
    return sorted(line for line in lines if line in text)


@pytest.mark.parametrize("chapter", PROJECT.chapters)
def test_release_holds_no_hidden_test_and_no_solution(chapter: str) -> None:
    assert hidden_texts(chapter) and own_solution_lines(chapter)
    for path in (PROJECT.release / chapter).rglob("*.ipynb"):
        text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells)
        assert leaks(text, hidden_texts(chapter) | own_solution_lines(chapter)) == []
        assert "BEGIN HIDDEN" not in text and "BEGIN SOLUTION" not in text


def test_release_is_up_to_date() -> None:
    differences = dict(zip(PROJECT.chapters, release_differences(PROJECT, PROJECT.chapters), strict=True))
    assert differences == {chapter: [] for chapter in PROJECT.chapters}


def test_answer_keys_hold_no_hidden_test(tmp_path: Path) -> None:
    path = write_answer_key(scratch(tmp_path / "course"), FORWARD)
    notebook = nbformat.read(path, as_version=4)
    text = path.read_text(encoding="utf-8") + "\n".join(c.source for c in notebook.cells)
    assert leaks(text, hidden_texts(FORWARD)) == []
    assert not any(c.cell_type == "raw" for c in notebook.cells)
    assert any(c.get("outputs") for c in notebook.cells), "the answer key is executed"
    assert "x1 * dx2" in text or "dx2 * x1" in text, "the answers are there"


@pytest.mark.parametrize("student", ["ada", "emmy", "blaise", "joseph", "isaac", "gottfried"])
def test_feedback_holds_no_hidden_test(graded: SampleClass, student: str) -> None:
    assert leaks(feedback_of(graded.course, student), hidden_texts(FORWARD)) == []


def test_feedback_of_the_stub_holds_no_solution(graded: SampleClass) -> None:
    assert leaks(feedback_of(graded.course, "isaac"), own_solution_lines(FORWARD)) == []


def test_the_search_for_leaks_finds_one() -> None:
    line = sorted(hidden_texts(FORWARD))[0]
    assert leaks(f"<pre>{line}</pre>", hidden_texts(FORWARD)) == [line]


def test_a_failing_hidden_test_shows_its_message(graded: SampleClass) -> None:
    page = feedback_of(graded.course, "joseph")
    assert graded.lost("joseph")
    for id_ in graded.lost("joseph"):
        item = re.search(rf'id="test-{id_}".*?</li>', page, re.DOTALL)
        assert item and len(re.findall(r'<div class="message">\s*\S', item[0])) == 1, id_


def test_feedback_is_one_page_without_scripts_or_requests(graded: SampleClass) -> None:
    page = feedback_of(graded.course, "joseph")
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)


# --- report, export, record ------------------------------------------------------------------------


def read_grades(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_report_and_grades(graded: SampleClass) -> None:
    page, grades = write_report(graded.course, [FORWARD])
    text = page.read_text(encoding="utf-8")
    assert [student for student in graded.results if student not in text] == []
    failed = [int(count) for count in re.findall(r"<b>(\d+)</b> of 8</span>", text)]
    assert failed == sorted(failed, reverse=True) and failed
    rows = read_grades(grades)
    assert rows["ada"]["score"] == "22.0" and rows["ada"]["status"] == "graded"
    assert rows["mary"]["score"] == "" and rows["mary"]["status"] == "not_graded"
    assert "missing" in rows["mary"]["reason"]
    (chapter,) = class_statistics(graded.course, [FORWARD]).chapters
    assert len(chapter.graded) == 8
    assert all(e.full + e.partial + e.none + e.open == 8 for e in chapter.exercises)


def test_nbgraders_own_commands_give_the_same_scores_and_feedback(graded: SampleClass) -> None:
    """The formgrader's buttons call this API with the course's configuration."""
    course = graded.course
    api = nbgrader_api(course, ExecuteSubmission={"sandbox": SANDBOX})
    autograded = api.autograde(FORWARD, "blaise", force=True)
    assert autograded["success"], autograded
    with gradebook(course) as book:
        cells = {g.name: g.score for n in book.find_submission(FORWARD, "blaise").notebooks for g in n.grades}
    assert cells == {id_: c.score for id_, c in graded.results["blaise"].cells.items()}
    before = feedback_of(course, "blaise")
    assert api.generate_feedback(FORWARD, "blaise", force=True)["success"]
    variable = re.compile(r'(?s)<details>.*?</details>|<pre class="out.*?</pre>')
    assert variable.sub("", feedback_of(course, "blaise")) == variable.sub("", before)


# --- runs ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = scratch(tmp_path_factory.mktemp("small") / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp", "sum_jvp"))
    release_chapter(course, FORWARD)
    return course.root


@pytest.fixture
def small(released: Path, tmp_path: Path) -> Course:
    """A course of three points, two of them for mul_jvp."""
    return Course(shutil.copytree(released, tmp_path / "course", symlinks=True))


def test_nbgraders_own_commands_follow_no_link(small: Course) -> None:
    secret = small.root / "secret.txt"
    secret.write_text("what the instructor alone may read")
    folder = submit(small, "ada", answer(small, FORWARD, {"mul_jvp": RIGHT})).parent
    (folder / "leak.txt").symlink_to(secret)
    submit(small, "emmy", answer(small, FORWARD, {"mul_jvp": RIGHT}))
    api = nbgrader_api(small, ExecuteSubmission={"sandbox": SANDBOX})
    results = {student: api.autograde(FORWARD, student, create=True) for student in ("ada", "emmy")}
    assert {student: result["success"] for student, result in results.items()} == {"ada": False, "emmy": True}
    assert "leak.txt is a link" in results["ada"]["log"]
    api.generate_feedback(FORWARD, "ada")
    copies = [path for part in ("autograded", "feedback") for path in (small.root / part).rglob("*leak*")]
    assert copies == []


def run(course: Course, students: Sequence[str] = (), **options: Any) -> list[Result]:
    """A run whose submissions are executed in this process."""
    return grade(course, [FORWARD], students, sandbox="none", executor=in_process, **options)


RIGHT = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2"


def submit_right(course: Course, student: str = "ada") -> Path:
    """A submission that gets two of the three points."""
    return submit(course, student, answer(course, FORWARD, {"mul_jvp": RIGHT}))


def submit_stubs(course: Course, student: str) -> Path:
    return submit(course, student, answer(course, FORWARD, {}))


def configure(course: Course, line: str) -> None:
    """Adds a line to the course's nbgrader_config.py."""
    config = course.root / "nbgrader_config.py"
    text = f"{config.read_text(encoding='utf-8')}\n{line}\n"
    config.unlink()  # it may be a link to the project's
    config.write_text(text, encoding="utf-8")


def set_due_date(course: Course) -> None:
    with gradebook(course) as book:
        book.update_or_create_assignment(FORWARD, duedate="2020-01-01 00:00:00 UTC")


def test_a_rejected_resubmission_loses_the_old_score(small: Course) -> None:
    path = submit_right(small)
    (first,) = run(small)
    assert first.score == 2
    path.write_text("{", encoding="utf-8")
    (second,) = run(small)
    assert second.status == NOT_GRADED
    with gradebook(small) as book:
        assert [s.student.id for s in book.find_assignment(FORWARD).submissions] == []
    assert not (small.root / "autograded" / "ada" / FORWARD).exists()
    assert [r["status"] for r in Record(small).read()] == [NOT_GRADED]


def test_a_worker_keeps_a_chapter_as_it_is_until_its_file_changes(small: Course, tmp_path: Path) -> None:
    paths = [small.notebook(FORWARD), small.release / FORWARD / f"{FORWARD}.ipynb"]
    submission = submit_right(small)
    edit(submission, lambda notebook: notebook.cells.append(nbformat.v4.new_code_cell("1 + 1")))
    for number in range(2):
        job = Job(str(small.root), "ada", FORWARD, str(tmp_path / str(number)), "none")
        assert prepare(job, Limits()).ready
        executed = nbformat.read(tmp_path / str(number) / "executed" / "ada" / f"{FORWARD}.ipynb", as_version=4)
        assert RIGHT in [c.source for c in executed.cells] and executed.cells[-1].outputs
    assert [kept_chapter(path).notebook for path in paths] == [nbformat.read(path, as_version=4) for path in paths]
    assert [kept_chapter(path) is kept_chapter(path) for path in paths] == [True, True]
    edit(paths[1], lambda notebook: notebook.cells.pop())
    assert kept_chapter(paths[1]).notebook == nbformat.read(paths[1], as_version=4)


def test_deleted_answers_are_graded_as_stubs(small: Course) -> None:
    notebook = answer(small, FORWARD, {"mul_jvp": RIGHT})
    notebook.cells = [
        c for c in notebook.cells if not c.metadata.get("nbgrader", {}).get("solution") or c.id == "mul_jvp"
    ]
    submit(small, "ada", notebook)
    (result,) = run(small)
    assert {id_ for id_, c in result.cells.items() if c.score} == {
        id_ for id_ in result.cells if id_.startswith("mul_jvp_")
    }


def strip_ids(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"new{number}", {}
    return notebook


def test_answers_without_ids_and_in_a_copy_get_their_points(small: Course) -> None:
    submit(small, "ada", strip_ids(answer(small, FORWARD, {"mul_jvp": RIGHT})))
    copied = submit_stubs(small, "emmy").with_name("my copy.ipynb")
    copied.write_text(nbformat.writes(answer(small, FORWARD, {"mul_jvp": RIGHT})), encoding="utf-8")
    submit(small, "mary", nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("def unknown():\n    return 1")]))
    results = {result.student: result for result in run(small)}
    assert {student: result.score for student, result in results.items()} == {"ada": 2, "emmy": 2, "mary": None}
    assert (results["emmy"].file, results["mary"].status) == ("my copy.ipynb", NOT_GRADED)
    page, grades = write_report(small, [FORWARD])
    rows = read_grades(grades)
    assert rows["emmy"]["file"] == "my copy.ipynb" and "has no answers" in rows["emmy"]["notes"]
    assert "recognised by their content: mul_jvp" in rows["ada"]["notes"]
    assert "my copy.ipynb" in page.read_text(encoding="utf-8")


def test_submissions_in_wrong_places_are_results(small: Course) -> None:
    submit_right(small).parent.rename(small.submitted / "ada" / "05_Forward_Mode")
    submit_stubs(small, "emmy")
    listener = RecordingListener()
    results = {result.student: result for result in run(small, listener=listener)}
    assert listener.counts == (2, 0) and results["emmy"].status == GRADED
    assert results["ada"].status == NOT_GRADED
    assert "submitted/ada/05_Forward_Mode/ is not the folder of a chapter" in results["ada"].reason
    assert [result.unchanged for result in run(small)] == [True, True]
    page, _, not_used = write_report(small, [FORWARD])
    assert "ada/05_Forward_Mode/" in page.read_text(encoding="utf-8") and "05_Forward_Mode" in not_used.read_text()
    (again,) = run(small, ["ada"])
    assert again.reason == results["ada"].reason
    (small.submitted / "ada" / "05_Forward_Mode").rename(small.submitted / "ada" / FORWARD)
    (right,) = run(small, ["ada"])
    assert right.score == 2


def test_only_the_chosen_students_are_graded(small: Course) -> None:
    for student in ("ada", "emmy"):
        submit_stubs(small, student)
    statuses = {result.student: result.status for result in run(small, ["emmy", "nobody"])}
    assert statuses == {"emmy": GRADED, "nobody": NOT_GRADED}


def test_warnings_cost_no_points_and_metadata_earn_none(small: Course) -> None:
    noisy = RIGHT.replace("    return", "    import warnings; warnings.warn('careful')\n    return")
    tagged = answer(small, FORWARD, {"mul_jvp": noisy})
    for c in tagged.cells:
        if c.metadata.get("nbgrader", {}).get("grade"):
            c.metadata.tags = ["skip-execution"]
            c.metadata.nbgrader.points = 50
    submit(small, "ada", tagged)
    (result,) = grade(small, [FORWARD], sandbox="none")
    assert (result.score, result.max_score) == (2, 3)
    log = (small.root / ".triptych" / "grade.log").read_text()
    assert re.search(r"'ada': 2 of 3; seconds: sandbox [\d.]+ cells [\d.]+ tests [\d.]+ gradebook", log)


def test_a_changed_source_is_released_before_grading(small: Course) -> None:
    submit_right(small)
    notebook = nbformat.read(small.notebook(FORWARD), as_version=4)
    test = next(c for c in notebook.cells if c.id.startswith("mul_jvp_"))
    test.source = "### BEGIN HIDDEN TESTS\nassert False, 'always'\n### END HIDDEN TESTS"
    nbformat.write(notebook, small.notebook(FORWARD))
    (result,) = run(small)
    assert result.cells[test.id].score == 0


def test_the_gradebook_is_backed_up(small: Course) -> None:
    submit_right(small)
    run(small)
    submit_stubs(small, "emmy")
    run(small, ["emmy"])
    with sqlite3.connect(small.root / ".triptych" / "gradebook.before.db") as book:
        students = {row[0] for row in book.execute("select id from student")}
    assert students == {"ada"}


class RecordingListener(Listener):
    """Records the progress of a run."""

    def __init__(self) -> None:
        self.counts = (0, 0)
        self.students: list[str] = []

    def started(self, total: int, unchanged: int) -> None:
        self.counts = (total, unchanged)

    def finished(self, result: Result) -> None:
        self.students.append(result.student)


def test_only_changed_submissions_are_graded_again(small: Course) -> None:
    """What counts as a change is tested in test_fingerprint.py."""
    ada = submit_right(small)
    submit_stubs(small, "emmy")
    (small.submitted / "mary" / FORWARD).mkdir(parents=True)  # no notebook: not graded

    def again(**options: bool) -> tuple[tuple[int, int], list[str], dict[str, float | None]]:
        listener = RecordingListener()
        results = run(small, listener=listener, **options)
        return listener.counts, sorted(listener.students), {r.student: r.score for r in results}

    scores = {"ada": 2.0, "emmy": 0.0, "mary": None}
    assert again() == ((3, 0), ["ada", "emmy", "mary"], scores)
    assert again() == ((0, 3), [], scores)
    ada.write_text(ada.read_text().replace("dx1 * x2", "x1 * x2"))
    assert again() == ((1, 2), ["ada"], {**scores, "ada": 0.0})
    shutil.rmtree(small.root / "feedback" / "emmy")
    assert again()[:2] == ((1, 2), ["emmy"])
    with gradebook(small) as book:
        book.find_submission(FORWARD, "ada").notebooks[0].comments[0].manual_comment = "see me"
        book.db.commit()
    assert again()[:2] == ((1, 2), ["ada"])
    assert "see me" in feedback_of(small, "ada")
    set_due_date(small)
    assert again()[0] == (3, 0)  # the deadline decides what is late
    assert again(force=True)[0] == (3, 0)
    log = (small.root / ".triptych" / "grade.log").read_text().splitlines()
    assert len(log) == 12 and all("seconds:" in line for line in log)


def test_the_same_files_get_the_same_draws_again(small: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIPTYCH_SEED")
    ada, carl, _ = (submit_right(small, student) for student in ("ada", "carl", "emmy"))
    (carl.parent / "draws.txt").write_text("none seen yet")

    def seeds(**options: bool) -> dict[str, str]:
        return {result.student: result.seed for result in run(small, **options)}

    first = seeds()
    (seed,) = set(first.values())
    assert len(seed) == 32
    submit_right(small, "blaise")
    second = seeds(force=True)
    assert second == {**first, "blaise": second["blaise"]} and second["blaise"] != seed  # a new run, other draws
    ada.write_text(ada.read_text().replace("return x1", "return  x1"))
    (carl.parent / "draws.txt").write_text("those of the feedback")
    third = seeds()
    assert third["ada"] == third["carl"] not in (seed, second["blaise"])
    assert (third["emmy"], third["blaise"]) == (seed, second["blaise"])
    assert seeds(force=True) == third
    monkeypatch.setenv("TRIPTYCH_SEED", "5")
    assert set(seeds(force=True).values()) == {"5"}


def test_students_whom_nbgrader_leaves_out_keep_their_scores(small: Course) -> None:
    submit_right(small, "ada")
    submit_right(small, "emmy")
    run(small)
    configure(small, 'c.CourseDirectory.student_id_exclude = "ada,bert"')
    submit_right(small, "bert")
    results = {result.student: result for result in run(small, force=True)}
    assert {student: result.status for student, result in results.items()} == {
        "ada": NOT_GRADED, "bert": NOT_GRADED, "emmy": GRADED,
    }  # fmt: skip
    assert "student_id_exclude" in results["ada"].reason and results["ada"].messages == {}
    with gradebook(small) as book:
        assert {s.student_id: s.score for s in book.find_assignment(FORWARD).submissions} == {"ada": 2, "emmy": 2}
    assert (small.root / "feedback" / "ada" / FORWARD).is_dir()


def test_report_and_table_subtract_the_late_penalty(small: Course) -> None:
    submit_right(small, "ada").with_name("timestamp.txt").write_text("2020-01-02 00:00:00 UTC")
    submit_right(small, "emmy")
    configure(small, 'c.LateSubmissionPlugin.penalty_method = "zero"')
    set_due_date(small)
    run(small)
    lines = {student: result_line(result) for (student, _), result in Record(small).results().items()}
    assert lines["ada"] == ("ada", "0", "3", "late, 2 points off, no sandbox")
    assert lines["emmy"] == ("emmy", "2", "3", "no sandbox")
    (chapter,) = class_statistics(small, [FORWARD]).chapters
    assert chapter.mean == 1
    _, grades = write_report(small, [FORWARD])
    assert {student: row["score"] for student, row in read_grades(grades).items()} == {"ada": "0.0", "emmy": "2.0"}


def test_a_failure_of_the_grader_is_tried_again(small: Course) -> None:
    submit_right(small)
    run(small)
    record = Record(small)
    (result,) = record.results().values()
    record.add(
        replace(result, status=NOT_GRADED, reason="its worker process died", score=None, cells={}, fingerprint="")
    )
    (again,) = run(small)
    assert (again.unchanged, again.score) == (False, 2.0)


def test_an_incomplete_last_line_of_the_record_is_ignored(small: Course) -> None:
    submit_right(small)
    run(small)
    record = Record(small)
    complete = record.path.read_bytes()
    record.path.write_bytes(complete + complete[:50])
    assert len(record.read()) == 1
    (result,) = run(small)
    assert result.unchanged and record.path.read_bytes() == complete
    record.path.write_bytes(b"{}\n" + complete)
    with pytest.raises(CourseError, match=r"record.jsonl, line 1 is damaged"):
        record.read()


def test_a_second_run_at_the_same_time_is_rejected(small: Course) -> None:
    with course_lock(small), pytest.raises(CourseError, match="another run"):
        run(small)


def test_grading_before_building_names_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="triptych build"):
        run(scratch(tmp_path / "course"))


def test_outputs_and_markdown_of_students_are_shown_as_text(small: Course) -> None:
    notebook = answer(small, FORWARD, {"mul_jvp": RIGHT})
    hostile = (
        "from IPython.display import HTML, display\n"
        "print('<script>alert(1)</script>\\x1b[31mred')\n"
        "display(HTML('<img src=x onerror=alert(2)>'))"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(hostile))
    notebook.cells.append(nbformat.v4.new_markdown_cell("<script>alert(3)</script>"))
    submit(small, "ada", notebook)
    (result,) = grade(small, [FORWARD], sandbox="none")
    assert result.status == GRADED
    page = feedback_of(small, "ada")
    assert "<script" not in page and "<img src=x" not in page and "\x1b" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_demo_does_not_use_a_folder_with_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(CourseError, match="not empty"):
        scratch_course(PROJECT, tmp_path, [FORWARD])
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
