"""Looking for how a size depends on lengths, from its values at some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kgen.ir.node import Node
from kgen.ir.size import Length, Size, at
from kgen.ir.value import Value

DIVISORS = range(2, 65)


def size_of(
    found: Sequence[int], bases: Sequence[int], known: Sequence[Mapping[Length, int]]
) -> int | None:
    """The expression of `bases` that has the values `found` where the lengths are `known`: the
    simplest, or None if there is none.
    """
    if len(set(found)) == 1:
        return found[0]
    for candidate in _candidates(found, bases, known):
        if [at(candidate, lengths) for lengths in known] == list(found):
            return candidate
    return None


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


def _candidates(
    found: Sequence[int], bases: Sequence[int], known: Sequence[Mapping[Length, int]]
) -> Iterator[int]:
    """Expressions that may have these values, the simplest first."""
    sizes = [one for one in bases if isinstance(one, Size)]
    columns = [[at(base, lengths) for lengths in known] for base in sizes]
    for base, values in zip(sizes, columns, strict=True):
        if values == found:
            yield base
    for base, values in zip(sizes, columns, strict=True):
        yield from _linear(base, values, found)
    for base, values in zip(sizes, columns, strict=True):
        for divisor in DIVISORS:
            numbers = _remainders(values, found, divisor)
            if len(numbers) == 1:
                yield (base + numbers[0]) // divisor


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
