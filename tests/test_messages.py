"""Every sentence that a person can get from `triptych` is provoked once.

The sentences are found in the source by `ast`; each is held against one entry of the tables below: either
what provokes it here, where it must be raised at just that line, or the test that does so already.
A new sentence without an entry, and an entry without its sentence, fail.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from courses import FORWARD, PROJECT, edit, scratch
from needs import needs_chromium
from sentences import GAP, SOURCE, Site, pattern, sites
from typer.testing import CliRunner

from triptych.chapter import chapter_from, read_chapter, split_region
from triptych.cli import app
from triptych.course import Course, CourseError
from triptych.grade.parcel import pack, read_outcome, unpack, unpack_outcome

TESTS = Path(__file__).resolve().parent

# --- how they are provoked ---------------------------------------------------------------------------


class Place:
    """A folder to spoil, and what the entries below do it with."""

    def __init__(self, tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tmp, self.patch = tmp, monkeypatch

    def file(self, name: str, text: str = "") -> Path:
        path = self.tmp / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def program(self, name: str, script: str) -> Path:
        path = self.file(name, f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def contract(self, text: str) -> Course:
        """A course of which there is only what the contract says."""
        self.file("source/course.toml", text)
        return Course(self.tmp)

    def course(self, *chapters: str) -> Course:
        return scratch(self.tmp / "course", chapters)

    def set(self, name: str, value: object) -> None:
        self.patch.setattr(name, value)

    def cli(self, *arguments: str, answers: str = "") -> None:
        """Runs the command; what it raises comes back here with where it was raised."""
        ran = CliRunner().invoke(app, list(arguments), input=answers)
        assert ran.exception is not None, ran.output
        raise ran.exception


Provoke = Callable[[Place], object]


def plan_of(text: str) -> Provoke:
    return lambda place: place.contract(text).plans


def bank(text: str) -> Provoke:
    def provoke(place: Place) -> None:
        from triptych.bank import read_bank

        place.file("01_a/f.py", text)
        read_bank(place.tmp, "01_a", "f")

    return provoke


def missing_bank(place: Place) -> None:
    from triptych.bank import read_bank

    read_bank(place.tmp, "01_a", "f")


def region(*lines: str) -> Provoke:
    return lambda place: split_region("\n".join(lines), "BEGIN", "END")


def opened(place: Place, deck: Path) -> None:
    from triptych.build import browser

    with browser._opened(deck):
        pass


def no_chromium(place: Place) -> None:
    place.set("triptych.build.browser.find_chromium", lambda: None)
    opened(place, place.tmp / "x.html")


def no_playwright(place: Place) -> None:
    real = builtins.__import__

    def fails(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("playwright"):
            raise ImportError(name)
        return real(name, *rest, **more)

    place.set("triptych.build.browser.find_chromium", lambda: "/usr/bin/true")
    place.patch.setattr(builtins, "__import__", fails)
    opened(place, place.tmp / "x.html")


def no_deck(place: Place) -> None:
    place.set("triptych.build.browser.find_chromium", lambda: "/usr/bin/true")
    opened(place, place.tmp / "x.html")


def deck_that_does_not_start(place: Place) -> None:
    place.set("triptych.build.browser.READY_MS", 300)
    opened(place, place.file("x.html", "<p>no deck</p>"))


def spoiled_deck(chapter: str, name: str) -> Provoke:
    """An image that is not there, in a cell of the core path."""

    def provoke(place: Place) -> None:
        from triptych.build import derive

        course = place.course(chapter)
        edit(course.notebook(chapter), add_image)
        place.set("triptych.build.answer_key.answer_key", lambda c, ch: read_chapter(c.notebook(ch)).notebook)
        place.set("triptych.build.workshop_deck.parts_of", parts_without_a_clock)
        if name == "chapter":
            derive.write_chapter_deck(course, chapter)
        else:
            derive.write_workshop_deck(course)

    return provoke


def add_image(notebook: Any) -> None:
    first = next(c for c in notebook.cells if c.cell_type == "markdown" and c.source.startswith("## ●"))
    first.source += "\n\n![a picture of nothing at all](figures/none.svg)"


def parts_without_a_clock(course: Course, notebooks: Any) -> Any:
    from triptych.workshop import Part, slides_of

    return [Part(c, [s for s in slides_of(nb) if s.core and not s.empty]) for c, nb in notebooks.items()]


def missing_original(place: Place) -> None:
    from triptych.check import fix_chapter

    course = place.course("04_graphs")
    (course.slides / "theme").unlink()
    fix_chapter(course, "04_graphs")


def breaches(place: Place) -> None:
    course = place.course("04_graphs")
    (course.source / "04_graphs" / "rise.css").write_text("")
    place.cli("check", "4", "--course", str(course.root))


def differing_release(place: Place) -> None:
    place.set("triptych.build.release.release_differences", lambda course, chapter: ["+ x"])
    place.cli("build", "--check", "4", "--course", str(PROJECT.root))


def unknown_box(place: Place) -> None:
    place.cli("grade", "4", "--sandbox", "docker", "--course", str(PROJECT.root))


def no_box(place: Place) -> None:
    place.set("triptych.grade.sandbox.available", lambda: "There is no bubblewrap.")
    place.cli("grade", "4", "--course", str(PROJECT.root))


def nothing_handed_in(place: Place) -> None:
    place.set("triptych.grade.run.grade", lambda *arguments, **more: [])
    place.cli("grade", "4", "--sandbox", "none", "--course", str(PROJECT.root))


def ill_machine(place: Place) -> None:
    from triptych.grade.doctor import Finding, Status

    place.set("triptych.grade.doctor.examine", lambda course: [Finding("box", Status.BAD, "none", "install it")])
    place.cli("doctor")


def server_that_ends(place: Place) -> None:
    @contextlib.contextmanager
    def staged(course: Course, talk: object) -> Iterator[object]:
        yield SimpleNamespace(address="http://127.0.0.1", server=SimpleNamespace(wait=lambda: 0))

    place.set("triptych.present.staged", staged)
    place.cli("present", "4", "--no-browser", "--course", str(PROJECT.root))


def unwritable_json(place: Place) -> None:
    from triptych.cli import write_json

    write_json(place.tmp / "no" / "folder.json", {})


def outside(place: Place) -> None:
    place.patch.chdir(place.tmp)
    place.cli()


def unknown_student(place: Place) -> None:
    course = place.contract("[chapters]\n")
    for name in ("lovelace", "noether"):
        (course.submitted / name).mkdir(parents=True)
    course.require_students(["lovlace"])


def demo_folder(place: Place) -> None:
    from triptych.demo import scratch_course

    place.file("mine.txt")
    scratch_course(PROJECT, place.tmp, [])


def demo_bank(place: Place) -> None:
    from triptych.demo import Answers

    Answers(Course(place.tmp)).right("04_graphs", "propagate_forward", 0)


def restarted_box(place: Place) -> None:
    from triptych.grade.box import BoxProvisioner

    provisioner = BoxProvisioner(box="none")
    provisioner._shared = place.tmp
    asyncio.run(provisioner.pre_launch())


def used_box(place: Place) -> None:
    from triptych.grade.bubblewrap import Box

    box = Box.__new__(Box)
    box.process = object()  # type: ignore[assignment]
    box.start(["true"])


def no_bubblewrap(place: Place) -> None:
    from triptych.grade.bubblewrap import _bubblewrap

    place.patch.setenv("PATH", str(place.tmp))
    _bubblewrap()


def bare_kernel(place: Place) -> Any:
    from triptych.grade.kernel import Kernel
    from triptych.grade.limits import Limits

    kernel: Any = Kernel.__new__(Kernel)
    kernel.post, kernel._connect, kernel._limits = lambda code: None, lambda: None, Limits()
    return kernel


def kernel_that_does_not_start(place: Place) -> None:
    kernel = bare_kernel(place)
    with tempfile.TemporaryDirectory() as short:  # a socket's path must be
        kernel._manager = SimpleNamespace(start_kernel=lambda cwd: None, ip=f"{short}/k", is_alive=lambda: False)
        kernel._start(place.tmp)


def kernel_that_does_not_answer(place: Place) -> None:
    kernel = bare_kernel(place)
    kernel._iopub = SimpleNamespace(poll=lambda milliseconds: 0)
    kernel._listen(0)


@contextlib.contextmanager
def bare_nursery() -> Iterator[Any]:
    from triptych.grade.nursery import Child, Kind, Nursery

    nursery: Any = Nursery.__new__(Nursery)
    nursery.kind = Kind(box="none")
    with tempfile.TemporaryDirectory() as folder:
        nursery.folder = Path(folder)
        child: Any = Child.__new__(Child)
        child._nursery, child.close = nursery, lambda: None
        yield child


def nothing_from_the_nursery(place: Place) -> None:
    place.set("triptych.grade.nursery.MADE_SECONDS", 0.05)
    with bare_nursery() as child:
        door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with door, theirs:
            child.begin(door)


def box_that_fails(place: Place) -> None:
    with bare_nursery() as child:
        door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with door, theirs:
            theirs.send(json.dumps({"failed": "unshare: Operation not permitted"}).encode())
            child.begin(door)


def dead_nursery(place: Place) -> None:
    from triptych.grade.nursery import Kind, Nursery

    nursery = Nursery(Kind(box="none", imports=()))
    try:
        nursery._control.close()
        nursery.spawn("pass")
    finally:
        nursery.close()


def unlike_worker(place: Place) -> None:
    from triptych.grade.cluster import _Run

    run: Any = _Run.__new__(_Run)
    run._address = "tcp://h:1"
    run._fault(ModuleNotFoundError("triptych.grade.remote"), None)


def parcel(content: object, most: int = 10_000) -> Provoke:
    def provoke(place: Place) -> None:
        whole = content if isinstance(content, bytes) else pack(content)  # type: ignore[arg-type]
        unpack(whole, {"outcome.json"}.__contains__, most)

    return provoke


def outcome(*cells: dict[str, str] | None) -> Provoke:
    """What a worker says of a submission, with a notebook of one cell handed back and another executed."""

    def provoke(place: Place) -> None:
        from triptych.grade.limits import Limits

        said = {"ready": True, "reason": "", "seconds": 1, "again": False, "phases": {}, "tests": {}}
        handed, executed = (
            nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("x", **cell)])).encode()
            if cell
            else b'{"nbformat": 4}'
            for cell in cells
        )
        files = {"outcome.json": json.dumps(said).encode(), "staged/c.ipynb": handed, "executed.ipynb": executed}
        unpack_outcome(pack(files), place.tmp, "ada", "c", {"c.ipynb"}, Limits())

    return provoke


def nothing_released(place: Place) -> None:
    from triptych.grade.preprocessors import RebuildFromRelease

    place.set("triptych.grade.preprocessors._course", lambda preprocessor: Course(place.tmp))
    resources = {"nbgrader": {"assignment": FORWARD, "notebook": FORWARD}}
    RebuildFromRelease().preprocess(nbformat.v4.new_notebook(), resources)


def damaged_record(place: Place) -> None:
    from triptych.grade.record import Record

    place.file(".triptych/record.jsonl", '{"student": "a"\n{}\n\n')
    Record(Course(place.tmp)).read()


def failing_setup(place: Place) -> None:
    from triptych.grade.references import References

    setup = nbformat.v4.new_code_cell("1 / 0", id="odd-setup", metadata={"tags": ["setup"]})
    References(chapter_from(nbformat.v4.new_notebook(cells=[setup]), place.tmp / "09_x.ipynb"))


def nothing_graded(place: Place) -> None:
    from triptych.grade.report import require

    require([], Course(place.tmp))


def two_runs(place: Place) -> None:
    from triptych.grade.run import alone

    with alone(Course(place.tmp)), alone(Course(place.tmp)):
        pass


def not_built(place: Place) -> None:
    from triptych.grade.run import _prepare

    _prepare(Course(place.tmp), FORWARD)


def machine(place: Place) -> None:
    from triptych.grade.seccomp import program

    program("riscv64")


def configuration(text: str | None) -> Provoke:
    def provoke(place: Place) -> None:
        from triptych.nbgrader_api import config_of

        if text is not None:
            place.file("nbgrader_config.py", text)
        config_of(Course(place.tmp))

    return provoke


def nbgraders_failure(place: Place) -> None:
    from triptych.nbgrader_api import succeed

    succeed({"success": False, "log": "[INFO] x\n[ERROR] no space left"}, "make the student version of 05")


def target(name: str) -> Provoke:
    def provoke(place: Place) -> None:
        from triptych.present import check_target

        place.file("there.ipynb")
        check_target(Course(place.tmp / "course"), place.tmp / name)

    return provoke


def begins_at(**where: Any) -> Provoke:
    def provoke(place: Place) -> None:
        from triptych.present import Talk, _first_cell

        _first_cell(Talk("04_graphs", **where), read_chapter(PROJECT.notebook("04_graphs")).notebook)

    return provoke


def no_lab(place: Place) -> None:
    from triptych.present import wait_until_up

    place.file("server.log", "ModuleNotFoundError: jupyterlab")
    wait_until_up(SimpleNamespace(pid=1, poll=lambda: 1), place.tmp, "x")  # type: ignore[arg-type]


# --- the hub's, as far as they need neither root nor a hub ---


def hub_settings(**more: object) -> Any:
    from triptych.hub.site import Settings

    given: dict[str, Any] = {
        "course_id": "c", "course_root": "/home/n/c", "instructor": "n", "students": ["ada"],
        "environment": "/srv/e", "exchange": "/srv/x", "proxy": ["node", "proxy"],
    }  # fmt: skip
    return Settings(**(given | more))


def hub_site(place: Place) -> Any:
    from triptych.hub.site import Site

    (place.tmp / "hub").mkdir(exist_ok=True)
    return Site(place.tmp)


def unknown_login(place: Place) -> None:
    place.cli("hub", "up", "--roster", "x.csv", "--login", "odd", "--course", str(PROJECT.root))


def nothing_removed(place: Place) -> None:
    place.cli("hub", "down", "--remove-users", "--folder", str(place.tmp), answers="n\n")


def new_password(user: str, login: str) -> Provoke:
    def provoke(place: Place) -> None:
        site = hub_site(place)
        site.save(hub_settings(login=login))
        place.cli("hub", "password", user, "--folder", str(site.folder))

    return provoke


def no_checkout(place: Place) -> None:
    from triptych.hub.environment import make_environment

    place.set("triptych.hub.environment.project", lambda: None)
    make_environment(hub_site(place))


def no_python(place: Place) -> None:
    from triptych.hub.environment import make_environment

    place.set("triptych.hub.environment.shutil.which", lambda *names, **more: None)
    make_environment(hub_site(place))


def poor_environment(place: Place) -> None:
    from triptych.hub.environment import use_environment

    use_environment(place.tmp)


def closed_environment(place: Place) -> None:
    from triptych.hub.environment import require_open

    place.program("env/bin/python", "true")
    (place.tmp / "env").chmod(0o700)
    place.set("triptych.hub.environment.closed_to_others", lambda path: place.tmp / "env")
    require_open(place.tmp / "env")


def proxy(*programs: tuple[str, str], install: bool = True) -> Provoke:
    """The proxy looked for where PATH holds these programs alone."""

    def provoke(place: Place) -> None:
        from triptych.hub.environment import find_proxy

        for name, script in programs:
            place.program(f"bin/{name}", script)
        place.patch.setenv("PATH", str(place.tmp / "bin"))
        place.set("triptych.hub.environment.files", lambda: place.tmp)
        find_proxy(hub_site(place), install=install)

    return provoke


def failing_pip(place: Place) -> None:
    from triptych.hub.environment import _run

    _run(["/bin/sh", "-c", "echo no network >&2; exit 3"], "is the network there?")


def plain(status: SimpleNamespace) -> Provoke:
    def provoke(place: Place) -> None:
        from triptych.hub.inbound import _require_plain

        _require_plain(Path("x"), status, os.getuid())  # type: ignore[arg-type]

    return provoke


def closed_inbound(place: Place) -> None:
    from triptych.hub.inbound import Limits, look_at

    look_at(place.tmp / "nowhere", "ada", Limits())


def changed_while_copied(place: Place) -> None:
    import pwd
    from datetime import timedelta

    from triptych.hub.exchange import copy
    from triptych.hub.inbound import Limits, look_at

    place.file("in/x.ipynb", "{}")
    found = look_at(place.tmp / "in", pwd.getpwuid(os.getuid()).pw_name, Limits())
    copy(replace(found, arrived=found.arrived - timedelta(seconds=9)), place.tmp / "out", Limits())


def copied(make: Callable[[Path], object]) -> Provoke:
    def provoke(place: Place) -> None:
        from triptych.hub.exchange import _copy_file

        make(place.tmp / "x")
        where = os.open(place.tmp, os.O_RDONLY)
        try:
            _copy_file("x", where, place.tmp / "copy", os.getuid())
        finally:
            os.close(where)

    return provoke


def foreign_folder(place: Place) -> None:
    from triptych.hub.lay import _folder

    (place.tmp / "real").mkdir()
    (place.tmp / "link").symlink_to(place.tmp / "real")
    _folder(place.tmp / "link", 0o755)


def foreign_exchange(place: Place) -> None:
    import pwd

    from triptych.hub.lay import _lay_exchange

    place.set("triptych.hub.lay._folder", lambda path, mode: None)
    (place.tmp / "real").mkdir()
    (place.tmp / "c").symlink_to(place.tmp / "real")
    _lay_exchange(place.tmp, hub_settings(instructor=pwd.getpwuid(os.getuid()).pw_name))


def unwritable_course(place: Place) -> None:
    from triptych.hub.lay import lay_course

    place.set("triptych.hub.lay.run_as", lambda *a, **m: subprocess.CompletedProcess([], 1, b"", b"tar: disk full\n"))
    lay_course(PROJECT, [], hub_settings(), update=False)


def instructors_failure(said: bytes) -> Provoke:
    """The instructor's `triptych` fails, and this is what it prints as errors."""

    def provoke(place: Place) -> None:
        from triptych.hub.lay import as_instructor

        place.set("triptych.hub.lay.run_as", lambda *a, **m: subprocess.CompletedProcess([], 1, b"", said))
        as_instructor(hub_site(place), hub_settings(), ["hub", "prepare", "05"])

    return provoke


