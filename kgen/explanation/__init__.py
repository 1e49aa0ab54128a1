"""How Keras gets its numbers: `kgen.explain`."""

from kgen.explanation.build import explain
from kgen.explanation.report import Explanation

__all__ = ["Explanation", "explain"]
