"""The messages of a kernel, which arrive on several sockets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
import zmq
from jupyter_client.session import Session

from triptych.grade.execute import channels
from triptych.grade.execute.channels import Channels
from triptych.grade.execute.clock import fair_time
from triptych.grade.sandbox.limits import Limits


@pytest.mark.parametrize("first", ["shell", "iopub"])
def test_a_cell_ends_once_reply_and_idle_status_arrived_in_either_order(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "IDLE_SECONDS", 1e6)  # nothing here may depend on it
    session, context = Session(key=b""), zmq.Context()
    client, kernel = ({name: context.socket(zmq.PAIR) for name in ("shell", "control", "iopub")} for _ in range(2))
    for name in client:
        client[name].bind(f"inproc://{name}")
        kernel[name].connect(f"inproc://{name}")

    def reply(socket: str) -> None:
        messages: dict[str, list[tuple[str, dict[str, Any]]]] = {
            "shell": [("execute_reply", {"status": "ok", "execution_count": 7})],
            "iopub": [("stream", {"name": "stdout", "text": "text"}), ("status", {"execution_state": "idle"})],
        }
        for kind, content in messages[socket]:
            session.send(kernel[socket], kind, content=content, parent=request)

    running = Channels(session, **client, is_alive=lambda: True, limits=Limits())
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(running.run, "code", fair_time() + 60)
        request = session.recv(kernel["shell"], mode=0)[1]
        reply(first)
        assert not wait([future], timeout=0.5).done
        reply({"shell": "iopub", "iopub": "shell"}[first])
        run = future.result()
    assert (run.execution_count, run.late, run.kernel_lost) == (7, False, False)
    assert [node.text for node in run.outputs] == ["text"]
    context.destroy(0)
