"""The text of the student version: boxes around exercises, help when stuck, headings without marks."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from courses import PROJECT
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from triptych.build.deck_cells import HINT
from triptych.build.student_text import BEGIN_BOX, write_student_text
from triptych.model.chapter import headings
from triptych.model.slides import CORE, EXERCISE

FIGURE = "![A line from 0 to 6.](figures/line.svg)"


def student_text(folder: Path, *cells: NotebookNode) -> list[str]:
    """The sources of the cells in the student version."""
    notebook = new_notebook(cells=list(cells))
    write_student_text(notebook, folder)
    return [cell.source for cell in notebook.cells]


def text(source: str, slide_type: str = "-") -> NotebookNode:
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": slide_type}})


def test_exercise_is_in_a_box_below_its_heading(tmp_path: Path) -> None:
    sources = student_text(
        tmp_path,
        text("## ● A topic", "slide"),
        text("## More of it", "subslide"),
        text("## ● Exercise: `double`\n\n**1 point · 2 minutes.** Twice $x$.\n\n| a |\n| --- |\n| b |", "subslide"),
        text(f"{HINT} Add it to itself.", "fragment"),
        new_code_cell("def double(x): ..."),
        text("## Exercise: `other`\n\nAnother.", "subslide"),
    )
    assert len(sources) == 5 and sources[0] == "## A topic"
    start = f"## Exercise: `double`\n\n{BEGIN_BOX}\n\n**1 point · 2 minutes.** Twice $x$.\n\n| a |\n| --- |\n| b |\n\n<details>"
    assert sources[2].startswith(start) and sources[2].endswith("</details>\n\n</div>")
    assert f"</summary>\n\n{HINT} Add it to itself.\n\n- Run" in sources[2]
    assert "- Read again *A topic* to *More of it*.\n" in sources[2]
    assert HINT not in sources[4] and sources[4].count("</div>") == 1


@pytest.mark.parametrize("attribute", ["", 'data-interactive="line"'], ids=["picture", "interactive"])
def test_static_picture_of_an_interactive_figure_says_so(tmp_path: Path, attribute: str) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "line.svg").write_text(f"<svg {attribute}></svg>")
    (source,) = student_text(tmp_path, text(f"## Turn it\n\n{FIGURE}"))
    assert source.startswith(f"## Turn it\n\n{FIGURE}") and ("In the slides" in source) is bool(attribute)


def test_code_has_no_options_of_decks(tmp_path: Path) -> None:
    code = '%%builds_on double\n#| code-line-numbers: "1|2"\n#| output-location: column\nx = 1\ndouble(x)  #| y: 1'
    assert student_text(tmp_path, new_code_cell(code)) == ["%%builds_on double\nx = 1\ndouble(x)  #| y: 1"]


@pytest.mark.parametrize("kind", ["solution", "grade"])
def test_errors_of_answers_and_tests_do_not_stop_the_cells_after_them(tmp_path: Path, kind: str) -> None:
    cells = [new_code_cell("1"), new_code_cell("1 / 0", metadata={"nbgrader": {kind: True}})]
    student_text(tmp_path, *cells)
    assert [cell.metadata.get("tags") for cell in cells] == [None, ["raises-exception"]]


def test_folded_plot_begins_with_a_short_line(tmp_path: Path) -> None:
    plot = "#| fig-alt: A line from 0 to 6.\nplt.plot([0, 6])"
    folded, shown = student_text(
        tmp_path, new_code_cell(plot, metadata={"jupyter": {"source_hidden": True}}), new_code_cell(plot)
    )
    assert folded == f"# Draws the figure below.\n{plot}" and shown == plot


@pytest.mark.parametrize("chapter", PROJECT.chapters)
def test_every_exercise_of_the_release_has_a_box(chapter: str) -> None:
    notebook = nbformat.read(PROJECT.release / chapter / f"{chapter}.ipynb", as_version=4)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    titles = {source: title for source in sources for title in headings(source)}
    assert {source for source, title in titles.items() if EXERCISE.match(title)} == {
        s for s in sources if BEGIN_BOX in s
    }
    assert not any(CORE in title for title in titles.values())
    assert not any(source.startswith(HINT) for source in sources)
