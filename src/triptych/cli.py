"""The command `triptych`: parses and prints, one function a command."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from triptych.hub.cli import hub
from triptych.model.course import Course, CourseError
from triptych.new.cli import new

# nbgrader calls `alembic` by name when it makes its database
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
app.add_typer(hub, name="hub")
app.add_typer(new, name="new")
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


def say_version(wanted: bool) -> None:
    if wanted:
        from triptych.build.stamps import version_of

        out.print(f"triptych {version_of('triptych')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def triptych(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=say_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """One notebook, three panels: a lecture, an exercise pack and a grader.

    Without a command it says how far this course folder is, and what to do next.
    """
    if context.invoked_subcommand is None:
        what_next()


def what_next() -> None:
    from triptych.state import state_of

    try:
        here = Course.find()
    except CourseError:
        stop(
            f"{Path.cwd()} is in no course folder: go to one (it holds source/course.toml) or clone the course's "
            "repository, and say `triptych` again; `triptych --help` lists every command."
        )
    state = state_of(here)
    out.print(Text.assemble((state.title, "bold"), f" · {here.root}"))
    for about, found in state.lines:
        out.print(Text.assemble((f"  {about:<12}", "dim"), found))
    command, why = state.next
    out.print(Text.assemble("Next: ", (command, "bold green"), f"  {why}"))
    out.print("      triptych --help lists every command.")


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
    force: Annotated[bool, typer.Option("--force", help="Check everything anew, also what has not changed.")] = False,
    course: CourseFolder = None,
    json_file: JsonFile = None,
) -> None:
    """Do the source notebooks keep the rules?"""
    from triptych.check.cache import check_changed

    here = Course.find(course)
    chosen = here.choose(chapters or [])
    if fix:
        from triptych.check.rules import fix_chapter

        for chapter in chosen:
            if fix_chapter(here, chapter):
                out.print(f"fixed {here.notebook(chapter).relative_to(here.root)}")
    violations = check_changed(here, chosen, force=force)
    for violation in violations:
        out.print(Text(str(violation)))
    write_json(json_file, {"violations": [vars(violation) for violation in violations]})
    if violations:
        count = f"{len(violations)} violation{'' if len(violations) == 1 else 's'}"
        stop(f"{count} of the rules: fix them in source/, or try `triptych check --fix`.")
    out.print(f"{', '.join(chosen)}: all rules kept.")


@app.command()
def build(
    chapters: Chapters = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Change nothing: does release/ still follow from the sources?")
    ] = False,
    solutions: Annotated[bool, typer.Option("--solutions", help="Also a deck with the answers on it.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also each deck as PDF, a page a slide (needs Chromium).")] = False,
    force: Annotated[bool, typer.Option("--force", help="Make everything anew, also what has not changed.")] = False,
    course: CourseFolder = None,
) -> None:
    """Make student versions, answer keys and lecture decks from the sources."""
    here = Course.find(course)
    chosen = here.choose(chapters or [])
    if check_only:
        from triptych.build.release import release_differences

        lines: list[str] = []
        with progress("comparing", len(chosen)) as bar:
            for differences in release_differences(here, chosen):
                lines += differences
                step(bar)
        for line in lines[:SHOWN]:
            out.print(Text(line))
        if len(lines) > SHOWN:
            out.print(f"… and {len(lines) - SHOWN} more lines")
        if lines:
            stop("release/ differs from what the sources give: run `triptych build` and commit the result.")
        out.print("release/ follows from the sources.")
        return
    build_all(here, chosen, solutions=solutions, pdf=pdf, force=force)


def build_all(
    here: Course, chosen: list[str], *, solutions: bool = False, pdf: bool = False, force: bool = False
) -> None:
    from triptych.build.derive import build_course

    start, unchanged = time.monotonic(), []
    with progress("building", len(chosen)) as bar:
        for made in build_course(here, chosen, solutions=solutions, pdf=pdf, force=force):
            if made.paths or made.note:
                paths = ", ".join(str(path.relative_to(here.root)) for path in made.paths)
                ran = f" (answer key run in {made.key_seconds:.1f} s)" if made.key_seconds is not None else ""
                out.print(Text(f"{made.name}: {paths or made.note}{ran}"))
            else:
                unchanged.append(made.name)
            if made.name in chosen:
                step(bar)
    if unchanged:
        out.print(Text(f"as before: {', '.join(unchanged)} (--force makes them anew)"))
    out.print(f"built in {time.monotonic() - start:.1f} s; open {here.slides.relative_to(here.root)}/index.html")


@app.command()
def grade(
    chapters: Chapters = None,
    student: Annotated[
        list[str] | None, typer.Option("--student", "-s", help="Only this student; may be repeated.")
    ] = None,
    jobs: Jobs = 0,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="Grade on the workers of this Dask scheduler.")
    ] = "",
    sandbox: Annotated[str, typer.Option("--sandbox", help="bwrap, or none for submissions you trust.")] = "bwrap",
    force: Annotated[bool, typer.Option("--force", help="Grade again what has not changed, too.")] = False,
    json_file: JsonFile = None,
    course: CourseFolder = None,
) -> None:
    """Grade what lies in submitted/: marks, feedback, and a line for every student."""
    here = Course.find(course)
    chosen = here.choose(chapters or [])
    here.require_students(student or [])
    if scheduler and jobs:
        stop("--jobs counts processes of this machine, --scheduler uses a cluster's workers: give one of them.")
    sandbox = require_sandbox(sandbox, here=not scheduler)
    grade_all(here, chosen, student or [], jobs, sandbox, json_file, force=force, scheduler=scheduler)


def require_sandbox(sandbox: str, *, here: bool = True) -> str:
    """The sandbox asked for. Raises CourseError when it is unknown, or is to be made `here` and cannot be."""
    from triptych.grade.sandbox.sandbox import find_problem

    if sandbox not in ("bwrap", "none"):
        stop(f"--sandbox {sandbox} is unknown: give bwrap, or none for submissions you trust.")
    if sandbox == "bwrap" and here and (reason := find_problem()):
        stop(f"{reason.rstrip('.')}; or grade submissions that you trust with --sandbox none.")
    return sandbox


def sandbox_if_possible() -> str:
    """The sandbox where there is one. For submissions of the project's own."""
    from triptych.grade.sandbox.sandbox import find_problem

    if find_problem() is None:
        return "bwrap"
    out.print("No sandbox on this machine (see `triptych doctor`): the sample class is graded without one.")
    return "none"


