"""Draws computational graphs: `show_graph(f, Dual(2.0, 1.0), Dual(4.0, 0.0))` in a chapter.

A `Dual` or a `Var` need not know how it was computed. While a program runs, its numbers belong to a subclass of
their own class: each operation hands them back to their class, lets that compute, and notes what came out of what.
"""

from __future__ import annotations

import inspect
import math
import operator
import re
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
from IPython.display import display

# ---- What a program does -------------------------------------------------------------------------

FORMULAS = {
    "add": "{} + {}",
    "sub": "{} − {}",
    "mul": "{} · {}",
    "truediv": "{} / {}",
    "floordiv": "{} // {}",
    "mod": "{} mod {}",
    "pow": "{} ** {}",
    "neg": "−{}",
    "pos": "+{}",
    "abs": "|{}|",
}
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
#: More numbers than this do not fit into a picture.
LARGEST = 60


class GraphError(Exception):
    """A graph cannot be drawn. Notebooks show the reason, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


@dataclass(eq=False)
class Operation:
    """A step of a program: `result` is function(*operands)."""

    function: Callable[..., Any]
    formula: str
    operands: tuple[Any, ...]
    result: Any


class Recorder:
    """Notes the operations on numbers of one class, once they are traced."""

    def __init__(self, kind: type) -> None:
        self.kind, self.listens = kind, True
        self.inputs: dict[int, Any] = {}
        self.operations: dict[int, Operation] = {}  # by the id of the result
        methods: dict[str, Any] = {"__slots__": (), "__hash__": kind.__hash__, "__module__": kind.__module__}
        for name, formula in FORMULAS.items():
            function = getattr(operator, name)
            methods[f"__{name}__"] = self.method(function, formula)
            if "{}" in formula.replace("{}", "", 1):
                methods[f"__i{name}__"] = methods[f"__{name}__"]
                methods[f"__r{name}__"] = self.reflected(function, formula)
        for name in COMPARISONS:
            methods[f"__{name}__"] = self.method(getattr(operator, name), "")
        self.traced_kind = type(kind.__name__, (kind,), methods)

    def method(self, function: Callable[..., Any], formula: str) -> Callable[..., Any]:
        return lambda *operands: self.run(function, formula, *operands)

    def reflected(self, function: Callable[..., Any], formula: str) -> Callable[..., Any]:
        return lambda self_, other: self.run(function, formula, other, self_)

    def trace(self, number: Any) -> None:
        """From now on, operations on this number are noted."""
        self.inputs[id(number)] = number
        become(number, self.traced_kind)

    def run(self, function: Callable[..., Any], formula: str, *operands: Any) -> Any:
        """Returns function(*operands), computed by numbers of the class itself, and notes it."""
        listens, self.listens = self.listens, False
        ours = [x for x in operands if type(x) is self.traced_kind]
        for x in ours:
            become(x, self.kind)
        try:
            result = function(*operands)
        finally:
            self.listens = listens
            for x in ours:
                become(x, self.traced_kind)
        if listens and result is None:
            step = formula.format(
                *(self.kind.__name__ if type(x) is self.traced_kind else constant(x) for x in operands)
            )
            raise GraphError(f"{step} gives None: is this operation still open in your {self.kind.__name__}?")
        if listens and type(result) is self.kind:
            become(result, self.traced_kind)
            self.operations[id(result)] = Operation(function, formula, operands, result)
        return result

    def traced_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, noted as one operation whenever it gets a traced number and returns a number."""

        def call(*operands: Any) -> Any:
            if not self.listens or not any(type(x) is self.traced_kind for x in operands):
                return function(*operands)
            name = getattr(function, "__name__", "f")
            result = self.run(function, f"{name}({', '.join('{}' for _ in operands)})", *operands)
            # several numbers are not one operation: show how each of them comes about
            return function(*operands) if self.several(result) else result

        return call

    def several(self, thing: Any) -> bool:
        return isinstance(thing, (tuple, list)) and type(thing) not in (self.kind, self.traced_kind)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Meanwhile, all traced numbers are of their own class."""
        numbers = [*self.inputs.values(), *(operation.result for operation in self.operations.values())]
        for number in numbers:
            become(number, self.kind)
        try:
            yield
        finally:
            for number in numbers:
                become(number, self.traced_kind)


def become(number: Any, kind: type) -> None:
    """Changes the class of an object, of one that cannot be changed otherwise too."""
    object.__setattr__(number, "__class__", kind)


@contextmanager
def one_sentence(kind: type) -> Iterator[None]:
    """Turns an error of the student's class into one sentence."""
    try:
        yield
    except GraphError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".split("\n")[0].rstrip(".: ")
        raise GraphError(
            f"With your {kind.__name__}, this ends in {reason}: correct the class, then draw again."
        ) from None


