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
    """

    inputs: Sequence[np.ndarray]
    outputs: Sequence[np.ndarray]
    known_from: Sequence[int]
    tolerance: float

    @property
    def count(self) -> int:
        return len(self.outputs[0])


@dataclass(frozen=True, eq=False)
class Evidence:
    """samples: how many were compared with Keras. parity: the largest difference, relative to the
    output's scale. test: to be embedded in the export.
    """

    samples: int = 0
    parity: float | None = None
    test: SelfTest | None = None

    @property
    def bound(self) -> str | None:
        """A power of ten that the parity is below.

        Its digits are those of the machine that exported; the power of ten is the same everywhere.
        """
        if self.parity is None:
            return None
        bound = SMALLEST_PARITY
        while bound < self.parity:
            bound *= 10
        return f"{bound:.0e}".replace("e-0", "e-").replace("e+00", "")
