"""The text of the student version: exercises in boxes that say how to go on when stuck, no ● and no options of decks.

The heading stays above its box, because a page that is divided into sections by its headings, like a book's, would end
the box at a heading inside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from nbformat import NotebookNode

from triptych.build.deck_cells import HINT
from triptych.model.cell_options import ALT, without_options
from triptych.model.chapter import Role, headings, role_of
from triptych.model.slides import CORE, EXERCISE, hides_input, slide_type

#: The class `alert` is known to JupyterLab, the classic notebook, VS Code and nbviewer. Its variants, like alert-info,
#: cannot be read in JupyterLab's dark theme, so the colour is given here: that of exercises in decks, for both themes.
BEGIN_BOX = (
    '<div class="alert alert-block exercise" style="border: 1px solid #cc79a7; border-left: 6px solid #cc79a7; '
    'background-color: rgba(204, 121, 167, 0.12); padding: 8px 14px">'
)
_EXERCISE = """\
{heading}

{box}

{task}

<details>
<summary><b>When you are stuck</b></summary>

{help}

</details>

</div>"""
_IMAGE = re.compile(r"(?m)^!\[[^\]]*\]\((\S+\.svg)\)$")
#: The tag of cells after whose error a front end runs the next one.
RAISES = "raises-exception"
#: The remark below the static picture of an interactive figure.
STATIC = "*In the slides of this chapter, this figure moves as you operate it.*"


def write_student_text(notebook: NotebookNode, folder: Path) -> None:
    """Changes the text of a source notebook to that of the student version, in place.

    Args:
        notebook: the notebook.
        folder: the notebook's folder, with its figures.
    """
    section: list[str] = []  # the headings of the lecture's current topic
    hints: list[NotebookNode] = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown":
            if cell.cell_type == "code":
                cell.source = without_options(cell.source, ALT)
                if role_of(cell) in (Role.SOLUTION, Role.TEST):  # open exercises do not end *Run All Cells*
                    cell.metadata["tags"] = [*cell.metadata.get("tags", []), RAISES]
            # JupyterLab shows the first line of folded code, and a description would be too long
            if hides_input(cell) and cell.source.startswith(f"#| {ALT}"):
                cell.source = f"# Draws the figure below.\n{cell.source}"
            continue
        cell.source = re.sub(rf"(?m)^(#+) {CORE} ", r"\1 ", cell.source)
        titles = headings(cell.source)
        if titles and EXERCISE.match(titles[0]):
            following = takewhile(lambda cell: not _has_heading(cell), notebook.cells[index + 1 :])
            own = [cell for cell in following if cell.cell_type == "markdown" and cell.source.startswith(HINT)]
            cell.source = _box(cell.source, [hint.source for hint in own], section)
            hints += own
        elif titles:
            section = [*(section if slide_type(cell) == "subslide" else []), titles[0]]
        cell.source = _IMAGE.sub(lambda image: _with_remark(image, folder), cell.source)
    notebook.cells = [cell for cell in notebook.cells if cell not in hints]


def _has_heading(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and bool(headings(cell.source))


def _box(source: str, hints: Sequence[str], section: Sequence[str]) -> str:
    """The text of an exercise's cell.

    Args:
        source: the heading, then the task.
        hints: texts that begin with `HINT`.
        section: the headings of the topic that the exercise belongs to.
    """
    heading, _, task = source.partition("\n")
    ways = ["Run your cell, then the tests below it. Where a test fails, a sentence says what is wrong."]
    if section:
        ends = dict.fromkeys([section[0], section[-1]])  # one, if they are the same
        ways.append(f"Read again {' to '.join(f'*{heading}*' for heading in ends)}.")
    ways += [
        "*Validate* in JupyterLab’s toolbar runs the whole notebook afresh. It finds an answer that works only because "
        "of a cell that you have changed or deleted since.",
        "Leave the exercise open and go on. What follows runs without your answer: where it is needed, you see the "
        "course’s own run.",
    ]
    help_ = "\n\n".join([*hints, "\n".join(f"- {way}" for way in ways)])
    return _EXERCISE.format(heading=heading, box=BEGIN_BOX, task=task.strip("\n"), help=help_)


def _with_remark(image: re.Match[str], folder: Path) -> str:
    """An image in Markdown, with a remark below it if it is the static picture of an interactive figure."""
    file = folder / image[1]
    is_interactive = file.is_file() and "data-interactive=" in file.read_text(encoding="utf-8")
    return f"{image[0]}\n\n{STATIC}" if is_interactive else image[0]
