"""What a cell's code binds, what it takes from elsewhere, and what its assertions say (by `ast`)."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator

BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}


def bound_names(source: str) -> set[str]:
    """Names that running the cell defines at its top level. Raises SyntaxError."""
    table = symtable.symtable(source, "<cell>", "exec")
    own = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    declared = {s.get_name() for t in _nested(table) for s in t.get_symbols() if s.is_declared_global()}
    return own | declared


def classes(source: str) -> set[str]:
    """Names of the classes that the cell defines at its top level. Raises SyntaxError."""
    return {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def free_names(source: str) -> set[str]:
    """Names that the cell uses and does not define: they must come from other cells.

    Built-in names are left out. Raises SyntaxError.
    """
    table = symtable.symtable(source, "<cell>", "exec")
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    for inner in _nested(table):
        used |= {s.get_name() for s in inner.get_symbols() if s.is_referenced() and s.is_global()}
    return used - bound_names(source) - BUILTINS


def _nested(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _nested(child)


def assertions(source: str) -> list[ast.Assert]:
    """The cell's assert statements, in order. Raises SyntaxError."""
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]


def plain_message(statement: ast.Assert) -> str | None:
    """The message of an assertion when it is a plain string, which cannot carry a computed value."""
    if isinstance(statement.msg, ast.Constant) and isinstance(statement.msg.value, str):
        return statement.msg.value
    return None


def assertion_messages(source: str) -> set[str]:
    """All plain messages of a cell's assertions; none when the cell is no Python."""
    try:
        found = [plain_message(statement) for statement in assertions(source)]
    except SyntaxError:
        return set()
    return {message for message in found if message}


def lopsided_comparisons(source: str, students: set[str]) -> list[str]:
    """Comparisons of what a student's code gives with something else, as source text.

    students: names that come from the student. What they give may be an object whose own `__eq__`
    says yes to everything.
    Raises SyntaxError.
    """
    tree = ast.parse(source)
    theirs = set(students)
    # names that are given what comes of theirs; again, until nothing is added
    while True:
        added = {
            name.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Name) and _root(node.value) in theirs
            for target in node.targets
            for name in ast.walk(target)
            if isinstance(name, ast.Name)
        } - theirs
        if not added:
            break
        theirs |= added
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and not all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            sides = [_root(side) in theirs for side in (node.left, *node.comparators)]
            if any(sides) and not all(sides):
                found.append(ast.unparse(node))
    return found


def _root(node: ast.expr) -> str | None:
    """The name that an expression begins with: `f` of `f(x).y[0]`; None where it begins otherwise."""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
