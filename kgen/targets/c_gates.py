"""What the template of a cell's gates sees: a tile of sums, and functions of vectors of units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

from kgen.ir.value import Constant, Value
from kgen.ops.elementwise import Elementwise
from kgen.schedule.gates import Gates
from kgen.schedule.product import Product
from kgen.schedule.tile import LINE
from kgen.targets.c_fast import FastOp
from kgen.targets.c_op import Text
from kgen.targets.c_types import pointer
from kgen.targets.c_vector_op import CTYPES

TEMPORARIES = frozenset(f"t{number}" for number in range(16))
"""What expressions call their intermediate results."""


class Array(NamedTuple):
    """What the units read beside the product. ref: its name in the function that calls them."""

    name: str
    value: Value
    ref: str

    @property
    def start(self) -> str:
        """Where the units from u on begin."""
        return self.ref if self.value.size == 1 else f"{self.ref} + u"


class Gate(NamedTuple):
    """name: of the vector. text: the sums of some of its units, after the epilogue."""

    name: str
    text: Text


class State(NamedTuple):
    """A vector that is computed of others.

    function: its name; parameters, text: of its definition; name: of the vector; call: what it
        is; output: the array that it goes to, or "".
    """

    function: str
    parameters: str
    text: Text
    name: str
    call: str
    output: str


@dataclass(frozen=True, eq=False)
class GatesOp(FastOp):
    """functions: the names of those of the body."""

    functions: Mapping[object, str]

    @classmethod
    def of(cls, op: FastOp, names: Mapping[object, str]) -> GatesOp:
        own: dict[str, Any] = {field.name: getattr(op, field.name) for field in fields(op)}
        return cls(**own, functions={node: names[node] for node in op.node.body.nodes})

    @property
    def sums(self) -> FastOp:
        """The product alone, whose tile leaves its sums as they are."""
        own: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(FastOp)}
        parts = {field.name: getattr(self.node, field.name) for field in fields(Product)}
        return FastOp(**{**own, "node": Product(**{**parts, "epilogue": None, "others": ()})})

    @property
    def counts_steps(self) -> bool:
        node: Gates = self.node
        return node.there_and_back

    @property
    def rest(self) -> int:
        """Units of the last panel, where it is not full; else 0."""
        return int(self.node.each % LINE)

    # Arrays

    @cached_property
    def parameters(self) -> dict[Value, str]:
        node: Gates = self.node
        late = node.epilogue.args if node.epilogue else ()
        names = {node.x: "x"}
        for value in (*late, *node.given):
            if value not in names and not isinstance(value, Constant):
                taken = {"x", "w", "u", "v", "t", "count", "bias", "sums", *names.values()}
                own = value.label and value.label not in taken
                names[value] = value.label if own else f"z{len(names) - 1}"
        return names

    @cached_property
    def made(self) -> dict[Value, str]:
        """The names of the outputs."""
        node: Gates = self.node
        labels = [value.label for value in node.outputs]
        plain = not all(labels) or len(set(labels)) < len(labels)
        return {
            value: f"y{number}" if plain else f"new_{value.label}"
            for number, value in enumerate(node.outputs)
        }

    @cached_property
    def arrays(self) -> dict[Value, Array]:
        """What the units read beside the product; a body's value is called as outside."""
        node: Gates = self.node
        inner = dict(zip(node.body.inputs[node.gates :], node.given, strict=True))
        late = node.epilogue.args if node.epilogue else ()
        found: dict[Value, Array] = {}
        for value in (*late, *inner):
            outside = inner.get(value, value)
            ref = self.ref(outside)
            own = f"also{len(found)}" if isinstance(outside, Constant) else ref
            found[value] = Array("old" if own == "x" else own, value, ref)
        return found

    @property
    def given(self) -> list[Array]:
        """The arrays, each once."""
        return list({array.name: array for array in self.arrays.values()}.values())

    @property
    def units_parameters(self) -> str:
        node: Gates = self.node
        parts = ["int step"] if node.there_and_back else []
        parts += ["int count", "const float *x", f"const {self.weight_type} *w"]
        parts += ["const float *bias"] if node.bias else []
        parts += [pointer(array.value.dtype, array.name, const=True) for array in self.given]
        parts += [pointer(value.dtype, name, const=False) for value, name in self.made.items()]
        return ", ".join(parts)

    @property
    def units_arguments(self) -> str:
        """Of the units from u on."""
        node: Gates = self.node
        x, kernel = "x", f"{self.ref(node.kernel)} + u * {node.gates * node.terms}"
        if node.there_and_back:
            x, kernel = f"{x} + start", f"{kernel} + start * {node.panels.width}"
        parts = [x, kernel]
        parts += [f"{self.ref(node.bias)} + u * {node.gates}"] if node.bias else []
        parts += [array.start for array in self.given]
        parts += [f"{name} + u" for name in self.made.values()]
        return ", ".join(parts)

    @property
    def signature(self) -> str:
        parts = [self.stored_parameter] if self.uses_stored else []
        parts += ["int t"] if self.counts_steps else []
        for value, name in self.parameters.items():
            alone = "" if value in self.overwritten else "restrict "
            parts.append(pointer(value.dtype, f"{alone}{name}", const=True))
        for value, name in self.made.items():
            alone = "" if self.overwritten and value is self.node.output else "restrict "
            parts.append(pointer(value.dtype, f"{alone}{name}", const=False))
        return f"static void {self.function}({', '.join(parts)})"

    @property
    def shapes(self) -> list[str]:
        flow, *constants = super().shapes
        made = ", ".join(f"{name} {self._shape(value)}" for value, name in self.made.items())
        return [f"{flow.partition(' -> ')[0]} -> {made}", *constants]

    # Vectors

    @cached_property
    def vector_names(self) -> dict[Value, str]:
        """Of the gates, and of what the body makes of them."""
        node: Gates = self.node
        taken = {"x", "w", "v", "count", "bias", "sums", *self.made.values()}
        taken.update(array.name for array in self.given)
        names: dict[Value, str] = {}
        values = [*node.body.inputs[: node.gates], *(one.output for one in node.body.nodes)]
        for number, value in enumerate(values):
            label = value.label or ("gate" if number < node.gates else "made")
            found = next(
                name
                for name in (label, f"{label}_now", f"{label}_{number}")
                if name not in taken and (value.label or name != label)
            )
            names[value] = found
            taken.add(found)
        return names

    @property
    def gates(self) -> list[Gate]:
        node: Gates = self.node
        values = node.body.inputs[: node.gates]
        return [Gate(self.vector_names[v], self._gate(n)) for n, v in enumerate(values)]

    def _gate(self, number: int) -> Text:
        node: Gates = self.node
        total = f"{self.prefix}_load_vec({self._behind('sums', number * LINE)} + v)"
        if node.epilogue is None:
            return Text([], total)
        first = number * node.each
        operands = [self._vector(self.arrays[arg], first) for arg in node.epilogue.args]
        return self.on_vector_args(node.epilogue.program, [total, *operands])

    def _vector(self, array: Array, first: int = 0) -> str:
        """What an array has for the units from `first` + v on."""
        some, one = (
            ("load_mask", "mask_of") if array.value.dtype == "bool" else ("load_some", "splat")
        )
        if array.value.size == 1:
            return f"{self.prefix}_{one}(*{array.name})"
        left = f"{self.upper}_LEFT(count, v)"
        return f"{self.prefix}_{some}({self._behind(array.name, first)} + v, {left})"

    @staticmethod
    def _behind(array: str, first: int) -> str:
        return f"{array} + {first}" if first else array

    @property
    def states(self) -> list[State]:
        return [self._state(node) for node in self.node.body.nodes]

    def _state(self, node: Elementwise) -> State:
        names = [self.vector_names.get(arg) or self.arrays[arg].name for arg in node.args]
        if len(set(names)) < len(names) or not TEMPORARIES.isdisjoint(names):
            names = list("abcdefghijklmnop"[: len(node.args)])
        types = [f"{self.prefix}_{CTYPES[arg.dtype]}" for arg in node.args]
        arguments = [
            self.vector_names[arg] if arg in self.vector_names else self._vector(self.arrays[arg])
            for arg in node.args
        ]
        function = f"{self.functions[node]}_of"
        return State(
            function=function,
            parameters=", ".join(map(" ".join, zip(types, names, strict=True))),
            text=self.on_vector_args(node.program, names),
            name=self.vector_names[node.output],
            call=f"{function}({', '.join(arguments)})",
            output=self.made.get(node.output, ""),
        )
