"""Which layers take turns row by row: those with images between them too large to stay near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

from kgen.ir.graph import Graph
from kgen.ir.node import Contraction, Epilogue, Node
from kgen.ir.value import Constant, Value
from kgen.schedule.depthwise import Depthwise
from kgen.schedule.forms import spread
from kgen.schedule.pooling import Pooling
from kgen.schedule.product import Product
from kgen.schedule.stages import Link, Made, kept, ways
from kgen.schedule.stages import link as link_of
from kgen.schedule.strip import Stage, Strip
from kgen.schedule.winograd import Winograd

FAR = 256 * 1024
"""Bytes of an image from which on it pays to keep only some of its rows."""

NEAR = 192 * 1024
"""Bytes of weights that may be read again for each row."""

TRAFFIC = 0.05
"""Cycles that it costs to write a byte to where it isn't near any more, and to read it again."""

FEWEST = 4
"""Times as many rows as are kept must be there for the rest to be worth anything."""

PARTS = (4, 2)
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


def apart(graph: Graph, node: Pooling) -> str:
    """Why a pooling doesn't take turns with what makes its input."""
    x = node.x
    maker = graph.producer.get(x)
    if maker is None or link_of(maker) is None:
        return "what makes its input is not made row by row"
    if graph.readers[x] > 1:
        return "its input is read elsewhere too, and must be whole"
    if x.nbytes < FAR:
        return f"its input's {x.nbytes // 1024} KB stay near"
    return "rows of its input would take longer than is saved by not storing all of them"


def in_bands(node: Strip) -> Strip:
    """The strip in parts that several threads share, where it has enough rows."""
    parts = next((n for n in PARTS if node.stages[-1].rows.count >= FEWEST * n), 1)
    others = tuple(replace(v, shape=(parts, *v.shape[1:])) for v in node.others)
    return replace(node, parts=parts, others=others)


def _chains(graph: Graph, worth: Worth) -> list[list[Link]]:
    """The longest runs of nodes between which only large images lie."""
    readers = graph.readers
    chains: list[list[Link]] = []
    open_chains: dict[Value, list[Link]] = {}
    for node in graph.nodes:
        link = link_of(node)
        if link is None:
            continue
        chain = open_chains.pop(link.node.x, None)
        if chain is None or link.reads_whole or not _pays(chain, link, worth):
            chain = []
            chains.append(chain)
        chain.append(link)
        if readers[link.y] == 1 and link.y.nbytes >= worth.far:
            open_chains[link.y] = chain
    return [chain for chain in chains if len(chain) > 1]


def _pays(chain: Sequence[Link], link: Link, worth: Worth) -> bool:
    """Whether the image in front of a node may be left out: only few of its rows are kept, and the
    weights that are read again for each row stay near.
    """
    weights = link.weights + sum(one.weights for one in chain)
    if link.rows.span < link.rows.stride or weights > worth.near:
        return False
    if isinstance(chain[-1].node, Winograd) and not isinstance(link.node, Pooling):
        return False  # the second one could take the place of what it adds, but a strip can't yet
    made = _made(chain[-1], link, worth)
    return made is not None and made.extra <= worth.traffic * link.node.x.nbytes


def _made(link: Link, following: Link | None, worth: Worth) -> Made | None:
    """The cheapest way to make rows so that few are kept for what reads them; None without one."""
    if following is None:
        return next(ways(link))

    def price(made: Made) -> float:
        return made.extra + worth.traffic * 4 * link.row * kept(following.rows, made.height)

    most = min(following.rows.size / worth.fewest, worth.kept)
    found = [made for made in ways(link) if kept(following.rows, made.height) <= most]
    return min(found, key=price, default=None)


def _strip(chain: Sequence[Link], worth: Worth) -> Strip | None:
    following = [*chain[1:], None]
    made = [_made(*pair, worth) for pair in zip(chain, following, strict=True)]
    hidden = [link.y for link in chain[:-1]]
    saved = worth.traffic * sum(value.nbytes for value in hidden)
    if sum(one.extra if one else inf for one in made) > saved:
        return None
    build = _Build()
    for link, one, after in zip(chain, made, following, strict=True):
        assert one is not None
        build.add(link, one, after)
    first, last = chain[0], chain[-1]
    together = sum(4 * stage.kept * stage.y for stage in build.stages)
    rows = max(stage.height for stage in build.stages)
    text = (
        f"{'a row' if rows == 1 else f'{rows} rows'} at a time: of "
        f"{sum(v.nbytes for v in hidden) // 1024} KB between them {together // 1024} KB are kept"
    )
    return Strip(
        origin=first.node.origin,
        merged=tuple(o for link in chain for o in link.node.origins)[1:],
        output=last.y,
        others=(
            *(
                Value(
                    name=f"{link.y.name}/rows",
                    shape=(1, stage.kept, *link.y.shape[2:]),
                    dtype="float32",
                    batch=None,
                )
                for link, stage in zip(chain[:-1], build.stages, strict=False)
            ),
            *(replace(v, name=f"{v.name}/own") for node in build.nodes for v in node.others),
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

    def add(self, link: Link, made: Made, following: Link | None) -> None:
        """following: what goes through the rows."""
        shape = (1, made.height, *link.y.shape[2:])
        y = replace(link.y, name=f"{link.y.name}/row", shape=shape)
        node = replace(made.node, output=y, x=self.y or self._taken(link))
        if isinstance(node, Depthwise | Pooling):
            node = replace(node, kept=self.stages[-1].kept if self.stages else link.rows.size)
        if isinstance(node, Contraction):
            node = replace(node, epilogue=self._late(node.epilogue, link, made.height))
        if isinstance(node, Product) and not isinstance(node.kernel, Constant):
            node = replace(node, kernel=self._input(node.kernel))
        self.nodes.append(node)
        held = kept(following.rows, made.height) if following else 0
        self.stages.append(Stage(link.rows, link.row, held, made.height))
        self.y = y

    def _taken(self, link: Link) -> Value:
        """What the first stage reads: rows, or all of it."""
        node = link.node
        if not isinstance(node, Product):
            return self._input(node.x)
        row = node.x.size // node.x.shape[1]
        reach = sum((taps.count - 1) * taps.x for taps in node.taps) + node.depth
        return self._input(node.x, link.step or row, ceil(reach / row))

    def _late(self, epilogue: Epilogue | None, link: Link, height: int) -> Epilogue | None:
        if epilogue is None:
            return None

        def taken(arg: Value) -> Value:
            if isinstance(arg, Constant):
                return arg
            whole = spread(arg, link.y) == "all"
            return self._input(arg, link.row, height) if whole else self._input(arg)

        return replace(epilogue, args=tuple(map(taken, epilogue.args)))

    def _input(self, value: Value, step: int = 0, rows: int = 0) -> Value:
        """step: elements from row to row; rows: how many are read. All of them without a step."""
        own = replace(value, name=f"{value.name}/row")
        if step:
            own = replace(own, shape=(1, rows, *value.shape[2:]))
        return self.inputs.setdefault((value, step), own)