#: The recorder of each class whose numbers were given to `traced`.
RECORDERS: dict[type, Recorder] = {}


def recorder_of(number: Any) -> Recorder | None:
    return next((r for r in RECORDERS.values() if type(number) is r.traced_kind), None)


def traced(*things: Any) -> Any:
    """Returns the numbers, which from now on are traced, and functions that accept traced numbers.

    Args:
        *things: numbers of a class such as `Dual` or `Var`; or functions, whose calls become one node each.
    """
    given = []
    for thing in things:
        if is_function(thing):
            given.append(_function_of_traced(thing))
            continue
        given.append(thing)
        if recorder_of(thing) is None:
            check_number(thing)
            with one_sentence(type(thing)):
                if type(thing) not in RECORDERS:
                    RECORDERS[type(thing)] = Recorder(type(thing))
                RECORDERS[type(thing)].trace(thing)
    return given[0] if len(given) == 1 else given


def _function_of_traced(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*operands: Any) -> Any:
        recorder = next(filter(None, map(recorder_of, operands)), None)
        return recorder.traced_function(function)(*operands) if recorder else function(*operands)

    return call


def is_function(thing: Any) -> bool:
    return callable(thing) and not isinstance(thing, type) and not hasattr(thing, "value")


def is_var(number: Any) -> bool:
    return hasattr(number, "value") and hasattr(number, "backward")


def check_number(number: Any) -> None:
    if not is_var(number) and not (hasattr(number, "value") and hasattr(number, "deriv")):
        raise GraphError(
            "A graph consists of numbers with value and deriv, like Dual, or with value, grad and backward, like Var; "
            f"{number!r} is not one of them."
        )


# ---- A graph -------------------------------------------------------------------------------------


@dataclass(eq=False)
class Node:
    """A number of a program. `slopes` has, for each operand that is a node, the local derivative in it."""

    name: str
    formula: str
    value: Any
    derivative: Any
    slopes: list[tuple[Node, Any]] = field(default_factory=list)


@dataclass
class Graph:
    """The nodes of a program, operands before results. Their derivatives are tangents, or adjoints (`reverse`)."""

    nodes: list[Node]
    reverse: bool

    def describe(self) -> str:
        """The graph in words."""
        word = "adjoint" if self.reverse else "tangent"
        sentences = []
        for node in self.nodes:
            parts = dict.fromkeys(part for part in (node.name, node.formula, shown(node.value)) if part)
            sentence = f"{' = '.join(parts)}, {word} {shown(node.derivative)}"
            slopes = ", ".join(f"{shown(slope)} by {operand.name}" for operand, slope in node.slopes)
            sentences.append(sentence + (f", local derivatives: {slopes}" if slopes else ""))
        return f"{'. '.join(sentences)}."

    def results(self) -> list[str]:
        """The names of the numbers that no other was computed from."""
        used = {operand for node in self.nodes for operand, _ in node.slopes}
        return [node.name for node in self.nodes if node not in used]


