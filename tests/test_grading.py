"""A class graded from end to end, and nobody reads a hidden test or a solution they should not."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pytest
from courses import FORWARD, PROJECT, answer, edit, scratch, shortened, submit
from in_process import in_process
from needs import _missing_for_sandbox

from triptych.build.answer_key import write_answer_key
from triptych.build.release import release_chapter, release_differences
from triptych.check.bank import read_bank
from triptych.demo import make_class, scratch_course
from triptych.grade.record import GRADED, NOT_GRADED, Record, Result
from triptych.grade.results.feedback import secret_lines
from triptych.grade.results.report import line_of, statistics, write_report
from triptych.grade.run import Listener, as_json, grade
from triptych.model.chapter import Role, hidden_lines, read_chapter, solution_lines
from triptych.model.course import Course, CourseError
from triptych.nbgrader_api import gradebook, nbgrader_api

#: The real sandbox wherever it works.
BOX = "none" if _missing_for_sandbox() else "bwrap"


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, Result]]:
    """The sample class of the demo, graded on chapter 05."""
    course = scratch_course(PROJECT, tmp_path_factory.mktemp("class") / "course", [FORWARD])
    release_chapter(course, FORWARD)
    make_class(PROJECT, course, [FORWARD])
    results = grade(course, [FORWARD], sandbox=BOX)
    return course, {r.student: r for r in results}


def feedback_of(course: Course, student: str) -> str:
    return (course.root / "feedback" / student / FORWARD / f"{FORWARD}.html").read_text(encoding="utf-8")


def test_every_student_has_a_line(graded: tuple[Course, dict[str, Result]]) -> None:
    _, results = graded
    assert set(results) == {
        "ada", "emmy", "carl", "blaise", "joseph", "sofia", "isaac", "gottfried", "leonhard", "mary",
    }  # fmt: skip
    assert {s for s, r in results.items() if r.status == NOT_GRADED} == {"leonhard", "mary"}
    assert "not valid JSON" in results["leonhard"].reason
    assert "missing" in results["mary"].reason


def test_scores_are_what_the_bank_says(graded: tuple[Course, dict[str, Result]]) -> None:
    _, results = graded
    for full in ("ada", "emmy", "carl", "sofia", "gottfried"):
        lost = [id_ for id_, c in results[full].cells.items() if c.score < c.max_score]
        assert (results[full].score, lost) == (22, []), full
    assert results["isaac"].score == 0
    assert 0 <= results["joseph"].score < results["blaise"].score < 22
    assert results["sofia"].late and not results["emmy"].late
    # each of joseph's answers loses what the bank records, and keeps the rest
    exercises = list(read_chapter(PROJECT.notebook(FORWARD)).exercises)
    for number, exercise in enumerate(exercises):
        wrong = [a for a in read_bank(PROJECT.answers, FORWARD, exercise) if not a.right]
        for test in wrong[number % len(wrong)].loses:
            assert results["joseph"].cells[test].score == 0, test


def test_json_has_the_documented_schema(graded: tuple[Course, dict[str, Result]]) -> None:
    _, results = graded
    document = json.loads(json.dumps(as_json(list(results.values()))))
    assert list(document) == ["submissions"]
    for entry in document["submissions"]:
        assert set(entry) == {"student", "chapter", "status", "reason", "score", "max_score", "cells"}
        if entry["status"] == GRADED:
            assert sum(c["score"] for c in entry["cells"].values()) == entry["score"]
            assert sum(c["max_score"] for c in entry["cells"].values()) == entry["max_score"] == 22
        else:
            assert entry["score"] is None and entry["reason"] and entry["cells"] == {}


# --- what students see -----------------------------------------------------------------------------


def told(text: str) -> str:
    """Text of a page or a notebook as a reader has it: unescaped, spaces folded."""
    return re.sub(r"\s+", " ", unescape(text).replace('\\"', '"').replace("\\n", " "))


def hidden_texts(chapter: str) -> set[str]:
    notebook = read_chapter(PROJECT.notebook(chapter)).notebook
    return {re.sub(r"\s+", " ", line) for line in secret_lines(notebook)}


def own_solution_lines(chapter: str) -> set[str]:
    """Lines of the instructor's solutions that stand nowhere else in the chapter."""
    cells = read_chapter(PROJECT.notebook(chapter)).cells
    elsewhere = set()
    inside = set()
    for c in cells:
        if c.role is Role.NOTES:
            continue
        lines = solution_lines(c.source) if c.role is Role.SOLUTION else []
        inside |= {line.strip() for line in lines if len(line.strip()) >= 12}
        hidden = set(hidden_lines(c.source)) if c.role is Role.TEST else set()
        rest = [line for line in c.source.split("\n") if line not in lines and line not in hidden]
        elsewhere.add(re.sub(r"\s+", " ", "\n".join(rest)))
    return {line for line in inside if not any(line in text for text in elsewhere)}


