"""How far rounding may move a model's outputs: measured, since no formula knows what cancels out.

GELU below -4 is x times a difference of numbers near one: its result is small, its error is not.
Whether that matters to the outputs, the rest of the model decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kgen import targets
from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.program import Arg, Number, Program, Step, Temp
from kgen.ir.value import HALVES, Constant, Value, is_float
from kgen.ops.bincount import Bincount
from kgen.ops.elementwise import Elementwise
from kgen.plan import plan

ERROR = 2.0**-22
"""Of an operation, relative to the largest number that it computes with or gives: four units of
float32's last place."""

TRIES = 2

LARGEST = 1e-4
"""Of the largest number that goes into the model, is a weight of it, or comes out: errors above it
are no rounding, whatever they come from.
"""


def rounding_noise(graph: Graph, inputs: Sequence[np.ndarray]) -> list[float]:
    """For each result of the graph, whose sizes are all known, the largest error that rounding
    explains on these samples.

    In float64 the graph is computed as it is, and with small errors of random sign after each
    operation; what comes out differently is the answer.
    """
    wide = in_float64(graph)
    exact = targets.evaluate(plan(wide), inputs)
    weights = [c.data for c in wide.constants if c.variable is not None]
    most = LARGEST * max(map(_largest, (*inputs, *weights, *exact)), default=0.0)
    found = [0.0] * len(exact)
    for seed in range(TRIES):
        moved = targets.evaluate(plan(_with_errors(wide, seed)), inputs)
        gaps = [
            _largest(a - b) if a.dtype.kind == "f" else 0.0
            for a, b in zip(moved, exact, strict=True)
        ]
        found = [min(max(pair), most) for pair in zip(found, gaps, strict=True)]
    return found


def _largest(array: np.ndarray) -> float:
    if array.dtype.kind not in "fiu":
        return 0.0
    return float(np.abs(array[np.isfinite(array)].astype(np.float64)).max(initial=0.0))


def _with_errors(graph: Graph, seed: int) -> Graph:
    """The graph with an error added to each number that one of its nodes gives."""
    generator = np.random.default_rng(seed)
    nodes: list[Node] = []
    for node in graph.nodes:
        raw = {
            value: replace(value, name=f"{value.name}/exact")
            for value in node.outputs
            if value.dtype == "float64" and value.size
        }
        nodes.append(
            replace(
                node,
                output=raw.get(node.output, node.output),
                others=tuple(raw.get(value, value) for value in node.others),
            )
        )
        operands = node.args if isinstance(node, Elementwise) else ()
        for value, before in raw.items():
            nodes.append(_error(node, value, before, operands, generator))
    return replace(graph, nodes=tuple(nodes)).check()


def _error(
    node: Node,
    value: Value,
    before: Value,
    operands: Sequence[Value],
    generator: np.random.Generator,
) -> Elementwise:
    """value = before + signs * max(|before|, |operands|)"""
    shape = [1 if axis == value.batch else size for axis, size in enumerate(value.shape)]
    signs = generator.choice([-ERROR, ERROR], shape)
    args = (before, Constant.of(f"{value.name}/errors", signs), *operands)
    args = (*args[:2], *(one for one in args[2:] if one.dtype == "float64"))
    steps = [Step("absolute", (Arg(0),), "float64")]
    for index in range(2, len(args)):
        scale = Temp(len(steps) - 1)
        steps.append(Step("absolute", (Arg(index),), "float64"))
        steps.append(Step("maximum", (scale, Temp(len(steps) - 1)), "float64"))
    steps.append(Step("multiply", (Arg(1), Temp(len(steps) - 1)), "float64"))
    steps.append(Step("add", (Arg(0), Temp(len(steps) - 1)), "float64"))
    program = Program(("float64",) * len(args), tuple(steps))
    return Elementwise(origin=node.origin, output=value, args=args, program=program)


def in_float64(graph: Graph) -> Graph:
    """The graph on float64 numbers, less the steps that round to a narrower type; inputs of
    narrow types keep them.
    """
    kept = {value for value in graph.inputs if value.dtype in HALVES}

    def wide(dtype: str) -> str:
        return "float64" if is_float(dtype) else dtype

    def value(old: Value) -> Value:
        if isinstance(old, Constant):
            data = old.data.astype(wide(old.dtype)) if is_float(old.dtype) else old.data
            return replace(Constant.of(old.name, data, old.note), variable=old.variable)
        return old if old in kept else replace(old, dtype=wide(old.dtype))

    def step(old: Step) -> Step:
        args = tuple(
            Number(x.value, wide(x.dtype)) if isinstance(x, Number) else x for x in old.args
        )
        name = "cast" if old.function.startswith("round_") else old.function
        return Step(name, args, wide(old.dtype))

    def node(old: Node) -> Node:
        bodies = {name: field for name, field in vars(old).items() if isinstance(field, Graph)}
        if bodies:
            changed: dict[str, Any] = {
                name: replace(body, nodes=tuple(map(node, body.nodes)))
                for name, body in bodies.items()
            }
            return replace(old, **changed)
        if isinstance(old, Bincount):
            return replace(old, dtype=wide(old.dtype))
        if not isinstance(old, Elementwise):
            return old
        dtypes = tuple(arg.dtype if arg in kept else wide(arg.dtype) for arg in old.args)
        steps = tuple(step(one) for one in old.program.steps)
        return replace(old, program=Program(dtypes, steps))

    nodes = tuple(node(one) for one in graph.nodes)
    return replace(graph, nodes=nodes).map_values(value).check()
