"""A server extension: nbgrader's Validate button, answered without blocking the server.

nbgrader's own extension runs the notebook in the server's thread. For ten seconds no other request is answered, no
kernel's output arrives and nothing is saved. Here a separate process runs it, one at a time for each user.
Enabled in place of `nbgrader.server_extensions.validate_assignment`, at the same address.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, ClassVar

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions.validate_assignment.handlers import NbGraderVersionHandler
from tornado import web

from triptych.hub.singleuser import progress

#: The time limit for a whole notebook.
NOTEBOOK_TIMEOUT_S = 180


class ValidateHandler(JupyterHandler):
    """POST with a path below the server's root; answers {"success": …, "value": …} like nbgrader's handler."""

    running: ClassVar[asyncio.Lock] = asyncio.Lock()

    @web.authenticated
    async def post(self) -> None:
        # the button of a notebook puts it into the query, Assignment List into the body
        path = self.get_query_argument("path", "") or str((self.get_json_body() or {}).get("path", ""))
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        notebook = (root / path).resolve()
        if not notebook.is_relative_to(root):
            raise web.HTTPError(403, "This notebook is not in your folder: open one that is, and validate it there.")
        if not notebook.is_file():
            self.finish(json.dumps(_failed(f"There is no notebook {path}: save it first.")))
            return
        async with self.running:
            reply = await self._validate(notebook, str(notebook.relative_to(root)))
        self.finish(json.dumps(reply))

    async def _validate(self, notebook: Path, name: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "triptych.hub.singleuser.validate_notebook",
            str(notebook),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), NOTEBOOK_TIMEOUT_S)
        except TimeoutError:
            return _failed(f"The notebook did not finish within {NOTEBOOK_TIMEOUT_S} s: is there an endless loop?")
        finally:
            # also the kernel, if it is still running
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            text = errors.decode(errors="replace").strip()
            self.log.error("Validating %s failed: %s", notebook, text)
            return _failed(f"The notebook could not be run: {text.splitlines()[-1] if text else 'no reason given'}")
        reply = json.loads(output.decode().splitlines()[-1])
        if points := reply.pop("points", None):
            with contextlib.suppress(OSError):  # a full disk
                progress.remember(name, points)
        return {"success": True, "value": reply}


def _failed(text: str) -> dict[str, Any]:
    return {"success": False, "value": text}


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "triptych.hub.singleuser.validate_handler"}]


def _load_jupyter_server_extension(server: Any) -> None:
    base = server.web_app.settings["base_url"]
    server.web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, "/assignments/validate"), ValidateHandler),
            (url_path_join(base, "/nbgrader_version"), NbGraderVersionHandler),
        ],
    )
