"""A live deck: a copy of a chapter, a Jupyter server for it alone, and nothing left of either afterwards.

The copy is the student version with the speaker's notes; what happens on stage happens to the copy. The
server has its own configuration, settings and runtime files beside the copy, listens on loopback, and ends
with the command however that ends.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlencode

import nbformat
from nbformat import NotebookNode

from triptych.build.answer_key import answer_key
from triptych.model.chapter import BEGIN_SOLUTION, END_SOLUTION, Chapter, Role, read_chapter
from triptych.model.course import Course, CourseError, nearest
from triptych.present.ipython_extension import JOURNAL, SCRIPT

START_SECONDS = 60
#: The server gives a busy kernel 5 s to end by itself.
END_SECONDS = 20
#: Server extensions of the environment that a talk has no use for.
UNUSED = (
    "jupyter_lsp",
    "jupyter_server_terminals",
    "jupyterlab_jupytext",
    "nbgrader.server_extensions.assignment_list",
    "nbgrader.server_extensions.course_list",
    "nbgrader.server_extensions.formgrader",
    "nbgrader.server_extensions.validate_assignment",
    "notebook",
)
#: RISE's keys work once the notebook has been clicked on; these do from the start. I I interrupts, as in Lab.
UNTOUCHED, COMMAND_MODE = "body.rise-enabled:not(:focus-within)", ".reveal .jp-Notebook.jp-mod-commandMode"
SHORTCUTS = [
    {"command": command, "keys": keys, "selector": selector}
    for command, keys, selectors in (
        ("RISE:notes-open", ["T"], [UNTOUCHED]),
        ("RISE:firstSlide", ["Home"], [UNTOUCHED]),
        ("RISE:lastSlide", ["End"], [UNTOUCHED]),
        ("RISE:toggleOverview", ["W"], [UNTOUCHED]),
        ("RISE:fullscreenHelp", ["F"], [UNTOUCHED, COMMAND_MODE]),
        ("notebook:interrupt-kernel", ["I", "I"], [UNTOUCHED, COMMAND_MODE]),
    )
    for selector in selectors
]
#: Classic Jupyter has no settings for it: nothing is saved by itself, code that is not on the slide is hidden, and
#: the slides begin by themselves (RISE's `autolaunch` comes now and then before the notebook has, and is then over).
#: MathJax has measured before the slides had their size.
CLASSIC = """\
define(['base/js/namespace'], Jupyter => {
  const begin = setInterval(() => {
    const notebook = Jupyter.notebook;
    if (!notebook?._fully_loaded || !document.getElementById('RISE')) return;
    clearInterval(begin);
    notebook.minimum_autosave_interval = 0;
    notebook.set_autosave_interval(0);
    notebook.get_cells().filter(c => c.metadata.jupyter?.source_hidden).forEach(c => c.element.find('.input').hide());
    notebook.select(Number(new URLSearchParams(location.search).get('activeCellIndex')));
    Jupyter.keyboard_manager.actions.call('RISE:slideshow');
    setTimeout(() => MathJax.Hub.Queue(['Rerender', MathJax.Hub]), 2000);
  }, 300);
});
"""
#: The folder of the scratch space that is served.
DECK = "deck"
#: Roles whose outputs a deck may show before anything has run on stage.
SHOWN_ROLES = (Role.LECTURE, Role.SETUP, Role.STUDENT_SIDE)


@dataclass(frozen=True)
class PresentOptions:
    """What is presented, and how."""

    chapter: str
    solutions: bool = False  # the answers stand in their cells
    outputs: bool = False  # every output is there from the start
    classic: bool = False  # classic RISE on nbclassic
    dark: bool = False
    slide: int = 0  # where to begin: a slide's number, or
    cell: str = ""  # the id of a cell on it
    save_to: Path | None = None
    port: int = 0  # 0: any that is free


@dataclass(frozen=True)
class LiveDeck:
    """A live deck that is being served."""

    address: str  # with the token
    notebook: Path  # the copy
    server: subprocess.Popen[bytes]


@contextlib.contextmanager
def live_deck(course: Course, options: PresentOptions) -> Iterator[LiveDeck]:
    """Makes the copy and serves it. At the end server, kernels and copy are gone, and `save_to` is written.

    Raises CourseError when the chapter has no student version, the port is taken, the server does not start,
    or `save_to` cannot be written (the copy is then left where the message says).
    """
    check_target(course, options.save_to)
    check_port(options.port)
    scratch = Path(tempfile.mkdtemp(prefix="triptych-present-"))  # readable by its owner alone
    unsaved = False
    try:
        copy, first = make_copy(course, options, scratch / DECK)
        token = secrets.token_hex(24)
        rise = dict(nbformat.read(copy, as_version=4).metadata["rise"])
        server = start_server(scratch, configure(scratch, token, rise, port=options.port))
        try:
            base = wait_until_up(server, scratch, token)
            unsaved = options.save_to is not None
            yield LiveDeck(f"{base}{path_of(options, first)}&{urlencode({'token': token})}", copy, server)
        finally:
            end(server)
            if unsaved and options.save_to is not None:
                save(copy, options.save_to)
                unsaved = False
    finally:
        if not unsaved:
            shutil.rmtree(scratch, ignore_errors=True)


def check_target(course: Course, target: Path | None) -> None:
    """Is `target` a place for what was typed on stage? Raises CourseError when it is not."""
    if target is None:
        return
    place = target.resolve()
    for folder in (course.source, course.release):
        if place.is_relative_to(folder.resolve()):
            raise CourseError(f"{target} lies in {folder}, which belongs to the course: name a file elsewhere.")
    if target.suffix != ".ipynb":
        raise CourseError(f"{target} is not named like a notebook: give --save-to a name that ends in .ipynb.")
    if target.exists():
        raise CourseError(f"{target} exists and is not overwritten: name another file with --save-to, or move it away.")
    if not place.parent.is_dir():
        raise CourseError(f"{target} cannot be written, {place.parent} is no folder: make it, or name another.")


def check_port(port: int) -> None:
    """Raises CourseError when somebody listens at a port that was asked for."""
    if not port:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CourseError(
                f"Port {port} cannot be had ({error.strerror}): name another with --port, or none and any is taken."
            ) from error


# ---- The copy -----------------------------------------------------------------------------------


def make_copy(course: Course, options: PresentOptions, deck: Path) -> tuple[Path, int]:
    """Writes `deck/<chapter>` with the notebook to present, its files and the prompter's script.

    Returns the notebook's path and the index of the cell to begin at. Raises CourseError when there is no
    student version, it is of another source, or has no such slide or cell.
    """
    release = course.release / options.chapter
    student_file = release / f"{options.chapter}.ipynb"
    if not student_file.is_file():
        raise CourseError(f"{student_file} is missing: make it with `triptych build {options.chapter}`.")
    source = read_chapter(course.notebook(options.chapter))
    student = nbformat.read(student_file, as_version=4)
    released = [cell.id for cell in source.cells if cell.role is not Role.NOTES]
    if released != [cell.id for cell in student.cells]:
        raise CourseError(f"{student_file} has other cells than its source: run `triptych build {options.chapter}`.")
    key = {cell.id: cell for cell in answer_key(course, options.chapter).cells}
    notebook = live_notebook(course, options, source, student, key)
    first = _first_cell(options, notebook)
    target = deck / options.chapter / student_file.name
    shutil.copytree(release, target.parent, ignore=shutil.ignore_patterns(".*", student_file.name))
    nbformat.write(notebook, target)
    (target.parent / SCRIPT).write_text(json.dumps(_script(source, notebook, key)), encoding="utf-8")
    return target, first


def live_notebook(
    course: Course, options: PresentOptions, source: Chapter, student: NotebookNode, key: dict[str, NotebookNode]
) -> NotebookNode:
    """The student version with the speaker's notes, and with what may be seen before anything has run.

    A cell whose code is not on the slide shows its output: nobody can see that there is something to run.
    """
    plan = course.plans[options.chapter]
    cells = {cell.id: cell for cell in student.cells}
    notebook = nbformat.from_dict({**student, "cells": []})
    for cell in source.cells:
        if cell.role is Role.NOTES:
            notebook.cells.append(cell.node)
            continue
        node = cells[cell.id]
        hidden = bool(node.metadata.get("jupyter", {}).get("source_hidden"))
        if cell.is_code and cell.role in SHOWN_ROLES and (hidden or options.outputs):
            node.outputs = key[cell.id].outputs
        if cell.role is Role.SOLUTION and options.solutions:
            node.source = unmarked(key[cell.id].source)
        notebook.cells.append(node)
    footer = html.escape(f"{course.title} · {plan.number} {plan.title}")
    notebook.metadata["rise"] = {**notebook.metadata.get("rise", {}), **rise_settings(footer, dark=options.dark)}
    return notebook


def _script(source: Chapter, notebook: NotebookNode, key: dict[str, NotebookNode]) -> list[dict[str, str]]:
    shown = {cell.id: cell.source for cell in notebook.cells}
    return [
        {"id": cell.id, "role": cell.role.value, "shown": shown[cell.id], "said": unmarked(key[cell.id].source)}
        for cell in source.cells
        if cell.is_code and cell.role is not Role.TEST
    ]


def rise_settings(footer: str, *, dark: bool = False) -> dict[str, Any]:
    """What a talk asks of RISE beside what stands in every notebook."""
    return {
        "footer": footer,
        "margin": 0,
        "scroll": False,  # rise.css lets the slide scroll that needs to; RISE would make every slide a little smaller
        "slideNumber": "c/t",
        "theme": "black" if dark else "white",
    }


def unmarked(source: str) -> str:
    """A solution without the marks around it, which say nothing to an audience."""
    return "\n".join(line for line in source.split("\n") if line.strip() not in (BEGIN_SOLUTION, END_SOLUTION))


def _first_cell(options: PresentOptions, notebook: NotebookNode) -> int:
    """Index of the cell to begin at. Raises CourseError for a slide or cell that is not there."""
    if options.cell:
        ids = [cell.id for cell in notebook.cells]
        if options.cell not in ids:
            raise CourseError(f"{options.chapter} has no cell {options.cell!r}: {nearest(options.cell, ids)}")
        return ids.index(options.cell)
    if options.slide:
        kinds = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in notebook.cells]
        starts = [i for i, kind in enumerate(kinds) if kind in ("slide", "subslide")]
        if not 1 <= options.slide <= len(starts):
            raise CourseError(f"{options.chapter} has no slide {options.slide}: it has slides 1 to {len(starts)}.")
        return starts[options.slide - 1]
    return 0


def path_of(options: PresentOptions, first: int) -> str:
    """Path and query, open for more, of a talk's deck on its server."""
    if options.classic:
        return f"/nbclassic/notebooks/{options.chapter}/{options.chapter}.ipynb?activeCellIndex={first}"
    return f"/rise/{options.chapter}/{options.chapter}.ipynb?activeCellIndex={first}"


