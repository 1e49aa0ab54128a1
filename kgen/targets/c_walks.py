"""How C loops walk over windows, sums of products and picked rows: loops and index expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from kgen.ir.size import Size
from kgen.targets import loops
from kgen.targets.loops import Loop


class Dimension(NamedTuple):
    """One spatial dimension of a window operation: names of its loops, sizes, and strides in
    memory.
    """

    out: str
    tap: str
    place: str
    input_size: int
    output_size: int
    taps: int
    stride: int
    rate: int
    before: int
    after: int
    x_stride: int
    kernel_stride: int


class Rows(NamedTuple):
    """Loops over the vectors of a matrix product, the terms of x's first element and of y's, and
    the epilogue's arguments there.
    """

    loops: list[Loop]
    x: list[tuple[str, int]]
    y: list[tuple[str, int]]
    operands: list[str]


class Window(NamedTuple):
    """The loops of a window operation and its index expressions.

    outside: the condition under which a tap falls on padding, or "".
    """

    output_loops: list[Loop]
    output_names: list[str]
    tap_loops: list[Loop]
    outside: str
    channel_loops: list[Loop]
    x: str
    kernel: str
    y: str


class Sum(NamedTuple):
    """The loops of an einsum and its index expressions."""

    output_loops: list[Loop]
    output_names: list[str]
    sum_loops: list[Loop]
    a: str
    b: str
    y: str


class Picked(NamedTuple):
    """The loops of a gather and its index expressions."""

    loops: list[Loop]
    inner: list[Loop]
    place: str
    y: str
    x: str


SPATIAL = {1: ["step"], 2: ["row", "column"], 3: ["plane", "row", "column"]}
TAPS = "ijk"


@dataclass(frozen=True, eq=False)
class Walks:
    """What a template asks about the loops of its node."""

    node: Any

    # Windows

    @cached_property
    def dimensions(self) -> list[Dimension]:
        """The spatial dimensions of a convolution or pooling node."""
        node = self.node
        x_strides = node.x.strides
        first = 1 if node.channels_last else 2
        rank = node.x.rank - 2
        window = getattr(node, "window", (0,) * rank)
        kernel = getattr(node, "kernel", None)
        rates = getattr(node, "dilation", (1,) * rank)
        padding = getattr(node, "padding", None) or [
            (crop, 0) for crop in getattr(node, "crop", (0,) * rank)
        ]
        return [
            Dimension(
                out=name,
                tap=TAPS[i],
                place=f"x_{name}",
                input_size=node.x.shape[first + i],
                output_size=node.output.shape[first + i],
                taps=window[i],
                stride=getattr(node, "strides", (1,) * rank)[i],
                rate=rates[i],
                before=padding[i][0],
                after=padding[i][1],
                x_stride=x_strides[first + i],
                kernel_stride=kernel.strides[i] if kernel is not None else 0,
            )
            for i, name in enumerate(SPATIAL[rank])
        ]

    def place(self, dimension: Dimension) -> str:
        """Where in x a tap falls, for an output position: "row * 2 + i - 1"."""
        terms = [(dimension.out, dimension.stride)]
        if dimension.taps > 1:
            terms.append((dimension.tap, dimension.rate))
        text = loops.index(terms)
        return f"{text} - {dimension.before}" if dimension.before else text

    def leaves(self, dimension: Dimension) -> list[str]:
        """The conditions under which a tap falls outside x."""
        last = (
            (dimension.output_size - 1) * dimension.stride
            + (dimension.taps - 1) * dimension.rate
            - dimension.before
        )
        conditions = []
        if dimension.before:
            conditions.append(f"{dimension.place} < 0")
        beyond = last - dimension.input_size
        # Where the length decides, only padding reaches beyond.
        if dimension.after if isinstance(beyond, Size) else beyond >= 0:
            conditions.append(f"{dimension.place} >= {dimension.input_size}")
        return conditions

    def offset(self, dimension: Dimension) -> str:
        """How far behind the first window's beginning an output position lies, for a tap."""
        terms = [(dimension.out, 1)]
        if dimension.taps > 1:
            terms.append((dimension.tap, -dimension.rate))
        text = loops.index(terms)
        return f"{text} + {dimension.before}" if dimension.before else text

    def window(self, filters: str, channel: str) -> Window:
        """The loops and index expressions of a window operation; filters, channel: its loop
        variables.
        """
        node = self.node
        channel_axis = node.channel_axis % node.x.rank
        spatial = [Loop(d.out, d.output_size) for d in self.dimensions]
        along = [Loop(filters, node.output.shape[channel_axis])]
        names = [loop.name for loop in spatial]
        if node.channels_last:
            output_loops, output_names = [*spatial, *along], ["", *names, filters]
        else:
            output_loops, output_names = [*along, *spatial], ["", filters, *names]
        x = [(d.place, d.x_stride) for d in self.dimensions]
        if node.output.shape[0] > 1:  # more than one image in a sample
            output_loops.insert(0, Loop("image", node.output.shape[0]))
            output_names[0] = "image"
            x.insert(0, ("image", node.x.strides[0]))
        taps = [Loop(d.tap, d.taps) for d in self.dimensions if d.taps > 1]
        outside = " || ".join(condition for d in self.dimensions for condition in self.leaves(d))
        if not taps:  # `continue` needs a loop of its own
            taps = [Loop(TAPS[0], 1)]
        channels = getattr(node, "group_channels", getattr(node, "channels", 1))
        groups = getattr(node, "groups", 1)
        x_channel = node.x.strides[channel_axis]
        if hasattr(node, "kernel"):
            x += [("first", x_channel)] if groups > 1 else []
            x += [(channel, x_channel)] if channels > 1 else []
        else:
            x += [(channel, x_channel)]
        return Window(
            output_loops=output_loops,
            output_names=output_names,
            tap_loops=taps,
            outside=outside,
            channel_loops=[Loop(channel, channels)] if channels > 1 else [],
            x=loops.index(x),
            kernel=loops.index(self._kernel_terms(filters, channel, channels)),
            y=loops.index(
                [
                    (name, stride)
                    for name, stride in zip(output_names, node.output.strides, strict=True)
                    if name
                ]
            ),
        )

    def _kernel_terms(self, filters: str, channel: str, channels: int) -> list[tuple[str, int]]:
        node = self.node
        if not hasattr(node, "kernel"):
            return []
        taps = [(d.tap, d.kernel_stride) for d in self.dimensions if d.taps > 1]
        filter_axis, channel_axis = (-2, -1) if node.kind == "conv_transpose" else (-1, -2)
        strides = node.kernel.strides
        inner = [(channel, strides[channel_axis])] if channels > 1 else []
        return [
            *taps,
            *sorted([*inner, (filters, strides[filter_axis])], key=lambda term: -term[1]),
        ]

    # Sums of products

    def contraction(self) -> Sum:
        """The loops and index expressions of an einsum, by its equation's letters."""
        node = self.node
        a_labels, b_labels, output = node.labels
        sizes = node.sizes

        def terms(labels: str, strides: Sequence[int]) -> str:
            return loops.index(
                [(x, stride) for x, stride in zip(labels, strides, strict=True) if sizes[x] > 1]
            )

        return Sum(
            output_loops=[Loop(x, sizes[x]) for x in output if sizes[x] > 1],
            output_names=[x if sizes[x] > 1 else "" for x in output],
            sum_loops=[Loop(x, sizes[x]) for x in node.summed if sizes[x] > 1],
            a=terms(a_labels, node.a.strides),
            b=terms(b_labels, node.b.strides),
            y=terms(output, node.output.strides),
        )

    def picked_rows(self) -> Picked:
        """The loops and index expressions of a gather: over what is in front of the axis, the
        indices, and what is behind it.
        """
        node = self.node
        count, size, length = node.indices.size, node.row_size, node.length
        outer = [("i", count * size, length * size)] if node.outer > 1 else []
        picks = [("j", size, size)] if count > 1 else []
        inner = [("k", 1, 1)] if size > 1 else []
        return Picked(
            loops=[
                *([Loop("i", node.outer)] if outer else []),
                *([Loop("j", count)] if picks else []),
            ],
            inner=[Loop("k", size)] if inner else [],
            place="j" if picks else "0",
            y=loops.index([(name, stride) for name, stride, _ in (*outer, *picks, *inner)]),
            x=loops.index(
                [
                    *((name, stride) for name, _, stride in outer),
                    ("row", size),
                    *((name, stride) for name, _, stride in inner),
                ]
            ),
        )
