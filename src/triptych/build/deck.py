"""A static slide deck: one HTML file that works from a memory stick, with no network.

nbconvert renders the cells with the template in `slides/template`; this module decides what belongs
to which slide, and brings every style, script and image into the file.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Iterator
from copy import deepcopy
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode
from traitlets.config import Config

from triptych.chapter import headings

STYLES = ("vendor/reveal.js/reset.css", "vendor/reveal.js/reveal.css", "theme/triptych.css")
# `start.js` configures MathJax, so it must run before it.
SCRIPTS = (
    "vendor/reveal.js/reveal.js",
    "vendor/reveal.js/notes.js",
    "template/start.js",
    "vendor/mathjax/tex-svg-full.js",
)
HIDE_INPUT = "hide-input"

_IMAGE = re.compile(r"""(<img\b[^>]*?\bsrc\s*=\s*)(["'])(.*?)\2""", re.IGNORECASE | re.DOTALL)
_ALT = re.compile(r"^#\|\s*fig-alt:\s*(.*)\n?", re.MULTILINE)


class DeckError(Exception):
    """A deck cannot be made as it stands."""


def write_deck(
    notebook: NotebookNode,
    resources_dir: Path,
    slides_dir: Path,
    target: Path,
    *,
    title: str,
    footer: str,
    lang: str = "en",
) -> None:
    """Writes the slides of an executed notebook, from which nothing has to be hidden any more.

    Relative images are looked for in `resources_dir`; template, theme and vendored scripts are in
    `slides_dir`. Raises DeckError when an image or one of those files cannot be had.
    """
    slides = list(_slides(notebook))
    if not slides:
        raise DeckError("The notebook has no cell to show: give one of its cells the slide type 'slide'.")
    arranged = deepcopy(notebook)
    arranged.cells = [cell for slide in slides for cell in slide]
    deck = {
        "title": title,
        "footer": footer,
        "lang": lang,
        "slides": len(slides),
        "styles": [_read(slides_dir / name) for name in STYLES],
        "scripts": [_inline_script(_read(slides_dir / name)) for name in SCRIPTS],
    }
    exporter = _DeckExporter(resources_dir, slides_dir)
    html, _ = exporter.from_notebook_node(arranged, {"deck": deck})
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(html, encoding="utf-8")


class _DeckExporter(SlidesExporter):
    """nbconvert's slides with our template and with images embedded.

    A subclass, because nbconvert's own embedding passes over a missing image in silence.
    """

    def __init__(self, resources_dir: Path, slides_dir: Path) -> None:
        self._resources_dir = resources_dir
        config = Config()
        config.TagRemovePreprocessor.enabled = True
        config.TagRemovePreprocessor.remove_input_tags = {HIDE_INPUT}
        super().__init__(  # type: ignore[no-untyped-call]
            config=config, extra_template_basedirs=[str(slides_dir)], template_name="template"
        )
        self.exclude_anchor_links = True

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        yield from super().default_filters()  # type: ignore[no-untyped-call]
        yield "with_images", self.with_images

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        return self.with_images(context, super().markdown2html(context, source))

    @pass_context
    def with_images(self, context: Context, html: str) -> str:
        """`html` with its images as data URIs."""
        cell_id = str(context.get("cell", {}).get("id", "?"))

        def embedded(match: re.Match[str]) -> str:
            start, quote, source = match.groups()
            return f"{start}{quote}{self._data_uri(unescape(source), cell_id)}{quote}"

        return _IMAGE.sub(embedded, html)

    def _data_uri(self, source: str, cell_id: str) -> str:
        if source.startswith("data:"):
            return source
        if re.match(r"(\w+:)?//", source):
            raise DeckError(
                f"Cell {cell_id!r} shows {source} from the web: save the image beside the notebook "
                "and show it from there."
            )
        file = self._resources_dir / unquote(source)
        mime, _ = mimetypes.guess_type(file.name)
        if not file.is_file() or mime is None:
            raise DeckError(
                f"Cell {cell_id!r} shows the image {source}, which is not in {self._resources_dir}: "
                "put the file there or correct its name in the cell."
            )
        return f"data:{mime};base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"


def _slides(notebook: NotebookNode) -> Iterator[list[NotebookNode]]:
    """The cells of each slide, with what the template reads in their metadata.

    Notes stand right behind a slide's first cell: after a fragment they would become the fragment's.
    """
    groups: list[list[NotebookNode]] = []
    notes_ahead: list[NotebookNode] = []
    for cell in deepcopy(notebook.cells):
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if kind == "skip" or (cell.cell_type == "raw" and kind != "notes"):
            continue
        if kind == "notes" and not groups:
            notes_ahead.append(cell)
        elif kind in ("slide", "subslide") or not groups:
            groups.append([cell])
        else:
            groups[-1].append(cell)
    if groups:
        groups[0][1:1] = notes_ahead

    in_exercise = False
    for number, group in enumerate(groups, start=1):
        notes = [c for c in group[1:] if c.metadata.get("slideshow", {}).get("slide_type") == "notes"]
        slide = [group[0], *notes, *(c for c in group[1:] if c not in notes)]
        titles = [h for c in slide if c.cell_type == "markdown" for h in headings(c.source)]
        kind = group[0].metadata.get("slideshow", {}).get("slide_type", "-")
        # An exercise that goes on below, on slides without a heading of their own, is still one.
        in_exercise = any("Exercise" in t for t in titles) or (in_exercise and not titles and kind != "slide")
        classes = _classes(slide, titles, in_exercise)
        for cell in slide:
            cell.metadata["deck"] = {"classes": " ".join(classes), "number": number}
            if cell.cell_type == "code":
                _prepare_code(cell)
        yield slide


def _classes(slide: list[NotebookNode], titles: list[str], in_exercise: bool) -> list[str]:
    """The looks of a slide: title, part (nothing but a heading), exercise, recap."""
    shown = [c for c in slide if c.metadata.get("slideshow", {}).get("slide_type") != "notes"]
    text = "\n".join(c.source for c in shown if c.cell_type == "markdown")
    recap = any(t.startswith("Recap") for t in titles)
    bare = len(titles) == 1 and len(shown) == 1 and len(text.strip().splitlines()) == 1
    looks = {
        "title": text.lstrip().startswith("# "),
        "part": bare and not in_exercise and not recap,
        "exercise": in_exercise,
        "recap": recap,
    }
    return [name for name, has in looks.items() if has]


def _prepare_code(cell: NotebookNode) -> None:
    """Takes the alternative text of a plot out of the code, and marks input that is hidden live.

    The text stands in the cell as `#| fig-alt: …`, the comment that Quarto reads too.
    """
    alt = _ALT.search(cell.source)
    if alt:
        cell.metadata["alt"] = alt[1].strip().strip("\"'")
        cell.source = _ALT.sub("", cell.source)
    if cell.metadata.get("jupyter", {}).get("source_hidden") or not cell.source.strip():
        # RISE goes by `source_hidden`, nbconvert by a tag.
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), HIDE_INPUT]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeckError(
            f"The deck needs {file}, which is missing: take it from the course's repository again."
        ) from None


def _inline_script(source: str) -> str:
    """A script that can stand between <script> tags.

    HTML ends a script at `</script` and reads on strangely after `<!--`, wherever they stand. In the
    vendored files they stand in strings and regular expressions alone, where `\\x3C` means the same.
    """
    source = re.sub(r"(?m)^//# sourceMappingURL=.*$", "", source)
    return re.sub(r"<(?=/?script|!--)", r"\\x3C", source, flags=re.IGNORECASE)
