"""Draws the course's animations: `python tools/figures/animations.py` writes their frames into source/.

Every number in a frame comes from the course's own code: solution and lecture cells of the chapter are
run, and what they give is drawn. `--cell NAME` prints the Markdown cell that shows an animation.
"""

# ruff: noqa: E501 - sentences and markup stay on one line
from __future__ import annotations

import argparse
import contextlib
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frames import (
    FORWARD,
    FORWARD_TEXT,
    INK,
    MUTED,
    NEUTRAL,
    REVERSE,
    REVERSE_TEXT,
    ROOT,
    TINT,
    Frames,
    arrow,
    box,
    dot,
    line,
    text,
    wash,
)

from triptych.model.chapter import read_chapter


def code_of(chapter: str, *cells: str) -> dict[str, Any]:
    """The names that some cells of a chapter define, run after the setup cell that all chapters share."""
    sources = {cell.id: cell.source for cell in read_chapter(ROOT / "source" / chapter / f"{chapter}.ipynb").cells}
    names: dict[str, Any] = {}
    for cell in ("course-tools", *cells):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(sources[cell], f"<{chapter}: {cell}>", "exec"), names)  # noqa: S102 - the course's own
    return names


def n(number: float) -> str:
    """A number as one writes it: 4 and not 4.0."""
    return f"{float(number):g}"


# ---- The worked example, z = x1·x2 + x2 at (2, 4) -------------------------------------------------

W, H = 190, 112
PLACES = {"x1": (56, 40), "x2": (56, 246), "y": (405, 122), "z": (754, 180)}


def _edge(a: str, b: str, stroke: str, width: float, back: bool = False) -> str:
    (xa, ya), (xb, yb) = PLACES[a], PLACES[b]
    start, end, bend = (xa + W + 4, ya + H / 2), (xb - 5, yb + H / 2), 0.0
    if (a, b) == ("x1", "y"):
        end = (xb - 5, yb + 34)
    if (a, b) == ("x2", "y"):
        end = (xb - 5, yb + 84)
    if (a, b) == ("x2", "z"):
        start, end, bend = (xa + W + 4, ya + 84), (xb + 30, yb + H + 5), 50.0
    return arrow(end, start, stroke, width, -bend) if back else arrow(start, end, stroke, width, bend)


def _node(name: str, value: str | None) -> list[str]:
    x, y = PLACES[name]
    return [box(x, y, W, H), text(x + 20, y + 44, f"{{{name}}} = {value or '?'}", 30, INK if value else MUTED)]