def graph_of(recorder: Recorder, results: list[Any], names: dict[int, str]) -> Graph:
    """The graph of all that the results were computed from. `names` are those of the variables, by the numbers' ids."""
    reached = ancestors(recorder, results)
    reverse = is_var(results[0])
    if reverse and len(results) > 1:
        raise GraphError("The program returns several results, and adjoints are those of one: return one.")
    if reverse and not np.any(results[0].grad):
        results[0].backward()
    derivatives = {key: number.grad if reverse else number.deriv for key, number in reached.items()}

    nodes: dict[int, Node] = {}
    taken = {names[key] for key in reached if key in names}
    fresh = {letter: (f"{letter}{i}" for i in range(1, 999) if f"{letter}{i}" not in taken) for letter in "xv"}
    inputs = [key for key in recorder.inputs if key in reached]
    others = [key for key in reached if key not in recorder.inputs]
    for key in [*inputs, *others]:
        if key not in recorder.operations:
            number = reached[key]
            if key in others and not reverse and np.any(number.deriv):
                raise GraphError(
                    f"{number!r} is no input, and no step that show_graph has seen gives it: a function on the way, "
                    "for example sin, must be traced too, by sin = traced(sin)."
                )
            name = names.get(key) or (shown(number.value) if key in others else next(fresh["x"]))
            nodes[key] = Node(name, "", number.value, derivatives[key])
    for key, operation in recorder.operations.items():
        if key in reached:
            told = [nodes[id(x)].name if id(x) in nodes else constant(x) for x in operation.operands]
            formula = tidy(operation.formula.format(*told))
            slopes = [
                (nodes[id(operand)], slope_of(operation, place, recorder.kind))
                for place, operand in enumerate(operation.operands)
                if id(operand) in nodes
            ]
            name = names.get(key) or next(fresh["v"])
            nodes[key] = Node(name, formula, reached[key].value, derivatives[key], slopes)
    if reverse:  # some classes zero the adjoints of all numbers, whenever one sweeps backward
        for key, number in reached.items():
            number.grad = derivatives[key]
    return Graph(list(nodes.values()), reverse)


def ancestors(recorder: Recorder, results: list[Any]) -> dict[int, Any]:
    """The results and all that they were computed from, by id."""
    reached: dict[int, Any] = {}
    todo = list(results)
    while todo:
        number = todo.pop()
        if id(number) not in reached:
            check_number(number)
            reached[id(number)] = number
            operation = recorder.operations.get(id(number))
            todo += [x for x in operation.operands if type(x) is recorder.kind] if operation else []
    if len(reached) > LARGEST:
        raise GraphError(f"The graph has {len(reached)} nodes, too many to read: let the program do less.")
    return reached


def slope_of(operation: Operation, place: int, kind: Any) -> Any:
    """The local derivative of an operation in one of its operands, by the arithmetic of the class."""
    operands: list[Any] = list(operation.operands)
    reverse = is_var(operation.result)
    for i, operand in enumerate(operands):
        if type(operand) is kind:
            operands[i] = kind(operand.value) if reverse else kind(operand.value, float(i == place))
    result = operation.function(*operands)
    if not reverse:
        return result.deriv
    result.backward()
    return operands[place].grad


def number_graph(number: Any, variables: dict[str, Any]) -> Graph:
    """The graph of a number that was computed from traced ones, with the names of the notebook's variables."""
    recorder = recorder_of(number)
    if recorder is None:
        check_number(number)
        name = type(number).__name__
        raise GraphError(
            f"This {name} does not remember how it was computed: write show_graph(f, x) with the program f and its "
            f"inputs x, or begin with x = traced({name}(…))."
        )
    with recorder.at_rest(), one_sentence(recorder.kind):
        return graph_of(recorder, [number], names_of(variables))


def program_graph(program: Callable[..., Any], inputs: tuple[Any, ...]) -> Graph:
    """Runs a program once, and returns its graph."""
    given = named_inputs(program, inputs)
    if not given:
        raise GraphError("A program needs its inputs: show_graph(f, Dual(2.0, 1.0), Dual(4.0, 0.0)).")
    for _, number in given:
        check_number(number)
    kind = type(given[0][1])
    if any(type(number) is not kind for _, number in given):
        raise GraphError("The inputs of the program are of several classes: give it numbers of one class.")
    if any(recorder_of(number) for _, number in given):
        raise GraphError("These inputs are traced already: call the program, and draw what it returns.")
    variables: dict[str, Any] = {}
    with one_sentence(kind):
        recorder = Recorder(kind)
        call = with_traced_functions(program, recorder)

        def note(frame: types.FrameType, event: str, _: Any) -> None:
            if event == "return" and frame.f_code is getattr(call, "__code__", None):
                variables.update(frame.f_locals)

        profiler = sys.getprofile()
        try:
            for _, number in given:
                recorder.trace(number)
            sys.setprofile(note)  # which names the program gives to its numbers
            try:
                result = call(*inputs)
            finally:
                sys.setprofile(profiler)
            results = list(result) if recorder.several(result) else [result]
            for one in results:
                if type(one) is not recorder.traced_kind:
                    raise GraphError(
                        f"The program gives {one!r}, which was not computed from its inputs: compute it from them."
                    )
            names = {id(number): name for name, number in given}
            names = names_of(variables) | names
            if len(results) == 1 and "z" not in names.values():
                names.setdefault(id(result), "z")
            with recorder.at_rest():
                return graph_of(recorder, results, names)
        finally:
            for _, number in given:
                become(number, kind)


