"""`triptych hub …`: parses and prints."""

from __future__ import annotations

import difflib
import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from triptych.hub.admin.site import DEFAULT_FOLDER, Site
from triptych.model.course import Course, CourseError

hub = typer.Typer(no_args_is_help=True, help="The workshop's JupyterHub: bring it up, look at it, take it down.")
out = Console(highlight=False, soft_wrap=True)

Folder = Annotated[Path, typer.Option("--folder", metavar="DIR", help="Where the hub's things are.")]
CourseFolder = Annotated[
    Path | None, typer.Option("--course", metavar="DIR", help="The course folder (default: the one you are in).")
]
Chapters = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CHAPTER]...", help="Chapters by name or number; all when none is named."),
]


def say(text: str) -> None:
    out.print(Text(text))


@hub.command()
def up(
    chapters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CHAPTER]...",
            help="Chapters to release, by name or number. When none is named: all on a new hub, no new one later.",
        ),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option("--roster", metavar="CSV", help="Who takes part: user,role,first_name,… [the last time's]"),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    environment: Annotated[
        Path | None, typer.Option("--environment", metavar="DIR", help="A ready environment instead of making one.")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", metavar="HOST:PORT", help="Where people connect [127.0.0.1:8000].")
    ] = None,
    cert: Annotated[Path | None, typer.Option("--cert", metavar="PEM", help="TLS certificate with its chain.")] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="PEM", help="The certificate's key.")] = None,
    login: Annotated[
        str | None, typer.Option("--login", help="firstuse, shared-password, or file (hub/authenticator.py).")
    ] = None,
    password: Annotated[str | None, typer.Option("--password", help="For --login shared-password.")] = None,
    memory: Annotated[float | None, typer.Option("--memory", help="GiB for a person, all together [2].")] = None,
    cpus: Annotated[float | None, typer.Option("--cpus", help="Processors for a person [2].")] = None,
    update_sources: Annotated[
        bool, typer.Option("--update-sources", help="Overwrite the instructor's copy of the sources.")
    ] = False,
    course: CourseFolder = None,
) -> None:
    """Make accounts, exchange and course folder, release the chapters, start the hub. Repeat it as you like."""
    from triptych.hub.admin.up import UpOptions, bring_up, chapters_to_release, roster_file
    from triptych.hub.roster import read_roster

    here = Course.find(course)
    host, port = split_address(address)
    if login not in (None, "firstuse", "shared-password", "file"):
        raise CourseError(f"--login {login} is unknown: give firstuse, shared-password or file.")
    site = Site(folder.resolve())
    settings = bring_up(
        site,
        here,
        chapters_to_release(site, here, chapters or []),
        read_roster(roster_file(site, roster)),
        UpOptions(
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
        ),
        say,
    )
    out.rule("the hub is up")
    say(f"   address  {settings.address}")
    say(f"instructor  {settings.instructor}, course folder {settings.course_root}")
    say(f"  students  {len(settings.students)}")
    if settings.login == "firstuse":
        say(f"     login  user name and first password, in {site.passwords}")
    elif settings.login == "shared-password":
        say(f"     login  any name on the roster, password {settings.shared_password}")
    elsewhere = "" if site.folder == DEFAULT_FOLDER else f" --folder {site.folder}"
    say(f"      then  {command()} hub status --watch{elsewhere}")


def command() -> str:
    """This program as it was called: sudo's PATH may not have it."""
    return str(Path(sys.argv[0]).absolute())


def split_address(address: str | None) -> tuple[str | None, int | None]:
    if address is None:
        return None, None
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CourseError(f"--address {address} has no port: write it like 127.0.0.1:8000.")
    return host.strip("[]") or "127.0.0.1", int(port)


@hub.command()
def status(
    folder: Folder = DEFAULT_FOLDER,
    watch: Annotated[bool, typer.Option("--watch", help="Again every few seconds, until Ctrl-C.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write it for programs.")] = None,
) -> None:
    """Who is logged in, has fetched, has handed in."""
    from rich.live import Live

    from triptych.hub.admin.status import as_json, members, table

    settings = Site(folder.resolve()).load()
    found = members(settings)
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(found), indent=1) + "\n", encoding="utf-8")
    if not watch:
        out.print(table(found))
        return
    with Live(table(found), console=out, refresh_per_second=1) as live:
        while True:
            time.sleep(3)
            live.update(table(members(settings)))


