"""Unix accounts, homes that nobody else may enter, and first passwords."""

from __future__ import annotations

import csv
import io
import os
import pwd
import secrets
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from triptych.hub.admin.site import Site, write_private
from triptych.hub.roster import Person
from triptych.model.course import CourseError

#: Below this are the system's own accounts (login.defs).
FIRST_PERSON = 1000
#: No letters and digits that look alike.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def account(user: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(user)
    except KeyError:
        return None


def refuse_system_accounts(people: Iterable[Person]) -> None:
    for person in people:
        found = account(person.user)
        if found and found.pw_uid < FIRST_PERSON:
            raise CourseError(
                f"{person.user} on the roster is an account of the system itself (number {found.pw_uid}): "
                "choose another user name."
            )


def make_account(person: Person) -> bool:
    """Makes the account when there is none; closes the home to others either way. True when it was made."""
    made = account(person.user) is None
    if made:
        command = ["useradd", "--create-home", "--user-group", "--shell", "/bin/bash", "-K", "HOME_MODE=0700"]
        name = f"{person.first_name} {person.last_name}".strip().replace(":", " ").replace(",", " ")
        ran = subprocess.run([*command, "--comment", name, person.user], capture_output=True, text=True, check=False)
        if ran.returncode:
            raise CourseError(
                f"The account {person.user} could not be made ({last_line(ran.stderr)}): fix that, or give another "
                "user name on the roster, and run `triptych hub up` again."
            )
    home = Path(pwd.getpwnam(person.user).pw_dir)
    if not home.is_dir():
        raise CourseError(f"{person.user} has no home folder ({home} is missing): make it, or choose another name.")
    if home.stat().st_mode & 0o077:
        home.chmod(0o700)
    return made


def remove_account(user: str) -> None:
    """Takes an account and its home away. What of theirs still runs is ended by `process.end_processes` before."""
    if account(user) is None:
        return
    ran = subprocess.run(["userdel", "--remove", user], capture_output=True, text=True, check=False)
    if account(user) is not None:
        raise CourseError(
            f"The account {user} could not be removed ({last_line(ran.stderr)}): fix that, and run "
            "`triptych hub down --remove-users` again."
        )


def last_line(said: str) -> str:
    """The last line of what a program printed as errors: most often its reason."""
    lines = said.strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else "it gave no reason"


def run_as(
    user: str, command: Sequence[str], *, environment: dict[str, str], stdin: bytes = b"", folder: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """Runs a command as `user`, in their home (or `folder`), with nothing of root's environment."""
    entry = pwd.getpwnam(user)
    base = {"HOME": entry.pw_dir, "USER": user, "LOGNAME": user, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        command,
        user=entry.pw_uid,
        group=entry.pw_gid,
        extra_groups=os.getgrouplist(user, entry.pw_gid),
        umask=0o077,
        cwd=folder or entry.pw_dir,
        env=base | environment,
        input=stdin,
        capture_output=True,
        check=False,
    )


# --- first passwords -----------------------------------------------------------------------------


def first_password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


def read_passwords(site: Site) -> dict[str, str]:
    """First passwords by user, as they were handed out."""
    return {user: password for user, (password, _) in _read_table(site).items()}


def _read_table(site: Site) -> dict[str, tuple[str, str]]:
    if not site.passwords.is_file():
        return {}
    with site.passwords.open(newline="", encoding="utf-8") as file:
        return {row["user"]: (row["password"], row.get("name") or "") for row in csv.DictReader(file)}


def hand_out_passwords(site: Site, people: Sequence[Person], environment: Path) -> int:
    """A first password for everyone who has none: else whoever logs in first under a name would own it.

    Written for the instructor to hand out, and as bcrypt hashes for the hub. Returns the number of new ones.
    """
    known = read_passwords(site)
    new = {person.user: first_password() for person in people if person.user not in known}
    if new:
        names = {person.user: f"{person.first_name} {person.last_name}".strip() for person in people}
        _enter_passwords(site, new, names, environment)
    return len(new)


def new_password(site: Site, user: str, environment: Path) -> str:
    """Another first password for somebody who has lost theirs. The running hub takes it at once."""
    made = first_password()
    _enter_passwords(site, {user: made}, {}, environment, anew=True)
    return made


def _enter_passwords(
    site: Site, new: dict[str, str], names: dict[str, str], environment: Path, *, anew: bool = False
) -> None:
    # by the environment's own Python: the format of a dbm file depends on how Python was built
    command = [str(environment / "bin" / "python"), "-m", "triptych.hub.admin.password_store", str(site.password_store)]
    ran = subprocess.run(
        [*command, *(["--anew"] if anew else [])],
        input="".join(f"{user} {password}\n" for user, password in new.items()),
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise CourseError(
            f"{site.password_store} could not be written ({last_line(ran.stderr)}): fix that, and run the same again."
        )
    rows = _read_table(site)
    for user, password in new.items():
        rows[user] = (password, names.get(user) or rows.get(user, ("", ""))[1])
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["user", "password", "name"])
    writer.writerows([user, password, name] for user, (password, name) in rows.items())
    write_private(site.passwords, table.getvalue())
