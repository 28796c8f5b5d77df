"""Draws the course's animations: `python tools/figures/animations.py` writes them into source/.

Every number in them comes from the course's own code: solution and lecture cells of the chapter are
run, and what they give is drawn. `--cell NAME` prints the Markdown cell that shows an animation.
"""

# ruff: noqa: E501 - sentences and markup stay on one line
from __future__ import annotations

import argparse
import contextlib
import io
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from steps import (
    FORWARD,
    FORWARD_TEXT,
    INK,
    MUTED,
    NEUTRAL,
    REVERSE,
    REVERSE_TEXT,
    ROOT,
    RULE,
    WARN,
    Drawing,
    arrow,
    box,
    dot,
    line,
    text,
    wash,
)

from triptych.data.course_graphs import (
    BOX_HEIGHT,
    SMALL,
    VALUE,
    Graph,
    Node,
    Picture,
    head,
    program_graph,
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


def marked(formula: str) -> str:
    """A formula in the markup of labels."""
    return re.sub(r"(?<![^\W\d])[^\W\d_]\d?(?![^\W\d_])", lambda name: f"{{{name[0]}}}", formula)


class Sweep:
    """A sweep through a graph that is drawn as show_graph draws it: what is known at which frame.

    Args:
        drawing: what to draw into.
        graph: the graph; the value of a node may be None.
    """

    def __init__(self, drawing: Drawing, graph: Graph) -> None:
        self.drawing, self.picture, self.reverse = drawing, Picture(graph), graph.reverse
        width, height = self.picture.size
        room = drawing.height - 84
        self.scale = min((drawing.width - 36) / width, room / height, 1.5)
        left, top = (drawing.width - self.scale * width) / 2, 12 + (room - self.scale * height) / 2
        self.place = f'transform="translate({left:.1f} {top:.1f}) scale({self.scale:.3f})"'

    def put(self, *svg: str, at: int = 1, until: int | None = None, lit: int | None = None) -> None:
        marks = f' data-lit="{lit - 1}"' if lit else ""
        self.drawing.put(f"<g {self.place}{marks}>{''.join(svg)}</g>", at=at, until=until)

    def edges(self, frames: dict[tuple[str, str], int], slopes_at: int | None = None, until: int | None = None) -> None:
        """Draws the edges.

        Args:
            frames: the frame from which on an edge carries a number.
            slopes_at: the frame at which all slopes appear, 0 for never; without it, they appear with the numbers.
            until: the frame from which on no edge carries its number any more.
        """
        for edge in self.picture.edges:
            at = frames[edge.operand.name, edge.result.name]
            bend, path = self.picture.curve(edge)
            self.put(f'<path d="{path}" fill="none" stroke="{NEUTRAL}" stroke-width="2"/>')
            start = (edge.way[0].x + edge.way[0].width, edge.start)
            colour, tip = (REVERSE, head(start, -1)) if self.reverse else (FORWARD, head(bend[-1], 1))
            self.put(
                f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="3"/><path d="{tip}" fill="{colour}"/>',
                at=at,
                until=until,
                lit=at,
            )
        for edge, (x, y), (left, top, right, bottom) in self.picture.labels():
            paper = (
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:g}" rx="8" '
                'fill="#ffffff"/>'
            )
            at = frames[edge.operand.name, edge.result.name] if slopes_at is None else slopes_at
            if at:
                self.put(paper + text(x, y + 9, edge.slope, SMALL, INK, "middle", bold=True), at=at)

    def outline(self, name: str, lit: tuple[int, ...]) -> tuple[float, float]:
        """Draws the box of a node and the formula above it. Returns the top and the middle of the box."""
        node, place = next((node, place) for node, place in self.picture.places.items() if node.name == name)
        top, middle = place.y - BOX_HEIGHT / 2, place.x + place.width / 2
        shape = box(place.x, top, place.width, BOX_HEIGHT)
        if lit:
            shape = shape.replace("/>", f' data-lit="{" ".join(str(at - 1) for at in lit)}"/>')
        self.put(shape)
        if node.formula:
            self.put(text(middle, top - 11, marked(node.formula), SMALL, MUTED, "middle"))
        return top, middle

    def line(self, name: str, below: float, words: str, fill: str, at: int) -> None:
        """Draws a line in the box of a node, so far below its top, and until then a question mark."""
        place = next(place for node, place in self.picture.places.items() if node.name == name)
        x, y = place.x + place.width / 2, place.y - BOX_HEIGHT / 2 + below
        if at > 1:
            self.put(text(x, y, f"{words.partition(' = ')[0]} = ?", VALUE, MUTED, "middle"), until=at)
        self.put(text(x, y, words, VALUE, fill, "middle", bold=True), at=at)

    def node(
        self, name: str, value: tuple[int, float] | None, derivatives: list[tuple[int, float]], lit: tuple[int, ...]
    ) -> None:
        """Draws a node.

        Args:
            name: its name.
            value: its value, and the frame from which on it is known; a question mark stands there before.
            derivatives: its tangents or adjoints, one after the other, each with its first frame.
            lit: the frames in which the node is highlighted.
        """
        top, middle = self.outline(name, lit)
        if value:
            at, number = value
            if at > 1:
                self.put(text(middle, top + 40, f"{{{name}}} = ?", VALUE, MUTED, "middle"), until=at)
            self.put(text(middle, top + 40, f"{{{name}}} = {n(number)}", VALUE, INK, "middle"), at=at)
        y, letters = top + (80 if value else 59), REVERSE_TEXT if self.reverse else FORWARD_TEXT
        mark = "~" if self.reverse else "." if value else ""
        first = derivatives[0][0]
        if first > 1 and (not value or self.reverse):
            self.put(text(middle, y, f"{{{mark}{name}}} = ?", VALUE, MUTED, "middle"), until=first)
        for (at, number), until in zip(derivatives, [*(at for at, _ in derivatives[1:]), None], strict=True):
            known = bool(number) or not self.reverse
            fill = letters if known else MUTED
            self.put(
                text(middle, y, f"{{{mark}{name}}} = {n(number)}", VALUE, fill, "middle", bold=known),
                at=at,
                until=until,
            )

    def caption(self, words: str, fill: str, at: int, until: int | None) -> None:
        self.drawing.put(
            text(self.drawing.width / 2, self.drawing.height - 22, words, 28, fill, "middle"), at=at, until=until
        )


