"""Which layers take turns row by row: those with images between them too large to stay near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Epilogue, Node
from kgen.ir.value import Constant, Value
from kgen.schedule.depthwise import Depthwise, Reach
from kgen.schedule.forms import has_fixed_sizes, spread
from kgen.schedule.product import Axis, Product
from kgen.schedule.strip import Stage, Strip
from kgen.schedule.tile import Pixels, choose, cycles

FAR = 256 * 1024
"""Bytes of an image from which on it pays to keep only some of its rows."""

NEAR = 192 * 1024
"""Bytes of weights that may be read again for each row."""

TRAFFIC = 0.05
"""Cycles that it costs to write a byte to where it isn't near any more, and to read it again."""

FEWEST = 4
"""Times as many rows as are kept must be there for the rest to be worth anything."""

PARTS = 4
"""Bands of rows for several threads."""


@dataclass(frozen=True)
class Worth:
    """When a strip pays: see FAR, NEAR, FEWEST and TRAFFIC. kept: the most rows between layers."""

    far: float = FAR
    near: float = NEAR
    fewest: float = FEWEST
    traffic: float = TRAFFIC
    kept: float = inf


FOR_SPEED = Worth()


def for_memory(far: int, pairs: bool) -> Worth:
    """Where memory counts more than time: see Saving.rows and .pairs."""
    return Worth(far=far, near=inf, fewest=1.25, traffic=inf, kept=1 if pairs else inf)


def in_strips(graph: Graph, worth: Worth = FOR_SPEED) -> Graph:
    """Given:   a chain of nodes that each compute a row from a few rows of the one before, with
             large images between them that nothing else reads
    Result:  one node that computes them row by row"""
    nodes = list(graph.nodes)
    for chain in _chains(graph, worth):
        strip = _strip(chain, worth)
        if strip is not None:
            last = nodes.index(chain[-1].node)
            nodes[last] = strip
            for link in chain[:-1]:
                nodes.remove(link.node)
    return graph.with_nodes(nodes)


def in_bands(node: Strip) -> Strip:
    """The strip in parts that several threads share, where it has enough rows."""
    last = node.stages[-1].rows.count
    if last < FEWEST * PARTS:
        return node
    others = tuple(replace(v, shape=(PARTS, *v.shape[1:])) for v in node.others)
    return replace(node, parts=PARTS, others=others)


@dataclass(frozen=True)
class _Link:
    """A node that can be a stage. step: from row to row of x in elements, if it takes x whole."""

    node: Product | Depthwise
    rows: Reach
    step: int = 0

    @property
    def y(self) -> Value:
        return self.node.output

    @property
    def row(self) -> int:
        """Elements in a row of its output."""
        return self.y.size // self.y.shape[1]

    @property
    def weights(self) -> int:
        return self.node.kernel.nbytes


def _chains(graph: Graph, worth: Worth) -> list[list[_Link]]:
    """The longest runs of nodes between which only large images lie."""
    readers = graph.readers
    chains: list[list[_Link]] = []
    open_chains: dict[Value, list[_Link]] = {}
    for node in graph.nodes:
        link = _link(node)
        if link is None:
            continue
        chain = open_chains.pop(link.node.x, None)
        if chain is None or link.step or not _pays(chain, link, worth):
            chain = []
            chains.append(chain)
        chain.append(link)
        if readers[link.y] == 1 and link.y.nbytes >= worth.far:
            open_chains[link.y] = chain
    return [chain for chain in chains if len(chain) > 1]


def _pays(chain: Sequence[_Link], link: _Link, worth: Worth) -> bool:
    """Whether the image in front of a node may be left out: only few of its rows are kept, and the
    weights that are read again for each row stay near.
    """
    kept = (link.rows.taps - 1) * link.rows.rate + 1
    weights = link.weights + sum(one.weights for one in chain)
    few = kept * worth.fewest <= link.rows.size and kept <= worth.kept
    return few and kept >= link.rows.stride and weights <= worth.near


def _link(node: Node) -> _Link | None:
    if not isinstance(node, Product | Depthwise) or not has_fixed_sizes(node):
        return None
    if node.output.rank != 4 or node.output.shape[0] != 1 or not _late_rows(node):
        return None
    if isinstance(node, Depthwise):
        return _Link(node, node.rows)
    _, height, width, units = node.output.shape
    if node.outer or node.row_step or min(height, width) < 2:
        return None
    columns, rows = node.columns, node.rows
    pixels = Reach(height, height, 1, 1, 1, 0)
    if rows.count == 1 and node.x.shape == (1, height, width, node.depth) and not node.taps:
        return _Link(node, pixels)
    whole = (rows.count, rows.y, columns.count, columns.y) == (height, width * units, width, units)
    return _Link(node, pixels, rows.x) if whole else None


