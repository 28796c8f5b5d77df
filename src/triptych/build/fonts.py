"""The fonts of `slides/vendor/fira` as a style sheet."""

from __future__ import annotations

import base64
import re
from pathlib import Path

#: Families, by the names of the files, which also have the weight and the style.
FONTS = {"fira-sans": "Fira Sans", "fira-code": "Fira Code", "signs": "Signs"}


def font_files(slides_dir: Path, pattern: str = "*.woff2") -> list[Path]:
    """The files of the fonts, or of those whose names match a pattern."""
    return sorted((slides_dir / "vendor" / "fira").glob(pattern))


def font_faces(slides_dir: Path, pattern: str = "*.woff2", *, embedded: bool = True) -> str:
    """A style sheet with `font_files` in it, or, if not `embedded`, one that loads them from the files beside it."""
    faces = []
    for file in font_files(slides_dir, pattern):
        family, weight, style = re.fullmatch(r"([\w-]+?)-(\d+)(-italic)?", file.stem).groups()  # type: ignore[union-attr]
        data = base64.b64encode(file.read_bytes()).decode("ascii") if embedded else ""
        source = f"data:font/woff2;base64,{data}" if embedded else file.name
        look = f'font-family: "{FONTS[family]}"; font-weight: {weight}; font-style: {(style or "-normal")[1:]};'
        faces.append(f"@font-face {{ {look} src: url({source}); }}")
    return "\n".join(faces)
