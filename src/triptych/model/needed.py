"""Which lecture cells a submission needs: those that bind or change what other cells use.

Nobody looks at what the others show while answers are graded, so they need not run.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from nbformat import NotebookNode

from triptych.model.cell_names import BUILTINS, bound_names, names_read_in_classes, root_name, used_names
from triptych.model.chapter import Role, code_of, role_of

#: With these, code reaches names of the notebook, or what its cells have left behind, without containing them.
OPAQUE = {
    "*", "InteractiveShell", "__builtins__", "__dict__", "__globals__", "__import__", "__main__", "__subclasses__",
    "_getframe", "builtins", "ctypes", "currentframe", "dir", "doctest", "eval", "exec", "f_back", "f_globals",
    "f_locals", "gc", "get_ipython", "getframe", "globals", "importlib", "inspect", "locals", "modules", "pickle",
    "runpy", "setprofile", "settrace", "user_ns", "vars",
}  # fmt: skip
#: IPython's record of cells and results.
HISTORY = re.compile(r"In|Out|_{1,3}|_i{1,3}|_i?\d+|_[iod]h")
#: Characters of the student's text that are analysed: it may be made to keep a parser busy.
MAX_TEXT = 100_000
#: Functions that change their first argument.
SETTERS = ("delattr", "next", "setattr")


@dataclass(frozen=True)
class _Names:
    """The names of the notebook that a cell concerns.

    Attributes:
        used: what it reads, changes or binds.
        bound: what it binds.
        changed: objects whose attributes, items or content it may change.
        modules: what it imports as a module.
        opaque: the constructs with which it may concern names that it does not contain.
    """

    used: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()


def unneeded(cells: Iterable[NotebookNode]) -> set[str]:
    """The ids of lecture cells of which no answer and no test can notice whether they run.

    A lecture cell is needed if it binds or may change something that an answer, another cell of the student, a setup
    or student-side cell, or a needed lecture cell uses. If the student's code, or a lecture cell, may use what it does
    not contain, or the student's code is long, all are needed. Lecture cells keep the rule `effects` of
    `triptych check`: they change no module.

    Args:
        cells: the code cells of a submission.
    """
    waiting: dict[str, _Names] = {}
    wanted: set[str] = set()
    modules: set[str] = set()
    left = MAX_TEXT
    for cell in cells:
        locked, role = bool(cell.metadata.get("nbgrader", {}).get("locked")), role_of(cell)
        if role is Role.TEST:  # tests run elsewhere, and use no lecture cells
            continue
        left -= 0 if locked else len(cell.source)
        if left < 0:
            return set()
        names = _names_of_course(code_of(cell.source)) if locked else names_of(cell.source)
        if names.opaque and not (locked and role in (Role.SETUP, Role.STUDENT_SIDE)):
            return set()
        if locked:
            modules |= names.modules
        if locked and role is Role.LECTURE:
            waiting[cell.id] = names
        else:
            wanted |= names.used
    while needed := [id_ for id_, names in waiting.items() if wanted & (names.bound | names.changed - modules)]:
        wanted |= set().union(*(waiting.pop(id_).used for id_ in needed))
    return set(waiting)


def names_of(source: str) -> _Names:
    """The names that a cell concerns. A cell that is not plain Python, as one with a magic, is opaque."""
    try:
        tree = ast.parse(source)
        bound, used = bound_names(source), used_names(source) | names_read_in_classes(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _Names(opaque=frozenset({type(error).__name__}))
    mentioned, modules, changed = set[str](), set[str](), set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                mentioned.add(name)
            case ast.Constant(value=str(text)):
                # getattr(sys, "modules"), timeit("f()", "from __main__ import f")
                mentioned |= {text, "__main__"} if "__main__" in text else {text}
            case ast.alias(name=name):
                mentioned |= {*name.split(".")}
            case ast.ImportFrom(module=str(module)):
                mentioned |= {*module.split(".")}
            case ast.Import(names=aliases):
                modules |= {alias.asname or alias.name.partition(".")[0] for alias in aliases}
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                changed.add(root_name(node))
            case ast.Call(func=ast.Attribute() as method):
                changed.add(root_name(method))
            case ast.Call(func=ast.Name(id=name), args=[target, *_]) if name in SETTERS:
                changed.add(root_name(target))
    history = {name for name in used - bound if HISTORY.fullmatch(name)}
    return _Names(
        used=frozenset(used | bound) - BUILTINS,
        bound=frozenset(bound),
        changed=frozenset(changed & used),  # without functions' own variables
        modules=frozenset(modules),
        opaque=frozenset(mentioned & OPAQUE | history),
    )


#: The course's cells are the same in all submissions.
_names_of_course = functools.lru_cache(maxsize=2000)(names_of)


__all__ = ["names_of", "unneeded"]
