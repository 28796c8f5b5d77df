"""Programs that JAX has compiled once for a chapter, so that no submission compiles them again.

Nine tenths of what a notebook with JAX takes is the same programs, compiled for each learner anew.
They are compiled here in a run of the course's own notebook and are only read from then on: what a
submission compiles is never kept.

They come from a run with the instructor's answers, and a compiled program says how something is
computed. So a box shows them in a folder that cannot be listed, each under a name that is a hash of
the program: only who has the same program already, finds what it compiles to.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from triptych.chapter import Chapter, Role, read_chapter
from triptych.course import Course
from triptych.grade.box import kernel_kind
from triptych.grade.execute import execute
from triptych.grade.limits import Limits
from triptych.grade.nursery import close_nursery
from triptych.grade.preprocessors import copy_tree

#: A chapter with fewer submissions than this to grade is not worth the run.
WORTH = 5
LIBRARIES = ("jax", "jaxlib", "numpy", "pyhf", "triptych")


def folder_of(course: Course, chapter: str) -> Path:
    """Where the compiled programs of a chapter as it is now are, or would be."""
    return course.root / ".triptych" / "compiled" / f"{chapter}-{_fingerprint(course, chapter)}"


def compiled(course: Course, chapter: str) -> Path | None:
    """The folder of compiled programs, where `fill` has made it."""
    folder = folder_of(course, chapter)
    return folder if folder.is_dir() else None


def worth_it(course: Course, chapter: str, submissions: int) -> bool:
    """Whether to run `fill` here before so many submissions."""
    return pays(course, chapter, submissions) and compiled(course, chapter) is None


def pays(course: Course, chapter: str, submissions: int) -> bool:
    """Whether so many submissions are worth a `fill`: answers by hand leave JAX little to compile."""
    by_hand = course.plans[chapter].by_hand if chapter in course.plans else True
    return not by_hand and submissions >= WORTH


def fill(course: Course, chapter: str, *, box: str) -> Path:
    """Runs a chapter's notebook for the sake of what it compiles; returns the folder with that."""
    target = folder_of(course, chapter)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    source = read_chapter(course.notebook(chapter))
    release = nbformat.read(course.release / chapter / f"{chapter}.ipynb", as_version=4)
    with tempfile.TemporaryDirectory(prefix="part-", dir=target.parent) as scratch:
        written, kept = Path(scratch) / "written", Path(scratch) / "kept"
        written.mkdir()
        kept.mkdir()
        hand = bool(source.notebook.metadata.get("triptych", {}).get("by_hand", False))
        try:
            _run(_answered(release, source), source, course.release / chapter, box, written)
        finally:
            close_nursery(kernel_kind(box, hand=hand, compiled=written, filled=True, hide=course.root))
        for path in written.iterdir():
            if path.is_file() and not path.is_symlink() and path.name.endswith("-cache"):
                shutil.copyfile(path, kept / path.name)
        for old in target.parent.glob(f"{chapter}-*"):
            shutil.rmtree(old, ignore_errors=True)
        kept.rename(target)
    return target


def _run(notebook: NotebookNode, source: Chapter, files: Path, box: str, written: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="triptych-") as work:
        copy_tree(files, Path(work))
        execute(notebook, source, Path(work), limits=Limits(), box=box, compiled=written, filled=True)


def _answered(release: NotebookNode, source: Chapter) -> NotebookNode:
    answered = nbformat.from_dict(release)
    answers = {cell.grade_id: cell.source for cell in source.with_role(Role.SOLUTION)}
    for cell in answered.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    return answered


def _fingerprint(course: Course, chapter: str) -> str:
    """Changes with the notebook, with the libraries, and with the processor: programs are for one kind."""
    digest = hashlib.sha256(course.notebook(chapter).read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    digest.update(f"{platform.machine()} {_processor()}".encode())
    return digest.hexdigest()[:16]


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    lines = {line for line in text.splitlines() if line.startswith(("model name", "flags", "Features", "CPU part"))}
    return "\n".join(sorted(lines))
