"""A recurrent model as a function of one time step, which remembers its states between calls."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from kgen.errors import ExportError
from kgen.ir.graph import Graph
from kgen.ir.size import Size
from kgen.ops.scan import Scan
from kgen.trace import Signature, trace_as
from kgen.trace.signature import one_step

STEPS = 4
"""How many steps a sequence has where the model leaves that open."""


def step_graph(model: keras.Model, whole: Signature) -> Graph:
    """The model's graph for one time step.

    whole: its signature for sequences.
    Raises ExportError for a model that can't be taken apart into steps.
    """
    return trace_as(model, one_step(whole, sequence_length(trace_as(model, whole))), one_step=True)


def sequence_length(graph: Graph) -> int:
    """How many steps the model's recurrent layers take."""
    loops = [node for node in graph.walk() if isinstance(node, Scan) and node.initial]
    lengths = sorted({node.steps for node in loops})
    if not lengths:
        raise ExportError(
            "The model has no recurrent layer, so there is nothing to be done step by step; "
            "export it without --step."
        )
    if len(lengths) > 1:
        raise ExportError(
            f"The model's recurrent layers take {' and '.join(map(str, lengths))} steps; a "
            "function of one step needs them to take the same ones. Make a model of its own of "
            "each part, and export that."
        )
    if isinstance(lengths[0], Size):
        raise ExportError(
            "A function of one step takes sequences of any length: leave theirs out of --max-shape."
        )
    return lengths[0]


def calls(inputs: Sequence[np.ndarray], whole: Signature, graph: Graph) -> list[list[np.ndarray]]:
    """Whole sequences as the arguments of one call after another. graph: of one step."""
    pairs = list(zip(inputs, whole.inputs, graph.arguments, strict=True))
    steps = next(spec.shape[0] for _, spec, value in pairs if spec.shape != value.sample_shape)
    return [
        [x if spec.shape == value.sample_shape else x[:, t : t + 1] for x, spec, value in pairs]
        for t in range(steps)
    ]


def joined(
    results: Sequence[Sequence[np.ndarray]], wanted: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """What calls returned, as the model returns it of whole sequences, `wanted`: an output with a
    time axis is the calls' outputs one after another, any other is the last call's.
    """
    whole = []
    for outputs, like in zip(zip(*results, strict=True), wanted, strict=True):
        sequence = np.concatenate(outputs, axis=1) if outputs[0].ndim > 1 else outputs[-1]
        whole.append(sequence if sequence.shape == like.shape else outputs[-1])
    return whole
