"""The kernel's limits on a process that runs test cells, and the next process after one that was ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from pebble import ProcessExpired

from triptych.grade.dispatch.job import RUNNING_TEST, Job
from triptych.grade.dispatch.pool import next_try
from triptych.grade.sandbox.limits import Limits

CODE = """
import hashlib, sys
from triptych.grade.execute.process_limits import process_limits
with process_limits(1, 100_000_000):
    {}
print("alive")
"""
#: One call into C that keeps the interpreter's lock for minutes: all keys have the same hash.
HOLDS_THE_LOCK = "set(k * (2**61 - 1) for k in list(range(200_000)))"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE.format(code)], capture_output=True, text=True, timeout=120, check=False
    )


def test_work_within_the_limits_is_not_touched() -> None:
    assert run("sum(range(10**6)); bytes(50_000_000)").stdout == "alive\n"


@pytest.mark.parametrize("code", ["bytes(200_000_000)", "[bytearray(10_000_000) for _ in range(20)]"])
def test_too_much_memory_is_an_exception_and_no_end(code: str) -> None:
    assert run(f"\n    try: {code}\n    except MemoryError: print('full')").stdout == "full\nalive\n"


def test_memory_is_free_again_after_the_block() -> None:
    code = "pass\nprint(len(bytes(300_000_000)))"
    assert run(code).stdout == "300000000\nalive\n"


@pytest.mark.parametrize("code", [HOLDS_THE_LOCK, "while True: pass", "hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)"])
def test_too_much_processor_time_ends_the_process(code: str) -> None:
    assert run(code).returncode == -signal.SIGPROF


@pytest.fixture
def job(tmp_path: Path) -> Job:
    work = tmp_path / "work"
    work.mkdir()
    (work / RUNNING_TEST).write_text("mul_jvp_arrays")
    return Job("course", "ada", "05_forward_mode", str(work), "none", seed="1f")


def failed_with(error: BaseException) -> Future[object]:
    future: Future[object] = Future()
    future.set_exception(error)
    return future


def test_a_submission_goes_on_without_the_test_that_ended_its_process(job: Job) -> None:
    again = next_try(job, failed_with(ProcessExpired("died", -signal.SIGPROF)), Limits())
    assert again == replace(job, failed_tests=("mul_jvp_arrays",))
    assert not Path(job.work).exists()  # begun from nothing


def test_a_process_that_died_outside_of_a_test_is_not_tried_again(job: Job) -> None:
    Path(job.work, RUNNING_TEST).unlink()
    assert next_try(job, failed_with(ProcessExpired("died", -signal.SIGKILL)), Limits()) is None


def test_other_errors_are_not_tried_again(job: Job) -> None:
    assert next_try(job, failed_with(ValueError()), Limits()) is None


def test_tries_end(job: Job) -> None:
    job = replace(job, failed_tests=("a", "b", "c"))
    assert next_try(job, failed_with(ProcessExpired("died", -signal.SIGPROF)), Limits()) is None
