"""The last result of Validate for each notebook, in the user's own data folder. Only the user's own pages show it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir

from triptych.files import write_whole


def _file() -> Path:
    return Path(jupyter_data_dir(), "triptych", "validated.json")


def remember(notebook: str, points: list[float]) -> None:
    """Stores the points of the passing visible tests and those of all, for a path below the server's root."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    write_whole(_file(), json.dumps({**_read(), notebook: [*points, when]}) + "\n", 0o600)


def recall(notebook: str) -> tuple[float, float, str] | None:
    """The stored points and the time of Validate; None if it never ran or the file has another form."""
    try:
        passed, possible, when = _read()[notebook]
        return float(passed), float(possible), str(when)
    except (KeyError, TypeError, ValueError):
        return None


def _read() -> dict[str, Any]:
    try:
        return dict(json.loads(_file().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
