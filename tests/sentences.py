"""The sentences that `triptych` can say, found in its source by `ast`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "triptych"
#: What carries a sentence to a person: the package's own exceptions, `stop` of the command line, the servers'.
BASES = {"CourseError", "ValueError", "RuntimeError", "Exception"}
ALSO = {"stop", "HTTPError"}
#: Between the two sides of the wall, and inside the grader: no person reads them as they are.
INNER = {"ProtocolError", "StudentError", "ConnectionClosed", "NotByHand", "TookTooLong"}
GAP = "…"


# --- the sentences of the source ---------------------------------------------------------------------


@dataclass(frozen=True)
class Site:
    """One place that says something: its sentence with … for what is put in."""

    module: str
    first: int
    last: int
    text: str


def literal(node: ast.expr) -> str:
    """The text of an argument, as far as it stands in the source."""
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
    speaking: set[str] = set()
    while True:
        found = {c.name for c in classes if {b.id for b in c.bases if isinstance(b, ast.Name)} & (BASES | speaking)}
        if found <= speaking:
            break
        speaking |= found
    speaking = (speaking | {"CourseError"} | ALSO) - INNER
    made = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if isinstance(node.func, ast.Attribute) and node.func.attr in ALSO - {"stop"}:
                name = node.func.attr
            text = " ".join(literal(argument) for argument in node.args)
            # a sentence that is only passed on stands where it was made
            if name in speaking and re.search(r"[a-z]{3,}", text):
                module = path.relative_to(SOURCE).as_posix().removesuffix(".py")
                made.append(Site(module, node.lineno, node.end_lineno or node.lineno, text))
    return made


def pattern(text: str) -> str:
    """A regular expression for what a sentence looks like when it is said."""
    return ".*".join(re.escape(part.strip()) for part in text.split(GAP))
