"""The slide that ends a deck: what its audience can do now, where to go on, and a QR code of the course's address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

import segno
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from triptych.build.contents import goals
from triptych.model.course import Course
from triptych.model.slides import Slide

#: Begins goals in chapters, as in "how to recover its matrix" or "why derivatives swell".
_ABILITY = re.compile(r"^(?:how )?to ")
_KNOWLEDGE = re.compile(r"^(?:how|why|what|which|where|when|who)\b")


def chapter_closing(course: Course, chapter: str, notebook: NotebookNode) -> Slide:
    """The closing slide of a chapter's deck."""
    _, learned = goals(notebook)
    links = []
    after = course.chapters.index(chapter) + 1
    if after < len(course.chapters):
        following = course.plans[course.chapters[after]]
        links.append(f"**Next:** [{following.number} · {following.title}]({following.id}.html)")
    links.append(f"[The notebook]({_link(course, f'release/{chapter}/{chapter}.ipynb')}) with this chapter's exercises")
    return _closing(course, "closing", learned, links)


def workshop_closing(course: Course, chapters: Sequence[str]) -> Slide:
    """The closing slide of the workshop's deck, with the workshop's goals, or else its chapters."""
    links = [f"[The notebooks]({_link(course, 'release')}) of all chapters"]
    if course.workshop.goals:
        slide = _closing(course, "workshop-closing", course.workshop.goals, links)
    else:
        titles = [course.plans[chapter].title for chapter in chapters]
        slide = _closing(course, "workshop-closing", titles, links, heading="You have seen")
    slide.seconds = round(60 * course.workshop.slide)
    return slide


def ability(goal: str) -> str:
    """A goal as what a person can do now: "how to recover its matrix" becomes "recover its matrix"."""
    if _ABILITY.match(goal):
        return re.sub(r"\b(and|or) (?:how )?to ", r"\1 ", _ABILITY.sub("", goal))
    return f"explain {goal}" if _KNOWLEDGE.match(goal) else goal


def qr_code(address: str) -> str:
    """A QR code as inline SVG, dark on light with the margin that scanners need."""
    svg = segno.make(address, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="QR code: {address}" ', 1)


def _closing(
    course: Course, cell_id: str, learned: Sequence[str], links: list[str], *, heading: str = "You can now"
) -> Slide:
    links.append("[All chapters](index.html)")
    if course.reading:
        links.append(f"[Reading list]({_link(course, course.reading)})")
    text = "\n".join([f"## {heading}", "", *(f"- {ability(goal)}" for goal in learned)])
    more = "\n".join(f"- {link}" for link in links)
    if course.address:
        name = re.sub(r"^https?://", "", course.address)
        more += f'\n\n<figure class="qr">{qr_code(course.address)}</figure>\n\n[{name}]({course.address})'
    cells = [
        new_markdown_cell(text, id=cell_id, metadata={"slideshow": {"slide_type": "slide"}}),
        new_markdown_cell(f'<div class="links">\n\n{more}\n\n</div>', id=f"{cell_id}-links"),
    ]
    return Slide(cells, "slide", [heading], ("closing",), None, core=False, section="")


def _link(course: Course, place: str) -> str:
    """The address of a path in the course folder: on the web if the course is published, else seen from `slides/`."""
    if urlsplit(place).scheme:
        return place
    if not course.address:
        return f"../{quote(place)}"
    view = "blob" if place.rpartition("/")[2].count(".") else "tree"
    route = view if urlsplit(course.address).hostname == "github.com" else f"-/{view}"
    return f"{course.address}/{route}/HEAD/{quote(place)}"
