"""The lock on a course folder: one process at a time writes its gradebook."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator

from triptych.model.course import Course, CourseError


@contextlib.contextmanager
def course_lock(course: Course) -> Iterator[None]:
    """Holds the lock of a course folder in the block. Raises CourseError if another process holds it."""
    folder = course.root / ".triptych"
    folder.mkdir(exist_ok=True)
    with (folder / "grade.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CourseError(f"{course.root} is being graded by another run: wait until it ends.") from error
        yield
