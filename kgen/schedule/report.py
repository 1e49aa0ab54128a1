"""The schedule as a table: what was chosen for each layer, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.size import at_bound
from kgen.schedule.attention import Attention
from kgen.schedule.batch import SAMPLES
from kgen.schedule.depthwise import Depthwise
from kgen.schedule.dot import Dot
from kgen.schedule.gates import Gates
from kgen.schedule.pooling import Pooling
from kgen.schedule.product import Product
from kgen.schedule.repack import Repack
from kgen.schedule.rescale import Rescale
from kgen.schedule.strip import Strip
from kgen.schedule.strips import apart
from kgen.schedule.threads import shared_loop
from kgen.schedule.winograd import Winograd


@dataclass(frozen=True)
class Choice:
    """One step. tile: pixels x units (or channels) at once, with AVX-512. panel: units side by side
    in the packed weights. order: the loops, outermost first. sums: how long ones are cut.
    threads: the loop that OpenMP's threads share, if they are asked for.
    """

    name: str
    kind: str
    tile: str = ""
    panel: str = ""
    order: str = ""
    sums: str = ""
    why: str = ""
    threads: str = ""


@dataclass(frozen=True)
class Choices:
    """Of one sample, and of a block of samples where NAME_predict_batch computes several at once.

    samples: in a block.
    """

    steps: list[Choice]
    block: list[Choice]
    samples: int


def choices(graph: Graph, divided: Graph, block: Graph | None) -> Choices:
    """A choice for each node of a scheduled graph; a strip's stages come before itself.

    divided: the same graph for threads. block: the one for several samples, if there is one.
    """
    return Choices(
        [
            replace(_choice(node, graph), threads=_shared(parted))
            for node, parted in zip(graph.walk(), divided.walk(), strict=True)
        ],
        [_choice(node, block) for node in block.walk()] if block else [],
        SAMPLES if block else 1,
    )


def _shared(node: Node) -> str:
    """The name of the loop that threads share, or nothing."""
    loop = shared_loop(node)
    outermost = node.outer[0].name if isinstance(node, Product) and node.outer else loop
    return outermost if loop == "outer" else loop


def _sums(node: Product) -> str:
    """How a long sum is cut into shorter ones, which keeps its rounding errors small."""
    level, blocks, steps = node.cut
    counts = [at_bound(n) for n in (*(taps.count for taps in node.taps), node.depth)]
    blocks *= prod(counts[:level])
    if blocks == 1:
        return f"in {node.chains} chains" if node.streams else ""
    terms = steps * prod(counts[level + 1 :])
    return f"{blocks} x {terms} terms" + (f" in {node.chains} chains" if node.streams else "")


def _choice(node: Node, graph: Graph) -> Choice:
    match node:
        case Gates():
            tile = f"1 x 1 x {node.tile.widest.units}"
            walk, why = "units, depth", node.tile.why
            return Choice(node.name, "gates", tile, str(node.panels.width), walk, _sums(node), why)
        case Product():
            block = node.tile.widest
            loops = ["pixels", "units"] if node.pixels_outside else ["units", "pixels"]
            order = [axis.name for axis in node.outer]
            order += ["units"] if node.streams else loops
            order += [taps.name for taps in node.taps]
            return Choice(
                node.name,
                "stream" if node.streams else "tile",
                f"{block.rows} x {block.columns} x {block.units}",
                f"{node.row_step} apart" if node.row_step else str(node.panels.width),
                ", ".join([*order, "depth"]),
                _sums(node),
                node.tile.why,
            )
        case Dot():
            why = "few units: vectors along the terms"
            return Choice(node.name, "dot", f"1 x {node.units}", "", "rows, units, depth", why=why)
        case Depthwise():
            groups = "" if node.members == 1 else f" in groups of {node.members}"
            why = f"vectors over the channels{groups}; taps outside x are skipped, not padded"
            tile, walk = f"1 x {node.pixels[0]} x 16", "rows, columns, channels, taps"
            return Choice(node.name, "depthwise", tile, str(node.padded), walk, why=why)
        case Winograd():
            tile = f"{node.tile.widest.columns} x {node.tile.widest.units}"
            walk = "tiles in memory, positions, units, tiles in registers, channels"
            return Choice(
                node.name, "winograd", tile, str(node.panels.width), walk, node.sums, node.why
            )
        case Strip():
            band = f"1 row of {node.stages[-1].rows.count}"
            return Choice(node.name, "strip", band, "", "rows, the stages above", why=node.text)
        case Pooling():
            inner = "windows" if node.kept else "rows, windows"
            walk = f"{inner}, channels, elements"
            why = (
                "a row as soon as those that it meets are there"
                if node.kept
                else apart(graph, node)
            )
            return Choice(node.name, "pooling", "1 x 16", order=walk, why=why)
        case Repack():
            return Choice(node.name, "packing", "", str(node.panels.width), "", "", node.formula)
        case Rescale():
            why = f"of {node.kernel.size} weights, fewer than the image has elements"
            return Choice(node.name, "rescaling", "", str(node.panels.width), why=why)
        case Attention():
            why = f"the scores of {node.block} queries stay near, those of all are never stored"
            tile, order = f"{node.block} x {node.length}", [axis.name for axis in node.outer]
            walk = ", ".join([*order, "queries", "scores, softmax, sums"])
            return Choice(
                node.name, "attention", tile, str(node.scores.panels.width), walk, why=why
            )
        case _:
            return Choice(node.name, node.kind)
