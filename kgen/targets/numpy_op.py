"""What NumPy templates see of a node: names, options and expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jinja2
import numpy as np

from kgen.ir.program import Number, Program, Step
from kgen.ir.size import Size, at_bound, bare
from kgen.ir.value import STRING, Constant, Value, numpy_dtype
from kgen.ops.conv import Conv
from kgen.ops.conv_transpose import ConvTranspose
from kgen.ops.einsum import Einsum
from kgen.ops.resize import Resize
from kgen.render.literals import number
from kgen.targets.expression import Expressions
from kgen.targets.numpy_loops import Loops
from kgen.targets.numpy_pooling import larger, pooled
from kgen.targets.numpy_text import (
    common_text,
    dtype_text,
    samples_text,
    shape_text,
    slice_text,
    tuple_text,
)

ZEROS = 16
"""The most times as many terms with which a product is still quicker than gathering neighbours."""

LINE_OF_PRODUCT = 8
"""The fewest rows that a matrix of a stack should have."""


class Literal(str):
    """A number's text. `typed` is the same as a scalar of NumPy's."""

    typed: str

    def __new__(cls, literal: Number) -> Literal:
        if isinstance(literal.value, Size):
            text = bare(literal.value)
        elif literal.dtype == "bool":
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
        self.reordered: dict[str, str] = {}
        self.tables: dict[str, str] = {}
        self.needs_batch = False
        self.expressions = Expressions(
            operators=env.get_template("operators.j2").module,
            functions=self._sources[0],
            number=Literal,
            name=lambda function, dtype: self.use(function),
            function=function_of,
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

    def made(self, word: str, text: str) -> str:
        """The name of a weight in another order, made once: products by views take longer."""
        name = self.name(word)
        self.reordered[name] = text
        return name

    def table(self, word: str, text: str) -> str:
        """The name of an array that functions make once; the same one for the same text."""
        if text not in self.tables:
            self.tables[text] = self.name(word)
        return self.tables[text]

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
    """What an op's template sees of a node."""

    functions: Functions

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
        texts = ["-1" if axis == batch else bare(size) for axis, size in enumerate(shape)]
        return ", ".join(texts) or "()"

    def full(self, value: Value) -> str:
        """The sizes of a whole batch: (batch, 3)."""
        return tuple_text(
            samples_text(size, self.functions.batch) if axis == value.batch else bare(size)
            for axis, size in enumerate(value.shape)
        )

    @property
    def batch_word(self) -> str:
        return self.functions.name("batch")

    def dtype_of(self, value: Value) -> str:
        return dtype_text(value.dtype)

    @property
    def run_time_sizes(self) -> str:
        """The sizes, that of the batch axis as an expression."""
        return self.full(self.node.output)

    @property
    def run_time_shape(self) -> str:
        """The output's sizes, that of the batch axis as an expression."""
        return self.full(self.node.output)

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

    @property
    def einsum(self) -> str:
        """The sum of products: as matrices if it can be, for that is quicker."""
        node: Einsum = self.node
        a, b = self.operand(node.a), self.operand(node.b)
        if node.matrix_axes is None:
            return f'np.einsum("{node.equation}", {a}, {b}, optimize=True)'
        of_a, of_b, of_y = node.matrix_axes
        turned = of_b != sorted(of_b) and isinstance(node.b, Constant) and b == node.b.name
        right = (
            self.functions.made(f"{b}_transposed", f"np.ascontiguousarray({b}.T)")
            if turned and node.b.rank == 2
            else _transposed(b, of_b)
        )
        product = f"{_transposed(a, of_a)} @ {right}"
        return product if of_y == sorted(of_y) else _transposed(f"({product})", of_y)

    # Windows

    @property
    def x_channels_last(self) -> str:
        return self.x if self.node.channels_last else f"np.moveaxis({self.x}, 1, -1)"

    @property
    def spatial_axes(self) -> tuple[int, ...]:
        first = 1 if self.node.channels_last else 2
        return tuple(range(first, first + len(self.node.sizes)))

    @property
    def pooled(self) -> list[str]:
        return pooled(self.node)

    @property
    def begins_with_lowest(self) -> bool:
        """Whether pooling passes NaN over, and -inf, for the lowest finite number."""
        return larger(self.node) == "fmax" and self.node.function == "max"

    @property
    def resizing_matrix(self) -> str:
        """An argument for sums of neighbours that a product with mostly zeros gets done sooner."""
        node: Resize = self.node
        assert node.weights is not None
        assert node.starts is not None
        length = node.x.shape[node.axis]
        if node.x.dtype not in ("float32", "float64") or not 1 < length <= ZEROS * node.taps:
            return ""
        rows = f"np.eye({length}, dtype={dtype_text(node.weights.dtype)})"
        tables = f"{node.starts.name}, {node.weights.name}"
        name = self.functions.table(
            f"{node.name}_matrix", f"{self.call('resize')}({rows}, {tables}, axis=0)"
        )
        return f", matrix={name}"

    @property
    def conv(self) -> str:
        """The convolution, by the function for this number of groups or as one product."""
        node: Conv = self.node
        x, kernel = self.x_channels_last, node.kernel.name
        if self._is_product:
            steps = "".join(f", ::{stride}" for stride in node.strides)
            part = f"[:{steps}]" if max(node.strides) > 1 else ""
            return f"{x}{part} @ {kernel}[{', '.join('0' * len(node.strides))}]"
        groups = ""
        if node.groups == 1:
            function = "conv"
        elif node.group_channels == 1:
            function = "depthwise_conv"
        else:
            function, groups = "grouped_conv", f", groups={node.groups}"
        return f"{self.call(function)}({x}, {kernel}{groups}{self.options})"

    @property
    def conv_of_turned_kernel(self) -> str:
        """A transposed convolution without strides."""
        node: ConvTranspose = self.node
        turned = ", ".join(["::-1"] * len(node.window))
        kernel = self.functions.made(
            f"{node.kernel.name}_turned",
            f"np.ascontiguousarray({node.kernel.name}[{turned}].swapaxes(-1, -2))",
        )
        options = [("dilation", node.dilation, 1), ("padding", node.as_conv_padding, 0)]
        return f"{self.call('conv')}({self.x_channels_last}, {kernel}{_options(options)})"

    @property
    def kernel_by_channel(self) -> str:
        """A transposed convolution's kernel as (channels, *window, filters)."""
        name = self.node.kernel.name
        text = f"np.ascontiguousarray(np.moveaxis({name}, -1, 0))"
        return self.functions.made(f"{name}_by_channel", text)

    @property
    def _is_product(self) -> bool:
        """Whether NumPy's product of stacks of matrices, a line of the image each, does it: a
        window has one element, and a line enough for the kernel not to be read too often.
        """
        node: Conv = self.node
        alone = node.groups == 1 and set(node.window) == {1} and not node.padded
        return alone and at_bound(node.output_sizes[-1]) >= LINE_OF_PRODUCT

    @property
    def options(self) -> str:
        """Strides, dilation and padding if not the default; one number if all are the same."""
        node = self.node
        options = [("strides", node.strides, 1), ("dilation", getattr(node, "dilation", (1,)), 1)]
        options.append(("padding", getattr(node, "padding", (0,)), 0))
        return _options(options)


def _options(options: Sequence[tuple[str, Any, int]]) -> str:
    """Arguments (name, values, default) as text, those left out that have the default."""
    texts = [(name, common_text(values), default) for name, values, default in options]
    return "".join(f", {name}={text}" for name, text, default in texts if text != str(default))


def _transposed(text: str, axes: Sequence[int]) -> str:
    return text if list(axes) == sorted(axes) else f"{text}.transpose({', '.join(map(str, axes))})"


def function_of(step: Step, dtypes: list[str]) -> str:
    """NumPy has no bfloat16: inputs are rounded to it, and stay float32."""
    if step.function == "cast" and dtypes[0] == "bfloat16":
        return "round_bfloat16"
    return "as_bfloat16" if step.function == "cast" and step.dtype == "bfloat16" else step.function
