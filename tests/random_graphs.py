"""Random graphs of layers: chains, residuals and concatenations of whatever fits together."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import prod
from typing import Any

import keras
from keras import Input, Model, layers, ops

ACTIVATIONS = (None, None, "relu", "relu", "relu6", "tanh", "gelu", "silu", "leaky_relu", "softmax")
CHANNELS = (1, 2, 3, 4, 5, 8, 12, 16, 17, 20, 24, 33, 48)
SIZES = (1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 17)
LARGEST = 40_000
"""Elements of an array, beyond which a layer is left out."""

MANY = 600
"""Elements that a dense layer may have weights for."""

LONGEST = 40
"""Steps of a sequence that recurrent layers and attention take."""


class Web:
    """The tensors so far, and the layers that some of them have already been through."""

    def __init__(self, r: random.Random) -> None:
        self.r = r
        self.tensors: list[Any] = []
        self.shared: dict[Any, keras.Layer] = {}

    def pick(self, rank: int | None = None) -> Any:
        """One of that rank without the batch axis, rather the latest.

        Raises IndexError if there is none.
        """
        fit = [t for t in self.tensors if rank is None or len(t.shape) - 1 == rank]
        return fit[-1] if fit and self.r.random() < 0.75 else self.r.choice(fit)

    def like(self, t: Any, free: int | None = None) -> Any:
        """One of the same shape, but for one axis."""

        def sizes(one: Any) -> list[int]:
            return [n for axis, n in enumerate(one.shape) if axis not in (0, free)]

        same = [u for u in self.tensors if len(u.shape) == len(t.shape) and sizes(u) == sizes(t)]
        return self.r.choice(same)

    def options(self, **more: Any) -> dict[str, Any]:
        r = self.r
        return {"activation": r.choice(ACTIVATIONS), "use_bias": r.random() < 0.8, **more}

    @property
    def channels(self) -> int:
        return self.r.choice(CHANNELS)


def padding(r: random.Random, t: Any, reach: int) -> str:
    fits = min(t.shape[1:-1]) >= reach
    return r.choice(["same", "valid"]) if fits else "same"


def window(web: Web, t: Any) -> dict[str, Any]:
    """Of a convolution: Keras has no strides with dilation."""
    r = web.r
    size, stride, rate = r.choice([1, 2, 3, 3, 3, 5]), 1, 1
    if r.random() < 0.3:
        stride = r.choice([2, 3])
    elif r.random() < 0.3:
        rate = r.choice([2, 3])
    reach = (size - 1) * rate + 1
    shape = {"kernel_size": size, "strides": stride, "dilation_rate": rate}
    return web.options(**shape, padding=padding(r, t, reach))


def convolution(web: Web, rank: int) -> Any:
    t = web.pick(rank + 1)
    layer = getattr(layers, f"Conv{rank}D")
    groups = web.r.choice([1, 1, 1, *(n for n in range(2, 9) if t.shape[-1] % n == 0)])
    filters = groups * web.r.choice([1, 2, 3, 5]) if groups > 1 else web.channels
    return layer(filters, groups=groups, **window(web, t))(t)


def without_strides(web: Web) -> Any:
    t = web.pick(3)
    filters = web.r.choice([4, 16, 17, 32, 40])
    return layers.Conv2D(filters, 3, padding=padding(web.r, t, 3), **web.options())(t)


def depthwise(web: Web, rank: int) -> Any:
    t = web.pick(rank + 1)
    times = web.r.choice([1, 1, 2, 3]) if t.shape[-1] < 20 else 1
    return getattr(layers, f"DepthwiseConv{rank}D")(depth_multiplier=times, **window(web, t))(t)


def chain(web: Web) -> Any:
    """Layers that may be computed row by row: pointwise, depthwise, one of both."""
    r, t = web.r, web.pick(3)
    x = t
    for _ in range(r.randint(2, 4)):
        size, stride = r.choice([3, 3, 5, (3, 1), (1, 3), 2]), r.choice([1, 1, 1, 2])
        reach = max(size) if isinstance(size, tuple) else size
        where = padding(r, x, reach)
        x = r.choice([
            lambda x: layers.Conv2D(r.choice([4, 8, 16, 20, 33]), 1, **web.options())(x),
            lambda x: layers.DepthwiseConv2D(size, stride, where, **web.options())(x),  # noqa: B023
            lambda x: layers.Conv2D(r.choice([4, 16]), 3, stride, "same", **web.options())(x),  # noqa: B023
            lambda x: layers.ZeroPadding2D(((1, 0), (0, 2)))(x),
        ])(x)  # fmt: skip
        x = layers.BatchNormalization()(x) if r.random() < 0.5 else x
    if x.shape == t.shape:
        return layers.Add()([x, t])
    gate = layers.Dense(x.shape[-1], "sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    return layers.Multiply()([x, gate]) if r.random() < 0.3 else x


def transposed(web: Web) -> Any:
    r, t = web.r, web.pick(3)
    options = web.options(padding=r.choice(["same", "valid"]), strides=r.choice([1, 2, 3]))
    return layers.Conv2DTranspose(r.choice([2, 5, 16]), r.choice([2, 3, 4]), **options)(t)


def resized(web: Web) -> Any:
    r, t = web.r, web.pick(3)
    kind = r.choice(["nearest", "bilinear", "bicubic"])
    return r.choice([
        layers.Resizing(r.randint(1, 13), r.randint(1, 13), interpolation=kind),
        layers.UpSampling2D((1, 2), interpolation=kind),
        layers.ZeroPadding2D(((0, 1), (2, 1))),
        layers.MaxPooling2D(2, r.choice([1, 2]), "same"),
        layers.AveragePooling2D(3, r.choice([1, 2]), "same"),
    ])(t)  # fmt: skip


def attention(web: Web) -> Any:
    r, t, u = web.r, web.pick(2), web.pick(2)
    if max(t.shape[1], u.shape[1]) > LONGEST:
        raise ValueError("too long")
    u = layers.Masking()(u) if r.random() < 0.3 else u
    causal = {"use_causal_mask": r.random() < 0.3}
    if r.random() < 0.3:
        return layers.GroupQueryAttention(r.choice([3, 8]), 4, r.choice([1, 2, 4]))(t, u, **causal)
    size, value_size = r.choice([1, 3, 8, 16]), r.choice([None, 5, 16])
    return layers.MultiHeadAttention(r.choice([1, 2, 3]), size, value_size)(t, u, **causal)


def recurrent(web: Web) -> Any:
    r, t = web.r, web.pick(2)
    if t.shape[1] > LONGEST:
        raise ValueError("too long")
    kind = r.choice([layers.LSTM, layers.GRU, layers.SimpleRNN])
    layer = kind(r.choice([1, 5, 16]), return_sequences=r.random() < 0.6)
    return (layers.Bidirectional(layer) if r.random() < 0.3 else layer)(t)


def merged(web: Web) -> Any:
    r, t = web.r, web.pick()
    kinds = [layers.Add, layers.Multiply, layers.Average, layers.Maximum, layers.Concatenate]
    return r.choice(kinds)()([web.like(t) for _ in range(r.randint(1, 2))] + [t])


def joined(web: Web) -> Any:
    r, t = web.r, web.pick()
    axis = r.randint(1, len(t.shape) - 1)
    parts = [t, *(web.like(t, axis) for _ in range(r.randint(1, 3)))]
    r.shuffle(parts)
    return layers.Concatenate(axis)(parts)


def again(web: Web) -> Any:
    """The same layer once more, or twice."""
    t = web.pick()
    if t.shape not in web.shared:
        web.shared[t.shape] = layers.Dense(t.shape[-1], "relu")
        t = web.shared[t.shape](t)
    return web.shared[t.shape](t)


def of_any_rank(web: Web) -> Any:
    r, t = web.r, web.pick()
    axis, last = r.randint(1, len(t.shape) - 1), len(t.shape) - 1
    axes = list(range(1, last + 1))
    r.shuffle(axes)
    return r.choice([
        lambda: layers.Dense(r.choice([1, 5, 16, 33, 70]), **web.options())(t),
        lambda: layers.LayerNormalization()(t),
        lambda: layers.BatchNormalization()(t),
        lambda: layers.PReLU()(t),
        lambda: layers.Permute(axes)(t),
        lambda: layers.Flatten()(t) if prod(t.shape[1:]) < MANY else t * 2,
        lambda: layers.Reshape((-1, t.shape[-1]))(t),
        lambda: ops.mean(t, axis, keepdims=True),
        lambda: ops.flip(t, axis),
        lambda: ops.roll(t, 1, axis),
        lambda: ops.repeat(t, 2, axis),
        lambda: ops.where(t > 0, t, t * 0.3),
        lambda: ops.concatenate([t, ops.ones_like(t)], axis),
        lambda: ops.logsumexp(t, axis, keepdims=True),
    ])()  # fmt: skip


STEPS: dict[str, list[Callable[[Web], Any]]] = {
    "image": [
        chain, chain, without_strides, without_strides, resized, transposed,
        lambda web: convolution(web, 2), lambda web: depthwise(web, 2),
    ],
    "sequence": [
        attention, attention, recurrent,
        lambda web: convolution(web, 1), lambda web: depthwise(web, 1),
    ],
    "volume": [lambda web: convolution(web, 3)],
    "vector": [again],
}  # fmt: skip
EVERYWHERE = [merged, joined, joined, again, of_any_rank, of_any_rank, of_any_rank]


def random_graph(r: random.Random) -> keras.Model:
    """Of one to three inputs and outputs; an output may be an input, or the same as another."""
    web, inputs, steps = Web(r), [], list(EVERYWHERE)
    for kind in r.sample(list(STEPS), r.choice([1, 1, 1, 2])):
        rank = {"image": 2, "sequence": 1, "volume": 3, "vector": 0}[kind]
        shape = (*(r.choice(SIZES if rank < 3 else SIZES[:5]) for _ in range(rank)), web.channels)
        inputs.append(Input(shape, name=kind))
        steps += STEPS[kind] * 2
    web.tensors += inputs
    for _ in range(r.randint(4, 14)):
        try:
            made = r.choice(steps)(web)
        except (IndexError, ValueError):
            continue  # what doesn't fit
        if 0 < prod(made.shape[1:]) <= LARGEST:
            web.tensors.append(made)
    outputs = [web.tensors[-1], *(r.choice(web.tensors) for _ in range(r.choice([0, 0, 1, 2])))]
    outputs.append(layers.Dense(3)(web.tensors[-1]))
    return Model(inputs, outputs, name="m")
