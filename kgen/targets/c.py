"""The C target: NAME.h, NAME.c, and weight files once the weights are large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import jinja2

from kgen.ir.node import Node
from kgen.ir.program import Step
from kgen.ir.value import STRING, Constant, Value, element_size
from kgen.names import Names
from kgen.ops.lookup import Lookup
from kgen.plan import Plan
from kgen.render.environment import environment
from kgen.render.literals import c_strings, numbers
from kgen.targets.c_op import CTYPES, COp, literal, pointer
from kgen.targets.expression import Expressions

INLINE_WEIGHTS = 4096
"""Models with more weights than this have them in files of their own, so that the code can be read.
"""

WEIGHTS_PER_FILE = 4_000_000
"""Decimal literals cost a compiler about 300 bytes of memory each."""


HASHES = ("fingerprint64", "siphash")
"""Functions that are defined on strings, and by them on integers."""


class Array(NamedTuple):
    """A declaration: `const float dense_kernel[8]`, its comment, and its literals line by line."""

    declaration: str
    note: str
    lines: list[str]


class Parameter(NamedTuple):
    """One of the model's inputs or outputs: name: in C. value: the graph's."""

    name: str
    value: Value
    ctype: str


class Pointer(NamedTuple):
    """A local variable of the run function: where an array lives."""

    declaration: str
    place: str
    note: str


@dataclass(frozen=True)
class ScalarType:
    """An element type as the templates of scalar functions see it.

    of_text: for functions of an integer's digits, the name of the same function of strings.
    """

    dtype: str
    of_text: str = ""

    @property
    def name(self) -> str:
        return CTYPES[self.dtype]

    @property
    def float(self) -> bool:
        return self.dtype.startswith("float")

    @property
    def signed(self) -> bool:
        return self.dtype.startswith("int")

    @property
    def f(self) -> str:
        """The suffix of math.h's functions."""
        return "f" if self.dtype == "float32" else ""

    def n(self, number: object) -> str:
        return literal(number, self.dtype)

    def wrap(self, sign: str, a: str, b: str) -> str:
        """a sign b; integers wrap round."""
        macro = environment("c").get_template("operators.j2").module.arithmetic  # type: ignore[attr-defined]
        return str(macro(self.dtype, sign, a, b)).strip()


