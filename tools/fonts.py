"""Makes the fonts of the decks: `python tools/fonts.py FOLDER`, where FOLDER has the unpacked sources.

    pip download --no-deps fontpkg-fira-sans==4.203 fontpkg-fira-code==5.2.post1 -d FOLDER   # then unzip both there
    pip install brotli                                                                       # writes woff2

Fontsource's files of Fira leave out arrows, superscripts and mathematical signs, so the complete fonts are cut down
here. Ligatures are left out. A small third font has the signs that neither Fira Sans nor Fira Code has; they come
from DejaVu Sans, which is a part of matplotlib.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import matplotlib
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
    for weight, style in SANS.items():
        font = TTFont(sans / "files" / f"FiraSans-{style}.ttf", recalcTimestamp=False)
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
