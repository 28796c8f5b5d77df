"""The command `triptych`: parses and prints, one function a command."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from triptych.course import Course, CourseError
from triptych.hub.cli import hub

# nbgrader calls `alembic` by name when it makes its database
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(hub, name="hub")
#: Lines of a difference that a terminal is given; the rest is counted.
SHOWN = 60
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Chapters = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CHAPTER]...", help="Chapters by name or number; all when none is named."),
]
CourseFolder = Annotated[
    Path | None, typer.Option("--course", metavar="DIR", help="The course folder (default: the one you are in).")
]
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the result for programs.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Submissions at a time (default: one a core).")]


def main() -> None:
    """Runs the command; what a person can put right ends in one sentence and exit code 1."""
    try:
        app()
    except CourseError as error:
        err.print(Text.assemble(("triptych: ", "bold red"), str(error)))
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("triptych: stopped; what was done is kept, and the same command goes on from there.")
        sys.exit(130)


@app.callback()
def triptych() -> None:
    """One notebook, three panels: a lecture, an exercise pack and a grader."""


def stop(message: str) -> NoReturn:
    raise CourseError(message)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Progress]:
    """A bar on a terminal; silent elsewhere, where lines say what is done."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as bar:
        bar.add_task(what, total=total)
        yield bar


def step(bar: Progress, description: str = "") -> None:
    task = bar.task_ids[0]
    bar.advance(task)
    if description:
        bar.update(task, description=description)


@app.command()
def check(
    chapters: Chapters = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is mechanical, in place.")] = False,
    course: CourseFolder = None,
    json_file: JsonFile = None,
) -> None:
    """Do the source notebooks keep the rules?"""
    from triptych.check import check_course, fix_chapter

    here = Course.find(course)
    chosen = here.choose(chapters or [])
    if fix:
        for chapter in chosen:
            if fix_chapter(here, chapter):
                out.print(f"mended {here.notebook(chapter).relative_to(here.root)}")
    breaches = check_course(here, chosen)
    for breach in breaches:
        out.print(Text(str(breach)))
    write_json(json_file, {"breaches": [vars(breach) for breach in breaches]})
    if breaches:
        stop(f"{len(breaches)} breaches of the rules: mend them in source/, or try `triptych check --fix`.")
    out.print(f"{', '.join(chosen)}: all rules kept.")


@app.command()
def build(
    chapters: Chapters = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Change nothing: does release/ still follow from the sources?")
    ] = False,
    solutions: Annotated[bool, typer.Option("--solutions", help="Also a deck with the answers on it.")] = False,
    course: CourseFolder = None,
) -> None:
    """Make student versions, answer keys and lecture decks from the sources."""
    here = Course.find(course)
    chosen = here.choose(chapters or [])
    if check_only:
        from triptych.build.release import release_differences

        lines: list[str] = []
        with progress("comparing", len(chosen)) as bar:
            for chapter in chosen:
                lines += release_differences(here, chapter)
                step(bar)
        for line in lines[:SHOWN]:
            out.print(Text(line))
        if len(lines) > SHOWN:
            out.print(f"… and {len(lines) - SHOWN} more lines")
        if lines:
            stop("release/ differs from what the sources give: run `triptych build` and commit the result.")
        out.print("release/ follows from the sources.")
        return
    build_all(here, chosen, solutions=solutions)


def build_all(here: Course, chosen: list[str], *, solutions: bool = False) -> None:
    from triptych.build.answer_key import prepare_answer_keys
    from triptych.build.derive import build_chapter, write_chapter_deck

    with progress("running answer keys", len(chosen)) as bar:
        for chapter, seconds in prepare_answer_keys(here, chosen):
            bar.console.print(Text(f"{chapter}: answer key run in {seconds:.1f} s"))
            step(bar)
    with progress("building", len(chosen)) as bar:
        for chapter in chosen:
            made = build_chapter(here, chapter)
            if solutions:
                made.append(write_chapter_deck(here, chapter, solutions=True))
            out.print(Text(f"{chapter}: {', '.join(str(path.relative_to(here.root)) for path in made)}"))
            step(bar)


@app.command()
def grade(
    chapters: Chapters = None,
    student: Annotated[
        list[str] | None, typer.Option("--student", "-s", help="Only this student; may be repeated.")
    ] = None,
    jobs: Jobs = 0,
    sandbox: Annotated[str, typer.Option("--sandbox", help="bwrap, or none for submissions you trust.")] = "bwrap",
    json_file: JsonFile = None,
    course: CourseFolder = None,
) -> None:
    """Grade what lies in submitted/: marks, feedback, and a line for every student."""
    here = Course.find(course)
    grade_all(here, here.choose(chapters or []), student or [], jobs, need_box(sandbox), json_file)


def need_box(sandbox: str) -> str:
    """The box asked for. Raises CourseError when it is unknown or this machine cannot make it."""
    from triptych.grade.bubblewrap import available

    if sandbox not in ("bwrap", "none"):
        stop(f"--sandbox {sandbox} is unknown: give bwrap, or none for submissions you trust.")
    if sandbox == "bwrap" and (reason := available()):
        stop(f"{reason.rstrip('.')}; or grade submissions that you trust with --sandbox none.")
    return sandbox