def forward_sweep() -> Frames:
    code = code_of("05_forward_mode", "mul_jvp", "sum_jvp", "function_jvp")
    (x1, x2), (dx1, dx2) = (2.0, 4.0), (1.0, 0.0)
    y, dy = code["mul_jvp"](x1, dx1, x2, dx2)
    z, dz = code["sum_jvp"](y, dy, x2, dx2)
    if (z, dz) != tuple(code["function_jvp"]([x1, x2], [dx1, dx2])):
        raise ValueError("function_jvp does not give what its two steps give")
    drawing = Frames(
        "One sweep forward through z = x1·x2 + x2 at (2, 4)",
        [
            f"The graph of z = x1·x2 + x2. The inputs x1 = {n(x1)} and x2 = {n(x2)} carry their tangents, {n(dx1)} "
            f"and {n(dx2)}, as blue dots; the product y and the sum z are not known yet.",
            f"The product comes first: y = {n(x1)} · {n(x2)} = {n(y)}.",
            f"Beside it its tangent: {n(dx1)} · {n(x2)} + {n(x1)} · {n(dx2)} = {n(dy)}.",
            f"Then the sum: z = {n(y)} + {n(x2)} = {n(z)}, where x2 comes in a second time, by an edge of its own.",
            f"And its tangent: {n(dy)} + {n(dx2)} = {n(dz)}.",
        ],
        height=440,
    )

    def tangent(name: str, value: float) -> list[str]:
        x, y_ = PLACES[name]
        # the area of the dot is the size of the tangent
        size = (
            dot(x + 150, y_ + 84, 8 * math.sqrt(abs(value)), FORWARD)
            if value
            else dot(x + 150, y_ + 84, 7, "#ffffff", FORWARD)
        )
        return [text(x + 20, y_ + 94, f"{{.{name}}} = {n(value)}", 30, FORWARD_TEXT, bold=True), size]

    for a, b, at in (("x1", "y", 2), ("x2", "y", 2), ("y", "z", 4), ("x2", "z", 4)):
        drawing.put(_edge(a, b, NEUTRAL, 3), until=at)
        drawing.put(_edge(a, b, FORWARD, 6), at=at, until=at + 2)
        drawing.put(_edge(a, b, NEUTRAL, 3), at=at + 2)
    for name, value, slope, at in (("x1", x1, dx1, 0), ("x2", x2, dx2, 0), ("y", y, dy, 2), ("z", z, dz, 4)):
        if at:
            drawing.put(*_node(name, None), until=at)
            drawing.put(*_node(name, n(value)), wash(*PLACES[name], W, H, FORWARD), at=at, until=at + 2)
            drawing.put(*_node(name, n(value)), at=at + 2)
            drawing.put(*tangent(name, slope), at=at + 1)
        else:
            drawing.put(*_node(name, n(value)), *tangent(name, slope))
    captions = (
        (1, f"along {{.x}} = ({n(dx1)}, {n(dx2)})", FORWARD_TEXT),
        (2, f"{{y}} = {{x1}} · {{x2}} = {n(x1)} · {n(x2)} = {n(y)}", INK),
        (
            3,
            f"{{.y}} = {{.x1}} · {{x2}} + {{x1}} · {{.x2}} = {n(dx1)} · {n(x2)} + {n(x1)} · {n(dx2)} = {n(dy)}",
            FORWARD_TEXT,
        ),
        (4, f"{{z}} = {{y}} + {{x2}} = {n(y)} + {n(x2)} = {n(z)}", INK),
        (5, f"{{.z}} = {{.y}} + {{.x2}} = {n(dy)} + {n(dx2)} = {n(dz)}", FORWARD_TEXT),
    )
    drawing.put(text(405, 54, "product", 24, MUTED), text(754, 112, "sum", 24, MUTED))
    for at, words, fill in captions:
        place = (405, 86) if at < 4 else (754, 144)
        drawing.put(text(58, 418, words, 28, fill), at=at, until=at + 1 if at < 5 else None)
        if at in (3, 5):
            drawing.put(text(*place, words.split(" = ", 1)[1].split(" = ", 1)[1], 24, FORWARD_TEXT), at=at)
    return drawing


