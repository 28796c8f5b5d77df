"""Whose file it is: the naming schemes of Moodle, Canvas and Nextcloud, and the roster."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from triptych.collect.archive import ARCHIVES, ArchiveError
from triptych.model.roster import Person
from triptych.text import one_line

#: Moodle, "Download all submissions": `Ada Lovelace_4711_assignsubmission_file/answer.ipynb`. The number is that of the
#: participation, not of the user. Without folders the file follows after `_`.
MOODLE = re.compile(
    r"(?P<name>.*?)(?:_(?P<account>\d+))?_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<file>.*))?", re.DOTALL
)
#: Canvas, "Download submissions": `lovelaceada_LATE_4711_99_answer-1.ipynb` with the numbers of user and file.
CANVAS = re.compile(
    r"(?P<name>(?:(?!_assignsubmission_)\w)*?)_(?P<late>late_)?(?P<account>\d+)_(?:(?P<number>\d+)_(?P<file>.+)|(?:text|link)\.html)",
    re.IGNORECASE,
)
CANVAS_ANONYMOUS = re.compile(r"(?:late_)?anon_[a-z0-9]+_.+", re.IGNORECASE)
#: Words of a file's name that are taken together as somebody's name.
MAX_WORDS = 6
#: Names for which a similar one on the roster is looked up, which takes long for thousands.
MAX_HINTS = 30
#: A name in its place under blind marking, perhaps after that of a group.
BLIND = re.compile(r"(?:.*-)?(?:participant|teilnehmer\w*|participante?|deelnemer)(?: \d+)?", re.IGNORECASE | re.DOTALL)
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
        account: the folders above and the system's number of the person; empty if there is none.
    """

    student: Person
    rest: tuple[str, ...]
    folders: tuple[str, ...]
    scheme: str = ""
    number: int = 0
    late: bool = False
    account: tuple[str, ...] = ()


