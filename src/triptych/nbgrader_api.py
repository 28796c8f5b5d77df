"""nbgrader's own API on a course folder, with the course's `nbgrader_config.py`."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from triptych.model.course import Course, CourseError

# nbgrader's models warn about their session at every new submission; there is nothing to fix here
warnings.filterwarnings("ignore", category=SAWarning)


def _put_programs_on_path() -> None:
    """Puts this environment's programs first on PATH: nbgrader calls `alembic` by name when it creates a gradebook."""
    programs, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if path.split(os.pathsep)[0] != programs:
        os.environ["PATH"] = f"{programs}{os.pathsep}{path}"


def config_of(course: Course) -> Config:
    """The configuration that `nbgrader` itself reads in the course folder.

    Raises:
        CourseError: `nbgrader_config.py` is missing or does not run.
    """
    path = course.root / "nbgrader_config.py"
    if not path.is_file():
        raise CourseError(f"{path} is missing: restore it, it makes a folder a course for nbgrader.")
    try:
        return PyFileConfigLoader(path.name, path=str(course.root)).load_config()
    except Exception as error:
        raise CourseError(f"{path} does not run ({type(error).__name__}: {error}): fix it first.") from error


def nbgrader_api(course: Course, **overrides: dict[str, Any]) -> NbGraderAPI:
    """nbgrader's API on a course folder.

    Args:
        course: The course.
        overrides: Traits to set over the configuration, by class: `CourseDirectory={…}`.

    Raises:
        CourseError: As `config_of`.
    """
    _put_programs_on_path()
    config = config_of(course)
    config.CourseDirectory.root = str(course.root)
    for section, traits in overrides.items():
        config[section].update(traits)
    api = NbGraderAPI(CourseDirectory(config=config), config=config, log_level="ERROR")
    # each call returns nbgrader's messages; they need not go to the terminal too
    api.log.propagate = False
    api.log.addHandler(logging.NullHandler())
    return api


def gradebook(course: Course) -> Gradebook:
    """Opens the course's gradebook; use it in a `with` block. Raises CourseError as `config_of`."""
    _put_programs_on_path()
    directory = CourseDirectory(config=config_of(course), root=str(course.root))
    return Gradebook(directory.db_url, directory.course_id)


def succeed(result: dict[str, Any], action: str) -> None:
    """Checks the result of an API call.

    Args:
        result: What the call returned.
        action: What it was for, for the message: "nbgrader could not …".

    Raises:
        CourseError: The call failed; with the last line of nbgrader's own error.
    """
    if not result["success"]:
        lines = (result.get("log") or result.get("error") or "").strip().splitlines()
        errors = [line for line in lines if "Error" in line or "[ERROR]" in line] or lines
        raise CourseError(f"nbgrader could not {action}: {errors[-1].strip() if errors else 'no reason given'}")


__all__ = [
    "Assignment",
    "Comment",
    "Grade",
    "GradeCell",
    "Gradebook",
    "MissingEntry",
    "SubmittedAssignment",
    "SubmittedNotebook",
    "TaskCell",
    "config_of",
    "gradebook",
    "nbgrader_api",
    "succeed",
]
