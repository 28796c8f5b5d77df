"""`triptych new …`: parses and prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from triptych.model.course import Course

new = typer.Typer(no_args_is_help=True, help="Begin a chapter or an exercise: a skeleton that works, to be filled in.")
out = Console(highlight=False, soft_wrap=True)

CourseFolder = Annotated[
    Path | None, typer.Option("--course", metavar="DIR", help="The course folder (default: the one you are in).")
]
Points = Annotated[int, typer.Option("--points", min=1, help="Points of the exercise.")]
Minutes = Annotated[int, typer.Option("--minutes", min=1, help="Minutes that a student should plan.")]
Bonus = Annotated[bool, typer.Option("--bonus", help="On top of the course's points.")]


@new.command("chapter")
def chapter(
    name: Annotated[str, typer.Argument(metavar="NAME", help="newton_method, or with its number 09_newton_method.")],
    title: Annotated[str, typer.Option("--title", help="As slides show it (default: the name in words).")] = "",
    exercise: Annotated[str, typer.Option("--exercise", metavar="ID", help="Its first exercise [NAME_example].")] = "",
    points: Points = 2,
    minutes: Minutes = 5,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Answers are graded without JAX's own derivatives.")
    ] = False,
    bonus: Bonus = False,
    course: CourseFolder = None,
) -> None:
    """A chapter with slides, an exercise, its tests and answers to prove them with."""
    from triptych.new.skeleton import new_chapter

    here = Course.find(course)
    made = new_chapter(
        here,
        name,
        title=title,
        exercise=exercise,
        points=points,
        minutes=minutes,
        by_hand=by_hand,
        bonus=bonus,
    )
    _say(here, made, made[0].stem)


@new.command("exercise")
def exercise(
    chapter: Annotated[str, typer.Argument(metavar="CHAPTER", help="Its chapter, by name or number.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="The function that students write, as in newton_step.")],
    points: Points = 2,
    minutes: Minutes = 5,
    bonus: Bonus = False,
    course: CourseFolder = None,
) -> None:
    """An exercise before a chapter's recap, with its tests and answers to prove them with."""
    from triptych.new.skeleton import new_exercise

    here = Course.find(course)
    (chosen,) = here.choose([chapter])
    _say(here, new_exercise(here, chosen, id_, points=points, minutes=minutes, bonus=bonus), chosen)


def _say(course: Course, made: list[Path], chapter: str) -> None:
    from triptych.new.skeleton import places_to_write

    course = Course(course.root)  # its contract is another one now
    for path in made:
        out.print(Text(f"wrote {path.relative_to(course.root)}"))
    places = len(list(places_to_write(course, chapter)))
    out.print(f"{places} places say TO BE WRITTEN: `triptych check {chapter[:2]}` lists them (docs/authors.md).")
