"""Files of Keras 2: each oddity that real files have, against the same model built in Keras 3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers, ops

from kgen.errors import ExportError
from kgen.load import load
from kgen.pipeline import Export
from tests.legacy_files import (
    arrays,
    assert_same,
    called,
    dense,
    entry,
    functional,
    lstm_weights,
    numbers,
    old_hard_sigmoid,
    pair,
    recurrent,
    write,
)


def test_list_of_layers_with_a_wrapped_one(tmp_path: Path) -> None:
    """As russtress 0.1.4: no module for the wrapped layer, and hard_sigmoid in its old meaning."""
    inner = recurrent("LSTM", "lstm_1", 4)
    shape = {"batch_input_shape": [None, 5, 3], "dtype": "float32"}
    both = entry("Bidirectional", "bidirectional_1", layer=inner, merge_mode="concat", **shape)
    config = {"class_name": "Sequential", "config": [both, dense("dense_1", 2)]}
    forward, backward = lstm_weights(3, 4, seed=1), lstm_weights(3, 4, seed=5)
    weights = {
        "bidirectional_1": [
            *((f"forward_lstm_1/{name}", array) for name, array in forward),
            *((f"backward_lstm_1/{name}", array) for name, array in backward),
        ],
        "dense_1": pair(8, 2),
    }
    loaded = load(write(tmp_path / "m.hdf5", config, weights, version="2.0.4", as_bytes=True))
    lstm = layers.LSTM(4, recurrent_activation=old_hard_sigmoid)
    built = Sequential([Input((5, 3)), layers.Bidirectional(lstm), layers.Dense(2)])
    built.set_weights(arrays(forward, backward, pair(8, 2)))
    assert_same(loaded, built, numbers(3, 5, 3))


def test_time_major_and_gru_of_its_time(tmp_path: Path) -> None:
    """A GRU without reset_after has one bias, and resets before the product."""
    shape = {"batch_input_shape": [32, 6, 3], "dtype": "float32"}
    one = recurrent("GRU", "gru", 4, time_major=False, return_sequences=True, **shape)
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [one]}}
    weights = [
        ("kernel", numbers(3, 12, seed=1)),
        ("recurrent_kernel", numbers(4, 12, seed=2)),
        ("bias", numbers(12, seed=3)),
    ]
    loaded = load(write(tmp_path / "m.h5", config, {"gru": weights}, version="2.1.6-tf"))
    gru = layers.GRU(
        4, return_sequences=True, reset_after=False, recurrent_activation=old_hard_sigmoid
    )
    built = Sequential([Input((6, 3)), gru])
    built.set_weights(arrays(weights))
    assert_same(loaded, built, numbers(2, 6, 3))
    assert loaded.input_shape == (None, 6, 3)  # a batch of 32 was no part of what was learned


def test_nested_models_and_layers_called_twice(tmp_path: Path) -> None:
    """The calls of a model inside a model were counted from 1."""
    source = entry("InputLayer", "in", batch_input_shape=[None, 3], dtype="float32", sparse=False)
    inner = functional(
        "inner",
        [called(source), called(dense("d", 3, activation="tanh"), [["in", 0, 0, {}]])],
        [["in", 0, 0]],
        [["d", 0, 0]],
    )
    inner["config"]["name"] = "inner"
    tower = {"class_name": "Sequential", "config": [dense("e", 2, batch_input_shape=[None, 3])]}
    shared = dense("shared", 3, activation="hard_sigmoid")
    config = functional(
        "outer",
        [
            called(entry("InputLayer", "a", batch_input_shape=[None, 3], dtype="float32")),
            called(entry("InputLayer", "b", batch_input_shape=[None, 3], dtype="float32")),
            {**inner, "name": "inner", "inbound_nodes": [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]},
            called(shared, [["inner", 1, 0, {}]], [["shared", 0, 0, {}]]),
            {**tower, "name": "tower", "inbound_nodes": [[["inner", 2, 0, {}]]]},
            called(entry("Add", "add"), [["shared", 1, 0, {}], ["inner", 2, 0, {}]]),
        ],
        [["a", 0, 0], ["b", 0, 0]],
        [["add", 0, 0], ["tower", 1, 0], ["inner", 1, 0]],
    )
    saved = {"inner": pair(3, 3, 1), "shared": pair(3, 3, 3), "tower": pair(3, 2, 5)}
    loaded = load(write(tmp_path / "m.h5", config, saved))

    x, a, b = (Input((3,), name=name) for name in "xab")
    within = Model(x, layers.Dense(3, "tanh")(x))
    twice = layers.Dense(3, old_hard_sigmoid)
    total = layers.Add()([twice(twice(within(a))), within(b)])
    last = layers.Dense(2)
    built = Model([a, b], [total, last(within(b)), within(a)])
    for layer, weights in zip((within, twice, last), saved.values(), strict=True):
        layer.set_weights(arrays(weights))
    assert_same(loaded, built, numbers(2, 3), numbers(2, 3, seed=1))


def test_slashes_in_names(tmp_path: Path) -> None:
    config = functional(
        "m",
        [
            called(entry("InputLayer", "in/x", batch_input_shape=[None, 3], dtype="float32")),
            called(dense("a/b", 4), [["in/x", 0, 0, {}]]),
            called(dense("a_b", 2), [["a/b", 0, 0, {}]]),
        ],
        [["in/x", 0, 0]],
        [["a_b", 0, 0]],
        class_name="Functional",
    )
    weights = {"a/b": pair(3, 4, 1), "a_b": pair(4, 2, 3)}
    loaded = load(write(tmp_path / "m.h5", config, weights, version="2.9.0"))
    built = Sequential([Input((3,)), layers.Dense(4), layers.Dense(2)])
    built.set_weights(arrays(*weights.values()))
    assert_same(loaded, built, numbers(2, 3))
    assert [layer.name for layer in loaded.layers] == ["in_x", "a_b_1", "a_b"]


def test_shapes_in_odd_places_and_old_settings(tmp_path: Path) -> None:
    """As dgaintel 2.3: an Embedding whose batch_input_shape contradicts its input; float ids."""
    policy = {"class_name": "Policy", "config": {"name": "float32"}}
    slope = {"type": "ndarray", "value": 0.3}
    config = functional(
        "m",
        [
            called(entry("InputLayer", "ids", batch_input_shape=[None, 5], dtype="float32",
                         sparse=False, ragged=False)),
            called(entry("Embedding", "e", batch_input_shape=[1500, None], dtype="float32",
                         input_dim=7, output_dim=4, mask_zero=False, input_length=5),
                   [["ids", 0, 0, {}]]),
            called(entry("LeakyReLU", "leaky", alpha=slope), [["e", 0, 0, {}]]),
            called(entry("ThresholdedReLU", "thresholded", theta=0.4), [["leaky", 0, 0, {}]]),
            called(entry("BatchNormalization", "bn", axis=[2], momentum=0.99, epsilon=0.001,
                         center=True, scale=False, fused=True, renorm=False, dtype=policy),
                   [["thresholded", 0, 0, {"training": None}]]),
            called(entry("Dot", "dot", axes=1, normalize=False),
                   [["bn", 0, 0, {}], ["leaky", 0, 0, {}]]),
            called(entry("Attention", "attention", dropout=0.0, use_scale=False, score_mode="dot"),
                   [["bn", 0, 0, {}], ["leaky", 0, 0, {}]]),
        ],
        [["ids", 0, 0]],
        [["dot", 0, 0], ["attention", 0, 0]],
    )  # fmt: skip
    table = [("embeddings", numbers(7, 4))]
    statistics = [
        ("beta", numbers(4, seed=2)),
        ("moving_mean", numbers(4, seed=3)),
        ("moving_variance", numbers(4, seed=4) ** 2),
    ]
    loaded = load(write(tmp_path / "m.h5", config, {"e": table, "bn": statistics}))
    x = Input((5,))
    y = z = layers.LeakyReLU(0.3)(layers.Embedding(7, 4)(x))
    y = layers.BatchNormalization(scale=False)(layers.ReLU(threshold=0.4)(y))
    built = Model(x, [layers.Dot(1)([y, z]), layers.Attention()([y, z])])
    built.set_weights(arrays(table, statistics))
    assert_same(loaded, built, np.array([[0, 3, 6, 2, 1]], np.float32))


def test_shape_only_in_build_input_shape(tmp_path: Path) -> None:
    stack = [
        entry("DepthwiseConv2D", "d", kernel_size=[2, 2], depth_multiplier=2, groups=1,
              data_format="channels_last", activation="linear", use_bias=False),
        entry("Flatten", "f"),
    ]  # fmt: skip
    config = {"name": "s", "layers": stack, "build_input_shape": [None, 4, 3, 2]}
    kernel = [("depthwise_kernel", numbers(2, 2, 2, 2))]
    model = {"class_name": "Sequential", "config": config}
    loaded = load(write(tmp_path / "m.h5", model, {"d": kernel}, version="2.8.0"))
    built = Sequential(
        [Input((4, 3, 2)), layers.DepthwiseConv2D(2, depth_multiplier=2, use_bias=False)]
    )
    built.add(layers.Flatten())
    built.set_weights(arrays(kernel))
    assert_same(loaded, built, numbers(2, 4, 3, 2))


def test_tensors_by_keyword_and_initial_states(tmp_path: Path) -> None:
    """An encoder whose states a decoder begins with; attention with named inputs."""
    encoder = recurrent("LSTM", "encoder", 4, recurrent_activation="sigmoid", return_state=True)
    decoder = recurrent("LSTM", "decoder", 4, recurrent_activation="sigmoid", return_sequences=True)
    attention = entry("MultiHeadAttention", "mha", num_heads=2, key_dim=3, value_dim=3, dropout=0.0,
                      use_bias=False, output_shape=None, attention_axes=[1],
                      query_shape=[None, 5, 4], key_shape=[None, 5, 3], value_shape=[None, 5, 3],
                      softmax_robust_masking=False)  # fmt: skip
    states = [["encoder", 0, 1, {}], ["encoder", 0, 2, {}]]
    config = functional(
        "m",
        [
            called(entry("InputLayer", "x", batch_input_shape=[None, 5, 3], dtype="float32")),
            called(encoder, [["x", 0, 0, {"training": False}]]),
            called(decoder, [["x", 0, 0, {}], *states]),
            called(attention, [["decoder", 0, 0, {"value": ["x", 0, 0], "key": ["x", 0, 0]}]]),
        ],
        [["x", 0, 0]],
        [["mha", 0, 0]],
    )
    kernels = [
        ("query/kernel", numbers(4, 2, 3, seed=20)),
        ("key/kernel", numbers(3, 2, 3, seed=21)),
        ("value/kernel", numbers(3, 2, 3, seed=22)),
        ("attention_output/kernel", numbers(2, 3, 4, seed=23)),
    ]
    weights = {
        "encoder": lstm_weights(3, 4, seed=1),
        "decoder": lstm_weights(3, 4, seed=9),
        "mha": kernels,
    }
    loaded = load(write(tmp_path / "m.h5", config, weights, version="2.6.0"))
    x = Input((5, 3))
    _, *final = layers.LSTM(4, return_state=True)(x)
    sequence = layers.LSTM(4, return_sequences=True)(x, initial_state=final)
    mixed = layers.MultiHeadAttention(2, 3, use_bias=False)(sequence, value=x, key=x)
    built = Model(x, mixed)
    built.set_weights(arrays(*weights.values()))
    assert_same(loaded, built, numbers(2, 5, 3))


def test_hard_sigmoid_of_keras_3_stays(tmp_path: Path) -> None:
    model = Sequential([Input((3,)), layers.Dense(2, "hard_sigmoid")])
    model.save(tmp_path / "m.h5")
    assert_same(load(tmp_path / "m.h5"), model, numbers(4, 3))


def test_functions_of_tensorflow(tmp_path: Path) -> None:
    """2 - x, a slice, a concatenation: layers of their own in Keras 2."""

    def tensor(name: str, **arguments: Any) -> list[Any]:
        return [name, 0, 0, arguments] if arguments else [name, 0, 0]

    def operation(name: str, function: str, call: Any, kind: str = "TFOpLambda") -> dict[str, Any]:
        return called(entry(kind, name, dtype="float32", function=function), call)

    whole = {"start": None, "stop": None, "step": None}
    spec = [whole, {"start": 1, "stop": None, "step": 2}, {"class_name": "__ellipsis__"}]
    constant = ["_CONSTANT_VALUE", -1, 2.0, {"y": tensor("x"), "name": None}]
    config = functional(
        "m",
        [
            called(entry("InputLayer", "x", batch_input_shape=[None, 4, 3], dtype="float32")),
            operation("tf.math.subtract", "math.subtract", constant),
            operation("getitem", "__operators__.getitem", tensor("x", slice_spec=spec),
                      "SlicingOpLambda"),
            operation("tf.concat", "concat", [tensor("tf.math.subtract", axis=1),
                                              tensor("getitem", axis=1)]),
            operation("where", "where", tensor("tf.concat", x=tensor("tf.concat"), y=0.5)),
            operation("mean", "math.reduce_mean", tensor("tf.concat", axis=1, keepdims=True)),
        ],
        [["x", 0, 0]],
        [["mean", 0, 0], ["tf.concat", 0, 0]],
    )  # fmt: skip
    loaded = load(write(tmp_path / "m.h5", config, {}, version="2.9.0"))
    x = Input((4, 3))
    both = ops.concatenate([2.0 - x, x[:, 1::2]], axis=1)
    built = Model(x, [ops.mean(both, axis=1, keepdims=True), both])
    assert_same(loaded, built, numbers(2, 4, 3))


def test_operations_between_layers_of_keras_3(tmp_path: Path) -> None:
    """Keras 3 writes them to HDF5, and does not find them again."""
    x = Input((4, 3))
    model = Model(x, ops.expand_dims(ops.relu(layers.Dense(2)(x)) * 3, axis=1))
    model.save(tmp_path / "m.h5")
    assert_same(load(tmp_path / "m.h5"), model, numbers(2, 4, 3))


@pytest.mark.parametrize(
    ("name", "what"),
    [("GaussianMixture", "GaussianMixture"), ("TFOpLambda", r"call of tf\.strings\.lower")],
)
def test_layer_that_is_gone(name: str, what: str, tmp_path: Path) -> None:
    layer = entry(name, "one", filters=2, function="strings.lower")
    config = {"class_name": "Sequential", "config": [layer]}
    with pytest.raises(ExportError, match=f"'one' is a {what}, which Keras 3 does not have"):
        load(write(tmp_path / "m.h5", config, {}))


def test_weights_that_are_missing_or_do_not_fit(tmp_path: Path) -> None:
    one = dense("dense_1", 2, batch_input_shape=[None, 3])
    config = {"class_name": "Sequential", "config": [one]}
    with pytest.raises(ExportError, match="no weights for the layers dense_1"):
        load(write(tmp_path / "m.h5", config, {"dense_1": []}))
    with pytest.raises(ExportError, match=r"'dense_1' \(Dense\) has weights of the shapes"):
        load(write(tmp_path / "m.h5", config, {"dense_1": pair(4, 2)}))


def test_weights_only(tmp_path: Path) -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    path = tmp_path / "m.weights.h5"
    model.save_weights(path)
    with pytest.raises(ExportError, match=r"weights only.*model\.load_weights"):
        load(path)
    write(path, {}, {"dense": pair(3, 2)})
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]
    with pytest.raises(ExportError, match=r"weights only.*model\.load_weights"):
        load(path)


def test_saved_model_folder(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(ExportError, match="no Keras model"):
        load(tmp_path)
    (tmp_path / "keras_metadata.pb").write_bytes(b"")
    with pytest.raises(ExportError, match=r"a class of its own.*load its weights"):
        load(tmp_path)


def _masked(path: Path, joined: list[dict[str, Any]], mask_b: bool) -> Path:
    """Two embeddings of ids, 0 being no id (mask_b: of the second's too), that the first of the
    layers joins, in front of an LSTM.
    """
    sources = [
        called(entry("InputLayer", name, batch_input_shape=[None, 5], dtype="int32"))
        for name in ("a", "b")
    ]
    embedded = [
        called(entry("Embedding", f"e{name}", input_dim=4, output_dim=3, mask_zero=masked),
               [[name, 0, 0, {}]])
        for name, masked in (("a", True), ("b", mask_b))
    ]  # fmt: skip
    chain, before = [], [["ea", 0, 0, {}], ["eb", 0, 0, {}]]
    for layer in (*joined, recurrent("LSTM", "lstm", 2, recurrent_activation="sigmoid")):
        chain.append(called(layer, before))
        before = [[layer["config"]["name"], 0, 0, {}]]
    ends = [["a", 0, 0], ["b", 0, 0]], [["lstm", 0, 0]]
    config = functional("m", [*sources, *embedded, *chain], *ends)
    features = 6 if joined[0]["class_name"] == "Concatenate" else 3
    weights = {
        "ea": [("embeddings", numbers(4, 3))],
        "eb": [("embeddings", numbers(4, 3, seed=1))],
        "lstm": lstm_weights(features, 2, seed=2),
    }
    return write(path, config, weights)


@pytest.mark.parametrize(
    ("joined", "mask_b", "both"),
    [
        ([entry("Add", "add")], True, lambda a, b: (a != 0) & (b != 0)),
        ([entry("Maximum", "maximum")], False, lambda a, b: a != 0),
        ([entry("Concatenate", "concatenate", axis=-1)], True, lambda a, b: (a != 0) & (b != 0)),
        ([entry("Concatenate", "concatenate", axis=-1)], False, lambda a, b: a != 0),
        ([entry("Add", "add"), entry("Rescaling", "scale", scale=1.0, offset=0.0)], True, None),
        ([entry("Add", "add"), entry("RandomWidth", "random", factor=0.1)], True, None),
    ],
)
def test_masks_of_their_time(joined: Any, mask_b: bool, both: Any, tmp_path: Path) -> None:
    """Keras 2 masked out what one of the masks did, and some layers did not hand masks on."""
    loaded = load(_masked(tmp_path / "m.h5", joined, mask_b))
    a, b = np.array([[[1, 0, 2, 3, 0], [3, 2, 0, 0, 1]], [[2, 2, 0, 1, 0], [0, 1, 1, 0, 2]]])
    x = [numbers(4, 3)[a], numbers(4, 3, seed=1)[b]]
    kind = joined[0]["class_name"]
    y = {"Add": sum, "Maximum": lambda x: np.maximum(*x), "Concatenate": np.concatenate}[kind](
        *([x] if kind != "Concatenate" else [x, -1])
    )
    lstm = layers.LSTM(2)
    built = lstm(y, mask=None if both is None else both(a, b))
    lstm.set_weights(arrays(lstm_weights(y.shape[-1], 2, seed=2)))
    built = lstm(y, mask=None if both is None else both(a, b))
    found = loaded([a.astype(np.int32), b.astype(np.int32)], training=False)
    np.testing.assert_allclose(np.asarray(found), np.asarray(built), rtol=1e-5, atol=1e-6)
    assert Export(loaded, "m", {}).plan


def test_ways_of_resizing_that_are_gone(tmp_path: Path) -> None:
    shape = {"batch_input_shape": [None, 6, 8, 2], "dtype": "float32"}
    layer = entry("Resizing", "one", height=3, width=4, interpolation="mitchellcubic", **shape)
    config = {"class_name": "Sequential", "config": [layer]}
    model = load(write(tmp_path / "m.h5", config, {}))
    with pytest.raises(ExportError, match=r"'one'.*'mitchellcubic', which Keras 2 could.*bicubic"):
        _ = Export(model, "model", {}).graph
