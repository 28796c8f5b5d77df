"""Interactive figures: operated with keys in a deck, numbers against the course's own code, static pictures elsewhere."""

from __future__ import annotations

import importlib
import math
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from decks import serious
from lectures import COURSE, run_lecture
from nbformat.v4 import new_markdown_cell, new_notebook
from needs import needs_chromium

from triptych.build.browser import READY_TIMEOUT_MS, launch, open_deck
from triptych.build.deck import write_deck
from triptych.build.interactive import STYLES, figure_scripts

sys.path.insert(0, str(COURSE.root / "tools" / "figures"))
pictures = importlib.import_module("interactive")
NAMES = sorted(pictures.PICTURES)
MOST_BYTES = 400_000

every_figure = pytest.mark.parametrize("name", NAMES)


def write(names: list[str], target: Path) -> Path:
    """A deck with a slide for each of some figures."""
    cells = [f"## {name}\n\n![About {name}]({pictures.picture_file(name)})" for name in names]
    cells = [cell.replace(str(COURSE.source) + "/", "") for cell in cells]
    notebook = new_notebook(cells=[new_markdown_cell(cell) for cell in ["# Figures", *cells]])
    for cell in notebook.cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    write_deck(notebook, COURSE.source, COURSE.slides, target, title="Figures", footer="")
    return target


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(NAMES, tmp_path_factory.mktemp("deck") / "figures.html")


@pytest.fixture(scope="module")
def blocked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(deck: Path, blocked: list[str]) -> Iterator[Any]:
    with open_deck(deck, motion=True, blocked=blocked) as page:
        yield page


# --- the files ---------------------------------------------------------------------------------------


def test_deck_has_only_the_scripts_of_its_figures(tmp_path: Path) -> None:
    html = write(["tape_replay", "direction"], tmp_path / "two.html").read_text(encoding="utf-8")
    assert sorted(re.findall(r'figures\.define\("(\w+)"', html)) == ["direction", "tape_replay"]
    assert html.count("var d3=") == 1
    without = write([], tmp_path / "none.html").read_text(encoding="utf-8")
    assert "d3" not in re.findall(r"var (\w+)=", without)
    assert "figures.define" not in without


def test_figures_are_small() -> None:
    size = sum((COURSE.slides / file).stat().st_size for file in [*STYLES, *figure_scripts(NAMES)])
    assert size < MOST_BYTES


def structure(svg: str) -> list[object]:
    """Elements, texts and colours of a picture, without coordinates, whose last digits depend on the browser."""
    return [
        (e.tag, e.get("fill"), e.get("stroke"), e.get("font-size"), (e.text or "").strip())
        for e in ET.fromstring(svg).iter()
    ]


@needs_chromium
@pytest.mark.xdist_group("interactive")
def test_static_pictures_are_what_the_scripts_draw() -> None:
    with launch() as browser:
        page = browser.new_page()
        for name in NAMES:
            saved = pictures.picture_file(name).read_text(encoding="utf-8")
            assert structure(saved) == structure(pictures.draw(page, name)), (
                f"draw {name} again: python tools/figures/interactive.py"
            )


# --- with the keyboard -------------------------------------------------------------------------------


