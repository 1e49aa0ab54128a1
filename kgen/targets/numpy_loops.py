"""What the NumPy template of a Scan sees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kgen.ir.size import bare
from kgen.ir.value import Value


@dataclass(frozen=True, kw_only=True)
class Loops:
    """A node as the template of loops sees it. depth: how many loops there are around it.

    body: the lines of its body.
    """

    node: Any
    depth: int = 0
    body: Sequence[str] = ()

    def full(self, value: Value) -> str:
        """The sizes of a whole batch: (batch, 3)."""
        raise NotImplementedError

    def dtype_of(self, value: Value) -> str:
        """The element type as NumPy's name of it."""
        raise NotImplementedError

    @property
    def batch_word(self) -> str:
        """The name that the number of samples has, if something needs it."""
        raise NotImplementedError

    @property
    def at_once(self) -> bool:
        """Whether the steps may be samples of a larger batch, since none knows of another one."""
        node = self.node
        samples = [*node.elements, *(result for result, _ in node.stacked)]
        return (
            not node.initial
            and not node.backwards
            and node.axis == 1
            and all(value.batch == 0 and value.shape[0] == 1 for value in samples)
            and all(value.batch is None for value in node.captured)
            and not re.search(rf"^[^#]*\b{self.batch_word}\b", "\n".join(self.body), re.MULTILINE)
        )

    def steps_as_samples(self, element: Value) -> str:
        """The arguments of reshape: from a sequence to its elements."""
        return ", ".join(["-1", *map(bare, element.shape[1:])])

    def samples_as_steps(self, result: Value) -> str:
        """And back, from results to those of each sample."""
        return ", ".join(["-1", bare(self.node.steps), *map(bare, result.shape[1:])])

    @property
    def t(self) -> str:
        """The number of the step."""
        return "t" * (self.depth + 1)

    def at_step(self, place: str) -> str:
        """The index of a step's part: `:, t`."""
        return f"{':, ' * self.node.axis}{place}"

    @property
    def place(self) -> str:
        """Where in the sequences a step finds its element."""
        return f"-1 - {self.t}" if self.node.backwards else self.t

    @property
    def starts(self) -> list[tuple[str, str]]:
        """(state, what it is before the first step)"""
        texts = []
        for first, (state, _) in zip(self.node.initial, self.node.states, strict=True):
            if first is None:
                text = f"np.zeros({self.full(state)}, {self.dtype_of(state)})"
            elif first.batch is None and state.batch is not None:
                text = f"np.broadcast_to({first.name}, {self.full(state)})"
            else:
                text = first.name
            texts.append((state.name, text))
        return texts

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(sequence, its element at a step); what is captured is an element that never changes."""
        pairs = zip(self.node.sequences, self.node.elements, strict=True)
        return [(sequence.name, element.name) for sequence, element in pairs]

    @property
    def sequences(self) -> list[tuple[Value, Value]]:
        """(sequence, its element)"""
        return list(zip(self.node.sequences, self.node.elements, strict=True))

    @property
    def captured(self) -> list[tuple[str, str]]:
        """(name in the body, name outside)"""
        pairs = zip(self.node.outer, self.node.captured, strict=True)
        return [(inner.name, value.name) for inner, value in pairs]

    @property
    def moves(self) -> list[tuple[str, str]]:
        """(state, its new value) for states whose new value has another name."""
        pairs = [(before.name, after.name) for before, after in self.node.states]
        return [(before, after) for before, after in pairs if before != after]

    @property
    def last(self) -> list[tuple[str, str]]:
        """(state, output that it is after the last step)"""
        states = self.node.states
        return [(states[n][1].name, value.name) for n, value in self.node.finals.items()]
