"""What some tests need from the machine. Without it they are skipped, with the reason.

With TRIPTYCH_REQUIRE_ALL=1 nothing is skipped: what is missing makes its tests fail. A release is
tested that way, so that no part of it goes untested in silence.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from triptych.build.browser import find_chromium

REQUIRE_ALL = os.environ.get("TRIPTYCH_REQUIRE_ALL") == "1"


def needs(missing: str) -> pytest.MarkDecorator:
    """A mark for tests that need something; `missing` is empty or says what is not there."""
    return pytest.mark.skipif(bool(missing) and not REQUIRE_ALL, reason=missing or "nothing is missing")


def _missing_for_browser() -> str:
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed (pip install 'triptych[slides]')"
    return "" if find_chromium() else "no Chromium on PATH or in TRIPTYCH_CHROMIUM"


needs_chromium = needs(_missing_for_browser())


def _missing_for_sandbox() -> str:
    from triptych.grade.sandbox.sandbox import find_problem

    return find_problem() or ""


#: Tests that make sandboxes; as whoever runs them.
needs_sandbox = needs(_missing_for_sandbox())
#: Tests that also make sandboxes as somebody else, for which one has to be root.
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
#: Tests that start one with people of its own.
needs_hub = needs("only root can start other people's servers" if os.geteuid() else _missing_for_proxy())