def worked_example(x1: Any, x2: Any) -> Any:
    y = x1 * x2
    return y + x2


def local_maps() -> Drawing:
    """Chapter 3: at a point, each step of the worked example is a linear map, whose entries are on the edges."""
    dual = code_of("05_forward_mode", "dual")["Dual"]
    graph = program_graph(worked_example, (dual(2.0, 1.0), dual(4.0, 0.0)))
    slopes = {(operand.name, node.name): float(slope) for node in graph.nodes for operand, slope in node.slopes}
    by_x1, by_x2 = slopes["x1", "y"], slopes["x2", "y"]
    from_y, direct = slopes["y", "z"], slopes["x2", "z"]
    first, paths = from_y * by_x1, (from_y * by_x2, direct)
    values = ", ".join(f"{node.name} = {n(node.value)}" for node in graph.nodes)
    drawing = Drawing(
        "The worked example as linear maps at (2, 4)",
        [
            f"The graph of z = x1·x2 + x2 at (2, 4): {values}. Small steps dx1 and dx2 from there are given.",
            f"The product is a linear map of the steps: {n(by_x1)} on the edge from x1 to y, {n(by_x2)} on the edge from "
            f"x2 to y, so dy = {n(by_x1)} dx1 + {n(by_x2)} dx2.",
            f"The sum is another: {n(from_y)} from y to z, {n(direct)} from x2 to z, so dz = {n(from_y)} dy + {n(direct)} dx2.",
            f"Together: dz = {n(first)} dx1 + ({n(paths[0])} + {n(paths[1])}) dx2, so the matrix of the whole is "
            f"[{n(first)}, {n(sum(paths))}].",
        ],
        height=440,
    )
    sweep = Sweep(drawing, graph)
    when = {"x1": 1, "x2": 1, "y": 2, "z": 3}
    sweep.edges({edge: when[edge[1]] for edge in slopes})
    for node in graph.nodes:
        at = when[node.name]
        top, middle = sweep.outline(node.name, (at,) if at > 1 else ())
        sweep.put(text(middle, top + 40, f"{{{node.name}}} = {n(node.value)}", VALUE, INK, "middle"))
        sweep.put(text(middle, top + 80, f"d{{{node.name}}}", VALUE, FORWARD_TEXT, "middle", bold=True), at=at)
    captions = (
        "given: small steps d{x1} and d{x2} from (2, 4)",
        f"d{{y}} = {n(by_x1)} d{{x1}} + {n(by_x2)} d{{x2}}",
        f"d{{z}} = {n(from_y)} d{{y}} + {n(direct)} d{{x2}}",
        f"d{{z}} = {n(first)} d{{x1}} + ({n(paths[0])} + {n(paths[1])}) d{{x2}},\u2003matrix [{n(first)}, {n(sum(paths))}]",
    )
    for at, words in enumerate(captions, start=1):
        sweep.caption(words, MUTED if at == 1 else FORWARD_TEXT, at, at + 1)
    return drawing


def recorded() -> Drawing:
    """Chapter 7: the worked example, and what JAX calls its numbers when it records the program."""
    told = str(code_of("07_jax", "what-jax-records-code")["jaxpr"])
    variables = re.findall(r"\w+:f64\[\]", told)
    product, total = re.findall(r"\w+:f64\[\] = \w+ \w+ \w+", told)
    dual = code_of("05_forward_mode", "dual")["Dual"]
    graph = program_graph(worked_example, (dual(2.0, 1.0), dual(4.0, 0.0)))
    drawing = Drawing(
        "The worked example as JAX records it",
        [
            f"The graph of z = x1·x2 + x2 without numbers: the inputs x1 and x2 are {variables[0]} and {variables[1]}.",
            f"The product y is recorded as {product}.",
            f"The sum z is recorded as {total}: x2 comes in a second time.",
        ],
        height=360,
    )
    sweep = Sweep(drawing, graph)
    when = {"x1": 1, "x2": 1, "y": 2, "z": 3}
    sweep.edges({(o.name, node.name): when[node.name] for node in graph.nodes for o, _ in node.slopes}, slopes_at=0)
    for node, variable in zip(graph.nodes, variables, strict=True):
        at = when[node.name]
        top, middle = sweep.outline(node.name, (at,) if at > 1 else ())
        sweep.put(text(middle, top + 40, f"{{{node.name}}}", VALUE, INK, "middle"))
        sweep.put(text(middle, top + 80, variable, VALUE, INK, "middle", bold=True), at=at)
    for at, words in enumerate(("inputs: " + ", ".join(variables[:2]), product, total), start=1):
        sweep.caption(words, MUTED if at == 1 else INK, at, at + 1)
    return drawing


