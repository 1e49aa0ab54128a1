"""kgen: trained Keras models as standalone source code, in C and NumPy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kgen.errors import ExportError

if TYPE_CHECKING:
    from kgen.api import build, export
    from kgen.diagnosis.diagnose import diagnose
    from kgen.explanation import explain
    from kgen.explanation.training import ExplainCallback
    from kgen.inspection import inspect
    from kgen.verification import verify

__all__ = [
    "ExplainCallback",
    "ExportError",
    "build",
    "diagnose",
    "explain",
    "export",
    "inspect",
    "verify",
]

_HOMES = {
    "build": "kgen.api",
    "diagnose": "kgen.diagnosis.diagnose",
    "explain": "kgen.explanation",
    "ExplainCallback": "kgen.explanation.training",
    "export": "kgen.api",
    "inspect": "kgen.inspection",
    "verify": "kgen.verification",
}


def __getattr__(name: str) -> Any:
    """Imports TensorFlow only when something is asked for that needs it."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kgen' has no attribute {name!r}")
