"""A server extension: nbgrader's Validate button, answered without holding the server up.

Stock runs the notebook in the server's own thread: for ten seconds nothing else is answered, no kernel's
output arrives, nothing is saved. Here a process of its own does it, one at a time for each person.
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
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions.validate_assignment.handlers import NbGraderVersionHandler
from tornado import web

#: Seconds for a whole notebook.
LONGEST = 180


class ValidateHandler(JupyterHandler):
    """POST with a path below the server's root: {"success": …, "value": …}, as nbgrader's own."""

    one_at_a_time = asyncio.Lock()

    @web.authenticated
    async def post(self) -> None:
        # the notebook's button puts it into the query, Assignment List's into the body
        path = self.get_query_argument("path", "") or str((self.get_json_body() or {}).get("path", ""))
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        target = (root / path).resolve()
        if not target.is_relative_to(root):
            raise web.HTTPError(403, "That notebook is not in your folder: open one that is, and validate it there.")
        if not target.is_file():
            self.finish(json.dumps(_failed(f"There is no notebook {path}: save it first.")))
            return
        async with self.one_at_a_time:
            answer = await self._validate(target)
        self.finish(json.dumps(answer))

    async def _validate(self, notebook: Path) -> dict[str, Any]:
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
            out, err = await asyncio.wait_for(process.communicate(), LONGEST)
        except TimeoutError:
            return _failed(f"The notebook did not run to its end within {LONGEST} s: is there a loop without an end?")
        finally:
            # the kernel too, when it is still there
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            said = err.decode(errors="replace").strip()
            self.log.error("Validating %s failed: %s", notebook, said)
            return _failed(f"The notebook could not be run: {said.splitlines()[-1] if said else 'no reason given'}")
        return {"success": True, "value": json.loads(out.decode().splitlines()[-1])}


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
