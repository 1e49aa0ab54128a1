"""Sizes that depend on lengths which are known when the exported code runs.

A Size is the integer that it is at the lengths' bounds, for planning memory, and remembers how it
comes about: a polynomial in Lengths. Shape rules that are written with + - * // keep it. What is no
polynomial, a quotient rounded down or the larger of two, is a Length of its own, which the exported
code computes once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from math import gcd, prod
from typing import Any, Literal

Monomial = tuple["Length", ...]
Terms = dict[Monomial, int]


@dataclass(frozen=True)
class Length:
    """A number known at run time.

    key: of a given one what the user calls it; "" of one that is computed.
    bound: what it is where all given lengths are at their bounds.
    function: "given", or how it is computed from the operands: "floor" of a quotient, or "max".
    name: of the variable that holds it, plus `shift`; "" until the graph is planned.
    """

    key: str
    bound: int
    function: Literal["given", "floor", "max"] = "given"
    operands: tuple[int, ...] = ()
    name: str = field(default="", compare=False)
    shift: int = field(default=0, compare=False)

    @cached_property
    def order(self) -> tuple[bool, str]:
        """What lengths are sorted by: given ones come first."""
        operands = ",".join(_structure(operand) for operand in self.operands)
        return self.function != "given", f"{self.key}{self.function}({operands})"

    @property
    def text(self) -> str:
        """What it is, in Python's words."""
        if self.function == "given":
            return self.name or self.key
        a, b = self.operands
        return f"max({bare(a)}, {bare(b)})" if self.function == "max" else f"({a} // {b})"

    @property
    def definition(self) -> tuple[int, ...]:
        """The operands of what the variable holds."""
        if self.function != "floor":
            return self.operands
        top, divisor = self.operands
        return top + self.shift * divisor, divisor


@dataclass(frozen=True)
class Given:
    """A length that the caller gives: at least `least`, at most `bound`, a multiple of `multiple`.

    name: as the user has it. unit: how many times `multiple` it is.
    apart: lengths at which Keras calls other operations, so that only numbers tell whether the
        graph is right there; the same places in all of a model's lengths belong together.
    """

    name: str
    bound: int
    unit: Length
    multiple: int = 1
    least: int = 1
    apart: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """The length as a size."""
        return Size.of({(self.unit,): self.multiple})

    def takes(self, length: int) -> bool:
        return self.least <= length <= self.bound and length % self.multiple == 0

    @property
    def condition(self) -> str:
        """Which lengths it takes, in words."""
        multiples = f", a multiple of {self.multiple}" if self.multiple > 1 else ""
        return f"from {self.least} to {self.bound}{multiples}"


