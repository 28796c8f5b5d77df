"""The grader's side of the wall: what a test cell holds in place of the student's functions and objects.

A stand-in is a number. What a test does with it is asked of the agent in the sandbox (`agent.py`); what
comes back is plain data or another number. A stand-in's own attributes are never the student's.
"""

from __future__ import annotations

import builtins
import functools
import operator
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from triptych.grade.execute.clock import fair_time
from triptych.grade.guest import codec
from triptych.grade.guest.codec import (
    Bounds,
    Connection,
    ConnectionClosed,
    Decoder,
    Encoder,
    NotSerializable,
    ProtocolError,
)
from triptych.grade.sandbox.limits import Limits

WAIT_SECONDS = 0.05  # how often a deadline is looked at while nothing arrives
SETTLE_SECONDS = 2.0  # how long an interrupted student's code may take to give up
KEPT_ERRORS = 1_000
KEPT_RESULTS = 256
MESSAGE_CHARACTERS = 2_000
TRACEBACK_LINES = 20


class TestAborted(BaseException):
    """The test cannot go on: one sentence that says why.

    Not an Exception, so that no `except Exception` of a test cell swallows it.
    """

    def __init__(self, sentence: str, *, lost: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.lost = lost  # nobody answers any more


class StudentError(Exception):
    """An exception of the student's code. Raised as a subclass of the built-in it was in the sandbox."""

    kind = "Exception"  # not `name`: Python itself writes that into some errors
    message = ""
    lines: tuple[str, ...] = ()

    def __init__(self, kind: str, message: str, lines: tuple[str, ...]) -> None:
        Exception.__init__(self, message)
        self.kind, self.message, self.lines = kind, message, lines

    def __str__(self) -> str:
        return self.message


_ERRORS = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, BaseExceptionGroup)
}


@functools.cache
def _error_class(base: str) -> type[StudentError]:
    return type(base, (StudentError, _ERRORS[base]), {})


class FromSandbox(str):
    """A text that came out of the sandbox. sympy must not parse it, because parsing is running."""

    __slots__ = ()

    def _sympy_(self) -> NoReturn:
        raise TypeError("A text from a submission is never turned into an expression.")


def clean(text: str, characters: int = MESSAGE_CHARACTERS) -> str:
    """`text` without what moves a terminal's cursor or cannot be written, and not longer than `characters`."""
    kept = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text[: characters + 1])
    return kept if len(kept) <= characters else kept[: characters - 1] + "…"


