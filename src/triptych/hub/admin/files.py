"""Lays a hub's folders out: what servers read, the exchange, the course folder. Again and again without harm."""

from __future__ import annotations

import filecmp
import io
import json
import os
import pwd
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from triptych.hub.admin.accounts import last_line, run_as
from triptych.hub.admin.environment import files
from triptych.hub.admin.site import Settings, Site, write_private
from triptych.hub.roster import Person
from triptych.model.course import Course, CourseError

NBGRADER_COMMON = """\
# Written by `triptych hub up` for everyone on the hub.
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = {course_id!r}
c.Exchange.root = {exchange!r}
c.Exchange.path_includes_course = True
# membership is the hub's groups nbgrader-{course_id} and formgrade-{course_id}
c.Authenticator.plugin_class = "nbgrader.auth.JupyterHubAuthPlugin"
# who handed in what and when is what the disk says
c.ExchangeFactory.collect = "triptych.hub.exchange.exchange.StrictCollect"
c.ExchangeFactory.submit = "triptych.hub.exchange.exchange.ClosedSubmit"
c.ExchangeFactory.release_feedback = "triptych.hub.exchange.exchange.ReadableFeedback"
"""
NBGRADER_INSTRUCTOR = """\
# Written by `triptych hub up` for the instructor: where the formgrader finds the course.
c = get_config()  # noqa: F821
c.CourseDirectory.root = {course_root!r}
"""
SERVER_COMMON = """\
# Written by `triptych hub up` for everyone's server.
c = get_config()  # noqa: F821
# Kernels listen on sockets in a folder of their owner's. On TCP anyone on the machine can subscribe to a
# kernel's output, which nothing signs or hides.
c.ConnectionFileMixin.transport = "ipc"
c.MappingKernelManager.cull_idle_timeout = {idle_kernel}
c.MappingKernelManager.cull_interval = 120
"""
SERVER_INSTRUCTOR = """\
# Written by `triptych hub up` for the instructor's server: the formgrader is a page inside JupyterLab's.
c = get_config()  # noqa: F821
c.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
"""
#: What `triptych` begins a sentence with that a person can act on.
SENTENCE = "triptych: "
#: Language servers: none is installed, and looking for one starts npm in everybody's home.
LANGUAGE_SERVERS = {"jupyter_lsp": False}
VALIDATE = {
    "nbgrader.server_extensions.validate_assignment": False,
    "triptych.hub.singleuser.validate_handler": True,
    **LANGUAGE_SERVERS,
}
STUDENT_EXTENSIONS = {
    **VALIDATE,
    "nbgrader.server_extensions.formgrader": False,
    "nbgrader.server_extensions.course_list": False,
}
HIDDEN_FROM_STUDENTS = [
    "@jupyter/nbgrader:formgrader",
    "@jupyter/nbgrader:course-list",
    "@jupyter/nbgrader:create-assignment",
]
#: No news and no update notes in the middle of a workshop.
QUIET = ["@jupyterlab/apputils-extension:announcements", "@jupyterlab/lsp-extension"]


def lay_site(site: Site) -> None:
    """The site's folder."""
    _folder(site.folder, 0o755)


def lay_private(site: Site) -> None:
    """The site's folder, and in it the one that is root's own."""
    lay_site(site)
    _folder(site.private, 0o700)


def lay_folders(site: Site, settings: Settings) -> None:
    """`hub/`, `etc/` and the exchange, with the modes that keep people apart."""
    lay_private(site)
    _folder(site.etc, 0o755)
    for who, server, nbgrader, extensions, hidden in (
        ("common", SERVER_COMMON.format(idle_kernel=settings.idle_kernel), _common(settings), None, []),
        ("student", "", "", STUDENT_EXTENSIONS, HIDDEN_FROM_STUDENTS + QUIET),
        (
            "instructor",
            SERVER_INSTRUCTOR,
            NBGRADER_INSTRUCTOR.format(course_root=settings.course_root),
            VALIDATE,
            QUIET,
        ),
    ):
        folder = site.etc / who
        for part in (folder, folder / "jupyter_server_config.d", folder / "labconfig"):
            _folder(part, 0o755)
        for name, text in (("jupyter_server_config.py", server), ("nbgrader_config.py", nbgrader)):
            if text:
                write_private(folder / name, text, 0o644)
        if extensions is not None:
            _write_json(
                folder / "jupyter_server_config.d" / "zz-triptych.json",
                {"ServerApp": {"jpserver_extensions": extensions}},
            )
            _write_json(folder / "labconfig" / "page_config.json", {"disabledExtensions": dict.fromkeys(hidden, True)})
    _lay_exchange(Path(settings.exchange), settings)
    config = site.private / "jupyterhub_config.py"
    if not config.is_file():  # the administrator's own from then on
        write_private(config, (files() / "jupyterhub_config.py").read_text(encoding="utf-8"))


