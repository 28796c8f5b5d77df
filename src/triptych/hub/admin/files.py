"""The folders and files of a hub: the servers' configuration, the exchange, the course folder. Safe to repeat."""

from __future__ import annotations

import filecmp
import io
import json
import os
import pwd
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from triptych.build.fonts import font_faces
from triptych.files import regular_files, write_whole
from triptych.hub.admin.accounts import last_line, run_as
from triptych.hub.admin.environment import hub_files
from triptych.hub.admin.site import Settings, Site
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
# author and time of a submission are read from the disk
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
from importlib.resources import files

c = get_config()  # noqa: F821
# the course page in JupyterLab
c.LabApp.extra_labextensions_path = [str(files("triptych") / "data" / "labextensions")]
# A login shell, the default, would take the course's commands off PATH.
c.ServerApp.terminado_settings = {{"shell_command": ["/bin/bash"]}}
# Kernels listen on sockets in a closed folder. On TCP every user of the machine could subscribe to a kernel's output.
c.ConnectionFileMixin.transport = "ipc"
c.MappingKernelManager.cull_idle_timeout = {idle_kernel}
c.MappingKernelManager.cull_interval = 120
"""
SERVER_INSTRUCTOR = """\
# Written by `triptych hub up` for the instructor's server: JupyterLab shows the formgrader in a frame.
c = get_config()  # noqa: F821
c.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
"""
#: The fonts of the hub's own pages.
TEXT_FONTS = "fira-sans-[46]00.woff2"
#: The beginning of an error message of `triptych`.
ERROR_PREFIX = "triptych: "
EXTENSIONS = {
    "nbgrader.server_extensions.validate_assignment": False,
    "triptych.hub.singleuser.validate_handler": True,
    "triptych.hub.singleuser.course_page": True,
    # no language servers are installed, and looking for one starts npm in every home
    "jupyter_lsp": False,
}
STUDENT_EXTENSIONS = {
    **EXTENSIONS,
    "nbgrader.server_extensions.formgrader": False,
    "nbgrader.server_extensions.course_list": False,
}
HIDDEN_FROM_STUDENTS = [
    "@jupyter/nbgrader:formgrader",
    "@jupyter/nbgrader:course-list",
    "@jupyter/nbgrader:create-assignment",
]
#: Extensions that would show news and update notes in the middle of a workshop.
DISTRACTING = [
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/lsp-extension",
    "@jupyterlab/fileeditor-extension:language-server",
    "@jupyterlab/notebook-extension:language-server",
]


def make_site_folder(site: Site) -> None:
    """Creates the site's folder.

    Raises:
        CourseError: something that is not root's is in its place.
    """
    _make_folder(site.folder, 0o755)


def make_private_folder(site: Site) -> None:
    """Creates the site's folder and in it the one that only root may enter.

    Raises:
        CourseError: something that is not root's is in their place.
    """
    make_site_folder(site)
    _make_folder(site.private, 0o700)


def write_site(site: Site, settings: Settings) -> None:
    """Creates `hub/`, `etc/` and the exchange with their permissions, and writes the servers' configuration.

    Raises:
        CourseError: a folder belongs to another user.
    """
    make_private_folder(site)
    _make_folder(site.etc, 0o755)
    _write_configuration(
        site.etc / "common",
        jupyter_server=SERVER_COMMON.format(idle_kernel=settings.idle_kernel),
        nbgrader=NBGRADER_COMMON.format(course_id=settings.course_id, exchange=settings.exchange),
    )
    _write_configuration(
        site.etc / "student", extensions=STUDENT_EXTENSIONS, disabled=HIDDEN_FROM_STUDENTS + DISTRACTING
    )
    _write_configuration(
        site.etc / "instructor",
        jupyter_server=SERVER_INSTRUCTOR,
        nbgrader=NBGRADER_INSTRUCTOR.format(course_root=settings.course_root),
        extensions=EXTENSIONS,
        disabled=DISTRACTING,
    )
    _make_exchange(Path(settings.exchange), settings)
    config = site.private / "jupyterhub_config.py"
    if not config.is_file():  # an existing one is the administrator's
        write_whole(config, (hub_files() / config.name).read_text(encoding="utf-8"), 0o600)


def write_house_style(site: Site, course: Course) -> None:
    """Writes the style sheet of the hub's own pages: the fonts of text and the colours of the slides' theme."""
    theme = course.slides / "theme" / "triptych.css"
    style = ""
    if theme.is_file():
        # the colours are the rules before the first heading of the theme
        colours, _, _ = theme.read_text(encoding="utf-8").partition(":root[data-theme")
        style = f"{font_faces(course.slides, TEXT_FONTS)}\n{colours}"
    write_whole(site.house_style, style, 0o600)


def _write_configuration(
    folder: Path,
    *,
    jupyter_server: str = "",
    nbgrader: str = "",
    extensions: dict[str, bool] | None = None,
    disabled: Sequence[str] = (),
) -> None:
    """Writes a folder of JUPYTER_CONFIG_PATH: configuration files, server extensions, disabled lab extensions."""
    for part in (folder, folder / "jupyter_server_config.d", folder / "labconfig"):
        _make_folder(part, 0o755)
    for name, text in (("jupyter_server_config.py", jupyter_server), ("nbgrader_config.py", nbgrader)):
        if text:
            write_whole(folder / name, text)
    if extensions is not None:
        server = {"ServerApp": {"jpserver_extensions": extensions}}
        page = {"disabledExtensions": dict.fromkeys(disabled, True)}
        write_whole(folder / "jupyter_server_config.d" / "zz-triptych.json", json.dumps(server, indent=1) + "\n")
        write_whole(folder / "labconfig" / "page_config.json", json.dumps(page, indent=1) + "\n")


def has_own_configuration(site: Site) -> bool:
    """Whether the hub's configuration differs from the one that comes with this version."""
    name = "jupyterhub_config.py"
    return not filecmp.cmp(site.private / name, hub_files() / name, shallow=False)


