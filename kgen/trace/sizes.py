"""Looking for how a size depends on lengths, from its values at some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import gcd

from kgen.ir.node import Node
from kgen.ir.size import Length, Size, at, is_multiple
from kgen.ir.value import Value

DIVISORS = range(2, 65)

ENOUGH = 16
"""How many values tell one quotient, rounded down, from all the others."""


class AmbiguousError(Exception):
    """Where more lengths have to be known to tell how a size depends on them."""


def size_of(
    found: Sequence[int],
    bases: Sequence[int],
    known: Sequence[Mapping[Length, int]],
    enough: int = ENOUGH,
) -> int | None:
    """The expression of `bases` that has the values `found` where the lengths are `known`: the
    simplest, or None if there is none.

    enough: how many values there must be to tell a quotient.
    Raises AmbiguousError where more lengths must be known to tell.
    """
    if len(set(found)) == 1:
        return found[0]
    sizes = [one for one in bases if isinstance(one, Size)]
    columns = [[at(base, lengths) for lengths in known] for base in sizes]
    for base, values in zip(sizes, columns, strict=True):
        if values == list(found):
            return base
    for base, values in zip(sizes, columns, strict=True):
        for candidate in _linear(base, values, found):
            if [at(candidate, lengths) for lengths in known] == list(found):
                return candidate
    for base, values in zip(sizes, columns, strict=True):
        ratio = max(values[0] // max(found[0], 1), 1)
        if is_multiple(base, ratio) and [value // ratio for value in values] == list(found):
            return base // ratio
    step = gcd(*found)
    quotients = list(_quotients(sizes, columns, [one // step for one in found]))
    if quotients and (len(known) < enough or len(quotients[0][1]) > 1):
        raise AmbiguousError(
            f"{found[0]}, {found[1]} and so on may be several quotients of lengths"
        )
    return quotients[0][0] * step if quotients else None


def sizes_near(node: Node, made: Mapping[Value, Value]) -> Iterator[int]:
    """The sizes of a node's inputs, and of their axes in a row together."""
    for value in node.inputs:
        shape = made.get(value, value).shape
        yield from shape
        for start in range(len(shape)):
            product = shape[start]
            for size in shape[start + 1 :]:
                product = product * size
                yield product


def products(sizes: Iterable[int]) -> Iterator[int]:
    """Each size times another one."""
    several = list(sizes)
    for place, one in enumerate(several):
        yield from (one * other for other in several[place:])


def _quotients(
    sizes: Sequence[Size], columns: Sequence[list[int]], found: Sequence[int]
) -> Iterator[tuple[int, range]]:
    """Each base divided and rounded down that may have these values, or the base less that; and the
    numbers that may be added before, of which it is with the first.
    """
    for base, values in zip(sizes, columns, strict=True):
        rest = [value - size for value, size in zip(values, found, strict=True)]
        for divisor in DIVISORS:
            if numbers := _remainders(values, found, divisor):
                yield (base + numbers[0]) // divisor, numbers
            if numbers := _remainders(values, rest, divisor):
                yield base - (base + numbers[0]) // divisor, numbers


def _linear(base: Size, values: list[int], found: Sequence[int]) -> Iterator[int]:
    """base * a + b through the first two points that differ."""
    other = next((n for n, value in enumerate(values) if value != values[0]), None)
    if other is None:
        return
    slope, rest = divmod(found[other] - found[0], values[other] - values[0])
    if not rest and slope:
        yield base * slope + (found[0] - values[0] * slope)


def _remainders(values: list[int], found: Sequence[int], divisor: int) -> range:
    """The numbers b for which (value + b) // divisor is what was found, at every point."""
    low = max(divisor * y - x for x, y in zip(values, found, strict=True))
    high = min(divisor * y - x + divisor - 1 for x, y in zip(values, found, strict=True))
    return range(low, high + 1)