def account(name: str, *, there: bool, home: str = "") -> Provoke:
    """useradd and userdel that fail; or an account without a home."""

    def provoke(place: Place) -> None:
        from triptych.hub import people
        from triptych.hub.roster import Person

        place.set("triptych.hub.people.account", lambda user: object() if there else None)
        place.set("triptych.hub.people.pwd.getpwnam", lambda user: SimpleNamespace(pw_dir=home))
        failed = subprocess.CompletedProcess([], 1, "", "user ada is logged in")
        place.set("triptych.hub.people.subprocess.run", lambda *arguments, **more: failed)
        people.remove_account("ada") if name == "remove" else people.make_account(Person("ada"))

    return provoke


def unwritable_passwords(place: Place) -> None:
    from triptych.hub.people import hand_out_passwords
    from triptych.hub.roster import Person

    place.program("env/bin/python", "echo dbm.error: no >&2; exit 1")
    hand_out_passwords(hub_site(place), [Person("ada")], place.tmp / "env")


def asked(handler: Callable[[Any], Any]) -> Provoke:
    def provoke(place: Place) -> None:
        import httpx

        from triptych.hub.process import Api

        api = Api(hub_settings())
        api._client = httpx.Client(base_url="http://hub", transport=httpx.MockTransport(handler))
        api.get("/users")

    return provoke


