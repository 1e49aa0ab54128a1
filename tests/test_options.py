"""Options, each declared once: the functions and the command have those that they have a use for,
and refuse others.
"""

from __future__ import annotations

import inspect

import pytest
import typer

import kgen
from kgen.api import BuildOptions, ExportOptions
from kgen.cli import app
from kgen.declared import Declared, Only, declared
from kgen.errors import ExportError
from kgen.options import CodeOptions
from kgen.pipeline import ModelOptions
from kgen.verification import VerifyOptions

OPTIONS = declared(CodeOptions)
CHOSEN = [one for one in OPTIONS if one.option.choices]
RESTRICTED = [(one, only) for one in OPTIONS for only in one.option.only]
FUNCTIONS = {
    "export": ExportOptions,
    "build": BuildOptions,
    "verify": VerifyOptions,
    "inspect": ModelOptions,
}
NOT_THERE = "missing.keras"  # what is wrong with the options is said before the model is read


def other(one: Declared) -> object:
    """A value that is not the default."""
    if one.option.choices:
        return next(choice for choice in one.option.choices if choice != one.default)
    return not one.default if isinstance(one.default, bool) else "64k"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_show_what_they_are_called_with(name: str) -> None:
    function, options = getattr(kgen, name), declared(FUNCTIONS[name])
    parameters = inspect.signature(function).parameters
    assert set(parameters) == {one.name for one in options}
    for one in options:
        assert parameters[one.name].annotation == one.type
        assert one.name == "model" or parameters[one.name].default == one.default
        assert f"\n{one.name}: {one.option.help[:40]}" in str(function.__doc__)


def test_what_they_have_alike() -> None:
    """A model is read in the same way by all; what is compiled at once has no files beside."""
    options = {name: {one.name for one in declared(kind)} for name, kind in FUNCTIONS.items()}
    assert all(options["inspect"] <= others for others in options.values())
    assert {one.name for one in OPTIONS} < options["export"]
    assert options["export"] - options["build"] == {"target", "out", "with_test", "cpp", "package"}
    assert list(inspect.signature(kgen.export).parameters)[:3] == ["model", "target", "out"]


def test_the_command_has_them_all() -> None:
    command = {one.name: one for one in typer.main.get_command(app).commands["export"].params}
    for one in OPTIONS:
        assert command[one.name].default == one.default
        assert one.given in (*command[one.name].opts, *command[one.name].secondary_opts)


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


@pytest.mark.parametrize(
    ("name", "option", "said"),
    [
        ("export", "thread", "did you mean 'threads'\\?"),
        ("export", "saving", "it has model, name, input_shapes"),  # a field that is no option
        ("build", "package", "it has model, name, "),
        ("verify", "style", "it has model, name, .*, count, seed, cc, flags"),
        ("inspect", "max_shape", "did you mean 'max_shapes'\\?"),
        ("inspect", "step", "it has model, name, .*, progress"),
    ],
)
def test_keywords_that_are_none(name: str, option: str, said: str) -> None:
    with pytest.raises(TypeError, match=f"kgen.{name} has no option '{option}'; {said}"):
        getattr(kgen, name)(NOT_THERE, **{option: "x"})


def test_what_build_refuses() -> None:
    with pytest.raises(ExportError, match="no --style 'baroque'"):
        kgen.build(NOT_THERE, style="baroque")
    with pytest.raises(ExportError, match="--threads has no effect with --style small"):
        kgen.build(NOT_THERE, style="small", threads=True)
    with pytest.raises(ExportError, match="no effect with --step"):
        kgen.build(NOT_THERE, step=True, check=False)


def test_no_samples() -> None:
    with pytest.raises(ExportError, match="0 samples show nothing"):
        kgen.verify(NOT_THERE, count=0)