class Owners:
    """Finds the students of a roster in names of files and folders."""

    def __init__(self, roster: Iterable[Person]) -> None:
        #: in each of the tables (ids, full names, addresses before the @, names without accents), who is called so
        self._tables: list[dict[str, set[str]]] = [defaultdict(set) for _ in range(4)]
        self._people = {person.user: person for person in roster}
        self._numbers: dict[str, set[str]] = defaultdict(set)
        self._hints = 0
        for person in self._people.values():
            first, last, local = person.first_name, person.last_name, person.email.partition("@")[0]
            names = [f"{first} {last}", f"{last} {first}"]
            rows = [
                [person.user, person.email],
                [*names, *(f"{person.user} {name}" for name in names if first or last)],
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
            is_archive = part.lower().endswith(ARCHIVES)
            if (last or is_archive) and CANVAS_ANONYMOUS.fullmatch(part):
                raise ArchiveError(ANONYMOUS)
            # before Moodle's, which would find a name that a student gave to the file
            if (last or is_archive) and (match := CANVAS.fullmatch(part)):
                if not match["file"]:
                    raise ArchiveError(ONLINE_TEXT)
                rest = (match["file"],) if last else below
                student = self._one(self._numbers.get(match["account"], set())) or self._named(match["name"])
                folders, account = (*above, *rest[:-1]), (*above, match["account"])
                return Claim(student, rest, folders, "canvas", int(match["number"]), bool(match["late"]), account)
            if match := MOODLE.fullmatch(part):
                if match["kind"] != "file":
                    raise ArchiveError(ONLINE_TEXT)
                rest = (match["file"] or part,) if last else below
                account = (*above, match["account"]) if match["account"] else ()
                student = self._moodle(match["name"])
                return Claim(student, rest, (*above, *rest[:-1]), "moodle", account=account)
            if not last and (self._in_words(part) if is_archive else self._find(part)):
                break  # below a student's folder no name says more
        return self._anywhere(parts, archive)

    def _moodle(self, name: str) -> Person:
        """The student of a full name, perhaps after that of a group and `-`."""
        pieces = name.split("-")
        for start in range(len(pieces)):
            if student := self._find("-".join(pieces[start:]), full_name=True):
                return student
        if BLIND.fullmatch(name):
            raise ArchiveError(ANONYMOUS)
        return self._named(name)

    def _anywhere(self, parts: tuple[str, ...], archive: str) -> Claim:
        """The student after whom a folder, the file or the archive is called."""
        found: list[tuple[int, Person]] = []
        for index, part in enumerate(parts[:-1]):
            if student := self._find(part):
                found.append((index, student))
            elif not found and part.lower().endswith(ARCHIVES) and (student := self._in_words(part)):
                found.append((index, student))
                break  # who made the archive chose the names in it
        if not found:
            if student := self._in_words(parts[-1]):
                return Claim(student, parts[-1:], parts[:-1])
            if student := self._find(re.sub(r"(?i)\.(zip|tar|tgz)(\.\w+)?$", "", archive)):
                return Claim(student, parts, parts[:-1])
            raise ArchiveError(f"names nobody on the roster{self._hint(parts)}: put it into a folder with the id")
        if len({student.user for _, student in found}) > 1:
            raise ArchiveError(f"names {' and '.join(s.user for _, s in found)}: move it to the folder of one of them")
        index, student = found[-1]
        return Claim(student, parts[index + 1 :], (*parts[:index], *parts[index + 1 : -1]))

    def _in_words(self, name: str) -> Person | None:
        """The student who is named in the name of a file. Raises ArchiveError if these are several."""
        stem = re.sub(r"(?i)(?:\.tar)?\.\w+$|[ _-]*\(\d+\)", "", name)
        words = [word for word in re.split(r"[\s_\-.()]+", stem) if word]
        # the longest first, because a short name may be a part of a longer one
        for length in range(min(MAX_WORDS, len(words)), 0, -1):
            pieces = [" ".join(words[start : start + length]) for start in range(len(words) - length + 1)]
            found = {student.user: student for piece in dict.fromkeys(pieces) if (student := self._find(piece))}
            if found:
                return self._one(set(found))
        return None

    def _named(self, name: str) -> Person:
        if student := self._find(name, full_name=True) or self._find(name):
            return student
        raise ArchiveError(f"names nobody on the roster{self._hint((name,))}: add the student, or correct the name")

    def _find(self, name: str, *, full_name: bool = False) -> Person | None:
        """Who is called so, or has this `full_name`. Raises ArchiveError if these are several students."""
        if not full_name and name in self._people:
            return self._people[name]
        ids, names, addresses, plain = self._tables
        key, nobody = _folded(name), set[str]()
        if users := names.get(key, nobody) | (nobody if full_name else ids.get(key, nobody)):
            return self._one(users)
        return self._one((not full_name and addresses.get(key)) or plain.get(_folded(_plain(name)), nobody))

    def _one(self, users: set[str]) -> Person | None:
        if len(users) > 1:
            names = " and ".join(sorted(users)[:3])
            raise ArchiveError(f"may belong to {names}: rename its folder to the id of one of them")
        return self._people[next(iter(users))] if users else None

    def _hint(self, parts: tuple[str, ...]) -> str:
        self._hints += 1
        if self._hints > MAX_HINTS:
            return ""
        for part in parts[-3:]:
            if close := difflib.get_close_matches(_folded(part), self._known, n=1, cutoff=0.75):
                return f" (did you mean {one_line(self._known[close[0]], 80)}?)"
        return ""

    @cached_property
    def _known(self) -> dict[str, str]:
        """What students are called, and one who is called so."""
        return {key: user for table in self._tables[1::-1] for key, users in table.items() for user in users}


@lru_cache(maxsize=10_000)
def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name)).casefold()


@lru_cache(maxsize=10_000)
def _plain(name: str) -> str:
    """A name without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


__all__ = ["Claim", "Owners"]
