"""Measures the waiting time of commands that only check: medians of processor and wall time.

python benchmarks/waiting.py
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from triptych.build.release import copy_course
from triptych.model.course import Course

PROJECT = Course(Path(__file__).resolve().parents[1])
TRIPTYCH = str(Path(sys.executable).parent / "triptych")


RUNS = 5


def measure(course: Course, *arguments: str, before: Callable[[], object] = lambda: None) -> str:
    """Runs `triptych` with arguments several times, each after a call of `before`. Returns the medians as text."""
    cpu, wall = [], []
    for _ in range(RUNS):
        before()
        start_usage, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run([TRIPTYCH, *arguments], cwd=course.root, capture_output=True, check=False)
        wall.append(time.monotonic() - start)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(usage.ru_utime + usage.ru_stime - start_usage.ru_utime - start_usage.ru_stime)
    return f"{statistics.median(cpu):6.2f} s processor {statistics.median(wall):6.2f} s wall"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="triptych-bench-") as folder:
        course = Course(Path(folder) / "course")
        copy_course(PROJECT, course.root, PROJECT.chapters)
        shutil.copytree(PROJECT.slides, course.slides, ignore=shutil.ignore_patterns("*.html", "*.pdf"))
        shutil.copytree(PROJECT.answers, course.answers)
        figure = course.source / PROJECT.chapters[0] / "figures" / "new.svg"
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print("check, everything    ", measure(course, "check", "--force"))
        print("check, one chapter   ", measure(course, "check", before=lambda: figure.write_text(str(time.time()))))
        print("check, nothing       ", measure(course, "check"))
        print("triptych alone       ", measure(course))
        print("triptych --help      ", measure(course, "--help"))


if __name__ == "__main__":
    main()
