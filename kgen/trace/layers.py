"""Layers whose own `call` is not traced."""

from __future__ import annotations

from kgen.trace.table import REFUSED_LAYERS

_RECURRENT = (
    "recurrent layers are not supported yet; what works is the same sequence written with Conv1D, "
    "attention or keras.ops"
)
_FOREIGN = "it runs code of another framework, which can't be turned into source"

REFUSED_LAYERS.update(
    dict.fromkeys(
        (
            "RNN",
            "SimpleRNN",
            "LSTM",
            "GRU",
            "Bidirectional",
            "TimeDistributed",
            "ConvLSTM1D",
            "ConvLSTM2D",
            "ConvLSTM3D",
        ),
        _RECURRENT,
    )
)
REFUSED_LAYERS.update(
    dict.fromkeys(("TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"), _FOREIGN)
)
