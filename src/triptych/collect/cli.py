"""The commands `triptych collect` and `triptych roster import`: parse arguments and print results."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from triptych.model.course import Course, CourseError
from triptych.text import one_line

roster = typer.Typer(no_args_is_help=True, help="The class list.")
out = Console(highlight=False, soft_wrap=True)

CourseFolder = Annotated[
    Path | None, typer.Option("--course", metavar="DIR", help="The course folder (default: the one you are in).")
]
#: What students may be called in the gradebook, in words; `SAFE_NAME` in the intake.
RULE = "letters, digits, spaces and . @ + - _ ' ( ), at most 64, beginning with a letter or digit"


@roster.callback()
def _roster() -> None:
    """Without this, Typer would make the only command the whole program."""


@roster.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file: user, first_name, last_name, email, …")],
    folder: CourseFolder = None,
) -> None:
    """Enter the students of a class list into the gradebook. Can be repeated with a longer list."""
    from triptych.grade.submission.intake import SAFE_NAME
    from triptych.lock import course_lock
    from triptych.model.roster import COLUMNS, read_people
    from triptych.nbgrader_api import enrol, students

    course = Course.find(folder)
    people = read_people(file, SAFE_NAME, RULE)
    with course_lock(course):
        new, changed = enrol(course, people)
        known = students(course)
    listed = {person.user for person in people if person.role == "student"}
    out.print(Text(f"{len(listed)} students in {file}: {new} new, {changed} changed."))
    if empty := [name for name in COLUMNS if people and not any(getattr(person, name) for person in people)]:
        out.print(f"No {', '.join(empty)}: the file has no column of that name, or nothing in it.")
    if missing := sorted(person.user for person in known if person.user not in listed):
        names = ", ".join(one_line(name, 80) for name in missing[:10]) + (" and others" if len(missing) > 10 else "")
        out.print(Text(f"Also in the gradebook, not in the file: {names}."))


def collect(
    archives: Annotated[list[Path], typer.Argument(metavar="ARCHIVE...", help="Class archives, or unpacked folders.")],
    chapter: Annotated[
        str, typer.Option("--chapter", metavar="CHAPTER", help="The chapter of all files (default: as files tell).")
    ] = "",
    times: Annotated[
        bool, typer.Option("--times", help="Take the files' times in the archive as times of arrival.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be placed.")] = False,
    folder: CourseFolder = None,
) -> None:
    """Lay out archives from Moodle, Canvas or Nextcloud in submitted/. The exit code is 1 if anything is left."""
    from triptych.collect.layout import collect as collect_archives

    course = Course.find(folder)
    (chosen,) = course.choose([chapter]) if chapter else ("",)
    result = collect_archives(course, archives, chapter=chosen, use_times=times, dry_run=dry_run)
    for placed in result.placed:
        if placed.how != "unchanged":
            late = ", late" if placed.late else ""
            place = one_line(f"submitted/{placed.student}/{placed.chapter}", 160)
            out.print(Text(f"{placed.how}: {place} from {placed.origin}{late}"))
    for older in result.older:
        out.print(Text(str(older), style="dim"))
    for left in result.left:
        out.print(Text(str(left), style="yellow"))
    counts = Counter(placed.how for placed in result.placed)
    kinds = ("new", "replaced", *(["time added"] if counts["time added"] else []), "unchanged")
    done = ", ".join(f"{counts[how]} {how}" for how in kinds)
    out.print(f"{done}, {len(result.older)} earlier versions, {len(result.left)} not placed.")
    if result.placed and not times:
        out.print(
            "No times of arrival were entered: --times takes those of the files in the archive, if you trust them."
        )
    if dry_run:
        out.print("Nothing was changed.")
    if result.left:
        raise CourseError(f"{len(result.left)} of the archive's files could not be placed: see the lines above.")


__all__ = ["collect", "roster"]
