"""What whispers in the kernel of a live deck, so that no slide meets a NameError before an audience.

`triptych present` loads this into its kernel as an IPython extension. Before a cell of the deck runs, the
code cells above it that have not run yet are run in silence, and an exercise that nobody has answered on
stage is answered from the key. So a slide can be skipped, a talk can begin in the middle, and a kernel
that died goes on where it was. Test cells are never run: the deck shows none.

It lives in the speaker's own kernel, on the speaker's own machine; no student's and no grader's kernel
ever loads it.
"""

from __future__ import annotations

import difflib
import json
import time
from pathlib import Path
from typing import Any

#: The file beside the notebook, where its kernel starts, that holds the cells of the deck.
SCRIPT = ".prompter.json"
#: Beside it: what has been run on stage, a line each. A talk that keeps what was typed reads it at the end.
JOURNAL = ".played.jsonl"
#: How alike two texts must be for one to be an edited version of the other (classic RISE sends no cell id).
ALIKE = 0.6
SETUP, SOLUTION = "setup", "solution"
UNANSWERED = "raise NotImplementedError()"


class Prompter:
    """Knows the deck's code cells in order, and which of them the kernel has run.

    Each cell of the script has `id`, `role`, `shown` (its text on the slide) and `said` (its text in the
    answer key).
    """

    def __init__(self, shell: Any, script: list[dict[str, str]]) -> None:
        self.shell = shell
        self.script = script
        self.done: set[int] = set()
        #: Where the cell that is running stands, and the text it gets if it is not to keep its own.
        self.place: int | None = None
        self.new_text: str | None = None
        self.journal = Path.cwd() / JOURNAL  # a cell may go elsewhere

    def run_setup(self) -> None:
        """Runs the setup cells at the start of the deck: the first cell of a talk is not to wait for imports."""
        for place, cell in enumerate(self.script):
            if cell["role"] != SETUP:
                return
            self._say(place)

    def before(self, info: Any) -> None:
        """Runs, in silence, what stands above the cell that is about to run and has not run."""
        self.new_text = None
        self.place = self._place(info.cell_id, info.raw_cell)
        for above in range(self.place or 0):
            if above not in self.done:
                self._say(above)

    def after(self, result: Any) -> None:
        """Takes note of a cell that has run; an exercise counts when it has an answer that runs."""
        self._note(result.info)
        if self.place is None:
            return
        stub = self.script[self.place]["role"] == SOLUTION and UNANSWERED in result.info.raw_cell
        if result.success and not stub:
            self.done.add(self.place)
        else:
            self.done.discard(self.place)

    def answer(self, line: str) -> None:
        """Puts an exercise's answer into the cell and runs it: `%answer`, in another cell `%answer mul_jvp`."""
        exercises = {cell["id"]: place for place, cell in enumerate(self.script) if cell["role"] == SOLUTION}
        name = line.strip() or ("" if self.place is None else self.script[self.place]["id"])
        if name not in exercises:
            print(f"Name the exercise: %answer followed by one of {', '.join(exercises)}.")
            return
        self.new_text = self.script[exercises[name]]["said"]
        self.shell.set_next_input(self.new_text, replace=True)
        self._say(exercises[name])

    def _place(self, cell_id: str | None, text: str) -> int | None:
        """Where the cell stands in the script; None for one that the speaker has added."""
        for place, cell in enumerate(self.script):
            if cell["id"] == cell_id:
                return place
        if cell_id is not None:
            return None
        texts = [cell["shown"] for cell in self.script]
        if text in texts:
            return texts.index(text)
        near = difflib.get_close_matches(text, texts, n=1, cutoff=ALIKE)
        return texts.index(near[0]) if near else None

    def _note(self, info: Any) -> None:
        cell = info.cell_id or (None if self.place is None else self.script[self.place]["id"])
        if cell is not None:
            played = {"id": cell, "text": self.new_text or info.raw_cell, "at": time.time()}
            with self.journal.open("a", encoding="utf-8") as journal:
                journal.write(json.dumps(played) + "\n")

    def _say(self, place: int) -> None:
        """Runs a cell as the answer key has it; what it prints and draws is not shown, nor is an error."""
        from IPython.utils.capture import capture_output

        with capture_output():
            self.shell.run_cell(self.script[place]["said"], silent=True)
        self.done.add(place)


def load_ipython_extension(shell: Any) -> None:
    """IPython's way in; without a script it does nothing."""
    script = Path(SCRIPT)
    if not script.is_file():
        return
    prompter = Prompter(shell, json.loads(script.read_text(encoding="utf-8")))
    shell.register_magic_function(prompter.answer, "line", "answer")
    prompter.run_setup()
    shell.events.register("pre_run_cell", prompter.before)
    shell.events.register("post_run_cell", prompter.after)
