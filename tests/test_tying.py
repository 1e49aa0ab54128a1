"""Weights that a model uses twice, the second time transposed, are in the source once."""

from __future__ import annotations

import pytest

from tests.harness import case


@pytest.mark.parametrize(
    ("name", "size"), [("einsum/tied_embedding", 23 * 8), ("einsum/tied_autoencoder", 14 * 9)]
)
def test_one_copy(name: str, size: int) -> None:
    export = case(name).export
    assert [c.name for c in export.graph.constants if c.size == size and c.rank == 2] == [
        c.name for c in export.traced.constants if c.size == size and c.variable is not None
    ]
    for style in ("readable", "small"):
        text = case(name).files("c", style)["model.c"]
        assert text.count(f"[{size}] = {{") == 1


def test_other_kernels_are_left_alone() -> None:
    kinds = [node.kind for node in case("dense/on_sequence").export.graph.nodes]
    assert "einsum" not in kinds
