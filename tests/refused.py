"""Models with the operations that kgen refuses, by the operation's name: why is what it says."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from tests.cases._build import Function, layer


def _function(body: Callable[..., object], *shape: int, dtype: str = "float32") -> keras.Model:
    """A layer whose shape Keras is told, for it can't find it out itself."""
    return layer(Function(body, shape=(1,)), *shape, dtype=dtype)


REFUSED: dict[str, Callable[[], keras.Model]] = {
    "nonzero": lambda: _function(ops.nonzero, 4),
    "unique": lambda: _function(lambda x: ops.vectorized_map(ops.unique, x), 4),
    "bincount": lambda: _function(ops.bincount, 4, dtype="int32"),
    "argpartition": lambda: _function(lambda x: ops.argpartition(x, 2), 4),
    "eig": lambda: _function(ops.eig, 4, 4),
    "polar": lambda: _function(lambda x: ops.polar(x, x), 4),
    "view_as_complex": lambda: _function(ops.view_as_complex, 4, 2),
    "view_as_real": lambda: _function(ops.view_as_real, 4),
    "ctc_loss": lambda: _function(
        lambda x: ops.ctc_loss(np.ones((3, 2)), x, np.ones(3), np.ones(3)), 6, 4
    ),
    "jvp": lambda: _function(lambda x: ops.jvp(ops.sin, (x,), (x,))[0], 4),
    "image.elastic_transform": lambda: _function(ops.image.elastic_transform, 8, 8, 3),
}
