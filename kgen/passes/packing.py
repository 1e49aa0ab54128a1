"""Storing weights in fewer bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Node
from kgen.ir.program import Arg, Number, Program, Step
from kgen.ir.value import HALVES, Constant, Levels, Value, rounded
from kgen.ops.dense import Dense
from kgen.ops.einsum import Einsum
from kgen.ops.elementwise import Elementwise
from kgen.ops.gather import Gather
from kgen.ops.grouped_dense import GroupedDense
from kgen.passes.rewrite import only_reader


def keep_integers(graph: Graph) -> Graph:
    """Given:   y = dense(x, kernel), the kernel made of small integers
    Result:  y = grouped_dense(x, integers, scale, zero), which need a fraction of its bytes;
    x divided, or in another order, where the rows of the kernel are;
    a kernel of float8 and one scale:  y = dense(x, kernel / scale) * scale"""
    nodes: list[Node] = []
    for node in graph.nodes:
        made = None
        if isinstance(node, Dense):
            made = _grouped(node, node.kernel) or _scaled(node, node.kernel)
        elif isinstance(node, Einsum) and isinstance(node.b, Constant):
            made = _scaled(node, node.b)
        nodes.extend(made or [node])
    return graph.with_nodes(nodes)


def _scaled(node: Contraction, kernel: Constant) -> list[Node] | None:
    """The product with float8 numbers, and their scale behind it."""
    levels = kernel.levels
    if levels is None or levels.numbers.dtype != np.float32 or not kernel.size:
        return None
    scale = levels.scale.flat[0].item()
    if (levels.scale != scale).any() or node.output.dtype != "float32":
        return None
    note = f"{kernel.note or kernel.name} / {scale:.9g}"
    small = replace(Constant.of(kernel.name, levels.numbers, note), stored="float8_e4m3fn")
    product = node.map_values(lambda value: small if value is kernel else value)
    if scale == 1:
        return [product]
    total = replace(node.output, name=f"{node.name}/unscaled")
    step = Step("multiply", (Arg(0), Number(scale, "float32")), "float32")
    program = Program(("float32",), (step,))
    after = Elementwise(origin=node.origin, output=node.output, args=(total,), program=program)
    return [replace(product, output=total), after]


def _grouped(node: Dense, kernel: Constant) -> list[Node] | None:
    levels = kernel.levels
    if levels is None or levels.numbers.dtype != np.int8 or kernel.rank != 2 or not kernel.size:
        return None
    before: list[Node] = []
    x = node.x
    if levels.divisor is not None:
        if (levels.divisor != levels.divisor[:, :1]).any():
            return None
        before.append(_divided(node, x, levels.divisor[:, 0]))
        x = before[-1].output
    block = _block(levels)
    if block is None:
        order = _order(levels)
        levels = levels.each(lambda array: array[order])
        block = _block(levels)
        before.append(_ordered(node, x, order))
        x = before[-1].output
    if block is None:
        return None
    path = kernel.name.rpartition("/")[0]
    of = f"of {kernel.name}, for {block} rows each"
    grouped = GroupedDense(
        origin=node.origin,
        output=node.output,
        x=x,
        kernel=Constant.of(kernel.name, levels.numbers, kernel.note),
        scale=Constant.of(f"{path}/scale", levels.scale[::block], f"scales {of}"),
        zero=Constant.of(f"{path}/zero", levels.zero[::block], f"zeros {of}"),
        block=block,
    )
    return [*before, grouped]


def _divided(node: Dense, x: Value, divisor: np.ndarray) -> Elementwise:
    """x divided by what the kernel's rows are."""
    path = node.kernel.name.rpartition("/")[0]
    note = f"what the rows of {node.kernel.name} are divided by, and here x"
    constant = Constant.of(f"{path}/divisor", divisor, note)
    program = Program((x.dtype,) * 2, (Step("divide", (Arg(0), Arg(1)), x.dtype),))
    output = replace(x, name=f"{node.name}/divided")
    return Elementwise(origin=node.origin, output=output, args=(x, constant), program=program)


def _ordered(node: Dense, x: Value, order: np.ndarray) -> Gather:
    """x in the order that the kernel's rows are brought into."""
    path = node.kernel.name.rpartition("/")[0]
    note = f"which element of x each row of {node.kernel.name} is multiplied by"
    indices = Constant.of(f"{path}/order", order.astype(np.int32), note)
    output = replace(x, name=f"{node.name}/ordered")
    return Gather(origin=node.origin, output=output, x=x, indices=indices, axis=x.rank - 1)