@hub.command()
def down(
    folder: Folder = DEFAULT_FOLDER,
    remove_users: Annotated[
        bool, typer.Option("--remove-users", help="Also remove the accounts that `up` made, with all their work.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop the hub and everybody's server. Work, marks and accounts stay."""
    from triptych.hub.admin.up import take_down

    site = Site(folder.resolve())
    if remove_users and not yes:
        made = site.made_accounts
        if not typer.confirm(f"Remove {len(made)} accounts ({', '.join(made[:5])} …), their homes and {site.folder}?"):
            raise CourseError("Nothing was stopped and nothing removed: answer y, or leave out --remove-users.")
    take_down(site, remove_users=remove_users, say=say)


@hub.command()
def password(
    user: Annotated[str, typer.Argument(metavar="USER", help="Somebody on the roster.")],
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """A new first password for somebody who has lost theirs."""
    from triptych.hub.admin.accounts import new_password

    site = Site(folder.resolve())
    settings = site.load()
    if user not in settings.everyone:
        near = difflib.get_close_matches(user, settings.everyone, n=1)
        hint = f"did you mean {near[0]}?" if near else "enter them there, and run `triptych hub up` again."
        raise CourseError(f"{user} is not on this hub's roster ({site.roster}): {hint}")
    if settings.login != "firstuse":
        raise CourseError(
            f"This hub gives nobody a password of their own (--login {settings.login}): "
            "change passwords where that login takes them from."
        )
    say(f"{user}'s password is now {new_password(site, user, Path(settings.environment))}")


@hub.command("demo")
def demo(
    chapters: Chapters = None,
    students: Annotated[int, typer.Option("--students", min=1, max=50, help="How many invented students.")] = 2,
    port: Annotated[int, typer.Option("--port", help="On 127.0.0.1 (default: a free one).")] = 0,
    environment: Annotated[
        Path | None, typer.Option("--environment", metavar="DIR", help="A ready environment instead of making one.")
    ] = None,
    course: CourseFolder = None,
) -> None:
    """A hub for a look: on this machine alone, with invented people. Ctrl-C takes everything away again."""
    from triptych.hub.admin.demo import demo_hub

    here = Course.find(course)
    with demo_hub(here, here.choose(chapters or []), students, port, environment, say) as (settings, site):
        out.rule("a hub for a look")
        say(f"   address  {settings.address}")
        say(f"instructor  {settings.instructor}")
        say(f"  students  {', '.join(settings.students)}")
        say(f"  password  {settings.shared_password} (for everyone)")
        say(f"    status  {command()} hub status --folder {site.folder}")
        say("Ctrl-C ends it and removes the invented accounts.")
        sys.stdout.flush()
        while True:
            time.sleep(3600)


@hub.command()
def systemd(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where to write them.")] = Path(),
    domain: Annotated[str, typer.Option("--domain", help="The hub's name on the network.")] = "hub.example.org",
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Write a systemd unit, a TLS proxy's configuration and a backup script for this hub."""
    from triptych.hub.admin.systemd import write_units

    for path in write_units(Site(folder.resolve()), to, domain):
        say(f"wrote {path}: its first lines say where it goes")


# --- the instructor's, in their terminal ------------------------------------------------------------


@hub.command()
def release(
    chapters: Chapters = None,
    due: Annotated[
        str | None, typer.Option("--due", metavar="TIME", help="Deadline, like '2026-12-01 12:00 UTC'.")
    ] = None,
    course: CourseFolder = None,
) -> None:
    """For the instructor: make student versions and put them into the exchange."""
    from triptych.hub.exchange.release import release as release_one

    here = Course.find(course)
    for chapter in here.choose(chapters or []):
        new = release_one(here, chapter, due)
        say(f"{chapter}: {'released' if new else 'released already, just so'}")


@hub.command()
def collect(chapters: Chapters = None, course: CourseFolder = None) -> None:
    """For the instructor: bring submissions from the exchange into submitted/."""
    from triptych.hub.exchange.release import collect as collect_one

    here = Course.find(course)
    for chapter in here.choose(chapters or []):
        for line in collect_one(here, chapter).lines:
            say(f"{chapter}: {line}")


@hub.command()
def feedback(chapters: Chapters = None, course: CourseFolder = None) -> None:
    """For the instructor: hand back the feedback that grading has made."""
    from triptych.hub.exchange.release import release_feedback

    here = Course.find(course)
    for chapter in here.choose(chapters or []):
        lines = release_feedback(here, chapter).lines
        for line in lines or (f"no feedback to hand back: `triptych grade {chapter}` makes it",):
            say(f"{chapter}: {line}")


@hub.command(hidden=True)
def prepare(chapters: Chapters = None, course: CourseFolder = None) -> None:
    """Enters the people on stdin (JSON) into the gradebook and releases chapters; called by `hub up`."""
    from triptych.hub.exchange.release import enrol
    from triptych.hub.roster import Person

    enrol(Course.find(course), [Person(**entry) for entry in json.load(sys.stdin)])
    if chapters:
        release(chapters, None, course)
