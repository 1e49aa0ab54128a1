"""All recipes: importing this module fills the registry."""

from __future__ import annotations

from kgen.diagnosis import affine  # noqa: F401
