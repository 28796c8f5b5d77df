"""Draws the pictures of chapter 5: `python tools/figures/forward_mode.py` writes them into source/.

A number and its tangent are a pair of boxes, grey and blue, from the first rule to the class of dual numbers. In a deck,
`data-step` and `data-lit` reveal and highlight parts of a picture; as an image, a picture shows its last state.
"""

# ruff: noqa: E501 - markup stays on one line
from __future__ import annotations

import math
from xml.sax.saxutils import escape

from steps import FORWARD, FORWARD_TEXT, INK, MUTED, NEUTRAL, ROOT, TINT, arrow, drawing, line, text

from triptych.model.course import Course

FOLDER = Course(ROOT).source / "05_forward_mode" / "figures"
#: The background of what moves.
FORWARD_PAPER = "#e3f0f8"
CELL, HIGH = 104, 62


def n(number: float) -> str:
    """A number as one writes it: 4 and not 4.0."""
    return f"{round(number, 2):g}"


def pair(x: float, y: float, value: str, deriv: str, wide: int = CELL) -> str:
    """A value and its tangent in two boxes, whose common edge is at x."""
    return (
        f'<rect x="{x - wide:g}" y="{y:g}" width="{wide}" height="{HIGH}" fill="{TINT}" stroke="{NEUTRAL}" stroke-width="3"/>'
        f'<rect x="{x:g}" y="{y:g}" width="{wide}" height="{HIGH}" fill="{FORWARD_PAPER}" stroke="{FORWARD}" stroke-width="3"/>'
        + text(x - wide / 2, y + 41, value, 30, INK, "middle")
        + text(x + wide / 2, y + 41, deriv, 30, FORWARD_TEXT, "middle", bold=True)
    )


def result(x: float, y: float, value: str, deriv: str, steps: tuple[str, str]) -> str:
    """A pair whose numbers appear at these steps."""
    empty = pair(x, y, "", "")
    return (
        empty
        + group(text(x - CELL / 2, y + 41, value, 30, INK, "middle"), step=steps[0])
        + group(text(x + CELL / 2, y + 41, deriv, 30, FORWARD_TEXT, "middle", bold=True), step=steps[1])
    )


