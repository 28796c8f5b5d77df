"""Measures the cost of grading: stock nbgrader and `triptych grade` on the same submissions, in one run.

    python benchmarks/grading.py compare                   # CPU and wall time and scores, by chapter
    python benchmarks/grading.py jobs --students 24        # 1, 2 and 4 parallel jobs
    python benchmarks/grading.py growth 100 500 2000       # many submissions of the cheapest chapter
    python benchmarks/grading.py whole --students 100      # a class over all chapters
    python benchmarks/grading.py otter ENVIRONMENT         # Otter-Grader, from an environment that contains it

Submissions come from the bank: the instructor's answers for every second student, other right answers, and wrong
ones. The course folder that grades them contains only the other half of the bank, so that no program is compiled in
advance for them. Stock nbgrader grades the same source with its own preprocessors, with one command per chapter for
all students, so that its start counts once.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import meter
import otter_peer
import typer
from nbgrader.api import Gradebook

from triptych.build.release import release_chapter
from triptych.demo import Answers, scratch_course
from triptych.model.course import Course

PROJECT = Course(Path(__file__).resolve().parents[1])
BIN = Path(sys.executable).parent
ENVIRONMENT = {
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "JAX_PLATFORMS": "cpu",
    "PYTHONDONTWRITEBYTECODE": "",  # or a checkout, unlike an installation, is compiled at each start
}
STOCK = 'c = get_config()\nc.CourseDirectory.course_id = "stock"\nc.ExecutePreprocessor.timeout = 600\n'
#: Compiles the shared programs of a chapter, as `triptych grade` does before many submissions.
WARM = """
from pathlib import Path
from triptych.model.course import Course
from triptych.grade.execute import compile_cache
course = Course(Path.cwd())
if compile_cache.should_warm(course, {chapter!r}, {students}):
    compile_cache.warm(course, {chapter!r}, sandbox="bwrap", submissions={students})
"""

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
Chapters = Annotated[list[str] | None, typer.Option("--chapter", help="Only this chapter; may be repeated.")]
Students = Annotated[int, typer.Option("--students", min=1)]


@contextmanager
def course_of(students: int, chapters: Sequence[str]) -> Iterator[Course]:
    """Yields a temporary course folder with the submissions of a class."""
    os.environ.update(ENVIRONMENT)  # nbgrader calls alembic by name
    with tempfile.TemporaryDirectory(prefix="triptych-bench-", ignore_cleanup_errors=True) as folder:
        course = scratch_course(PROJECT, Path(folder) / "course", chapters)
        for chapter in chapters:
            release_chapter(course, chapter)
        write_submissions(course, students, chapters, Answers(split_bank(course, Path(folder) / "class", chapters)))
        yield course


def split_bank(course: Course, folder: Path, chapters: Sequence[str]) -> Course:
    """Writes every second answer of the bank to `course`, and the others to a course in `folder`, which it returns."""
    folder.mkdir()
    (folder / "source").symlink_to(PROJECT.source)
    for chapter in chapters:
        for file in (PROJECT.answers / chapter).glob("*.py"):
            head, *answers = re.split(r"(?m)^(?=# %% )", file.read_text(encoding="utf-8"))
            for target, first in ((course, 0), (Course(folder), 1)):
                target.answers.joinpath(chapter).mkdir(parents=True, exist_ok=True)
                half = head + "".join(answers[first::2])
                target.answers.joinpath(chapter, file.name).write_text(half, encoding="utf-8")
    return Course(folder)


def write_submissions(course: Course, students: int, chapters: Sequence[str], answers: Answers) -> None:
    for number in range(students):
        for chapter in chapters:
            target = course.submitted / f"s{number:04}" / chapter
            target.mkdir(parents=True)
            answers.write(course, chapter, target, choice_of(number, answers))


def choice_of(student: int, answers: Answers) -> Callable[[str, str, int], str | None]:
    """Returns a student's choice of answers: half of the class the model answers, a quarter other right answers, and a
    quarter half wrong ones."""
    choice = (answers.model, answers.right, answers.model, answers.half)[student % 4]
    return lambda chapter, exercise, number: choice(chapter, exercise, number + student // 4)


def stock_course(course: Course, chapters: Sequence[str], students: Sequence[str]) -> Path:
    """Creates the same course for stock nbgrader, with the submissions of some students, and returns its folder."""
    stock = course.root.parent / "stock"
    shutil.copytree(course.source, stock / "source")
    for student in students:
        shutil.copytree(course.submitted / student, stock / "submitted" / student)
    (stock / "nbgrader_config.py").write_text(STOCK)
    for chapter in chapters:
        _run([str(BIN / "nbgrader"), "generate_assignment", chapter, "--force"], stock)
    return stock


def _run(command: Sequence[str], cwd: Path, interval_s: float = 0, **environment: str) -> meter.Measurement:
    measured = meter.run(command, cwd, {**ENVIRONMENT, **environment}, interval_s)
    if measured.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{measured.output[-3000:]}")
    return measured


def grade(course: Course, chapters: Sequence[str], *options: str, interval_s: float = 0) -> meter.Measurement:
    return _run([str(BIN / "triptych"), "grade", *chapters, "--force", *options], course.root, interval_s)


def scores(folder: Path, chapter: str) -> dict[str, float]:
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "") as book:
        return {s.student.id: float(s.score) for s in book.assignment_submissions(chapter)}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a Markdown table for docs/developers/performance.md."""
    print(f"| {' | '.join(head)} |\n| {' | '.join('---' if n == 0 else '---:' for n in range(len(head)))} |")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
    print()


