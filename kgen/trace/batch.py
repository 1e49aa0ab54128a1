"""The number that stands for the batch's length while a model is traced."""

from __future__ import annotations

import json
import re

import keras


def batch_length(model: keras.Model) -> int:
    """A prime that divides no length in the model, to stand for the batch while tracing."""
    lengths = {size for weight in model.weights for size in weight.shape if size}
    for layer in model._flatten_layers():
        try:
            text = json.dumps(layer.get_config(), default=str)
        except Exception:
            continue  # a custom layer without get_config; its weights are counted
        lengths.update(int(number) for number in re.findall(r"\d+", text) if len(number) < 12)
    candidate = 1009
    while not _is_prime(candidate) or any(length and length % candidate == 0 for length in lengths):
        candidate += 2
    return candidate


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))
