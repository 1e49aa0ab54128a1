"""How the C is written: the options of kgen.export, kgen.build and `kgen export`, each declared
once, here.

A field of CodeOptions is a keyword of the functions and an option of the command. What is to be
said of it besides its name, type and default stands beside them, in an `Option`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from kgen.declared import Only, Option, declared
from kgen.errors import ExportError
from kgen.packages import COMPUTERS, LAYOUTS
from kgen.schedule.saving import NOTHING, Saving

STYLES = ("fast", "readable", "small")

FORMS = ("literal", "string", "incbin", "file", "embed")
IN_BLOB = ("incbin", "file", "embed")
"""The forms whose numbers are in NAME_weights.bin."""

WORKSPACES = ("static", "caller", "stack")


@dataclass(frozen=True, kw_only=True)
class Form:
    """What the templates of the C know of the options.

    Raises ExportError for what there is not, or not together.
    """

    weights: Annotated[
        str,
        Option(
            "Their form in the C: literal (decimal numbers), string (their bytes, quick to "
            "compile), or in NAME_weights.bin, which the assembler (incbin), #embed (embed) or, "
            "when the program runs, NAME_load (file) reads.",
            choices=FORMS,
        ),
    ] = "literal"
    weights_section: Annotated[
        str | None, Option("The section of the object file that the weights are put into.")
    ] = None
    workspace: Annotated[
        str,
        Option(
            "Where NAME_predict's is: static, on the stack, or with the caller: then there is only "
            "NAME_run.",
            choices=WORKSPACES,
        ),
    ] = "static"
    threads: Annotated[
        bool,
        Option(
            "OpenMP's threads share the large loops, if the compiler is told to (-fopenmp).",
            only=(
                Only("style", ("fast",), "only the fast style's loops can be shared"),
                Only("package", COMPUTERS, "only computers' compilers have OpenMP"),
            ),
        ),
    ] = False
    dispatch: Annotated[
        bool,
        Option(
            "One library for processors with SSE2, AVX2 or AVX-512, which asks when it runs which "
            "one it is on.",
            only=(
                Only("style", ("fast",), "only the fast style's code is another one for each"),
                Only("package", COMPUTERS, "only computers have one of these processors"),
            ),
        ),
    ] = False
    winograd: Annotated[
        bool,
        Option(
            "Convolutions of 3x3 and more take fewer products where that is faster; their weights "
            "then take several times as much memory, and rounding errors are larger.",
            only=(
                Only("style", ("fast",), "only the fast style's convolutions take fewer products"),
            ),
        ),
    ] = True

    saving: Saving = NOTHING
    """What is done for less RAM: ram_limit decides."""

    def __post_init__(self) -> None:
        for one in declared(type(self)):
            if one.option.choices and getattr(self, one.name) not in one.option.choices:
                raise ExportError(
                    f"There is no {one.flag} {getattr(self, one.name)!r}; choose "
                    f"{', '.join(one.option.choices)}.",
                    exit_code=2,
                )
        if self.workspace == "stack" and self.weights == "file":
            raise ExportError(
                "A workspace on the stack can't remember weights that are loaded from a file; take "
                "--workspace caller, or another form of --weights.",
                exit_code=2,
            )
        if self.weights_section is None:
            return
        if not re.fullmatch(r"[A-Za-z0-9_.$,]+", self.weights_section):
            raise ExportError(
                f"{self.weights_section!r} is no name of a section: letters, digits and _ . $ , "
                "only.",
                exit_code=2,
            )
        if self.weights == "file":
            raise ExportError(
                "Weights in a file are in no section of the program: leave --weights-section out, "
                "or take another form than --weights file.",
                exit_code=2,
            )

    @property
    def in_blob(self) -> bool:
        return self.weights in IN_BLOB


LITERAL = Form()


@dataclass(frozen=True, kw_only=True)
class LibraryOptions(Form):
    """All that decides what the library does: options of what is compiled at once too."""

    style: Annotated[
        str, Option("Of the C: fast, readable (loops as in a textbook) or small.", choices=STYLES)
    ] = "fast"
    ram_limit: Annotated[
        str | None,
        Option(
            "Of the library's workspaces: bytes, 64k or 2M. The style's fastest plan that fits is "
            "taken; a model for which there is none is refused."
        ),
    ] = None

    @property
    def form(self) -> Form:
        return Form(**{one.name: getattr(self, one.name) for one in declared(Form)})


@dataclass(frozen=True, kw_only=True)
class CodeOptions(LibraryOptions):
    """All options of the C: those of the files beside it too."""

    with_test: Annotated[
        bool,
        Option("Add NAME_test.c, a program that compares the C with Keras on a few samples."),
    ] = False
    cpp: Annotated[bool, Option("Add NAME.hpp, which wraps the C for C++17.")] = False
    package: Annotated[
        str,
        Option(
            f"{', '.join(LAYOUTS)}: a folder that the build system takes as it is, with the "
            "self-test.",
            choices=tuple(LAYOUTS),
        ),
    ] = "plain"

    def check_effect(self, target: str) -> None:
        """Raises ExportError for options that would have no effect."""
        given = [one for one in declared(CodeOptions) if getattr(self, one.name) != one.default]
        if given and target != "c":
            raise ExportError(
                f"The target {target!r} has no {' and no '.join(one.given for one in given)}; "
                "leave out what is the C target's alone, or export with the target 'c'.",
                exit_code=2,
            )
        for one in given:
            for other, words, because in one.option.only:
                if getattr(self, other) not in words:
                    raise ExportError(
                        f"{one.given} has no effect with --{other} {getattr(self, other)}: "
                        f"{because}. Leave it out, or take --{other} {' or '.join(words)}.",
                        exit_code=2,
                    )
