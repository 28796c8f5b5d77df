"""The commands `triptych hub …`: parse arguments and print results."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from triptych.hub.admin.site import DEFAULT_FOLDER, Site
from triptych.model.course import Course, CourseError, nearest

hub = typer.Typer(no_args_is_help=True, help="The workshop's JupyterHub: start it, look at it, stop it.")
out = Console(highlight=False, soft_wrap=True)

LOGINS = ("firstuse", "shared-password", "file")
STATUS_INTERVAL_S = 3
Folder = Annotated[Path, typer.Option("--folder", metavar="DIR", help="The hub's folder.")]
CourseFolder = Annotated[
    Path | None, typer.Option("--course", metavar="DIR", help="The course folder (default: the one you are in).")
]
Environment = Annotated[
    Path | None, typer.Option("--environment", metavar="DIR", help="A ready environment instead of making one.")
]
Chapters = Annotated[
    list[str] | None, typer.Argument(metavar="[CHAPTER]...", help="Chapters by name or number (default: all).")
]


def say(text: str) -> None:
    out.print(Text(text))


@hub.command()
def up(
    chapters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CHAPTER]...",
            help="Chapters to release, by name or number (default: all on a new hub, no new ones later).",
        ),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option("--roster", metavar="CSV", help="The users: user,role,first_name,… [the last roster]")
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    environment: Environment = None,
    address: Annotated[
        str | None, typer.Option("--address", metavar="HOST:PORT", help="The address to serve [127.0.0.1:8000].")
    ] = None,
    cert: Annotated[Path | None, typer.Option("--cert", metavar="PEM", help="TLS certificate with its chain.")] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="PEM", help="The certificate's key.")] = None,
    login: Annotated[
        str | None, typer.Option("--login", help="firstuse, shared-password, or file (hub/authenticator.py).")
    ] = None,
    password: Annotated[str | None, typer.Option("--password", help="For --login shared-password.")] = None,
    memory: Annotated[float | None, typer.Option("--memory", help="GiB for each user, in total [2].")] = None,
    cpus: Annotated[float | None, typer.Option("--cpus", help="Processors for each user [2].")] = None,
    update_sources: Annotated[
        bool, typer.Option("--update-sources", help="Overwrite the instructor's copy of the sources.")
    ] = False,
    course: CourseFolder = None,
) -> None:
    """Create accounts, exchange and course folder, release chapters and start the hub. Can be repeated at any time."""
    from triptych.hub.admin.up import UpOptions, bring_up, chapters_to_release, roster_file
    from triptych.hub.roster import read_roster

    source = Course.find(course)
    host, port = split_address(address)
    if login not in (None, *LOGINS):
        raise CourseError(f"--login {login} is unknown: give firstuse, shared-password or file.")
    site = Site(folder.resolve())
    options = UpOptions(
        environment=environment.absolute() if environment else None,
        host=host,
        port=port,
        certificate=str(cert.resolve()) if cert else None,
        key=str(key.resolve()) if key else None,
        login=login,
        shared_password=password,
        memory_bytes=int(memory * 2**30) if memory else None,
        cpus=cpus,
        update_sources=update_sources,
    )
    released = chapters_to_release(site, source, chapters or [])
    settings = bring_up(site, source, released, read_roster(roster_file(site, roster)), options, say)
    out.rule("the hub is up")
    say(f"   address  {settings.address}")
    say(f"instructor  {settings.instructor}, course folder {settings.course_root}")
    say(f"  students  {len(settings.students)}")
    if settings.login == "firstuse":
        say(f"     login  user name and first password, in {site.passwords}")
    elif settings.login == "shared-password":
        say(f"     login  any name on the roster, password {settings.shared_password}")
    option = "" if site.folder == DEFAULT_FOLDER else f" --folder {site.folder}"
    say(f"      next  {program()} hub status --watch{option}")


def program() -> str:
    """The absolute path of this program, which need not be on sudo's PATH."""
    return str(Path(sys.argv[0]).absolute())


def split_address(address: str | None) -> tuple[str | None, int | None]:
    """The host and port of `HOST:PORT`, None for both without an address.

    Raises:
        CourseError: there is no valid port.
    """
    if address is None:
        return None, None
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CourseError(f"--address {address} has no port: write it like 127.0.0.1:8000.")
    return host.strip("[]") or "127.0.0.1", int(port)


@hub.command()
def status(
    folder: Folder = DEFAULT_FOLDER,
    watch: Annotated[bool, typer.Option("--watch", help="Update it every few seconds, until Ctrl-C.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write it for programs.")] = None,
) -> None:
    """Show who is logged in, has fetched and has submitted."""
    from rich.live import Live

    from triptych.hub.admin.status import members, table

    settings = Site(folder.resolve()).load()
    everyone = members(settings)
    if json_file is not None:
        content = {"members": [dataclasses.asdict(member) for member in everyone]}
        json_file.write_text(json.dumps(content, indent=1, default=datetime.isoformat) + "\n", encoding="utf-8")
    if not watch:
        out.print(table(everyone))
        return
    with Live(table(everyone), console=out, refresh_per_second=1) as live:
        while True:
            time.sleep(STATUS_INTERVAL_S)
            live.update(table(members(settings)))


