"""All recipes: importing this module fills the registry."""

from __future__ import annotations

from kgen.diagnosis import (  # noqa: F401
    affine,
    arrangement,
    attention,
    bidirectional,
    convolution,
    convolutional_loop,
    image_sizes,
    normalization,
    pooling,
    recurrent,
)