def reverse_sweep() -> Frames:
    code = code_of("06_reverse_mode", "mul_vjp", "sum_vjp", "function_vjp")
    x1, x2, z_bar = 2.0, 4.0, 1.0
    z, gradient = code["function_vjp"]([x1, x2], z_bar)
    y = z - x2
    y_bar, from_sum = code["sum_vjp"](y, x2, 0.0, 0.0, z_bar)
    x1_bar, x2_bar = code["mul_vjp"](x1, x2, 0.0, from_sum, y_bar)
    if [x1_bar, x2_bar] != list(gradient):
        raise ValueError("function_vjp does not give what its two steps give")
    drawing = Frames(
        "One sweep backward through z = x1·x2 + x2 at (2, 4)",
        [
            f"The graph of z = x1·x2 + x2 after a run forward: x1 = {n(x1)}, x2 = {n(x2)}, y = {n(y)}, z = {n(z)}. "
            "Each value has an accumulator, at 0.",
            f"The sweep starts at the end: z-bar = {n(z_bar)}.",
            f"The sum passes its cotangent to both of its arguments: y-bar = {n(y_bar)}, and x2-bar = {n(from_sum)} so far.",
            f"The product passes to x1 its cotangent times the slope x2: x1-bar = {n(x2)} · {n(y_bar)} = {n(x1_bar)}.",
            f"To x2 it passes the cotangent times the slope x1. This share is added: x2-bar = {n(from_sum)} + {n(x1)} · {n(y_bar)} = {n(x2_bar)}.",
            f"One sweep backward has given both derivatives, {n(x1_bar)} and {n(x2_bar)}, together with the value {n(z)}.",
        ],
        height=440,
    )

    def cotangent(name: str, value: float) -> list[str]:
        x, y_ = PLACES[name]
        bar = f'<rect x="{x + 122}" y="{y_ + 76}" width="{14 * value:g}" height="16" fill="{REVERSE}"/>'
        fill = REVERSE_TEXT if value else MUTED
        return [text(x + 20, y_ + 94, f"{{~{name}}} = {n(value)}", 30, fill, bold=bool(value)), bar if value else ""]

    for a, b, at in (("y", "z", 3), ("x2", "z", 3), ("x1", "y", 4), ("x2", "y", 5)):
        drawing.put(_edge(a, b, NEUTRAL, 3), until=at)
        drawing.put(_edge(a, b, REVERSE, 6, back=True), at=at, until=at + 1)
        drawing.put(_edge(a, b, REVERSE, 3, back=True), at=at + 1)
    looked_at = {"z": (2,), "y": (3,), "x1": (4, 6), "x2": (3, 5, 6)}
    steps = {
        "z": [(1, 0.0), (2, z_bar)],
        "y": [(1, 0.0), (3, y_bar)],
        "x1": [(1, 0.0), (4, x1_bar)],
        "x2": [(1, 0.0), (3, from_sum), (5, x2_bar)],
    }
    for name, value in (("x1", x1), ("x2", x2), ("y", y), ("z", z)):
        drawing.put(*_node(name, n(value)))
        for at in looked_at[name]:
            drawing.put(wash(*PLACES[name], W, H, REVERSE), at=at, until=at + 1)
        for (at, sofar), (until, _) in zip(steps[name], [*steps[name][1:], (None, 0)], strict=True):
            drawing.put(*cotangent(name, sofar), at=at, until=until)
    drawing.put(text(405, 88, "product", 24, MUTED), text(754, 146, "sum", 24, MUTED))
    captions = (
        "forward: the values; all accumulators at 0",
        f"seed: {{~z}} = {n(z_bar)}",
        f"sum: {{~y}} = 0 + {n(z_bar)} = {n(y_bar)} and {{~x2}} = 0 + {n(z_bar)} = {n(from_sum)}",
        f"product: {{~x1}} = 0 + {{x2}} · {{~y}} = {n(x2)} · {n(y_bar)} = {n(x1_bar)}",
        f"product: {{~x2}} = {n(from_sum)} + {{x1}} · {{~y}} = {n(from_sum)} + {n(x1)} · {n(y_bar)} = {n(x2_bar)}",
        f"one sweep: value {n(z)}, gradient [{n(x1_bar)}, {n(x2_bar)}]",
    )
    for at, words in enumerate(captions, start=1):
        drawing.put(
            text(58, 418, words, 28, MUTED if at == 1 else REVERSE_TEXT), at=at, until=at + 1 if at < 6 else None
        )
    return drawing


# ---- The graph of chapter 4 ----------------------------------------------------------------------

NODES = {"x1": (150, 60), "x2": (150, 164), "x3": (150, 268), "y": (480, 104), "z1": (830, 78), "z2": (830, 254)}
RADIUS = 38
WEIGHT_AT = {("x3", "z1"): 0.3, ("x3", "z2"): 0.42, ("y", "z2"): 0.62}


