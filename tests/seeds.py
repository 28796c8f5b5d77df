"""The seed of a test run. TRIPTYCH_SEED=N repeats what a run with that seed drew; by default it is always 1.

The chapters' test cells read the variable themselves. `TRIPTYCH_SEED=random` draws one and prints it.
"""

from __future__ import annotations

import os
import secrets

DEFAULT = 1
if os.environ.setdefault("TRIPTYCH_SEED", str(DEFAULT)) == "random":
    os.environ["TRIPTYCH_SEED"] = str(secrets.randbits(32))
SEED = int(os.environ["TRIPTYCH_SEED"])
