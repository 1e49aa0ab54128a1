"""Every refusal says what would work instead."""

from __future__ import annotations

import keras
import pytest

import kgen
from kgen.trace.table import REFUSED_LAYERS
from tests.coverage import refusals
from tests.refused import OPTIONS, REFUSED


def _has_way_out(reason: str) -> bool:
    """Reasons are of two parts: `what is wrong; what works`."""
    problem, _, way_out = reason.partition("; ")
    return bool(problem and way_out)


@pytest.mark.parametrize("name", [*REFUSED, *OPTIONS])
def test_a_model_is_refused_with_a_way_out(name: str) -> None:
    (reason,) = refusals({name: {**REFUSED, **OPTIONS}[name]}).values()
    assert _has_way_out(reason), reason


@pytest.mark.parametrize("layer", REFUSED_LAYERS)
def test_a_layer_is_refused_with_a_way_out(layer: str) -> None:
    assert _has_way_out(REFUSED_LAYERS[layer])


def test_an_einsum_of_sizes_that_do_not_fit() -> None:
    """Keras builds it, and fails when it runs."""
    x = keras.Input((4, 3))
    model = keras.Model(x, keras.ops.einsum("abc,ac->ab", x, keras.layers.Flatten()(x)))
    with pytest.raises(kgen.ExportError, match="c stands for 3 and for 12; what works is"):
        kgen.export(model, check=False)
