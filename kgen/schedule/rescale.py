"""Factors of channels go into the weights of the product that reads them, where those are fewer
than the image's elements: the scaled image of squeeze and excite is never made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kgen.ir.graph import Graph
from kgen.ir.node import Node, Spec
from kgen.ir.program import Arg, Program, Step
from kgen.ir.value import Constant, Value
from kgen.ops.elementwise import Elementwise
from kgen.schedule.pack import Panels
from kgen.schedule.product import Product

TIMES = 2
"""Times as many elements as weights an image must have: the scaled weights are written too."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Rescale(Node):
    """A packed kernel with the weights of each channel times that channel's factor.

    scale: (channels,), in any shape. terms: of a sum, the channels being the innermost.
    """

    kernel: Constant
    scale: Value
    terms: int
    panels: Panels

    @property
    def formula(self) -> str:
        return "y = the weights of channel c times scale[c]"

    def infer(self) -> Spec:
        return Spec(self.output.shape, self.output.dtype, self.output.batch)


def rescale_kernels(graph: Graph) -> Graph:
    """Given:   z = x times one factor for each channel;  y = a product of z alone
    Result:  k = the weights times the factors;  y = the product of x and k"""
    graph = graph.map_bodies(rescale_kernels)
    producer, readers = graph.producer, graph.readers
    nodes: list[Node] = []
    for node in graph.nodes:
        scaled = producer.get(node.x) if isinstance(node, Product) else None
        if isinstance(node, Product) and isinstance(scaled, Elementwise):
            pair = _image_and_factors(scaled)
            if pair is not None and readers[scaled.output] == 1 and _pays(node, pair[1]):
                rescale = _rescale(node, scaled, pair[1])
                nodes.remove(scaled)
                nodes.append(rescale)
                note = f"{node.tile.why}; the factors of the channels are in the weights"
                node = replace(
                    node,
                    x=pair[0],
                    kernel=rescale.output,
                    merged=(*node.merged, *scaled.origins),
                    tile=node.tile._replace(why=note),
                )
        nodes.append(node)
    return graph.with_nodes(nodes)


def _image_and_factors(node: Elementwise) -> tuple[Value, Value] | None:
    """Of a node that multiplies an image with one factor for each of its channels."""
    if len(node.args) != 2 or node.program not in _PRODUCTS:
        return None
    for image, factors in (node.args, node.args[::-1]):
        shape = image.shape
        if shape == node.output.shape and factors.size == factors.shape[-1] == shape[-1]:
            return image, factors
    return None


_PRODUCTS = tuple(
    Program(("float32", "float32"), (Step("multiply", args, "float32"),))
    for args in ((Arg(0), Arg(1)), (Arg(1), Arg(0)))
)


def _pays(node: Product, factors: Value) -> bool:
    """Whether the factors can be those of the product's terms, and weights are few enough."""
    steps = (node.rows.x, node.columns.x, node.depth, *(taps.x for taps in node.taps))
    return (
        isinstance(node.kernel, Constant)
        and not node.kernel.stored
        and not isinstance(factors, Constant)
        and node.scale is None
        and not node.outer
        and not node.row_step
        and node.depth_step == 1
        and not any(step % factors.size for step in steps)
        and TIMES * node.kernel.size <= node.x.size
    )


def _rescale(node: Product, scaled: Elementwise, factors: Value) -> Rescale:
    assert isinstance(node.kernel, Constant)
    return Rescale(
        origin=scaled.origin,
        output=Value(
            name=f"{node.name}/scaled", shape=(1, node.kernel.size), dtype="float32", batch=0
        ),
        kernel=node.kernel,
        scale=factors,
        terms=node.terms,
        panels=node.panels,
    )
