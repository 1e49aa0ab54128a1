"""The NumPy target: one module of weights, functions, and `predict`, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import wrap
from typing import Any

import jinja2
import numpy as np

from kgen.ir.node import Body, Node, Origin
from kgen.ir.program import Number, Program, Step
from kgen.ir.value import STRING, Constant, Value, numpy_dtype
from kgen.names import comment
from kgen.ops.broadcast import Broadcast
from kgen.ops.conv import Conv
from kgen.ops.pool import Pool
from kgen.ops.reshape import Reshape
from kgen.ops.slice import Slice
from kgen.ops.transpose import Transpose
from kgen.plan import Plan
from kgen.render.environment import environment
from kgen.render.literals import ROW_LIMIT, number, numbers, python_strings
from kgen.targets.expression import Expressions
from kgen.targets.numpy_loops import Loops

LONG = 4096
"""Arrays of more numbers than this are written as one string: Python compiles lists slowly."""

LINE = 100

DOUBLE_ROUNDED = np.array([0x15AE43FD, 0x95AE43FD], np.uint32)
"""The float32 numbers (7.038531e-26 and its negative) whose shortest text, read as a float64 and
then rounded to float32 as NumPy does, gives another number. There are no others: such a text of at
most 9 digits is within half a float64 step of the middle of two float32 numbers."""

VIEWS = (Reshape, Transpose, Slice, Broadcast, Pool)
"""What may give NumPy's view of the same memory (pooling: if its windows hold one element)."""


def module(plan: Plan, *, title: str, weights: bool = True) -> str:
    """The text of the module.

    title: what the model is called in its docstring.
    weights: if not, the arrays are left out; the text then needs `weight_globals(plan)` as globals.
    """
    view = Module(plan, title, weights)
    return environment("numpy").get_template("module.py.j2").render(module=view)


def weight_globals(plan: Plan) -> dict[str, np.ndarray]:
    """The arrays that the module without its weights expects, by name."""
    return {constant.name: constant.data for constant in plan.graph.constants}


def widened(array: np.ndarray) -> np.ndarray:
    """The array as the text takes it: bfloat16, which NumPy does not know, as float32."""
    return array.astype(np.float32) if array.dtype == "bfloat16" else array


class Literal(str):
    """A number's text. `typed` is the same as a scalar of NumPy's."""

    typed: str

    def __new__(cls, literal: Number) -> Literal:
        if literal.dtype == "bool":
            text = str(bool(literal.value))
        elif literal.dtype == STRING:
            text = repr(literal.value)
        else:
            text = number(np.dtype(literal.dtype).type(literal.value), special=("np.nan", "np.inf"))
        self = super().__new__(cls, text)
        self.typed = text if literal.dtype in ("bool", STRING) else f"np.{literal.dtype}({text})"
        return self


class Functions:
    """The definitions that the module needs, each under a name that no value of the model has."""

    def __init__(self, env: jinja2.Environment, taken: set[str]) -> None:
        self._sources = [env.get_template(name).module for name in ("functions.j2", "arrays.j2")]
        self._taken = {name.lower() for name in taken}
        self._names: dict[str, str] = {}
        self._used: set[str] = set()
        self.texts: list[str] = []
        self.needs_batch = False
        self.expressions = Expressions(
            operators=env.get_template("operators.j2").module,
            functions=self._sources[0],
            number=Literal,
            name=lambda function, dtype: self.use(function),
            function=_function_of,
        )

    def name(self, word: str) -> str:
        """The word, or another if a value of the model is called so."""
        if word not in self._names:
            name, count = word, 1
            while name.lower() in self._taken:
                name = f"{word}_function" if count == 1 else f"{word}_function_{count}"
                count += 1
            self._taken.add(name.lower())
            self._names[word] = name
        return self._names[word]

    def use(self, function: str) -> str:
        """The function's name, now that it is needed; what it calls is defined before it."""
        if function not in self._used:
            self._used.add(function)
            macro = next(getattr(s, function) for s in self._sources if hasattr(s, function))
            self.texts.append(str(macro(self.use)).strip())
        return self.name(function)

    @property
    def batch(self) -> str:
        """The name of the number of samples, now that it is needed."""
        self.needs_batch = True
        return self.name("batch")


