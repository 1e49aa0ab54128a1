"""The recipe of ConvLSTM1D, 2D and 3D: an LSTM whose products are convolutions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kgen.diagnosis.activations import of_name
from kgen.diagnosis.convolution import convolved, kernel_choice
from kgen.diagnosis.loop import Loop
from kgen.diagnosis.loop_choices import LSTM_ORDERS, bias_choice, order_choice
from kgen.diagnosis.recipe import Part, Picks, Recipe, Step, double
from kgen.diagnosis.recurrent import LSTM_GATES, loop_choices, lstm_cell, lstm_choices
from kgen.diagnosis.registry import recipe
from kgen.diagnosis.windows import Grid, grid, is_channels_first, padding_choice
from kgen.trace.calls import Call


@recipe("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def conv_lstm(call: Call) -> Recipe | None:
    """Inside, channels are last, whatever the layer has."""
    kernel, inner = call.weight("kernel"), call.weight("recurrent_kernel")
    settings = [of_name(call.config.get(n)) for n in ("activation", "recurrent_activation")]
    if kernel is None or inner is None or None in settings or call.config.get("stateful"):
        return None
    rank = kernel.ndim - 2
    frame = replace(call, inputs=(call.inputs[0][:, 0],))
    where = grid(frame, kernel.shape[:rank])
    if where is None:
        return None
    first = is_channels_first(call)
    image = call.outputs[0].shape[-rank:] if first else call.outputs[0].shape[-rank - 1 : -1]
    around = Grid(tuple(image), inner.shape[:rank], (1,) * rank, (1,) * rank)

    def product(x: np.ndarray, picks: Picks) -> np.ndarray:
        frames = x.reshape(-1, *x.shape[2:])
        made = convolved(frames, picks["kernel"], where, picks["padding"])
        return made.reshape(*x.shape[:2], *made.shape[1:])

    def again(h: np.ndarray, picks: Picks) -> np.ndarray:
        return convolved(h, picks["recurrent"], around, around.same)

    def moved(arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """With the channels last; x has a time axis more than states have."""
        if not first:
            return arrays
        images = len(arrays) - (call.mask is not None)
        return tuple(
            np.moveaxis(a, -rank - 1, -1) if n < images else a for n, a in enumerate(arrays)
        )

    def back(array: np.ndarray) -> np.ndarray:
        return np.moveaxis(array, -1, -rank - 1) if first else array

    def run(inputs: tuple[np.ndarray, ...], picks: Picks) -> np.ndarray:
        return back(loop.outputs(moved(inputs), picks))

    def parts(inputs: tuple[np.ndarray, ...], picks: Picks) -> list[Part]:
        found = loop.parts(moved(inputs), picks)
        return [replace(part, array=back(part.array)) for part in found]

    bias = call.weight("bias")
    choices = (
        bias_choice(None if bias is None else double(bias), inner.shape[-1]),
        kernel_choice(double(kernel)),
        kernel_choice(double(inner), "recurrent", "the recurrent kernel", 1),
        padding_choice(frame, where),
        *loop_choices(call),
        order_choice(LSTM_GATES, LSTM_ORDERS),
        *lstm_choices(),
    )
    loop = Loop(call, lstm_cell(again), 2, (*image, inner.shape[-1] // 4), product)
    return Recipe(call, (Step("output", choices, run, parts=parts),), costly=True, alone=True)
