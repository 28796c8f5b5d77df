"""Marks for tests that need a part of the system. If it is missing, they are skipped with the reason.

With TRIPTYCH_REQUIRE_ALL=1 they fail instead, so that every part of a release is tested.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from triptych.build.browser import find_chromium

REQUIRE_ALL = os.environ.get("TRIPTYCH_REQUIRE_ALL") == "1"


def needs(missing: str) -> pytest.MarkDecorator:
    """Returns a mark that skips tests if `missing`, the reason, is not empty."""
    return pytest.mark.skipif(bool(missing) and not REQUIRE_ALL, reason=missing)


def _missing_for_browser() -> str:
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed (pip install 'triptych[slides]')"
    return "" if find_chromium() else "no Chromium on PATH or in TRIPTYCH_CHROMIUM"


needs_chromium = needs(_missing_for_browser())


def _missing_for_sandbox() -> str:
    from triptych.grade.sandbox.sandbox import find_problem

    return find_problem() or ""


#: Tests that create sandboxes.
needs_sandbox = needs(_missing_for_sandbox())
#: Tests that create sandboxes as other users.
needs_root = needs("" if os.geteuid() == 0 else "only root can become an ordinary user")


def _missing_for_proxy() -> str:
    for module in ("jupyterhub", "firstuseauthenticator", "jupyterhub_idle_culler"):
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed (pip install 'triptych[hub]')"
    from triptych.hub.admin.environment import find_proxy
    from triptych.hub.admin.site import Site
    from triptych.model.course import CourseError

    try:
        find_proxy(Site(Path("/nonexistent")), install=False)
    except CourseError as error:
        return str(error)
    return ""


#: Tests that start a real JupyterHub.
needs_proxy = needs(_missing_for_proxy())
#: Tests that start a JupyterHub with separate accounts.
needs_hub = needs("only root can start servers for other users" if os.geteuid() else _missing_for_proxy())
