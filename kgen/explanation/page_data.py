"""What the page's script knows: the numbers of values, and the graph that computes them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import prod
from typing import Any

import numpy as np

from kgen.explanation.report import Explanation
from kgen.ir.graph import Graph
from kgen.ir.node import IDENTITY, Contraction, Node
from kgen.ir.program import Arg, Number, Operand, Program, Temp
from kgen.ir.value import Constant, Value
from kgen.ops.scan import Scan

Json = dict[str, Any]

NUMBERS = 450_000
"""As many are on a page; of larger models each array is cut to a part of its share."""

MACS = 4_000_000
"""Multiply-adds for the page's samples up to which it computes everything anew."""

KINDS = {
    *("dense", "conv", "pool", "elementwise", "softmax", "normalization", "batch_normalization"),
    *("reshape", "transpose", "slice", "concatenate", "broadcast", "reduce", "pad", "gather"),
    *("einsum", "scan"),
}
"""The kinds of nodes that the page's script can run (templates/html/run.js)."""

FUNCTIONS = {
    *("add", "subtract", "multiply", "divide", "power", "negative", "absolute", "square", "sqrt"),
    *("rsqrt", "reciprocal", "maximum", "minimum", "sign", "floor", "ceil", "exp", "expm1", "log"),
    *("log1p", "sin", "cos", "tanh", "sinh", "cosh", "equal", "not_equal", "less", "less_equal"),
    *("greater", "greater_equal", "logical_and", "logical_or", "logical_not", "where", "cast"),
    *("relu", "relu6", "hard_tanh", "softplus", "log_sigmoid", "sigmoid", "silu", "softsign"),
    *("mish", "erf", "gelu", "gelu_tanh", "leaky_relu", "elu", "celu", "selu", "hard_sigmoid"),
    *("hard_silu",),
}
"""The scalar functions that it has."""

REDUCTIONS = {"sum", "mean", "max", "min", "prod"}

DTYPES = {"float32", "int32", "bool"}


