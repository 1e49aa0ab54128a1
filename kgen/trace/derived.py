"""Numbers that remember the rule by which a lowering computed them from a shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import getitem
from typing import Any, TypeAlias

Rule: TypeAlias = Callable[[Sequence[int]], Any]
"""From the shape of a node's first input to an option of the node: numbers, in tuples or not."""


class Derived(int):
    """A number in a node's options. Where lengths are open nobody needs to look for an expression
    that has its values: the rule, computed with Sizes, is it.
    """

    rule: Rule


def derived(rule: Rule, shape: Sequence[int]) -> Any:
    """rule(shape), each number in which remembers how it came about."""

    def remembering(part: Any, place: tuple[int, ...]) -> Any:
        if isinstance(part, tuple):
            return tuple(remembering(one, (*place, n)) for n, one in enumerate(part))
        number = Derived(part)
        number.rule = lambda sizes: reduce(getitem, place, rule(sizes))
        return number

    return remembering(rule(shape), ())
