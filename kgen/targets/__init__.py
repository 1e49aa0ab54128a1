"""Targets: what each language's templates need to know about a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kgen.arrays import in_batches, widened
from kgen.errors import ExportError
from kgen.manifest import manifest
from kgen.plan import Plan
from kgen.plan import plan as replan
from kgen.schedule import blocked, schedule
from kgen.targets import c, numpy
from kgen.targets.c_fast import vector_functions

TARGETS = ("c", "numpy")
STYLES = ("fast", "readable")


def check_choice(target: str, style: str) -> None:
    """Raises ExportError unless there are such a target and style."""
    for what, choice, choices in (("target", target, TARGETS), ("style", style, STYLES)):
        if choice not in choices:
            raise ExportError(
                f"There is no {what} {choice!r}; choose {' or '.join(choices)}.", exit_code=2
            )


def render(
    plan: Plan, target: str, *, name: str, style: str = "fast", versions: Mapping[str, str]
) -> dict[str, str]:
    """{file name: text} of a plan. name: of the files, and the prefix of C functions."""
    check_choice(target, style)
    title = plan.graph.name
    parameters = sum(constant.size for constant in plan.graph.constants)
    if target == "numpy":
        files = {f"{name}.py": numpy.module(plan, title=title)}
        workspace = own_workspace = 0
    else:
        given, plan = plan, fast(plan) if style == "fast" else plan
        model = c.CModel(plan, name, title, style)
        wide = fast_block(given, plan) if style == "fast" else None
        block = c.CBlock(wide, name, title, style, model) if wide else None
        files = c.files(model, block)
        workspace = model.workspace_bytes
        own_workspace = max(workspace, block.workspace_bytes if block else 0)
    files[f"{name}.json"] = manifest(
        plan,
        name=name,
        target=target,
        style=style,
        versions=dict(versions),
        workspace_bytes=workspace,
        own_workspace_bytes=own_workspace,
        parameters=parameters,
    )
    return files


def fast(plan: Plan) -> Plan:
    """The plan of the C target's fast style: packed weights, tiles, padded copies."""
    return replan(schedule(plan.graph, vector_functions()).check())


def fast_block(plan: Plan, single: Plan) -> Plan | None:
    """The fast style's plan of several samples at once, where that pays. single: that of one."""
    graph = blocked(plan.graph, single.graph, vector_functions())
    return replan(graph) if graph else None


def evaluate(plan: Plan, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The outputs of the plan's NumPy text, on whole batches.

    inputs: of the plan's types; the text itself takes bfloat16 numbers as float32.
    """
    text = numpy.module(plan, title=plan.graph.name, weights=False)
    return run(text, inputs, plan.graph.batch_size, numpy.weight_globals(plan))


def run(
    text: str,
    inputs: Sequence[np.ndarray],
    batch_size: int | None = None,
    weights: Mapping[str, np.ndarray] | None = None,
) -> list[np.ndarray]:
    """The outputs of a module of the NumPy target; of a stateful one batch by batch."""
    predict = loaded(text, weights)
    return in_batches(batch_size, inputs, predict) if batch_size else predict(inputs)


def evaluate_steps(plan: Plan, calls: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
    """The outputs of calls of the plan's NumPy text, one after another."""
    text = numpy.module(plan, title=plan.graph.name, weights=False)
    predict = loaded(text, numpy.weight_globals(plan))
    return [predict(inputs) for inputs in calls]


def loaded(
    text: str, weights: Mapping[str, np.ndarray] | None = None
) -> Callable[[Sequence[np.ndarray]], list[np.ndarray]]:
    """A module of the NumPy target as a function from inputs to outputs."""
    names: dict[str, object] = dict(weights or {})
    exec(compile(text, "<kgen>", "exec"), names)

    def predict(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        results = names["predict"](*map(widened, inputs))  # type: ignore[operator]
        return list(results) if isinstance(results, tuple) else [results]

    return predict
