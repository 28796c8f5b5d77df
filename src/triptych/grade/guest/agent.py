"""What answers in the sandbox: it looks up, calls and computes with what the student's cells made.

Runs in the student's kernel, between two cells, while a test cell runs on the grader's side. The
student's code can do to it what it likes: nothing here decides on a mark. It imports the codec, the
standard library and NumPy, because its source is sent into the sandbox without the rest of the package.
"""

from __future__ import annotations

import builtins
import collections
import copy
import importlib
import linecache
import math
import operator
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from triptych.grade.guest import codec
from triptych.grade.guest.codec import Bounds, Connection, Decoder, Encoder, NotSerializable

MESSAGE_CHARACTERS = 2_000
TRACEBACK_FRAMES = 12
# Of results given earlier, how many and how much is watched for changes.
GIVEN_RESULTS = 16
GIVEN_BYTES = 1_000_000


class Abort(BaseException):
    """The test has ended: what it had asked for is wanted no more."""


def _nothing() -> None:
    pass


@dataclass
class _Given:
    """A mutable result, as it was when last told about, and the numbers under which the grader has it."""

    value: Any
    snapshot: Any
    numbers: list[int]


class Agent:
    """Serves one grader over one socket."""

    def __init__(self, stream: socket.socket, namespace: dict[str, Any], bounds: Bounds) -> None:
        self._link = Connection(stream, bounds)
        self._bounds = bounds
        self._namespace = namespace
        self._setup: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._running = False
        self._ended = False
        self._forget()

    def _forget(self) -> None:
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._functions: dict[int, Callable[..., Any]] = {}
        self._function_numbers: dict[int, int] = {}
        self._failures: dict[int, BaseException] = {}
        self._given: dict[int, _Given] = {}
        self._given_count = 0
        self._calls = 0

    def remember(self, names: Iterable[str]) -> None:
        """Keeps what a setup cell has just made, so that it goes by name whatever comes later."""
        self._setup.update((name, self._namespace[name]) for name in names if name in self._namespace)

    def serve(self, number: int) -> None:
        """Answers requests until the grader says that the test has ended."""
        self._forget()
        self._ended = False
        before = signal.signal(signal.SIGINT, self._interrupted)
        try:
            self._link.send(codec.READY, number, b"", _nothing)
            while not self._ended:
                try:
                    kind, request, body = self._link.receive(_nothing)
                    if kind == codec.REQUEST:
                        self._answer(request, body)
                    elif kind == codec.END:
                        break
                except Abort:
                    pass
            self._link.send(codec.ENDED, number, b"", _nothing)
        finally:
            self._running = False
            self._forget()
            signal.signal(signal.SIGINT, before)

    def _interrupted(self, signum: int, frame: object) -> None:
        if self._running:  # never between two bytes of a message
            raise KeyboardInterrupt

    # --- one request -----------------------------------------------------------------------------

    def _answer(self, number: int, body: bytes) -> None:
        decoder = Decoder(self._incoming, counting=True, bounds=self._bounds)
        operation, operands = decoder.decode(body)
        before = [(value, _content(value)) for value in decoder.mutable]
        known = {id(value): i for i, value in enumerate(decoder.mutable)}
        result: Any = None
        try:
            try:
                self._running = True
                result = _OPERATIONS[operation](self, *operands)
            finally:
                self._running = False
            kind, reply = codec.ANSWER, self._reply((result,), before, known)
        except Abort:
            raise
        except BaseException as error:
            kind, reply = codec.ERROR, self._failure(error, before, known)
        self._link.send(kind, number, reply, _nothing)

    def _reply(self, said: tuple[Any, ...], before: list[tuple[Any, Any]], known: dict[int, int]) -> bytes:
        """What is said, what has changed of the arguments, and of results given earlier. Raises NotSerializable."""
        changed = [(n, _content(value)) for n, (value, old) in enumerate(before) if not _same(value, old)]
        earlier = [
            (number, _content(given.value))
            for given in self._given.values()
            if not _same(given.value, given.snapshot)
            for number in given.numbers
        ]
        encoder = Encoder(self._outgoing, known, bounds=self._bounds)
        reply = encoder.encode((*said, tuple(changed), tuple(earlier)))
        copies = {id(content) for _, content in (*changed, *earlier)}
        self._keep([None if id(value) in copies else value for value in encoder.mutable])
        return reply

    def _keep(self, values: list[Any]) -> None:
        """Results that the student's code could change later, as one that it keeps as a buffer."""
        for given in self._given.values():
            given.snapshot = _content(given.value)
        for value in values:
            if value is not None and _size(value) <= GIVEN_BYTES:
                fresh = _Given(value, _content(value), [])
                given = self._given.pop(id(value), fresh)
                given.numbers = [*given.numbers[1 - GIVEN_RESULTS :], self._given_count]
                self._given[id(value)] = given
            self._given_count += 1
        while len(self._given) > GIVEN_RESULTS or sum(map(_size_of_given, self._given.values())) > GIVEN_BYTES:
            del self._given[next(iter(self._given))]

    def _failure(self, error: BaseException, before: list[tuple[Any, Any]], known: dict[int, int]) -> bytes:
        bases = [base.__name__ for base in type(error).__mro__ if getattr(builtins, base.__name__, 0) is base]
        try:
            message = str(error)[:MESSAGE_CHARACTERS]
        except BaseException:
            message = ""
        said = (
            type(error).__name__[:100],
            tuple(bases),
            message,
            tuple(_own_lines(error)),
            int(getattr(error, "_triptych_raised", -1)),
        )
        try:
            return self._reply(said, before, known)
        except NotSerializable:
            self._given.clear()  # what was changed is too large to tell
            return self._reply(said, [], {})

    # --- values that are no plain data -----------------------------------------------------------

    def _incoming_setup(self, path: str) -> Any:
        name, _, rest = path.partition(".")
        value = self._setup.get(name, self._namespace.get(name))
        return operator.attrgetter(rest)(value) if rest else value

    @property
    def _incoming(self) -> dict[bytes, Callable[[Any], Any]]:
        return {
            codec.HANDLE: self._objects.__getitem__,
            codec.CALLBACK: self._function,
            codec.SETUP: self._incoming_setup,
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
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return codec.HANDLE, self._numbers[id(value)]

    def _function(self, number: int) -> Callable[..., Any]:
        """A function of the test, which stays on the grader's side and is called there."""
        if number not in self._functions:

            def function(*args: Any, **kwargs: Any) -> Any:
                return self._call_back(number, args, kwargs)

            self._functions[number] = function
            self._function_numbers[id(function)] = number
        return self._functions[number]

    def _call_back(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._lock:
            body = Encoder(self._outgoing, bounds=self._bounds).encode((number, args, kwargs))
            running, self._running = self._running, False
            try:
                if self._ended:
                    raise Abort
                self._calls += 1
                call = self._calls & 0xFFFFFFFF
                self._link.send(codec.CALL, call, body, _nothing)
                return self._outcome(call)
            finally:
                self._running = running

    def _outcome(self, call: int) -> Any:
        while True:
            kind, number, body = self._link.receive(_nothing)
            if kind == codec.REQUEST:
                self._answer(number, body)
            elif kind == codec.END:
                self._ended = True
                raise Abort
            elif number == call:
                answer = Decoder(self._incoming, bounds=self._bounds).decode(body)
                if kind == codec.ANSWER:
                    return answer
                raise _error_of_the_test(*answer)

    # --- operations ------------------------------------------------------------------------------

    def lookup(self, name: str) -> Any:
        if name not in self._namespace:
            raise NameError(f"name {name!r} is not defined")
        return self._namespace[name]

    def next(self, iterator: Iterator[Any], count: int) -> tuple[list[Any], bool]:
        """Up to `count` items, and whether that was all."""
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
            self._failures[id(iterator)] = error  # the items before it are good
        return items, False


def _call(agent: Agent, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return function(*args, **kwargs)


def _with(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda agent, *operands: function(*operands)


_FROM_OPERATOR = """
    add sub mul truediv floordiv mod pow matmul lshift rshift and_ or_ xor
    iadd isub imul itruediv ifloordiv imod ipow imatmul
    neg pos invert eq ne lt le gt ge contains getitem setitem delitem index
"""
_FROM_BUILTINS = """
    abs bool complex divmod float format getattr setattr int isinstance iter len repr reversed round str
"""
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": _call,
    "lookup": Agent.lookup,
    "next": Agent.next,
    "array": _with(np.asarray),
    "trunc": _with(math.trunc),
    "floor": _with(math.floor),
    "ceil": _with(math.ceil),
    "copy": _with(copy.copy),
    "deepcopy": _with(copy.deepcopy),
    **{name: _with(getattr(operator, name)) for name in _FROM_OPERATOR.split()},
    **{name: _with(getattr(builtins, name)) for name in _FROM_BUILTINS.split()},
}


# --- values --------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one line a kind
    """Plain data that says all that `value` is; None when there is none.

    Subclasses that the student's own cells define are objects like any other: they may behave in
    their own way.
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
        return None if _is_traced(value) else _numpy_array(value)
    if root == "sympy" and kind.__name__ in _SYMPY_NUMBERS:
        return _SYMPY_NUMBERS[kind.__name__](value)
    return None


_SYMPY_NUMBERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("Integer", "Zero", "One", "NegativeOne"), int),
    "Float": float,
    "BooleanTrue": bool,
    "BooleanFalse": bool,
}


def _is_traced(value: Any) -> bool:
    return isinstance(value, sys.modules["jax"].core.Tracer)


def _numpy_array(value: Any) -> Any:
    try:
        array = np.asarray(value)
    except Exception:  # random keys, deleted buffers: objects, then
        return None
    return array if array.dtype.str in codec.DTYPES else None


def _imported(path: str) -> Any:
    module, _, name = path.partition(":")
    return operator.attrgetter(name)(importlib.import_module(module))


def _expression(text: str) -> Any:
    """A sympy expression of the test, from sympy's own notation. The grader wrote it."""
    sympy = importlib.import_module("sympy")
    return eval(text, dict(vars(sympy)))  # noqa: S307


def _jax_array(value: np.ndarray[Any, Any]) -> Any:
    return importlib.import_module("jax.numpy").asarray(value)


def _content(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    return tuple(value.items()) if isinstance(value, dict) else tuple(value)


def _size(value: Any) -> int:
    return value.nbytes if isinstance(value, np.ndarray) else 8 * len(value)


def _size_of_given(given: _Given) -> int:
    return _size(given.value)


def _same(value: Any, old: Any) -> bool:
    if isinstance(value, np.ndarray):
        return bool(value.shape == old.shape and value.dtype == old.dtype and value.tobytes() == old.tobytes())
    now = _content(value)
    if isinstance(value, dict):
        return len(now) == len(old) and all(a is c and b is d for (a, b), (c, d) in zip(now, old, strict=True))
    return len(now) == len(old) and all(map(operator.is_, now, old))


# --- errors --------------------------------------------------------------------------------------


def _error_of_the_test(name: str, message: str, number: int) -> BaseException:
    """What a test's function raised, so that the student's code may catch it."""
    kind = getattr(builtins, name, RuntimeError)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = RuntimeError
    try:
        error: BaseException = kind(message)
    except TypeError:
        error = RuntimeError(message)
    error._triptych_raised = number  # type: ignore[attr-defined]
    return error


def _own_lines(error: BaseException) -> Iterator[str]:
    """The traceback's lines in cells of the notebook, the innermost last."""
    found = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        cell = _cell_of(code.co_filename)
        if cell is not None:
            line = linecache.getline(code.co_filename, trace.tb_lineno).strip()[:200]
            found.append(f"In[{cell}], line {trace.tb_lineno}, in {code.co_name[:60]}: {line}")
        trace = trace.tb_next
    yield from found[-TRACEBACK_FRAMES:]


def _cell_of(filename: str) -> Any:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", _nothing)()
    return getattr(getattr(shell, "compile", None), "_filename_map", {}).get(filename)


# --- start ---------------------------------------------------------------------------------------


def start(path: str, namespace: dict[str, Any], bounds: dict[str, int]) -> Agent:
    """Connects to the grader's socket at `path`. Raises OSError."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.connect(path)
    return Agent(stream, namespace, Bounds(**bounds))


def pictures(drawn: bool) -> None:
    """Whether plots are drawn from here on. They are made and put away all the same."""
    shell = sys.modules["IPython"].get_ipython()
    inline = importlib.import_module("matplotlib_inline.config").InlineBackend.instance(parent=shell)
    inline.figure_formats = {"png"} if drawn else set()


def limit_output(shell: Any, characters: int) -> None:
    """Cuts what one cell prints, so that an endless loop of prints costs neither side its memory."""
    left = characters

    def limited(write: Callable[[str], Any]) -> Callable[[str], Any]:
        def limited_write(text: str) -> Any:
            nonlocal left
            if isinstance(text, str):
                kept, left = text[: max(left, 0)], left - len(text)
                if len(kept) < len(text):
                    return write(kept) if kept else 0
            return write(text)

        limited_write.unlimited = write  # type: ignore[attr-defined]
        return limited_write

    def before_cell(*_: Any) -> None:
        # anew for each cell: IPython itself replaces `write` while a cell runs
        nonlocal left
        left = characters
        for stream in (sys.stdout, sys.stderr):
            stream.write = limited(getattr(stream.write, "unlimited", stream.write))  # type: ignore[method-assign]

    shell.events.register("pre_run_cell", before_cell)
