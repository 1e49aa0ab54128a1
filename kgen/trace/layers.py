"""Layers whose own `call` is not traced."""

from __future__ import annotations

from kgen.trace.table import REFUSED_LAYERS

_FOREIGN = (
    "it runs code of another framework, which can't be turned into source; build the model of "
    "Keras's layers"
)

REFUSED_LAYERS.update(
    dict.fromkeys(("TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"), _FOREIGN)
)
