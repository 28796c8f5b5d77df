"""The messages of `triptych`, collected from its source with `ast`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "triptych"
#: Calls with a message for a person: exceptions of the package, the command line's `stop`, and errors of servers.
BASES = {"CourseError", "ValueError", "RuntimeError", "Exception"}
ALSO = {"stop", "HTTPError"}
#: Exceptions within the grader, whose messages no person reads as they are.
INNER = {"ProtocolError", "StudentError", "ConnectionClosed", "NotByHand", "TookTooLong"}
GAP = "…"


@dataclass(frozen=True)
class Site:
    """A place in the source with a message, in which … stands for inserted values."""

    module: str
    line: int
    text: str


def literal(node: ast.expr) -> str:
    """The constant parts of an argument's text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) if isinstance(part, ast.Constant) else GAP for part in node.values)
    if isinstance(node, ast.IfExp):
        return f"{literal(node.body)} | {literal(node.orelse)}"
    return GAP


@cache
def sites() -> list[Site]:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    names: set[str] = set()
    while True:  # subclasses of subclasses, until no name is added
        bases = BASES | names
        subclasses = {c.name for c in classes if any(isinstance(b, ast.Name) and b.id in bases for b in c.bases)}
        if subclasses <= names:
            break
        names |= subclasses
    names = (names | {"CourseError"} | ALSO) - INNER
    messages = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if isinstance(node.func, ast.Attribute) and node.func.attr in ALSO - {"stop"}:
                name = node.func.attr
            text = " ".join(literal(argument) for argument in node.args)
            # without constant words, a message made elsewhere is passed on
            if name in names and re.search(r"[a-z]{3,}", text):
                module = path.relative_to(SOURCE).as_posix().removesuffix(".py")
                messages.append(Site(module, node.lineno, text))
    return messages


def pattern(text: str) -> str:
    """A regular expression for a message with inserted values."""
    return ".*".join(re.escape(part.strip()) for part in text.split(GAP))