def grade_all(
    here: Course,
    chosen: list[str],
    students: list[str],
    jobs: int,
    sandbox: str,
    json_file: Path | None,
    *,
    force: bool = False,
    scheduler: str = "",
) -> None:
    from triptych.grade.record import GRADED
    from triptych.grade.results.progress import GradingBar
    from triptych.grade.run import as_json
    from triptych.grade.run import grade as grade_submissions

    start = time.monotonic()
    with GradingBar(out, err) as bar:
        results = grade_submissions(
            here, chosen, students, jobs=jobs, scheduler=scheduler, sandbox=sandbox, force=force, listener=bar
        )
    write_json(json_file, as_json(results))
    if not results:
        stop(f"{here.submitted} holds no submission for {', '.join(chosen)}: collect them first.")
    done = [result for result in results if not result.unchanged]
    graded = sum(result.status == GRADED for result in done)
    seconds = time.monotonic() - start
    standing = len(results) - len(done)
    said = f"{graded} graded, {len(done) - graded} not graded, in {seconds:.0f} s"
    if standing:
        said += f"; {standing} unchanged since they were last graded (--force grades them, too)"
    out.print(f"{said}.")


@app.command()
def report(chapters: Chapters = None, course: CourseFolder = None) -> None:
    """Show how the class did, and write report.html and grades.csv."""
    here = Course.find(course)
    report_all(here, here.choose(chapters or []))


def report_all(here: Course, chosen: list[str], *, show: bool = True) -> None:
    from triptych.grade.results.report import require, statistics, tables, write_report

    found = statistics(here, chosen)
    require(found, here)
    if show:
        for table in tables(found):
            out.print(table)
    for path in write_report(here, chosen):
        out.print(Text(f"wrote {path.relative_to(here.root)}"))


