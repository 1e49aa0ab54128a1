"""Batch normalisation at inference is a factor and an offset for each channel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kgen.ir.graph import Graph
from kgen.ir.node import Node
from kgen.ir.program import Arg, Program, Step, Temp
from kgen.ir.value import Constant, Value
from kgen.ops.batch_normalization import BatchNormalization
from kgen.ops.conv import Conv
from kgen.ops.conv_transpose import ConvTranspose
from kgen.ops.dense import Dense
from kgen.ops.elementwise import Elementwise
from kgen.passes.rewrite import merged_origins, only_reader, substitute

Affine = Dense | Conv | ConvTranspose


def fold_batch_normalization(graph: Graph) -> Graph:
    """Given:   y = x · kernel + bias;  z = (y - mean) / sqrt(variance + epsilon) * gamma + beta
    Result:  z = x · (kernel * scale) + (bias * scale + offset)
    with scale = gamma / sqrt(variance + epsilon) and offset = beta - mean * scale;
    where no such node comes before, or its kernel is of a narrow type:  z = y * scale + offset"""
    nodes: list[Node] = []
    producer: dict[Value, Node] = {}
    for node in graph.nodes:
        if isinstance(node, BatchNormalization):
            first = producer.get(node.x)
            if isinstance(first, Affine) and _folds(graph, first, node):
                nodes[nodes.index(first)] = node = _folded(first, node)
            else:
                node = _scaled(node)
                nodes.append(node)
        else:
            nodes.append(node)
        producer[node.output] = node
    return substitute(graph, nodes, {})


def _folds(graph: Graph, first: Affine, node: BatchNormalization) -> bool:
    return (
        only_reader(graph, first.output)
        and first.epilogue is None
        and node.axis == first.channel_axis % node.x.rank
        and graph.readers[first.kernel] == 1
        and not first.kernel.stored  # it would need all digits again
    )


def scale_and_offset(node: BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """In float64: (channels,) each."""
    scale = 1.0 / np.sqrt(node.variance.data.astype(np.float64) + node.epsilon)
    if node.gamma is not None:
        scale = scale * node.gamma.data
    offset = -node.mean.data.astype(np.float64) * scale
    if node.beta is not None:
        offset = offset + node.beta.data
    return scale, offset


def _folded(first: Affine, node: BatchNormalization) -> Affine:
    scale, offset = scale_and_offset(node)
    shape = (-1, 1) if isinstance(first, ConvTranspose) else (-1,)
    kernel = (first.kernel.data * scale.reshape(shape)).astype(first.kernel.dtype)
    if first.bias is not None:
        offset = offset + first.bias.data * scale
        bias_name, bias_note = first.bias.name, f"({first.bias.note}) * scale + offset"
    else:
        bias_name, bias_note = first.kernel.name.removesuffix("kernel") + "bias", "offset"
    names = _definitions(node)
    return replace(
        first,
        kernel=Constant.of(first.kernel.name, kernel, f"({first.kernel.note}) * scale, {names[0]}"),
        bias=Constant.of(
            bias_name, offset.astype(first.kernel.dtype), f"{bias_note}, {'; '.join(names)}"
        ),
        output=node.output,
        merged=merged_origins(first, node),
    )


def _scaled(node: BatchNormalization) -> Elementwise:
    shape = [-1 if axis == node.axis else 1 for axis in range(node.x.rank)]
    factor, summand = (
        Constant.of(
            f"{node.origin.path}/{role}",
            array.astype(node.x.dtype).reshape(shape[node.axis :]),
            note,
        )
        for role, array, note in zip(
            ("scale", "offset"), scale_and_offset(node), _definitions(node), strict=True
        )
    )
    dtype = node.x.dtype
    steps = (Step("multiply", (Arg(0), Arg(1)), dtype), Step("add", (Temp(0), Arg(2)), dtype))
    return Elementwise(
        origin=node.origin,
        output=node.output,
        args=(node.x, factor, summand),
        program=Program((dtype,) * 3, steps),
    )


def _definitions(node: BatchNormalization) -> tuple[str, str]:
    """How scale and offset were made, for the comments."""
    path = node.origin.path
    gamma = "gamma" if node.gamma is not None else "1"
    beta = "beta - " if node.beta is not None else "-"
    return (
        f"scale = {gamma} / sqrt(moving_variance + {node.epsilon}) of {path}",
        f"offset = {beta}moving_mean * scale of {path}",
    )
