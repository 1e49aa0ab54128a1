"""Layers whose masks changed between Keras 2 and 3: the same layers, with the masks of Keras 2."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import keras
from keras import layers, ops
from keras.src.ops.numpy import Concatenate
from keras.src.utils.naming import auto_name


def _of_all(layer: Any, inputs: Any, mask: Any = None) -> Any:
    """In is what all masks leave in; an input without one leaves all in.

    In Keras 3 what one mask leaves in, and there is no mask if an input has none.
    """
    given = [one for one in mask or () if one is not None]
    return reduce(ops.logical_and, given) if given else None


def _of_joined(layer: Any, inputs: Any, mask: Any = None) -> Any:
    """As above where features are joined; where steps are, their masks are joined too."""
    rank = len(inputs[0].shape)
    masks = mask or [None]
    if layer.axis % rank == rank - 1 or any(one is None for one in masks):
        return _of_all(layer, inputs, mask)
    # Under a name that no layer has: Keras would call it "concatenate".
    return Concatenate(axis=layer.axis % rank, name=auto_name("joined_masks"))(masks)


def _of_none(layer: Any, inputs: Any, mask: Any = None) -> None:
    """These did not hand masks on."""


def _copied(layer: Any, inputs: Any) -> Any:
    """A tensor of its own, for Keras hangs the mask on the tensor itself."""
    return ops.copy(inputs)


def _changed(cls: type, compute_mask: Callable[..., Any]) -> type:
    changes = {"compute_mask": compute_mask, "__doc__": cls.__doc__}
    if cls is layers.Identity:
        changes["call"] = _copied
    return type(cls.__name__, (cls,), changes)


_MERGING = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
_MASKS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(_MERGING, _of_all),
    "Concatenate": _of_joined,
    **dict.fromkeys(("Rescaling", "Normalization", "Identity"), _of_none),
}

LAYERS: dict[str, type[keras.Layer]] = {
    name: _changed(getattr(layers, name), compute_mask) for name, compute_mask in _MASKS.items()
}
"""For Keras's custom_object_scope, by the names of the layers that they are in Keras 3."""
