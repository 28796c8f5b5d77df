"""Fixtures of the chapters' tests: the executed chapter of a test module."""

from __future__ import annotations

from typing import Any

import pytest
from lectures import Lecture, run_lecture


@pytest.fixture(scope="module")
def lecture(request: pytest.FixtureRequest) -> Lecture:
    """The chapter that the test module is named after."""
    return run_lecture(request.path.stem.removeprefix("test_"))


@pytest.fixture(scope="module")
def names(lecture: Lecture) -> dict[str, Any]:
    """The variables of the executed chapter."""
    return lecture.names
