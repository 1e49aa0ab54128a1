"""Operations that keras.ops has no word for, called on Keras's tensors while a layer is traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras.src.ops.operation import Operation

from kgen.ir.value import Value
from kgen.trace.builder import Builder
from kgen.trace.table import lowers


class GraphOperation(Operation):  # type: ignore[misc]
    """An operation given by its lowering: `lower(builder, *args)` makes the output Value."""

    def __init__(self, lower: Callable[..., Value]) -> None:
        super().__init__()
        self.lower = lower


@lowers("GraphOperation", keras_rule=False)
def graph_operation(builder: Builder, op: GraphOperation, *args: Any) -> Value:
    return op.lower(builder, *args)


def apply(lower: Callable[..., Value], *args: Any) -> Any:
    """The Keras tensor for what `lower(builder, *args)` makes; one of args is a Keras tensor."""
    return GraphOperation(lower)(*args)
