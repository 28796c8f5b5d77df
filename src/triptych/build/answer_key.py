"""The answer key: the source notebook without speaker notes and hidden tests, executed.

nbgrader's `GenerateSolution` does not fit: it changes the working directory of the process, so that keys cannot run in
parallel; it continues after errors; and it needs the chapter in the gradebook, which a live deck does not.
"""

from __future__ import annotations

import contextlib
import copy
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from triptych.files import regular_files, replacing
from triptych.fingerprint import fingerprint
from triptych.model.chapter import RECORDING, Role, code_of, released_source, role_of, visible_source
from triptych.model.course import Course, CourseError
from triptych.model.sound import require_sound
from triptych.text import plain

#: Seconds that one cell may run.
CELL_TIMEOUT_S = 120
#: Plots are drawn as SVG, sharp on a projector and in the colours of the slide, and without a date.
PLOTS = [
    "--InlineBackend.figure_formats=svg",
    "--InlineBackend.print_figure_kwargs={'bbox_inches': 'tight', 'metadata': {'Date': None}}",
]
#: Libraries whose versions may change what cells show.
LIBRARIES = ("jax", "numpy", "sympy", "matplotlib", "pyhf", "nbclient")


def answer_key(course: Course, chapter: str, *, force: bool = False) -> NotebookNode:
    """The executed answer key of a chapter.

    Args:
        course: the course.
        chapter: the chapter's name.
        force: execute it also when the cached key is up to date.

    Raises:
        CourseError: a cell fails; the message names it.
    """
    path, cached = course.notebook(chapter), cache_path(course, chapter)
    if cached.is_file() and not force:
        return nbformat.read(cached, as_version=4)
    require_sound(path)
    notebook = without_secrets(nbformat.read(path, as_version=4))
    _execute(notebook, path)
    with replacing(cached) as partial:
        nbformat.write(notebook, partial)
    for file in cached.parent.glob(f"{chapter}-*.ipynb"):
        if file != cached:
            file.unlink(missing_ok=True)
    return notebook


def cache_path(course: Course, chapter: str) -> Path:
    """Where the answer key is cached. The name changes with the chapter's files and with library versions."""
    files = [file for file in regular_files(course.source / chapter) if file.name != RECORDING]  # made from the key
    inputs = fingerprint(*files, Path(__file__), libraries=LIBRARIES)
    return course.root / ".triptych" / "answer_keys" / f"{chapter}-{inputs}.ipynb"


def write_answer_key(course: Course, chapter: str) -> Path:
    """Writes `solutions/<chapter>/<chapter>.ipynb` and returns its path. Raises CourseError as `answer_key` does."""
    target = course.solutions / chapter / f"{chapter}.ipynb"
    with replacing(target) as partial:
        nbformat.write(answer_key(course, chapter), partial)
    return target


def without_secrets(notebook: NotebookNode) -> NotebookNode:
    """A copy without speaker notes and hidden tests. They are removed before it runs, so that no output shows them.

    Lines `%%builds_on` are removed, too: a lecture cell that fails with the instructor's answers must fail.
    """
    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if role_of(cell) is not Role.NOTES]
    for cell in notebook.cells:
        if role_of(cell) is Role.TEST:
            cell.source = visible_source(cell.source)
        cell.source = code_of(cell.source)
    return notebook


def with_notes(key: NotebookNode, source: NotebookNode) -> NotebookNode:
    """A copy of an executed answer key with the speaker notes of its source notebook back in place."""
    executed = {cell.id: cell for cell in key.cells}
    notebook = copy.deepcopy(key)
    notebook.cells = [copy.deepcopy(executed.get(cell.id, cell)) for cell in source.cells]
    return notebook


def lecture_view(notebook: NotebookNode) -> NotebookNode:
    """A copy of an executed answer key for an audience: stubs in place of solutions, no outputs of tests.

    Lecture cells keep their outputs, also where they depend on solutions, so that demonstrations have their figures.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        role = role_of(cell)
        if role is Role.SOLUTION:
            cell.source = released_source(cell)
        if role in (Role.SOLUTION, Role.TEST) and cell.cell_type == "code":
            cell.outputs = []
    return notebook


@contextlib.contextmanager
def _signal_handlers_kept() -> Iterator[None]:
    """Restores the handlers of SIGINT and SIGTERM, which nbclient replaces by the default ones."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _execute(notebook: NotebookNode, path: Path) -> None:
    """Runs all cells in place. Raises CourseError naming the cell of `path` that fails."""
    # Without the variable, the kernel draws with its inline backend.
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    try:
        with tempfile.TemporaryDirectory(prefix="triptych-") as sockets, _signal_handlers_kept():
            # Sockets in a private folder: other users of the machine cannot connect to them, as they could to ports.
            transport = {"transport": "ipc", "ip": f"{sockets}/kernel"}
            NotebookClient(
                notebook,
                timeout=CELL_TIMEOUT_S,
                kernel_name="python3",
                shutdown_kernel="immediate",
                coalesce_streams=True,  # one output block per stream, however the text arrived
                extra_arguments=PLOTS,
                config=Config({"KernelManager": transport}),
            ).execute(cwd=str(path.parent), env=environment)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        failed = next((c for c in notebook.cells if any(o.output_type == "error" for o in c.get("outputs", []))), None)
        where = f"cell {failed.id}" if failed else "a cell"
        reason = plain(str(error)).strip().splitlines()[-1]
        raise CourseError(f"{path}, {where} of the answer key fails ({reason}): fix the source.") from error
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day, on which the key must not depend