@dataclass(frozen=True, eq=False)
class CModel:
    """A plan with the names it has in C. prefix: of every name with file scope. title: Keras's
    name.
    """

    plan: Plan
    prefix: str
    title: str
    style: str
    expressions: Expressions = field(init=False)

    def __post_init__(self) -> None:
        operators = environment("c").get_template("operators.j2").module
        functions = environment("c").get_template("functions.j2").module
        expressions = Expressions(
            operators,
            functions,
            number=lambda number: literal(number.value, number.dtype),
            name=self._function_name,
            function=_function_of,
        )
        object.__setattr__(self, "expressions", expressions)

    def _function_name(self, function: str, dtype: str) -> str:
        suffix = "" if dtype in ("float32", STRING) else f"_{dtype}"
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

    # Names with file scope

    @cached_property
    def _names(self) -> dict[object, str]:
        """The C name of each constant and of each step's function."""
        functions = self.expressions.functions
        names = Names(
            *(
                "predict",
                "predict_batch",
                "run",
                "workspace",
                "error",
                "ok",
                "reset",
                "load",
                "complete",
            ),
            *(name for name in dir(functions) if not name.startswith("_")),
        )
        taken: dict[object, str] = {}
        paths: set[str] = set()
        for node in self.plan.steps:
            path = node.origin.path
            # The layer's name for the first of its steps; the others say what they do.
            own = path if path not in paths else f"{path}/{getattr(node, 'function', node.kind)}"
            paths.add(path)
            taken[node] = f"{self.prefix}_{names.take(own)}"
        for constant in self.plan.graph.constants:
            taken[constant] = f"{self.prefix}_{names.take(constant.name)}"
        return taken

    @cached_property
    def ops(self) -> list[COp]:
        symbols: dict[Value, str] = {c: self._names[c] for c in self.plan.graph.constants}
        error = f"{self.upper}_ERROR_INDEX"
        return [
            COp(node, self._names[node], symbols, self.expressions, error)
            for node in self.plan.steps
        ]

    # Weights

    @property
    def separate(self) -> bool:
        """Whether the weights are in files of their own."""
        return sum(c.size for c in self.plan.graph.constants) > INLINE_WEIGHTS

    def array(self, constant: Constant) -> Array:
        """The literal array; at least one element, for C has no empty arrays."""
        declaration = self._declared(constant)
        sizes = ", ".join(map(str, constant.shape))
        note = f"({sizes}) {constant.note}".strip()
        suffix = "f" if constant.dtype == "float32" else ""
        text = constant.dtype == STRING
        lines = list(c_strings(constant.data) if text else numbers(constant.data, suffix)) or ["0"]
        return Array(declaration, note, lines)

    def declaration(self, constant: Constant) -> str:
        return f"extern {self._declared(constant)};"

    def _declared(self, constant: Constant) -> str:
        ctype = "char *const" if constant.dtype == STRING else CTYPES[constant.dtype]
        return f"const {ctype} {self._names[constant]}[{max(constant.size, 1)}]"

    def arrays_of(self, op: COp) -> Iterator[Array]:
        """The arrays that this step is the first to use, to be printed above it."""
        if not self.separate:
            for constant in op.node.constants:
                if self._first_user[constant] is op.node:
                    yield self.array(constant)

    @cached_property
    def _first_user(self) -> dict[Value, Node]:
        users: dict[Value, Node] = {}
        for node in self.plan.steps:
            for constant in node.constants:
                users.setdefault(constant, node)
        return users

    def weight_files(self) -> Iterator[list[Constant]]:
        """The constants of each weight file."""
        batch: list[Constant] = []
        count = 0
        for constant in self._first_user:
            assert isinstance(constant, Constant)
            if batch and count + constant.size > WEIGHTS_PER_FILE:
                yield batch
                batch, count = [], 0
            batch.append(constant)
            count += constant.size
        if batch:
            yield batch

    # The run function

    @cached_property
    def parameters(self) -> tuple[list[Parameter], list[Parameter]]:
        """The model's inputs and outputs, named."""
        graph = self.plan.graph
        names = Names(*(value.name for value in self.plan.places))
        inputs = [Parameter(value.name, value, CTYPES[value.dtype]) for value in graph.inputs]
        copied = {value for value, _ in self.plan.copies}
        outputs = [
            Parameter(
                names.take(f"{value.name}_out") if value in copied else value.name,
                value,
                CTYPES[value.dtype],
            )
            for value in graph.outputs
        ]
        return inputs, outputs

    @property
    def inputs(self) -> list[Parameter]:
        return self.parameters[0]

    @property
    def outputs(self) -> list[Parameter]:
        return self.parameters[1]

    @property
    def signature(self) -> str:
        """The parameters of predict: `const float *x, float *y`."""
        parts = [pointer(p.value.dtype, p.name, const=True) for p in self.inputs]
        parts += [pointer(p.value.dtype, p.name, const=False) for p in self.outputs]
        return ", ".join(parts)

    @property
    def arguments(self) -> str:
        return ", ".join(p.name for p in (*self.inputs, *self.outputs))

    def batch_arguments(self, index: str) -> str:
        """The arguments for one sample of a batch."""
        return ", ".join(
            p.name if p.value.size == 0 else f"{p.name} + {index} * {p.value.size}"
            for p in (*self.inputs, *self.outputs)
        )

    @cached_property
    def arena_types(self) -> list[str]:
        """The element types of what lives in the workspace."""
        used = {v.dtype for v, place in self.plan.places.items() if place.kind == "workspace"}
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
        """sizeof the workspace, where pointers have 8 bytes: the arena and the strings, both
        rounded up to whole elements of the largest type.
        """
        largest = max(element_size(dtype) for dtype in self.arena_types)
        arena = max(-(-self.plan.workspace_bytes // largest), 1) * largest
        pointer_size = element_size(STRING)
        strings = self.plan.strings * pointer_size
        return -(-arena // pointer_size) * pointer_size + strings if strings else arena

    def pointers(self) -> list[Pointer]:
        """Local names for the arrays that the steps use, but for the parameters themselves."""
        used = {value for node in self.plan.steps for value in (node.output, *node.activations)}
        used.update(value for value, _ in self.plan.copies)
        parameters = {p.value for p in (*self.inputs, *self.outputs)} - {
            v for v, _ in self.plan.copies
        }
        result = []
        for value, place in self.plan.places.items():
            if value not in used or value in parameters:
                continue
            result.append(self._pointer(value, place.kind, place.number))
        return result

    def _pointer(self, value: Value, kind: str, number: int) -> Pointer:
        ctype = CTYPES[value.dtype]
        note = f"({', '.join(map(str, value.sample_shape))})"
        local = f"const {value.name}"
        if kind == "strings":
            place = "w->strings" + (f" + {number}" if number else "")
            return Pointer(pointer(STRING, local, const=False), place, note)
        if kind == "workspace":
            offset = number // element_size(value.dtype)
            place = f"w->{self._arena(value.dtype)}" + (f" + {offset}" if offset else "")
            return Pointer(pointer(value.dtype, local, const=False), place, note)
        parameter = (self.inputs if kind == "input" else self.outputs)[number]
        const = "const " if kind == "input" else ""
        cast = f"({const}{ctype} *)" if parameter.ctype != ctype else ""
        declared = pointer(value.dtype, local, const=kind == "input")
        return Pointer(declared, f"{cast}{parameter.name}", note)

    def _arena(self, dtype: str) -> str:
        return "arena" if len(self.arena_types) == 1 else f"arena.{dtype}s"

    def call(self, op: COp) -> str:
        args = ", ".join([*(value.name for value in op.parameters), op.node.output.name])
        return f"{op.function}({args})"

    @property
    def copies(self) -> list[tuple[str, str, str]]:
        """(output parameter, value, bytes) of what is copied out at the end."""
        return [
            (
                self.outputs[number].name,
                value.name,
                f"{value.size} * sizeof({CTYPES[value.dtype]})",
            )
            for value, number in self.plan.copies
            if value.size
        ]

    @property
    def uses_workspace(self) -> bool:
        kinds = ("workspace", "strings")
        return any(place.kind in kinds for place in self.plan.places.values())

    @property
    def has_strings(self) -> bool:
        hashes = any(function in HASHES for function, _ in self.expressions.used)
        return hashes or any(value.dtype == STRING for value in self.plan.places)

    @property
    def knows_all_words(self) -> bool:
        """Whether a word or number that is in no vocabulary is an error."""
        return any(isinstance(node, Lookup) and node.can_fail for node in self.plan.steps)

    @property
    def string_inputs(self) -> list[Parameter]:
        """The inputs whose elements are pointers, which may be null."""
        return [p for p in self.inputs if p.value.dtype == STRING]

    @property
    def can_fail(self) -> bool:
        return any(node.can_fail for node in self.plan.steps)


def files(model: CModel) -> dict[str, str]:
    """The C sources: {file name: text}."""
    env = environment("c")
    prefix = model.prefix
    texts = [_op_text(env, op, model.style) for op in model.ops]
    helpers = [_helper_text(model, function, dtype) for function, dtype in model.used_functions]
    body = env.get_template("model.c.j2").render(model=model, texts=texts, helpers=helpers)
    result = {
        f"{prefix}.h": env.get_template("model.h.j2").render(model=model),
        f"{prefix}.c": body,
    }
    if model.separate:
        for number, constants in enumerate(model.weight_files()):
            suffix = f"_{number}" if number else ""
            result[f"{prefix}_weights{suffix}.c"] = env.get_template("weights.c.j2").render(
                model=model, constants=constants
            )
    return result


def _helper_text(model: CModel, function: str, dtype: str) -> str:
    """The definition of a scalar function."""
    scalar = ScalarType(dtype, model._function_name(function, STRING))
    macro = getattr(model.expressions.functions, function)
    return str(macro(model._function_name(function, dtype), scalar))


def _op_text(env: jinja2.Environment, op: COp, style: str) -> str:
    """The op's function: the style's own template, or the readable one."""
    names = [f"ops/{op.node.kind}.c.j2"]
    if style == "fast":
        names.insert(0, f"fast/{op.node.kind}.c.j2")
    return env.select_template(names).render(op=op)


def _function_of(step: Step, dtypes: list[str]) -> str:
    """Casts of floats to integers must not meet values that C leaves undefined."""
    if step.function == "cast" and dtypes[0].startswith("float") and "int" in step.dtype:
        return f"to_{step.dtype}"
    return step.function
