"""A worker that grades one chapter after the other keeps in memory only what the current one needs."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from courses import FORWARD, PROJECT, answer, edit, scratch, shortened, submit

from triptych.build.release import release_chapter
from triptych.grade.dispatch import worker
from triptych.grade.dispatch.job import Job
from triptych.grade.dispatch.worker import Worker
from triptych.grade.execute import verdict
from triptych.grade.execute.test_cells import CHAPTER_TESTS
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import ZygoteCache, ZygoteSpec
from triptych.model.chapter import Role, read_chapter


@pytest.fixture
def cache() -> Iterator[ZygoteCache]:
    cache = ZygoteCache()
    yield cache
    cache.close()


def test_references_stay_for_a_chapter_and_go_with_it() -> None:
    first, second = PROJECT.chapters[2:4]
    chapter, process = read_chapter(PROJECT.notebook(first)), Worker()
    process.keep_only(first)
    before = CHAPTER_TESTS.get(chapter)
    process.keep_only(first)
    assert CHAPTER_TESTS.get(chapter) is before
    process.keep_only(second)
    assert CHAPTER_TESTS.get(chapter) is not before


def test_the_least_recently_used_zygote_is_closed(cache: ZygoteCache) -> None:
    first, second = (ZygoteSpec(sandbox="none", imports=(), code=code) for code in ("1", "2"))
    oldest = cache.get(first)
    newest = cache.get(second)
    assert oldest.alive and newest.alive  # a notebook server may use several in turn
    cache.limit(1)
    assert cache.get(second) is newest
    assert newest.alive and not oldest.alive
    cache.close(second)
    assert not newest.alive


def test_a_dead_zygote_is_replaced(cache: ZygoteCache) -> None:
    spec = ZygoteSpec(sandbox="none", imports=())
    dead = cache.get(spec)
    dead.close()
    assert cache.get(spec) is not dead and cache.get(spec).alive


def test_a_worker_drops_other_chapters_before_a_submission_and_trims_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    monkeypatch.setattr(Worker, "keep_only", lambda self, chapter: steps.append(chapter))
    monkeypatch.setattr(worker, "trim", lambda: steps.append("trim"))
    monkeypatch.setattr(worker, "private_bytes", lambda: 0)
    course = scratch(tmp_path / "course")
    release_chapter(course, FORWARD)
    assert not Worker().run(Job(str(course.root), "nobody", FORWARD, str(tmp_path), "none"), Limits()).ready
    assert steps == [FORWARD, "trim"]


def test_a_worker_empties_jax_s_caches_when_they_have_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, cleared = iter([240, 260, 190, 280, 300, 210]), []  # MB; the third and the last are those after clearing
    monkeypatch.setattr(worker, "private_bytes", lambda: next(sizes) * 1_000_000)
    monkeypatch.setattr(worker.jax, "clear_caches", lambda: cleared.append(1))
    process, counts = Worker(), []
    for _ in range(4):
        process.release_programs()
        counts.append(len(cleared))
    assert counts == [0, 1, 1, 2]


def test_a_large_submission_leaves_a_worker_no_larger_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([400, 380, 190])  # MB: at the end of a submission, after clearing, when its objects are gone
    monkeypatch.setattr(worker, "private_bytes", lambda: next(sizes) * 1_000_000)
    course = scratch(tmp_path / "course")
    release_chapter(course, FORWARD)
    process = Worker()
    process.run(Job(str(course.root), "nobody", FORWARD, str(tmp_path), "none"), Limits())
    assert process._size_bytes == 190_000_000


def test_a_worker_looks_at_its_memory_before_each_test_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    monkeypatch.setattr(worker, "trim", lambda: None)
    monkeypatch.setattr(worker, "private_bytes", lambda: steps.append("size") or 0)
    monkeypatch.setattr(verdict, "_failure", lambda test, *rest: steps.append(test.id))
    course = scratch(tmp_path / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    release_chapter(course, FORWARD)
    submit(course, "ada", answer(course, FORWARD, {}))
    assert Worker().run(Job(str(course.root), "ada", FORWARD, str(tmp_path), "none"), Limits()).ready
    tests = [cell.id for cell in read_chapter(course.notebook(FORWARD)).with_role(Role.TEST)]
    assert len(tests) == 2 and steps == [*(step for test in tests for step in ("size", test)), "size", "size"]


def test_a_worker_keeps_one_zygote(tmp_path: Path) -> None:
    code = """
from triptych.grade.dispatch import worker
from triptych.grade.sandbox.zygote import ZygoteSpec, get_zygote
worker.start("none")
zygotes = [get_zygote(ZygoteSpec(sandbox="none", imports=(), code=code)) for code in "12"]
print([zygote.alive for zygote in zygotes])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stderr.strip().endswith("[False, True]")  # a worker prints to its log alone


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc can return free memory")
def test_free_memory_is_returned_to_the_system() -> None:
    """In a process of its own, since the heap of this one depends on earlier tests."""
    output = subprocess.run([sys.executable, "-c", SCATTERED], capture_output=True, text=True, check=True).stdout
    before, after = map(int, output.split())
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