class ProxySession:
    """The conversation with the agent of one kernel, one test cell at a time.

    Arguments: the connected socket, what setup cells made on the grader's side, limits, when the
    notebook must have ended (as fair_time says it), and ids of objects that belong to other
    submissions as well.
    """

    def __init__(
        self,
        stream: socket.socket,
        setup: Mapping[str, Any],
        limits: Limits,
        end: float = float("inf"),
        shared: frozenset[int] = frozenset(),
    ) -> None:
        # the kernel's timeouts cost no call each, unlike Python's
        pause = (int(WAIT_SECONDS * 1e6)).to_bytes(8, sys.byteorder)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            stream.setsockopt(socket.SOL_SOCKET, option, bytes(8) + pause)
        self.limits = limits
        self.bounds = Bounds(size=limits.message_bytes, depth=limits.message_depth)
        self.broken: TestAborted | None = None
        self._link = Connection(stream, self.bounds)
        self._setup = _names_of(setup)
        self._modules = {name: value for name, value in setup.items() if isinstance(value, ModuleType)}
        self._notebook_end = end
        self._shared = shared
        self._test = 0
        self._requests = 0
        self._begin()

    def _begin(self) -> None:
        self.broken = None
        self.busy = 0  # requests that the sandbox has not answered
        self._end = min(fair_time() + self.limits.test_seconds, self._notebook_end)
        self._call_end = self._end
        self._functions: list[Callable[..., Any]] = []
        self._function_numbers: dict[int, int] = {}
        self._calls = 0
        self._raised: dict[int, Exception] = {}
        self._stand_ins: dict[int, RemoteProxy] = {}
        self._given: dict[int, Any] = {}
        self._given_count = self._given_size = 0
        self._given_sizes: deque[tuple[int, int]] = deque()

    # --- a test's beginning and end --------------------------------------------------------------

    def begin(self) -> int:
        """A new test: nothing of earlier ones is left. Gives the number that the agent must say."""
        self._test += 1
        self._begin()
        return self._test

    def wait_ready(self) -> None:
        """Waits until the agent listens. Raises TestAborted."""
        end = min(fair_time() + self.limits.call_seconds, self._end)
        with self._breaking():
            self._skip_to(codec.READY, end)

    def finish(self) -> bool:
        """Ends the test in the sandbox; False when the sandbox does not follow within SETTLE_SECONDS."""
        if self.broken is not None and self.broken.lost:
            return False
        end = fair_time() + SETTLE_SECONDS
        try:
            self._link.send(codec.END, self._test, b"", self._until(end))
            self._skip_to(codec.ENDED, end)
        except (TestAborted, ProtocolError, ConnectionClosed):
            return False
        return True

    def _skip_to(self, wanted: bytes, end: float) -> None:
        """Waits for a frame, past whatever an interrupted test has left on the way."""
        wait = self._until(end)
        while True:
            kind, number, _ = self._link.receive(wait)
            if kind == wanted and number == self._test:
                return
            wait()

    def close(self) -> None:
        self._link.close()

    # --- requests --------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises TestAborted when the test's time is over or the wall is broken."""
        if self.broken is not None:
            raise self.broken
        now = fair_time()
        if now > self._end:
            raise self._break(self._late())

    def request(self, operation: str, *operands: Any) -> Any:
        """What `operation` gives in the sandbox.

        Raises StudentError with what the student's code raised, NotSerializable when an operand cannot go
        there, TestAborted when there is no answer.
        """
        self.check()
        encoder = Encoder(self._outgoing, naming=True, bounds=self.bounds)
        body = encoder.encode((operation, operands))
        self._requests = self._requests + 1 & 0xFFFFFFFF
        number = self._requests
        end = min(fair_time() + self.limits.call_seconds, self._call_end)
        wait = self._until(end)
        with self._breaking():
            self.busy += 1
            self._link.send(codec.REQUEST, number, body, wait)
            while True:
                kind, answered, data = self._link.receive(wait)
                if kind != codec.CALL:
                    break
                self._serve(answered, data, end)
                wait()
            self.busy -= 1
            if answered != number:
                raise ProtocolError("An answer belongs to another question.")
            return self._read(kind, data, encoder.mutable, wait)

    def _read(self, kind: bytes, data: bytes, mutable: list[Any], wait: Callable[[], None]) -> Any:
        def argument(number: int) -> Any:
            if number >= len(mutable):
                raise ProtocolError("An answer names an argument that there was not.")
            return mutable[number]

        decoder = self._decoder(wait, {codec.ARGUMENT: argument}, counting=True)
        said = decoder.decode(data)
        if type(said) is not tuple or len(said) != {codec.ANSWER: 3, codec.ERROR: 7}.get(kind):
            raise ProtocolError("An answer has not the form of one.")
        *told, changed, earlier = said
        self._write(changed, dict(enumerate(mutable)))
        self._write(earlier, self._given, self._given_count)
        self._keep_given(decoder.mutable, len(data))
        if kind == codec.ERROR:
            raise self._error(*told)
        return told[0]

    def _keep_given(self, results: list[Any], size: int) -> None:
        """Results that the student's code may change later, as long as there are not too many."""
        for result in results:
            self._given[self._given_count] = result
            self._given_count += 1
        self._given_sizes.append((self._given_count, size))
        self._given_size += size
        while len(self._given_sizes) > KEPT_RESULTS or self._given_size > self.bounds.size:
            end, size = self._given_sizes.popleft()
            self._given_size -= size
            for number in range(next(iter(self._given), end), end):
                del self._given[number]

    def _write(self, changed: Any, targets: Mapping[int, Any], dropped: int = 0) -> None:
        """What the student's code changed in arrays, lists and dicts that the test has passed or got.

        Those below `dropped` may be there no more.
        """
        if type(changed) is not tuple:
            raise ProtocolError("An answer has not the form of one.")
        for change in changed:
            if type(change) is not tuple or len(change) != 2 or type(change[0]) is not int:
                raise ProtocolError("An answer has not the form of one.")
            number, content = change
            if 0 <= number < dropped and number not in targets:
                continue
            if number not in targets:
                raise ProtocolError("An answer changes an object that there was not.")
            if id(targets[number]) in self._shared:
                raise self._break("The code changed data that it was given, and that is not its own.")
            try:
                _overwrite(targets[number], content)
            except (TypeError, ValueError):
                raise ProtocolError("An answer changes an object into what it cannot be.") from None

    def _error(self, name: Any, bases: Any, message: Any, lines: Any, raised: Any) -> Exception:
        texts = (name, message, *(bases if type(bases) is tuple else [None]))
        if not all(isinstance(text, str) for text in texts) or type(raised) is not int:
            raise ProtocolError("An error has not the form of one.")
        if type(lines) is not tuple or not all(isinstance(line, str) for line in lines):
            raise ProtocolError("An error has not the form of one.")
        if raised in self._raised:  # a test's function raised it, and the student's code let it pass
            return self._raised[raised]
        base = next((base for base in bases if base in _ERRORS), "Exception")
        cleaned = tuple(clean(line, 300) for line in lines[:TRACEBACK_LINES])
        return _error_class(base)(clean(name, 100), clean(message), cleaned)

    # --- callbacks -------------------------------------------------------------------------------

    def _serve(self, call: int, data: bytes, end: float) -> None:
        """The student's code calls a function of the test."""
        said = self._decoder(self._until(end)).decode(data)
        if not (type(said) is tuple and len(said) == 3):
            raise ProtocolError("A call has not the form of one.")
        number, args, kwargs = said
        if not (type(number) is int and type(args) is tuple and type(kwargs) is dict):
            raise ProtocolError("A call has not the form of one.")
        if not 0 <= number < len(self._functions) or not all(isinstance(key, str) for key in kwargs):
            raise ProtocolError("A call is of a function that there is not.")
        self._calls += 1
        if self._calls > self.limits.callbacks:
            raise self._break(f"The function given was called more than {self.limits.callbacks:,} times.")
        outer, self._call_end = self._call_end, end
        try:
            kind, body = codec.ANSWER, self._encode(self._functions[number](*args, **kwargs))
        except Exception as error:
            kind, body = codec.ERROR, self._encode(self._keep(error))
        finally:
            self._call_end = outer
        self._link.send(kind, call, body, self._until(end))

    def _keep(self, error: Exception) -> tuple[str, str, int]:
        """The error as the sandbox may see it; itself it stays here, for when the sandbox lets it pass."""
        number = self._calls
        self._raised[number] = error
        if len(self._raised) > KEPT_ERRORS:
            del self._raised[next(iter(self._raised))]
        kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _ERRORS]
        return kinds[0], str(error)[:MESSAGE_CHARACTERS], number

    def _encode(self, value: Any) -> bytes:
        return Encoder(self._outgoing, bounds=self.bounds).encode(value)

    # --- values ----------------------------------------------------------------------------------

    def _decoder(
        self,
        tick: Callable[[], None],
        more: Mapping[bytes, Callable[[Any], Any]] | None = None,
        *,
        counting: bool = False,
    ) -> Decoder:
        special = {codec.HANDLE: self._stand_in, codec.CALLBACK: self._own_function, **(more or {})}
        return Decoder(special, counting=counting, bounds=self.bounds, tick=tick, text=FromSandbox)

    def _stand_in(self, number: int) -> RemoteProxy:
        found = self._stand_ins.get(number)
        if found is None:
            found = self._stand_ins[number] = RemoteProxy(self, number)
        return found

    def _own_function(self, number: int) -> Callable[..., Any]:
        if number >= len(self._functions):
            raise ProtocolError("An answer holds a function that there was not.")
        return self._functions[number]

    def _outgoing(self, value: Any) -> tuple[bytes, Any] | None:  # noqa: PLR0911 - one line a kind
        kind = type(value)
        if kind is RemoteProxy:
            return codec.HANDLE, object.__getattribute__(value, "_number")
        if isinstance(value, str):
            return b"", str.__str__(value)
        if isinstance(value, np.ndarray):
            return b"", np.asarray(value).view(np.ndarray)
        if _is_jax_array(value):
            return codec.JAX, np.asarray(value)
        name = self._setup.get(id(value)) or self._attribute(value)
        if name is not None:
            return codec.SETUP, name
        path = _importable(value)
        if path is not None:
            return codec.IMPORTED, path
        if kind.__module__.partition(".")[0] == "sympy":
            return codec.SYMPY, sys.modules["sympy"].srepr(value)
        if isinstance(value, dict | list | tuple | set):
            return b"", next(k for k in (dict, list, tuple, set) if isinstance(value, k))(value)
        if callable(value):
            if id(value) not in self._function_numbers:
                self._function_numbers[id(value)] = len(self._functions)
                self._functions.append(value)
            return codec.CALLBACK, self._function_numbers[id(value)]
        raise NotSerializable(
            f"A test hands over a value of type {kind.__name__}; "
            "it may hand over plain data, functions, and what setup cells define."
        )

    def _attribute(self, value: Any) -> str | None:
        """`np.sin` and its like: reached through a module that a setup cell imports."""
        name = getattr(value, "__name__", None)
        if not isinstance(name, str) or not callable(value) or name.startswith("_"):
            return None
        for module_name, module in self._modules.items():
            if getattr(module, name, None) is value:
                return f"{module_name}.{name}"
        return None

    # --- time ------------------------------------------------------------------------------------

    def _until(self, end: float) -> Callable[[], None]:
        def wait() -> None:
            if fair_time() > end:
                late = (
                    self._late()
                    if end >= self._end
                    else (
                        f"The code did not finish within {self.limits.call_seconds:g} s: "
                        "does a loop or a recursion have no end?"
                    )
                )
                raise TestAborted(late)

        return wait

    def _late(self) -> str:
        if self._end >= self._notebook_end:
            return f"The notebook as a whole took longer than {self.limits.notebook_seconds:g} s."
        return f"This test did not finish within {self.limits.test_seconds:g} s."

    def _break(self, sentence: str, *, lost: bool = False) -> TestAborted:
        self.broken = TestAborted(sentence, lost=lost)
        return self.broken

    def _breaking(self) -> _Breaking:
        return _Breaking(self)