@app.command()
def forget(
    student: Annotated[str, typer.Argument(help="The student's name, as in submitted/.")],
    yes: Annotated[bool, typer.Option("--yes", help="Delete it; without, only list it.")] = False,
    course: CourseFolder = None,
) -> None:
    """List, and with --yes delete, everything this folder holds of a student."""
    from triptych.grade.forget import forget as forget_student

    here = Course.find(course)
    for trace in forget_student(here, student, really=yes):
        out.print(Text(f"{'gone' if yes else 'has'}  {trace.where}: {trace.what}"))
    if yes:
        out.print(Text(f"{here.root} holds nothing of {student} any more; docs/instructors.md names other places."))
    else:
        out.print("Nothing has been deleted: --yes does it, and there is no way back.")


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
    grade_all(scratch, chosen, [], jobs, sandbox_if_possible(), target / "results.json")
    out.rule("4 of 4 · report")
    report_all(scratch, chosen, show=len(chosen) == 1)
    show = showcase(chosen)
    out.rule(f"done in {time.monotonic() - start:.0f} s; open")
    for about, path in (
        ("all decks", target / "slides" / "index.html"),
        ("lecture deck", target / "slides" / f"{show}.html"),
        ("student version", target / "release" / show / f"{show}.ipynb"),
        ("answer key", target / "solutions" / show / f"{show}.ipynb"),
        ("feedback", target / "feedback" / "blaise" / show / f"{show}.html"),
        ("report", target / "report.html"),
        ("grades", target / "grades.csv"),
    ):
        out.print(Text(f"{about:>16}  {path}"))


@app.command()
def present(
    chapter: Annotated[str, typer.Argument(help="The chapter, by name or number.")],
    solutions: Annotated[bool, typer.Option("--solutions", help="With the answers in their cells.")] = False,
    outputs: Annotated[bool, typer.Option("--outputs", help="Show every output from the start.")] = False,
    slide: Annotated[int, typer.Option("--slide", metavar="N", help="Begin at this slide.")] = 0,
    cell: Annotated[str, typer.Option("--cell", metavar="ID", help="Begin at this cell's slide.")] = "",
    save_to: Annotated[
        Path | None, typer.Option("--save-to", metavar="FILE", help="Keep what was typed on stage.")
    ] = None,
    classic: Annotated[bool, typer.Option("--classic", help="Classic RISE, for those who prefer it.")] = False,
    dark: Annotated[bool, typer.Option("--dark", help="The dark look.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address and open nothing.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Default: any that is free.")] = 0,
    course: CourseFolder = None,
) -> None:
    """Give a chapter as a live deck, from a copy. Ctrl+C ends it and all that belongs to it."""
    import webbrowser

    from triptych.present.server import PresentOptions, ended_by_signals, live_deck

    here = Course.find(course)
    (chosen,) = here.choose([chapter])
    options = PresentOptions(
        chosen,
        solutions=solutions,
        outputs=outputs,
        classic=classic,
        dark=dark,
        slide=slide,
        cell=cell,
        save_to=save_to,
        port=port,
    )
    with ended_by_signals():
        try:
            err.print(f"Getting {chosen} ready …")
            with live_deck(here, options) as stage:
                out.print(Text(stage.address))
                notes = "" if classic else ", T opens the notes"
                out.print(f"Space goes on, Ctrl+Enter runs a cell{notes}. Ctrl+C here ends the options.")
                if not no_browser and not webbrowser.open(stage.address):
                    err.print("No browser could be opened: open the address above in one.")
                stage.server.wait()
                stop("The server has ended by itself: start the talk again, with --slide where you were.")
        except KeyboardInterrupt:
            with suppress(OSError):  # the terminal may be gone
                kept = f"its notebook is {save_to}" if save_to else "nothing of it is left"
                out.print(Text(f"The talk has ended; {kept}."))


@app.command()
def doctor(course: CourseFolder = None, json_file: JsonFile = None) -> None:
    """What can this machine do? Ends non-zero when something that grading needs is missing."""
    from triptych.grade.doctor import Status, examine

    try:
        here = Course.find(course)
    except CourseError:
        here = None
    findings = examine(here)
    marks = {Status.OK: ("ok  ", "green"), Status.WARN: ("warn", "yellow"), Status.FAIL: ("FAIL", "bold red")}
    for finding in findings:
        fix = f"\n      → {finding.fix}" if finding.fix else ""
        out.print(Text.assemble(marks[finding.status], f"  {finding.name}: {finding.detail}{fix}"))
    write_json(json_file, {"findings": [vars(finding) for finding in findings]})
    if failed := [finding.name for finding in findings if finding.status is Status.FAIL]:
        stop(f"Sandboxed grading does not work on this machine ({', '.join(failed)}): see the fixes above.")


def write_json(path: Path | None, content: object) -> None:
    if path is None:
        return
    try:
        path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        stop(f"{path} cannot be written ({error.strerror}): name another file with --json.")
