"""Targets: what each language's templates need to know about a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kgen.arrays import in_batches, widened
from kgen.ir.graph import Graph
from kgen.manifest import manifest
from kgen.options import LITERAL, Form
from kgen.ordering import ordered
from kgen.packages import LAYOUTS, building, check_fit, packaged
from kgen.passes.padding import pad_while_convolving
from kgen.plan import Plan
from kgen.plan import plan as replan
from kgen.render.environment import environment
from kgen.render.write import Files
from kgen.schedule import FOR_SPEED, blocked, follows, for_memory, in_parts, in_strips, schedule
from kgen.targets import c_files, numpy
from kgen.targets.c import CModel
from kgen.targets.c_block import CBlock, has_blocks
from kgen.targets.c_test import self_test
from kgen.targets.c_vectors import vector_functions
from kgen.targets.evidence import Evidence

TARGETS = ("c", "numpy")


def render(
    plan: Plan,
    target: str,
    *,
    name: str,
    style: str = "fast",
    versions: Mapping[str, str],
    form: Form = LITERAL,
    evidence: Evidence | None = None,
    package: str = "plain",
    cpp: bool = False,
) -> Files:
    """{file name: text} of a plan.

    name: of the files, and the prefix of C functions.
    evidence: of the results, for NAME_README.md and NAME_test.c.
    package: that the C is a part of. cpp: whether NAME.hpp is added.
    """
    common = {
        "name": name,
        "plan": plan,
        "parameters": sum(constant.size for constant in plan.graph.constants),
        "evidence": evidence,
    }
    if target == "c":
        return _c_files(plan, style, form, versions, package, cpp, common)
    files: Files = {f"{name}.py": numpy.module(plan, title=plan.graph.name)}
    if evidence:
        readme = environment("numpy").get_template("readme.md.j2")
        files[f"{name}_README.md"] = readme.render(common)
    return _with_manifest(files, plan, target, versions, common, {})


def _c_files(
    plan: Plan,
    style: str,
    form: Form,
    versions: Mapping[str, str],
    package: str,
    cpp: bool,
    common: dict[str, Any],
) -> Files:
    """common: what all templates see."""
    name, evidence = common["name"], common["evidence"]
    given, plan = plan, of_style(plan, style, form)
    model = CModel(plan, name, form, plan.graph.name, style)
    check_fit(package, words=model.has_words, loads=model.loads)
    block = block_of(given, model)
    files = c_files.files(model, block)
    while clashing := c_files.clashing(model, block, str(files[f"{name}.c"])):
        model = replace(model, avoided=(*model.avoided, *clashing))
        block = CBlock.of(block.plan, model) if block else None
        files = c_files.files(model, block)
    facts = model.facts | ({"own_workspace_bytes": block.own_workspace_bytes} if block else {})
    context = {**common, "plan": plan, "model": model, "upper": model.upper}
    env = environment("c")
    if cpp or LAYOUTS[package].cpp:
        files[f"{name}.hpp"] = env.get_template("model.hpp.j2").render(context)
    if evidence:
        if evidence.test:
            files[f"{name}_test.c"] = self_test(model, evidence.test)
        readme = env.get_template("readme.md.j2")
        how = building(package, context)
        files[f"{name}_README.md"] = readme.render(context, building=how)
    files = packaged(package, name, files, context)
    return _with_manifest(files, plan, "c", versions, common, facts)


def _with_manifest(
    files: Files,
    plan: Plan,
    target: str,
    versions: Mapping[str, str],
    common: Mapping[str, Any],
    extra: Mapping[str, object],
) -> Files:
    """The files and NAME.json, which names them all."""
    name = common["name"]
    text = manifest(
        plan,
        name=name,
        target=target,
        versions=versions,
        parameters=common["parameters"],
        files=[*files, f"{name}.json"],
        extra=extra,
    )
    return files | {f"{name}.json": text}


def of_style(plan: Plan, style: str, form: Form = LITERAL, scheduled: Graph | None = None) -> Plan:
    """The plan of a style of the C. scheduled: the plan's graph for the fast style, if it is known
    already.
    """
    if style == "fast":
        return fast(plan, form, scheduled)
    if style == "small" or form.saving.following:
        return small(plan, form)
    return replan(_in_order(plan.graph, form).check()) if form.saving.ordered else plan


def small(plan: Plan, form: Form = LITERAL) -> Plan:
    """The plan of the small style: no padded copies, and outputs that follow their inputs through
    the same memory.
    """
    graph = pad_while_convolving(plan.graph)
    return replan(_in_order(graph, form).check(), follows=lambda _: True)


def scheduled(plan: Plan, form: Form = LITERAL) -> Graph:
    """The graph for the fast style: packed weights, tiles, padded copies."""
    return schedule(plan.graph, vector_functions(), form.winograd, form.saving)


def fast(plan: Plan, form: Form = LITERAL, known: Graph | None = None) -> Plan:
    """The plan of the C target's fast style. known: the scheduled graph, if it is."""
    saving = form.saving
    graph = known or scheduled(plan, form)
    worth = FOR_SPEED if saving.rows is None else for_memory(saving.rows, saving.pairs)
    graph = in_strips(graph, worth)
    graph = in_parts(graph) if form.threads else graph
    after = follows if saving.following else None
    return replan(_in_order(graph, form).check(), follows=after, turning=True)


def _in_order(graph: Graph, form: Form) -> Graph:
    return ordered(graph) if form.saving.ordered else graph


def several(plan: Plan, single: Graph, form: Form = LITERAL) -> Graph | None:
    """The graph of several samples at once, on the weights of the fast graph of one; None where
    that would not pay. plan: before it was scheduled.
    """
    return blocked(plan.graph, single, vector_functions(), form.winograd, form.saving)


def block_of(plan: Plan, single: CModel) -> CBlock | None:
    """Several samples at once, where that pays and has a place. plan: before it was scheduled."""
    if not has_blocks(single):
        return None
    graph = several(plan, single.plan.graph, single.form)
    return CBlock.of(replan(graph), single) if graph else None


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
