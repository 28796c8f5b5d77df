"""`triptych new`: a skeleton works as it is and when an author has filled it in, and is written completely or not at all."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from courses import PROJECT, answer, edit, scratch, submit
from typer.testing import CliRunner

from triptych.check.bank import AnswerChecker, failed_tests, read_bank
from triptych.check.fix import fix_chapter
from triptych.check.rules import UNWRITTEN, check_chapter
from triptych.cli import app
from triptych.model.chapter import Chapter, read_chapter, stub
from triptych.model.course import Course, CourseError
from triptych.new.skeleton import new_chapter, new_exercise

pytestmark = pytest.mark.xdist_group("new")
CHAPTER = "09_newton"


def run(course: Course, *arguments: str, code: int = 0) -> str:
    """The output of a command, with its CourseError."""
    result = CliRunner().invoke(app, [*arguments, "--course", str(course.root)])
    output = result.output + (str(result.exception) if isinstance(result.exception, CourseError) else "")
    assert isinstance(result.exception, CourseError | SystemExit | None), result.exception
    assert (result.exit_code != 0) == (code != 0), output
    return output


def snapshot(course: Course) -> dict[str, bytes]:
    files = (path for path in course.root.rglob("*") if path.is_file() and ".triptych" not in path.parts)
    folders = (path for path in course.root.rglob("*") if path.is_dir() and not path.is_symlink())
    return {str(path): path.read_bytes() for path in files} | {f"{path}/": b"" for path in folders}


def assert_bank_proves_tests(course: Course, chapter: Chapter, id_: str) -> None:
    exercise, checker = chapter.exercises[id_], AnswerChecker(chapter)
    bank = read_bank(course.answers, chapter.id, id_)
    assert {entry.right for entry in bank} == {True, False}
    for entry in bank:
        assert failed_tests(checker.judge(exercise, entry.source)) == entry.loses, entry.title
    assert not failed_tests(checker.judge(exercise))
    assert failed_tests(checker.judge(exercise, stub(exercise.solution.source))) == {t.id for t in exercise.tests}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return scratch(tmp_path / "course", [])


# --- the skeleton --------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [1, 2, 5])
def test_skeleton_violates_no_rule_but_unwritten(course: Course, points: int) -> None:
    arguments = ["--title", "Newton's\n  steps", "--points", str(points), "--by-hand"]
    output = run(course, "new", "chapter", "newton", *arguments)
    course = Course(course.root)
    plan = course.plans[CHAPTER]
    assert (plan.title, plan.by_hand, plan.points) == ("Newton's steps", True, points)
    violations = check_chapter(course, CHAPTER)
    assert {violation.rule for violation in violations} == {"unwritten"}
    assert f"{len(violations)} places say {UNWRITTEN}" in output
    # every mark in every file is one violation with its place
    files = [course.notebook(CHAPTER), course.chapter_tests(CHAPTER), *(course.answers / CHAPTER).iterdir()]
    assert len(violations) == sum(file.read_text(encoding="utf-8").count(UNWRITTEN) for file in files) > 15
    assert {violation.file for violation in violations} == {str(file.relative_to(course.root)) for file in files}
    assert all(violation.cell if violation.file.endswith(".ipynb") else violation.line for violation in violations)
    assert not fix_chapter(course, CHAPTER), "a skeleton has the form that --fix writes"


@pytest.mark.parametrize("points", [1, 3])
def test_bank_of_a_skeleton_proves_its_tests(course: Course, points: int) -> None:
    new_chapter(course, "newton", points=points)
    chapter = read_chapter(course.notebook(CHAPTER))
    assert_bank_proves_tests(course, chapter, "newton_example")
    assert chapter.exercises["newton_example"].points == points


def test_contract_keeps_its_lines(course: Course) -> None:
    before = (course.source / "course.toml").read_text(encoding="utf-8")
    new_chapter(course, "newton", exercise="newton_step", bonus=True, minutes=7)
    new_exercise(Course(course.root), CHAPTER, "newton_root", points=4)
    after = (course.source / "course.toml").read_text(encoding="utf-8")
    assert after.startswith(before)
    assert after.removeprefix(before) == (
        '\n[chapters.09_newton]\ntitle = "Newton"\n'
        "exercises.newton_step = { points = 2, minutes = 7, bonus = true }\n"
        "exercises.newton_root = { points = 4, minutes = 5 }\n"
    )


def test_new_exercise_is_before_the_recap_and_changes_nothing_else(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course", ["04_graphs"])
    before = read_chapter(course.notebook("04_graphs"))
    lines = (course.source / "course.toml").read_text(encoding="utf-8").splitlines()
    run(course, "new", "exercise", "4", "longest_path", "--points", "3", "--minutes", "6")
    course = Course(course.root)
    after = read_chapter(course.notebook("04_graphs"))
    old = {c.id: c.node for c in before.cells}
    added = [c.id for c in after.cells if c.id not in old]
    assert {c.id: c.node for c in after.cells if c.id in old} == old
    ids = [c.id for c in after.cells]
    assert ids[ids.index(added[-1]) + 1] == "recap-two-sweeps-of-one-graph"
    assert ids[ids.index(added[0]) :][: len(added)] == added
    assert {violation.rule for violation in check_chapter(course, "04_graphs")} == {"unwritten"}
    now = (course.source / "course.toml").read_text(encoding="utf-8").splitlines()
    new = "exercises.longest_path = { points = 3, minutes = 6 }"
    assert [line for line in now if line != new] == lines
    assert now[now.index(new) - 1].startswith("exercises.propagate_backward")
    assert list(course.plans["04_graphs"].exercises) == ["propagate_forward", "propagate_backward", "longest_path"]


# --- a chapter that an author has written ----------------------------------------------------------

STEP = '''\
def newton_step(x, value, slope):
    """The next guess for a zero of a function, by Newton's rule.

    x, value, slope:  a guess, the function's value and slope there; numbers
    Returns the zero of the tangent.

    newton_step(3.0, 4.0, 2.0) gives 1.0.
    """
    ### BEGIN SOLUTION
    return x - value / slope
    ### END SOLUTION'''
STEP_NUMBERS = """\
# Where the tangent meets the axis.
assert agree(newton_step(3.0, 4.0, 2.0), 1.0), "From 3, with value 4 and slope 2, the tangent meets the axis at 1."
### BEGIN HIDDEN TESTS
rng = fresh_rng()
for sign, (x, value, slope) in zip([1, -1, 1, -1], rng.uniform(0.5, 2.0, size=(4, 3))):
    slope = sign * slope
    zero = np.linalg.solve([[slope]], [slope * x - value])[0]
    assert agree(newton_step(float(x), float(value), float(slope)), zero), (
        "For a random tangent the step missed its zero: draw one that falls."
    )
