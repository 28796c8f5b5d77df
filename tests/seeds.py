"""The seed of a test run, from the variable TRIPTYCH_SEED: a number, `random`, or by default 1.

The chapters' test cells read the variable too.
"""

from __future__ import annotations

import os
import secrets

DEFAULT = 1
if os.environ.setdefault("TRIPTYCH_SEED", str(DEFAULT)) == "random":
    os.environ["TRIPTYCH_SEED"] = str(secrets.randbits(32))
SEED = int(os.environ["TRIPTYCH_SEED"])