class _Breaking:
    """Turns whatever goes wrong with the sandbox into TestAborted, and remembers it: the test is lost."""

    __slots__ = ("_wall",)

    def __init__(self, wall: ProxySession) -> None:
        self._wall = wall

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, StudentError):
            return
        wall = self._wall
        if isinstance(error, TestAborted):
            wall.broken = wall.broken or error
        elif isinstance(error, ProtocolError):
            raise wall._break(f"The submission's answer cannot be read. {error}") from None
        elif isinstance(error, ConnectionClosed):
            raise wall._break(
                "The submission's Python ended while this test ran: did it crash, or leave?", lost=True
            ) from None


# --- the stand-in --------------------------------------------------------------------------------


class RemoteProxy:
    """Something in the sandbox: a function, a class or an object that the student's cells made."""

    __slots__ = ("__weakref__", "_number", "_wall")

    # NumPy hands operators over instead of looping over what it takes for an object
    __array_ufunc__ = None

    def __init__(self, wall: ProxySession, number: int) -> None:
        object.__setattr__(self, "_wall", wall)
        object.__setattr__(self, "_number", number)

    def __getattr__(self, name: str) -> Any:
        # what Python, NumPy, JAX and sympy look for in objects is not asked of the student's
        if name.startswith("_") and name not in ("__name__", "__doc__"):
            raise AttributeError(f"a submission's object is not asked for {name}")
        return self._wall.request("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._wall.request("setattr", self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._wall.request("call", self, args, kwargs)

    def __iter__(self) -> Iterator[Any]:
        return self._wall_iterator(self._wall.request("iter", self))

    def _wall_iterator(self, iterator: Any) -> Iterator[Any]:
        """Items in growing portions, so that long ones are fast and the first does not wait for the rest."""
        wall, portion, given = self._wall, 1, 0
        while True:
            items, done = _portion(wall, iterator, portion)
            given += len(items)
            if given > wall.bounds.items:
                raise wall._break(f"The result has more than {wall.bounds.items:,} items, or no end.")
            for item in items:
                wall.check()
                yield item
            if done:
                return
            portion = min(2 * portion, 1024)

    def __next__(self) -> Any:
        for item in _portion(self._wall, self, 1)[0]:
            return item
        raise StopIteration

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self._wall.request("array", self)
        if not isinstance(array, np.ndarray):
            raise TypeError("the result is no array of numbers")
        return array if dtype is None else array.astype(dtype)

    def _plain(self, operation: str, kind: type, *operands: Any) -> Any:
        value = self._wall.request(operation, self, *operands)
        if not isinstance(value, kind) or isinstance(value, RemoteProxy):
            raise TypeError(f"{operation} of a submission's object gives no {kind.__name__}")
        return value

    def __len__(self) -> int:
        length = self._plain("len", int)
        if length > self._wall.bounds.items:
            most = self._wall.bounds.items
            raise self._wall._break(f"The result says that it has more than {most:,} items.")
        return int(length)

    def __index__(self) -> int:
        return int(self._plain("index", int))

    def __bool__(self) -> bool:
        return bool(self._plain("bool", bool))

    def __float__(self) -> float:
        return float(self._plain("float", float))

    def __int__(self) -> int:
        return int(self._plain("int", int))

    def __complex__(self) -> complex:
        return complex(self._plain("complex", complex))

    def __repr__(self) -> str:
        return clean(self._plain("repr", str))

    def __str__(self) -> str:
        return clean(self._plain("str", str))

    def __format__(self, spec: str) -> str:
        return clean(self._plain("format", str, spec))

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __instancecheck__(self, instance: object) -> bool:
        return bool(self._wall.request("isinstance", instance, self))

    def __deepcopy__(self, memo: object) -> Any:
        return self._wall.request("deepcopy", self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a submission's object is not pickled")


def _portion(wall: ProxySession, iterator: Any, count: int) -> tuple[list[Any], bool]:
    """The next items of something in the sandbox, and whether they are the last."""
    said = wall.request("next", iterator, count)
    if not (type(said) is tuple and len(said) == 2 and type(said[0]) is list and type(said[1]) is bool):
        raise wall._break("The submission's answer cannot be read. It has not the form of one.")
    return said


def _asks(operation: str) -> Callable[..., Any]:
    def method(self: RemoteProxy, *operands: Any) -> Any:
        return self._wall.request(operation, self, *operands)

    return method


def _asks_reflected(operation: str) -> Callable[..., Any]:
    def method(self: RemoteProxy, left: Any) -> Any:
        return self._wall.request(operation, left, self)

    return method


_OPERATORS = "add sub mul truediv floordiv mod pow matmul lshift rshift and or xor divmod"
_OTHERS = """
    iadd isub imul itruediv ifloordiv imod ipow imatmul neg pos abs invert eq ne lt le gt ge
    contains getitem setitem delitem round trunc floor ceil reversed copy
"""
for _name in _OPERATORS.split():
    _operation = _name + "_" if _name in ("and", "or") else _name
    setattr(RemoteProxy, f"__{_name}__", _asks(_operation))
    setattr(RemoteProxy, f"__r{_name}__", _asks_reflected(_operation))
for _name in _OTHERS.split():
    setattr(RemoteProxy, f"__{_name}__", _asks(_name))


# --- values --------------------------------------------------------------------------------------


def _names_of(setup: Mapping[str, Any]) -> dict[int, str]:
    """Setup objects that go by name: all that are no plain data."""
    plain = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, np.ndarray, np.generic)
    return {
        id(value): name
        for name, value in setup.items()
        if value is not None and not isinstance(value, plain) and not _is_jax_array(value)
    }


def _is_jax_array(value: Any) -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer)


_LIBRARIES = frozenset(("builtins", "cmath", "jax", "math", "numpy", "operator", "scipy", "sympy"))


def _importable(value: Any) -> str | None:
    """`module:name` of a library's function or class, which the sandbox has as well."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module.partition(".")[0] not in _LIBRARIES:
        return None
    try:
        found = operator.attrgetter(name)(sys.modules[module])
    except (KeyError, AttributeError):
        return None
    return f"{module}:{name}" if found is value else None


def _overwrite(target: Any, content: Any) -> None:
    """Writes `content` into a mutable argument. Raises TypeError or ValueError when it does not fit."""
    if isinstance(target, np.ndarray):
        if not isinstance(content, np.ndarray) or content.shape != target.shape:
            raise TypeError
        if target.dtype != content.dtype:
            raise TypeError
        target[...] = content
    elif type(content) is not tuple:
        raise TypeError
    elif isinstance(target, list):
        target[:] = content
    elif isinstance(target, dict):
        items = dict(content)
        target.clear()
        target.update(items)
    else:
        items_of_set = set(content)
        target.clear()
        target.update(items_of_set)
