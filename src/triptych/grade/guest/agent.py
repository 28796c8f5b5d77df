"""The agent: looks up, calls and computes with a student's objects when a test cell of the grader asks for it.

It runs in the student's Python, between two cells, while a test cell runs on the host's side. The student's code can
manipulate it: nothing here decides on a score. It imports the codec, interrupts, the standard library and NumPy.
"""

from __future__ import annotations

import builtins
import collections
import copy
import importlib
import linecache
import math
import operator
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from triptych.grade.guest import codec
from triptych.grade.guest.codec import Bounds, Connection, Decoder, Encoder, NotSerializable
from triptych.grade.guest.interrupts import Interrupts

MESSAGE_CHARACTERS = 2_000
TRACEBACK_FRAMES = 12
# How many earlier results, and how many bytes of them, are checked for changes.
WATCHED_RESULTS = 16
WATCHED_BYTES = 1_000_000
_MISSING = object()


class Abort(BaseException):
    """The test has ended, and with it the request."""


@dataclass
class _Result:
    """A mutable result that the grader holds a copy of, its content then, and the grader's numbers for it."""

    value: Any
    snapshot: Any
    numbers: list[int]


class Agent:
    """Serves the requests of one grader over one socket.

    Args:
        connection: the connection to the grader.
        namespace: the variables of the student's notebook.
        bounds: limits on messages.
        interrupts: decides when an interrupt of the grader reaches the student's code.
    """

    def __init__(
        self, connection: Connection, namespace: dict[str, Any], bounds: Bounds, interrupts: Interrupts
    ) -> None:
        self._connection = connection
        self._interrupts = interrupts
        self._bounds = bounds
        self._namespace = namespace
        self._setup: dict[str, Any] = {}
        self._read: set[str] = set()
        self._lock = threading.RLock()
        self._ended = False
        self._reset()

    def _reset(self) -> None:
        self._objects: list[Any] = []
        self._object_numbers: dict[int, int] = {}
        self._functions: dict[int, Callable[..., Any]] = {}
        self._function_numbers: dict[int, int] = {}
        self._failures: dict[int, BaseException] = {}
        self._results: dict[int, _Result] = {}
        self._result_count = 0
        self._calls = 0

    def remember(self, names: Iterable[str], read: Iterable[str]) -> None:
        """Keeps the objects that a cell of the course has just bound. Tests find these, not what later cells bind.

        Args:
            names: what the cell bound.
            read: those of `names` that functions of the course read. They are bound to these objects during a test;
                with the other names, a student's functions read the student's own variables.
        """
        self._setup.update((name, self._namespace[name]) for name in names if name in self._namespace)
        self._read.update(self._setup.keys() & set(read))

    def serve(self, number: int) -> None:
        """Answers requests until the grader ends the test.

        Args:
            number: the grader's number of the test.
        """
        self._reset()
        self._ended = False
        rebound = {name: self._namespace.get(name, _MISSING) for name in self._read}
        self._namespace.update((name, self._setup[name]) for name in self._read)
        try:
            self._connection.send(codec.READY, number, b"")
            while not self._ended:
                try:
                    kind, request, body = self._connection.receive()
                    if kind == codec.REQUEST:
                        self._answer(request, body)
                    elif kind == codec.END:
                        break
                except Abort:
                    pass
            self._connection.send(codec.ENDED, number, b"")
        finally:
            self._reset()
            for name, value in rebound.items():
                if value is _MISSING:
                    self._namespace.pop(name, None)
                else:
                    self._namespace[name] = value

    # --- requests --------------------------------------------------------------------------------

    def _answer(self, number: int, body: bytes) -> None:
        decoder = Decoder(self._incoming, counting=True, bounds=self._bounds)
        operation, operands = decoder.decode(body)
        arguments = [(value, _content(value)) for value in decoder.mutable]
        numbers = {id(value): i for i, value in enumerate(decoder.mutable)}
        result: Any = None
        try:
            with self._interrupts.allowed():
                result = _OPERATIONS[operation](self, *operands)
            kind, reply = codec.ANSWER, self._reply((result,), arguments, numbers)
        except Abort:
            raise
        except BaseException as error:
            kind, reply = codec.ERROR, self._error_reply(error, arguments, numbers)
        self._connection.send(kind, number, reply)

    def _reply(self, fields: tuple[Any, ...], arguments: list[tuple[Any, Any]], numbers: dict[int, int]) -> bytes:
        """Encodes the fields, the changed arguments and the changed earlier results. Raises NotSerializable."""
        changed = [(i, _content(value)) for i, (value, before) in enumerate(arguments) if not _same(value, before)]
        earlier = [
            (number, _content(result.value))
            for result in self._results.values()
            if not _same(result.value, result.snapshot)
            for number in result.numbers
        ]
        encoder = Encoder(self._outgoing, numbers, bounds=self._bounds)
        reply = encoder.encode((*fields, tuple(changed), tuple(earlier)))
        copies = {id(content) for _, content in (*changed, *earlier)}
        self._watch([None if id(value) in copies else value for value in encoder.mutable])
        return reply

    def _watch(self, values: list[Any]) -> None:
        """Remembers results, which the student's code may change later, for example a reused buffer."""
        for result in self._results.values():
            result.snapshot = _content(result.value)
        for value in values:
            if value is not None and _size(value) <= WATCHED_BYTES:
                result = self._results.pop(id(value), _Result(value, _content(value), []))
                result.numbers = [*result.numbers[1 - WATCHED_RESULTS :], self._result_count]
                self._results[id(value)] = result
            self._result_count += 1
        while (
            len(self._results) > WATCHED_RESULTS
            or sum(_size(result.value) for result in self._results.values()) > WATCHED_BYTES
        ):
            del self._results[next(iter(self._results))]

    def _error_reply(self, error: BaseException, arguments: list[tuple[Any, Any]], numbers: dict[int, int]) -> bytes:
        bases = [base.__name__ for base in type(error).__mro__ if getattr(builtins, base.__name__, 0) is base]
        try:
            message = str(error)[:MESSAGE_CHARACTERS]
        except BaseException:
            message = ""
        fields = (
            type(error).__name__[:100],
            tuple(bases),
            message,
            tuple(_own_lines(error)),
            int(getattr(error, "_triptych_raised", -1)),
        )
        try:
            return self._reply(fields, arguments, numbers)
        except NotSerializable:
            self._results.clear()  # the changes are too large
            return self._reply(fields, [], {})

    # --- values that are no plain data -----------------------------------------------------------

    @property
    def _incoming(self) -> dict[bytes, Callable[[Any], Any]]:
        return {
            codec.HANDLE: self._objects.__getitem__,
            codec.CALLBACK: self._function,
            codec.SETUP: self._setup_object,
            codec.IMPORTED: _imported,
            codec.SYMPY: _expression,
            codec.JAX: _jax_array,
        }

    def _outgoing(self, value: Any) -> tuple[bytes, Any]:
        number = self._function_numbers.get(id(value))
        if number is not None:
            return codec.CALLBACK, number
        plain = _plain(value)
        if plain is not None:
            return b"", plain
        if id(value) not in self._object_numbers:
            self._object_numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return codec.HANDLE, self._object_numbers[id(value)]

    def _setup_object(self, path: str) -> Any:
        name, _, attributes = path.partition(".")
        value = self._setup.get(name, self._namespace.get(name))
        return operator.attrgetter(attributes)(value) if attributes else value

    def _function(self, number: int) -> Callable[..., Any]:
        """A function of the test, which is called on the grader's side."""
        if number not in self._functions:

            def function(*args: Any, **kwargs: Any) -> Any:
                return self._call_back(number, args, kwargs)

            self._functions[number] = function
            self._function_numbers[id(function)] = number
        return self._functions[number]

    def _call_back(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._lock:
            body = Encoder(self._outgoing, bounds=self._bounds).encode((number, args, kwargs))
            with self._interrupts.held():
                if self._ended:
                    raise Abort
                self._calls += 1
                call = self._calls & 0xFFFFFFFF
                self._connection.send(codec.CALL, call, body)
                return self._receive_outcome(call)

    def _receive_outcome(self, call: int) -> Any:
        while True:
            kind, number, body = self._connection.receive()
            if kind == codec.REQUEST:
                self._answer(number, body)
            elif kind == codec.END:
                self._ended = True
                raise Abort
            elif number == call:
                outcome = Decoder(self._incoming, bounds=self._bounds).decode(body)
                if kind == codec.ANSWER:
                    return outcome
                raise _callback_error(*outcome)

    # --- operations ------------------------------------------------------------------------------

    def lookup(self, name: str) -> Any:
        """The value of a variable. Raises NameError."""
        if name in self._setup:
            return self._setup[name]
        if name not in self._namespace:
            raise NameError(f"name {name!r} is not defined")
        return self._namespace[name]

    def next(self, iterator: Iterator[Any], count: int) -> tuple[list[Any], bool]:
        """Up to `count` items of an iterator, and whether it is exhausted. Raises the iterator's exception."""
        failure = self._failures.pop(id(iterator), None)
        if failure is not None:
            raise failure
        items: list[Any] = []
        try:
            for _ in range(count):
                items.append(next(iterator))
        except StopIteration:
            return items, True
        except Exception as error:
            if not items:
                raise
            self._failures[id(iterator)] = error  # raised at the next request, after the items before it
        return items, False


def _call(agent: Agent, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return function(*args, **kwargs)


def _ignoring_agent(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda agent, *operands: function(*operands)


_FROM_OPERATOR = """
    add sub mul truediv floordiv mod pow matmul lshift rshift and_ or_ xor
    iadd isub imul itruediv ifloordiv imod ipow imatmul
    neg pos invert eq ne lt le gt ge contains getitem setitem delitem index
"""
_FROM_BUILTINS = """
    abs bool complex divmod float format getattr setattr int isinstance iter len repr reversed round str
"""
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "array": np.asarray,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{name: getattr(operator, name) for name in _FROM_OPERATOR.split()},
    **{name: getattr(builtins, name) for name in _FROM_BUILTINS.split()},
}
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": _call,
    "lookup": Agent.lookup,
    "next": Agent.next,
    **{name: _ignoring_agent(function) for name, function in _FUNCTIONS.items()},
}


# --- values --------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one line for each kind
    """Plain data equivalent to `value`, or None.

    Instances of classes that the student's own cells define stay objects, since these may behave in their own way.
    """
    kind = type(value)
    if isinstance(value, np.ndarray):
        return np.asarray(value).view(np.ndarray)
    if isinstance(value, np.generic):
        return value.item() if value.dtype.kind in "US" else None
    if kind in (collections.OrderedDict, collections.defaultdict, collections.Counter):
        return dict(value)
    if kind is collections.deque:
        return list(value)
    if kind is bytearray:
        return bytes(value)
    root = kind.__module__.partition(".")[0]
    if root in ("jax", "jaxlib") and isinstance(value, sys.modules["jax"].Array):
        return None if isinstance(value, sys.modules["jax"].core.Tracer) else _numpy_array(value)
    if root == "sympy" and kind.__name__ in _SYMPY_NUMBERS:
        return _SYMPY_NUMBERS[kind.__name__](value)
    return None


_SYMPY_NUMBERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("Integer", "Zero", "One", "NegativeOne"), int),
    "Float": float,
    **dict.fromkeys(("BooleanTrue", "BooleanFalse"), bool),
}


