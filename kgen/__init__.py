"""kgen: trained Keras models as standalone source code, in C and NumPy."""

from __future__ import annotations

from kgen.api import build, export
from kgen.errors import ExportError

__all__ = ["ExportError", "build", "export"]
