"""Operations on numbers and arrays that are known while tracing, recorded instead of computed.

Where a number comes from a length, what Keras computes from it is another number at each length;
the operations are the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from keras import KerasTensor, Variable, tree

_MODULES = ("keras.src.ops.", "keras.src.backend")


def any_operands(args: Any = None, kwargs: Any = None) -> bool:
    """In place of Keras's `any_symbolic_tensors`: whether there is anything to compute with."""
    return any(map(_is_operand, tree.flatten((args, kwargs))))


def _is_operand(x: Any) -> bool:
    if isinstance(x, KerasTensor | Variable):
        return True
    return hasattr(x, "dtype") or (isinstance(x, int | float) and not isinstance(x, bool))


def is_known_array(x: Any) -> bool:
    """Whether x is an array that Keras's shape rules may not know: TensorFlow's, or NumPy's."""
    known = isinstance(x, KerasTensor | Variable | np.generic)
    return not known and hasattr(x, "dtype") and hasattr(x, "shape")


@contextmanager
def deferred_operations() -> Iterator[None]:
    """Makes keras.ops record operations on arrays and numbers that they would compute at once."""
    name = "any_symbolic_tensors"
    modules = [
        module
        for path, module in list(sys.modules.items())
        if path.startswith(_MODULES) and name in vars(module)
    ]
    originals = [getattr(module, name) for module in modules]
    try:
        for module in modules:
            setattr(module, name, any_operands)
        yield
    finally:
        for module, original in zip(modules, originals, strict=True):
            setattr(module, name, original)
