"""What `explain` finds: of each layer its formula, weights, and every step with its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kgen.errors import ExportError
from kgen.explanation.arrays import memory_order, sizes
from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False)
class Named:
    """An array under the letter that the layer's formula has for it.

    name: the value's or the weight's own. loops: how many loops over time it is in; its steps then
    lie along the axes 1, 2, ... of the array.
    """

    symbol: str
    name: str
    array: np.ndarray
    loops: int = 0

    @property
    def shape(self) -> str:
        return sizes(self.array.shape)


@dataclass(frozen=True, eq=False)
class Weight(Named):
    """One of a layer's weights.

    index: in the layer's get_weights(). model_index: in the model's. note: what its parts are.
    """

    index: int = 0
    model_index: int = 0
    note: str = ""

    @property
    def place(self) -> str:
        return f"get_weights()[{self.index}], of the model [{self.model_index}]"

    @property
    def memory_order(self) -> str:
        return memory_order(self.symbol, self.array.shape)


@dataclass(frozen=True, eq=False)
class Step:
    """One operation of a layer.

    title: a word for it. formula: in the notation of `notation`. layer: the path of the layer that
    does it, which may be within the explained one. shapes: of what it reads and makes.
    node: of the traced graph.
    """

    title: str
    formula: str
    shapes: str
    layer: str
    reads: tuple[Named, ...]
    made: tuple[Named, ...]
    node: Node

    @property
    def loops(self) -> int:
        return self.made[0].loops


@dataclass(frozen=True, eq=False)
class LayerReport:
    """One call of a layer, or an operation outside of layers.

    formulas, functions: in the notation of `notation`; functions say what those in formulas mean.
    shapes: of the factors, as in `(4, 2) · (2, 4) + (4,) → (4, 4)`.
    repeated: the how manieth call of its layer it is. inner: the layers within it.
    """

    name: str
    kind: str
    summary: str
    repeated: int
    formulas: tuple[str, ...]
    functions: tuple[str, ...]
    shapes: str
    weights: tuple[Weight, ...]
    inputs: tuple[Named, ...]
    outputs: tuple[Named, ...]
    steps: tuple[Step, ...]
    inner: tuple[LayerReport, ...] = ()

    def short(self, weight: Weight) -> str:
        """The weight's name as far as it tells it from the layer's others: `query/kernel`."""
        own = weight.name.rpartition("/")[2]
        if sum(one.name.rpartition("/")[2] == own for one in self.weights) == 1:
            return own
        return weight.name.removeprefix(f"{self.name}/")

    def walk(self) -> Iterator[LayerReport]:
        yield self
        for layer in self.inner:
            yield from layer.walk()


@dataclass(frozen=True)
class Comparison:
    """An output beside what model.predict returns. ok: whether they agree."""

    output: str
    absolute: float
    ok: bool


@dataclass(frozen=True, eq=False)
class Explanation:
    """What `explain` found. layers: those asked for. samples: of each input. judge: what the
    outputs were compared with.

    As text with `print`, and in a notebook as a page.
    """

    name: str
    samples: int
    inputs: tuple[Named, ...]
    layers: tuple[LayerReport, ...]
    outputs: tuple[Named, ...]
    comparisons: tuple[Comparison, ...]
    graph: Graph
    arrays: Any
    judge: str = "model.predict"

    @property
    def ok(self) -> bool:
        return all(comparison.ok for comparison in self.comparisons)

    @property
    def verdict(self) -> str:
        """How the last numbers compare with model.predict, in one line."""
        worst = max(self.comparisons, key=lambda one: (not one.ok, one.absolute), default=None)
        if worst is None:
            return ""
        if not self.ok:
            return f"{self.judge} returns something else: {worst.output!r} {self._why(worst)}"
        if worst.absolute == 0:
            return f"{self.judge} returns exactly these numbers."
        return (
            f"{self.judge} returns the same numbers: the largest difference is "
            f"{worst.absolute:.2g}, which is rounding."
        )

    def _why(self, worst: Comparison) -> str:
        if any(one.array.dtype.kind == "f" and np.isnan(one.array).any() for one in self.inputs):
            return "differs where the input is NaN: TensorFlow's ReLU and maxima may drop a NaN."
        return (
            f"differs by {worst.absolute:.3g}. This is a mistake in kgen; `kgen verify` names the "
            "layer."
        )

    def value(self, value: Value) -> np.ndarray:
        """The array of any value of the graph."""
        array: np.ndarray = self.arrays[value]
        return array

    def __str__(self) -> str:
        from kgen.explanation.terminal import text

        return text(self)

    __repr__ = __str__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Mapping[str, str]:
        from kgen.explanation.page import embedded

        return embedded(self)

    def to_html(self, path: str | Path | None = None) -> str:
        """The page's text, which is written to the file, if one is named.

        Raises ExportError if the file can't be written.
        """
        from kgen.explanation.page import render

        return saved(render(self), path)


def saved(text: str, path: str | Path | None) -> str:
    """The text, after it was written to the file, if one is named."""
    if path is not None:
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            raise ExportError(f"Can't write {str(path)!r}: {reason}.", exit_code=2) from None
    return text
