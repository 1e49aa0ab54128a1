"""Formulas: text that is shown to the user, and is what computes the numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

_ERFC = (
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398,
    1.48851587, -0.82215223, 0.17087277,
)  # fmt: skip
"""Of a Chebyshev fit with a relative error below 1.2e-7."""


def erf(x: np.ndarray) -> np.ndarray:
    t = 1 / (1 + 0.5 * np.abs(x))
    tail = t * np.exp(-(x**2) + np.polynomial.polynomial.polyval(t, _ERFC))
    return np.asarray(np.sign(x) * (1 - tail))


def _sparsemax(z: np.ndarray) -> np.ndarray:
    """As Keras 3 computes it, which sums the cumulated sums."""
    rows = np.sort(z, axis=-1)[..., ::-1]
    sums = np.cumsum(rows, axis=-1)
    support = rows - (sums - 1) / np.arange(1, z.shape[-1] + 1) > 0
    total = np.where(support, sums, 0).sum(axis=-1, keepdims=True)
    return np.asarray(np.maximum(z - (total - 1) / support.sum(axis=-1, keepdims=True), 0))


FUNCTIONS = {"np": np, "erf": erf, "sparsemax": _sparsemax}


@cache
def _code(text: str) -> CodeType:
    return compile(text.replace("{z}", "z"), "<formula>", "eval")


@dataclass(frozen=True)
class Formula:
    """NumPy for one step, `{z}` being what comes in: "{z} @ W.T".

    names: the arrays and numbers that the text has names for.
    compute: does what the text says, where that is no expression ("conv2d({z}, W)").
    """

    text: str
    names: Mapping[str, Any] = field(default_factory=dict)
    compute: Callable[[np.ndarray], np.ndarray] | None = None

    def __call__(self, z: Any) -> Any:
        if self.compute is not None:
            return self.compute(z)
        variables = {**FUNCTIONS, **self.names, "z": z}
        return eval(_code(self.text), variables)

    def of(self, z: str) -> str:
        """The text with what comes in written as `z`."""
        if z.isidentifier() or (self.text.startswith("{z} +") and " @ " in z):
            return self.text.replace("{z}", z)
        alone = re.sub(r"(?<=\()\{z\}(?=[,)])", lambda _: z, self.text)  # f({z}) needs no more
        return alone.replace("{z}", z if self.text == "{z}" else f"({z})")

    @property
    def uses(self) -> int:
        """How many times the text has what comes in."""
        return self.text.count("{z}")


IDENTITY = Formula("{z}")
