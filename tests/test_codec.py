"""Plain data goes over the wall and back; nothing else gets through, whatever the bytes are."""

from __future__ import annotations

import math
import os
import socket
import struct
import threading
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
# What a decoder on the grader's side makes of special values: numbers stay numbers.
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
    """Equal, of the same types, NaN for NaN and −0 for −0."""
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
def test_plain_data_comes_back_as_it_went(value: Any) -> None:
    assert same(Decoder().decode(Encoder().encode(value)), value)


@given(VALUES, st.data())
def test_changed_messages_are_values_or_bad_answers(value: Any, data: st.DataObject) -> None:
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
    decoded_or_refused(bytes(message))


@settings(max_examples=500)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_bad_answer(message: bytes) -> None:
    decoded_or_refused(message)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from([bytes([c]) for c in b"NTFEiIfcsbltdSZaOgr:HCRMXVJ"] + [b"\0", b"\1", b"\3<f8", b"\0\0\0\0"])
    )
)
def test_tags_in_any_order_are_a_value_or_a_bad_answer(parts: list[bytes]) -> None:
    decoded_or_refused(b"".join(parts))


def decoded_or_refused(message: bytes) -> None:
    try:
        value = Decoder(SPECIAL, bounds=TIGHT, counting=True).decode(message)
    except ProtocolError as error:
        assert str(error).endswith(".")
        return
    plain(value)


def plain(value: Any) -> None:
    """Nothing but what the codec's tags name; numbers of special values are numbers."""
    kinds = (type(None), bool, int, float, complex, str, bytes, range, slice, type(...), np.generic, np.ndarray)
    if isinstance(value, list | tuple | set | frozenset):
        for item in value:
            plain(item)
    elif isinstance(value, dict):
        plain(list(value.items()))
    else:
        assert isinstance(value, kinds), type(value)


def u32(n: int) -> bytes:
    return struct.pack("<I", n)


ARRAY = b"a\3<f8\1"
REFUSED = {
    "a list of four billion": b"l" + u32(2**32 - 1),
    "a text of four billion": b"s" + u32(2**32 - 1),
    "a number of four billion bytes": b"I" + u32(2**32 - 1),
    "a large array that is not there": ARRAY + u32(1) + u32(2**31),
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
    "a range without end": b"r"
    + b"i"
    + struct.pack("<q", 0)
    + b"i"
    + struct.pack("<q", 2**62)
    + b"i"
    + struct.pack("<q", 1),
    "a range of step nothing": b"r" + (b"i" + struct.pack("<q", 0)) * 3,
    "bytes that are no text": b"s" + u32(2) + b"\xff\xff",
    "nothing": b"",
    "more than one value": b"NN",
    "a name of a setup object": b"M" + u32(2) + b"os",
    "a function to import": b"V" + u32(9) + b"os:system",
    "an expression to evaluate": b"X" + u32(1) + b"1",
    "a JAX array": b"J" + ARRAY + u32(0) + b"\0" * 8,
    "an argument where there is none": b"R" + u32(0),
    "a pickle": b"\x80\x04\x95",
}


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED.keys())
def test_refuses(message: bytes) -> None:
    with pytest.raises(ProtocolError):
        Decoder(SPECIAL).decode(message)


def test_refusing_takes_no_memory() -> None:
    tracemalloc = pytest.importorskip("tracemalloc")
    tracemalloc.start()
    try:
        for message in REFUSED.values():
            with pytest.raises(ProtocolError):
                Decoder(SPECIAL).decode(message)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_many_parts_in_few_bytes_are_refused() -> None:
    with pytest.raises(ProtocolError):
        Decoder(bounds=Bounds(items=1000)).decode(b"l" + u32(2000) + b"N" * 2000)


def test_keys_that_collide_end_at_the_deadline() -> None:
    """A dict of colliding keys looks at the clock at least once in 1,024 keys."""

    class Late(Exception):
        pass

    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks > 8:
            raise Late

    # 2**61 − 1 is the modulus of hashes: all of these hash to 0
    keys = b"".join(Encoder().encode(k * (2**61 - 1)) + b"N" for k in range(10_000))
    with pytest.raises(Late):
        Decoder(tick=tick).decode(b"d" + u32(10_000) + keys)


@pytest.mark.parametrize(
    "value",
    [object(), lambda: None, math, np.zeros(1, "M8[s]"), np.zeros(1, "f8,f8"), type, iter([]), {1: object()}],
    ids=["object", "function", "module", "dates", "structured", "type", "iterator", "within"],
)
def test_other_things_do_not_go(value: Any) -> None:
    with pytest.raises(NotSerializable):
        Encoder().encode(value)


def test_what_is_too_much_does_not_go() -> None:
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


def test_layout_does_not_matter() -> None:
    x = np.arange(12.0).reshape(3, 4)
    for view in (x.T, x[::2, ::-1], np.asfortranarray(x), x.astype(">f8"), np.broadcast_to(x[0], (5, 4))):
        made = Decoder().decode(Encoder().encode(view))
        assert made.shape == view.shape
        assert (made == view).all()


def test_texts_can_be_marked_by_their_receiver() -> None:
    class Marked(str):
        __slots__ = ()

    assert type(Decoder(text=Marked).decode(Encoder().encode(["a"]))[0]) is Marked


# --- frames --------------------------------------------------------------------------------------


def patient() -> None:
    pass


def pair_of_links() -> tuple[Connection, socket.socket]:
    ours, theirs = socket.socketpair()
    return Connection(ours, Bounds(size=10_000_000)), theirs


def test_frames_come_back_as_they_went() -> None:
    link, raw = pair_of_links()
    other = Connection(raw, Bounds(size=10_000_000))
    body = os.urandom(3_000_000)
    sender = threading.Thread(target=other.send, args=(codec.ANSWER, 7, body, patient))
    sender.start()
    assert link.receive(patient) == (codec.ANSWER, 7, body)
    sender.join()


@pytest.mark.parametrize("head", [u32(0), u32(4), u32(2**32 - 1), u32(20_000_000)])
def test_frames_of_impossible_lengths_are_refused(head: bytes) -> None:
    link, raw = pair_of_links()
    raw.sendall(head + b"A" + u32(1))
    with pytest.raises(ProtocolError):
        link.receive(patient)


def test_a_closed_connection_is_gone() -> None:
    link, raw = pair_of_links()
    raw.sendall(u32(100) + b"A")
    raw.close()
    with pytest.raises(ConnectionClosed):
        link.receive(patient)


@settings(max_examples=100)
@given(st.binary(min_size=1, max_size=100))
def test_garbage_is_a_frame_or_refused_or_gone(garbage: bytes) -> None:
    link, raw = pair_of_links()
    raw.sendall(garbage)
    raw.close()
    try:
        while True:
            link.receive(patient)
    except (ProtocolError, ConnectionClosed):
        pass
    finally:
        link.close()
