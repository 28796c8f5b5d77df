"""SVG pictures as elements of a deck, so that they have its colours and fonts and can be animated.

A picture is drawn in the house colours of a light slide (`tools/figures`, matplotlib's style `triptych.mplstyle`). Here
they become the variables of `slides/theme/triptych.css`, which have values for dark slides, print and high contrast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
#: Variables of the theme, by the colours for which they stand. Older pictures have several greys for one purpose.
COLOURS = {
    "paper": "#ffffff #fff white",
    "tint": "#f3f5f8 #eef1f4 #f7f8fa #eef0f3 #f4f6f8",
    "rule": "#d3dae1 #d5dae0 #d5dae1 #d5d9df #e4e9ee #b6bdc8",
    "ink": "#1f2933 #1d2733 #2b313a #1d2530 #000000 #000 black",
    "muted": "#5b6573",
    "forward": "#0072b2 #005a8e",
    "forward-paper": "#e3f0f8",
    "reverse-area": "#d55e00",
    "reverse": "#b84a00 #8f3d00",
    "reverse-paper": "#fdeee4 #fde6d8 #fbe9df",
    "good-area": "#009e73",
    "good": "#00734f #00664b",
    "good-paper": "#f2faf6 #e2f4ee",
    "task-area": "#cc79a7",
    "task": "#8f3f6e",
    "task-paper": "#fcf5f9",
    "warn-area": "#e69f00",
    "warn": "#8a5a00 #9a6200",
    "warn-paper": "#fff8e8 #fdf3dc",
}
_VARIABLES = {colour: f"var(--{name})" for name, colours in COLOURS.items() for colour in colours.split()}
_PAINTS = {"fill", "stroke", "color", "stop-color", "flood-color", "lighting-color"}
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)")
_DECLARATION = re.compile(r"\s*([\w-]+)\s*:\s*([^;]*)")
#: Pixels of a slide in a point of a plot: as many as in a notebook, where triptych.mplstyle sets 110 to the inch.
POINT = 110 / 72
#: Elements that say nothing in a page, or that could load something.
_DROPPED = {"metadata", "title", "desc", "script", "foreignObject"}


class SvgError(Exception):
    """A picture is not well-formed SVG."""


def inline_svg(source: str, alt: str, prefix: str) -> str:
    """The `<svg>` element for a page.

    Args:
        source: the text of an SVG file, or of an SVG output.
        alt: the alternative text; without one, the picture's own title and description.
        prefix: begins the ids in the picture, which have to be unique in the page.

    Raises:
        SvgError: the text is not well-formed.
    """
    try:
        root = ElementTree.fromstring(source)  # noqa: S314, the course's own files
    except ElementTree.ParseError as error:
        raise SvgError(f"it is not well-formed ({error})") from None
    if root.tag != f"{{{SVG}}}svg":
        raise SvgError("it is not an SVG file")
    alt = alt.strip() or _description(root)
    _drop(root)
    _drop_background(root)
    names = {element.get("id", ""): f"{prefix}-{element.get('id')}" for element in root.iter() if element.get("id")}
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
        attributes = {key.replace(f"{{{XLINK}}}href", "href"): value for key, value in element.attrib.items()}
        element.attrib = {key: _value(key, value, names) for key, value in attributes.items() if _kept(key, value)}
        if element.tag == "style":
            element.text = _style_sheet(element.text or "", names)
    _size(root)
    classes = f"{root.get('class', '')} picture mathjax_ignore".strip()
    root.attrib = {"xmlns": SVG, **root.attrib, "class": classes, "role": "img", "aria-label": alt}
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _description(root: ElementTree.Element) -> str:
    texts = (root.findtext(f"{{{SVG}}}{name}") for name in ("title", "desc"))
    return " ".join(text.strip() for text in texts if text)


def _drop(element: ElementTree.Element) -> None:
    """Removes elements that a page does not need, and the white space between elements that are not text."""
    for child in list(element):
        if not isinstance(child.tag, str) or child.tag.removeprefix(f"{{{SVG}}}") in _DROPPED:
            element.remove(child)
            continue
        if not child.tag.startswith(f"{{{SVG}}}"):
            element.remove(child)
            continue
        _drop(child)
        if not element.tag.endswith(("}text", "}tspan", "}textPath")) and not (child.tail or "").strip():
            child.tail = None
    if len(element) and not (element.text or "").strip() and not element.tag.endswith(("}text", "}tspan", "}textPath")):
        element.text = None


def _drop_background(root: ElementTree.Element) -> None:
    """Removes what paints (nearly) the whole picture white: a first rectangle, or matplotlib's patch of the figure."""
    box = [float(number) for number in re.split(r"[\s,]+", root.get("viewBox", "0 0 0 0").strip())]
    for parent, child in list(_painted(root))[:3]:
        fill = (child.get("fill") or dict(_DECLARATION.findall(child.get("style", ""))).get("fill", "")).strip().lower()
        if fill not in COLOURS["paper"].split():
            continue
        if child.tag == f"{{{SVG}}}rect":
            width, height = (float(re.sub(r"[^\d.]", "", child.get(side, "0")) or 0) for side in ("width", "height"))
            if child.get("width") != "100%" and (width < 0.95 * box[2] or height < 0.95 * box[3]):
                continue
        elif not parent.get("id", "").startswith("patch_"):
            continue
        parent.remove(child)


