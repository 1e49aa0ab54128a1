"""Which nodes run on vectors as they are, and along which of their axes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kgen.ir.node import Node
from kgen.ir.program import Program
from kgen.ir.size import is_fixed
from kgen.ir.value import Value, broadcast_strides, row_major
from kgen.ops.elementwise import Elementwise
from kgen.ops.normalization import Normalization
from kgen.ops.pad import Pad
from kgen.ops.pool import Pool
from kgen.ops.reduce import Reduce
from kgen.ops.softmax import Softmax
from kgen.ops.transpose import Transpose
from kgen.schedule.attention import Attention
from kgen.schedule.product import Product
from kgen.schedule.tile import LINE

SHORTEST = 4
"""Runs of fewer elements are left to plain loops."""

SHORT_ROWS = 16
"""Rows of two or three elements are left to plain loops if they have fewer together."""

SCATTERED = 64 * LINE
"""Elements, each in a line of its own, that are more than the first-level cache keeps lines for."""

LONGEST_COLUMN = 256
"""A lane's sum of more terms would lose digits, though it is taken in parts."""


def on_vectors(program: Program, functions: Collection[str]) -> bool:
    """Whether a scalar program can be computed on vectors of float32."""
    return all(dtype == "float32" for dtype in program.dtypes) and has_vector_steps(
        program, functions
    )


def has_vector_steps(program: Program, functions: Collection[str]) -> bool:
    """Whether what a scalar program does can be computed on vectors, if its inputs are there."""
    return all(
        step.function in functions and step.dtype in ("float32", "bool") for step in program.steps
    )


def spread(arg: Value, output: Value) -> str:
    """How an epilogue's argument lies along the output: "all" of its elements, one for each
    "unit" along the last axis, "one" for all, or "" for any other way.
    """
    strides = broadcast_strides(arg.shape, output.shape)
    if arg.size == 1:
        return "one"
    if arg.size == output.size:
        return "all"
    return "unit" if not any(strides[:-1]) else ""


def has_fixed_sizes(node: Node) -> bool:
    """Whether no size of the node's values depends on a length known at run time."""
    return all(is_fixed(value.shape) for value in (*node.inputs, *node.outputs))


@dataclass(frozen=True)
class Run:
    """The innermost loop of an array: its elements lie side by side, or one is used for all."""

    count: int
    steps: tuple[int, ...]


def innermost(shape: Sequence[int], strides: Sequence[Sequence[int]]) -> Run:
    """The longest run over the last axes along which every array moves on by 1, or not at all."""
    count, steps = 1, tuple(0 for _ in strides)
    for axis in reversed(range(len(shape))):
        if shape[axis] == 1:
            continue
        here = tuple(one[axis] for one in strides)
        if count == 1:
            steps = here
        elif any(a != count * b for a, b in zip(here, steps, strict=True)):
            break
        count *= shape[axis]
    return Run(count, steps)


def fits(node: Node, functions: Collection[str]) -> bool:
    """Whether a node has a form on vectors that pays: its kind's template of the fast style."""
    if isinstance(node, Product | Attention):
        return True
    if any(value.dtype != "float32" for value in (*node.inputs, node.output)):
        return False
    match node:
        case Elementwise():
            shape = node.output.shape
            strides = [row_major(shape), *(broadcast_strides(a.shape, shape) for a in node.args)]
            run = innermost(shape, strides)
            return (
                on_vectors(node.program, functions)
                and run.count >= SHORTEST
                and run.steps[0] == 1
                and set(run.steps) <= {0, 1}
            )
        case Softmax():
            return softmax_form(node) != ""
        case Normalization():
            return normalization_form(node) != ""
        case Pad():
            padded = [axis for axis, pair in enumerate(node.padding) if any(pair)]
            return (
                node.value == 0
                and min(min(pair) for pair in node.padding) >= 0
                and (len(padded) == 1 or (len(padded) == 2 and padded[1] == padded[0] + 1))
                and node.x.size > 0
            )
        case Pool():
            channels = node.x.shape[-1]
            return node.channels_last and is_fixed((channels,)) and channels >= SHORTEST
        case Transpose():
            strides = [node.output.strides, node.x_strides]
            _, step = innermost(node.output.shape, strides).steps
            return has_fixed_sizes(node) and step >= LINE and node.output.size >= SCATTERED
        case Reduce():
            return node.function in ("sum", "mean", "max", "min") and _reduces(node)
        case _:
            return True


def softmax_form(node: Softmax) -> str:
    """What lies in a vector: elements of one "row", of several "short rows" in turn, or of as many
    "columns"; "" if no way pays.
    """
    length, stride = node.x.shape[node.axis], node.x.strides[node.axis]
    if stride == 1 and length >= SHORTEST:
        return "row"
    if not has_fixed_sizes(node):
        return ""
    if stride == 1:
        return "short rows" if not node.log and node.x.size >= SHORT_ROWS else ""
    return "columns" if stride >= SHORTEST and length <= LONGEST_COLUMN else ""


def normalization_form(node: Normalization) -> str:
    """What lies in a vector: elements of one "row", over the last axes, or of as many "columns",
    over another axis; "" if neither pays.
    """
    first, end = node.axes[0], node.axes[-1] + 1
    weights = node.weight_strides
    if (
        node.axes != tuple(range(first, end))
        or not is_fixed(node.x.shape[first:])
        or any(any(one[:first] + one[end:]) for one in weights)
    ):
        return ""
    shape = node.x.shape[first:end]
    run = innermost(shape, [row_major(shape), *(one[first:end] for one in weights)])
    if run != Run(node.count, (1, int(node.gamma is not None), int(node.beta is not None))):
        return ""
    if end == node.x.rank:
        return "row" if node.count >= SHORTEST else ""
    across = node.x.strides[end - 1]
    return "columns" if across >= SHORTEST and node.count <= LONGEST_COLUMN else ""


def _reduces(node: Reduce) -> bool:
    """Whether the last axes are all kept, or all reduced."""
    last = node.x.rank - 1
    return node.x.shape[last] >= SHORTEST and (
        last not in node.axes or node.axes == tuple(range(node.axes[0], node.x.rank))
    )
