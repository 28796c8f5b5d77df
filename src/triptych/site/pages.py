"""The pages that the book makes itself: first page, exercises, slides, bibliography."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from triptych.build.contents import goals
from triptych.check.references import BIBLIOGRAPHY
from triptych.model.chapter import read_chapter
from triptych.model.course import ChapterPlan, Course
from triptych.model.slides import EXERCISE, PLAN
from triptych.site.chapter_page import deck_frame, label_of


def first_page(course: Course, decks: Sequence[str], documentation: Iterable[str]) -> str:
    """The first page: the chapters as cards, and the contents of the book.

    Args:
        course: the course.
        decks: the names of the decks that the book has.
        documentation: the pages that begin a part of the documentation.
    """
    more = ["exercises", *(["slides"] if decks else []), *(["bibliography"] if has_bibliography(course) else [])]
    return f"""\
# {course.title}

::::{{container}} lede
{len(course.chapters)} chapters with exercises and slides. Read here; to answer an exercise, open its notebook.
::::

:::::{{grid}} 1 1 2 2
:gutter: 3

{"".join(_card(course, chapter) for chapter in course.chapters)}
:::::

{_toctree("Chapters", [f"chapters/{chapter}" for chapter in course.chapters])}
{_toctree("Exercises and slides", more)}
{_toctree("Documentation", documentation)}"""


def exercises_page(course: Course) -> str:
    """The index of exercises: for each a link, its task, points and minutes."""
    total = sum(len(course.plans[chapter].exercises) for chapter in course.chapters)
    parts = [f"# Exercises\n\nAll {total} exercises of the course. A link leads to the exercise in its chapter.\n"]
    for chapter in course.chapters:
        plan, tasks = course.plans[chapter], _tasks(course, chapter)
        parts.append(
            f"## {plan.number} · {plan.title}\n\n{_amount(plan)}\n\n::::{{container}} stacked\n"
            "| exercise | task | points | minutes |\n| --- | --- | ---: | ---: |"
        )
        for exercise, entry in plan.exercises.items():
            points = f"{entry.points:g}{' bonus' if entry.bonus else ''}"
            parts.append(
                f"| [`{exercise}`](#{label_of(exercise)}) | {tasks.get(exercise, '')} | {points} | {entry.minutes} |"
            )
        parts.append("::::\n")
    return "\n".join(parts)


def slides_page(course: Course, decks: Sequence[str]) -> str:
    """The decks, each to be opened on the page or alone."""
    parts = ["# Slides\n\nEach deck is one file that needs no network: save it and show it anywhere.\n"]
    for deck in decks:
        plan = course.plans.get(deck)
        title = f"{plan.number} · {plan.title}" if plan else course.workshop.title
        parts.append(f"## {title}\n\n{deck_frame(deck, title, '')}\n")
    return "\n".join(parts)


def has_bibliography(course: Course) -> bool:
    """Whether the course has a file of references."""
    return (course.source / BIBLIOGRAPHY).is_file()


def bibliography_page() -> str:
    """All references of the course."""
    return "# Bibliography\n\nWhat the chapters' further reading names.\n\n```{bibliography}\n:all:\n```\n"


def _card(course: Course, chapter: str) -> str:
    plan = course.plans[chapter]
    about, _ = goals(read_chapter(course.notebook(chapter)).notebook)
    return f"""\
::::{{grid-item-card}} {plan.number} · {plan.title}
:link: chapters/{chapter}
:link-type: doc

{about}

:::{{card-footer}}
{_amount(plan)}
:::
::::

"""


def _amount(plan: ChapterPlan) -> str:
    """The exercises, points and minutes of a chapter in words."""
    bonus = f" and {plan.bonus_points:g} bonus" if plan.bonus_points else ""
    minutes = sum(exercise.minutes for exercise in plan.exercises.values())
    return f"{len(plan.exercises)} exercises · {plan.points:g} points{bonus} · {minutes} minutes"


def _tasks(course: Course, chapter: str) -> dict[str, str]:
    """The first sentences of the tasks, by exercise, as cells of a Markdown table."""
    tasks = {}
    for cell in read_chapter(course.notebook(chapter)).notebook.cells:
        heading, _, text = str(cell.source).partition("\n")
        if cell.cell_type == "markdown" and (exercise := EXERCISE.match(heading.lstrip("# "))):
            task = PLAN.sub("", text.strip(), count=1).strip().partition("\n\n")[0]
            tasks[exercise[1]] = " ".join(task.split()).replace("|", r"\|")
    return tasks


def _toctree(caption: str, pages: Iterable[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```", ""])
