"""Interactive figures: which ones a deck shows, and the files that they need.

A picture `<svg data-interactive="NAME">` is taken over by `slides/interactive/NAME.js` where scripts run.
"""

from __future__ import annotations

import re

#: What every interactive figure needs, in the order in which it is loaded.
STYLES = ("interactive/figures.css",)
SCRIPTS = ("vendor/d3/d3.min.js", "interactive/figures.js")

_PICTURE = re.compile(r"""<svg\b[^>]*\bdata-interactive=["']([\w-]+)["']""")


def interactive_figures(html: str) -> list[str]:
    """The names of the interactive figures on a page, each once."""
    return sorted(set(_PICTURE.findall(html)))


def figure_scripts(names: list[str]) -> list[str]:
    """The scripts that these figures need, as paths in the folder `slides`: none without figures."""
    return [*SCRIPTS, *(f"interactive/{name}.js" for name in names)] if names else []
