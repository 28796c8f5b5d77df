"""Stores the passwords of `user password` lines from stdin as bcrypt hashes, for firstuseauthenticator.

Run as `python -m triptych.hub.admin.password_store FILE [--replace]`. Without `--replace` stored passwords are kept,
because their owners may have changed them.
"""

from __future__ import annotations

import dbm
import os
import sys

import bcrypt


def main() -> None:
    os.umask(0o077)
    replace = "--replace" in sys.argv[2:]
    with dbm.open(sys.argv[1], "c", 0o600) as store:
        for line in sys.stdin:
            user, password = line.split()
            if replace or user.encode() not in store:
                store[user.encode()] = bcrypt.hashpw(password.encode(), bcrypt.gensalt())


if __name__ == "__main__":
    main()
