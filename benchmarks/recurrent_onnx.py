"""ONNX for recurrent models, with ONNX's own LSTM and GRU.

tf2onnx makes a Loop of each recurrent layer, an order of magnitude slower: no fair comparison.
https://onnx.ai/onnx/operators/onnx__LSTM.html, https://onnx.ai/onnx/operators/onnx__GRU.html
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import onnx
from keras import layers
from onnx import helper, numpy_helper


def is_recurrent(model: keras.Model) -> bool:
    return any(isinstance(layer, layers.LSTM | layers.GRU) for layer in model.layers)


class Chain:
    """A graph as it grows. last: the name of the tensor that the next node reads."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.last = "x"

    def add(self, kind: str, *arrays: np.ndarray, outputs: int = 1, **attributes: Any) -> None:
        """A node that reads the last tensor and the arrays, and whose last output counts."""
        number = len(self.nodes)
        names = [f"{kind}_{number}_{k}" for k in range(len(arrays))]
        self.constants += map(numpy_helper.from_array, arrays, names)
        made = ["" for _ in range(outputs - 1)] + [f"y_{number}"]
        self.nodes.append(helper.make_node(kind, [self.last, *names], made, **attributes))
        self.last = made[-1]


def convert(model: keras.Model, batch: int) -> onnx.ModelProto:
    """Of a chain of LSTM or GRU layers, then Dense ones; raises TypeError for any other layer.

    The input x is (batch, steps, features), as Keras has it.
    """
    chain = Chain()
    chain.add("Transpose", perm=[1, 0, 2])  # to (steps, batch, features)
    for layer in model.layers:
        match layer:
            case layers.LSTM() | layers.GRU():
                add_recurrent(chain, layer)
            case layers.Dense():
                kernel, bias = map(np.asarray, layer.get_weights())
                chain.add("Gemm", kernel, bias)
                if layer.activation is keras.activations.softmax:
                    chain.add("Softmax")
                elif layer.activation is not keras.activations.linear:
                    raise TypeError(f"{layer.name}: no conversion of its activation")
            case _:
                raise TypeError(f"{layer.name}: no conversion of {type(layer).__name__}")
    shapes = {"x": (batch, *model.input_shape[1:]), chain.last: (batch, *model.output_shape[1:])}
    inputs, outputs = (
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)]
        for name, shape in shapes.items()
    )
    graph = helper.make_graph(chain.nodes, "recurrent", inputs, outputs, chain.constants)
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8)


def add_recurrent(chain: Chain, layer: keras.Layer) -> None:
    """Keras's gates are i f c o, or z r h; ONNX's i o f c, or z r h, in rows and not columns."""
    kernel, recurrent, bias = map(np.asarray, layer.get_weights())
    kind, options = type(layer).__name__, {}
    if kind == "LSTM":
        kernel, recurrent, bias = map(_reordered, (kernel, recurrent, bias))
        bias = np.concatenate([bias, np.zeros_like(bias)])
    else:
        options["linear_before_reset"] = 1  # Keras's reset_after
    whole = layer.return_sequences
    chain.add(
        kind,
        kernel.T[None].copy(),
        recurrent.T[None].copy(),
        bias.reshape(1, -1),
        outputs=1 if whole else 2,
        hidden_size=layer.units,
        **options,
    )
    # (steps, 1, batch, units), or the last step's (1, batch, units)
    chain.add("Squeeze", np.array([1 if whole else 0]))


def _reordered(gates: np.ndarray) -> np.ndarray:
    i, f, c, o = np.split(gates, 4, axis=-1)
    return np.concatenate([i, o, f, c], axis=-1)
