"""All recipes: importing this module fills the registry."""

from __future__ import annotations

from kgen.diagnosis import (  # noqa: F401
    affine,
    arrangement,
    attention,
    convolution,
    normalization,
    pooling,
    recurrent,
)
