"""Plain data as bytes, and back: the only language spoken over the wall between grader and sandbox.

A value is one tag byte and what the tag says: no pickle, no object arrays, no names of classes.
The decoder checks every length against what has arrived before it makes anything of it, so that the
work and the memory it takes are bounded by the message's size and by `Bounds`.

This module also runs in the sandbox, beside the student's code: it imports the standard library and
NumPy alone.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


class ProtocolError(Exception):
    """What arrived is no message: one sentence that says why. The only error of the decoder."""


class ConnectionClosed(Exception):
    """The other side has closed the connection."""


class NotSerializable(TypeError):
    """A value that does not go through the wall, or too large a one: one sentence."""


@dataclass(frozen=True)
class Bounds:
    """How large one message may be: in bytes, in values, in nesting, and one whole number in bytes."""

    size: int = 64_000_000
    items: int = 2_000_000
    depth: int = 50
    number: int = 1_000_000


# Tags whose payload is one number, and what it counts: objects of the student's, functions of a
# test, mutable arguments of the request that is being answered.
HANDLE, CALLBACK, ARGUMENT = b"H", b"C", b"R"
# Tags whose payload is a text; they go into the sandbox only.
SETUP, IMPORTED, SYMPY = b"M", b"V", b"X"
# A JAX array; into the sandbox only. Its payload is an array.
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
_SMALL = 2**63

Special = Callable[[Any], "tuple[bytes, Any] | None"]


# --- encoding ------------------------------------------------------------------------------------


class Encoder:
    """Values to bytes.

    `special` is asked for everything that is no plain data, and gives a tag with its payload or
    None. `known` are mutable objects, by id, that go as ARGUMENT with their number. Mutable objects
    that go by value are collected in `mutable`; with `naming`, one that goes again goes as ARGUMENT.
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
        self.mutable: list[Any] = []  # which also keeps their ids from being used again
        self._special = special
        self._known: dict[int, int] = dict(known or {})
        self._naming = naming
        self._left = self.bounds.items

    def encode(self, value: Any) -> bytes:
        """The value's bytes. Raises NotSerializable."""
        out = bytearray()
        self._put(value, out, 0)
        if len(out) > self.bounds.size:
            raise NotSerializable(f"A value is larger than {self.bounds.size:,} bytes.")
        return bytes(out)

    def _put(self, value: Any, out: bytearray, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or len(out) > self.bounds.size:
            raise NotSerializable("A value has too many parts to be handed over.")
        if depth > self.bounds.depth:
            raise NotSerializable(f"A value is nested more than {self.bounds.depth} levels deep.")
        kind = type(value)
        put = _PUT.get(kind)
        if put is not None:
            put(self, value, out, depth)
        elif isinstance(value, np.generic) and value.dtype.str in DTYPES:
            out += b"g"
            _put_dtype(value.dtype, out)
            out += value.tobytes()
        else:
            self._put_special(value, out, depth)

    def _put_special(self, value: Any, out: bytearray, depth: int) -> None:
        found = self._special(value) if self._special is not None else None
        if found is None:
            raise NotSerializable(f"A value of type {type(value).__name__} cannot be handed over.")
        tag, payload = found
        if tag == b"":  # plain data that stands for it
            self._put(payload, out, depth + 1)
            return
        out += tag
        if tag in (HANDLE, CALLBACK, ARGUMENT):
            out += _U32.pack(payload)
        elif tag == JAX:
            self._put_array(payload, out)
        else:
            _put_text(payload, out)

    def _put_mutable(self, value: Any, out: bytearray, depth: int) -> None:
        number = self._known.get(id(value))
        if number is not None:
            out += ARGUMENT
            out += _U32.pack(number)
            return
        if self._naming:
            self._known[id(value)] = len(self.mutable)
        self.mutable.append(value)
        self._put_content(value, out, depth)

    def _put_content(self, value: Any, out: bytearray, depth: int) -> None:
        if isinstance(value, np.ndarray):
            self._put_array(value, out, depth)
        elif isinstance(value, dict):
            out += b"d"
            out += _U32.pack(len(value))
            for key, item in list(value.items()):
                self._put(key, out, depth + 1)
                self._put(item, out, depth + 1)
        else:
            self._put_sequence(value, out, depth)

    def _put_sequence(self, value: Any, out: bytearray, depth: int) -> None:
        out += _SEQUENCE_TAGS[type(value)]
        out += _U32.pack(len(value))
        for item in tuple(value):
            self._put(item, out, depth + 1)

    def _put_array(self, value: np.ndarray[Any, Any], out: bytearray, depth: int = 0) -> None:
        if value.ndim > MAX_DIMENSIONS:
            raise NotSerializable(f"An array has more than {MAX_DIMENSIONS} dimensions.")
        if value.nbytes > self.bounds.size:
            raise NotSerializable(f"A value is larger than {self.bounds.size:,} bytes.")
        shape = _U32.pack(value.ndim) + b"".join(_U32.pack(n) for n in value.shape)
        dtype = value.dtype.newbyteorder("<") if value.dtype.byteorder == ">" else value.dtype
        if dtype.str in DTYPES:
            out += b"a"
            _put_dtype(dtype, out)
            out += b"\1" if value.flags.writeable else b"\0"
            out += shape
            out += np.asarray(value, dtype=dtype).tobytes()
        elif value.dtype.kind in "OUS":
            # objects, and texts, whose raw bytes could be no text at all: item by item
            out += b"O"
            out += shape
            for item in value.ravel().tolist():
                self._put(item, out, depth + 1)
        else:
            raise NotSerializable(f"An array of {value.dtype} cannot be handed over.")

    def _put_range(self, value: range, out: bytearray, depth: int) -> None:
        if len(range(value.start, value.stop, value.step)[: self.bounds.items + 1]) > self.bounds.items:
            raise NotSerializable("A range is too long to be handed over.")
        out += b"r"
        for part in (value.start, value.stop, value.step):
            self._put(part, out, depth + 1)

    def _put_slice(self, value: slice, out: bytearray, depth: int) -> None:
        out += b":"
        for part in (value.start, value.stop, value.step):
            self._put(part, out, depth + 1)

    def _put_int(self, value: int, out: bytearray, depth: int) -> None:
        if -_SMALL <= value < _SMALL:
            out += b"i"
            out += _I64.pack(value)
            return
        size = value.bit_length() // 8 + 1
        if size > self.bounds.number:
            raise NotSerializable(f"A whole number is longer than {self.bounds.number:,} bytes.")
        out += b"I"
        out += _U32.pack(size)
        out += value.to_bytes(size, "little", signed=True)

    def _put_bytes(self, value: bytes, out: bytearray, depth: int) -> None:
        out += b"b"
        out += _U32.pack(len(value))
        out += value

    def _put_str(self, value: str, out: bytearray, depth: int) -> None:
        out += b"s"
        _put_text(value, out)

    def _put_constant(self, value: Any, out: bytearray, depth: int) -> None:
        out += _CONSTANT_TAGS[value]

    def _put_float(self, value: float, out: bytearray, depth: int) -> None:
        out += b"f"
        out += _F64.pack(value)

    def _put_complex(self, value: complex, out: bytearray, depth: int) -> None:
        out += b"c"
        out += _C128.pack(value.real, value.imag)


_SEQUENCE_TAGS: dict[type, bytes] = {list: b"l", tuple: b"t", set: b"S", frozenset: b"Z"}
_CONSTANT_TAGS: dict[Any, bytes] = {None: b"N", True: b"T", False: b"F", ...: b"E"}
_PUT: dict[type, Callable[[Encoder, Any, bytearray, int], None]] = {
    type(None): Encoder._put_constant,
    bool: Encoder._put_constant,
    type(...): Encoder._put_constant,
    int: Encoder._put_int,
    float: Encoder._put_float,
    complex: Encoder._put_complex,
    str: Encoder._put_str,
    bytes: Encoder._put_bytes,
    list: Encoder._put_mutable,
    dict: Encoder._put_mutable,
    set: Encoder._put_mutable,
    np.ndarray: Encoder._put_mutable,
    tuple: Encoder._put_sequence,
    frozenset: Encoder._put_sequence,
    range: Encoder._put_range,
    slice: Encoder._put_slice,
}


def _put_text(value: str, out: bytearray) -> None:
    data = value.encode("utf-8", "surrogatepass")
    out += _U32.pack(len(data))
    out += data


def _put_dtype(dtype: np.dtype[Any], out: bytearray) -> None:
    name = dtype.str.encode()
    out.append(len(name))
    out += name


# --- decoding ------------------------------------------------------------------------------------


class Decoder:
    """Bytes to values.

    `special` says, for each special tag that may arrive, what to make of its payload; it may raise
    ProtocolError. With `counting`, mutable values are collected in `mutable`, in the order of Encoder.
    `tick` is called now and then; it may raise (a deadline), and what it raises passes through.
    `text` makes texts, so that their receiver can mark where they come from.
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
        self._tick = tick
        self._text = text
        self._data = b""
        self._at = 0
        self._left = 0

    def decode(self, data: bytes) -> Any:
        """The value that `data` holds, all of it. Raises ProtocolError."""
        if len(data) > self.bounds.size + 64:
            raise ProtocolError("A message is too large.")
        self._data, self._at, self._left = data, 0, self.bounds.items
        self.mutable = []
        value = self._get(0)
        if self._at != len(data):
            raise ProtocolError("A message is longer than what it says.")
        return value

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ProtocolError("A message ends too early.")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def _number(self) -> int:
        return int(_U32.unpack(self._take(4))[0])

    def _count(self) -> int:
        """How many values follow; each takes a byte at least, so more than what is left is a lie."""
        count = self._number()
        if count > len(self._data) - self._at or count > self._left:
            raise ProtocolError("A message promises more than it holds.")
        return count

    def _get(self, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ProtocolError("A message has too many parts.")
        if depth > self.bounds.depth:
            raise ProtocolError(f"A message is nested more than {self.bounds.depth} levels deep.")
        if self._tick is not None and not self._left & 0xFFF:
            self._tick()
        tag = self._take(1)
        get = _GET.get(tag)
        if get is not None:
            return get(self, depth)
        special = self._special.get(tag)
        if special is None:
            raise ProtocolError("A message holds a value of a kind that it must not hold.")
        if tag in (HANDLE, CALLBACK, ARGUMENT):
            return special(self._number())
        if tag == JAX:
            if self._take(1) != b"a":
                raise ProtocolError("A message holds a JAX array that is no array.")
            return special(self._array(depth, registered=False))
        return special(self._str(depth))

    def _int(self, depth: int) -> int:
        return int(_I64.unpack(self._take(8))[0])

    def _long(self, depth: int) -> int:
        size = self._number()
        if size > self.bounds.number:
            raise ProtocolError("A message holds too long a number.")
        return int.from_bytes(self._take(size), "little", signed=True)

    def _float(self, depth: int) -> float:
        return float(_F64.unpack(self._take(8))[0])

    def _complex(self, depth: int) -> complex:
        return complex(*_C128.unpack(self._take(16)))

    def _str(self, depth: int) -> str:
        try:
            return self._text(self._take(self._number()), "utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise ProtocolError("A message holds a text that is none.") from None

    def _bytes(self, depth: int) -> bytes:
        return self._take(self._number())

    def _register(self, value: Any) -> None:
        if self._counting:
            self.mutable.append(value)

    def _list(self, depth: int) -> list[Any]:
        made: list[Any] = []
        self._register(made)
        for _ in range(self._count()):
            made.append(self._get(depth + 1))
        return made

    def _tuple(self, depth: int) -> tuple[Any, ...]:
        return tuple([self._get(depth + 1) for _ in range(self._count())])

    def _set(self, depth: int) -> set[Any]:
        made: set[Any] = set()
        self._register(made)
        for number in range(self._count()):
            self._breathe(number)
            item = self._get(depth + 1)
            try:
                made.add(item)
            except Exception:
                raise ProtocolError("A message holds a set of what cannot be in one.") from None
        return made

    def _frozenset(self, depth: int) -> frozenset[Any]:
        counting, self._counting = self._counting, False
        try:
            return frozenset(self._set(depth))
        finally:
            self._counting = counting

    def _dict(self, depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        self._register(made)
        for number in range(self._count()):
            self._breathe(number)
            key = self._get(depth + 1)
            value = self._get(depth + 1)
            try:
                made[key] = value
            except Exception:
                raise ProtocolError("A message holds a dict with a key that cannot be one.") from None
        return made

    def _breathe(self, number: int) -> None:
        # keys chosen to collide make a dict slow long before it is large
        if self._tick is not None and not number & 0x3FF:
            self._tick()

    def _dtype(self) -> np.dtype[Any]:
        name = self._take(self._take(1)[0]).decode("latin-1")
        if name not in DTYPES:
            raise ProtocolError("A message holds numbers of a kind that it must not hold.")
        return np.dtype(name)

    def _shape(self) -> tuple[tuple[int, ...], int]:
        dimensions = self._number()
        if dimensions > MAX_DIMENSIONS:
            raise ProtocolError("A message holds an array of too many dimensions.")
        shape = tuple(self._number() for _ in range(dimensions))
        size, extent = 1, 1
        for n in shape:
            size *= n
            extent *= max(n, 1)  # an empty array of a billion rows would still be a billion rows
        if extent > self.bounds.size:
            raise ProtocolError("A message holds too large an array.")
        return shape, size

    def _scalar(self, depth: int) -> Any:
        dtype = self._dtype()
        data = self._take(dtype.itemsize)
        return self._numbers(data, dtype)[0]

    def _numbers(self, data: bytes, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        if dtype.kind == "b" and data.strip(b"\0\1"):
            raise ProtocolError("A message holds a truth value that is none.")
        return np.frombuffer(bytearray(data), dtype=dtype)

    def _array(self, depth: int, *, registered: bool = True) -> np.ndarray[Any, Any]:
        dtype = self._dtype()
        writeable = self._take(1) != b"\0"
        shape, size = self._shape()
        made = self._numbers(self._take(size * dtype.itemsize), dtype).reshape(shape)
        made.flags.writeable = writeable
        if registered:
            self._register(made)
        return made

    def _objects(self, depth: int) -> np.ndarray[Any, Any]:
        shape, size = self._shape()
        if size > len(self._data) - self._at or size > self._left:
            raise ProtocolError("A message promises more than it holds.")
        made = np.empty(size, dtype=object)
        counted = made.reshape(shape)
        self._register(counted)
        for i in range(size):
            made[i] = self._get(depth + 1)
        return counted

    def _range(self, depth: int) -> range:
        parts = [self._get(depth + 1) for _ in range(3)]
        if not all(type(part) is int for part in parts) or parts[2] == 0:
            raise ProtocolError("A message holds a range that is none.")
        made = range(*parts)
        if made[self.bounds.items :]:
            raise ProtocolError("A message holds too long a range.")
        return made

    def _slice(self, depth: int) -> slice:
        parts = [self._get(depth + 1) for _ in range(3)]
        return slice(*parts)


_GET: dict[bytes, Callable[[Decoder, int], Any]] = {
    b"N": lambda self, depth: None,
    b"T": lambda self, depth: True,
    b"F": lambda self, depth: False,
    b"E": lambda self, depth: ...,
    b"i": Decoder._int,
    b"I": Decoder._long,
    b"f": Decoder._float,
    b"c": Decoder._complex,
    b"s": Decoder._str,
    b"b": Decoder._bytes,
    b"l": Decoder._list,
    b"t": Decoder._tuple,
    b"d": Decoder._dict,
    b"S": Decoder._set,
    b"Z": Decoder._frozenset,
    b"a": Decoder._array,
    b"O": Decoder._objects,
    b"g": Decoder._scalar,
    b"r": Decoder._range,
    b":": Decoder._slice,
}


# --- frames --------------------------------------------------------------------------------------

# What a frame is, by who sends it. The grader: a request, the answer or the error of a callback, the
# end. The sandbox: it listens, an answer, an error, a callback, it has ended.
REQUEST, ANSWER, ERROR, END = b"Q", b"A", b"X", b"E"
READY, CALL, ENDED = b"H", b"C", b"B"

_HEAD = struct.Struct("<IcI")
_PIECE = 1 << 20


class Connection:
    """Frames over a stream socket: a length, a kind, a number, a body."""

    def __init__(self, stream: socket.socket, bounds: Bounds | None = None) -> None:
        self._stream = stream
        self._bounds = bounds or Bounds()
        self._buffer = bytearray()

    def send(self, kind: bytes, number: int, body: bytes, wait: Callable[[], None]) -> None:
        """Sends a frame; `wait` is called whenever the other side keeps us waiting, and may raise.

        Raises ConnectionClosed.
        """
        left = memoryview(_HEAD.pack(len(body) + 5, kind, number) + body)
        while left:
            try:
                left = left[self._stream.send(left) :]
            except BlockingIOError:
                wait()
            except OSError:
                raise ConnectionClosed from None

    def receive(self, wait: Callable[[], None]) -> tuple[bytes, int, bytes]:
        """The next frame: kind, number, body. `wait` as in `send`.

        Raises ProtocolError for a frame that is none, and ConnectionClosed.
        """
        self._fill(_HEAD.size, wait)
        length, kind, number = _HEAD.unpack_from(self._buffer)
        if not 5 <= length <= self._bounds.size + 64:
            raise ProtocolError("A message has no length that it could have.")
        end = length + 4
        self._fill(end, wait)
        body = bytes(self._buffer[_HEAD.size : end])
        del self._buffer[:end]
        return kind, number, body

    def _fill(self, size: int, wait: Callable[[], None]) -> None:
        while len(self._buffer) < size:
            try:
                piece = self._stream.recv(min(max(size - len(self._buffer), 1 << 16), _PIECE))
            except BlockingIOError:
                wait()
                continue
            except OSError:
                raise ConnectionClosed from None
            if not piece:
                raise ConnectionClosed
            self._buffer += piece
            if len(self._buffer) < size:
                wait()  # somebody who sends byte by byte keeps us waiting, too

    def close(self) -> None:
        self._stream.close()
