"""The codec: plain data is decoded as it was encoded, and any other bytes are refused."""

from __future__ import annotations

import math
import os
import socket
import struct
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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

TIGHT = Bounds(size=20_000, items=500, depth=8, number=100)
# A decoder on the grader's side accepts these special values, which are numbers.
SPECIAL = {codec.HANDLE: lambda n: ("handle", n), codec.CALLBACK: lambda n: ("callback", n)}

DTYPES = st.sampled_from(sorted(codec.DTYPES))
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.just(...)
    | st.integers()
    | st.integers(-(2**400), 2**400)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.binary()
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 3))
    | st.builds(slice, st.integers(), st.none() | st.integers(), st.none())
    | ARRAYS.filter(lambda a: a.ndim == 0).map(lambda a: a[()])
)
KEYS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.tuples(inner, inner),
    max_leaves=4,
)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Whether both have the same types and values; NaN equals NaN, −0 does not equal 0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


@given(VALUES)
def test_plain_data_is_unchanged(value: Any) -> None:
    assert same(Decoder().decode(Encoder().encode(value)), value)


@given(VALUES, st.data())
def test_changed_messages_are_decoded_or_refused(value: Any, data: st.DataObject) -> None:
    message = bytearray(Encoder().encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(message) - 1))
        match data.draw(st.sampled_from(["set", "cut", "insert"])):
            case "set":
                message[place] = data.draw(st.integers(0, 255))
            case "cut":
                del message[place + 1 :]
            case "insert":
                message[place:place] = data.draw(st.binary(max_size=8))
    decode_or_refuse(bytes(message))


@settings(max_examples=500)
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(message: bytes) -> None:
    decode_or_refuse(message)


TAGS = [bytes([tag]) for tag in b"NTFEiIfcsbltdSZaOgr:HCRMXVJ"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*TAGS, b"\0", b"\1", b"\3<f8", b"\0\0\0\0"])))
def test_tags_in_any_order_are_decoded_or_refused(parts: list[bytes]) -> None:
    decode_or_refuse(b"".join(parts))


def decode_or_refuse(message: bytes) -> None:
    try:
        value = Decoder(SPECIAL, bounds=TIGHT, counting=True).decode(message)
    except ProtocolError as error:
        assert str(error).endswith(".")
    else:
        assert_plain(value)


def assert_plain(value: Any) -> None:
    """Special values are numbers, all others are of the codec's types."""
    kinds = (type(None), bool, int, float, complex, str, bytes, range, slice, type(...), np.generic, np.ndarray)
    if isinstance(value, list | tuple | set | frozenset):
        for item in value:
            assert_plain(item)
    elif isinstance(value, dict):
        assert_plain(list(value.items()))
    else:
        assert isinstance(value, kinds), type(value)


def u32(n: int) -> bytes:
    return struct.pack("<I", n)


def i64(n: int) -> bytes:
    return b"i" + struct.pack("<q", n)


ARRAY = b"a\3<f8\1"
REFUSED = {
    "a list of four billion": b"l" + u32(2**32 - 1),
    "a text of four billion": b"s" + u32(2**32 - 1),
    "a number of four billion bytes": b"I" + u32(2**32 - 1),
    "a large array without data": ARRAY + u32(1) + u32(2**31),
    "an array whose size overflows": ARRAY + u32(4) + u32(2**31) * 4,
    "an empty array of a billion rows": ARRAY + u32(2) + u32(10**9) + u32(0),
    "an array of 33 dimensions": ARRAY + u32(33) + u32(1) * 33 + b"\0" * 8,
    "an object array of a billion": b"O" + u32(1) + u32(10**9),
    "objects in a plain array": b"a\2|O\1" + u32(1) + u32(1) + b"\0" * 8,
    "a structured array": b"a\4f8,f\1" + u32(1) + u32(1) + b"\0" * 16,
    "dates": b"a\4<M8s\1" + u32(0) + b"\0" * 8,
    "a truth value of seven": b"a\3|b1\1" + u32(1) + u32(1) + b"\7",
    "lists in lists in lists": (b"l" + u32(1)) * 5000 + b"N",
    "tuples in tuples": (b"t" + u32(1)) * 5000 + b"N",
    "a set of lists": b"S" + u32(1) + b"l" + u32(0),
    "a dict with an array for a key": b"d" + u32(1) + ARRAY + u32(0) + b"\0" * 8 + b"N",
    "a range without end": b"r" + i64(0) + i64(2**62) + i64(1),
    "a range of step zero": b"r" + i64(0) * 3,
    "invalid UTF-8": b"s" + u32(2) + b"\xff\xff",
    "nothing": b"",
    "more than one value": b"NN",
    "a name of a setup object": b"M" + u32(2) + b"os",
    "a function to import": b"V" + u32(9) + b"os:system",
    "an expression to evaluate": b"X" + u32(1) + b"1",
    "a JAX array": b"J" + ARRAY + u32(0) + b"\0" * 8,
    "an unexpected argument": b"R" + u32(0),
    "a pickle": b"\x80\x04\x95",
}


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED.keys())
def test_malformed_messages_are_refused_without_taking_memory(message: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError):
            Decoder(SPECIAL).decode(message)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_many_parts_in_few_bytes_are_refused() -> None:
    with pytest.raises(ProtocolError):
        Decoder(bounds=Bounds(items=1000)).decode(b"l" + u32(2000) + b"N" * 2000)


