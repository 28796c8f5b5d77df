"""Reads class lists, as spreadsheets and learning management systems write them.

user,role,first_name,last_name,email,lms_user_id
noether,instructor,Emmy,Noether,,
ada,student,Ada,Lovelace,ada@example.org,4711
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, fields
from pathlib import Path

from triptych.model.course import CourseError
from triptych.text import one_line

ROLES = ("student", "instructor")
#: What the columns may be called, without case, blanks and signs. Of several names of one column, the first counts.
NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        "user", "username", "login", "loginname", "loginid", "sisloginid", "userid", "benutzername", "anmeldename",
        "benutzer", "kennung", "identifiant", "usuario", "id", "studentid", "studentnumber", "idnumber", "idnummer",
        "numérodidentification", "númerodeid", "matrikelnummer",
    ),
    "role": ("role", "roles", "rolle", "rôle", "rol"),
    "first_name": ("firstname", "firstnames", "givenname", "forename", "vorname", "vornamen", "prénom", "nombre"),
    "last_name": ("lastname", "surname", "familyname", "nachname", "familienname", "nomdefamille", "apellido",
                  "apellidos", "apellidoss"),
    "email": ("email", "emailaddress", "mail", "emailadresse", "mailadresse", "adressedecourriel", "courriel", "correo",
              "direccióndecorreo"),
    "lms_user_id": ("lmsuserid", "canvasid", "moodleid", "idnumber", "idnummer", "numérodidentification",
                    "númerodeid", "id"),
}  # fmt: skip
#: A column with the whole name: "Ada Lovelace" or "Lovelace, Ada". "Name" beside a first name is the last name.
FULL_NAMES = ("fullname", "name", "student", "studentname", "vollständigername")
DELIMITERS = ",;\t|"
MAX_BYTES = 10_000_000
#: Problems that a message lists.
MAX_PROBLEMS = 20


@dataclass(frozen=True)
class Person:
    """A line of a roster; `user` is the login name and the name of the folder in `submitted/`."""

    user: str
    role: str = "student"
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


COLUMNS = tuple(field.name for field in fields(Person))


def read_people(path: Path, allowed: re.Pattern[str], rule: str) -> list[Person]:
    """Reads a table of people.

    The table may begin with a byte-order mark and be in UTF-8, UTF-16 or Latin-1. It may be divided by commas,
    semicolons, tabs or bars, and have empty lines, blanks around values, columns in any order and columns that are not
    read. NAMES lists what its columns may be called.

    Args:
        path: the file.
        allowed: what a user may be called.
        rule: `allowed` in words, for messages.

    Raises:
        CourseError: the file cannot be read, or lines are wrong; the message has a sentence for each, with the line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise CourseError(f"{path} is larger than {MAX_BYTES // 10**6} MB: give a table of names.")
        lines = _Lines(path, _decode(data))
        people = [(number, person) for number, person in lines.people() if lines.check(number, person, allowed, rule)]
    except (OSError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read as a CSV table ({error}): save it as CSV and name that.") from error
    if lines.problems:
        shown = lines.problems[:MAX_PROBLEMS]
        if more := len(lines.problems) - len(shown):
            shown.append(f"… and {more} more.")
        raise CourseError("\n".join(shown))
    return [person for _, person in people]


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if data.startswith(b"PK"):
        raise CourseError("This is a spreadsheet's own file or an archive: save the table as CSV and name that.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what Windows calls Latin-1


class _Lines:
    """The rows of a table, the meaning of its columns, and what is wrong in it."""

    def __init__(self, path: Path, text: str) -> None:
        self.problems: list[str] = []
        self._path, self._seen = path, dict[str, int]()
        text = re.sub(r"\A\s*sep=.\r?\n", "", text, flags=re.IGNORECASE)  # written by Excel
        self._rows: list[tuple[int, list[str]]] = []
        self._columns: dict[str, int] = {}
        for delimiter in DELIMITERS:
            rows = _rows(text, delimiter)
            columns = _columns(rows[0][1]) if rows else {}
            if len(columns) > len(self._columns):
                self._rows, self._columns = rows, columns
        if "user" not in self._columns:
            first = one_line(text.strip().partition("\n")[0], 80)
            raise CourseError(
                f"{path} has no column 'user' in its first line ({first!r}): begin it with {','.join(COLUMNS)}, of "
                "which only user (or id, username, login) is needed."
            )

    def people(self) -> list[tuple[int, Person]]:
        """Everybody with the number of their line."""
        people = []
        for number, row in self._rows[1:]:
            if any("\n" in row[column].strip() for column in self._columns.values() if column < len(row)):
                line = f"{self._path}, line {number}"
                self.problems.append(f"{line}: a name ends on another line: close its quotation mark there or above.")
            values = {name: _value(row, column) for name, column in self._columns.items()}
            first, last = _split(values.pop("full_name", ""))
            values["first_name"] = values.get("first_name") or first
            values["last_name"] = values.get("last_name") or last
            values["role"] = values.get("role", "").casefold() or "student"
            people.append((number, Person(**values)))
        return people

    def check(self, number: int, person: Person, allowed: re.Pattern[str], rule: str) -> bool:
        user, line = person.user, f"{self._path}, line {number}"
        if not user:
            self.problems.append(f"{line}: there is no user name (or id): write it in, or remove the line.")
        elif not allowed.fullmatch(user) or ".." in user:
            shown = repr(one_line(user, 80))
            self.problems.append(f"{line}: {shown} cannot be a user name ({rule}): choose another.")
        elif any(re.fullmatch(r"\d[.,]?\d*E\+\d+", value) for value in (user, person.lms_user_id)):
            self.problems.append(f"{line}: a number was shortened by a spreadsheet: format its column as text.")
        elif user.casefold() in self._seen:  # one folder, where letters of both cases are the same
            before = self._seen[user.casefold()]
            self.problems.append(f"{line}: {user} is on line {before}, too: give each person one line.")
        elif person.role not in ROLES:
            shown = repr(one_line(person.role, 80))
            self.problems.append(f"{line}: the role {shown} is unknown: give student or instructor.")
        else:
            self._seen[user.casefold()] = number
            return True
        return False


def _rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    # Canvas's second or third row, and one above it that says which grades are hidden
    points = next((place for place, (_, row) in enumerate(rows[:3]) if row[0].strip() == "Points Possible"), 0)
    return rows[:1] + rows[points + 1 :]


def _columns(header: list[str]) -> dict[str, int]:
    """The number of the column for each field of a person, and for `full_name`."""
    names = [re.sub(r"[\W_]", "", name).casefold() for name in header]
    columns: dict[str, int] = {}
    for field, known in {**NAMES, "full_name": FULL_NAMES}.items():
        for name in known:
            if name in names and names.index(name) not in columns.values():
                columns[field] = names.index(name)
                break
    # exports without login names: Moodle's with its ID number, and Canvas's with its id
    user = names[columns["user"]] if "user" in columns else ""
    if user in NAMES["lms_user_id"] and (user != "id" or "student" in names):
        columns.setdefault("lms_user_id", columns["user"])
    if "full_name" in columns and "first_name" in columns:
        columns.setdefault("last_name", columns["full_name"])
        del columns["full_name"]
    return columns


def _value(row: list[str], column: int) -> str:
    value = unicodedata.normalize("NFC", " ".join(row[column].split())) if column < len(row) else ""
    if match := re.fullmatch(r'="(.*)"', value):  # how spreadsheets keep leading zeros
        value = match[1].strip()
    return value.strip("\u200b\ufeff ")


def _split(name: str) -> tuple[str, str]:
    """First and last name."""
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.rpartition(" ")
    return first, last


__all__ = ["COLUMNS", "ROLES", "Person", "read_people"]
