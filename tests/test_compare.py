"""Differences in units in the last place, of every type of float."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from kgen.compare import difference


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_units_in_the_last_place(dtype: type) -> None:
    wanted = np.array([1.0, -1.0, 0.0], dtype)
    eps = float(ml_dtypes.finfo(dtype).eps)
    found = np.array([1 + 3 * eps, -1 - 2 * eps, 0.0], dtype)
    assert difference(found, wanted).ulps == 3
    assert difference(wanted, wanted).ulps == 0


def test_bfloat16_of_the_numpy_target() -> None:
    """It comes as float32."""
    wanted = np.array([1.0, 2.0], ml_dtypes.bfloat16)
    found = np.array([1 + 2**-7, 2.0], np.float32)
    assert difference(found, wanted, precision="bfloat16").ok
    assert difference(found, wanted).ulps == 1
    assert not difference(found, wanted).ok


def test_outputs_that_are_small_by_chance() -> None:
    """What rounding does where they come from decides what it explains."""
    found, wanted = np.array([3e-7], np.float32), np.array([2e-7], np.float32)
    assert not difference(found, wanted).ok
    assert difference(found, wanted, noise=1.1e-7).ok
    assert not difference(found, wanted, noise=0.9e-7).ok