def print_machine() -> None:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, {model.partition(':')[2].strip()}, {platform.system()} {platform.release()}, "
          f"Python {platform.python_version()}\n")  # fmt: skip


@app.command()
def compare(
    students: Students = 24,
    sample: Annotated[int, typer.Option(min=1)] = 4,
    chapter: Chapters = None,
    without: Annotated[bool, typer.Option("--without-sandbox", help="Also grade without a sandbox.")] = False,
) -> None:
    """`triptych grade` on a class, and on a sample of it stock `nbgrader autograde` and the limit (`limit.py`).

    The sample is every fifth student, so that it contains all kinds of answers.
    """
    print_machine()
    chapters = PROJECT.choose(chapter or [])
    rows, sums = [], [0.0] * 7
    with_sandbox_s = without_sandbox_s = 0.0
    with course_of(students, chapters) as course:
        chosen = [f"s{number % students:04}" for number in range(0, 5 * sample, 5)]
        stock = stock_course(course, chapters, chosen)
        for name in chapters:
            # work done once per chapter is measured separately
            once = _run([sys.executable, "-c", WARM.format(chapter=name, students=students)], course.root)
            runs = {
                "stock": _run([str(BIN / "nbgrader"), "autograde", name, "--force"], stock),
                "feedback": _run([str(BIN / "nbgrader"), "generate_feedback", name, "--force"], stock),
                "sandbox": grade(course, [name], "--jobs", "1"),
            }
            parts = [seconds / students for seconds in _seconds_of(course, name)]
            if by_hand := without and course.plans[name].by_hand:
                # in other chapters, the cache of compiled programs differs between runs with and without a sandbox
                runs["no sandbox"] = grade(course, [name], "--jobs", "1", "--sandbox", "none")
            ours, theirs = scores(course.root, name), scores(stock, name)
            if {student: ours[student] for student in chosen} != theirs:
                print(f"{name}: SCORES DIFFER: {ours} {theirs}")
            counts = {"stock": sample, "feedback": sample, "sandbox": students, "no sandbox": students}
            cpu = {k: measured.cpu_s / counts[k] for k, measured in runs.items()}
            wall = {k: measured.wall_s / counts[k] for k, measured in runs.items()}
            limit = _limit(course, name, chosen)
            figures = [cpu["stock"], cpu["stock"] + cpu["feedback"], cpu["sandbox"], limit, *parts]
            sums = [a + b for a, b in zip(sums, figures, strict=True)]
            if by_hand:
                with_sandbox_s += cpu["sandbox"]
                without_sandbox_s += cpu["no sandbox"]
            rows.append(
                [name, *_ratios(figures),
                 f"{wall['stock']:.1f}", f"{wall['sandbox']:.1f}", f"{once.cpu_s:.0f}"]
            )  # fmt: skip
            print(rows[-1], file=sys.stderr)
    rows.append(["all", *_ratios(sums), "", "", ""])
    table(
        ["chapter", "stock autograde, CPU s", "and its feedback", "triptych, CPU s (feedback included)", "limit, CPU s",
         "student's cells, wall s", "tests, wall s", "gradebook and feedback, wall s", "ratio", "times the limit",
         "stock, wall s", "triptych, wall s", "once per chapter, CPU s"],
        rows,
    )  # fmt: skip
    if without_sandbox_s:
        ratio = with_sandbox_s / without_sandbox_s
        print(f"{ratio:.2f} times the CPU time of grading without a sandbox (chapters by hand).")


def _ratios(figures: Sequence[float]) -> list[str]:
    """The figures of a row, and two ratios: stock nbgrader to triptych, and triptych to the limit."""
    return [
        *(f"{figure:.2f}" for figure in figures),
        f"{figures[0] / figures[2]:.1f}",
        f"{figures[2] / figures[3]:.1f}",
    ]


def _limit(course: Course, chapter: str, students: Sequence[str]) -> float:
    """Returns the CPU seconds of a student's answers and test cells in a warm process."""
    result = course.root.parent / "limit"
    command = [sys.executable, str(Path(__file__).with_name("limit.py")), str(course.root), chapter, str(result)]
    _run([*command, *students], course.root)
    return float(result.read_text(encoding="utf-8"))


def _seconds_of(course: Course, chapter: str) -> list[float]:
    """Returns the wall seconds of students' cells, tests, and nbgrader in the last run, from the record."""
    lines = (course.root / ".triptych" / "record.jsonl").read_text().splitlines()
    rows = {(r["student"], r["chapter"]): r for r in map(json.loads, lines)}
    phases = [r["phases"] for (_, c), r in rows.items() if c == chapter]
    return [sum(phase[part] for phase in phases) for part in ("cells", "tests", "gradebook")]


