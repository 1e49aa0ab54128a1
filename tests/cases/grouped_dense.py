"""Weights of small integers with a scale and a zero for each group of inputs."""

from __future__ import annotations

import keras
import numpy as np
from keras import Input, Model, Sequential, layers
from keras.quantizers import AWQConfig, GPTQConfig, Int4QuantizationConfig

from tests.cases._build import table


def _in_blocks(*stack: keras.Layer, shape: tuple[int, ...], block: int) -> keras.Model:
    keras.utils.set_random_seed(3)
    x = Input(shape)
    model = Sequential([x, *stack])
    for layer in stack:
        layer.quantize("int4", config=Int4QuantizationConfig(block_size=block))
    return model


def last_block_shorter() -> keras.Model:
    return _in_blocks(layers.Dense(7, "silu"), shape=(3, 10), block=4)


def one_block() -> keras.Model:
    return _in_blocks(layers.Dense(5, use_bias=False), shape=(6,), block=128)


def block_of_one_row() -> keras.Model:
    """Not worth it: the scales would need more bytes than they save."""
    return _in_blocks(layers.Dense(5), shape=(6,), block=1)


def einsum_in_blocks() -> keras.Model:
    einsum = layers.EinsumDense("abc,cde->abde", (None, 2, 5), bias_axes="de")
    return _in_blocks(einsum, shape=(3, 9), block=4)


def several_panels() -> keras.Model:
    """Odd groups, the last one shorter, of more units than a panel has, for tiles of pixels."""
    return _in_blocks(layers.Dense(70, "relu"), shape=(5, 61), block=15)


def group_of_many_rows() -> keras.Model:
    """Which is summed in shares, for one pixel."""
    return _in_blocks(layers.Dense(21), shape=(258,), block=258)


def einsum_by_channel() -> keras.Model:
    """Without zeros."""
    einsum = layers.EinsumDense("abc,cde->abde", (None, 4, 7), bias_axes="de")
    keras.utils.set_random_seed(3)
    model = Sequential([Input((6, 38)), einsum])
    einsum.quantize("int4", config=Int4QuantizationConfig(block_size=None))
    return model


def in_bfloat16() -> keras.Model:
    return _in_blocks(layers.Dense(5, dtype="mixed_bfloat16"), shape=(6,), block=4)


def normalized() -> keras.Model:
    """The scale of a batch normalisation must not go into the integers."""
    keras.utils.set_random_seed(3)
    dense = layers.Dense(5)
    x = Input((6,))
    model = Model(x, layers.ReLU()(layers.BatchNormalization()(dense(x))))
    dense.quantize("int4", config=Int4QuantizationConfig(block_size=3))
    return model


def _calibrated(
    mode: str, bits: int, ordered: bool, layer: type[keras.Layer] = layers.Dense
) -> keras.Model:
    """As after calibration, with random numbers in place of good ones."""
    generator = np.random.default_rng(bits)
    if layer is layers.Dense:
        dense = layers.Dense(5, "tanh")
    else:
        dense = layers.EinsumDense("ab,bcd->acd", (1, 5), activation="tanh", bias_axes="d")
    model = Sequential([Input((10,)), dense])
    options = {"dataset": ["text"], "tokenizer": str, "group_size": 4}
    if mode == "gptq":
        dense.quantize("gptq", config=GPTQConfig(weight_bits=bits, **options))
    else:
        dense.quantize("awq", config=AWQConfig(**options))
        dense.awq_scales.assign(generator.uniform(0.5, 2, 10))
    dense.quantized_kernel.assign(generator.integers(0, 256, dense.quantized_kernel.shape))
    dense.kernel_scale.assign(generator.uniform(0.01, 0.1, (5, 3)))
    dense.kernel_zero.assign(generator.integers(0, 2**bits, (5, 3)))
    groups = np.arange(10) // 4
    dense.g_idx.assign(groups if ordered else generator.permutation(groups))
    setattr(dense, f"is_{mode}_calibrated", True)
    return model


table(
    globals(),
    {
        "gptq_of_4_bits": lambda: _calibrated("gptq", 4, ordered=True),
        "gptq_of_8_bits": lambda: _calibrated("gptq", 8, ordered=True),
        "gptq_by_activation_order": lambda: _calibrated("gptq", 4, ordered=False),
        "gptq_of_an_einsum": lambda: _calibrated("gptq", 4, True, layers.EinsumDense),
        "awq": lambda: _calibrated("awq", 4, ordered=True),
        "awq_of_an_einsum": lambda: _calibrated("awq", 4, False, layers.EinsumDense),
    },
)
