"""Recipes of layers that make images, signals and volumes larger or smaller."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgen.diagnosis.affine import first_input
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import Mistake, Option, Recipe, formula_step
from kgen.diagnosis.registry import recipe
from kgen.diagnosis.windows import Sides, is_channels_first
from kgen.trace.calls import Call


def _axes(call: Call) -> range:
    """Those of rows, columns and so on."""
    first = 2 if is_channels_first(call) else 1
    return range(first, first + call.inputs[0].ndim - 2)


@recipe("UpSampling1D", "UpSampling2D", "UpSampling3D")
def up_sampling(call: Call) -> Recipe | None:
    """Each element several times in a row, or bilinearly between them."""
    axes, rank = _axes(call), call.inputs[0].ndim
    size = call.config.get("size", 2)
    sizes = tuple(size) if isinstance(size, tuple | list) else (size,) * len(axes)
    bilinear = call.config.get("interpolation", "nearest") == "bilinear"
    if not bilinear and call.config.get("interpolation", "nearest") != "nearest":
        return None
    all_sizes = [dict(zip(axes, sizes, strict=True)).get(axis, 1) for axis in range(rank)]
    first = np.zeros(all_sizes)
    first[(0,) * rank] = 1
    repeated = Formula(
        "{z}" + "".join(f".repeat({n}, axis={axis})" for axis, n in _pairs(axes, sizes))
    )
    between = _between(call, axes, sizes, corners=False)
    others = [
        (repeated, "each element is repeated, where {} interpolates (bilinear)"),
        (between, "it is interpolated (bilinear), where {} repeats each element"),
    ]
    (right, _), (other, says) = others[::-1] if bilinear else others
    options = [Option(right)]
    wrong = [
        (other, says.format(repr(call.path))),
        (
            Formula(f"np.tile({{z}}, {tuple(all_sizes)})"),
            "the whole is repeated (np.tile), not each element in its place (np.repeat)",
        ),
        (
            Formula("np.kron({z}, first)", {"first": first}),
            "there are zeros between the elements; Keras fills the places in",
        ),
    ]
    if bilinear:
        says = "the corners are aligned (align_corners=True); Keras aligns the edges of the pixels"
        wrong.append((_between(call, axes, sizes, corners=True), says))
    options += [
        Option(formula, Mistake("wrong upsampling", text)) for formula, text in wrong if formula
    ]
    return Recipe(call, (first_input(), formula_step("output", *options)))


def _pairs(axes: Sequence[int], sizes: Sequence[int]) -> list[tuple[int, int]]:
    return [(axis, n) for axis, n in zip(axes, sizes, strict=True) if n > 1]


def _between(call: Call, axes: range, sizes: Sequence[int], *, corners: bool) -> Formula | None:
    """Bilinear interpolation of images as two products, R for the rows and C for the columns.

    corners: whether the first and last elements stay where they are, as in PyTorch with
        align_corners=True.
    """
    if len(axes) != 2:
        return None
    x = call.inputs[0]
    rows, columns = (
        _weights(x.shape[axis], n, corners) for axis, n in zip(axes, sizes, strict=True)
    )
    z, y = ("nchw", "nckl") if is_channels_first(call) else ("nhwc", "nklc")
    return Formula(f'np.einsum("kh,lw,{z}->{y}", R, C, {{z}})', {"R": rows, "C": columns})


def _weights(length: int, size: int, corners: bool) -> np.ndarray:
    """(length * size, length): how much of each element is in each element of the result."""
    count = length * size
    places = (np.arange(count) + 0.5) / size - 0.5
    if corners:
        places = np.linspace(0, length - 1, count)
    places = np.clip(places, 0, length - 1)
    return np.asarray(np.maximum(1 - np.abs(places[:, None] - np.arange(length)), 0))


@recipe("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def zero_padding(call: Call) -> Recipe | None:
    axes = _axes(call)
    right = _sides(call.config.get("padding", 1), len(axes))

    def padded(sides: Sides, mode: str = "") -> Formula:
        around = [(0, 0)] * call.inputs[0].ndim
        around[axes.start : axes.stop] = sides
        return Formula(f"np.pad({{z}}, {tuple(around)}{mode})")

    options = [Option(padded(right))]
    for mode, says in (
        ("edge", "the border is repeated, where Keras has zeros"),
        ("reflect", "the image is reflected at its border, where Keras has zeros"),
    ):
        mistake = Mistake("wrong padding", says)
        options.append(Option(padded(right, f', mode="{mode}"'), mistake))
    options += [
        Option(padded(sides), Mistake("wrong padding", f"{says}; the layer has {right}"))
        for sides, says in _other_sides(right, "the zeros are")
    ]
    return Recipe(call, (first_input(), formula_step("output", *options)))


@recipe("Cropping1D", "Cropping2D", "Cropping3D")
def cropping(call: Call) -> Recipe | None:
    axes = _axes(call)
    right = _sides(call.config.get("cropping", 1), len(axes))

    def cropped(sides: Sides) -> Formula:
        ranges = [f"{before or ''}:{-after or ''}" for before, after in sides]
        return Formula(f"{{z}}[{', '.join([':'] * axes.start + ranges)}]")

    options = [Option(cropped(right))]
    options += [
        Option(cropped(sides), Mistake("wrong cropping", f"{says}; the layer takes away {right}"))
        for sides, says in _other_sides(right, "what is cut off is")
    ]
    return Recipe(call, (first_input(), formula_step("output", *options)))


def _sides(given: object, count: int) -> Sides:
    """How much before and after, for each axis: 1, (1, 2) or ((1, 2), (3, 4))."""
    numbers = given if isinstance(given, tuple | list) else (given,) * count
    if count == 1 and len(numbers) == 2:
        numbers = (numbers,)
    pairs = [one if isinstance(one, tuple | list) else (one, one) for one in numbers]
    return tuple((int(before), int(after)) for before, after in pairs)


def _other_sides(right: Sides, what: str) -> list[tuple[Sides, str]]:
    """(sides, what is wrong about them) that give an array of the same shape, or one turned."""
    ways = [
        (tuple((after, before) for before, after in right), f"{what} on the other sides"),
        (tuple((0, sum(pair)) for pair in right), f"{what} all at the end"),
        (tuple((sum(pair), 0) for pair in right), f"{what} all at the beginning"),
        (right[::-1], f"{what} along the wrong axes, rows and columns exchanged"),
    ]
    found: dict[Sides, str] = {}
    for sides, says in ways:
        if sides != right:
            found.setdefault(sides, says)
    return list(found.items())
