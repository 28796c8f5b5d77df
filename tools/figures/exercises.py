"""Draws pictures of exercises, and a channel of the likelihood: `python tools/figures/exercises.py` writes them into source/."""

# ruff: noqa: E501 - sentences and markup stay on one line
from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from steps import (
    FORWARD,
    FORWARD_TEXT,
    INK,
    MUTED,
    NEUTRAL,
    REVERSE,
    REVERSE_TEXT,
    ROOT,
    TINT,
    arrow,
    box,
    dot,
    drawing,
    line,
    text,
)


def forward_difference() -> str:
    """The forward difference of x² at 3 with a step of 0.5."""

    def place(x: float, y: float) -> tuple[float, float]:
        return 120 + 400 * (x - 2.2), 330 - 22 * (y - 4)

    curve = [place(2.2 + 0.05 * k, (2.2 + 0.05 * k) ** 2) for k in range(37)]
    here, corner, there = place(3, 9), place(3.5, 9), place(3.5, 12.25)
    return drawing(
        1100,
        350,
        "The forward difference of x² at 3 with a step of 0.5",
        "The curve x² with two points: at x = 3 its value is 9, at x = 3.5 it is 12.25. From the first to the second, a step of 0.5 to the right and a rise of 3.25.",
        line(curve, NEUTRAL, 4),
        line([here, corner], INK, 3, "4 9"),
        line([corner, there], INK, 3, "4 9"),
        line([here, there], INK, 4),
        dot(*here, 9, INK),
        dot(*there, 9, INK),
        text(here[0] - 16, here[1] - 16, "{f}(3) = 9", 28, INK, "end"),
        text(there[0] - 16, there[1] - 16, "{f}(3.5) = 12.25", 28, INK, "end"),
        text((here[0] + corner[0]) / 2, corner[1] + 36, "step 0.5", 28, INK, "middle"),
        text(corner[0] + 18, (corner[1] + there[1]) / 2 + 10, "rise 3.25", 28),
        text(870, 250, "slope ≈ ?", 32, INK, bold=True),
    )


def _column(x: float, y: float, numbers: list[str], fill: str, size: int = 62) -> str:
    cells = [
        f'<rect x="{x:g}" y="{y + k * size:g}" width="{size}" height="{size}" fill="#ffffff" stroke="{NEUTRAL}" stroke-width="2"/>'
        + text(x + size / 2, y + k * size + 42, number, 30, fill, "middle", bold=True)
        for k, number in enumerate(numbers)
    ]
    return "".join(cells)


def matrix_from_mvp() -> str:
    """A call of the black box with the first basis vector."""
    return drawing(
        1100,
        230,
        "A black box is called with a basis vector",
        "The vector (1, 0, 0) goes into a black box, mvp, and (2, 0) comes out: a column of the unknown 2 by 3 matrix A, whose entries are question marks.",
        _column(60, 22, ["1", "0", "0"], FORWARD_TEXT),
        arrow((138, 115), (222, 115), FORWARD, 5),
        box(236, 60, 230, 110, INK, INK),
        '<text x="351" y="125" font-family="Fira Code, monospace" font-size="30" fill="#ffffff" text-anchor="middle">mvp</text>',
        arrow((480, 115), (564, 115), FORWARD, 5),
        _column(580, 53, ["2", "0"], FORWARD_TEXT),
        text(780, 126, "{A} =", 34, INK, "end"),
        *(_column(810 + 62 * k, 53, ["?", "?"], MUTED) for k in range(3)),
    )


def _rule(sign: str, words: str) -> str:
    """An operation on 3 and 5, on the way back: accumulators with 10 and 20, and the cotangent 2."""

    def node(x: float, y: float, name: str, value: str, bar: str) -> str:
        return (
            box(x, y, 300, 104, NEUTRAL, TINT)
            + text(x + 24, y + 42, f"{{{name}}} = {value}", 30)
            + text(x + 24, y + 86, bar, 30, REVERSE_TEXT, bold=True)
        )

    return drawing(
        1100,
        300,
        f"The {words} on the way back",
        f"x1 = 3 and x2 = 5 go into a {words}. On the way back, its result has the cotangent 2. The accumulator of x1 holds 10 and that of x2 holds 20; what is added to each is a question mark.",
        node(40, 20, "x1", "3", "{~x1} = 10 + ?"),
        node(40, 176, "x2", "5", "{~x2} = 20 + ?"),
        arrow((520, 130), (352, 78), REVERSE, 5),
        arrow((520, 170), (352, 222), REVERSE, 5),
        dot(566, 150, 44, "#ffffff", INK),
        text(566, 162, sign, 40, INK, "middle", bold=True),
        arrow((784, 150), (622, 150), REVERSE, 5),
        box(796, 98, 264, 104, NEUTRAL, TINT),
        f'<text x="820" y="140" font-family="Fira Code, monospace" font-size="28" fill="{INK}">out</text>',
        text(820, 184, "cotangent 2", 30, REVERSE_TEXT, bold=True),
    )


