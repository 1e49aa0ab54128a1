"""What model.predict does differently from calling the model, for the layers that may be part of
an input pipeline.
"""

from __future__ import annotations

from typing import Any

from keras import ops, tree
from keras.src.layers.preprocessing.data_layer import DataLayer


def as_in_predict(layer: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of the layer's call as predict would pass them.

    Within a TensorFlow graph, where predict runs, a DataLayer casts all its inputs to its compute
    dtype, integers as well: Resizing gives floats for bytes there, but bytes when it is called.
    """
    if not isinstance(layer, DataLayer) or not args:
        return args
    inputs = tree.map_structure(lambda x: ops.cast(x, layer.compute_dtype), args[0])
    return (inputs, *args[1:])
