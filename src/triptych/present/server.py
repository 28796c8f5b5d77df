"""A live deck: a copy of a chapter, and a Jupyter server for it that leaves nothing behind.

The copy is the student version with speaker notes; the course itself is never changed. The server has its own
configuration, settings and runtime files beside the copy, listens on the loopback interface only, and ends with the
command, however that ends.
"""

from __future__ import annotations

import contextlib
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
from nbformat.sign import NotebookNotary

from triptych.files import write_whole
from triptych.model.course import Course, CourseError
from triptych.present.notebook import PresentOptions, check_save_path, make_copy, save

START_TIMEOUT_S = 60
#: The server itself waits 5 s for a busy kernel.
STOP_TIMEOUT_S = 20
#: Server extensions of the environment that a live deck does not need.
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
#: Keys in command mode, and before the notebook has the focus. `S` and `O` are those of the static decks.
COMMAND_MODE = (".reveal .jp-Notebook.jp-mod-commandMode", "body.rise-enabled:not(:focus-within)")
EDIT_MODE = (".reveal .jp-Notebook.jp-mod-editMode",)
SHORTCUTS = [
    {"command": command, "keys": keys, "selector": selector}
    for command, keys, selectors in (
        ("RISE:notes-open", ["T"], COMMAND_MODE),
        ("RISE:notes-open", ["S"], COMMAND_MODE),
        ("RISE:firstSlide", ["Home"], COMMAND_MODE),
        ("RISE:lastSlide", ["End"], COMMAND_MODE),
        ("RISE:toggleOverview", ["W"], COMMAND_MODE),
        ("RISE:toggleOverview", ["O"], COMMAND_MODE),
        ("RISE:fullscreenHelp", ["F"], COMMAND_MODE),
        ("notebook:interrupt-kernel", ["I", "I"], COMMAND_MODE),  # as in Lab
        # Not to the next cell, which may be on the next slide.
        ("notebook:run-cell", ["Shift Enter"], COMMAND_MODE + EDIT_MODE),
    )
    for selector in selectors
]
#: JupyterLab's plugin and the custom.js of classic Jupyter, with what they have no settings for.
LAB = Path(__file__).with_name("lab.js")
CLASSIC = Path(__file__).with_name("classic.js")
LAB_PLUGIN = "triptych-live"
LAB_PACKAGE = {
    "name": LAB_PLUGIN,
    "version": "1.0.0",
    "jupyterlab": {"extension": True, "_build": {"load": LAB.name, "extension": "./extension"}},
}
#: The folder of the scratch space that is served.
DECK = "deck"


@dataclass(frozen=True)
class LiveDeck:
    """A live deck that is being served.

    Attributes:
        address: the address to open, with the server's token.
        server: the process of the server.
    """

    address: str
    server: subprocess.Popen[bytes]


@contextlib.contextmanager
def live_deck(course: Course, options: PresentOptions) -> Iterator[LiveDeck]:
    """Copies a chapter and serves the copy. At the end, the server, its kernels and the copy are removed.

    Raises:
        CourseError: there is no current student version, the port is in use, the server does not start, or the notebook
            cannot be saved to `options.save_to` (the copy is then kept; the message has its path).
    """
    check_save_path(course, options.save_to)
    find_port(options.port)  # before the answer key is run
    scratch = Path(tempfile.mkdtemp(prefix="triptych-present-"))  # readable by its owner only
    unsaved = False
    try:
        copy, first = make_copy(course, options, scratch / DECK)
        token = secrets.token_hex(24)
        notebook = nbformat.read(copy, as_version=4)
        environment = configure(scratch, token, dict(notebook.metadata["rise"]), port=options.port)
        sign(notebook, scratch)
        server = start_server(scratch, environment)
        try:
            base = wait_until_ready(server, scratch, token)
            unsaved = options.save_to is not None
            yield LiveDeck(f"{base}{path_of(options, first)}&{urlencode({'token': token})}", server)
        finally:
            stop_server(server)
            if unsaved and options.save_to is not None:
                save(copy, options.save_to)
                unsaved = False
    finally:
        if not unsaved:
            shutil.rmtree(scratch, ignore_errors=True)


def sign(notebook: NotebookNode, scratch: Path) -> None:
    """Signs a notebook for the server of `scratch`. Lab shows saved drawings only in notebooks that are signed."""
    (scratch / "data").mkdir(exist_ok=True)
    NotebookNotary(data_dir=str(scratch / "data")).sign(notebook)


