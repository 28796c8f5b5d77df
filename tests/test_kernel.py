"""The kernel's messages, read one socket beside the other."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
import zmq
from jupyter_client.session import Session

from triptych.grade.execute import kernel
from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.kernel import Kernel
from triptych.grade.execute.outputs import Outputs
from triptych.grade.sandbox.limits import Limits

FOREVER = 1e6


@pytest.mark.parametrize("first", ["reply", "idle"])
def test_a_cell_has_ended_whichever_socket_says_so_first(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "IDLE_SECONDS", FOREVER)  # nothing here may wait for it
    session, context = Session(key=b""), zmq.Context()
    ends: dict[str, tuple[Any, Any]] = {}
    for name in ("shell", "iopub"):
        ends[name] = (context.socket(zmq.PAIR), context.socket(zmq.PAIR))
        ends[name][0].bind(f"inproc://{name}")
        ends[name][1].connect(f"inproc://{name}")
    ours = Kernel.__new__(Kernel)
    ours.__dict__.update(
        _manager=SimpleNamespace(session=session, is_alive=lambda: True),
        _shell=ends["shell"][0],
        _iopub=ends["iopub"][0],
    )
    parent = session.msg("execute_request")
    outputs = Outputs(Limits())

    def say(socket: str, kind: str, content: dict[str, Any]) -> None:
        session.send(ends[socket][1], kind, content=content, parent=parent)

    def reply() -> None:
        say("shell", "execute_reply", {"status": "ok", "execution_count": 7})

    def rest() -> None:
        say("iopub", "stream", {"name": "stdout", "text": "said"})
        say("iopub", "status", {"execution_state": "idle"})

    found: list[Any] = []
    request = parent["header"]["msg_id"]
    follow = threading.Thread(
        target=lambda: found.append(ours._follow(request, outputs, fair_time() + FOREVER)), daemon=True
    )
    (reply if first == "reply" else rest)()
    follow.start()
    follow.join(0.5)
    assert not found  # half of it is not the end
    (rest if first == "reply" else reply)()
    follow.join(30)
    assert found and found[0]["execution_count"] == 7
    assert [node.text for node in outputs.nodes] == ["said"]
    context.destroy(0)
