"""The small style: the readable loops, with sums in float."""

from __future__ import annotations

import re

import pytest

from kgen.library import STRICT, Library
from tests.harness import case

CASES = (
    "tiles/windows",
    "tiles/products",
    "tiles/depthwise",
    "pool/average_2d_same_uneven",
    "adaptive_pool/average_1d",
    "reduce/mean_of_last_axis",
    "reduce/prod_of_last_axis",
    "scan/lstm",
    "models/transformer",
    "models/keyword_spotter",
)


@pytest.mark.parametrize("name", CASES)
def test_it_agrees(name: str) -> None:
    one = case(name)
    library = Library(one.files("c", "small"), flags=(*STRICT, "-O2"))
    one.assert_agrees(library.outputs(*one.inputs))


def test_no_doubles_in_sums() -> None:
    """Which a processor without a unit for them computes in software."""
    text = str(case("tiles/windows").files("c", "small")["model.c"])
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert "float sum" in code
    assert "double" not in code
