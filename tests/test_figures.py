"""The animations: their numbers are the course's, their frames appear one by one, the last one is complete."""

from __future__ import annotations

import importlib
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lectures import COURSE, run_lecture
from nbformat.v4 import new_markdown_cell, new_notebook
from needs import needs_chromium

from triptych.build.browser import READY_TIMEOUT_MS, open_deck
from triptych.build.deck import write_deck
from triptych.model.chapter import read_chapter

SVG = "{http://www.w3.org/2000/svg}"
TOOLS = COURSE.root / "tools" / "figures"
sys.path.insert(0, str(TOOLS))
animations = importlib.import_module("animations")
NAMES = sorted(animations.ANIMATIONS)
SWEEP = ("05_forward_mode", "forward_sweep")

every_animation = pytest.mark.parametrize("name", NAMES, ids=lambda name: "_".join(name)[:2] + "_" + name[1])


def files(name: tuple[str, str]) -> list[Path]:
    folder = COURSE.source / name[0] / "figures" / name[1]
    return sorted(folder.glob("*.svg"), key=lambda file: int(file.stem))


def labels(file: Path) -> list[str]:
    """The lines of text in a frame, in reading order."""
    elements = ET.parse(file).getroot().iter(f"{SVG}text")
    return ["".join(text.itertext()).replace("\u200b", "").replace("−", "-") for text in elements]


def first_seen(name: tuple[str, str], label: str) -> int:
    """The number of the frame in which a label first appears; it must stay from then on."""
    visible = [label in labels(file) for file in files(name)]
    assert any(visible), f"{label!r} is in no frame; the last one has {labels(files(name)[-1])}"
    first = visible.index(True)
    assert all(visible[first:]), f"{label!r} does not stay"
    return first + 1


# --- from the course's code to the frames ------------------------------------------------------------


@every_animation
def test_frames_are_up_to_date(name: tuple[str, str]) -> None:
    animation = animations.ANIMATIONS[name]()
    frames = [file.read_text(encoding="utf-8") for file in files(name)]
    fresh = [animation.frame(number) for number in range(1, len(animation.story) + 1)]
    assert frames == fresh, "draw them again: python tools/figures/animations.py"


@every_animation
def test_notebook_shows_the_frames_as_fragments(name: tuple[str, str]) -> None:
    chapter, folder = name
    markdown = animations.ANIMATIONS[name]().markdown(f"figures/{folder}")
    cells = [c for c in read_chapter(COURSE.notebook(chapter)).cells if f"(figures/{folder}/" in c.source]
    assert len(cells) == 1
    assert markdown in cells[0].source, f"put in what animations.py --cell {chapter}/{folder} prints"
    # The sanitizer of JupyterLab drops the attribute when it has no value.
    assert markdown.count('hidden="hidden"') == len(files(name)) - 1
    assert markdown.count('class="fragment"') == len(files(name)) - 1


def test_no_other_cell_has_frames() -> None:
    shown = {
        (chapter, folder)
        for chapter in COURSE.plans
        for cell in read_chapter(COURSE.notebook(chapter)).cells
        if 'class="steps"' in cell.source
        for folder in re.findall(r"\(figures/(\w+)/\d+\.svg\)", cell.source)
    }
    assert shown == set(NAMES)


@every_animation
def test_frames_are_described_legible_and_load_nothing(name: tuple[str, str]) -> None:
    previous = ""
    for number, file in enumerate(files(name), start=1):
        root = ET.parse(file).getroot()
        assert root.tag == f"{SVG}svg"
        assert (root.findtext(f"{SVG}title") or "").endswith(f": {number} of {len(files(name))}")
        story = root.findtext(f"{SVG}desc") or ""
        assert story.startswith(previous)
        assert len(story) > len(previous) + 15
        previous = story
        assert not [e for e in root.iter() if e.tag.endswith(("script", "image", "style"))]
        assert "href" not in file.read_text(encoding="utf-8")
        assert min(float(e.get("font-size", "99")) for e in root.iter()) >= 20
        colours = set(re.findall(r'(?:fill|stroke)="(#\w{6})"', file.read_text(encoding="utf-8")))
        theme = (COURSE.root / "slides" / "theme" / "triptych.css").read_text(encoding="utf-8")
        assert all(colour in theme for colour in colours)


# --- the numbers, against JAX and what the lecture itself computes -----------------------------------


def g(number: Any) -> str:
    return f"{float(number):g}"


def worked_example(x: Any) -> Any:
    return x[0] * x[1] + x[1]


