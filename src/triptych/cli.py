"""The command line of `triptych`: parses and prints, one function per command."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from triptych.collect.cli import collect, roster
from triptych.fingerprint import version_of
from triptych.hub.cli import hub
from triptych.model.course import Course, CourseError
from triptych.new.cli import new

if TYPE_CHECKING:
    from triptych.grade.submission.places import Finding

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
app.add_typer(hub, name="hub")
app.add_typer(new, name="new")
app.add_typer(roster, name="roster")
#: Lines of a difference that are printed; the others are counted.
MAX_DIFFERENCE_LINES = 60
#: Lines on files in wrong places that are printed.
MAX_FINDING_LINES = 60
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

ChapterNames = Annotated[
    list[str] | None, typer.Argument(metavar="CHAPTER", help="Chapters by name or number (default: all).")
]
CourseFolder = Annotated[
    Path | None, typer.Option("--course", metavar="DIR", help="The course folder (default: the one you are in).")
]
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON.")]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", min=0, show_default="one per core", help="Submissions to grade at a time.")
]


def main() -> None:
    """Runs the command. An error that a person can fix is printed as one message, with exit code 1."""
    try:
        app()
    except CourseError as error:
        err.print(Text.assemble(("triptych: ", "bold red"), str(error)))
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("triptych: stopped. Finished work is kept; run the same command to continue.")
        sys.exit(130)


def print_version(requested: bool) -> None:
    if requested:
        out.print(f"triptych {version_of('triptych')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def triptych(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A lecture, an exercise pack and a grader from one notebook per chapter.

    Without a command, print the state of this course folder and the next step.
    """
    if context.invoked_subcommand is None:
        print_state()


def print_state() -> None:
    from triptych.state import state_of

    try:
        course = Course.find()
    except CourseError:
        stop(
            f"{Path.cwd()} is not in a course folder. Change to one (it contains source/course.toml) or clone the "
            "course's repository, then run `triptych` again. `triptych --help` lists all commands."
        )
    state = state_of(course)
    out.print(Text.assemble((state.title, "bold"), f" · {course.root}"))
    for topic, description in state.lines:
        out.print(Text.assemble((f"  {topic:<12}", "dim"), description))
    command, purpose = state.next
    out.print(Text.assemble("Next: ", (command, "bold green"), f"  ({purpose})"))
    out.print("      triptych --help lists all commands.")


def stop(message: str) -> NoReturn:
    raise CourseError(message)


