"""Static analysis of cells: the names they bind and use, their assertions and comparisons."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator

BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}


def bound_names(source: str) -> set[str]:
    """The names that a cell binds at top level. Raises SyntaxError."""
    table = symtable.symtable(source, "<cell>", "exec")
    own = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    declared = {s.get_name() for t in _nested(table) for s in t.get_symbols() if s.is_declared_global()}
    return own | declared


def classes(source: str) -> set[str]:
    """The names of classes that a cell defines at top level. Raises SyntaxError."""
    return {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def imported_packages(source: str) -> set[str]:
    """The packages of which a cell imports modules. Raises SyntaxError."""
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module or "")
    return {module.partition(".")[0] for module in modules}


def extended_names(source: str) -> set[str]:
    """The names whose attributes a cell sets, as in `Number.__add__ = add`. Raises SyntaxError."""
    set_ = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
    return {node.value.id for node in set_ if isinstance(node.value, ast.Name)}


def used_names(source: str) -> set[str]:
    """The names of the notebook that a cell reads, bound by itself or not. Raises SyntaxError."""
    table = symtable.symtable(source, "<cell>", "exec")
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    for inner in _nested(table):
        used |= {s.get_name() for s in inner.get_symbols() if s.is_referenced() and s.is_global()}
    return used


def names_read_in_classes(source: str) -> set[str]:
    """The names that class bodies read: in `x = x` it is the notebook's. Raises SyntaxError."""
    table = symtable.symtable(source, "<cell>", "exec")
    classes = (inner for inner in _nested(table) if inner.get_type() == "class")
    return {s.get_name() for inner in classes for s in inner.get_symbols() if s.is_referenced()}


def free_names(source: str) -> set[str]:
    """The names that a cell uses but does not bind, without built-in ones. Raises SyntaxError."""
    return used_names(source) - bound_names(source) - BUILTINS


def reads(source: str) -> dict[str, set[str]]:
    """The names that the definition of each name of a cell uses. Raises SyntaxError."""
    found: dict[str, set[str]] = {}
    for statement in ast.parse(source).body:
        text = ast.unparse(statement)
        for name in bound_names(text):
            found[name] = found.get(name, set()) | free_names(text)
    return found


def _nested(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _nested(child)


def assertions(source: str) -> list[ast.Assert]:
    """The assert statements of a cell. Raises SyntaxError."""
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]


def plain_message(statement: ast.Assert) -> str | None:
    """The message of an assertion if it is a string constant, which cannot contain a computed value; else None."""
    if isinstance(statement.msg, ast.Constant) and isinstance(statement.msg.value, str):
        return statement.msg.value
    return None


def assertion_messages(source: str) -> set[str]:
    """The plain messages of a cell's assertions, an empty set if the cell is not Python."""
    try:
        return {message for statement in assertions(source) if (message := plain_message(statement))}
    except SyntaxError:
        return set()


def lopsided_comparisons(source: str, students: set[str]) -> list[str]:
    """Comparisons between results of a student's code and other values.

    The student's result may be an object with an `__eq__` that always returns True.

    Args:
        source: the text of a test cell.
        students: names that the student's code defines.

    Returns:
        The comparisons as source text.

    Raises:
        SyntaxError: the cell is not Python.
    """
    tree = ast.parse(source)
    results = set(students)
    while True:  # assignments pass results on, until no name is added
        added = {
            name.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and not isinstance(node.value, ast.Name)
            and root_name(node.value) in results
            for target in node.targets
            for name in ast.walk(target)
            if isinstance(name, ast.Name)
        } - results
        if not added:
            break
        results |= added
    comparisons = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and not all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            sides = [root_name(side) in results for side in (node.left, *node.comparators)]
            if any(sides) and not all(sides):
                comparisons.append(ast.unparse(node))
    return comparisons


def root_name(node: ast.expr) -> str:
    """The name that an expression begins with, `f` for `f(x).y[0]`; nothing for other expressions."""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
