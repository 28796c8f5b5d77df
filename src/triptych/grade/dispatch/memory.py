"""Memory that a worker process gives back: a class is graded chapter by chapter, and it works for hours."""

from __future__ import annotations

import ctypes
import gc

import jax

from triptych.grade.execute.test_cells import CHAPTER_TESTS

_turned_to: set[str] = set()


def drop_other_chapters(chapter: str) -> None:
    """Lets go of what this process keeps for another chapter than the one that comes now.

    Its warm process goes too, once the chapter needs another (`zygote.keep_at_most`). For a process that
    works on one submission at a time.
    """
    if _turned_to - {chapter}:
        CHAPTER_TESTS.clear()
        jax.clear_caches()
        gc.collect()
        trim()
        _turned_to.clear()
    _turned_to.add(chapter)


def trim() -> None:
    """Gives free memory back to the system, which the C library keeps: 100 MB after a chapter's setup cells."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if give_back is not None:
        give_back(0)
