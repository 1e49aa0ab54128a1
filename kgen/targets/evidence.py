"""What is known of an export's results: how near to Keras's they are, and samples to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SMALLEST_PARITY = 1e-6


@dataclass(frozen=True, eq=False)
class SelfTest:
    """Samples and what Keras says of them, as the calls of the predict function take them.

    inputs, outputs: for each input or output of the model an array, whose first axis counts calls.
    known_from: for each output the first call whose result Keras tells.
    tolerance: relative to the output's scale.
    noise: for each output the largest error that rounding explains, where it is small by chance.
    """

    inputs: Sequence[np.ndarray]
    outputs: Sequence[np.ndarray]
    known_from: Sequence[int]
    tolerance: float
    noise: Sequence[float]

    @property
    def count(self) -> int:
        return len(self.outputs[0])


@dataclass(frozen=True, eq=False)
class Evidence:
    """samples: how many were compared with Keras. parity: the largest difference, relative to the
    output's scale. test: to be embedded in the export. weights_dtype: what the model's weights
    were rounded to for that. rounding: how far its outputs moved thereby, relative to their scale.
    """

    samples: int = 0
    parity: float | None = None
    test: SelfTest | None = None
    weights_dtype: str = "float32"
    rounding: float = 0.0

    @property
    def bound(self) -> str | None:
        """A power of ten that the parity is below."""
        return None if self.parity is None else _power_of_ten(self.parity)

    @property
    def rounding_bound(self) -> str | None:
        """The same of what rounding the weights did; None if they were not, or are not known to."""
        rounded = self.weights_dtype != "float32" and self.parity is not None
        return _power_of_ten(self.rounding) if rounded else None


def _power_of_ten(number: float) -> str:
    """One that the number is below.

    Its digits are those of the machine that exported; the power of ten is the same everywhere.
    """
    bound = SMALLEST_PARITY
    while bound < number:
        bound *= 10
    return f"{bound:.0e}".replace("e-0", "e-").replace("e+00", "")
