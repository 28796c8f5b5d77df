"""Random frames, values and submission folders: each ends in a result or a sentence, within limits of the kernel."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triptych.files import remove
from triptych.grade.execute.outputs import Outputs
from triptych.grade.execute.process_limits import process_limits
from triptych.grade.guest.codec import Bounds, Connection, ConnectionClosed, Decoder, Encoder, ProtocolError
from triptych.grade.sandbox.limits import Limits
from triptych.grade.submission.intake import RejectedSubmission, copy_files, read_submission

CPU_SECONDS, MEMORY_BYTES = 20, 300_000_000
BOUNDS = Bounds(size=1_000_000, items=50_000, depth=20, number=10_000)
TAGS = [bytes([tag]) for tag in b"NTFifcsblLtdSZaOgr:HCRJMVX"]
LENGTHS = st.sampled_from([0, 1, 2, 255, 2**16, 2**31, 2**32 - 1]).map(lambda n: struct.pack("<I", n))
#: Bytes made of the parts of a message, which come further into the decoder than random ones.
MESSAGES = st.lists(st.one_of(st.sampled_from(TAGS), LENGTHS, st.binary(max_size=9)), max_size=40).map(b"".join)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20),
    lambda parts: (
        st.lists(parts, max_size=5)
        | st.lists(parts, max_size=5).map(tuple)
        | st.dictionaries(st.text(max_size=5), parts, max_size=5)
    ),
    max_leaves=30,
)
NAMES = st.binary(min_size=1, max_size=30).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


@given(MESSAGES | st.binary(max_size=200))
@settings(max_examples=400)
def test_a_message_is_decoded_or_refused(message: bytes) -> None:
    with process_limits(CPU_SECONDS, MEMORY_BYTES):
        try:
            Decoder(bounds=BOUNDS).decode(message)
        except ProtocolError as error:
            assert str(error)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    with process_limits(CPU_SECONDS, MEMORY_BYTES):
        decoded = Decoder(bounds=BOUNDS).decode(Encoder(bounds=BOUNDS).encode(value))
    assert repr(decoded) == repr(value)


@given(st.lists(MESSAGES, max_size=3), st.integers(min_value=1, max_value=50))
def test_frames_are_read_or_refused(bodies: list[bytes], piece: int) -> None:
    left, right = socket.socketpair()
    with left, right, process_limits(CPU_SECONDS, MEMORY_BYTES):
        left.setblocking(False)
        data = b"".join(bodies)
        for start in range(0, len(data), piece):
            right.send(data[start : start + piece])
        right.shutdown(socket.SHUT_WR)
        connection = Connection(left, BOUNDS)
        with pytest.raises((ProtocolError, ConnectionClosed)):
            while True:
                connection.receive()


@given(st.sampled_from(["stream", "error", "display_data", "execute_result", "clear_output", "other"]), VALUES)
def test_an_output_is_kept_or_ignored(kind: str, content: Any) -> None:
    outputs = Outputs(Limits())
    for message in ((kind, content), (kind, {"data": content, "name": "stdout", "text": content}), content):
        outputs.add(message)
    import nbformat

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs.nodes)])
    nbformat.validate(notebook)
    nbformat.writes(notebook).encode()


def make_file(path: bytes) -> None:
    with open(path, "xb") as file:  # noqa: PTH123 - a name need not be text; "x" follows no link
        file.write(b"content")


MAKERS: list[Callable[[bytes], object]] = [
    make_file,
    os.mkdir,
    os.mkfifo,
    lambda path: os.symlink("/nowhere/at/all", path),  # noqa: PTH211
    lambda path: os.symlink(b".", path),  # noqa: PTH211
]


@given(st.lists(st.tuples(NAMES, st.sampled_from(range(len(MAKERS))), st.booleans()), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_a_folder_is_accepted_or_refused_with_a_sentence(
    tmp_path: Path, entries: list[tuple[bytes, int, bool]]
) -> None:
    submitted = tmp_path / "submitted"
    remove(submitted)
    folder = submitted / "ada" / "05_forward_mode"
    folder.mkdir(parents=True)
    (folder / "05_forward_mode.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    here = os.fsencode(folder)
    for name, maker, below in entries:
        path = os.path.join(here, name)  # noqa: PTH118
        try:
            MAKERS[maker](path)
        except OSError:
            continue  # it is there already, or the system refuses the name
        if below and MAKERS[maker] is os.mkdir:
            here = path
    try:
        submission = read_submission(submitted, "ada", "05_forward_mode", Limits())
        copy_files(submission, folder, tmp_path / "copy", Limits())
    except RejectedSubmission as rejection:
        assert str(rejection).isprintable()
    finally:
        remove(tmp_path / "copy")
    assert np.all([not path.is_symlink() for path in tmp_path.glob("copy/**/*")])
