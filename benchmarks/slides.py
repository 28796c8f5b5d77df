"""Measures the time to build and to open decks, and their size.

    .venv/bin/python benchmarks/slides.py [--cold]

Builds the whole course in a temporary folder with existing answer keys (with `--cold` first without them, which runs
every notebook), then again without a change. Then opens each deck five times from disk in a new page and prints the
median time until formulas are typeset and the first slide is visible (the attribute data-ready).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from triptych.build.browser import launch
from triptych.build.release import copy_course
from triptych.model.course import Course

PROJECT = Course(Path(__file__).resolve().parents[1])
TRIPTYCH = Path(sys.executable).parent / "triptych"
OPENINGS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold", action="store_true", help="also build without any answer key")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="triptych-bench-") as folder:
        course = Path(folder) / "course"
        copy_course(PROJECT, course, PROJECT.chapters)
        for part in ("template", "theme", "interactive", "vendor"):
            shutil.copytree(PROJECT.slides / part, course / "slides" / part)
        keys = PROJECT.root / ".triptych" / "answer_keys"
        if options.cold or not keys.is_dir():
            print(f"build, no answer keys:    {build_s(course):6.1f} s")
        else:
            shutil.copytree(keys, course / ".triptych" / "answer_keys")
        for stale in ("build.json", "../gradebook.db"):
            (course / ".triptych" / stale).unlink(missing_ok=True)
        print(f"build, answer keys exist: {build_s(course):6.1f} s")
        print(f"build, nothing changed:   {build_s(course):6.1f} s")
        print(f"build --pdf, decks exist: {build_s(course, '--pdf'):6.1f} s")
        measure_opening(sorted((course / "slides").glob("*.html")))


def build_s(course: Path, *options: str) -> float:
    """Runs `triptych build` and returns its wall time in seconds."""
    start = time.monotonic()
    subprocess.run([TRIPTYCH, "build", *options], cwd=course, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def measure_opening(decks: list[Path]) -> None:
    """Prints the size of each deck and the median time to open it."""
    print(f"\n{'deck':<28}{'size':>8}{'opens in':>10}")
    with launch() as browser:
        for deck in decks:
            if deck.stem == "index":
                continue
            seconds = []
            for _ in range(OPENINGS):
                page = browser.new_page(viewport={"width": 1280, "height": 720})
                start = time.monotonic()
                page.goto(deck.as_uri())
                page.wait_for_selector("html[data-ready]", state="attached")
                seconds.append(time.monotonic() - start)
                page.close()
            print(f"{deck.stem:<28}{deck.stat().st_size / 1e6:>5.1f} MB{statistics.median(seconds):>8.2f} s")


if __name__ == "__main__":
    main()
