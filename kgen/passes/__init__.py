"""Optimisation: passes that shrink the graph and never change results beyond float rounding."""

from __future__ import annotations

from collections.abc import Callable, Collection

from kgen.ir.graph import Graph
from kgen.passes.batch_normalization import fold_batch_normalization
from kgen.passes.constants import fold_constants
from kgen.passes.duplicates import share_equal_nodes
from kgen.passes.fusion import fuse_bias, fuse_epilogue, merge_elementwise
from kgen.passes.loop_merging import merge_loops
from kgen.passes.loops import drop_unread_results, hoist_from_loops, write_out_single_steps
from kgen.passes.movement import compute_before_reshape, drop_no_ops, merge_movement
from kgen.passes.packing import keep_integers, pack_int4, round_before_gather
from kgen.passes.tying import share_transposed

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    drop_unread_results,
    keep_integers,  # before the others change the weights
    round_before_gather,
    drop_no_ops,
    fold_constants,  # before sharing: equal constants make equal nodes
    share_equal_nodes,
    merge_movement,
    compute_before_reshape,  # brings biases next to the contraction that Keras reshaped
    fuse_bias,  # before batch normalisation: that folds into kernel and bias
    fold_batch_normalization,
    write_out_single_steps,
    merge_loops,  # before a projection is hoisted out between two of them
    hoist_from_loops,  # with the bias, and before epilogues keep a sum of products in the loop
    merge_movement,
    merge_elementwise,
    compute_before_reshape,
    fuse_epilogue,  # last: nothing else looks inside an epilogue
    drop_no_ops,
    share_transposed,  # behind all that changes weights, which they then have in common no more
    pack_int4,  # last: the others compute with int8
)


def optimize(graph: Graph, *, without: Collection[str] = ()) -> Graph:
    """The graph after every pass, checked after each.

    without: names of passes to leave out, for tests and to find a culprit.
    """
    for apply in PASSES:
        if apply.__name__ not in without:
            graph = _everywhere(apply, graph).check()
    return graph


def _everywhere(apply: Pass, graph: Graph) -> Graph:
    """The pass applied to the bodies of nodes, the innermost first, and then to the graph."""
    return apply(graph.map_bodies(lambda body: _everywhere(apply, body)))
