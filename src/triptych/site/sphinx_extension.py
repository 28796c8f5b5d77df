"""An extension of Sphinx: SVG pictures in the page, links to the glossary, and the scripts of interactive figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

from triptych.build.inline_svg import inline_svg
from triptych.build.interactive import figure_scripts, interactive_figures

#: The folder with the chapters, whose bold terms are linked to the glossary.
CHAPTERS = "chapters/"


class InlinePictures(SphinxTransform):
    """Puts SVG files into the page, so that they have its colours and fonts, and scripts can move them."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        for number, image in enumerate(list(self.document.findall(nodes.image)), start=1):
            uri = str(image["uri"])
            if "://" in uri or not uri.endswith(".svg"):
                continue
            name, path = self.env.relfn2path(uri, self.env.docname)
            self.env.note_dependency(name)
            svg = inline_svg(Path(path).read_text(encoding="utf-8"), image.get("alt", ""), f"picture-{number}")
            if isinstance(image.parent, nodes.paragraph) and len(image.parent) == 1:
                image.parent["classes"].append("drawing")
            image.replace_self(nodes.raw("", svg, format="html"))
            if names := interactive_figures(svg):
                used = self.env.metadata[self.env.docname].get("figures", "").split()
                self.env.metadata[self.env.docname]["figures"] = " ".join(sorted({*used, *names}))


class LinkTerms(SphinxPostTransform):
    """Links terms of the glossary where a chapter sets them in bold, which is where it explains them."""

    default_priority = 5  # before Sphinx resolves references

    def run(self, **kwargs: Any) -> None:
        if not self.env.docname.startswith(CHAPTERS):
            return
        objects = self.env.domains.standard_domain.objects
        terms = {name.lower(): name for kind, name in objects if kind == "term"}
        for strong in list(self.document.findall(nodes.strong)):
            text = strong.astext().lower().replace("–", "-")
            if term := terms.get(text) or terms.get(text.removesuffix("s")):
                xref = {"refdomain": "std", "reftype": "term", "reftarget": term, "refdoc": self.env.docname}
                strong["classes"].append("term")
                strong.replace_self(addnodes.pending_xref("", strong.deepcopy(), refexplicit=True, **xref))


def _add_scripts(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Adds the scripts of the interactive figures on a page."""
    names = app.env.metadata.get(pagename, {}).get("figures", "").split()
    for script in figure_scripts(names):
        app.add_js_file(Path(script).name, loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_transform(InlinePictures)
    app.add_post_transform(LinkTerms)
    app.connect("html-page-context", _add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
