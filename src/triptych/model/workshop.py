"""The workshop: the slides of the core path (●) and the minutes planned for each.

The minutes are in `source/course.toml`: those of an exercise in its entry (`workshop`, by default `minutes`), those of
a lecture slide in its chapter's `workshop` by the id of the cell that begins it, by default `slide` of `[workshop]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nbformat import NotebookNode

from triptych.model.chapter import headings, read_chapter
from triptych.model.course import Course, CourseError, nearest
from triptych.model.slides import CORE, Slide, slides_of

#: Minutes by which the planned total may differ from the contract's.
SLACK = 3


@dataclass(frozen=True)
class Part:
    """The slides of a chapter that the workshop shows, with their planned seconds."""

    chapter: str
    slides: list[Slide]

    @property
    def seconds(self) -> int:
        return sum(slide.seconds or 0 for slide in self.slides)

    @property
    def exercises(self) -> list[str]:
        return [slide.exercise for slide in self.slides if slide.exercise]


def parts_of(course: Course, notebooks: Mapping[str, NotebookNode]) -> list[Part]:
    """The parts of the workshop.

    Args:
        course: the course.
        notebooks: the chapters' notebooks by chapter id, executed or not.

    Raises:
        CourseError: course.toml plans minutes for an unknown slide, or the slides take another time than it plans.
    """
    plan = course.workshop
    parts = []
    for chapter, notebook in notebooks.items():
        slides = [slide for slide in slides_of(notebook) if slide.core]
        planned = course.plans[chapter].workshop
        known = [slide.id for slide in slides if not slide.exercise]
        unknown = sorted(set(planned) - set(known))
        if unknown:
            raise CourseError(
                f"source/course.toml plans workshop minutes for {unknown[0]!r} of {chapter}, which begins no lecture "
                f"slide with ● in its heading: {nearest(unknown[0], known)}"
            )
        for slide in slides:
            slide.seconds = round(60 * _minutes(course, chapter, slide))
        if slides:
            parts.append(Part(chapter, slides))
    total = sum(part.seconds for part in parts) / 60 + 2 * plan.slide  # with the first slide and the last
    if abs(total - plan.minutes) > SLACK:
        raise CourseError(
            f"The workshop's slides take {total:.0f} minutes, source/course.toml promises {plan.minutes}. "
            "Change the minutes planned there, or the headings that begin with ●."
        )
    return parts


def core_chapters(course: Course) -> list[str]:
    """The chapters with a slide on the core path."""
    return [
        chapter
        for chapter in course.chapters
        if any(
            heading.startswith(CORE)
            for cell in read_chapter(course.notebook(chapter)).cells
            if not cell.is_code
            for heading in headings(cell.source)
        )
    ]


def _minutes(course: Course, chapter: str, slide: Slide) -> float:
    plan = course.plans[chapter]
    if slide.exercise:
        exercise = plan.exercises[slide.exercise]
        return exercise.workshop if exercise.workshop is not None else exercise.minutes
    if "exercise" in slide.looks:
        return 0  # the slide with the exercise's heading has all its minutes
    return plan.workshop.get(slide.id, course.workshop.slide)


def clock(seconds: int) -> str:
    """Seconds since the start as hours and minutes, `1:05` for 65 minutes."""
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}"