def named_inputs(program: Callable[..., Any], inputs: tuple[Any, ...]) -> list[tuple[str, Any]]:
    """The numbers among the inputs, also those in lists, with the names of the program's parameters."""
    try:
        parameters = list(inspect.signature(program).bind(*inputs).arguments.items())
    except ValueError:
        parameters = [("x", inputs)]
    except TypeError as error:
        raise GraphError(f"The program cannot be called with these inputs: {error}.") from None
    named = []
    for name, given in parameters:
        several = isinstance(given, (list, tuple)) and not hasattr(given, "value")
        for i, number in enumerate(given if several else [given], 1):
            if not isinstance(number, (int, float, np.ndarray, np.generic)) and not is_function(number):
                named.append((f"{name}{i}" if several else name, number))
    return named


def with_traced_functions(program: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    """The program, with all functions that it calls by a name of its notebook traced."""
    if not isinstance(program, types.FunctionType):
        return program
    names, todo = dict(program.__globals__), [program.__code__]
    for code in todo:
        todo += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
        for name in code.co_names:
            if name in names and is_function(names[name]):
                names[name] = recorder.traced_function(program.__globals__[name])
    copy = types.FunctionType(program.__code__, names, program.__name__, program.__defaults__, program.__closure__)
    copy.__kwdefaults__ = program.__kwdefaults__
    return copy


def names_of(variables: dict[str, Any]) -> dict[int, str]:
    """The names of numbers, by id. The first of several names counts; `_`, `_12` and the like do not."""
    named = ((id(x), name) for name, x in variables.items() if name[0] != "_" and hasattr(x, "value"))
    return dict(reversed(list(named)))


# ---- Words ---------------------------------------------------------------------------------------

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def shown(number: Any) -> str:
    """A number, or a few, with four digits."""
    try:
        return f"{float(number):.4g}".replace("-", "−")
    except (TypeError, ValueError):
        numbers = np.ravel(np.asarray(number, dtype=object))
        return f"({', '.join(map(shown, numbers))})" if 1 < len(numbers) < 4 else f"{len(numbers)} numbers"


def constant(thing: Any) -> str:
    """A number that is no node, as it stands in a formula."""
    try:
        told = shown(thing)
    except Exception:
        return str(thing)
    return f"({told})" if told.startswith("−") else told


def tidy(formula: str) -> str:
    """A formula with powers as one writes them: x² and not x ** 2."""
    return re.sub(r" \*\* (\d+)$", lambda power: power[1].translate(SUPERSCRIPTS), formula)


# ---- The picture ---------------------------------------------------------------------------------

#: The palette of the course, and its sizes: no label is smaller than 22 pixels.
INK, MUTED, NEUTRAL, PAPER = "#1f2933", "#5b6573", "#5b6573", "#ffffff"
BLUE, BLUE_TEXT, ORANGE, ORANGE_TEXT = "#0072b2", "#0072b2", "#d55e00", "#b84a00"
FONT = "'Fira Sans', 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
VALUE, SMALL, SUBSCRIPT = 28, 24, 22
BOX_HEIGHT, FORMULA, GAP, LANE, MARGIN = 98, 36, 20, 36, 16
NAME = re.compile(r"(?<![\w.])[^\W\d_]\w*")
MARKS = {"tangent": "\u0307", "adjoint": "\u0304", "": ""}

Point = tuple[float, float]
Area = tuple[float, float, float, float]


def label(words: str, mark: str = "") -> str:
    """The inside of a text element: names in italics, x1 with a subscript, and with a mark on the letter."""

    def styled(match: re.Match[str]) -> str:
        letter, number = re.fullmatch(r"(.*?)_?(\d*)", match[0]).groups()  # type: ignore[union-attr]
        if len(letter) > 1 and not number and words[match.end() : match.end() + 1] == "(":
            return letter  # a function
        inner = f'<tspan font-style="italic">{letter}{MARKS[mark] if len(letter) == 1 else ""}</tspan>'
        if not number:
            return inner
        return f'{inner}<tspan font-size="{SUBSCRIPT}" dy="6">{number}</tspan><tspan dy="-6">\u200b</tspan>'

    return NAME.sub(styled, escape(words, quote=False)) if mark or not words.isdigit() else words


def text(x: float, y: float, inner: str, size: int, fill: str, kind: str) -> str:
    weight = ' font-weight="700"' if kind in ("tangent", "adjoint", "slope") else ""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="middle"'
        f"{weight}>{inner}</text>"
    )


