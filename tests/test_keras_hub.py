"""Backbones of KerasHub, built small: every target and style, against Keras."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from kgen import targets
from kgen.library import STRICT, Library
from kgen.pipeline import Export
from kgen.trace import reference
from tests.harness import assert_close, randomize
from tests.registry import pip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of packages that are no part of kgen
]

LENGTH = 7
COMMON = {"vocabulary_size": 19, "num_layers": 2, "hidden_dim": 8, "intermediate_dim": 12}
GROUPED = {"num_query_heads": 4, "num_key_value_heads": 2}

BACKBONES: dict[str, dict[str, Any]] = {
    "BertBackbone": {"num_heads": 2, "max_sequence_length": 9},
    "GPT2Backbone": {"num_heads": 2, "max_sequence_length": 9},
    "RobertaBackbone": {"num_heads": 2, "max_sequence_length": 9},
    "AlbertBackbone": {"num_heads": 2, "max_sequence_length": 9, "embedding_dim": 6},
    "LlamaBackbone": GROUPED,
    "GemmaBackbone": {**GROUPED, "head_dim": 4},
}


PACKAGES = ("keras-hub==0.32.0", "regex", "tokenizers")
"""Without what they depend on: tensorflow-text is bound to one TensorFlow, and not needed here."""


@pytest.fixture(scope="session")
def keras_hub(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("keras_hub")
    pip("install", "--no-deps", "--quiet", "--target", folder, *PACKAGES)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield import_module("keras_hub")


@pytest.mark.parametrize("name", ["BertBackbone", "GPT2Backbone", "LlamaBackbone"])
def test_backbone_of_any_length(name: str, keras_hub: Any) -> None:
    """Positions learned and rotated, masks causal and given, at several lengths."""
    model = getattr(keras_hub.models, name)(**COMMON, **BACKBONES[name])
    randomize(model, seed=1)
    job = Export(model, "model", {}, max_shapes={"tokens": 9})
    library = Library(job.files("c", "fast"), flags=(*STRICT, "-O1"))
    for point in job.points:
        inputs = job.samples(2, seed=1, point=point)
        expected = reference.outputs(model, job.signature, inputs)
        assert_close(targets.evaluate(job.plan, inputs), expected)
        assert_close(library.outputs(*inputs), expected)


@pytest.mark.parametrize("quantized", [None, "int8"])
@pytest.mark.parametrize("name", BACKBONES)
def test_backbone(name: str, quantized: str | None, keras_hub: Any) -> None:
    model = getattr(keras_hub.models, name)(**COMMON, **BACKBONES[name])
    randomize(model, seed=1)
    if quantized is not None:
        model.quantize(quantized)
    job = Export(model, "model", {tensor.name: (LENGTH,) for tensor in model.inputs})
    inputs = job.samples(3, seed=1)
    for array, spec in zip(inputs, job.signature.inputs, strict=True):
        if spec.name == "padding_mask":
            array[:] = np.arange(LENGTH) < np.array([[7], [5], [6]])
        elif spec.name == "segment_ids":
            array[:] = np.arange(LENGTH) >= 4
    expected = reference.outputs(model, job.signature, inputs)
    assert_close(targets.evaluate(job.plan, inputs), expected)
    for style in ("readable", "fast"):
        library = Library(job.files("c", style), flags=(*STRICT, "-O2"))
        assert_close(library.outputs(*inputs), expected)