@hub.command()
def down(
    folder: Folder = DEFAULT_FOLDER,
    remove_users: Annotated[
        bool, typer.Option("--remove-users", help="Also remove the accounts that `up` created, with all their work.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop the hub and all servers. Work, scores and accounts stay."""
    from triptych.hub.admin.up import take_down

    site = Site(folder.resolve())
    if remove_users and not yes:
        users = site.created_accounts
        question = f"Remove {len(users)} accounts ({', '.join(users[:5])} …), their homes and {site.folder}?"
        if not typer.confirm(question):
            raise CourseError("Nothing was stopped or removed: answer y, or leave out --remove-users.")
    take_down(site, remove_users=remove_users, say=say)


@hub.command()
def password(
    user: Annotated[str, typer.Argument(metavar="USER", help="A user on the roster.")],
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Give a user who has lost their password a new one."""
    from triptych.hub.admin.accounts import reset_password

    site = Site(folder.resolve())
    settings = site.load()
    if user not in settings.everyone:
        raise CourseError(f"{user} is not on this hub's roster ({site.roster}): {nearest(user, settings.everyone)}")
    if settings.login != "firstuse":
        raise CourseError(
            f"Users of this hub have no passwords of their own here (--login {settings.login}): change the password "
            "where that login takes it from."
        )
    say(f"{user}'s password is now {reset_password(site, user, Path(settings.environment))}")


@hub.command()
def demo(
    chapters: Chapters = None,
    students: Annotated[int, typer.Option("--students", min=1, max=50, help="The number of invented students.")] = 2,
    port: Annotated[int, typer.Option("--port", help="The port on 127.0.0.1 (default: a free one).")] = 0,
    environment: Environment = None,
    course: CourseFolder = None,
) -> None:
    """Start a hub on this machine with invented people. Ctrl-C stops it and removes everything."""
    from triptych.hub.admin.demo import demo_hub

    source = Course.find(course)
    with demo_hub(source, source.choose(chapters or []), students, port, environment, say) as (settings, site):
        out.rule("the demo hub is up")
        say(f"   address  {settings.address}")
        say(f"instructor  {settings.instructor}")
        say(f"  students  {', '.join(settings.students)}")
        say(f"  password  {settings.shared_password} (for everyone)")
        say(f"    status  {program()} hub status --folder {site.folder}")
        say("Ctrl-C stops it and removes the invented accounts.")
        sys.stdout.flush()
        while True:
            time.sleep(3600)


@hub.command()
def systemd(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to write to.")] = Path(),
    domain: Annotated[str, typer.Option("--domain", help="The hub's name on the network.")] = "hub.example.org",
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Write a systemd unit, a TLS proxy's configuration and a backup script for this hub."""
    from triptych.hub.admin.systemd import write_units

    for path in write_units(Site(folder.resolve()), to, domain):
        say(f"wrote {path}: its first lines say where to put it")


# --- commands of the instructor, in their terminal -------------------------------------------------


@hub.command()
def release(
    chapters: Chapters = None,
    due: Annotated[
        str | None, typer.Option("--due", metavar="TIME", help="Deadline, like '2026-12-01 12:00 UTC'.")
    ] = None,
    course: CourseFolder = None,
) -> None:
    """For the instructor: make student versions and put them into the exchange."""
    from triptych.hub.exchange.release import release as release_chapter

    source = Course.find(course)
    for chapter in source.choose(chapters or []):
        new = release_chapter(source, chapter, due)
        say(f"{chapter}: {'released' if new else 'already released, unchanged'}")


@hub.command()
def collect(chapters: Chapters = None, course: CourseFolder = None) -> None:
    """For the instructor: copy submissions from the exchange into submitted/."""
    from triptych.hub.exchange.release import collect as collect_chapter

    source = Course.find(course)
    for chapter in source.choose(chapters or []):
        for line in collect_chapter(source, chapter):
            say(f"{chapter}: {line}")


@hub.command()
def feedback(chapters: Chapters = None, course: CourseFolder = None) -> None:
    """For the instructor: return the feedback that grading has made."""
    from triptych.hub.exchange.release import release_feedback

    source = Course.find(course)
    for chapter in source.choose(chapters or []):
        for line in release_feedback(source, chapter) or [f"no feedback yet: run `triptych grade {chapter}`"]:
            say(f"{chapter}: {line}")


@hub.command(hidden=True)
def prepare(chapters: Chapters = None, course: CourseFolder = None) -> None:
    """Enter the students on stdin (JSON) into the gradebook and release chapters. Called by `hub up`."""
    from triptych.model.roster import Person
    from triptych.nbgrader_api import enrol

    enrol(Course.find(course), [Person(**student) for student in json.load(sys.stdin)])
    if chapters:
        release(chapters, None, course)