@contextmanager
def progress(description: str, total: int) -> Iterator[Callable[[], None]]:
    """Shows a progress bar on a terminal, and yields the function that advances it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(description, total=total)
        yield lambda: bar.advance(task)


@app.command()
def check(
    names: ChapterNames = None,
    fix: Annotated[bool, typer.Option("--fix", help="First fix, in place, what can be fixed mechanically.")] = False,
    folder: CourseFolder = None,
    json_file: JsonFile = None,
) -> None:
    """Check the source notebooks against the rules."""
    from triptych.check.fix import fix_chapter
    from triptych.check.rules import check_course

    course = Course.find(folder)
    chapters = course.choose(names or [])
    for chapter in chapters if fix else ():
        if fix_chapter(course, chapter):
            out.print(f"fixed {course.notebook(chapter).relative_to(course.root)}")
    violations = check_course(course, chapters)
    for violation in violations:
        out.print(Text(str(violation)))
    write_json(json_file, {"violations": [vars(violation) for violation in violations]})
    if violations:
        count = f"{len(violations)} violation{'' if len(violations) == 1 else 's'}"
        stop(f"{count}. Fix them in source/, or run `triptych check --fix` for those that can be fixed mechanically.")
    out.print(f"{', '.join(chapters)}: no violations.")


@app.command()
def record(
    names: ChapterNames = None,
    force: Annotated[bool, typer.Option("--force", help="Also record chapters whose recording is current.")] = False,
    folder: CourseFolder = None,
) -> None:
    """Record what lecture cells with %%builds_on show while an answer is open or wrong."""
    from triptych.build.recording import record as record_chapter

    course = Course.find(folder)
    for chapter in course.choose(names or []):
        path = record_chapter(course, chapter, force=force)
        change = "up to date" if path is None else path.relative_to(course.root) if path.exists() else "not needed"
        out.print(Text(f"{chapter}: {change}"))


@app.command()
def build(
    names: ChapterNames = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Only verify that release/ follows from the sources.")
    ] = False,
    with_answers: Annotated[bool, typer.Option("--with-answers", help="Also make decks with the answers.")] = False,
    speaker: Annotated[str, typer.Option("--speaker", help="Who speaks, for title slides.")] = "",
    event: Annotated[str, typer.Option("--event", help="Where, for title slides.")] = "",
    date: Annotated[str, typer.Option("--date", help="When, for title slides.")] = "",
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print each deck as PDF, a page per slide (needs Chromium).")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Make everything, including what is up to date.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would change in the gradebook, and for whom.")
    ] = False,
    folder: CourseFolder = None,
) -> None:
    """Make student versions, answer keys and lecture decks from the sources."""
    course = Course.find(folder)
    chapters = course.choose(names or [])
    if check_only:
        check_release(course, chapters)
    elif dry_run:
        print_changes(course, chapters)
    else:
        given = {"speaker": speaker, "event": event, "date": date}
        require_solvable(course, chapters)
        talk = replace(course.talk, **{name: text for name, text in given.items() if text})
        build_all(course, chapters, with_answers=with_answers, talk=talk, pdf=pdf, force=force)


def require_solvable(course: Course, chapters: list[str]) -> None:
    """Raises CourseError if a chapter's own answers fail in the sandbox. Without a sandbox they are not run."""
    from triptych.grade.own_answers import require_full_points, unproven

    waiting = unproven(course, chapters)
    if not waiting:
        return
    from triptych.grade.sandbox.sandbox import find_problem

    if problem := find_problem():
        out.print(Text(f"own answers not run, because sandboxes do not work here ({problem.rstrip('.')})", style="dim"))
        return
    with progress("running own answers", len(waiting)) as advance:
        require_full_points(course, waiting, advance)
    out.print(Text(f"own answers get full points: {', '.join(waiting)}"))


def print_changes(course: Course, chapters: list[str]) -> None:
    from triptych.build.takeover import planned_change

    for chapter in chapters:
        change = planned_change(course, chapter)
        lines = [f"{chapter}: not in the gradebook yet"] if change is None else change.lines()
        for line in lines:
            out.print(Text(line))


def check_release(course: Course, chapters: list[str]) -> None:
    from triptych.build.release import release_differences

    lines: list[str] = []
    with progress("comparing", len(chapters)) as advance:
        for differences in release_differences(course, chapters):
            lines += differences
            advance()
    for line in lines[:MAX_DIFFERENCE_LINES]:
        out.print(Text(line))
    if len(lines) > MAX_DIFFERENCE_LINES:
        out.print(f"… and {len(lines) - MAX_DIFFERENCE_LINES} more lines")
    if lines:
        stop("release/ differs from the sources. Run `triptych build` and commit the result.")
    out.print("release/ follows from the sources.")


@app.command()
def site(folder: CourseFolder = None) -> None:
    """Make the book, site/index.html: chapters with outputs, decks, exercises and documentation."""
    course = Course.find(folder)
    build_all(course, course.chapters)
    from triptych.site.build import build_site

    start = time.monotonic()
    page = build_site(course)
    out.print(f"made the book in {time.monotonic() - start:.1f} s; open {page.relative_to(course.root)}")


