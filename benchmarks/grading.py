"""What grading costs: stock nbgrader and `triptych grade` on the same submissions, in one run.

    python benchmarks/grading.py compare                   # CPU and wall a submission, by chapter, marks compared
    python benchmarks/grading.py jobs --students 24        # 1, 2 and 4 submissions at a time
    python benchmarks/grading.py growth 100 500 2000       # many submissions of the cheapest chapter
    python benchmarks/grading.py whole --students 100      # a class over all chapters
    python benchmarks/grading.py otter ENVIRONMENT         # Otter-Grader, where an environment has it

Submissions come from the bank: the instructor's answers for every second student, else right answers in
many ways, and wrong ones. The course folder that they are graded in knows only the other half of the
bank, so nothing that is compiled ahead was made for them. Stock nbgrader gets the same source with its
own preprocessors, one command a chapter for all students, so that its start counts once.
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
ENVIRONMENT = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "JAX_PLATFORMS": "cpu"}
os.environ.update(ENVIRONMENT)  # nbgrader calls alembic by name, here as in the commands
STOCK = 'c = get_config()\nc.CourseDirectory.course_id = "stock"\nc.ExecutePreprocessor.timeout = 600\n'
ONCE = """
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
    """A course folder with a class in `submitted/`."""
    with tempfile.TemporaryDirectory(prefix="triptych-bench-", ignore_cleanup_errors=True) as folder:
        course = scratch_course(PROJECT, Path(folder) / "course", chapters)
        for chapter in chapters:
            release_chapter(course, chapter)
        fill(course, students, chapters, Answers(halve_bank(course, Path(folder) / "class", chapters)))
        yield course


def halve_bank(course: Course, apart: Path, chapters: Sequence[str]) -> Course:
    """Gives every second answer of the bank to `course`; returns a course that holds the others."""
    apart.mkdir()
    (apart / "source").symlink_to(PROJECT.source)
    for chapter in chapters:
        for file in (PROJECT.answers / chapter).glob("*.py"):
            head, *answers = re.split(r"(?m)^(?=# %% )", file.read_text(encoding="utf-8"))
            for target, first in ((course, 0), (Course(apart), 1)):
                target.answers.joinpath(chapter).mkdir(parents=True, exist_ok=True)
                half = head + "".join(answers[first::2])
                target.answers.joinpath(chapter, file.name).write_text(half, encoding="utf-8")
    return Course(apart)


def fill(course: Course, students: int, chapters: Sequence[str], answers: Answers) -> None:
    for number in range(students):
        for chapter in chapters:
            target = course.submitted / f"s{number:04}" / chapter
            target.mkdir(parents=True)
            answers.write(course, chapter, target, way_of(number, answers))


