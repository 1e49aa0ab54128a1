"""Computing when exporting what does not depend on the input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.program import Arg, Number, Operand, Program
from kgen.ir.size import is_fixed
from kgen.ir.value import Constant, Value, numpy_dtype
from kgen.ops.broadcast import Broadcast
from kgen.ops.concatenate import Concatenate
from kgen.ops.elementwise import Elementwise
from kgen.ops.pad import Pad
from kgen.ops.reshape import Reshape
from kgen.ops.slice import Slice
from kgen.ops.transpose import Transpose
from kgen.passes.rewrite import substitute

# NumPy's functions that are exact or correctly rounded, so that they give the same bits on every
# machine.
EXACT = {
    "add", "subtract", "multiply", "divide", "negative", "absolute", "square", "sqrt",
    "maximum", "minimum", "floor", "ceil", "trunc", "equal", "not_equal", "less", "less_equal",
    "greater", "greater_equal", "logical_and", "logical_or", "logical_not", "where",
}  # fmt: skip

MAX_FOLDED = 1 << 16
"""A constant array of more elements than this is only made if what it is made of is as large."""


def fold_constants(graph: Graph) -> Graph:
    """Given:   y = f(constants)
    Result:  y is a constant, unless it is much larger than what it is made of"""
    known: dict[Value, Value] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        current = node.map_values(lambda value: known.get(value, value))
        result = None if node.output in graph.outputs else _evaluate(current)
        if result is None:
            nodes.append(current)
        else:
            known[node.output] = Constant.of(node.name, result, f"computed when exporting: {node}")
    return substitute(graph, nodes, known)


def _evaluate(node: Node) -> np.ndarray | None:
    if not node.inputs or not all(isinstance(value, Constant) for value in node.inputs):
        return None
    if node.output.batch is not None or not is_fixed(node.output.shape):
        return None
    if node.output.size > max(MAX_FOLDED, sum(value.size for value in node.inputs)):
        return None
    arrays = [value.data for value in node.inputs if isinstance(value, Constant)]
    with np.errstate(all="ignore"):
        rule = _RULES.get(type(node))
        result = rule(node, arrays) if rule is not None else None
    return (
        None
        if result is None
        else np.asarray(result, numpy_dtype(node.output.dtype)).reshape(node.output.shape)
    )


def run(program: Program, arrays: list[np.ndarray]) -> np.ndarray | None:
    """The program on arrays, or None if a function of it is not exact."""
    results: list[np.ndarray] = []

    def value(operand: Operand) -> Any:
        match operand:
            case Arg(index):
                return arrays[index]
            case Number(number, dtype):
                return np.asarray(number, numpy_dtype(dtype))
            case _:
                return results[operand.index]

    for step in program.steps:
        operands = [value(operand) for operand in step.args]
        if step.function == "cast":
            results.append(operands[0].astype(step.dtype))
        elif step.function in EXACT:
            results.append(np.asarray(getattr(np, step.function)(*operands)).astype(step.dtype))
        else:
            return None
    return results[-1] if results else arrays[0]


_RULES: dict[type[Node], Callable[[Any, list[np.ndarray]], np.ndarray | None]] = {
    Elementwise: lambda node, x: run(node.program, x),
    Broadcast: lambda node, x: np.broadcast_to(x[0], node.shape),
    Reshape: lambda node, x: x[0].reshape(node.shape),
    Transpose: lambda node, x: x[0].transpose(node.permutation),
    Concatenate: lambda node, x: np.concatenate(x, node.axis),
    Pad: lambda node, x: np.pad(x[0], node.padding, constant_values=node.value),
    Slice: lambda node, x: x[0][
        np.ix_(
            *(
                start + step * np.arange(size)
                for start, step, size in zip(node.starts, node.steps, node.sizes, strict=True)
            )
        )
    ],
}
