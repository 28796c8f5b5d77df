"""Objects that stand for a student's functions, classes and objects in a test cell.

A proxy holds only a number. Each operation on it is sent to the agent in the sandbox, and the result is plain data or
another proxy. The attributes of the proxy itself are never the student's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from triptych.grade.execute.errors import MESSAGE_CHARACTERS, TestAborted
from triptych.text import plain

if TYPE_CHECKING:
    from triptych.grade.execute.session import ProxySession

MAX_BATCH = 1024


class RemoteProxy:
    """A function, a class or an object that the student's cells made.

    Args:
        session: the connection to the agent.
        number: the object's number there.
    """

    __slots__ = ("__weakref__", "_number", "_session")

    # NumPy leaves operators to the proxy, instead of looping over it as over an array of objects.
    __array_ufunc__ = None

    def __init__(self, session: ProxySession, number: int) -> None:
        object.__setattr__(self, "_session", session)
        object.__setattr__(self, "_number", number)

    def __getattr__(self, name: str) -> Any:
        # Python, NumPy, JAX and sympy look for special attributes: the student's object must not answer them.
        if name.startswith("_") and name not in ("__name__", "__doc__"):
            raise AttributeError(f"{name} of a submission's object is not accessible")
        return self._session.request("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._session.request("setattr", self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.request("call", self, args, kwargs)

    def __iter__(self) -> Iterator[Any]:
        return _items(self._session, self._session.request("iter", self))

    def __next__(self) -> Any:
        for item in _next_items(self._session, self, 1)[0]:
            return item
        raise StopIteration

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self._session.request("array", self)
        if not isinstance(array, np.ndarray):
            raise TypeError("the result is not an array of numbers")
        return array if dtype is None else array.astype(dtype)

    def __len__(self) -> int:
        length, limit = int(_converted(self, "len", int)), self._session.bounds.items
        if length > limit:
            raise self._session.abort(TestAborted(f"The result claims to have more than {limit:,} items."))
        return length

    def __repr__(self) -> str:
        return plain(_converted(self, "repr", str), MESSAGE_CHARACTERS)

    def __str__(self) -> str:
        return plain(_converted(self, "str", str), MESSAGE_CHARACTERS)

    def __format__(self, spec: str) -> str:
        return plain(_converted(self, "format", str, spec), MESSAGE_CHARACTERS)

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __instancecheck__(self, instance: object) -> bool:
        return bool(self._session.request("isinstance", instance, self))

    def __deepcopy__(self, memo: object) -> Any:
        return self._session.request("deepcopy", self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a submission's object cannot be pickled")


def number_of(proxy: RemoteProxy) -> int:
    """The number of the proxy's object in the sandbox."""
    return int(object.__getattribute__(proxy, "_number"))


def _converted(proxy: RemoteProxy, operation: str, kind: type, *operands: Any) -> Any:
    value = proxy._session.request(operation, proxy, *operands)
    if not isinstance(value, kind) or isinstance(value, RemoteProxy):
        raise TypeError(f"{operation} of a submission's object does not return {kind.__name__}")
    return value


def _items(session: ProxySession, iterator: Any) -> Iterator[Any]:
    """Items in growing batches: long iterators are fast, and the first item does not wait for the others."""
    batch, received = 1, 0
    while True:
        items, exhausted = _next_items(session, iterator, batch)
        received += len(items)
        if received > session.bounds.items:
            message = f"The result has more than {session.bounds.items:,} items, or no end."
            raise session.abort(TestAborted(message))
        for item in items:
            session.check()
            yield item
        if exhausted:
            return
        batch = min(2 * batch, MAX_BATCH)


def _next_items(session: ProxySession, iterator: Any, count: int) -> tuple[list[Any], bool]:
    """Up to `count` items of an iterator in the sandbox, and whether they are the last."""
    reply = session.request("next", iterator, count)
    if not (type(reply) is tuple and len(reply) == 2 and type(reply[0]) is list and type(reply[1]) is bool):
        raise session.abort(TestAborted("The submission's reply is invalid. Malformed reply."))
    return reply


def _operator(operation: str, *, reflected: bool = False) -> Callable[..., Any]:
    def method(self: RemoteProxy, *operands: Any) -> Any:
        return self._session.request(operation, *((*operands, self) if reflected else (self, *operands)))

    return method


def _conversion(operation: str, kind: type) -> Callable[[RemoteProxy], Any]:
    return lambda self: kind(_converted(self, operation, kind))


for _name, _kind in {"index": int, "bool": bool, "float": float, "int": int, "complex": complex}.items():
    setattr(RemoteProxy, f"__{_name}__", _conversion(_name, _kind))

_BINARY = "add sub mul truediv floordiv mod pow matmul lshift rshift and or xor divmod"
_OTHER = """
    iadd isub imul itruediv ifloordiv imod ipow imatmul neg pos abs invert eq ne lt le gt ge
    contains getitem setitem delitem round trunc floor ceil reversed copy
"""
for _name in _BINARY.split():
    _operation = _name + "_" if _name in ("and", "or") else _name
    setattr(RemoteProxy, f"__{_name}__", _operator(_operation))
    setattr(RemoteProxy, f"__r{_name}__", _operator(_operation, reflected=True))
for _name in _OTHER.split():
    setattr(RemoteProxy, f"__{_name}__", _operator(_name))
