"""The fonts of `slides/vendor/fira` as a style sheet that loads nothing."""

from __future__ import annotations

import base64
import re
from collections.abc import Container
from pathlib import Path

#: Families, by the names of the files, which also have the weight and the style.
FONTS = {"fira-sans": "Fira Sans", "fira-code": "Fira Code", "signs": "Signs"}


def font_faces(slides_dir: Path, names: Container[str] | None = None) -> str:
    """A style sheet with fonts in it, by default all of them.

    Args:
        slides_dir: the course's `slides/`.
        names: the files' names without their ending.
    """
    faces = []
    for file in sorted((slides_dir / "vendor" / "fira").glob("*.woff2")):
        if names is not None and file.stem not in names:
            continue
        family, weight, style = re.fullmatch(r"([\w-]+?)-(\d+)(-italic)?", file.stem).groups()  # type: ignore[union-attr]
        data = base64.b64encode(file.read_bytes()).decode("ascii")
        look = f'font-family: "{FONTS[family]}"; font-weight: {weight}; font-style: {(style or "-normal")[1:]};'
        faces.append(f"@font-face {{ {look} src: url(data:font/woff2;base64,{data}); }}")
    return "\n".join(faces)
