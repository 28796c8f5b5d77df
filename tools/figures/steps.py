"""A drawing that grows in steps: one SVG file, in which elements say at which steps they are seen.

`data-step="2"` is seen from step 2 on, `data-step="1-3"` from step 1 to step 3. Decks go through the steps; as a plain
image, the file shows the last one, since what is no longer seen there has `display="none"`.

Labels take a small markup: `{x1}` is an italic x with the subscript 1, `{.x1}` has a dot over the x
(a tangent), `{~x1}` a bar (a cotangent).
"""

# ruff: noqa: E501 - sentences and markup stay on one line
from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from triptych.data.course_graphs import FONT

ROOT = Path(__file__).resolve().parents[2]
THEME = (ROOT / "slides" / "theme" / "triptych.css").read_text(encoding="utf-8")
MARKS = {".": "\u0307", "~": "\u0304", "": ""}
LABEL = re.compile(r"\{([.~]?)([^\W\d_])(\w*)\}")


def colour(name: str) -> str:
    """A colour of the slides' theme, as it is on a light slide."""
    found = re.search(rf"--{name}: (?:light-dark\()?(#\w{{6}})", THEME)
    if found is None:
        raise ValueError(f"slides/theme/triptych.css has no colour --{name}")
    return found[1]


INK, MUTED, RULE, TINT = colour("ink"), colour("muted"), colour("rule"), colour("tint")
FORWARD, REVERSE, NEUTRAL = colour("forward-area"), colour("reverse-area"), colour("neutral-area")
WARN = colour("warn-area")
#: Letters need more contrast than areas.
FORWARD_TEXT, REVERSE_TEXT = colour("forward"), colour("reverse")


def drawing(width: int, height: int, title: str, description: str, *pieces: str, card: str = "") -> str:
    """A drawing as SVG, on a white card. It has a size in pixels, or a notebook would make it as wide as the page."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" font-family="{FONT}">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(description)}</desc>",
            card or f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *pieces,
            "</svg>\n",
        ]
    )


@dataclass
class Drawing:
    """A drawing in steps. `story` has a sentence for the beginning, step 0, and one for what each step adds."""

    title: str
    story: list[str]
    width: int = 1000
    height: int = 430
    pieces: list[tuple[int, int | None, str]] = field(default_factory=list)

    def put(self, *svg: str, at: int = 1, until: int | None = None) -> None:
        """Draws from frame `at` on, and no longer from frame `until` on. Frame 1 is what is seen at first, at step 0."""
        until = None if until is not None and until > len(self.story) else until
        self.pieces += [(at, until, piece) for piece in svg if piece]

    def svg(self) -> str:
        """The file. It shows the last step, and is described by the whole story."""
        shown = []
        for (at, until), group in groupby(self.pieces, key=lambda piece: piece[:2]):
            elements = "\n".join(piece for _, _, piece in group)
            if until is not None:
                elements = f'<g data-step="{at - 1}-{until - 2}" display="none">\n{elements}\n</g>'
            elif at > 1:
                elements = f'<g data-step="{at - 1}">\n{elements}\n</g>'
            shown.append(elements)
        card = (
            f'<rect x="2" y="2" width="{self.width - 4}" height="{self.height - 4}" rx="18" fill="#ffffff" '
            f'stroke="{RULE}" stroke-width="2"/>'
        )
        return drawing(self.width, self.height, self.title, self.alt(), *shown, card=card)

    def alt(self) -> str:
        """What a person who cannot see the drawing must know."""
        return LABEL.sub(r"\2\3", " ".join(self.story))

    def markdown(self, file: str) -> str:
        """The drawing in a Markdown cell."""
        return f"![{self.alt()}]({file})"


def text(
    x: float, y: float, words: str, size: int = 28, fill: str = INK, anchor: str = "start", bold: bool = False
) -> str:
    """A line of text, with the markup of this module."""
    drop = round(size * 0.22)

    def label(match: re.Match[str]) -> str:
        mark, letter, sub = match.groups()
        letter = unicodedata.normalize("NFC", letter + MARKS[mark])
        italic = f'<tspan font-style="italic">{letter}</tspan>'
        if not sub:
            return italic
        return f'{italic}<tspan font-size="{max(22, round(size * 0.7))}" dy="{drop}">{sub}</tspan><tspan dy="-{drop}">\u200b</tspan>'

    inner = LABEL.sub(label, escape(words.replace("-", "−")))
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{weight}>{inner}</text>'


def box(
    x: float, y: float, w: float, h: float, stroke: str = NEUTRAL, fill: str = "#ffffff", r: int = 14, width: float = 3
) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r}" fill="{fill}" stroke="{stroke}" '
        f'stroke-width="{width:g}"/>'
    )


def wash(x: float, y: float, w: float, h: float, fill: str, r: int = 14) -> str:
    """A pale area of a strong colour, laid under what is being looked at."""
    return f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r}" fill="{fill}" fill-opacity="0.16"/>'


def dot(x: float, y: float, r: float, fill: str, stroke: str = "none") -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{r:g}" fill="{fill}" stroke="{stroke}" stroke-width="3"/>'


def line(points: list[tuple[float, float]], stroke: str = NEUTRAL, width: float = 3, dash: str = "") -> str:
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}" stroke-linecap="round"{dashes}/>'


def arrow(
    start: tuple[float, float], end: tuple[float, float], stroke: str = NEUTRAL, width: float = 3, bend: float = 0
) -> str:
    """An arrow from `start` to `end`, bent sideways by `bend` pixels (to the right of its way when positive)."""
    (x0, y0), (x1, y1) = start, end
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    nx, ny = -(y1 - y0) / length, (x1 - x0) / length
    cx, cy = (x0 + x1) / 2 + 2 * bend * nx, (y0 + y1) / 2 + 2 * bend * ny
    tx, ty = x1 - cx, y1 - cy
    norm = (tx**2 + ty**2) ** 0.5
    tx, ty = tx / norm, ty / norm
    head, half = 8 + 2.4 * width, 3 + 1.1 * width
    bx, by = x1 - head * tx, y1 - head * ty
    return (
        f'<path d="M{x0:.1f} {y0:.1f}Q{cx:.1f} {cy:.1f} {bx + 2 * tx:.1f} {by + 2 * ty:.1f}" fill="none" '
        f'stroke="{stroke}" stroke-width="{width:g}"/>'
        f'<path d="M{x1:.1f} {y1:.1f}L{bx - half * ty:.1f} {by + half * tx:.1f}L{bx + half * ty:.1f} {by - half * tx:.1f}z" '
        f'fill="{stroke}"/>'
    )