def refusing(request: Any) -> Any:
    import httpx

    return httpx.Response(403, text="no such token")


def silent(request: Any) -> Any:
    import httpx

    raise httpx.ConnectError("refused")


def all_ports_taken(place: Place) -> None:
    from triptych.hub.process import free_port

    free_port(set(range(65536)))


def hub_starts(seconds: float, ended: bool) -> Provoke:
    def provoke(place: Place) -> None:
        from triptych.hub.process import wait_until_up

        place.set("triptych.hub.process.STARTS_IN", seconds)
        site = hub_site(place)
        site.log.write_text("[E 2026] OSError: address in use\n")
        wait_until_up(site, hub_settings(), SimpleNamespace(poll=lambda: 1 if ended else None))  # type: ignore[arg-type]

    return provoke


def odd_deadline(place: Place) -> None:
    from triptych.hub.release import release

    place.set("triptych.hub.release._make", lambda course, chapter: None)
    release(Course(place.tmp), FORWARD, "soon")


def no_exchange(place: Place) -> None:
    from triptych.hub.release import api_of

    place.file("nbgrader_config.py", "c = get_config()\nc.Exchange.root = '/nowhere/exchange'\n")
    place.set(
        "triptych.hub.release.NbGraderAPI",
        lambda *arguments, **more: SimpleNamespace(exchange_missing=True, exchange_root="/x"),
    )
    api_of(Course(place.tmp))


