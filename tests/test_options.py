"""The options of the C, each declared once: kgen.export and the command have them all, and refuse
those that would have no effect.
"""

from __future__ import annotations

import inspect

import pytest
import typer

import kgen
from kgen.cli import app
from kgen.declared import Declared, Only, declared
from kgen.errors import ExportError
from kgen.options import CodeOptions

OPTIONS = declared(CodeOptions)
CHOSEN = [one for one in OPTIONS if one.option.choices]
RESTRICTED = [(one, only) for one in OPTIONS for only in one.option.only]
NOT_THERE = "missing.keras"  # what is wrong with the options is said before the model is read


def other(one: Declared) -> object:
    """A value that is not the default."""
    if one.option.choices:
        return next(choice for choice in one.option.choices if choice != one.default)
    return not one.default if isinstance(one.default, bool) else "64k"


def test_the_command_and_the_function_have_them_all() -> None:
    function = inspect.signature(kgen.export).parameters
    command = {one.name: one for one in typer.main.get_command(app).commands["export"].params}
    for one in OPTIONS:
        assert function[one.name].default == one.default
        assert function[one.name].annotation == one.type
        assert command[one.name].default == one.default
        assert one.given in (*command[one.name].opts, *command[one.name].secondary_opts)
        assert f"\n{one.name}: {one.option.help[:40]}" in str(kgen.export.__doc__)


@pytest.mark.parametrize("one", OPTIONS, ids=lambda one: one.name)
def test_none_has_an_effect_on_numpy(one: Declared) -> None:
    with pytest.raises(ExportError, match=f"'numpy' has no {one.given}; leave") as caught:
        kgen.export(NOT_THERE, "numpy", **{one.name: other(one)})
    assert caught.value.exit_code == 2


def test_all_are_named_at_once() -> None:
    with pytest.raises(ExportError, match="no --threads and no --cpp"):
        kgen.export(NOT_THERE, "numpy", threads=True, cpp=True)


@pytest.mark.parametrize(("one", "only"), RESTRICTED, ids=lambda item: getattr(item, "name", None))
def test_words_with_which_an_option_has_no_effect(one: Declared, only: Only) -> None:
    choices = next(other for other in OPTIONS if other.name == only.other).option.choices
    assert set(only.words) < set(choices)
    for word in choices:
        reason = (
            "no such file"
            if word in only.words
            else f"{one.given} has no effect with --{only.other} {word}: {only.because}. Leave it "
            f"out, or take --{only.other} {' or '.join(only.words)}"
        )
        with pytest.raises(ExportError, match=f"(?i){reason}"):
            kgen.export(NOT_THERE, **{one.name: other(one), only.other: word})


def test_options_that_devices_have_no_use_for() -> None:
    for package in ("arduino", "esp-idf", "zephyr", "wasm"):
        for option in ("dispatch", "threads"):
            with pytest.raises(ExportError, match=f"--{option} has no effect with --package"):
                kgen.export(NOT_THERE, package=package, **{option: True})


@pytest.mark.parametrize("one", CHOSEN, ids=lambda one: one.name)
def test_other_words(one: Declared) -> None:
    words = ", ".join(one.option.choices)
    with pytest.raises(ExportError, match=f"no {one.flag} 'baroque'; choose {words}"):
        kgen.export(NOT_THERE, **{one.name: "baroque"})


def test_a_step_is_always_checked() -> None:
    with pytest.raises(ExportError, match="no effect with --step"):
        kgen.export(NOT_THERE, step=True, check=False)


def test_a_keyword_that_is_none() -> None:
    with pytest.raises(TypeError, match="thread"):
        kgen.export(NOT_THERE, thread=True)
