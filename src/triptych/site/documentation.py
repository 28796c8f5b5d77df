"""The pages of docs/ in the book: with navigation, and without links to files that the book does not have."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from triptych.files import walk
from triptych.model.course import Course
from triptych.site.staging import Staging

#: Where the book has the pages of docs/.
FOLDER = "docs"
GLOSSARY = "glossary.md"

_FENCED = re.compile(r"(?ms)^(`{3,}|~{3,}).*?^\1[ \t]*$|`[^`\n]+`")
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")
_NOTEBOOK = re.compile(r"(?:release|source|solutions)/(\w+)/\1\.ipynb")


def stage_documentation(course: Course, staging: Staging) -> list[str]:
    """Writes the pages and pictures of docs/.

    Returns:
        The pages that begin a part of the documentation, as entries of a toctree, in the order of docs/index.md.
    """
    docs = course.root / "docs"
    files = [entry for entry in walk(docs) if entry.is_file and not entry.is_hidden]
    pages = [entry.relative for entry in files if entry.path.suffix == ".md"]
    for entry in files:
        if entry.path.suffix == ".md":
            text = entry.path.read_text(encoding="utf-8")
            if entry.relative.name == "index.md" and entry.relative.parent != Path():
                text += _toctree(entry.relative, pages, text)
            staging.write(f"{FOLDER}/{entry.relative.as_posix()}", page_text(course, text, entry.relative))
        elif entry.path.suffix in (".svg", ".png", ".jpg", ".gif"):
            staging.copy(entry.path, f"{FOLDER}/{entry.relative.as_posix()}")
    index = docs / "index.md"
    order = _ordered(Path("index.md"), pages, index.read_text(encoding="utf-8") if index.is_file() else "")
    overview = [f"Overview <{FOLDER}/index>"] if index.is_file() else []
    return overview + [f"{FOLDER}/{page}" for page in order]


def page_text(course: Course, text: str, page: Path) -> str:
    """The text of a page of docs/ for the book. Other files of the project are linked at its public address."""

    def link(match: re.Match[str]) -> str:
        label, target, anchor = match[1], match[2], match[3] or ""
        path = posixpath.normpath(posixpath.join(FOLDER, page.parent.as_posix(), target))
        if path.startswith(f"{FOLDER}/") and (course.root / path).is_file():
            return match[0]
        if (chapter := _NOTEBOOK.fullmatch(path)) and chapter[1] in course.plans:
            up = "../" * (len(page.parts) - 1)
            return f"[{label}]({up}../chapters/{chapter[1]}.ipynb)"
        return f"[{label}]({course.address}/blob/main/{path}{anchor})" if course.address else label

    parts, end = [], 0
    for code in _FENCED.finditer(text):
        # a link's text may contain code, so that only fenced blocks end a part
        if code[0].startswith(("```", "~~~")):
            parts += [_LINK.sub(link, text[end : code.start()]), code[0]]
            end = code.end()
    text = "".join([*parts, _LINK.sub(link, text[end:])])
    return with_terms(text) if page.as_posix() == GLOSSARY else text


def with_terms(text: str) -> str:
    """The glossary with its tables of terms as Sphinx's glossaries, so that other pages can link to a term."""

    def glossary(table: re.Match[str]) -> str:
        entries = []
        for term, meaning in re.findall(r"(?m)^\| (.+?) \| (.+?) \|$", table[1]):
            names = "\n".join(name.strip() for name in term.split(","))
            entries.append(f"{names}\n  {meaning}\n")
        return "\n".join(["```{glossary}", *entries, "```", ""])

    return re.sub(r"(?m)^\| term \| meaning \|\n\|[-| ]+\|\n((?:\|.*\|\n?)+)", glossary, text)


def _toctree(index: Path, pages: list[Path], text: str) -> str:
    entries = _ordered(index, pages, text)
    return "\n".join(["", "", "```{toctree}", ":hidden:", "", *entries, "```", ""]) if entries else ""


def _ordered(index: Path, pages: list[Path], text: str) -> list[str]:
    """The pages below an index, relative to it and without ending: those beside it, and the indexes of folders.

    They are in the order in which the index links them, then by name.
    """
    below = [page for page in pages if page.parent == index.parent and page.name != "index.md"]
    below += [page for page in pages if page.name == "index.md" and page.parent.parent == index.parent != page.parent]
    names = [page.relative_to(index.parent).as_posix() for page in below]
    links = [posixpath.normpath(target) for _, target, _ in _LINK.findall(text)]
    places = {name: links.index(name) if name in links else len(links) for name in names}
    return [name.removesuffix(".md") for name in sorted(names, key=lambda name: (places[name], name))]
