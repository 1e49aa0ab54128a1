"""Tensors whose numbers are known when exporting: weights, and what Keras computes from them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def array_of(x: Any) -> np.ndarray:
    """The tensor, variable, array or number as a NumPy array of the same shape and type.

    TensorFlow hands out a single bfloat16 only within a larger array.
    """
    if np.shape(x) == () and hasattr(x, "dtype"):
        return np.asarray(keras.ops.convert_to_numpy(keras.ops.reshape(x, (1,)))).reshape(())
    return np.asarray(keras.ops.convert_to_numpy(x))
