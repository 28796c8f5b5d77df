"""`triptych hub up`, step by step. Each step finds out what is there and does what is missing."""

from __future__ import annotations

import dataclasses
import os
import pwd
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from triptych.hub.admin import accounts, environment, files, process
from triptych.hub.admin.site import Settings, Site, write_private
from triptych.hub.roster import Roster, as_csv
from triptych.hub.singleuser.cgroups import Groups
from triptych.model.course import Course, CourseError

#: What is safe in a path, an address and a group's name.
COURSE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")
Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class UpOptions:
    """What the command line asks for; None keeps what was decided before."""

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
    site: Site, course: Course, chapters: Sequence[str], roster: Roster, wishes: UpOptions, say: Say
) -> Settings:
    """Brings a hub up. Raises CourseError with what is missing; what was done before that is kept."""
    require_root()
    accounts.refuse_system_accounts(roster.everyone)
    old = site.load() if site.settings_file.is_file() else None
    _refuse_other_instructor(old, roster)
    course_id = course_id_of(course)
    files.lay_private(site)
    proxy = environment.find_proxy(site)
    shared = _environment(site, old, wishes, say)
    _make_accounts(site, roster, say)
    settings = _settings(site, old, course_id, roster, wishes, proxy, shared)
    _require_safe_address(settings)
    files.lay_folders(site, settings)
    site.save(settings)
    write_private(site.roster, as_csv(roster))
    if files.keeps_own_configuration(site):
        say(f"kept {site.private / 'jupyterhub_config.py'}, which differs from this version's (delete it to take that)")
    # all of them: which are released when is the instructor's business from here on
    kept = files.lay_course(course, course.chapters, settings, update=wishes.update_sources)
    for name in kept:
        say(f"kept the instructor's own {name}, which differs from {course.root} (--update-sources takes that one)")
    if did := files.prepare(site, settings, roster.students, chapters):
        say(did)
    if settings.login == "firstuse" and (new := accounts.hand_out_passwords(site, roster.everyone, shared)):
        say(f"wrote {new} first passwords to {site.passwords}")
    for warning in warnings(course, settings):
        say(f"warning: {warning}")
    if process.running(site) is None:
        process.start(site, settings)
        say("started the hub")
    else:
        _tell_running_hub(old, settings, say)
    return settings


def roster_file(site: Site, named: Path | None) -> Path:
    """The roster that was named, else the last time's. Raises CourseError."""
    require_root()
    if named is None and not site.roster.is_file():
        raise CourseError(f"{site.folder} holds no roster yet: name the people who take part with --roster CSV.")
    return named or site.roster


def chapters_to_release(site: Site, course: Course, named: Sequence[str]) -> list[str]:
    """The chapters that were named; else all of a new hub, and of one that is there those that are out already."""
    if named or not site.settings_file.is_file():
        return list(course.choose(list(named)))
    return [chapter for chapter in site.load().released if chapter in course.chapters]


def course_id_of(course: Course) -> str:
    """The course's name, as its own `nbgrader_config.py` says. Raises CourseError when it says none."""
    from triptych.nbgrader_api import config_of  # seconds, which `hub down` need not wait for

    name = str(config_of(course).CourseDirectory.get("course_id", "") or "")
    if not COURSE_ID.fullmatch(name):
        raise CourseError(
            f"{course.root / 'nbgrader_config.py'} gives {name!r} as c.CourseDirectory.course_id: give it a name of "
            "letters, digits and _ (it names a folder and the hub's groups)."
        )
    return name


def require_root() -> None:
    if os.geteuid() != 0:
        raise CourseError("Only root can make accounts and start their servers: run this with sudo.")


def _refuse_other_instructor(old: Settings | None, roster: Roster) -> None:
    if old and old.instructor != roster.instructor.user:
        raise CourseError(
            f"This hub's course folder belongs to {old.instructor}, and the roster names {roster.instructor.user} as "
            "instructor: keep the first one, or make another hub with --folder."
        )


def _make_accounts(site: Site, roster: Roster, say: Say) -> None:
    made = 0
    for person in roster.everyone:
        if accounts.make_account(person):
            site.note_made(person.user)
            made += 1
    if made:
        say(f"made {made} accounts with closed homes")


def _environment(site: Site, old: Settings | None, wishes: UpOptions, say: Say) -> Path:
    named = wishes.environment or (Path(old.environment) if old else None)
    if named is not None and named != site.environment:
        shared = environment.use_environment(named)
    else:
        if not (site.environment / "bin" / "jupyterhub").is_file():
            say(f"making the course environment in {site.environment} (a few minutes)")
        environment.make_environment(site)
        shared = site.environment
    environment.require_open(shared)
    return shared


