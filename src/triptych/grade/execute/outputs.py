"""Outputs of a student's cell, as its kernel tells them: checked in form, limited in size.

A kernel may say anything. What is kept is valid nbformat; what it means to a reader (scripts,
terminal codes) is for whoever shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.grade.sandbox.limits import Limits

new_output: Callable[..., NotebookNode] = nbformat.v4.new_output
new_node: Callable[..., NotebookNode] = NotebookNode

MESSAGE_OVERHEAD = 5_000  # headers and a signature
ERROR_CHARACTERS = 100_000
SHOWN = ("execute_result", "display_data", "update_display_data")


def largest_message(limits: Limits) -> int:
    """Bytes of a message that one cell's outputs fill alone; JSON writes some characters as six."""
    return 8 * limits.output_bytes


class Outputs:
    """Collects one cell's outputs up to limits.output_bytes; then a sentence says that they are cut."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.output_bytes
        self._nodes: list[NotebookNode] = []
        self._displays: dict[str, list[int]] = {}
        self._clear = False
        self._cut = False

    @property
    def nodes(self) -> list[NotebookNode]:
        if not self._cut:
            return self._nodes
        sentence = f"[The output is cut here: it is longer than {self._limits.output_bytes:,} bytes.]\n"
        return [*self._nodes, new_output("stream", name="stdout", text=sentence)]

    def has_room(self, size: int) -> bool:
        """Whether a message of `size` bytes is worth reading. When not, the outputs are cut."""
        if size <= MESSAGE_OVERHEAD or (not self._cut and size <= largest_message(self._limits)):
            return True
        self._cut = True
        return False

    def take(self, message: dict[str, Any]) -> None:
        """Takes a message of the kernel; what is no output is passed over."""
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            if content.get("wait"):
                self._clear = True
            else:
                self._empty()
            return
        if kind not in (*SHOWN, "stream", "error") or (self._cut and kind != "error"):
            return
        if self._clear:
            self._empty()
        if kind == "stream":
            self._stream(content)
        elif kind == "error":
            self._error(content)
        else:
            self._show(kind, content)

    def _empty(self) -> None:
        self._nodes, self._displays, self._clear = [], {}, False

    def _pay(self, size: int) -> bool:
        self._left -= size + 100
        self._cut = self._cut or self._left < 0
        return not self._cut

    def _stream(self, content: dict[str, Any]) -> None:
        name, text = content.get("name"), content.get("text")
        if name not in ("stdout", "stderr") or not isinstance(text, str):
            return
        text = _writable(text)
        room = max(self._left, 0)
        self._pay(len(text))
        text = text[:room]
        last = self._nodes[-1] if self._nodes else None
        if last is not None and last.output_type == "stream" and last.name == name:
            last.text += text
        elif text:
            self._nodes.append(new_output("stream", name=name, text=text))

    def _error(self, content: dict[str, Any]) -> None:
        lines = content.get("traceback")
        lines = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
        traceback = [_writable(line) for line in lines]
        ename, evalue = (_writable(str(content.get(key, ""))[:10_000]) for key in ("ename", "evalue"))
        self._pay(sum(map(len, traceback)))
        if self._left < -ERROR_CHARACTERS:  # the last thing a cell says is worth a little more room
            return
        self._nodes.append(new_output("error", ename=ename, evalue=evalue, traceback=traceback))

    def _show(self, kind: str, content: dict[str, Any]) -> None:
        data, metadata = content.get("data"), content.get("metadata")
        try:
            bundle, size = _bundle(data, self._limits.json_depth)
            meta, more = _json(metadata if isinstance(metadata, dict) else {}, self._limits.json_depth)
        except ValueError:
            return
        if not self._pay(size + more):
            return
        transient = content.get("transient")
        display = transient.get("display_id") if isinstance(transient, dict) else None
        if kind == "update_display_data":
            for index in self._displays.get(display, []) if isinstance(display, str) else []:
                self._nodes[index].data, self._nodes[index].metadata = new_node(bundle), new_node(meta)
            return
        extra = {}
        if kind == "execute_result":
            count = content.get("execution_count")
            extra["execution_count"] = count if type(count) is int and count >= 0 else None
        if isinstance(display, str):
            self._displays.setdefault(display, []).append(len(self._nodes))
        self._nodes.append(new_output(kind, data=bundle, metadata=meta, **extra))


def _writable(text: str) -> str:
    """Half a character cannot be written to a file."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _bundle(data: Any, depth: int) -> tuple[dict[str, Any], int]:
    """A display's data by type. Raises ValueError when it is none."""
    if not isinstance(data, dict):
        raise ValueError("no data")
    bundle, total = {}, 0
    for name, value in data.items():
        if not isinstance(name, str):
            raise ValueError("no type")
        is_json = name == "application/json" or (name.startswith("application/") and name.endswith("+json"))
        if not is_json and not isinstance(value, str):
            continue
        bundle[_writable(name)], size = _json(value, depth)
        total += size + len(name)
    return bundle, total


def _json(value: Any, depth: int) -> tuple[Any, int]:
    """JSON that can be written, and about how large it is. Raises ValueError when it is nested too deep."""
    if depth < 0:
        raise ValueError("nested too deep")
    if isinstance(value, str):
        return _writable(value), len(value)
    if isinstance(value, dict):
        items = {_writable(str(key)): _json(item, depth - 1) for key, item in value.items()}
        size = sum(part + len(key) + 8 for key, (_, part) in items.items())
        return {key: item for key, (item, _) in items.items()}, size
    if isinstance(value, list):
        parts = [_json(item, depth - 1) for item in value]
        return [item for item, _ in parts], sum(size + 8 for _, size in parts)
    if value is None or isinstance(value, bool | int | float):
        return value, 8
    raise ValueError("no JSON")