def way_of(student: int, answers: Answers) -> Callable[[str, str, int], str | None]:
    """Half a class as the lecture suggests, a quarter right in another way, a quarter half wrong; no two alike."""
    way = (answers.model, answers.right, answers.model, answers.half)[student % 4]
    return lambda chapter, exercise, number: way(chapter, exercise, number + student // 4)


def stock_beside(course: Course, chapters: Sequence[str], students: Sequence[str]) -> Path:
    """The same course as nbgrader grades it without us, with these students."""
    stock = course.root.parent / "stock"
    shutil.copytree(course.source, stock / "source")
    for student in students:
        shutil.copytree(course.submitted / student, stock / "submitted" / student)
    (stock / "nbgrader_config.py").write_text(STOCK)
    for chapter in chapters:
        _run([str(BIN / "nbgrader"), "generate_assignment", chapter, "--force"], stock)
    return stock


def _run(command: Sequence[str], cwd: Path, watch: float = 0, **environment: str) -> meter.Measured:
    measured = meter.run(command, cwd, {**ENVIRONMENT, **environment}, watch)
    if measured.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{measured.output[-3000:]}")
    return measured


def grade(course: Course, chapters: Sequence[str], *options: str, watch: float = 0) -> meter.Measured:
    return _run([str(BIN / "triptych"), "grade", *chapters, "--force", *options], course.root, watch)


def marks(folder: Path, chapter: str) -> dict[str, float]:
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "") as book:
        return {s.student.id: float(s.score) for s in book.assignment_submissions(chapter)}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table in Markdown, to be put into docs/performance.md."""
    print(f"| {' | '.join(head)} |\n| {' | '.join('---' if n == 0 else '---:' for n in range(len(head)))} |")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
    print()


def machine() -> None:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, {model.partition(':')[2].strip()}, {platform.system()} {platform.release()}, "
          f"Python {platform.python_version()}\n")  # fmt: skip


@app.command()
def compare(students: Students = 24, sample: Annotated[int, typer.Option(min=1)] = 4, chapter: Chapters = None) -> None:
    """`triptych grade` on a class, with and without a sandbox, and stock `nbgrader autograde` on a sample of it.

    The sample takes every fifth student, so that all kinds of answers are in it.
    """
    machine()
    chapters = PROJECT.choose(chapter or [])
    rows, sums, sandboxes = [], [0.0] * 6, [0.0, 0.0]
    with course_of(students, chapters) as course:
        chosen = [f"s{number % students:04}" for number in range(0, 5 * sample, 5)]
        stock = stock_beside(course, chapters, chosen)
        for name in chapters:
            # what is done once for a chapter, whatever the class, is measured apart
            once = _run([sys.executable, "-c", ONCE.format(chapter=name, students=students)], course.root)
            found = {
                "stock": _run([str(BIN / "nbgrader"), "autograde", name, "--force"], stock),
                "feedback": _run([str(BIN / "nbgrader"), "generate_feedback", name, "--force"], stock),
                "sandbox": grade(course, [name], "--jobs", "1"),
            }
            parts = [seconds / students for seconds in _seconds_of(course, name)]
            if by_hand := course.plans[name].by_hand:
                # elsewhere it is not the sandbox that would be compared: programs compiled in a sandbox are
                # found in a sandbox
                found["no sandbox"] = grade(course, [name], "--jobs", "1", "--sandbox", "none")
            ours, theirs = marks(course.root, name), marks(stock, name)
            if {student: ours[student] for student in chosen} != theirs:
                print(f"{name}: MARKS DIFFER: {ours} {theirs}")
            many = {"stock": sample, "feedback": sample, "sandbox": students, "no sandbox": students}
            cpu = {k: measured.cpu / many[k] for k, measured in found.items()}
            wall = {k: measured.wall / many[k] for k, measured in found.items()}
            figures = [cpu["stock"], cpu["stock"] + cpu["feedback"], cpu["sandbox"], *parts]
            sums = [a + b for a, b in zip(sums, figures, strict=True)]
            if by_hand:
                sandboxes = [sandboxes[0] + cpu["sandbox"], sandboxes[1] + cpu["no sandbox"]]
            rows.append(
                [name, *(f"{figure:.2f}" for figure in figures), f"{figures[0] / figures[2]:.1f}",
                 f"{wall['stock']:.1f}", f"{wall['sandbox']:.1f}", f"{once.cpu:.0f}"]
            )  # fmt: skip
            print(rows[-1], file=sys.stderr)
    rows.append(["all", *(f"{figure:.2f}" for figure in sums), f"{sums[0] / sums[2]:.1f}", "", "", ""])
    table(
        ["chapter", "stock autograde, CPU s", "and its feedback", "triptych, CPU s (feedback included)",
         "of which student's cells (the floor), wall s", "tests, wall s", "gradebook and feedback, wall s", "ratio",
         "stock, wall s", "triptych, wall s", "once a chapter, CPU s"],
        rows,
    )  # fmt: skip
    if sandboxes[1]:
        print(f"{sandboxes[0] / sandboxes[1]:.2f} times the CPU time of grading without a sandbox (chapters by hand).")


def _seconds_of(course: Course, chapter: str) -> list[float]:
    """Wall seconds that students' cells, their tests, and nbgrader took, from the record of the last run."""
    lines = (course.root / ".triptych" / "record.jsonl").read_text().splitlines()
    rows = {(r["student"], r["chapter"]): r for r in map(json.loads, lines)}
    phases = [r["phases"] for (_, c), r in rows.items() if c == chapter]
    return [sum(phase[part] for phase in phases) for part in ("cells", "tests", "gradebook")]