def _late_rows(node: Contraction) -> bool:
    """Whether what the epilogue reads can be taken row by row."""
    args = node.epilogue.args if node.epilogue else ()
    return all(
        spread(arg, node.output) != "all"
        or (not isinstance(arg, Constant) and arg.shape == node.output.shape)
        for arg in args
    )


def _strip(chain: Sequence[_Link], worth: Worth) -> Strip | None:
    made = [_row_of(link) for link in chain]
    hidden = [link.y for link in chain[:-1]]
    saved = worth.traffic * sum(value.nbytes for value in hidden)
    if sum(extra for _, extra in made) > saved:
        return None
    build = _Build()
    for index, (link, (node, _)) in enumerate(zip(chain, made, strict=True)):
        following = chain[index + 1].rows if index + 1 < len(chain) else None
        build.add(link, node, following)
    first, last = chain[0], chain[-1]
    kept = sum(4 * stage.kept * stage.y for stage in build.stages)
    text = (
        f"a row at a time: of {sum(v.nbytes for v in hidden) // 1024} KB between them "
        f"{kept // 1024} KB are kept"
    )
    return Strip(
        origin=first.node.origin,
        merged=tuple(o for link in chain for o in link.node.origins)[1:],
        output=last.y,
        others=tuple(
            Value(
                name=f"{link.y.name}/rows",
                shape=(1, stage.kept, *link.y.shape[2:]),
                dtype="float32",
                batch=None,
            )
            for link, stage in zip(chain[:-1], build.stages, strict=False)
        ),
        body=Graph(
            name="rows",
            inputs=tuple(build.inputs.values()),
            outputs=(build.nodes[-1].output,),
            nodes=tuple(build.nodes),
        ),
        operands=tuple(value for value, _ in build.inputs),
        steps=tuple(step for _, step in build.inputs),
        stages=tuple(build.stages),
        work=sum(link.node.macs for link in chain),
        text=text,
    )


class _Build:
    """The body of a strip, stage by stage.

    inputs: (what it is a row of, elements in a row or 0 for all) and the body's own input.
    """

    def __init__(self) -> None:
        self.inputs: dict[tuple[Value, int], Value] = {}
        self.nodes: list[Node] = []
        self.stages: list[Stage] = []
        self.y: Value | None = None

    def add(self, link: _Link, node: Product | Depthwise, following: Reach | None) -> None:
        """following: how the next stage goes through the rows."""
        kept = (following.taps - 1) * following.rate + 1 if following else 0
        y = replace(link.y, name=f"{link.y.name}/row", shape=(1, 1, *link.y.shape[2:]))
        node = replace(node, output=y, x=self.y or self._taken(link), epilogue=self._late(link))
        if isinstance(node, Product) and not isinstance(node.kernel, Constant):
            node = replace(node, kernel=self._input(node.kernel))
        if isinstance(node, Depthwise):
            before = self.stages[-1].kept if self.stages else link.rows.size
            node = replace(node, kept=before)
        self.nodes.append(node)
        self.stages.append(Stage(link.rows, link.row, kept))
        self.y = y

    def _taken(self, link: _Link) -> Value:
        """What the first stage reads: rows, or all of it."""
        node = link.node
        if isinstance(node, Depthwise):
            return self._input(node.x)
        row = node.x.size // node.x.shape[1]
        reach = sum((taps.count - 1) * taps.x for taps in node.taps) + node.depth
        return self._input(node.x, link.step or row, ceil(reach / row))

    def _late(self, link: _Link) -> Epilogue | None:
        epilogue, y = link.node.epilogue, link.y
        if epilogue is None:
            return None

        def taken(arg: Value) -> Value:
            if isinstance(arg, Constant):
                return arg
            return self._input(arg, link.row, 1) if spread(arg, y) == "all" else self._input(arg)

        return replace(epilogue, args=tuple(map(taken, epilogue.args)))

    def _input(self, value: Value, step: int = 0, rows: int = 0) -> Value:
        """step: elements from row to row; rows: how many are read. All of them without a step."""
        own = replace(value, name=f"{value.name}/row")
        if step:
            own = replace(own, shape=(1, rows, *value.shape[2:]))
        return self.inputs.setdefault((value, step), own)


def _row_of(link: _Link) -> tuple[Product | Depthwise, float]:
    """The node as it makes one row, and how many cycles more all rows then take."""
    node = link.node
    if isinstance(node, Depthwise):
        return node, 0.0
    _, height, width, _ = node.output.shape
    before = Pixels(node.rows.count, node.columns.count, node.rows.x, node.columns.x)
    after = Pixels(1, width, 0, node.columns.x)
    tile = choose(after, node.units, node.terms, [node.tile.widest.units])
    extra = height * cycles(tile.widest, after, node.units, node.terms) - cycles(
        node.tile.widest, before, node.units, node.terms
    )
    rows, columns = Axis("row", 1, 0, 0), replace(node.columns, count=width)
    made = replace(node, rows=rows, columns=columns, tile=tile, pixels_outside=False)
    return made, extra