def _order(levels: Levels) -> np.ndarray:
    """The rows with those of each group side by side, a group of fewer rows last."""
    pairs = np.concatenate([levels.scale, levels.zero], axis=1)
    _, first, group, sizes = np.unique(
        pairs, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    group = group.reshape(-1)
    return np.lexsort((first[group], -sizes[group]))


def _block(levels: Levels) -> int | None:
    """How many rows in a row share scale and zero: a number that all groups have a multiple of."""
    pairs = np.concatenate([levels.scale, levels.zero], axis=1)
    changes = np.flatnonzero((pairs[1:] != pairs[:-1]).any(axis=1)) + 1
    block = int(np.gcd.reduce(changes)) if changes.size else len(pairs)
    # A block of a few rows would need more bytes for its scale than it saves.
    return block if block > 1 else None


def round_before_gather(graph: Graph) -> Graph:
    """Given:   y = gather(table, indices);  z = y rounded to a type of two bytes; y read once
    Result:  z = gather(the table rounded to it, indices)"""
    nodes: list[Node] = []
    producer: dict[Value, Node] = {}
    tables: dict[tuple[Constant, str], Constant] = {}
    for node in graph.nodes:
        first = producer.get(node.args[0]) if isinstance(node, Elementwise) and node.args else None
        dtype = _rounds_to(node)
        if dtype and isinstance(first, Gather) and only_reader(graph, first.output):
            table = first.x
            if isinstance(table, Constant) and table.dtype == "float32":
                nodes.remove(first)
                if (table, dtype) not in tables:
                    data = rounded(table.data, dtype)
                    tables[table, dtype] = replace(table, data=data, variable=None, levels=None)
                node = replace(first, x=tables[table, dtype], output=node.output)
        nodes.append(node)
        producer[node.output] = node
    return graph.with_nodes(nodes)


def _rounds_to(node: Node) -> str:
    """The type of two bytes that the node rounds to, if it does nothing else."""
    if not isinstance(node, Elementwise) or len(node.program.steps) != 1:
        return ""
    function = node.program.steps[0].function
    return function.removeprefix("round_") if function in map("round_{}".format, HALVES) else ""


def pack_int4(graph: Graph) -> Graph:
    """Given:   weights in int8, all from -8 to 7, that their readers can unpack
    Result:  the same stored in int4, two of them a byte"""

    def as_int4(constant: Constant) -> str:
        small = constant.dtype == "int8" and constant.size > 1
        fits = small and constant.data.min() >= -8 and constant.data.max() <= 7
        return "int4" if fits else constant.stored

    return _stored(graph, graph.nodes, as_int4)


def store_halves(graph: Graph, dtypes: Sequence[str]) -> Graph:
    """Given:   weights in float32 that a type of two bytes has too, and their readers can widen
    Result:  the same stored in the first such type of `dtypes`"""

    def as_half(constant: Constant) -> str:
        if constant.dtype != "float32" or not constant.size:
            return constant.stored
        narrower = (constant.stored,) if constant.stored == "float8_e4m3fn" else ()
        found = (dtype for dtype in (*narrower, *dtypes) if _has(dtype, constant.data))
        return next(found, "")

    return _stored(graph, list(graph.walk()), as_half)


def _has(dtype: str, numbers: np.ndarray) -> bool:
    """Whether the type has all of the numbers."""
    return np.array_equal(rounded(numbers, dtype), numbers, equal_nan=True)


def _stored(graph: Graph, nodes: Sequence[Node], narrow: Callable[[Constant], str]) -> Graph:
    """The graph with each constant stored in the type that `narrow` says, if all of the nodes that
    read it can widen it.
    """
    read = Counter(value for node in nodes for value in node.inputs if isinstance(value, Constant))
    widened = Counter(constant for node in nodes for constant in node.packable)
    known = {c: narrow(c) if widened[c] == read[c] else "" for c in read}
    changed: dict[Value, Value] = {
        c: replace(c, stored=stored) for c, stored in known.items() if stored != c.stored
    }
    return graph.map_values(lambda value: changed.get(value, value)) if changed else graph
