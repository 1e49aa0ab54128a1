"""Targets: what each language's templates need to know about a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kgen.errors import ExportError
from kgen.manifest import manifest
from kgen.plan import Plan
from kgen.plan import plan as replan
from kgen.schedule import schedule
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
        workspace = 0
    else:
        plan = fast(plan) if style == "fast" else plan
        model = c.CModel(plan, name, title, style)
        files = c.files(model)
        workspace = model.workspace_bytes
    files[f"{name}.json"] = manifest(
        plan,
        name=name,
        target=target,
        style=style,
        versions=dict(versions),
        workspace_bytes=workspace,
        parameters=parameters,
    )
    return files


def fast(plan: Plan) -> Plan:
    """The plan of the C target's fast style: packed weights, tiles, padded copies."""
    return replan(schedule(plan.graph, vector_functions()).check())


def evaluate(plan: Plan, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The outputs of the plan's NumPy text, on whole batches."""
    names = dict(numpy.weight_globals(plan))
    text = numpy.module(plan, title=plan.graph.name, weights=False)
    exec(compile(text, "<kgen>", "exec"), names)
    results = names["predict"](*inputs)  # type: ignore[operator]
    return list(results) if isinstance(results, tuple) else [results]
