"""Worker processes: what becomes of a submission whose process hangs, dies, or is no longer wanted."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import deadly
import psutil
import pytest
from waiting import happens

from triptych.grade.dispatch.pool import WorkerPool, outcome_of
from triptych.grade.sandbox.limits import Limits

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pool")]
STARTS_A_POOL = """
import os, sys, time
from pathlib import Path
from triptych.grade.dispatch.pool import WorkerPool
if __name__ == "__main__":
    pool = WorkerPool(1, Path(sys.argv[1]))
    print(pool.schedule(os.getpid, [], 60).result(), flush=True)
    pool.schedule(time.sleep, [3600], 3600).result()
"""


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    with contextlib.closing(WorkerPool(2, tmp_path_factory.mktemp("references"))) as pool:
        yield pool


@pytest.mark.parametrize(
    ("function", "timeout_s", "reason"),
    [
        (deadly.end_stuck, 60, "it did not end within"),
        (deadly.crash, 60, "its worker process died (exit code -11)"),
        (deadly.hang, 1, "it did not end within"),
        (os.getpgid, 60, "the grader could not run it (TypeError"),
    ],
)
def test_a_fault_costs_its_submission_alone(
    pool: WorkerPool, function: Callable[..., object], timeout_s: float, reason: str
) -> None:
    other = pool.schedule(os.getpid, [], 60)
    outcome = outcome_of(pool.schedule(function, [], timeout_s), Limits(), "the log")
    assert (outcome.ready, outcome.again) == (False, True) and outcome.reason.startswith(reason)
    assert other.result() and pool.schedule(os.getpid, [], 60).result()


def test_cancelling_ends_the_process(pool: WorkerPool) -> None:
    process = psutil.Process(pool.schedule(os.getpid, [], 60).result())
    futures = [pool.schedule(deadly.hang, [], 3600) for _ in range(2)]
    assert happens(lambda: all(future.running() for future in futures))
    for future in futures:
        future.cancel()
    assert happens(lambda: not process.is_running())
    assert pool.schedule(os.getpid, [], 60).result() != process.pid


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    script = tmp_path / "starts_a_pool.py"
    script.write_text(STARTS_A_POOL)
    with subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert happens(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