def save(copy: Path, target: Path) -> None:
    """Writes the notebook of a talk to `target`: as it was last saved on stage, with what was run since.

    Raises CourseError when it cannot; the copy is then still there.
    """
    try:
        text = nbformat.writes(as_played(copy), version=4)
        with target.open("x", encoding="utf-8") as file:  # whatever has come to stand there meanwhile stays
            file.write(text)
    except OSError as error:
        raise CourseError(
            f"{target} cannot be written ({error.strerror}): the notebook of the talk is {copy}."
        ) from error


def as_played(copy: Path) -> NotebookNode:
    """The copy with the texts that were run after it was last saved; a cell added on stage follows the one before."""
    notebook = nbformat.read(copy, as_version=4)
    journal = copy.with_name(JOURNAL)
    last = ""
    for line in journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else ():
        played = json.loads(line)
        ids = [cell.id for cell in notebook.cells]
        if played["id"] not in ids:
            cell = nbformat.v4.new_code_cell(played["text"], id=played["id"])
            notebook.cells.insert(ids.index(last) + 1 if last in ids else len(ids), cell)
        elif played["at"] > copy.stat().st_mtime:
            notebook.cells[ids.index(played["id"])].source = played["text"]
        last = played["id"]
    return notebook


# ---- The server ---------------------------------------------------------------------------------


