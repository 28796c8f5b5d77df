"""The answer key: the source notebook without speaker notes and hidden tests, executed."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from triptych.model.chapter import Role, role_of, stub, visible_source
from triptych.model.course import Course, CourseError


def answer_key(course: Course, chapter: str) -> NotebookNode:
    """The executed answer key of a chapter; run only when its source has changed since the last time.

    Raises CourseError naming the cell that failed.
    """
    path, cache = course.notebook(chapter), _cached(course, chapter)
    if cache.is_file():
        return nbformat.read(cache, as_version=4)
    notebook = without_secrets(nbformat.read(path, as_version=4))
    _execute(notebook, path)
    cache.parent.mkdir(parents=True, exist_ok=True)
    for old in cache.parent.glob(f"{chapter}-*.ipynb"):
        old.unlink(missing_ok=True)
    partial = cache.with_suffix(f".{os.getpid()}.part")  # another build may be at it too
    nbformat.write(notebook, partial)
    partial.replace(cache)
    return notebook


def is_ready(course: Course, chapter: str) -> bool:
    """Whether the answer key of a chapter has been run and its source has not changed since."""
    return _cached(course, chapter).is_file()


def forget(course: Course, chapter: str) -> None:
    """Drops the answer key of a chapter, so that it is run again when next asked for."""
    _cached(course, chapter).unlink(missing_ok=True)


def prepare_answer_keys(course: Course, chapters: Sequence[str]) -> Iterator[tuple[str, float | None]]:
    """Runs the answer keys whose source has changed, one a core at a time.

    Yields each chapter when its key is ready, with the seconds it took, or None when it was ready
    before. Each runs in a kernel of its own, so threads are enough. Raises CourseError as `answer_key`
    does.
    """

    def timed(chapter: str) -> float:
        start = time.monotonic()
        answer_key(course, chapter)
        return time.monotonic() - start

    ready = [chapter for chapter in chapters if is_ready(course, chapter)]
    # Later chapters compute more: begun first, they are not what everything waits for in the end.
    old = [chapter for chapter in reversed(chapters) if chapter not in ready]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        futures = {pool.submit(timed, chapter): chapter for chapter in old}
        try:
            for chapter in ready:
                yield chapter, None
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            for future in futures:
                future.cancel()


def write_answer_key(course: Course, chapter: str) -> Path:
    """Writes `solutions/<chapter>/<chapter>.ipynb` and returns its path."""
    target = course.solutions / chapter / f"{chapter}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(answer_key(course, chapter), target)
    return target


def without_secrets(notebook: NotebookNode) -> NotebookNode:
    """A copy without speaker notes and hidden tests. Taken out before it runs, so no output shows them."""
    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if role_of(cell) is not Role.NOTES]
    for cell in notebook.cells:
        if role_of(cell) is Role.TEST:
            cell.source = visible_source(cell.source)
    return notebook


def with_notes(key: NotebookNode, source: NotebookNode) -> NotebookNode:
    """A copy of an executed answer key with the speaker's notes of its source back in their places."""
    executed = {cell.id: cell for cell in key.cells}
    notebook = copy.deepcopy(key)
    notebook.cells = [copy.deepcopy(executed.get(cell.id, cell)) for cell in source.cells]
    return notebook


def lecture_view(notebook: NotebookNode) -> NotebookNode:
    """A copy of an executed answer key as a room may see it: stubs in place of solutions.

    What lecture cells computed with the solutions stays, so that demonstrations have their figures.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        role = role_of(cell)
        if role is Role.SOLUTION:
            cell.source = stub(cell.source)
        if role in (Role.SOLUTION, Role.TEST):
            cell.outputs = []
    return notebook


@contextlib.contextmanager
def _signal_handlers_kept() -> Iterator[None]:
    """nbclient takes the handlers of SIGINT and SIGTERM and leaves the default ones behind."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _execute(notebook: NotebookNode, path: Path) -> None:
    before = os.environ.pop("MPLBACKEND", None)  # the kernel's inline backend is to draw
    try:
        with tempfile.TemporaryDirectory(prefix="triptych-") as sockets, _signal_handlers_kept():
            # sockets in a private folder: no port that others on the machine could listen at
            transport = {"transport": "ipc", "ip": f"{sockets}/kernel"}
            NotebookClient(
                notebook,
                timeout=120,
                kernel_name="python3",
                resources={"metadata": {"path": str(path.parent)}},
                shutdown_kernel="immediate",
                coalesce_streams=True,  # what a cell prints is one block, however it arrived
                extra_arguments=["--InlineBackend.figure_formats=retina"],  # sharp on a projector
                config=Config({"KernelManager": transport}),
            ).execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        failed = next((c for c in notebook.cells if any(o.output_type == "error" for o in c.get("outputs", []))), None)
        where = f"cell {failed.id}" if failed else "a cell"
        reason = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip().splitlines()[-1]
        raise CourseError(f"{path}, {where} of the answer key fails ({reason}): fix the source.") from error
    finally:
        if before is not None:
            os.environ["MPLBACKEND"] = before
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day: the key is to depend on the source alone


def _cached(course: Course, chapter: str) -> Path:
    folder = course.root / ".triptych" / "answer_keys"
    return folder / f"{chapter}-{_fingerprint(course.source / chapter)}.ipynb"


def _fingerprint(folder: Path) -> str:
    """Changes with any file of the chapter and with the libraries that its cells show."""
    digest = hashlib.sha256()
    for library in ("jax", "numpy", "sympy", "matplotlib", "pyhf", "nbclient"):
        digest.update(f"{library} {version(library)}\n".encode())
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts):
            digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()[:16]