class PageData:
    """The JSON of a page. ids: a number for each value of the graph."""

    def __init__(self, explanation: Explanation, shown: Sequence[Value]) -> None:
        self.explanation = explanation
        graph = explanation.graph
        self.ids = {value: number for number, value in enumerate(values_of(graph))}
        self.reason = self._why_not(graph)
        everything = {} if self.reason else dict.fromkeys(self.ids)
        self.kept = {**dict.fromkeys(shown), **everything}
        total = sum(explanation.value(value).size for value in self.kept)
        share = max(NUMBERS // max(len(self.kept), 1), 96)
        self.limit = share if total > NUMBERS else None

    @property
    def shortened(self) -> bool:
        return self.limit is not None

    def as_json(self) -> Json:
        graph = self.explanation.graph
        return {
            "inputs": [self.ids[value] for value in graph.arguments],
            "outputs": [self.ids[value] for value in graph.results],
            "values": {str(self.ids[value]): self._value(value) for value in self.kept},
            "nodes": [self._node(node) for node in graph.nodes],
            "live": not self.reason,
        }

    def arrays(self, values: Mapping[Value, np.ndarray]) -> list[str]:
        """The numbers of the page's values in the order of their ids, for another frame."""
        kept = sorted(self.kept, key=lambda value: self.ids[value])
        return [self.encoded(values[value]) for value in kept]

    def encoded(self, array: np.ndarray) -> str:
        """The numbers of an array that are on the page."""
        return _encoded(self._part(array))

    def _part(self, array: np.ndarray) -> np.ndarray:
        """What of an array is on the page: its first corner."""
        return array[tuple(slice(0, size) for size in boxed(array.shape, self.limit))]

    def _value(self, value: Value) -> Json:
        found = self.array(value.name, self.explanation.value(value))
        loops = self.explanation.arrays.times.get(value, ())
        if loops:
            found["t"] = list(loops)
        if isinstance(value, Constant):
            found["c"] = 1
        return found

    def array(self, name: str, array: np.ndarray) -> Json:
        """An array, or a part of it, under a name."""
        part = self._part(array)
        found: Json = {"n": name, "s": list(array.shape), "d": _kind(part)}
        if part.shape != array.shape:
            found["p"] = list(part.shape)
        if part.dtype == object:
            found["w"] = [bytes(text).decode("utf-8", "replace") for text in part.flat]
        else:
            found["b"] = _encoded(part)
        return found

    def _node(self, node: Node) -> Json:
        found: Json = {"k": node.kind, "o": [self.ids[value] for value in node.outputs]}
        for field in fields(node):
            content = getattr(node, field.name)
            if field.name in IDENTITY or content is None:
                continue
            if isinstance(content, Graph):
                found["body"] = {
                    "in": [self.ids[value] for value in content.inputs],
                    "out": [self.ids[value] for value in content.outputs],
                    "nodes": [self._node(inner) for inner in content.nodes],
                }
            else:
                found[field.name] = self._field(content)
        return found

    def _field(self, content: Any) -> Any:
        if isinstance(content, Value):
            return self.ids[content]
        if isinstance(content, tuple | list):
            return [self._field(one) for one in content]
        if isinstance(content, Program):
            return [
                [step.function, [_operand(arg) for arg in step.args], step.dtype]
                for step in content.steps
            ]
        if isinstance(content, float) and not np.isfinite(content):
            return str(content)
        if isinstance(content, np.generic):
            return content.item()
        return content if isinstance(content, bool | int | float | str) else None

    def _why_not(self, graph: Graph) -> str:
        """Why the page can't compute the model anew; empty if it can."""
        if graph.states:
            return "the model remembers what it has seen before"
        total = sum(self.explanation.value(value).size for value in self.ids)
        if total > NUMBERS:
            return "the model is too large"
        if sum(node.macs for node in graph.nodes) * self.explanation.samples > MACS:
            return "the model takes too many multiplications"
        return next(filter(None, map(_unknown, graph.walk())), "")


def _unknown(node: Node) -> str:
    """What of a node the script can't run."""
    kinds = {value.dtype for value in (*node.inputs, *node.outputs) if not _narrow(value)}
    if node.kind not in KINDS or not kinds <= DTYPES:
        return f"{node.origin.path} computes what the page has no arithmetic for ({node.kind})"
    program = getattr(node, "program", None)
    functions = {step.function for step in program.steps} if program is not None else set()
    if not functions <= FUNCTIONS:
        return f"{node.origin.path} has functions that the page has no arithmetic for"
    if node.kind == "reduce" and getattr(node, "function", "") not in REDUCTIONS:
        return f"{node.origin.path} has a reduction that the page has no arithmetic for"
    if isinstance(node, Contraction) and (node.bias is not None or node.epilogue is not None):
        return f"{node.origin.path} is merged with what follows it"
    if isinstance(node, Scan) and any(inner.bodies for inner in node.body.nodes):
        return f"{node.origin.path} has loops within a loop"
    return ""


def _narrow(value: Value) -> bool:
    """Whether it is a constant of int64 numbers that int32 holds."""
    if not isinstance(value, Constant) or value.dtype != "int64":
        return False
    return bool((np.abs(value.data) < 2**31).all())


def values_of(graph: Graph) -> list[Value]:
    """Every value of the graph, those of bodies too, in an order that the graph alone decides."""
    found: dict[Value, None] = dict.fromkeys(graph.inputs)
    for node in graph.walk():
        for body in node.bodies:
            found |= dict.fromkeys(body.inputs)
        found |= dict.fromkeys((*node.constants, *node.outputs))
    found |= dict.fromkeys(graph.outputs)
    return list(found)


def boxed(shape: Sequence[int], limit: int | None) -> tuple[int, ...]:
    """The sizes of an array's first corner of at most `limit` numbers: long axes are cut first."""
    sizes = list(shape)
    while limit is not None and prod(sizes) > limit and max(sizes) > 1:
        longest = sizes.index(max(sizes))
        sizes[longest] = -(-sizes[longest] // 2)
    return tuple(sizes)


def _kind(array: np.ndarray) -> str:
    return {"f": "f", "b": "b", "O": "s"}.get(array.dtype.kind, "i")


def _encoded(array: np.ndarray) -> str:
    """Numbers as base64 of float32, int32 or bytes."""
    dtype = {"f": "<f4", "i": "<i4", "b": "u1"}.get(_kind(array), "u1")
    with np.errstate(over="ignore"):  # a float64 number may be too large
        return b64encode(np.ascontiguousarray(array).astype(dtype).tobytes()).decode()


def _operand(operand: Operand) -> list[Any]:
    match operand:
        case Arg(index):
            return ["a", index]
        case Temp(index):
            return ["t", index]
        case Number(value, _):
            number = value if not isinstance(value, bytes) else 0
            return ["n", number if np.isfinite(number) else str(number)]