def test_forward_sweep_shows_values_and_tangents() -> None:
    name = SWEEP
    z, dz = jax.jvp(worked_example, (jnp.array([2.0, 4.0]),), (jnp.array([1.0, 0.0]),))
    assert run_lecture(name[0]).names["function_jvp"]([2.0, 4.0], [1.0, 0.0]) == (z, dz)
    y, dy = jax.jvp(lambda x: x[0] * x[1], (jnp.array([2.0, 4.0]),), (jnp.array([1.0, 0.0]),))
    sweep = (f"y = {g(y)}", f"ẏ = {g(dy)}", f"z = {g(z)}", f"ż = {g(dz)}")
    assert [first_seen(name, label) for label in sweep] == [2, 3, 4, 5]


def test_reverse_sweep_fills_one_accumulator_after_the_other() -> None:
    name = ("06_reverse_mode", "reverse_sweep")
    z, pull = jax.vjp(worked_example, jnp.array([2.0, 4.0]))
    x1_bar, x2_bar = pull(1.0)[0]
    assert first_seen(name, f"z = {g(z)}") == 1
    assert [first_seen(name, label) for label in ("z̄ = 1", "ȳ = 1", f"x̄1 = {g(x1_bar)}", f"x̄2 = {g(x2_bar)}")] == [
        2,
        3,
        4,
        5,
    ]
    # x2 is used twice: the sum contributes 1 before the product contributes the rest
    assert "x̄2 = 1" in labels(files(name)[2])
    assert f"one sweep: value {g(z)}, gradient [{g(x1_bar)}, {g(x2_bar)}]" in labels(files(name)[-1])


MATRICES = {
    ("03_linear_maps", "mvp_columns"): lambda: run_lecture("03_linear_maps").names["A"],
    ("03_linear_maps", "vmp_rows"): lambda: run_lecture("03_linear_maps").names["A"],
    ("05_forward_mode", "jvp_columns"): lambda: jax.jacobian(_two_outputs)(jnp.array([2.0, 4.0, 1.0])),
    ("06_reverse_mode", "vjp_rows"): lambda: jax.jacobian(_two_outputs)(jnp.array([2.0, 4.0, 1.0])),
}


def _two_outputs(x: Any) -> Any:
    return jnp.array([x[0] * x[1], 5 * x[2]])


@pytest.mark.parametrize("name", MATRICES, ids=lambda name: name[1])
def test_matrix_is_recovered_one_part_per_call(name: tuple[str, str]) -> None:
    matrix = np.asarray(MATRICES[name]())
    by_columns = name[1].endswith("columns")
    parts = matrix.T if by_columns else matrix
    assert len(files(name)) == 1 + len(parts)
    for calls, file in enumerate(files(name)):
        shown = {}
        for text in ET.parse(file).getroot().iter(f"{SVG}text"):
            x, y, words = float(text.get("x", 0)), float(text.get("y", 0)), "".join(text.itertext())
            if x > 740 and 100 < y < 350:  # the matrix is on the right
                shown[y, x] = words
        assert len(shown) == matrix.size
        read = np.array([shown[position] for position in sorted(shown)]).reshape(matrix.shape)
        read = read.T if by_columns else read
        assert np.array_equal(read[:calls].astype(float), parts[:calls])
        assert np.all(read[calls:] == "?")


def test_graph_is_swept_node_by_node() -> None:
    lecture = run_lecture("04_graphs").names
    for folder, values, given, turns in (
        ("forward_sweep", lecture["swept_forward"], ["x1", "x2", "x3"], ["y", "z1", "z2"]),
        ("backward_sweep", lecture["swept_back"], ["z1", "z2"], ["y", "x3", "x2", "x1"]),
    ):
        name = ("04_graphs", folder)
        weights = sorted(g(w) for _, _, w in lecture["graph_like_edges"])
        known = [g(values[node]) for node in given]
        for frame, file in enumerate(files(name)):
            numbers = [label for label in labels(file) if re.fullmatch(r"-?\d+", label)]
            assert sorted(numbers) == sorted([*weights, *known, *(g(values[node]) for node in turns[:frame])])
        for frame, node in enumerate(turns, start=1):
            caption = next(label for label in labels(files(name)[frame]) if "·" in label)
            total = caption.rsplit(" = ", 1)[1]
            assert total == g(values[node])
            terms = caption.split(" = ", 1)[1].rsplit(" = ", 1)[0]
            assert eval(terms.replace("·", "*")) == values[node]


# --- in a browser -----------------------------------------------------------------------------------

