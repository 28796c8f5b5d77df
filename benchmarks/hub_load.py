"""Measures the capacity of a hub: N students log in, fetch, validate and submit, all within a minute.

    sudo .venv/bin/python benchmarks/hub_load.py 5 10 30

Starts a separate hub on loopback for each N, with invented accounts, and removes it afterwards. Each student starts
at a random moment of the minute. Prints for each N the failures, the seconds for logging in (with the start of the
server), fetching, validating and submitting (median / 95th percentile), and the maximum memory of all servers
together.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from courses import FORWARD, scratch
from hub_browser import Browser
from hub_workshop import COURSE_ID, Workshop
from rich.console import Console
from rich.table import Table

from triptych.hub.admin.accounts import read_passwords
from triptych.hub.singleuser.cgroups import Groups

STEPS = ("log in", "fetch", "validate", "submit")
ANSWER = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2"


def run_student(address: str, user: str, password: str, start: float) -> dict[str, float]:
    """Acts as one student.

    Args:
        address: The address of the hub.
        user: The student's login.
        password: The student's password.
        start: When to log in, on the clock `time.monotonic`.

    Returns:
        The seconds for each of `STEPS`.

    Raises:
        AssertionError: A step did not have its effect.
    """
    time.sleep(max(start - time.monotonic(), 0))
    durations: dict[str, float] = {}
    browser = Browser(address, user)
    browser.client.timeout = 300
    path = f"{COURSE_ID}/{FORWARD}/{FORWARD}.ipynb"
    try:
        last = time.monotonic()

        def done(step: str) -> None:
            nonlocal last
            now = time.monotonic()
            durations[step], last = now - last, now

        browser.log_in(password)
        browser.start_server(seconds=300)
        done("log in")
        assert browser.button("fetch", COURSE_ID, FORWARD)[-1]["status"] == "fetched"
        done("fetch")
        notebook = browser.read(path)
        for cell in notebook["cells"]:
            if cell.get("id") == "mul_jvp":
                cell["source"] = ANSWER
        browser.write(path, notebook)
        last = time.monotonic()
        assert "mul_jvp" not in str(browser.validate(path)), "the right answer fails validation"
        done("validate")
        assert any(e["status"] == "submitted" for e in browser.button("submit", COURSE_ID, FORWARD))
        done("submit")
    finally:
        browser.close()
    return durations


class MemoryWatch:
    """Measures the maximum memory of all servers together, `max_bytes`, until `stop` is called."""

    def __init__(self, groups: Groups, users: list[str]) -> None:
        self.max_bytes = 0
        self._groups, self._users = groups, users
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self.max_bytes = max(self.max_bytes, sum(self._groups.group(user).memory_bytes or 0 for user in self._users))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def measure(number: int, spread_s: float) -> tuple[list[dict[str, float]], list[str], int]:
    """Runs one hub with `number` students, who start within `spread_s` seconds.

    Returns:
        The durations of each successful student, the errors of the others, and the maximum memory in bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        course = scratch(Path(folder) / "course")
        course.root.chmod(0o700)
        hub = Workshop(course, [f"s{n}" for n in range(number)])
        try:
            hub.up(FORWARD)
            passwords = read_passwords(hub.site)
            memory = MemoryWatch(Groups(hub.settings.group_name), hub.students)
            start = time.monotonic()
            with ThreadPoolExecutor(number) as pool:
                futures = [
                    pool.submit(run_student, hub.address, user, passwords[user], start + random.uniform(0, spread_s))  # noqa: S311
                    for user in hub.students
                ]
            memory.stop()
            errors = [repr(error)[:200] for future in futures if (error := future.exception())]
            return [future.result() for future in futures if not future.exception()], errors, memory.max_bytes
        finally:
            hub.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", type=int, nargs="+", metavar="N")
    parser.add_argument("--spread", type=float, default=60, help="seconds within which students start (60)")
    options = parser.parse_args()
    table = Table("N", "failures", *(f"{step}, s" for step in STEPS), "memory, GB", "per student, MB")
    console = Console(width=130)
    for number in options.numbers:
        durations, errors, memory_bytes = measure(number, options.spread)
        for error in errors[:5]:
            console.print(f"N={number}: {error}", style="red", markup=False)
        cells = []
        for step in STEPS:
            values = sorted(student[step] for student in durations)
            top = values[min(int(0.95 * len(values)), len(values) - 1)] if values else 0
            cells.append(f"{statistics.median(values):.1f} / {top:.1f}" if values else "–")
        table.add_row(
            str(number), str(len(errors)), *cells, f"{memory_bytes / 1e9:.1f}", f"{memory_bytes / 1e6 / number:.0f}"
        )
        console.print(table)


if __name__ == "__main__":
    main()
