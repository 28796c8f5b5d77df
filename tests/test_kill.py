"""A run that is killed at any moment, whoever of it is hit, loses nobody's marks: a second run has them all.

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
from seeds import SEED

from triptych.build.release import release_chapter
from triptych.model.course import Course

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("TRIPTYCH_KILLS", "4"))
ANSWERS = {
    "ada": "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2",
    "blaise": "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx1 + dx2 * x2",
    "emmy": "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, dx1 * x2 + dx2 * x1",
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, object], float]:
    course = scratch(tmp_path_factory.mktemp("kill") / "course")
    edit(course.notebook(FORWARD), lambda notebook: shortened(notebook, "mul_jvp"))
    release_chapter(course, FORWARD)
    for student, text in ANSWERS.items():
        submit(course, student, answer(course, FORWARD, {"mul_jvp": text}))
    start = time.monotonic()
    assert run(course).wait() == 0
    return course, marks(course), time.monotonic() - start


def run(course: Course) -> subprocess.Popen[bytes]:
    command = [str(Path(sys.executable).parent / "triptych"), "grade", FORWARD, "--sandbox", "none", "--json", "r.json"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=course.root, stdout=quiet, stderr=quiet, start_new_session=True)


def marks(course: Course) -> dict[str, object]:
    """Each student's marks as the last run says them and as the gradebook's export has them."""
    said = json.loads((course.root / "r.json").read_text(encoding="utf-8"))["submissions"]
    nbgrader = [str(Path(sys.executable).parent / "nbgrader"), "export", "--to", "g.csv"]
    subprocess.run(nbgrader, cwd=course.root, capture_output=True, check=True)
    rows = (course.root / "g.csv").read_text(encoding="utf-8").splitlines()
    return {"said": said, "exported": sorted(rows)}


def test_the_undisturbed_run_is_right(undisturbed: tuple[Course, dict[str, object], float]) -> None:
    said = {s["student"]: s["score"] for s in undisturbed[1]["said"]}
    assert said == {"ada": 2, "blaise": 0, "emmy": 2}


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_run_is_made_good_by_the_next(
    undisturbed: tuple[Course, dict[str, object], float], number: int
) -> None:
    course, expected, seconds = undisturbed
    draw = random.Random(f"{SEED} {number}")
    # spread over the whole run, so that intake, kernels, gradebook and feedback all get their share
    part, victim = (number + draw.random()) / KILLS, draw.random()
    moment, killed = seconds * part, "nothing"
    process = run(course)
    try:
        process.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(psutil.NoSuchProcess):
            everyone = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            everyone.sort(key=psutil.Process.create_time)
            chosen = everyone[int(victim * len(everyone))]
            killed = f"process {everyone.index(chosen) + 1} of {len(everyone)}, {chosen.cmdline()[:4]}"
            chosen.send_signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=120)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (course.root / "r.json").unlink(missing_ok=True)
    assert run(course).wait() == 0
    assert marks(course) == expected, f"killed {killed} at {part:.0%} of a run, seed {SEED}"
