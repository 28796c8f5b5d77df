"""The slides of a notebook: their cells and their kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from triptych.model.chapter import Role, headings, role_of
from triptych.model.course import ExercisePlan

#: Begins the headings of slides on the core path, which are the slides of the workshop.
CORE = "●"
EXERCISE = re.compile(r"^(?:● )?Exercise: `(\w+)`")
#: The tag that hides a cell's code in nbconvert and in Jupyter Book. JupyterLab and RISE read `source_hidden`.
HIDE_INPUT = "hide-input"
_PICTURE = re.compile(r"\s*!\[[^\]]*\]\([^)]*\)\s*")
#: The text of `plan_text` in an exercise's cell: bold, with a full stop if text follows.
PLAN = re.compile(r"\*\*[\d.]+ (?:bonus )?points? · \d+ minutes?(\.?)\*\*[ \n]*")
#: Characters of source up to which a slide of text alone is set larger.
FEW_WORDS = 520


@dataclass
class Slide:
    """A slide. The attributes after `core` belong to the deck and are set by its builder.

    Attributes:
        cells: copies of its cells; the speaker's notes follow the first of them.
        starts: "slide" for a new topic, "subslide" for one below the slide before.
        titles: the headings on it.
        looks: the kinds that apply, of title, part, exercise, recap, words.
        exercise: the id of the exercise whose heading is on it.
        core: whether it is on the core path.
        footer: the text at its bottom.
        badge: the points and minutes of its exercise.
        minutes: what its exercise's countdown starts from.
        section: the name of the section of the deck that it begins; its heading if empty, no section if None.
        talk: speaker, event and date, on a title slide.
        folder: the folder of its images.
        seconds: the planned time.
        plan: the planned time in the words of the speaker's notes.
    """

    cells: list[NotebookNode]
    starts: str
    titles: list[str]
    looks: tuple[str, ...]
    exercise: str | None
    core: bool

    footer: str = ""
    badge: str = ""
    minutes: float | None = None
    section: str | None = None
    talk: str = ""
    folder: Path | None = None
    seconds: int | None = None
    plan: str = ""

    @property
    def id(self) -> str:
        """The id of the cell that begins it."""
        return str(self.cells[0].get("id", ""))

    @property
    def empty(self) -> bool:
        """Whether it shows nothing: only hidden or blank code without output."""
        return not any(_shows(cell) for cell in self.cells)


def slides_of(notebook: NotebookNode, *, answers: bool = False) -> list[Slide]:
    """The slides of a notebook, in order.

    Notes move behind a slide's first cell: after a fragment they would belong to the fragment.

    Args:
        notebook: a notebook, executed or not.
        answers: show solution cells that are not on slides as the last fragment of the slide before them.
    """
    slides: list[Slide] = []
    in_exercise = on_core_path = False
    for group in _groups(notebook, answers=answers):
        notes = [cell for cell in group[1:] if slide_type(cell) == "notes"]
        cells = [group[0], *notes, *(cell for cell in group[1:] if cell not in notes)]
        titles = [title for cell in cells if cell.cell_type == "markdown" for title in headings(cell.source)]
        starts = "subslide" if slides and slide_type(cells[0]) == "subslide" else "slide"
        # a subslide without a heading continues the slide above
        continues = not titles and starts == "subslide"
        in_exercise = any("Exercise" in title for title in titles) or (in_exercise and continues)
        on_core_path = any(title.startswith(CORE) for title in titles) or (on_core_path and continues)
        exercise = next((match[1] for title in titles if (match := EXERCISE.match(title))), None)
        slides.append(Slide(cells, starts, titles, _looks(cells, titles, in_exercise), exercise, on_core_path))
        slides[-1].section = "" if starts == "slide" else None
    return slides


def is_recap(title: str) -> bool:
    """Whether a heading is that of a recap slide."""
    return title.removeprefix(CORE).lstrip().startswith("Recap")


def plan_text(plan: ExercisePlan, minutes: float | None = None) -> str:
    """An exercise's points and minutes in words.

    Args:
        plan: the exercise.
        minutes: the minutes that the workshop plans for it, if not all.
    """
    points = f"{plan.points:g} {'bonus ' if plan.bonus else ''}point{'' if plan.points == 1 else 's'}"
    if minutes is not None and minutes != plan.minutes:
        return f"{points} · {minutes:g} of {plan.minutes} minutes"
    return f"{points} · {plan.minutes} minute{'' if plan.minutes == 1 else 's'}"


def slide_type(cell: NotebookNode) -> str:
    """The slide type in a cell's metadata, `-` without one."""
    return str(cell.metadata.get("slideshow", {}).get("slide_type", "-"))


def is_answer(cell: NotebookNode) -> bool:
    """Whether the cell is the answer to the exercise on its slide."""
    return bool(cell.metadata.get("answer"))


def is_picture(cell: NotebookNode) -> bool:
    """Whether this is a Markdown cell with a picture and nothing else."""
    return cell.cell_type == "markdown" and _PICTURE.fullmatch(cell.source) is not None


def hides_input(cell: NotebookNode) -> bool:
    """Whether a code cell shows only its output."""
    hidden = cell.metadata.get("jupyter", {}).get("source_hidden") or HIDE_INPUT in cell.metadata.get("tags", [])
    return bool(hidden or not cell.source.strip())


def _groups(notebook: NotebookNode, *, answers: bool) -> Iterator[list[NotebookNode]]:
    groups: list[list[NotebookNode]] = []
    notes_ahead: list[NotebookNode] = []
    for cell in deepcopy(notebook.cells):
        kind = slide_type(cell)
        if kind == "skip" and answers and role_of(cell) is Role.SOLUTION:
            kind = "fragment"
            cell.metadata.update(slideshow={"slide_type": kind}, answer=True)
        if kind == "skip" or (cell.cell_type == "raw" and kind != "notes"):
            continue
        if kind == "notes" and not groups:
            notes_ahead.append(cell)
        elif kind in ("slide", "subslide") or not groups:
            groups.append([cell])
        else:
            groups[-1].append(cell)
    if groups:
        groups[0][1:1] = notes_ahead
    for group in groups:
        yield sorted(group, key=is_answer)  # an answer is the last fragment


def _looks(cells: list[NotebookNode], titles: list[str], in_exercise: bool) -> tuple[str, ...]:
    """The kinds of a slide; a part is a heading alone, words a short text alone."""
    shown = [cell for cell in cells if slide_type(cell) != "notes"]
    text = "\n".join(cell.source for cell in shown if cell.cell_type == "markdown").strip()
    recap = any(is_recap(title) for title in titles)
    bare = len(titles) == 1 and len(shown) == 1 and len(text.splitlines()) == 1
    title = text.startswith("# ")
    plain = all(cell.cell_type == "markdown" for cell in shown) and not re.search(r"!\[|^\||```", text, re.MULTILINE)
    looks = {
        "title": title,
        "part": bare and not in_exercise and not recap,
        "exercise": in_exercise,
        "recap": recap,
        "words": plain and not bare and not title and len(text) <= FEW_WORDS,
    }
    return tuple(name for name, has in looks.items() if has)


def _shows(cell: NotebookNode) -> bool:
    if slide_type(cell) == "notes":
        return False
    if cell.cell_type == "code":
        return not hides_input(cell) or bool(cell.get("outputs"))
    return bool(re.sub(r"(?s)<!--.*?-->", "", cell.source).strip())
