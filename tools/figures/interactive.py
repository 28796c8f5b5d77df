"""Draws the static pictures of the interactive figures: `python tools/figures/interactive.py` writes them into source/.

Each is what the figure's own script draws at first, in a browser. A notebook shows it as an ordinary image; in a deck,
the script takes it over.
"""

# ruff: noqa: E501 - sentences stay on one line
from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps import FONT, ROOT, colour

from triptych.build.browser import launch
from triptych.build.interactive import figure_scripts


@dataclass(frozen=True)
class Picture:
    """A static picture: where it is, and what a person who cannot see it must know."""

    chapter: str
    title: str
    description: str


PICTURES = {
    "difference_step": Picture(
        "01_finite_differences",
        "The step of a forward difference, its secant and its error",
        "Left, the exponential function as computed in steps of ten to the minus 15 from 1: a staircase. The secant over one step ends on a stair that is too high, and is steeper than the tangent. Right, the error of the slope against the step, both logarithmic: a V with its tip near ten to the minus 8, and this step high on its left branch, at an error of 0.4.",
    ),
    "expression_swell": Picture(
        "02_symbolic",
        "The derivative of a formula as a tree, and value and slope as a graph",
        "For three applications of g. Left, the derivative written out is a tree of 35 operations, of which many are copies of others. Right, the graph of value and slope has 21: four operations for each value, three for each slope, in a row that grows by seven with each application.",
    ),
    "direction": Picture(
        "05_forward_mode",
        "A direction on a contour map, and the tangent of z",
        "Left, a contour map of z = x1 times x2 plus x2 with an arrow of length 1 at (2, 4) that points up, along x2. Right, z-dot against the direction of the arrow: a sine wave between minus 5 and 5. At 90 degrees z-dot is 3.",
    ),
    "dual_number": Picture(
        "05_forward_mode",
        "A dual number on the curve sin x²",
        "The curve of sin x squared with a point at x = 1.2 and the tangent there. Below, the dual number: 0.9915 plus 0.3130 epsilon, the height of the point and the slope of the tangent.",
    ),
    "two_sweeps": Picture(
        "05_forward_mode",
        "The graph of z = x1·x2 + x2 with both sweeps",
        "The graph of z = x1 times x2 plus x2 at (2, 4). Each node has its value, its tangent in blue and its adjoint in orange: x1 is 2, 1, 4; x2 is 4, 0, 3; the product y is 8, 4, 1; the sum z is 12, 4, 1. The edges have the local slopes 4, 2, 1 and 1.",
    ),
    "tape_replay": Picture(
        "06_reverse_mode",
        "A tape is recorded and replayed",
        "A tape of two frames. The first keeps y = x1 times x2 = 8 and its slopes, 4 to x1 and 2 to x2; the second keeps z = y plus x2 = 12 and its slopes, 1 and 1. Below, the accumulators after the replay: x1-bar = 4, x2-bar = 1 + 2 = 3, y-bar = 1, z-bar = 1.",
    ),
    "checkpoint_spacing": Picture(
        "06_reverse_mode",
        "The spacing of checkpoints: memory against computation",
        "A loop of 100 steps with a checkpoint every 10. On the way back, the nine checkpoints before the last stretch and the ten states of that stretch are held: 19. Below, against the spacing: the states held fall from 100 to 19 at 10 and rise to 100 again; the steps computed rise from 100 to 199 and are 190 at 10.",
    ),
    "descent": Picture(
        "08_likelihoods",
        "Gradient descent and Newton's method on the likelihood",
        "Left, contours of minus log L for 20 events over mu and gamma, with two walks from (0.3, 1.7). After ten steps, gradient descent at the rate 0.05 is at (0.746, 1.330), Newton's method at the fit, (2, 1). Right, the height above the fit against the steps: gradient descent falls slowly, Newton's method in five steps to below ten to the minus 8.",
    ),
}


def picture_file(name: str) -> Path:
    return ROOT / "source" / PICTURES[name].chapter / "figures" / f"{name}.svg"


def draw(page: Any, name: str) -> str:
    """The static picture of a figure, drawn in a blank page of a browser."""
    picture = PICTURES[name]
    page.set_content("<!DOCTYPE html><title>figure</title>")
    for script in figure_scripts([name]):
        page.add_script_tag(path=ROOT / "slides" / script)
    svg: str = page.evaluate("arguments => figures.still(...arguments)", [name, picture.title, picture.description])
    svg = re.sub(r"var\(--([\w-]+)\)", lambda match: colour(match[1]), svg)
    size = re.sub(r'.*?viewBox="0 0 (\S+) (\S+)".*', r'width="\1" height="\2"', svg, count=1, flags=re.DOTALL)
    svg = svg.replace("<svg ", f'<svg font-family="{FONT}" {size} ', 1)
    svg = re.sub(r"></(?:path|circle|rect)>", "/>", svg)
    return re.sub(r"(/>|</(?:title|desc|text|g|svg)>)(?=<)", r"\1\n", svg) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="figures to draw; without one, all")
    with launch() as browser:
        page = browser.new_page()
        for name in parser.parse_args().names or PICTURES:
            picture_file(name).write_text(draw(page, name), encoding="utf-8")
            print(picture_file(name).relative_to(ROOT))


if __name__ == "__main__":
    main()
