"""Prepares the cells of a slide for the template: what they show, where, and in which steps.

The template reads the result from `cell.metadata.deck`.
"""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_raw_cell

from triptych.model.cell_options import ALT, OptionError, line_steps, location_of, options_of, without_options
from triptych.model.chapter import answer_text
from triptych.model.slides import HIDE_INPUT, PLAN, Slide, hides_input, is_answer, is_picture, slide_type

PREDICT, HINT = "**Predict.**", "**Hint.**"

_HIGHLIGHTED = re.compile(r"(?s)(.*?<pre>(?:<span></span>)?)(.*?)\n?(</pre>.*)")
_LIST = re.compile(r"(?s)<[uo]l>(.*)</[uo]l>")


class DeckError(Exception):
    """A deck cannot be made from its notebook."""


def prepare(slide: Slide, number: int) -> None:
    """Adds the metadata that the template reads to the cells of a slide.

    Args:
        slide: the slide.
        number: its number in the deck.

    Raises:
        DeckError: an option of a code cell has a wrong value.
    """
    slide.cells[0].metadata["slideshow"] = {"slide_type": slide.starts}
    if slide.plan:
        if len(slide.cells) == 1 or slide_type(slide.cells[1]) != "notes":
            slide.cells.insert(1, new_raw_cell(metadata={"slideshow": {"slide_type": "notes"}}))
        slide.cells[1].source = f"{slide.plan}\n\n{slide.cells[1].source}"
    deck = {
        "classes": " ".join(slide.looks),
        "number": number,
        "footer": slide.footer,
        "badge": slide.badge.rpartition(" · "),  # the points, a separator, the minutes
        "minutes": slide.minutes,
        "section": slide.section,
        "talk": slide.talk,
        "seconds": slide.seconds,
        "folder": str(slide.folder or ""),
    }
    for cell in slide.cells:
        cell.metadata["deck"] = dict(deck)
        if cell.cell_type == "code":
            _prepare_code(cell)
        elif cell.cell_type == "markdown":
            _prepare_text(cell, badge=slide.badge)
    _place_pictures([cell for cell in slide.cells if slide_type(cell) != "notes"])


def with_lines(html: str, steps: list[set[int]]) -> str:
    """Highlighted code with an element for each line, which has the steps that highlight it in `data-lit`."""
    match = _HIGHLIGHTED.fullmatch(html)
    if not steps or match is None:
        return html
    lines = []
    for number, line in enumerate(match[2].split("\n"), start=1):
        lit = " ".join(str(step) for step, shown in enumerate(steps, start=1) if number in shown)
        lines.append(f'<span class="line" data-lit="{lit}">{line}\n</span>')
    return match[1] + "".join(lines) + match[3]


def with_choices(html: str) -> str:
    """A question with its list of answers as choices A, B, C."""
    return _LIST.sub(r'<ol class="choices" type="A">\1</ol>', html, count=1)


def _prepare_text(cell: NotebookNode, *, badge: str) -> None:
    if badge:
        cell.source = PLAN.sub("", cell.source, count=1)  # the badge shows the same
    for kind, mark in (("predict", PREDICT), ("hint", HINT)):
        if cell.source.lstrip().startswith(mark):
            cell.metadata["deck"]["kind"] = kind


def _prepare_code(cell: NotebookNode) -> None:
    """Moves a cell's options from its code to the metadata, and tags hidden code.

    RISE hides code by `source_hidden`, nbconvert by a tag.
    """
    deck: dict[str, Any] = cell.metadata["deck"]
    options = options_of(cell)
    cell.source = without_options(cell.source)
    if is_answer(cell):
        deck["kind"] = "answer"
        cell.source, cell.outputs = answer_text(cell.source), []
    if hides_input(cell):
        cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), HIDE_INPUT})
    if options.get(ALT):
        cell.metadata["alt"] = options[ALT]
    try:
        deck["location"] = location_of(options)
        deck["steps"] = line_steps(options, len(cell.source.splitlines()))
    except OptionError as error:
        raise DeckError(f"Cell {cell.get('id', '?')!r}: {error}") from None


def _place_pictures(cells: list[NotebookNode]) -> None:
    """Places the picture after a code cell that has a column for its output but no output beside the code."""
    for code, picture, after in zip(cells, cells[1:], [*cells[2:], None], strict=False):
        location = code.metadata["deck"].get("location", "")
        if "column" not in location or code.get("outputs"):
            continue
        if not is_picture(picture):
            continue
        code.metadata["deck"].update(location="", opens_columns=True)
        picture.metadata["deck"]["closes_columns"] = True
        if slide_type(picture) == "fragment":
            location = "column-fragment"
            picture.metadata["slideshow"] = {"slide_type": "-"}
            if after is not None and slide_type(after) == "-":  # it continues the fragment, which ends with the column
                after.metadata["slideshow"] = {"slide_type": "fragment"}
        picture.metadata["deck"]["fragment"] = "fragment" in location