def test_keys_that_collide_end_at_the_deadline() -> None:
    """The decoder calls `tick` at least once in 1,024 keys."""

    class Late(Exception):
        pass

    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks > 8:
            raise Late

    # 2**61 − 1 is the modulus of hashes, so the hash of each key is 0
    keys = b"".join(Encoder().encode(k * (2**61 - 1)) + b"N" for k in range(10_000))
    with pytest.raises(Late):
        Decoder(tick=tick).decode(b"d" + u32(10_000) + keys)


@pytest.mark.parametrize(
    "value",
    [object(), lambda: None, math, np.zeros(1, "M8[s]"), np.zeros(1, "f8,f8"), type, iter([]), {1: object()}],
    ids=["object", "function", "module", "dates", "structured", "type", "iterator", "within"],
)
def test_other_objects_are_not_serializable(value: Any) -> None:
    with pytest.raises(NotSerializable):
        Encoder().encode(value)


def test_too_large_values_are_not_serializable() -> None:
    deep: Any = []
    for _ in range(60):
        deep = [deep]
    endless: list[Any] = []
    endless.append(endless)
    bushy: Any = [1.0]
    for _ in range(40):
        bushy = [bushy, bushy]
    for value in (deep, endless, bushy, np.zeros(9_000_000), range(10**18), 1 << 10_000_000, "x" * 70_000_000):
        with pytest.raises(NotSerializable):
            Encoder().encode(value)


def test_mutable_arguments_keep_their_numbers() -> None:
    x, inner = np.arange(3.0), [1]
    encoder = Encoder(naming=True)
    message = encoder.encode((x, {"a": inner}, x, inner))
    decoder = Decoder({codec.ARGUMENT: lambda n: decoder.mutable[n]}, counting=True)
    y, d, again, list_ = decoder.decode(message)
    assert again is y
    assert list_ is d["a"]
    assert [type(value) for value in encoder.mutable] == [type(value) for value in decoder.mutable]
    assert encoder.mutable[0] is x


def test_read_only_arrays_stay_read_only() -> None:
    x = np.arange(3.0)
    x.flags.writeable = False
    assert not Decoder().decode(Encoder().encode(x)).flags.writeable


def test_arrays_of_any_layout_are_encoded() -> None:
    x = np.arange(12.0).reshape(3, 4)
    for view in (x.T, x[::2, ::-1], np.asfortranarray(x), x.astype(">f8"), np.broadcast_to(x[0], (5, 4))):
        array = Decoder().decode(Encoder().encode(view))
        assert array.shape == view.shape and (array == view).all()


def test_the_receiver_chooses_the_class_of_strings() -> None:
    class Marked(str):
        __slots__ = ()

    assert type(Decoder(text=Marked).decode(Encoder().encode(["a"]))[0]) is Marked


# --- frames --------------------------------------------------------------------------------------


@pytest.fixture
def connected() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection, and the other end of its socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Connection(ours, Bounds(size=10_000_000)), theirs


Connected = tuple[Connection, socket.socket]


def test_frames_are_received_as_they_were_sent(connected: Connected) -> None:
    connection, theirs = connected
    body = os.urandom(3_000_000)
    sender = threading.Thread(target=Connection(theirs).send, args=(codec.ANSWER, 7, body))
    sender.start()
    assert connection.receive() == (codec.ANSWER, 7, body)
    sender.join()


@pytest.mark.parametrize("length", [0, 4, 2**32 - 1, 20_000_000])
def test_frames_of_invalid_length_are_refused(length: int, connected: Connected) -> None:
    connection, theirs = connected
    theirs.sendall(u32(length) + b"A" + u32(1))
    with pytest.raises(ProtocolError):
        connection.receive()


def test_a_closed_connection_is_reported(connected: Connected) -> None:
    connection, theirs = connected
    theirs.sendall(u32(100) + b"A")
    theirs.close()
    with pytest.raises(ConnectionClosed):
        connection.receive()


@settings(max_examples=100)
@given(st.binary(min_size=1, max_size=100))
def test_any_bytes_are_a_frame_or_refused(garbage: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(garbage)
        theirs.close()
        connection = Connection(ours, Bounds(size=10_000_000))
        with pytest.raises((ProtocolError, ConnectionClosed)):
            while True:
                connection.receive()