@app.command()
def jobs(students: Students = 24, chapter: Chapters = None) -> None:
    """1, 2 and 4 submissions at a time."""
    machine()
    chapters = PROJECT.choose(chapter or ["4", "7"])
    rows = []
    with course_of(students, chapters) as course:
        grade(course, chapters)
        for count in (1, 2, 4):
            measured = grade(course, chapters, "--jobs", str(count), watch=0.5)
            many = students * len(chapters)
            rows.append([
                str(count), f"{measured.wall:.0f}", f"{measured.cpu / many:.2f}", f"{60 * many / measured.wall:.0f}",
                f"{measured.memory / 1e6 / count:.0f}",
            ])  # fmt: skip
    table(["jobs", "wall s", "CPU s a submission", "submissions a minute", "MB a job"], rows)


@app.command()
def otter(environment: Path, students: Students = 4, chapter: Chapters = None) -> None:
    """Otter-Grader, without containers, and `triptych grade`, in turn on the same submissions.

    environment: a virtual environment with otter-grader, ipykernel and what the notebooks import.
    """
    machine()
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
            for handed_in in sorted(course.submitted.iterdir()):
                results = folder / handed_in.name
                results.mkdir()
                otter_peer.write_submission(handed_in / name / f"{name}.ipynb", results / f"{name}.ipynb")
                line = [tool, "run", str(results / f"{name}.ipynb"), "-a", "autograder.zip", "-o", str(results)]
                path = f"{environment.absolute() / 'bin'}{os.pathsep}{ENVIRONMENT['PATH']}"
                measured = _run([*line, "--no-logo"], folder, PATH=path)
                cpu, wall = cpu + measured.cpu, wall + measured.wall
                theirs[handed_in.name] = otter_peer.marks_of(results / "results.json")
            if (own := marks(course.root, name)) != theirs:
                print(f"{name}: MARKS DIFFER: {own} {theirs}")
            figures = [cpu / students, ours.cpu / students, cpu / ours.cpu, wall / students, ours.wall / students]
            rows.append([name, *(f"{figure:.2f}" for figure in figures)])
            print(rows[-1], file=sys.stderr)
    head = ["chapter", "Otter-Grader, CPU s", "triptych, CPU s", "ratio", "Otter-Grader, wall s", "triptych, wall s"]
    table(head, rows)


@app.command()
def growth(sizes: list[int], chapter: str = "4") -> None:
    """Cost against the number of submissions: the exponent should be 1."""
    machine()
    (name,) = PROJECT.choose([chapter])
    rows, points = [], []
    for size in sizes:
        with course_of(size, [name]) as course:
            measured = grade(course, [name], watch=5)
            again = _run([str(BIN / "triptych"), "grade", name], course.root)
        points.append((math.log(size), math.log(measured.cpu)))
        rows.append([str(size), f"{measured.wall:.0f}", f"{measured.cpu / size:.2f}",
                     f"{60 * size / measured.cpu:.0f}",
                     f"{measured.memory / 1e6:.0f}", f"{again.wall:.1f}"])  # fmt: skip
        print(rows[-1], file=sys.stderr)
    table(
        ["submissions", "wall s", "CPU s each", "a core-minute", "memory, MB", "second run, nothing changed, s"], rows
    )
    if len(points) > 1:
        slope = statistics.linear_regression(*zip(*points, strict=True)).slope
        print(f"cost grows with the power {slope:.2f} of the number of submissions.")


@app.command()
def whole(students: Students = 100, count: Annotated[int, typer.Option("--jobs")] = 2) -> None:
    """A class over all chapters, from nothing."""
    machine()
    with course_of(students, PROJECT.chapters) as course:
        measured = grade(course, [], "--jobs", str(count), watch=1)
    many = students * len(PROJECT.chapters)
    print(f"{many} submissions in {measured.wall / 60:.1f} min, {measured.cpu / many:.2f} CPU s each, "
          f"{measured.memory / 1e6 / count:.0f} MB a job")  # fmt: skip


if __name__ == "__main__":
    app()
