"""nbgrader's own API on a course folder, with the course's `nbgrader_config.py`."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbgrader.api
from nbgrader.api import Comment, Grade, Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from triptych.model.course import Course, CourseError

# nbgrader's own models warn about their session at every new submission; nothing here can act on it.
warnings.filterwarnings("ignore", category=SAWarning)


def _put_programs_on_path() -> None:
    """Puts this environment's programs first on PATH: nbgrader calls `alembic` by name when it creates a gradebook."""
    programs, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if path.split(os.pathsep)[0] != programs:
        os.environ["PATH"] = f"{programs}{os.pathsep}{path}"


def config_of(course: Course) -> Config:
    """What `nbgrader` itself would read in the course folder.

    Raises CourseError when `nbgrader_config.py` is missing or does not run.
    """
    path = course.root / "nbgrader_config.py"
    if not path.is_file():
        raise CourseError(f"{path} is missing: restore it, it makes a folder a course for nbgrader.")
    try:
        return PyFileConfigLoader(path.name, path=str(course.root)).load_config()
    except Exception as error:
        raise CourseError(f"{path} does not run ({type(error).__name__}: {error}): fix it first.") from error


def nbgrader_api(course: Course, **overrides: dict[str, Any]) -> NbGraderAPI:
    """The API on `course`. `overrides` set traits over the configuration: `CourseDirectory={…}`."""
    _put_programs_on_path()
    config = config_of(course)
    config.CourseDirectory.root = str(course.root)
    for section, traits in overrides.items():
        config[section].update(traits)
    api = NbGraderAPI(CourseDirectory(config=config), config=config, log_level="ERROR")
    # What nbgrader says comes back in the result of each call; a terminal is for the person.
    api.log.propagate = False
    api.log.addHandler(logging.NullHandler())
    return api


def gradebook(course: Course) -> Gradebook:
    """The course's gradebook, to be used in a `with` block."""
    _put_programs_on_path()
    directory = CourseDirectory(config=config_of(course), root=str(course.root))
    return Gradebook(directory.db_url, directory.course_id)


@contextlib.contextmanager
def one_engine() -> Iterator[None]:
    """In the block, gradebooks at the same address share what SQLAlchemy has prepared for it.

    nbgrader opens a gradebook ten times for a submission, each with an engine of its own, and an engine
    has to translate every query anew: a fifth of all that marks and feedback take.
    """
    made: dict[str, Engine] = {}
    create = nbgrader.api.create_engine

    def shared(url: str, **options: Any) -> Engine:
        if url not in made:
            made[url] = create(url, **options)
        return made[url]

    nbgrader.api.create_engine = shared
    try:
        yield
    finally:
        nbgrader.api.create_engine = create
        for engine in made.values():
            engine.dispose()


def succeed(result: dict[str, Any], what: str) -> None:
    """Raises CourseError with the last line of nbgrader's own error when a call has failed."""
    if not result["success"]:
        lines = (result.get("log") or result.get("error") or "").strip().splitlines()
        said = [line for line in lines if "Error" in line or "[ERROR]" in line] or lines
        raise CourseError(f"nbgrader could not {what}: {said[-1].strip() if said else 'no reason given'}")


__all__ = [
    "Comment",
    "Grade",
    "Gradebook",
    "MissingEntry",
    "SubmittedAssignment",
    "config_of",
    "gradebook",
    "nbgrader_api",
    "one_engine",
    "succeed",
]
