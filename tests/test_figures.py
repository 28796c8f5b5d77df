"""The animations: their numbers are the course's, which appear step by step, and the last step has all of them."""

from __future__ import annotations

import functools
import importlib
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lectures import COURSE, run_lecture

from triptych.model.chapter import read_chapter

SVG = "{http://www.w3.org/2000/svg}"
TOOLS = COURSE.root / "tools" / "figures"
sys.path.insert(0, str(TOOLS))
animations = importlib.import_module("animations")
exercises = importlib.import_module("exercises")
NAMES = sorted(animations.ANIMATIONS)
SWEEP = ("05_forward_mode", "forward_sweep")
#: Drawn from rounding errors, whose last digits depend on the machine.
ROUNDING = ("01_finite_differences", "v_curve")

every_animation = pytest.mark.parametrize("name", NAMES, ids=lambda name: "_".join(name)[:2] + "_" + name[1])


def file(name: tuple[str, str]) -> Path:
    return COURSE.source / name[0] / "figures" / f"{name[1]}.svg"


def last(name: tuple[str, str]) -> int:
    """The number of the last step."""
    return len(animations.ANIMATIONS[name]().story) - 1


@functools.cache
def root_of(name: tuple[str, str]) -> ET.Element:
    return ET.parse(file(name)).getroot()


def seen(root: ET.Element, step: int) -> Iterator[ET.Element]:
    """The elements that are seen at a step: no range of steps around them excludes it."""
    first, _, end = root.get("data-step", "0").partition("-")
    if int(first) <= step <= int(end or step):
        yield root
        for child in root:
            yield from seen(child, step)


def words_of(text: ET.Element) -> str:
    return "".join(text.itertext()).replace("\u200b", "").replace("−", "-")


def labels(name: tuple[str, str], step: int) -> list[str]:
    """The lines of text at a step, in the order of drawing."""
    return [words_of(element) for element in seen(root_of(name), step) if element.tag == f"{SVG}text"]


def first_seen(name: tuple[str, str], label: str) -> int:
    """The step at which a label first appears; it must stay from then on."""
    visible = [label in labels(name, step) for step in range(last(name) + 1)]
    assert any(visible), f"{label!r} is at no step; the last one has {labels(name, last(name))}"
    first = visible.index(True)
    assert all(visible[first:]), f"{label!r} does not stay"
    return first


# --- from the course's code to the files -------------------------------------------------------------


@every_animation
def test_files_are_up_to_date(name: tuple[str, str]) -> None:
    written, fresh = file(name).read_text(encoding="utf-8"), animations.ANIMATIONS[name]().svg()
    if name == ROUNDING:
        words = re.compile(r"<title>.*</title>|<desc>.*</desc>|data-step=\S+")
        written, fresh = words.findall(written), words.findall(fresh)  # type: ignore[assignment]
    assert written == fresh, "draw them again: python tools/figures/animations.py"


@pytest.mark.parametrize("name", exercises.DRAWINGS)
def test_pictures_of_exercises_are_up_to_date(name: str) -> None:
    written = exercises.path(name).read_text(encoding="utf-8")
    assert written == exercises.DRAWINGS[name](), "draw them again: python tools/figures/exercises.py"


@every_animation
def test_notebook_shows_the_drawing_as_an_image(name: tuple[str, str]) -> None:
    chapter, drawing = name
    cells = [c for c in read_chapter(COURSE.notebook(chapter)).cells if f"(figures/{drawing}.svg)" in c.source]
    assert len(cells) == 1
    markdown = animations.ANIMATIONS[name]().markdown(f"figures/{drawing}.svg")
    assert markdown in cells[0].source, f"put in what animations.py --cell {chapter}/{drawing} prints"


@every_animation
def test_last_step_is_what_a_plain_image_shows(name: tuple[str, str]) -> None:
    root, end = root_of(name), last(name)
    steps = {element: element.get("data-step") for element in root.iter() if element.get("data-step")}
    assert max(int(step.split("-")[0]) for step in steps.values() if step) == end
    for element, step in steps.items():
        assert step is not None
        ends = "-" in step and int(step.split("-")[1]) < end
        assert (element.get("display") == "none") == ends
    lit = {int(step) for element in root.iter() for step in element.get("data-lit", "0").split()}
    assert lit <= set(range(end + 1))


