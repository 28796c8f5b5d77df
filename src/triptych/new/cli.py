"""The commands `triptych new …`: parses and prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from triptych.model.course import Course

new = typer.Typer(no_args_is_help=True, help="Make a working skeleton of a chapter or an exercise.")
out = Console(highlight=False, soft_wrap=True)

CourseFolder = Annotated[
    Path | None, typer.Option("--course", metavar="DIR", help="The course folder (default: the one you are in).")
]
Points = Annotated[int, typer.Option("--points", min=1, help="The exercise's points.")]
Minutes = Annotated[int, typer.Option("--minutes", min=1, help="Minutes that a student should plan for it.")]
Bonus = Annotated[bool, typer.Option("--bonus", help="Its points come on top of the course's.")]


@new.command("chapter")
def chapter(
    name: Annotated[str, typer.Argument(metavar="NAME", help="newton_method, or with a number, 09_newton_method.")],
    title: Annotated[str, typer.Option("--title", help="The title on slides (default: the name in words).")] = "",
    exercise: Annotated[
        str, typer.Option("--exercise", metavar="ID", help="Its first exercise (default: NAME_example).")
    ] = "",
    points: Points = 2,
    minutes: Minutes = 5,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Disable JAX's derivatives while answers are graded.")
    ] = False,
    bonus: Bonus = False,
    folder: CourseFolder = None,
) -> None:
    """Make a chapter with slides, an exercise, its tests and a bank of answers."""
    from triptych.new.skeleton import new_chapter

    course = Course.find(folder)
    paths = new_chapter(
        course, name, title=title, exercise=exercise, points=points, minutes=minutes, by_hand=by_hand, bonus=bonus
    )
    _report(course, paths, paths[0].stem)


@new.command("exercise")
def exercise(
    name: Annotated[str, typer.Argument(metavar="CHAPTER", help="The chapter, by name or number.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="The function that students write, such as newton_step.")],
    points: Points = 2,
    minutes: Minutes = 5,
    bonus: Bonus = False,
    folder: CourseFolder = None,
) -> None:
    """Make an exercise before a chapter's recap, with its tests and a bank of answers."""
    from triptych.new.skeleton import new_exercise

    course = Course.find(folder)
    (chapter,) = course.choose([name])
    _report(course, new_exercise(course, chapter, id_, points=points, minutes=minutes, bonus=bonus), chapter)


def _report(course: Course, paths: list[Path], chapter: str) -> None:
    """Prints the files written and the number of places that are left to the author."""
    from triptych.check.rules import UNWRITTEN, check_chapter

    for path in paths:
        out.print(Text(f"wrote {path.relative_to(course.root)}"))
    violations = check_chapter(Course(course.root), chapter)  # with the new contract
    places = sum(violation.rule == "unwritten" for violation in violations)
    out.print(f"{places} places say {UNWRITTEN}. `triptych check {chapter[:2]}` lists them.")
    out.print("docs/authors/chapter.md describes them.")
