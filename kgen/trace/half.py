"""float16, bfloat16 and float8: computed in float32, each result rounded to the type.

A number of these types is also a float32, so an array of them can be kept as one. Rounding after
each operation gives what the operation gives in the narrow type: a float32 has more than twice the
digits, so that sums, products, quotients and roots are rounded correctly, if twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Node, Origin
from kgen.ir.program import Arg, Number, Operand, Program, Step, Temp
from kgen.ir.value import HALVES, NARROW, Constant, Value
from kgen.ops.elementwise import Elementwise

EXACT = {
    *("relu", "relu6", "maximum", "minimum", "absolute", "negative", "sign", "where"),
    *("floor", "ceil", "trunc", "round", "hard_tanh", "hard_shrink", "threshold"),
}
"""Scalar functions whose result is one of their operands, or a number that every type has."""


def computed_in_float(graph: Graph) -> Graph:
    """Given:   y: bfloat16 = dense(x: bfloat16)
    Result:  x' = cast(x);  y' = round_bfloat16(dense(x'));  y = cast(y'), x' and y' in float32

    Inputs and outputs keep their types; what lies between has none of the narrow ones.
    """
    values = [*graph.inputs, *(value for node in graph.walk() for value in node.outputs)]
    if not any(value.dtype in NARROW for value in values):
        return graph
    widened: dict[Value, Value] = {}

    def wide(value: Value) -> Value:
        if value not in widened:
            widened[value] = _wide(value)
        return widened[value]

    nodes: list[Node] = []
    for value in graph.inputs:
        if value.dtype in NARROW:
            origin = Origin(value.name, "InputLayer", f"{value.dtype} as float32")
            widened[value] = replace(value, name=f"{value.name}_as_float", dtype="float32")
            nodes.append(_cast(value, widened[value], origin))
    for node in graph.nodes:
        nodes.extend(_in_float(node, wide))
    outputs = []
    for value in graph.outputs:
        output = wide(value)
        if value.dtype in NARROW:
            output = replace(value)
            origin = Origin("output", "Model", f"float32 as {value.dtype}")
            nodes.append(_cast(wide(value), output, origin))
        outputs.append(output)
    return replace(graph, outputs=tuple(outputs)).with_nodes(nodes)


def precision(graph: Graph) -> str | None:
    """The type of the fewest digits that the graph computes in, if it has fewer than float32.

    It is none if only weights and the inputs of products are rounded, as in quantized layers.
    """
    rounded = {
        step.function.removeprefix("round_")
        for node in graph.walk()
        if isinstance(node, Elementwise)
        for step in node.program.steps
    }
    return next((dtype for dtype in reversed(HALVES) if dtype in rounded), None)


def _wide(value: Value) -> Value:
    if value.dtype not in NARROW:
        return value
    if isinstance(value, Constant):
        return Constant.of(value.name, value.data.astype(np.float32), value.note)
    return replace(value, dtype="float32")


def _cast(x: Value, output: Value, origin: Origin) -> Elementwise:
    program = Program((x.dtype,), (Step("cast", (Arg(0),), output.dtype),))
    return Elementwise(origin=origin, output=output, args=(x,), program=program)


def _in_float(node: Node, wide: Callable[[Value], Value]) -> Iterator[Node]:
    """The node on float32 numbers, and a node that rounds its result, if it needs one."""
    node = node.map_bodies(
        lambda body: replace(
            body, nodes=tuple(n for own in body.nodes for n in _in_float(own, wide))
        )
    )
    dtype = node.output.dtype
    if isinstance(node, Elementwise):
        node = replace(node, program=_rounded_program(node.program))
        yield node.map_values(wide)
    elif dtype not in NARROW or node.exact:
        yield node.map_values(wide)
    else:
        output = wide(node.output)
        exact = replace(output, name=f"{node.name}/unrounded")
        yield replace(node.map_values(wide), output=exact)
        program = Program(("float32",), (Step(f"round_{dtype}", (Arg(0),), "float32"),))
        yield Elementwise(origin=node.origin, output=output, args=(exact,), program=program)


def _rounded_program(program: Program) -> Program:
    """The program on float32 numbers, with each result of a narrow type rounded to it."""
    steps: list[Step] = []
    results: list[Operand] = []  # of the old steps

    def moved(operand: Operand) -> Operand:
        match operand:
            case Temp(index):
                return results[index]
            case Number(value, dtype) if dtype in NARROW:
                return Number(value, "float32")
        return operand

    def add(function: str, args: tuple[Operand, ...], dtype: str) -> Temp:
        steps.append(Step(function, args, dtype))
        return Temp(len(steps) - 1)

    for step in program.steps:
        args = tuple(moved(operand) for operand in step.args)
        half = step.dtype in NARROW
        given = program.dtype_of(step.args[0])
        narrow = given in NARROW
        result: Operand
        if step.function == "cast" and (
            (half and (narrow or given == "float32")) or (narrow and step.dtype == "float32")
        ):
            result = args[0]
        else:
            result = add(step.function, args, "float32" if half else step.dtype)
        rounded = step.function in EXACT or (step.function == "cast" and given == step.dtype)
        if half and not rounded:
            result = add(f"round_{step.dtype}", (result,), "float32")
        results.append(result)
    dtypes = tuple("float32" if dtype in NARROW else dtype for dtype in program.dtypes)
    last = results[-1] if results else Arg(0)
    if last == Arg(0):
        return Program(dtypes, ())
    if last != Temp(len(steps) - 1):  # the result of an earlier step, or another input
        add("cast", (last,), "float32")
    return Program(dtypes, tuple(steps))
