"""Sums of products become Products, where they pay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Node
from kgen.ir.size import at_bound
from kgen.ops.conv import Conv
from kgen.ops.conv_transpose import ConvTranspose
from kgen.ops.dense import Dense
from kgen.ops.einsum import Einsum
from kgen.ops.elementwise import Elementwise
from kgen.ops.grouped_dense import GroupedDense
from kgen.schedule.apart import gather_pixels
from kgen.schedule.attend import absorb_attention
from kgen.schedule.build import product
from kgen.schedule.convolution import absorb_padding, convolution
from kgen.schedule.dot import dot
from kgen.schedule.einsum import einsum
from kgen.schedule.fewer_products import winograd as winograd_of
from kgen.schedule.forms import SHORTEST, has_fixed_sizes, on_vectors, spread
from kgen.schedule.gating import absorb_gates, turn_round
from kgen.schedule.grouped import grouped
from kgen.schedule.nonzero import skip_zeros
from kgen.schedule.pooling import lower_pools
from kgen.schedule.product import Axis
from kgen.schedule.reductions import reduce_in_two
from kgen.schedule.rescale import rescale_kernels
from kgen.schedule.saving import NOTHING, Saving
from kgen.schedule.strip import Strip
from kgen.schedule.tile import LINE
from kgen.schedule.transposed import transposed
from kgen.schedule.turned import absorb_transposes

PLAIN = 64
"""Layers with no more products than this are fastest as plain loops, unrolled: see _tiny."""

IN_A_ROW = 8
"""Terms that a plain loop may add one by one."""

SLOW = frozenset(
    {"exp", "expm1", "log", "log1p", "tanh", "sigmoid", "silu", "softplus"}
    | {"erf", "gelu", "gelu_tanh", "mish", "elu", "selu", "celu", "squareplus"}
    | {"sinh", "cosh", "arctan"}
)
"""Functions of a dozen operations or more."""

Lowering = Callable[[Contraction], Sequence[Node] | None]


def schedule(
    graph: Graph, functions: Collection[str], winograd: bool = True, saving: Saving = NOTHING
) -> Graph:
    """The graph with its contractions as nodes of this package, where they pay.

    functions: the scalar functions that can be computed on vectors.
    winograd: whether convolutions may take fewer products, with larger rounding errors.
    saving: what is done for less memory.
    """
    graph = skip_zeros(_lowered(graph, functions, winograd, saving))
    return graph if saving.limit is not None else rescale_kernels(graph)


def follows(node: Node) -> bool:
    """Whether a scheduled node's output may follow its input through the same memory: Node.trail is
    right for it. Contractions that are still of their own kind have the plain templates.
    """
    return isinstance(node, Strip | Conv | Dense)


def _lowered(graph: Graph, functions: Collection[str], winograd: bool, saving: Saving) -> Graph:
    options = (functions, winograd, saving)
    graph = absorb_padding(graph.map_bodies(lambda body: _step(body, *options)))
    graph = reduce_in_two(absorb_attention(absorb_transposes(graph), functions, saving))
    graph = lower_pools(graph, functions, saving.plain)
    if saving.limit is None:  # it takes memory
        graph = gather_pixels(graph)
    nodes: list[Node] = []
    for node in graph.nodes:
        lowering = None if node.origin.path in saving.plain else LOWERINGS.get(type(node))
        made = None
        if lowering is not None and (has_fixed_sizes(node) or type(node) in AT_ANY_LENGTH):
            assert isinstance(node, Contraction)
            *late, first = _split(node, functions)[::-1]
            assert isinstance(first, Contraction)
            made = _made(first, lowering)
            if made is not None and winograd and isinstance(first, Conv) and has_fixed_sizes(first):
                quicker = winograd_of(first, saving.pieces)
                made = [quicker] if quicker else made
            if made is not None:
                made = [*made, *late]
        nodes.extend(made if made is not None else [node])
    return graph.with_nodes(nodes)


def _made(node: Contraction, lowering: Lowering) -> Sequence[Node] | None:
    """What a contraction becomes; None if it stays as it is."""
    if not _float(node):
        return None
    few = dot(node) if isinstance(node, Dense) else None
    if few is not None:
        return [few]
    return None if _tiny(node) else lowering(node)


def _step(body: Graph, functions: Collection[str], winograd: bool, saving: Saving) -> Graph:
    """The same of what a loop does at each step."""
    return turn_round(_lowered(absorb_gates(body, functions, PLAIN), functions, winograd, saving))


def _float(node: Node) -> bool:
    """Vectors hold float32 alone, whatever weights they are made of."""
    integers = (node.kernel, node.zero) if isinstance(node, GroupedDense) else ()
    values = [value for value in node.inputs if value not in integers]
    return all(value.dtype == "float32" for value in (*values, node.output))


def _split(node: Contraction, functions: Collection[str]) -> list[Node]:
    """The contraction, with its epilogue as a node of its own where vectors can't compute it."""
    epilogue = node.epilogue
    if epilogue is None or (_on_vectors(node, functions) and not _wasteful(node)):
        return [node]
    total = replace(node.output, name=f"{node.output.name}/sum", dtype=node.accumulator)
    rest = Elementwise(
        origin=node.origin,
        output=node.output,
        args=(total, *epilogue.args),
        program=epilogue.program,
    )
    return [replace(node, epilogue=None, output=total), rest]


def _wasteful(node: Contraction) -> bool:
    """Whether functions that take long would be computed for many lanes of padding."""
    assert node.epilogue is not None
    units = at_bound(node.output.shape[-1])
    lines = -(-units // LINE)
    return (
        node.output.size > 16 * LINE
        and lines * LINE > 1.3 * units
        and any(step.function in SLOW for step in node.epilogue.program.steps)
    )


def _on_vectors(node: Contraction, functions: Collection[str]) -> bool:
    assert node.epilogue is not None
    return on_vectors(node.epilogue.program, functions) and all(
        spread(arg, node.output) for arg in node.epilogue.args
    )


def _tiny(node: Contraction) -> bool:
    """Whether plain loops are fastest: few products, neither long sums, which wait for their terms
    one by one, nor functions that vectors compute for all units at once.
    """
    units = at_bound(node.output.shape[-1])
    long = units > 1 and node.macs > IN_A_ROW * node.output.size
    steps = node.epilogue.program.steps if node.epilogue else ()
    slow = units >= SHORTEST and any(step.function in SLOW for step in steps)
    return node.macs <= PLAIN and not long and not slow


def _dense(node: Contraction) -> Sequence[Node] | None:
    assert isinstance(node, Dense)
    inputs, units = node.kernel.shape
    kernel = node.kernel.data.reshape(1, inputs, units)
    columns = Axis("row", node.rows, inputs, units)
    return [product(node, node.x, kernel, axes=[columns], taps=[], depth=inputs)]


LOWERINGS: dict[type[Node], Lowering] = {
    Dense: _dense,
    Conv: convolution,
    ConvTranspose: transposed,
    Einsum: einsum,
    GroupedDense: grouped,
}

AT_ANY_LENGTH = (Dense, Conv, ConvTranspose, Einsum, GroupedDense)
"""Those that can be done where a size is known only when the code runs."""