def _numpy_array(value: Any) -> Any:
    try:
        array = np.asarray(value)
    except Exception:  # random keys and deleted buffers stay objects
        return None
    return array if array.dtype.str in codec.DTYPES else None


def _imported(path: str) -> Any:
    module, _, name = path.partition(":")
    return operator.attrgetter(name)(importlib.import_module(module))


def _expression(text: str) -> Any:
    """A sympy expression in sympy's own notation, which the grader wrote."""
    sympy = importlib.import_module("sympy")
    return eval(text, dict(vars(sympy)))  # noqa: S307


def _jax_array(value: np.ndarray[Any, Any]) -> Any:
    return importlib.import_module("jax").device_put(value)  # `asarray` compiles a program for each shape


def _content(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    return tuple(value.items()) if isinstance(value, dict) else tuple(value)


def _size(value: Any) -> int:
    return value.nbytes if isinstance(value, np.ndarray) else 8 * len(value)


def _same(value: Any, content: Any) -> bool:
    """Whether a mutable object still has this content."""
    if isinstance(value, np.ndarray):
        return bool(
            value.shape == content.shape and value.dtype == content.dtype and value.tobytes() == content.tobytes()
        )
    now = _content(value)
    if isinstance(value, dict):
        return len(now) == len(content) and all(a is c and b is d for (a, b), (c, d) in zip(now, content, strict=True))
    return len(now) == len(content) and all(map(operator.is_, now, content))


# --- errors --------------------------------------------------------------------------------------


def _callback_error(name: str, message: str, number: int) -> BaseException:
    """The exception of a test's function, for the student's code to catch."""
    kind = getattr(builtins, name, RuntimeError)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = RuntimeError
    try:
        error: BaseException = kind(message)
    except TypeError:
        error = RuntimeError(message)
    error._triptych_raised = number  # type: ignore[attr-defined]
    return error


def _own_lines(error: BaseException) -> list[str]:
    """The traceback's lines in cells of the notebook, the innermost last."""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        cell = _cell_number(code.co_filename)
        if cell is not None:
            line = linecache.getline(code.co_filename, trace.tb_lineno).strip()[:200]
            lines.append(f"In[{cell}], line {trace.tb_lineno}, in {code.co_name[:60]}: {line}")
        trace = trace.tb_next
    return lines[-TRACEBACK_FRAMES:]


def _cell_number(filename: str) -> Any:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(getattr(shell, "compile", None), "_filename_map", {}).get(filename)
