"""What an export gives up for less RAM, beyond what its style does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Saving:
    """limit: bytes that the workspaces have to fit, if anybody said so. why: the choices in words.

    ordered: steps are in the order that needs the least at once.
    singly: a batch is computed sample by sample, not in blocks.
    pieces: of what is cut into pieces (attention, Winograd's tiles) fewer are in memory at once.
    rows: bytes of an image from which on layers are computed row by row, whatever that costs.
    pairs: but only those layers together that need one row of each other.
    following: outputs follow inputs through the same memory, as in the small style.
    plain: layers, by path, that have plain loops, and so no copies of what they read.
    """

    limit: int | None = None
    why: tuple[str, ...] = ()
    ordered: bool = False
    singly: bool = False
    pieces: bool = False
    rows: int | None = None
    pairs: bool = False
    following: bool = False
    plain: frozenset[str] = frozenset()


NOTHING = Saving()
