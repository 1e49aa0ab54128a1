"""Several samples at once: what NAME_predict_batch runs where that is faster than one by one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kgen.ir.size import Given
from kgen.ir.value import Constant
from kgen.plan import Plan
from kgen.schedule.tile import FEW
from kgen.targets.c import CModel


@dataclass(frozen=True, eq=False)
class CBlock(CModel):
    """A second plan of a model, on the weights of the first one."""

    single: CModel

    def __post_init__(self) -> None:
        object.__setattr__(self, "expressions", self.single.expressions)

    @classmethod
    def of(cls, plan: Plan, single: CModel) -> CBlock:
        common = (plan, single.prefix, single.form, single.title, single.style)
        return cls(*common, single, avoided=single.avoided)

    @property
    def most(self) -> int:
        """The most samples at once."""
        return self._samples.bound

    @property
    def least(self) -> int:
        """Samples at once are a multiple of this."""
        return FEW

    @property
    def count(self) -> str:
        """What their number is called."""
        return self._samples.unit.name

    @property
    def _samples(self) -> Given:
        (samples,) = self.plan.graph.lengths
        return samples

    @property
    def ignored(self) -> list[str]:
        """The inputs that no step reads."""
        read = {value for node in self.plan.steps for value in node.activations}
        read |= {value for value, _ in self.plan.copies}
        places = [self.plan.places[value] for value in read if value in self.plan.places]
        numbers = {place.number for place in places if place.kind == "input"}
        return [p.name for number, p in enumerate(self.inputs) if number not in numbers]

    @property
    def own_workspace_bytes(self) -> int:
        """sizeof the library's own workspace: it is one sample's or the block's."""
        return max(self.workspace_bytes, self.single.workspace_bytes)

    @cached_property
    def names(self) -> dict[object, str]:
        """No name is the first plan's, but those of the weights."""
        first, start = self.single.names, len(self.prefix) + 1
        free = self._free_names(*(name[start:] for name in first.values()))
        weights = {c: first[own] for c, own in self._weights.items()}
        return self._function_names(free, "/block") | weights

    @cached_property
    def _weights(self) -> dict[Constant, Constant]:
        """Each constant as the first plan has it: the same array, planned a second time."""
        known = {id(constant.data): constant for constant in self.single.plan.graph.constants}
        return {constant: known[id(constant.data)] for constant in self.plan.graph.constants}

    def symbol(self, constant: Constant) -> str:
        return self.single.symbol(self._weights[constant])


def has_blocks(model: CModel) -> bool:
    """Whether there is a place for a block's intermediate results: the library's own workspace."""
    form = model.form
    static = form.workspace == "static" and not form.saving.singly
    return model.style == "fast" and static and not model.loads
