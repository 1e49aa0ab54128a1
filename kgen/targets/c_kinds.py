"""Which view of a node the templates of the fast style get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kgen.ir.node import Node
from kgen.schedule.attention import Attention
from kgen.schedule.gates import Gates
from kgen.schedule.sparse import Sparse
from kgen.schedule.strip import Strip
from kgen.targets.c_attention import AttentionOp
from kgen.targets.c_fast import FastOp
from kgen.targets.c_gates import GatesOp
from kgen.targets.c_sparse import SparseOp
from kgen.targets.c_strip import CStrip


def fast_op(node: Node, names: Mapping[object, str], *common: Any) -> FastOp:
    """The node as its kind's template sees it. names: of the functions. common: of every op."""
    match node:
        case Attention():
            return AttentionOp(node, *common)
        case Sparse():
            return SparseOp(node, *common)
        case Strip():
            return CStrip.of(FastOp(node, *common), names)
        case Gates():
            return GatesOp.of(FastOp(node, *common), names)
        case _:
            return FastOp(node, *common)
