"""Makes the book: writes what Sphinx reads to `build/book`, and runs Sphinx."""

from __future__ import annotations

import io
import shutil
import zipfile
from html import escape
from pathlib import Path
from urllib.parse import quote

import nbformat

import triptych
from triptych.build.answer_key import answer_key
from triptych.build.build_cache import BuildCache
from triptych.build.deck import FORMULAS, script_files
from triptych.build.fonts import font_faces, font_files
from triptych.build.interactive import SCRIPTS as FIGURE_SCRIPTS
from triptych.build.interactive import STYLES as FIGURE_STYLES
from triptych.build.targets import WORKSHOP
from triptych.files import regular_files
from triptych.fingerprint import fingerprint
from triptych.model.course import Course, CourseError
from triptych.site import pages
from triptych.site.chapter_page import chapter_page, deck_frame
from triptych.site.documentation import stage_documentation
from triptych.site.staging import Staging

#: Libraries whose versions may change the book.
LIBRARIES = ("myst-nb", "sphinx", "sphinx-book-theme", "sphinx-design", "sphinxcontrib-bibtex")
#: The name of the script with all that formulas need.
FORMULA_SCRIPT = "formulas.js"
#: Templates that the themes leave among their files.
THEME_MACROS = "webpack-macros.html"
#: Sphinx marks formulas by the class `math`; no other text of a page is searched for dollars.
_ONLY_MARKED = 'Object.assign(MathJax.options, { ignoreHtmlClass: ".*", processHtmlClass: "math" });'
#: The line of the decks' style sheet below which it is about slides.
_SLIDES_ONLY = "/* ---- Slides."


def build_site(course: Course) -> Path:
    """Makes the book from the student versions, answer keys and decks, which have to be up to date.

    Sphinx reads only the files again that have changed since the last time, and does not run if none has.

    Returns:
        The book's first page.

    Raises:
        CourseError: the course has no docs/conf.py, a cell of an answer key fails, or Sphinx has warnings, which it
            has then printed.
    """
    from sphinx.cmd.build import build_main  # of the extra `site`

    docs, scratch = course.root / "docs", course.root / "build"
    if not (docs / "conf.py").is_file():
        raise CourseError(f"{docs}/conf.py is missing, which configures the book. Restore it from the repository.")
    decks = [name for name in (*course.chapters, WORKSHOP) if (course.slides / f"{name}.html").is_file()]
    stage(course, scratch / "book", decks)
    cache, site = BuildCache(course), Staging(course.root / "site")
    products = [*(course.slides / f"{deck}.html" for deck in decks), *(course.release / c for c in course.chapters)]
    configuration = [docs / "conf.py", docs / "_static", Path(triptych.__file__).parent]
    inputs = fingerprint(scratch / "book", *products, *configuration, libraries=LIBRARIES)
    if cache.is_fresh(site.folder, inputs):
        return site.folder / "index.html"
    # Every page is written again (-a), since each has the titles of others in its navigation.
    options = ["-q", "-a", "-W", "--keep-going", "-c", str(docs), "-d", str(scratch / "doctrees")]
    # Not into site/: MyST-NB writes a folder beside it, and Sphinx leaves pages in it that are no longer made.
    if build_main([*options, str(scratch / "book"), str(scratch / "html")]):
        shutil.rmtree(scratch / "doctrees", ignore_errors=True)  # or the next run would not repeat the warnings
        raise CourseError("Sphinx has warnings, see above: fix the pages that they name.")
    for file in regular_files(scratch / "html"):
        if not file.name.endswith(THEME_MACROS):
            site.copy(file, file.relative_to(scratch / "html").as_posix())
    for deck in decks:
        site.copy(course.slides / f"{deck}.html", f"slides/{deck}.html")
    for chapter in course.chapters:
        site.write(f"notebooks/{chapter}.zip", _zip(course.release / chapter))
    site.finish()
    cache.record(site.folder, inputs)
    return site.folder / "index.html"


def stage(course: Course, folder: Path, decks: list[str]) -> None:
    """Writes what Sphinx reads.

    Args:
        course: the course.
        folder: where to write it.
        decks: the names of the decks that the book has.

    Raises:
        CourseError: a cell of an answer key fails.
    """
    staging = Staging(folder)
    documentation = stage_documentation(course, staging)
    staging.write("index.md", pages.first_page(course, decks, documentation))
    staging.write("exercises.md", pages.exercises_page(course))
    if decks:
        staging.write("slides.md", pages.slides_page(course, decks))
    if pages.has_bibliography(course):
        staging.write("bibliography.md", pages.bibliography_page())
    for chapter in course.chapters:
        released = nbformat.read(course.release / chapter / f"{chapter}.ipynb", as_version=4)
        top = chapter_links(course, chapter, has_deck=chapter in decks)
        page = chapter_page(released, answer_key(course, chapter), top, figures=chapter)
        staging.write(f"chapters/{chapter}.ipynb", nbformat.writes(page))
        for file in regular_files(course.release / chapter / "figures"):
            staging.copy(file, f"chapters/{chapter}/{file.name}")
    _stage_look(course, staging)
    staging.finish()


def _stage_look(course: Course, staging: Staging) -> None:
    """Writes styles, fonts and scripts, most of which the decks have as well."""
    slides = course.slides
    theme, line, _ = (slides / "theme" / "triptych.css").read_text(encoding="utf-8").partition(_SLIDES_ONLY)
    if not line:
        raise CourseError(f"{slides}/theme/triptych.css has no line {_SLIDES_ONLY!r}: write it below the colours.")
    figures = [(slides / name).read_text(encoding="utf-8") for name in FIGURE_STYLES]
    staging.write("_static/theme.css", "\n".join([font_faces(slides, embedded=False), theme, *figures]))
    for font in font_files(slides):
        staging.copy(font, f"_static/{font.name}")
    formulas = [file.read_text(encoding="utf-8") for file in script_files(slides, FORMULAS)]
    staging.write(f"_static/{FORMULA_SCRIPT}", "\n".join([formulas[0], _ONLY_MARKED, *formulas[1:]]))
    for name in FIGURE_SCRIPTS:
        staging.copy(slides / name, f"_static/{Path(name).name}")
    for file in sorted((slides / "interactive").glob("*.js")):
        staging.copy(file, f"_static/{file.name}")


def chapter_links(course: Course, chapter: str, *, has_deck: bool) -> str:
    """What is below a chapter's title: how to work on it, and its deck."""
    title = course.plans[chapter].title
    links = [("Notebook, to work on", f"../notebooks/{chapter}.zip")]
    if course.address:
        folder = quote(f"lab/tree/work/{chapter}/{chapter}.ipynb", safe="")
        binder = f"https://mybinder.org/v2/git/{quote(course.address, safe='')}/HEAD?urlpath={folder}"
        links.append(("Binder", binder))
    if course.hub:
        links.append(("Hub", course.hub))
    if has_deck:
        links.append(("Slides", f"../slides/{chapter}.html"))
    row = " ".join(f'<a href="{escape(address)}">{text}</a>' for text, address in links)
    frame = f"\n\n{deck_frame(chapter, title, '../')}" if has_deck else ""
    return f'<p class="links">{row}</p>{frame}'


def _zip(folder: Path) -> bytes:
    """A folder as a ZIP archive that depends on its files alone."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in regular_files(folder):
            entry = zipfile.ZipInfo(f"{folder.name}/{file.relative_to(folder).as_posix()}")
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            target.writestr(entry, file.read_bytes())
    return archive.getvalue()
