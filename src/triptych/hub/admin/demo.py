"""A demonstration hub on the loopback interface, with invented people. Removed completely when it ends."""

from __future__ import annotations

import contextlib
import secrets
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from triptych.files import remove
from triptych.hub.admin.accounts import account, random_password
from triptych.hub.admin.environment import make_environment
from triptych.hub.admin.files import make_site_folder
from triptych.hub.admin.process import free_port
from triptych.hub.admin.site import DEFAULT_FOLDER, Settings, Site
from triptych.hub.admin.up import Say, UpOptions, bring_up, require_root, take_down
from triptych.hub.roster import Person, make_roster
from triptych.model.course import Course

STUDENTS = (
    ("Ada", "Lovelace"), ("Blaise", "Pascal"), ("Sofia", "Kovalevskaya"), ("Joseph", "Lagrange"),
    ("Mary", "Somerville"), ("Leonhard", "Euler"), ("Maria", "Agnesi"), ("Carl", "Gauss"),
)  # fmt: skip
#: Students must be able to enter every folder above the site's.
OPEN_FOLDER = Path("/var/tmp")  # noqa: S108  # the folders made in it have random names and belong to root


def invent_people(students: int) -> list[Person]:
    """An instructor and students under names that no account has."""
    while True:
        prefix = f"demohub{secrets.token_hex(2)}"
        names = [f"{prefix}-{number or 'instructor'}" for number in range(students + 1)]
        if not any(account(name) for name in names):
            break
    people = [Person(names[0], "instructor", "Emmy", "Noether")]
    for number, name in enumerate(names[1:]):
        people.append(Person(name, "student", *STUDENTS[number % len(STUDENTS)]))
    return people


@contextlib.contextmanager
def demo_hub(
    course: Course, chapters: Sequence[str], students: int, port: int, environment: Path | None, say: Say
) -> Iterator[tuple[Settings, Site]]:
    """Runs a hub with invented people for the length of the block.

    Args:
        course: the course whose chapters are released.
        chapters: the chapters to release.
        students: the number of students.
        port: the port on the loopback interface, 0 for a free one.
        environment: a ready course environment; None for the one that `hub up` uses.
        say: receives progress messages.

    Raises:
        CourseError: the hub cannot be started here.
    """
    require_root()
    environment = environment or _shared_environment(say)
    site = Site(Path(tempfile.mkdtemp(prefix="triptych-hub-demo-", dir=OPEN_FOLDER)))
    options = UpOptions(
        environment=environment,
        host="127.0.0.1",
        port=port or free_port(set()),
        login="shared-password",
        shared_password=random_password(),
    )
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        yield bring_up(site, course, chapters, make_roster(invent_people(students)), options, say), site
    finally:
        for number in handlers:  # a second signal must not leave accounts behind
            signal.signal(number, signal.SIG_IGN)
        try:
            if site.private.is_dir():
                take_down(site, remove_users=True, say=say)
            else:
                remove(site.folder)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _shared_environment(say: Say) -> Path:
    """The environment that `hub up` uses. It takes minutes to make, so it is kept."""
    site = Site(DEFAULT_FOLDER)
    if not (site.environment / "bin" / "jupyterhub").is_file():
        say(f"making the course environment in {site.environment} (a few minutes, once: `hub up` uses it too)")
    make_site_folder(site)
    make_environment(site)
    return site.environment


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
