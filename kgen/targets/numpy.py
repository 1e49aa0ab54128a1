"""The NumPy target: one module of weights, functions, and `predict`, layer by layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Body, Node, Origin
from kgen.ir.size import Given, bare
from kgen.ir.value import HALVES, STRING, Constant, Value
from kgen.lengths import computed
from kgen.names import comment
from kgen.ops.broadcast import Broadcast
from kgen.ops.pool import Pool
from kgen.ops.reshape import Reshape
from kgen.ops.slice import Slice
from kgen.ops.transpose import Transpose
from kgen.plan import Plan
from kgen.render.environment import environment
from kgen.targets.numpy_gates import join_gates
from kgen.targets.numpy_names import Names
from kgen.targets.numpy_op import Functions, Op
from kgen.targets.numpy_repeat import repeat_along_axes
from kgen.targets.numpy_steps import convolve_all_steps
from kgen.targets.numpy_text import (
    array_text,
    dtype_text,
    half_text,
    shape_text,
    tuple_text,
)

LINE = 100

VIEWS = (Reshape, Transpose, Slice, Broadcast, Pool)
"""What may give NumPy's view of the same memory (pooling: if its windows hold one element)."""


def module(plan: Plan, *, title: str, weights: bool = True) -> str:
    """The text of the module.

    title: what the model is called in its docstring.
    weights: if not, the arrays are left out; the text then needs `weight_globals(plan)` as globals.
    """
    view = Module(plan, title, weights)
    return environment("numpy").get_template("module.py.j2").render(module=view)


def statements(plan: Plan) -> dict[Node, str]:
    """The statements of each node, those of loops' bodies too."""
    view = Module(plan, "", weights=False)
    return dict(_statements(view, plan.graph, 0))


def _statements(view: Module, graph: Graph, depth: int) -> Iterator[tuple[Node, str]]:
    for node in graph.nodes:
        yield node, view._code(node, depth)
        for body in node.bodies:
            assert isinstance(body, Graph)
            yield from _statements(view, body, depth + 1)


def weight_globals(plan: Plan) -> dict[str, np.ndarray]:
    """The arrays that the module without its weights expects, by name."""
    return {constant.name: constant.data for constant in in_numpys_words(plan.graph).constants}


def in_numpys_words(graph: Graph) -> Graph:
    """The graph as NumPy is quickest at it, and says it in fewest words."""
    names = Names(graph)
    graph = convolve_all_steps(join_gates(graph, names), names)
    return repeat_along_axes(graph, names)


@dataclass(frozen=True)
class Paragraph:
    """origins: the layers. codes: for each of their nodes its statements."""

    origins: list[Origin]
    codes: list[str]

    @property
    def headers(self) -> list[str]:
        """The layers, as lines of a comment."""
        return [line for origin in self.origins for line in header(origin)]


@dataclass(frozen=True)
class Weight:
    """A constant as its comment and its definition."""

    constant: Constant
    functions: Functions

    @property
    def comment(self) -> str:
        note = f"{comment(self.constant.note)}: " if self.constant.note else ""
        return f"{note}{self.constant.shape or 'a number'}"

    @property
    def name(self) -> str:
        return self.constant.name

    @property
    def text(self) -> str:
        constant = self.constant
        if constant.stored not in HALVES:
            return array_text(constant.data)
        return half_text(constant.data, constant.stored, self.functions.name("round_bfloat16"))


