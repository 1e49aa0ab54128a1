"""Writes HDF5 files as Keras 1 and 2 did, in their words, and compares the models in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from keras import ops

Weights = Mapping[str, Sequence[tuple[str, np.ndarray]]]


def write(
    path: Path,
    config: Mapping[str, Any],
    weights: Weights,
    *,
    version: str = "2.2.4",
    as_bytes: bool = False,
) -> Path:
    """A whole-model file. weights: {layer: [(name, array)]}. as_bytes: write bytes, not str."""

    def text(x: str) -> str | bytes:
        return x.encode() if as_bytes else x

    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = text(json.dumps(config))
        file.attrs["keras_version"] = text(version)
        file.attrs["backend"] = text("tensorflow")
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, arrays in weights.items():
            own = group.create_group(layer)
            own.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name, _ in arrays]
            for name, array in arrays:
                own[f"{layer}/{name}:0"] = array
    return path


def entry(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    """A layer, as in the list of a Sequential."""
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def called(layer: dict[str, Any], *calls: Any) -> dict[str, Any]:
    """The layer as in the list of a functional model. calls: each a list of tensors."""
    return {**layer, "name": layer["config"]["name"], "inbound_nodes": list(calls)}


def functional(
    name: str, layers: list[Any], inputs: list[Any], outputs: list[Any], class_name: str = "Model"
) -> dict[str, Any]:
    config = {"name": name, "layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {"class_name": class_name, "config": config}


def dense(name: str, units: int, **more: Any) -> dict[str, Any]:
    """A Dense layer with all that Keras 2.2 wrote."""
    settings = {
        "units": units,
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": {
            "class_name": "VarianceScaling",
            "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
        },
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    }
    return entry("Dense", name, **{**settings, **more})


def recurrent(class_name: str, name: str, units: int, **more: Any) -> dict[str, Any]:
    """An LSTM or GRU with what Keras 2 wrote."""
    settings = {
        "return_sequences": False,
        "return_state": False,
        "go_backwards": False,
        "stateful": False,
        "unroll": False,
        "units": units,
        "activation": "tanh",
        "recurrent_activation": "hard_sigmoid",
        "use_bias": True,
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
        "implementation": 1,
        "recurrent_initializer": {"class_name": "Orthogonal", "config": {"gain": 1.0}},
    }
    return entry(class_name, name, **{**settings, **more})


@keras.saving.register_keras_serializable("tests")  # Bidirectional makes its layers anew
def old_hard_sigmoid(x: Any) -> Any:
    """As it was in Keras 1 and 2."""
    return ops.clip(0.2 * x + 0.5, 0, 1)


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def pair(inputs: int, units: int, seed: int = 0) -> list[tuple[str, np.ndarray]]:
    """A Dense layer's weights."""
    return [("kernel", numbers(inputs, units, seed=seed)), ("bias", numbers(units, seed=seed + 1))]


def arrays(*weights: Sequence[tuple[str, np.ndarray]]) -> list[np.ndarray]:
    return [array for one in weights for _, array in one]


def assert_same(loaded: keras.Model, built: keras.Model, *inputs: np.ndarray) -> None:
    """That the built model, with the weights it was given, says what the loaded one says."""
    given = inputs[0] if len(inputs) == 1 else list(inputs)
    found, wanted = (keras.tree.flatten(model(given, training=False)) for model in (loaded, built))
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-6, atol=1e-6)


def lstm_weights(inputs: int, units: int, seed: int) -> list[tuple[str, np.ndarray]]:
    return [
        ("kernel", numbers(inputs, 4 * units, seed=seed)),
        ("recurrent_kernel", numbers(units, 4 * units, seed=seed + 1)),
        ("bias", numbers(4 * units, seed=seed + 2)),
    ]