def _settings(
    site: Site,
    old: Settings | None,
    course_id: str,
    roster: Roster,
    wishes: UpOptions,
    proxy: list[str],
    shared: Path,
) -> Settings:
    instructor = roster.instructor.user
    home = pwd.getpwnam(instructor).pw_dir
    asked = {
        name: value
        for name, value in dataclasses.asdict(wishes).items()
        if value is not None and name not in ("environment", "update_sources")
    }
    decided: dict[str, Any] = {
        "course_id": course_id,
        "course_root": f"{home}/{course_id}",
        "instructor": instructor,
        "students": [person.user for person in roster.students],
        "environment": str(shared),
        "exchange": str(site.exchange),
        "proxy": proxy,
    }
    if old:
        gone = sorted(set(old.students) - set(decided["students"]))
        if gone:
            raise CourseError(
                f"{gone[0]} has an account on this hub and is not on the roster any more: put the line back "
                "(an account and its work are removed by hand)."
            )
        return dataclasses.replace(old, **decided, **asked)
    settings = Settings(**decided, **asked)
    taken = {settings.port}
    settings.hub_port = process.free_port(taken, settings.hub_port)
    settings.proxy_port = process.free_port(taken | {settings.hub_port}, settings.proxy_port)
    return settings


def _require_safe_address(settings: Settings) -> None:
    if bool(settings.certificate) != bool(settings.key):
        raise CourseError("A certificate needs its key, and a key its certificate: give both --cert and --key.")
    for path in filter(None, (settings.certificate, settings.key)):
        if not Path(path).is_file():
            raise CourseError(
                f"{path} is no file: name the PEM file that holds the certificate (--cert) or key (--key)."
            )
    on_loopback = settings.host in ("127.0.0.1", "localhost", "::1")
    if not on_loopback and not settings.certificate:
        raise CourseError(
            f"On {settings.host} passwords would cross the network in the clear: give --cert and --key, or stay on "
            "127.0.0.1 behind a proxy that has them (`triptych hub systemd` writes one's configuration)."
        )
    if settings.login == "shared-password":
        if not on_loopback:
            raise CourseError("With a shared password anyone may be anyone: use it on 127.0.0.1 only.")
        if len(settings.shared_password) < 8:
            raise CourseError(
                f"The shared password has {len(settings.shared_password)} characters: give one of at least 8 with "
                "--password."
            )


def _tell_running_hub(old: Settings | None, settings: Settings, say: Say) -> None:
    """New people are made known to a hub that runs; its servers go on."""
    api = process.Api(settings)
    known = {user["name"] for user in api.users()}
    new = [user for user in settings.everyone if user not in known]
    if new:
        api.post("/users", {"usernames": new})
        api.post(f"/groups/nbgrader-{settings.course_id}/users", {"users": new})
        say(f"told the running hub of {len(new)} new people")
    else:
        say("the hub is running already")
    if old is not None:
        skip = {"students"}
        changed = [f.name for f in dataclasses.fields(old) if getattr(old, f.name) != getattr(settings, f.name)]
        if changed := sorted(set(changed) - skip):
            say(f"to take up the new {', '.join(changed)}: triptych hub down, then up")


def warnings(course: Course, settings: Settings) -> list[str]:
    """What an administrator should know about this machine."""
    found = []
    if environment.closed_to_others(course.source) is None:
        found.append(
            f"{course.source} holds the hidden tests and can be read by everyone here: chmod 700 {course.root}"
        )
    groups = Groups(settings.group_name)
    probe = groups.open("probe", memory=2**30, cpus=1, processes=100)
    if probe is None:
        found.append(f"no control groups ({groups.why_not}): memory and processes are limited a process, not a person")
    else:
        probe.remove()
    for entry in pwd.getpwall():
        home = Path(entry.pw_dir)
        ours = entry.pw_name in settings.everyone
        people_s = entry.pw_uid >= accounts.FIRST_PERSON and home.parent == Path("/home")
        if not ours and people_s and home.is_dir() and home.stat().st_mode & 0o007:
            found.append(f"{home} can be read by students: chmod 700 {home}")
    return found


def take_down(site: Site, *, remove_users: bool = False, say: Say = lambda text: None) -> None:
    """Stops the hub; with `remove_users` takes away the accounts that `up` made, their homes, and the site's folder."""
    require_root()
    if not site.settings_file.is_file() and not (remove_users and site.private.is_dir()):
        site.load()  # says that there is no hub
    if site.settings_file.is_file():
        stopped = process.stop(site, site.load())
        say("stopped the hub and everyone's server" if stopped else "the hub was not running")
    if remove_users:
        made = site.made_accounts
        for user in made:
            process.end_processes(user)
            accounts.remove_account(user)
        say(f"removed {len(made)} accounts with their homes")
        files.remove_folders(site)
        say(f"removed {site.folder}")