def _graph(direction: str) -> Frames:
    """The sweep of chapter 4's graph, from parents to children ("forward") or back."""
    forward = direction == "forward"
    code = code_of("04_graphs", "the-graph-as-data-code", "the-sweep-line-by-line-code", "backward-line-by-line-code")
    edges = code["graph_like_edges"]
    values = code["swept_forward"] if forward else code["swept_back"]
    strong, letters = (FORWARD, FORWARD_TEXT) if forward else (REVERSE, REVERSE_TEXT)
    own = ["x1", "x2", "x3"] if forward else ["z1", "z2"]
    turns = ["y", "z1", "z2"] if forward else ["y", "x3", "x2", "x1"]

    def shares(node: str) -> list[tuple[str, float]]:
        if forward:
            return [(p, w) for p, c, w in edges if c == node]
        return [(c, w) for p, c, w in edges if p == node]

    def sum_of(node: str) -> str:
        signed = [
            f"{n(w) if w >= 0 else f'({n(w)})'} · {n(values[o]) if values[o] >= 0 else f'({n(values[o])})'}"
            for o, w in shares(node)
        ]
        total = n(values[node])
        return " + ".join(signed) + f" = {total}"

    start = ", ".join(f"{node} is {n(values[node])}" for node in own)
    drawing = Frames(
        f"The {direction} sweep, node by node",
        [
            f"The graph with what comes from outside: {start}. All else is still empty.",
            *(f"{node} hears from its {'parents' if forward else 'children'}: {sum_of(node)}." for node in turns),
        ],
        height=386,
    )
    bar = "" if forward else "~"
    when = {node: at for at, node in enumerate(turns, start=2)}

    def edge(parent: str, child: str, stroke: str, width: float) -> str:
        (xa, ya), (xb, yb) = NODES[parent], NODES[child]
        length = math.hypot(xb - xa, yb - ya)
        ux, uy = (xb - xa) / length, (yb - ya) / length
        a = (xa + (RADIUS + 4) * ux, ya + (RADIUS + 4) * uy)
        b = (xb - (RADIUS + 6) * ux, yb - (RADIUS + 6) * uy)
        if not forward:
            a, b = (xb - (RADIUS + 4) * ux, yb - (RADIUS + 4) * uy), (xa + (RADIUS + 6) * ux, ya + (RADIUS + 6) * uy)
        return arrow(a, b, stroke, width)

    for parent, child, _ in edges:
        at = when[child if forward else parent]
        drawing.put(edge(parent, child, NEUTRAL, 2.5), until=at)
        drawing.put(edge(parent, child, strong, 6), at=at, until=at + 1)
        drawing.put(edge(parent, child, strong, 3), at=at + 1)
    for parent, child, weight in edges:
        t = WEIGHT_AT.get((parent, child), 0.5)
        x = NODES[parent][0] + t * (NODES[child][0] - NODES[parent][0])
        y = NODES[parent][1] + t * (NODES[child][1] - NODES[parent][1])
        wide = 30 if weight >= 0 else 46
        drawing.put(
            f'<rect x="{x - wide / 2:g}" y="{y - 18:g}" width="{wide}" height="36" rx="8" fill="#ffffff"/>',
            text(x, y + 9, n(weight), 26, INK, "middle", bold=True),
        )
    for node, (x, y) in NODES.items():
        at = when.get(node, 1)
        drawing.put(dot(x, y, RADIUS, "#ffffff", NEUTRAL), until=at)
        filled = TINT if node in own else "#ffffff"
        drawing.put(dot(x, y, RADIUS, filled, strong), at=at)
        if node in turns:
            drawing.put(
                f'<circle cx="{x}" cy="{y}" r="{RADIUS + 9}" fill="{strong}" fill-opacity="0.2"/>', at=at, until=at + 1
            )
        drawing.put(text(x, y + 10, n(values[node]), 30, INK, "middle", bold=True), at=at)
        label = {"x": (x - 72, y + 9), "z": (x + 76, y + 9), "y": (x, y - 58)}[node[0]]
        drawing.put(text(*label, f"{{{bar}{node}}}", 28, MUTED, "middle"))
    if forward:
        drawing.put(text(58, 362, "given: {x1}, {x2}, {x3}", 28, MUTED), until=2)
    else:
        drawing.put(text(58, 362, "given: {~z1}, {~z2}", 28, MUTED), until=2)
    for node, at in when.items():
        words = f"{{{bar}{node}}} = {sum_of(node)}"
        drawing.put(text(58, 362, words, 28, letters), at=at, until=at + 1 if at < len(turns) + 1 else None)
    return drawing


# ---- A matrix, recovered -------------------------------------------------------------------------


