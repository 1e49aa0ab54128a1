"""The cases: small Keras models. Every public function of a module here is a case."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module

import keras


def all_cases() -> dict[str, Callable[[], keras.Model]]:
    """{"conv/same_with_strides": function that returns the model}"""
    cases: dict[str, Callable[[], keras.Model]] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        if info.name.startswith("_"):
            continue
        module = import_module(f"{__name__}.{info.name}")
        for name, function in vars(module).items():
            own = getattr(function, "__module__", None) == module.__name__
            if own and callable(function) and not isinstance(function, type) and name[0] != "_":
                cases[f"{info.name}/{name}"] = function
    return cases