def forward_sweep() -> Drawing:
    code = code_of("05_forward_mode", "mul_jvp", "sum_jvp", "function_jvp", "dual")
    (x1, x2), (dx1, dx2) = (2.0, 4.0), (1.0, 0.0)
    y, dy = code["mul_jvp"](x1, dx1, x2, dx2)
    z, dz = code["sum_jvp"](y, dy, x2, dx2)
    if (z, dz) != tuple(code["function_jvp"]([x1, x2], [dx1, dx2])):
        raise ValueError("function_jvp does not give what its two steps give")
    drawing = Drawing(
        "One sweep forward through z = x1·x2 + x2 at (2, 4)",
        [
            f"The graph of z = x1·x2 + x2. The inputs x1 = {n(x1)} and x2 = {n(x2)} carry their tangents, {n(dx1)} "
            f"and {n(dx2)}; the product y and the sum z are not known yet.",
            f"The product comes first: y = {n(x1)} · {n(x2)} = {n(y)}.",
            f"Below it its tangent: {n(dx1)} · {n(x2)} + {n(x1)} · {n(dx2)} = {n(dy)}.",
            f"Then the sum: z = {n(y)} + {n(x2)} = {n(z)}, where x2 comes in a second time, by an edge of its own.",
            f"And its tangent: {n(dy)} + {n(dx2)} = {n(dz)}.",
        ],
        height=440,
    )
    sweep = Sweep(drawing, program_graph(worked_example, (code["Dual"](x1, dx1), code["Dual"](x2, dx2))))
    sweep.edges({("x1", "y"): 3, ("x2", "y"): 3, ("y", "z"): 5, ("x2", "z"): 5})
    sweep.node("x1", (1, x1), [(1, dx1)], ())
    sweep.node("x2", (1, x2), [(1, dx2)], ())
    sweep.node("y", (2, y), [(3, dy)], (2, 3))
    sweep.node("z", (4, z), [(5, dz)], (4, 5))
    captions = (
        (f"along {{.x}} = ({n(dx1)}, {n(dx2)})", FORWARD_TEXT),
        (f"{{y}} = {{x1}} · {{x2}} = {n(x1)} · {n(x2)} = {n(y)}", INK),
        (
            f"{{.y}} = {{.x1}} · {{x2}} + {{x1}} · {{.x2}} = {n(dx1)} · {n(x2)} + {n(x1)} · {n(dx2)} = {n(dy)}",
            FORWARD_TEXT,
        ),
        (f"{{z}} = {{y}} + {{x2}} = {n(y)} + {n(x2)} = {n(z)}", INK),
        (f"{{.z}} = {{.y}} + {{.x2}} = {n(dy)} + {n(dx2)} = {n(dz)}", FORWARD_TEXT),
    )
    for at, (words, fill) in enumerate(captions, start=1):
        sweep.caption(words, fill, at, at + 1)
    return drawing


def reverse_sweep() -> Drawing:
    code = code_of("06_reverse_mode", "mul_vjp", "sum_vjp", "function_vjp", "var")
    x1, x2, z_bar = 2.0, 4.0, 1.0
    z, gradient = code["function_vjp"]([x1, x2], z_bar)
    y = z - x2
    y_bar, from_sum = code["sum_vjp"](y, x2, 0.0, 0.0, z_bar)
    x1_bar, x2_bar = code["mul_vjp"](x1, x2, 0.0, from_sum, y_bar)
    if [x1_bar, x2_bar] != list(gradient):
        raise ValueError("function_vjp does not give what its two steps give")
    drawing = Drawing(
        "One sweep backward through z = x1·x2 + x2 at (2, 4)",
        [
            f"The graph of z = x1·x2 + x2 after a run forward: x1 = {n(x1)}, x2 = {n(x2)}, y = {n(y)}, z = {n(z)}, and "
            "the slopes of each operation on its edges. Each value has an accumulator, at 0.",
            f"The sweep starts at the end: z-bar = {n(z_bar)}.",
            f"The sum passes its cotangent to both of its arguments: y-bar = {n(y_bar)}, and x2-bar = {n(from_sum)} so far.",
            f"The product passes to x1 its cotangent times the slope x2: x1-bar = {n(x2)} · {n(y_bar)} = {n(x1_bar)}.",
            f"To x2 it passes the cotangent times the slope x1. This share is added: x2-bar = {n(from_sum)} + {n(x1)} · {n(y_bar)} = {n(x2_bar)}.",
            f"One sweep backward has given both derivatives, {n(x1_bar)} and {n(x2_bar)}, together with the value {n(z)}.",
        ],
        height=440,
    )
    sweep = Sweep(drawing, program_graph(worked_example, (code["Var"](x1), code["Var"](x2))))
    sweep.edges({("y", "z"): 3, ("x2", "z"): 3, ("x1", "y"): 4, ("x2", "y"): 5}, slopes_at=1)
    sweep.node("x1", (1, x1), [(1, 0.0), (4, x1_bar)], (4, 6))
    sweep.node("x2", (1, x2), [(1, 0.0), (3, from_sum), (5, x2_bar)], (3, 5, 6))
    sweep.node("y", (1, y), [(1, 0.0), (3, y_bar)], (3,))
    sweep.node("z", (1, z), [(1, 0.0), (2, z_bar)], (2,))
    captions = (
        "forward: the values; all accumulators at 0",
        f"seed: {{~z}} = {n(z_bar)}",
        f"sum: {{~y}} = 0 + {n(z_bar)} = {n(y_bar)} and {{~x2}} = 0 + {n(z_bar)} = {n(from_sum)}",
        f"product: {{~x1}} = 0 + {{x2}} · {{~y}} = {n(x2)} · {n(y_bar)} = {n(x1_bar)}",
        f"product: {{~x2}} = {n(from_sum)} + {{x1}} · {{~y}} = {n(from_sum)} + {n(x1)} · {n(y_bar)} = {n(x2_bar)}",
        f"one sweep: value {n(z)}, gradient [{n(x1_bar)}, {n(x2_bar)}]",
    )
    for at, words in enumerate(captions, start=1):
        sweep.caption(words, MUTED if at == 1 else REVERSE_TEXT, at, at + 1)
    return drawing