def build_all(course: Course, chapters: list[str], **options: Any) -> None:
    from triptych.build.targets import build_course

    start, unchanged = time.monotonic(), []
    with progress("building", len(chapters)) as advance:
        for result in build_course(course, chapters, **options):
            if result.paths or result.note:
                paths = ", ".join(str(path.relative_to(course.root)) for path in result.paths)
                ran = f" (answer key run in {result.key_seconds:.1f} s)" if result.key_seconds is not None else ""
                out.print(Text(f"{result.name}: {paths or result.note}{ran}"))
                for line in result.changes:
                    out.print(Text(line))
            else:
                unchanged.append(result.name)
            if result.name in chapters:
                advance()
    if unchanged:
        out.print(Text(f"up to date: {', '.join(unchanged)} (--force makes them again)"))
    out.print(f"built in {time.monotonic() - start:.1f} s; open {course.slides.relative_to(course.root)}/index.html")


app.command()(collect)


@app.command()
def grade(
    names: ChapterNames = None,
    students: Annotated[
        list[str] | None, typer.Option("--student", "-s", help="Only this student; may be repeated.")
    ] = None,
    jobs: Jobs = 0,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="Grade on the workers of this Dask scheduler.")
    ] = "",
    sandbox: Annotated[
        str, typer.Option("--sandbox", help="The sandbox: bwrap, or none for submissions that you trust.")
    ] = "bwrap",
    force: Annotated[bool, typer.Option("--force", help="Also grade submissions that are up to date.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would change in the gradebook, and what would be graded.")
    ] = False,
    json_file: JsonFile = None,
    folder: CourseFolder = None,
) -> None:
    """Grade the submissions in submitted/, and write feedback, report.html and grades.csv."""
    from triptych.grade.submission.places import survey

    course = Course.find(folder)
    chapters = course.choose(names or [])
    course.require_students(
        students or [], {finding.student for finding in survey(course.submitted, list(course.plans))}
    )
    if scheduler and jobs:
        stop("--jobs and --scheduler exclude each other: give one of them.")
    if dry_run:
        from triptych.grade.run import plan

        for line in plan(course, chapters, students or [], sandbox=sandbox, force=force) or ["Nothing would change."]:
            out.print(Text(line))
        return
    require_sandbox(sandbox, local=not scheduler)
    grade_all(course, chapters, students or [], jobs, sandbox, json_file, force=force, scheduler=scheduler)
    report_all(course, list(course.plans), show=False)


def require_sandbox(sandbox: str, *, local: bool) -> None:
    """Raises CourseError if the sandbox is unknown, or, for `local` grading, does not work on this machine."""
    from triptych.grade.sandbox.sandbox import find_problem

    if sandbox not in ("bwrap", "none"):
        stop(f"--sandbox {sandbox} is unknown: give bwrap, or none for submissions that you trust.")
    if sandbox == "bwrap" and local and (problem := find_problem()):
        stop(f"{problem.rstrip('.')}. Or grade submissions that you trust with --sandbox none.")


def grade_all(
    course: Course,
    chapters: list[str],
    students: list[str],
    jobs: int,
    sandbox: str,
    json_file: Path | None,
    *,
    force: bool = False,
    scheduler: str = "",
) -> None:
    from triptych.grade.dispatch.job import NO_ARRIVAL
    from triptych.grade.record import GRADED
    from triptych.grade.results.progress import GradingBar
    from triptych.grade.results.unused import findings, write_findings
    from triptych.grade.run import as_json
    from triptych.grade.run import grade as grade_submissions

    start = time.monotonic()
    with GradingBar(out, err) as bar:
        results = grade_submissions(
            course, chapters, students, jobs=jobs, scheduler=scheduler, sandbox=sandbox, force=force, listener=bar
        )
    found = findings(course)
    write_findings(course, found)
    print_findings(found, students)
    write_json(json_file, as_json(results, found))
    if not results:
        stop(f"{course.submitted} contains no submission for {', '.join(chapters)}. Collect the submissions first.")
    processed = [result for result in results if not result.unchanged]
    graded = sum(result.status == GRADED for result in processed)
    summary = f"{graded} graded, {len(processed) - graded} not graded, in {time.monotonic() - start:.0f} s"
    if unchanged := len(results) - len(processed):
        summary += f"; {unchanged} up to date (--force grades them again)"
    out.print(f"{summary}.")
    if untimed := sum(NO_ARRIVAL in result.notes for result in results):
        fix = "`triptych collect --times` enters one, report.html has the names"
        out.print(f"Without a time of arrival, taken as in time: {untimed} of {len(results)}; {fix}.")


