"""Further reading: the last cell of each chapter, written from the course's bibliography source/references.bib."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pybtex.database import BibliographyData, Entry, Person, parse_file
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text

from triptych.model.chapter import Chapter, Role, headings
from triptych.model.course import Course, CourseError

BIBLIOGRAPHY = "references.bib"
HEADING = "Further reading"
MANY_AUTHORS = 3
#: An item of a reading list: a reference, and why to read it.
ITEM = re.compile(r"(?m)^- (?P<reference>.*?\]\((?P<address>[^)\s]+)\)(?:, \w+)?): (?P<why>\S.*)$")


def references(course: Course) -> dict[str, str]:
    """The references of the course's bibliography as Markdown, by their addresses.

    Returns:
        For each entry `Authors, [*Title*](address), year`; nothing if the course has no bibliography.

    Raises:
        CourseError: the bibliography cannot be read, or an entry has no author, title, year or address.
    """
    path = course.source / BIBLIOGRAPHY
    if not path.is_file():
        return {}
    try:
        data: BibliographyData = parse_file(str(path))
    except (PybtexError, ValueError) as error:
        raise CourseError(f"{path.relative_to(course.root)} is not a BibTeX file ({error}): fix it.") from error
    found = {}
    for key, entry in data.entries.items():
        try:
            address = _address(entry)
            found[address] = (
                f"{_authors(entry)}, [*{_plain(entry.fields['title'])}*]({address}), {entry.fields['year']}"
            )
        except KeyError as error:
            place = f"{path.relative_to(course.root)}, entry {key}"
            raise CourseError(f"{place}: has no {error.args[0]}; write author, title, year, and doi or url.") from error
    return found


def with_references(source: str, known: Mapping[str, str]) -> str:
    """The text of a cell; in a reading list, references are those of the bibliography."""
    if HEADING not in headings(source):
        return source
    return ITEM.sub(lambda item: f"- {known.get(item['address'], item['reference'])}: {item['why']}", source)


def wrong_references(course: Course, chapter: Chapter) -> Iterator[tuple[str, str]]:
    """Yields a cell's id and a message for each fault of a chapter's reading list, if the course has a bibliography."""
    known = references(course)
    if not known or not chapter.cells:
        return
    last = chapter.cells[-1]
    if last.role is not Role.READING or headings(last.source) != [HEADING]:
        yield last.id, f"is the last cell, which must be the reading cell “## {HEADING}”"
        return
    for line in (line for line in last.source.split("\n") if line.startswith("- ")):
        item = ITEM.fullmatch(line)
        if item is None:
            yield last.id, f"has an item that is not “- reference: why to read it”: {line!r}"
        elif item["address"] not in known:
            yield last.id, f"has a reference that is not in source/{BIBLIOGRAPHY}: {item['address']}"
        elif item["reference"] != known[item["address"]]:
            yield last.id, f"has a reference that differs from source/{BIBLIOGRAPHY}; run `triptych check --fix`"


def _address(entry: Entry) -> str:
    if "doi" in entry.fields:
        return f"https://doi.org/{entry.fields['doi']}"
    return str(entry.fields["url"])


def _plain(text: str) -> str:
    """The text of a BibTeX field without its braces and commands."""
    return str(Text.from_latex(text))


def _authors(entry: Entry) -> str:
    names = [_name(person) for person in entry.persons["author"]]
    if len(names) > MANY_AUTHORS:
        return f"{names[0]} et al."
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _name(person: Person) -> str:
    family = _plain(" ".join([*person.prelast_names, *person.last_names]))
    return " ".join([*(f"{name[0]}." for name in (*person.first_names, *person.middle_names)), family])
