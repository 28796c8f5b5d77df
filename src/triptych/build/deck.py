"""A static slide deck: one HTML file that works from a memory stick, with no network.

nbconvert renders the cells with the template in `slides/template`; this module brings every style,
script and image into the file.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_raw_cell
from traitlets.config import Config

from triptych.model.slides import PLAN, Slide, hides_input, slides_of

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
_HEADING_ID = re.compile(r"(<h[1-6])\b[^>]*(?=>)")
_CORE_MARK = re.compile(r"(<h[1-6]>)\s*●\s*")
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
    badges: Mapping[str, str] | None = None,
) -> None:
    """Writes the slides of an executed notebook, from which nothing has to be hidden any more.

    Relative images are looked for in `resources_dir`; template, theme and vendored scripts are in
    `slides_dir`. `badges` says by exercise what its slide shows of points and minutes. Raises
    DeckError when an image or one of those files cannot be had, or a slide shows nothing.
    """
    slides = slides_of(notebook)
    for slide in slides:
        slide.footer, slide.folder = footer, resources_dir
        slide.badge = (badges or {}).get(slide.exercise or "", "")
    write_slides(slides, slides_dir, target, title=title, lang=lang)


def write_slides(slides: list[Slide], slides_dir: Path, target: Path, *, title: str, lang: str) -> None:
    """Writes slides, of one notebook or of several, as one deck. Raises as `write_deck` does."""
    if not slides:
        raise DeckError("The notebook has no cell to show: give one of its cells the slide type 'slide'.")
    for number, slide in enumerate(slides, start=1):
        if slide.empty:
            raise DeckError(
                f"The slide that begins with cell {slide.id!r} shows nothing, since its code is hidden and has no "
                "output: show the code, let it print or draw, or give the cell the slide type 'skip'."
            )
        _prepare(slide, number)
    deck = {
        "title": title,
        "lang": lang,
        "slides": len(slides),
        "styles": [_read(slides_dir / name) for name in STYLES],
        "scripts": [_inline_script(_read(slides_dir / name)) for name in SCRIPTS],
    }
    notebook = new_notebook(
        cells=[cell for slide in slides for cell in slide.cells], metadata={"language_info": {"name": "python"}}
    )
    html, _ = _DeckExporter(slides_dir).from_notebook_node(notebook, {"deck": deck})
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    partial.write_text(html, encoding="utf-8")
    partial.replace(target)  # a deck that is there is whole


class _DeckExporter(SlidesExporter):
    """nbconvert's slides with our template and with images embedded.

    A subclass, because nbconvert's own embedding passes over a missing image in silence.
    """

    def __init__(self, slides_dir: Path) -> None:
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
        html = super().markdown2html(context, source)
        html = _HEADING_ID.sub(r"\1", html)  # two chapters in one deck may have the same headings
        return self.with_images(context, _CORE_MARK.sub(r'\1<span class="core">●</span> ', html))

    @pass_context
    def with_images(self, context: Context, html: str) -> str:
        """`html` with its images as data URIs."""
        cell = context.get("cell", {})
        folder = Path(cell.get("metadata", {}).get("deck", {}).get("folder", ""))

        def embedded(match: re.Match[str]) -> str:
            start, quote, source = match.groups()
            return f"{start}{quote}{_data_uri(unescape(source), folder, str(cell.get('id', '?')))}{quote}"

        return _IMAGE.sub(embedded, html)


def _data_uri(source: str, folder: Path, cell_id: str) -> str:
    if source.startswith("data:"):
        return source
    if re.match(r"(\w+:)?//", source):
        raise DeckError(
            f"Cell {cell_id!r} shows {source} from the web: save the image beside the notebook and show it from there."
        )
    file = folder / unquote(source)
    mime, _ = mimetypes.guess_type(file.name)
    if not file.is_file() or mime is None:
        raise DeckError(
            f"Cell {cell_id!r} shows the image {source}, which is not in {folder}: "
            "put the file there or correct its name in the cell."
        )
    return f"data:{mime};base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"


def _prepare(slide: Slide, number: int) -> None:
    """Writes into a slide's cells what the template reads there."""
    slide.cells[0].metadata["slideshow"] = {"slide_type": slide.starts}
    if slide.plan:
        slide.cells.insert(1, new_raw_cell(slide.plan, metadata={"slideshow": {"slide_type": "notes"}}))
    deck = {
        "classes": " ".join(slide.looks),
        "number": number,
        "footer": slide.footer,
        "badge": slide.badge,
        "seconds": slide.seconds,
        "folder": str(slide.folder or ""),
    }
    for cell in slide.cells:
        cell.metadata["deck"] = deck
        if cell.cell_type == "code":
            _prepare_code(cell)
        elif slide.badge and cell.cell_type == "markdown":
            cell.source = PLAN.sub("", cell.source, count=1)  # the badge says it


def _prepare_code(cell: NotebookNode) -> None:
    """Takes the alternative text of a plot out of the code, and marks input that is hidden live.

    The text stands in the cell as `#| fig-alt: …`, the comment that Quarto reads too.
    """
    alt = _ALT.search(cell.source)
    if alt:
        cell.metadata["alt"] = alt[1].strip().strip("\"'")
        cell.source = _ALT.sub("", cell.source)
    if hides_input(cell):
        # RISE goes by `source_hidden`, nbconvert by a tag.
        cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), HIDE_INPUT})


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