def print_findings(found: Sequence[Finding], students: Sequence[str] = ()) -> None:
    """Lists what is wrong in `submitted/`, all of it or that of some students."""
    lines = [str(finding) for finding in found if not students or finding.student in students]
    for line in lines[:MAX_FINDING_LINES]:
        out.print(Text(line, style="yellow"))
    if len(lines) > MAX_FINDING_LINES:
        out.print(f"… and {len(lines) - MAX_FINDING_LINES} more, all of them in not_used.csv")


@app.command()
def report(
    names: ChapterNames = None,
    student: Annotated[
        str, typer.Option("--student", "-s", metavar="NAME", help="Print this student's results, and write nothing.")
    ] = "",
    folder: CourseFolder = None,
) -> None:
    """Print how the class did, and write report.html and grades.csv."""
    course = Course.find(folder)
    chapters = course.choose(names or [])
    if student:
        report_student(course, chapters, student)
    else:
        report_all(course, chapters)


def report_student(course: Course, chapters: list[str], student: str) -> None:
    from triptych.grade.results.statistics import class_statistics
    from triptych.grade.results.terminal import student_report

    out.print(student_report(course, class_statistics(course, chapters), student), soft_wrap=False)


def report_all(course: Course, chapters: list[str], *, show: bool = True) -> None:
    from triptych.grade.results.report import write_report
    from triptych.grade.results.statistics import class_statistics
    from triptych.grade.results.terminal import tables
    from triptych.grade.results.unused import findings

    if show:
        for table in tables(class_statistics(course, chapters)):
            out.print(table)
        print_findings(findings(course))
    for path in write_report(course, chapters):
        out.print(Text(f"wrote {path.relative_to(course.root)}"))


@app.command()
def forget(
    student: Annotated[str, typer.Argument(help="The student's name, as in submitted/.")],
    yes: Annotated[bool, typer.Option("--yes", help="Delete the data instead of listing it.")] = False,
    folder: CourseFolder = None,
) -> None:
    """List a student's data in this course folder; with --yes, delete it."""
    from triptych.grade.forget import forget as forget_student

    course = Course.find(folder)
    for item in forget_student(course, student, really=yes):
        out.print(Text(f"{'deleted' if yes else 'has'}  {item.place}: {item.content}"))
    if yes:
        out.print(Text(f"{course.root} has no data of {student} now. docs/instructors/privacy.md lists other places."))
    else:
        out.print("Nothing has been deleted. Run the command with --yes to delete all of it for good.")


@app.command()
def demo(
    names: ChapterNames = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="The folder to use (default: a new temporary one).")
    ] = None,
    jobs: Jobs = 0,
    folder: CourseFolder = None,
) -> None:
    """Build the course, make and grade a sample class, and list the results."""
    from triptych.demo import make_class, scratch_course, showcase
    from triptych.grade.sandbox.sandbox import find_problem

    start = time.monotonic()
    course = Course.find(folder)
    chapters = course.choose(names or [])
    target = (keep or Path(tempfile.mkdtemp(prefix="triptych-demo-"))).resolve()
    scratch = scratch_course(course, target, chapters)
    out.rule("1 of 4 · student versions, answer keys, decks")
    build_all(scratch, chapters)
    out.rule("2 of 4 · a sample class")
    for member in make_class(course, scratch, chapters):
        out.print(Text(f"{member.name}: {member.about}"))
    out.rule("3 of 4 · grading")
    sandbox = "none" if find_problem() else "bwrap"
    if sandbox == "none":
        out.print("Sandboxing does not work on this machine (see `triptych doctor`). Grading without a sandbox.")
    grade_all(scratch, chapters, [], jobs, sandbox, target / "results.json")
    out.rule("4 of 4 · report")
    report_all(scratch, chapters, show=len(chapters) == 1)
    shown = showcase(chapters)
    out.rule(f"done in {time.monotonic() - start:.0f} s; open")
    for label, path in (
        ("all decks", target / "slides" / "index.html"),
        ("lecture deck", target / "slides" / f"{shown}.html"),
        ("student version", target / "release" / shown / f"{shown}.ipynb"),
        ("answer key", target / "solutions" / shown / f"{shown}.ipynb"),
        ("feedback", target / "feedback" / "blaise" / shown / f"{shown}.html"),
        ("report", target / "report.html"),
        ("grades", target / "grades.csv"),
    ):
        out.print(Text(f"{label:>16}  {path}"))


