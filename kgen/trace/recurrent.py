"""Tracing loops over time: `backend.rnn`, with which Keras's recurrent layers run their cells,
makes a Scan node whose body is one traced step.

What a mask does is part of the body, written with keras.ops: a state stays as it was, an output is
repeated, or zero (`keras/src/backend/tensorflow/rnn.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops, tree

from kgen.ir.node import Origin
from kgen.ir.value import Constant
from kgen.trace import gates
from kgen.trace.body import BodyTrace, State
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.memory import Memory, Remembered


class Loops:
    """The functions of the backend that run a cell over time, for one builder.

    origin: the layer that is being traced. cell: its cell, or None. memory: of stateful
    layers. one_step: whether every layer remembers its states, to go on at the next call.
    """

    def __init__(
        self,
        builder: Builder,
        origin: Callable[[], Origin],
        cell: Callable[[], Any],
        memory: Memory,
        one_step: bool = False,
    ) -> None:
        self.one_step = one_step
        self.builder = builder
        self.memory = memory
        self.origin = origin
        self.cell = cell

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """What stands in for the backend's functions of these names."""
        fused = ("lstm", "gru", "bidirectional_lstm", "bidirectional_gru")
        return {
            "rnn": self.rnn,
            "convert_to_tensor": self.memory.convert_to_tensor,
            **dict.fromkeys(fused, _no_fused_kernel),
        }

    def call_of(self, layer: keras.Layer) -> Callable[..., Any] | None:
        """What is traced in place of a layer's own call, if it is a loop."""
        if isinstance(layer, keras.layers.TimeDistributed):
            return self._time_distributed
        return None

    def _time_distributed(
        self, layer: Any, inputs: Any, training: Any = None, mask: Any = None
    ) -> Any:
        """The inner layer on each step; Keras writes the steps out one by one."""
        with BodyTrace(self.builder, self.origin(), axis=1, backwards=False) as body:
            x = body.element(inputs, "x")
            kwargs = {"training": training} if layer.layer._call_has_training_arg else {}
            if layer.layer._call_has_mask_arg and mask is not None:
                kwargs["mask"] = body.element(mask, "mask")
            y = layer.layer.symbolic_call(x, **kwargs)
            numbers = tree.map_structure(body.result, y)
        return tree.map_structure(body.stacked, numbers)

    def rnn(
        self,
        step_function: Callable[..., Any],
        inputs: Any,
        initial_states: Any,
        go_backwards: bool = False,
        mask: Any = None,
        constants: Any = None,
        unroll: bool = False,
        input_length: Any = None,
        time_major: bool = False,
        zero_output_for_mask: bool = False,
        return_all_outputs: bool = True,
    ) -> tuple[Any, Any, Any]:
        """(last output, outputs of all steps, last states), as `keras.backend.rnn` returns them.

        An unrolled loop computes the same.
        """
        if time_major:
            inputs = tree.map_structure(_swap_time_and_batch, inputs)
            mask = _swap_time_and_batch(mask) if mask is not None else None
        if mask is not None:
            mask = ops.cast(mask, "bool")
            mask = ops.expand_dims(mask, -1) if len(mask.shape) == 2 else mask

        def step(x: Any, states: Any) -> Any:
            return step_function(x, (*tuple(states), *(constants or ())))

        last, outputs, states = self._loop(
            step, inputs, initial_states, go_backwards, mask, zero_output_for_mask
        )
        return last, _swap_time_and_batch(outputs) if time_major else outputs, states

    def _loop(
        self, step: Any, inputs: Any, initial_states: Any, backwards: bool, mask: Any, zero: bool
    ) -> tuple[Any, Any, Any]:
        """The same, along axis 1. mask: (batch, time, 1) or None. zero: what to output for what is
        masked, instead of the output before.
        """
        initial = tree.flatten(initial_states)
        labels = gates.state_labels(self.cell(), len(initial))
        kept: list[Remembered] = []
        if self.one_step and not all(map(self.memory.holds, initial)):
            kept = self._kept(initial, labels, backwards)
            initial = [entry.tensor for entry in kept]
        with BodyTrace(self.builder, self.origin(), axis=1, backwards=backwards) as body:
            before = [body.state(one, label) for one, label in zip(initial, labels, strict=True)]
            x = tree.map_structure(lambda sequence: body.element(sequence, "x"), inputs)
            keep = body.element(mask, "mask") if mask is not None else None
            states = tree.pack_sequence_as(initial_states, [state.tensor for state in before])
            output, after = step(x, states)
            new = tree.flatten(after)
            held = [_where(keep, a, b.tensor) for a, b in zip(new, before, strict=True)]
            for state, value, unmasked in zip(before, held, new, strict=True):
                body.hand_on(state, value)
                body.call(unmasked, f"new_{state.label}")
            repeated = keep is not None and not zero
            shown = [
                number
                for number, state in enumerate(before)
                if new[number] is output
                and (keep is None or (repeated and (state.zero or self.one_step)))
            ]
            if shown:  # the output is a state
                last, output = before[shown[0]], held[shown[0]]
            else:
                last = self._last(body, output, repeated, kept)
                output = _where(keep, output, 0 if zero else last.tensor)
                body.hand_on(last, output)
            outputs = body.result(output)
        for entry, state in zip(kept, [*before, last], strict=False):
            entry.tensor = body.final(state)
        finals = tree.pack_sequence_as(initial_states, [body.final(state) for state in before])
        return body.final(last), body.stacked(outputs), finals

    def _kept(self, initial: list[Any], labels: list[str], backwards: bool) -> list[Remembered]:
        """States that a call hands on to the next one."""
        if backwards:
            raise UnsupportedError(
                "it begins at the end of the sequence, which a function of one step can't see; "
                "export it without --step"
            )
        kept = []
        for state, label in zip(initial, labels, strict=True):
            value = self.builder.value(state)
            if not isinstance(value, Constant) or value.data.any():
                raise UnsupportedError(
                    "it starts from a state that is given to it; export what comes before it by "
                    "itself, and this part with the state as that of a stateful layer"
                )
            kept.append(
                self.memory.keep(self.origin().path, label, (1, *value.shape[1:]), value.dtype)
            )
        return kept

    def _last(self, body: BodyTrace, output: Any, repeated: bool, kept: list[Remembered]) -> State:
        """The state that holds the output of the step before. repeated: whether a step reads it."""
        if not (kept and repeated):
            return body.state_like(output, "last")
        like = self.builder.value(output)
        kept.append(self.memory.keep(self.origin().path, "last", like.shape, like.dtype))
        return body.state(kept[-1].tensor, "last")


def is_step(outer: keras.Layer, layer: keras.Layer) -> bool:
    """Whether the layer is what a TimeDistributed does at each step. Keras calls such a layer's
    `call` itself: a quantized kernel's integers are then taken for the kernel, without their scale.
    """
    return isinstance(outer, keras.layers.TimeDistributed) and outer.layer is layer


def _where(keep: Any, new: Any, old: Any) -> Any:
    """The new tensor where `keep`, of shape (batch, 1), holds; always if it is None."""
    if keep is None:
        return new
    for _ in range(len(new.shape) - len(keep.shape)):
        keep = ops.expand_dims(keep, -1)
    return ops.where(keep, new, old)


def _swap_time_and_batch(x: Any) -> Any:
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))


def _no_fused_kernel(*args: Any, **kwargs: Any) -> Any:
    """Keras then falls back on its own loop, as it does without a GPU."""
    raise NotImplementedError
