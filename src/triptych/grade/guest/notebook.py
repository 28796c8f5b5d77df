"""The main loop of a student's Python: runs the notebook's cells and serves test cells, as the grader asks."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from triptych.grade.guest import codec
from triptych.grade.guest.agent import Agent
from triptych.grade.guest.codec import Bounds, Connection, ConnectionClosed, Decoder, Encoder, NotSerializable
from triptych.grade.guest.interrupts import Interrupts
from triptych.grade.guest.shell import Shell, draw_figures


def serve(descriptor: int, bounds: dict[str, int], output_characters: int) -> None:
    """Serves the grader until it closes the connection.

    Args:
        descriptor: a connected stream socket.
        bounds: arguments of `Bounds`.
        output_characters: what one cell may print; the rest is dropped.
    """
    limits, interrupts = Bounds(**bounds), Interrupts()
    connection = Connection(socket.socket(fileno=descriptor), limits)
    shell: Shell = Shell.instance()
    agent = Agent(connection, shell.user_ns, limits, interrupts)
    interrupts.install()
    running = 0

    def send_output(kind: str, content: dict[str, Any]) -> None:
        with interrupts.held():
            try:
                body = Encoder(bounds=limits).encode((kind, content))
            except NotSerializable as error:
                body = Encoder().encode(("stream", {"name": "stderr", "text": f"[An output is not shown: {error}]\n"}))
            connection.send(codec.OUTPUT, running, body)

    shell.connect(send_output, output_characters)
    connection.send(codec.READY, 0, b"")
    try:
        while True:
            kind, number, body = connection.receive()
            if kind == codec.BEGIN:
                agent.serve(number)
            elif kind == codec.REMEMBER:
                agent.remember(*Decoder().decode(body))
            elif kind == codec.RUN:
                code, shown = Decoder(bounds=limits).decode(body)
                draw_figures(enabled=shown)
                running = number
                count = None
                with contextlib.suppress(KeyboardInterrupt), interrupts.allowed():  # between two lines of IPython
                    count = shell.run(code, lines_of_errors=shown)
                connection.send(codec.RAN, number, Encoder().encode(count))
    except ConnectionClosed:
        pass


__all__ = ["serve"]