@dataclass(frozen=True)
class Expression:
    """temporaries: (name, text) of results to be computed before. result: the result's text."""

    temporaries: tuple[tuple[str, str], ...]
    result: str


@dataclass(frozen=True)
class Op(Loops):
    """What an op's template sees of a node.

    body: the lines of its body.
    """

    functions: Functions
    body: Sequence[str] = ()

    @property
    def y(self) -> str:
        return str(self.node.name)

    @property
    def x(self) -> str:
        return str(self.node.x.name)

    @property
    def formula(self) -> str:
        return str(self.node.formula)

    @property
    def shape(self) -> str:
        return shape_text(self.node.output)

    @property
    def dtype(self) -> str:
        return dtype_text(self.node.output.dtype)

    def call(self, function: str) -> str:
        """The name of a function of the module; it will be defined."""
        return self.functions.use(function)

    # Scalar programs

    def _expression(self, program: Program, operands: Sequence[str]) -> Expression:
        temporaries, result = self.functions.expressions.text(program, operands)
        if result in operands:
            result = f"{result}.copy()"
        return Expression(
            tuple((name, text) for _, name, text in temporaries),
            result,
        )

    @cached_property
    def expression(self) -> Expression:
        return self._expression(self.node.program, [arg.name for arg in self.node.args])

    @cached_property
    def epilogue(self) -> Expression | None:
        after = self.node.epilogue
        if after is None:
            return None
        return self._expression(after.program, [self.y, *(arg.name for arg in after.args)])

    # Options as text

    @property
    def plus_bias(self) -> str:
        """For an array whose last axis is the bias's."""
        return f" + {self.node.bias.name}" if self.node.bias is not None else ""

    def operand(self, value: Value) -> str:
        """A contraction's first operand: NumPy would sum products of int8 in int8."""
        wide = value.dtype == "int8" and self.node.accumulator == "int32"
        return f"{value.name}.astype(np.int32)" if wide else value.name

    @property
    def keepdims(self) -> str:
        return ", keepdims=True" if self.node.keepdims else ""

    @property
    def axes(self) -> str:
        axes = self.node.axes
        return str(axes[0] if len(axes) == 1 else axes)

    @property
    def own_dtype(self) -> str:
        """Sums and products of integers stay in their type, which NumPy would widen."""
        dtype = self.node.output.dtype
        wide = self.node.function in ("sum", "prod") and numpy_dtype(dtype).kind in "biu"
        return f", dtype={dtype_text(dtype)}" if wide else ""

    @property
    def sizes(self) -> str:
        """A reshaped array's sizes, that of the batch axis left to NumPy."""
        shape, batch = self.node.shape, self.node.batch
        if 0 in shape:  # then NumPy can't tell
            return self.run_time_sizes
        texts = ["-1" if axis == batch else str(size) for axis, size in enumerate(shape)]
        return ", ".join(texts) or "()"

    def full(self, value: Value) -> str:
        """The sizes of a whole batch: (batch, 3)."""
        return _tuple(
            _samples(size, self.functions.batch) if axis == value.batch else str(size)
            for axis, size in enumerate(value.shape)
        )

    def dtype_of(self, value: Value) -> str:
        return dtype_text(value.dtype)

    @property
    def run_time_sizes(self) -> str:
        """The sizes, that of the batch axis as an expression."""
        return self.full(self.node.output)

    @property
    def run_time_shape(self) -> str:
        """The output's sizes, that of the batch axis as an expression."""
        output = self.node.output
        return _tuple(
            _samples(size, self.functions.batch) if axis == output.batch else str(size)
            for axis, size in enumerate(output.shape)
        )

    @property
    def slices(self) -> str:
        """`:, 2:5, ::-1`, without the last axes that stay whole."""
        node = self.node
        texts = [
            slice_text(*axis)
            for axis in zip(node.starts, node.steps, node.sizes, node.x.shape, strict=True)
        ]
        while len(texts) > 1 and texts[-1] == ":":
            texts.pop()
        return ", ".join(texts)

    @property
    def fill(self) -> str:
        return self.literal(self.node.value)

    def literal(self, number: bool | int | float) -> str:
        """A number of the output's type."""
        return Literal(Number(number, self.node.output.dtype))

    def along_axis(self, constant: Constant) -> str:
        """A constant of one axis, shaped to broadcast along the node's axis of x."""
        after = self.node.x.rank - 1 - self.node.axis
        return f"{constant.name}.reshape(-1{', 1' * after})" if after else constant.name

    # Windows

    @property
    def x_channels_last(self) -> str:
        return self.x if self.node.channels_last else f"np.moveaxis({self.x}, 1, -1)"

    @property
    def spatial_axes(self) -> tuple[int, ...]:
        first = 1 if self.node.channels_last else 2
        return tuple(range(first, first + len(self.node.sizes)))

    @property
    def conv(self) -> str:
        """The function for this number of groups."""
        node: Conv = self.node
        if node.groups == 1:
            return self.call("conv")
        return self.call("depthwise_conv" if node.group_channels == 1 else "grouped_conv")

    @property
    def groups(self) -> str:
        return (
            f", groups={self.node.groups}"
            if self.node.group_channels > 1 < self.node.groups
            else ""
        )

    @property
    def options(self) -> str:
        """Strides, dilation and padding if not the default; one number if all are the same."""
        node = self.node
        options = [("strides", node.strides, 1), ("dilation", getattr(node, "dilation", (1,)), 1)]
        options.append(("padding", getattr(node, "padding", (0,)), 0))
        texts = [(name, _common(values), default) for name, values, default in options]
        return "".join(f", {name}={text}" for name, text, default in texts if text != str(default))


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

    @property
    def comment(self) -> str:
        note = f"{comment(self.constant.note)}: " if self.constant.note else ""
        return f"{note}{self.constant.shape or 'a number'}"

    @property
    def name(self) -> str:
        return self.constant.name

    @property
    def text(self) -> str:
        return array_text(self.constant.data)


