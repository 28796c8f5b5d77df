"""Sphinx's configuration of the book. `triptych site` writes what Sphinx reads to build/book."""

from pathlib import Path

from triptych.check.references import BIBLIOGRAPHY
from triptych.model.course import Course
from triptych.site.build import FORMULA_SCRIPT

course = Course.find(Path(__file__).parent)

project = course.title
author = project_copyright = "The triptych maintainers"
language = course.language
html_title = project

extensions = [
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxcontrib.bibtex",
    "triptych.site.sphinx_extension",
]
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "html_image"]
myst_heading_anchors = 4
myst_update_mathjax = False
mathjax_path = FORMULA_SCRIPT
bibtex_bibfiles = [str(file) for file in course.source.glob(BIBLIOGRAPHY)]
copybutton_selector = ".cell_input div.highlight pre, .highlight-bash pre, .highlight-python pre"
nitpicky = True

html_theme = "sphinx_book_theme"
html_static_path = ["_static", str(course.root / "build" / "book" / "_static")]
html_css_files = ["theme.css", "book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_copyright = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "back_to_top_button": False,
    "logo": {"text": project},
    "home_page_in_toc": False,
    "navigation_with_keys": False,
    "repository_url": course.address,
    "show_toc_level": 2,
    "use_download_button": False,
    "use_repository_button": bool(course.address),
}
