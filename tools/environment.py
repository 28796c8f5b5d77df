"""Writes environment.yml from pyproject.toml and the lock, so that conda, Binder and pip agree.

`python tools/environment.py` prints it; `make lock` writes it. The versions come through pip inside
the conda environment: they are the ones that the tests have run with.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "3.11"

HEAD = """\
# For conda, JupyterHub administrators and Binder. Written by `make lock`: the same versions as requirements.txt.
# All packages come through pip, because those are the versions that the tests have run with.
name: triptych
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
  - pip:
"""


def locked(path: Path, python: str = PYTHON) -> dict[str, str]:
    """Version by canonical package name, as a requirements file pins them for a Python version on Linux."""
    environment = default_environment() | {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": "linux",
        "platform_system": "Linux",
    }
    versions = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not re.match(r"[A-Za-z0-9]", line):
            continue
        requirement = Requirement(line.rstrip("\\ ").strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            versions[canonicalize_name(requirement.name)] = next(iter(requirement.specifier)).version
    return versions


def environment_yml() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = locked(ROOT / "requirements.txt")
    names = sorted(canonicalize_name(Requirement(line).name) for line in project["dependencies"])
    lines = [f"      - {name}=={versions[name]}\n" for name in [*names, "hatchling"]]
    return HEAD.format(python=PYTHON) + "".join(lines) + "      - --editable .\n"


if __name__ == "__main__":
    print(environment_yml(), end="")