def find_port(port: int) -> int:
    """Returns `port`, or any free port if it is 0. Raises CourseError if the port is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CourseError(
                f"Port {port} cannot be used ({error.strerror}): name another with --port, or leave the option out."
            ) from error
        return int(probe.getsockname()[1])


def path_of(options: PresentOptions, first: int) -> str:
    """The path and query of a live deck on its server; the query can be extended.

    Args:
        options: what is presented.
        first: the index of the cell to begin at.
    """
    page = "nbclassic/notebooks" if options.classic else "rise"
    return f"/{page}/{options.chapter}/{options.chapter}.ipynb?activeCellIndex={first}"


def configure(scratch: Path, token: str, rise: dict[str, Any], *, port: int = 0) -> dict[str, str]:
    """Writes the configuration of the server and of its kernels. The speaker's own is neither read nor changed.

    Args:
        scratch: a folder for configuration and runtime files. The server serves `scratch/deck`.
        token: the server's token.
        rise: RISE's settings. Classic RISE uses them when it is ready before the notebook; otherwise, and in Lab, those
            in the notebook's metadata count.
        port: the port to listen at; 0 for any free one.

    Returns:
        The environment in which to start the server.
    """
    config = scratch / "config"
    server_config = {
        "ServerApp": {
            "ip": "127.0.0.1",
            "port": find_port(port),
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
        # No search for updates or news, and no offer to install extensions.
        "LabApp": {
            "extension_manager": "readonly",
            "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
            "news_url": None,
        },
    }
    lab_settings = {
        # The window with the notes has the notebook open too; its autosave would overwrite the speaker's changes.
        "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Light"},
        "jupyterlab-rise:plugin": {"theme": "white", "transition": "none"},
        "@jupyterlab/shortcuts-extension:shortcuts": {"shortcuts": SHORTCUTS},
    }
    kernel_config = {
        "IPKernelApp": {"extensions": ["triptych.present.ipython_extension"]},
        "InlineBackend": {"figure_formats": ["svg"]},  # sharp on a projector
        "HistoryManager": {"enabled": False},
    }
    watch_parent = f"from triptych.present.server import exit_with_parent\n\nexit_with_parent({os.getpid()})\n"
    for file, content in {
        config / "jupyter_server_config.json": server_config,
        config / "jupyter_server_config.py": watch_parent,
        # The one place from which both Lab and RISE's own page read settings.
        config / "labconfig" / "default_setting_overrides.json": lab_settings,
        config / "nbconfig" / "rise.json": rise,
        config / "custom" / "custom.js": CLASSIC.read_text(encoding="utf-8"),
        scratch / "data" / "labextensions" / LAB_PLUGIN / "package.json": LAB_PACKAGE,
        scratch / "data" / "labextensions" / LAB_PLUGIN / LAB.name: LAB.read_text(encoding="utf-8"),
        scratch / "ipython" / "profile_default" / "ipython_kernel_config.json": kernel_config,
    }.items():
        write_whole(file, content if isinstance(content, str) else json.dumps(content, indent=1), mode=0o600)
    speakers_own = ("JUPYTER", "IPYTHON", "MPLBACKEND")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(speakers_own)}
    (scratch / "runtime").mkdir()
    return environment | {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(scratch / "data"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "IPYTHONDIR": str(scratch / "ipython"),
    }


def start_server(scratch: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Starts JupyterLab in a session of its own, so that Ctrl+C in the terminal reaches the command only."""
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


def wait_until_ready(server: subprocess.Popen[bytes], scratch: Path, token: str) -> str:
    """Waits until the server replies, and returns its address.

    Raises:
        CourseError: it does not start; the message has the last line of its log.
    """
    info = scratch / "runtime" / f"jpserver-{server.pid}.json"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline:
        # The file may be missing or incomplete at first.
        with contextlib.suppress(OSError, ValueError, urllib.error.URLError):
            base = f"http://127.0.0.1:{json.loads(info.read_text(encoding='utf-8'))['port']}"
            with opener.open(f"{base}/api/status?{urlencode({'token': token})}", timeout=5):
                return base
        time.sleep(0.1)
    log = (scratch / "server.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise CourseError(f"JupyterLab did not start ({log[-1] if log else 'its log is empty'}): try `jupyter lab`.")


def exit_with_parent(parent: int) -> None:
    """Ends this process as soon as the process `parent` has ended. Called in the server's configuration."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def stop_server(server: subprocess.Popen[bytes]) -> None:
    """Stops the server, which stops its kernels. Kernels of a server that had to be killed end by themselves."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """Raises KeyboardInterrupt in the block on Ctrl+C, on SIGTERM and when the terminal is closed.

    Only the first signal counts, so that the clean-up is not interrupted. Ignored signals stay ignored, as under nohup.
    """
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in numbers}
    handlers = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in handlers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in handlers:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