def machine(x: float, y: float, w: float, h: float, words: str, size: int = 28) -> str:
    """A step of a program, as a box."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="14" fill="#ffffff" stroke="{INK}" stroke-width="3"/>'
        + text(x + w / 2, y + h / 2 + size * 0.35, words, size, INK, "middle")
    )


def both(x: float, y: float, to: float) -> str:
    """Two arrows down, from a pair to a pair: the value's and the tangent's."""
    return arrow((x - CELL / 2, y), (x - CELL / 2, to), NEUTRAL, 3) + arrow(
        (x + CELL / 2, y), (x + CELL / 2, to), FORWARD, 5
    )


def group(*pieces: str, step: str = "", lit: str = "") -> str:
    """Pieces that appear at a step, or are highlighted at steps."""
    marks = (f' data-step="{step}"' if step else "") + (f' data-lit="{lit}"' if lit else "")
    return f"<g{marks}>{''.join(pieces)}</g>"


def code(x: float, y: float, words: str, size: int = 26, fill: str = INK, anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-family="Fira Code, monospace" font-size="{size}" fill="{fill}" text-anchor="{anchor}">{escape(words)}</text>'


# ---- The worked example ------------------------------------------------------------------------------


def two_steps() -> str:
    """The worked example with the entries of both Jacobians on its edges."""
    at = {"x1": (60, 96), "x2": (60, 300), "y1": (290, 96), "y2": (290, 300), "z": (520, 198)}
    values = {"x1": 2, "x2": 4, "y1": 8, "y2": 4, "z": 12}
    r = 44

    def edge(a: str, b: str, slope: str, near: float, above: float, step: str) -> str:
        (xa, ya), (xb, yb) = at[a], at[b]
        d = math.hypot(xb - xa, yb - ya)
        ux, uy = (xb - xa) / d, (yb - ya) / d
        start, end = (xa + (r + 3) * ux, ya + (r + 3) * uy), (xb - (r + 5) * ux, yb - (r + 5) * uy)
        x, y = xa + near * (xb - xa), ya + near * (yb - ya) + above
        return group(arrow(start, end, NEUTRAL, 4), lit=step) + text(x, y, slope, 28, INK, "middle", bold=True)

    nodes = [
        f'<circle cx="{x}" cy="{y}" r="{r}" fill="{TINT}" stroke="{NEUTRAL}" stroke-width="3"/>'
        + text(x, y + 10, n(values[name]), 30, INK, "middle")
        + text(x, y - r - 12 if name != "z" else y + r + 34, f"{{{name}}}", 28, MUTED, "middle")
        for name, (x, y) in at.items()
    ]
    return drawing(
        580,
        400,
        "The worked example in two steps",
        "x1 = 2 and x2 = 4 give y1 = 8 and y2 = 4, and these give z = 12. On the edges the entries of the Jacobians: 4 from x1 to y1, 2 from x2 to y1, 1 from x2 to y2, and 1 from y1 and from y2 to z.",
        edge("x1", "y1", "4", 0.5, -14, "1 4"),
        edge("x2", "y1", "2", 0.42, -20, "1 4"),
        edge("x2", "y2", "1", 0.5, -14, "2 4"),
        edge("y1", "z", "1", 0.5, -18, "3 4"),
        edge("y2", "z", "1", 0.5, -14, "3 4"),
        *nodes,
        text(175, 384, "{g}", 30, MUTED, "middle"),
        text(405, 384, "{h}", 30, MUTED, "middle"),
    )


def rule() -> str:
    """What a rule does: a pair goes in, a pair comes out."""
    y = 44
    return drawing(
        1100,
        150,
        "A rule for an elementary step",
        "A value x and its tangent go into the rule of f; the value f(x) and the tangent f'(x) times the tangent of x come out.",
        pair(170, y, "{x}", "{.x}"),
        arrow((170 + CELL + 10, y + HIGH / 2), (400, y + HIGH / 2), INK, 4),
        machine(408, y - 22, 190, HIGH + 44, "rule of {f}"),
        arrow((606, y + HIGH / 2), (720, y + HIGH / 2), INK, 4),
        pair(880, y, "{f}({x})", "{f}′({x}) · {.x}", 150),
    )


def two_calls(title: str, first: str, second: str, steps: bool) -> str:
    """sin(x²) at 1.2: a pair, a call, a pair, a call, a pair."""
    x0, dx = 1.2, 1.0
    y0, dy = x0**2, 2 * x0 * dx
    z0, dz = math.sin(y0), math.cos(y0) * dy
    x, one, two = (230, "1", "2") if steps else (150, "", "")
    labels = [f"2 · {n(x0)} · {n(dx)}", f"cos({n(y0)}) · {n(dy)}"] if steps else ["", ""]
    return drawing(
        560 if steps else 300,
        480,
        title,
        f"The pair ({n(x0)}, {n(dx)}) goes into {first}, which gives ({n(y0)}, {n(dy)}); that goes into {second}, which gives ({n(z0)}, {n(dz)}).",
        pair(x, 4, n(x0), n(dx)),
        group(
            both(x, 72, 108),
            machine(x - 130, 112, 260, 62, first),
            both(x, 178, 210),
            pair(x, 214, n(y0), n(dy)),
            step=one,
            lit=one,
        ),
        group(text(x + CELL + 24, 255, labels[0], 28, FORWARD_TEXT), step=one),
        group(
            both(x, 282, 318),
            machine(x - 130, 322, 260, 62, second),
            both(x, 388, 410),
            pair(x, 414, n(z0), n(dz)),
            step=two,
            lit=two,
        ),
        group(text(x + CELL + 24, 455, labels[1], 28, FORWARD_TEXT), step=two),
    )


def chain() -> str:
    return two_calls("Two rules, chained", "square_jvp", "sin_jvp", True)


def dual_sine() -> str:
    return two_calls("A product and a sine of dual numbers", "x * x", "sine", False)


# ---- Exercises ---------------------------------------------------------------------------------------


def block(x: float, y: float, w: float, h: float, fill: str, stroke: str, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" fill="{fill}" stroke="{stroke}" stroke-width="3"{dashes}/>'


def product() -> str:
    x, y, w, h, dw, dh = 170.0, 60.0, 280.0, 150.0, 100.0, 56.0
    return drawing(
        600,
        276,
        "The product as an area",
        "A rectangle with sides x1 and x2; its area is the product. Each side grows by its tangent, which adds two strips and a corner.",
        block(x, y, w, h, TINT, NEUTRAL),
        block(x + w, y, dw, h, FORWARD_PAPER, FORWARD),
        block(x, y + h, w, dh, FORWARD_PAPER, FORWARD),
        block(x + w, y + h, dw, dh, "#ffffff", FORWARD, "6 8"),
        text(x + w / 2, y + h / 2 + 12, "{v} = {x1} {x2}", 32, INK, "middle"),
        text(x + w / 2, y - 18, "{x1} = 2", 30, INK, "middle"),
        text(x + w + dw / 2 + 8, y - 18, "{.x1} = 1", 30, FORWARD_TEXT, "middle"),
        text(x - 18, y + h / 2 + 10, "{x2} = 4", 30, INK, "end"),
        text(x - 18, y + h + dh / 2 + 10, "{.x2} = 0.5", 30, FORWARD_TEXT, "end"),
    )


def total() -> str:
    x, y, h = 70.0, 40.0, 74.0
    parts = [(220.0, "{x1} = 2"), (130.0, "{.x1} = 1"), (440.0, "{x2} = 4"), (146.0, "{.x2} = 0.5")]
    pieces, left = [], x
    for wide, label in parts:
        moves = label.startswith("{.")
        pieces += [
            block(left, y, wide, h, FORWARD_PAPER if moves else TINT, FORWARD if moves else NEUTRAL),
            text(left + wide / 2, y + 48, label, 30, FORWARD_TEXT if moves else INK, "middle"),
        ]
        left += wide
    bar = y + 132
    return drawing(
        1040,
        270,
        "The sum as a length",
        "Two rods in a row, x1 and x2, each with its growth at the end; below them one rod of the same length: v and its growth, not known yet.",
        *pieces,
        block(x, bar, 660, h, TINT, NEUTRAL),
        block(x + 660, bar, 276, h, FORWARD_PAPER, FORWARD),
        text(x + 330, bar + 48, "{v}", 30, INK, "middle"),
        text(x + 798, bar + 48, "{.v} = ?", 30, FORWARD_TEXT, "middle"),
    )


def quotient() -> str:
    x, y, w, h, dw, dh = 130.0, 60.0, 290.0, 150.0, 100.0, 50.0
    return drawing(
        600,
        264,
        "The quotient as a height",
        "A rectangle of the area x1 and the width x2, so its height is the quotient v. The area and the width grow by their tangents; what does the height do?",
        block(x, y, w, h, TINT, NEUTRAL),
        block(x + w, y, dw, h, FORWARD_PAPER, FORWARD),
        block(x, y - dh, w, dh, FORWARD_PAPER, FORWARD),
        block(x + w, y - dh, dw, dh, "#ffffff", FORWARD, "6 8"),
        text(x + w / 2, y + h / 2 - 4, "area {x1} = 6", 30, INK, "middle"),
        text(x + w / 2, y + h / 2 + 38, "grows by {.x1} = 1", 28, FORWARD_TEXT, "middle"),
        text(x + w / 2, y + h + 40, "{x2} = 2", 30, INK, "middle"),
        text(x + w + dw / 2 + 10, y + h + 40, "{.x2} = 0.5", 30, FORWARD_TEXT, "middle"),
        text(x - 18, y + h / 2 + 10, "{v} = 3", 30, INK, "end"),
        text(x - 18, y - dh / 2 + 10, "{.v} = ?", 30, FORWARD_TEXT, "end"),
    )


def two_rules() -> str:
    """The worked example as two rules, without its numbers."""
    return drawing(
        1000,
        320,
        "Two rules for the worked example",
        "The pairs of x1 and x2 go into mul_jvp and give the pair of y. This and the pair of x2, once more, go into sum_jvp and give the pair of z.",
        pair(120, 20, "{x1}", "{.x1}", 84),
        pair(120, 216, "{x2}", "{.x2}", 84),
        arrow((212, 58), (306, 112), INK, 4),
        arrow((212, 240), (306, 164), INK, 4),
        machine(312, 92, 158, 90, "mul_jvp"),
        arrow((476, 137), (516, 137), INK, 4),
        pair(608, 106, "{y}", "{.y}", 84),
        arrow((700, 137), (746, 137), INK, 4),
        machine(752, 92, 158, 90, "sum_jvp"),
        arrow((212, 262), (800, 190), INK, 4, 34),
        line([(831, 182), (831, 206)], INK, 4),
        arrow((831, 186), (831, 222), INK, 4),
        pair(831, 226, "{z}", "{.z}", 84),
    )


def one_column() -> str:
    """What a sweep along a basis vector gives."""

    def column(x: float, entries: list[str], fill: str, top: float) -> str:
        return "".join(
            block(x, top + 60 * i, 66, 60, fill, FORWARD)
            + text(x + 33, top + 60 * i + 40, entry, 28, FORWARD_TEXT, "middle", bold=True)
            for i, entry in enumerate(entries)
        )

    matrix = [
        block(760 + 74 * j, 90 + 60 * i, 66, 60, FORWARD_PAPER if j == 1 else "#ffffff", FORWARD if j == 1 else NEUTRAL)
        + text(793 + 74 * j, 130 + 60 * i, "?", 28, FORWARD_TEXT if j == 1 else MUTED, "middle", bold=j == 1)
        for j in range(3)
        for i in range(2)
    ]
    return drawing(
        1000,
        290,
        "One sweep, one column",
        "A basis vector goes into f_jvp at x. The tangent that comes out is a column of the Jacobian.",
        text(83, 40, "basis vector", 26, MUTED, "middle"),
        column(50, ["0", "1", "0"], "#ffffff", 60),
        arrow((130, 150), (226, 150), FORWARD, 5),
        machine(234, 96, 200, 108, "f_jvp at {x}"),
        arrow((442, 150), (520, 150), FORWARD, 5),
        text(567, 62, "tangent", 26, MUTED, "middle"),
        column(534, ["?", "?"], FORWARD_PAPER, 90),
        arrow((612, 150), (736, 150), FORWARD, 5),
        text(867, 62, "{J}", 30, INK, "middle"),
        *matrix,
        text(867, 256, "its column", 26, FORWARD_TEXT, "middle"),
    )


# ---- Operators and their cost ------------------------------------------------------------------------


def overloading() -> str:
    x, w = 20, 430
    return drawing(
        470,
        350,
        "What Python does with an operator",
        "a * b + c becomes a.__mul__(b).__add__(c): Python hands each operator to a method of the class.",
        machine(x, 20, w, 78, ""),
        code(x + w / 2, 68, "a * b + c", 32),
        arrow((x + w / 2, 104), (x + w / 2, 154), INK, 4),
        text(x + w / 2 + 24, 140, "Python calls", 26, MUTED),
        group(block(x, 160, w, 78, TINT, NEUTRAL), code(x + w / 2, 208, "t = a.__mul__(b)", 30), lit="1"),
        group(block(x, 262, w, 78, TINT, NEUTRAL), code(x + w / 2, 310, "t.__add__(c)", 30), lit="2"),
    )


def cost() -> str:
    """Two operations for the value, six for the sweep, one square for each."""
    side = 66

    def squares(x: float, y: float, signs: str, moves: bool) -> str:
        fill, stroke, ink = (FORWARD_PAPER, FORWARD, FORWARD_TEXT) if moves else (TINT, NEUTRAL, INK)
        return "".join(
            block(x + i * (side + 8), y, side, side, fill, stroke)
            + text(x + i * (side + 8) + side / 2, y + 46, sign, 36, ink, "middle", bold=True)
            for i, sign in enumerate(signs)
        )

    left, right, up, low = 200.0, 580.0, 64.0, 178.0
    return drawing(
        1040,
        270,
        "The operations of a sweep",
        "The value takes a product and a sum: 2 operations. The sweep takes the product and, for its tangent, two more products and a sum; then the sum and, for its tangent, one more sum: 6 operations.",
        text(left, 40, "the product", 28, MUTED),
        text(right, 40, "the sum", 28, MUTED),
        text(20, up + 44, "value", 30, INK),
        squares(left, up, "×", False),
        squares(right, up, "+", False),
        text(860, up + 46, "2", 36, INK, bold=True),
        text(20, low + 44, "sweep", 30, FORWARD_TEXT),
        squares(left, low, "×", False),
        squares(left + side + 8, low, "××+", True),
        squares(right, low, "+", False),
        squares(right + side + 8, low, "+", True),
        text(860, low + 46, "6", 36, FORWARD_TEXT, bold=True),
        text(900, low + 46, "= 3 × 2", 30, MUTED),
    )


# ---- Dual numbers ------------------------------------------------------------------------------------


def dual_pair() -> str:
    x = 210
    return drawing(
        420,
        330,
        "Two numbers in one",
        "The pair 2 and 1: the value, and the tangent, which is called deriv. Below it a plain number, 4, whose deriv is 0.",
        code(x - CELL / 2, 40, "value", 26, MUTED),
        code(x + CELL / 2 + 4, 40, "deriv", 26, FORWARD_TEXT),
        group(pair(x, 60, "2", "1"), lit="1"),
        text(x, 164, "2 + 1 · {e}".replace("{e}", "ε"), 32, INK, "middle"),
        group(pair(x, 212, "4", "0"), lit="2"),
        text(x, 316, "a number does not move", 26, MUTED, "middle"),
    )


def dual_add() -> str:
    a, b, s = 125, 375, 250
    return drawing(
        500,
        330,
        "The sum of two dual numbers",
        "The pairs (2, 1) and (4, 0.5). Values add to 6, tangents to 1.5.",
        pair(a, 12, "2", "1"),
        pair(b, 12, "4", "0.5"),
        text(s, 54, "+", 36, INK, "middle"),
        group(
            line([(a - 52, 78), (a - 52, 120), (s - 52, 180)], NEUTRAL, 4),
            line([(b - 52, 78), (b - 52, 120), (s - 52, 180)], NEUTRAL, 4),
            arrow((s - 52, 178), (s - 52, 228), NEUTRAL, 4),
            step="1",
            lit="1",
        ),
        group(
            line([(a + 52, 78), (a + 52, 120), (s + 52, 180)], FORWARD, 4),
            line([(b + 52, 78), (b + 52, 120), (s + 52, 180)], FORWARD, 4),
            arrow((s + 52, 178), (s + 52, 228), FORWARD, 4),
            step="2",
            lit="2",
        ),
        result(s, 234, "6", "1.5", ("1", "2")),
    )


def dual_mul() -> str:
    a, b, s = 125, 375, 250

    def term(x: float, y: float, words: str, moves: bool) -> str:
        fill, stroke, ink = ("#ffffff", FORWARD, FORWARD_TEXT) if moves else ("#ffffff", NEUTRAL, INK)
        return (
            f'<rect x="{x - 62:g}" y="{y:g}" width="124" height="56" rx="28" fill="{fill}" stroke="{stroke}" stroke-width="3"/>'
            + text(x, y + 38, words, 28, ink, "middle")
        )

    def wires(to: float, left: float, right: float, colours: tuple[str, str]) -> str:
        return line([(left, 76), (to - 16, 176)], colours[0], 4) + line([(right, 76), (to + 16, 176)], colours[1], 4)

    return drawing(
        500,
        410,
        "The product of two dual numbers",
        "The pairs (2, 1) and (4, 0.5). The values give 2 times 4, 8. The tangent has two terms: 1 times 4, and 2 times 0.5; together 5.",
        group(wires(70, a - 52, b - 52, (NEUTRAL, NEUTRAL)), step="1", lit="1"),
        group(wires(250, a + 52, b - 52, (FORWARD, NEUTRAL)), step="2", lit="2"),
        group(wires(430, a - 52, b + 52, (NEUTRAL, FORWARD)), step="3", lit="3"),
        pair(a, 12, "2", "1"),
        pair(b, 12, "4", "0.5"),
        text(s, 54, "×", 36, INK, "middle"),
        group(term(70, 180, "2 · 4", False), arrow((78, 240), (s - 66, 314), NEUTRAL, 4), step="1", lit="1"),
        group(term(250, 180, "1 · 4", True), arrow((262, 240), (s + 40, 314), FORWARD, 4), step="2", lit="2"),
        group(term(430, 180, "2 · 0.5", True), arrow((418, 240), (s + 74, 314), FORWARD, 4), step="3", lit="3"),
        result(s, 320, "8", "5", ("1", "3")),
    )


def dual_radd() -> str:
    x = 250
    return drawing(
        500,
        400,
        "A number on the left",
        "For 2 + x, Python first asks the number 2, which does not know dual numbers. Then it calls x.__radd__(2), which makes the pair (2, 0) and adds (3, 1): (5, 1).",
        code(x, 40, "2 + x", 32),
        code(x, 100, "(2).__add__(x)", 26, MUTED),
        text(x + 150, 100, "no", 28, MUTED),
        arrow((x, 116), (x, 150), INK, 4),
        code(x, 184, "x.__radd__(2)", 28),
        group(pair(125, 214, "2", "0"), pair(375, 214, "3", "1"), step="1", lit="1"),
        group(
            text(x, 256, "+", 36, INK, "middle"),
            arrow((x, 284), (x, 322), INK, 4),
            pair(x, 330, "5", "1"),
            step="1",
        ),
    )


def confusion() -> str:
    """Two infinitesimals in one box."""
    a, b, s = 190, 530, 360
    return drawing(
        720,
        270,
        "Two infinitesimals in one box",
        "x is the pair 1 and 1, with the ε of the outer derivative; y is the pair 1 and 1, with the ε of the inner one. Their sum is the pair 2 and 2.",
        text(a - CELL - 20, 54, "{x}", 30, MUTED, "end"),
        pair(a, 12, "1", "1"),
        text(a + CELL / 2, 106, "outer ε", 26, FORWARD_TEXT, "middle"),
        text(s, 54, "+", 36, INK, "middle"),
        text(b + CELL + 20, 54, "{y}", 30, MUTED),
        pair(b, 12, "1", "1"),
        text(b + CELL / 2, 106, "inner ε", 26, FORWARD_TEXT, "middle"),
        line([(a + CELL / 2, 116), (a + CELL / 2, 130), (s + CELL / 2 - 8, 190)], FORWARD, 4),
        line([(b + CELL / 2, 116), (b + CELL / 2, 130), (s + CELL / 2 + 8, 190)], FORWARD, 4),
        pair(s, 196, "2", "2"),
        text(s + CELL + 20, 238, "which ε?", 28, FORWARD_TEXT),
    )


DRAWINGS = {
    "chain": chain,
    "confusion": confusion,
    "cost": cost,
    "dual_add": dual_add,
    "dual_mul": dual_mul,
    "dual_pair": dual_pair,
    "dual_radd": dual_radd,
    "dual_sine": dual_sine,
    "one_column": one_column,
    "overloading": overloading,
    "product": product,
    "quotient": quotient,
    "rule": rule,
    "total": total,
    "two_rules": two_rules,
    "two_steps": two_steps,
}


def main() -> None:
    for name, draw in DRAWINGS.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