def no_roster(place: Place) -> None:
    from triptych.hub.roster import read_roster

    read_roster(place.tmp / "nobody.csv")


def roots_own(place: Place) -> None:
    def refuses(self: Path, *arguments: object, **more: object) -> str:
        raise PermissionError(13, "Permission denied")

    site = hub_site(place)
    place.patch.setattr(Path, "read_text", refuses)
    site.load()


def units_nowhere(place: Place) -> None:
    from triptych.hub.units import write_units

    write_units(hub_site(place), place.tmp / "nowhere", "hub.example.org")


def nameless_course(place: Place) -> None:
    from triptych.hub.up import course_id_of

    place.file("nbgrader_config.py", "c = get_config()\nc.CourseDirectory.course_id = 'a course'\n")
    course_id_of(Course(place.tmp))


def not_root(place: Place) -> None:
    from triptych.hub.up import require_root

    place.set("triptych.hub.up.os.geteuid", lambda: 1000)
    require_root()


def no_roster_yet(place: Place) -> None:
    from triptych.hub.up import roster_file

    place.set("triptych.hub.up.os.geteuid", lambda: 0)
    roster_file(hub_site(place), None)


def other_instructor(place: Place) -> None:
    from triptych.hub.roster import Person, Roster
    from triptych.hub.up import _refuse_other_instructor

    _refuse_other_instructor(hub_settings(), Roster(Person("m", "instructor"), (Person("ada"),)))


def gone_from_the_roster(place: Place) -> None:
    from triptych.hub.roster import Person, Roster
    from triptych.hub.up import Wishes, _settings

    place.set("triptych.hub.up.pwd.getpwnam", lambda user: SimpleNamespace(pw_dir="/home/n"))
    roster = Roster(Person("n", "instructor"), (Person("ben"),))
    _settings(hub_site(place), hub_settings(), "c", roster, Wishes(), ["proxy"], place.tmp)


def notebook_of_others(place: Place) -> None:
    from triptych.hub.validate import ValidateHandler

    handler: Any = SimpleNamespace(
        get_query_argument=lambda name, default: "../ben/x.ipynb",
        current_user="ada",
        settings={"server_root_dir": str(place.tmp)},
    )
    asyncio.run(ValidateHandler.post.__wrapped__(handler))  # type: ignore[attr-defined]


STAT = {"st_uid": os.getuid(), "st_nlink": 1}
CHAPTER = '[chapters.01_a]\ntitle = "A"\n'

