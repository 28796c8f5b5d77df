"""`reference` of the course tools, for test cells of many submissions: a call that was made before is not made again.

A call is recognised by a description of its function and arguments: code, closures, the globals that the code reads,
and plain data. What a submission has made has no description, so such calls are made each time, and results are kept
only if they are plain data: no object of a submission gets in, and no result depends on one.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from triptych.grade.execute.proxy import RemoteProxy
from triptych.grade.execute.values import SetupNames, import_path, is_jax_array

#: The name of the function in setup cells.
REFERENCE = "reference"
MAX_RESULTS = 2_000
#: The size of the data in a call, and of an array in a result. What is larger is computed each time.
MAX_BYTES = 200_000
MAX_DEPTH = 40
CONSTANTS = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
#: Functions that use more than their arguments, closures and globals.
IMPURE = {
    "__import__", "compile", "eval", "exec", "fresh_rng", "globals", "input", "locals", "open", "random", "secrets",
    "time", "vars",
}  # fmt: skip


class _Unknown(Exception):
    """There is no description of a function or an argument, or a result cannot be kept."""


class References:
    """The function `reference` for the test cells of a chapter.

    Args:
        setup: the namespace of the setup cells. Its objects are described by their names.
    """

    def __init__(self, setup: Mapping[str, Any]) -> None:
        self._names = _Names(setup)
        self._results: dict[bytes, Any] = {}

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        """`function(*args)`, or a copy of what it returned before."""
        key = self._describe(function, args)
        if key is None:
            return function(*args)
        if key in self._results:
            return _copied(self._results[key])
        result = function(*args)
        with contextlib.suppress(_Unknown):
            copy = _copied(result)  # waits until JAX has computed it
            if key == self._describe(function, args):  # otherwise the call has changed what it was given
                self._keep(key, copy)
        return result

    def _describe(self, function: Callable[..., Any], args: tuple[Any, ...]) -> bytes | None:
        description = _Description(self._names)
        try:
            description.add((function, args))
        except _Unknown:
            return None
        return description.digest()

    def _keep(self, key: bytes, result: Any) -> None:
        while len(self._results) >= MAX_RESULTS:
            del self._results[next(iter(self._results))]
        self._results[key] = result


class _Names:
    """The names of modules, functions and classes of libraries, and of what setup cells define."""

    def __init__(self, setup: Mapping[str, Any]) -> None:
        self._setup = SetupNames(setup)
        #: with the objects, so that no id is used twice
        self._known: dict[int, tuple[str, Any]] = {}

    def get(self, value: Any) -> str | None:
        """The name of an object; None if it has none."""
        if id(value) in self._known:
            return self._known[id(value)][0]
        if isinstance(value, ModuleType):
            name = value.__name__ if sys.modules.get(value.__name__) is value else None
        else:
            name = self._setup.name_of(value) or import_path(value)
        if name is not None and len(self._known) < MAX_RESULTS:
            self._known[id(value)] = name, value
        return name


def _copied(value: Any, depth: int = 0) -> Any:
    """A copy of plain data that shares nothing that can be changed. Raises _Unknown for anything else."""
    kind = type(value)
    if depth > MAX_DEPTH or isinstance(value, RemoteProxy):
        raise _Unknown
    if kind in CONSTANTS or isinstance(value, np.generic):
        return value
    if kind is np.ndarray and not value.dtype.hasobject and value.nbytes <= MAX_BYTES:
        return value.copy()
    if is_jax_array(value) and isinstance(value.dtype, np.dtype) and value.nbytes <= MAX_BYTES:
        content = np.array(value)  # JAX's own memory may be that of an array of NumPy
        return value if value.weak_type else sys.modules["jax"].device_put(content)
    if kind in (list, tuple):
        return kind(_copied(item, depth + 1) for item in value)
    if kind is dict:
        return {_copied(key, depth + 1): _copied(item, depth + 1) for key, item in value.items()}
    raise _Unknown


class _Description:
    """A hash of values, by their content."""

    def __init__(self, names: _Names) -> None:
        self._names = names
        self._hash = hashlib.sha256()
        self._left = MAX_BYTES
        #: the place of each function, which may use itself; holds them, so that no id is used twice
        self._functions: dict[int, tuple[int, Any]] = {}

    def digest(self) -> bytes:
        return self._hash.digest()

    def _write(self, *parts: str | bytes) -> None:
        for part in parts:
            content = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
            self._left -= len(content) + 1
            if self._left < 0:
                raise _Unknown
            self._hash.update(b"%d:" % len(content) + content)

    def add(self, value: Any, depth: int = 0) -> None:
        """Adds a value to the hash. Raises _Unknown if it has no description."""
        if depth > MAX_DEPTH or isinstance(value, RemoteProxy):
            raise _Unknown
        if not self._add_data(value, depth) and not self._add_named(value):
            self._add_function(value, depth)

    def _add_all(self, kind: str, items: Iterable[Any], depth: int) -> None:
        items = list(items)
        self._write(kind, str(len(items)))
        for item in items:
            self.add(item, depth + 1)

    def _add_data(self, value: Any, depth: int) -> bool:
        """Adds plain data; False for anything else. No subclasses, which may mean anything."""
        kind = type(value)
        if kind is int:
            self._write("int", hex(value))
        elif kind in CONSTANTS:
            self._write(kind.__name__, repr(value) if kind is not bytes else value)
        elif kind is np.ndarray or (isinstance(value, np.generic) and kind.__module__ == "numpy"):
            if value.dtype.hasobject or value.nbytes > self._left:
                raise _Unknown
            self._write("array", kind.__name__, value.dtype.str, f"{value.shape} {value.strides}", value.tobytes())
        elif is_jax_array(value):
            self._write("jax", str(value.weak_type))
            self.add(np.asarray(value), depth + 1)
        elif kind in (list, tuple):
            self._add_all(kind.__name__, value, depth)
        elif kind is dict:
            self._add_all("dict", (part for item in value.items() for part in item), depth)
        elif kind is frozenset and all(type(item) in CONSTANTS for item in value):
            self._write("frozenset", *sorted(f"{type(item).__name__} {item!r}" for item in value))
        else:
            return False
        return True

    def _add_named(self, value: Any) -> bool:
        """Adds what setup cells define, and modules and functions of libraries, by name; False for anything else."""
        path = self._names.get(value)
        if path is None:
            return False
        if IMPURE.intersection(re.split("[.:]", path)):
            raise _Unknown
        self._write("name", type(value).__name__, path)
        return True

    def _add_function(self, value: Any, depth: int) -> None:
        kind = type(value)
        if id(value) in self._functions:
            self._write("again", str(self._functions[id(value)][0]))
            return
        self._functions[id(value)] = len(self._functions), value
        if kind is FunctionType:
            module, code = str(value.__globals__.get("__name__")), value.__code__
            if getattr(sys.modules.get(module), "__dict__", None) is value.__globals__:
                self._write("library", module, code.co_qualname, str(code.co_firstlineno), code.co_code)
            elif vars(value):  # such as a counter of calls
                raise _Unknown
            else:
                self._add_code(value, depth)
            self._add_all("closure", _contents(value), depth)
            self._add_all("defaults", (value.__defaults__, value.__kwdefaults__), depth)
        elif kind is MethodType:
            self._add_all("method", (value.__func__, value.__self__), depth)
        elif kind is functools.partial:
            self._add_all("partial", (value.func, value.args, value.keywords), depth)
        elif kind is object:
            self._write("object", str(id(value)))  # it has no content
        elif kind.__name__ == "PjitFunction":
            self._add_all("jit", (value.__wrapped__,), depth)
        else:
            raise _Unknown

    def _add_code(self, function: FunctionType, depth: int) -> None:
        """Adds a function's code and the globals that it reads."""
        content, names = _described_code(function.__code__)
        self._write("function", content)
        for name in sorted(names):
            is_global = name in function.__globals__
            self._write("global" if is_global else "built in", name)
            if is_global:
                self.add(function.__globals__[name], depth + 1)


def _contents(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet
            raise _Unknown from None


@functools.lru_cache(maxsize=MAX_RESULTS)
def _described_code(code: CodeType) -> tuple[bytes, frozenset[str]]:
    """A hash of a function's code with the functions in it, and the global names that they read.

    Raises:
        _Unknown: it uses more than names and data.
    """
    description = _Description(_Names({}))
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    if IMPURE.intersection(code.co_names):
        raise _Unknown
    sizes = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    local_names = code.co_varnames, code.co_freevars, code.co_cellvars
    description.add((code.co_code, code.co_exceptiontable, code.co_names, *sizes, *local_names))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            content, inner = _described_code(constant)
            names |= inner
            description.add(("code", content))
        else:
            description.add(constant)
    return description.digest(), frozenset(names)


__all__ = ["REFERENCE", "References"]
