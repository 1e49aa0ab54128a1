"""The C that kgen writes, read again: functions as statements, for what a compiler makes of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

TOKEN = re.compile(
    r'[A-Za-z_]\w*|(?:0x[0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[A-Za-z]*|"(?:\\.|[^"\\])*"'
    r"|'(?:\\.|[^'\\])*'|<<=|>>=|[-+*/%&|^<>=!]=|\+\+|--|->|&&|\|\||<<|>>|\S"
)
FUNCTION = re.compile(
    r"^(?P<head>[A-Za-z_][^;{}=#\n]*?)(?P<name>\w+)\((?P<parameters>[^;{}]*)\)\n\{\n(?P<body>.*?)^\}",
    re.MULTILINE | re.DOTALL,
)
UNROLL = "_UNROLL"
MOST_TIMES = 4096


@dataclass(frozen=True)
class Simple:
    """An expression or a declaration."""

    tokens: Sequence[str]

    @property
    def arguments(self) -> Iterator[list[str]]:
        """What stands between the commas of the first pair of parentheses."""
        depth, argument = 0, list[str]()
        for token in self.tokens:
            depth += (token in "([") - (token in ")]")
            if depth == 0 or (depth == 1 and token == ","):
                yield argument
                argument = []
                if depth == 0:
                    return
            elif argument or depth > 1 or token != "(":
                argument.append(token)

    def constants(self, known: Mapping[str, int]) -> dict[str, int]:
        """`const int a = 1`, and `enum { A = 1, B = 2 }`, where the values are known."""
        tokens = list(self.tokens)
        if tokens[:1] == ["enum"]:
            parts = _split(tokens[2 : tokens.index("}")])
        elif tokens[:2] == ["const", "int"]:
            parts = [tokens[2:]]
        else:
            return {}
        found: dict[str, int] = {}
        for name, *rest in parts:
            value = value_of(rest[1:], {**known, **found})
            if value is not None:
                found[name] = value
        return found


@dataclass(frozen=True)
class Block:
    statements: Sequence[Statement]


@dataclass(frozen=True)
class Loop:
    """head: between the parentheses of a `for`. unrolls: whether it is told to."""

    head: Sequence[str]
    body: Statement
    unrolls: bool

    @property
    def variable(self) -> str:
        """`i` of `int i = a`."""
        start = _split(self.head, ";")[0]
        return start[start.index("=") - 1] if "=" in start else ""

    def values(self, known: Mapping[str, int]) -> list[int] | None:
        """What its variable is in each step, if that is known: `int i = a; i < b; i += c`, halving
        included.
        """
        start, *rest = _split(self.head, ";")
        if not self.variable or len(rest) != 2:
            return None
        value = value_of(start[start.index("=") + 1 :], known)
        found: list[int] = []
        while value is not None and len(found) < MOST_TIMES:
            holds = value_of(rest[0], {**known, self.variable: value})
            if holds is None or not holds:
                return None if holds is None else found
            found.append(value)
            value = _stepped(rest[1], value, known)
        return None


@dataclass(frozen=True)
class Branch:
    condition: Sequence[str]
    then: Statement
    other: Statement | None


Statement: TypeAlias = "Simple | Block | Loop | Branch"


@dataclass(frozen=True)
class Function:
    """inlined: whether always. constants: values of names that hold in the whole file."""

    name: str
    parameters: Sequence[str]
    body: Block
    inlined: bool
    constants: Mapping[str, int]


def functions(
    source: str, upper: str, lanes: int, defined: Collection[str]
) -> list[Function]:  # fmt: skip
    """Those of a NAME.c. upper: NAME in capitals. lanes: of vectors, 1 for none. defined: the
    compiler's macros.
    """
    text = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    text = _preprocessed(text, {f"{upper}_LANES": lanes}, defined)
    text = re.sub(rf"\b{upper}_PICK\(([^()]*)\)", lambda m: m[1].split(",")[-1].strip(), text)
    text = re.sub(rf"\b{upper}_COVER\(([^(),]*), (\w+)\)", r"((\1 + \2 - 1) / \2 * \2)", text)
    constants = {f"{upper}_LANES": lanes, f"{upper}_PART": lanes}
    for one in re.findall(r"^enum \{[^}]*\}", text, re.MULTILINE):
        constants |= Simple(TOKEN.findall(one)).constants(constants)
    return [
        Function(
            name=found["name"],
            parameters=[part.split()[-1].lstrip("*") for part in found["parameters"].split(",")],
            body=_Parser(TOKEN.findall(found["body"])).block(),
            inlined=f"{upper}_INLINE" in found["head"],
            constants=constants,
        )
        for found in FUNCTION.finditer(text)
    ]


def value_of(tokens: Sequence[str], known: Mapping[str, int]) -> int | None:
    """The value of an expression of integers, if all its names are known."""
    words = {"&&": " and ", "||": " or ", "!": " not ", "/": "//"}
    parts = []
    for token in tokens:
        if token[0].isdigit() and not token.isdigit():
            return None
        if token[0].isalpha() or token[0] == "_":
            if token not in known:
                return None
            token = str(known[token])
        parts.append(words.get(token, token))
    text = " ".join(parts)
    if not re.fullmatch(r"[\d\s()+\-*/%<>=!andort]+", text):
        return None
    try:
        return int(eval(text, {"__builtins__": {}}))
    except (SyntaxError, TypeError, ZeroDivisionError):
        return None


def _split(tokens: Sequence[str], at: str = ",") -> list[list[str]]:
    """The parts between commas outside parentheses."""
    parts, depth = [list[str]()], 0
    for token in tokens:
        depth += (token in "([") - (token in ")]")
        if token == at and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _stepped(step: Sequence[str], value: int, known: Mapping[str, int]) -> int | None:
    """A loop's variable after a step: ++i, i += n, i /= n."""
    if "++" in step:
        return value + 1
    if len(step) < 3 or len(step[1]) != 2 or step[1][1] != "=":
        return None
    return value_of([str(value), step[1][0], "(", *step[2:], ")"], known)


