"""`--dispatch`: the same code compiled for several processors, one of which it runs on."""

from __future__ import annotations

from typing import NamedTuple


class Variant(NamedTuple):
    """One more compilation of NAME.c, by a file NAME_name.c that includes it.

    level: what NAME_level returns for it. vectors: its processors' vectors, in words.
    features: of the processor, in the words of gcc and clang; all are needed.
    """

    name: str
    level: int
    vectors: str
    features: tuple[str, ...]

    @property
    def target(self) -> str:
        """The argument of the attribute `target`."""
        return ",".join(self.features)


VARIANTS = (
    Variant("avx512", 2, "AVX-512", ("avx512f", "avx512bw", "avx512dq", "avx512vl", "fma")),
    Variant("avx2", 1, "AVX2 and FMA", ("avx2", "fma")),
)
"""The fastest first."""