class Figure:
    """A figure on its slide, operated with keys only."""

    def __init__(self, page: Any, name: str) -> None:
        self.page, self.name, self.slide = page, name, NAMES.index(name) + 1
        page.keyboard.press("Escape")
        page.evaluate(
            "slide => { document.activeElement.blur(); Reveal.toggleOverview(false); Reveal.slide(slide); }", self.slide
        )

    def press(self, control: str, *keys: str) -> Figure:
        """Goes to a control with Tab, presses keys there, and checks that the deck has stayed on its slide."""
        for _ in range(20):
            if self.page.evaluate("document.activeElement?.dataset?.control ?? ''") == control:
                break
            self.page.keyboard.press("Tab")
        else:
            pytest.fail(f"Tab does not reach {control!r}")
        focused = self.page.locator(":focus")
        assert focused.evaluate("e => e.closest('svg').dataset.figure") == self.name
        assert focused.get_attribute("role") == "slider"
        assert focused.get_attribute("aria-label")
        ring = focused.locator(".ring").evaluate("ring => getComputedStyle(ring).stroke")
        assert ring != "rgba(0, 0, 0, 0)", "the focus is not visible"
        for key in keys:
            self.page.keyboard.press(key)
        assert self.page.evaluate("Reveal.getIndices().h") == self.slide
        assert focused.get_attribute("aria-valuetext")
        return self

    def value(self, control: str) -> float:
        """The value of a control, for a screen reader."""
        return float(self.page.locator(f"{self.live} [data-control={control}]").get_attribute("aria-valuenow"))

    @property
    def live(self) -> str:
        return f"svg.interactive[data-figure={self.name}]"

    def text(self, number: str) -> str:
        content: str = self.page.locator(f"{self.live} [data-number={number}]").text_content()
        return content.replace("−", "-")

    def numbers(self, number: str) -> list[float]:
        """The numbers in a line of the figure; only the last one of an equation."""
        return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", self.text(number).rsplit("= ", 1)[-1])]

    def number(self, number: str) -> float:
        (only,) = self.numbers(number)
        return only


def worked_example(x: Any) -> Any:
    return x[0] * x[1] + x[1]


def check_difference_step(figure: Figure) -> None:
    for keys, exponent in ((["End"], 0), (["PageDown"] * 8, -8), (["PageDown"] * 7, -15), (["ArrowLeft"] * 2, -16)):
        figure.press("exponent", *keys)
        assert figure.value("exponent") == exponent
        step = float(f"1e{exponent}")
        slope = (math.exp(1 + step) - math.e) / step
        assert figure.number("slope") == pytest.approx(slope, abs=1e-9)
        error = figure.text("error").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")).replace("·10", "e")
        assert float(error) == pytest.approx(abs(slope - math.e), rel=0.06)


def check_expression_swell(figure: Figure) -> None:
    lecture = run_lecture("02_symbolic").names
    figure.press("n", "Home")
    for n in range(1, 7):
        assert figure.value("n") == n
        assert figure.number("formula") == lecture["f_counts"][n - 1]
        assert figure.number("tree") == lecture["slope_counts"][n - 1]
        assert figure.number("graph") == lecture["per_step"] * n
        figure.press("n", "ArrowRight")
    assert lecture["slope_counts"] == [2, 10, 35, 99, 255, 623]
    # small trees show their leaves too; in the graph, each operation is a dot
    for n, dots in ((6, 623 + 42), (3, 35 + 21)):
        figure.press("n", "Home", *["ArrowRight"] * (n - 1))
        assert figure.page.locator(f"{figure.live} g:not([role]) circle").count() == dots


def check_direction(figure: Figure) -> None:
    for keys in (["Home"], ["ArrowRight"] * 7, ["End"], ["PageDown"] * 4):
        figure.press("angle", *keys)
        angle = math.radians(figure.value("angle"))
        along = jnp.array([math.cos(angle), math.sin(angle)])
        _, tangent = jax.jvp(worked_example, (jnp.array([2.0, 4.0]),), (along,))
        assert figure.number("tangent") == pytest.approx(float(tangent), abs=0.006)
        assert figure.numbers("direction") == pytest.approx(along.tolist(), abs=0.006)


def check_dual_number(figure: Figure) -> None:
    for keys in (["Home"], ["PageUp"] * 6, ["ArrowRight"] * 3, ["End"]):
        figure.press("at", *keys)
        value, tangent = jax.jvp(lambda x: jnp.sin(x * x), (figure.value("at"),), (1.0,))
        assert figure.number("value") == pytest.approx(float(value), abs=6e-5)
        assert figure.number("tangent") == pytest.approx(abs(float(tangent)), abs=6e-5)
        assert ("-" in figure.text("sign")) == (tangent < 0)


