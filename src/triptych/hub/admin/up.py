"""`triptych hub up` and `down`. Each step of `up` does what is missing, so that it can be repeated."""

from __future__ import annotations

import dataclasses
import os
import pwd
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from triptych.files import remove, write_whole
from triptych.hub.admin import accounts, environment, files, process
from triptych.hub.admin.site import Settings, Site
from triptych.hub.roster import Roster, as_csv
from triptych.hub.singleuser.cgroups import Groups
from triptych.model.course import Course, CourseError

#: Safe in a path, in an address and in the name of a group.
COURSE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")
#: Receives progress messages.
Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class UpOptions:
    """The options of `hub up`; None keeps the earlier decision. Names are those of `Settings`."""

    environment: Path | None = None
    host: str | None = None
    port: int | None = None
    certificate: str | None = None
    key: str | None = None
    login: str | None = None
    shared_password: str | None = None
    memory_bytes: int | None = None
    cpus: float | None = None
    update_sources: bool = False


def bring_up(
    site: Site, course: Course, chapters: Sequence[str], roster: Roster, options: UpOptions, say: Say
) -> Settings:
    """Creates or updates a hub and starts it.

    Args:
        site: the hub's place.
        course: the course to copy to the instructor's home.
        chapters: the chapters to release.
        roster: the users.
        options: what the command line asks for.
        say: receives progress messages.

    Returns:
        The hub's settings.

    Raises:
        CourseError: something is missing or wrong; earlier steps are kept.
    """
    require_root()
    accounts.refuse_system_accounts(roster.everyone)
    old = site.load() if site.settings_file.is_file() else None
    _refuse_changed_roster(site, old, roster)
    course_id = read_course_id(course)
    files.make_private_folder(site)
    proxy = environment.find_proxy(site)
    shared = _environment(site, old, options, say)
    _create_accounts(site, roster, say)
    settings = _settings(
        site, old, roster, options,
        course_id=course_id, course_title=course.title, environment=str(shared), proxy=proxy,
    )  # fmt: skip
    require_safe_address(settings)
    files.write_site(site, settings)
    files.write_house_style(site, course)
    site.save(settings)
    write_whole(site.roster, as_csv(roster), 0o600)
    if files.has_own_configuration(site):
        say(f"kept {site.private / 'jupyterhub_config.py'}, which differs from this version's (delete it to get that)")
    # all chapters: afterwards the instructor decides which ones are released
    for name in files.copy_course(course, settings, update=options.update_sources):
        say(f"kept the instructor's {name}, which differs from {course.root} (--update-sources overwrites it)")
    if lines := files.prepare(site, settings, roster.students, chapters):
        say(lines)
    if settings.login == "firstuse" and (number := accounts.create_passwords(site, roster.everyone, shared)):
        say(f"wrote {number} first passwords to {site.passwords}")
    for warning in warnings(course, settings):
        say(f"warning: {warning}")
    if process.running(site) is None:
        process.start(site, settings)
        say("started the hub")
    else:
        _update_running_hub(old, settings, say)
    return settings


def roster_file(site: Site, named: Path | None) -> Path:
    """The named roster, otherwise the last one.

    Raises:
        CourseError: there is no roster, or this process is not root's.
    """
    require_root()
    if named is None and not site.roster.is_file():
        raise CourseError(f"{site.folder} holds no roster yet: name the users with --roster CSV.")
    return named or site.roster


def chapters_to_release(site: Site, course: Course, named: Sequence[str]) -> list[str]:
    """The named chapters; without names, all of them on a new hub and the released ones on an existing hub.

    Raises:
        CourseError: a name is unknown.
    """
    if named or not site.settings_file.is_file():
        return list(course.choose(list(named)))
    return [chapter for chapter in site.load().released if chapter in course.chapters]


def read_course_id(course: Course) -> str:
    """The course id in the course's `nbgrader_config.py`.

    Raises:
        CourseError: it has none, or one that cannot be the name of a folder and of groups.
    """
    from triptych.nbgrader_api import config_of  # takes seconds, which `hub down` need not wait for

    course_id = str(config_of(course).CourseDirectory.get("course_id", "") or "")
    if not COURSE_ID.fullmatch(course_id):
        raise CourseError(
            f"{course.root / 'nbgrader_config.py'} sets c.CourseDirectory.course_id to {course_id!r}: give it a name "
            "of letters, digits and _, because it becomes the name of a folder and of the hub's groups."
        )
    return course_id


def require_root() -> None:
    """Raises CourseError if this process is not root's."""
    if os.geteuid() != 0:
        raise CourseError("Only root can create accounts and start their servers: run this with sudo.")


def _refuse_changed_roster(site: Site, old: Settings | None, roster: Roster) -> None:
    """The instructor and the students of a hub stay."""
    if old is None:
        return
    if old.instructor != roster.instructor.user:
        raise CourseError(
            f"This hub's course folder belongs to {old.instructor}, and the roster names {roster.instructor.user} as "
            "instructor: keep the first one, or create another hub with --folder."
        )
    if missing := sorted(set(old.students) - {student.user for student in roster.students}):
        raise CourseError(
            f"{missing[0]} has an account on this hub but is not on the roster: put the line back into it, for example "
            f"from {site.roster} (accounts are removed by hand)."
        )


