"""Enters `user password` lines from stdin as bcrypt hashes.

Run as `python -m triptych.hub.admin.password_store FILE [--anew]`.

A password that is there already is kept, since its owner may have changed it; with --anew it is replaced.
"""

from __future__ import annotations

import dbm
import os
import sys

import bcrypt


def main() -> None:
    os.umask(0o077)
    anew = "--anew" in sys.argv[2:]
    with dbm.open(sys.argv[1], "c", 0o600) as store:
        for line in sys.stdin:
            user, password = line.split()
            if anew or user.encode() not in store:
                store[user.encode()] = bcrypt.hashpw(password.encode(), bcrypt.gensalt())


if __name__ == "__main__":
    main()
