"""Recipes of convolutions: plain, grouped, depthwise, separable, transposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from kgen.diagnosis.affine import activation_step, bias_step, first_input
from kgen.diagnosis.recipe import Choice, Mistake, Option, Picks, Recipe, Step, double
from kgen.diagnosis.registry import recipe
from kgen.diagnosis.windows import (
    Grid,
    Sides,
    back,
    begun,
    each,
    grid,
    is_channels_first,
    last,
    padding_choice,
    start_choice,
)
from kgen.trace.calls import Call


@recipe("Conv1D", "Conv2D", "Conv3D")
def convolution(call: Call) -> Recipe | None:
    kernel = call.weight("kernel")
    where = None if kernel is None else grid(call, kernel.shape[:-2])
    if kernel is None or where is None:
        return None
    groups = int(call.config.get("groups") or 1)
    to_last, to_first = last(call), back(call)

    def run(x: np.ndarray, picks: Picks) -> np.ndarray:
        windows = where.windows(begun(to_last(x), picks["padding"], picks["start"]), where.none)
        return to_first(_product(windows, picks["kernel"], groups))

    choices = (kernel_choice(double(kernel)), padding_choice(call, where), start_choice(where))
    steps = (first_input(), Step("product", choices, run), *_after(call))
    return Recipe(call, steps, costly=True)


def _product(windows: np.ndarray, kernel: np.ndarray, groups: int) -> np.ndarray:
    """windows: (samples, *positions, channels, *sizes). kernel: (*sizes, inputs, units)."""
    rank = kernel.ndim - 2
    parts = np.split(windows, groups, axis=1 + rank)
    kernels = np.split(kernel, groups, axis=-1)
    inner = list(range(-rank - 1, 0))
    outer = [rank, *range(rank)]
    return np.concatenate(
        [np.tensordot(w, k, (inner, outer)) for w, k in zip(parts, kernels, strict=True)], -1
    )


def convolved(x: np.ndarray, kernel: np.ndarray, where: Grid, sides: Sides) -> np.ndarray:
    """x: (samples, *lengths, inputs). kernel: (*sizes, inputs, units)."""
    return _product(where.windows(x, sides), kernel, 1)


def kernel_choice(
    kernel: np.ndarray, name: str = "kernel", what: str = "the kernel", index: int = 0
) -> Choice:
    """kernel: (*sizes, inputs, units). index: in get_weights()."""
    *sizes, inputs, units = kernel.shape
    rank = len(sizes)
    options = [Option(kernel)]
    letter = "W" if index == 0 else "R"

    def wrong(array: np.ndarray, key: str, says: str, fix: str) -> None:
        if array.shape == kernel.shape and not any(np.array_equal(array, o.value) for o in options):
            options.append(Option(array, Mistake(key, says, fix)))

    axes = tuple(range(rank))
    brackets = ", ".join(["::-1"] * rank)
    wrong(
        np.flip(kernel, axes),
        "kernel flipped",
        f"{what} is flipped, as the convolution of mathematics has it "
        "(scipy.signal.convolve); Keras does not flip it",
        f"{letter} = {{layer}}.get_weights()[{index}]  # as it is, without [{brackets}]: "
        "scipy.signal.correlate, not convolve",
    )
    order = "rows, columns, inputs, units" if rank == 2 else "positions, inputs, units"
    as_it_is = f"{letter} = {{layer}}.get_weights()[{index}]  # shape {kernel.shape}: {order}"
    if rank > 1:
        wrong(
            np.swapaxes(kernel, 0, 1),
            "kernel transposed",
            f"rows and columns of {what} are exchanged",
            as_it_is,
        )
    wrong(
        np.swapaxes(kernel, -1, -2),
        "kernel transposed",
        f"inputs and units of {what} are exchanged",
        as_it_is,
    )
    if prod(sizes) > 1:
        torch = kernel.reshape(units, inputs, *sizes)
        moved = np.moveaxis(torch, (0, 1), (-1, -2))
        wrong(
            moved,
            "kernel reshaped",
            f"{what} was reshaped to {torch.shape}, where its axes are to be moved: a reshape "
            "keeps the numbers in their order, and so gives them to other places",
            f"W = np.transpose({{layer}}.get_weights()[{index}], {(rank + 1, rank, *axes)})"
            f"  # shape {torch.shape}: units, inputs, {order.partition(', inputs')[0]}",
        )
    return Choice(name, tuple(options))


def _after(call: Call, rank: int | None = None) -> list[Step]:
    """Bias and activation; for channels first the bias along axis 1."""
    bias = call.weight("bias")
    rank = call.outputs[0].ndim if rank is None else rank
    steps = []
    if bias is not None:
        wide = double(bias)
        if is_channels_first(call):
            wide = wide.reshape(-1, *[1] * (rank - 2))
        steps.append(bias_step(wide, rank))
    return [*steps, activation_step(call)]


@recipe("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
def depthwise(call: Call) -> Recipe | None:
    kernel = call.weight("kernel")
    kernel = call.weight("depthwise_kernel") if kernel is None else kernel
    where = None if kernel is None else grid(call, kernel.shape[:-2])
    if kernel is None or where is None:
        return None
    to_last, to_first = last(call), back(call)
    pointwise = call.weight("pointwise_kernel")

    def run(x: np.ndarray, picks: Picks) -> np.ndarray:
        windows = where.windows(begun(to_last(x), picks["padding"], picks["start"]), where.none)
        return to_first(_each_channel(windows, picks["kernel"], picks["order"]))

    def mix(x: np.ndarray, picks: Picks) -> np.ndarray:
        return to_first(to_last(x) @ picks["pointwise"])

    choices = [kernel_choice(double(kernel)), padding_choice(call, where), start_choice(where)]
    fix = "# channel c and multiplier m make output c * depth_multiplier + m"
    says = "the outputs are in the order of the multiplier first, then the channels"
    wrong = Option("multiplier", Mistake("order of channels", says, fix))
    choices.append(Choice("order", (Option("channel"), *([wrong] if kernel.shape[-1] > 1 else []))))
    steps = [first_input(), Step("product", tuple(choices), run)]
    if pointwise is not None:
        steps[1] = replace(steps[1], stage="product with the depthwise kernel")
        steps.append(Step("product", (_pointwise(double(pointwise)),), mix))
    return Recipe(call, (*steps, *_after(call)), costly=True)


def _pointwise(kernel: np.ndarray) -> Choice:
    """kernel: (*ones, inputs, units)."""
    inputs, units = kernel.shape[-2:]
    flat = kernel.reshape(inputs, units)
    options = [Option(flat)]
    fix = f"P = {{layer}}.get_weights()[1].reshape({inputs}, {units})  # inputs, units"
    for array, key, says in (
        (flat.T, "kernel transposed", "the pointwise kernel is transposed"),
        (flat.reshape(units, inputs).T, "kernel reshaped",
         f"the pointwise kernel was reshaped to ({units}, {inputs}), which is not its transpose"),
    ):  # fmt: skip
        if array.shape == flat.shape and not any(np.array_equal(array, o.value) for o in options):
            options.append(Option(array, Mistake(key, says, fix)))
    return Choice("pointwise", tuple(options))


def _each_channel(windows: np.ndarray, kernel: np.ndarray, order: str) -> np.ndarray:
    """kernel: (*sizes, channels, multiplier)."""
    rank = kernel.ndim - 2
    moved = np.moveaxis(kernel, (-2, -1), (0, rank + 1))  # channels, *sizes, multiplier
    letters = "abc"[:rank]
    made = np.einsum(f"...z{letters},z{letters}m->...zm", windows, moved)
    if order == "multiplier":
        made = np.swapaxes(made, -1, -2)
    return np.asarray(made.reshape(*made.shape[:-2], -1))


@recipe("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed(call: Call) -> Recipe | None:
    kernel = call.weight("kernel")
    if kernel is None or call.config.get("output_padding") is not None:
        return None
    rank = kernel.ndim - 2
    if set(each(call.config.get("dilation_rate"), rank)) - {1}:
        return None
    strides = each(call.config.get("strides"), rank)
    to_last, to_first = last(call), back(call)
    whole = call.outputs[0].shape[2:] if is_channels_first(call) else call.outputs[0].shape[1:-1]
    where = Grid(tuple(whole), kernel.shape[:rank], strides, (1,) * rank)
    right = where.sides(str(call.config.get("padding")))
    reach = where.reach

    def run(x: np.ndarray, picks: Picks) -> np.ndarray:
        full = _spread(to_last(x), picks["kernel"], strides)
        cut = tuple(
            slice(before, before + size)
            for (before, _), size in zip(picks["padding"], whole, strict=True)
        )
        return to_first(full[(slice(None), *cut)])

    kernels = kernel_choice(double(kernel))
    crops = [Option(right)]
    for sides in (
        tuple((after, before) for before, after in right),
        tuple(((r - 1) // 2, 0) for r in reach),
        tuple((0, 0) for _ in reach),
    ):
        if all(s[0] != r[0] for s, r in zip(sides, right, strict=True)):
            says = f"{_first(sides)} is cut off in front, where Keras cuts off {_first(right)}"
            kept = [f"{b}:{b + n}" for (b, _), n in zip(right, whole, strict=True)]
            fix = f"y = full[:, {', '.join(kept)}]"
            crops.append(Option(sides, Mistake("symmetric padding", says, fix)))
    choices = (kernels, Choice("padding", tuple(crops)))
    steps = (first_input(), Step("product", choices, run), *_after(call))
    return Recipe(call, steps, costly=True)


def _first(sides: Sequence[tuple[int, int]]) -> str:
    return " and ".join(dict.fromkeys(str(before) for before, _ in sides))


def _spread(x: np.ndarray, kernel: np.ndarray, strides: Sequence[int]) -> np.ndarray:
    """Each input number times the kernel (*sizes, units, inputs), added where its window lies."""
    *sizes, units, _ = kernel.shape
    lengths = x.shape[1:-1]
    whole = [(n - 1) * s + max(k, s) for n, s, k in zip(lengths, strides, sizes, strict=True)]
    full = np.zeros((len(x), *[n + s for n, s in zip(whole, strides, strict=True)], units))
    for place in np.ndindex(*sizes):
        at = tuple(
            slice(p, p + (n - 1) * s + 1, s)
            for p, n, s in zip(place, lengths, strides, strict=True)
        )
        full[(slice(None), *at)] += x @ kernel[place].T
    return full
