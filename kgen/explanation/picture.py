"""The graph of a model's layers as an SVG picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kgen.explanation.report import LayerReport
from kgen.ir.value import Value

WIDTH, HEIGHT, GAP_X, GAP_Y = 190, 38, 16, 22
NARROW, LETTER = 96, 7
"""Beside others boxes are only as wide as their words need."""


@dataclass(frozen=True)
class Box:
    """One layer of the picture. target: what a click leads to."""

    x: int
    y: int
    width: int
    name: str
    kind: str
    target: str

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True)
class Picture:
    """boxes and the lines between them, in a field of width x height."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    box_width: int = WIDTH
    box_height: int = HEIGHT


def picture(inputs: Sequence[Value], layers: Sequence[LayerReport]) -> Picture:
    """Layers below those whose outputs they read."""
    maker: dict[Value, int] = dict.fromkeys(inputs, -1)
    rows: list[int] = []
    edges: list[tuple[int, int]] = []
    for number, layer in enumerate(layers):
        read = {v for step in layer.steps for v in step.node.inputs}
        before = sorted({maker[value] for value in read if value in maker} - {number})
        if not layer.steps:  # it hands on what the layer before it made
            before = [number - 1]
            maker = {v: number if one == number - 1 else one for v, one in maker.items()}
        edges += [(one, number) for one in before]
        rows.append(1 + max((rows[one] if one >= 0 else 0 for one in before), default=0))
        for step in layer.steps:
            maker.update(dict.fromkeys(step.node.outputs, number))
    columns: dict[int, int] = {}
    places: list[tuple[int, int]] = []
    for row in rows:
        column = columns.get(row, 0)
        columns[row] = column + 1
        places.append((column, row))
    wide = max([*columns.values(), 1])
    words = max((len(text) for layer in layers for text in (layer.name, layer.kind)), default=0)
    width = WIDTH if wide == 1 else min(max(NARROW, words * LETTER + GAP_X), WIDTH)
    boxes = [_box(0, 0, 1, wide, width, "inputs", "", "inputs")]
    boxes += [
        _box(column, row, columns[row], wide, width, layer.name, layer.kind, f"layer-{number}")
        for number, ((column, row), layer) in enumerate(zip(places, layers, strict=True))
    ]
    lines = tuple(_line(boxes[a + 1], boxes[b + 1]) for a, b in edges)
    bottom = max(box.y for box in boxes) + HEIGHT
    right = wide * (width + GAP_X) + GAP_Y
    return Picture(right, bottom + 2, tuple(boxes), lines, box_width=width)


def _box(
    column: int, row: int, count: int, wide: int, width: int, name: str, kind: str, target: str
) -> Box:
    indent = (wide - count) * (width + GAP_X) // 2
    x = 1 + indent + column * (width + GAP_X)
    short = name if len(name) <= 26 else f"{name[:12]}…{name[-12:]}"
    return Box(x, 1 + row * (HEIGHT + GAP_Y), width, short, kind, target)


def _line(a: Box, b: Box) -> str:
    """A curve from the bottom of one box to the top of another, around those between."""
    start, end = a.y + HEIGHT, b.y
    far = end - start > GAP_Y + HEIGHT // 2
    bend = a.width // 2 + 8 if far and a.middle == b.middle else 0
    return (
        f"M{a.middle} {start} C{a.middle + bend * 1.3:.0f} {start + GAP_Y}, "
        f"{b.middle + bend * 1.3:.0f} {end - GAP_Y}, {b.middle} {end}"
    )
