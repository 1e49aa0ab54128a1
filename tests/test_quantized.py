"""That quantized weights stay as small in the source as Keras keeps them."""

from __future__ import annotations

import pytest

from tests.harness import case


@pytest.mark.parametrize(
    ("name", "kind", "dtype"),
    [
        ("quantized/classifier_in_int8", "dense", "int8"),
        ("quantized/transformer_in_int8_weights_only", "dense", "int8"),
        ("quantized/tied_embedding_in_int8", "gather", "int8"),
        ("quantized/classifier_in_int4", "grouped_dense", "int4"),
        ("quantized/classifier_in_int4_by_channel", "dense", "int4"),
        ("quantized/tied_embedding_in_int4", "gather", "int4"),
        ("grouped_dense/einsum_in_blocks", "grouped_dense", "int4"),
        ("grouped_dense/gptq_of_4_bits", "grouped_dense", "int4"),
        ("grouped_dense/gptq_of_8_bits", "grouped_dense", "int8"),
    ],
)
def test_weights_stay_small(name: str, kind: str, dtype: str) -> None:
    nodes = [node for node in case(name).export.graph.nodes if node.kind == kind]
    assert nodes
    assert dtype in {constant.source_dtype for node in nodes for constant in node.constants}
