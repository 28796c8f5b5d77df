"""Opens JupyterLab on your own copy of the course: `python tools/student.py`, or `make student`.

The copy is `work/`. Chapters that are new are added to it, and nothing that is there is ever changed.
Needs the packages of requirements.txt and nothing else; only the standard library is used here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def own_copy(release: Path, work: Path) -> list[str]:
    """Copies what `work` lacks of the released chapters, file by file. Returns the chapters that are new in it."""
    new = []
    for chapter in sorted(path for path in release.iterdir() if path.is_dir()):
        if not (work / chapter.name).exists():
            new.append(chapter.name)
        for path in sorted(chapter.rglob("*")):
            target = work / path.relative_to(release)
            if path.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    return new


def find(work: Path, name: str) -> Path:
    """The notebook of a chapter, by name or number. Ends with one sentence when there is none."""
    chapters = sorted(path.name for path in work.iterdir() if (path / f"{path.name}.ipynb").is_file())
    for chapter in chapters:
        if name in (chapter, chapter.split("_")[0], chapter.split("_")[0].lstrip("0")):
            return work / chapter / f"{chapter}.ipynb"
    sys.exit(f"There is no chapter {name!r} in {work}: name one of {', '.join(chapters)}.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Opens JupyterLab on your own copy of the course.")
    parser.add_argument("chapter", nargs="?", default="1", help="name or number (default: the first)")
    parser.add_argument("--port", type=int, default=0, help="port for JupyterLab (default: its own choice)")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    parser.add_argument("--copy-only", action="store_true", help="make the copy, and open nothing")
    parser.add_argument("--work", type=Path, default=ROOT / "work", metavar="DIR", help="where the copy is (work/)")
    options = parser.parse_args()
    work = options.work.resolve()
    new = own_copy(ROOT / "release", work)
    print(f"Your copy is {work}{f', with {len(new)} new chapters' if new else ''}; hand in from there.", flush=True)
    if options.copy_only:
        return
    notebook = find(work, options.chapter)
    # from `work`, so that Lab's file browser shows it and the course's own configuration is not read
    place = f"/lab/tree/{notebook.relative_to(work).as_posix()}"
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={work}", f"--LabApp.default_url={place}"]
    command += [f"--port={options.port}"] if options.port else []
    command += ["--no-browser"] if options.no_browser else []
    command += ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    try:
        sys.exit(subprocess.run(command, cwd=work, check=False).returncode)
    except KeyboardInterrupt:  # Lab has said goodbye itself
        sys.exit(0)


if __name__ == "__main__":
    main()