@app.command()
def jobs(students: Students = 24, chapter: Chapters = None) -> None:
    """Grading with 1, 2 and 4 parallel jobs."""
    print_machine()
    chapters = PROJECT.choose(chapter or ["4", "7"])
    rows = []
    with course_of(students, chapters) as course:
        grade(course, chapters)
        for count in (1, 2, 4):
            measured = grade(course, chapters, "--jobs", str(count), interval_s=0.5)
            total = students * len(chapters)
            rows.append([
                str(count), f"{measured.wall_s:.0f}", f"{measured.cpu_s / total:.2f}",
                f"{60 * total / measured.wall_s:.0f}", f"{measured.memory_bytes / 1e6 / count:.0f}",
            ])  # fmt: skip
    table(["jobs", "wall s", "CPU s per submission", "submissions per minute", "MB per job"], rows)


@app.command()
def otter(environment: Path, students: Students = 4, chapter: Chapters = None) -> None:
    """Otter-Grader without containers, and `triptych grade`, on the same submissions.

    ENVIRONMENT is a virtual environment with otter-grader, ipykernel and the packages of the notebooks.
    """
    print_machine()
    chapters = PROJECT.choose(chapter or ["4", "5"])
    rows = []
    with course_of(students, chapters) as course:
        for name in chapters:
            folder = course.root.parent / "otter" / name
            files = otter_peer.write_tests(course, name, folder)
            tool = str(environment.absolute() / "bin" / "otter")
            flags = ["-t", "tests", "-o", "autograder.zip", "--no-requirements", "--no-environment"]
            _run([tool, "generate", *flags, *files], folder)
            grade(course, [name], "--jobs", "1")
            ours = grade(course, [name], "--jobs", "1")
            cpu, wall, theirs = 0.0, 0.0, {}
            for student in sorted(course.submitted.iterdir()):
                results = folder / student.name
                results.mkdir()
                otter_peer.write_submission(student / name / f"{name}.ipynb", results / f"{name}.ipynb")
                line = [tool, "run", str(results / f"{name}.ipynb"), "-a", "autograder.zip", "-o", str(results)]
                path = f"{environment.absolute() / 'bin'}{os.pathsep}{ENVIRONMENT['PATH']}"
                measured = _run([*line, "--no-logo"], folder, PATH=path)
                cpu, wall = cpu + measured.cpu_s, wall + measured.wall_s
                theirs[student.name] = otter_peer.score_of(results / "results.json")
            if (own := scores(course.root, name)) != theirs:
                print(f"{name}: SCORES DIFFER: {own} {theirs}")
            figures = [cpu / students, ours.cpu_s / students, cpu / ours.cpu_s, wall / students, ours.wall_s / students]
            rows.append([name, *(f"{figure:.2f}" for figure in figures)])
            print(rows[-1], file=sys.stderr)
    head = ["chapter", "Otter-Grader, CPU s", "triptych, CPU s", "ratio", "Otter-Grader, wall s", "triptych, wall s"]
    table(head, rows)


@app.command()
def growth(sizes: list[int], chapter: str = "4") -> None:
    """Cost for several numbers of submissions; the exponent should be 1."""
    print_machine()
    (name,) = PROJECT.choose([chapter])
    rows, points = [], []
    for size in sizes:
        with course_of(size, [name]) as course:
            measured = grade(course, [name], interval_s=5)
            again = _run([str(BIN / "triptych"), "grade", name], course.root)
        points.append((math.log(size), math.log(measured.cpu_s)))
        rows.append([str(size), f"{measured.wall_s:.0f}", f"{measured.cpu_s / size:.2f}",
                     f"{60 * size / measured.cpu_s:.0f}",
                     f"{measured.memory_bytes / 1e6:.0f}", f"{again.wall_s:.1f}"])  # fmt: skip
        print(rows[-1], file=sys.stderr)
    table(
        ["submissions", "wall s", "CPU s each", "per core-minute", "memory, MB", "second run, nothing changed, s"], rows
    )
    if len(points) > 1:
        slope = statistics.linear_regression(*zip(*points, strict=True)).slope
        print(f"The cost grows with the power {slope:.2f} of the number of submissions.")


@app.command()
def whole(students: Students = 100, count: Annotated[int, typer.Option("--jobs")] = 2) -> None:
    """A class over all chapters, without earlier results."""
    print_machine()
    with course_of(students, PROJECT.chapters) as course:
        measured = grade(course, [], "--jobs", str(count), interval_s=1)
    total = students * len(PROJECT.chapters)
    print(f"{total} submissions in {measured.wall_s / 60:.1f} min, {measured.cpu_s / total:.2f} CPU s each, "
          f"{measured.memory_bytes / 1e6 / count:.0f} MB per job")  # fmt: skip


if __name__ == "__main__":
    app()
