"""Programs that JAX has compiled once for a chapter, so that no submission compiles them again.

Nine tenths of what a notebook with JAX takes is the same programs, compiled for each student anew.
They are compiled here in runs of the course's own notebook and are only read from then on: what a
submission compiles is never kept. For a few submissions that is one run, with the instructor's
answers; for many, the bank's answers are run too, because students find the same ways to a result.

A compiled program says how something is computed. So a sandbox shows them in a folder that cannot be
listed, each under a name that is a hash of the program: only who has the same program already, finds
what it compiles to.
"""

from __future__ import annotations

import contextlib
import hashlib
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from triptych.check.bank import BankError, read_bank
from triptych.grade.execute.provisioner import zygote_spec
from triptych.grade.execute.run import execute
from triptych.grade.guest.jax_cache import QUICK
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import close_zygote
from triptych.grade.submission.files import copy_tree
from triptych.model.chapter import Chapter, Role, read_chapter
from triptych.model.course import Course

#: A chapter with fewer submissions than this to grade is not worth the run.
WORTH = 5
#: From so many on, the bank's answers are run, too.
MANY = 20
#: A file beside the programs where that was done.
WITH_BANK = "with-bank"
LIBRARIES = ("jax", "jaxlib", "numpy", "pyhf", "triptych")


def folder_of(course: Course, chapter: str) -> Path:
    """Where the compiled programs of a chapter as it is now are, or would be."""
    return course.root / ".triptych" / "compiled" / f"{chapter}-{_fingerprint(course, chapter)}"


def compiled(course: Course, chapter: str) -> Path | None:
    """The folder of compiled programs, where `warm` has made it."""
    folder = folder_of(course, chapter)
    return folder if folder.is_dir() else None


def should_warm(course: Course, chapter: str, submissions: int) -> bool:
    """Whether to run `warm` here before so many submissions."""
    if not worth_compiling(course, chapter, submissions):
        return False
    folder = compiled(course, chapter)
    return folder is None or (submissions >= MANY and not (folder / WITH_BANK).exists())


def worth_compiling(course: Course, chapter: str, submissions: int) -> bool:
    """Whether so many submissions are worth a `warm`: answers by hand leave JAX little to compile."""
    by_hand = course.plans[chapter].by_hand if chapter in course.plans else True
    return not by_hand and submissions >= WORTH


def warm(course: Course, chapter: str, *, sandbox: str, submissions: int = WORTH) -> Path:
    """Runs a chapter's notebook for the sake of what it compiles; returns the folder with that.

    submissions: how many it is for. What is there already is kept.
    """
    target, bank = folder_of(course, chapter), submissions >= MANY
    if target.is_dir() and (not bank or (target / WITH_BANK).exists()):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    source = read_chapter(course.notebook(chapter))
    release = nbformat.read(course.release / chapter / f"{chapter}.ipynb", as_version=4)
    with tempfile.TemporaryDirectory(prefix="part-", dir=target.parent) as scratch:
        written, kept = Path(scratch) / "written", Path(scratch) / "kept"
        written.mkdir()
        kept.mkdir()
        if target.is_dir():
            copy_tree(target, written)
        try:
            for answers in _answers(course, source, bank=bank):
                _run(_answered(release, answers), source, course.release / chapter, sandbox, written)
        finally:
            close_zygote(zygote_spec(sandbox, hand=source.by_hand, compiled=written, filled=True, hide=course.root))
        for path in written.iterdir():
            if path.is_file() and not path.is_symlink() and path.name.endswith("-cache"):
                shutil.copy2(
                    path, kept / path.name
                )  # with its time: a sandbox shows the oldest where it cannot show all
        if bank:
            (kept / WITH_BANK).touch()
        for old in target.parent.glob(f"{chapter}-*"):
            shutil.rmtree(old, ignore_errors=True)
        kept.rename(target)
    return target


def _answers(course: Course, source: Chapter, *, bank: bool) -> Iterator[dict[str, str]]:
    """Texts for the solution cells, by exercise: the instructor's, then those of the bank, in turn."""
    own = {cell.grade_id: cell.source for cell in source.with_role(Role.SOLUTION)}
    yield own
    known: dict[str, list[str]] = {}
    for exercise in own if bank else ():
        with contextlib.suppress(BankError):  # a course may be graded without its bank
            known[exercise] = [answer.source for answer in read_bank(course.answers, source.id, exercise)]
    for turn in range(max(map(len, known.values()), default=0)):
        yield own | {exercise: texts[turn % len(texts)] for exercise, texts in known.items()}


def _run(notebook: NotebookNode, source: Chapter, files: Path, sandbox: str, written: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="triptych-") as work:
        copy_tree(files, Path(work))
        execute(notebook, source, Path(work), limits=Limits(), sandbox=sandbox, compiled=written, filled=True)


def _answered(release: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    answered = nbformat.from_dict(release)
    for cell in answered.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    return answered


def _fingerprint(course: Course, chapter: str) -> str:
    """Changes with the notebook, the libraries, the compiler's options and the processor: programs are for one kind."""
    digest = hashlib.sha256(course.notebook(chapter).read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    digest.update(f"{QUICK} {platform.machine()} {_processor()}".encode())
    return digest.hexdigest()[:16]


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    lines = {line for line in text.splitlines() if line.startswith(("model name", "flags", "Features", "CPU part"))}
    return "\n".join(sorted(lines))
