"""Which recipe a layer has, by its class."""

from __future__ import annotations

from collections.abc import Callable

from kgen.diagnosis.generic import generic
from kgen.diagnosis.recipe import Recipe
from kgen.trace.calls import Call

RECIPES: dict[str, Callable[[Call], Recipe | None]] = {}


def recipe_of(call: Call) -> Recipe | None:
    """That of its class, else the one that has Keras call the layer again."""
    return RECIPES.get(call.kind, generic)(call)


def recipe(
    *kinds: str,
) -> Callable[[Callable[[Call], Recipe | None]], Callable[[Call], Recipe | None]]:
    """The function is the recipe of these classes of layers; it may have none for a call."""

    def register(function: Callable[[Call], Recipe | None]) -> Callable[[Call], Recipe | None]:
        RECIPES.update(dict.fromkeys(kinds, function))
        return function

    return register
