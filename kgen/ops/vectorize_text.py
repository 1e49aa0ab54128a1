"""Text cut into words (or characters), and what a vocabulary says of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from kgen.ir.node import GraphError, Node, Spec, forbid_batch
from kgen.ir.value import STRING, Constant, Value

SPLITS = ("whitespace", "character", "none")


@dataclass(frozen=True, eq=False, kw_only=True)
class VectorizeText(Node):
    """x: strings, (..., texts); one text if it is split, else each text is a word.

    words: (count,), the vocabulary, ascending by bytes. indices: (count,) int64, each word's index;
    default: that of any other.
    lower: whether A-Z become a-z. strip: whether ASCII punctuation goes, both before the split.
    ngrams: sizes of the runs of words, joined by spaces, that are looked up, in this order.
    size: the length of the output's last axis. mode: "int", the indices, cut or filled with zeros;
    "count", how often each index below `size` occurs; "multi_hot", whether it does.
    """

    x: Value
    words: Constant
    indices: Constant
    default: int
    lower: bool
    strip: bool
    split: str
    ngrams: tuple[int, ...]
    size: int
    mode: str

    @property
    def texts(self) -> int:
        return self.x.shape[-1]

    @property
    def rows(self) -> int:
        return prod(self.x.shape[:-1])

    @property
    def longest(self) -> int:
        """The most words that are looked up together."""
        return max(self.ngrams)

    @property
    def formula(self) -> str:
        words = {"whitespace": "words", "character": "characters", "none": "strings"}[self.split]
        lengths = " and ".join(map(str, self.ngrams))
        runs = "" if self.ngrams == (1,) else f", in runs of {lengths}"
        return {
            "int": f"y = the indices of the {words} of x{runs}: the first {self.size}, then zeros",
            "count": f"y[v] = how many {words} of x{runs} have the index v",
            "multi_hot": f"y[v] = 1 if one of the {words} of x{runs} has the index v, else 0",
        }[self.mode]

    def infer(self) -> Spec:
        forbid_batch(self.x, (self.x.rank - 1,), "join the texts of")
        if self.x.dtype != STRING or self.split not in SPLITS:
            raise GraphError(f"{self.name}: {self.x} is no text, or split by {self.split!r}")
        if self.split != "none" and self.texts != 1:
            raise GraphError(f"{self.name}: {self.texts} texts would be split together")
        return Spec((*self.x.shape[:-1], self.size), "int64", self.x.batch)