@every_animation
def test_every_step_changes_the_drawing(name: tuple[str, str]) -> None:
    states = [list(seen(root_of(name), step)) for step in range(last(name) + 1)]
    assert all(before != after for before, after in pairwise(states))


@every_animation
def test_drawings_are_described_legible_and_load_nothing(name: tuple[str, str]) -> None:
    root, source = root_of(name), file(name).read_text(encoding="utf-8")
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc") == animations.ANIMATIONS[name]().alt()
    assert not [e for e in root.iter() if e.tag.endswith(("script", "image", "style"))]
    assert "href" not in source
    # on a slide, of which a drawing takes at most 1150 by 460 pixels
    slide = min(1150 / float(root.get("width", 1)), 460 / float(root.get("height", 1)))
    for element in root.iter():
        for group in element:
            scale = re.search(r"scale\((\S+)\)", group.get("transform", ""))
            for text in group.iter():
                size = float(text.get("font-size", "99")) * (float(scale[1]) if scale else 1.0)
                assert scale is None or size * slide >= 22
    assert min(float(e.get("font-size", "99")) for e in root.iter()) >= 22
    colours = set(re.findall(r'(?:fill|stroke)="(#\w{6})"', source))
    theme = (COURSE.root / "slides" / "theme" / "triptych.css").read_text(encoding="utf-8")
    assert all(colour in theme for colour in colours)


# --- the numbers, against JAX and what the lecture itself computes -----------------------------------


def g(number: Any) -> str:
    return f"{float(number):g}"


def worked_example(x: Any) -> Any:
    return x[0] * x[1] + x[1]


def test_local_maps_have_the_slopes_and_the_gradient() -> None:
    name = ("03_linear_maps", "local_maps")
    a, b = (g(slope) for slope in jax.grad(worked_example)(jnp.array([2.0, 4.0])))
    assert labels(name, last(name))[-1].endswith(f"matrix [{a}, {b}]")
    by_x1, by_x2 = (g(slope) for slope in jax.grad(lambda x: x[0] * x[1])(jnp.array([2.0, 4.0])))
    slopes = [[label for label in labels(name, step) if label.isdigit()] for step in range(last(name) + 1)]
    assert [sorted(found) for found in slopes] == [[], [by_x2, by_x1], *[["1", "1", by_x2, by_x1]] * 2]


def test_recorded_program_is_what_jax_records() -> None:
    name = ("07_jax", "recorded")
    program = str(jax.make_jaxpr(lambda x1, x2: x1 * x2 + x2)(2.0, 4.0))
    steps = re.findall(r"\w+:f64\[\] = [^;]+?(?=;| in )", program)
    assert [labels(name, step)[-1] for step in range(1, last(name) + 1)] == steps
    assert not [label for step in range(last(name) + 1) for label in labels(name, step) if label.isdigit()]


def test_forward_sweep_shows_values_and_tangents() -> None:
    name = SWEEP
    z, dz = jax.jvp(worked_example, (jnp.array([2.0, 4.0]),), (jnp.array([1.0, 0.0]),))
    assert run_lecture(name[0]).names["function_jvp"]([2.0, 4.0], [1.0, 0.0]) == (z, dz)
    y, dy = jax.jvp(lambda x: x[0] * x[1], (jnp.array([2.0, 4.0]),), (jnp.array([1.0, 0.0]),))
    sweep = (f"y = {g(y)}", f"ẏ = {g(dy)}", f"z = {g(z)}", f"ż = {g(dz)}")
    assert [first_seen(name, label) for label in sweep] == [1, 2, 3, 4]


