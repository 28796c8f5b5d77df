"""A static slide deck: one HTML file that works without a network.

nbconvert renders the cells with the template in `slides/template`. This module embeds every style, script and image.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from traitlets.config import Config

from triptych.build.deck_cells import DeckError, prepare, with_choices, with_lines
from triptych.build.fonts import font_faces
from triptych.build.inline_svg import SvgError, inline_svg
from triptych.build.interactive import STYLES as FIGURE_STYLES
from triptych.build.interactive import figure_scripts, interactive_figures
from triptych.files import write_whole
from triptych.model.course import ExercisePlan
from triptych.model.slides import CORE, HIDE_INPUT, Slide, plan_text, slides_of

__all__ = ["DeckError", "write_deck", "write_slides"]

STYLES = ("vendor/reveal.js/reset.css", "vendor/reveal.js/reveal.css", "theme/triptych.css", "theme/parts.css")
#: What formulas need, in the order in which it runs: `formulas.js` configures MathJax before MathJax loads.
FORMULAS = (
    "template/formulas.js",
    "vendor/mathjax/tex-svg.js",
    "vendor/mathjax/assistive-mml.js",
    "vendor/mathjax/tex/enclose.js",  # before cancel.js, which extends it
    "vendor/mathjax/tex/*.js",
    "vendor/mathjax/newcm/*.js",
    "vendor/fira/formulas.js",
)
SCRIPTS = (
    "vendor/reveal.js/reveal.js",
    "vendor/reveal.js/notes.js",
    "template/steps.js",
    "template/navigation.js",
    "template/countdown.js",
    "template/start.js",
    *FORMULAS,
)

_IMAGE = re.compile(r"""(<img\b[^>]*?\bsrc\s*=\s*)(["'])(.*?)\2([^>]*>)""", re.IGNORECASE | re.DOTALL)
_IMAGE_ALT = re.compile(r"""\balt\s*=\s*(["'])(.*?)\1""", re.IGNORECASE | re.DOTALL)
_HEADING_ID = re.compile(r"(<h[1-6])\b[^>]*(?=>)")
_CORE_MARK = re.compile(r"(<h[1-6]>)\s*●\s*")


def write_deck(
    notebook: NotebookNode,
    resources_dir: Path,
    slides_dir: Path,
    target: Path,
    *,
    title: str,
    footer: str,
    lang: str = "en",
    exercises: Mapping[str, ExercisePlan] | None = None,
    answers: bool = False,
    talk: str = "",
    closing: Slide | None = None,
) -> None:
    """Writes the slides of a notebook as one deck.

    Args:
        notebook: an executed notebook without secrets; everything on its slides is shown.
        resources_dir: the folder that relative paths of images start from.
        slides_dir: the folder with `template`, `theme` and `vendor`.
        target: the HTML file to write.
        title: the title of the page.
        footer: the text at the bottom of every slide.
        lang: the language of the page, as in HTML.
        exercises: the plans of exercises by id, for the badges with their points and minutes.
        answers: show also the answers that are not on the notebook's slides.
        talk: speaker, event and date, for the title slide.
        closing: a slide to end with.

    Raises:
        DeckError: an image or a file of `slides_dir` is missing, a slide shows nothing, or an option is wrong.
    """
    slides = slides_of(notebook, answers=answers)
    for slide in slides:
        if slide.core:
            slide.plan = f"{CORE} core path"
        if plan := (exercises or {}).get(slide.exercise or ""):
            slide.badge, slide.minutes = plan_text(plan), plan.minutes
    if slides:
        slides[0].talk = talk
        slides += [closing] if closing else []
    for slide in slides:
        slide.footer, slide.folder = footer, resources_dir
    write_slides(slides, slides_dir, target, title=title, lang=lang)


def write_slides(slides: list[Slide], slides_dir: Path, target: Path, *, title: str, lang: str) -> None:
    """Writes slides, of one notebook or of several, as one deck. Arguments and exceptions as in `write_deck`."""
    if not slides:
        raise DeckError("The notebook has no cell to show: give one of its cells the slide type 'slide'.")
    for number, slide in enumerate(slides, start=1):
        if slide.empty:
            raise DeckError(
                f"The slide that begins with cell {slide.id!r} shows nothing, since its code is hidden and has no "
                "output: show the code, let it print or draw, or give the cell the slide type 'skip'."
            )
        prepare(slide, number)
    deck = {
        "title": title,
        "lang": lang,
        "slides": len(slides),
        "styles": [font_faces(slides_dir), *(_read(slides_dir / name) for name in STYLES)],
        "scripts": [_inline_script(_read(file)) for file in script_files(slides_dir, SCRIPTS)],
    }
    cells = [cell for slide in slides for cell in slide.cells]
    notebook = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    html, _ = _DeckExporter(slides_dir).from_notebook_node(notebook, {"deck": deck})
    write_whole(target, _with_figures(html, slides_dir))


def _with_figures(html: str, slides_dir: Path) -> str:
    """The deck with the styles and scripts of the interactive figures that it shows."""
    names = interactive_figures(html)
    if not names:
        return html
    styles = "".join(f"<style>\n{_read(slides_dir / name)}</style>\n" for name in FIGURE_STYLES)
    sources = (_inline_script(_read(slides_dir / name)) for name in figure_scripts(names))
    scripts = "".join(f"<script>\n{source}</script>\n" for source in sources)
    head, end_of_head, rest = html.partition("</head>")
    body, end_of_body, end = rest.rpartition("</body>")
    return "".join([head, styles, end_of_head, body, scripts, end_of_body, end])


class _DeckExporter(SlidesExporter):
    """nbconvert's slides with the course's template and with embedded images.

    nbconvert's own option to embed images ignores missing files.
    """

    def __init__(self, slides_dir: Path) -> None:
        config = Config()
        config.TagRemovePreprocessor.enabled = True
        config.TagRemovePreprocessor.remove_input_tags = {HIDE_INPUT}
        super().__init__(  # type: ignore[no-untyped-call]
            config=config, extra_template_basedirs=[str(slides_dir)], template_name="template"
        )
        self.exclude_anchor_links = True
        self.pictures = 0

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        yield from super().default_filters()  # type: ignore[no-untyped-call]
        yield "with_images", self.with_images
        yield "with_lines", with_lines
        yield "with_choices", with_choices
        yield "inline_svg", self.inline_svg

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        html = super().markdown2html(context, source)
        html = _HEADING_ID.sub(r"\1", html)  # two chapters in one deck may have the same headings
        return self.with_images(context, _CORE_MARK.sub(r"\1", html))

    @pass_context
    def with_images(self, context: Context, html: str) -> str:
        """`html` with its images in it: SVG files as elements, others as data URIs."""
        cell = context.get("cell", {})
        folder, cell_id = Path(cell.get("metadata", {}).get("deck", {}).get("folder", "")), str(cell.get("id", "?"))

        def embed(match: re.Match[str]) -> str:
            start, quote, source, end = match.groups()
            source = unescape(source)
            if not source.startswith("data:") and source.lower().endswith(".svg"):
                alt = _IMAGE_ALT.search(start + end)
                file = _image_file(source, folder, cell_id)
                return self.inline_svg(file.read_text(encoding="utf-8"), unescape(alt[2]) if alt else "", source)
            return f"{start}{quote}{_data_uri(source, folder, cell_id)}{quote}{end}"

        return _IMAGE.sub(embed, html)

    def inline_svg(self, source: str, alt: str, name: str = "an output") -> str:
        """An SVG picture as an element of the page, with ids that no other has."""
        self.pictures += 1
        try:
            return inline_svg(source, alt, f"picture-{self.pictures}")
        except SvgError as error:
            raise DeckError(f"The picture {name} cannot be shown: {error}.") from error


def _image_file(source: str, folder: Path, cell_id: str) -> Path:
    if re.match(r"(\w+:)?//", source):
        raise DeckError(
            f"Cell {cell_id!r} shows {source} from the web: save the image beside the notebook and show it from there."
        )
    file = folder / unquote(source)
    if not file.is_file() or mimetypes.guess_type(file.name)[0] is None:
        raise DeckError(
            f"Cell {cell_id!r} shows the image {source}, which is not in {folder}: "
            "put the file there or correct its name in the cell."
        )
    return file


def _data_uri(source: str, folder: Path, cell_id: str) -> str:
    if source.startswith("data:"):
        return source
    file = _image_file(source, folder, cell_id)
    mime, _ = mimetypes.guess_type(file.name)
    return f"data:{mime};base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"


def script_files(slides_dir: Path, names: Iterable[str]) -> Iterable[Path]:
    """The files of these names, each once. A name may be a pattern."""
    files = [sorted(slides_dir.glob(name)) if "*" in name else [slides_dir / name] for name in names]
    return dict.fromkeys(chain(*files))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeckError(f"The deck needs {file}, which is missing: restore it from the course's repository.") from None


def _inline_script(source: str) -> str:
    """The script in a form that can be put between <script> tags.

    HTML ends a script at `</script` and changes how it reads on after `<!--`. In the vendored files both occur only
    in strings and regular expressions, where `\\x3C` means the same.
    """
    source = re.sub(r"(?m)^//# sourceMappingURL=.*$", "", source)
    return re.sub(r"<(?=/?script|!--)", r"\\x3C", source, flags=re.IGNORECASE)
