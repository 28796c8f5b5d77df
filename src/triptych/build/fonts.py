"""The fonts of `slides/vendor/fira` as a style sheet that loads nothing."""

from __future__ import annotations

import base64
import re
from pathlib import Path

#: Families, by the names of the files, which also have the weight and the style.
FONTS = {"fira-sans": "Fira Sans", "fira-code": "Fira Code", "signs": "Signs"}


def font_faces(slides_dir: Path, pattern: str = "*.woff2") -> str:
    """A style sheet with the fonts whose files match a pattern in it."""
    faces = []
    for file in sorted((slides_dir / "vendor" / "fira").glob(pattern)):
        family, weight, style = re.fullmatch(r"([\w-]+?)-(\d+)(-italic)?", file.stem).groups()  # type: ignore[union-attr]
        data = base64.b64encode(file.read_bytes()).decode("ascii")
        look = f'font-family: "{FONTS[family]}"; font-weight: {weight}; font-style: {(style or "-normal")[1:]};'
        faces.append(f"@font-face {{ {look} src: url(data:font/woff2;base64,{data}); }}")
    return "\n".join(faces)