def box_if_possible() -> str:
    """The box where there is one. For submissions of the project's own."""
    from triptych.grade.bubblewrap import available

    if available() is None:
        return "bwrap"
    out.print("No box on this machine (see `triptych doctor`): the sample class is graded without one.")
    return "none"


def grade_all(
    here: Course, chosen: list[str], students: list[str], jobs: int, sandbox: str, json_file: Path | None
) -> None:
    from dataclasses import asdict

    from triptych.grade.report import line_of
    from triptych.grade.run import GRADED, Result, as_json
    from triptych.grade.run import grade as grade_submissions

    start = time.monotonic()
    with progress("grading") as bar:
        task = bar.task_ids[0]

        def finished(result: Result) -> None:
            name, score, of, remark = line_of(asdict(result))
            mark = f"{score} of {of}" if result.status == GRADED else remark
            tail = f" ({remark})" if remark and result.status == GRADED else ""
            out.print(Text(f"{result.chapter}  {name}: {mark}{tail}"))
            bar.advance(task)

        results = grade_submissions(
            here,
            chosen,
            students,
            jobs=jobs,
            box=sandbox,
            started=lambda total: bar.update(task, total=total),
            finished=finished,
        )
    write_json(json_file, as_json(results))
    if not results:
        stop(f"{here.submitted} holds no submission for {', '.join(chosen)}: collect them first.")
    graded = sum(result.status == GRADED for result in results)
    seconds = time.monotonic() - start
    out.print(f"{graded} graded, {len(results) - graded} not graded, in {seconds:.0f} s.")


@app.command()
def report(chapters: Chapters = None, course: CourseFolder = None) -> None:
    """Show how the class did, and write report.html and grades.csv."""
    here = Course.find(course)
    report_all(here, here.choose(chapters or []))


def report_all(here: Course, chosen: list[str], *, show: bool = True) -> None:
    from triptych.grade.report import require, statistics, tables, write_report

    found = statistics(here, chosen)
    require(found, here)
    if show:
        for table in tables(found):
            out.print(table)
    for path in write_report(here, chosen):
        out.print(Text(f"wrote {path.relative_to(here.root)}"))


@app.command()
def demo(
    chapters: Chapters = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Where to put it (default: a new temporary folder).")
    ] = None,
    jobs: Jobs = 0,
    course: CourseFolder = None,
) -> None:
    """Build the course, make a sample class, grade it, and say what to open."""
    from triptych.demo import make_class, scratch_course, showcase

    start = time.monotonic()
    bank = Course.find(course)
    chosen = bank.choose(chapters or [])
    target = (keep or Path(tempfile.mkdtemp(prefix="triptych-demo-"))).resolve()
    scratch = scratch_course(bank, target, chosen)
    out.rule("1 of 4 · student versions, answer keys, decks")
    build_all(scratch, chosen)
    out.rule("2 of 4 · a sample class")
    for member in make_class(bank, scratch, chosen):
        out.print(Text(f"{member.name}: {member.about}"))
    out.rule("3 of 4 · grading")
    grade_all(scratch, chosen, [], jobs, box_if_possible(), target / "results.json")
    out.rule("4 of 4 · report")
    report_all(scratch, chosen, show=len(chosen) == 1)
    show = showcase(chosen)
    out.rule(f"done in {time.monotonic() - start:.0f} s; open")
    for about, path in (
        ("lecture deck", target / "slides" / f"{show}.html"),
        ("student version", target / "release" / show / f"{show}.ipynb"),
        ("answer key", target / "solutions" / show / f"{show}.ipynb"),
        ("feedback", target / "feedback" / "blaise" / show / f"{show}.html"),
        ("report", target / "report.html"),
        ("grades", target / "grades.csv"),
    ):
        out.print(Text(f"{about:>16}  {path}"))


@app.command()
def doctor(course: CourseFolder = None, json_file: JsonFile = None) -> None:
    """What can this machine do? Ends non-zero when something that grading needs is missing."""
    from triptych.grade.doctor import Status, examine

    try:
        here = Course.find(course)
    except CourseError:
        here = None
    findings = examine(here)
    marks = {Status.OK: ("ok  ", "green"), Status.WARN: ("warn", "yellow"), Status.BAD: ("BAD ", "bold red")}
    for finding in findings:
        cure = f"\n      → {finding.cure}" if finding.cure else ""
        out.print(Text.assemble(marks[finding.status], f"  {finding.name}: {finding.found}{cure}"))
    write_json(json_file, {"findings": [vars(finding) for finding in findings]})
    if bad := [finding.name for finding in findings if finding.status is Status.BAD]:
        stop(f"grading as it should be is not possible here yet ({', '.join(bad)}): see the cures above.")


def write_json(path: Path | None, content: object) -> None:
    if path is None:
        return
    try:
        path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        stop(f"{path} cannot be written ({error.strerror}): name another file with --json.")
