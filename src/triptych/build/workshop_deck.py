"""The workshop's deck: the core path through all chapters, with the time planned for each slide."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from triptych.build.closing import workshop_closing
from triptych.build.contents import goals
from triptych.build.deck import write_slides
from triptych.model.course import Course, Talk
from triptych.model.slides import CORE, Slide, plan_text
from triptych.model.workshop import Part, clock, parts_of

#: The pace at the start of a chapter's notes, as in "2 minutes. …" or "Two minutes. …".
_PACE = re.compile(r"^(?:[\d.]+|[A-Z][a-z]+) min(?:utes?)?\.\s*")


def write_workshop(course: Course, notebooks: Mapping[str, NotebookNode], target: Path, *, talk: Talk) -> None:
    """Writes the workshop's deck.

    Args:
        course: the course.
        notebooks: executed notebooks without secrets, by chapter.
        target: the HTML file to write.
        talk: speaker, event and date, for the title slide.

    Raises:
        CourseError: the plan in `course.toml` does not fit the slides.
        DeckError: an image or a file of the theme is missing, or a slide shows nothing.
    """
    parts = parts_of(course, notebooks)
    slides = [_title_slide(course, parts)]
    slides[0].talk = str(talk)
    for part in parts:
        core = _core_slides(course, part)
        opening = _opening(core) if part is parts[0] else []
        slides += [*opening, _part_slide(course, part, notebooks[part.chapter]), *core[len(opening) :]]
    slides.append(workshop_closing(course, [part.chapter for part in parts]))
    slides[-1].footer = course.title
    elapsed = 0
    for slide in slides:
        elapsed += slide.seconds or 0
        slide.plan = f"**{_duration(slide.seconds or 0)}**, until {clock(elapsed)}"
    write_slides(slides, course.slides, target, title=course.workshop.title, lang=course.language)


def _title_slide(course: Course, parts: list[Part]) -> Slide:
    plan = course.workshop
    rows = [f"| {_name(course, part.chapter)} | {round(part.seconds / 60)} | {len(part.exercises)} |" for part in parts]
    table = "\n".join(["| | minutes | exercises |", "| --- | --- | --- |", *rows])
    slide = _new_slide("workshop", f"# {plan.title}\n\n{plan.about}\n\n{table}", "title")
    slide.seconds = round(60 * plan.slide)
    slide.footer = course.title
    return slide


def _opening(slides: list[Slide]) -> list[Slide]:
    """The first section of the first chapter, which opens the workshop before the first part."""
    end = next((i for i, slide in enumerate(slides[1:], 1) if slide.starts == "slide"), len(slides))
    slides[0].section = ""  # named after its heading
    return slides[:end]


def _part_slide(course: Course, part: Part, notebook: NotebookNode) -> Slide:
    """The slide that opens a chapter; no time is planned for it."""
    about = course.plans[part.chapter].part or goals(notebook)[0]
    slide = _new_slide(f"workshop-{part.chapter}", f"## {_name(course, part.chapter)}\n\n{about}", "part")
    slide.seconds = 0
    slide.section = _name(course, part.chapter)
    slide.footer = _footer(course, part.chapter)
    return slide


def _core_slides(course: Course, part: Part) -> list[Slide]:
    exercises = course.plans[part.chapter].exercises
    for slide in part.slides:
        slide.footer, slide.folder = _footer(course, part.chapter), course.source / part.chapter
        slide.section = None  # sections are the chapters
        if slide.exercise:
            plan = exercises[slide.exercise]
            slide.minutes = plan.minutes if plan.workshop is None else plan.workshop
            slide.badge = plan_text(plan, plan.workshop)
        for cell in slide.cells:
            cell.id = f"{part.chapter[:2]}_{cell.id}"[:64]  # two chapters may have cells with the same id
            if cell.cell_type == "markdown":  # every slide here is on the core path, so the mark is left out
                cell.source = cell.source.replace(f"# {CORE} ", "# ")
            elif cell.cell_type == "raw":  # the workshop has its own pace
                cell.source = _PACE.sub("", cell.source)
    return part.slides


def _new_slide(cell_id: str, source: str, *looks: str) -> Slide:
    cell = new_markdown_cell(source, id=cell_id, metadata={"slideshow": {"slide_type": "slide"}})
    return Slide([cell], "slide", [], looks, None, core=True)


def _name(course: Course, chapter: str) -> str:
    plan = course.plans[chapter]
    return f"{plan.number} · {plan.title}"


def _footer(course: Course, chapter: str) -> str:
    plan = course.plans[chapter]
    return f"{course.workshop.title} · {plan.number} {plan.title}"


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return " ".join(filter(None, [f"{minutes} min" if minutes else "", f"{rest} s" if rest else ""])) or "no time"
