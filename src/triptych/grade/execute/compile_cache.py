"""A cache of the programs that JAX compiles for a chapter, so that no submission compiles them again.

Most of the time of a notebook with JAX is the compilation of the same programs for each student. Runs of the
course's own notebook fill the cache; submissions only read it. For a few submissions one run with the instructor's
answers is enough. For many the bank's answers are run too, because students find the same ways to a result.

A compiled program shows how something is computed. A sandbox therefore shows the programs in a folder that cannot be
listed, each under a hash of the program: only code that has the same program can find the compiled one.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.check.bank import BankError, read_bank
from triptych.files import remove
from triptych.fingerprint import fingerprint
from triptych.grade.execute.run import execute
from triptych.grade.execute.zygote_spec import zygote_spec
from triptych.grade.guest.jax_cache import QUICK
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import close_zygote
from triptych.grade.submission.files import copy_tree
from triptych.model.chapter import Chapter, Role, read_chapter
from triptych.model.course import Course

#: With fewer submissions to a chapter, filling the cache takes longer than it saves.
MIN_SUBMISSIONS = 5
#: From this number on, the bank's answers are run too.
MIN_SUBMISSIONS_FOR_BANK = 20
#: A file beside the programs that marks a cache filled with the bank's answers.
WITH_BANK = "with-bank"
LIBRARIES = ("jax", "jaxlib", "numpy", "pyhf", "triptych")


def folder_of(course: Course, chapter: str) -> Path:
    """The folder for a chapter's compiled programs. It changes with everything that they depend on."""
    notebook = course.notebook(chapter)
    texts = (str(QUICK), platform.machine(), _processor())
    version = fingerprint(notebook, texts=texts, libraries=LIBRARIES)
    return course.root / ".triptych" / "compiled" / f"{chapter}-{version[:16]}"


def compiled(course: Course, chapter: str) -> Path | None:
    """The folder of a chapter's compiled programs, None if `warm` has not filled it."""
    folder = folder_of(course, chapter)
    return folder if folder.is_dir() else None


def worth_compiling(course: Course, chapter: str, submissions: int) -> bool:
    """Whether a cache saves time: chapters to be answered by hand leave JAX little to compile."""
    by_hand = course.plans[chapter].by_hand if chapter in course.plans else True
    return not by_hand and submissions >= MIN_SUBMISSIONS


def should_warm(course: Course, chapter: str, submissions: int) -> bool:
    """Whether to call `warm` before grading this number of submissions."""
    return worth_compiling(course, chapter, submissions) and not _is_warm(folder_of(course, chapter), submissions)


def _is_warm(folder: Path, submissions: int) -> bool:
    return folder.is_dir() and (submissions < MIN_SUBMISSIONS_FOR_BANK or (folder / WITH_BANK).exists())


def warm(
    course: Course,
    chapter: str,
    *,
    sandbox: str,
    submissions: int = MIN_SUBMISSIONS,
    on_test: Callable[[str], object] | None = None,
) -> Path:
    """Fills a chapter's cache by running its notebook; programs that are in it already are used.

    Args:
        course: the course.
        chapter: the chapter's id; it must be released.
        sandbox: "bwrap" or "none", as the submissions will be run.
        submissions: the number of submissions to grade, which decides whether the bank's answers are run.
        on_test: receives the id of each test cell before it runs.

    Returns:
        The folder of compiled programs.

    Raises:
        SetupError: a setup cell of the chapter fails.
        KernelError: the kernel does not start.
        SandboxError: no sandbox can be made on this machine.
    """
    target = folder_of(course, chapter)
    if _is_warm(target, submissions):
        return target
    with_bank = submissions >= MIN_SUBMISSIONS_FOR_BANK
    source = read_chapter(course.notebook(chapter))
    release = nbformat.read(course.release / chapter / f"{chapter}.ipynb", as_version=4)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="part-", dir=target.parent) as scratch:
        written, programs = Path(scratch) / "written", Path(scratch) / "programs"
        written.mkdir()
        programs.mkdir()
        if target.is_dir():
            copy_tree(target, written)
        spec = zygote_spec(
            sandbox,
            by_hand=source.by_hand,
            own_fit=source.own_fit,
            packages=source.packages,
            compiled=written,
            writable=True,
            hide=course.root,
        )
        try:
            for answers in _answer_sets(course, source, with_bank=with_bank):
                notebook = _answered(release, answers)
                files = course.release / chapter
                _run(notebook, source, files, sandbox=sandbox, compiled=written, on_test=on_test)
        finally:
            close_zygote(spec)
        for path in written.iterdir():
            if path.is_file() and not path.is_symlink() and path.name.endswith("-cache"):
                # With its time: a sandbox that cannot show all programs shows the oldest.
                shutil.copy2(path, programs / path.name)
        if with_bank:
            (programs / WITH_BANK).touch()
        for outdated in target.parent.glob(f"{chapter}-*"):
            remove(outdated)
        programs.rename(target)
    return target


def _answer_sets(course: Course, source: Chapter, *, with_bank: bool) -> Iterator[dict[str, str]]:
    """Answers to all exercises: the instructor's, then sets in which each of the bank's answers occurs."""
    own = {cell.grade_id: cell.source for cell in source.with_role(Role.SOLUTION)}
    yield own
    bank: dict[str, list[str]] = {}
    for exercise in own if with_bank else ():
        with contextlib.suppress(BankError):  # a course may be graded without its bank
            bank[exercise] = [answer.source for answer in read_bank(course.answers, source.id, exercise)]
    for number in range(max(map(len, bank.values()), default=0)):
        yield own | {exercise: texts[number % len(texts)] for exercise, texts in bank.items()}


def _run(notebook: NotebookNode, source: Chapter, files: Path, **options: Any) -> None:
    with tempfile.TemporaryDirectory(prefix="triptych-") as scratch:
        copy_tree(files, Path(scratch))
        execute(notebook, source, Path(scratch), limits=Limits(), compiled_writable=True, **options)


def _answered(release: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    notebook = nbformat.from_dict(release)
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    return notebook


def _processor() -> str:
    """The model and instruction sets of the processor: compiled programs run on the same kind only."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    lines = {line for line in text.splitlines() if line.startswith(("model name", "flags", "Features", "CPU part"))}
    return "\n".join(sorted(lines))
