"""Recipes of normalizations, and of layers that rescale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kgen.diagnosis.affine import first_input
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import (
    Choice,
    Mistake,
    Option,
    Picks,
    Recipe,
    Step,
    double,
    formula_step,
)
from kgen.diagnosis.registry import recipe
from kgen.trace.calls import Call

EPSILONS = (0.0, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)
"""What libraries add to variances."""

ROOTS = {
    "np.sqrt({v} + {e})": None,
    "({v} + {e})": Mistake(
        "standard deviation for variance",
        "it is divided by the variance, not by its square root, the standard deviation",
    ),
    "np.sqrt(np.sqrt({v}) + {e})": Mistake(
        "standard deviation for variance",
        "the root is taken of the standard deviation, not of the variance",
    ),
    "(np.sqrt({v}) + {e})": Mistake(
        "epsilon outside of the root", "epsilon is added behind the root, not under it"
    ),
}
"""What the difference from the mean is divided by: v the variance, e epsilon."""


def _normalized(names: Mapping[str, Any], epsilon: float, moments: Sequence[Option]) -> Step:
    """(x - mean) / sqrt(variance + epsilon). moments: options of (mean, variance) as texts."""
    added = [Option(epsilon)]
    for other in EPSILONS:
        if not np.isclose(other, epsilon, rtol=1e-3, atol=0):
            says = f"epsilon is {other:g}, where the layer has {epsilon:g}"
            if other == 0:
                says = f"epsilon is left out; the layer has {epsilon:g}"
            rank = 1 if other == 0 or other >= 1e-6 else 2  # smaller ones are as good as none
            added.append(Option(other, Mistake("wrong epsilon", says, rank=rank)))
    choices = (
        Choice("moments", tuple(moments)),
        Choice("root", tuple(Option(text, mistake) for text, mistake in ROOTS.items())),
        Choice("epsilon", tuple(added)),
    )

    def write(picks: Picks) -> Formula:
        mean, variance = picks["moments"]
        below = picks["root"].replace("{v}", variance).replace("{e}", f"{picks['epsilon']:g}")
        above = f"({{z}} - {mean})" if mean else "{z}"
        return Formula(f"{above} / {below}", names)

    return Step("normalized value", choices, lambda z, picks: write(picks)(z), write)


def _scaled(call: Call, shape: Sequence[int]) -> list[Step]:
    """gamma and beta, as far as the layer has them. shape: that they are broadcast in."""
    names = {
        name: double(weight).reshape(shape)
        for name in ("gamma", "beta")
        if (weight := call.weight(name)) is not None
    }
    if not names:
        return [formula_step("output", Option(Formula("{z}")))]
    both = len(names) == 2
    gamma, beta = "gamma" in names, "beta" in names
    right = "{z}" + " * gamma" * gamma + " + beta" * beta
    options = [Option(Formula(right, names))]

    def wrong(text: str, key: str, says: str) -> None:
        options.append(Option(Formula(text, names), Mistake(key, says)))

    if gamma:
        wrong("{z}" + " + beta" * beta, "gamma left out", "the factor gamma is left out")
    if beta:
        wrong("{z}" + " * gamma" * gamma, "beta left out", "the summand beta is left out")
    if both:
        wrong("{z}", "gamma left out", "gamma and beta are left out")
        says = "gamma and beta are exchanged: get_weights() has gamma first"
        wrong("{z} * beta + gamma", "order of weights", says)
        wrong("({z} + beta) * gamma", "order of weights", "beta is added before gamma multiplies")
    return [formula_step("output", *options)]


@recipe("BatchNormalization")
def batch_normalization(call: Call) -> Recipe | None:
    mean, variance = call.weight("moving_mean"), call.weight("moving_variance")
    if mean is None or variance is None:
        return None
    rank = call.inputs[0].ndim
    axis = int(call.config.get("axis", -1)) % rank
    shape = [-1 if number == axis else 1 for number in range(rank)]
    if axis == rank - 1:
        shape = [-1]
    names = {"mean": double(mean).reshape(shape), "variance": double(variance).reshape(shape)}
    others = tuple(number for number in range(rank) if number != axis)
    along = f"axis={others}, keepdims=True"
    says = "the mean and variance are those of these samples, not the layer's moving ones"
    key = "batch statistics"
    moments = [
        Option(("mean", "variance")),
        Option((f"{{z}}.mean({along})", f"{{z}}.var({along})"), Mistake(key, says)),
        Option((f"{{z}}.mean({along})", f"{{z}}.var({along}, ddof=1)"), Mistake(key, says, rank=2)),
        Option(
            ("variance", "mean"),
            Mistake(
                "order of weights",
                "mean and variance are exchanged: get_weights() ends with mean, variance",
            ),
        ),
        Option(("0", "variance"), Mistake("mean left out", "the mean is not subtracted")),
    ]
    symbols = {
        {"moving_mean": "mean", "moving_variance": "variance"}.get(w.name, w.name): w.index
        for w in call.weights
    }
    steps = (
        first_input(),
        _normalized(names, float(call.config.get("epsilon", 1e-3)), moments),
        *_scaled(call, shape),
    )
    return Recipe(call, steps, symbols)


@recipe("LayerNormalization")
def layer_normalization(call: Call) -> Recipe | None:
    rank = call.inputs[0].ndim
    given = call.config.get("axis", -1)
    axes = tuple(sorted(a % rank for a in (given if isinstance(given, list | tuple) else [given])))
    moments = [Option(_moments(axes))]
    for other in [*((n,) for n in range(rank)), tuple(range(1, rank)), tuple(range(rank))]:
        if other != axes and all(option.value != _moments(other) for option in moments):
            says = f"it is normalized over axis {_axes(other)}, where the layer has {_axes(axes)}"
            moments.append(Option(_moments(other), Mistake("wrong axis", says)))
    says = "the variance is that of a sample (ddof=1), divided by n - 1 instead of n"
    moments.append(Option(_moments(axes, ", ddof=1"), Mistake("wrong variance", says)))
    shape = [call.inputs[0].shape[n] if n in axes else 1 for n in range(rank)]
    symbols = {weight.name: weight.index for weight in call.weights}
    steps = (
        first_input(),
        _normalized({}, float(call.config.get("epsilon", 1e-3)), moments),
        *_scaled(call, [-1] if axes == (rank - 1,) else shape),
    )
    return Recipe(call, steps, symbols)


def _moments(axes: tuple[int, ...], more: str = "") -> tuple[str, str]:
    along = f"axis={axes[0] if len(axes) == 1 else axes}, keepdims=True"
    return f"{{z}}.mean({along})", f"{{z}}.var({along}{more})"


def _axes(axes: tuple[int, ...]) -> str:
    return str(axes[0]) if len(axes) == 1 else str(axes)


@recipe("RMSNormalization")
def rms_normalization(call: Call) -> Recipe | None:
    scale = call.weight("scale")
    if scale is None or call.config.get("axis", -1) not in (-1, call.inputs[0].ndim - 1):
        return None
    mean = "{z}.mean(axis=-1, keepdims=True)"
    centred = Mistake("wrong normalization", "the mean is subtracted; this layer does not do that")
    says = "it is normalized over axis 1, where the layer has the last one"
    moments = [
        Option(("", "np.mean({z} ** 2, axis=-1, keepdims=True)")),
        Option((mean, "{z}.var(axis=-1, keepdims=True)"), centred),
        Option(("", "np.mean({z} ** 2, axis=1, keepdims=True)"), Mistake("wrong axis", says)),
    ]
    names = {"gamma": double(scale)}
    left_out = Mistake("gamma left out", "the factor gamma (scale) is left out")
    steps = (
        first_input(),
        _normalized({}, float(call.config.get("epsilon", 1e-6)), moments),
        formula_step(
            "output", Option(Formula("{z} * gamma", names)), Option(Formula("{z}"), left_out)
        ),
    )
    return Recipe(call, steps, {"gamma": 0})


@recipe("GroupNormalization")
def group_normalization(call: Call) -> Recipe | None:
    rank = call.inputs[0].ndim
    groups = int(call.config.get("groups", 32))
    if call.config.get("axis", -1) not in (-1, rank - 1):
        return None
    *sizes, channels = call.inputs[0].shape[1:]
    groups = channels if groups == -1 else groups
    split = ", ".join(map(str, [*sizes, groups, channels // groups]))
    joined = ", ".join(map(str, [*sizes, channels]))
    axes = (*range(1, rank - 1), rank)  # of (samples, *sizes, groups, channels of one)
    moments = [Option(_moments(axes))]
    for other, says in (
        ((rank,), "it is normalized at each position, where all positions count together"),
        (tuple(range(1, rank + 1)), "it is normalized over all groups together"),
        ((0, *axes), "it is normalized over all samples together"),
        (tuple(range(1, rank - 1)), "it is normalized for each channel, not for each group"),
    ):
        if all(option.value != _moments(other) for option in moments):
            moments.append(Option(_moments(other), Mistake("wrong axis", says)))
    says = "the variance is that of a sample (ddof=1), divided by n - 1 instead of n"
    moments.append(Option(_moments(axes, ", ddof=1"), Mistake("wrong variance", says)))
    turned = ", ".join(map(str, [*sizes, channels // groups, groups]))
    interleaved = Mistake(
        "wrong axis", f"a group is every channel in {groups}; Keras takes neighbouring ones"
    )
    options = [Option(Formula(f"{{z}}.reshape(len({{z}}), {split})"))]
    if 1 < groups < channels:
        options.append(
            Option(Formula(f"{{z}}.reshape(len({{z}}), {turned}).swapaxes(-1, -2)"), interleaved)
        )
    steps = (
        first_input(),
        formula_step("groups", *options),
        _normalized({}, float(call.config.get("epsilon", 1e-3)), moments),
        formula_step("normalized value", Option(Formula(f"{{z}}.reshape(len({{z}}), {joined})"))),
        *_scaled(call, [-1]),
    )
    return Recipe(call, steps, {weight.name: weight.index for weight in call.weights})


@recipe("UnitNormalization")
def unit_normalization(call: Call) -> Recipe | None:
    rank = call.inputs[0].ndim
    given = call.config.get("axis", -1)
    axes = tuple(sorted(a % rank for a in (given if isinstance(given, list | tuple) else [given])))

    def divided(norm: str, over: tuple[int, ...]) -> Formula:
        along = f"axis={over[0] if len(over) == 1 else over}, keepdims=True"
        return Formula("{z} / " + norm.replace("ALONG", along))

    root = "np.sqrt(np.sum({z} ** 2, ALONG))"
    options = [Option(divided(root, axes))]
    for norm, says in (
        ("np.sum({z} ** 2, ALONG)", "it is divided by the sum of squares, not by its root"),
        ("np.sum(np.abs({z}), ALONG)", "it is divided by the sum of absolute values (L1)"),
        ("np.max(np.abs({z}), ALONG)", "it is divided by the largest absolute value"),
        ("np.sqrt(np.mean({z} ** 2, ALONG))", "it is divided by the root of the mean square"),
    ):
        options.append(Option(divided(norm, axes), Mistake("wrong normalization", says)))
    for other in [*((n,) for n in range(rank)), tuple(range(1, rank)), tuple(range(rank))]:
        if other != axes and all(option.value != divided(root, other) for option in options):
            says = f"it is normalized over axis {_axes(other)}, where the layer has {_axes(axes)}"
            options.append(Option(divided(root, other), Mistake("wrong axis", says)))
    return Recipe(call, (first_input(), formula_step("output", *options)))


@recipe("Normalization")
def normalization(call: Call) -> Recipe | None:
    """(x - mean) / standard deviation, of numbers that the layer has learned or was given."""
    rank = call.inputs[0].ndim
    given = call.config.get("axis", -1)
    axes = () if given is None else tuple(given) if isinstance(given, list | tuple) else (given,)
    kept = {axis % rank for axis in axes}
    shape = [call.inputs[0].shape[n] if n in kept else 1 for n in range(rank)]
    names = {}
    for name in ("mean", "variance"):
        weight = call.weight(name)
        array = call.config.get(name) if weight is None else weight
        if array is None:
            return None
        names[name] = np.broadcast_to(double(np.asarray(array)).ravel(), np.prod(shape, dtype=int))
        names[name] = names[name].reshape([-1] if kept == {rank - 1} else shape)
    others = tuple(n for n in range(rank) if n not in kept)
    along = f"axis={others}, keepdims=True"
    forwards, backwards = "({z} - MEAN) / ROOT", "MEAN + {z} * ROOT"
    right, other = (backwards, forwards) if call.config.get("invert") else (forwards, backwards)

    def formula(text: str, mean: str = "mean", root: str = "np.sqrt(variance)") -> Formula:
        return Formula(text.replace("MEAN", mean).replace("ROOT", root), names)

    options = [Option(formula(right))]

    def wrong(formula: Formula, key: str, says: str) -> None:
        options.append(Option(formula, Mistake(key, says)))

    says = "the variance itself is taken, not its square root, the standard deviation"
    wrong(formula(right, root="variance"), "standard deviation for variance", says)
    says = "the mean and variance are those of these samples, not the layer's"
    for more in ("", ", ddof=1"):
        moments = f"{{z}}.mean({along})", f"{{z}}.std({along}{more})"
        wrong(formula(right, *moments), "batch statistics", says)
    says = "mean and variance are exchanged: get_weights() has mean, variance, count"
    wrong(formula(right, "variance", "np.sqrt(mean)"), "order of weights", says)
    wrong(formula(right, "0"), "mean left out", "the mean is left out")
    says = f"it is done the other way round; the layer is invert={bool(call.config.get('invert'))}"
    wrong(formula(other), "wrong preprocessing", says)
    symbols = {w.name: w.index for w in call.weights if w.name in names}
    return Recipe(call, (first_input(), formula_step("output", *options)), symbols)


@recipe("Rescaling")
def rescaling(call: Call) -> Recipe | None:
    names = {
        "scale": np.asarray(call.config.get("scale"), np.float64),
        "offset": np.asarray(call.config.get("offset", 0.0), np.float64),
    }
    options = [Option(Formula("{z} * scale + offset", names))]
    for text, says in (
        ("({z} + offset) * scale", "the offset is added before the scale multiplies"),
        ("{z} * scale", "the offset is left out"),
        ("{z} / scale + offset", "it is divided by the scale, not multiplied"),
    ):
        options.append(Option(Formula(text, names), Mistake("wrong preprocessing", says)))
    return Recipe(call, (first_input(), formula_step("output", *options)))
