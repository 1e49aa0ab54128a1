"""What a model computes as it learns: `kgen.ExplainCallback`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgen.errors import ExportError
from kgen.explanation.build import explain
from kgen.explanation.inputs import Given, model_inputs, pinned
from kgen.explanation.observe import observe
from kgen.explanation.page_data import Json, PageData, values_of
from kgen.explanation.report import Explanation, saved
from kgen.explanation.weights import Weights
from kgen.pipeline import Export, ModelOptions

PAGE_NUMBERS = 900_000
"""As many numbers all frames of a page have together; of more frames some are left out."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The model after an epoch (0 is before the first).

    loss: the epoch's; None before the first. weights: by name, in the order of `get_weights`.
    outputs: of every layer, by its name. numbers: of all values of the graph, in its
    order.
    """

    epoch: int
    loss: float | None
    weights: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    numbers: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class History:
    """The frames of a training, as the page plays them back."""

    frames: tuple[Frame, ...]

    def as_json(self, data: PageData, weights: Sequence[int]) -> Json:
        """data: of the page. weights: those that it shows beside the graph's constants, by their
        places in the model's get_weights().
        """
        values = list(data.ids)
        return {
            "epochs": [frame.epoch for frame in self.frames],
            "loss": [frame.loss for frame in self.frames],
            "frames": [
                data.arrays(dict(zip(values, frame.numbers, strict=True))) for frame in self.frames
            ],
            "weights": [
                [data.encoded(all_weights[place]) for place in weights]
                for all_weights in (list(frame.weights.values()) for frame in self.frames)
            ],
        }

    def thinned(self, numbers: int) -> History:
        """As many of the frames, evenly, as have so many numbers; the last one is among them."""
        each = sum(array.size for array in self.frames[-1].numbers)
        most = max(numbers // max(each, 1), 2)
        if len(self.frames) <= most:
            return self
        picked = np.linspace(0, len(self.frames) - 1, most).round().astype(int)
        return History(tuple(self.frames[place] for place in dict.fromkeys(picked.tolist())))


class ExplainCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Records what the model computes every so many epochs of `model.fit`, and writes a page that
    plays it back.

    every: epochs from frame to frame; the first and the last are always recorded.
    input: the samples to watch, as of `kgen.explain`; random ones if None.
    path: of the page, which is written when the training ends; none if it is None.
    Raises ExportError, when the training begins, for a model or inputs that kgen.explain refuses.
    """

    def __init__(
        self,
        every: int = 10,
        input: Given = None,  # noqa: A002  the user's word
        path: str | Path | None = None,
    ) -> None:
        super().__init__()
        if every < 1:
            raise ExportError(f"ExplainCallback(every={every}): one epoch is the least.")
        self.every = every
        self.input = input
        self.path = path
        self.frames: list[Frame] = []
        self._inputs: list[np.ndarray] = []
        self._last: tuple[int, float | None] = (0, None)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        job = self._job()
        self._inputs = model_inputs(self.input, job)
        self.frames = [self._frame(0, None)]

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss")
        self._last = epoch + 1, None if loss is None else float(loss)
        if (epoch + 1) % self.every == 0:
            self.frames.append(self._frame(*self._last))

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.frames[-1].epoch != self._last[0]:
            self.frames.append(self._frame(*self._last))
        if self.path is not None:
            self.to_html(self.path)

    def _job(self) -> Export:
        return pinned(self.input, Export.of(ModelOptions(self.model)))

    def _frame(self, epoch: int, loss: float | None) -> Frame:
        """The model as it is now, traced anew: its constants are the weights."""
        graph = self._job().traced
        arrays = observe(graph, self._inputs)
        paths = {layer.path for layer in graph.layers}
        made = {value.name: value for node in graph.nodes for value in node.outputs}
        return Frame(
            epoch=epoch,
            loss=loss,
            weights=dict(zip(Weights(self.model).in_order, self.model.get_weights(), strict=True)),
            outputs={name: arrays[value] for name, value in made.items() if name in paths},
            numbers=tuple(arrays[value] for value in values_of(graph)),
        )

    def explanation(self) -> Explanation:
        """Of the model as it is now, for the samples that were watched."""
        names = [value.name for value in self._job().traced.arguments]
        return explain(self.model, dict(zip(names, self._inputs, strict=True)))

    def to_html(self, path: str | Path | None = None) -> str:
        """The page with the recorded epochs; written to the file, if one is named."""
        from kgen.explanation.page import render

        if not self.frames:
            raise ExportError("ExplainCallback has nothing recorded: pass it to model.fit first.")
        history = History(tuple(self.frames)).thinned(PAGE_NUMBERS)
        return saved(render(self.explanation(), history), path)
