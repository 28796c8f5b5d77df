"""A user's browser, reduced to its HTTP requests: log in, start the server, press JupyterLab's buttons.

For the tests of the hub and its load test. Knows nothing about how the hub is made.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import ssl
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from websocket import create_connection


class RequestFailed(AssertionError):
    """The hub or a server refused a request that a user's browser makes."""


@dataclass
class Browser:
    """One user's browser.

    Args:
        address: the hub's address, `http://127.0.0.1:…`.
        user: the login name.
        verify: the certificates to trust, for an https address.
    """

    address: str
    user: str
    verify: ssl.SSLContext | bool = True
    client: httpx.Client = field(init=False)
    _kernel: str = field(init=False, default="")

    def __post_init__(self) -> None:
        # Each request has its own connection: browsers send a request again if a kept connection was closed meanwhile,
        # httpx does not.
        self.client = httpx.Client(
            base_url=self.address,
            timeout=180,
            follow_redirects=True,
            trust_env=False,
            verify=self.verify,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        self.client.close()

    # --- the hub ------------------------------------------------------------------------------

    def try_to_log_in(self, password: str) -> httpx.Response:
        page = self.client.get("/hub/login")
        page.raise_for_status()
        form = {"username": self.user, "password": password, "_xsrf": self.xsrf("/hub/")}
        return self.client.post("/hub/login", data=form, follow_redirects=False)

    def log_in(self, password: str) -> None:
        response = self.try_to_log_in(password)
        if response.status_code != 302:
            raise RequestFailed(f"{self.user} cannot log in: {response.status_code}")

    def start_server(self, seconds: float = 120) -> None:
        """Starts the user's server and opens JupyterLab, which sets the cookies of that server."""
        xsrf = {"X-XSRFToken": self.xsrf("/hub/")}
        response = self.client.post(f"/hub/api/users/{self.user}/server", headers=xsrf, json={})
        if response.status_code not in (201, 202) and "already running" not in response.text:
            raise RequestFailed(f"{self.user}'s server does not start: {response.status_code} {response.text[:300]}")
        deadline = time.monotonic() + seconds
        while not self._ready():
            if time.monotonic() > deadline:
                raise RequestFailed(f"{self.user}'s server is not ready after {seconds:.0f} s")
            time.sleep(0.1)
        self.client.get(f"/user/{self.user}/lab").raise_for_status()

    def _ready(self) -> bool:
        response = self.client.get(f"/hub/api/users/{self.user}", headers={"X-XSRFToken": self.xsrf("/hub/")})
        response.raise_for_status()
        return bool(response.json()["servers"].get("", {}).get("ready"))

    def xsrf(self, path: str) -> str:
        for cookie in self.client.cookies.jar:
            if cookie.name == "_xsrf" and cookie.path == path:
                return str(cookie.value)
        return ""

    # --- the user's server --------------------------------------------------------------------

    @property
    def base(self) -> str:
        return f"/user/{self.user}"

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request to the user's own server, as its pages make it."""
        headers = {"X-XSRFToken": self.xsrf(f"{self.base}/"), "Content-Type": "application/json"}
        return self.client.request(method, f"{self.base}/{path}", headers=headers, **options)

    def _checked(self, method: str, path: str, **options: Any) -> httpx.Response:
        response = self.ask(method, path, **options)
        if response.status_code >= 400:
            raise RequestFailed(f"{self.user}'s {method} {path}: {response.status_code} {response.text[:500]}")
        return response

    def get(self, path: str, **query: Any) -> Any:
        return self._checked("GET", path, params=query).json()

    def post(self, path: str, content: object = None) -> Any:
        response = self._checked("POST", path, json=content or {})
        return response.json() if response.content else None

    def read(self, path: str) -> Any:
        """A file's content: a notebook as JSON, any other file as text."""
        return self.get(f"api/contents/{path}", content=1)["content"]

    def write(self, path: str, notebook: dict[str, Any]) -> None:
        self._checked("PUT", f"api/contents/{path}", json={"type": "notebook", "format": "json", "content": notebook})

    def write_text(self, path: str, text: str) -> None:
        self._checked("PUT", f"api/contents/{path}", json={"type": "file", "format": "text", "content": text})

    # nbgrader's buttons

    def assignments(self, course: str, chapter: str) -> list[dict[str, Any]]:
        """The entries of Assignment List for a chapter."""
        return _of_chapter(self.get("assignments", course_id=course), chapter)

    def button(self, name: str, course: str, chapter: str) -> list[dict[str, Any]]:
        """Presses fetch, submit or fetch_feedback. Returns the chapter's entries afterwards."""
        reply = self.post(f"assignments/{name}", {"course_id": course, "assignment_id": chapter})
        if not reply["success"]:
            raise RequestFailed(f"{self.user}'s {name}: {reply['value'][-600:]}")
        return _of_chapter(reply, chapter)

    def validate(self, path: str) -> dict[str, Any]:
        reply = self.post("assignments/validate", {"path": path})
        if not reply["success"]:
            raise RequestFailed(f"{self.user}'s Validate: {reply['value']}")
        return dict(reply["value"])

    def course_page(self) -> str:
        """The text of the course page."""
        page = self._checked("GET", "triptych/course").text
        return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)).split())

    def formgrader(self, method: str, path: str, content: object = None) -> Any:
        reply = self._checked(method, f"formgrader/api/{path}", json=content or {}).json()
        if isinstance(reply, dict) and reply.get("success") is False:
            raise RequestFailed(f"formgrader {path}: {reply.get('log', '')[-1500:]} {reply.get('error', '')[-800:]}")
        return reply

    # a kernel

    def run(self, code: str, seconds: float = 120) -> str:
        """Runs code in a kernel that is kept for the next call. Returns its output; raises with its traceback."""
        if not self._kernel or self.ask("GET", f"api/kernels/{self._kernel}").status_code != 200:
            self._kernel = self.post("api/kernels", {"name": "python3"})["id"]
        parts = urlsplit(self.address)
        cookies = "; ".join(
            f"{cookie.name}={cookie.value}"
            for cookie in self.client.cookies.jar
            if f"{self.base}/".startswith(cookie.path)
        )
        scheme = "wss" if parts.scheme == "https" else "ws"
        address = f"{scheme}://{parts.netloc}{self.base}/api/kernels/{self._kernel}/channels"
        header = {
            "msg_id": uuid.uuid4().hex, "username": self.user, "session": uuid.uuid4().hex,
            "msg_type": "execute_request", "version": "5.3", "date": "",
        }  # fmt: skip
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        output: list[str] = []
        deadline = time.monotonic() + seconds
        with contextlib.closing(
            create_connection(
                address, timeout=seconds, cookie=cookies, header=[f"Origin: {self.address}"], suppress_origin=True
            )
        ) as channel:
            channel.send(json.dumps(message))
            while True:
                channel.settimeout(max(deadline - time.monotonic(), 0.1))
                reply = json.loads(channel.recv())
                if reply.get("parent_header", {}).get("msg_id") != header["msg_id"]:
                    continue
                body = reply["content"]
                if reply["msg_type"] == "stream":
                    output.append(body["text"])
                elif reply["msg_type"] == "error":
                    raise RequestFailed("\n".join(body["traceback"]))
                elif reply["msg_type"] == "status" and body["execution_state"] == "idle":
                    return "".join(output)


def _of_chapter(reply: dict[str, Any], chapter: str) -> list[dict[str, Any]]:
    return [entry for entry in reply["value"] if entry["assignment_id"] == chapter]
