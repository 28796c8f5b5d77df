"""The project's own files: locks, environment, layout, documentation."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "tools"))
from environment import PYTHON, environment_yml, locked  # noqa: E402

TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_environment_yml_follows_from_project_and_lock() -> None:
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment_yml(), "run `make lock`"


def test_environment_yml_names_every_dependency_in_the_installed_version() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    pins = dict(line.split("==") for line in pip if "==" in line)
    dependencies = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert dependencies <= pins.keys()
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    lock = locked(ROOT / "requirements.txt", running)
    for name in dependencies:
        assert version(name) == lock[name], name
        if running == PYTHON:
            assert pins[name] == version(name), name


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_locks_hold_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|--index|--find-links", text)
    pins = re.findall(r"(?m)^[a-z0-9][^\n]*==[^\n]*\\\n((?:    --hash=[^\n]*\n)+)", text)
    assert len(pins) == len(re.findall(r"(?m)^[a-z0-9]", text)) > 50


def test_both_locks_agree() -> None:
    base, dev = locked(ROOT / "requirements.txt"), locked(ROOT / "requirements-dev.txt")
    assert base.items() <= dev.items()


def test_every_dependency_allows_what_is_locked() -> None:
    lock = locked(ROOT / "requirements-dev.txt")
    extras = [line for extra in ("build", "dev", "slides") for line in PROJECT["optional-dependencies"][extra]]
    for line in PROJECT["dependencies"] + extras:
        requirement = Requirement(line)
        if requirement.name != "triptych":
            assert lock[canonicalize_name(requirement.name)] in requirement.specifier, line


def test_top_level() -> None:
    folders = {path.split("/")[0] for path in TRACKED}
    assert {"source", "release", "autograded", "slides", "solutions", "tests", "docs", "src"} <= folders
    assert {"nbgrader_config.py", "environment.yml", "README.md", "LICENSE", "LICENSE-text.md", "Makefile"} <= folders
    assert not any(path.endswith((".db", ".pyc")) or path.startswith(("submitted/", "feedback/")) for path in TRACKED)


@pytest.mark.parametrize("page", [path for path in TRACKED if path.endswith(".md") and "/vendor/" not in path])
def test_links_of_the_documentation_resolve(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"(?s)```.*?```|`[^`]*`", "", text)):
        if not target.startswith(("http://", "https://")):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_make_help_lists_every_target() -> None:
    output = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "build", "check", "lint", "lock"):
        assert re.search(rf"(?m)^{target}\b", output), target


@pytest.mark.parametrize("command", [[BIN / "triptych"], [sys.executable, "-m", "triptych"]], ids=["script", "module"])
def test_installed_program_prints_a_mistake_as_one_message(command: list[str], tmp_path: Path) -> None:
    result = subprocess.run([*command, "check"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1 and result.stderr.startswith("triptych: ") and result.stderr.count("\n") == 1


def test_reading_a_notebook_builds_no_parsers_of_addresses() -> None:
    code = "import triptych.model.chapter, sys; assert 'nbformat' in sys.modules and 'lark' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
