"""Names for lengths that are known when the code runs, and for those computed from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from math import prod
from typing import Any

from kgen.ir.graph import Graph
from kgen.ir.node import Body, Node
from kgen.ir.size import Given, Length, Size, lengths_in, named_in
from kgen.ir.value import Value
from kgen.names import Names
from kgen.reserved import LOCALS

_LOCALS = frozenset(LOCALS.split())

WORDS = {1: ("steps",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}
"""What the spatial dimensions of images and sequences are counted in."""


def with_named_lengths(graph: Graph, names: Names) -> Graph:
    """The graph, whose values have names, with a name for each length.

    A length that is a size of a value is called after that.
    """
    if not graph.lengths:
        return graph
    labels = {value.label for value in graph.values}
    naming = _Naming(names, labels)
    lengths = []
    for one in graph.lengths:
        unit = replace(one.unit, name=naming.take(one.unit.name or one.unit.key))
        naming.known[one.unit] = Size.of({(unit,): 1})
        lengths.append(replace(one, unit=unit))
    for node in graph.walk():
        for value, words in _spatial(node):
            for size, word in zip(value.shape, words, strict=True):
                naming.name_size(size, f"{value.name}_{word}")
    for node in graph.walk():
        for length in _lengths_of_options(node):
            naming.name(length, f"{node.name}_padding" if hasattr(node, "padding") else node.name)
    return replace(graph.map_sizes(naming.changed), lengths=tuple(lengths))


class _Naming:
    """known: what to write for a length."""

    def __init__(self, names: Names, labels: set[str]) -> None:
        self.names = names
        self.labels = labels
        self.known: dict[Length, int] = {}

    def take(self, hint: str) -> str:
        taken = hint in _LOCALS or hint in self.labels or re.fullmatch(r"[a-z]\d*", hint)
        return self.names.take(f"{hint}_length" if taken else hint)

    def name_size(self, size: int, hint: str) -> None:
        """Names what the size is computed from, and the size if it is computed itself."""
        lengths = [one for one in lengths_in(size) if one not in self.known]
        for length in lengths:
            if isinstance(size, Size) and size.terms[0] == ((length,), 1):
                offset = size - Size.of({(length,): 1})
                if not isinstance(offset, Size) and length.function == "floor":
                    # The quotient plus a number is one quotient too.
                    self.name(length, length.name or hint, offset)
                    continue
            whole = length is lengths[-1]
            self.name(length, length.name or (hint if whole else f"{hint}_part"))

    def name(self, length: Length, hint: str, shift: int = 0) -> None:
        if length in self.known:
            return
        operands = tuple(self.changed(operand) for operand in length.operands)
        named = replace(length, name=self.take(hint), operands=operands, shift=shift)
        self.known[length] = Size.of({(named,): 1})

    def changed(self, size: int) -> int:
        if not isinstance(size, Size):
            return size
        total = 0
        for key, factor in size.terms:
            total = total + prod((self.known[length] for length in key), start=factor)
        return total


def _spatial(node: Node) -> Iterator[tuple[Value, tuple[str, ...]]]:
    """Each value that a node makes, with a word for each of its axes."""
    for value in node.outputs:
        words = ["panels" if node.kind == "repack" else "length"] * value.rank
        spatial = WORDS.get(value.rank - 2, ())
        if hasattr(node, "channels_last") and spatial:
            first = 1 if node.channels_last else 2
            words[first : first + len(spatial)] = spatial
        yield value, tuple(words)


def _lengths_of_options(node: Node) -> Iterator[Length]:
    for field in fields(node):
        option: Any = getattr(node, field.name)
        if not isinstance(option, Value | Body):
            yield from lengths_in(option)


def points(lengths: Sequence[Given]) -> list[dict[str, int]]:
    """Where to compare an export with Keras: at the least lengths, at small ones, at odd ones
    between, at the bounds, and where Keras does something else.
    """
    if not lengths:
        return [{}]
    places = [_places(one, number) for number, one in enumerate(lengths)]
    found = [
        {one.name: length for one, length in zip(lengths, together, strict=True)}
        for together in dict.fromkeys(zip(*places, strict=True))
    ]
    return [point for point in found if all(one.takes(point[one.name]) for one in lengths)]


def _places(one: Given, number: int) -> tuple[int, ...]:
    """The length at each point. number: the length's, so that several are not the same."""
    low, high = one.least // one.multiple, one.bound // one.multiple
    small = min(low + 2 + number, high)
    middle = max(low, (low + high) // 2 - number)
    odd = middle - 1 + middle % 2 if middle > low else middle
    return tuple(unit * one.multiple for unit in (low, small, odd, high)) + one.apart


def described(point: Mapping[str, int], before: str = "") -> str:
    """tokens=17, height=8; with a word before it, unless there is no length."""
    text = ", ".join(f"{name}={length}" for name, length in point.items())
    return before + text if text else ""


def used_by(node: Node) -> list[Length]:
    """The lengths that the node's sizes depend on, and those of its body, each once: what a text
    about the node may name.
    """
    found: dict[Length, None] = {}
    for one in (node, *(inner for body in node.bodies for inner in body.walk())):
        for value in (*one.inputs, *one.outputs):
            found.update(dict.fromkeys(named_in(value.shape)))
        for field in fields(one):
            option: Any = getattr(one, field.name)
            if not isinstance(option, Value | Body):
                found.update(dict.fromkeys(named_in(option)))
    return list(found)


def computed(graph: Graph) -> list[Length]:
    """The lengths that are computed from given ones, each after those that it needs."""
    found: dict[Length, None] = {}
    for node in graph.walk():
        for value in (*node.inputs, *node.outputs):
            found.update(dict.fromkeys(lengths_in(value.shape)))
        found.update(dict.fromkeys(_lengths_of_options(node)))
    return [length for length in found if length.function != "given"]
