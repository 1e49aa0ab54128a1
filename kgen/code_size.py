"""How large the code of an exported model will be, and its stack, from its C alone.

The C is read as a compiler would: what the preprocessor leaves, functions that are always inlined
at each of their calls, loops that must unroll as often as they run. What is then left are numbers
of things that become instructions (calls, branches, elements of arrays, ...), and each is worth so
many bytes on a machine: benchmarks/code_size.py has measured them. Frames on the stack likewise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import orjson

from kgen.c_text import Block, Branch, Function, Loop, Simple, Statement, functions, value_of

WEIGHTS = Path(__file__).with_name("code_size.json")

FEATURES = {
    "loop": re.compile(r"for|while|do"),
    "branch": re.compile(r"if|\?|&&|\|\||goto"),
    "element": re.compile(r"\["),
    "multiply": re.compile(r"\*=?"),
    "divide": re.compile(r"[/%]=?"),
    "add": re.compile(r"[+-]=?|\+\+|--"),
    "bits": re.compile(r"[&|^~]=?|<<=?|>>=?"),
    "assign": re.compile(r"="),
    "compare": re.compile(r"[<>]=?|[!=]="),
    "number": re.compile(r"[\d.]+(e[+-]?\d+)?f"),
    "double": re.compile(r"double"),
    "long": re.compile(r"u?int64_t|long"),
    "local": re.compile(r"const"),
    "return": re.compile(r"return"),
}
"""What counts, and the tokens that it is."""

COPIES = ("memcpy", "memset")
PLACES = ("inlined", "unrolled")
"""Where a thing costs less than elsewhere."""

MOST_LOOKED_AT = 16
"""Steps of a loop that unrolls which are looked at one by one."""

Counts = Counter[str]


@dataclass(frozen=True)
class Machine:
    """lanes: of the fast style's vectors. defined: macros of the compiler that the C asks for."""

    lanes: int
    defined: frozenset[str]


MACHINES = {
    "cortex-m4f -Os": Machine(1, frozenset({"__GNUC__", "__OPTIMIZE__"})),
    "x86-64 -O2": Machine(4, frozenset({"__GNUC__", "__OPTIMIZE__", "__SSE2__", "__LP64__"})),
}
"""gcc for a Cortex-M4 with its float unit, and for x86-64 without options of newer ones."""


def code_bytes(source: str, prefix: str, style: str, machine: str) -> int:
    """What the functions of NAME.c take, without constants; style: of the C."""
    return _sum(_weights()[machine][style]["code"], counts(source, prefix, machine))


def frame_bytes(source: str, prefix: str, style: str, machine: str) -> int:
    """What the largest frame on the stack takes at most, roughly."""
    return _sum(_weights()[machine][style]["frame"], frame_counts(source, prefix, machine))


def _sum(worth: Mapping[str, float], found: Counts) -> int:
    return round(sum(worth.get(name, 0.0) * number for name, number in found.items()))


@cache
def _weights() -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """{machine: {style: {"code" or "frame": {feature: bytes}}}}"""
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = orjson.loads(WEIGHTS.read_bytes())
    return found


def counts(source: str, prefix: str, machine: str) -> Counts:
    """How often each feature is in what the compiler sees of NAME.c."""
    which = MACHINES[machine]
    return Reader(functions(source, prefix.upper(), which.lanes, which.defined)).all()


def frame_counts(source: str, prefix: str, machine: str) -> Counts:
    """What the largest frame of NAME.c's functions holds."""
    which = MACHINES[machine]
    return Reader(functions(source, prefix.upper(), which.lanes, which.defined)).frame()


