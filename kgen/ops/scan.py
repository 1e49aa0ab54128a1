"""A graph run once for each step of a sequence, which hands its states on to the next step."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.graph import Graph
from kgen.ir.node import GraphError, Node, Spec, forbid_batch, spec_of
from kgen.ir.value import Value


@dataclass(frozen=True, eq=False, kw_only=True)
class Scan(Node):
    """A loop over time.

    body: one step. Its inputs are the states before it, then its element of each of `sequences`,
        then `captured`; its outputs are the states after it, then its results.
    initial: the states before the first step, of the shape that they have in the body or shared by
        all samples; None for zeros.
    sequences: arrays with the steps along `axis`, in front of which there is at most the batch.
    captured: what every step sees alike.
    picks: for each of the node's outputs the number of the body's output that it shows: a state as
        it is after the last step, a result for all steps, in their order, along `axis`.
    backwards: whether the first step sees the last element of the sequences.
    """

    body: Graph
    initial: tuple[Value | None, ...]
    sequences: tuple[Value, ...]
    captured: tuple[Value, ...]
    steps: int
    axis: int
    backwards: bool
    picks: tuple[int, ...]

    @property
    def states(self) -> tuple[tuple[Value, Value], ...]:
        """In the body: each state before and after the step."""
        count = len(self.initial)
        return tuple(zip(self.body.inputs[:count], self.body.outputs[:count], strict=True))

    @property
    def elements(self) -> tuple[Value, ...]:
        """In the body: the step's element of each sequence."""
        first = len(self.initial)
        return self.body.inputs[first : first + len(self.sequences)]

    @property
    def outer(self) -> tuple[Value, ...]:
        """In the body: the captured values."""
        return self.body.inputs[len(self.initial) + len(self.sequences) :]

    @property
    def finals(self) -> dict[int, Value]:
        """The outputs that show a state after the last step, by the state's number."""
        pairs = zip(self.picks, self.outputs, strict=True)
        return {pick: value for pick, value in pairs if pick < len(self.initial)}

    @property
    def stacked(self) -> tuple[tuple[Value, Value], ...]:
        """(result of a step in the body, output that holds it for all steps)"""
        pairs = zip(self.picks, self.outputs, strict=True)
        return tuple((self.body.outputs[p], v) for p, v in pairs if p >= len(self.initial))

    def word_for(self, value: Value) -> str:
        pick = self.picks[self.outputs.index(value)]
        label = self.body.inputs[pick].label
        return f"last_{label}" if pick < len(self.initial) and label else "all"

    @property
    def exact(self) -> bool:
        """Its results are those of the body."""
        return True

    @property
    def can_fail(self) -> bool:
        return any(node.can_fail for node in self.body.nodes)

    @property
    def error(self) -> str:
        errors = {node.error for node in self.body.nodes if node.can_fail}
        return errors.pop() if len(errors) == 1 else ""

    @property
    def macs(self) -> int:
        return self.steps * sum(node.macs for node in self.body.nodes)

    @property
    def formula(self) -> str:
        order = ", the last element first" if self.backwards else ""
        starts = ", ".join(
            f"{before.label or before.name} = {'0' if first is None else first.name}"
            for first, (before, _) in zip(self.initial, self.states, strict=True)
        )
        before = f"; before the first: {starts}" if starts else ""
        return f"{self.steps} steps along axis {self.axis}{order}{before}"

    def infer(self) -> Spec:
        return self.infer_all()[0]

    def infer_all(self) -> tuple[Spec, ...]:
        finals = len(self.initial)
        return tuple(
            spec_of(value) if pick < finals else self._over_steps(value)
            for pick, value in ((pick, self.body.outputs[pick]) for pick in self.picks)
        )

    def _over_steps(self, value: Value) -> Spec:
        """The spec of a step's value for all steps together."""
        shape = (*value.shape[: self.axis], self.steps, *value.shape[self.axis :])
        batch = value.batch
        return Spec(shape, value.dtype, batch if batch is None or batch < self.axis else batch + 1)

    def check(self) -> None:
        self.body.check()
        for before, after in self.states:
            if spec_of(before) != spec_of(after):
                raise GraphError(f"{self.name}: a state begins as {before} and ends as {after}")
        for first, (before, _) in zip(self.initial, self.states, strict=True):
            if first is not None and (first.shape, first.dtype) != (before.shape, before.dtype):
                raise GraphError(f"{self.name}: the state {before} starts as {first}")
        for sequence, element in zip(self.sequences, self.elements, strict=True):
            forbid_batch(sequence, (self.axis,), "step along")
            if spec_of(sequence) != self._over_steps(element):
                raise GraphError(f"{self.name}: {element} is no step of {sequence}")
            if prod(sequence.shape[: self.axis]) != 1:
                raise GraphError(f"{self.name}: the steps of {sequence} are not in a row")
        for value, inner in zip(self.captured, self.outer, strict=True):
            if spec_of(value) != spec_of(inner):
                raise GraphError(f"{self.name}: {value} is called {inner} in the body")
        super().check()