def test_reverse_sweep_fills_one_accumulator_after_the_other() -> None:
    name = ("06_reverse_mode", "reverse_sweep")
    z, pull = jax.vjp(worked_example, jnp.array([2.0, 4.0]))
    x1_bar, x2_bar = pull(1.0)[0]
    assert first_seen(name, f"z = {g(z)}") == 0
    bars = ("z̄ = 1", "ȳ = 1", f"x̄1 = {g(x1_bar)}", f"x̄2 = {g(x2_bar)}")
    assert [first_seen(name, label) for label in bars] == [1, 2, 3, 4]
    # x2 is used twice: the sum contributes 1 before the product contributes the rest
    assert "x̄2 = 1" in labels(name, 2)
    assert f"one sweep: value {g(z)}, gradient [{g(x1_bar)}, {g(x2_bar)}]" in labels(name, last(name))


def test_tape_keeps_slopes_and_replays_them() -> None:
    name = ("06_reverse_mode", "tape")
    lecture = run_lecture(name[0]).names
    z, tape = lecture["write"](2.0, 4.0)
    bars = lecture["replay"](tape, {"z": 1.0})
    (_, first), (_, second) = tape
    for step, slopes in ((1, first), (2, second)):
        words = "slopes: " + ", ".join(f"{g(slope)} to {argument}" for argument, slope in slopes)
        assert first_seen(name, words) == step
    assert first_seen(name, f"2:  z = y + x2 = {g(z)}") == 2
    for bar, step in (("z", 3), ("y", 4), ("x1", 5), ("x2", 5)):
        letter = {"z": "z̄", "y": "ȳ"}.get(bar[0], "x̄") + bar[1:]
        assert first_seen(name, f"{letter} = {g(bars[bar])}") == step


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
    assert last(name) == len(parts)
    for calls in range(last(name) + 1):
        shown = {}
        for text in (element for element in seen(root_of(name), calls) if element.tag == f"{SVG}text"):
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
        bar = {"x": "x̄", "y": "ȳ", "z": "z̄"} if folder == "backward_sweep" else {c: c for c in "xyz"}
        for step in range(len(turns) + 1):
            texts = labels(name, step)
            assert sorted(text for text in texts if re.fullmatch(r"-?\d+", text)) == weights
            known = [*given, *turns[:step]]
            expected = [f"{bar[node[0]]}{node[1:]} = {g(values[node])}" for node in known]
            unknown = [f"{bar[node[0]]}{node[1:]} = ?" for node in turns[step:]]
            boxes = [text for text in texts if "=" in text and "·" not in text]
            assert sorted(boxes) == sorted([*expected, *unknown])
        for step, node in enumerate(turns, start=1):
            caption = next(label for label in labels(name, step) if "·" in label)
            total = caption.rsplit(" = ", 1)[1]
            assert total == g(values[node])
            terms = caption.split(" = ", 1)[1].rsplit(" = ", 1)[0]
            assert eval(terms.replace("·", "*")) == values[node]


def _read(words: str) -> float:
    plain = words.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    factor, _, exponent = plain.partition("·10")
    return float(factor) * 10.0 ** int(exponent or 0)


def test_v_curve_shows_the_errors_that_the_lecture_computes() -> None:
    lecture = run_lecture(ROUNDING[0]).names
    steps, errors = lecture["all_steps"], lecture["forward_error"]
    shown = []
    for step, exponent in enumerate(animations.V_STEPS):
        told = labels(ROUNDING, step)
        error = next(_read(label[6:]) for label in told if label.startswith("error ") and label[6].isdigit())
        secant = next(float(label.split("secant ")[1].split(",")[0]) for label in told if "secant " in label)
        computed = float(errors[np.argmin(np.abs(np.log(steps / 10.0**exponent)))])
        assert abs(np.log10(error / computed)) < (0.2 if exponent > -8 else 1.5)
        assert abs(abs(secant - np.e) - error) < max(0.5 * error, 1e-3)
        shown.append(error)
    assert shown[0] > shown[1] > shown[2] < shown[3] < shown[4] < shown[5]  # a V
    points = [sum(e.get("r") == "3.4" for e in seen(root_of(ROUNDING), step)) for step in range(last(ROUNDING) + 1)]
    assert all(more > fewer for fewer, more in pairwise(points))
