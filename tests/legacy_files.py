"""Writes HDF5 files as Keras 2 did, from configurations in its words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

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