class Module:
    """What the module's template sees of a plan."""

    def __init__(self, plan: Plan, title: str, weights: bool) -> None:
        self.graph = in_numpys_words(plan.graph)
        self.title = comment(title)
        values = [
            *self.graph.inputs,
            *(value for node in self.graph.walk() for value in node.outputs),
            *(value for node in self.graph.walk() for b in node.bodies for value in b.inputs),
            *self.graph.constants,
        ]
        lengths = [one.unit for one in self.graph.lengths] + computed(self.graph)
        taken = {value.name for value in values} | {length.name for length in lengths}
        self.functions = Functions(environment("numpy"), taken)
        self.weights = self._weights() if weights else []
        self.first_definitions = list(self.functions.texts)
        self.given = self._given()
        self.checks = [self._check(value) for value in self.graph.arguments]
        self.inputs = [Port(value) for value in self.graph.arguments]
        self.outputs = [Port(value) for value in self.graph.results]
        self.paragraphs = self._paragraphs(self.graph.nodes)

    def _weights(self) -> list[Weight]:
        if any(constant.stored == "bfloat16" for constant in self.graph.constants):
            self.functions.use("round_bfloat16")
        return [Weight(constant, self.functions) for constant in self.graph.constants]

    @property
    def states(self) -> list[tuple[str, str, str, str]]:
        """(state, its shape for a batch, its dtype, what it is after the call)"""
        return [
            (before.name, shape_text(before), dtype_text(before.dtype), after.name)
            for before, after in self.graph.states
        ]

    def _given(self) -> list[tuple[str, str]]:
        """(name, expression) of the lengths that the inputs have."""
        graph = self.graph
        tables = any(isinstance(n, Slice) and isinstance(n.x, Constant) for n in graph.walk())
        found = []
        for one in graph.lengths:
            value, axis = next(
                (value, axis)
                for value in graph.arguments
                for axis, size in enumerate(value.shape)
                if size == one.size
            )
            options = f"least={one.least}"
            options += f", most={one.bound}" if tables else ""  # tables are made for the bound
            options += f", multiple={one.multiple}" if one.multiple > 1 else ""
            function = self.functions.use("length_of")
            text = f'{function}("{value.name}", {value.name}, {axis}, {options})'
            units = f" // {one.multiple}" if one.multiple > 1 else ""
            found.append((one.unit.name, text + units))
        return found

    def takes(self, one: Given) -> str:
        """Which lengths the module takes, in words."""
        tables = "most=" in self.given[self.graph.lengths.index(one)][1]
        multiples = f", a multiple of {one.multiple}" if one.multiple > 1 else ""
        return f"at least {one.least}" + (f", at most {one.bound}" if tables else "") + multiples

    @property
    def lengths(self) -> list[tuple[str, str]]:
        """(name, expression) of what else depends on them, as far as the code says it."""
        code = "\n".join(code for paragraph in self.paragraphs for code in paragraph.codes)
        found: list[tuple[str, str]] = []
        for length in reversed(computed(self.graph)):
            a, b = (str(operand) for operand in length.definition)
            text = f"max({a}, {b})" if length.function == "max" else f"{a} // {b}"
            if re.search(rf"\b{length.name}\b", code):
                found.append((length.name, text))
                code += f"\n{text}"
        return found[::-1]

    def _check(self, value: Value) -> str:
        """The expression of the input as an array of its dtype."""
        arguments = f'"{value.name}", {value.name}, {tuple_text(map(bare, value.sample_shape))}'
        if value.dtype == STRING:
            return f"{self.functions.use('checked_strings')}({arguments})"
        return f"{self.functions.use('checked')}({arguments}, {dtype_text(value.dtype)})"

    @property
    def definitions(self) -> list[str]:
        return self.functions.texts[len(self.first_definitions) :]

    @property
    def parameters(self) -> str:
        return ", ".join(value.name for value in self.graph.arguments)

    @property
    def batch(self) -> str | None:
        """The name of the number of samples, if a statement needs it."""
        needed = self.functions.needs_batch or len(self.inputs) > 1 or self.states
        return self.functions.name("batch") if needed else None

    def _paragraphs(self, nodes: Iterable[Node], depth: int = 0) -> list[Paragraph]:
        """Nodes in a row that belong to the same layers, or to some of them."""
        paragraphs: list[Paragraph] = []
        for node in nodes:
            known = paragraphs[-1].origins if paragraphs else ()
            if not paragraphs or not (
                set(known) <= set(node.origins) or set(node.origins) <= set(known)
            ):
                paragraphs.append(Paragraph([], []))
            paragraph = paragraphs[-1]
            paragraph.origins.extend(one for one in node.origins if one not in paragraph.origins)
            paragraph.codes.append(self._code(node, depth))
        return paragraphs

    def _code(self, node: Node, depth: int) -> str:
        """The node's statements, the last of them followed by the shape of its result."""
        body = [line for one in node.bodies for line in self._body(node, one, depth + 1)]
        op = Op(self.functions, node=node, depth=depth, body=body)
        template = environment("numpy").select_template(
            [f"ops/{node.kind}.py.j2", f"own/{node.kind}.py.j2"]
        )
        *before, last = template.render(op=op).rstrip().split("\n")
        if node.bodies:  # its template says the shapes
            return "\n".join([*before, last])
        wide = len(last) + len(op.shape) + 8 > LINE
        after = [f"# shape: {op.shape}", last] if wide else [f"{last}  # {op.shape}"]
        return "\n".join([*before, *after])

    def _body(self, node: Node, body: Body, depth: int) -> Iterator[str]:
        """The lines of a body; layers other than the node's own have their name above them."""
        for paragraph in self._paragraphs(body.nodes, depth):
            if not set(paragraph.origins) <= set(node.origins):
                yield from (f"# {line}" for line in paragraph.headers)
            yield from (line for code in paragraph.codes for line in code.split("\n"))

    @property
    def results(self) -> str:
        """What predict returns: arrays that share memory with nothing."""
        producer = self.graph.producer
        given: set[Value] = {*self.graph.inputs, *self.graph.constants}
        given.update(_source(after, producer)[0] for _, after in self.graph.states)
        texts = []
        for value in self.graph.results:
            source, repeated = _source(value, producer)
            texts.append(f"{value.name}.copy()" if repeated or source in given else value.name)
            given.add(source)
        return ", ".join(texts)


def _source(value: Value, producer: dict[Value, Node]) -> tuple[Value, bool]:
    """The value whose memory it may share, and whether it shows some of that repeatedly."""
    repeated = False
    while isinstance(node := producer.get(value), VIEWS):
        if isinstance(node, Pool) and node.window_size > 1:
            break
        if isinstance(node, Broadcast):
            if node.repeated_axis is not None:
                break
            repeated = True
        value = node.x
    return value, repeated


@dataclass(frozen=True)
class Port:
    """An input or output as predict's docstring and checks name it."""

    value: Value

    @property
    def name(self) -> str:
        return self.value.name

    @property
    def dtype(self) -> str:
        if self.value.dtype == "bfloat16":
            return "float32, of bfloat16 numbers"
        return self.value.dtype

    @property
    def shape(self) -> str:
        return shape_text(self.value)

    @property
    def sample_shape(self) -> str:
        return tuple_text(map(bare, self.value.sample_shape))


def header(origin: Origin) -> list[str]:
    """Lines for `encoder/dense: Dense(units=4)`, or the part of it that is known."""
    text = comment(
        ": ".join(part for part in (origin.path, origin.summary or origin.layer) if part)
    )
    return wrap(text, LINE - 6, subsequent_indent="    ", break_on_hyphens=False)
