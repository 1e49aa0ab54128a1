"""Files of Keras 1, and of cuDNN's recurrent layers: other words, and weights in other layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from keras import Input, Model, Sequential, layers

from kgen.errors import ExportError
from kgen.load import load
from tests.legacy_files import (
    arrays,
    assert_same,
    called,
    entry,
    functional,
    lstm_weights,
    numbers,
    old_hard_sigmoid,
    pair,
    write,
)


def keras1_dense(name: str, units: int, **more: object) -> dict[str, object]:
    settings = {"activation": "linear", "bias": True, "init": "glorot_uniform", "input_dim": None}
    rules = {"W_regularizer": None, "b_constraint": None}
    return entry("Dense", name, output_dim=units, **settings, **rules, **more)


def test_convolutional_model_of_keras_1(tmp_path: Path) -> None:
    stack = [
        entry("Convolution2D", "c", nb_filter=3, nb_row=2, nb_col=3, subsample=[1, 2], bias=True,
              border_mode="same", dim_ordering="tf", activation="relu", init="he_normal",
              batch_input_shape=[None, 6, 8, 2], input_dtype="float32"),
        entry("BatchNormalization", "bn", mode=0, axis=-1, epsilon=1e-5, momentum=0.9,
              gamma_regularizer=None, beta_regularizer=None),
        entry("MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], border_mode="valid",
              dim_ordering="tf"),
        entry("Flatten", "f"),
        entry("Dropout", "drop", p=0.5),
        keras1_dense("d", 4),
    ]  # fmt: skip
    statistics = [numbers(3, seed=4), numbers(3, seed=5), numbers(3, seed=6), numbers(3, seed=7)]
    statistics[3] = statistics[3] ** 2
    names = ("bn_gamma", "bn_beta", "bn_running_mean", "bn_running_std")
    weights = {
        "c": [("c_W", numbers(2, 3, 2, 3)), ("c_b", numbers(3, seed=1))],
        "bn": list(zip(names, statistics, strict=True)),
        "d": pair(18, 4, seed=8),
    }
    model = {"class_name": "Sequential", "config": stack}
    loaded = load(write(tmp_path / "m.h5", model, weights, version="1.2.2"))
    built = Sequential(
        [
            Input((6, 8, 2)),
            layers.Conv2D(3, (2, 3), strides=(1, 2), padding="same", activation="relu"),
            layers.BatchNormalization(epsilon=1e-5),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(4),
        ]
    )
    built.set_weights(arrays(*weights.values()))
    assert_same(loaded, built, numbers(2, 6, 8, 2))


def test_recurrent_model_of_keras_1(tmp_path: Path) -> None:
    """Each gate had arrays of its own; a Merge joins an LSTM's and a convolution's results."""
    lstm = entry("LSTM", "lstm", output_dim=4, inner_activation="hard_sigmoid", activation="tanh",
                 init="glorot_uniform", inner_init="orthogonal", forget_bias_init="one",
                 return_sequences=True, go_backwards=False, stateful=False, unroll=False,
                 dropout_W=0.0, dropout_U=0.0, consume_less="cpu", U_regularizer=None,
                 input_dim=5, input_length=None)  # fmt: skip
    conv = entry("Convolution1D", "conv", nb_filter=3, filter_length=2, border_mode="same",
                 subsample_length=1, activation="linear", bias=True)  # fmt: skip
    config = functional(
        "m",
        [
            called(entry("InputLayer", "ids", batch_input_shape=[None, 6], input_dtype="int32")),
            called(entry("Embedding", "e", input_dim=7, output_dim=5, mask_zero=False, dropout=0.0),
                   [["ids", 0, 0]]),
            called(lstm, [["e", 0, 0]]),
            called(conv, [["e", 0, 0]]),
            called(entry("Merge", "merge", mode="concat", concat_axis=-1),
                   [["lstm", 0, 0], ["conv", 0, 0]]),
        ],
        [["ids", 0, 0]],
        [["merge", 0, 0]],
    )  # fmt: skip
    joined = [array for _, array in lstm_weights(5, 4, seed=1)]
    gates = dict(
        zip("ifco", zip(*(np.split(x, 4, axis=-1) for x in joined), strict=True), strict=True)
    )
    single = [
        (f"lstm_{letter}_{gate}", array)
        for gate in "icfo"
        for letter, array in zip("WUb", gates[gate], strict=True)
    ]
    kernel = numbers(2, 5, 3, seed=6)
    weights = {
        "e": [("e_W", numbers(7, 5))],
        "lstm": single,
        "conv": [("conv_W", kernel[:, None]), ("conv_b", numbers(3, seed=7))],
    }
    loaded = load(write(tmp_path / "m.h5", config, weights, version="1.0.8"))
    ids = Input((6,), dtype="int32")
    x = layers.Embedding(7, 5)(ids)
    y = layers.LSTM(4, return_sequences=True, recurrent_activation=old_hard_sigmoid)(x)
    z = layers.Conv1D(3, 2, padding="same")(x)
    built = Model(ids, layers.Concatenate()([y, z]))
    built.set_weights([numbers(7, 5), *joined, kernel, numbers(3, seed=7)])
    assert_same(loaded, built, np.array([[1, 2, 3, 4, 5, 6], [6, 0, 2, 2, 1, 3]], np.int32))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_cudnn(kind: str, tmp_path: Path) -> None:
    gates = 4 if kind == "LSTM" else 3
    shape = {"batch_input_shape": [None, 5, 3], "dtype": "float32"}
    layer = entry(f"CuDNN{kind}", "r", units=4, return_sequences=True, return_state=False,
                  go_backwards=False, stateful=False, **shape)  # fmt: skip
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}}
    kernel, recurrent = numbers(3, gates * 4), numbers(4, gates * 4, seed=1)
    biases = numbers(2, gates * 4, seed=2)
    # cuDNN multiplies from the left: each gate's matrix lies transposed in memory.
    saved = [
        np.hstack([k.reshape(-1, order="F").reshape(k.shape) for k in np.hsplit(kernel, gates)]),
        np.hstack([k.T for k in np.hsplit(recurrent, gates)]),
        biases.reshape(-1),
    ]
    names = ("kernel", "recurrent_kernel", "bias")
    weights = {"r": list(zip(names, saved, strict=True))}
    loaded = load(write(tmp_path / "m.h5", config, weights, version="2.2.4"))
    options = {} if kind == "LSTM" else {"reset_after": True}
    built = Sequential([Input((5, 3)), getattr(layers, kind)(4, return_sequences=True, **options)])
    built.set_weights([kernel, recurrent, biases.sum(axis=0) if kind == "LSTM" else biases])
    assert_same(loaded, built, numbers(2, 5, 3))


def test_merge_that_is_gone(tmp_path: Path) -> None:
    config = {"class_name": "Sequential", "config": [entry("Merge", "m", mode="cos")]}
    with pytest.raises(ExportError, match="'m' is a Merge with mode='cos'"):
        load(write(tmp_path / "m.h5", config, {}, version="1.1.0"))


def test_statistics_of_the_batch(tmp_path: Path) -> None:
    layer = entry("BatchNormalization", "bn", mode=2, batch_input_shape=[None, 3])
    config = {"class_name": "Sequential", "config": [layer]}
    with pytest.raises(ExportError, match="'bn' normalises with mode=2"):
        load(write(tmp_path / "m.h5", config, {}, version="1.1.0"))
