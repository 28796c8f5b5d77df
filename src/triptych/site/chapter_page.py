"""A chapter of the book: the student version with the outputs of the answer key's run.

Solutions and hidden tests cannot be in it, since the student version has neither; of the answer key, only outputs of
lecture cells are taken.
"""

from __future__ import annotations

from copy import deepcopy
from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from triptych.build.deck_cells import PREDICT
from triptych.build.inline_svg import inline_svg
from triptych.build.student_text import STATIC
from triptych.model.cell_options import ALT, options_of, without_options
from triptych.model.chapter import Cell, Role, code_of, role_of
from triptych.model.slides import EXERCISE, hides_input, slide_type

SVG = "image/svg+xml"
#: Cells that are the same in every chapter, which the book leaves out.
LEFT_OUT = {"course-tools"}
#: The roles of cells whose outputs the book does not show.
SILENT = (Role.SOLUTION, Role.TEST, Role.SETUP, Role.STUDENT_SIDE)


def label_of(exercise: str) -> str:
    """The label of an exercise in the book, for links."""
    return f"exercise-{exercise}"


def chapter_page(released: NotebookNode, key: NotebookNode, top: str, figures: str) -> NotebookNode:
    """The notebook that Sphinx shows as a chapter.

    Args:
        released: the student version.
        key: the executed answer key.
        top: Markdown to show below the title.
        figures: the folder with the files of the chapter's folder `figures`.
    """
    outputs = {cell.id: cell.outputs for cell in key.cells if cell.cell_type == "code"}
    page = deepcopy(released)
    page.metadata.pop("triptych", None)
    page.cells = [cell for cell in page.cells if cell.id not in LEFT_OUT and cell.cell_type != "raw"]
    for index, cell in enumerate(page.cells):
        if cell.cell_type == "markdown":
            cell.source = _text(cell.source).replace("](figures/", f"]({figures}/")
            cell.metadata = {}
        else:
            _prepare_code(Cell(index, role_of(cell), cell), outputs.get(cell.id, []))
    title, _, rest = page.cells[0].source.partition("\n")
    page.cells[0].source = title
    page.cells[1:1] = [new_markdown_cell(top, id="links"), new_markdown_cell(rest.strip(), id="introduction")]
    return page


def _text(source: str) -> str:
    """A Markdown cell for the book: headings of exercises with labels, predictions in boxes, figures that move."""
    source = source.replace(f"\n\n{STATIC}", "")
    first, _, _ = source.partition("\n")
    if exercise := EXERCISE.match(first.lstrip("# ")):
        source = f"({label_of(exercise[1])})=\n{source}"
    if source.lstrip().startswith(PREDICT):
        source = f"::::{{container}} predict\n{source.strip()}\n::::"
    return source


def _prepare_code(cell: Cell, outputs: list[NotebookNode]) -> None:
    """Sets what a code cell shows: its code without options, folded if it is not for reading, and its outputs."""
    node, options = cell.node, options_of(cell.node)
    fold = _fold(cell)
    node.source = without_options(code_of(node.source)).strip("\n")
    node.metadata = {}
    if fold:
        prompt = fold.replace("{", "(").replace("}", ")")
        node.metadata = {"tags": ["hide-input"], "mystnb": {"code_prompt_show": prompt, "code_prompt_hide": prompt}}
    node.execution_count = None
    node.outputs = []
    if cell.role in SILENT:
        return
    for number, output in enumerate(outputs):
        shown = deepcopy(output)
        if shown.get("output_type") == "execute_result":
            shown.execution_count = None
        if SVG in shown.get("data", {}):
            picture = inline_svg(shown.data[SVG], options.get(ALT, ""), f"output-{cell.id}-{number}")
            shown = new_output("display_data", {"text/html": f'<div class="plot">{picture}</div>'})
        node.outputs.append(shown)


def _fold(cell: Cell) -> str:
    """The summary of a folded cell; empty if the cell is open."""
    if cell.role is Role.TEST:
        return f"Test: {cell.title}"
    if cell.role in (Role.SETUP, Role.STUDENT_SIDE):
        return "Helpers of the tests"
    if cell.role is Role.LECTURE and hides_input(cell.node):
        return "Code of the figure"
    if cell.role is Role.LECTURE and slide_type(cell.node) == "skip":
        return "Helper code"
    return ""


def deck_frame(name: str, title: str, root: str) -> str:
    """A deck on a page of the book, loaded when the reader opens it.

    Args:
        name: the name of the deck.
        title: what the deck is about, for screen readers.
        root: the path from the page to the root of the book.
    """
    frame = f'<iframe loading="lazy" src="{root}slides/{name}.html" title="Slides: {escape(title)}" allowfullscreen>'
    screen = f'<div class="screen">{frame}</iframe></div>'
    return f'<details class="deck"><summary>Show the slides here</summary>{screen}</details>'
