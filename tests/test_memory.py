"""A worker process that goes from chapter to chapter keeps what one of them needs, not what all have needed."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from courses import FORWARD, PROJECT

from triptych.grade.dispatch import memory, worker
from triptych.grade.dispatch.job import Job
from triptych.grade.dispatch.memory import drop_other_chapters
from triptych.grade.execute.test_cells import CHAPTER_TESTS
from triptych.grade.sandbox import zygote
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import ZygoteSpec, close_zygotes, keep_at_most
from triptych.model.chapter import read_chapter

BARE = ZygoteSpec(sandbox="none", imports=())


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(memory, "_turned_to", set())
    monkeypatch.setattr(zygote, "_most", [zygote.MOST_KEPT])
    close_zygotes()
    yield
    close_zygotes()


def test_references_stay_for_a_chapter_and_go_with_it() -> None:
    first, second = PROJECT.chapters[2:4]
    chapter = read_chapter(PROJECT.notebook(first))
    drop_other_chapters(first)
    kept = CHAPTER_TESTS.get(chapter)
    drop_other_chapters(first)
    assert CHAPTER_TESTS.get(chapter) is kept
    drop_other_chapters(second)
    assert CHAPTER_TESTS.get(chapter) is not kept


def test_a_worker_keeps_one_warm_process() -> None:
    other = ZygoteSpec(sandbox="none", imports=(), code="1")
    one = zygote.get_zygote(BARE)
    zygote.get_zygote(other)
    assert one.alive  # a notebook server may use several in turn
    keep_at_most(1)
    last = zygote.get_zygote(other)
    assert last.alive
    assert not one.alive
    assert zygote.get_zygote(other) is last


def test_a_worker_turns_to_each_submission_and_gives_back_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(worker, "drop_other_chapters", done.append)
    monkeypatch.setattr(worker, "trim", lambda: done.append("gives back"))
    assert not worker.run(Job(str(tmp_path), "nobody", FORWARD, str(tmp_path), "none"), Limits()).ready
    assert done == [FORWARD, "gives back"]
    begins = "from triptych.grade.dispatch import worker; from triptych.grade.sandbox import zygote; worker.begin('', 'none'); print(zygote._most)"
    said = subprocess.run([sys.executable, "-c", begins], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert said.stderr.strip().endswith("[1]")  # a worker has nothing but its log to speak to


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc can be told to give back")
def test_what_is_free_goes_back_to_the_system() -> None:
    """In a process of its own: what others have left on the heap decides what can be given back."""
    said = subprocess.run([sys.executable, "-c", SCATTERED], capture_output=True, text=True, check=True).stdout
    before, after = map(int, said.split())
    assert after < before - 40e6


SCATTERED = """
import ctypes
from pathlib import Path
from triptych.grade.dispatch.memory import trim

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
parts = [library.malloc(1000) for _ in range(60_000)]
for part in parts:
    ctypes.memset(part, 1, 1000)
for part in parts[:-1]:  # the last one keeps the heap from shrinking by itself
    library.free(part)
before = resident()
trim()
print(before, resident())
"""
