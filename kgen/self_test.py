"""The samples of an export's self-test, and what model.predict says of them."""

from __future__ import annotations

import numpy as np

from kgen import stepping
from kgen.checking import noise
from kgen.compare import HALF_TOLERANCE, difference
from kgen.ir.size import at_bound
from kgen.pipeline import Export
from kgen.targets.evidence import SelfTest
from kgen.trace import reference

TOLERANCE = 1e-4
"""Of the output's scale: what float32 sums in another order, on another machine, may differ by."""

SAMPLES = 4
ELEMENTS = 16_384
"""The test's input arrays are not to be much longer, or they take more flash than the model."""


def self_test(job: Export) -> SelfTest:
    """A few samples; of a stateful model two of each sequence, so that the second one goes on where
    the first one ended; of a step's function a whole sequence.
    """
    with job.rounding():
        return _rounded(job)


def _rounded(job: Export) -> SelfTest:
    """The test, while the model's weights are as the export's."""
    tolerance = HALF_TOLERANCE[job.precision] if job.precision else TOLERANCE
    graph = job.plan.graph
    size = at_bound(sum(value.size for value in (*graph.arguments, *graph.results)))
    if job.step:
        return _of_steps(job, tolerance)
    fitting = min(SAMPLES, max(1, ELEMENTS // max(size, 1)))
    count = 2 * graph.batch_size if graph.batch_size else fitting
    inputs = job.samples(count)
    outputs = reference.predictions(job.model, job.signature, inputs)
    found = job.evaluated(inputs, outputs)
    gaps = [difference(a, b) for a, b in zip(found, outputs, strict=True)]
    small = any(gap.relative > tolerance for gap in gaps)
    bounds = {one.name: one.bound for one in graph.lengths}
    errors = noise(job, inputs, bounds) if small else None
    return SelfTest(inputs, outputs, [0] * len(outputs), tolerance, errors or [0.0] * len(outputs))


def _of_steps(job: Export, tolerance: float) -> SelfTest:
    """The steps of one sequence (or one for each sample of the model's batch), in order of time."""
    graph, whole = job.plan.graph, job.signature
    sequences = job.samples(graph.batch_size or 1)
    calls = stepping.calls(sequences, whole, graph)
    inputs = [np.concatenate(arrays) for arrays in zip(*calls, strict=True)]
    outputs, known_from = [], []
    for value, array in zip(
        graph.results, reference.predictions(job.model, whole, sequences), strict=True
    ):
        shape = (len(inputs[0]), *value.sample_shape)
        if array[0].shape == value.sample_shape:  # what the last step returns is all that is known
            known = np.zeros(shape, array.dtype)
            known[-len(array) :] = array
            known_from.append(shape[0] - len(array))
        else:
            known = np.moveaxis(array, 1, 0).reshape(shape)
            known_from.append(0)
        outputs.append(known)
    return SelfTest(inputs, outputs, known_from, tolerance, [0.0] * len(outputs))