def check_two_sweeps(figure: Figure) -> None:
    for _ in range(2):
        x = jnp.array([figure.value("x1"), figure.value("x2")])
        dx = jnp.array([figure.value("dx1"), figure.value("dx2")])
        y, dy = jax.jvp(lambda x: x[0] * x[1], (x,), (dx,))
        z, dz = jax.jvp(worked_example, (x,), (dx,))
        x_bar = jax.grad(worked_example)(x)
        shown = {name: figure.text(name) for name in ("x1", "x2")}
        assert shown == {f"x{i}": f"x{i} = {x[i - 1]:g}" for i in (1, 2)}
        assert [figure.number("y"), figure.number("z")] == pytest.approx([float(y), float(z)])
        assert [figure.number("tangent-y"), figure.number("tangent-z")] == pytest.approx([float(dy), float(dz)])
        assert [figure.number("adjoint-x1"), figure.number("adjoint-x2")] == pytest.approx(x_bar.tolist())
        assert [figure.number("adjoint-y"), figure.number("adjoint-z")] == [1, 1]
        figure.press("x1", *["ArrowLeft"] * 7).press("x2", "End").press("dx1", "Home").press("dx2", *["ArrowUp"] * 3)
    assert x.tolist() == [-1.5, 5.0]


def check_tape_replay(figure: Figure) -> None:
    lecture = run_lecture("06_reverse_mode").names
    figure.press("step", "Home").press("x1", "ArrowRight", "ArrowRight", "ArrowRight").press("x2", *["ArrowLeft"] * 13)
    z, tape = lecture["write"](figure.value("x1"), figure.value("x2"))
    assert (figure.value("x1"), figure.value("x2"), z) == (3.5, -2.5, -11.25)
    done = [{}, {}, {}, {"z": 1.0}, lecture["replay"](tape[1:], {"z": 1.0}), lecture["replay"](tape, {"z": 1.0})]
    for step, bars in enumerate(done):
        assert figure.value("step") == step
        for name in ("x1", "x2", "y", "z"):
            assert figure.number(name) == bars.get(name, 0.0), f"step {step}"
        figure.press("step", "ArrowRight")


def check_checkpoint_spacing(figure: Figure) -> None:
    lecture = run_lecture("06_reverse_mode").names
    for keys in (["Home"], ["ArrowRight"] * 6, ["ArrowRight"] * 3, ["PageUp"] * 3, ["End"]):
        figure.press("spacing", *keys)
        _, held, done = lecture["checkpointed"](0.01, lecture["steps"], int(figure.value("spacing")))
        assert (figure.number("held"), figure.number("computed")) == (held, done)


def check_descent(figure: Figure) -> None:
    lecture = run_lecture("08_likelihoods").names
    start = lecture["newton"][0]
    for rate, steps, to_rate, to_steps in (
        (0.05, 10, [], []),
        (0.05, 1, [], ["ArrowLeft"] * 9),
        (0.15, 60, ["PageUp"] * 5, ["End"]),
    ):
        figure.press("steps", *to_steps).press("rate", *to_rate)
        assert (figure.value("rate"), figure.value("steps")) == (rate, steps)
        assert figure.numbers("descent") == pytest.approx(lecture["descend"](start, rate, steps)[-1].tolist(), abs=6e-4)
        newton = lecture["newton"][min(steps, len(lecture["newton"]) - 1)]
        assert figure.numbers("newton") == pytest.approx(newton.tolist(), abs=6e-4)
    assert figure.numbers("newton") == [2, 1]


CHECKS: dict[str, Callable[[Figure], None]] = {name: globals()[f"check_{name}"] for name in NAMES}


@needs_chromium
@pytest.mark.xdist_group("interactive")
@every_figure
def test_keys_change_the_numbers_and_the_numbers_are_right(page: Any, name: str) -> None:
    figure = Figure(page, name)
    CHECKS[name](figure)
    page.keyboard.press("Space")  # nor does the space bar move the deck
    assert page.evaluate("Reveal.getIndices().h") == figure.slide
    page.keyboard.press("Escape")  # leaves the control
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == min(figure.slide + 1, len(NAMES))


