"""What the tests share: the course they stand in."""

from __future__ import annotations

import os

# nbgrader looks for `alembic`, and the tests for `nbgrader`, on PATH.
import sys
from pathlib import Path

import pytest

from triptych.course import Course

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
os.environ.setdefault("MPLBACKEND", "agg")


@pytest.fixture(scope="session")
def course() -> Course:
    return Course(Path(__file__).resolve().parents[1])
