"""Computing equal things once."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from kgen.ir.graph import Graph
from kgen.ir.node import IDENTITY, Body, Epilogue, Node
from kgen.ir.value import Constant, Value
from kgen.passes.rewrite import substitute


def share_equal_nodes(graph: Graph) -> Graph:
    """Given:   y = f(x);  z = f(x)
    Result:  y = f(x), read instead of z"""
    seen: dict[Any, Node] = {}
    replaced: dict[Value, Value] = {}
    constants: dict[Any, Constant] = {}
    for constant in graph.constants:
        key = (constant.dtype, constant.shape, constant.bits)
        first = constants.setdefault(key, constant)
        # Two layers may have equal weights; they keep their own names.
        if first is not constant and first.name == constant.name:
            replaced[constant] = first
    for node in graph.nodes:
        key = (type(node), *(_key(getattr(node, f.name), replaced) for f in _described(node)))
        same = seen.setdefault(key, node)
        if same is not node and not set(node.outputs) & set(graph.outputs):
            replaced.update(zip(node.outputs, same.outputs, strict=True))
    return substitute(graph, list(graph.nodes), replaced)


def _described(node: Node) -> list[Any]:
    return [field for field in fields(node) if field.name not in IDENTITY]


def _key(field: Any, replaced: dict[Value, Value]) -> Any:
    if isinstance(field, Value):
        return id(replaced.get(field, field))
    if isinstance(field, Body):
        return id(field)
    if isinstance(field, tuple):
        return tuple(_key(item, replaced) for item in field)
    if isinstance(field, Epilogue):
        return (field.program, _key(field.args, replaced))
    return repr(field)