### END HIDDEN TESTS"""
STEP_ARRAYS = """\
# One step from a guess comes nearer to a root that one knows.
### BEGIN HIDDEN TESTS
for number in (2.0, 7.0):
    guess = number
    for _ in range(8):
        guess = float(newton_step(guess, guess**2 - number, 2 * guess))
    assert agree(guess, np.sqrt(number)), "Eight steps towards a square root did not arrive there."
### END HIDDEN TESTS"""
ROOT = '''\
def newton_root(number):
    """The square root of a number, by newton_step, from the number itself as the first guess.

    newton_root(4.0) gives 2.0, as near as a float can be.
    """
    ### BEGIN SOLUTION
    guess = number
    for _ in range(60):
        guess = newton_step(guess, guess**2 - number, 2 * guess)
    return guess
    ### END SOLUTION'''
ROOT_NUMBERS = """\
# The square root of any positive number.
assert agree(newton_root(4.0), 2.0), "The square root of 4 is 2."
### BEGIN HIDDEN TESTS
rng = fresh_rng()
for number in rng.uniform(0.1, 9.0, size=4):
    assert agree(newton_root(float(number)), np.sqrt(number)), "A random number's square root came out wrong."
### END HIDDEN TESTS"""
ROOT_ARRAYS = """\
# Numbers that are far from 1, too.
### BEGIN HIDDEN TESTS
for number in (1e6, 1e-6):
    assert agree(newton_root(number) / np.sqrt(number), 1.0), "Far from 1 the steps had not arrived: go on for longer."
### END HIDDEN TESTS"""
CELLS = {
    "newton_step": STEP,
    "newton_step_numbers": STEP_NUMBERS,
    "newton_step_arrays": STEP_ARRAYS,
    "newton_root": ROOT,
    "newton_root_numbers": ROOT_NUMBERS,
    "newton_root_arrays": ROOT_ARRAYS,
}
STEPS = {
    "right: one fraction": "return (x * slope - value) / slope",
    "right: a tangent's two ends": "return x + (0 - value) / slope",
    "right: NumPy's solver": "return float(np.linalg.solve([[slope]], [slope * x - value])[0])",
    "wrong: uphill": "return x + value / slope",
    "wrong: upside down": "return x - slope / value",
    "wrong: half a step": "return x - value / slope / 2",
    "wrong: without the slope": "return x - value",
    "wrong: the step alone": "return -value / slope",
    "wrong: only downhill": "return x - abs(value / slope)",
}
ROOTS = {
    "right: the library": "return np.sqrt(number)",
    "right: a power": "return number ** 0.5",
    "right: until nothing moves": """before, guess = 0.0, number
    while guess != before and abs(guess - before) > 1e-15 * guess:
        before, guess = guess, (guess + number / guess) / 2
    return guess""",
    "wrong: one step": "return newton_step(number, number**2 - number, 2 * number)",
    "wrong: eight steps": """guess = number
    for _ in range(8):
        guess = newton_step(guess, guess**2 - number, 2 * guess)
    return guess""",
    "wrong: the square": "return number ** 2",
    "wrong: minus the root": "return -(number ** 0.5)",
    "wrong: two digits": "return round(number ** 0.5, 2)",
    "wrong: a third root": "return number ** (1 / 3)",
}
#: The test cells that a wrong answer loses, if not all.
LOSES = {"wrong: only downhill": ["newton_step_numbers"], "wrong: eight steps": ["newton_root_arrays"]}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """A course with a chapter in which every placeholder is filled in, and an unchanged skeleton."""
    course = scratch(tmp_path_factory.mktemp("new") / "course", [])
    run(course, "new", "chapter", "newton", "--exercise", "newton_step", "--by-hand", "--points", "3")
    run(course, "new", "exercise", "9", "newton_root")
    run(course, "new", "chapter", "plain", "--points", "3")
    edit(course.notebook(CHAPTER), fill_in)
    for id_, signature, answers in (
        ("newton_step", "newton_step(x, value, slope)", STEPS),
        ("newton_root", "newton_root(number)", ROOTS),
    ):
        parts = []
        for title, body in answers.items():
            loses = LOSES.get(title, [f"{id_}_numbers", f"{id_}_arrays"])
            line = f"# loses: {', '.join(loses)}\n" if title.startswith("wrong") else ""
            parts.append(f"# %% {title}\n{line}def {signature}:\n    {body}\n")
        (course.answers / CHAPTER / f"{id_}.py").write_text("\n\n".join(parts), encoding="utf-8")
    tests = course.chapter_tests(CHAPTER)
    lines = tests.read_text(encoding="utf-8").splitlines(keepends=True)
    tests.write_text("".join(line for line in lines if UNWRITTEN not in line), encoding="utf-8")
    yield Course(course.root)


