"""The options in a code cell's comments, `#| name: value`, with Quarto's names. Decks do not show these lines."""

from __future__ import annotations

import re

from nbformat import NotebookNode

#: The alternative text of the plot that the cell draws.
ALT = "fig-alt"
#: The lines that each → highlights: steps separated by `|`, as in "1|2-3|4,6".
LINES = "code-line-numbers"
#: Where the output is, one of `LOCATIONS`.
LOCATION = "output-location"
LOCATIONS = ("column", "fragment", "column-fragment")

_OPTION = re.compile(r"(?m)^#\|[ \t]*([\w-]+):[ \t]*(.*?)[ \t]*$\n?")
_LINES = re.compile(r"\d+(?:-\d+)?(?:\s*,\s*\d+(?:-\d+)?)*")


class OptionError(ValueError):
    """An option has a value that it cannot have."""


def options_of(cell: NotebookNode) -> dict[str, str]:
    """The options of a code cell; values are without quotes."""
    return {name: value.strip("\"'") for name, value in _OPTION.findall(cell.source)}


def without_options(source: str, *kept: str) -> str:
    """The source of a code cell without the lines of its options, some of them excepted."""
    return _OPTION.sub(lambda line: line[0] if line[1] in kept else "", source)


def location_of(options: dict[str, str]) -> str:
    """Where the output of a cell with these options is; empty for below its code. Raises OptionError."""
    location = options.get(LOCATION, "")
    if location and location not in LOCATIONS:
        raise OptionError(f"{LOCATION} is {location}. Write one of {', '.join(LOCATIONS)}.")
    return location


def line_steps(options: dict[str, str], lines: int) -> list[set[int]]:
    """The lines that each step highlights, from step 1 on. An empty step highlights none.

    Args:
        options: the options of a cell.
        lines: how many lines the cell has without its options.

    Raises:
        OptionError: a step is not a list of lines, or names a line that the cell does not have.
    """
    steps: list[set[int]] = []
    text = options.get(LINES, "")
    # Quarto's "|1|2" shows all lines first, as decks do in any case.
    for step in text.removeprefix("|").split("|") if text else ():
        if step.strip() and not _LINES.fullmatch(step.strip()):
            raise OptionError(f'{LINES} is {text}. Write lines and steps as in "1|2-3|4,6".')
        ends = [(int(first), int(last or first)) for first, last in re.findall(r"(\d+)(?:-(\d+))?", step)]
        steps.append({line for first, last in ends for line in range(first, last + 1)})
    if any(line > lines for step in steps for line in step):
        raise OptionError(f"{LINES} is {text}, but the cell has {lines} lines. Count without the lines of options.")
    return steps