def keeps_own_configuration(site: Site) -> bool:
    """Does the hub's configuration differ from the one that comes with this version?"""
    return not filecmp.cmp(site.private / "jupyterhub_config.py", files() / "jupyterhub_config.py", shallow=False)


def _common(settings: Settings) -> str:
    return NBGRADER_COMMON.format(course_id=settings.course_id, exchange=settings.exchange)


def _lay_exchange(exchange: Path, settings: Settings) -> None:
    """1777, so that a student cannot rename the course; inbound writable, not listable, and sticky."""
    owner = pwd.getpwnam(settings.instructor)
    _folder(exchange, 0o1777)
    course = exchange / settings.course_id
    for folder, mode in (
        (course, 0o755),
        (course / "outbound", 0o755),
        (course / "inbound", 0o3733),
        (course / "feedback", 0o711),
    ):
        if not folder.exists():
            folder.mkdir()
        if folder.is_symlink() or folder.stat().st_uid not in (0, owner.pw_uid):
            raise CourseError(f"{folder} is not the instructor's: remove it and run `hub up` again.")
        os.chown(folder, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        folder.chmod(mode)


def lay_course(course: Course, chapters: Sequence[str], settings: Settings, *, update: bool) -> list[str]:
    """The course folder in the instructor's home: the sources and what grading needs, written as the instructor.

    What is there already is kept, unless `update`. Returns the files that differ and were kept.
    """
    target = Path(settings.course_root)
    packed = io.BytesIO()
    kept: list[str] = []
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in _sources(course, chapters):
            name = path.relative_to(course.root)
            there = target / name
            if there.is_file() and not filecmp.cmp(path, there, shallow=False) and not update:
                kept.append(str(name))
                continue
            entry = tar.gettarinfo(path, str(name))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o600
            with path.open("rb") as file:
                tar.addfile(entry, file)
    make = 'umask 077; mkdir -p -- "$0" && chmod 700 -- "$0" && exec tar --extract --no-same-owner --directory="$0"'
    ran = run_as(settings.instructor, ["/bin/sh", "-c", make, str(target)], environment={}, stdin=packed.getvalue())
    if ran.returncode:
        raise CourseError(
            f"The course folder {target} could not be written ({last_line(ran.stderr.decode(errors='replace'))}): fix "
            "that, and run `triptych hub up` again."
        )
    return kept


def _sources(course: Course, chapters: Sequence[str]) -> list[Path]:
    found = [course.root / "nbgrader_config.py", course.source / "course.toml"]
    for chapter in chapters:
        found += sorted(
            path
            for path in (course.source / chapter).rglob("*")
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(course.source).parts)
        )
    return found


def as_instructor(site: Site, settings: Settings, arguments: Sequence[str], stdin: str = "") -> str:
    """Runs the environment's `triptych …` as the instructor in the course folder; what it said.

    Raises CourseError with its sentence; with what was run, where it had none.
    """
    environment = Path(settings.environment) / "bin"
    ran = run_as(
        settings.instructor,
        [str(environment / "triptych"), *arguments],
        environment={
            "PATH": f"{environment}:/usr/local/bin:/usr/bin:/bin",
            "JUPYTER_CONFIG_PATH": f"{site.etc / 'instructor'}:{site.etc / 'common'}",
            "JAX_PLATFORMS": "cpu",
            "MPLBACKEND": "agg",
        },
        stdin=stdin.encode(),
        folder=settings.course_root,
    )
    if ran.returncode:
        said = ran.stderr.decode(errors="replace")
        if own := [line for line in said.splitlines() if line.startswith(SENTENCE)]:
            raise CourseError(own[-1].removeprefix(SENTENCE))
        command = " ".join(("triptych", *arguments))
        raise CourseError(
            f"`{command}`, run as {settings.instructor} in {settings.course_root}, failed ({last_line(said)}): run it "
            "there by hand to see why."
        )
    return ran.stdout.decode(errors="replace").strip()


def prepare(site: Site, settings: Settings, students: Sequence[Person], chapters: Sequence[str]) -> str:
    """Enters the students into the gradebook and releases the chapters; what was done, a line a chapter."""
    people = json.dumps([vars(person) for person in students])
    return as_instructor(site, settings, ["hub", "prepare", *chapters], people)


def _folder(path: Path, mode: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != 0:
        raise CourseError(f"{path} is not root's own folder: remove it or name another place with --folder.")
    path.chmod(mode)


def _write_json(path: Path, content: object) -> None:
    write_private(path, json.dumps(content, indent=1) + "\n", 0o644)


def remove_folders(site: Site) -> None:
    """Takes the whole site away."""
    shutil.rmtree(site.folder, ignore_errors=True)
