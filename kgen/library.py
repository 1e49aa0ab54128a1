"""Compiling an exported model and calling it."""

from __future__ import annotations

import ast
import operator
import re
import shlex
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cffi
import ml_dtypes  # noqa: F401  NumPy then knows bfloat16
import numpy as np
import orjson

from kgen.errors import ExportError
from kgen.ir.value import numpy_dtype

STRICT = ("-std=c99", "-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Werror")
"""Flags under which exported C compiles without a warning."""

OPTIMIZED = ("-std=c99", "-O3", "-march=native")
"""Flags for speed on the machine that compiles."""

_OPERATORS: dict[type[ast.AST], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


class Strings(NamedTuple):
    """slots: C's array of pointers. words: what they point to, kept alive."""

    slots: Any
    words: list[Any]


class Library:
    """An exported model in C, compiled and loaded. manifest: the parsed NAME.json."""

    def __init__(
        self,
        files: Mapping[str, str | bytes],
        *,
        cc: str = "cc",
        flags: Sequence[str] = OPTIMIZED,
    ) -> None:
        """Compiles {file name: text} with the system's C compiler.

        Raises ExportError if there is none, or with what it says.
        """
        folder = Path(tempfile.mkdtemp(prefix="kgen-"))
        self._cleanup = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        manifest_text = next(text for name, text in files.items() if name.endswith(".json"))
        self.manifest: dict[str, Any] = orjson.loads(manifest_text)
        self.name: str = self.manifest["name"]
        library = compile_files(files, folder, cc=cc, flags=flags)
        self._ffi = cffi.FFI()
        self._ffi.cdef(declarations(str(files[f"{self.name}.h"])))
        self._library = self._ffi.dlopen(str(library))
        self._workspaces = self._made_workspaces()
        if "load" in self.manifest:
            path = str(folder / self.manifest["weights_file"]).encode()
            for workspace in self._workspaces:
                code = self._function("load")(workspace, path)
                if code:
                    raise ExportError(f"{self.name}_load returned {code}")

    def _made_workspaces(self) -> list[Any]:
        """Of C that has none of its own (--workspace caller) one for each sequence of a batch, all
        zeros; else a null pointer, which stands for the library's own.
        """
        if "run_batch" not in self.manifest:
            return [self._ffi.NULL]
        count = self.manifest.get("batch_size") or 1
        return [self._ffi.new(f"{self.name}_workspace *") for _ in range(count)]

    def predict(self, *inputs: Any) -> Any:
        """The model's output for a batch, or a tuple of them; inputs in the order of model.inputs.

        Raises ValueError for a wrong shape and IndexError for an index out of range.
        """
        results = self.outputs(*inputs)
        return results[0] if len(results) == 1 else tuple(results)

    def outputs(self, *inputs: Any) -> list[np.ndarray]:
        """The same as a list, whatever their number."""
        arrays = [
            self._checked(array, spec)
            for array, spec in zip(inputs, self.manifest["inputs"], strict=True)
        ]
        count = len(arrays[0]) if arrays else 1
        lengths = self._lengths(arrays)
        results = [
            np.zeros((count, *sizes(spec["shape"], lengths)), numpy_dtype(spec["dtype"]))
            for spec in self.manifest["outputs"]
        ]
        code = self.call(count, arrays, results, tuple(lengths.values()))
        if code == 2:
            raise IndexError(f"{self.name}_predict_batch: an index is out of range")
        if code == 8:
            raise ValueError(
                f"{self.name}_predict_batch: an integer is divided by zero, or its "
                "exponent negative"
            )
        if code:
            raise ValueError(f"{self.name}_predict_batch returned {code}")
        return results

    def reset(self) -> None:
        """Sets the states of a stateful model to zero."""
        for workspace in self._workspaces:
            self._function("reset")(workspace)

    def get_state(self) -> dict[str, np.ndarray]:
        """The states of a stateful model: those of the first sequence of a batch, by name."""
        specs = self.manifest["states"]
        arrays = {spec["name"]: np.zeros(spec["shape"], spec["dtype"]) for spec in specs}
        pointers = [self._pointer(array) for array in arrays.values()]
        self._function("get_state")(self._workspaces[0], *pointers)
        return arrays

    def set_state(self, **arrays: Any) -> None:
        """Sets the states of the first sequence of a batch, all by name.

        Raises ValueError for a wrong name or shape.
        """
        specs = {spec["name"]: spec for spec in self.manifest["states"]}
        if arrays.keys() != specs.keys():
            raise ValueError(f"the states are {', '.join(specs)}, not {', '.join(arrays)}")
        given = []
        for name, spec in specs.items():
            given.append(np.ascontiguousarray(arrays[name], spec["dtype"]))
            if given[-1].shape != tuple(spec["shape"]):
                raise ValueError(
                    f"state {name!r} has the shape {given[-1].shape}, not {tuple(spec['shape'])}"
                )
        self._function("set_state")(self._workspaces[0], *map(self._pointer, given))

    def _function(self, key: str) -> Any:
        if key not in self.manifest:
            raise ValueError(f"{self.name} is not stateful")
        return getattr(self._library, self.manifest[key])

    def _lengths(self, arrays: Sequence[np.ndarray]) -> dict[str, int]:
        """The lengths that the inputs have, by name.

        Raises ValueError for one that the model does not take, or that is not the same everywhere.
        """
        found: dict[str, int] = {}
        for array, spec in zip(arrays, self.manifest["inputs"], strict=True):
            for size, wanted in zip(array.shape[1:], spec["shape"], strict=True):
                if isinstance(wanted, str) and found.setdefault(wanted, size) != size:
                    raise ValueError(f"{wanted} is {found[wanted]} and {size}")
        limits = {one["name"]: one for one in self.manifest.get("lengths", [])}
        for name, size in found.items():
            least, most, multiple = (limits[name][key] for key in ("min", "max", "multiple"))
            if not least <= size <= most or size % multiple:
                multiples = f", a multiple of {multiple}" if multiple > 1 else ""
                raise ValueError(f"{name} is {size}, not from {least} to {most}{multiples}")
        return {name: found[name] for name in limits}

    def call(
        self,
        count: int,
        inputs: Sequence[np.ndarray],
        outputs: Sequence[np.ndarray],
        lengths: Sequence[int] = (),
    ) -> int:
        """NAME_predict_batch on arrays of the right shape and dtype, or NAME_run_batch where there
        is no other; its return code.

        Strings are bytes objects in arrays of objects.
        """
        if len(self._workspaces) == 1:
            return self._call(count, inputs, outputs, lengths, self._workspaces[0])
        for i in range(count):
            x = [array[i : i + 1] for array in inputs]
            y = [array[i : i + 1] for array in outputs]
            code = self._call(1, x, y, lengths, self._workspaces[i % len(self._workspaces)])
            if code:
                return code
        return 0

    def _call(
        self,
        count: int,
        inputs: Sequence[np.ndarray],
        outputs: Sequence[np.ndarray],
        lengths: Sequence[int],
        workspace: Any,
    ) -> int:
        arrays = (*inputs, *outputs)
        strings = [self._strings(array) if array.dtype == object else None for array in arrays]
        pointers = [
            self._pointer(array) if own is None else own.slots
            for array, own in zip(arrays, strings, strict=True)
        ]
        if "run_batch" in self.manifest:
            function = getattr(self._library, self.manifest["run_batch"])
            code = int(function(workspace, count, *lengths, *pointers))
        else:
            function = getattr(self._library, self.manifest["predict_batch"])
            code = int(function(count, *lengths, *pointers))
        for array, own in zip(outputs, strings[len(inputs) :], strict=True):
            if own is not None and code == 0:
                array.ravel()[:] = [self._ffi.string(own.slots[i]) for i in range(array.size)]
        return code

    def _strings(self, array: np.ndarray) -> Strings:
        """Pointers to copies of the bytes objects; null pointers for what is none."""
        new, null = self._ffi.new, self._ffi.NULL
        words = [new("char[]", word) if isinstance(word, bytes) else null for word in array.flat]
        return Strings(new("const char *[]", [*words, null]), words)

    def _pointer(self, array: np.ndarray) -> Any:
        ctype = {
            "bool": "bool *",
            "float16": "uint16_t *",
            "bfloat16": "uint16_t *",
            "float32": "float *",
            "float64": "double *",
        }.get(str(array.dtype), f"{array.dtype}_t *")
        return self._ffi.cast(ctype, array.ctypes.data)

    @staticmethod
    def _checked(array: Any, spec: Mapping[str, Any]) -> np.ndarray:
        result = np.ascontiguousarray(array, numpy_dtype(spec["dtype"]))
        if result.dtype == object:
            result = result.copy()
            result.ravel()[:] = [x.encode() if isinstance(x, str) else x for x in result.flat]
        found, wanted = result.shape[1:], spec["shape"]
        fits = len(found) == len(wanted) and all(
            isinstance(b, str) or a == b for a, b in zip(found, wanted, strict=True)
        )
        if not fits:
            raise ValueError(
                f"input {spec['name']!r} has the shape {result.shape}, not (batch, "
                f"{', '.join(map(str, spec['shape']))})"
            )
        return result


def sizes(shape: Sequence[int | str], lengths: Mapping[str, int]) -> tuple[int, ...]:
    """A shape of the manifest for known lengths: its expressions have + - * // and max."""

    def value(node: ast.AST) -> int:
        match node:
            case ast.Constant(value=int(number)):
                return number
            case ast.Name(id=name):
                return lengths[name]
            case ast.BinOp(left=a, op=op, right=b):
                return int(_OPERATORS[type(op)](value(a), value(b)))
            case ast.UnaryOp(op=ast.USub(), operand=a):
                return -value(a)
            case ast.Call(func=ast.Name(id="max"), args=[a, b]):
                return max(value(a), value(b))
        raise ValueError(f"no size: {ast.dump(node)}")

    return tuple(
        value(ast.parse(size, mode="eval").body) if isinstance(size, str) else size
        for size in shape
    )


def compile_files(
    files: Mapping[str, str | bytes],
    folder: Path,
    *,
    cc: str,
    flags: Sequence[str],
    output: str = "model.so",
) -> Path:
    """Writes the files to the folder and makes a shared library of the C among them; its path."""
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    sources = [str(folder / name) for name in files if name.endswith(".c")]
    library = folder / output
    command = [*shlex.split(cc), *flags, "-shared", "-fPIC", "-o", str(library), *sources, "-lm"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    except FileNotFoundError:
        raise ExportError(
            f"There is no C compiler {cc!r}; name one with --cc.", exit_code=2
        ) from None
    if result.returncode:
        raise ExportError(f"{shlex.join(command)} failed:\n{result.stderr[:2000]}", exit_code=2)
    return library


def declarations(header: str) -> str:
    """A generated header as cffi reads it: without the preprocessor's lines and C++'s linkage."""
    lines = [line for line in header.splitlines() if not line.startswith("#")]
    text = "\n".join(lines)
    opened = re.sub(r'^extern "C" \{$', "", text, count=1, flags=re.MULTILINE)
    return re.sub(r"\n\}\s*$", "\n", opened) if opened != text else text