def leaks(text: str, lines: set[str]) -> list[str]:
    text = told(text)
    return sorted(line for line in lines if line in text)


@pytest.mark.parametrize("chapter", PROJECT.chapters)
def test_release_holds_no_hidden_test_and_no_solution(chapter: str) -> None:
    assert hidden_texts(chapter) and own_solution_lines(chapter)
    for path in (PROJECT.release / chapter).rglob("*.ipynb"):
        text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells)
        assert leaks(text, hidden_texts(chapter) | own_solution_lines(chapter)) == []
        assert "BEGIN HIDDEN" not in text and "BEGIN SOLUTION" not in text


def test_release_follows_from_the_sources() -> None:
    differences = dict(zip(PROJECT.chapters, release_differences(PROJECT, PROJECT.chapters), strict=True))
    assert differences == {chapter: [] for chapter in PROJECT.chapters}


def test_answer_keys_hold_no_hidden_test(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course")
    path = write_answer_key(course, FORWARD)
    notebook = nbformat.read(path, as_version=4)
    text = path.read_text(encoding="utf-8") + "\n".join(c.source for c in notebook.cells)
    assert leaks(text, hidden_texts(FORWARD)) == []
    assert not any(c.cell_type == "raw" for c in notebook.cells)
    assert any(c.get("outputs") for c in notebook.cells), "the answer key is executed"
    assert "x1 * dx2" in text or "dx2 * x1" in text, "the answers are there"


@pytest.mark.parametrize("student", ["ada", "emmy", "blaise", "joseph", "isaac", "gottfried"])
def test_feedback_holds_no_hidden_test(graded: tuple[Course, dict[str, Result]], student: str) -> None:
    course, _ = graded
    assert leaks(feedback_of(course, student), hidden_texts(FORWARD)) == []


def test_feedback_of_the_stub_holds_no_solution(graded: tuple[Course, dict[str, Result]]) -> None:
    course, _ = graded
    assert leaks(feedback_of(course, "isaac"), own_solution_lines(FORWARD)) == []


def test_the_search_for_leaks_finds_one() -> None:
    line = sorted(hidden_texts(FORWARD))[0]
    assert leaks(f"<pre>{line}</pre>", hidden_texts(FORWARD)) == [line]


def test_a_failing_hidden_test_shows_its_sentence(graded: tuple[Course, dict[str, Result]]) -> None:
    course, results = graded
    page = feedback_of(course, "joseph")
    lost = [id_ for id_, c in results["joseph"].cells.items() if c.score < c.max_score]
    assert lost
    for id_ in lost:
        item = re.search(rf'id="test-{id_}".*?</li>', page, re.DOTALL)
        assert item and len(re.findall(r"<div>\s*\S", item[0])) == 1, id_


def test_feedback_is_one_page_without_scripts_or_requests(graded: tuple[Course, dict[str, Result]]) -> None:
    course, _ = graded
    page = feedback_of(course, "joseph")
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)


def test_nobody_without_marks_has_feedback(graded: tuple[Course, dict[str, Result]]) -> None:
    course, _ = graded
    assert not (course.root / "feedback" / "leonhard" / FORWARD).exists()


# --- report, export, record ------------------------------------------------------------------------