#: What is raised at the very line that says so. The words stand in one sentence of that module alone.
HERE: dict[tuple[str, str], Provoke | tuple[Provoke, pytest.MarkDecorator]] = {
    ("bank", "has no answers in the bank: write"): missing_bank,
    ("bank", "whose marker is neither"): bank("# %% maybe: so\nx = 1\n"),
    ("bank", "exactly the wrong answers say"): bank("# %% wrong: so\nx = 1\n"),
    ("bank", "a wrong answer must lose a test cell"): bank("# %% wrong: so\n# loses: –\nx = 1\n"),
    ("bank", "has two answers called"): bank("# %% right: so\nx = 1\n\n# %% right: so\nx = 2\n"),
    ("build/browser", "No Chromium was found"): no_chromium,
    ("build/browser", "Playwright is missing"): no_playwright,
    ("build/browser", "There is no deck"): no_deck,
    ("build/browser", "did not start within"): (deck_that_does_not_start, needs_chromium),
    ("build/derive", "The deck of"): spoiled_deck("04_graphs", "chapter"),
    ("build/derive", "The workshop's deck"): spoiled_deck("04_graphs", "workshop"),
    ("chapter", "stands twice without"): region("BEGIN", "BEGIN", "END"),
    ("chapter", "comes before any"): region("END"),
    ("chapter", "… stands without …"): region("BEGIN"),
    ("check", "restore it, every chapter carries a copy"): missing_original,
    ("cli", "is in no course folder: go to one"): outside,
    ("cli", "of the rules: mend them in source/"): breaches,
    ("cli", "release/ differs from what the sources give"): differing_release,
    ("cli", "is unknown: give bwrap, or none"): unknown_box,
    ("cli", "or grade submissions that you trust with"): no_box,
    ("cli", "holds no submission for"): nothing_handed_in,
    ("cli", "grading as it should be is not possible here"): ill_machine,
    ("cli", "The server has ended by itself"): server_that_ends,
    ("cli", "name another file with --json"): unwritable_json,
    ("course", "is not in a course folder"): lambda place: Course.find(place.tmp),
    ("course", "cannot be read as TOML"): plan_of("[chapters"),
    ("course", "names no chapter: begin its name"): plan_of("[chapters.graphs]\n"),
    ("course", "which is no table"): plan_of(f"{CHAPTER}exercises.f = 3\n"),
    ("course", "has an unknown option"): plan_of(f"{CHAPTER}exercises.f = {{ points = 1, minute = 2 }}\n"),
    ("course", "gives … as …: write"): plan_of(f"{CHAPTER}exercises.f = {{ points = '1', minutes = 2 }}\n"),
    ("course", "does not say"): plan_of(f"{CHAPTER}exercises.f = {{ points = 1 }}\n"),
    ("course", "No chapter"): lambda place: PROJECT.choose(["forward"]),
    ("course", "No student"): unknown_student,
    ("demo", "is not empty and no demo's folder"): demo_folder,
    ("demo", ": exercise"): demo_bank,
    ("grade/box", "A kernel in a box is not started again"): restarted_box,
    ("grade/bubblewrap", "A box runs one command"): used_box,
    ("grade/bubblewrap", "There is no bubblewrap on this machine"): no_bubblewrap,
    ("grade/cluster", "lacks this version of triptych"): unlike_worker,
    ("grade/kernel", "did not start: see"): kernel_that_does_not_start,
    ("grade/kernel", "did not answer: see"): kernel_that_does_not_answer,
    ("grade/nursery", "A box could not be made"): box_that_fails,
    ("grade/nursery", "No box was made within"): nothing_from_the_nursery,
    ("grade/nursery", "The warm process has ended"): dead_nursery,
    ("grade/parcel", "has no place in it"): parcel({"x.txt": b"1"}),
    ("grade/parcel", "it is larger than"): parcel({"outcome.json": b"1" * 99}, most=9),
    ("grade/parcel", "it cannot be read"): parcel(b"no parcel" * 100),
    ("grade/parcel", "its outcome cannot be read"): lambda place: read_outcome(b"{}"),
    ("grade/parcel", "a notebook in it is none"): outcome({"id": "a"}, None),
    ("grade/parcel", "its two notebooks have different cells"): outcome({"id": "a"}, {"id": "b"}),
    ("grade/preprocessors", "is missing: run `triptych build"): nothing_released,
    ("grade/record", "is damaged"): damaged_record,
    ("grade/references", "fails where tests run"): failing_setup,
    ("grade/report", "Nothing has been graded in"): nothing_graded,
    ("grade/run", "is being graded by another run"): two_runs,
    ("grade/run", "is missing: run `triptych build"): not_built,
    ("grade/seccomp", "no system-call filter for"): machine,
    ("nbgrader_api", "it makes a folder a course for nbgrader"): configuration(None),
    ("nbgrader_api", "does not run"): configuration("1 / 0"),
    ("nbgrader_api", "nbgrader could not"): nbgraders_failure,
    ("present", "which belongs to the course: name a file elsewhere"): target("course/source/x.ipynb"),
    ("present", "is not named like a notebook"): target("x.txt"),
    ("present", "exists and is not overwritten"): target("there.ipynb"),
    ("present", "is no folder: make it, or name another"): target("nowhere/x.ipynb"),
    ("present", "has no cell"): begins_at(cell="propagate_foreward"),
    ("present", "has no slide"): begins_at(slide=999),
    ("present", "JupyterLab did not start"): no_lab,
    ("hub/cli", "is unknown: give firstuse, shared-password or file"): unknown_login,
    ("hub/cli", "Nothing was stopped and nothing removed"): nothing_removed,
    ("hub/cli", "is not on this hub's roster"): new_password("bob", "firstuse"),
    ("hub/cli", "gives nobody a password of their own"): new_password("ada", "file"),
    ("hub/environment", "was not installed from its checkout"): no_checkout,
    ("hub/environment", "There is no /usr/bin/python3"): no_python,
    ("hub/environment", "install triptych[hub] into it"): poor_environment,
    ("hub/environment", "Students cannot run"): closed_environment,
    ("hub/environment", "There is no Node.js"): proxy(),
    ("hub/environment", "is too old for JupyterHub's proxy"): proxy(("node", "echo v12.1.0")),
    ("hub/environment", ": npm ci --prefix hub"): proxy(("node", "echo v99.0.0"), install=False),
    ("hub/environment", "There is no npm to install"): proxy(("node", "echo v99.0.0")),
    ("hub/environment", "` failed ("): failing_pip,
    ("hub/inbound", "in it belongs to"): plain(SimpleNamespace(**(STAT | {"st_uid": 54321}), st_mode=0o100644)),
    ("hub/inbound", "in it is a link"): plain(SimpleNamespace(**STAT, st_mode=0o120777)),
    ("hub/inbound", "in it is a device, socket or pipe"): plain(SimpleNamespace(**STAT, st_mode=0o010644)),
    ("hub/inbound", "in it is a hard link"): plain(SimpleNamespace(**(STAT | {"st_nlink": 2}), st_mode=0o100644)),
    ("hub/inbound", "is no folder that can be read"): closed_inbound,
    ("hub/exchange", "it was changed while it was being collected"): changed_while_copied,
    ("hub/exchange", "in it cannot be read"): copied(lambda path: path.symlink_to("/nowhere")),
    ("hub/exchange", "in it was exchanged while it was being"): copied(os.mkfifo),
    ("hub/lay", "is not root's own folder"): foreign_folder,
    ("hub/lay", "is not the instructor's"): foreign_exchange,
    ("hub/lay", "could not be written"): unwritable_course,
    ("hub/lay", "run it there by hand to see why"): instructors_failure(b"Killed\n"),
    ("hub/people", "has no home folder"): account("make", there=True, home="/nowhere/ada"),
    ("hub/people", "could not be removed"): account("remove", there=True),
    ("hub/people", "could not be made"): account("make", there=False),
    ("hub/people", "could not be written"): unwritable_passwords,
    ("hub/process", "No free port on this machine"): all_ports_taken,
    ("hub/process", "The hub did not answer within"): hub_starts(0, ended=False),
    ("hub/process", "The hub ended at once"): hub_starts(9, ended=True),
    ("hub/process", "The hub refused"): asked(refusing),
    ("hub/process", "The hub does not answer"): asked(silent),
    ("hub/release", "There is no exchange at"): no_exchange,
    ("hub/release", "is no point in time"): odd_deadline,
    ("hub/roster", "cannot be read as a CSV table"): no_roster,
    ("hub/site", "is root's own: run this as root"): roots_own,
    ("hub/units", "is no folder: make it first"): units_nowhere,
    ("hub/up", "as c.CourseDirectory.course_id"): nameless_course,
    ("hub/up", "Only root can make accounts"): not_root,
    ("hub/up", "holds no roster yet"): no_roster_yet,
    ("hub/up", "This hub's course folder belongs to"): other_instructor,
    ("hub/up", "is not on the roster any more"): gone_from_the_roster,
    ("hub/validate", "That notebook is not in your folder"): notebook_of_others,
}