#: Lines of text that are too small or not within the figure, with the size of a letter in pixels of the slide.
BAD_TEXT = """live => {
  const frame = live.getBoundingClientRect(), scale = Reveal.getScale();
  return [...live.querySelectorAll("text")].filter(text => text.textContent).flatMap(text => {
    const box = text.getBoundingClientRect();
    const size = Math.min(...[text, ...text.querySelectorAll("tspan")].map(e => parseFloat(getComputedStyle(e).fontSize)))
      * text.getScreenCTM().a / scale;
    const inside = box.left > frame.left - 1 && box.right < frame.right + 1 && box.top > frame.top - 1 && box.bottom < frame.bottom + 1;
    return inside && size >= 22 ? [] : [`${text.textContent}: ${size.toFixed(1)} px, inside: ${inside}`];
  });
}"""


@needs_chromium
@pytest.mark.xdist_group("interactive")
@every_figure
def test_letters_are_large_and_inside_at_the_ends_of_all_controls(page: Any, name: str) -> None:
    figure = Figure(page, name)
    controls = page.locator(f"{figure.live} [data-control]").evaluate_all("all => all.map(e => e.dataset.control)")
    assert controls
    for key in ("Home", "End"):
        for control in controls:
            figure.press(control, key)
        assert page.locator(figure.live).evaluate(BAD_TEXT) == []


@needs_chromium
@pytest.mark.xdist_group("interactive")
def test_figures_are_accessible_and_request_nothing(page: Any, blocked: list[str]) -> None:
    for name in NAMES:
        Figure(page, name)
        assert serious(page) == []
    assert blocked == []


@needs_chromium
@pytest.mark.xdist_group("interactive")
def test_figures_follow_mouse_and_finger(page: Any, deck: Path) -> None:
    figure = Figure(page, "descent")
    x, y, width, height = page.locator(f"{figure.live} [data-control=steps]").bounding_box().values()
    page.mouse.move(x + width / 2, y + height * 0.7)
    page.mouse.down()
    assert 20 < figure.value("steps") < 40
    page.mouse.move(x + width + 50, y)
    assert figure.value("steps") == 60
    page.mouse.up()

    context = page.context.browser.new_context(viewport={"width": 1280, "height": 720}, has_touch=True)
    touched = context.new_page()
    touched.goto(f"{deck.as_uri()}#/{figure.slide}")
    touched.wait_for_selector("html[data-ready]", state="attached", timeout=READY_TIMEOUT_MS)
    finger = Figure(touched, "descent")
    session = context.new_cdp_session(touched)
    # a drag, which a browser does not repeat as a mouse would do it
    for kind, share in (("touchStart", 0.5), ("touchMove", 0.4), ("touchMove", 0.3), ("touchEnd", None)):
        points = [] if share is None else [{"x": x + width * share, "y": y + height * 0.7}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert 10 < finger.value("steps") < 20
    assert touched.evaluate("Reveal.getIndices().h") == finger.slide
    context.close()


# --- the static picture ------------------------------------------------------------------------------

SHOWN = """() => [...document.querySelectorAll("svg[data-interactive]")].map(picture => [
  picture.dataset.interactive,
  getComputedStyle(picture).display !== "none",
  getComputedStyle(picture.nextElementSibling).display !== "none",
])"""


@needs_chromium
@pytest.mark.xdist_group("interactive")
def test_static_picture_stays_for_reduced_motion_and_in_print(page: Any, deck: Path) -> None:
    try:
        assert page.evaluate(SHOWN) == [[name, False, True] for name in NAMES]
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(SHOWN) == [[name, True, False] for name in NAMES]
        page.emulate_media(reduced_motion="no-preference", media="print")
        assert page.evaluate(SHOWN) == [[name, True, False] for name in NAMES]
    finally:
        page.emulate_media(reduced_motion="no-preference", media="screen")
    printed = page.context.new_page()
    printed.goto(f"{deck.as_uri()}?print-pdf")
    printed.wait_for_selector("html[data-ready]", state="attached", timeout=READY_TIMEOUT_MS)
    assert printed.evaluate(SHOWN) == [[name, True, False] for name in NAMES]
    printed.close()