def _painted(root: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, ElementTree.Element]]:
    """Rectangles and paths with their parents, in the order in which they are painted."""
    for parent in root.iter():
        if parent.tag == f"{{{SVG}}}defs":
            continue
        yield from ((parent, child) for child in parent if child.tag in (f"{{{SVG}}}rect", f"{{{SVG}}}path"))


def _kept(name: str, value: str) -> bool:
    """Whether an attribute says something in a page and loads nothing."""
    if name == "href":
        return value.startswith(("#", "data:image/"))
    return name == XML_SPACE or not name.startswith(("{", "on", "aria-"))


def _value(name: str, value: str, names: dict[str, str]) -> str:
    if name == "id":
        value = names[value]
    elif name == "href" and value.startswith("#"):
        value = "#" + names.get(value[1:], value[1:])
    elif name == "style":
        pairs = _DECLARATION.findall(value)
        value = "; ".join(f"{key}: {_value(key, text.strip(), names)}" for key, text in pairs if text.strip())
    elif name in _PAINTS and value.strip().lower() in _VARIABLES:
        value = _VARIABLES[value.strip().lower()]
    elif name == "font-family":
        value = _family(value)
    elif name == "font":  # as matplotlib writes it: italic 14px 'Fira Sans', sans-serif
        sized = re.match(r"(.*?[\d.]+(?:px|pt|em)?)\s+(.*)", value)
        value = f"{sized[1]} {_family(sized[2])}" if sized else value
    else:
        value = _REFERENCE.sub(lambda match: f"url(#{names.get(match[1], match[1])})", value)
    return value


def _style_sheet(css: str, names: dict[str, str]) -> str:
    """A style sheet in a picture counts for the whole page, so that only matplotlib's `*{…}` is left out."""
    css = re.sub(r"\*\s*\{[^}]*\}|@import[^;]*;", "", css)
    css = re.sub(r"#([\w-]+)(?=[^{}]*\{)", lambda match: "#" + names.get(match[1], match[1]), css)
    return re.sub(
        r"([\w-]+)(\s*:\s*)([^;}]+)",
        lambda match: f"{match[1]}{match[2]}{_value(match[1], match[3], names)}",
        css,
    ).strip()


def _family(value: str) -> str:
    first, _, _ = value.partition(",")  # the text font falls back to the code font for rare signs
    mono = re.search(r"mono|menlo|consolas|courier|fira code|--code-font", first, re.IGNORECASE)
    return "var(--code-font)" if mono else "var(--text-font)"


def _size(root: ElementTree.Element) -> None:
    """Gives the picture its size in pixels: matplotlib's is in points, and drawings have only a `viewBox`."""
    box = root.get("viewBox", "").split()
    for side, default in zip(("width", "height"), box[2:], strict=False):
        value = root.get(side, default)
        pixels = float(value[:-2]) * POINT if value.endswith("pt") else float(re.sub(r"[a-z]+$|%", "", value))
        root.set(side, f"{float(default) if value.endswith('%') else pixels:.0f}")
