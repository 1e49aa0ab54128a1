"""Lowering of scaled dot-product attention."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
from keras import ops

from kgen.trace.table import decomposes


@decomposes("DotProductAttention")
def dot_product_attention(
    op: Any, query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: Any = None
) -> Any:
    """softmax(query · keyᵀ * scale + bias, masked) · value (Vaswani et al., 2017).

    query: (batch, queries, heads, size); key and value: (batch, keys, key heads, size).
    """
    groups = query.shape[2] // key.shape[2]
    if groups > 1 and key.shape[2] > 1:
        key, value = (ops.repeat(x, groups, axis=2) for x in (key, value))
    elif groups > 1:
        key, value = (ops.broadcast_to(x, (*x.shape[:2], groups, x.shape[3])) for x in (key, value))
    scale = 1.0 / np.sqrt(key.shape[-1]) if scale is None else scale
    scores = ops.einsum("btnh,bsnh->bnts", query, key)
    scores = ops.multiply(scores, float(scale))
    if bias is not None:
        scores = ops.add(scores, bias)
    if op.is_causal:
        queries, keys = scores.shape[-2:]
        causal = np.tril(np.ones((1, 1, queries, keys), bool))
        mask = causal if mask is None else ops.logical_and(mask, causal)
    if mask is not None:
        # -0.7 times the largest float: far below any score, and safe to add to (Keras does the
        # same).
        lowest = float(ml_dtypes.finfo(query.dtype).max) * -0.7  # type: ignore[no-untyped-call]
        scores = ops.where(mask, scores, lowest)
    return ops.einsum("bnts,bsnh->btnh", ops.softmax(scores, axis=-1), value)