class Size(int):
    """An integer that depends on lengths; equal to another one if it is that at any lengths."""

    terms: tuple[tuple[Monomial, int], ...]

    @staticmethod
    def of(terms: Mapping[Monomial, int]) -> int:
        """The sum of coefficient times monomial; a plain integer if it depends on nothing."""
        kept = {key: factor for key, factor in terms.items() if factor}
        if not any(kept):
            return kept.get((), 0)
        # Higher powers first, the constant last.
        order = sorted(kept, key=lambda key: (-len(key), [length.order for length in key]))
        size = Size(sum(kept[key] * prod(one.bound for one in key) for key in order))
        size.terms = tuple((key, kept[key]) for key in order)
        return size

    # Arithmetic

    def __add__(self, other: int) -> int:
        total = dict(self.terms)
        for key, factor in terms_of(other).items():
            total[key] = total.get(key, 0) + factor
        return Size.of(total)

    def __mul__(self, other: int) -> int:
        total: Terms = {}
        for one, a in self.terms:
            for two, b in terms_of(other).items():
                key = tuple(sorted((*one, *two), key=lambda length: length.order))
                total[key] = total.get(key, 0) + a * b
        return Size.of(total)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> int:
        return self * -1

    def __sub__(self, other: int) -> int:
        return self + other * -1

    def __rsub__(self, other: int) -> int:
        return self * -1 + other

    def __abs__(self) -> int:
        return self if self > 0 else -self

    def __floordiv__(self, other: int) -> int:
        return _exact_quotient(self, other) if isinstance(other, Size) else _floor(self, other)

    def __mod__(self, other: int) -> int:
        return self - self // other * other

    def _refused(self, *_: Any) -> Any:
        raise TypeError(f"a size that depends on a length can't be used so: {self!r}")

    __rfloordiv__ = __rmod__ = __pow__ = __rpow__ = __lshift__ = __rshift__ = _refused
    __divmod__ = __rdivmod__ = _refused

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and self.terms == other.terms

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.terms)

    def __bool__(self) -> bool:
        return True  # it may be zero at the bound and not elsewhere

    # Text

    @cached_property
    def named(self) -> dict[tuple[str, ...], int]:
        """The terms by the names of their variables."""
        found: dict[tuple[str, ...], int] = {}
        for key, factor in self.terms:
            for names, number in _expanded(key).items():
                found[names] = found.get(names, 0) + factor * number
        return {names: factor for names, factor in found.items() if factor}

    @property
    def bare(self) -> str:
        """`tokens * 4 + 2`: the expression in C and Python alike, once its lengths have names."""
        text = ""
        positive_first = sorted(self.named.items(), key=lambda term: term[1] < 0)
        for position, (names, factor) in enumerate(positive_first):
            number = abs(factor)
            part = " * ".join(names if number == 1 and names else (*names, str(number)))
            sign = "-" if factor < 0 else "+"
            text += (f" {sign} " if position else sign.strip("+")) + part
        return text

    def __str__(self) -> str:
        """The same, in parentheses unless it is one name."""
        bare = self.bare
        return bare if bare.isidentifier() else f"({bare})"

    @property
    def factor(self) -> str:
        """What can stand behind a multiplication sign."""
        return f"({self.bare})" if any(sign in self.bare for sign in "+-") else self.bare

    def __repr__(self) -> str:
        return self.bare

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def _structure(x: int) -> str:
    """What two sizes have in common if and only if they are equal."""
    parts = [f"{factor}*{[one.order for one in key]}" for key, factor in terms_of(x).items()]
    return "+".join(parts)


def _expanded(key: Monomial) -> dict[tuple[str, ...], int]:
    """A product of lengths as a sum of products of variables, by their names."""
    found: dict[tuple[str, ...], int] = {(): 1}
    for length in key:
        longer: dict[tuple[str, ...], int] = {}
        for names, factor in found.items():
            more = (*names, length.name or length.text)
            longer[more] = longer.get(more, 0) + factor
            longer[names] = longer.get(names, 0) - factor * length.shift
        found = longer
    return found


def terms_of(x: int) -> Terms:
    return dict(x.terms) if isinstance(x, Size) else {(): int(x)}