def two_sweeps() -> Drawing:
    """Both rules of chapter 4 in the worked example, whose local derivatives are the weights."""
    dual = code_of("05_forward_mode", "dual")["Dual"]
    duals = program_graph(worked_example, (dual(2.0, 1.0), dual(4.0, 0.0)))
    edges = [(operand.name, node.name, float(slope)) for node in duals.nodes for operand, slope in node.slopes]
    names = [node.name for node in duals.nodes]
    forward = dict(zip(names, (float(node.derivative) for node in duals.nodes), strict=True))
    back = dict.fromkeys(names, 0.0) | {"z": 1.0}
    for name in reversed(names):
        for parent, child, weight in edges:
            if child == name:
                back[parent] += weight * back[child]

    def total(at: str, numbers: dict[str, float], parents: bool) -> str:
        near = [(w, numbers[p if parents else c]) for p, c, w in edges if at == (c if parents else p)]
        return " + ".join(f"{n(w)} · {n(number)}" for w, number in near) + f" = {n(numbers[at])}"

    turns = [("y", True), ("z", True), ("z", False), ("y", False), ("x2", False), ("x1", False)]
    words = {
        (name, parents): f"{{{'.' if parents else '~'}{name}}} = "
        + ("1" if (name, parents) == ("z", False) else total(name, forward if parents else back, parents))
        for name, parents in turns
    }
    said = {
        (name, parents): f"{name}-{'dot' if parents else 'bar'} = {label.split(' = ', 1)[1]}"
        for (name, parents), label in words.items()
    }
    drawing = Drawing(
        "The two sweeps through the graph of z = x1·x2 + x2 at (2, 4)",
        [
            "The graph of z = x1·x2 + x2 at (2, 4), with y = x1·x2. The weights of its edges are local derivatives: "
            + ", ".join(f"{p} to {c} {n(w)}" for p, c, w in edges)
            + ". From outside come x1-dot = 1 and x2-dot = 0.",
            *(
                f"{'Forward, sum over parents' if parents else 'Backward, sum over children'}: {said[name, parents]}."
                if name != "z" or parents
                else "Backward, z-bar = 1 comes from outside."
                for name, parents in turns
            ),
        ],
        height=440,
    )
    when = {turn: at for at, turn in enumerate(turns, start=2)}
    start = when["z", False]
    for reverse in (False, True):
        nodes: dict[str, Node] = {}
        for node in duals.nodes:
            slopes = [(nodes[operand.name], slope) for operand, slope in node.slopes]
            nodes[node.name] = Node(node.name, node.formula, node.value, 0.0, slopes)
        sweep = Sweep(drawing, Graph(list(nodes.values()), reverse))
        if not reverse:
            sweep.edges({(p, c): when[c, True] for p, c, _ in edges}, slopes_at=0, until=start)
    sweep.edges({(p, c): when[p, False] for p, c, _ in edges}, slopes_at=1)
    for name in names:
        sweep.outline(name, tuple(at for (other, _), at in when.items() if other == name))
        sweep.line(name, 40, f"{{.{name}}} = {n(forward[name])}", FORWARD_TEXT, when.get((name, True), 1))
        sweep.line(name, 80, f"{{~{name}}} = {n(back[name])}", REVERSE_TEXT, when[name, False])
    sweep.caption("weights: local derivatives at (2, 4)", MUTED, 1, 2)
    for turn, at in when.items():
        sweep.caption(words[turn], FORWARD_TEXT if turn[1] else REVERSE_TEXT, at, at + 1)
    return drawing