class Module:
    """What the module's template sees of a plan."""

    def __init__(self, plan: Plan, title: str, weights: bool) -> None:
        self.graph = plan.graph
        self.title = comment(title)
        self.weights = [Weight(constant) for constant in self.graph.constants] if weights else []
        values = [
            *self.graph.inputs,
            *(value for node in self.graph.walk() for value in node.outputs),
            *(value for node in self.graph.walk() for b in node.bodies for value in b.inputs),
            *self.graph.constants,
        ]
        self.functions = Functions(environment("numpy"), {value.name for value in values})
        self.checks = [self._check(value) for value in self.graph.arguments]
        self.inputs = [Port(value) for value in self.graph.arguments]
        self.outputs = [Port(value) for value in self.graph.results]
        self.paragraphs = self._paragraphs(self.graph.nodes)

    @property
    def states(self) -> list[tuple[str, str, str, str]]:
        """(state, its shape for a batch, its dtype, what it is after the call)"""
        return [
            (before.name, shape_text(before), dtype_text(before.dtype), after.name)
            for before, after in self.graph.states
        ]

    def _check(self, value: Value) -> str:
        """The expression of the input as an array of its dtype."""
        arguments = f'"{value.name}", {value.name}, {value.sample_shape}'
        if value.dtype == STRING:
            return f"{self.functions.use('checked_strings')}({arguments})"
        return f"{self.functions.use('checked')}({arguments}, {dtype_text(value.dtype)})"

    @property
    def definitions(self) -> list[str]:
        return self.functions.texts

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
        op = Op(self.functions, body, node=node, depth=depth)
        template = environment("numpy").get_template(f"ops/{node.kind}.py.j2")
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
        repeated |= isinstance(node, Broadcast)
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
        return str(self.value.sample_shape)


