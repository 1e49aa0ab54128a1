"""Numbers that must be of some kind for the arithmetic behind them, such as divisors."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.ir.node import GraphError, Node, Spec, same_elements, spec_of
from kgen.ir.value import Value

CONDITIONS = {
    "nonzero": ("== 0", "an integer is divided by zero"),
    "nonnegative": ("< 0", "an integer's exponent is negative"),
}
"""{condition: (what a number is where it does not hold, what is wrong then)}"""


@dataclass(frozen=True, eq=False, kw_only=True)
class Required(Node):
    """y is x; it is an error if the condition holds not for all of x, which are integers."""

    x: Value
    condition: str

    @property
    def wrong(self) -> str:
        return CONDITIONS[self.condition][0]

    @property
    def complaint(self) -> str:
        return CONDITIONS[self.condition][1]

    @property
    def may_overwrite(self) -> tuple[Value, ...]:
        return same_elements((self.x,), self.output)

    @property
    def can_fail(self) -> bool:
        return True

    @property
    def error(self) -> str:
        return "VALUE"

    @property
    def exact(self) -> bool:
        return True

    @property
    def formula(self) -> str:
        return f"y = x; an error where x {self.wrong}"

    def with_rows(self, rows: int) -> Required:
        return self

    def infer(self) -> Spec:
        if self.condition not in CONDITIONS or "int" not in self.x.dtype:
            raise GraphError(f"{self.name}: {self.condition} {self.x}")
        return spec_of(self.x)