def likelihood_graph() -> Drawing:
    """Chapter 8's likelihood of one bin with its control region, and the sweep backward that gives its gradient."""
    code = code_of(
        "08_likelihoods",
        "slide-8-gradients-of-a-likelihood-code",
        "the-same-in-pyhf-code",
        "by-hand-it-is-three-lines-code",
    )
    jax, log_pois = code["jax"], code["log_pois"]
    n_events, s, b, db = 20.0, 5.0, 10.0, 3.5
    a = (b / db) ** 2
    value_of = jax.value_and_grad(lambda rate, number: -log_pois(number, rate))
    nu, tau = s + b, a
    (p, p_slope), (q, q_slope) = value_of(nu, n_events), value_of(tau, a)

    def two(number: Any) -> float:
        return round(float(number), 2) + 0.0

    mu_bar, gamma_bar = s * p_slope, b * p_slope + a * q_slope
    mu, gamma = Node("μ", "", 1.0, two(mu_bar)), Node("γ", "", 1.0, two(gamma_bar))
    rate = Node("ν", f"{n(s)} μ + {n(b)} γ", nu, two(p_slope), [(mu, s), (gamma, b)])
    control = Node("τ", f"{two(a)} γ", two(tau), two(q_slope), [(gamma, two(a))])
    main = Node("p", "−log Pois(ν)", two(p), 1.0, [(rate, two(p_slope))])
    other = Node("q", "−log Pois(τ)", two(q), 1.0, [(control, two(q_slope))])
    total = Node("z", "p + q", two(p + q), 1.0, [(main, 1.0), (other, 1.0)])
    graph = Graph([mu, gamma, rate, control, main, other, total], reverse=True)
    drawing = Drawing(
        "The graph of a likelihood, and its gradient",
        [
            f"The likelihood as a graph, for {n(n_events)} events. On the left mu = 1 and gamma = 1. Mu times {n(s)} and gamma "
            f"times {n(b)} add up to the rate nu = {n(nu)}; gamma times {two(a)} is the rate tau of the control region. Each rate "
            f"enters a Poisson term, {two(p)} and {two(q)}, and the terms add up to minus log L = {two(p + q)}.",
            "Backward, the sum gives an adjoint of 1 to both of its terms.",
            f"Each term gives its rate 1 - n/rate: {two(p_slope)} to nu, {n(two(q_slope))} to tau, which is just as expected.",
            f"Mu gets {n(s)} times {two(p_slope)}, which is {two(mu_bar)}.",
            f"Gamma gets {n(b)} times {two(p_slope)} and {two(a)} times {n(two(q_slope))}, in sum {two(gamma_bar)}.",
        ],
        width=1150,
        height=440,
    )
    sweep = Sweep(drawing, graph)
    known = {"z": 1, "p": 2, "q": 2, "ν": 3, "τ": 3, "μ": 4, "γ": 5}
    sweep.edges({(o.name, node.name): known[o.name] for node in graph.nodes for o, _ in node.slopes}, slopes_at=1)
    for node in graph.nodes:
        sweep.node(node.name, (1, node.value), [(known[node.name], node.derivative)], (known[node.name],))
    captions = (
        f"{{z}} = −log {{L}} for {n(n_events)} events and {two(a)} in the control region",
        "{~p} = {~q} = 1 · {~z} = 1",
        f"{{~ν}} = 1 − 20/15 = {two(p_slope)},\u2003{{~τ}} = 1 − {two(a)}/{two(tau)} = {n(two(q_slope))}",
        f"{{~μ}} = {n(s)} · {{~ν}} = {two(mu_bar)}",
        f"{{~γ}} = {n(b)} · {{~ν}} + {two(a)} · {{~τ}} = {two(gamma_bar)}",
    )
    for at, words in enumerate(captions, start=1):
        sweep.caption(words, MUTED if at == 1 else REVERSE_TEXT, at, at + 1)
    return drawing


# ---- The graph of chapter 4 ----------------------------------------------------------------------


def _graph(direction: str) -> Drawing:
    """The sweep of chapter 4's graph, from parents to children ("forward") or back."""
    forward = direction == "forward"
    code = code_of("04_graphs", "the-graph-as-data-code", "the-sweep-line-by-line-code", "backward-line-by-line-code")
    edges = code["graph_like_edges"]
    values = code["swept_forward"] if forward else code["swept_back"]
    letters = FORWARD_TEXT if forward else REVERSE_TEXT
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
    drawing = Drawing(
        f"The {direction} sweep, node by node",
        [
            f"The graph with what comes from outside: {start}. All else is still empty.",
            *(f"{node} hears from its {'parents' if forward else 'children'}: {sum_of(node)}." for node in turns),
        ],
        height=460,
    )
    nodes: dict[str, Node] = {}
    for name in ("x1", "x2", "x3", "y", "z1", "z2"):
        nodes[name] = Node(name, "", None, values[name], [(nodes[p], w) for p, c, w in edges if c == name])
    sweep = Sweep(drawing, Graph(list(nodes.values()), not forward))
    when = {node: at for at, node in enumerate(turns, start=2)}
    sweep.edges({(p, c): when[c if forward else p] for p, c, _ in edges}, slopes_at=1)
    for name in nodes:
        at = when.get(name, 1)
        sweep.node(name, None, [(at, values[name])], (at,) if name in when else ())
    bar = "" if forward else "~"
    sweep.caption(f"given: {', '.join(f'{{{bar}{name}}}' for name in own)}", MUTED, 1, 2)
    for node, at in when.items():
        sweep.caption(f"{{{bar}{node}}} = {sum_of(node)}", letters, at, at + 1)
    return drawing


# ---- A matrix, recovered -------------------------------------------------------------------------


