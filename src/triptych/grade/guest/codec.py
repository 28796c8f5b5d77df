"""Plain data as bytes: the only language between the grader and the sandbox.

A value is a tag of one byte and a payload: no pickle, no names of classes. The decoder checks every length against
the bytes that have arrived before it creates anything, so that its work and memory are bounded by the size of the
message and by `Bounds`.

This module also runs in the sandbox, beside the student's code. It imports the standard library and NumPy alone.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


class ProtocolError(Exception):
    """Malformed message. The only exception of the decoder."""


class ConnectionClosed(Exception):
    """The other side has closed the connection."""


class NotSerializable(TypeError):
    """A value is no plain data, or too large."""


@dataclass(frozen=True)
class Bounds:
    """Limits on one message.

    Attributes:
        size: bytes of the whole message.
        items: number of values.
        depth: levels of nesting.
        number: bytes of one whole number.
    """

    size: int = 64_000_000
    items: int = 2_000_000
    depth: int = 50
    number: int = 1_000_000


# Tags whose payload is a number, of: an object of the student's, a function of the test, a mutable argument of the
# request that is being answered.
HANDLE, CALLBACK, ARGUMENT = b"H", b"C", b"R"
# Tags whose payload is text, and one whose payload is an array. They only go into the sandbox.
SETUP, IMPORTED, SYMPY = b"M", b"V", b"X"
JAX = b"J"

DTYPES = frozenset(
    [
        *("|b1", "|i1", "|u1", "<f2", "<f4", "<f8", "<f16", "<c8", "<c16", "<c32"),
        *(f"<{kind}{size}" for kind in "iu" for size in (2, 4, 8)),
    ]
)
MUTABLE = (list, dict, set, np.ndarray)
MAX_DIMENSIONS = 32

_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_F64 = struct.Struct("<d")
_C128 = struct.Struct("<dd")

Special = Callable[[Any], "tuple[bytes, Any] | None"]


# --- encoding ------------------------------------------------------------------------------------


class Encoder:
    """Converts values to bytes.

    Args:
        special: called with each value that is no plain data. Returns its tag and payload, the empty tag and plain
            data that replaces it, or None.
        known: numbers of mutable objects by id. They are encoded as ARGUMENT.
        naming: whether a mutable object that occurs again is encoded as ARGUMENT.
        bounds: limits on the message.

    Attributes:
        mutable: the mutable objects that were encoded by value, in order of their numbers.
    """

    def __init__(
        self,
        special: Special | None = None,
        known: Mapping[int, int] | None = None,
        *,
        naming: bool = False,
        bounds: Bounds | None = None,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.mutable: list[Any] = []  # these references also keep the ids from being reused
        self._special = special
        self._known = dict(known or {})
        self._naming = naming
        self._left = self.bounds.items
        self._out = bytearray()

    def encode(self, value: Any) -> bytes:
        """The bytes of a value.

        Raises:
            NotSerializable: It contains something that is no plain data, or exceeds the bounds.
        """
        self._out = bytearray()
        self._put(value, 0)
        if len(self._out) > self.bounds.size:
            raise NotSerializable(f"A value is larger than {self.bounds.size:,} bytes.")
        return bytes(self._out)

    def _put(self, value: Any, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or len(self._out) > self.bounds.size:
            raise NotSerializable("A value has too many parts.")
        if depth > self.bounds.depth:
            raise NotSerializable(f"A value is nested more than {self.bounds.depth} levels deep.")
        kind = type(value)
        if kind in MUTABLE:
            number = self._known.get(id(value))
            if number is not None:
                self._out += ARGUMENT + _U32.pack(number)
                return
            if self._naming:
                self._known[id(value)] = len(self.mutable)
            self.mutable.append(value)
        put = _PUT.get(kind)
        if put is not None:
            put(self, value, depth)
        elif isinstance(value, np.generic) and value.dtype.str in DTYPES:
            self._out += b"g" + _dtype_bytes(value.dtype) + value.tobytes()
        else:
            self._put_special(value, depth)

    def _put_special(self, value: Any, depth: int) -> None:
        replacement = self._special(value) if self._special is not None else None
        if replacement is None:
            raise NotSerializable(f"A value of type {type(value).__name__} is not serializable.")
        tag, payload = replacement
        self._out += tag
        if tag == b"":
            self._put(payload, depth + 1)
        elif tag in (HANDLE, CALLBACK, ARGUMENT):
            self._out += _U32.pack(payload)
        elif tag == JAX:
            self._put_array(payload, depth)
        else:
            self._put_sized(payload.encode("utf-8", "surrogatepass"))

    def _put_sized(self, data: bytes) -> None:
        self._out += _U32.pack(len(data))
        self._out += data

    def _put_constant(self, value: Any, depth: int) -> None:
        self._out += _CONSTANT_TAGS[value]

    def _put_int(self, value: int, depth: int) -> None:
        if -(2**63) <= value < 2**63:
            self._out += b"i" + _I64.pack(value)
            return
        size = value.bit_length() // 8 + 1
        if size > self.bounds.number:
            raise NotSerializable(f"A whole number is longer than {self.bounds.number:,} bytes.")
        self._out += b"I"
        self._put_sized(value.to_bytes(size, "little", signed=True))

    def _put_float(self, value: float, depth: int) -> None:
        self._out += b"f" + _F64.pack(value)

    def _put_complex(self, value: complex, depth: int) -> None:
        self._out += b"c" + _C128.pack(value.real, value.imag)

    def _put_str(self, value: str, depth: int) -> None:
        self._out += b"s"
        self._put_sized(value.encode("utf-8", "surrogatepass"))

    def _put_bytes(self, value: bytes, depth: int) -> None:
        self._out += b"b"
        self._put_sized(value)

    def _put_items(self, value: Any, depth: int) -> None:
        self._out += _SEQUENCE_TAGS[type(value)] + _U32.pack(len(value))
        for item in tuple(value):
            self._put(item, depth + 1)

    def _put_dict(self, value: dict[Any, Any], depth: int) -> None:
        self._out += b"d" + _U32.pack(len(value))
        for key, item in tuple(value.items()):
            self._put(key, depth + 1)
            self._put(item, depth + 1)

    def _put_range(self, value: range | slice, depth: int) -> None:
        if isinstance(value, range) and value[self.bounds.items :]:
            raise NotSerializable("A range is too long.")
        self._out += b"r" if isinstance(value, range) else b":"
        for part in (value.start, value.stop, value.step):
            self._put(part, depth + 1)

    def _put_array(self, value: np.ndarray[Any, Any], depth: int) -> None:
        if value.ndim > MAX_DIMENSIONS:
            raise NotSerializable(f"An array has more than {MAX_DIMENSIONS} dimensions.")
        if value.nbytes > self.bounds.size:
            raise NotSerializable(f"A value is larger than {self.bounds.size:,} bytes.")
        shape = _U32.pack(value.ndim) + b"".join(_U32.pack(n) for n in value.shape)
        dtype = value.dtype.newbyteorder("<") if value.dtype.byteorder == ">" else value.dtype
        if dtype.str in DTYPES:
            self._out += b"a" + _dtype_bytes(dtype) + (b"\1" if value.flags.writeable else b"\0") + shape
            self._out += np.asarray(value, dtype=dtype).tobytes()
        elif value.dtype.kind in "OUS":
            # item by item: objects, and text, whose raw bytes need not be valid text
            self._out += b"O" + shape
            for item in value.ravel().tolist():
                self._put(item, depth + 1)
        else:
            raise NotSerializable(f"An array of {value.dtype} is not serializable.")


_SEQUENCE_TAGS: dict[type, bytes] = {list: b"l", tuple: b"t", set: b"S", frozenset: b"Z"}
_CONSTANT_TAGS: dict[Any, bytes] = {None: b"N", True: b"T", False: b"F", ...: b"E"}
_PUT: dict[type, Callable[[Encoder, Any, int], None]] = {
    **dict.fromkeys((type(None), bool, type(...)), Encoder._put_constant),
    **dict.fromkeys((list, tuple, set, frozenset), Encoder._put_items),
    **dict.fromkeys((range, slice), Encoder._put_range),
    int: Encoder._put_int,
    float: Encoder._put_float,
    complex: Encoder._put_complex,
    str: Encoder._put_str,
    bytes: Encoder._put_bytes,
    dict: Encoder._put_dict,
    np.ndarray: Encoder._put_array,
}


def _dtype_bytes(dtype: np.dtype[Any]) -> bytes:
    name = dtype.str.encode()
    return bytes([len(name)]) + name


# --- decoding ------------------------------------------------------------------------------------


class Decoder:
    """Converts bytes to values.

    Args:
        special: converts the payload of each special tag that may occur. It may raise ProtocolError.
        counting: whether mutable values are collected in `mutable`, in the order of `Encoder.mutable`.
        bounds: limits on the message.
        tick: called now and then. Its exceptions, as for a deadline, pass through.
        text: the class of strings, so that the receiver can mark where they come from.

    Attributes:
        mutable: the mutable values of the message.
    """

    def __init__(
        self,
        special: Mapping[bytes, Callable[[Any], Any]] | None = None,
        *,
        counting: bool = False,
        bounds: Bounds | None = None,
        tick: Callable[[], None] | None = None,
        text: type[str] = str,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.mutable: list[Any] = []
        self._special = special or {}
        self._counting = counting
        self._tick = tick or (lambda: None)
        self._text = text
        self._data = b""
        self._at = 0
        self._left = 0

    def decode(self, data: bytes) -> Any:
        """The value of a message.

        Raises:
            ProtocolError: The message is malformed, contains a tag that it must not contain, or exceeds the bounds.
        """
        if len(data) > self.bounds.size + 64:
            raise ProtocolError("Message too large.")
        self._data, self._at, self._left = data, 0, self.bounds.items
        self.mutable = []
        value = self._get(0)
        if self._at != len(data):
            raise ProtocolError("Trailing bytes in message.")
        return value

    def _get(self, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ProtocolError("Message with too many parts.")
        if depth > self.bounds.depth:
            raise ProtocolError(f"Message nested more than {self.bounds.depth} levels deep.")
        if not self._left & 0xFFF:
            self._tick()
        tag = self._take(1)
        get = _GET.get(tag)
        if get is not None:
            return get(self, depth)
        special = self._special.get(tag)
        if special is None:
            raise ProtocolError("Forbidden tag in message.")
        if tag in (HANDLE, CALLBACK, ARGUMENT):
            return special(self._number())
        if tag == JAX:
            if self._take(1) != b"a":
                raise ProtocolError("Malformed JAX array in message.")
            return special(self._plain_array())
        return special(self._str(depth))

    # --- parts of a payload ---

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ProtocolError("Message truncated.")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def _number(self) -> int:
        return int(_U32.unpack(self._take(4))[0])

    def _check_count(self, count: int) -> None:
        """Each item takes at least one byte."""
        if count > len(self._data) - self._at or count > self._left:
            raise ProtocolError("Message with fewer items than announced.")

    def _items(self, depth: int, each: int = 1) -> Iterator[Any]:
        """Items after their count; `each` of them are counted as one."""
        count = self._number()
        self._check_count(count)
        for number in range(each * count):
            if not number & 0x3FF:  # keys chosen to collide make a dict slow long before it is large
                self._tick()
            yield self._get(depth + 1)

    def _register(self, value: Any) -> None:
        if self._counting:
            self.mutable.append(value)

    # --- payloads ---

    def _long(self, depth: int) -> int:
        size = self._number()
        if size > self.bounds.number:
            raise ProtocolError("Whole number too long in message.")
        return int.from_bytes(self._take(size), "little", signed=True)

    def _str(self, depth: int) -> str:
        try:
            return self._text(self._take(self._number()), "utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise ProtocolError("Invalid UTF-8 in message.") from None

    def _list(self, depth: int) -> list[Any]:
        result: list[Any] = []
        self._register(result)
        result.extend(self._items(depth))
        return result

    def _set(self, depth: int) -> set[Any]:
        result: set[Any] = set()
        self._register(result)
        return self._add_to(result, depth)

    def _add_to(self, result: set[Any], depth: int) -> set[Any]:
        for item in self._items(depth):
            try:
                result.add(item)
            except Exception:
                raise ProtocolError("Unhashable set item in message.") from None
        return result

    def _dict(self, depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        self._register(result)
        items = self._items(depth, each=2)
        for key, value in zip(items, items, strict=True):
            try:
                result[key] = value
            except Exception:
                raise ProtocolError("Unhashable dict key in message.") from None
        return result

    def _dtype(self) -> np.dtype[Any]:
        name = self._take(self._take(1)[0]).decode("latin-1")
        if name not in DTYPES:
            raise ProtocolError("Forbidden dtype in message.")
        return np.dtype(name)

    def _shape(self) -> tuple[tuple[int, ...], int]:
        """The shape of an array and the number of its items."""
        dimensions = self._number()
        if dimensions > MAX_DIMENSIONS:
            raise ProtocolError("Array with too many dimensions in message.")
        shape = tuple(self._number() for _ in range(dimensions))
        size, extent = 1, 1
        for n in shape:
            size *= n
            extent *= max(n, 1)  # an empty array of a billion rows still has a billion rows
        if extent > self.bounds.size:
            raise ProtocolError("Array too large in message.")
        return shape, size

    def _numbers(self, dtype: np.dtype[Any], count: int) -> np.ndarray[Any, Any]:
        data = self._take(count * dtype.itemsize)
        if dtype.kind == "b" and data.strip(b"\0\1"):
            raise ProtocolError("Invalid truth value in message.")
        return np.frombuffer(bytearray(data), dtype=dtype)

    def _plain_array(self) -> np.ndarray[Any, Any]:
        dtype = self._dtype()
        writeable = self._take(1) != b"\0"
        shape, size = self._shape()
        array = self._numbers(dtype, size).reshape(shape)
        array.flags.writeable = writeable
        return array

    def _array(self, depth: int) -> np.ndarray[Any, Any]:
        array = self._plain_array()
        self._register(array)
        return array

    def _objects(self, depth: int) -> np.ndarray[Any, Any]:
        shape, size = self._shape()
        self._check_count(size)
        flat = np.empty(size, dtype=object)
        array = flat.reshape(shape)
        self._register(array)
        for i in range(size):
            flat[i] = self._get(depth + 1)
        return array

    def _range(self, depth: int) -> range:
        parts = [self._get(depth + 1) for _ in range(3)]
        if not all(type(part) is int for part in parts) or parts[2] == 0:
            raise ProtocolError("Malformed range in message.")
        result = range(*parts)
        if result[self.bounds.items :]:
            raise ProtocolError("Range too long in message.")
        return result


_GET: dict[bytes, Callable[[Decoder, int], Any]] = {
    b"N": lambda self, depth: None,
    b"T": lambda self, depth: True,
    b"F": lambda self, depth: False,
    b"E": lambda self, depth: ...,
    b"i": lambda self, depth: int(_I64.unpack(self._take(8))[0]),
    b"I": Decoder._long,
    b"f": lambda self, depth: float(_F64.unpack(self._take(8))[0]),
    b"c": lambda self, depth: complex(*_C128.unpack(self._take(16))),
    b"s": Decoder._str,
    b"b": lambda self, depth: self._take(self._number()),
    b"l": Decoder._list,
    b"t": lambda self, depth: tuple(self._items(depth)),
    b"d": Decoder._dict,
    b"S": Decoder._set,
    b"Z": lambda self, depth: frozenset(self._add_to(set(), depth)),
    b"a": Decoder._array,
    b"O": Decoder._objects,
    b"g": lambda self, depth: self._numbers(self._dtype(), 1)[0],
    b"r": Decoder._range,
    b":": lambda self, depth: slice(*(self._get(depth + 1) for _ in range(3))),
}


# --- frames --------------------------------------------------------------------------------------

# Kinds of frames that the grader sends: a request, a callback's result or error, the end of the test.
REQUEST, ANSWER, ERROR, END = b"Q", b"A", b"X", b"E"
# Kinds that the sandbox sends, besides ANSWER and ERROR: it listens, a call of a callback, the test has ended.
READY, CALL, ENDED = b"H", b"C", b"B"

_HEAD = struct.Struct("<IcI")
_MAX_PIECE = 1 << 20


def _do_nothing() -> None:
    pass


class Connection:
    """Sends and receives frames over a stream socket. A frame is a length, a kind, a number and a body.

    Args:
        stream: the socket, blocking or not.
        bounds: limits on one frame.
    """

    def __init__(self, stream: socket.socket, bounds: Bounds | None = None) -> None:
        self._stream = stream
        self._bounds = bounds or Bounds()
        self._buffer = bytearray()

    def send(self, kind: bytes, number: int, body: bytes, wait: Callable[[], None] = _do_nothing) -> None:
        """Sends a frame.

        Args:
            kind: one of the kinds above.
            number: the request or call that it belongs to.
            body: an encoded value.
            wait: called whenever the other side does not read yet. Its exceptions pass through.

        Raises:
            ConnectionClosed: The other side has closed the connection.
        """
        left = memoryview(_HEAD.pack(len(body) + 5, kind, number) + body)
        while left:
            try:
                left = left[self._stream.send(left) :]
            except BlockingIOError:
                wait()
            except OSError:
                raise ConnectionClosed from None

    def receive(self, wait: Callable[[], None] = _do_nothing) -> tuple[bytes, int, bytes]:
        """Receives a frame.

        Args:
            wait: called whenever the frame is still incomplete. Its exceptions pass through.

        Returns:
            Kind, number and body.

        Raises:
            ProtocolError: The length of the frame is invalid.
            ConnectionClosed: The other side has closed the connection.
        """
        self._fill(_HEAD.size, wait)
        length, kind, number = _HEAD.unpack_from(self._buffer)
        if not 5 <= length <= self._bounds.size + 64:
            raise ProtocolError("Invalid message length.")
        end = length + 4
        self._fill(end, wait)
        body = bytes(self._buffer[_HEAD.size : end])
        del self._buffer[:end]
        return kind, number, body

    def _fill(self, size: int, wait: Callable[[], None]) -> None:
        while len(self._buffer) < size:
            try:
                piece = self._stream.recv(min(max(size - len(self._buffer), 1 << 16), _MAX_PIECE))
            except BlockingIOError:
                wait()
                continue
            except OSError:
                raise ConnectionClosed from None
            if not piece:
                raise ConnectionClosed
            self._buffer += piece
            if len(self._buffer) < size:
                wait()  # a sender of single bytes delays us as well

    def close(self) -> None:
        self._stream.close()
