"""How many people does one machine hold? N students log in, fetch, validate and submit, all within a minute.

    sudo .venv/bin/python benchmarks/hub_load.py 5 10 30

Starts a hub of its own on loopback for each N, with invented accounts, and takes everything away again.
Each student begins at a random moment of the minute, as a class does after "now please log in". A line for
each N: failures, seconds that logging in (with the server's start), fetching, validating and submitting took
(median / 95th percentile), and the memory of everyone's servers together at the fullest moment.
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
MUL_JVP = "def mul_jvp(x1, dx1, x2, dx2):\n    return x1 * x2, x1 * dx2 + dx1 * x2"


def student(address: str, user: str, password: str, begins: float) -> dict[str, float]:
    """One student's minute: seconds for each step. Raises when a button does not do its work."""
    time.sleep(max(begins - time.monotonic(), 0))
    took: dict[str, float] = {}
    browser = Browser(address, user)
    browser.client.timeout = 300
    path = f"{COURSE_ID}/{FORWARD}/{FORWARD}.ipynb"
    try:
        mark = time.monotonic()

        def done(step: str) -> None:
            nonlocal mark
            now = time.monotonic()
            took[step], mark = now - mark, now

        browser.log_in(password)
        browser.start_server(seconds=300)
        done("log in")
        assert browser.button("fetch", COURSE_ID, FORWARD)[-1]["status"] == "fetched"
        done("fetch")
        notebook = browser.read(path)
        for cell in notebook["cells"]:
            if cell.get("id") == "mul_jvp":
                cell["source"] = MUL_JVP
        browser.write(path, notebook)
        mark = time.monotonic()
        assert "mul_jvp" not in str(browser.validate(path)), "the right answer passes"
        done("validate")
        assert any(e["status"] == "submitted" for e in browser.button("submit", COURSE_ID, FORWARD))
        done("submit")
    finally:
        browser.close()
    return took


class Memory:
    """The most that all servers have held at once, in bytes."""

    def __init__(self, groups: Groups, users: list[str]) -> None:
        self.most = 0
        self._groups, self._users = groups, users
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self.most = max(self.most, sum(self._groups.group(user).memory_bytes or 0 for user in self._users))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def measure(number: int, spread: float) -> tuple[list[dict[str, float]], list[str], int]:
    """Runs one hub with `number` students; their times, what went wrong, bytes of memory."""
    with tempfile.TemporaryDirectory() as folder:
        course = scratch(Path(folder) / "course")
        course.root.chmod(0o700)
        hub = Workshop(course, [f"s{n}" for n in range(number)])
        try:
            hub.up(FORWARD)
            known = read_passwords(hub.site)
            memory = Memory(Groups(hub.settings.group_name), hub.students)
            start = time.monotonic()
            with ThreadPoolExecutor(number) as pool:
                work = [
                    pool.submit(student, hub.address, user, known[user], start + random.uniform(0, spread))  # noqa: S311
                    for user in hub.students
                ]
            memory.stop()
            failed = [repr(error)[:200] for one in work if (error := one.exception())]
            return [one.result() for one in work if not one.exception()], failed, memory.most
        finally:
            hub.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("numbers", type=int, nargs="+", metavar="N")
    arguments.add_argument("--spread", type=float, default=60, help="seconds over which they begin (60)")
    asked = arguments.parse_args()
    table = Table("N", "failures", *(f"{step}, s" for step in STEPS), "memory, GB", "a student, MB")
    console = Console(width=130)
    for number in asked.numbers:
        times, failed, memory = measure(number, asked.spread)
        for line in failed[:5]:
            console.print(f"N={number}: {line}", style="red", markup=False)
        cells = []
        for step in STEPS:
            values = sorted(took[step] for took in times)
            top = values[min(int(0.95 * len(values)), len(values) - 1)] if values else 0
            cells.append(f"{statistics.median(values):.1f} / {top:.1f}" if values else "–")
        table.add_row(str(number), str(len(failed)), *cells, f"{memory / 1e9:.1f}", f"{memory / 1e6 / number:.0f}")
        console.print(table)


if __name__ == "__main__":
    main()