#: What another test provokes already: its node, and words of the sentence that it asserts.
ELSEWHERE: dict[tuple[str, str], tuple[str, str]] = {
    ("build/answer_key", "of the answer key fails"): ("test_build.py::test_an_answer_key_that_fails_names_the_cell", "of the answer key fails"),
    ("build/deck", "has no cell to show"): ("test_deck.py::test_notebook_with_nothing_to_show_is_refused", "no cell to show"),
    ("build/deck", "from the web: save the image"): ("test_deck.py::test_image_that_cannot_be_embedded_is_named_with_its_cell", "from the web: save the image"),
    ("build/deck", "which is not in"): ("test_deck.py::test_image_that_cannot_be_embedded_is_named_with_its_cell", "which is not in"),
    ("build/deck", "The slide that begins with cell"): ("test_deck.py::test_slide_that_shows_nothing_is_named", "The slide that begins with cell"),
    ("build/deck", "The deck needs"): ("test_deck.py::test_missing_template_file_is_named", "which is missing"),
    ("build/derive", "… cannot be made: …"): ("test_build_again.py::test_a_pdf_without_a_browser_is_said_in_a_sentence", "cannot be made:"),
    ("grade/intake", "the folder's name is no student id"): ("test_intake.py::test_odd_names_are_refused", "student id"),
    ("grade/intake", "nothing was submitted"): ("test_intake.py::test_nothing_submitted", "nothing was submitted"),
    ("grade/intake", "is missing…: submit the notebook"): ("test_intake.py::test_refused_with_a_sentence", "is missing"),
    ("grade/intake", "the notebook is larger than"): ("test_intake.py::test_refused_with_a_sentence", "larger than"),
    ("grade/intake", "the notebook is empty"): ("test_intake.py::test_refused_with_a_sentence", "is empty"),
    ("grade/intake", "the file is no Jupyter notebook"): ("test_intake.py::test_refused_with_a_sentence", "no Jupyter notebook"),
    ("grade/intake", "nested too deeply"): ("test_intake.py::test_refused_with_a_sentence", "nested too deeply"),
    ("grade/intake", "the notebook's cells are not"): ("test_intake.py::test_refused_with_a_sentence", "not as a notebook's"),
    ("grade/intake", "the notebook's parts are not"): ("test_intake.py::test_refused_with_a_sentence", "not as a notebook's"),
    ("grade/intake", "the notebook has more than"): ("test_intake.py::test_refused_with_a_sentence", "more than 20 cells"),
    ("grade/intake", "is a link: submit the folder itself"): ("test_intake.py::test_refused_with_a_sentence", "is a link"),
    ("grade/intake", "is a link: submit the file itself"): ("test_intake.py::test_refused_with_a_sentence", "is a link"),
    ("grade/intake", "the notebook is not valid JSON"): ("test_intake.py::test_refused_with_a_sentence", "not valid JSON"),
    ("grade/intake", "the notebook has format"): ("test_intake.py::test_refused_with_a_sentence", "has format 5"),
    ("grade/intake", "is not a regular file"): ("test_intake.py::test_refused_with_a_sentence", "not a regular file"),
    ("grade/intake", "the folder holds more than"): ("test_intake.py::test_refused_with_a_sentence", "more than 5 files"),
    ("grade/intake", "the folder is larger than"): ("test_intake.py::test_refused_with_a_sentence", "larger than"),
    ("grade/nursery", "take away what the notebook does not need"): ("test_box.py::test_too_many_or_too_large_files_are_refused", "more than 1 files"),
    ("new/contract", "in another form than tables"): ("test_new.py::test_a_contract_that_cannot_be_read_or_added_to", "in another form"),
    ("new/files", "so nothing was made"): ("test_new.py::test_nothing_half_written", "so nothing was made"),
    ("new/skeleton", "cannot name a chapter"): ("test_new.py::test_refused_names_say_why_and_make_nothing", "cannot name a chapter"),
    ("new/skeleton", "and there are numbers to 99"): ("test_new.py::test_chapter_100_is_refused", "and there are numbers to 99"),
    ("new/skeleton", "already: take another number"): ("test_new.py::test_refused_names_say_why_and_make_nothing", "already: take another number"),
    ("new/skeleton", "has that name already"): ("test_new.py::test_refused_names_say_why_and_make_nothing", "has that name already"),
    ("new/skeleton", "is there already and not in course.toml"): ("test_new.py::test_what_is_there_already_is_kept", "is there already and not in course.toml"),
    ("new/skeleton", "cannot name an exercise"): ("test_new.py::test_refused_names_say_why_and_make_nothing", "cannot name an exercise"),
    ("new/skeleton", "Exercise … is in"): ("test_new.py::test_refused_names_say_why_and_make_nothing", "already: choose another id"),
    ("new/skeleton", "uses the name"): ("test_new.py::test_refused_names_say_why_and_make_nothing", "uses the name"),
    ("new/skeleton", "and would become one of"): ("test_new.py::test_refused_names_say_why_and_make_nothing", "is a test of"),
    ("new/skeleton", "is there already: choose another id than"): ("test_new.py::test_what_is_there_already_is_kept", "is there already: choose another id"),
    ("new/skeleton", "is no readable notebook"): ("test_new.py::test_a_notebook_that_is_none", "is no readable notebook"),
    ("new/skeleton", "every chapter carries a copy"): ("test_new.py::test_a_missing_original_is_said", "every chapter carries a copy"),
    ("present", "is missing: make it with"): ("test_present.py::test_missing_or_old_student_version_is_said", "is missing: make it with"),
    ("present", "has other cells than its source"): ("test_present.py::test_missing_or_old_student_version_is_said", "other cells than its source"),
    ("present", "the notebook of the talk is"): ("test_present.py::test_file_that_came_to_stand_there_is_not_overwritten", "the notebook of the talk is"),
    ("present", "Port … cannot be had"): ("test_present.py::test_port_that_is_taken_is_said", "name another with --port"),
    ("workshop", "The workshop's slides take"): ("test_slides.py::test_a_plan_that_does_not_fit_is_said", "minutes, source/course.toml promises"),
    ("workshop", "plans workshop minutes for"): ("test_slides.py::test_a_plan_that_does_not_fit_is_said", "begins no lecture slide"),
    ("cli", "--jobs counts processes of this machine"): ("test_cluster.py::test_jobs_and_scheduler_do_not_go_together", "give one of them"),
    ("grade/cluster", "does not answer any more"): ("test_cluster.py::test_a_scheduler_that_is_lost_ends_the_run_in_one_sentence", "does not answer any more: start it again."),
    ("grade/cluster", "--scheduler needs Dask"): ("test_cluster.py::test_without_dask_there_is_a_cure", "pip install 'triptych[cluster]'"),
    ("grade/cluster", "No Dask scheduler answers at"): ("test_cluster.py::test_no_scheduler_is_one_sentence", "No Dask scheduler answers at"),
    ("grade/forget", "cannot be a student's name"): ("test_forget.py::test_sentences", "cannot be a student's name"),
    ("grade/forget", "holds nothing of"): ("test_forget.py::test_sentences", "nothing of"),
    ("hub/cli", "has no port: write it like"): ("test_hub_parts.py::test_addresses", "has no port"),
    ("hub/inbound", "it says … and belongs to"): ("test_hub_exchange.py::test_a_folder_under_anothers_name_is_refused", "and belongs to"),
    ("hub/inbound", "it holds more than … files"): ("test_hub_exchange.py::test_what_is_no_plain_file_is_refused", "more than 200 files"),
    ("hub/inbound", "it holds more than … MB"): ("test_hub_exchange.py::test_what_is_no_plain_file_is_refused", "more than 50 MB"),
    ("hub/people", "is an account of the system itself"): ("test_hub_parts.py::test_accounts_of_the_system_are_refused", "account of the system"),
    ("hub/roster", "has no column"): ("test_hub_parts.py::test_a_wrong_roster_is_refused_in_a_sentence", "no column"),
    ("hub/roster", "twice: give each person one line"): ("test_hub_parts.py::test_a_wrong_roster_is_refused_in_a_sentence", "twice"),
    ("hub/roster", "lines with the role instructor"): ("test_hub_parts.py::test_a_wrong_roster_is_refused_in_a_sentence", "lines with the role instructor"),
    ("hub/roster", "has no students"): ("test_hub_parts.py::test_a_wrong_roster_is_refused_in_a_sentence", "has no students"),
    ("hub/roster", "cannot be a user name"): ("test_hub_parts.py::test_a_wrong_roster_is_refused_in_a_sentence", "cannot be a user name"),
    ("hub/roster", "is unknown: give student or instructor"): ("test_hub_parts.py::test_a_wrong_roster_is_refused_in_a_sentence", "is unknown"),
    ("hub/site", "holds no hub: make one"): ("test_hub_parts.py::test_settings_come_back_and_are_roots_alone", "holds no hub"),
    ("hub/site", "delete it and run `triptych hub up` again"): ("test_hub_parts.py::test_settings_come_back_and_are_roots_alone", "cannot be read"),
    ("hub/units", "is no domain name"): ("test_hub_parts.py::test_units_are_filled_in_and_parse", "no domain name"),
    ("hub/up", "A certificate needs its key"): ("test_hub_parts.py::test_an_address_that_gives_passwords_away_is_refused", "needs its key"),
    ("hub/up", "is no file: name the PEM file"): ("test_hub_parts.py::test_an_address_that_gives_passwords_away_is_refused", "is no file"),
    ("hub/up", "passwords would cross the network"): ("test_hub_parts.py::test_an_address_that_gives_passwords_away_is_refused", "in the clear"),
    ("hub/up", "anyone may be anyone"): ("test_hub_parts.py::test_an_address_that_gives_passwords_away_is_refused", "anyone may be anyone"),
    ("hub/up", "give one of at least 8 with"): ("test_hub_parts.py::test_an_address_that_gives_passwords_away_is_refused", "at least 8"),
}  # fmt: skip


