"""Opens JupyterLab on your own copy of the course: `python tools/student.py`, or `make student`.

The copy is `work/`. New chapters are added to it; existing files are never changed. This script uses only the standard
library; JupyterLab needs the packages of requirements.txt.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def copy_chapters(release: Path, work: Path) -> list[str]:
    """Copies the files of released chapters that `work` does not have. Returns the ids of new chapters."""
    new_chapters = []
    for chapter in sorted(path for path in release.iterdir() if path.is_dir()):
        if not (work / chapter.name).exists():
            new_chapters.append(chapter.name)
        for path in sorted(chapter.rglob("*")):
            target = work / path.relative_to(release)
            if path.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    return new_chapters


def find_notebook(work: Path, name: str) -> Path:
    """Returns the notebook of a chapter, given by name or number. Exits with a message if there is none."""
    chapters = sorted(path.name for path in work.iterdir() if (path / f"{path.name}.ipynb").is_file())
    for chapter in chapters:
        if name in (chapter, chapter.split("_")[0], chapter.split("_")[0].lstrip("0")):
            return work / chapter / f"{chapter}.ipynb"
    sys.exit(f"There is no chapter {name!r} in {work}: name one of {', '.join(chapters)}.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Opens JupyterLab on your own copy of the course.")
    parser.add_argument("chapter", nargs="?", default="1", help="name or number (default: the first)")
    parser.add_argument("--port", type=int, default=0, help="port for JupyterLab (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="print the address without opening a browser")
    parser.add_argument("--copy-only", action="store_true", help="only make the copy")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "work", metavar="DIR", help="folder of the copy (default: work/)"
    )
    options = parser.parse_args()
    work = options.work.resolve()
    new_chapters = copy_chapters(ROOT / "release", work)
    news = f" with {len(new_chapters)} new chapters" if new_chapters else ""
    print(f"Your copy of the course is {work}{news}. Submit notebooks from there.", flush=True)
    if options.copy_only:
        return
    notebook = find_notebook(work, options.chapter)
    # JupyterLab starts in `work`, so that its file browser shows it and it does not read the course's configuration.
    url = f"/lab/tree/{notebook.relative_to(work).as_posix()}"
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={work}", f"--LabApp.default_url={url}"]
    command += [f"--port={options.port}"] if options.port else []
    command += ["--no-browser"] if options.no_browser else []
    command += ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    try:
        sys.exit(subprocess.run(command, cwd=work, check=False).returncode)
    except KeyboardInterrupt:  # JupyterLab has printed a message itself
        sys.exit(0)


if __name__ == "__main__":
    main()