def header(origin: Origin) -> list[str]:
    """Lines for `encoder/dense: Dense(units=4)`, or the part of it that is known."""
    text = comment(
        ": ".join(part for part in (origin.path, origin.summary or origin.layer) if part)
    )
    return wrap(text, LINE - 6, subsequent_indent="    ", break_on_hyphens=False)


def _function_of(step: Step, dtypes: list[str]) -> str:
    """NumPy has no bfloat16: inputs are rounded to it, and stay float32."""
    if step.function == "cast" and dtypes[0] == "bfloat16":
        return "round_bfloat16"
    return "as_bfloat16" if step.function == "cast" and step.dtype == "bfloat16" else step.function


def dtype_text(dtype: str) -> str:
    return {"bool": "bool", "bfloat16": "np.float32", STRING: "object"}.get(dtype, f"np.{dtype}")


def shape_text(value: Value) -> str:
    """(batch, 4)"""
    return _tuple(
        _samples(size, "batch") if axis == value.batch else str(size)
        for axis, size in enumerate(value.shape)
    )


def slice_text(start: int, step: int, size: int, whole: int) -> str:
    """The `size` elements start, start + step, ... of an axis as a slice, shortest."""
    if size == 0:
        return ":0"
    stop = start + step * size
    if step > 0:
        first = str(start) if start else ""
        last = str(stop - step + 1) if stop < whole else ""
    else:
        first = str(start) if start < whole - 1 else ""
        last = str(stop) if stop >= 0 else ""
    return f"{first}:{last}" + (f":{step}" if step != 1 else "")


def array_text(array: np.ndarray) -> str:
    """An expression that gives exactly this array."""
    if array.dtype == object:
        return _strings_text(array)
    dtype = dtype_text(str(array.dtype))
    if not array.size:
        return f"np.zeros({array.shape}, dtype={dtype})"
    if array.dtype == np.float32 and np.isin(array.view(np.uint32), DOUBLE_ROUNDED).any():
        array = array.astype(np.float64)  # more digits
    if array.size > LONG:
        body = ",\n".join(numbers(array, special=("nan", "inf")))
        text = f'np.fromstring("""\n{body}\n""", dtype={dtype}, sep=",")'
        return text if array.ndim == 1 else f"{text}.reshape({_inner(array.shape)})"
    lines = numbers(array, special=("np.nan", "np.inf"))
    if array.ndim == 0:
        return f"np.array({next(lines)}, dtype={dtype})"
    if array.ndim == 2 and array.shape[1] <= ROW_LIMIT:
        return f"np.array([\n{_indented(f'[{line}]' for line in lines)}], dtype={dtype})"
    short = list(lines)
    body = f"[{short[0]}]" if len(short) == 1 else f"[\n{_indented(short)}]"
    text = f"np.array({body}, dtype={dtype})"
    return text if array.ndim == 1 else f"{text}.reshape({_inner(array.shape)})"


def _strings_text(array: np.ndarray) -> str:
    """An expression that gives this array of bytes objects."""
    lines = python_strings(array)
    text = f"np.array([\n{_indented(lines)}], dtype=object)"
    return text if array.ndim == 1 else f"{text}.reshape({_inner(array.shape) or '()'})"


def _indented(lines: Iterable[str]) -> str:
    return "".join(f"    {line},\n" for line in lines)


def _inner(shape: Sequence[int]) -> str:
    return ", ".join(map(str, shape))


def _tuple(parts: Iterable[str]) -> str:
    """(a, b), or (a,)"""
    texts = list(parts)
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"


def _samples(size: int, batch: str) -> str:
    return batch if size == 1 else f"{size} * {batch}"


def _common(values: Any) -> str:
    """The number that they all are, if so."""
    flat = np.unique(values)
    return str(flat[0]) if flat.size == 1 else str(values)
