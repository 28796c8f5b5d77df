"""Makes the fonts of the decks: `python tools/fonts.py FOLDER`, where FOLDER has the unpacked sources.

    pip download --no-deps fontpkg-fira-sans==4.203 fontpkg-fira-code==5.2.post1 -d FOLDER   # then unzip both there
    pip install brotli                                                                       # writes woff2

Fontsource's files of Fira leave out arrows, superscripts and mathematical signs, so the complete fonts are cut down
here. Ligatures are left out. A small third font has the signs that neither Fira Sans nor Fira Code has; they come
from DejaVu Sans, which is a part of matplotlib.

Formulas are typeset by MathJax with its New Computer Modern, in which `formulas.js` replaces letters, digits and common
signs by those of Fira Sans.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from pathlib import Path

import matplotlib
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "slides" / "vendor" / "fira"
SANS = {"400": "Regular", "400-italic": "Italic", "600": "SemiBold", "600-italic": "SemiBoldItalic"}
CODE = ("400", "600")
#: Latin, combining marks, Greek, punctuation, superscripts and subscripts, arrows, mathematics, shapes, ticks.
RANGES = (
    (0x20, 0x17F), (0x1CD, 0x233), (0x2B0, 0x36F), (0x370, 0x3FF), (0x1D00, 0x1DBF), (0x1E00, 0x1EFF),
    (0x2000, 0x209F), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2150, 0x215F), (0x2190, 0x21FF), (0x2200, 0x22FF),
    (0x25A0, 0x25FF), (0x2713, 0x2718), (0x27E8, 0x27EB),
)  # fmt: skip
SIGNS = ((0x1D00, 0x1DBF), (0x2000, 0x23FF), (0x25A0, 0x25FF), (0x2713, 0x2718), (0x27E8, 0x27EB), (0x2C7C, 0x2C7C))
BOXES = ((0x2500, 0x259F),)
FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "zero"]
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: In the order of the mathematical alphabets, which have two signs more.
GREEK = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡ ΣΤΥΦΧΨΩ αβγδεζηθικλμνξοπρςστυφχψω"
#: Where Unicode has the letters of a style: of the Latin alphabet, of the Greek one, and the digits. The second
#: alphabet of a style is that of letters without serifs.
STYLES = (
    ("400", None, None, None),
    ("400", 0x1D5A0, None, 0x1D7E2),
    ("400-italic", 0x1D434, 0x1D6E2, None),
    ("400-italic", 0x1D608, None, None),
    ("600", 0x1D400, 0x1D6A8, 0x1D7CE),
    ("600", 0x1D5D4, 0x1D756, 0x1D7EC),
    ("600-italic", 0x1D468, 0x1D71C, None),
    ("600-italic", 0x1D63C, 0x1D790, None),
)
SIGNS_OF_FORMULAS = "+-=<>()[]{}|/,.:;!?'×·÷±−≈≠≤≥∂∞→←…⋅"
#: Height of the middle of + and of a small x, in em.
AXIS, X_HEIGHT = 0.332, 0.527


def formula_letters(fonts: dict[str, TTFont]) -> dict[int, list[object]]:
    """Letters, digits and signs as MathJax has them: height, depth, width, and the shape with its slant."""
    letters: dict[int, list[object]] = {}
    for weight, latin, greek, digits in STYLES:
        font = fonts[weight]
        places = {latin + i if latin else ord(c): ord(c) for i, c in enumerate(LATIN)}
        places |= {greek + i if greek else ord(c): ord(c) for i, c in enumerate(GREEK) if c != " "}
        places |= {digits + i if digits else 0x30 + i: 0x30 + i for i in range(10)} if "italic" not in weight else {}
        if latin is None:
            places |= {ord(c): ord(c) for c in SIGNS_OF_FORMULAS} | {0x22C5: 0xB7, 0x2D: 0x2212}
        if weight == "400-italic":
            places |= {0x210E: ord("h"), 0x1D715: 0x2202}  # Planck's constant stands for the italic h
        letters |= {place: shape(font, point) for place, point in places.items() if point in font.getBestCmap()}
    return letters


def shape(font: TTFont, point: int) -> list[object]:
    glyphs, name = font.getGlyphSet(), font.getBestCmap()[point]
    bounds, pen = BoundsPen(glyphs), SVGPathPen(glyphs, ntos=lambda number: f"{number:.0f}")
    glyphs[name].draw(bounds)
    glyphs[name].draw(pen)
    x_min, y_min, x_max, y_max = bounds.bounds or (0, 0, 0, 0)
    width = glyphs[name].width
    slant = math.tan(math.radians(-font["post"].italicAngle)) * (y_max - y_min) / 2
    options: dict[str, object] = {"p": pen.getCommands().replace("Z", "")[1:]}
    if slant:
        options |= {"sk": round(((x_min + x_max - width) / 2 + slant) / 1000, 3), "ic": max(0, x_max - width) / 1000}
    return [y_max / 1000, max(0, -y_min) / 1000, width / 1000, options]


def code_points(*ranges: tuple[int, int]) -> set[int]:
    return {point for first, last in ranges for point in range(first, last + 1)}


def cut(font: TTFont, points: set[int], name: str) -> None:
    """Writes the part of a font that has these characters as `name`.woff2."""
    options = Options()
    options.layout_features = FEATURES
    options.name_IDs = [0, 1, 2, 5, 13, 14]
    options.notdef_outline = True
    options.hinting = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(TARGET / f"{name}.woff2")
    print(f"{name}: {len(font.getBestCmap())} characters, {(TARGET / f'{name}.woff2').stat().st_size / 1000:.0f} kB")


def main() -> None:
    sources = Path(sys.argv[1])
    TARGET.mkdir(parents=True, exist_ok=True)
    sans, code = sources / "fontpkg_fira_sans", sources / "fontpkg_fira_code"
    known: set[int] = set()
    fonts = {
        weight: TTFont(sans / "files" / f"FiraSans-{style}.ttf", recalcTimestamp=False)
        for weight, style in SANS.items()
    }
    letters = {"letters": formula_letters(fonts), "axis_height": AXIS, "x_height": X_HEIGHT}
    (TARGET / "formulas.js").write_text(f"window.FORMULAS = {json.dumps(letters, separators=(',', ':'))};\n")
    for weight, font in fonts.items():
        known |= font.getBestCmap().keys()
        cut(font, code_points(*RANGES), f"fira-sans-{weight}")
    for weight in CODE:
        font = TTFont(code / "files" / "FiraCode[wght].ttf", recalcTimestamp=False)
        known |= font.getBestCmap().keys()
        cut(instantiateVariableFont(font, {"wght": int(weight)}), code_points(*RANGES, *BOXES), f"fira-code-{weight}")
    signs = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    cut(TTFont(signs / "DejaVuSans.ttf", recalcTimestamp=False), code_points(*SIGNS) - known, "signs-400")
    shutil.copy(sans / "LICENSE", TARGET / "LICENSE")
    shutil.copy(code / "LICENSE", TARGET / "LICENSE-fira-code")
    shutil.copy(signs / "LICENSE_DEJAVU", TARGET / "LICENSE-dejavu")


if __name__ == "__main__":
    main()
