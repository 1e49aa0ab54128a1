"""What a model is made of, and what each layer becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from kgen import targets
from kgen.declared import called_with
from kgen.ir.graph import Graph
from kgen.ir.node import Body, Node
from kgen.ir.size import at_bound, bare
from kgen.ir.value import element_size
from kgen.memory import Memory, of_style, with_code
from kgen.options import STYLES
from kgen.pipeline import Export, ModelOptions
from kgen.ram_limit import least
from kgen.schedule import in_parts, report
from kgen.schedule.report import Choices


@dataclass(frozen=True)
class Row:
    """One call of a layer.

    macs: multiply-adds. bytes: of its outputs. became: the nodes that compute it.
    """

    name: str
    layer: str
    shape: str
    parameters: int
    macs: int
    bytes: int
    became: str


@dataclass(frozen=True)
class Inspection:
    """What `inspect` found; sizes in bytes, for one sample of the greatest lengths.

    lengths: those that are known when the exported code runs, and which it takes.
    """

    name: str
    rows: tuple[Row, ...]
    parameters: int
    weight_bytes: int
    macs: int
    workspace_bytes: int
    lower_bound: int
    graph: str
    lengths: dict[str, str]


@called_with(ModelOptions)
def inspect(given: ModelOptions) -> Inspection:
    """The model's layers and totals.

    Raises ExportError for a model that can't be exported.
    """
    job = Export.of(given)
    plan = job.plan
    return Inspection(
        name=job.name,
        rows=tuple(_rows(job.traced, job.graph)),
        parameters=job.model.count_params(),
        weight_bytes=plan.weight_bytes,
        macs=plan.macs,
        workspace_bytes=plan.workspace_bytes,
        lower_bound=plan.lower_bound,
        graph=str(job.graph),
        lengths={one.name: one.condition for one in job.traced.lengths},
    )


@called_with(ModelOptions)
def choices(given: ModelOptions) -> Choices:
    """What the C target's fast style does for each step, and why."""
    plan = Export.of(given).plan
    single = targets.fast(plan).graph
    return report.choices(single, in_parts(single), targets.several(plan, single))


@called_with(ModelOptions)
def memory(given: ModelOptions) -> list[Memory]:
    """What the C takes in each style."""
    job = Export.of(given)
    styles = [with_code(job, of_style(job, style)) for style in STYLES]
    return [replace(one, least=least(job, one.style).bytes) for one in styles]


def _rows(traced: Graph, graph: Graph) -> list[Row]:
    """A row for each call of a layer and each operation outside layers, as they are executed."""
    paths = {layer.path for layer in traced.layers}
    order = {node.output.name: position for position, node in enumerate(traced.nodes)}
    itemsize = {node.output.name: element_size(node.output.dtype) for node in traced.nodes}
    rows: list[tuple[int, Row]] = []
    last = -1
    for layer in traced.layers:
        last = max(last, order.get(layer.path, last))
        own = [one for one in _nodes(graph) if _owner(one.node.origin.path, paths) == layer.path]
        size = sum(prod(shape) for shape in layer.shapes) * itemsize.get(layer.path, 4)
        row = Row(
            name=layer.path,
            layer=layer.kind,
            shape="; ".join(map(_shape, layer.shapes)),
            parameters=layer.parameters,
            macs=at_bound(sum(one.macs for one in own)),
            bytes=at_bound(size),
            became=_became(graph, own, layer.path, paths),
        )
        rows.append((last, row))
    for position, node in enumerate(traced.nodes):
        if _owner(node.origin.path, paths) is None:
            own = [one for one in _nodes(graph) if one.node.output.name == node.output.name]
            row = Row(
                name=node.name,
                layer=node.origin.layer,
                shape=_shape(node.output.sample_shape),
                parameters=0,
                macs=at_bound(sum(one.macs for one in own)),
                bytes=at_bound(node.output.nbytes),
                became=_became(graph, own, node.origin.path, paths),
            )
            rows.append((position, row))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


@dataclass(frozen=True)
class _Placed:
    """A node, how often it is run, and the nodes in whose bodies it is."""

    node: Node
    times: int
    around: tuple[Node, ...]

    @property
    def macs(self) -> int:
        """Multiply-adds, without those of the node's bodies."""
        return 0 if self.node.bodies else self.times * self.node.macs


def _nodes(body: Body, times: int = 1, around: tuple[Node, ...] = ()) -> Iterator[_Placed]:
    """Every node, those of bodies too."""
    for node in body.nodes:
        yield _Placed(node, times, around)
        for inner in node.bodies:
            yield from _nodes(inner, times * getattr(node, "steps", 1), (*around, node))


def _owner(path: str, layers: set[str]) -> str | None:
    """The innermost layer that a path lies in."""
    while path and path not in layers:
        path = path.rpartition("/")[0]
    return path or None


def _became(graph: Graph, own: list[_Placed], path: str, layers: set[str]) -> str:
    """The kinds of nodes that compute the layer, or the layer that it became a part of."""
    nodes = [one.node for one in own]
    if own:
        outermost = [one.node for one in own if not set(one.around) & set(nodes)]
        return ", ".join(_kind(node) for node in outermost)
    hosts = [
        node
        for node in graph.walk()
        if any(path in (_owner(o.path, layers), o.path) for o in node.merged)
    ]
    return ", ".join(dict.fromkeys(f"part of {node.origin.path}" for node in hosts)) or "nothing"


def _kind(node: Node) -> str:
    function = getattr(node, "function", "")
    inner = dict.fromkeys(one.kind for body in node.bodies for one in body.nodes)
    of = f"of {', '.join(inner)}" if inner else ""
    return " ".join(part for part in (node.kind, function, of) if part)


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(bare, shape))})"
