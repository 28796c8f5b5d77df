"""Runs a command as an ordinary user, for tests that run as root."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: A user number without an account and files.
SCRATCH_USER = 48_611


def as_ordinary_user(command: Sequence[str], home: Path) -> list[str]:
    """The command line, for root, that runs `command` as SCRATCH_USER with `home` as its home folder.

    If the interpreter is in root's home folder, which others may not enter, the command runs in a mount namespace
    in which the interpreter alone is visible there.
    """
    home.mkdir(parents=True, exist_ok=True)
    subprocess.run(["chown", "-R", str(SCRATCH_USER), str(home)], check=True)
    steps = ["mount --make-rprivate /"]
    interpreter = Path(sys.base_prefix).resolve()
    closed = next((f for f in reversed(interpreter.parents) if not f.stat().st_mode & 0o005), None)
    if closed is not None:
        path = shlex.quote(str(interpreter))
        steps += [
            f"mount --bind {path} /mnt",
            f"mount -t tmpfs -o mode=755 none {shlex.quote(str(closed))}",
            f"mkdir -p {path}",
            f"mount --move /mnt {path}",
        ]
    user = str(SCRATCH_USER)
    steps.append(
        f"exec setpriv --reuid {user} --regid {user} --clear-groups --inh-caps=-all --bounding-set=-all -- "
        + shlex.join(["env", f"HOME={home}", *command])
    )
    return ["unshare", "--mount", "sh", "-c", " && ".join(steps)]