# --- the tests ---------------------------------------------------------------------------------------


def found_for(key: tuple[str, str]) -> list[Site]:
    """The sites that an entry may mean: one whose whole text it gives, else those that hold its words."""
    module = [site for site in sites() if site.module == key[0]]
    return [site for site in module if site.text == key[1]] or [site for site in module if key[1] in site.text]


def test_every_sentence_has_one_entry_and_every_entry_one_sentence() -> None:
    keys = [*HERE, *ELSEWHERE]
    assert len(set(keys)) == len(keys)
    meant = {key: found_for(key) for key in keys}
    assert not {key: [site.text for site in found] for key, found in meant.items() if len(found) != 1}
    provoked = [found[0] for found in meant.values()]
    assert not [f"{s.module}.py, line {s.first}: {s.text}" for s in sites() if s not in provoked], (
        "messages that no test provokes: add an entry to HERE or ELSEWHERE"
    )
    assert len(set(provoked)) == len(provoked)


def test_sentences_are_found() -> None:
    """The collection itself: classes of any depth, `stop`, text put together from parts; nothing passed on."""
    texts = {(site.module, site.text) for site in sites()}
    assert len(texts) > 150
    assert ("grade/bubblewrap", "A box runs one command: make a new one.") in texts  # a class of a class
    assert ("cli", "release/ differs from what the sources give: run `triptych build` and commit the result.") in texts
    assert ("bank", "has two answers called … in …") in texts
    assert not [text for module, text in texts if module == "grade/codec"]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, id=f"{key[0]}: {key[1]}", marks=[how[1]] if isinstance(how, tuple) else [])
        for key, how in HERE.items()
    ],
)
def test_the_sentence_is_said_there(key: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how = HERE[key]
    provoke = how[0] if isinstance(how, tuple) else how
    with monkeypatch.context() as patch, pytest.raises(Exception) as raised:
        provoke(Place(tmp_path, patch))
    (site,) = found_for(key)
    file = str(SOURCE / f"{site.module}.py")
    frames = [frame for frame in traceback.extract_tb(raised.value.__traceback__) if frame.filename == file]
    assert any(site.first <= (frame.lineno or 0) <= site.last for frame in frames), "".join(
        traceback.format_exception(raised.value)
    )
    said = str(raised.value)
    assert re.search(pattern(site.text), said, re.DOTALL), said
    assert "\n" not in said and "Traceback" not in said, said


@pytest.mark.parametrize("key", ELSEWHERE, ids=lambda key: f"{key[0]}: {key[1]}")
def test_the_sentence_is_asserted_elsewhere(key: tuple[str, str]) -> None:
    node, says = ELSEWHERE[key]
    (site,) = found_for(key)
    # what the test says stands in the sentence, numbers for what is put in
    assert says in site.text or re.sub(r"\d+", GAP, says) in site.text, site.text
    file, _, name = node.partition("::")
    assert says in _reading(TESTS / file, name), f"{node} does not say {says!r}"


@cache
def _reading(path: Path, name: str) -> str:
    """A test's text: itself with its marks, and what of its module's own tables it names."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    named = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert name in named, f"there is no test {name} in {path.name}"
    test = named[name]
    first = min([test.lineno, *(decorator.lineno for decorator in test.decorator_list)])
    parts = ["\n".join(text.split("\n")[first - 1 : test.end_lineno])]
    used = {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id in used for target in targets):
            parts.append(ast.get_source_segment(text, node) or "")
    return re.sub(r"\\([^\w\s])", r"\1", "\n".join(parts))


#: Said on the page or in the record behind what it is about, or put into another sentence: no sentence of its own.
PARTS = {"bank", "chapter", "grade/intake", "grade/parcel", "grade/seccomp", "hub/exchange", "hub/inbound"}


@pytest.mark.parametrize("site", sites(), ids=lambda site: f"{site.module}-{site.first}")
def test_a_sentence_ends_and_says_what_to_do(site: Site) -> None:
    text = site.text.split(" | ")[0]
    if site.module in PARTS:
        assert not text.endswith("."), text
        return
    # a sentence of its own may be put in behind
    assert re.search(r"[.?]( ?…)?$|: …$", text), text
    assert re.search(r": |; |, so | to … with|\(see ", text), text


def test_unknown_names_suggest_the_nearest(tmp_path: Path) -> None:
    place = Place(tmp_path, pytest.MonkeyPatch())
    spelled = (
        (lambda: PROJECT.choose(["5_forward"]), "did you mean 05_forward_mode?"),
        (lambda: unknown_student(place), "did you mean lovelace?"),
        (lambda: begins_at(cell="propagate_foreward")(place), "did you mean propagate_forward?"),
        (lambda: plan_of(f"{CHAPTER}exercises.f = {{ points = 1, minute = 2 }}\n")(place), "did you mean minutes?"),
        (lambda: plan_of('titel = "A"\n[chapters]\n')(place), "did you mean title?"),
    )
    for provoke, says in spelled:
        with pytest.raises(Exception, match=re.escape(says)):
            provoke()
    shutil.rmtree(tmp_path / "submitted")
    with pytest.raises(Exception, match=r"there is none yet\.$"):
        Course(tmp_path).require_students(["ada"])
    many = "\n".join(
        f'[chapters.{n:02d}_c]\ntitle = "C"\nexercises.f{n} = {{ points = 1, minutes = 1 }}' for n in range(1, 20)
    )
    course = place.contract(many)
    for chapter in course.plans:
        place.file(f"source/{chapter}/{chapter}.ipynb")
    with pytest.raises(Exception, match=r"known are 01_c, .*12_c and 7 more\.$"):
        course.choose(["zzz"])


def test_a_sentence_of_the_instructors_command_comes_through_whole(tmp_path: Path, monkeypatch: Any) -> None:
    """Whatever else the command prints before and after it."""
    said = b"UserWarning: old\ntriptych: release/05 is missing: run `triptych build 05` first.\nsys:1: odd end\n"
    with pytest.raises(CourseError) as raised:
        instructors_failure(said)(Place(tmp_path, monkeypatch))
    assert str(raised.value) == "release/05 is missing: run `triptych build 05` first."
    with pytest.raises(
        CourseError, match=r"`triptych hub prepare 05`, run as n in /home/n/c, failed \(it gave no reason"
    ):
        instructors_failure(b"")(Place(tmp_path, monkeypatch))


def test_a_test_that_asserts_nothing_of_the_sort_is_noticed() -> None:
    """The pointers are held against what they point to."""
    with pytest.raises(AssertionError, match="there is no test"):
        _reading(TESTS / "test_check.py", "test_that_is_not_there")
    assert "shares its id" in _reading(TESTS / "test_check.py", "test_rule_finds_its_breach")
    assert "shares its id" not in _reading(TESTS / "test_check.py", "test_missing_bank_is_found")
