"""A notebook's cells as slides: which cell stands on which, and what kind of slide it is.

Imports `chapter` and `course`, and nothing else of triptych.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from triptych.model.chapter import headings
from triptych.model.course import ExercisePlan

#: Begins the headings of slides on the core path, which is what the workshop shows.
CORE = "●"
EXERCISE = re.compile(r"^(?:● )?Exercise: `(\w+)`")
#: What `plan_text` writes, as it stands in an exercise's cell: bold, with a full stop when text follows.
PLAN = re.compile(r"\*\*[\d.]+ (?:bonus )?points? · \d+ minutes?(\.?)\*\*[ \n]*")


@dataclass
class Slide:
    """One slide. The cells are copies, the speaker's notes right behind the first of them.

    What stands after `core` is for whoever makes a deck of it to fill in.
    """

    cells: list[NotebookNode]
    starts: str  # "slide" begins a topic, "subslide" goes on below it
    titles: list[str]
    looks: tuple[str, ...]  # of title, part, exercise, recap
    exercise: str | None  # the exercise whose heading stands here
    core: bool

    footer: str = ""
    badge: str = ""
    folder: Path | None = None  # where its images are
    seconds: int | None = None  # planned
    plan: str = ""  # what the speaker reads about them

    @property
    def id(self) -> str:
        """The id of the cell that begins it."""
        return str(self.cells[0].get("id", ""))

    @property
    def empty(self) -> bool:
        """Whether nothing of it is to be seen: code that is hidden or blank, and no output."""
        return not any(_shows(cell) for cell in self.cells)


def slides_of(notebook: NotebookNode) -> list[Slide]:
    """The slides of a notebook, in order.

    Notes move behind a slide's first cell: after a fragment they would become the fragment's.
    """
    slides: list[Slide] = []
    exercise_goes_on = core_goes_on = False
    for group in _groups(notebook):
        notes = [cell for cell in group[1:] if slide_type(cell) == "notes"]
        cells = [group[0], *notes, *(cell for cell in group[1:] if cell not in notes)]
        titles = [title for cell in cells if cell.cell_type == "markdown" for title in headings(cell.source)]
        starts = "subslide" if slides and slide_type(cells[0]) == "subslide" else "slide"
        # What goes on below without a heading of its own still belongs to what is above.
        goes_on = not titles and starts == "subslide"
        exercise_goes_on = any("Exercise" in title for title in titles) or (exercise_goes_on and goes_on)
        core_goes_on = any(title.startswith(CORE) for title in titles) or (core_goes_on and goes_on)
        named = next((match[1] for title in titles if (match := EXERCISE.match(title))), None)
        slides.append(Slide(cells, starts, titles, _looks(cells, titles, exercise_goes_on), named, core_goes_on))
    return slides


def is_recap(title: str) -> bool:
    """Whether a heading is that of a recap, on the core path or not."""
    return title.removeprefix(CORE).lstrip().startswith("Recap")


def plan_text(plan: ExercisePlan, minutes: float | None = None) -> str:
    """An exercise's points and minutes in words; `minutes` when fewer of them are planned than there are."""
    points = f"{plan.points:g} {'bonus ' if plan.bonus else ''}point{'' if plan.points == 1 else 's'}"
    if minutes is not None and minutes != plan.minutes:
        return f"{points} · {minutes:g} of {plan.minutes} minutes"
    return f"{points} · {plan.minutes} minute{'' if plan.minutes == 1 else 's'}"


def slide_type(cell: NotebookNode) -> str:
    return str(cell.metadata.get("slideshow", {}).get("slide_type", "-"))


def hides_input(cell: NotebookNode) -> bool:
    """Whether a code cell shows only what it has computed."""
    hidden = cell.metadata.get("jupyter", {}).get("source_hidden") or "hide-input" in cell.metadata.get("tags", [])
    return bool(hidden or not cell.source.strip())


def _groups(notebook: NotebookNode) -> Iterator[list[NotebookNode]]:
    groups: list[list[NotebookNode]] = []
    notes_ahead: list[NotebookNode] = []
    for cell in deepcopy(notebook.cells):
        kind = slide_type(cell)
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
    yield from groups


def _looks(cells: list[NotebookNode], titles: list[str], in_exercise: bool) -> tuple[str, ...]:
    """Title, part (nothing but a heading), exercise, recap; words (nothing but a few words)."""
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


#: Characters of source up to which a slide of text alone is set larger.
FEW_WORDS = 520


def _shows(cell: NotebookNode) -> bool:
    if slide_type(cell) == "notes":
        return False
    if cell.cell_type == "code":
        return not hides_input(cell) or bool(cell.get("outputs"))
    return bool(re.sub(r"(?s)<!--.*?-->", "", cell.source).strip())
