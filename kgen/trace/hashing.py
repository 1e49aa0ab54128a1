"""Hashing and HashedCrossing: numbers and strings to buckets, by TensorFlow's hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from kgen.ir.program import Arg, Number, Operand, Program, Step, Temp
from kgen.ir.value import STRING, Value
from kgen.ops.elementwise import Elementwise
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.graph_operation import apply
from kgen.trace.preprocessing import encode
from kgen.trace.table import lowers_layer

CROSSING_KEY = 0xDECAFCAFFE
"""What tf.sparse.cross_hashed begins with."""


@lowers_layer("Hashing")
def hashing(layer: Any, inputs: Any) -> Any:
    if layer.output_mode == "one_hot" and inputs.shape[-1] == 1:
        inputs = ops.squeeze(inputs, axis=-1)
    masked = layer.mask_value is not None and layer.num_bins > 1
    bins = layer.num_bins - 1 if masked else layer.num_bins

    def lower(builder: Builder, x: Any) -> Value:
        value = builder.value(x)
        result = bucket(builder, value, bins, layer.salt)
        if not masked:
            return result
        steps = (
            Step("equal", (Arg(0), _mask(value, layer.mask_value)), "bool"),
            Step("add", (Arg(1), Number(1, "int64")), "int64"),
            Step("where", (Temp(0), Number(0, "int64"), Temp(1)), "int64"),
        )
        program = Program((value.dtype, "int64"), steps)
        return builder.add(Elementwise, args=(value, result), program=program)

    indices = apply(lower, inputs)
    return encode(layer, indices, layer.output_mode, layer.num_bins, layer.dtype)


def _mask(value: Value, mask: Any) -> Number:
    if value.dtype == STRING:
        return Number(mask if isinstance(mask, bytes) else str(mask).encode(), STRING)
    return Number(mask, value.dtype)


def bucket(builder: Builder, value: Value, count: int, salt: Sequence[int] | None) -> Value:
    """The hash of a string, or of an integer's decimal digits, modulo `count`, as int64: FarmHash's
    Fingerprint64, or with a salt SipHash-2-4.
    """
    if value.dtype == "bool":
        raise UnsupportedError("hashing booleans is not supported; cast them to integers")
    if value.dtype != STRING:
        value = builder.cast(value, "int64")
    hashed: list[Operand] = [Arg(0)]
    if salt is not None:
        hashed += [Number(key % 2**64, "uint64") for key in salt]
    steps = (
        Step("fingerprint64" if salt is None else "siphash", tuple(hashed), "uint64"),
        Step("mod", (Temp(0), Number(count, "uint64")), "uint64"),
        Step("cast", (Temp(1),), "int64"),
    )
    return builder.add(Elementwise, args=(value,), program=Program((value.dtype,), steps))


@lowers_layer("HashedCrossing")
def hashed_crossing(layer: Any, inputs: Any) -> Any:
    indices = apply(lambda builder, *args: _crossed(builder, args, layer.num_bins), *inputs)
    return encode(layer, indices, layer.output_mode, layer.num_bins, layer.compute_dtype)


def _crossed(builder: Builder, args: Sequence[Any], count: int) -> Value:
    """The fingerprints of strings, and integers as they are, mixed one after another."""
    values = [builder.value(arg) for arg in args]
    values = [v if v.dtype == STRING else builder.cast(v, "int64") for v in values]
    distinct = list(dict.fromkeys(values))
    steps: list[Step] = []
    mixed: Operand = Number(CROSSING_KEY, "uint64")
    for value in values:
        function = "fingerprint64" if value.dtype == STRING else "cast"
        steps.append(Step(function, (Arg(distinct.index(value)),), "uint64"))
        steps.append(Step("fingerprint_cat", (mixed, Temp(len(steps) - 1)), "uint64"))
        mixed = Temp(len(steps) - 1)
    steps.append(Step("mod", (mixed, Number(count, "uint64")), "uint64"))
    steps.append(Step("cast", (Temp(len(steps) - 1),), "int64"))
    program = Program(tuple(value.dtype for value in distinct), tuple(steps))
    return builder.add(Elementwise, args=tuple(distinct), program=program)
