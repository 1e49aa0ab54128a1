"""Formulas in a small notation, as text for a terminal and as MathML for a page.

    z_{u} = sum_{i} x_i · W_{i,u} + frac{a}{b} + sqrt{c} + "words" + d^2

A script is one token or a group in braces; what stands in quotes is upright text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_TOKEN = re.compile(
    r'\s+|"[^"]*"|[^\W\d_]+[\u0300-\u036f]?\'*|\d+(?:\.\d+)?(?:e-?\d+)?|.', re.DOTALL
)
_LOW = dict(
    zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
_HIGH = {**dict(zip("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ", strict=True)), "T": "ᵀ"}
_UPRIGHT = 2
"""Words of this many letters are functions and names, not products of variables."""


@dataclass(frozen=True)
class Row:
    """Parts in a row; spaces are kept for the text."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Token:
    text: str


@dataclass(frozen=True)
class Script:
    """base with something below or above it."""

    base: Part
    low: Part | None
    high: Part | None


@dataclass(frozen=True)
class Function:
    """frac{a}{b} or sqrt{a}."""

    name: str
    args: tuple[Part, ...]


Part = Row | Token | Script | Function


def text(formula: str) -> str:
    """The formula in Unicode, on one line."""
    return _text(_parse(formula))


def mathml(formula: str) -> str:
    """The formula as a <math> element, which screen readers read out."""
    return f"<math>{_mathml(_parse(formula))}</math>"


def quoted(name: str) -> str:
    """Someone's name, as upright text of the notation."""
    plain = name.replace('"', "'")
    return f'"{plain}"'


class _Tokens:
    """What is left to parse."""

    def __init__(self, formula: str) -> None:
        self.tokens: Sequence[str] = _TOKEN.findall(formula)
        self.place = 0

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.place += 1
        return token


def _parse(formula: str) -> Row:
    return _row(_Tokens(formula))


def _row(tokens: _Tokens) -> Row:
    parts: list[Part] = []
    while tokens.next and tokens.next != "}":
        parts.append(_scripted(tokens))
    return Row(tuple(parts))


def _scripted(tokens: _Tokens) -> Part:
    base = _atom(tokens)
    found: dict[str, Part] = {}
    while tokens.next in ("_", "^") and tokens.next not in found:
        mark = tokens.take()
        found[mark] = _atom(tokens)
    return Script(base, found.get("_"), found.get("^")) if found else base


def _atom(tokens: _Tokens) -> Part:
    token = tokens.take()
    if token == "{":
        inner = _row(tokens)
        tokens.take()
        return inner
    if token in ("frac", "sqrt") and tokens.next == "{":
        return Function(token, tuple(_atom(tokens) for _ in range(2 if token == "frac" else 1)))
    return Token(token)


# Text


def _text(part: Part) -> str:
    match part:
        case Row(parts):
            return "".join(map(_text, parts))
        case Token("sum"):
            return "Σ"
        case Token("-"):
            return "−"
        case Token(token):
            return token.strip('"') if token.startswith('"') else token
        case Script(base, low, high):
            return _text(base) + _script(low, "_", _LOW) + _script(high, "^", _HIGH)
        case Function("sqrt", (inner,)):
            return f"√{_grouped(inner)}"
        case Function(_, (top, below)):
            return f"{_grouped(top)} / {_grouped(below)}"
    raise AssertionError(part)


def _script(part: Part | None, mark: str, small: dict[str, str]) -> str:
    if part is None:
        return ""
    whole = re.sub(r"\s*([,+−·])\s*", r"\1", _text(part))
    if all(letter in small for letter in whole):
        return "".join(small[letter] for letter in whole)
    return f"{mark}{whole}" if re.fullmatch(r"[\w→←]+", whole) else f"{mark}({whole})"


def _grouped(part: Part) -> str:
    """In parentheses, if it has several parts."""
    whole = _text(part)
    simple = isinstance(part, Row) and len(part.parts) == 1
    return whole if simple else f"({whole})"


# MathML


def _mathml(part: Part) -> str:
    match part:
        case Row(parts):
            return f"<mrow>{''.join(_spaced(parts))}</mrow>"
        case Token("sum"):
            return "<mo>∑</mo>"
        case Token("-"):
            return "<mo>−</mo>"
        case Token(token) if token.startswith('"'):
            return f"<mtext>{escape(token[1:-1])}</mtext>"
        case Token(token) if token[0].isdigit():
            return f"<mn>{escape(token)}</mn>"
        case Token(token) if token[0].isalpha() or token[0] == "∞":
            plain = ' mathvariant="normal"' if len(token.rstrip("'")) >= _UPRIGHT else ""
            return f"<mi{plain}>{escape(token)}</mi>"
        case Token(token):
            fence = ' stretchy="false"' if token in "()[]{}|" else ""
            return f"<mo{fence}>{escape(token)}</mo>"
        case Script(base, low, high):
            return _scripts(base, low, high)
        case Function("sqrt", (inner,)):
            return f"<msqrt>{_mathml(inner)}</msqrt>"
        case Function(_, (top, below)):
            return f"<mfrac>{_mathml(top)}{_mathml(below)}</mfrac>"
    raise AssertionError(part)


def _spaced(parts: Sequence[Part]) -> Iterator[str]:
    """The parts; spaces are wide between words and variables, operators bring their own."""
    for before, part, after in zip((None, *parts), parts, (*parts[1:], None), strict=False):
        if not _is_space(part):
            yield _mathml(part)
        elif before and after and _is_operand(before) and _is_operand(after):
            yield '<mspace width="0.35em"/>'


def _is_space(part: Part) -> bool:
    return isinstance(part, Token) and not part.text.strip()


def _is_operand(part: Part) -> bool:
    if isinstance(part, Script):
        return _is_operand(part.base)
    return (
        not isinstance(part, Token)
        or (part.text[0].isalnum() and part.text != "sum")
        or (part.text[0] == '"')
    )


def _scripts(base: Part, low: Part | None, high: Part | None) -> str:
    inner = _mathml(base)
    if low is not None and base == Token("sum") and high is None:
        return f"<munder>{inner}{_mathml(low)}</munder>"
    if low is not None and high is not None:
        return f"<msubsup>{inner}{_mathml(low)}{_mathml(high)}</msubsup>"
    if low is not None:
        return f"<msub>{inner}{_mathml(low)}</msub>"
    assert high is not None
    return f"<msup>{inner}{_mathml(high)}</msup>"