def _recovery(
    by: str, matrix: list[list[float]], program: list[str], enters: str, leaves: str, name: str, calls: str
) -> Frames:
    """`matrix` coming out of a black box, one column ("columns") or row ("rows") a call."""
    rows, columns = len(matrix), len(matrix[0])
    by_columns = by == "columns"
    number, strong, letters = (columns, FORWARD, FORWARD_TEXT) if by_columns else (rows, REVERSE, REVERSE_TEXT)
    one = by[:-1]

    def part(k: int) -> list[float]:
        return [row[k] for row in matrix] if by_columns else list(matrix[k])

    def listed(numbers: list[float]) -> str:
        return "(" + ", ".join(n(x) for x in numbers) + ")"

    def basis(k: int) -> list[float]:
        return [float(i == k) for i in range(number)]

    drawing = Frames(
        f"A matrix recovered by {by}",
        [
            f"A black box, {' '.join(program)}. Its matrix of {rows} rows and {columns} columns is not known: "
            "question marks in all places.",
            *(
                f"Call {k + 1}: {listed(basis(k))} goes in, {listed(part(k))} comes out, and is {one} {k + 1} of the matrix."
                for k in range(number)
            ),
        ],
        height=356,
    )
    cell = 66
    middle = 196

    def strip(x: float, numbers: list[float | str], upright: bool, fill: str | None, bold: bool = True) -> list[str]:
        """Numbers in boxes, in a column or a row, that begins at x and is centred on the middle."""
        out = []
        size = len(numbers)
        for i, number_ in enumerate(numbers):
            left = x if upright else x + i * cell
            top = middle - (size / 2 - i) * cell if upright else middle - cell / 2
            shown = number_ if isinstance(number_, str) else n(number_)
            out.append(box(left, top, cell, cell, NEUTRAL, "#ffffff", 4, 2))
            if fill:
                out.append(wash(left, top, cell, cell, fill, 4))
            out.append(text(left + cell / 2, top + 44, shown, 32, letters if bold else MUTED, "middle", bold=bold))
        return out

    long_in, long_out = (1, 1) if by_columns else (rows, columns)
    x_in = 40.0
    x_box = x_in + long_in * cell + 58
    w_box = 240 if by_columns else 200
    x_out = x_box + w_box + 58
    x_matrix = 1000 - 50 - columns * cell
    drawing.put(
        f'<rect x="{x_box}" y="{middle - 70}" width="{w_box}" height="140" rx="14" fill="{INK}"/>',
        *(
            text(
                x_box + w_box / 2,
                middle + 9 + (i - (len(program) - 1) / 2) * 34,
                words,
                25,
                "#ffffff",
                "middle",
                bold=i == 0,
            )
            for i, words in enumerate(program)
        ),
        text(x_in + long_in * cell / 2, 56, enters, 28, letters, "middle"),
        text(x_out + long_out * cell / 2, 56, leaves, 28, letters, "middle"),
        text(x_matrix + columns * cell / 2, 56, name, 28, INK, "middle"),
    )
    # the matrix, in brackets
    top, bottom = middle - rows * cell / 2, middle + rows * cell / 2
    for side, inward in ((x_matrix - 14, 12), (x_matrix + columns * cell + 14, -12)):
        drawing.put(
            line([(side + inward, top - 8), (side, top - 8), (side, bottom + 8), (side + inward, bottom + 8)], INK, 3)
        )
    for i in range(rows):
        for j in range(columns):
            k = j if by_columns else i
            left, up = x_matrix + j * cell, top + i * cell
            drawing.put(text(left + cell / 2, up + 44, "?", 32, MUTED, "middle"), until=k + 2)
            drawing.put(wash(left, up, cell, cell, strong, 0), at=k + 2, until=k + 3)
            drawing.put(text(left + cell / 2, up + 44, n(matrix[i][j]), 32, letters, "middle", bold=True), at=k + 2)
    drawing.put(*strip(x_in, [""] * number, by_columns, None), until=2)
    drawing.put(*strip(x_out, [""] * (rows if by_columns else columns), by_columns, None), until=2)
    for k in range(number):
        at, until = k + 2, k + 3 if k + 1 < number else None
        drawing.put(*strip(x_in, list(basis(k)), by_columns, None), at=at, until=until)
        drawing.put(
            arrow((x_in + long_in * cell + 10, middle), (x_box - 8, middle), strong, 5),
            arrow((x_box + w_box + 10, middle), (x_out - 8, middle), strong, 5),
            at=at,
            until=until,
        )
        drawing.put(*strip(x_out, list(part(k)), by_columns, strong), at=at, until=until)
        drawing.put(text(40, 336, f"{calls} {k + 1} of {number}: {one} {k + 1}", 28, letters), at=at, until=until)
    drawing.put(text(40, 336, f"nothing sent yet: {rows} × {columns} unknown numbers", 28, MUTED), until=2)
    return drawing


