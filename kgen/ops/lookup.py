"""Where in a vocabulary each number or word is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgen.ir.node import GraphError, Node, Spec
from kgen.ir.value import STRING, Constant, Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Lookup(Node):
    """x: integers or strings. keys: (count,), ascending (strings by their bytes), each once.
    values: (count,) int64, each key's answer. default: the answer for what is no key, or None if
    that is an error.
    """

    x: Value
    keys: Constant
    values: Constant
    default: int | None

    @property
    def of_strings(self) -> bool:
        return self.x.dtype == STRING

    @property
    def can_fail(self) -> bool:
        return self.default is None

    @property
    def formula(self) -> str:
        other = "an error" if self.default is None else self.default
        return f"y = values[i] where keys[i] is x; {other} if there is none"

    def infer(self) -> Spec:
        keys = self.keys.data
        ascending = all(a < b for a, b in zip(keys[:-1].tolist(), keys[1:].tolist(), strict=True))
        if not ascending or self.keys.shape != self.values.shape or not np.size(keys):
            raise GraphError(f"{self.name}: the keys are not ascending, or not one for each value")
        if self.of_strings != (self.keys.dtype == STRING):
            raise GraphError(f"{self.name}: {self.x} is looked up among {self.keys}")
        return Spec(self.x.shape, "int64", self.x.batch)
