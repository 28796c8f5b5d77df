"""Tests as root that run something as an ordinary user too."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

#: An ordinary user's number with no name and no files.
SCRATCH_USER = 48_611


def as_ordinary_user(command: Sequence[str], home: Path) -> list[str]:
    """The command line that runs `command` as SCRATCH_USER, with `home` made theirs.

    For root. Where the interpreter lies in root's own home, which nobody else may enter, a mount
    namespace of its own opens the way to the interpreter and to nothing else.
    """
    home.mkdir(parents=True, exist_ok=True)
    subprocess.run(["chown", "-R", str(SCRATCH_USER), str(home)], check=True)
    steps = ["mount --make-rprivate /"]
    interpreter = Path(sys.base_prefix).resolve()
    closed = next((f for f in reversed(interpreter.parents) if not f.stat().st_mode & 0o005), None)
    if closed is not None:
        way = shlex.quote(str(interpreter))
        steps += [
            f"mount --bind {way} /mnt",
            f"mount -t tmpfs -o mode=755 none {shlex.quote(str(closed))}",
            f"mkdir -p {way}",
            f"mount --move /mnt {way}",
        ]
    user = str(SCRATCH_USER)
    steps.append(
        f"exec setpriv --reuid {user} --regid {user} --clear-groups --inh-caps=-all --bounding-set=-all -- "
        + shlex.join(["env", f"HOME={home}", *command])
    )
    return ["unshare", "--mount", "sh", "-c", " && ".join(steps)]


def environment(**more: str) -> Mapping[str, str]:
    return {**os.environ, **more}
