"""A run in which a process is killed at any moment loses no score: a second run has them all.

TRIPTYCH_KILLS sets how many moments are tried (a few in every run of the slow tests; 50 before a release). The moment,
as a part of an undisturbed run, and the process that is killed follow from the seed that pytest prints.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from courses import FORWARD, answer, edit, scratch, shortened, submit
from hostile_cases import FOLDER, read_case
from seeds import SEED
from waiting import happens

from triptych.build.release import release_chapter
from triptych.grade.dispatch.job import RUNNING_TEST
from triptych.model.course import Course

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("TRIPTYCH_KILLS", "4"))
BIN = Path(sys.executable).parent
ANSWERS = {
    "ada": "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2",
    "blaise": "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx1 + dx2 * x2",
    "emmy": "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, dx1 * x2 + dx2 * x1",
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, object], float]:
    """A class, its scores after an undisturbed run, and the seconds that the run took."""
    course = scratch(tmp_path_factory.mktemp("kill") / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    release_chapter(course, FORWARD)
    for student, text in ANSWERS.items():
        submit(course, student, answer(course, FORWARD, {"mul_jvp": text}))
    start = time.monotonic()
    assert run(course).wait() == 0
    return course, scores(course), time.monotonic() - start


def run(course: Course, **environment: str) -> subprocess.Popen[bytes]:
    command = [str(BIN / "triptych"), "grade", FORWARD, "--sandbox", "none", "--json", "r.json"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        command, cwd=course.root, env={**os.environ, **environment}, stdout=quiet, stderr=quiet, start_new_session=True
    )


def scores(course: Course) -> dict[str, object]:
    """Each student's scores in the last run's JSON and in the gradebook's export."""
    submissions = json.loads((course.root / "r.json").read_text(encoding="utf-8"))["submissions"]
    nbgrader = [str(BIN / "nbgrader"), "export", "--to", "g.csv"]
    subprocess.run(nbgrader, cwd=course.root, capture_output=True, check=True)
    rows = (course.root / "g.csv").read_text(encoding="utf-8").splitlines()
    return {"json": submissions, "exported": sorted(rows)}


def test_the_undisturbed_run_is_right(undisturbed: tuple[Course, dict[str, object], float]) -> None:
    assert {s["student"]: s["score"] for s in undisturbed[1]["json"]} == {"ada": 2, "blaise": 0, "emmy": 2}
    assert all((undisturbed[0].root / name).is_file() for name in ("report.html", "grades.csv"))


LOOPS = {
    "in the answer": "def mul_jvp(x1, dx1, x2, dx2):\n    while True: pass",
    # a set of numbers with the same hash, which the grader's process builds in C code with the lock held
    "in the grader's process": read_case(FOLDER / "equal_hashes.py").parts[0][1],
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_a_run(tmp_path: Path, loop: str, end: signal.Signals) -> None:
    course = scratch(tmp_path / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    release_chapter(course, FORWARD)
    submit(course, "ada", answer(course, FORWARD, {"mul_jvp": LOOPS[loop]}))
    scratch_folder = tmp_path / "scratch"
    scratch_folder.mkdir()
    process = run(course, TMPDIR=str(scratch_folder))
    # unlike Path.rglob, this passes over folders that are removed meanwhile
    assert happens(lambda: any(RUNNING_TEST in files for _, _, files in os.walk(scratch_folder)))
    time.sleep(2)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.send_signal(end)
    process.wait(timeout=30)
    _, alive = psutil.wait_procs(family, timeout=15)
    assert [member.cmdline()[:3] for member in alive if member.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("number", range(KILLS))
def test_a_second_run_has_all_scores(undisturbed: tuple[Course, dict[str, object], float], number: int) -> None:
    course, expected, seconds = undisturbed
    draw = random.Random(f"{SEED} {number}")
    # spread over the whole run, so that intake, kernels, gradebook and feedback all get their share
    part, victim = (number + draw.random()) / KILLS, draw.random()
    killed = "nothing"
    process = run(course)
    try:
        process.wait(timeout=seconds * part)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(psutil.NoSuchProcess):
            main = psutil.Process(process.pid)
            processes = [main, *main.children(recursive=True)]
            processes.sort(key=psutil.Process.create_time)
            chosen = processes[int(victim * len(processes))]
            killed = f"process {processes.index(chosen) + 1} of {len(processes)}, {chosen.cmdline()[:4]}"
            chosen.send_signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=120)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (course.root / "r.json").unlink(missing_ok=True)
    assert run(course).wait() == 0
    assert scores(course) == expected, f"killed {killed} at {part:.0%} of a run, seed {SEED}"
