"""Configuration and fixtures of all tests."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("xdist") is None:
    pytest.exit("Packages of the tests are missing. Run `make dev`.", returncode=4)

import nbgrader.api
from hypothesis import settings
from seeds import DEFAULT, SEED

from triptych.grade.guest.jax_cache import QUICK
from triptych.model.course import Course

# nbgrader calls `alembic`, and the tests call `nbgrader`, by name.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
os.environ.setdefault("MPLBACKEND", "agg")
# The bank, the chapters' tests and the answer keys compile the same programs: share them between all processes.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# The tests run each program only once or twice, so compile without optimisation, as for a submission.
for name, value in QUICK.items():
    os.environ.setdefault(name, value)

# nbgrader runs alembic for each new gradebook, which takes two seconds, to ask for its version.
nbgrader.api.get_alembic_version = functools.cache(nbgrader.api.get_alembic_version)
# With the default seed, Hypothesis tries the same examples in every run; with others it prints how to repeat a failure.
settings.register_profile("triptych", derandomize=SEED == DEFAULT, deadline=None, print_blob=True)
settings.load_profile("triptych")


def pytest_report_header() -> str:
    return f"seed: TRIPTYCH_SEED={SEED}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    if report.failed:
        report.sections.append(("Seed", f"TRIPTYCH_SEED={SEED} .venv/bin/pytest '{item.nodeid.partition('@')[0]}'"))
    return report


@pytest.fixture(scope="session")
def course() -> Course:
    return Course(Path(__file__).resolve().parents[1])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Runs the tests of a group in one process: those with the mark `xdist_group`, and those of a module that use a
    module-scoped fixture, which is then only set up once.

    pytest-xdist 3.8 writes the group into `item._nodeid`, which pytest 9.2 no longer reads, so it ignores the groups.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        mark = item.get_closest_marker("xdist_group")
        name = mark.args[0] if mark is not None else item.path.stem if _uses_module_fixture(item) else ""
        if name:
            group = f"@{name}"
            if not item.nodeid.endswith(group):
                item._id = type(item.id).parse(f"{item.nodeid}{group}")  # type: ignore[attr-defined]
            assert item.nodeid.endswith(group), "pytest-xdist would ignore the group"


def _uses_module_fixture(item: pytest.Item) -> bool:
    info = getattr(item, "_fixtureinfo", None)
    return info is not None and any(d[-1].scope == "module" for d in info.name2fixturedefs.values())
