"""Losses, labels, and what reads them."""

from __future__ import annotations

import keras
from keras import Input, ops

from tests.cases._build import Function, function, layer


def binary_crossentropy() -> keras.Model:
    return function(
        lambda x, y: [
            ops.binary_crossentropy(ops.sigmoid(y), ops.sigmoid(x)),
            ops.binary_crossentropy(ops.sigmoid(y), x * 40, from_logits=True),
        ],
        (4, 5), (4, 5),
    )  # fmt: skip


def categorical_crossentropy() -> keras.Model:
    def body(x, y):
        target = ops.softmax(y)
        return [
            ops.categorical_crossentropy(target, ops.softmax(x)),
            ops.categorical_crossentropy(target, x, from_logits=True),
            ops.categorical_crossentropy(target, ops.abs(x), axis=1),
        ]

    return function(body, (4, 5), (4, 5))


def sparse_categorical_crossentropy() -> keras.Model:
    target, x = Input((4,), dtype="int32"), Input((4, 5))
    loss = ops.sparse_categorical_crossentropy
    return keras.Model(
        [target, x], [loss(target % 5, ops.softmax(x)), loss(target % 5, x, from_logits=True)]
    )


def multi_hot() -> keras.Model:
    return function(
        lambda x: [ops.multi_hot(x, 7), ops.multi_hot(x, 4, dtype="int32")], (4,), dtype="int32"
    )


def multi_hot_of_rows() -> keras.Model:
    return function(lambda x: ops.multi_hot(x, 7), (4, 3), dtype="int32")


def greedy_ctc_decode() -> keras.Model:
    lengths, x = Input((1,), dtype="int32"), Input((6, 3))
    steps = lengths[:, 0] % 7
    decoded, scores = ops.ctc_decode(x, steps)
    unmerged = ops.ctc_decode(x, steps, merge_repeated=False, mask_index=2)[0]
    return keras.Model(
        [lengths, x], [ops.moveaxis(decoded, 0, 1), scores, ops.moveaxis(unmerged, 0, 1)]
    )


def psnr() -> keras.Model:
    return layer(Function(lambda x: ops.map(lambda v: ops.psnr(v, v * 0.9, 1.0), x)), 4, 5)


_OPTIONS = {"dilation": (2, 1), "padding": (1, 2), "stride": (1, 2)}


def unfold_and_fold() -> keras.Model:
    def body(x):
        patches = ops.unfold(x, 2), ops.unfold(x, (2, 3), **_OPTIONS), ops.unfold(x, 2, stride=2)
        return [
            *patches,
            ops.fold(patches[0], (5, 6), 2),
            ops.fold(patches[1], (5, 6), (2, 3), **_OPTIONS),
            ops.fold(patches[2], (5, 6), 2, stride=2),
        ]

    return function(body, (2, 5, 6))