def _make_exchange(exchange: Path, settings: Settings) -> None:
    """1777, so that a student cannot rename the course; `inbound` is writable, sticky and cannot be listed."""
    owner = pwd.getpwnam(settings.instructor)
    _make_folder(exchange, 0o1777)
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
            raise CourseError(f"{folder} does not belong to the instructor: remove it and run `hub up` again.")
        os.chown(folder, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        folder.chmod(mode)


def copy_course(course: Course, settings: Settings, *, update: bool) -> list[str]:
    """Copies the sources and nbgrader's configuration into the instructor's course folder, as the instructor.

    Args:
        course: the course to copy.
        settings: name the instructor and their course folder.
        update: whether to overwrite files that differ there.

    Returns:
        The files that differ and were not overwritten.

    Raises:
        CourseError: the course folder could not be written.
    """
    target = Path(settings.course_root)
    archive = io.BytesIO()
    differing: list[str] = []
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in _sources(course):
            name = path.relative_to(course.root)
            copy = target / name
            if copy.is_file() and not filecmp.cmp(path, copy, shallow=False) and not update:
                differing.append(str(name))
                continue
            entry = tar.gettarinfo(path, str(name))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o600
            with path.open("rb") as file:
                tar.addfile(entry, file)
    extract = 'umask 077; mkdir -p -- "$0" && chmod 700 -- "$0" && exec tar --extract --no-same-owner --directory="$0"'
    result = run_as(settings.instructor, ["/bin/sh", "-c", extract, str(target)], stdin=archive.getvalue())
    if result.returncode:
        raise CourseError(
            f"The course folder {target} could not be written ({last_line(result.stderr.decode(errors='replace'))}): "
            "fix that, and run `triptych hub up` again."
        )
    return differing


def _sources(course: Course) -> Iterator[Path]:
    yield course.root / "nbgrader_config.py"
    yield course.source / "course.toml"
    for chapter in course.chapters:
        yield from regular_files(course.source / chapter)


def prepare(site: Site, settings: Settings, students: Sequence[Person], chapters: Sequence[str]) -> str:
    """Enters the students into the gradebook and releases chapters: `triptych hub prepare`, run as the instructor.

    Returns:
        The command's output, a line for each chapter.

    Raises:
        CourseError: the command failed; with its own message if it printed one.
    """
    environment = Path(settings.environment) / "bin"
    result = run_as(
        settings.instructor,
        [str(environment / "triptych"), "hub", "prepare", *chapters],
        environment={
            "PATH": f"{environment}:/usr/local/bin:/usr/bin:/bin",
            "JUPYTER_CONFIG_PATH": f"{site.etc / 'instructor'}:{site.etc / 'common'}",
            "JAX_PLATFORMS": "cpu",
            "MPLBACKEND": "agg",
        },
        stdin=json.dumps([vars(student) for student in students]).encode(),
        folder=settings.course_root,
    )
    if result.returncode:
        errors = result.stderr.decode(errors="replace")
        if messages := [line for line in errors.splitlines() if line.startswith(ERROR_PREFIX)]:
            raise CourseError(messages[-1].removeprefix(ERROR_PREFIX))
        command = " ".join(("triptych hub prepare", *chapters))
        raise CourseError(
            f"`{command}`, run as {settings.instructor} in {settings.course_root}, failed ({last_line(errors)}): run "
            "it there yourself to see the reason."
        )
    return result.stdout.decode(errors="replace").strip()


def _make_folder(path: Path, mode: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != 0:
        raise CourseError(f"{path} is not a folder of root's: remove it or name another place with --folder.")
    path.chmod(mode)
