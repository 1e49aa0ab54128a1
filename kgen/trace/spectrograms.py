"""MelSpectrogram, where it can be computed sample by sample."""

from __future__ import annotations

from typing import Any

from kgen.trace.builder import UnsupportedError
from kgen.trace.table import lowers_layer


@lowers_layer("MelSpectrogram")
def mel_spectrogram(layer: Any, inputs: Any) -> Any:
    if layer.power_to_db:
        raise UnsupportedError(
            "its decibels are cut off at top_db below the loudest value of the whole batch, so no "
            "sample has a result of its own; what works is power_to_db=False, and the logarithm "
            "with keras.ops behind it"
        )
    return layer.call(inputs)