@app.command()
def present(
    name: Annotated[str, typer.Argument(metavar="CHAPTER", help="The chapter, by name or number.")],
    solutions: Annotated[bool, typer.Option("--solutions", help="Fill in the answers.")] = False,
    outputs: Annotated[bool, typer.Option("--outputs", help="Show every output from the start.")] = False,
    slide: Annotated[int, typer.Option("--slide", metavar="N", show_default=False, help="Begin at this slide.")] = 0,
    cell: Annotated[str, typer.Option("--cell", metavar="ID", help="Begin at the slide with this cell.")] = "",
    save_to: Annotated[
        Path | None, typer.Option("--save-to", metavar="FILE", help="Save the notebook as edited during the lecture.")
    ] = None,
    classic: Annotated[bool, typer.Option("--classic", help="Use classic RISE.")] = False,
    dark: Annotated[bool, typer.Option("--dark", help="Use the dark theme.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address without opening it.")] = False,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, show_default="any free port", help="The server's port.")
    ] = 0,
    folder: CourseFolder = None,
) -> None:
    """Present a copy of a chapter as a live deck. Ctrl+C ends it."""
    import webbrowser

    from triptych.present.notebook import PresentOptions
    from triptych.present.server import live_deck, signals_interrupt

    course = Course.find(folder)
    (chapter,) = course.choose([name])
    options = PresentOptions(
        chapter,
        solutions=solutions,
        outputs=outputs,
        classic=classic,
        dark=dark,
        slide=slide,
        cell=cell,
        save_to=save_to,
        port=port,
    )
    with signals_interrupt():
        try:
            err.print(f"Getting {chapter} ready …")
            with live_deck(course, options) as deck:
                out.print(Text(deck.address))
                out.print("→ goes on, Ctrl+Enter runs a cell, T opens the notes. Ctrl+C in this terminal ends it.")
                if not no_browser and not webbrowser.open(deck.address):
                    err.print("No browser could be opened. Open the address above in one.")
                deck.server.wait()
                stop("The server has stopped. Run the command again, with --slide to continue where you were.")
        except KeyboardInterrupt:
            with suppress(OSError):  # the terminal may be closed
                remains = f"its notebook is {save_to}" if save_to else "nothing of it was saved"
                out.print(Text(f"The live deck has ended; {remains}."))


@app.command()
def doctor(folder: CourseFolder = None, json_file: JsonFile = None) -> None:
    """Check what this machine can do. The exit code is 1 if it cannot grade."""
    from triptych.grade.doctor import Status, examine

    try:
        course = Course.find(folder)
    except CourseError:
        course = None
    findings = examine(course)
    labels = {Status.OK: ("ok  ", "green"), Status.WARN: ("warn", "yellow"), Status.FAIL: ("FAIL", "bold red")}
    for finding in findings:
        fix = f"\n      → {finding.fix}" if finding.fix else ""
        out.print(Text.assemble(labels[finding.status], f"  {finding.name}: {finding.detail}{fix}"))
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
