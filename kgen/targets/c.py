"""The C target: NAME.h, NAME.c, and weight files once the weights are large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from kgen.ir.node import Node
from kgen.ir.size import bare
from kgen.ir.value import BITS, HALVES, STRING, Value, element_size
from kgen.names import Names
from kgen.ops.lookup import Lookup
from kgen.ops.required import Required
from kgen.plan import Place, Plan
from kgen.render.environment import environment
from kgen.schedule.attention import Attention
from kgen.schedule.strip import Strip
from kgen.targets.c_attention import AttentionOp
from kgen.targets.c_fast import FastOp
from kgen.targets.c_lengths import Lengths
from kgen.targets.c_op import COp
from kgen.targets.c_scalar import HASHES, function_of
from kgen.targets.c_scan import CScan, Pointer
from kgen.targets.c_small import FollowingOp, SmallOp
from kgen.targets.c_strip import CStrip
from kgen.targets.c_types import CTYPES, count_text, literal, pointer
from kgen.targets.c_variants import VARIANTS
from kgen.targets.c_vectors import VectorExpressions, helper_names
from kgen.targets.c_weights import Weights
from kgen.targets.expression import Expressions


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
class CModel(Weights, Lengths):
    """A plan with the names it has in C. title: Keras's name."""

    title: str
    style: str
    expressions: Expressions = field(init=False)
    lengths_of: dict[Node, list[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        operators = environment("c").get_template("operators.j2").module
        functions = environment("c").get_template("functions.j2").module
        expressions = Expressions(
            operators,
            functions,
            number=lambda number: literal(number.value, number.dtype),
            name=self._function_name,
            function=function_of,
        )
        object.__setattr__(self, "expressions", expressions)

    def _function_name(self, function: str, dtype: str) -> str:
        suffix = "" if dtype in ("float32", STRING, *BITS) else f"_{dtype}"
        return f"{self.prefix}_{function}{suffix}"

    @property
    def used_functions(self) -> list[tuple[str, str]]:
        """The scalar functions that the code needs, each after those that it calls."""
        used: dict[tuple[str, str], None] = {}
        for function, dtype in self.expressions.used:
            if function in HASHES:
                used[(function, STRING)] = None
            used[(function, dtype)] = None
        return list(used)

    @property
    def upper(self) -> str:
        return self.prefix.upper()

    @property
    def sources(self) -> list[str]:
        """The C files that a program is linked with."""
        variants = [f"{self.prefix}_{one.name}.c" for one in VARIANTS if self.form.dispatch]
        return [f"{self.prefix}.c", *variants, *self.weight_file_names]

    # Names with file scope

    @cached_property
    def names(self) -> dict[object, str]:
        """The C name of each constant and of each step's function."""
        names = self._free_names()
        taken = self._function_names(names)
        for constant in self.plan.graph.constants:
            taken[constant] = self._in_file(names, constant.name)
        return taken

    def _free_names(self, *taken: str) -> Names:
        """What may still be a name with file scope, without the prefix."""
        own = f"{self.prefix}_"
        variables = [*self.length_parameters, *(value.name for value in self.plan.graph.values)]
        hidden = (name.removeprefix(own) for name in variables if name.startswith(own))
        return Names(*self.own_names, *hidden, *taken)

    @property
    def own_names(self) -> list[str]:
        """What kgen calls things, behind the prefix."""
        functions = self.expressions.functions
        return [
            *("predict", "predict_batch", "run", "workspace", "error", "ok", "reset", "load"),
            *(
                "own",
                "get_state",
                "set_state",
                "batch_size",
                "complete",
                "unload",
                "place",
                "weights",
            ),
            *(
                "constants",
                "test",
                "section",
                "block",
                "run_block",
                "run_batch",
                "use",
                "turn",
                "turn_all",
            ),
            *(name for name in dir(functions) if not name.startswith("_")),
            *(f"{run}_{one.name}" for run in ("run", "run_block") for one in VARIANTS),
            *("level", "run_base", "run_block_base"),
            *helper_names(),
            *("vec", "ivec", "loose", "own"),
        ]

    def _in_file(self, names: Names, hint: str) -> str:
        """A name with file scope. Behind a prefix in capitals it has none, unlike the macros."""
        return f"{self.prefix}_{names.take(hint.lower() if self.prefix == self.upper else hint)}"

    def _function_names(self, names: Names, suffix: str = "") -> dict[object, str]:
        taken: dict[object, str] = {}
        # The layer's name for its loop, or the last of its steps; the others say what they do.
        main = {node.origin.path: node for node in self.plan.steps}
        main |= {node.origin.path: node for node in self.plan.steps if node.bodies}
        for node in sorted(self.plan.steps, key=lambda node: node not in main.values()):
            path = node.origin.path
            what = node.output.label or getattr(node, "function", node.kind)
            own = path if main[path] is node else f"{path}/{what}"
            taken[node] = self._in_file(names, own + suffix)
        for node in self.plan.graph.walk():
            if node not in taken:
                taken[node] = self._in_file(names, node.name + suffix)
        return taken

    @cached_property
    def steps(self) -> list[COp]:
        """What the run function calls."""
        return self._ops(self.plan, 0, 0)

    @property
    def ops(self) -> list[COp]:
        """Every function: those of a loop's body before the loop."""
        return list(_with_bodies(self.steps))

    @cached_property
    def _vectors(self) -> VectorExpressions:
        return VectorExpressions(self.prefix)

    def _ops(self, plan: Plan, start: int, depth: int) -> list[COp]:
        """The functions of a plan. start: where its part of the workspace begins."""
        symbols: dict[Value, str] = {c: self.symbol(c) for c in self.plan.graph.constants}
        ops: list[COp] = []
        for node in plan.steps:
            error = f"{self.upper}_ERROR_{node.error}"
            names = (self.names[node], symbols, self.expressions, error)
            stored = f"{self.prefix}_constants"
            common = (node, *names, depth > 0, self.lengths_of, stored)
            if node in plan.bodies:
                body, place = plan.bodies[node], start + plan.scratch[node]
                inner = self._ops(body, place, depth + 1)
                workspace = f"{self.prefix}_workspace"
                ops.append(
                    CScan(*common, body, place, inner, self.call, self._arena, workspace, depth)
                )
            elif self.style == "fast":
                kind = AttentionOp if isinstance(node, Attention) else FastOp
                form = self.form
                following = form.saving.following
                op = kind(*common, self.prefix, self._vectors, form.threads, following)
                ops.append(CStrip.of(op, self.names) if isinstance(node, Strip) else op)
            else:
                ops.append(self._plain_op(*common))
        return ops

    @property
    def _plain_op(self) -> type[COp]:
        """How a node of the plain styles is seen."""
        if self.style == "small":
            return SmallOp
        return FollowingOp if self.form.saving.following else COp

    # The run function

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

    @cached_property
    def arena_types(self) -> list[str]:
        """The element types of what lives in the workspace."""
        used = {
            value.dtype
            for one in _plans(self.plan)
            for value, place in one.places.items()
            if place.kind == "workspace"
        }
        return sorted(used, key=lambda dtype: (dtype != "float32", dtype)) or ["float32"]

    def arena_members(self) -> list[tuple[str, str, int]]:
        """(ctype, member name, elements) of each array of the workspace's union."""
        return [
            (
                CTYPES[dtype],
                f"{dtype}s",
                max(-(-self.plan.workspace_bytes // element_size(dtype)), 1),
            )
            for dtype in self.arena_types
        ]

    @property
    def workspace_bytes(self) -> int:
        """sizeof the workspace, where pointers have 8 bytes: the arena, in whole elements of its
        largest type, strings and states.
        """
        largest = max(element_size(dtype) for dtype in self.arena_types)
        total = max(-(-self.plan.workspace_bytes // largest), 1) * largest
        if self.plan.strings:
            largest = element_size(STRING)
            total = -(-total // largest) * largest + self.plan.strings * largest
        for state in self.states:
            size = element_size(state.value.dtype)
            total = -(-total // size) * size + max(state.value.size, 1) * size
            largest = max(largest, size)
        if self.loads:
            total, largest = -(-total // 8) * 8 + 8, 8
        return -(-total // largest) * largest

    def pointers(self) -> list[Pointer]:
        """Local names for the arrays that the steps use, but for the parameters themselves."""
        used = {v for node in self.plan.steps for v in (*node.outputs, *node.activations)}
        used.update(value for value, _ in self.plan.copies)
        parameters = {p.value for p in (*self.inputs, *self.outputs)} - {
            v for v, _ in self.plan.copies
        }
        result = []
        for value, place in self.plan.places.items():
            if value not in used or value in parameters:
                continue
            result.append(self._pointer(value, place))
        return result

    def _pointer(self, value: Value, place: Place) -> Pointer:
        ctype = CTYPES[value.dtype]
        note = f"({', '.join(map(bare, value.sample_shape))})"
        local = f"const {value.name}"
        if place.kind == "strings":
            index = place.number + place.offset // element_size(STRING)
            text = "w->strings" + (f" + {index}" if index else "")
            return Pointer(pointer(STRING, local, const=False), text, note)
        if place.kind == "workspace":
            offset = (place.number + place.offset) // element_size(value.dtype)
            text = f"w->{self._arena(value.dtype)}" + (f" + {offset}" if offset else "")
            return Pointer(pointer(value.dtype, local, const=False), text, note)
        if place.kind == "state":
            return Pointer(pointer(value.dtype, local, const=True), f"w->{value.name}", note)
        parameter = (self.inputs if place.kind == "input" else self.outputs)[place.number]
        const = "const " if place.kind == "input" else ""
        cast = f"({const}{ctype} *)" if parameter.ctype != ctype else ""
        offset = place.offset // element_size(value.dtype)
        text = f"{cast}{parameter.name}" + (f" + {offset}" if offset else "")
        return Pointer(pointer(value.dtype, local, const=place.kind == "input"), text, note)

    def _arena(self, dtype: str) -> str:
        return "arena" if len(self.arena_types) == 1 else f"arena.{dtype}s"

    def call(self, op: COp) -> str:
        arrays = [value.name for value in (*op.parameters, *op.node.outputs)]
        first = ["w"] if isinstance(op, CScan) and op.uses_workspace else []
        if op.uses_stored:
            first.append("constants" if op.inner else "w->constants")
        return f"{op.function}({', '.join([*first, *op.lengths, *arrays])})"

    @property
    def copies(self) -> list[tuple[str, str, str]]:
        """(output parameter, value, bytes) of what is copied out at the end."""
        targets = [*(p.name for p in self.outputs), *(f"w->{state.name}" for state in self.states)]
        return [
            (
                targets[number],
                value.name,
                f"{count_text(value.size)} * sizeof({CTYPES[value.dtype]})",
            )
            for value, number in self.plan.copies
            if value.size
        ]

    @property
    def uses_workspace(self) -> bool:
        return bool(self.plan.workspace_bytes or self.plan.strings or self.states or self.loads)

    @property
    def has_pointers(self) -> bool:
        """Whether the workspace's size depends on the machine's pointers."""
        return bool(self.plan.strings or self.loads)

    @property
    def facts(self) -> dict[str, object]:
        """What the manifest says of the C alone."""
        facts: dict[str, object] = {"style": self.style, "workspace_bytes": self.workspace_bytes}
        if self.form.workspace == "caller":
            facts |= {
                "predict": None,
                "predict_batch": None,
                "run_batch": f"{self.prefix}_run_batch",
            }
        if self.form.weights != "literal":
            facts["weights"] = self.form.weights
        if self.blob:
            facts["weights_file"] = self.blob_name
        if self.loads:
            facts["load"] = f"{self.prefix}_load"
        saving = self.form.saving
        if saving.limit is not None:
            facts |= {"ram_limit": saving.limit, "ram_saved_by": list(saving.why)}
        if self.form.dispatch:
            facts["level"] = f"{self.prefix}_level"
        return facts

    @property
    def run_texts(self) -> list[str]:
        """What the run function says of arrays and lengths."""
        texts = [*map(self.call, self.steps), *(p.place for p in self.pointers())]
        texts += [bare(p.value.size) for p in self.string_inputs]
        return texts + [size for _, _, size in self.copies]

    @property
    def has_strings(self) -> bool:
        hashes = any(function in HASHES for function, _ in self.expressions.used)
        return hashes or any(value.dtype == STRING for value in self.plan.places)

    @property
    def knows_all_words(self) -> bool:
        """Whether a word or number that is in no vocabulary is an error."""
        return any(isinstance(node, Lookup) and node.can_fail for node in self.plan.graph.walk())

    @property
    def checks_values(self) -> bool:
        """Whether there are numbers that arithmetic on integers refuses."""
        return any(isinstance(node, Required) for node in self.plan.graph.walk())

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

    @property
    def can_fail(self) -> bool:
        return any(node.can_fail for node in self.plan.steps)


def _with_bodies(ops: Sequence[COp]) -> Iterator[COp]:
    for op in ops:
        if isinstance(op, CScan | CStrip):
            yield from _with_bodies(op.ops)
        yield op


def _plans(plan: Plan) -> Iterator[Plan]:
    """The plan and those of its bodies."""
    yield plan
    for body in plan.bodies.values():
        yield from _plans(body)
