"""The C target: NAME.h, NAME.c, and weight files once the weights are large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kgen.ir.node import Node
from kgen.ir.size import bare
from kgen.ir.value import BITS, STRING, Value
from kgen.names import Names
from kgen.ops.lookup import Lookup
from kgen.ops.required import Required
from kgen.plan import Plan
from kgen.render.environment import environment
from kgen.targets.c_kinds import fast_op
from kgen.targets.c_op import COp
from kgen.targets.c_quick import MARK, quick_function_of, with_quick
from kgen.targets.c_scalar import HASHES, function_of
from kgen.targets.c_scan import CScan
from kgen.targets.c_small import FollowingOp, SmallOp
from kgen.targets.c_strip import CStrip
from kgen.targets.c_types import literal
from kgen.targets.c_variants import VARIANTS
from kgen.targets.c_vectors import VectorExpressions, helper_names
from kgen.targets.c_workspace import Workspace
from kgen.targets.expression import Expressions

OWN_NAMES = (
    *("ok", "error", "workspace", "own", "constants", "weights", "section"),
    *("predict", "predict_batch", "batch_size", "run", "run_batch", "run_base", "block"),
    *("run_block", "run_block_base", "level", "use", "turn", "turn_all", "test"),
    *("reset", "get_state", "set_state", "load", "unload", "place", "complete"),
    *("vec", "ivec", "loose"),
)
"""What kgen calls things in every model's C, behind the prefix."""


@dataclass(frozen=True, eq=False)
class CModel(Workspace):
    """A plan with the names it has in C.

    title: Keras's name. avoided: what no function may be called, behind the prefix.
    """

    title: str
    style: str
    avoided: tuple[str, ...] = field(default=(), kw_only=True)
    expressions: Expressions = field(init=False)
    lengths_of: dict[Node, list[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        operators = environment("c").get_template("operators.j2").module
        functions = environment("c").get_template("functions.j2").module
        quick = with_quick(functions)
        expressions = Expressions(
            operators,
            quick,
            number=lambda number: literal(number.value, number.dtype),
            name=self._function_name,
            function=quick_function_of(quick) if self.style == "fast" else function_of,
        )
        object.__setattr__(self, "expressions", expressions)

    def _function_name(self, function: str, dtype: str) -> str:
        suffix = "" if dtype in ("float32", STRING, *BITS) else f"_{dtype}"
        return f"{self.prefix}_{function.removeprefix(MARK)}{suffix}"

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
        return Names(*self.own_names, *hidden, *self.avoided, *taken)

    @property
    def own_names(self) -> list[str]:
        """What kgen calls things in this model's C, behind the prefix."""
        functions = self.expressions.functions
        return [
            *OWN_NAMES,
            *(name.removeprefix(MARK) for name in dir(functions) if not name.startswith("_")),
            *(f"{run}_{one.name}" for run in ("run", "run_block") for one in VARIANTS),
            *helper_names(),
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
                shared = (self.prefix, self._vectors, self.form.threads, self.form.saving.following)
                ops.append(fast_op(node, self.names, *common[1:], *shared))
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

    def call(self, op: COp, step: str = "") -> str:
        """What calls a function. step: in a loop, the variable with the number of the step."""
        arrays = [value.name for value in (*op.parameters, *op.node.outputs)]
        first = ["w"] if isinstance(op, CScan) and op.uses_workspace else []
        if op.uses_stored:
            first.append("constants" if op.inner else "w->constants")
        if op.counts_steps:
            first.append(step)
        return f"{op.function}({', '.join([*first, *op.lengths, *arrays])})"

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
    def can_fail(self) -> bool:
        return any(node.can_fail for node in self.plan.steps)


def _with_bodies(ops: Sequence[COp]) -> Iterator[COp]:
    for op in ops:
        if isinstance(op, CScan | CStrip):
            yield from _with_bodies(op.ops)
        yield op
