"""Rounding to the types of one and two bytes, bit for bit, against ml_dtypes."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from keras import ops

from kgen import targets
from kgen.library import STRICT, Library
from kgen.pipeline import Export
from tests.cases._build import function

TYPES = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e5m2": ml_dtypes.float8_e5m2,
}


def numbers() -> np.ndarray:
    """(n, 1): of every size, with some exactly between two numbers of the narrow types."""
    generator = np.random.default_rng(0)
    bits = generator.integers(0, 2**32, 200_000, np.uint32)
    for lost in (13, 16, 20, 21):
        middle = bits[:20_000] >> lost << lost | np.uint32(1 << (lost - 1))
        bits = np.concatenate([bits, middle])
    with np.errstate(all="ignore"):
        moderate = generator.standard_normal(100_000).astype(np.float32)
        scaled = moderate * np.float32(10) ** generator.integers(-9, 6, 100_000)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 65519.9, 65520, 464, 448.1], np.float32)
    return np.concatenate([bits.view(np.float32), scaled.astype(np.float32), special])[:, None]


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("dtype", TYPES)
def test_rounding(dtype: str) -> None:
    x = numbers()
    wanted = x.astype(TYPES[dtype]).astype(np.float32)
    job = Export(function(lambda x: ops.cast(ops.cast(x, dtype), "float32"), (1,)), "model", {})
    (by_numpy,) = targets.evaluate(job.plan, [x])
    by_c = Library(job.files("c", "readable"), flags=(*STRICT, "-O2")).predict(x)
    for found in (by_numpy, by_c):
        np.testing.assert_array_equal(found, wanted)
        known = ~np.isnan(wanted)
        np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(x)[known])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_bits(dtype: str) -> None:
    """Every number there is, in and out of the C."""
    x = np.arange(2**16, dtype=np.uint16).view(TYPES[dtype])[:, None]
    job = Export(function(lambda x: -x, (1,), dtype=dtype), "model", {})
    found = Library(job.files("c", "readable"), flags=(*STRICT, "-O2")).predict(x)
    numbers_only = ~np.isnan(x.astype(np.float32))
    assert (np.isnan(found.astype(np.float32)) == ~numbers_only).all()
    negated = (-x).view(np.uint16)[numbers_only]
    np.testing.assert_array_equal(found.view(np.uint16)[numbers_only], negated)
