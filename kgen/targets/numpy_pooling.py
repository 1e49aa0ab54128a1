"""Pooling over small windows as sums or maxima of slices, one axis after the other."""

from __future__ import annotations

from collections.abc import Sequence

from kgen.ops.pool import Pool
from kgen.targets.numpy_text import slice_text

FEW = 3
"""The most elements along an axis of a window that are written one by one."""


def pooled(node: Pool) -> list[str]:
    """Expressions for y; the first one reads x, the next ones y as it is then. None where a
    function is shorter: the windows are large, or padding is to be left out.
    """
    if node.padded or node.window_size == 1 or max(node.window) > FEW:
        return []
    texts: list[str] = []
    first_axis = 1 if node.channels_last else 2
    each = zip(node.window, node.strides, node.output_sizes, node.input_sizes, strict=True)
    for axis, (window, stride, size, whole) in enumerate(each, first_axis):
        if (window, stride) != (1, 1):
            source = node.name if texts else node.x.name
            places = [slice_text(first, stride, size, whole) for first in range(window)]
            texts.append(_folded(node, [f"{source}[{':, ' * axis}{place}]" for place in places]))
    if node.function == "mean":
        texts[-1] = f"({texts[-1]}) / {node.window_size}"
    return texts


def _folded(node: Pool, parts: Sequence[str]) -> str:
    """Their sum, or of each place the largest that is not NaN."""
    if node.function == "mean":
        return " + ".join(parts)
    text, *others = parts
    for other in others:
        text = f"np.{larger(node)}({text}, {other})"
    return text


def larger(node: Pool) -> str:
    """NumPy's function of the larger one of two; of floats, of the one that is not NaN."""
    return "fmax" if "float" in node.x.dtype else "maximum"