def _create_accounts(site: Site, roster: Roster, say: Say) -> None:
    created = 0
    for person in roster.everyone:
        if accounts.create_account(person):
            site.record_account(person.user)
            created += 1
    if created:
        say(f"created {created} accounts with closed homes")


def _environment(site: Site, old: Settings | None, options: UpOptions, say: Say) -> Path:
    path = options.environment or (Path(old.environment) if old else site.environment)
    if path != site.environment:
        environment.check_environment(path)
    else:
        if not (path / "bin" / "jupyterhub").is_file():
            say(f"making the course environment in {path} (a few minutes)")
        environment.make_environment(site)
    environment.require_open(path)
    return path


def _settings(site: Site, old: Settings | None, roster: Roster, options: UpOptions, **decided: Any) -> Settings:
    instructor = roster.instructor.user
    given = {
        name: value
        for name, value in dataclasses.asdict(options).items()
        if value is not None and name not in ("environment", "update_sources")
    }
    decided |= {
        "course_root": f"{pwd.getpwnam(instructor).pw_dir}/{decided['course_id']}",
        "instructor": instructor,
        "students": [student.user for student in roster.students],
        "exchange": str(site.exchange),
    }
    if old:
        return dataclasses.replace(old, **decided, **given)
    settings = Settings(**decided, **given)
    settings.hub_port = process.free_port({settings.port}, settings.hub_port)
    settings.proxy_port = process.free_port({settings.port, settings.hub_port}, settings.proxy_port)
    return settings


def require_safe_address(settings: Settings) -> None:
    """Checks that passwords cannot be read on the network.

    Raises:
        CourseError: they could be, or certificate and key are not a pair of files.
    """
    if bool(settings.certificate) != bool(settings.key):
        raise CourseError("A certificate needs its key, and a key its certificate: give both --cert and --key.")
    for path in filter(None, (settings.certificate, settings.key)):
        if not Path(path).is_file():
            raise CourseError(
                f"{path} is not a file: name the PEM file that holds the certificate (--cert) or the key (--key)."
            )
    on_loopback = settings.host in ("127.0.0.1", "localhost", "::1")
    if not on_loopback and not settings.certificate:
        raise CourseError(
            f"On {settings.host} passwords would cross the network in the clear: give --cert and --key, or stay on "
            "127.0.0.1 behind a TLS proxy (`triptych hub systemd` writes a configuration for one)."
        )
    if settings.login == "shared-password":
        if not on_loopback:
            raise CourseError("With a shared password everyone can log in as anyone: use it on 127.0.0.1 only.")
        if len(settings.shared_password) < 8:
            raise CourseError(
                f"The shared password has {len(settings.shared_password)} characters: give one of at least 8 with "
                "--password."
            )


def _update_running_hub(old: Settings | None, settings: Settings, say: Say) -> None:
    """Adds new users to a running hub, whose servers keep running."""
    api = process.Api(settings)
    known = {user["name"] for user in api.users()}
    new = [user for user in settings.everyone if user not in known]
    if new:
        api.post("/users", {"usernames": new})
        api.post(f"/groups/nbgrader-{settings.course_id}/users", {"users": new})
        say(f"added {len(new)} new users to the running hub")
    else:
        say("the hub is already running")
    if old is not None:
        names = (field.name for field in dataclasses.fields(old) if field.name != "students")
        changed = sorted(name for name in names if getattr(old, name) != getattr(settings, name))
        if changed:
            say(f"to apply the new {', '.join(changed)}, run triptych hub down, then up")


def warnings(course: Course, settings: Settings) -> list[str]:
    """Risks on this machine that an administrator should know about."""
    texts = []
    if environment.closed_to_others(course.source) is None:
        texts.append(f"{course.source} holds the hidden tests and is readable for everyone: chmod 700 {course.root}")
    try:
        Groups(settings.group_name).create("probe", memory_bytes=2**30, cpus=1, processes=100).remove()
    except OSError as error:
        texts.append(f"no control groups ({error}): memory and processes are limited per process, not per user")
    for entry in pwd.getpwall():
        home = Path(entry.pw_dir)
        is_home = entry.pw_uid >= accounts.FIRST_USER_ID and home.parent == Path("/home") and home.is_dir()
        if is_home and entry.pw_name not in settings.everyone and home.stat().st_mode & 0o007:
            texts.append(f"students can read {home}: chmod 700 {home}")
    return texts


def take_down(site: Site, *, remove_users: bool = False, say: Say = lambda text: None) -> None:
    """Stops a hub.

    Args:
        site: the hub.
        remove_users: whether to remove the accounts that `hub up` created, their homes and the site's folder.
        say: receives progress messages.

    Raises:
        CourseError: there is no hub, or something could not be removed.
    """
    require_root()
    if site.settings_file.is_file() or not (remove_users and site.private.is_dir()):
        stopped = process.stop(site, site.load())
        say("stopped the hub and all servers" if stopped else "the hub was not running")
    if remove_users:
        users = site.created_accounts
        for user in users:
            process.end_processes(user)
            accounts.remove_account(user)
        say(f"removed {len(users)} accounts with their homes")
        try:
            remove(site.folder)
        except OSError as error:
            raise CourseError(f"{site.folder} could not be removed ({error}): remove it by hand.") from error
        say(f"removed {site.folder}")
