"""MelSpectrogram, where it can be computed sample by sample."""

from __future__ import annotations

import math
from typing import Any
from unittest import mock

from keras import ops

from kgen.trace.builder import UnsupportedError
from kgen.trace.table import lowers_layer


@lowers_layer("MelSpectrogram")
def mel_spectrogram(layer: Any, inputs: Any) -> Any:
    if layer.power_to_db and layer.top_db != math.inf:
        raise UnsupportedError(
            f"its decibels are cut off at top_db={layer.top_db:g} below the loudest value of the "
            "whole batch, so no sample has a result of its own; what works is top_db=float('inf'), "
            "and behind it keras.ops.maximum(x, keras.ops.max(x, axis=(1, 2), keepdims=True) - "
            f"{layer.top_db:g}), which cuts off below the loudest value of each sample"
        )
    with mock.patch.object(layer, "_dbscale", lambda power: _decibels(layer, power)):
        return layer.call(inputs)


def _decibels(layer: Any, power: Any) -> Any:
    """The layer's own formula, but for the maximum that nothing is cut off below."""
    reference = math.log10(max(abs(layer.ref_power), layer.min_power))
    return 10.0 * ops.log10(ops.maximum(power, layer.min_power)) - 10.0 * reference
