"""The IPython extension in the kernel of a live deck: runs skipped cells, so that no slide ends in a NameError.

Before a cell of the deck runs, the code cells above it that have not run yet are run silently. An exercise without a
working answer gets the one from the answer key. So slides can be skipped, a lecture can begin in the middle, and a
restarted kernel continues where the last one was. Test cells are not part of the deck and are never run.

Only `triptych present` loads the extension, on the speaker's machine; kernels of students and graders never do.
"""

from __future__ import annotations

import difflib
import json
import time
from pathlib import Path
from typing import Any

#: The code cells of the deck, in the folder in which the kernel starts.
CELLS = ".deck_cells.json"
#: A log of the cells that were run, one JSON object a line, in the same folder. `--save-to` reads it at the end.
LOG = ".cells_run.jsonl"
#: The least similarity of two sources of which one is an edited version of the other. Classic RISE sends no cell ids.
SIMILARITY = 0.6
SETUP, SOLUTION = "setup", "solution"
STUB_END = "raise NotImplementedError()"


class DeckExtension:
    """Tracks which of the deck's code cells the kernel has run.

    Args:
        shell: the kernel's IPython shell.
        cells: the deck's code cells in order, each with `id`, `role`, `slide_source` (its source on the slide) and
            `key_source` (its source in the answer key).
    """

    def __init__(self, shell: Any, cells: list[dict[str, str]]) -> None:
        self.shell = shell
        self.cells = cells
        self.log = Path.cwd() / LOG  # absolute, since a cell may change the working directory
        self.done: set[int] = set()
        #: The index of the running cell in `cells`, and the source that `%answer` has put into it.
        self.current: int | None = None
        self.answered: str | None = None

    def register(self) -> None:
        """Adds `%answer` and the hooks to the shell. Runs the setup cells, so that the first cell need not import."""
        self.shell.register_magic_function(self.answer, "line", "answer")
        for index, cell in enumerate(self.cells):
            if cell["role"] != SETUP:
                break
            self._run_silently(index)
        self.shell.events.register("pre_run_cell", self.before)
        self.shell.events.register("post_run_cell", self.after)

    def before(self, info: Any) -> None:
        """Runs the cells above the one that is about to run, unless they have run."""
        self.answered = None
        self.current = self._index_of(info.cell_id, info.raw_cell)
        for index in range(self.current or 0):
            if index not in self.done:
                self._run_silently(index)

    def after(self, result: Any) -> None:
        """Logs a cell that has run. A cell that failed, or an exercise's stub, does not count as run."""
        self._write_log(result.info)
        if self.current is None:
            return
        is_stub = self.cells[self.current]["role"] == SOLUTION and STUB_END in result.info.raw_cell
        if result.success and not is_stub:
            self.done.add(self.current)
        else:
            self.done.discard(self.current)

    def answer(self, line: str) -> None:
        """`%answer` puts the exercise's answer into its cell and runs it; in another cell, `%answer mul_jvp`."""
        exercises = {cell["id"]: index for index, cell in enumerate(self.cells) if cell["role"] == SOLUTION}
        name = line.strip() or ("" if self.current is None else self.cells[self.current]["id"])
        if name not in exercises:
            print(f"Name the exercise: %answer followed by one of {', '.join(exercises)}.")
            return
        self.answered = self.cells[exercises[name]]["key_source"]
        self.shell.set_next_input(self.answered, replace=True)
        self._run_silently(exercises[name])

    def _index_of(self, cell_id: str | None, source: str) -> int | None:
        """The index of a cell in `cells`, or None if the speaker has added it."""
        if cell_id is not None:
            return next((index for index, cell in enumerate(self.cells) if cell["id"] == cell_id), None)
        sources = [cell["slide_source"] for cell in self.cells]
        similar = [source] if source in sources else difflib.get_close_matches(source, sources, n=1, cutoff=SIMILARITY)
        return sources.index(similar[0]) if similar else None

    def _write_log(self, info: Any) -> None:
        cell_id = info.cell_id or (None if self.current is None else self.cells[self.current]["id"])
        if cell_id is not None:
            entry = {"id": cell_id, "source": self.answered or info.raw_cell, "time": time.time()}
            with self.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")

    def _run_silently(self, index: int) -> None:
        """Runs a cell as in the answer key, without showing its outputs or errors."""
        from IPython.utils.capture import capture_output

        with capture_output():
            self.shell.run_cell(self.cells[index]["key_source"], silent=True)
        self.done.add(index)


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython. Does nothing in a folder without the cells of a deck."""
    cells = Path(CELLS)
    if cells.is_file():
        DeckExtension(shell, json.loads(cells.read_text(encoding="utf-8"))).register()
