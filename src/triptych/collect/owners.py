"""Whose file it is: the naming schemes of Moodle, Canvas and Nextcloud, and the roster."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from triptych.collect.archive import ARCHIVES, ArchiveError
from triptych.model.roster import Person
from triptych.text import one_line

#: Moodle, "Download all submissions": `Ada Lovelace_4711_assignsubmission_file/answer.ipynb`. The number is that of the
#: participation, not of the user. Without folders the file follows after `_`.
MOODLE = re.compile(r"(?P<name>.*?)(?:_\d+)?_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<file>.*))?", re.DOTALL)
#: Canvas, "Download submissions": `lovelaceada_LATE_4711_99_answer-1.ipynb` with the numbers of user and file.
CANVAS = re.compile(
    r"(?P<name>\w*?)_(?P<late>late_)?(?P<user>\d+)_(?:(?P<number>\d+)_(?P<file>.+)|(?:text|link)\.html)", re.IGNORECASE
)
CANVAS_ANONYMOUS = re.compile(r"(?:late_)?anon_[a-z0-9]+_.+", re.IGNORECASE)
#: Words of a file's name that are taken together as somebody's name.
MAX_WORDS = 6
#: Names for which a similar one on the roster is looked up, which takes long for thousands.
MAX_HINTS = 100
ONLINE_TEXT = "is a text that was typed into a form, not a file: ask for the notebook"
ANONYMOUS = "names no student, because marking is anonymous: reveal the names and download it again"


@dataclass(frozen=True)
class Claim:
    """What the name of a file says about it.

    Attributes:
        student: whose it is.
        rest: its path without the parts that are the scheme's or the student's.
        folders: all folders in its path, in which a chapter may be named.
        scheme: moodle, canvas, or empty for any other.
        number: of several files of a student, the highest number is the newest; 0 if nothing is said.
        late: whether it is said to be late.
    """

    student: Person
    rest: tuple[str, ...]
    folders: tuple[str, ...]
    scheme: str = ""
    number: int = 0
    late: bool = False


class Owners:
    """Finds the students of a roster in names of files and folders."""

    def __init__(self, roster: Iterable[Person]) -> None:
        #: in each of the tables, what somebody may be called, and who is called so
        self._tables: list[dict[str, set[str]]] = [defaultdict(set) for _ in range(4)]
        self._people = {person.user: person for person in roster}
        self._numbers: dict[str, set[str]] = defaultdict(set)
        self._hints = 0
        for person in self._people.values():
            first, last, local = person.first_name, person.last_name, person.email.partition("@")[0]
            names = [f"{first} {last}", f"{last} {first}"] if first and last else []
            rows = [
                [person.user, person.email],
                [*names, *(f"{person.user} {name}" for name in names)],
                [local],
                [_plain(name) for name in names],
            ]
            for table, keys in zip(self._tables, rows, strict=True):
                for key in filter(None, map(_folded, keys)):
                    table[key].add(person.user)
            if person.lms_user_id:
                self._numbers[person.lms_user_id].add(person.user)

    def claim(self, parts: tuple[str, ...], archive: str) -> Claim:
        """Whose file `parts` of `archive` is.

        Raises:
            ArchiveError: that cannot be told; the message is the reason.
        """
        for index, part in enumerate(parts):
            above, below, last = parts[:index], parts[index + 1 :], index == len(parts) - 1
            if match := MOODLE.fullmatch(part):
                if match["kind"] != "file":
                    raise ArchiveError(ONLINE_TEXT)
                rest = (match["file"] or part,) if last else below
                return Claim(self._moodle(match["name"]), rest, (*above, *rest[:-1]), "moodle")
            if not (last or part.lower().endswith(ARCHIVES)):
                if self._find(part):
                    break  # below a student's folder no name says more
                continue
            if CANVAS_ANONYMOUS.fullmatch(part):
                raise ArchiveError(ANONYMOUS)
            if match := CANVAS.fullmatch(part):
                if not match["file"]:
                    raise ArchiveError(ONLINE_TEXT)
                rest = (match["file"],) if last else below
                student = self._one(self._numbers.get(match["user"], set())) or self._named(match["name"])
                folders = (*above, *rest[:-1])
                return Claim(student, rest, folders, "canvas", int(match["number"]), bool(match["late"]))
        return self._anywhere(parts, archive)

    def _moodle(self, name: str) -> Person:
        """The student of a full name, perhaps after that of a group and `-`."""
        pieces = name.split("-")
        for start in range(len(pieces)):
            if student := self._find("-".join(pieces[start:])):
                return student
        if len(name.split()) == 1 and re.fullmatch(r"participant|teilnehmer\w*|participante?|deelnemer", name.lower()):
            raise ArchiveError(ANONYMOUS)
        return self._named(name)

    def _anywhere(self, parts: tuple[str, ...], archive: str) -> Claim:
        """The student after whom a folder, the file or the archive is called."""
        found = [(index, student) for index, part in enumerate(parts[:-1]) if (student := self._find(part))]
        if not found:
            stem = re.sub(r"\.\w+$|[ _-]*\(\d+\)", "", parts[-1])
            words = [word for word in re.split(r"[\s_\-.()]+", stem) if word]
            # the longest first, because a short name may be a part of a longer one
            for length in range(MAX_WORDS, 0, -1):
                for start in range(len(words) - length + 1):
                    if student := self._find(" ".join(words[start : start + length])):
                        return Claim(student, parts[-1:], parts[:-1])
            if student := self._find(re.sub(r"(?i)\.(zip|tar|tgz)(\.\w+)?$", "", archive)):
                return Claim(student, parts, parts[:-1])
            raise ArchiveError(f"names nobody on the roster{self._hint(parts)}: put it into a folder with the id")
        if len({student.user for _, student in found}) > 1:
            raise ArchiveError(f"names {' and '.join(s.user for _, s in found)}: move it to the folder of one of them")
        index, student = found[-1]
        return Claim(student, parts[index + 1 :], (*parts[:index], *parts[index + 1 : -1]))

    def _named(self, name: str) -> Person:
        if student := self._find(name):
            return student
        raise ArchiveError(f"names nobody on the roster{self._hint((name,))}: add the student, or correct the name")

    def _find(self, name: str) -> Person | None:
        """Raises ArchiveError if several students are called so."""
        key = _folded(name)
        for table, searched in zip(self._tables, (key, key, key, _folded(_plain(name))), strict=True):
            if users := table.get(searched):
                return self._one(users)
        return None

    def _one(self, users: set[str]) -> Person | None:
        if len(users) > 1:
            names = " and ".join(sorted(users)[:3])
            raise ArchiveError(f"may belong to {names}: rename its folder to the id of one of them")
        return self._people[next(iter(users))] if users else None

    def _hint(self, parts: tuple[str, ...]) -> str:
        self._hints += 1
        if self._hints > MAX_HINTS:
            return ""
        known = {key: user for table in self._tables[1::-1] for key, users in table.items() for user in users}
        for part in parts:
            if close := difflib.get_close_matches(_folded(part), known, n=1, cutoff=0.75):
                return f" (did you mean {one_line(known[close[0]], 80)}?)"
        return ""


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name)).casefold()


def _plain(name: str) -> str:
    """A name without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


__all__ = ["Claim", "Owners"]