def configure(scratch: Path, token: str, rise: dict[str, Any], *, port: int = 0) -> dict[str, str]:
    """Writes the server's and the kernel's configuration; returns the environment to start the server in.

    The server will serve `scratch/deck`. `rise` is what classic RISE takes for its settings when it is ready
    before the notebook is; later, and in Lab, the notebook's own count. Nothing of the speaker's own Jupyter or
    IPython is read or written.
    """
    config, ipython = scratch / "config", scratch / "ipython" / "profile_default"
    for folder in (
        config / "labconfig",
        config / "custom",
        config / "nbconfig",
        ipython,
        scratch / "runtime",
        scratch / "data",
    ):
        folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        free = probe.getsockname()[1]
    _write(
        config / "jupyter_server_config.json",
        {
            "ServerApp": {
                "ip": "127.0.0.1",
                "port": free,
                "port_retries": 0 if port else 50,
                "open_browser": False,
                "root_dir": str(scratch / DECK),
                "terminals_enabled": False,
                "allow_root": True,
                "jpserver_extensions": dict.fromkeys(UNUSED, False),
            },
            "IdentityProvider": {"token": token},
            "PasswordIdentityProvider": {"hashed_password": ""},
            "NotebookApp": {"show_banner": False},
            # neither looks for updates nor for news, nor offers to install anything
            "LabApp": {
                "extension_manager": "readonly",
                "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
                "news_url": None,
            },
        },
    )
    (config / "jupyter_server_config.py").write_text(
        f"from triptych.present.server import end_with\n\nend_with({os.getpid()})\n", encoding="utf-8"
    )
    # What Lab's overrides.json is, in the one place that both Lab and RISE's own page read it from.
    _write(
        config / "labconfig" / "default_setting_overrides.json",
        {
            # never by itself: the notes' window has the notebook open too, and would save its own state over it
            "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
            "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
            "@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Light"},
            "jupyterlab-rise:plugin": {"theme": "white", "transition": "none", "auto_select": "code"},
            "@jupyterlab/shortcuts-extension:shortcuts": {"shortcuts": SHORTCUTS},
        },
    )
    _write(config / "nbconfig" / "rise.json", rise)
    (config / "custom" / "custom.js").write_text(CLASSIC, encoding="utf-8")
    _write(
        ipython / "ipython_kernel_config.json",
        {
            "IPKernelApp": {"extensions": ["triptych.present.ipython_extension"]},
            "InlineBackend": {"figure_formats": ["retina"]},  # sharp on a projector
            "HistoryManager": {"enabled": False},
        },
    )
    theirs = ("JUPYTER", "IPYTHON", "MPLBACKEND")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    return environment | {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(scratch / "data"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "IPYTHONDIR": str(scratch / "ipython"),
    }


def start_server(scratch: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """JupyterLab, in a session of its own: a terminal's Ctrl+C is for the command, which then ends it."""
    with (scratch / "server.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "jupyterlab"],
            cwd=scratch / DECK,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_until_up(server: subprocess.Popen[bytes], scratch: Path, token: str) -> str:
    """The server's address, once it answers. Raises CourseError with the end of its log when it does not."""
    info = scratch / "runtime" / f"jpserver-{server.pid}.json"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        # the file may be there and not yet written
        with contextlib.suppress(OSError, ValueError, urllib.error.URLError):
            base = f"http://127.0.0.1:{json.loads(info.read_text(encoding='utf-8'))['port']}"
            with direct.open(f"{base}/api/status?{urlencode({'token': token})}", timeout=5):
                return base
        time.sleep(0.1)
    log = (scratch / "server.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise CourseError(f"JupyterLab did not start ({log[-1] if log else 'it said nothing'}): try `jupyter lab` by hand.")


def end_with(parent: int) -> None:
    """Ends this process when its parent has gone without a word. Called in the server's configuration."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def end(server: subprocess.Popen[bytes]) -> None:
    """Ends the server, which ends its kernels; kernels of a server that had to be killed end by themselves."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    file.chmod(0o600)


# ---- The end of a talk --------------------------------------------------------------------------


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Ctrl+C, SIGTERM and a terminal that closes all end what is inside as KeyboardInterrupt does.

    Once: what is then cleaned up is not to be interrupted by impatience.
    """
    ends = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {end: signal.getsignal(end) for end in ends}
    heeded = [end for end in ends if before[end] is not signal.SIG_IGN]  # nohup stays what it is

    def end_it(_number: int, _frame: FrameType | None) -> None:
        for end in heeded:
            signal.signal(end, signal.SIG_IGN)
        raise KeyboardInterrupt

    for end in heeded:
        signal.signal(end, end_it)
    try:
        yield
    finally:
        for end in heeded:
            signal.signal(end, before[end])