def fill_in(notebook) -> None:
    """Writes the exercises above, and the same words for every other placeholder."""
    for node in notebook.cells:
        if node.id in CELLS:
            node.source = CELLS[node.id]
        node.source = re.sub(rf"{UNWRITTEN}:? ?[^\n]*", "Newton follows the tangent.", node.source)


def test_written_chapter_keeps_every_rule(written: Course) -> None:
    run(written, "check", "--fix", "9")
    assert "no violations" in run(written, "check", "9")


@pytest.mark.parametrize("id_", ["newton_step", "newton_root"])
def test_bank_of_a_written_chapter_proves_its_tests(written: Course, id_: str) -> None:
    assert_bank_proves_tests(written, read_chapter(written.notebook(CHAPTER)), id_)


@pytest.mark.slow
def test_written_chapter_and_skeleton_are_built_and_graded(written: Course) -> None:
    run(written, "build", "9", "10")
    released = (written.release / CHAPTER / f"{CHAPTER}.ipynb").read_text(encoding="utf-8")
    assert "YOUR CODE HERE" in released and "BEGIN HIDDEN" not in released and UNWRITTEN not in released
    assert "Newton follows the tangent." in (written.slides / f"{CHAPTER}.html").read_text(encoding="utf-8")
    for student, step, root, plain in (
        ("ada", STEPS["right: one fraction"], ROOTS["right: a power"], "3 * x * x"),
        ("blaise", STEPS["wrong: uphill"], ROOTS["right: the library"], "float(3 * x * x)"),
    ):
        texts = {
            "newton_step": f"def newton_step(x, value, slope):\n    {step}",
            "newton_root": f"def newton_root(number):\n    {root}",
        }
        submit(written, student, answer(written, CHAPTER, texts), CHAPTER)
        plain_text = {"plain_example": f"def plain_example(x):\n    return {plain}"}
        submit(written, student, answer(written, "10_plain", plain_text), "10_plain")
    results = written.root / "results.json"
    run(written, "grade", "9", "10", "--sandbox", "none", "--json", str(results))
    rows = {(r["student"], r["chapter"]): r for r in json.loads(results.read_text())["submissions"]}
    assert {key: (row["score"], row["max_score"]) for key, row in rows.items()} == {
        ("ada", CHAPTER): (5, 5),
        ("blaise", CHAPTER): (2, 5),
        ("ada", "10_plain"): (3, 3),
        ("blaise", "10_plain"): (1, 3),
    }
    feedback = (written.root / "feedback" / "blaise" / CHAPTER / f"{CHAPTER}.html").read_text(encoding="utf-8")
    assert "the tangent meets the axis at 1" in feedback


