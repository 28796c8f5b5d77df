"""Unix accounts, their closed homes, and first passwords."""

from __future__ import annotations

import csv
import io
import os
import pwd
import secrets
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from triptych.files import write_whole
from triptych.hub.admin.site import Site
from triptych.hub.roster import Person
from triptych.model.course import CourseError

#: Smaller user ids belong to the system's own accounts (login.defs).
FIRST_USER_ID = 1000
#: Without letters and digits that look alike.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def account(user: str) -> pwd.struct_passwd | None:
    """The entry of a Unix account, None where it does not exist."""
    try:
        return pwd.getpwnam(user)
    except KeyError:
        return None


def refuse_system_accounts(people: Iterable[Person]) -> None:
    """Checks that nobody on the roster has the name of a system account.

    Raises:
        CourseError: somebody has.
    """
    for person in people:
        entry = account(person.user)
        if entry and entry.pw_uid < FIRST_USER_ID:
            raise CourseError(
                f"{person.user} on the roster is a system account (user id {entry.pw_uid}): choose another user name."
            )


def create_account(person: Person) -> bool:
    """Creates an account if it is missing, and closes its home to others in any case.

    Returns:
        Whether the account was created.

    Raises:
        CourseError: useradd failed, or an existing account has no home.
    """
    missing = account(person.user) is None
    if missing:
        name = person.full_name.replace(":", " ").replace(",", " ")
        command = ["useradd", "--create-home", "--user-group", "--shell", "/bin/bash", "-K", "HOME_MODE=0700"]
        result = subprocess.run([*command, "--comment", name, person.user], capture_output=True, text=True, check=False)
        if result.returncode:
            raise CourseError(
                f"The account {person.user} could not be created ({last_line(result.stderr)}): fix that, or change the "
                "user name on the roster, and run `triptych hub up` again."
            )
    home = Path(pwd.getpwnam(person.user).pw_dir)
    if not home.is_dir():
        raise CourseError(
            f"{person.user} has no home folder ({home} is missing): create it, or choose another user name."
        )
    if home.stat().st_mode & 0o077:
        home.chmod(0o700)
    return missing


def remove_account(user: str) -> None:
    """Removes an account and its home. Its processes must have been ended (`process.end_processes`).

    Raises:
        CourseError: userdel failed.
    """
    if account(user) is None:
        return
    result = subprocess.run(["userdel", "--remove", user], capture_output=True, text=True, check=False)
    if account(user) is not None:
        raise CourseError(
            f"The account {user} could not be removed ({last_line(result.stderr)}): fix that, and run "
            "`triptych hub down --remove-users` again."
        )


def last_line(errors: str) -> str:
    """The last line that a program printed as errors, which usually holds the reason."""
    lines = errors.strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else "no reason given"


def run_as(
    user: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    folder: str = "",
) -> subprocess.CompletedProcess[bytes]:
    """Runs a command as another user, with nothing of root's environment.

    Args:
        user: the account.
        command: program and arguments.
        environment: variables beside HOME, USER, LOGNAME, LANG and PATH.
        stdin: the command's input.
        folder: the working folder, by default the user's home.

    Returns:
        The finished process with its output; its exit code is not checked.
    """
    entry = pwd.getpwnam(user)
    base = {"HOME": entry.pw_dir, "USER": user, "LOGNAME": user, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        command,
        user=entry.pw_uid,
        group=entry.pw_gid,
        extra_groups=os.getgrouplist(user, entry.pw_gid),
        umask=0o077,
        cwd=folder or entry.pw_dir,
        env=base | dict(environment or {}),
        input=stdin,
        capture_output=True,
        check=False,
    )


# --- first passwords -----------------------------------------------------------------------------


def random_password() -> str:
    """Three groups of four characters, easy to read aloud."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


def read_passwords(site: Site) -> dict[str, str]:
    """The first passwords that were handed out, by user."""
    return {user: password for user, (password, _) in _read_table(site).items()}


def _read_table(site: Site) -> dict[str, tuple[str, str]]:
    """Password and full name by user."""
    if not site.passwords.is_file():
        return {}
    with site.passwords.open(newline="", encoding="utf-8") as file:
        return {row["user"]: (row["password"], row.get("name") or "") for row in csv.DictReader(file)}


def create_passwords(site: Site, people: Sequence[Person], environment: Path) -> int:
    """Creates a first password for everyone without one, because a first login would otherwise claim the name.

    Args:
        site: keeps the passwords for the instructor to hand out, and their bcrypt hashes for the hub.
        people: everyone on the roster.
        environment: the course environment.

    Returns:
        The number of new passwords.

    Raises:
        CourseError: the hashes could not be written.
    """
    known = read_passwords(site)
    new = {person.user: (random_password(), person.full_name) for person in people if person.user not in known}
    if new:
        _store_passwords(site, new, environment)
    return len(new)


def reset_password(site: Site, user: str, environment: Path) -> str:
    """Replaces the password of a user who has lost theirs. A running hub accepts the new one at once.

    Returns:
        The new password.

    Raises:
        CourseError: its hash could not be written.
    """
    password = random_password()
    _, name = _read_table(site).get(user, ("", ""))
    _store_passwords(site, {user: (password, name)}, environment, "--replace")
    return password


def _store_passwords(site: Site, new: dict[str, tuple[str, str]], environment: Path, *options: str) -> None:
    # in the environment's own Python: the format of a dbm file depends on how Python was built
    python = str(environment / "bin" / "python")
    result = subprocess.run(
        [python, "-m", "triptych.hub.admin.password_store", str(site.password_store), *options],
        input="".join(f"{user} {password}\n" for user, (password, _) in new.items()),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise CourseError(
            f"{site.password_store} could not be written ({last_line(result.stderr)}): fix that, and run the same "
            "command again."
        )
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["user", "password", "name"])
    rows.writerows([user, *entry] for user, entry in (_read_table(site) | new).items())
    write_whole(site.passwords, table.getvalue(), 0o600)
