"""`slides/index.html`: the way into all decks, one page that needs no network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat import NotebookNode

from triptych.model.chapter import read_chapter
from triptych.model.course import Course
from triptych.model.workshop import Part

TEMPLATE = "contents.html.j2"
THEME = "theme/triptych.css"


def write_contents(course: Course, parts: list[Part] | None) -> Path:
    """Writes `slides/index.html` and returns its path. Decks and PDFs are linked when they are there.

    `parts` are those of the workshop, None when the course has no workshop deck.
    """
    chapters = [_chapter(course, chapter) for chapter in course.chapters]
    environment = Environment(loader=FileSystemLoader(course.slides / "template"), autoescape=True)
    workshop = None
    if parts is not None:
        workshop = _links(course, "workshop") | {
            "plan": course.workshop,
            "parts": [
                {
                    "plan": course.plans[part.chapter],
                    "minutes": round(part.seconds / 60),
                    "exercises": len(part.exercises),
                }
                for part in parts
            ],
        }
    html = environment.get_template(TEMPLATE).render(
        title=course.title,
        lang=course.language,
        style=Markup((course.slides / THEME).read_text(encoding="utf-8")),  # noqa: S704, our own file
        chapters=chapters,
        workshop=workshop,
    )
    target = course.slides / "index.html"
    target.write_text(html, encoding="utf-8")
    return target


def goals(notebook: NotebookNode) -> tuple[str, list[str]]:
    """What a chapter's first cell says it is about, and what one will learn, as Markdown."""
    source = str(notebook.cells[0].source)
    about = next((text for text in source.split("\n\n")[1:] if not text.startswith(("**", "-"))), "")
    _, _, below = source.partition("**What you will learn**")
    items = re.findall(r"(?ms)^- (.*?)(?=\n-|\n\s*\n|\Z)", below.partition("**What you need")[0])
    return " ".join(about.split()), [" ".join(item.split()).rstrip(";.") for item in items]


def _chapter(course: Course, chapter: str) -> dict[str, Any]:
    plan = course.plans[chapter]
    about, learn = goals(read_chapter(course.notebook(chapter)).notebook)
    return _links(course, chapter) | {
        "plan": plan,
        "about": _inline(about),
        "goals": [_inline(goal) for goal in learn],
        "minutes": sum(exercise.minutes for exercise in plan.exercises.values()),
    }


def _links(course: Course, name: str) -> dict[str, Any]:
    return {
        "deck": f"{name}.html" if (course.slides / f"{name}.html").is_file() else None,
        "pdf": f"{name}.pdf" if (course.slides / f"{name}.pdf").is_file() else None,
    }


def _inline(markdown: str) -> Markup:
    """A sentence of Markdown as HTML. The page has no MathJax: a formula is a letter or two, in italics."""
    text = re.sub(r"\$([^$]+)\$", lambda formula: f"<i>{escape(formula[1])}</i>", markdown)
    html = markdown2html_mistune(text).strip()
    return Markup(re.sub(r"^<p>(.*)</p>$", r"\1", html, flags=re.DOTALL))  # noqa: S704, the course's own text