def _exact_quotient(x: int, divisor: Size) -> int:
    """x / divisor where that is a polynomial, else a TypeError."""
    rest, quotient = x, 0
    lead, factor = divisor.terms[0]
    while isinstance(rest, Size):
        key, top = rest.terms[0]
        left = list(key)
        for length in lead:
            if length not in left:
                raise TypeError(f"{x!r} is no multiple of {divisor!r}")
            left.remove(length)
        if top % factor:
            raise TypeError(f"{x!r} is no multiple of {divisor!r}")
        part = Size.of({tuple(left): top // factor})
        quotient, rest = part + quotient, rest - divisor * part
    if rest:
        raise TypeError(f"{x!r} is no multiple of {divisor!r}")
    return quotient


def _floor(x: Size, divisor: int) -> int:
    """x / divisor, rounded down: what divides evenly, plus a Length for the rest.

    In that rest no number is negative, so that C, which rounds towards zero, agrees.
    """
    if divisor <= 0:
        raise TypeError(f"{x!r} can't be divided by {divisor}")
    whole: Terms = {}
    rest: Terms = {}
    for key, factor in x.terms:
        whole[key], rest[key] = divmod(factor, divisor)
    above = Size.of({key: factor for key, factor in rest.items() if key})
    if not isinstance(above, Size):
        return Size.of(whole)
    shared = gcd(divisor, *(factor for _, factor in above.terms))
    above = Size.of({key: factor // shared for key, factor in above.terms})
    assert isinstance(above, Size)
    number, divisor = rest.get((), 0) // shared, divisor // shared
    if divisor == 1:
        return Size.of(whole) + above + number
    (key, factor), *more = above.terms
    inner = key[0]
    if not more and factor == 1 and len(key) == 1 and inner.function == "floor":
        # Of a quotient rounded down, plus a number: one quotient.
        top, below = inner.operands
        return Size.of(whole) + (top + number * below) // (below * divisor)
    top = above + number
    length = Length("", int.__floordiv__(int(top), divisor), "floor", (top, divisor))
    return Size.of(whole) + Size.of({(length,): 1})


def is_multiple(x: int, number: int) -> bool:
    """Whether x is a multiple of the number at any lengths, as its terms tell."""
    return all(factor % number == 0 for factor in terms_of(x).values())


def maximum(a: int, b: int) -> int:
    """The larger one at whatever lengths; Python's max would look at the bounds alone."""
    gap = a - b
    if not isinstance(gap, Size):
        return a if gap >= 0 else b
    if all(factor >= 0 for _, factor in gap.terms):
        return a
    if all(factor <= 0 for _, factor in gap.terms):
        return b
    return Size.of({(Length("", max(int(a), int(b)), "max", (a, b)),): 1})


def minimum(a: int, b: int) -> int:
    """The smaller one; see maximum."""
    return a + b - maximum(a, b)


def at(x: int, known: Mapping[Length, int]) -> int:
    """The size at given lengths: a plain integer."""
    if not isinstance(x, Size):
        return int(x)
    total = 0
    for key, factor in x.terms:
        total += factor * prod(_value(one, known) for one in key)
    return total


def _value(length: Length, known: Mapping[Length, int]) -> int:
    if length.function == "given":
        return known[length]
    a, b = (at(operand, known) for operand in length.operands)
    return a // b if length.function == "floor" else max(a, b)


def at_bound(x: int) -> int:
    """The size at the lengths' bounds: a plain integer."""
    return int(x.__int__())


def lengths_in(found: Any) -> Iterator[Length]:
    """Every length in a size, those that it is computed from first; or in tuples and small
    dataclasses of sizes.
    """
    for one in _parts(found):
        yield from lengths_in(one)
    if isinstance(found, Size):
        for key, _ in found.terms:
            for length in key:
                yield from lengths_in(length.operands)
                yield length


def named_in(found: Any) -> Iterator[Length]:
    """The lengths that the text of sizes names; see lengths_in."""
    for one in _parts(found):
        yield from named_in(one)
    if isinstance(found, Size):
        for key, _ in found.terms:
            yield from key


def _parts(found: Any) -> Iterator[Any]:
    if isinstance(found, tuple):
        yield from found
    elif is_dataclass(found) and getattr(type(found), "holds_sizes", False):
        yield from (getattr(found, one.name) for one in fields(found))


def bare(x: int) -> str:
    """The text of a size where nothing binds tighter than a comma or a comparison."""
    return x.bare if isinstance(x, Size) else str(x)


def is_fixed(sizes: Iterable[int]) -> bool:
    """Whether none of the sizes depends on a length."""
    return not any(isinstance(size, Size) for size in sizes)


def written(x: int, name: Callable[[Length], str]) -> str:
    """The size in Python's words, from given lengths alone. name: of a given length's unit."""
    if not isinstance(x, Size):
        return str(x)
    parts = []
    for key, factor in x.terms:
        texts = [_written(one, name) for one in key]
        parts.append(" * ".join(texts if factor == 1 and texts else [*texts, str(factor)]))
    return " + ".join(parts).replace("+ -", "- ")


def _written(length: Length, name: Callable[[Length], str]) -> str:
    if length.function == "given":
        return name(length)
    a, b = (written(operand, name) for operand in length.operands)
    if length.function == "max":
        return f"max({a}, {b})"
    return f"(({a}) // {b})" if " " in a else f"({a} // {b})"
