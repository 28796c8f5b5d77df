"""Outputs of a student's cell, from messages of its kernel: validated, and limited in size.

A kernel can send anything. What is stored is valid nbformat; code that displays it must take care of scripts and
terminal codes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
from nbformat import NotebookNode

from triptych.grade.sandbox.limits import Limits

new_output: Callable[..., NotebookNode] = nbformat.v4.new_output
new_node: Callable[..., NotebookNode] = NotebookNode

#: The headers and the signature of a message.
MESSAGE_OVERHEAD_BYTES = 5_000
#: The space for an error after the limit is reached, because the last error of a cell matters most.
ERROR_CHARACTERS = 100_000
DISPLAYED = ("execute_result", "display_data", "update_display_data")


def max_message_bytes(limits: Limits) -> int:
    """The size of a message with all the output that a cell may have; JSON needs up to six bytes for a character."""
    return 8 * limits.output_bytes


class Outputs:
    """Collects the outputs of one cell.

    Args:
        limits: outputs beyond `output_bytes` are cut.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = limits.output_bytes
        self._nodes: list[NotebookNode] = []
        self._displays: dict[str, list[int]] = {}
        self._clear_before_next = False
        self._cut = False

    @property
    def nodes(self) -> list[NotebookNode]:
        """The outputs in nbformat, with a note at the end if they were cut."""
        if not self._cut:
            return self._nodes
        note = f"[The output is cut here: it is longer than {self._limits.output_bytes:,} bytes.]\n"
        return [*self._nodes, new_output("stream", name="stdout", text=note)]

    def has_room(self, size_bytes: int) -> bool:
        """Whether a message of this size is to be parsed. If not, the outputs are cut."""
        if size_bytes <= MESSAGE_OVERHEAD_BYTES:
            return True
        self._cut = self._cut or size_bytes > max_message_bytes(self._limits)
        return not self._cut

    def add(self, message: dict[str, Any]) -> None:
        """Adds the output in a message of the kernel; messages without output are ignored."""
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            if content.get("wait"):
                self._clear_before_next = True
            else:
                self._clear()
            return
        if kind not in (*DISPLAYED, "stream", "error") or (self._cut and kind != "error"):
            return
        if self._clear_before_next:
            self._clear()
        if kind == "stream":
            self._add_stream(content)
        elif kind == "error":
            self._add_error(content)
        else:
            self._add_display(kind, content)

    def _clear(self) -> None:
        self._nodes, self._displays, self._clear_before_next = [], {}, False

    def _use_room(self, size: int) -> bool:
        """Whether an output of this size still fits."""
        self._room -= size + 100
        self._cut = self._cut or self._room < 0
        return not self._cut

    def _add_stream(self, content: dict[str, Any]) -> None:
        name, text = content.get("name"), content.get("text")
        if name not in ("stdout", "stderr") or not isinstance(text, str):
            return
        text, room = _encodable(text), max(self._room, 0)
        self._use_room(len(text))
        text = text[:room]
        last = self._nodes[-1] if self._nodes else None
        if last is not None and last.output_type == "stream" and last.name == name:
            last.text += text
        elif text:
            self._nodes.append(new_output("stream", name=name, text=text))

    def _add_error(self, content: dict[str, Any]) -> None:
        lines = content.get("traceback")
        traceback = [_encodable(line) for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
        ename, evalue = (_encodable(str(content.get(key, ""))[:10_000]) for key in ("ename", "evalue"))
        self._use_room(sum(map(len, traceback)))
        if self._room >= -ERROR_CHARACTERS:
            self._nodes.append(new_output("error", ename=ename, evalue=evalue, traceback=traceback))

    def _add_display(self, kind: str, content: dict[str, Any]) -> None:
        metadata = content.get("metadata")
        try:
            data, data_size = _mime_bundle(content.get("data"), self._limits.json_depth)
            metadata, metadata_size = _json(metadata if isinstance(metadata, dict) else {}, self._limits.json_depth)
        except ValueError:
            return
        if not self._use_room(data_size + metadata_size):
            return
        transient = content.get("transient")
        display_id = transient.get("display_id") if isinstance(transient, dict) else None
        if kind == "update_display_data":
            for index in self._displays.get(display_id, []) if isinstance(display_id, str) else []:
                self._nodes[index].data, self._nodes[index].metadata = new_node(data), new_node(metadata)
            return
        extra = {}
        if kind == "execute_result":
            count = content.get("execution_count")
            extra["execution_count"] = count if type(count) is int and count >= 0 else None
        if isinstance(display_id, str):
            self._displays.setdefault(display_id, []).append(len(self._nodes))
        self._nodes.append(new_output(kind, data=data, metadata=metadata, **extra))


def _encodable(text: str) -> str:
    """`text` without lone surrogates, which cannot be written to a file."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _mime_bundle(data: Any, depth: int) -> tuple[dict[str, Any], int]:
    """A display's data by MIME type, and its approximate size. Raises ValueError if it is not a MIME bundle."""
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        raise ValueError("not a MIME bundle")
    bundle, total = {}, 0
    for name, value in data.items():
        is_json = name == "application/json" or (name.startswith("application/") and name.endswith("+json"))
        if is_json or isinstance(value, str):
            bundle[_encodable(name)], size = _json(value, depth)
            total += size + len(name)
    return bundle, total


def _json(value: Any, depth: int) -> tuple[Any, int]:
    """A JSON value that can be written, and its approximate size. Raises ValueError if it is nested too deeply."""
    if depth < 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return _encodable(value), len(value)
    if isinstance(value, dict):
        items = {_encodable(str(key)): _json(item, depth - 1) for key, item in value.items()}
        return {key: item for key, (item, _) in items.items()}, sum(len(key) + n + 8 for key, (_, n) in items.items())
    if isinstance(value, list):
        parts = [_json(item, depth - 1) for item in value]
        return [item for item, _ in parts], sum(size + 8 for _, size in parts)
    if value is None or isinstance(value, bool | int | float):
        return value, 8
    raise ValueError("not JSON")