def test_report_and_grades(graded: tuple[Course, dict[str, Result]]) -> None:
    course, results = graded
    page, grades = write_report(course, [FORWARD])
    text = page.read_text(encoding="utf-8")
    for student in results:
        assert student in text
    assert "<script" not in text
    with grades.open(encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert rows["ada"]["score"] == "22.0" and rows["ada"]["status"] == "graded"
    assert rows["mary"]["score"] == "" and rows["mary"]["status"] == "not_graded"
    assert "missing" in rows["mary"]["reason"]
    chapter = statistics(course, [FORWARD])[0]
    assert len(chapter.graded) == 8
    assert all(e.of == 8 for e in chapter.exercises)


def test_nbgrader_itself_comes_to_the_same_marks_and_feedback(graded: tuple[Course, dict[str, Result]]) -> None:
    """The formgrader's buttons call this API with the course's own configuration."""
    course, results = graded
    api = nbgrader_api(course, ExecuteSubmission={"sandbox": BOX})
    said = api.autograde(FORWARD, "blaise", force=True)
    assert said["success"], said
    with gradebook(course) as book:
        cells = {g.name: g.score for n in book.find_submission(FORWARD, "blaise").notebooks for g in n.grades}
    assert cells == {id_: c.score for id_, c in results["blaise"].cells.items()}
    before = feedback_of(course, "blaise")
    assert api.generate_feedback(FORWARD, "blaise", force=True)["success"]
    strip = re.compile(r'(?s)<details>.*?</details>|<pre class="out.*?</pre>')
    assert strip.sub("", feedback_of(course, "blaise")) == strip.sub("", before)


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


def run(course: Course, students: Sequence[str] = (), **options: Any) -> list[Result]:
    """A run whose submissions are executed in this process."""
    return grade(course, [FORWARD], students, sandbox="none", executor=in_process, **options)


RIGHT = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2"


def test_a_failed_regrade_has_no_old_score(small: Course) -> None:
    path = submit(small, "ada", answer(small, FORWARD, {"mul_jvp": RIGHT}))
    (first,) = run(small)
    assert first.score == 2
    path.write_text("{", encoding="utf-8")
    (second,) = run(small)
    assert second.status == NOT_GRADED
    with gradebook(small) as book:
        assert [s.student.id for s in book.find_assignment(FORWARD).submissions] == []
    assert not (small.root / "autograded" / "ada" / FORWARD).exists()
    assert [r["status"] for r in Record(small).read()] == [NOT_GRADED]


def test_deleted_answers_are_stubs_and_not_the_instructors(small: Course) -> None:
    notebook = answer(small, FORWARD, {"mul_jvp": RIGHT})
    notebook.cells = [
        c for c in notebook.cells if not c.metadata.get("nbgrader", {}).get("solution") or c.id == "mul_jvp"
    ]
    submit(small, "ada", notebook)
    (result,) = run(small)
    assert {id_ for id_, c in result.cells.items() if c.score} == {
        id_ for id_ in result.cells if id_.startswith("mul_jvp_")
    }


def test_only_the_student_asked_for(small: Course) -> None:
    for student in ("ada", "emmy"):
        submit(small, student, answer(small, FORWARD, {}))
    results = run(small, ["emmy", "nobody"])
    assert [(r.student, r.status) for r in sorted(results, key=lambda r: r.student)] == [
        ("emmy", GRADED),
        ("nobody", NOT_GRADED),
    ]


def test_warnings_cost_no_marks_and_metadata_win_none(small: Course) -> None:
    noisy = RIGHT.replace("    return", "    import warnings; warnings.warn('careful')\n    return")
    tagged = answer(small, FORWARD, {"mul_jvp": noisy})
    for c in tagged.cells:
        if c.metadata.get("nbgrader", {}).get("grade"):
            c.metadata.tags = ["skip-execution"]
            c.metadata.nbgrader.points = 50
    submit(small, "ada", tagged)
    (result,) = grade(small, [FORWARD], sandbox="none")
    assert result.max_score == 3
    assert result.score == 2
    log = (small.root / ".triptych" / "grade.log").read_text()
    assert re.search(r"'ada': 2 of 3; seconds: sandbox [\d.]+ cells [\d.]+ tests [\d.]+ gradebook", log)


def test_a_changed_source_is_released_anew_before_grading(small: Course) -> None:
    submit(small, "ada", answer(small, FORWARD, {"mul_jvp": RIGHT}))
    notebook = nbformat.read(small.notebook(FORWARD), as_version=4)
    test = next(c for c in notebook.cells if c.id.startswith("mul_jvp_"))
    test.source = "### BEGIN HIDDEN TESTS\nassert False, 'always'\n### END HIDDEN TESTS"
    nbformat.write(notebook, small.notebook(FORWARD))
    (result,) = run(small)
    assert result.cells[test.id].score == 0


def test_the_gradebook_is_backed_up(small: Course) -> None:
    submit(small, "ada", answer(small, FORWARD, {"mul_jvp": RIGHT}))
    run(small)
    submit(small, "emmy", answer(small, FORWARD, {}))
    run(small, ["emmy"])
    with sqlite3.connect(small.root / ".triptych" / "gradebook.before.db") as book:
        students = {row[0] for row in book.execute("select id from student")}
    assert students == {"ada"}


class Told(Listener):
    """What a run says of itself."""

    def __init__(self) -> None:
        self.counts = (0, 0)
        self.ended: list[str] = []
        self.seen: set[str] = set()

    def started(self, total: int, unchanged: int) -> None:
        self.counts = (total, unchanged)

    def running(self, names: Sequence[str]) -> None:
        self.seen.update(names)

    def finished(self, result: Result) -> None:
        self.ended.append(result.student)


def test_only_what_has_changed_is_graded_again(small: Course) -> None:
    """What counts as a change is tested in test_fingerprint.py."""
    ada = submit(small, "ada", answer(small, FORWARD, {"mul_jvp": RIGHT}))
    submit(small, "emmy", answer(small, FORWARD, {}))
    (small.submitted / "mary" / FORWARD).mkdir(parents=True)  # no notebook: not graded

    def again(**options: bool) -> tuple[tuple[int, int], list[str], dict[str, float | None]]:
        told = Told()
        results = run(small, listener=told, **options)
        return told.counts, sorted(told.ended), {r.student: r.score for r in results}

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
    with gradebook(small) as book:
        book.update_or_create_assignment(FORWARD, duedate="2020-01-01 00:00:00 UTC")
    assert again()[0] == (3, 0)  # a deadline decides what is late
    assert again(force=True)[0] == (3, 0)
    log = (small.root / ".triptych" / "grade.log").read_text().splitlines()
    assert len(log) == 12 and all("seconds:" in line for line in log)


def test_a_penalty_for_late_work_is_in_the_report_as_in_the_table(small: Course) -> None:
    late = submit(small, "ada", answer(small, FORWARD, {"mul_jvp": RIGHT}))
    late.with_name("timestamp.txt").write_text("2020-01-02 00:00:00 UTC")
    submit(small, "emmy", answer(small, FORWARD, {"mul_jvp": RIGHT}))
    config = small.root / "nbgrader_config.py"
    text = config.read_text(encoding="utf-8") + '\nc.LateSubmissionPlugin.penalty_method = "zero"\n'
    config.unlink()  # it may be a link to the project's
    config.write_text(text, encoding="utf-8")
    with gradebook(small) as book:
        book.update_or_create_assignment(FORWARD, duedate="2020-01-01 00:00:00 UTC")
    run(small)
    lines = {row["student"]: line_of(row) for row in Record(small).read()}
    assert lines["ada"] == ("ada", "0", "3", "late, 2 points off, no sandbox")
    assert lines["emmy"] == ("emmy", "2", "3", "no sandbox")
    (chapter,) = statistics(small, [FORWARD])
    assert chapter.mean == 1
    _, grades = write_report(small, [FORWARD])
    with grades.open(encoding="utf-8") as file:
        assert {row["student_id"]: row["score"] for row in csv.DictReader(file)} == {"ada": "0.0", "emmy": "2.0"}


def test_a_fault_of_the_grader_is_tried_again(small: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(small, "ada", answer(small, FORWARD, {"mul_jvp": RIGHT}))
    run(small)
    record = Record(small)
    (result,) = record.results().values()
    record.add(
        replace(result, status=NOT_GRADED, reason="its worker process died", score=None, cells={}, fingerprint="")
    )
    (again,) = run(small)
    assert (again.unchanged, again.score) == (False, 2.0)


def test_a_line_of_the_record_that_was_cut_off_is_passed_over(small: Course) -> None:
    submit(small, "ada", answer(small, FORWARD, {"mul_jvp": RIGHT}))
    run(small)
    record = Record(small)
    whole = record.path.read_bytes()
    record.path.write_bytes(whole + whole[:50])
    assert len(record.read()) == 1
    (result,) = run(small)
    assert result.unchanged and record.path.read_bytes() == whole
    record.path.write_bytes(b"{}\n" + whole)
    with pytest.raises(CourseError, match=r"record.jsonl, line 1 is damaged"):
        record.read()


def test_two_runs_at_once_are_refused(small: Course) -> None:
    import fcntl

    (small.root / ".triptych").mkdir(exist_ok=True)
    with (small.root / ".triptych" / "grade.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CourseError, match="another run"):
            grade(small, [FORWARD], sandbox="none")


def test_grading_before_building_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="triptych build"):
        grade(scratch(tmp_path / "course"), [FORWARD], sandbox="none")


def test_learners_output_is_shown_as_text(small: Course) -> None:
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


def test_demo_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(CourseError, match="not empty"):
        scratch_course(PROJECT, tmp_path, [FORWARD])
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
