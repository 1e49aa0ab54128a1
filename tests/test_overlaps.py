"""The small style's memory: outputs that follow their inputs through it, no copies with zeros."""

from __future__ import annotations

import itertools
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import Input, Model, layers

from kgen import targets
from kgen.ir.node import Node
from kgen.ir.value import Value
from kgen.library import STRICT, Library
from kgen.memory import of_style
from kgen.ops.conv import Conv
from kgen.ops.dense import Dense
from kgen.ops.pad import Pad
from kgen.ops.pool import Pool
from kgen.overlaps import overlaps
from kgen.pipeline import Export
from kgen.plan import Plan
from kgen.sharing import Sharing
from tests.harness import randomize


def separable() -> Model:
    """Depthwise and pointwise convolutions, narrower and wider, with strides, around zeros."""
    x = image = Input((13, 11, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="first")(x)
    x = layers.ZeroPadding2D(((0, 1), (2, 1)), name="zeros")(x)
    x = layers.DepthwiseConv2D(3, strides=2, activation="relu", name="depthwise")(x)
    x = layers.Conv2D(16, 1, name="wider")(x)
    x = layers.DepthwiseConv2D(3, padding="same", dilation_rate=2, name="dilated")(x)
    x = layers.Conv2D(5, 1, activation="tanh", name="narrower")(x)
    x = layers.MaxPooling2D(2, strides=1, padding="same", name="max")(x)
    x = layers.AveragePooling2D((2, 3), name="mean")(x)
    x = layers.Dense(9, activation="gelu", name="rows")(x)
    x = layers.Dense(2, name="scores")(x)
    return Model(image, layers.Flatten(name="flat")(x), name="separable")


def sequences() -> Model:
    """In one dimension: causal, and a sum that reads its input twice."""
    x = steps = Input((17, 6), name="steps")
    x = layers.Conv1D(6, 3, padding="causal", dilation_rate=2, name="causal")(x)
    y = layers.Conv1D(6, 3, padding="causal", name="again")(x)
    x = layers.Add(name="sum")([x, y])
    x = layers.Dense(12, activation="relu", name="wide")(x)
    x = layers.MaxPooling1D(3, name="max")(x)
    return Model(steps, layers.Dense(4, name="out")(x), name="sequences")


MODELS = {"separable": separable, "sequences": sequences}


def job(name: str) -> Export:
    keras.utils.clear_session()
    model = MODELS[name]()
    randomize(model, 4)
    return Export(model, name, {})


def taps(size: int, length: int, stride: int, rate: int, before: int, at: int) -> list[int]:
    places = [at * stride + tap * rate - before for tap in range(length)]
    return [place for place in places if 0 <= place < size]


def reads(node: Node) -> list[set[int]]:
    """For each element of the output, in its order, the elements of x that it is computed from."""
    x, y = node.x, node.output  # type: ignore[attr-defined]
    number = np.arange(x.size).reshape(x.shape)
    if isinstance(node, Dense):
        rows = number.reshape(-1, x.shape[-1])
        return [set(row) for row in rows.tolist() for _ in range(y.shape[-1])]
    assert isinstance(node, Conv | Pool)
    found = []
    for *place, channel in itertools.product(*map(range, y.shape[1:])):
        window = [
            taps(size, length, stride, rate, before, at)
            for size, length, stride, rate, (before, _), at in zip(
                node.input_sizes, node.window, node.strides,
                getattr(node, "dilation", (1,) * len(place)), node.padding, place, strict=True,
            )
        ]  # fmt: skip
        seen = number[0][np.ix_(*window)]
        if isinstance(node, Conv):
            first = channel // node.group_filters * node.group_channels
            seen = seen[..., first : first + node.group_channels]
        else:
            seen = seen[..., channel : channel + 1]
        found.append(set(seen.ravel().tolist()))
    return found


def harmless(needed: list[set[int]], distance: int) -> bool:
    """Whether no element is overwritten before it is read for the last time."""
    last = {element: o for o, elements in enumerate(needed) for element in elements}
    return all(last.get(o - distance, -1) <= o for o in range(len(needed)))


@pytest.mark.parametrize("name", MODELS)
def test_trails(name: str) -> None:
    """Element by element, as the templates go through them; of dense layers no byte is wasted."""
    seen = set()
    for node in targets.small(job(name).plan).graph.nodes:
        distance = node.trail(node.inputs[0]) if isinstance(node, Conv | Pool | Dense) else None
        if distance is None:
            continue
        assert harmless(reads(node), distance)
        if isinstance(node, Dense):
            assert not harmless(reads(node), distance - 1)
        seen.add(node.kind)
    assert seen == {"conv", "pool", "dense"}


@pytest.mark.parametrize("name", MODELS)
def test_it_agrees(name: str) -> None:
    """With values that overlap, in less memory than any plan without."""
    one = job(name)
    small, readable = of_style(one, "small"), of_style(one, "readable")
    assert small.workspace < readable.bound
    assert small.bound <= small.workspace
    assert sum(size for _, size in small.alive) == targets.small(one.plan).lower_bound
    inputs = one.samples(3)
    files = one.files("c", "small")
    found = Library(files, flags=(*STRICT, "-O2")).predict(*inputs)
    np.testing.assert_allclose(found, one.model.predict(inputs[0], verbose=0), rtol=1e-4, atol=1e-5)


def spans(plan: Plan, value: Value) -> range:
    place = plan.places[value]
    start = place.number + place.offset
    return range(start, start + value.nbytes)


@pytest.mark.parametrize("name", MODELS)
def test_places(name: str) -> None:
    """What is alive together lies apart, but for pairs that keep their distance."""
    plan = targets.small(job(name).plan)
    sharing = Sharing(plan.graph)
    sharing.unite_all()
    buffers = sharing.buffers()
    may = overlaps(plan.graph, sharing, buffers)
    overlapping = 0
    for a, b in itertools.permutations(buffers, 2):
        if not buffers[a].meets(buffers[b]):
            continue
        x, y = spans(plan, a), spans(plan, b)
        distance = may.get((buffers[a], buffers[b]))
        if max(x.start, y.start) < min(x.stop, y.stop):
            back = may.get((buffers[b], buffers[a]))
            assert distance is not None or back is not None
            assert distance is None or y.start + distance <= x.start
            overlapping += 1
    assert overlapping > 2


def test_zeros_join_a_convolution() -> None:
    """Only zeros, beside pixels, that nothing else reads."""
    one = job("separable")
    assert any(isinstance(node, Pad) for node in one.plan.graph.nodes)
    assert not any(isinstance(node, Pad) for node in targets.small(one.plan).graph.nodes)
    graph = one.plan.graph
    pad = next(node for node in graph.nodes if isinstance(node, Pad))
    for other in (replace(pad, value=1.0), replace(pad, padding=((0, 0), (0, 1), (2, 1), (0, 0)))):
        changed = replace(graph, nodes=tuple(other if n is pad else n for n in graph.nodes))
        left = any(isinstance(n, Pad) for n in targets.pad_while_convolving(changed).nodes)
        assert left == (other.value != 0)
