"""`slides/index.html`: one page that links all decks and needs no network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat import NotebookNode

from triptych.build.fonts import font_faces
from triptych.files import write_whole
from triptych.model.chapter import read_chapter
from triptych.model.course import Course
from triptych.model.workshop import Part


def write_contents(course: Course, parts: list[Part] | None) -> Path:
    """Writes `slides/index.html`. Decks and PDFs are linked if they exist.

    Args:
        course: the course.
        parts: the parts of the workshop, or None if the course has no workshop deck.

    Returns:
        The path of the page.
    """
    workshop = None
    if parts is not None:
        rows = [
            {
                "plan": course.plans[part.chapter],
                "minutes": round(part.seconds / 60),
                "exercises": len(part.exercises),
            }
            for part in parts
        ]
        about = _inline(course.workshop.about)
        workshop = {**_links(course, "workshop"), "plan": course.workshop, "about": about, "parts": rows}
    environment = Environment(loader=FileSystemLoader(course.slides / "template"), autoescape=True)
    css = (course.slides / "theme" / "triptych.css").read_text(encoding="utf-8")
    html = environment.get_template("contents.html.j2").render(
        title=course.title,
        lang=course.language,
        style=Markup(font_faces(course.slides) + css),  # noqa: S704, a file of the course
        chapters=[_chapter(course, chapter) for chapter in course.chapters],
        workshop=workshop,
    )
    target = course.slides / "index.html"
    write_whole(target, html)
    return target


def goals(notebook: NotebookNode) -> tuple[str, list[str]]:
    """A chapter's summary and its list of goals ("What you will learn"), from its first cell, as Markdown."""
    source = str(notebook.cells[0].source)
    about = next((text for text in source.split("\n\n")[1:] if not text.startswith(("**", "-"))), "")
    _, _, below = source.partition("**What you will learn**")
    items = re.findall(r"(?ms)^- (.*?)(?=\n-|\n\s*\n|\Z)", below.partition("**What you need")[0])
    return " ".join(about.split()), [" ".join(item.split()).rstrip(";.") for item in items]


def _chapter(course: Course, chapter: str) -> dict[str, Any]:
    plan = course.plans[chapter]
    about, learn = goals(read_chapter(course.notebook(chapter)).notebook)
    return {
        **_links(course, chapter),
        "plan": plan,
        "about": _inline(about),
        "goals": [_inline(goal) for goal in learn],
        "minutes": sum(exercise.minutes for exercise in plan.exercises.values()),
    }


def _links(course: Course, name: str) -> dict[str, str | None]:
    files = {"deck": f"{name}.html", "pdf": f"{name}.pdf"}
    return {kind: file if (course.slides / file).is_file() else None for kind, file in files.items()}


def _inline(markdown: str) -> Markup:
    """A sentence of Markdown as HTML. The page has no MathJax; its short formulas are set in italics."""
    text = re.sub(r"\$([^$]+)\$", lambda formula: f"<i>{escape(formula[1])}</i>", markdown)
    html = markdown2html_mistune(text).strip()
    return Markup(re.sub(r"^<p>(.*)</p>$", r"\1", html, flags=re.DOTALL))  # noqa: S704, the course's own text