def _recovery(
    by: str, matrix: list[list[float]], program: list[str], enters: str, leaves: str, name: str, calls: str
) -> Drawing:
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

    drawing = Drawing(
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


def mvp_columns() -> Drawing:
    code = code_of("03_linear_maps", "the-same-map-written-three-ways-code-2", "matrix_from_mvp")
    program = code["matrix_vector_product"]
    matrix = code["np"].asarray(code["matrix_from_mvp"](program, 3)).tolist()
    return _recovery("columns", matrix, ["MVP", "a program"], "{x}", "{A}{x}", "{A}", "call")


def vmp_rows() -> Drawing:
    code = code_of("03_linear_maps", "another-program-not-another-call-code", "matrix_from_vmp")
    matrix = code["np"].asarray(code["matrix_from_vmp"](code["vector_matrix_product"], 2)).tolist()
    return _recovery("rows", matrix, ["VMP", "a program"], "{y}", "{y}{A}", "{A}", "call")


#: f(x) = (x1·x2, 5·x3) at this point: recovered by columns in chapter 5, by rows in chapter 6.
POINT = (2.0, 4.0, 1.0)


def jvp_columns() -> Drawing:
    code = code_of("05_forward_mode", "mul_jvp", "jacobian_by_columns")
    mul_jvp = code["mul_jvp"]

    def f_jvp(x: Any, dx: Any) -> tuple[list[float], list[float]]:
        first, second = mul_jvp(x[0], dx[0], x[1], dx[1]), mul_jvp(5.0, 0.0, x[2], dx[2])
        return [first[0], second[0]], [first[1], second[1]]

    matrix = code["np"].asarray(code["jacobian_by_columns"](f_jvp, POINT)).tolist()
    return _recovery("columns", matrix, ["JVP", "of {f} at {x}"], "{.x}", "{.z} = {J}{.x}", "{J}", "sweep")


def vjp_rows() -> Drawing:
    code = code_of("06_reverse_mode", "mul_vjp", "jacobian_by_rows")
    mul_vjp = code["mul_vjp"]

    def f_vjp(x: Any, z_bar: Any) -> tuple[list[float], list[float]]:
        x1_bar, x2_bar = mul_vjp(x[0], x[1], 0.0, 0.0, z_bar[0])
        return [x[0] * x[1], 5.0 * x[2]], [x1_bar, x2_bar, mul_vjp(5.0, x[2], 0.0, 0.0, z_bar[1])[1]]

    matrix = code["np"].asarray(code["jacobian_by_rows"](f_vjp, code["np"].array(POINT), 2)).tolist()
    return _recovery("rows", matrix, ["VJP", "of {f} at {x}"], "{~z}", "{~x} = {~z}{J}", "{J}", "sweep")


# ---- The tape ------------------------------------------------------------------------------------


def tape() -> Drawing:
    code = code_of("06_reverse_mode", "written-by-hand-replayed-by-a-loop-code", "the-loop-that-replays-code")
    write, replay = code["write"], code["replay"]
    x1, x2 = 2.0, 4.0
    z, frames = write(x1, x2)
    values = {"y": x1 * x2, "z": z}
    seed = {"z": 1.0}
    after_z = replay(frames[1:], dict(seed))
    done = replay(frames, dict(seed))
    slopes = {result: dict(arguments) for result, arguments in frames}
    sy, sz = slopes["y"], slopes["z"]
    drawing = Drawing(
        "A tape is written and replayed",
        [
            "An empty tape, and below it four accumulators at 0.",
            f"Writing runs to the right. The first frame keeps y = x1 · x2 = {n(values['y'])} and its slopes: "
            f"{n(sy['x1'])} to x1, {n(sy['x2'])} to x2.",
            f"The second frame keeps z = y + x2 = {n(values['z'])} and its slopes: {n(sz['y'])} to y, {n(sz['x2'])} to x2.",
            "Replay starts at the end of the tape, with z-bar = 1.",
            f"It reads the second frame: y-bar = {n(sz['y'])} · 1 = {n(after_z['y'])}, x2-bar = {n(sz['x2'])} · 1 = {n(after_z['x2'])}.",
            f"It reads the first frame: x1-bar = {n(sy['x1'])} · {n(done['y'])} = {n(done['x1'])}, and to x2-bar it adds: "
            f"{n(after_z['x2'])} + {n(sy['x2'])} · {n(done['y'])} = {n(done['x2'])}.",
        ],
        height=440,
    )
    left, top, wide, high = 40, 60, 920, 168
    drawing.put(
        f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" rx="10" fill="{RULE}"/>',
        line([(left + 22, top + 16), (left + wide - 22, top + 16)], "#ffffff", 13, "1 30"),
        line([(left + 22, top + high - 16), (left + wide - 22, top + high - 16)], "#ffffff", 13, "1 30"),
    )
    frame_x = {"y": 64, "z": 512}
    for at, (result, formula) in enumerate((("y", "{y} = {x1} · {x2}"), ("z", "{z} = {y} + {x2}")), start=2):
        x = frame_x[result]
        replayed = {"y": 6, "z": 5}[result]
        drawing.put(
            f'<rect x="{x}" y="{top + 32}" width="424" height="{high - 64}" rx="6" fill="#ffffff" fill-opacity="0.45"/>',
            until=at,
        )
        drawing.put(f'<rect x="{x}" y="{top + 32}" width="424" height="{high - 64}" rx="6" fill="#ffffff"/>', at=at)
        drawing.put(wash(x, top + 32, 424, high - 64, FORWARD, 6), at=at, until=at + 1)
        drawing.put(wash(x, top + 32, 424, high - 64, REVERSE, 6), at=replayed, until=replayed + 1)
        kept = ", ".join(f"{n(slope)} to {{{argument}}}" for argument, slope in slopes[result].items())
        drawing.put(
            text(x + 24, top + 74, f"{at - 1}:  {formula} = {n(values[result])}", 28, INK),
            text(x + 24, top + 118, f"slopes: {kept}", 26, MUTED),
            at=at,
        )
        # the head that writes, and the one that reads
        drawing.put(text(x + 300, 44, "▼ write", 26, FORWARD_TEXT, "middle", bold=True), at=at, until=at + 1)
        drawing.put(
            text(x + 300, top + high + 34, "▲ read", 26, REVERSE_TEXT, "middle", bold=True),
            at=replayed,
            until=replayed + 1,
        )
    drawing.put(
        text(40, 44, "forward", 26, FORWARD_TEXT, bold=True), arrow((150, 35), (240, 35), FORWARD, 4), at=2, until=4
    )
    drawing.put(text(40, 44, "backward", 26, REVERSE_TEXT, bold=True), arrow((270, 35), (180, 35), REVERSE, 4), at=4)
    steps: dict[str, list[tuple[int, float]]] = {
        "x1": [(1, 0.0), (6, done["x1"])],
        "x2": [(1, 0.0), (5, after_z["x2"]), (6, done["x2"])],
        "y": [(1, 0.0), (5, after_z["y"])],
        "z": [(1, 0.0), (4, 1.0)],
    }
    for place, (name, history) in enumerate(steps.items()):
        x, y = 40 + place * 235, 280
        drawing.put(box(x, y, 215, 74, NEUTRAL))
        for (at, value), (until, _) in zip(history, [*history[1:], (None, 0.0)], strict=True):
            if at > 1:
                drawing.put(wash(x, y, 215, 74, REVERSE), at=at, until=at + 1)
            drawing.put(
                text(
                    x + 107,
                    y + 48,
                    f"{{~{name}}} = {n(value)}",
                    30,
                    REVERSE_TEXT if value else MUTED,
                    "middle",
                    bold=bool(value),
                ),
                at=at,
                until=until,
            )
    captions = (
        ("the tape is empty, the accumulators are at 0", MUTED),
        (f"write: {{y}} = {n(x1)} · {n(x2)} = {n(values['y'])}, and the slope to each argument", FORWARD_TEXT),
        (f"write: {{z}} = {n(values['y'])} + {n(x2)} = {n(values['z'])}, and the slope to each argument", FORWARD_TEXT),
        ("replay: the seed, {~z} = 1", REVERSE_TEXT),
        (
            f"{{~y}} = 0 + {n(sz['y'])} · {{~z}} = {n(after_z['y'])},\u2003{{~x2}} = 0 + {n(sz['x2'])} · {{~z}} = {n(after_z['x2'])}",
            REVERSE_TEXT,
        ),
        (
            f"{{~x1}} = 0 + {n(sy['x1'])} · {{~y}} = {n(done['x1'])},\u2003"
            f"{{~x2}} = {n(after_z['x2'])} + {n(sy['x2'])} · {{~y}} = {n(done['x2'])}",
            REVERSE_TEXT,
        ),
    )
    for at, (words, fill) in enumerate(captions, start=1):
        drawing.put(text(40, 410, words, 28, fill), at=at, until=at + 1 if at < len(captions) else None)
    return drawing


# ---- The error against the step ------------------------------------------------------------------

V_STEPS = (0, -2, -8, -12, -15, -16)  # powers of ten
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power(exponent: int) -> str:
    return "1" if exponent == 0 else "10" + str(exponent).translate(SUPERSCRIPT)


def size_of(error: float) -> str:
    """An error with one digit, as the chapter prints it: 7e-09 as 7·10⁻⁹."""
    digit, exponent = f"{error:.0e}".split("e")
    return f"{error:.1g}" if int(exponent) > -2 else f"{digit}·{power(int(exponent))}"


def v_curve() -> Drawing:
    code = code_of("01_finite_differences", "the-error-against-the-step-code", "forward_difference")
    np = code["np"]
    steps, errors = code["all_steps"], code["forward_error"]
    slopes = {e: float(code["forward_difference"](np.exp, 1.0, 10.0**e)) for e in V_STEPS}
    told = {e: size_of(abs(slopes[e] - np.e)) for e in V_STEPS}
    drawing = Drawing(
        "The error of the forward difference as the step shrinks, for the exponential function at 1",
        [
            f"Left, the exponential function near 1, with its tangent and the secant over a step of 1; the secant is far too "
            f"steep. Right, the error against the step on logarithmic axes: a first point, {told[0]}.",
            f"At a step of {power(-2)} the secant is close to the tangent; the errors fall along a straight line to {told[-2]}.",
            f"At {power(-8)} secant and tangent cannot be told apart: the error is smallest, about {power(-8)}.",
            f"At {power(-12)} the left picture is the same, and the error has grown again: rounding.",
            f"At {power(-15)} one sees why: the computed function is a staircase, and the secant ends on the wrong stair.",
            f"At {power(-16)} the end of the step is 1 itself, the secant is flat, and the error is the whole slope, {math.e:.3f}. "
            "Truncation error on the right, rounding error on the left: a V with its tip near ten to the minus 8.",
        ],
        height=440,
    )

    # left: u from -0.3 to 1.5 steps, rise in units of the step
    def at_u(u: float, rise: float) -> tuple[float, float]:
        return 60 + (u + 0.3) / 1.8 * 340, 350 - rise / 7.2 * 270

    drawing.put(
        text(40, 46, "{e}ˣ near 1, as computed", 26, INK, bold=True),
        text(500, 46, "error of the slope", 26, INK, bold=True),
    )
    grid = np.linspace(-0.3, 1.5, 361)
    for number, e in enumerate(V_STEPS, start=1):
        until = number + 1 if number < len(V_STEPS) else None
        h = 10.0**e
        computed = (np.exp(1.0 + grid * h) - np.exp(1.0)) / h
        near = [(u, r) for u, r in zip(grid.tolist(), computed.tolist(), strict=True) if -0.9 <= r <= 7.4]
        tangent = [at_u(-0.3, -0.3 * math.e), at_u(1.5, 1.5 * math.e)]
        end = slopes[e]
        drawing.put(
            line(tangent, MUTED, 3, "3 9"),
            line([at_u(u, r) for u, r in near[:: 1 if e < -12 else 6]], NEUTRAL, 3),
            line([at_u(0, 0), at_u(1, end)], INK, 5),
            dot(*at_u(0, 0), 7, WARN, INK),
            dot(*at_u(1, end), 7, WARN, INK),
            text(at_u(0, 0)[0], 388, "1", 24, MUTED, "middle"),
            text(at_u(1, 0)[0], 388, f"1 + {power(e)}", 24, MUTED, "middle"),
            text(58, 424, f"Δ{{x}} = {power(e)}:  secant {end:.3f}, slope {math.e:.3f}", 26, INK),
            at=number,
            until=until,
        )

    drawing.put(text(196, 190, "secant", 24, INK, "end"), text(404, 300, "tangent", 24, MUTED, "end"), until=2)

    # right: both axes logarithmic
    def at_log(step: float, error: float) -> tuple[float, float]:
        return 580 + (math.log10(step) + 16.3) / 16.6 * 380, 80 + (1 - math.log10(error)) / 11 * 270

    for e in (0, -4, -8, -12, -16):
        x, _ = at_log(10.0**e, 1.0)
        drawing.put(line([(x, 80), (x, 350)], RULE, 1.5), text(x, 382, power(e), 22, MUTED, "middle"))
    for e in (0, -4, -8):
        _, y = at_log(1.0, 10.0**e)
        drawing.put(line([(570, y), (968, y)], RULE, 1.5), text(560, y + 8, power(e), 22, MUTED, "end"))
    drawing.put(text(970, 416, "step Δ{x}", 24, MUTED, "end"))
    for number, e in enumerate(V_STEPS, start=1):
        before = 10.0 ** V_STEPS[number - 2] if number > 1 else 10.0
        until = number + 1 if number < len(V_STEPS) else None
        for step, error in zip(steps.tolist(), errors.tolist(), strict=True):
            if 10.0**e * 0.99 < step < before * 0.99 and error > 1e-11:
                x, y = at_log(step, error)
                drawing.put(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" fill="{NEUTRAL}"/>', at=number)
        here = at_log(10.0**e, max(abs(slopes[e] - math.e), 1e-11))
        drawing.put(dot(*here, 10, WARN, INK), at=number, until=until)
        drawing.put(
            text(570, 416, f"error {told[e]}", 26, INK, bold=True),
            at=number,
            until=until,
        )
    drawing.put(text(842, 262, "truncation", 24, INK), at=3)
    drawing.put(text(594, 262, "rounding", 24, INK), at=5)
    return drawing


# ---- All of them ---------------------------------------------------------------------------------

ANIMATIONS: dict[tuple[str, str], Callable[[], Drawing]] = {
    ("01_finite_differences", "v_curve"): v_curve,
    ("03_linear_maps", "local_maps"): local_maps,
    ("03_linear_maps", "mvp_columns"): mvp_columns,
    ("03_linear_maps", "vmp_rows"): vmp_rows,
    ("04_graphs", "forward_sweep"): lambda: _graph("forward"),
    ("04_graphs", "backward_sweep"): lambda: _graph("backward"),
    ("04_graphs", "two_sweeps"): two_sweeps,
    ("05_forward_mode", "forward_sweep"): forward_sweep,
    ("05_forward_mode", "jvp_columns"): jvp_columns,
    ("06_reverse_mode", "reverse_sweep"): reverse_sweep,
    ("06_reverse_mode", "vjp_rows"): vjp_rows,
    ("06_reverse_mode", "tape"): tape,
    ("07_jax", "recorded"): recorded,
    ("08_likelihoods", "likelihood_graph"): likelihood_graph,
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", metavar="NAME", help="print the Markdown of an animation, and write nothing")
    parser.add_argument("--to", type=Path, default=ROOT / "source", help="where the chapters' folders are")
    given = parser.parse_args(arguments)
    for (chapter, name), draw in ANIMATIONS.items():
        file = f"figures/{name}.svg"
        if given.cell is None:
            (given.to / chapter / "figures").mkdir(parents=True, exist_ok=True)
            (given.to / chapter / file).write_text(draw().svg(), encoding="utf-8")
            print(f"{chapter}/{file}")
        elif given.cell in (name, f"{chapter}/{name}"):
            print(draw().markdown(file))


if __name__ == "__main__":
    main()
