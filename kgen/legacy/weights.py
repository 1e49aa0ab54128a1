"""The weights in an HDF5 file of Keras 1 or 2."""

from __future__ import annotations

from typing import Any

import h5py
import keras
import numpy as np
from keras.src.legacy.saving.legacy_h5_format import load_attributes_from_hdf5_group

from kgen.errors import ExportError
from kgen.legacy.config import renamed_layers
from kgen.legacy.layouts import converted


def load_weights(model: keras.Model, group: h5py.Group, config: dict[str, Any]) -> None:
    """Sets every layer's weights from the group of its name.

    config: the model's, as the file has it.
    Raises ExportError if a layer's weights are missing or have other shapes.
    """
    names = renamed_layers(config)
    layers = {layer.name: layer for layer in model.layers}
    filled = set()
    for name in load_attributes_from_hdf5_group(group, "layer_names"):
        saved = group[name]
        own = load_attributes_from_hdf5_group(saved, "weight_names")
        if own:
            layer = layers[names[name]]
            set_weights(layer, own, [np.asarray(saved[weight]) for weight in own])
            filled.add(layer)
    missing = [layer.name for layer in model.layers if layer.weights and layer not in filled]
    if missing:
        raise ExportError(
            f"The file has no weights for the layers {', '.join(missing)}; build the model in "
            "Python, load its weights, and save it with model.save or pass it to kgen.export."
        )


def set_weights(layer: keras.Layer, names: list[str], arrays: list[np.ndarray]) -> None:
    """Sets the weights of one layer; names: what the file calls them.

    Raises ExportError if they have other shapes.
    """
    # Keras 1 and 2 kept what is trained in front of what is not.
    variables = [*layer.trainable_weights, *layer.non_trainable_weights]
    arrays = converted(layer, arrays)
    by_name = dict(zip((_last(name) for name in names), arrays, strict=False))
    if len(by_name) == len(arrays) == len(names) and {v.name for v in variables} == set(by_name):
        arrays = [by_name[variable.name] for variable in variables]
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [array.shape for array in arrays]:
        raise ExportError(
            f"Layer {layer.name!r} ({type(layer).__name__}) has weights of the shapes {shapes}, "
            f"but the file {[array.shape for array in arrays]}; build the model in Python with "
            "these sizes, load its weights, and save it with model.save or pass it to kgen.export."
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    if hasattr(layer, "finalize_state"):  # Normalization computes with numbers made from these
        layer.finalize_state()


def _last(name: str) -> str:
    """The kernel of "dense_1/kernel:0"."""
    return name.rpartition("/")[2].partition(":")[0]
