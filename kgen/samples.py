"""Random inputs in a range that makes sense for the model."""

from __future__ import annotations

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.program import Arg, Number
from kgen.ir.value import STRING, Value, is_float
from kgen.ops.concatenate import Concatenate
from kgen.ops.elementwise import Elementwise
from kgen.ops.gather import Gather
from kgen.ops.gather_elements import GatherElements
from kgen.ops.lookup import Lookup
from kgen.ops.required import Required
from kgen.ops.reshape import Reshape
from kgen.ops.scan import Scan
from kgen.ops.scatter import Scatter
from kgen.ops.slice import Slice
from kgen.ops.transpose import Transpose
from kgen.ops.vectorize_text import VectorizeText

SEPARATORS = (b" ", b" ", b", ", b"\t \n", b"-", b". ", b"\xc3 \xff ", b"")
"""Between the words of a text; one of them is not UTF-8."""

INTEGER_LIMIT = 10
"""Integers that are no indices are drawn below this."""

UNKNOWN_WORDS = (
    b"",
    b"unheard",
    "d\u00e9j\u00e0 vu".encode(),
    b"a phrase of more than sixty-four bytes, " * 2,
)


def samples(graph: Graph, count: int, seed: int = 0) -> list[np.ndarray]:
    """`count` random samples for each input, whole batches.

    Indices lie within what they pick from, words are known ones where others are errors, inputs
    that the model divides by 255 or so lie within that, and other numbers are normally distributed.
    """
    generator = np.random.default_rng(seed)
    return [_sample(graph, value, count, generator) for value in graph.arguments]


def _sample(graph: Graph, value: Value, count: int, generator: np.random.Generator) -> np.ndarray:
    shape = (count, *value.sample_shape)
    limit = index_limit(graph, value)
    known = _known_only(graph, value)
    if known is not None:
        return generator.choice(known, shape).astype(
            object if value.dtype == STRING else value.dtype
        )
    if value.dtype == STRING:
        return _texts(graph, value, shape, generator)
    if value.dtype == "bool":
        return generator.random(shape) < 0.5
    if limit is not None or not is_float(value.dtype):
        high = INTEGER_LIMIT if limit is None else max(limit, 1)
        high = min(high, np.iinfo(value.dtype).max if "int" in value.dtype else 2**24)
        return generator.integers(0, high, shape).astype(value.dtype)
    scale = _input_scale(graph, value)
    if scale is not None:
        return (generator.random(shape) * scale).astype(value.dtype)
    return generator.standard_normal(shape).astype(value.dtype)


def _texts(
    graph: Graph, value: Value, shape: tuple[int, ...], generator: np.random.Generator
) -> np.ndarray:
    """Words that the model knows and words that it doesn't; sentences of them, where it splits."""
    words = [*dict.fromkeys(_vocabulary(graph, value)), *UNKNOWN_WORDS]
    sentences = _is_split(graph, value)
    drawn = np.empty(int(np.prod(shape)), object)
    for place in range(drawn.size):
        count = int(generator.integers(9)) if sentences else 1
        picked = generator.integers(len(words), size=count)
        between = generator.integers(len(SEPARATORS), size=count)
        drawn[place] = b"".join(
            words[word] + (SEPARATORS[gap] if sentences else b"")
            for word, gap in zip(picked, between, strict=True)
        )
    return drawn.reshape(shape)


def _is_split(graph: Graph, value: Value) -> bool:
    """Whether the strings are texts of several words."""
    return any(
        node.split != "none" if isinstance(node, VectorizeText) else _is_split(graph, node.output)
        for node in graph.nodes
        if value in node.inputs and (isinstance(node, VectorizeText) or _hands_on(node))
    )


def _known_only(graph: Graph, value: Value) -> np.ndarray | None:
    """The numbers or words that the value may be, where any other is an error; else None."""
    for node in graph.nodes:
        if value not in node.inputs:
            continue
        if isinstance(node, Lookup) and node.can_fail:
            return node.keys.data
        if isinstance(node, Required):
            return np.arange(1, INTEGER_LIMIT)
        known = None
        if isinstance(node, Scan):
            inner = _within(node).get(value)
            known = None if inner is None else _known_only(node.body, inner)
        elif _hands_on(node):
            known = _known_only(graph, node.output)
        if known is not None:
            return known
    return None


def _within(node: Scan) -> dict[Value, Value]:
    """What a loop reads: what each of it is called in its body."""
    return dict(zip((*node.sequences, *node.captured), (*node.elements, *node.outer), strict=True))


def _vocabulary(graph: Graph, value: Value) -> list[bytes]:
    """The words in the tables that the value is looked up in."""
    words: list[bytes] = []
    for node in graph.nodes:
        if value in node.inputs:
            for constant in node.constants:
                words += constant.data.flat if constant.dtype == STRING else []
            if _hands_on(node):
                words += _vocabulary(graph, node.output)
    return words


def index_limit(graph: Graph, value: Value) -> int | None:
    """The length of the shortest array that the value is used as an index of, or None."""
    limits: list[int | None] = []
    for node in graph.nodes:
        if value not in node.inputs:
            continue
        if isinstance(node, Gather | GatherElements) and node.indices is value:
            limits.append(node.length)
        elif isinstance(node, Scatter) and node.indices is value:
            limits.append(min(length for length, _ in node.axes))
        elif isinstance(node, Scan):
            inner = _within(node)
            if value in inner:
                limits.append(index_limit(node.body, inner[value]))
        elif _hands_on(node):
            limits.append(index_limit(graph, node.output))
    return min((limit for limit in limits if limit is not None), default=None)


def _hands_on(node: Node) -> bool:
    """Whether the node's output has the same numbers."""
    if isinstance(node, Elementwise):
        return all(step.function == "cast" for step in node.program.steps)
    return isinstance(node, Reshape | Slice | Transpose | Concatenate)


def _input_scale(graph: Graph, value: Value) -> float | None:
    """The 255 of a model that begins with `x / 255`, if it does."""
    readers = [node for node in graph.nodes if value in node.inputs]
    if len(readers) != 1 or not isinstance(readers[0], Elementwise):
        return None
    step = next((s for s in readers[0].program.steps if s.function in ("multiply", "divide")), None)
    if step is None or Arg(readers[0].args.index(value)) not in step.args:
        return None
    factors = [abs(float(x.value)) for x in step.args if isinstance(x, Number) and x.value]
    if not factors:
        return None
    scale = factors[0] if step.function == "divide" else 1 / factors[0]
    return scale if 16 <= scale <= 65536 else None