def width_of(words: str, size: int) -> float:
    """About the width of a text. Fonts differ, so this is rather too wide than too narrow."""
    return 0.58 * size * len(words)


@dataclass(eq=False)
class Place:
    """The place of a node, or of an edge on its way through a layer (`node` is None)."""

    layer: int
    node: Node | None
    before: list[Place] = field(default_factory=list)
    after: list[Place] = field(default_factory=list)
    width: float = 0.0
    x: float = 0.0
    y: float = 0.0

    @property
    def above(self) -> float:
        if self.node is None:
            return LANE / 2
        return BOX_HEIGHT / 2 + (FORMULA if self.node.formula else 0)

    @property
    def below(self) -> float:
        return BOX_HEIGHT / 2 if self.node else LANE / 2


@dataclass(eq=False)
class Edge:
    """A use of a number: the way from its node to the operation's."""

    way: list[Place]
    slope: str
    operand: Node
    result: Node
    start: float = 0.0
    end: float = 0.0


class Picture:
    """A graph in layers from left to right: inputs first, each operation behind all that it needs."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.places: dict[Node, Place] = {}
        self.edges: list[Edge] = []
        self.layers: list[list[Place]] = []
        for node in graph.nodes:
            layer = max((self.places[operand].layer + 1 for operand, _ in node.slopes), default=0)
            self.places[node] = self.add(Place(layer, node))
        lanes: dict[tuple[Node, int], Place] = {}
        for node in graph.nodes:
            for operand, slope in node.slopes:
                way = [self.places[operand]]
                for layer in range(way[0].layer + 1, self.places[node].layer):
                    if (operand, layer) not in lanes:
                        lanes[operand, layer] = self.add(Place(layer, None))
                    way.append(lanes[operand, layer])
                way.append(self.places[node])
                self.edges.append(Edge(way, shown(slope), operand, node))
                for a, b in pairwise(way):
                    if b not in a.after:
                        a.after.append(b)
                        b.before.append(a)
        self.arrange()

    def add(self, place: Place) -> Place:
        while len(self.layers) <= place.layer:
            self.layers.append([])
        self.layers[place.layer].append(place)
        return place

    def arrange(self) -> None:
        """Orders and spaces the layers so that neighbours are close to each other."""
        for layer in self.layers:
            spread(layer, [0.0] * len(layer))
        for turn in range(8):
            backward = turn % 2
            for layer in self.layers[::-1] if backward else self.layers:
                wanted = {}
                for place in layer:
                    near = place.after if backward else place.before
                    wanted[place] = sum(other.y for other in near) / len(near) if near else place.y
                if turn < 6:
                    layer.sort(key=wanted.__getitem__)
                spread(layer, [wanted[place] for place in layer])
        x: float = MARGIN
        for number, layer in enumerate(self.layers):
            wide = max(self.width(place.node) for place in layer if place.node)
            crossing = [width_of(edge.slope, SMALL) for edge in self.edges if edge.way[-1].layer == number]
            x += 64 + 16 * len(crossing) + max(crossing) if crossing else 0
            for place in layer:
                place.x, place.width = x, wide
            x += wide
        top = min(place.y - place.above for layer in self.layers for place in layer) - MARGIN
        bottom = max(place.y + place.below for layer in self.layers for place in layer) + MARGIN
        for layer in self.layers:
            for place in layer:
                place.y -= top
        self.size = x + MARGIN, bottom - top
        for node, place in self.places.items():
            leaving = sorted((e for e in self.edges if e.operand is node), key=lambda e: e.way[1].y)
            entering = sorted((e for e in self.edges if e.result is node), key=lambda e: e.way[-2].y)
            for i, edge in enumerate(leaving):
                # edges that share a lane leave at one point
                shared = [j for j, other in enumerate(leaving) if other.way[1] is edge.way[1] and not other.way[1].node]
                edge.start = place.y + port(sum(shared) / len(shared) if shared else i, len(leaving))
            for i, edge in enumerate(entering):
                edge.end = place.y + port(i, len(entering))

    def width(self, node: Node) -> float:
        lines = [(node.formula, SMALL), *((words, VALUE) for words, _ in self.lines(node))]
        return max(120.0, 36 + max(width_of(words, size) for words, size in lines))

    def lines(self, node: Node) -> list[tuple[str, str]]:
        """The lines in a box, value and derivative, each with its mark."""
        mark = "adjoint" if self.graph.reverse else "tangent"
        marked = node.name if re.fullmatch(r"[^\W\d_]_?\d*", node.name) else mark
        derivative = f"{marked} = {shown(node.derivative)}", mark if marked == node.name else ""
        if node.value is None:
            return [derivative]
        value = shown(node.value)
        return [(value if node.name == value else f"{node.name} = {value}", ""), derivative]

    def steps(self) -> dict[Node, int]:
        """At which step each derivative becomes known: inputs at 0, or the result at 1 and the inputs last."""
        if self.graph.reverse:
            return {node: step for step, node in enumerate(reversed(self.graph.nodes), 1)}
        operations = [node for node in self.graph.nodes if node.formula]
        return {node: operations.index(node) + 1 if node.formula else 0 for node in self.graph.nodes}

    def curve(self, edge: Edge) -> tuple[list[Point], str]:
        """The control points of an edge's last bend, and its whole path in SVG."""
        first = edge.way[0]
        x, y = first.x + first.width, edge.start
        path, bend = f"M{x:g} {y:.1f}", []
        for place in edge.way[1:]:
            end_y = edge.end if place.node else place.y
            middle = (x + place.x) / 2
            bend = [(x, y), (middle, y), (middle, end_y), (place.x, end_y)]
            path += f"C{middle:g} {y:.1f} {middle:g} {end_y:.1f} {place.x:g} {end_y:.1f}"
            x, y = place.x, end_y
            if place.node is None:
                x += place.width
                path += f"H{x:g}"
        return bend, path

    def labels(self) -> Iterator[tuple[Edge, Point, Area]]:
        """The slopes of all edges, each with its middle and the area that it takes: if possible, one that is free."""
        taken = [(p.x, p.y - p.above, p.x + p.width, p.y + p.below) for p in self.places.values()]
        bends = {edge: self.curve(edge)[0] for edge in self.edges}
        for edge, bend in bends.items():
            half = width_of(edge.slope, SMALL) / 2 + 5
            crossing = [on_curve(other, i / 20) for key, other in bends.items() if key is not edge for i in range(21)]
            places = []
            for t in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82):
                x, y = on_curve(bend, t)
                area = x - half, y - 16, x + half, y + 16
                near = sum(abs(x - a) < half + 6 and abs(y - b) < 22 for a, b in crossing)
                places.append((covered(area, taken) + 200 * near, (x, y), area))
            _, middle, area = min(places, key=lambda place: place[0])
            taken.append(area)
            yield edge, middle, area

    def svg(self, steps: bool = False, extra: tuple[str, ...] = (), below: float = 0) -> str:
        """The picture as an SVG file, with attributes for the steps of a slide if asked for.

        Args:
            steps: whether derivatives appear one after the other.
            extra: more elements.
            below: the height to add for them.
        """
        reverse = self.graph.reverse
        strong, letters = (ORANGE, ORANGE_TEXT) if reverse else (BLUE, BLUE_TEXT)
        mark = "adjoint" if reverse else "tangent"
        at = self.steps()

        def when(step: int) -> str:
            return f' data-step="{step}"' if steps and step else ""

        def lit(step: int) -> str:
            return f' data-lit="{step}"' if steps and step else ""

        edges, slopes = [], []
        for edge in self.edges:
            step = at[edge.operand if reverse else edge.result]
            bend, path = self.curve(edge)
            if steps:
                edges.append(f'<path class="edge" d="{path}" fill="none" stroke="{NEUTRAL}" stroke-width="2"/>')
            tip = head((edge.way[0].x + edge.way[0].width, edge.start), -1) if reverse else head(bend[-1], 1)
            edges.append(
                f'<g class="edge {mark}"{when(step)}{lit(step)}><path d="{path}" fill="none" stroke="{strong}" '
                f'stroke-width="3"/><path d="{tip}" fill="{strong}"/></g>'
            )
        for edge, (x, y), (left, top, right, bottom) in self.labels():
            step = at[edge.operand if reverse else edge.result]
            slopes.append(
                f'<g class="slope"{when(step)}{lit(step)}><rect x="{left:.1f}" y="{top:.1f}" '
                f'width="{right - left:.1f}" height="{bottom - top:g}" rx="8" fill="{PAPER}"/>'
                f"{text(x, y + 9, label(edge.slope), SMALL, INK, 'slope')}</g>"
            )
        boxes = []
        for node, place in self.places.items():
            step, (value, derivative) = at[node], self.lines(node)
            left, top, middle = place.x, place.y - BOX_HEIGHT / 2, place.x + place.width / 2
            parts = [
                f'<rect x="{left:g}" y="{top:g}" width="{place.width:g}" height="{BOX_HEIGHT}" rx="14" fill="{PAPER}" '
                f'stroke="{NEUTRAL}" stroke-width="3"{lit(step)}/>'
            ]
            if node.formula:
                parts.append(text(middle, top - 11, label(node.formula), SMALL, MUTED, "formula"))
            if steps and step and not reverse:
                unknown = text(middle, top + 40, label(f"{node.name} = ?"), VALUE, MUTED, "value")
                parts.append(f'<g data-step="0-{step - 1}" display="none">{unknown}</g>')
            parts.append(
                f"<g{when(0 if reverse else step)}>{text(middle, top + 40, label(value[0]), VALUE, INK, 'value')}</g>"
            )
            derived = text(middle, top + 80, label(*derivative), VALUE, letters, mark)
            parts.append(f"<g{when(step)}>{derived}</g>")
            boxes.append(f'<g class="{"node" if node.formula else "node input"}">{"".join(parts)}</g>')
        width, height = self.size[0], self.size[1] + below
        title = f"The graph of {', '.join(self.graph.results())}"
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
                f'height="{height:.0f}" role="img" class="graph" font-family="{FONT}">',
                f"<title>{escape(title)}</title>",
                f"<desc>{escape(self.graph.describe())}</desc>",
                f'<rect class="paper" width="{width:.0f}" height="{height:.0f}" rx="14" fill="{PAPER}"/>',
                *edges,
                *slopes,
                *boxes,
                *extra,
                "</svg>\n",
            ]
        )