@pytest.mark.slow
def test_tests_of_a_written_chapter_pass(written: Course) -> None:
    for name in ("lectures.py", "conftest.py", "seeds.py"):
        shutil.copyfile(PROJECT.root / "tests" / name, written.root / "tests" / name)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(written.chapter_tests(CHAPTER))],
        cwd=written.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0 and "1 passed" in result.stdout, result.stdout


# --- all or nothing ------------------------------------------------------------------------------


REFUSED = [
    ("chapter Newton!", "is not a chapter's name: write lower-case letters"),
    ("chapter 04_newton", "Chapter 4 is 04_graphs already: take another number, 09 is free"),
    ("chapter graphs", "04_graphs has that name already"),
    ("chapter newton --exercise lambda", "'lambda' is not an exercise's id"),
    ("chapter newton --exercise mul_jvp", "Exercise mul_jvp is in 05_forward_mode already"),
    ("exercise grafs longest_path", "No chapter 'grafs' in .*: did you mean 04_graphs"),
    ("exercise 4 Longest-Path", "is not an exercise's id"),
    ("exercise 4 propagate_forward", "is in 04_graphs already: choose another id"),
    ("exercise 4 path_sum", "uses the name path_sum already"),
    ("exercise 4 propagate_forward_random", "propagate_forward_random_graphs is a test of propagate_forward and"),
]


def test_refused_names_make_nothing(tmp_path: Path) -> None:
    course = scratch(tmp_path / "course", ["04_graphs"])
    before = snapshot(course)
    for arguments, message in REFUSED:
        assert re.search(message, run(course, "new", *arguments.split(), code=1)), arguments
        assert snapshot(course) == before, arguments


def test_existing_files_are_kept(course: Course) -> None:
    (course.source / CHAPTER).mkdir()
    with pytest.raises(CourseError, match=r"09_newton exists but is not in course\.toml: move it away"):
        new_chapter(course, "newton")
    (course.source / CHAPTER).rmdir()
    new_chapter(course, "newton")
    course = Course(course.root)
    bank = course.answers / CHAPTER / "newton_step.py"
    bank.write_text("mine")
    with pytest.raises(CourseError, match=r"newton_step\.py exists already: choose another id"):
        new_exercise(course, CHAPTER, "newton_step")
    assert bank.read_text() == "mine"


def test_chapter_100_is_refused(course: Course) -> None:
    new_chapter(course, "99_last")
    with pytest.raises(CourseError, match="would be chapter 100, but numbers end at 99"):
        new_chapter(Course(course.root), "one_more")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[chapters", r"course\.toml cannot be read as TOML \(.*\)\. Fix it first"),
        (
            '[chapters.04_graphs]\ntitle = "G"\n[chapters.04_graphs.exercises]\na_b = { points = 1, minutes = 2 }\n',
            "so nothing was made. Write them in that form first",
        ),
    ],
    ids=["malformed", "other tables"],
)
def test_an_unsuitable_contract_makes_nothing(tmp_path: Path, text: str, message: str) -> None:
    course = scratch(tmp_path / "course", ["04_graphs"])
    (course.source / "course.toml").write_text(text, encoding="utf-8")
    before = snapshot(course)
    assert re.search(message, run(course, "new", "exercise", "4", "longest_path", code=1))
    assert snapshot(course) == before


def test_an_unreadable_notebook_is_refused(course: Course) -> None:
    new_chapter(course, "newton")
    course = Course(course.root)
    course.notebook(CHAPTER).write_text("{")
    with pytest.raises(CourseError, match=r"is not a readable notebook .*: fix it first"):
        new_exercise(course, CHAPTER, "newton_step")


def test_a_missing_original_makes_nothing(course: Course) -> None:
    (course.slides / "theme").unlink()
    before = snapshot(course)
    with pytest.raises(CourseError, match=r"rise\.css is missing: restore it, every chapter carries a copy"):
        new_chapter(course, "newton")
    assert snapshot(course) == before


@pytest.mark.parametrize("stopped_by", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [0, 3, 6])
def test_an_error_restores_the_previous_state(
    course: Course, monkeypatch: pytest.MonkeyPatch, stopped_by: BaseException, at: int
) -> None:
    before, calls, replace = snapshot(course), 0, Path.replace

    def fails(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls > at:
            raise stopped_by
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    expected = CourseError if isinstance(stopped_by, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as error:
        new_chapter(course, "newton")
    assert calls == at + 1
    if expected is CourseError:
        assert re.search(r"cannot be written \(No space left on device\), so nothing was made", str(error.value))
    assert snapshot(course) == before
