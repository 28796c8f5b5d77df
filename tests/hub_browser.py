"""A person at a browser, as far as HTTP goes: log in, start the server, use what JupyterLab's buttons use.

For the tests of the hub and its load test; nothing in here knows how the hub is made.
"""

from __future__ import annotations

import json
import ssl
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from websocket import create_connection


class RejectedSubmission(AssertionError):
    """The hub or a server said no where a person's button would have worked."""


@dataclass
class Browser:
    """One person's browser.

    Args:
        address: of the hub, `http://127.0.0.1:…`.
        user: name to log in with.
        verify: whose certificates it trusts, when the address is https.
    """

    address: str
    user: str
    verify: ssl.SSLContext | bool = True
    client: httpx.Client = field(init=False)
    _kernel: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=self.address, timeout=180, follow_redirects=True, trust_env=False, verify=self.verify
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
        answer = self.try_to_log_in(password)
        if answer.status_code != 302:
            raise RejectedSubmission(f"{self.user} cannot log in: {answer.status_code}")

    def start_server(self, seconds: float = 120) -> None:
        """Starts the person's own server and goes to JupyterLab, which gives the cookies of that server."""
        xsrf = {"X-XSRFToken": self.xsrf("/hub/")}
        answer = self.client.post(f"/hub/api/users/{self.user}/server", headers=xsrf, json={})
        if answer.status_code not in (201, 202) and "already running" not in answer.text:
            raise RejectedSubmission(f"{self.user}'s server does not start: {answer.status_code} {answer.text[:300]}")
        until = time.monotonic() + seconds
        while not self._ready():
            if time.monotonic() > until:
                raise RejectedSubmission(f"{self.user}'s server is not ready after {seconds:.0f} s")
            time.sleep(0.1)
        self.client.get(f"/user/{self.user}/lab").raise_for_status()

    def stop_server(self) -> None:
        self.client.delete(f"/hub/api/users/{self.user}/server", headers={"X-XSRFToken": self.xsrf("/hub/")})
        until = time.monotonic() + 60
        while self._servers():
            if time.monotonic() > until:
                raise RejectedSubmission(f"{self.user}'s server does not stop")
            time.sleep(0.2)

    def _servers(self) -> dict[str, Any]:
        answer = self.client.get(f"/hub/api/users/{self.user}", headers={"X-XSRFToken": self.xsrf("/hub/")})
        answer.raise_for_status()
        return dict(answer.json()["servers"])

    def _ready(self) -> bool:
        return bool(self._servers().get("", {}).get("ready"))

    def xsrf(self, path: str) -> str:
        for cookie in self.client.cookies.jar:
            if cookie.name == "_xsrf" and cookie.path == path:
                return str(cookie.value)
        return ""

    # --- the person's server ------------------------------------------------------------------

    @property
    def base(self) -> str:
        return f"/user/{self.user}"

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request to the person's own server, as its pages make it."""
        headers = {"X-XSRFToken": self.xsrf(f"{self.base}/"), "Content-Type": "application/json"}
        return self.client.request(method, f"{self.base}/{path}", headers=headers, **more)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.ask("GET", path, params=query)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, content: object = None) -> Any:
        answer = self.ask("POST", path, json={} if content is None else content)
        if answer.status_code >= 400:
            raise RejectedSubmission(f"POST {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def read(self, path: str) -> Any:
        """A file's content: a notebook as JSON, else text."""
        return self.get(f"api/contents/{path}", content=1)["content"]

    def write(self, path: str, notebook: dict[str, Any]) -> None:
        body = {"type": "notebook", "format": "json", "content": notebook}
        answer = self.ask("PUT", f"api/contents/{path}", json=body)
        if answer.status_code >= 400:
            raise RejectedSubmission(f"saving {path}: {answer.status_code} {answer.text[:300]}")

    # nbgrader's buttons

    def assignment(self, course: str, chapter: str) -> dict[str, Any]:
        """The newest entry of Assignment List for a chapter."""
        listed = self.get("assignments", course_id=course)["value"]
        return dict(next(entry for entry in reversed(listed) if entry["assignment_id"] == chapter))

    def assignments(self, course: str, chapter: str) -> list[dict[str, Any]]:
        listed = self.get("assignments", course_id=course)["value"]
        return [entry for entry in listed if entry["assignment_id"] == chapter]

    def button(self, name: str, course: str, chapter: str) -> list[dict[str, Any]]:
        """fetch, submit or fetch_feedback; the chapter's entries afterwards."""
        said = self.post(f"assignments/{name}", {"course_id": course, "assignment_id": chapter})
        if not said["success"]:
            raise RejectedSubmission(f"{self.user}'s {name}: {said['value'][-600:]}")
        return [entry for entry in said["value"] if entry["assignment_id"] == chapter]

    def validate(self, path: str) -> dict[str, Any]:
        said = self.post("assignments/validate", {"path": path})
        if not said["success"]:
            raise RejectedSubmission(f"{self.user}'s Validate: {said['value']}")
        return dict(said["value"])

    def formgrader(self, method: str, path: str, content: object = None) -> Any:
        answer = self.ask(method, f"formgrader/api/{path}", json={} if content is None else content)
        if answer.status_code >= 400:
            raise RejectedSubmission(f"formgrader {path}: {answer.status_code} {answer.text[:300]}")
        said = answer.json()
        if isinstance(said, dict) and said.get("success") is False:
            raise RejectedSubmission(f"formgrader {path}: {said.get('log', '')[-1500:]} {said.get('error', '')[-800:]}")
        return said

    # a kernel

    def run(self, code: str, seconds: float = 120) -> str:
        """Runs code in a kernel that the person keeps, and gives what it prints; raises with its traceback."""
        if not self._kernel or self.ask("GET", f"api/kernels/{self._kernel}").status_code != 200:
            self._kernel = self.post("api/kernels", {"name": "python3"})["id"]
        return self._run_in(self._kernel, code, seconds)

    def _run_in(self, kernel: str, code: str, seconds: float) -> str:
        parts = urlsplit(self.address)
        cookies = "; ".join(
            f"{cookie.name}={cookie.value}"
            for cookie in self.client.cookies.jar
            if f"{self.base}/".startswith(cookie.path)
        )
        scheme = "wss" if parts.scheme == "https" else "ws"
        address = f"{scheme}://{parts.netloc}{self.base}/api/kernels/{kernel}/channels"
        header = {
            "msg_id": uuid.uuid4().hex, "username": self.user, "session": uuid.uuid4().hex,
            "msg_type": "execute_request", "version": "5.3", "date": "",
        }  # fmt: skip
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        printed: list[str] = []
        until = time.monotonic() + seconds
        channel = create_connection(
            address, timeout=seconds, cookie=cookies, header=[f"Origin: {self.address}"], suppress_origin=True
        )
        try:
            channel.send(json.dumps(message))
            while True:
                channel.settimeout(max(until - time.monotonic(), 0.1))
                said = json.loads(channel.recv())
                if said.get("parent_header", {}).get("msg_id") != header["msg_id"]:
                    continue
                kind, body = said["msg_type"], said["content"]
                if kind == "stream":
                    printed.append(body["text"])
                elif kind == "error":
                    raise RejectedSubmission("\n".join(body["traceback"]))
                elif kind == "status" and body["execution_state"] == "idle":
                    return "".join(printed)
        finally:
            channel.close()
