"""An export's check of itself: the plan's NumPy text against Keras, on a few samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kgen.compare import Difference, difference
from kgen.conditioning import rounding_noise
from kgen.errors import ExportError
from kgen.lengths import described
from kgen.pipeline import Export
from kgen.targets.evidence import Evidence
from kgen.trace import reference

SAMPLES = 2
RTOL = 1e-3
ATOL = 1e-4


def check(job: Export) -> Evidence:
    """Runs the NumPy text of the plan on samples and holds it against Keras, at several lengths if
    it has any.

    Raises ExportError if they disagree.
    """
    found = [_check_at(job, point, number) for number, point in enumerate(job.points)]
    return Evidence(
        sum(one.samples for one in found),
        max(one.parity or 0.0 for one in found),
        weights_dtype=job.weights_dtype,
        rounding=max(one.rounding for one in found),
    )


def _check_at(job: Export, point: Mapping[str, int], number: int) -> Evidence:
    """number: of the point; one sample is enough at all but the first, small ones."""
    # Of a stateful model one batch: its second one would go on where the first one ended.
    count = (job.step and job.signature.batch_size) or (1 if number > 1 else SAMPLES)
    inputs = job.samples(count, point=point)
    # model.predict is the judge, but compiling it takes seconds; mostly the model will do.
    with job.rounding():
        likely = reference.outputs(job.model, job.signature, inputs)
    found = job.evaluated(inputs, likely)
    gaps = _differences(job, found, likely)
    if not all(gap.ok for gap in gaps):
        with job.rounding():
            wanted = reference.predictions(job.model, job.signature, inputs)
        gaps = _differences(job, found, wanted, noise(job, inputs, point))
    for output, gap in zip(job.plan.graph.results, gaps, strict=True):
        if not gap.ok:
            raise _disagreement(job, output.name, gap, point)
    parity = max((gap.relative for gap in gaps), default=0.0)
    moved = 0.0
    if job.rounded_weights:
        before = reference.outputs(job.model, job.signature, inputs)
        moved = max(difference(a, b).relative for a, b in zip(likely, before, strict=True))
    return Evidence(len(inputs[0]), parity, rounding=moved)


def _disagreement(
    job: Export, output: str, gap: Difference, point: Mapping[str, int]
) -> ExportError:
    if job.step:
        return ExportError(
            f"{job.name!r} can't be exported as a function of one step: step by step, output "
            f"{output!r} is another than for the whole sequence. Something besides recurrent "
            "layers reaches over several steps: a convolution, pooling or attention. Export the "
            "recurrent part by itself, or all of it without --step."
        )
    elsewhere = (
        "Where Keras does something else at this length than at most, as CenterCrop does of images "
        "smaller than its own, pin it with --input-shape. Else this is a "
        if point
        else "This is a "
    )
    return ExportError(
        f"The export of {job.name!r} disagrees with Keras: output {output!r} differs by "
        f"{gap.absolute:.3g} on a random sample{described(point, ' of ')}. {elsewhere}mistake in "
        "kgen, or in what Keras runs on (TensorFlow computes some convolutions with channels first "
        "wrong on a CPU); `kgen verify` names the layer, and --no-check exports all the same."
    )


def noise(
    job: Export, inputs: Sequence[np.ndarray], point: Mapping[str, int]
) -> list[float] | None:
    """For each output what rounding may do to it on these samples; None where that isn't known: of
    steps, and of models that round to fewer digits anyway.
    """
    if job.step or job.precision:
        return None
    return rounding_noise(job.traced.at(point) if point else job.traced, inputs)


def _differences(
    job: Export,
    found: Sequence[np.ndarray],
    wanted: Sequence[np.ndarray],
    noise: Sequence[float] | None = None,
) -> list[Difference]:
    """Of each output; ok if rounding explains it."""
    return [
        difference(a, b, precision=job.precision, rtol=RTOL, atol=ATOL, noise=one)
        for a, b, one in zip(found, wanted, noise or [0.0] * len(wanted), strict=True)
    ]
