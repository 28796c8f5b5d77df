"""A hub for a look: invented people on loopback, and nothing left behind."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from triptych.hub.admin.accounts import account, first_password
from triptych.hub.admin.environment import make_environment
from triptych.hub.admin.files import lay_site
from triptych.hub.admin.process import free_port
from triptych.hub.admin.site import DEFAULT_FOLDER, Settings, Site
from triptych.hub.admin.up import Say, UpOptions, bring_up, require_root, take_down
from triptych.hub.roster import Person, make_roster
from triptych.model.course import Course

PEOPLE = (
    ("Ada", "Lovelace"), ("Blaise", "Pascal"), ("Sofia", "Kovalevskaya"), ("Joseph", "Lagrange"),
    ("Mary", "Somerville"), ("Leonhard", "Euler"), ("Maria", "Agnesi"), ("Carl", "Gauss"),
)  # fmt: skip
#: Where a site for a look, and a test's, may lie: open to everyone on the way.
OPEN_PLACE = Path("/var/tmp")  # noqa: S108  # the folders made there have names of their own and are root's


def invent(students: int) -> list[Person]:
    """An instructor and students whose names no account has."""
    while True:
        tag = f"tryhub{secrets.token_hex(2)}"
        names = [f"{tag}-{'instructor' if n < 0 else n + 1}" for n in range(-1, students)]
        if not any(account(name) for name in names):
            break
    people = [Person(names[0], "instructor", "Emmy", "Noether")]
    for number, name in enumerate(names[1:]):
        first, last = PEOPLE[number % len(PEOPLE)]
        people.append(Person(name, "student", first, last))
    return people


@contextlib.contextmanager
def demo_hub(
    course: Course, chapters: Sequence[str], students: int, port: int, environment: Path | None, say: Say
) -> Iterator[tuple[Settings, Site]]:
    """Brings an invented hub up for the length of the block."""
    require_root()
    shared = environment or _shared_environment(say)
    site = Site(Path(tempfile.mkdtemp(prefix="triptych-hub-try-", dir=OPEN_PLACE)))
    wishes = UpOptions(
        environment=shared,
        host="127.0.0.1",
        port=port or free_port(set()),
        login="shared-password",
        shared_password=first_password(),
    )
    before = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        settings = bring_up(site, course, chapters, make_roster(invent(students)), wishes, say)
        yield settings, site
    finally:
        # a second Ctrl-C must not leave accounts behind
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        if site.private.is_dir():
            take_down(site, remove_users=True, say=say)
        else:
            shutil.rmtree(site.folder, ignore_errors=True)
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGTERM, before)


def _shared_environment(say: Say) -> Path:
    """The one that `hub up` uses or will use. It takes minutes to make, so it is left there."""
    home = Site(DEFAULT_FOLDER)
    if not (home.environment / "bin" / "jupyterhub").is_file():
        say(f"making the course environment in {home.environment} (a few minutes, once: it stays for `hub up`)")
    lay_site(home)
    make_environment(home)
    return home.environment


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