@dataclass(frozen=True, eq=False)
class Reader:
    """The functions of a file."""

    functions: Sequence[Function]

    @cached_property
    def inlined(self) -> dict[str, Function]:
        return {one.name: one for one in self.functions if one.inlined}

    @cached_property
    def _known(self) -> dict[tuple[str, tuple[int | None, ...]], Counts]:
        return {}

    def all(self) -> Counts:
        total: Counts = Counter({"file": 1})
        for one in self.functions:
            if not one.inlined:
                total["function"] += 1
                total["parameter"] += len(one.parameters)
                total.update(self._statement(one.body, dict(one.constants)))
        return total

    def frame(self) -> Counts:
        """Names and sums of the function that has most of each; a tile's sums don't all find room
        in registers.
        """
        largest: Counts = Counter({"file": 1})
        for one in self.functions:
            if not one.inlined:
                found = self._statement(one.body, dict(one.constants))
                names = sum(found[f"{place}local".strip()] for place in ("", "inlined "))
                largest |= Counter(
                    {
                        "name": names + len(one.parameters),
                        "loop": found["around"],
                        "call": min(found["call"], 1),
                        "double": found["double"],
                    }
                )
        sums = [self._sums(callee, values) for callee, values in self._known]
        largest["sum"] = max(sums, default=0)
        return largest

    def _sums(self, callee: str, values: Sequence[int | None]) -> int:
        """The sums that a call of a tile's function keeps."""
        given = dict(zip(self.inlined[callee].parameters, values, strict=False))
        most = given.get("pixels") or given.get("chains") or 0
        return most * (given.get("width") or 0)

    def _statement(self, one: Statement, known: dict[str, int]) -> Counts:
        """known: the values of names, to which those of declarations are added."""
        if isinstance(one, Block):
            total: Counts = Counter()
            for inner in one.statements:
                total.update(self._statement(inner, known))
            return total
        if isinstance(one, Loop):
            return self._loop(one, known)
        if isinstance(one, Branch):
            holds = value_of(one.condition, known)
            if holds is not None:
                taken = one.then if holds else one.other
                return self._statement(taken, known) if taken else Counter()
            both = self._tokens(one.condition, known) + Counter({"branch": 1})
            for branch in (one.then, one.other):
                if branch:
                    both.update(self._statement(branch, known))
            return both
        known.update(one.constants(known))
        return self._tokens(one.tokens, known)

    def _loop(self, one: Loop, known: dict[str, int]) -> Counts:
        values = one.values(known)
        if values is not None and (one.unrolls or len(values) == 1):
            times = 1
            if len(values) > MOST_LOOKED_AT:
                values, times = values[:1], len(values)
            total: Counts = Counter()
            for value in values:
                total.update(self._statement(one.body, {**known, one.variable: value}))
            return _within("unrolled", total, times) if one.unrolls else total
        body = self._statement(one.body, dict(known))
        inside = body["loop"]  # more registers are in use at once
        return body + self._tokens(one.head, known) + Counter({"loop": 1, "around": inside})

    def _tokens(self, tokens: Sequence[str], known: Mapping[str, int]) -> Counts:
        total: Counts = Counter()
        for place, token in enumerate(tokens):
            if tokens[place + 1 : place + 2] == ["("] and token[0].isalpha() and token != "sizeof":
                if token in self.inlined:
                    total.update(self._call(tokens, place, known))
                else:
                    total["copy" if token in COPIES else "call"] += 1
                continue
            for name, pattern in FEATURES.items():
                if pattern.fullmatch(token):
                    total[name] += 1
        return total

    def _call(self, tokens: Sequence[str], place: int, known: Mapping[str, int]) -> Counts:
        """The body of what is inlined, with the values of its arguments that are known."""
        callee = self.inlined[tokens[place]]
        values = [value_of(argument, known) for argument in Simple(tokens[place + 1 :]).arguments]
        key = (callee.name, tuple(values))
        if key not in self._known:
            given = dict(zip(callee.parameters, values, strict=False))
            inner = {name: value for name, value in given.items() if value is not None}
            if "width" in inner and "count" in inner:  # sums that are not stored are not computed
                inner["width"] = min(inner["width"], inner["count"])
            body = self._statement(callee.body, {**callee.constants, **inner})
            self._known[key] = _within("inlined", body)
        return self._known[key]


def _within(place: str, inner: Counts, times: int = 1) -> Counts:
    """What is inlined or unrolled: much is known there, and constants are folded."""
    total: Counts = Counter()
    for name, count in inner.items():
        where, _, what = name.rpartition(" ")
        total[f"{where if where == 'unrolled' else place} {what}"] += times * count
    return total
