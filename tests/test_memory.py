"""A worker process that goes from chapter to chapter keeps what one of them needs, not what all have needed."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from courses import FORWARD, PROJECT, scratch

from triptych.grade.dispatch import worker
from triptych.grade.dispatch.job import Job
from triptych.grade.dispatch.worker import Worker
from triptych.grade.execute.test_cells import references
from triptych.grade.sandbox import zygote
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import ZygoteSpec, close_zygotes, keep_at_most
from triptych.model.chapter import read_chapter

BARE = ZygoteSpec(sandbox="none", imports=())


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(zygote, "_most", [zygote.MOST_KEPT])
    close_zygotes()
    yield
    close_zygotes()


def test_references_stay_for_a_chapter_and_go_with_it() -> None:
    first, second = PROJECT.chapters[2:4]
    chapter, process = read_chapter(PROJECT.notebook(first)), Worker()
    process.keep_only(first)
    before = references(chapter)
    process.keep_only(first)
    assert references(chapter) is before
    process.keep_only(second)
    assert references(chapter) is not before


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


def test_a_worker_drops_other_chapters_before_a_submission_and_trims_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    monkeypatch.setattr(Worker, "keep_only", lambda self, chapter: steps.append(chapter))
    monkeypatch.setattr(worker, "trim", lambda: steps.append("trim"))
    course = scratch(tmp_path / "course")
    assert not Worker().run(Job(str(course.root), "nobody", FORWARD, str(tmp_path), "none"), Limits()).ready
    assert steps == [FORWARD, "trim"]
    code = "from triptych.grade.dispatch import worker; from triptych.grade.sandbox import zygote; worker.start('none'); print(zygote._most)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stderr.strip().endswith("[1]")  # a worker prints to its log alone


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc can be told to give back")
def test_what_is_free_goes_back_to_the_system() -> None:
    """In a process of its own: what others have left on the heap decides what can be given back."""
    said = subprocess.run([sys.executable, "-c", SCATTERED], capture_output=True, text=True, check=True).stdout
    before, after = map(int, said.split())
    assert after < before - 40e6


SCATTERED = """
import ctypes
from pathlib import Path
from triptych.grade.dispatch.worker import trim

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
