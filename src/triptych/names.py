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
