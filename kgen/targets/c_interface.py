"""The functions that users of the C call: their parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from kgen.ir.value import HALVES, STRING, Value
from kgen.names import Names
from kgen.targets.c_lengths import Lengths
from kgen.targets.c_types import CTYPES, count_text, pointer


class Parameter(NamedTuple):
    """One of the model's inputs or outputs: name: in C. value: the graph's."""

    name: str
    value: Value
    ctype: str

    @property
    def note(self) -> str:
        """What the numbers are, where the C type does not say it."""
        return f", the bits of {self.value.dtype} numbers" if self.value.dtype in HALVES else ""


@dataclass(frozen=True, eq=False)
class Interface(Lengths):
    """A plan's inputs, outputs and states, as the header declares them."""

    @cached_property
    def parameters(self) -> tuple[list[Parameter], list[Parameter]]:
        """The model's inputs and outputs, named."""
        graph = self.plan.graph
        names = Names(*(value.name for value in self.plan.places))
        inputs = [Parameter(value.name, value, CTYPES[value.dtype]) for value in graph.arguments]
        copied = {value for value, _ in self.plan.copies}
        outputs = [
            Parameter(
                names.take(f"{value.name}_out") if value in copied else value.name,
                value,
                CTYPES[value.dtype],
            )
            for value in graph.results
        ]
        return inputs, outputs

    @cached_property
    def states(self) -> list[Parameter]:
        """What the model remembers from call to call: members of the workspace."""
        before = [value for value, _ in self.plan.graph.states]
        return [Parameter(value.name, value, CTYPES[value.dtype]) for value in before]

    @property
    def inputs(self) -> list[Parameter]:
        return self.parameters[0]

    @property
    def outputs(self) -> list[Parameter]:
        return self.parameters[1]

    @property
    def signature(self) -> str:
        """The parameters of predict: `const float *x, float *y`."""
        parts = [f"size_t {name}" for name in self.length_parameters]
        parts += [pointer(p.value.dtype, p.name, const=True) for p in self.inputs]
        parts += [pointer(p.value.dtype, p.name, const=False) for p in self.outputs]
        return ", ".join(parts)

    @property
    def arguments(self) -> str:
        arrays = (p.name for p in (*self.inputs, *self.outputs))
        return ", ".join([*self.length_parameters, *arrays])

    def batch_arguments(self, index: str) -> str:
        """The arguments for one sample of a batch."""
        arrays = (
            p.name if p.value.size == 0 else f"{p.name} + {index} * {count_text(p.value.size)}"
            for p in (*self.inputs, *self.outputs)
        )
        return ", ".join([*self.length_parameters, *arrays])

    @property
    def string_inputs(self) -> list[Parameter]:
        """The inputs whose elements are pointers, which may be null."""
        return [p for p in self.inputs if p.value.dtype == STRING]

    @property
    def has_words(self) -> bool:
        """Whether inputs or outputs are strings."""
        return any(p.value.dtype == STRING for p in (*self.inputs, *self.outputs))

    @property
    def batch_size(self) -> int:
        """How many samples a stateful model remembers states for."""
        return self.plan.graph.batch_size or 1

    @property
    def own(self) -> str:
        """The library's own workspace."""
        return f"{self.prefix}_own" if self.states else f"&{self.prefix}_own"

    def state_parameters(self, const: str) -> str:
        return ", ".join(f"{const}{state.ctype} *{state.name}" for state in self.states)
