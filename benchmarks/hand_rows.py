"""Rows of the comparison with NumPy that a person wrote: a model, and the same by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np

Weights: TypeAlias = Sequence[np.ndarray]
Function: TypeAlias = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Row:
    """written: from the model's weights to the function of a batch. batches: sizes to be timed.

    named: what it is called on the command line, if not as the function.
    """

    title: str
    model: Callable[[], keras.Model]
    written: Callable[[Weights], Function]
    batches: tuple[int, ...] = (1, 32)
    named: str = ""

    @property
    def name(self) -> str:
        return self.named or self.written.__name__


def layer(size: tuple[int, ...], *parts: Any, dtype: str = "float32") -> Callable[[], keras.Model]:
    """parts: functions that make the layers."""
    return lambda: keras.Sequential([keras.Input(size, dtype=dtype), *(make() for make in parts)])


class Rows:
    """In the order in which they are written down."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def row(
        self, title: str, model: Callable[[], keras.Model]
    ) -> Callable[[Callable[[Weights], Function]], Callable[[Weights], Function]]:
        """Adds what is by hand what the model is."""

        def add(written: Callable[[Weights], Function]) -> Callable[[Weights], Function]:
            self._rows.append(Row(title, model, written))
            return written

        return add
