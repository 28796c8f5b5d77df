"""Tests of the drawings of all chapters."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from lectures import COURSE

from triptych.model.chapter import read_chapter

SVG = "{http://www.w3.org/2000/svg}"
DRAWINGS = sorted(COURSE.source.glob("*/figures/*.svg"))
#: Drawings with matrices, whose numbers are smaller.
SMALL_TEXT = {"paths": 16, "vmp_by_rows": 19}


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_drawing_is_described_legible_and_self_contained(path: Path) -> None:
    root = ET.parse(path).getroot()
    assert root.tag == f"{SVG}svg"
    # without a size, JupyterLab draws it as wide as the page
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert len(root.findtext(f"{SVG}title", "").strip()) > 10
    assert len(root.findtext(f"{SVG}desc", "").strip()) > 40
    for element in root.iter():
        assert element.tag.removeprefix(SVG) not in ("script", "image", "foreignObject", "style")
        assert not any("href" in attribute for attribute in element.attrib)
    assert "href" not in path.read_text(encoding="utf-8")
    sizes = [size for e in root.iter() if (size := e.get("font-size")) and not size.endswith("em")]
    assert min(map(float, sizes), default=20) >= SMALL_TEXT.get(path.stem, 20)
    card = root.find(f"{SVG}rect")
    assert card is not None and card.get("fill") in ("#ffffff", "white")


@pytest.mark.parametrize("chapter", COURSE.chapters)
def test_chapter_shows_all_its_drawings(chapter: str) -> None:
    text = "\n".join(cell.source for cell in read_chapter(COURSE.notebook(chapter)).cells)
    drawings = {path.stem for path in DRAWINGS if path.parts[-3] == chapter}
    assert drawings and set(re.findall(r"\(figures/([\w-]+)\.svg\)", text)) == drawings