def mvp_columns() -> Frames:
    code = code_of("03_linear_maps", "the-same-map-written-three-ways-code-2", "matrix_from_mvp")
    program = code["matrix_vector_product"]
    matrix = code["np"].asarray(code["matrix_from_mvp"](program, 3)).tolist()
    return _recovery("columns", matrix, ["MVP", "a program"], "{x}", "{A}{x}", "{A}", "call")


def vmp_rows() -> Frames:
    code = code_of("03_linear_maps", "another-program-not-another-call-code", "matrix_from_vmp")
    matrix = code["np"].asarray(code["matrix_from_vmp"](code["vector_matrix_product"], 2)).tolist()
    return _recovery("rows", matrix, ["VMP", "a program"], "{y}", "{y}{A}", "{A}", "call")


#: f(x) = (x1·x2, 5·x3) at this point: recovered by columns in chapter 5, by rows in chapter 6.
POINT = (2.0, 4.0, 1.0)


def jvp_columns() -> Frames:
    code = code_of("05_forward_mode", "mul_jvp", "jacobian_by_columns")
    mul_jvp = code["mul_jvp"]

    def f_jvp(x: Any, dx: Any) -> tuple[list[float], list[float]]:
        first, second = mul_jvp(x[0], dx[0], x[1], dx[1]), mul_jvp(5.0, 0.0, x[2], dx[2])
        return [first[0], second[0]], [first[1], second[1]]

    matrix = code["np"].asarray(code["jacobian_by_columns"](f_jvp, POINT)).tolist()
    return _recovery("columns", matrix, ["JVP", "of {f} at {x}"], "{.x}", "{.z} = {J}{.x}", "{J}", "sweep")


def vjp_rows() -> Frames:
    code = code_of("06_reverse_mode", "mul_vjp", "jacobian_by_rows")
    mul_vjp = code["mul_vjp"]

    def f_vjp(x: Any, z_bar: Any) -> tuple[list[float], list[float]]:
        x1_bar, x2_bar = mul_vjp(x[0], x[1], 0.0, 0.0, z_bar[0])
        return [x[0] * x[1], 5.0 * x[2]], [x1_bar, x2_bar, mul_vjp(5.0, x[2], 0.0, 0.0, z_bar[1])[1]]

    matrix = code["np"].asarray(code["jacobian_by_rows"](f_vjp, code["np"].array(POINT), 2)).tolist()
    return _recovery("rows", matrix, ["VJP", "of {f} at {x}"], "{~z}", "{~x} = {~z}{J}", "{J}", "sweep")


# ---- All of them ---------------------------------------------------------------------------------

ANIMATIONS: dict[tuple[str, str], Callable[[], Frames]] = {
    ("03_linear_maps", "mvp_columns"): mvp_columns,
    ("03_linear_maps", "vmp_rows"): vmp_rows,
    ("04_graphs", "forward_sweep"): lambda: _graph("forward"),
    ("04_graphs", "backward_sweep"): lambda: _graph("backward"),
    ("05_forward_mode", "forward_sweep"): forward_sweep,
    ("05_forward_mode", "jvp_columns"): jvp_columns,
    ("06_reverse_mode", "reverse_sweep"): reverse_sweep,
    ("06_reverse_mode", "vjp_rows"): vjp_rows,
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", metavar="NAME", help="print the Markdown of an animation, and write nothing")
    parser.add_argument("--to", type=Path, default=ROOT / "source", help="where the chapters' folders are")
    given = parser.parse_args(arguments)
    for (chapter, name), draw in ANIMATIONS.items():
        if given.cell is None:
            draw().write(given.to / chapter / "figures" / name)
            print(f"{chapter}/figures/{name}")
        elif given.cell in (name, f"{chapter}/{name}"):
            print(draw().markdown(f"figures/{name}"))


if __name__ == "__main__":
    main()
