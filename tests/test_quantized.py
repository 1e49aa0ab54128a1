"""That quantized weights stay as small in the source as Keras keeps them."""

from __future__ import annotations

import pytest

from kgen import checking
from kgen.pipeline import Export
from tests.cases import all_cases
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
        ("grouped_dense/gptq_by_activation_order", "grouped_dense", "int4"),
        ("grouped_dense/gptq_of_an_einsum", "grouped_dense", "int4"),
        ("grouped_dense/awq", "grouped_dense", "int4"),
        ("grouped_dense/awq_of_an_einsum", "grouped_dense", "int4"),
        ("quantized/transformer_in_int4_by_channel", "grouped_dense", "int4"),
        ("quantized/tied_embedding_in_int4", "grouped_dense", "int4"),
        ("quantized/transformer_in_float8", "dense", "float8_e4m3fn"),
        ("quantized/classifier_in_scaled_float8", "dense", "float8_e4m3fn"),
    ],
)
def test_weights_stay_small(name: str, kind: str, dtype: str) -> None:
    nodes = [node for node in case(name).export.graph.nodes if node.kind == kind]
    assert nodes
    assert dtype in {constant.source_dtype for node in nodes for constant in node.constants}
    floats = [c.name for c in case(name).export.graph.constants if c.source_dtype == "float32"]
    assert not [one for one in floats if one.endswith("kernel") and "conv" not in one]


def test_zeros_that_are_floats() -> None:
    """Keras keeps the zeros of an untied embedding as floats. Integers, as they are made, go into
    the sums; the case of the same name has other numbers there.
    """
    job = Export(all_cases()["quantized/untied_embedding_in_int4"](), "model", {})
    evidence = checking.check(job)
    assert evidence.parity is not None
    assert evidence.parity < 1e-5
    assert [node.kind for node in job.graph.nodes].count("grouped_dense") == 2
    kinds = [node.kind for node in case("quantized/untied_embedding_in_int4").export.graph.nodes]
    assert kinds.count("grouped_dense") == 1
