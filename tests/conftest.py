"""What the tests share: the course they stand in."""

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
    pytest.exit("the tests need more than the course does: run `make dev` once.", returncode=4)

import nbgrader.api
from hypothesis import settings
from seeds import DEFAULT, SEED

from triptych.grade.guest.jax_cache import QUICK
from triptych.model.course import Course

# nbgrader looks for `alembic`, and the tests for `nbgrader`, on PATH.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
os.environ.setdefault("MPLBACKEND", "agg")
# The same programs are compiled by the bank, the chapters' tests and the answer keys: each once, for all processes.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Programs of the tests run once or twice, like those of a submission: compiling them is most of their cost.
for name, value in QUICK.items():
    os.environ.setdefault(name, value)


# nbgrader starts a program of two seconds for each new gradebook, to be told the same version.
nbgrader.api.get_alembic_version = functools.cache(nbgrader.api.get_alembic_version)
# The default seed stands for the same examples in every run; Hypothesis says itself how to repeat others.
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
    """Keeps the tests of a group in one process, where they share what is costly: those with a mark,
    and those of a module that use a fixture which the module makes once.

    pytest-xdist 3.8 writes the group into `item._nodeid`, which pytest 9.2 no longer reads, and so
    spreads the tests of a group in silence. This does what it means to do.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        mark = item.get_closest_marker("xdist_group")
        name = mark.args[0] if mark is not None else item.path.stem if _shares(item) else ""
        if name:
            group = f"@{name}"
            if not item.nodeid.endswith(group):
                item._id = type(item.id).parse(f"{item.nodeid}{group}")  # type: ignore[attr-defined]
            assert item.nodeid.endswith(group), "pytest-xdist would spread the tests of a group"


def _shares(item: pytest.Item) -> bool:
    """Whether a test uses a fixture of its own module's that is made once for all of them."""
    known = getattr(item, "_fixtureinfo", None)
    found = known.name2fixturedefs.values() if known is not None else ()
    return any(made[-1].scope == "module" and made[-1].baseid == item.nodeid.partition("::")[0] for made in found)
