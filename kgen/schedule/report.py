"""The schedule as a table: what was chosen for each layer, and why."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.schedule.depthwise import Depthwise
from kgen.schedule.nonzero import Nonzero
from kgen.schedule.product import Product
from kgen.schedule.repack import Repack
from kgen.schedule.strip import Strip
from kgen.schedule.winograd import Winograd


@dataclass(frozen=True)
class Choice:
    """One step. tile: pixels x units (or channels) at once, with AVX-512. panel: units side by side
    in the packed weights. order: the loops, outermost first.
    """

    name: str
    kind: str
    tile: str
    panel: str
    order: str
    why: str


def choices(graph: Graph) -> list[Choice]:
    """A choice for each node of a scheduled graph; a strip's stages come before itself."""
    return [_choice(node) for node in graph.walk()]


def _choice(node: Node) -> Choice:
    match node:
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
                node.tile.why,
            )
        case Depthwise():
            why = "vectors over the channels; taps outside x are skipped, not padded"
            tile, walk = f"1 x {node.pixels[0]} x 16", "rows, columns, channels, taps"
            return Choice(node.name, "depthwise", tile, str(node.padded), walk, why)
        case Winograd():
            tile = f"{node.tile.widest.columns} x {node.tile.widest.units}"
            walk = "tiles in memory, positions, units, tiles in registers, channels"
            return Choice(node.name, "winograd", tile, str(node.panels.width), walk, node.why)
        case Strip():
            band = f"1 row of {node.stages[-1].rows.count}"
            return Choice(node.name, "strip", band, "", "rows, the stages above", node.text)
        case Repack():
            return Choice(node.name, "packing", "", str(node.panels.width), "", node.formula)
        case Nonzero():
            return Choice(node.name, "zeros", "", "", "", node.formula)
        case _:
            return Choice(node.name, node.kind, "", "", "", "")
