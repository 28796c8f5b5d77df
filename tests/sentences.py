"""The messages in the source of `triptych`, collected by `ast`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "triptych"
#: Exceptions and functions whose messages people read: the package's exceptions, `stop` of the command line, HTTP errors.
BASES = {"CourseError", "ValueError", "RuntimeError", "Exception"}
ALSO = {"stop", "HTTPError"}
#: Exceptions inside the sandbox's connection, the grader and the collection, whose messages are not shown as they are.
INNER = {
    "ProtocolError", "StudentError", "ConnectionClosed", "NotByHand", "NotOwnFit", "TookTooLong", "ArchiveError", "_TooMuch",
}  # fmt: skip
GAP = "…"


@dataclass(frozen=True)
class Site:
    """A call with a message, in which … replaces computed parts."""

    module: str
    first: int
    text: str


def literal(node: ast.expr) -> str:
    """The text of an argument with … for computed parts."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) if isinstance(part, ast.Constant) else GAP for part in node.values)
    if isinstance(node, ast.IfExp):
        return f"{literal(node.body)} | {literal(node.orelse)}"
    return GAP


@cache
def sites() -> list[Site]:
    """All messages of the package."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    with_messages: set[str] = set()
    while True:
        names = {
            c.name for c in classes if {b.id for b in c.bases if isinstance(b, ast.Name)} & (BASES | with_messages)
        }
        if names <= with_messages:
            break
        with_messages |= names
    with_messages = (with_messages | {"CourseError"} | ALSO) - INNER
    result = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if isinstance(node.func, ast.Attribute) and node.func.attr in ALSO - {"stop"}:
                name = node.func.attr
            text = " ".join(literal(argument) for argument in node.args)
            # a message that is only passed on is collected where it is written
            if name in with_messages and re.search(r"[a-z]{3,}", text):
                module = path.relative_to(SOURCE).as_posix().removesuffix(".py")
                result.append(Site(module, node.lineno, text))
    return result


def pattern(text: str) -> str:
    """A regular expression that matches a message with its computed parts."""
    return ".*".join(re.escape(part.strip()) for part in text.split(GAP))