#: The number of the frame on top in the middle of the drawing, whether all frames cover one another, and whether the
#: top one is painted.
ON_TOP = """() => {
  const steps = document.querySelector("section.present:not(.stack) .steps") || document.querySelector(".steps");
  const frames = [...steps.children];
  const box = frames[0].querySelector("img").getBoundingClientRect();
  const hit = document.elementsFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const shown = frames.filter(frame => hit.includes(frame.querySelector("img")) && getComputedStyle(frame).opacity === "1");
  const same = frames.every(frame => {
    const other = frame.querySelector("img").getBoundingClientRect();
    return Math.abs(other.left - box.left) + Math.abs(other.top - box.top) + Math.abs(other.width - box.width) < 1;
  });
  const img = shown.length ? shown[shown.length - 1].querySelector("img") : null;
  return { top: img ? frames.indexOf(shown[shown.length - 1]) + 1 : 0, same,
           painted: !!img && img.complete && img.naturalWidth > 0, alt: img ? img.alt : "" };
}"""


def deck_of(cells: list[str], target: Path) -> Path:
    """The deck of some Markdown cells, each a slide. Images are looked for in source/."""
    notebook = new_notebook(cells=[new_markdown_cell(source) for source in cells])
    for cell in notebook.cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    write_deck(notebook, COURSE.source, COURSE.root / "slides", target, title="Animations", footer="")
    return target


def cell_of(name: tuple[str, str]) -> str:
    chapter, folder = name
    cells = read_chapter(COURSE.notebook(chapter)).cells
    source = next(c.source for c in cells if f"(figures/{folder}/" in c.source)
    return source.replace("(figures/", f"({chapter}/figures/")


def step_through(page: Any) -> list[int]:
    """The number of the frame on top, at first and after each step to the next fragment of the slide."""
    tops = []
    while True:
        page.wait_for_timeout(60)
        state = page.evaluate(ON_TOP)
        assert state["same"], "the frames do not cover one another"
        assert state["painted"], "a frame is not painted"
        tops.append(state["top"])
        if not page.evaluate("Reveal.availableFragments().next"):
            return tops
        page.keyboard.press("Space")


def broken_cells() -> dict[str, str]:
    """The forward sweep with faults: a frame that is no fragment, and frames that do not cover one another."""
    cell = cell_of(SWEEP)
    frame, steps = '<div class="fragment" hidden="hidden">', 'class="steps"'
    assert frame in cell
    assert steps in cell
    return {
        "no fragment": cell.replace(frame, '<div hidden="hidden">', 1),
        "not covering": cell.replace(steps, 'class="steps" style="display: block"'),
    }


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slide for each animation, in the order of NAMES, then the broken ones."""
    cells = [*(cell_of(name) for name in NAMES), *broken_cells().values()]
    return deck_of(cells, tmp_path_factory.mktemp("deck") / "animations.html")


@pytest.fixture(scope="module")
def page(deck: Path) -> Iterator[Any]:
    with open_deck(deck) as page:
        yield page


@needs_chromium
@pytest.mark.xdist_group("animations")
@every_animation
def test_each_step_shows_the_next_frame(page: Any, name: tuple[str, str]) -> None:
    slide, last = NAMES.index(name), len(files(name))
    page.evaluate("slide => Reveal.slide(slide, 0, -1)", slide)
    assert step_through(page) == list(range(1, last + 1))
    # the last frame is described by the whole story
    story = ET.parse(files(name)[-1]).getroot().findtext(f"{SVG}desc")
    assert page.evaluate(ON_TOP)["alt"] == story
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(60)
    assert page.evaluate(ON_TOP)["top"] == last - 1


@needs_chromium
@pytest.mark.xdist_group("animations")
def test_print_view_shows_the_last_frames(page: Any, deck: Path) -> None:
    printed = page.context.new_page()
    printed.goto(f"{deck.as_uri()}?print-pdf")
    printed.wait_for_selector("html[data-ready]", state="attached", timeout=READY_TIMEOUT_MS)
    pages = printed.locator(".pdf-page")
    assert pages.count() == len(NAMES) + len(broken_cells())
    for number, name in enumerate(NAMES):
        frames = pages.nth(number).locator(".steps > div")
        assert frames.count() == len(files(name))
        frames.last.scroll_into_view_if_needed()
        assert frames.last.locator("img").evaluate(
            """img => { const box = img.getBoundingClientRect();
                 return img.naturalWidth > 0 && getComputedStyle(img.closest(".steps > div")).visibility === "visible"
                   && document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) === img; }"""
        )
    printed.close()


@needs_chromium
@pytest.mark.xdist_group("animations")
def test_faults_of_animations_are_found(page: Any) -> None:
    page.evaluate("slide => Reveal.slide(slide, 0, -1)", len(NAMES))
    assert step_through(page) == [2, 3, 4, 5]
    page.evaluate("slide => Reveal.slide(slide, 0, -1)", len(NAMES) + 1)
    with pytest.raises(AssertionError, match="do not cover"):
        step_through(page)