def spread(layer: list[Place], wanted: list[float]) -> None:
    """Places a layer's boxes below one another, as near as possible to where they are wanted."""
    bottom = -math.inf
    for place, y in zip(layer, wanted, strict=True):
        place.y = max(y, bottom + GAP + place.above)
        bottom = place.y + place.below
    shift = sum(place.y - y for place, y in zip(layer, wanted, strict=True)) / len(layer)
    for place in layer:
        place.y -= shift


def port(number: float, ports: int) -> float:
    """Where on the side of a box an edge begins or ends, from its middle."""
    return (number - (ports - 1) / 2) * min(34, 76 / ports)


def head(tip: Point, direction: int) -> str:
    """The head of an arrow to the right (1) or to the left (-1)."""
    x, y = tip
    return f"M{x:g} {y:.1f}l{-16 * direction} -8v16z"


def on_curve(bend: list[Point], t: float) -> Point:
    """A point of a cubic curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x, y = (sum(w * point[axis] for w, point in zip(weights, bend, strict=True)) for axis in (0, 1))
    return x, y


def covered(area: Area, others: list[Area]) -> float:
    """How much of other areas an area covers."""
    left, top, right, bottom = area
    sides = [(min(right, b[2]) - max(left, b[0]), min(bottom, b[3]) - max(top, b[1])) for b in others]
    return sum(wide * high for wide, high in sides if wide > 0 and high > 0)


def show_graph(program: Any, *inputs: Any, steps: bool = False, variables: dict[str, Any] | None = None) -> None:
    """Shows a graph; see the function of this name in the chapter's first cell."""
    graph = program_graph(program, inputs) if is_function(program) else number_graph(program, variables or {})
    display({"image/svg+xml": Picture(graph).svg(steps), "text/plain": graph.describe()}, raw=True)  # type: ignore[no-untyped-call]
