"""That the peers of the benchmarks get ONNX that computes what the Keras model does."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Input, Sequential, layers

from benchmarks.recurrent_onnx import activations
from tests.harness import randomize

RECURRENT = {
    "lstm": lambda: layers.LSTM(3),
    "lstm_relu": lambda: layers.LSTM(3, activation="relu"),
    "gru_relu": lambda: layers.GRU(3, activation="relu", recurrent_activation="softsign"),
    "rnn_relu": lambda: layers.SimpleRNN(3, activation="relu"),
    "both_ways": lambda: layers.Bidirectional(
        layers.LSTM(3, return_sequences=True), backward_layer=_backwards()
    ),
}


def _backwards() -> keras.Layer:
    return layers.LSTM(3, activation="relu", return_sequences=True, go_backwards=True)


def test_activations_in_their_order() -> None:
    lstm = layers.LSTM(3, activation="relu", recurrent_activation="softsign")
    assert activations(lstm) == ["Softsign", "Relu", "Relu"]
    assert activations(layers.GRU(3)) == ["Sigmoid", "Tanh"]
    assert activations(layers.SimpleRNN(3, activation="softplus")) == ["Softplus"]
    with pytest.raises(TypeError, match="no conversion of the activation gelu"):
        activations(layers.GRU(3, activation="gelu"))


@pytest.mark.parametrize("name", RECURRENT)
def test_onnx(name: str, tmp_path: Path) -> None:
    """Only where the peers are installed."""
    pytest.importorskip("tf2onnx")
    runtime = pytest.importorskip("onnxruntime")
    from benchmarks.contenders import _convert_to_onnx

    model = Sequential([Input((5, 4)), RECURRENT[name]()])
    randomize(model, 0)
    _convert_to_onnx(model, 2, tmp_path / "model.onnx")
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    session = runtime.InferenceSession(str(tmp_path / "model.onnx"))
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
