"""The IPython shell that runs a submission's own cells inside the sandbox.

It is IPython without a Jupyter kernel: no sockets, no threads, no files. What a running cell prints, displays or raises
goes to the host as frames over the connection that test cells use. What is printed between two cells, by
a thread or a function that a test calls, is dropped.
"""

from __future__ import annotations

import base64
import builtins
import contextlib
import importlib
import io
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

#: Characters of printed text that are collected before they are sent.
BUFFERED_CHARACTERS = 8_000
#: A notebook's output as nbformat names it: its type, and its content.
SendOutput = Callable[[str, dict[str, Any]], None]


class Outputs:
    """The outputs of the cell that runs.

    Args:
        send: sends one output to the host.
        limit: the number of characters that one cell may print; the rest is dropped.
    """

    def __init__(self, send: SendOutput, limit: int) -> None:
        self._send, self._limit = send, limit
        self._lock = threading.RLock()
        self._owner = 0
        self._name = ""
        self._text: list[str] = []
        self._size = self._left = 0

    @contextlib.contextmanager
    def collected(self) -> Iterator[None]:
        """Sends what is written in the block; outside of one everything is dropped."""
        self._owner, self._left = os.getpid(), self._limit
        try:
            yield
        finally:
            self.flush()
            self._owner = 0

    def write(self, name: str, text: str) -> None:
        """Takes text that is printed to the stream `name`."""
        with self._lock:
            if self._owner != os.getpid():  # between cells, or in a process that the cell forked
                return
            text, self._left = text[: max(self._left, 0)], self._left - len(text)
            if name != self._name:
                self.flush()
                self._name = name
            self._text.append(text)
            self._size += len(text)
            if self._size > BUFFERED_CHARACTERS:
                self.flush()

    def flush(self) -> None:
        """Sends the text that waits."""
        with self._lock:
            if self._owner == os.getpid() and self._size:
                self._send("stream", {"name": self._name, "text": "".join(self._text)})
            self._text, self._size = [], 0

    def send(self, kind: str, content: dict[str, Any]) -> None:
        """Sends an output of another kind, after the text before it."""
        with self._lock:
            self.flush()
            if self._owner == os.getpid():
                self._send(kind, content)


class Stream(io.TextIOBase):
    """Standard output or error of a submission."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, outputs: Outputs, name: str) -> None:
        self._outputs, self.name = outputs, name

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._outputs.write(self.name, text)
        return len(text)

    def flush(self) -> None:
        pass  # at the cell's end, or when there is enough of it

    def writable(self) -> bool:
        return True


class _Publisher(DisplayPublisher):
    shell: Shell

    def publish(
        self,
        data: Any,
        metadata: Any = None,
        source: Any = None,
        *,
        transient: Any = None,
        update: Any = False,
        **kwargs: Any,
    ) -> None:
        kind = "update_display_data" if update else "display_data"
        content = {"data": _bundle(data), "metadata": metadata or {}, "transient": transient or {}}
        self.shell.outputs.send(kind, content)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.send("clear_output", {"wait": bool(wait)})


class _ResultHook(DisplayHook):
    shell: Shell

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        content = {"data": _bundle(format_dict), "metadata": md_dict or {}, "execution_count": self.prompt_count}
        self.shell.outputs.send("execute_result", content)

    def finish_displayhook(self) -> None:
        pass


class Shell(InteractiveShell):
    """An IPython shell whose outputs go to `outputs`, set by `connect`. One for each submission, by a fork."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_ResultHook)
    outputs = Outputs(lambda kind, content: None, 0)

    def connect(self, send: SendOutput, limit: int) -> None:
        """Sends outputs with `send` from now on, at most `limit` characters of text a cell."""
        self.outputs = Outputs(send, limit)
        sys.stdout, sys.stderr = Stream(self.outputs, "stdout"), Stream(self.outputs, "stderr")
        builtins.input = _no_input
        self.system = self.system_piped  # type: ignore[method-assign]
        if "" not in sys.path:  # a submission's own modules lie beside it
            sys.path.insert(0, "")

    def run(self, code: str, *, lines_of_errors: bool = True) -> int | None:
        """Runs a cell and returns its number. Finding the lines that led to an error takes 80 ms."""
        self.InteractiveTB.set_mode("Context" if lines_of_errors else "Minimal")
        with self.outputs.collected():
            self.run_cell(code, store_history=True)  # type: ignore[no-untyped-call]
        return self.execution_count - 1

    def ask_exit(self) -> None:
        """`exit()` and `quit()` do nothing: the cells after them count."""

    def enable_gui(self, gui: Any = None) -> None:
        """A notebook has no event loop of a window system."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        content = {"ename": etype.__name__, "evalue": _text(evalue), "traceback": [str(line) for line in stb]}
        self.outputs.send("error", content)
        self._last_traceback = stb


def create_shell() -> Shell:
    """Creates the process's shell, with plots inline. Before the fork, which saves every submission its start."""
    config = Config()
    config.HistoryManager.enabled = False  # a thread and a file
    config.InteractiveShell.xmode = "Context"
    config.InlineBackend.figure_formats = set()
    with tempfile.TemporaryDirectory() as folder:  # or IPython would create its own in the home folder
        shell: Shell = Shell.instance(config=config, ipython_dir=folder)
    with contextlib.suppress(ImportError):
        backend = importlib.import_module("matplotlib_inline.backend_inline")
        backend.configure_inline_support(shell, "inline")
    return shell


def draw_figures(*, enabled: bool) -> None:
    """Sets whether figures of the following cells are drawn. They are created and closed in any case."""
    with contextlib.suppress(ImportError):
        config = importlib.import_module("matplotlib_inline.config")
        backend = config.InlineBackend.instance(parent=Shell.instance())
        formats = {"png"} if enabled else set()
        if backend.figure_formats != formats:
            backend.figure_formats = formats


def _no_input(prompt: object = "") -> NoReturn:
    raise RuntimeError("input() does not work while a notebook is graded.")


def _bundle(data: Any) -> dict[str, Any]:
    """A display's data with pictures as text."""
    return {
        str(name): base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in dict(data).items()
    }


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        return ""


__all__ = ["Shell", "create_shell", "draw_figures"]
