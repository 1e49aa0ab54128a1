"""Mistakes that any layer can have: other weights, other inputs, fewer digits, or left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kgen.arrays import widened
from kgen.diagnosis.recipe import Inside, Mistake, Recipe, Result, double, walk
from kgen.diagnosis.registry import recipe_of
from kgen.diagnosis.world import World, doubles
from kgen.trace.calls import Call, Weight

MOST_INPUTS = 12
"""So many other values are tried as a layer's input."""


@dataclass(frozen=True, eq=False)
class Variant:
    """A layer computed with one mistake that is none of its steps'.

    recipe: of the layer with other weights or inputs. array: its output, where nothing else can go
    wrong.
    """

    mistake: Mistake
    recipe: Recipe | None = None
    inputs: tuple[np.ndarray, ...] = ()
    array: np.ndarray | None = None

    def results(self, budget: int, inside: Inside | None = None) -> Iterator[Result]:
        """Values with this mistake, and at most `budget` others; those inside of steps too. There
        is no formula: it would name the weights and inputs that the layer has.
        """
        if self.array is not None:
            yield Result(-1, self.array, (self.mistake,), ())
        if self.recipe is not None:
            wrong = (self.mistake,)
            for result in walk(
                self.recipe.steps, self.inputs, budget, mistakes=wrong, inside=inside
            ):
                yield replace(result, formulas=())


def variants(world: World, number: int, others: Mapping[str, Sequence[Call]]) -> Iterator[Variant]:
    call, recipe = world.calls[number], world.recipes[number]
    inputs = doubles(call.given)
    if inputs and call.outputs and inputs[0].shape == call.outputs[0].shape and _leaves(call):
        says = f"{call.path!r} ({call.kind}) is left out: this is what goes into it"
        yield Variant(Mistake("layer left out", says, rank=2), array=inputs[0])
    if recipe is None:
        return
    for mistake, weights in _other_weights(world, number, others):
        made = recipe_of(replace(call, weights=weights))
        if made is not None:
            yield Variant(mistake, made, inputs)
    if call.weights:
        half = tuple(replace(w, array=_half(w.array), changed=True) for w in call.weights)
        made = recipe_of(replace(call, weights=half))
        says = "the inputs and weights were rounded to float16, which has three digits"
        mistake = Mistake("float16", says, remark="in float32: no astype(np.float16)")
        if made is not None:
            yield Variant(mistake, made, tuple(map(_half, inputs)))
    yield from _other_inputs(world, number, recipe)


def wrong_inputs(world: World) -> Iterator[tuple[Mistake, np.ndarray]]:
    """The samples of a model with one input, prepared in another way than they came."""
    if len(world.inputs) != 1:
        return
    x = double(widened(world.inputs[0]))

    def wrong(array: np.ndarray, says: str, fix: str, rank: int = 1) -> tuple[Mistake, np.ndarray]:
        return Mistake("wrong preprocessing", says, f"x = {fix}", rank=rank), array

    as_it_is = "x  # as it was given"
    yield wrong(x / 255, "the samples were divided by 255", as_it_is)
    yield wrong(x * 255, "the samples were multiplied by 255", as_it_is)
    yield wrong(x / 127.5 - 1, "the samples were scaled to -1..1 by x / 127.5 - 1", as_it_is)
    yield wrong(np.trunc(x), "the samples were cut to whole numbers", "x.astype(np.float32)")
    if len(x) > 2:
        spread = x.std(axis=0)
        with np.errstate(all="ignore"):
            scaled = (x - x.mean(axis=0)) / np.where(spread == 0, 1, spread)
        yield wrong(scaled, "the samples were standardized over themselves", as_it_is, 2)
    if x.ndim == 4 and x.shape[-1] == 3:
        yield wrong(x[..., ::-1], "the channels are reversed (BGR for RGB)", "x[..., ::-1]")
    if x.ndim == 4 and x.shape[1] == x.shape[2]:
        turned = x.swapaxes(1, 2)
        yield wrong(turned, "rows and columns of the images are exchanged", "x.swapaxes(1, 2)")
    if x.ndim == 3:
        yield wrong(x[:, ::-1], "the sequences are reversed", "x[:, ::-1]", 2)


def _leaves(call: Call) -> bool:
    """Whether leaving the layer out is another mistake than leaving out an activation."""
    return call.kind not in ("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "PReLU")


def _half(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return double(widened(array).astype(np.float16))


def _other_weights(
    world: World, number: int, others: Mapping[str, Sequence[Call]]
) -> Iterator[tuple[Mistake, tuple[Weight, ...]]]:
    """The layer's weights with some of them replaced by those of another layer or model."""
    call = world.calls[number]
    seen = {call.access}
    for other in world.calls:
        if other.access in seen or not other.weights:
            continue
        seen.add(other.access)
        yield from _exchanged(call, other, f"layer {other.path!r}", "weights of another layer")
    for name, calls in others.items():
        for other in calls:
            if other.path == call.path:
                key = "weights of another epoch"
                yield from _exchanged(call, other, f"{call.path!r} in {name}", key)
                break


def _exchanged(
    call: Call, other: Call, whose: str, key: str
) -> Iterator[tuple[Mistake, tuple[Weight, ...]]]:
    """All weights, and each one alone, where the shapes allow it."""
    partners = {w.name: w for w in other.weights}
    fitting = [
        w.name
        for w in call.weights
        if w.name in partners and partners[w.name].array.shape == w.array.shape
    ]
    choices = [[name] for name in fitting]
    if len(fitting) == len(call.weights) > 1:
        choices.append(fitting)
    for names in choices:
        what = "weights are those" if len(names) > 1 else f"{names[0]} is that"
        exchanged = tuple(
            replace(w, array=partners[w.name].array, changed=True) if w.name in names else w
            for w in call.weights
        )
        yield Mistake(key, f"the {what} of {whose}"), exchanged


def _other_inputs(world: World, number: int, recipe: Recipe) -> Iterator[Variant]:
    """The layer applied to another value of the model."""
    call = world.calls[number]
    if len(call.inputs) != 1:
        return
    tried = 0
    for place, array in world.values:
        own = place.call == number or array.shape != call.inputs[0].shape
        own = own or place.stage not in ("", "output")  # that is an activation left out
        if own or tried == MOST_INPUTS or np.array_equal(array, double(call.inputs[0])):
            continue
        tried += 1
        says = f"{call.path!r} was applied to {place.title}, not to its own input"
        yield Variant(Mistake("input of another layer", says, rank=2), recipe, (array,))
