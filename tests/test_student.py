"""A student's copy of the course: it is extended but never overwritten, and JupyterLab opens on it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from student import find_notebook  # noqa: E402

STUDENT = [sys.executable, str(ROOT / "tools" / "student.py")]
FIRST = "01_finite_differences"


def make_copy(work: Path) -> str:
    command = [*STUDENT, "--copy-only", "--work", str(work)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_students_files_are_kept(tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert "8 new chapters" in make_copy(work)
    notebook = work / FIRST / f"{FIRST}.ipynb"
    assert notebook.read_bytes() == (ROOT / "release" / FIRST / f"{FIRST}.ipynb").read_bytes()
    notebook.write_text("my answers")
    (work / FIRST / "notes.txt").write_text("my notes")
    (work / FIRST / "rise.css").unlink()
    assert "new chapters" not in make_copy(work)
    assert notebook.read_text() == "my answers" and (work / FIRST / "notes.txt").read_text() == "my notes"
    assert (work / FIRST / "rise.css").is_file()


def test_an_unknown_chapter_is_one_message(tmp_path: Path) -> None:
    command = [*STUDENT, "9", "--work", str(tmp_path / "work")]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert f"no chapter '9' in {tmp_path / 'work'}: name one of {FIRST}, " in result.stderr


@pytest.mark.parametrize(("name", "chapter"), [("1", FIRST), ("05", "05_forward_mode"), ("07_jax", "07_jax")])
def test_chapters_are_found_by_number_and_name(name: str, chapter: str) -> None:
    assert find_notebook(ROOT / "release", name) == ROOT / "release" / chapter / f"{chapter}.ipynb"


def listing(address: str) -> set[str]:
    """The names that a server lists, once it listens."""
    for _ in range(120):
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(address) as reply:
            return {entry["name"] for entry in json.load(reply)["content"]}
        time.sleep(0.5)
    raise AssertionError(f"{address} does not answer")


def test_lab_opens_on_the_chapter(tmp_path: Path) -> None:
    chapter = "05_forward_mode"
    command = [*STUDENT, "5", "--no-browser", "--work", str(tmp_path / "work")]
    environment = os.environ | {"HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "run")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
    ) as lab:
        try:
            assert lab.stdout is not None
            address = next(match[0] for line in lab.stdout if (match := re.search(r"http://127\S*token=\w+", line)))
            assert f"/lab/tree/{chapter}/{chapter}.ipynb?" in address
            root, token = address.split("/lab/tree")[0], address.split("token=")[1]
            names = listing(f"{root}/api/contents?token={token}")
            assert chapter in names and not names & {"source", "tests", "nbgrader_config.py", "work"}
        finally:
            os.killpg(lab.pid, signal.SIGTERM)


def test_binder_makes_the_copy_when_it_builds() -> None:
    script = (ROOT / "postBuild").read_text()
    assert os.access(ROOT / "postBuild", os.X_OK) and "tools/student.py --copy-only" in script
    # Binder ignores files in the root if there is a folder binder/
    assert not (ROOT / "binder").exists() and not (ROOT / ".binder").exists()