def function_vjp() -> str:
    """The worked example before its sweep backward."""

    def node(x: float, y: float, name: str, value: str, bar: str) -> str:
        return (
            box(x, y, 190, 104, NEUTRAL, TINT)
            + text(x + 20, y + 42, f"{{{name}}} = {value}", 30)
            + text(x + 20, y + 86, f"{{~{name}}} = {bar}", 30, REVERSE_TEXT, bold=True)
        )

    return drawing(
        1100,
        300,
        "The worked example before its sweep backward",
        "x1 = 2 and x2 = 4 go into a product, y. y and x2 go into a sum, z, whose cotangent is 1. The values of y and z and all other cotangents are question marks.",
        arrow((234, 72), (434, 100), NEUTRAL, 3),
        arrow((234, 218), (434, 136), NEUTRAL, 3),
        arrow((634, 118), (834, 150), NEUTRAL, 3),
        arrow((234, 250), (834, 186), NEUTRAL, 3, 22),
        node(40, 20, "x1", "2", "?"),
        node(40, 180, "x2", "4", "?"),
        node(440, 66, "y", "?", "?"),
        node(840, 116, "z", "?", "1"),
        text(535, 50, "product", 26, MUTED, "middle"),
        text(935, 100, "sum", 26, MUTED, "middle"),
    )


def likelihood_channel() -> str:
    """The operations of one channel of the likelihood."""

    def value(x: float, y: float, words: str) -> str:
        return box(x - 40, y - 28, 80, 56, NEUTRAL, TINT) + text(x, y + 11, words, 32, INK, "middle")

    def step(x: float, y: float, words: str, size: int = 36) -> str:
        return dot(x, y, 38, "#ffffff", INK) + text(x, y + 12, words, size, INK, "middle", bold=True)

    return drawing(
        1100,
        270,
        "One channel of the likelihood as a graph",
        "mu times s and beta times b are added: the expectation nu. Its logarithm is multiplied by minus n, and added to nu. The operations are three products, two sums and one logarithm.",
        *(
            arrow(a, b, NEUTRAL, 3)
            for a, b in (
                ((92, 36), (188, 58)),
                ((92, 98), (188, 78)),
                ((92, 172), (188, 192)),
                ((92, 234), (188, 212)),
                ((266, 78), (372, 118)),
                ((266, 190), (372, 150)),
                ((450, 120), (566, 74)),
                ((650, 64), (764, 64)),
                ((706, 186), (784, 104)),
                ((846, 80), (942, 118)),
            )
        ),
        arrow((452, 146), (940, 144), NEUTRAL, 3, 14),
        value(50, 30, "μ"),
        value(50, 96, "{s}"),
        value(50, 174, "β"),
        value(50, 240, "{b}"),
        step(228, 68, "×"),
        step(228, 202, "×"),
        step(412, 134, "+"),
        step(610, 64, "log", 28),
        value(690, 212, "−{n}"),
        step(808, 64, "×"),
        step(982, 134, "+"),
        text(440, 210, "expected, ν", 26, MUTED, "middle"),
        text(982, 212, "to the total", 26, MUTED, "middle"),
    )


def frame() -> str:
    """A recorded number, and the frame that a product has written."""
    mono = f'font-family="Fira Code, monospace" font-size="27" fill="{INK}"'
    rows = [("rule", "mul_vjp"), ("arguments", "x1, x2"), ("values", "2.0, 4.0"), ("result", "y")]
    return drawing(
        580,
        420,
        "A recorded number, and a frame of the tape",
        "The number y has the value 8 and the accumulator 0. The frame on the tape that its product has written holds the rule mul_vjp, the arguments x1 and x2, their values 2 and 4, and the result y.",
        f'<text x="20" y="40" {mono}>y = x1 * x2</text>',
        box(20, 62, 170, 66, NEUTRAL, TINT, 0),
        box(190, 62, 170, 66, REVERSE, "#ffffff", 0),
        text(105, 105, "value 8", 28, INK, "middle"),
        text(275, 105, "bar 0", 28, REVERSE_TEXT, "middle", bold=True),
        text(20, 186, "one frame of the tape", 26, MUTED),
        box(20, 202, 540, 204, INK),
        *(
            text(44, 248 + 46 * k, name, 26, MUTED) + f'<text x="220" y="{248 + 46 * k}" {mono}>{escape(words)}</text>'
            for k, (name, words) in enumerate(rows)
        ),
    )


DRAWINGS = {
    "01_finite_differences/forward_difference": forward_difference,
    "03_linear_maps/matrix_from_mvp": matrix_from_mvp,
    "06_reverse_mode/mul_vjp": lambda: _rule("×", "product"),
    "06_reverse_mode/sum_vjp": lambda: _rule("+", "sum"),
    "06_reverse_mode/function_vjp": function_vjp,
    "06_reverse_mode/likelihood_channel": likelihood_channel,
    "06_reverse_mode/frame": frame,
}


def path(name: str) -> Path:
    """Where a drawing is."""
    chapter, _, file = name.partition("/")
    return ROOT / "source" / chapter / "figures" / f"{file}.svg"


def main() -> None:
    """Writes all drawings."""
    for name, draw in DRAWINGS.items():
        path(name).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