def _preprocessed(text: str, numbers: Mapping[str, int], defined: Collection[str]) -> str:
    """The lines that conditions leave; a condition that isn't understood doesn't hold."""
    lines = []
    states: list[tuple[bool, bool]] = []  # whether its lines count, whether one of its branches did
    for line in text.splitlines():
        words = line.split()
        if line.startswith(("#if", "#elif", "#else")):
            if line.startswith("#if"):
                states.append((False, False))
            taken = states[-1][1]
            holds = not taken and (line.startswith("#else") or _holds(line, numbers, defined))
            states[-1] = (holds, taken or holds)
        elif line.startswith("#endif"):
            states.pop()
        elif not line.startswith("#") and all(counts for counts, _ in states) and words:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _holds(line: str, numbers: Mapping[str, int], defined: Collection[str]) -> bool:
    condition = line.split(maxsplit=1)[1]
    if line.startswith("#ifndef"):
        return condition not in defined
    if line.startswith("#ifdef"):
        return condition in defined
    text = re.sub(r"defined (\w+)", lambda m: str(int(m[1] in defined)), condition)
    return bool(value_of(TOKEN.findall(text), numbers))


class _Parser:
    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def block(self) -> Block:
        """Statements up to a closing brace, or the end."""
        statements: list[Statement] = []
        while self.place < len(self.tokens) and self.tokens[self.place] != "}":
            statements.append(self.statement())
        self.place += 1
        return Block(statements)

    def statement(self) -> Statement:
        first = self.tokens[self.place]
        unrolls = first.endswith(UNROLL)
        if unrolls:
            self.place += 1
            first = self.tokens[self.place]
        self.place += 1
        if first == "{":
            return self.block()
        if first in ("for", "while"):
            return Loop(self._parentheses(), self.statement(), unrolls)
        if first == "if":
            condition, then, other = self._parentheses(), self.statement(), None
            if self.tokens[self.place : self.place + 1] == ["else"]:
                self.place += 1
                other = self.statement()
            return Branch(condition, then, other)
        if first in ("do", "else"):
            return self.statement()
        self.place -= 1
        return Simple(self._until_semicolon())

    def _parentheses(self) -> list[str]:
        start, depth = self.place, 0
        while True:
            token = self.tokens[self.place]
            depth += (token == "(") - (token == ")")
            self.place += 1
            if depth == 0:
                return list(self.tokens[start + 1 : self.place - 1])

    def _until_semicolon(self) -> list[str]:
        start, depth = self.place, 0
        while self.place < len(self.tokens):
            token = self.tokens[self.place]
            depth += (token in "({") - (token in ")}")
            self.place += 1
            if token == ";" and depth == 0:
                break
        return list(self.tokens[start : self.place - 1])
